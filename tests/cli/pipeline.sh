# hone pipeline text-generation: prompts from the command line and from files, answers in order, bad lines, wrong options.
. "$(dirname "$0")/lib.sh"
MODEL=$HONE_FIXTURES/task/generation
needs "$MODEL/config.json"

run 0 pipeline text-generation --model "$MODEL" --max_new_tokens 3 "the text" "another"
equals "$(wc -l <out)" 2 "answers"
equals "$(head -1 out | cut -c1-29)" '[{"generated_text": "the text' "the prompt is in the answer"
silent err
run 0 pipeline causal-lm --model_name_or_path "$MODEL" --max-new-tokens=3 --num_beams 3 --num_return_sequences 2 "the text"
equals "$(grep -o generated_text out | wc -l)" 2 "sequences"
printf '{"inputs": "the text"}\n{"prompt_ids": [5]}\n{"inputs": 3}\nbad\n{"inputs": "another"}' >in.jsonl
for size in 1 2 8; do
    run 1 pipeline text-generation --model "$MODEL" --max_new_tokens 3 --input in.jsonl --output out.jsonl --batch_size $size
    silent out
    equals "$(cut -c1-11 out.jsonl | tr '\n' '#')" '[{"generate#{"output_id#{"error": "#{"error": "#[{"generate#' "answers at batch size $size"
    [ -e first ] || cp out.jsonl first
    same first out.jsonl
done
run 1 pipeline text-generation --model "$MODEL" --max_new_tokens 3 --input - <in.jsonl
same first out
run 0 pipeline text-generation --model "$MODEL" --do_sample --seed 1 --max_new_tokens 20 "the text"
cp out sampled
run 0 pipeline text-generation --model "$MODEL" --do_sample --seed 1 --max_new_tokens 20 --threads 1 "the text"
same sampled out
run 0 pipeline text-generation --model "$MODEL" --do_sample --seed 2 --max_new_tokens 20 "the text"
cmp -s sampled out && complain "another seed gave the same text"
run 1 pipeline text-generation --model "$MODEL" --max_new_tokens 1000 "the text"
says err "hone: error: "
says err "hint: "

run 2 pipeline
says err "tasks: token-classification, text-classification,"
run 2 pipeline text-generatoin --model "$MODEL" x
says err 'there is no task "text-generatoin"'
run 1 pipeline feature-extraction --model "$MODEL" x
says err "no pipeline for feature-extraction yet"
run 2 pipeline text-generation x
says err "--model is missing"
run 2 pipeline text-generation --model "$MODEL"
says err "PROMPT, or --input, is missing"
run 2 pipeline text-generation --model "$MODEL" --input in.jsonl x
says err "exclude each other"
run 2 pipeline text-generation --model "$MODEL" --temperture 2 x
says err "hint: did you mean --temperature?"
run 2 pipeline text-generation --model "$MODEL" --top_p 3 x
says err "--top_p"
run 1 pipeline text-generation --model "$WORK/absent" x
says err "absent"
run 1 pipeline text-generation --model "$MODEL" --input absent.jsonl
says err "cannot open: absent.jsonl: No such file"
run 1 pipeline text-generation --model "$MODEL" --output no/such/folder x
says err "cannot write: no/such/folder"
run 2 pipeline text-generation --model "$MODEL" --device cuda x # as hone train
says err '--device: there is no device "cuda"'
run 2 pipeline text-generation --model "$MODEL" --device cpu --threads 2000 x
says err "--threads: 2000 threads: the number is 1 to 1024"
finish
