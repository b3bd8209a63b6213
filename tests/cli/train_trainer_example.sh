# examples/trainer.c runs as it stands on made-up sentences: its callback ends it early, its metric is logged, the folder is a model that hone evaluates to the same score.
. "$(dirname "$0")/lib.sh"
an_example trainer
an_untrained_tagger
printf '{"tokens": ["Anna", "."]}\n' >bare.jsonl
"$example" model saved bare.jsonl bare.jsonl >out 2>err
equals $? 1 "status of the example without tags"
says err "bare.jsonl has no column of tags to learn"
"$example" model saved train.conll valid.conll 60 1e-4 >log 2>told || { cat told; complain "the example failed"; }
run 0 evaluate token-classification --model_name_or_path saved --validation_file valid.conll --max_seq_length 128 --threads 1
python3 - <<'PY' || complain "what the example learnt"
import json, re
scores = json.load(open("log"))
epochs = [float(m) for m in re.findall(r"epoch (\S+): F1", open("told").read())]
assert scores["eval_f1"] > 0.9 and scores["eval_beginnings_found"] > 0.9, scores
assert 0 < scores["epoch"] < 60, scores  # the callback ended it
assert epochs[: int(scores["epoch"])] == list(range(1, int(scores["epoch"]) + 1)), epochs
again = json.load(open("out"))
assert abs(again["eval_f1"] - scores["eval_f1"]) < 1e-4, (again, scores)
PY
finish
