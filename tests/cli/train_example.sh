#!/usr/bin/env bash
# The example examples/keytoken_weighted_loss.c runs as it stands, on small generated data: perplexity falls, the folder it saves can be evaluated.
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export HONE_CACHE=$work/cache
example=$HONE_BUILD/examples/keytoken_weighted_loss
[ -x "$example" ] || { echo "skipped: $example is not built"; exit 77; }
command -v python3 >/dev/null || { echo "skipped: python3 writes the data"; exit 77; }
python3 - "$work" <<'PY'
import sys
for name, n in (("train", 300), ("valid", 30)):
    with open(f"{sys.argv[1]}/{name}.py", "w") as f:
        for i in range(n):
            f.write(f"import pd\nmodel_{i % 5} = sk.fit(pd, {i % 9})\nplt.show(model_{i % 5}.predict(pd))\n")
PY
"$HONE" tokenizer train --type bpe --vocab_size 320 --output_dir "$work/tok" "$work/train.py" >/dev/null 2>&1 || { echo "FAILED: tokenizer"; exit 1; }
"$example" "$work/tok" "$work/out" "$work/train.py" "$work/valid.py" 60 >"$work/log" 2>"$work/err" || { echo "FAILED: the example"; cat "$work/err"; exit 1; }
python3 - "$work" <<'PY' || exit 1
import json, math, sys
rows = [json.loads(line) for line in open(sys.argv[1] + "/log")]
assert [r["step"] for r in rows] == [10, 20, 30, 40, 50, 60], rows
assert rows[-1]["loss/eval"] < 0.5 * rows[0]["loss/eval"], rows
assert all(abs(r["perplexity"] - math.exp(r["loss/eval"])) < 1e-9 * r["perplexity"] for r in rows)
PY
"$HONE" evaluate causal-lm --model_name_or_path "$work/out" --validation_file "$work/valid.py" --block_size 32 >"$work/eval" 2>"$work/err" || { echo "FAILED: evaluate"; cat "$work/err"; exit 1; }
python3 - "$work" <<'PY' || exit 1
import json, sys
work = sys.argv[1]
last = [json.loads(line) for line in open(work + "/log")][-1]["loss/eval"]; again = json.load(open(work + "/eval"))["eval_loss"]
assert abs(last - again) < 1e-5 * last, (last, again)
PY
echo "all right"
