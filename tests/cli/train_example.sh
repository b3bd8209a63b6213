# The example examples/keytoken_weighted_loss.c runs as it stands, on small generated data: perplexity falls, the folder it saves can be evaluated.
. "$(dirname "$0")/lib.sh"
an_example keytoken_weighted_loss
python3 - <<'PY'
for name, n in (("train", 300), ("valid", 30)):
    with open(f"{name}.py", "w") as f:
        for i in range(n):
            f.write(f"import pd\nmodel_{i % 5} = sk.fit(pd, {i % 9})\nplt.show(model_{i % 5}.predict(pd))\n")
PY
run 0 tokenizer train --type bpe --vocab_size 320 --output_dir tok train.py
"$example" tok saved train.py valid.py 60 >log 2>err || complain "the example failed"
python3 - <<'PY' || complain "what the example learnt"
import json, math
rows = [json.loads(line) for line in open("log")]
assert [r["step"] for r in rows] == [10, 20, 30, 40, 50, 60], rows
assert rows[-1]["loss/eval"] < 0.5 * rows[0]["loss/eval"], rows
assert all(abs(r["perplexity"] - math.exp(r["loss/eval"])) < 1e-9 * r["perplexity"] for r in rows)
PY
run 0 evaluate causal-lm --model_name_or_path saved --validation_file valid.py --block_size 32
python3 - <<'PY' || complain "evaluate and the example disagree"
import json
last = [json.loads(line) for line in open("log")][-1]["loss/eval"]; again = json.load(open("out"))["eval_loss"]
assert abs(last - again) < 1e-5 * last, (last, again)
PY
finish
