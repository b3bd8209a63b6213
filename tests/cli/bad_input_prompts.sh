# Prompts that a model cannot go on with, options of generation that cannot be: the others are answered, the status says so.
. "$(dirname "$0")/lib.sh"
a_model model
GENERATE="pipeline text-generation --threads 1 --model model"
long=$(seq 100 | tr '\n' ' ')

run 0 $GENERATE --max_new_tokens 2 ""
equals "$(cut -c1-20 out)" '[{"generated_text": ' "the answer to an empty prompt"
fails 1 "the prompt has" $GENERATE --max_new_tokens 2 "$long"
says err "hint: shorten the prompt"
fails 1 "hint: --max_new_tokens 6" $GENERATE --max_new_tokens 64 "def"
run 0 $GENERATE "def"
fails 1 "the text is not UTF-8: byte 0xE9 at offset 3" $GENERATE "$(printf 'caf\351')"
fails 2 "--max_new_tokens: must be between 1 and 2147483647, is 0" $GENERATE --max_new_tokens 0 "def"
fails 2 "PROMPT, or --input, is missing" $GENERATE

cat >in.jsonl <<END
{"inputs": ""}
{"prompt_ids": []}
{"prompt_ids": [5, "a"]}
{"prompt_ids": [300]}
{"prompt_ids": [-1]}
{"prompt_ids": [4294967296]}
{"prompt_ids": 5}
{"inputs": null}
{"foo": 1}
[]

{"inputs": "$long"}
{"inputs": "\\ud800"}
{"inputs": "a\\u0000b"}
{"inputs": "def"}
END
for size in 1 4 100; do
    run 1 $GENERATE --max_new_tokens 2 --batch_size $size --input in.jsonl
    equals "$(cut -c1-6 out | tr '\n' '#')" '[{"gen#{"erro#{"erro#{"erro#{"erro#{"erro#{"erro#{"erro#{"erro#{"erro#{"erro#{"erro#{"erro#[{"gen#[{"gen#' "answers at batch size $size"
    says out "id 300 is outside the model's vocabulary of 300"
    says out '"the prompt has'
    says err "hone: error: 12 lines could not be answered"
done

while read -r message options; do
    fails 2 "$message" $GENERATE $options "def"
done <<'END'
--temperature: --temperature 0
--temperature: --temperature -1
--temperature: --temperature nan
--temperature: --temperature 1e999
--temperature: --temperature warm
--top_k: --top_k -1
--top_k: --top_k 1.5
--top_p: --top_p 0
--top_p: --top_p 1.1
--num_beams: --num_beams 0
--num_beams: --num_beams 1000000
--num_return_sequences: --num_return_sequences 0
--num_return_sequences --num_return_sequences 2
--num_return_sequences --num_return_sequences 3 --num_beams 2
--repetition_penalty: --repetition_penalty 0
--no_repeat_ngram_size: --no_repeat_ngram_size -1
--length_penalty: --length_penalty inf
--batch_size: --batch_size 0
--seed: --seed -1
--seed: --seed 99999999999999999999
--threads: --threads -1
--max_new_tokens: --max_new_tokens 3.5
--temperature? --temprature 1
END
run 2 $GENERATE def --max_new_tokens
says err "--max_new_tokens: a value is missing"
finish
