# Fifty steps of token classification beside the reference's (tools/parity_training.py).
. "$(dirname "$0")/lib.sh"
beside_reference token-classification wnut17_train.conll
finish
