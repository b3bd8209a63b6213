#!/usr/bin/env bash
# From nothing to a model that writes Python: installs what is missing, builds, trains a tokenizer and a small GPT-2 on the Python standard library's
# source, and lets it complete three prompts. About five minutes on two cores, downloads aside.
#
#   scripts/quickstart.sh [--output_dir DIR] [--max_steps N]     default: quickstart/, and steps for some three minutes
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

out=quickstart steps=1100
while [ $# -gt 0 ]; do
    case $1 in
    --output_dir) out=${2:?"--output_dir: a value is missing"} && shift ;;
    --max_steps) steps=${2:?"--max_steps: a value is missing"} && shift ;;
    -h | --help) sed -n '2,6s/^# \{0,1\}//p' "$0" && exit 0 ;;
    *) die "unknown option $1 (see --help)" ;;
    esac
    shift
done

began=$SECONDS
scripts/setup.sh build quickstart
log=$(mktemp)
trap 'rm -f "$log"' EXIT
say "Building …"
cmake --preset release >"$log" 2>&1 && cmake --build --preset release --target hone_command >>"$log" 2>&1 || { tail -n 40 "$log" >&2; die "the build failed"; }
hone=build/release/hone

# Every 20th file is held out. The tables of encodings/ and pydoc_data/ are no code to learn from.
source=$(dirname "$(find /usr/lib/python3.[0-9]* -maxdepth 1 -name ast.py 2>/dev/null | sort -V | tail -n 1)")
[ -f "$source/ast.py" ] || die "the Python standard library's source was not found under /usr/lib"
mapfile -t files < <(find "$source" -name '*.py' -type f -size +0 -not -path '*/encodings/*' -not -path '*/pydoc_data/*' | LC_ALL=C sort)
train=() valid=()
for i in "${!files[@]}"; do
    if [ $((i % 20)) -eq 7 ]; then valid+=("${files[i]}"); else train+=("${files[i]}"); fi
done
say "Text: ${#train[@]} files of $source to learn from, ${#valid[@]} held out."

say ""
say "1. A byte-level BPE tokenizer of 4,096 entries, trained on them"
"$hone" tokenizer train --type bpe --vocab_size 4096 --whole_files --output_dir "$out/tokenizer" "${train[@]}"

say ""
say "2. A GPT-2 from random weights"
"$hone" train causal-lm --model_type gpt2 --config_overrides n_embd=256,n_layer=4,n_head=4,n_positions=256 --tokenizer_name "$out/tokenizer" \
    --train_file "${train[@]}" --validation_file "${valid[@]}" --block_size 128 --concatenate \
    --per_device_train_batch_size 16 --per_device_eval_batch_size 16 --max_steps "$steps" --learning_rate 3e-3 --lr_scheduler_type cosine --warmup_steps $((steps < 200 ? steps / 2 : 100)) --weight_decay 0.1 \
    --eval_on_start --eval_strategy steps --eval_steps $((steps / 2)) --logging_steps 20 --save_strategy no --overwrite_output_dir \
    --output_dir "$out/model" >"$out/results.json"

value() { sed -n "s/.*\"$1\": *\([0-9.]*\).*/\1/p" "$2" | head -n 1; }
before=$(grep -o '"eval_loss": *[0-9.]*' "$out/model/trainer_state.json" | head -n 1 | grep -o '[0-9.]*$')
say ""
say "3. Perplexity on the held-out files: before $(awk -v l="$before" 'BEGIN { printf "%.0f", exp(l) }'), after $(awk -v p="$(value perplexity "$out/results.json")" 'BEGIN { printf "%.1f", p }')"

say ""
say "4. What it writes"
n=0
for prompt in $'import os\nimport sys\nimport' $'def read_file(path, encoding=None):\n    """' $'class Parser(object):\n    def __init__(self,'; do
    n=$((n + 1))
    say "--- prompt $n ---"
    "$hone" pipeline text-generation --model "$out/model" --max_new_tokens 80 --do_sample --temperature 0.7 --top_p 0.9 --repetition_penalty 1.1 --seed 1 "$prompt" |
        sed -e 's/^.*"generated_text": *"//' -e 's/"}.*$//' -e 's/\\"/"/g' -e 's/\\n/\n/g' -e 's/\\t/\t/g' -e 's/\\\\/\\/g'
done

say ""
say "Done in $((SECONDS - began)) s. The model is in $out/model: config.json, model.safetensors, tokenizer.json (transformers loads them),"
say "README.md (the model card) and loss.svg (the loss curve)."
