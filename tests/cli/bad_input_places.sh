# Places that do not do what a folder should: no home, no inodes, files that may not be touched, folders that may not be read. What was saved stays, the message says what to do.
. "$(dirname "$0")/lib.sh"
a_tokenizer tok
TRAIN="train causal-lm --tokenizer_name tok --config_overrides n_embd=32,n_layer=1,n_head=2,n_positions=64 --train_file tok.corpus --block_size 16 --threads 1 --logging_steps 1"

# nobody's home: no HONE_CACHE, and HOME is a place where no folder can be made, or none at all
mkdir tmp
(unset HONE_CACHE XDG_CACHE_HOME && HOME=/proc/home TMPDIR=$WORK/tmp && export HOME TMPDIR && exec "$HONE" $TRAIN --max_steps 1 --output_dir homeless) >out 2>err
equals $? 0 "status without a home"
says err "tokenized texts are kept in $WORK/tmp/hone-cache-$(id -u) (cannot make the folder /proc/home: "
(unset HONE_CACHE XDG_CACHE_HOME HOME && TMPDIR=$WORK/none && export TMPDIR && exec "$HONE" $TRAIN --max_steps 1 --output_dir homeless2) >out 2>err
equals $? 1 "status without a place for tokenized texts"
says err "hint: set HONE_CACHE to a folder that can be written to"

# a file in the output folder that nobody may change: chattr +i, where the file system knows it
run 0 $TRAIN --max_steps 4 --save_steps 2 --output_dir run
if chattr +i run/checkpoint-2/model.safetensors 2>/dev/null; then
    trap 'chattr -i "$WORK"/*/*/model.safetensors "$WORK"/*/.*/model.safetensors 2>/dev/null; rm -rf "$WORK"' EXIT
    run 0 $TRAIN --max_steps 6 --save_steps 2 --save_total_limit 1 --output_dir run
    says err "warning: an old checkpoint could not be removed: cannot remove run/.tmp-checkpoint-2-"
    says err "Operation not permitted"
    run 0 $TRAIN --max_steps 6 --output_dir run
    says err "warning: what an earlier run left behind stays: cannot remove run/.tmp-checkpoint-2-"
    chattr -i run/.tmp-checkpoint-2-*/model.safetensors
    run 0 $TRAIN --max_steps 6 --output_dir run
    clean run/checkpoint-2
    # the same in the place of a checkpoint that is written anew: the new one is saved
    cp -r run/checkpoint-6 run/checkpoint-8
    printf x >>run/checkpoint-8/optimizer.safetensors
    chattr +i run/checkpoint-8/model.safetensors
    run 0 $TRAIN --max_steps 8 --save_steps 8 --output_dir run
    says err "saved run/checkpoint-8"
    run 0 $TRAIN --max_steps 8 --output_dir run
    says err "resumed from run/checkpoint-8: step 8 of 8"
    chattr -i run/.tmp-checkpoint-8-*/model.safetensors
    # a log that nobody may cut
    chattr +a run/train_log.jsonl
    fails 1 "cannot write run/train_log.jsonl: Operation not permitted" $TRAIN --max_steps 9 --output_dir run
    says err "hint: make it writable, or leave this log out: --report_to none"
    chattr -a run/train_log.jsonl
else
    skips "files cannot be made immutable here"
fi

# another user's checkpoint: it may well be whole, and is not passed over
other() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
if [ "$(id -u)" = 0 ] && chmod 755 "$WORK" && other "$HONE" --version >/dev/null 2>&1 && other test -x "$WORK"; then
    run 0 $TRAIN --max_steps 4 --save_steps 2 --output_dir theirs
    chown -R 65534 theirs
    chown 0 theirs/checkpoint-4/model.safetensors
    chmod 600 theirs/checkpoint-4/model.safetensors
    mkdir cache2 && chown 65534 cache2
    as_other() { HONE_CACHE=$WORK/cache2 other "$HONE" $TRAIN "$@" >out 2>err; }
    as_other --max_steps 6 --output_dir theirs
    equals $? 1 "status where the newest checkpoint cannot be read"
    says err "hone: error: cannot open theirs/checkpoint-4/model.safetensors: Permission denied"
    says err "hint: make it readable, or name an older one: --resume_from_checkpoint FOLDER"
    as_other --max_steps 6 --output_dir theirs --resume_from_checkpoint theirs/checkpoint-2
    equals $? 0 "status of going on from an older one"
    says err "resumed from theirs/checkpoint-2"
    chmod 333 theirs
    as_other --max_steps 6 --output_dir theirs
    equals $? 1 "status where the output folder cannot be read"
    says err "hone: error: cannot open the folder theirs: Permission denied"
    says err "hint: make it readable, or give another --output_dir"
