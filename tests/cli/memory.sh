# Memory: hone info --train beside hone train with the same options, runs that do not fit, batches in parts.
. "$(dirname "$0")/lib.sh"
command -v python3 >/dev/null || { echo "skipped: python3 makes the data"; exit 77; }

python3 - <<'PY'
with open("train.txt", "w") as f:
    for i in range(1500):
        f.write("the %d brown %s jumps over %d lazy %s near river number %d\n" % (i, "fox hare wolf cat".split()[i % 4], i % 13, "dogs cows pigs".split()[i % 3], i * 7))
with open("train.conll", "w") as f:
    for i in range(400):
        for k in range(3 + i % 17):
            f.write("%s\t%s\n" % ("Paul Rome sees the river fox dogs".split()[(i + k) % 7], ["O", "B-PER", "O"][(i + k) % 3]))
        f.write("\n")
PY
run 0 tokenizer train --type bpe --vocab_size 400 --output_dir gpt train.txt
run 0 tokenizer train --type wordpiece --lowercase --vocab_size 300 --output_dir bert train.txt

# forecast NAME: a field of what hone info printed.
field() { python3 -c 'import json,sys; print(json.load(open("out"))[sys.argv[1]])' "$1"; }
# within GOT WANTED PERCENT WHAT
within() { python3 -c 'import sys; g, w, p = map(float, sys.argv[1:4]); sys.exit(not abs(g / w - 1) <= p / 100)' "$1" "$2" "$3" || complain "$4: $1 forecast, $2 taken"; }

# pair NAME OPTIONS…: hone's own memory as forecast, to two per cent. The resident set of such small models is libraries; it is held to ten per cent by bench/memory.py.
pair() {
    local name=$1
    shift
    run 0 info --train "$@" --output_dir "$name" --json --quiet
    local own
    own=$(field bytes_own)
    [ ! -e "$name" ] || complain "a forecast made the output folder"
    run 0 train "$@" --output_dir "$name" --disable_tqdm
    within "$own" "$(sed -n 's/.*hone itself \([0-9.]*\) MB.*/\1e6/p' err)" 2 "$name"
}
lm=(causal-lm --tokenizer_name gpt --train_file train.txt --concatenate --block_size 64 --config_overrides n_embd=128,n_layer=4,n_head=4,n_positions=64 --threads 1 --max_steps 4)
pair plain "${lm[@]}" --save_strategy no
pair group "${lm[@]}" --gradient_accumulation_steps 3 --save_steps 2 --gradient_checkpointing
pair tokens token-classification --tokenizer_name bert --model_type bert --config_overrides hidden_size=192,num_hidden_layers=4,num_attention_heads=4,intermediate_size=768 --train_file train.conll \
    --validation_file train.conll --eval_strategy steps --eval_steps 2 --threads 1 --max_steps 4 --save_steps 2 --load_best_model_at_end

# What does not fit is refused before anything is written or allocated, with what would fit.
big=(causal-lm --tokenizer_name gpt --train_file train.txt --concatenate --block_size 64 --config_overrides n_embd=256,n_layer=6,n_head=4,n_positions=64 --threads 1 --per_device_train_batch_size 64)
run 0 info --train "${big[@]}" --json --quiet
all=$(field bytes_resident)
fixed=$(( $(field bytes_parameters) + $(field bytes_gradients) + $(field bytes_moments) ))
limit=$(( (all + fixed) / 2 + 20000000 ))
run 1 train "${big[@]}" --max_steps 2 --output_dir refused --memory_limit $limit
says err "out of memory: this training would take"
says err "--per_device_train_batch_size"
says err "the same updates"
says err "--gradient_checkpointing ("
silent out
[ ! -e refused ] || complain "a refused run made its output folder"
run 1 info --train "${big[@]}" --memory_limit $limit
says out "hone's own"
says err "--gradient_accumulation_steps"
run 1 train "${big[@]}" --max_steps 2 --output_dir refused --memory_limit 1MB
says err "not even one row at a time fits"
run 2 train "${big[@]}" --max_steps 2 --output_dir refused --memory_limit many
says err '"many" is no size'

# Advice that is followed works; so does cutting, with the same losses to rounding.
advice=$("$HONE" train "${big[@]}" --max_steps 2 --output_dir refused --memory_limit $limit 2>&1 | sed -n 's/^hint: give \(--per_device_train_batch_size [0-9]* --gradient_accumulation_steps [0-9]*\).*/\1/p')
# shellcheck disable=SC2086
run 0 train "${big[@]}" --max_steps 2 --output_dir followed --memory_limit $limit $advice --logging_steps 1 --disable_tqdm
run 0 train "${big[@]}" --max_steps 2 --output_dir cut --memory_limit $limit --auto_find_batch_size --logging_steps 1 --disable_tqdm
says err "are computed in parts"
python3 - <<'PY' || complain "losses differ"
import json
a, b = ([e["loss"] for e in json.load(open(d + "/trainer_state.json"))["log_history"] if "loss" in e] for d in ("followed", "cut"))
assert len(a) == len(b) == 2 and all(abs(x - y) < 1e-4 * x for x, y in zip(a, b)), (a, b)
PY

# A limit of the address space is one too, and a forecast costs no addresses.
if sanitized; then
    skips "a sanitizer takes terabytes of addresses for itself"
else
    (ulimit -v $(( limit / 1024 )) 2>/dev/null && exec "$HONE" train "${big[@]}" --max_steps 2 --output_dir refused) >out 2>err
    equals $? 1 "status under ulimit -v"
    says err "ulimit -v"
fi

# Without data: rows of one length.
run 0 info --model_type gpt2 --train --block_size 128 --batch_size 8 --json --threads 2
equals "$(field tokens)" 1024 "tokens"
run 0 info --model_type bert --train --task qa --max_seq_length 384 --per_device_train_batch_size 4
says out "4 rows, 1536 tokens, up to 384 a row"
run 0 info gpt/../plain --train --batch_size 2 --gradient_checkpointing
says out "2 rows, 128 tokens"
run 2 info --train
says err "is missing"
run 2 info --model_type gpt2 --train --batch_siz 8
says err "batch_siz"
run 1 info absent --train
says err "absent"
finish
