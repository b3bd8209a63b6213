# examples/token_classification.c, the course's loop, runs as it stands on made-up sentences: F1 rises, the folder that it saves is a model that hone evaluates to the same score and goes on with.
. "$(dirname "$0")/lib.sh"
an_example token_classification
an_untrained_tagger
printf '{"tokens": ["Anna", "."]}\n' >bare.jsonl
"$example" model saved bare.jsonl bare.jsonl >out 2>err
equals $? 1 "status of the example without tags"
says err "bare.jsonl has no column of tags to learn"
"$example" model saved train.conll valid.conll 40 1e-4 >log 2>err || complain "the example failed"
run 0 evaluate token-classification --model_name_or_path saved --validation_file valid.conll --max_seq_length 128 --threads 1
python3 - <<'PY' || complain "what the example learnt"
import json
rows = [json.loads(line) for line in open("log")]
assert [r["epoch"] for r in rows] == list(range(40)), rows
assert rows[-1]["f1"] > 0.9 and rows[-1]["f1"] > rows[0]["f1"], rows
again = json.load(open("out"))
for key in ("precision", "recall", "f1", "accuracy"):
    assert abs(again["eval_" + key] - rows[-1][key]) < 1e-4, (key, again, rows[-1])
PY
finish