else
    skips "there is no other user who may run the command"
fi

# a run whose checkpoints are in a lower layer, as in the image of a container: these folders cannot be renamed
mkdir -p layers/image
run 0 $TRAIN --max_steps 6 --save_steps 2 --output_dir layers/image/run
mkdir up && if mount -t tmpfs none up 2>/dev/null; then
    trap 'umount layers/all up 2>/dev/null; chattr -i "$WORK"/*/*/model.safetensors 2>/dev/null; rm -rf "$WORK"' EXIT
    mkdir up/new up/work layers/all
    if mount -t overlay -o "lowerdir=$WORK/layers/image,upperdir=$WORK/up/new,workdir=$WORK/up/work" none layers/all 2>/dev/null; then
        run 0 $TRAIN --max_steps 8 --save_steps 2 --save_total_limit 1 --output_dir layers/all/run
        says err "resumed from layers/all/run/checkpoint-6"
        equals "$(cd layers/all/run && echo checkpoint-*)" checkpoint-8 "checkpoints that are kept"
        umount layers/all && rm -rf up/new up/work && mkdir up/new up/work
        mount -t overlay -o "lowerdir=$WORK/layers/image,upperdir=$WORK/up/new,workdir=$WORK/up/work" none layers/all
        printf x >>layers/all/run/checkpoint-6/optimizer.safetensors
        run 0 $TRAIN --max_steps 6 --save_steps 2 --output_dir layers/all/run
        says err "saved layers/all/run/checkpoint-6"
        run 0 $TRAIN --max_steps 6 --output_dir layers/all/run
        says err "resumed from layers/all/run/checkpoint-6: step 6 of 6"
        umount layers/all
    else
        skips "there is no overlay file system here"
    fi
    umount up
else
    skips "no file system can be mounted here"
fi

# a manifest that is a pipe is not waited for
run 0 $TRAIN --max_steps 4 --save_steps 2 --output_dir pipe
rm pipe/checkpoint-4/manifest.json && mkfifo pipe/checkpoint-4/manifest.json
run 0 $TRAIN --max_steps 4 --save_steps 2 --output_dir pipe
says err "warning: pipe/checkpoint-4 is not whole and was passed over: pipe/checkpoint-4/manifest.json is no file"

# a file system that has room and no inodes
mkdir few
if mount -t tmpfs -o nr_inodes=30 none few 2>/dev/null; then
    trap 'umount few 2>/dev/null || umount -l few; chattr -i "$WORK"/*/*/model.safetensors 2>/dev/null; rm -rf "$WORK"' EXIT
    fails 1 " inodes are free): cannot write few/run/" $TRAIN --max_steps 6 --save_steps 2 --on_disk_full stop --report_to none --output_dir few/run
    says err "hone: error: no room for checkpoint-4 (it needs "
    says err "No space left on device"
    "$HONE" $TRAIN --max_steps 6 --save_steps 2 --report_to none --output_dir few/run2 >out 2>err &
    pid=$!
    for _ in $(seq 200); do
        grep -qF "no room for" err && break
        sleep 0.05
    done
    says err " inodes are free at few/run2 ("
    mount -o remount,nr_inodes=1000 few
    wait $pid
    equals $? 0 "status of a run that waited for inodes"
    run 0 $TRAIN --max_steps 6 --save_steps 2 --output_dir all
    same few/run2/model.safetensors all/model.safetensors
else
    skips "no file system can be mounted here"
fi
finish
