# The command itself: version, help, unknown commands and options, standard output that cannot be written.
. "$(dirname "$0")/lib.sh"

run 0 --version
says out "hone "
says out "libraries: oneDNN"
silent err
run 0 --help
says out "usage: hone COMMAND"
says out "tokenize"
run 2
says err "usage: hone COMMAND"
silent out
run 2 tokenise
says err "hone: error: tokenise is no command"
says err 'hint: did you mean `hone tokenize`?'
run 2 dataset fliter
says err 'hint: did you mean `hone dataset filter`?'
run 2 tokenize --tokeniser x
says err "hone: error: --tokeniser is no option"
says err "hint: did you mean --tokenizer?"
# where no name is near, the list of them is
while read -r command; do
    fails 2 "hone: error: --zzzzzzzz is no option" $command --zzzzzzzz 1
    says err "hint: \`hone ${command%% MODEL*} --help\` lists the options"
done <<END
tokenize
tokenizer train
dataset head
metric
info
info MODEL --train
pipeline fill-mask
train causal-lm
evaluate token-classification
END
fails 2 "hone: error: --zzzzzzzz is no option" info --train causal-lm --zzzzzzzz 1
says err 'hint: `hone train causal-lm --help` lists the options'
run 2 tokenize --threads many
says err "--threads"
run 2 tokenize --log_level loud
says err "--log_level"
run 0 dataset head --n=nonsense --help
says out "usage: hone dataset head"

# every command that is listed explains itself
for command in $("$HONE" --help | sed -n '/^commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'); do
    run 0 "$command" --help
    says out "usage: hone $command"
done

# and so does every task: an example to begin with, each group of options once; an evaluation tells of nothing that only a training has
for task in $("$HONE" train --help | sed -n 's/^tasks: //p'); do
    run 0 train "$task" --help
    says out "  hone train $task --model_name_or_path DIR --train_file train"
    equals "$(grep '^[A-Z][a-z ]*:$' out | sort | uniq -d)" "" "groups of train $task that come twice"
    run 0 evaluate "$task" --help
    says out "  hone evaluate $task --model_name_or_path DIR --validation_file "
    equals "$(grep -c '^  --train_file\|^  --max_train_samples\|^  --learning_rate\|^  --dropout\|^  --problem_type' out)" 0 "options of a training in evaluate $task"
    equals "$(grep -c trainer_output out)" 0 "a default that evaluate $task does not have"
done

# a full disk behind standard output is a failure
if [ -e /dev/full ]; then
    printf 'x\n' >a.txt
    "$HONE" dataset head a.txt >/dev/full 2>err
    equals $? 1 "status with a full disk"
    says err "cannot write: standard output: No space left on device"
else
    skips "/dev/full is not there"
fi

# starts at once: 20 ms of processor time (the machine may be busy), the best of ten
best=1000
TIMEFORMAT='%3U %3S'
for _ in 1 2 3 4 5 6 7 8 9 10; do
    read -r user system < <({ time "$HONE" --version >/dev/null 2>&1; } 2>&1)
    spent=$((10#${user/[.,]/} + 10#${system/[.,]/}))
    [ $spent -lt $best ] && best=$spent
done
if sanitized; then
    skips "a sanitizer takes longer to start"
else
    [ $best -lt 20 ] || complain "--version took $best milliseconds of processor time"
fi
finish
