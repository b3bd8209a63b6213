#!/usr/bin/env bash
# Fifty steps of text classification (SST-2) beside the reference's (tools/parity_training.py). Needs the reference stack and a pretrained BERT: HONE_REFERENCE_PYTHON names a Python that has
# the one, HONE_REFERENCE_MODEL the folder of the other.
set -u
python=${HONE_REFERENCE_PYTHON:-} model=${HONE_REFERENCE_MODEL:-}
reference=$HONE_FIXTURES/../oracle/reference_run.py
[ -n "$python" ] && [ -x "$python" ] || { echo "skipped: HONE_REFERENCE_PYTHON is not set"; exit 77; }
[ -d "$model" ] || { echo "skipped: HONE_REFERENCE_MODEL is not set"; exit 77; }
[ -f "$reference" ] && [ -f "$HONE_DATA/sst2/train.tsv" ] || { echo "skipped: $reference or the data of SST-2 is missing"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 "$HONE_SOURCE_DIR/tools/parity_training.py" --task text-classification --hone "$HONE" --python "$python" --reference "$reference" --model "$model" --work "$work/run" \
    --train_file "$HONE_DATA/sst2/train.tsv"
