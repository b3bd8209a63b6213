# hone info: parameters and memory of a model that is there, and of one that is not yet.
. "$(dirname "$0")/lib.sh"

run 0 info --model_type gpt2 --config_overrides vocab_size=50000
says out "parameters      124.2M (124242432)"
says out "positions       1024"
says out "memory to train"
silent err
run 0 info --json --model_type gpt2 --config_overrides vocab_size=50000,n_layer=1
says out '"parameters": 46'
says out '"bytes_to_train": '
run 2 info
says err "MODEL (a folder), or --model_type, is missing"
run 2 info a --model_type gpt2
says err "one MODEL, or --model_type"
run 1 info absent
says err "absent"
run 2 info --model_type gpt3
says err "gpt3"
run 2 info --model_type gpt2 --config_overrides n_hed=3
says err "--config_overrides: "
says err "n_hed"

run 0 info --model_type bert
says out "architecture    BertModel"
says out "parameters      109.5M (109482240)"
silent err
run 0 info --model_type distilbert --config_overrides dim=96,n_heads=8,n_layers=1
says out "layers          1 of 96 channels"
run 2 info --model_type bert --config_overrides position_embedding_type=relative_key
says err "\"absolute\" positions only"

MODEL=$HONE_FIXTURES/task/generation
needs "$MODEL/config.json"
run 0 info "$MODEL"
says out "model type      gpt2"
says out "layers          2 of 64 channels"

MODEL=$HONE_FIXTURES/model/bert-token-classification
needs "$MODEL/config.json"
run 0 info "$MODEL"
says out "architecture    BertForTokenClassification"
says out "labels          LABEL_0, LABEL_1"
run 0 info --json "$MODEL"
says out '"labels": ["LABEL_0", '
# with --train the statuses are those of hone train
fails 2 "--model_type: models of type" info --model_type gpt3 --train
fails 2 '"hidden_size" (7) is not divisible' info --model_type bert --task token-classification --train --config_overrides hidden_size=7
fails 2 "--task (the model has no head of its own) is missing" info --model_type bert --train
fails 2 "--device: there is no device" info --train token-classification --model_name_or_path "$MODEL" --train_file absent --device abacus
fails 1 "absent" info absent --train
# what is missing is said once
mkdir -p half
cp "$MODEL/model.safetensors" half
sed 's/BertForTokenClassification/BertForQuestionAnswering/' "$MODEL/config.json" > half/config.json
run 0 info half
says err "newly initialized: ['qa_outputs.weight', 'qa_outputs.bias']"
equals "$(grep -c 'newly initialized' err)" 1 "warnings about the head"
finish
