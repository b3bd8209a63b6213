# A disk that is full in the middle of a save: the run goes on, what was saved stays whole, nothing half-written stays behind, the status tells.
. "$(dirname "$0")/lib.sh"
a_tokenizer tok
TRAIN="train causal-lm --tokenizer_name tok --config_overrides n_embd=32,n_layer=1,n_head=2,n_positions=64 --train_file tok.corpus --block_size 16 --threads 1 --logging_steps 1"

# a file may have 50 blocks of 1024 bytes: less than the weights
limited() {
    local expected=$1
    shift
    (ulimit -f 50 && exec "$HONE" "$@") >out 2>err
    equals $? "$expected" "status of hone $* with little space"
    equals "$(grep -c '^hone: error: ' err)" 1 "errors of hone $*"
    silent out
}
small_files() {
    limited 1 $TRAIN --max_steps 4 --save_steps 2 --output_dir run
    says err "warning: checkpoint-2 could not be saved (cannot write run/"
    says err "warning: checkpoint-4 could not be saved"
    says err "hone: error: cannot write run/model.safetensors: File too large"
    clean run/checkpoint-2 run/checkpoint-4 run/model.safetensors
    # the state of an earlier run stays, and the run goes on from it when there is space again
    run 0 $TRAIN --max_steps 2 --output_dir run --overwrite_output_dir
    cp -r run whole
    limited 1 $TRAIN --max_steps 4 --save_steps 1 --output_dir run
    says err "older ones are untouched, the run goes on"
    clean run/checkpoint-3 run/checkpoint-4
    run 0 evaluate causal-lm --model_name_or_path run --validation_file tok.corpus --threads 1 --block_size 16
    run 0 $TRAIN --max_steps 4 --output_dir run --resume_from_checkpoint true
    says err "resumed from run/checkpoint-2"
    run 0 $TRAIN --max_steps 4 --output_dir whole
    says err "resumed from whole/checkpoint-2"
    same run/model.safetensors whole/model.safetensors

    for i in $(seq 2000); do echo "word$((i * 7919 % 10007)) other$i"; done >words.txt
    (ulimit -f 20 && exec "$HONE" tokenizer train --vocab_size 5000 --output_dir tok2 words.txt) >out 2>err
    equals $? 1 "status of hone tokenizer train with little space"
    says err "hone: error: cannot write tok2/tokenizer.json: File too large"
    silent out
    clean tok2/tokenizer.json
}
# ThreadSanitizer itself writes a file, and does not come so far
(ulimit -f 50 && "$HONE" --version) >/dev/null 2>&1 && small_files

# a file system of its own, where one can be mounted
mkdir small
mount -t tmpfs -o size=700k none small 2>/dev/null || finish
trap 'umount small; rm -rf "$WORK"' EXIT
fails 1 "small/run" $TRAIN --max_steps 20 --save_steps 2 --output_dir small/run
says err "No space left on device"
says err "older ones are untouched, the run goes on"
run 0 evaluate causal-lm --model_name_or_path small/run/checkpoint-2 --validation_file tok.corpus --threads 1 --block_size 16
clean small/run/checkpoint-20
finish
