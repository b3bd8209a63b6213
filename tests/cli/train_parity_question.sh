#!/usr/bin/env bash
# Thirty steps of question answering beside the reference's (tools/parity_training.py), windows of 384 tokens that share 128. Needs the reference stack and a pretrained BERT: HONE_REFERENCE_PYTHON names a
# Python that has the one, HONE_REFERENCE_MODEL the folder of the other.
set -u
python=${HONE_REFERENCE_PYTHON:-} model=${HONE_REFERENCE_MODEL:-}
reference=$HONE_FIXTURES/../oracle/reference_run.py
[ -n "$python" ] && [ -x "$python" ] || { echo "skipped: HONE_REFERENCE_PYTHON is not set"; exit 77; }
[ -d "$model" ] || { echo "skipped: HONE_REFERENCE_MODEL is not set"; exit 77; }
[ -f "$reference" ] && [ -f "$HONE_DATA/squad_train_head.json" ] || { echo "skipped: $reference or SQuAD's first questions are missing"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 "$HONE_SOURCE_DIR/tools/parity_training.py" --task question-answering --hone "$HONE" --python "$python" --reference "$reference" --model "$model" --work "$work/run" \
    --steps 30 --train_file "$HONE_DATA/squad_train_head.json"
