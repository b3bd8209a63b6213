# --resume_from_checkpoint of another run: another data set, tokenizer, model, batch; torn and newer checkpoints; each is refused before the first step, with a line that names what differs, and costs the
# checkpoints nothing. What may differ is told.
. "$(dirname "$0")/lib.sh"
a_tokenizer tok
SHAPE="n_embd=16,n_layer=2,n_head=2,n_positions=32"
DATA="--train_file tok.corpus --block_size 16"
TRAIN="train causal-lm --threads 1 --per_device_train_batch_size 4 --save_steps 2 --max_steps 6 --logging_steps 2"
run 0 $TRAIN --tokenizer_name tok --config_overrides $SHAPE $DATA --output_dir run
cp -r run saved
RESUME="$TRAIN --output_dir run --resume_from_checkpoint true"

# another data set of the same size
cp -r tok.corpus other
sed -i 's/Gives 7/Gives 8/' other/f7.py
fails 1 "another data set: there are" $RESUME --tokenizer_name tok --config_overrides $SHAPE --train_file other --block_size 16
says err "hint: resume with the data and options of that run, or start anew with --overwrite_output_dir"
rm other/f30.py
fails 1 "that run had training examples" $RESUME --tokenizer_name tok --config_overrides $SHAPE --train_file other --block_size 16
# another tokenizer that gives the same ids
cp -r tok tok2
sed -i 's/"unk_token": *null/"unk_token": "<|endoftext|>"/' tok2/tokenizer.json
cmp -s tok/tokenizer.json tok2/tokenizer.json && complain "the second tokenizer is the first one"
fails 1 "that run had another tokenizer" $RESUME --tokenizer_name tok2 --config_overrides $SHAPE $DATA
# another model
fails 1 "that model has" $RESUME --tokenizer_name tok --config_overrides n_embd=16,n_layer=1,n_head=2,n_positions=32 $DATA
fails 1 "elements there and" $RESUME --tokenizer_name tok --config_overrides n_embd=32,n_layer=2,n_head=2,n_positions=32 $DATA
# another order
fails 1 "that run had per_device_train_batch_size 4, this one has 5" $RESUME --tokenizer_name tok --config_overrides $SHAPE $DATA --per_device_train_batch_size 5
fails 1 "that run had seed 42, this one has 43" $RESUME --tokenizer_name tok --config_overrides $SHAPE $DATA --seed 43
# nothing of this cost anything
for file in model.safetensors trainer_state.json checkpoint-6/model.safetensors checkpoint-6/manifest.json; do same run/$file saved/$file; done

# what may differ is told: learning rate, length, dropout
run 0 $RESUME --tokenizer_name tok --config_overrides $SHAPE,resid_pdrop=0.2 $DATA --learning_rate 1e-3 --max_steps 8
says err "warning: not as in that run, so that from here on it is another one: "
says err "learning_rate (was 5e-05, is 0.001)"
says err "max_steps (was 6, is 8)"
says err "resid_pdrop (was 0.1, is 0.2)"
# fewer updates than were made: nothing is left to do
run 0 $RESUME --tokenizer_name tok --config_overrides $SHAPE $DATA --max_steps 3
says err "nothing is left to train"

# a truncated optimizer file: by its path an error, else the newest whole one is taken, and said
rm -rf run && cp -r saved run
truncate -s 100 run/checkpoint-6/optimizer.safetensors
fails 1 "optimizer.safetensors is not as it was written" $TRAIN --tokenizer_name tok --config_overrides $SHAPE $DATA --output_dir run --resume_from_checkpoint run/checkpoint-6
run 0 $RESUME --tokenizer_name tok --config_overrides $SHAPE $DATA
says err "checkpoint-6 is not whole and was passed over"
says err "resumed from run/checkpoint-4"
same run/model.safetensors saved/model.safetensors
same run/checkpoint-6/optimizer.safetensors saved/checkpoint-6/optimizer.safetensors
# none that is whole; none at all
for step in 2 4 6; do : >run/checkpoint-$step/manifest.json; done
fails 1 "there is no whole checkpoint in run" $RESUME --tokenizer_name tok --config_overrides $SHAPE $DATA
fails 2 "there is no such checkpoint" $TRAIN --tokenizer_name tok --config_overrides $SHAPE $DATA --output_dir run --resume_from_checkpoint run/checkpoint-99
# back to an older one: the newer ones stay where the run is the same, and is theirs again; of a run that becomes another one they are set aside, so that nobody goes on from them by mistake
rm -rf run && cp -r saved run
BACK="$TRAIN --tokenizer_name tok --config_overrides $SHAPE $DATA --output_dir run"
run 0 $BACK --resume_from_checkpoint run/checkpoint-2 --save_strategy no
same run/model.safetensors saved/model.safetensors
equals "$(ls -d run/checkpoint-* | tr '\n' ' ')" "run/checkpoint-2 run/checkpoint-4 run/checkpoint-6 " "checkpoints of the same future"
run 0 $BACK --resume_from_checkpoint run/checkpoint-2 --save_strategy no --learning_rate 1e-3
says err "warning: run/checkpoint-6 is of a future that this run leaves at step 2: it is run/checkpoint-6.aside now"
equals "$(ls -d run/checkpoint-* | tr '\n' ' ')" "run/checkpoint-2 run/checkpoint-4.aside run/checkpoint-6.aside " "checkpoints of a future that was left"
for file in model.safetensors optimizer.safetensors hone_state.json manifest.json; do same run/checkpoint-6.aside/$file saved/checkpoint-6/$file; done
run 0 $BACK --resume_from_checkpoint true --learning_rate 1e-3
says err "resumed from run/checkpoint-2"
# the same turn at the same step leads to the same future, another one does not
run 0 $BACK --resume_from_checkpoint run/checkpoint-2 --save_strategy no --learning_rate 1e-3
equals "$(ls -d run/checkpoint-* | tr '\n' ' ')" "run/checkpoint-2 run/checkpoint-4 run/checkpoint-4.aside run/checkpoint-6 run/checkpoint-6.aside " "checkpoints after the same turn"
run 0 $BACK --resume_from_checkpoint run/checkpoint-4 --learning_rate 1e-3 --max_steps 7
run 0 $BACK --resume_from_checkpoint run/checkpoint-2 --save_strategy no
equals "$(ls -d run/checkpoint-* | tr '\n' ' ')" \
    "run/checkpoint-2 run/checkpoint-4.aside run/checkpoint-4.aside2 run/checkpoint-6.aside run/checkpoint-6.aside2 run/checkpoint-6.aside3 run/checkpoint-7.aside " "all that was left"
# two that changed places: what is in them counts, and is said
rm -rf run && cp -r saved run
mv run/checkpoint-4 x && mv run/checkpoint-6 run/checkpoint-4 && mv x run/checkpoint-6
run 0 $BACK --resume_from_checkpoint true
says err "warning: run/checkpoint-6 holds the state after step 4, whatever its name says"
same run/model.safetensors saved/model.safetensors
# weights alone
rm -rf run
run 0 $TRAIN --tokenizer_name tok --config_overrides $SHAPE $DATA --output_dir run --save_only_model
fails 1 "the checkpoint was saved without an optimizer" $RESUME --tokenizer_name tok --config_overrides $SHAPE $DATA
says err "hint: start a new run from it with --model_name_or_path run/checkpoint-6"
finish
