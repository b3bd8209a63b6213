# Limits that a process lives under: on its data, its threads, its processor time. What cannot be is said before the first step; a limit that is met in the middle costs nothing.
. "$(dirname "$0")/lib.sh"
a_tokenizer tok
LM="train causal-lm --tokenizer_name tok --config_overrides n_embd=32,n_layer=1,n_head=2,n_positions=64 --train_file tok.corpus --block_size 16 --per_device_train_batch_size 4"
TRAIN="$LM --threads 1"

# limited LIMIT VALUE STATUS ARGUMENT…: the command under a soft limit
limited() {
    local limit=$1 value=$2 expected=$3
    shift 3
    (ulimit -S "$limit" "$value" && exec "$HONE" "$@") >out 2>err
    equals $? "$expected" "status of hone $* under ulimit $limit $value"
}

# memory of its own: ulimit -d. A sanitizer takes more than that for itself.
if ! sanitized && (ulimit -S -d 22000 && "$HONE" --version) >/dev/null 2>&1; then
    limited -d 22000 1 $TRAIN --max_steps 2 --output_dir small
    says err "hone: error: out of memory: this training would take 0.0"
    says err "the limit of its data (ulimit -d) is 0.02 GB"
    clean small
else
    skips "the command does not start with so little data"
fi

# threads: a user who may have no further process
other() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
if ! sanitized && [ "$(id -u)" = 0 ] && chmod 755 "$WORK" && other "$HONE" --version >/dev/null 2>&1 && mkdir theirs cache2 && chown 65534 theirs cache2; then
    (ulimit -u 1 && HONE_CACHE=$WORK/cache2 other "$HONE" $LM --threads 8 --max_steps 2 --output_dir theirs/run) >out 2>err
    equals $? 1 "status without processes"
    says err "8 threads cannot be started, only "
    says err ", or allow more processes (ulimit -u, pids.max of the control group)"
    (ulimit -u 1 && HONE_CACHE=$WORK/cache2 other "$HONE" $TRAIN --max_steps 2 --save_in_background true --output_dir theirs/run) >out 2>err
    equals $? 0 "status of a run of one thread without further processes"
    says err "saved theirs/run/checkpoint-2"
else
    skips "there is no other user who may run the command"
fi

# processor time: the kernel says so each second, and kills where the hard limit is
run 0 $TRAIN --max_steps 12000 --save_strategy no --output_dir whole
limited -t 1 130 $TRAIN --max_steps 12000 --save_strategy no --output_dir run
says err "stopping after this step, with a checkpoint"
says err "hint: checkpoint-"
run 0 $TRAIN --max_steps 12000 --save_strategy no --output_dir run --resume_from_checkpoint true
same whole/model.safetensors run/model.safetensors
finish
