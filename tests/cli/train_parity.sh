#!/usr/bin/env bash
# Fifty steps beside the reference's (tools/parity_training.py). Needs the reference stack: HONE_REFERENCE_PYTHON names a Python that has it.
set -u
python=${HONE_REFERENCE_PYTHON:-}
reference=$HONE_FIXTURES/../oracle/reference_run.py
[ -n "$python" ] && [ -x "$python" ] || { echo "skipped: HONE_REFERENCE_PYTHON is not set"; exit 77; }
[ -f "$reference" ] || { echo "skipped: $reference is missing"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export HONE_CACHE=$work/cache
mkdir "$work/tok" && cp "$HONE_FIXTURES/task/train_bpe/tokenizer.json" "$work/tok/"
python3 "$HONE_SOURCE_DIR/tools/parity_training.py" --hone "$HONE" --python "$python" --reference "$reference" --tokenizer "$work/tok" --work "$work/run" \
    --train_file "$HONE_DATA/argparse.py.txt" "$HONE_DATA/textwrap.py.txt" --validation_file "$HONE_DATA/textwrap.py.txt" --config_overrides n_embd=64,n_layer=2,n_head=2 \
    -- --learning_rate 1e-3 --warmup_steps 5
