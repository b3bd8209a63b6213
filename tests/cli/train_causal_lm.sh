# hone train causal-lm and hone evaluate causal-lm on small generated data: files of the output folder, resume, a signal in the middle, wrong options.
. "$(dirname "$0")/lib.sh"
command -v python3 >/dev/null || { echo "skipped: python3 reads the results"; exit 77; }

# A corpus of little functions, and a tokenizer of its own.
python3 - <<'PY'
for name, n in (("train", 400), ("valid", 40)):
    with open(f"{name}.py", "w") as f:
        for i in range(n):
            f.write(f"def add_{i % 7}(a, b):\n    total = a + b * {i % 5}\n    return total\n\n\n")
PY
run 0 tokenizer train --type bpe --vocab_size 300 --output_dir tok train.py
TRAIN="train causal-lm --config_overrides n_embd=32,n_layer=2,n_head=2,n_positions=64 --tokenizer_name tok --train_file train.py --validation_file valid.py --block_size 32
    --per_device_train_batch_size 4 --learning_rate 1e-3 --threads 1"

# A run: what it prints, what it leaves.
FIRST="$TRAIN --output_dir first --max_steps 30 --logging_steps 5 --eval_strategy steps --eval_steps 10 --save_steps 10 --save_total_limit 2"
run 0 $FIRST
cp out printed
python3 - <<'PY' || complain "what a run prints and leaves"
import json, math, os
need = "config.json model.safetensors tokenizer.json tokenizer_config.json special_tokens_map.json trainer_state.json train_results.json eval_results.json all_results.json README.md loss.svg checkpoint-30".split()
missing = [n for n in need if not os.path.exists(os.path.join("first", n))]
assert not missing, missing
printed = json.load(open("printed")); stored = json.load(open("first/all_results.json"))
assert printed == stored, (printed, stored)
assert abs(printed["perplexity"] - math.exp(printed["eval_loss"])) < 1e-9 * printed["perplexity"]
state = json.load(open("first/trainer_state.json"))
losses = [e["loss"] for e in state["log_history"] if "loss" in e]; evals = [e for e in state["log_history"] if "eval_loss" in e]
assert len(losses) == 6 and losses[-1] < losses[0] - 0.5, losses
assert [e["step"] for e in evals] == [10, 20, 30, 30], evals
assert abs(losses[0] - math.log(300)) < 0.5, losses
assert state["global_step"] == 30 and state["max_steps"] == 30
assert sorted(d for d in os.listdir("first") if d.startswith("checkpoint-")) == ["checkpoint-20", "checkpoint-30"]
card = open("first/README.md").read()
assert card.startswith("---\n") and "pipeline_tag: text-generation" in card and "- Perplexity: " in card and "loss.svg" in card
import xml.dom.minidom
xml.dom.minidom.parse("first/loss.svg")
PY

# evaluate gives the same loss as the end of the training, for another batch size too.
run 0 evaluate causal-lm --model_name_or_path first --validation_file valid.py --block_size 32 --per_device_eval_batch_size 3 --threads 1
python3 - <<'PY' || complain "evaluate and train disagree"
import json
a = json.load(open("out")); b = json.load(open("first/eval_results.json"))
assert abs(a["eval_loss"] - b["eval_loss"]) < 1e-6 * b["eval_loss"], (a, b)
assert set(a) == {"eval_loss", "eval_samples", "eval_runtime", "eval_samples_per_second", "eval_steps_per_second", "perplexity"}, set(a)
PY

# The same run again is refused or continued, never mixed: an output folder with checkpoints goes on, --overwrite_output_dir starts anew.
cp first/model.safetensors first.safetensors
run 0 $FIRST --overwrite_output_dir
same first/model.safetensors first.safetensors
mkdir full && echo x >full/notes.txt
run 2 $TRAIN --output_dir full --max_steps 1
says err "overwrite_output_dir"

# A signal: exit 130, a checkpoint, and the resumed run ends with the weights of the uninterrupted one.
LONG="$TRAIN --max_steps 1500 --logging_steps 50 --save_strategy no"
run 0 $LONG --output_dir whole
begin $LONG --output_dir cut
await grep -q ': loss ' err
kill -INT $CHILD
ends 130 "a run after SIGINT"
ls cut | grep -q '^checkpoint-' || complain "no checkpoint after SIGINT"
run 0 $LONG --output_dir cut --resume_from_checkpoint true
same whole/model.safetensors cut/model.safetensors

# The key-token loss.
run 0 $TRAIN --output_dir key --max_steps 5 --logging_steps 1 --loss keytoken --key_tokens return,total,unheardof
says err "unheardof"

# Wrong command lines: status 2, the option named, the remedy given; wrong data: status 1.
refused() { # expected status, text, options...
    local text=$2
    run "$1" "${@:3}"
    says err "$text"
}
BASE="train causal-lm --tokenizer_name tok --output_dir none --train_file train.py"
refused 2 "train_file" train causal-lm --tokenizer_name tok --output_dir none
refused 2 "tokenizer_name" train causal-lm --train_file train.py --output_dir none
refused 2 "learning_rate" $BASE --learning_rat 1
refused 2 "validation" $BASE --eval_strategy epoch
refused 2 "key_tokens" $BASE --loss keytoken
refused 2 "model_name_or_path" evaluate causal-lm --validation_file valid.py
refused 2 "n_positions" $BASE --config_overrides n_positions=32 --block_size 64
refused 1 "no-such-file" $BASE --validation_file no-such-file
mkdir small && cp first/*.json first/model.safetensors small/
run 0 tokenizer train --type bpe --vocab_size 400 --output_dir tok2 "$SCRIPT"
refused 1 "belong together" evaluate causal-lm --model_name_or_path small --tokenizer_name tok2 --validation_file valid.py
finish
