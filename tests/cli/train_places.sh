# Output folders by other names: links, "..", "." and slashes, moved and copied runs. A run that was stopped goes on as it would have, and its best checkpoint is its own, wherever the folder is by then.
. "$(dirname "$0")/lib.sh"
a_tokenizer tok
# the loss is best after two updates: --learning_rate 1
TRAIN="train causal-lm --tokenizer_name $PWD/tok --config_overrides n_embd=16,n_layer=1,n_head=2,n_positions=32 --train_file $PWD/tok.corpus --validation_file $PWD/tok.corpus --block_size 16 --threads 1 \
    --per_device_train_batch_size 4 --learning_rate 1 --lr_scheduler_type constant --logging_steps 2 --save_steps 2 --eval_strategy steps --eval_steps 2 --load_best_model_at_end --save_total_limit 2"
WHOLE="$PWD/whole"
# best FOLDER PATH: the best checkpoint by the folder's trainer_state.json
best() { equals "$(sed -n 's/.*"best_model_checkpoint": "\(.*\)",/\1/p' "$1/trainer_state.json")" "$2" "best of $1"; }
# goes_on FOLDER FROM OUTPUT_DIR [PATH]: the run of FOLDER ends as the one that was left alone did, with two checkpoints.
goes_on() {
    run 0 $TRAIN --max_steps 10 --output_dir "$3" --resume_from_checkpoint "$2"
    says err "resumed from"
    same "$1/model.safetensors" "$WHOLE/model.safetensors"
    best "$1" "${4:-$3/checkpoint-2}"
    equals "$(cd "$1" && echo checkpoint-*)" "checkpoint-10 checkpoint-2" "checkpoints in $1"
}
run 0 $TRAIN --max_steps 10 --output_dir whole
best whole whole/checkpoint-2
cmp -s whole/checkpoint-2/model.safetensors whole/checkpoint-10/model.safetensors && complain "best and last are the same"
run 0 $TRAIN --max_steps 6 --output_dir part

# names of one folder
mkdir sub
for name in run/ ./run sub/../run "$PWD/run"; do
    rm -rf run
    run 0 $TRAIN --max_steps 6 --output_dir "$name"
    goes_on run true "$name" "${name%/}/checkpoint-2"
done
# a link is kept, and is as good as what it leads to
rm -rf run
mkdir real
ln -s real run
run 0 $TRAIN --max_steps 6 --output_dir run
goes_on real true run
[ -L run ] || complain "the link is gone"
run 0 $TRAIN --max_steps 6 --output_dir run --overwrite_output_dir
[ -L run ] || complain "the link is gone after --overwrite_output_dir"
goes_on real run/checkpoint-6/ real
rm -r real
fails 1 "cannot make the folder run: run is a link that leads nowhere" $TRAIN --max_steps 6 --output_dir run
grep -q 'documents' err && complain "that was found out after the data were read"
rm run

# moved, and gone on with from another working folder
cp -r part sub/moved
cd sub && goes_on moved true moved && cd ..
cp -r part inside
cd inside && goes_on . true . && cd ..
# nothing is left to train and to save: the best is loaded from where the run is, not from where it was
cp -r whole copy
cp part/checkpoint-6/model.safetensors whole/checkpoint-2/ # what was there has gone another way
run 0 $TRAIN --max_steps 10 --output_dir copy --resume_from_checkpoint true
says err "the best model is that of copy/checkpoint-2"
cp copy/checkpoint-2/model.safetensors whole/checkpoint-2/
same copy/model.safetensors whole/model.safetensors
best copy copy/checkpoint-2
# a link to a checkpoint, from another working folder
ln -s ../copy/checkpoint-10 sub/latest
cd sub && run 0 $TRAIN --max_steps 10 --output_dir ../copy --resume_from_checkpoint latest && cd ..
says sub/err "the best model is that of $PWD/copy/checkpoint-2"
same copy/model.safetensors whole/model.safetensors
# the best may be gone
rm -r copy/checkpoint-2
mv whole away
run 0 $TRAIN --max_steps 10 --output_dir copy --resume_from_checkpoint true
says err "warning: the best checkpoint so far, whole/checkpoint-2, is not there any more"
says err "no best checkpoint was saved, the model stays as it is"
mv away whole

# a name without its folder, an output folder instead of a checkpoint: told what was meant
fails 2 "there is no such checkpoint: checkpoint-6" $TRAIN --max_steps 10 --output_dir part --resume_from_checkpoint checkpoint-6
says err "hint: it is a path, and there is part/checkpoint-6: give that"
fails 2 "there is no such checkpoint: checkpoint-7" $TRAIN --max_steps 10 --output_dir part --resume_from_checkpoint checkpoint-7
says err "hint: give a folder checkpoint-N"
fails 2 "part is no checkpoint, but holds some" $TRAIN --max_steps 10 --output_dir part --resume_from_checkpoint part
says err "hint: give one of them, as part/checkpoint-6"
# whose name is not what it holds, also without its folder
cp -r part renamed
mv renamed/checkpoint-6 renamed/checkpoint-8
cd renamed && run 0 $TRAIN --max_steps 10 --output_dir . --resume_from_checkpoint checkpoint-8/ && cd ..
says renamed/err "warning: checkpoint-8 holds the state after step 6, whatever its name says"
finish
