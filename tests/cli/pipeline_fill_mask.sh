# hone pipeline fill-mask on a model that the command trains itself: what is printed, options, lines of JSON, bad input.
. "$(dirname "$0")/lib.sh"
export GOMP_SPINCOUNT=1000
a_bert_tokenizer tok red green blue "##ish" is the sky grass
for i in $(seq 200); do echo "the sky is blue"; echo "the grass is green"; done >train.txt
run 0 train masked-lm --tokenizer_name tok --config_overrides hidden_size=32,num_hidden_layers=1,num_attention_heads=2,intermediate_size=64,max_position_embeddings=16 \
    --train_file train.txt --line_by_line --mlm_probability 0.3 --learning_rate 5e-3 --max_steps 200 --save_strategy no --threads 1 --output_dir m
P="pipeline fill-mask --model m --threads 1"

run 0 $P "the sky [MASK] blue" "The [MASK] is [MASK]"
silent err
equals "$(wc -l <out)" 2 "answers"
equals "$(head -1 out | cut -c1-10)" '[{"score":' "one mask"
says out '"token": 9, "token_str": "is", "sequence": "the sky is blue"}, {"score": '
equals "$(tail -1 out | cut -c1-11)" '[[{"score":' "two masks"
says out 'is [MASK] [SEP]"}'
equals "$(head -1 out | grep -o score | wc -l)" 5 "tokens of a mask"
run 0 pipeline masked-lm --model m --profile "the sky [MASK] blue"
says err "  postprocess "
run 0 pipeline masked-lm --model m --top-k 1 "the sky [MASK] blue"
equals "$(grep -o '"token.*' out)" '"token": 9, "token_str": "is", "sequence": "the sky is blue"}]' "the best"
run 0 $P --top_k all "[MASK]"
equals "$(grep -o score out | wc -l)" 13 "all tokens"
run 0 $P --targets green,blueish,blue "the sky is [MASK]"
says err 'the target "blueish" is no token of the vocabulary: "blue" stands for it'
equals "$(grep -o score out | wc -l)" 2 "targets"
printf '{"inputs": "the [MASK] is green"}\n"the [MASK]"\n{"inputs": 5}\n{"inputs": "the sky"}\n' >in.jsonl
run 1 $P --input in.jsonl --output answers.jsonl --batch_size 3
equals "$(wc -l <answers.jsonl)" 4 "lines"
equals "$(grep -c '^{"error": "' answers.jsonl)" 2 "bad lines"
says answers.jsonl '{"error": "the text has no mask token ([MASK])"}'
# what is no JSON is named by the line of the file, whatever the batches are
printf '"the [MASK]"\n"the [MASK]"\n{"inputs" 5}\n"the [MASK]"\n{\n' >torn.jsonl
run 1 $P --input torn.jsonl --batch_size 2
equals "$(grep -o 'error": "input:[0-9]*' out | tr '\n' ' ')" 'error": "input:3 error": "input:5 ' "the lines of the file"

fails 1 "no mask token ([MASK])" $P "the sky"
fails 1 "20 tokens, the model takes 16" $P "[MASK] $(printf 'sky %.0s' $(seq 17))"
run 0 $P --truncation "[MASK] $(printf 'sky %.0s' $(seq 17))"
fails 2 "top_k must be a whole number" $P --top_k 0 "[MASK]"
fails 2 "no target has a token" $P --targets "" "[MASK]"
fails 2 "is an option of text-generation" $P --num_beams 2 "[MASK]"
a_tokenizer bpe
cp -r m other && rm other/vocab.txt other/tokenizer* other/special* && cp bpe/* other/
run 2 $P # without a text
run 2 pipeline fill-mask --model other --threads 1 "[MASK]"
says err "no mask token that the model knows"
finish
