# Two runs in one output folder: the second is refused from the moment at which the first one has looked at the folder until it has written its last file, with a line that names the process; whatever it was asked
# for, it removes nothing. A killed process is in nobody's way. A folder that is moved away or taken over in the middle of a run costs the run nothing, and the other run nothing either.
. "$(dirname "$0")/lib.sh"
a_tokenizer tok
SHAPE="train causal-lm --tokenizer_name tok --config_overrides n_embd=16,n_layer=1,n_head=2,n_positions=32 --block_size 16 --threads 1"
TRAIN="$SHAPE --train_file tok.corpus --save_steps 2"
LONG="$TRAIN --max_steps 1000000 --save_steps 50 --save_total_limit 2"

# refused FOLDER PID ARGUMENT…
refused() {
    local folder=$1 pid=$2
    shift 2
    fails 1 "$folder is in use: process $pid ($HONE train causal-lm" "$@"
    says err "hint: wait for it, stop it, or give another --output_dir"
}
has_saved() { [ -n "$(ls -d "$1"/checkpoint-* 2>/dev/null)" ]; }

# while the first one reads its data: nothing of the old run goes
run 0 $TRAIN --max_steps 4 --output_dir run
for i in $(seq 300000); do echo "x$((i * 7919 % 1000003)) = function$((i * 104729 % 1000003))(argument$i)"; done >long.py
AS=first begin $SHAPE --train_file long.py --preprocessing_num_workers 1 --max_steps 4 --output_dir run --overwrite_output_dir
FIRST=$CHILD
await grep -q "computing on" first.err
kill -STOP $FIRST
if ! grep -q "training and" first.err; then # it is still at its data
    refused run $FIRST $TRAIN --max_steps 2 --output_dir run --overwrite_output_dir
    refused run $FIRST $TRAIN --max_steps 6 --output_dir run
    refused run $FIRST $TRAIN --max_steps 6 --output_dir run --resume_from_checkpoint true
    [ -d run/checkpoint-4 ] || complain "the checkpoint of a run was removed by another one that was refused"
else
    skips "the first run was past its data before it was stopped"
fi
kill -KILL $FIRST
wait $FIRST 2>/dev/null
# a killed process holds nothing
run 0 $TRAIN --max_steps 6 --output_dir run
says err "going on from run/checkpoint-4"

# while it trains, in a folder that it has made itself; and by another name of it
AS=first begin $LONG --output_dir new/run
FIRST=$CHILD
await has_saved new/run
refused new/run $FIRST $TRAIN --max_steps 2 --output_dir new/run --overwrite_output_dir
ln -s new/run other-name
refused other-name $FIRST $TRAIN --max_steps 2 --output_dir other-name
has_saved new/run || complain "the checkpoints of a run that is at work were removed"

# its folder is moved away, and another run begins under that name: each keeps its own
kill -STOP $FIRST
mv new/run new/moved
AS=second begin $LONG --output_dir new/run
SECOND=$CHILD
await has_saved new/run
kill -CONT $FIRST
await grep -qF "new/run is in use: process $SECOND" first.err
says first.err "warning: new/run was moved away or removed: what is saved from here on goes into a new folder of that name"
says first.err "could not be saved (new/run is in use: process $SECOND"
kill -INT $FIRST
wait $FIRST
equals $? 1 "status of a run that was stopped and could not save"
says first.err "no checkpoint could be saved"
kill -INT $SECOND
ends 130 "a run that was stopped"
says second.err "go on with --resume_from_checkpoint true"
[ -z "$(ls -A new/run | grep -e tmp- -e '.old-')" ] || complain "half-written files in new/run"

# it is removed in the middle of a run: what is saved next is in a new one, which is held as well
AS=first begin $LONG --output_dir gone
FIRST=$CHILD
await has_saved gone
mv gone gone.removed && rm -rf gone.removed
await has_saved gone
is_held() { ! "$HONE" $TRAIN --max_steps 2 --output_dir gone 2>err && grep -qF "gone is in use: process $FIRST" err; }
await is_held
kill -INT $FIRST
ends 130 "a run whose folder was removed"
run 0 ${LONG/1000000/1} --output_dir gone
says err "going on from gone/checkpoint-"
finish
