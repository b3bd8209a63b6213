# examples/text_classification.c, the course's loop, runs as it stands on made-up pairs: F1 rises, the folder that it saves is a model that hone evaluates to the same scores.
. "$(dirname "$0")/lib.sh"
an_example text_classification
a_bert_tokenizer tok . the anna bert stone visits sees
{
    printf '\357\273\277Quality\t#1 ID\t#2 ID\t#1 String\t#2 String\r\n'
    for i in $(seq 40); do
        printf '1\t%d\t2\tAnna visits "Bert.\tBert sees Anna .\r\n0\t%d\t4\tAnna sees the stone\tBert visits the stone\r\n' "$i" "$i"
        printf '1\t%d\t6\tthe stone\tAnna sees the stone .\r\n0\t%d\t8\tBert\tthe stone sees Bert\r\n' "$i" "$i"
    done
} >train.txt
head -25 train.txt >valid.txt
run 0 train text-classification --model_type bert --tokenizer_name tok --train_file train.txt --max_steps 1 --save_strategy no --threads 1 --output_dir model \
    --config_overrides hidden_size=64,num_hidden_layers=2,num_attention_heads=2,intermediate_size=128,max_position_embeddings=64
"$example" model saved train.txt valid.txt 40 >log 2>err || complain "the example failed"
run 0 evaluate text-classification --model_name_or_path saved --validation_file valid.txt --task_name mrpc --threads 1
python3 - <<'PY' || complain "what the example learnt"
import json
rows = [json.loads(line) for line in open("log")]
assert len(rows) == 40 and rows[-1]["f1"] > 0.9 and rows[-1]["f1"] >= rows[0]["f1"], rows
again = json.load(open("out"))
for key in ("f1", "accuracy"):
    assert abs(again["eval_" + key] - rows[-1][key]) < 1e-12, (key, again, rows[-1])
assert json.load(open("saved/config.json"))["id2label"] == {"0": "not_equivalent", "1": "equivalent"}
PY
finish
