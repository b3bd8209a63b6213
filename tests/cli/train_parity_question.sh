# Thirty steps of question answering beside the reference's (tools/parity_training.py), windows of 384 tokens that share 128.
. "$(dirname "$0")/lib.sh"
beside_reference question-answering squad_train_head.json --steps 30
finish
