# Fifty steps of text classification (SST-2) beside the reference's (tools/parity_training.py).
. "$(dirname "$0")/lib.sh"
beside_reference text-classification sst2/train.tsv
finish
