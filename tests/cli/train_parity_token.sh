#!/usr/bin/env bash
# Fifty steps of token classification beside the reference's (tools/parity_training.py). Needs the reference stack and a pretrained BERT: HONE_REFERENCE_PYTHON names a Python that has
# the one, HONE_REFERENCE_MODEL the folder of the other.
set -u
python=${HONE_REFERENCE_PYTHON:-} model=${HONE_REFERENCE_MODEL:-}
reference=$HONE_FIXTURES/../oracle/reference_run.py
[ -n "$python" ] && [ -x "$python" ] || { echo "skipped: HONE_REFERENCE_PYTHON is not set"; exit 77; }
[ -d "$model" ] || { echo "skipped: HONE_REFERENCE_MODEL is not set"; exit 77; }
[ -f "$reference" ] && [ -f "$HONE_DATA/wnut17_train.conll" ] || { echo "skipped: $reference or the data of WNUT-17 is missing"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 "$HONE_SOURCE_DIR/tools/parity_training.py" --task token-classification --hone "$HONE" --python "$python" --reference "$reference" --model "$model" --work "$work/run" \
    --train_file "$HONE_DATA/wnut17_train.conll"
