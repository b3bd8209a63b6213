#!/usr/bin/env bash
# hone train causal-lm and hone evaluate causal-lm on small generated data: files of the output folder, resume, a signal in the middle, wrong options.
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export HONE_CACHE=$work/cache
fail() { echo "FAILED: $*"; [ -s "$work/err" ] && tail -5 "$work/err"; exit 1; }
field() { python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$1" "$2"; }
command -v python3 >/dev/null || { echo "skipped: python3 reads the results"; exit 77; }

# A corpus of little functions, and a tokenizer of its own.
python3 - "$work" <<'PY'
import sys
for name, n in (("train", 400), ("valid", 40)):
    with open(f"{sys.argv[1]}/{name}.py", "w") as f:
        for i in range(n):
            f.write(f"def add_{i % 7}(a, b):\n    total = a + b * {i % 5}\n    return total\n\n\n")
PY
"$HONE" tokenizer train --type bpe --vocab_size 300 --output_dir "$work/tok" "$work/train.py" >/dev/null 2>"$work/err" || fail "tokenizer train"
shape="n_embd=32,n_layer=2,n_head=2,n_positions=64"
train() { "$HONE" train causal-lm --config_overrides $shape --tokenizer_name "$work/tok" --train_file "$work/train.py" --validation_file "$work/valid.py" --block_size 32 \
    --per_device_train_batch_size 4 --learning_rate 1e-3 --threads 1 "$@" 2>"$work/err"; }

# A run: what it prints, what it leaves.
train --output_dir "$work/out" --max_steps 30 --logging_steps 5 --eval_strategy steps --eval_steps 10 --save_steps 10 --save_total_limit 2 >"$work/printed" || fail "train"
python3 - "$work" <<'PY' || exit 1
import json, math, os, sys
work = sys.argv[1]; out = work + "/out"
need = "config.json model.safetensors tokenizer.json tokenizer_config.json special_tokens_map.json trainer_state.json train_results.json eval_results.json all_results.json README.md loss.svg checkpoint-30".split()
missing = [n for n in need if not os.path.exists(os.path.join(out, n))]
assert not missing, missing
printed = json.load(open(work + "/printed")); stored = json.load(open(out + "/all_results.json"))
assert printed == stored, (printed, stored)
assert abs(printed["perplexity"] - math.exp(printed["eval_loss"])) < 1e-9 * printed["perplexity"]
state = json.load(open(out + "/trainer_state.json"))
losses = [e["loss"] for e in state["log_history"] if "loss" in e]; evals = [e for e in state["log_history"] if "eval_loss" in e]
assert len(losses) == 6 and losses[-1] < losses[0] - 0.5, losses
assert [e["step"] for e in evals] == [10, 20, 30, 30], evals
assert abs(losses[0] - math.log(300)) < 0.5, losses
assert state["global_step"] == 30 and state["max_steps"] == 30
assert sorted(d for d in os.listdir(out) if d.startswith("checkpoint-")) == ["checkpoint-20", "checkpoint-30"]
card = open(out + "/README.md").read()
assert card.startswith("---\n") and "pipeline_tag: text-generation" in card and "- Perplexity: " in card and "loss.svg" in card
import xml.dom.minidom
xml.dom.minidom.parse(out + "/loss.svg")
PY

# evaluate gives the same loss as the end of the training, for another batch size too.
"$HONE" evaluate causal-lm --model_name_or_path "$work/out" --validation_file "$work/valid.py" --block_size 32 --per_device_eval_batch_size 3 --threads 1 >"$work/eval" 2>"$work/err" || fail "evaluate"
python3 - "$work" <<'PY' || exit 1
import json, sys
a = json.load(open(sys.argv[1] + "/eval")); b = json.load(open(sys.argv[1] + "/out/eval_results.json"))
assert abs(a["eval_loss"] - b["eval_loss"]) < 1e-6 * b["eval_loss"], (a, b)
assert set(a) == {"eval_loss", "eval_samples", "eval_runtime", "eval_samples_per_second", "eval_steps_per_second", "perplexity"}, set(a)
PY

# The same run again is refused or continued, never mixed: an output folder with checkpoints goes on, --overwrite_output_dir starts anew.
cp "$work/out/model.safetensors" "$work/first.safetensors"
train --output_dir "$work/out" --max_steps 30 --logging_steps 5 --eval_strategy steps --eval_steps 10 --save_steps 10 --save_total_limit 2 --overwrite_output_dir >/dev/null || fail "overwrite"
cmp -s "$work/out/model.safetensors" "$work/first.safetensors" || fail "the same run does not give the same weights"
mkdir "$work/full" && echo x >"$work/full/notes.txt"
train --output_dir "$work/full" --max_steps 1 >/dev/null && fail "a folder with other things was taken"
grep -q "overwrite_output_dir" "$work/err" || fail "no remedy for a folder that is not empty"

# A signal: exit 130, a checkpoint, and the resumed run ends with the weights of the uninterrupted one.
long="--max_steps 1500 --logging_steps 50 --save_strategy no"
train --output_dir "$work/whole" $long >/dev/null || fail "whole run"
: >"$work/err"
train --output_dir "$work/cut" $long >/dev/null &
pid=$!
for _ in $(seq 100); do grep -q "million parameters" "$work/err" 2>/dev/null && break; sleep 0.05; done
sleep 0.3
child=$(pgrep -P $pid -f "train causal-lm" || echo $pid)
kill -INT $child 2>/dev/null
wait $pid
status=$?
if [ $status -eq 0 ]; then
    echo "the run was over before the signal came: not checked"
else
    [ $status -eq 130 ] || fail "after SIGINT the status is $status"
    ls "$work/cut" | grep -q '^checkpoint-' || fail "no checkpoint after SIGINT"
    train --output_dir "$work/cut" $long --resume_from_checkpoint true >/dev/null || fail "resume"
    cmp -s "$work/whole/model.safetensors" "$work/cut/model.safetensors" || fail "the resumed run ends elsewhere"
fi

# The key-token loss.
train --output_dir "$work/key" --max_steps 5 --logging_steps 1 --loss keytoken --key_tokens return,total,unheardof >/dev/null || fail "keytoken"
grep -q 'unheardof' "$work/err" || fail "a key token of several tokens is not named"

# Wrong command lines: status 2, the option named, the remedy given; wrong data: status 1.
refused() { # expected status, text, options...
    local expected=$1 text=$2; shift 2
    "$HONE" "$@" >/dev/null 2>"$work/err"; local got=$?
    [ $got -eq $expected ] || fail "status $got instead of $expected: $*"
    grep -q -- "$text" "$work/err" || fail "\"$text\" is not in the message: $*"
}
base="train causal-lm --tokenizer_name $work/tok --output_dir $work/none --train_file $work/train.py"
refused 2 "train_file" train causal-lm --tokenizer_name "$work/tok" --output_dir "$work/none"
refused 2 "tokenizer_name" train causal-lm --train_file "$work/train.py" --output_dir "$work/none"
refused 2 "learning_rate" $base --learning_rat 1
refused 2 "validation" $base --eval_strategy epoch
refused 2 "key_tokens" $base --loss keytoken
refused 2 "model_name_or_path" evaluate causal-lm --validation_file "$work/valid.py"
refused 2 "n_positions" $base --config_overrides n_positions=32 --block_size 64
refused 1 "no-such-file" $base --validation_file "$work/no-such-file"
mkdir -p "$work/small" && cp "$work"/out/*.json "$work/out/model.safetensors" "$work/small/"
"$HONE" tokenizer train --type bpe --vocab_size 400 --output_dir "$work/tok2" "$HONE_SOURCE_DIR/tests/cli/train_causal_lm.sh" >/dev/null 2>&1
refused 1 "belong together" evaluate causal-lm --model_name_or_path "$work/small" --tokenizer_name "$work/tok2" --validation_file "$work/valid.py"
echo "all right"
