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
    says err "hone: error: --output_dir: a checkpoint has a file of 195 kB, no file may have more than 51.2 kB"
    says err "hint: allow larger files (ulimit -f)"
    clean run/checkpoint-2 run/model.safetensors
    limited 1 $TRAIN --max_steps 4 --save_strategy no --output_dir run
    says err "warning: the model has a file of 97.7 kB, no file may have more than 51.2 kB (ulimit -f)"
    says err "hone: error: cannot write run/model.safetensors: File too large"
    clean run/checkpoint-4 run/model.safetensors
    # the state of an earlier run stays, and the run goes on from it when there is space again
    run 0 $TRAIN --max_steps 2 --output_dir run --overwrite_output_dir
    cp -r run whole
    limited 1 $TRAIN --max_steps 4 --save_steps 1 --output_dir run
    says err "a checkpoint has a file of 195 kB"
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
if (ulimit -f 50 && "$HONE" --version) >/dev/null 2>&1; then small_files; else skips "the command does not start where files may have 50 KB"; fi

# a place where no folder can be made, whoever asks
fails 1 "cannot make the folder /proc/hone-run" $TRAIN --max_steps 1 --output_dir /proc/hone-run
echo >a_file
fails 1 "a_file/run: Not a directory" $TRAIN --max_steps 1 --output_dir a_file/run

# a run that is at work in the folder is left alone
run 0 $TRAIN --max_steps 1 --output_dir busy
exec 9<busy && flock 9
fails 1 "busy is in use" $TRAIN --max_steps 2 --output_dir busy --overwrite_output_dir
[ -d busy/checkpoint-1 ] || complain "the checkpoint of a run that is at work was removed"
exec 9<&-

# what a killed process left behind goes, whatever the clock says; the number of a process that lives now is no proof
run 0 $TRAIN --max_steps 3 --save_steps 1 --output_dir left
mkdir left/.tmp-checkpoint-9-1-1 left/.tmp-checkpoint-9-999999999-5
cp -r left/checkpoint-2 left/.tmp-checkpoint-2-999999999-77
echo >left/model.safetensors.tmp-0-999999999-77
echo >left/notes.tmp-mine
mv left/checkpoint-1 left/checkpoint-1.old-999999999-77
cp -r left/checkpoint-3 left/checkpoint-3.new-999999999-77 # took its place where folders cannot be renamed, which was being removed
rm left/checkpoint-3/manifest.json left/checkpoint-3/model.safetensors
touch -d 1971-01-01 left/checkpoint-3
touch -d 2099-01-01 left/checkpoint-2
run 0 $TRAIN --max_steps 4 --save_steps 1 --save_total_limit 3 --output_dir left
says err "going on from left/checkpoint-3"
equals "$(ls -A left | grep -c -e '-999999999-' -e '-1-1')" 0 "what was left behind"
equals "$(ls -d left/checkpoint-* | tr '\n' ' ')" "left/checkpoint-2 left/checkpoint-3 left/checkpoint-4 " "checkpoints that are kept"
[ -e left/notes.tmp-mine ] || complain "a file of the user's was removed"

# a torn checkpoint does not count, and why it is passed over is said
: >left/checkpoint-4/optimizer.safetensors
rm left/checkpoint-3/config.json
run 0 $TRAIN --max_steps 5 --save_steps 5 --save_total_limit 2 --output_dir left
says err "left/checkpoint-4 is not whole and was passed over: left/checkpoint-4: optimizer.safetensors is not as it was written: it has 0 bytes"
says err "left/checkpoint-3 is not whole and was passed over: left/checkpoint-3: config.json is missing"
says err "going on from left/checkpoint-2"
equals "$(ls -d left/checkpoint-* | tr '\n' ' ')" "left/checkpoint-2 left/checkpoint-5 " "whole checkpoints that are kept"
rm left/notes.tmp-mine

# a file system of its own, where one can be mounted
mkdir small
mount -t tmpfs -o size=1200k none small 2>/dev/null || { skips "no file system can be mounted here"; finish; }
trap 'umount small 2>/dev/null || umount -l small; rm -rf "$WORK"' EXIT
LONG="$TRAIN --max_steps 12 --save_steps 2 --save_total_limit 1"
run 0 $LONG --output_dir roomy
head -c 700k /dev/zero >small/filler
fails 1 "no room for checkpoint-" $LONG --on_disk_full stop --output_dir small/run
says err "No space left on device"
says err "hint: make room and go on with --resume_from_checkpoint true"
clean small/run/model.safetensors
equals "$(ls -d small/run/checkpoint-* | wc -l)" 1 "whole checkpoints after a full disk"
for how in false true; do # from there on it waits, until there is room
    rm -f small/filler
    rm -rf small/run
    head -c 700k /dev/zero >small/filler
    begin $LONG --on_disk_full wait --save_in_background $how --output_dir small/run
    await grep -qF "no room for checkpoint-" err
    says err "No space left on device"
    sleep 1
    kill -0 $CHILD || complain "the run did not wait for room"
    rm small/filler
    ends 0 "a run that waited for room"
    says err "without room"
    same small/run/model.safetensors roomy/model.safetensors
    same small/run/checkpoint-12/optimizer.safetensors roomy/checkpoint-12/optimizer.safetensors
    equals "$(ls -d small/run/checkpoint-* | tr '\n' ' ')" "small/run/checkpoint-12 " "checkpoints after waiting"
    clean small/filler
done
# a disk that becomes read-only, as kernels make one with errors, and is mended
rm -rf small/run small/filler
begin ${LONG/--max_steps 12/--max_steps 300} --report_to none --output_dir small/run
await grep -qF "saved small/run/checkpoint-20" err
await mount -o remount,ro small 2>/dev/null # busy while a file is open for writing
await grep -qF "Read-only file system" err
says err "could not be written ("
kill -0 $CHILD || complain "the run did not wait for the disk"
mount -o remount,rw small
ends 0 "a run whose disk was read-only"
run 0 ${LONG/--max_steps 12/--max_steps 300} --report_to none --output_dir roomy --overwrite_output_dir
same small/run/model.safetensors roomy/model.safetensors
# nothing fits at all: said before the first step
rm -rf small/run
head -c 1100k /dev/zero >small/filler
fails 1 "there is no room for a checkpoint in small/run: it needs about" $LONG --output_dir small/run
# a stop ends the waiting
rm small/filler
head -c 700k /dev/zero >small/filler
begin $LONG --output_dir small/run
await grep -qF "no room for" err
kill -INT $CHILD
ends 1 "a run that was stopped while it waited"
says err "no checkpoint could be saved"
finish
