# Options of a training that change what it computes: every optimizer and schedule runs, is in the checkpoint, and a resumed run has the bits of the whole one.
. "$(dirname "$0")/lib.sh"
a_tokenizer tok
TRAIN="train causal-lm --tokenizer_name tok --config_overrides n_embd=32,n_layer=1,n_head=2,n_positions=64 --train_file tok.corpus --glob f*.py
       --validation_file tok.corpus/f1.py --block_size 16 --threads 1 --max_steps 6 --save_steps 3 --logging_steps 1 --learning_rate 1e-2"
set -f

# resumes FOLDER OPTION…: six steps, and again from the third
resumes() {
    local folder=$1
    shift
    run 0 $TRAIN --output_dir "$folder" "$@"
    cp "$folder/model.safetensors" "$folder.whole"
    rm -r "$folder/checkpoint-6"
    run 0 $TRAIN --output_dir "$folder" --resume_from_checkpoint true "$@"
    says err "resumed from $folder/checkpoint-3"
    cmp -s "$folder/model.safetensors" "$folder.whole" || complain "the resumed run has other weights: $*"
}
resumes adamw
resumes sgd --optim sgd --optim_args momentum=0.9,nesterov=true
resumes plain --optim sgd
resumes adagrad --optim adagrad
resumes rmsprop --optim rmsprop --optim_args centered=true --weight_decay 0.1
resumes adafactor --optim adafactor
resumes plateau --lr_scheduler_type reduce_lr_on_plateau --lr_scheduler_kwargs patience=0,threshold=0.5,factor=0.5 --eval_strategy steps --eval_steps 1
grep -q '"plateau_cooldown"' plateau/checkpoint-3/hone_state.json || complain "the plateau is not in the checkpoint"
[ "$(grep -o '"learning_rate": [0-9.e-]*' plateau/trainer_state.json | sort -u | wc -l)" -ge 3 ] || complain "the plateau did not lower the rate"
resumes warmup --lr_scheduler_type cosine_warmup_with_min_lr --lr_scheduler_kwargs min_lr=1e-4 --warmup_ratio 0.5
resumes noise --neftune_noise_alpha 5
cmp -s noise.whole adamw.whole && complain "the noise changes nothing"
# the noise belongs to the row: batches of 8, and 2 x 4, are the same updates to rounding
run 0 $TRAIN --output_dir noise.split --neftune_noise_alpha 5 --per_device_train_batch_size 4 --gradient_accumulation_steps 2
equals "$(grep -o '"loss": [0-9.]\{6\}' noise.split/trainer_state.json | head -3 | tr '\n' ' ')" \
    "$(grep -o '"loss": [0-9.]\{6\}' noise/trainer_state.json | head -3 | tr '\n' ' ')" "losses of split batches"
for optim in sgd plain adagrad rmsprop adafactor; do
    cmp -s $optim.whole adamw.whole && complain "$optim has AdamW's weights"
done
grep -q 'momentum=0.9,nesterov=true' sgd/README.md || complain "the card lacks the optimizer"

# going on with other options is said, in one line
rm -r adamw/checkpoint-6
run 0 $TRAIN --output_dir adamw --resume_from_checkpoint true --learning_rate 5e-3 --weight_decay 0.01 --logging_steps 2
says err "learning_rate (was 0.01, is 0.005), weight_decay (was 0.0, is 0.01)"
# the best alone is saved, and it is what the run ends with
run 0 $TRAIN --output_dir best --eval_strategy steps --eval_steps 2 --save_strategy best --load_best_model_at_end
says err "the best model is that of best/checkpoint-6"
equals "$(ls best | grep checkpoint | tr '\n' ' ')" "checkpoint-2 checkpoint-4 checkpoint-6 " "checkpoints of the best"
run 0 $TRAIN --output_dir worse --eval_strategy steps --eval_steps 2 --save_strategy best --metric_for_best_model loss --greater_is_better true
equals "$(ls worse | grep checkpoint)" checkpoint-2 "checkpoints when greater is better"

# the loss alone
run 0 $TRAIN --output_dir loss --prediction_loss_only --max_steps 1
says out eval_loss
# what cannot be is refused before anything is done
while read -r message options; do
    fails 2 "hone: error: $message" $TRAIN --output_dir out.run $options
    clean out.run
done <<'END'
--optim_args: --optim_args momentum=0.9
--optim_args: --optim sgd --optim_args alpha=0.9
--optim_args: --optim sgd --optim_args nesterov=true
--optim: --optim adam
--optim --optim lion_8bit
--lr_scheduler_type --lr_scheduler_type reduce_lr_on_plateau
--lr_scheduler_type --lr_scheduler_type reduce_lr_on_plateau --eval_strategy epoch --warmup_ratio 0.1
--lr_scheduler_type --lr_scheduler_type reduce_lr_on_plateau --eval_strategy epoch --metric_for_best_model accuracy
--lr_scheduler_type --lr_scheduler_type cosine_warmup_with_min_lr
--lr_scheduler_kwargs: --lr_scheduler_type reduce_lr_on_plateau --eval_strategy epoch --lr_scheduler_kwargs factor=2
--prediction_loss_only: --prediction_loss_only --metric_for_best_model accuracy
--save_strategy --save_strategy best
--push_to_hub: --push_to_hub
--half_precision_backend --half_precision_backend apex
END
# checkpoints that are named
fails 2 "--resume_from_checkpoint: there is no such checkpoint: nope" $TRAIN --output_dir sgd --resume_from_checkpoint nope
fails 2 "--resume_from_checkpoint: sgd/checkpoint-3 is no checkpoint of the run that plain holds" $TRAIN --output_dir plain --optim sgd --optim_args momentum=0.9,nesterov=true --resume_from_checkpoint sgd/checkpoint-3
run 0 $TRAIN --output_dir plain --optim sgd --optim_args momentum=0.9,nesterov=true --resume_from_checkpoint sgd/checkpoint-3 --overwrite_output_dir
cmp -s plain/model.safetensors sgd.whole || complain "a run that goes on elsewhere has other weights"
[ ! -e plain/checkpoint-3 ] || complain "the old run is still there"
# other mistakes that are found late
fails 2 '--device: there is no device "cuda"' $TRAIN --output_dir out.run --device cuda
fails 2 '--model_type bert: the model in sgd is gpt2' train causal-lm --model_name_or_path sgd --model_type bert --train_file tok.corpus --block_size 16 --threads 1 --output_dir out.run
fails 2 '--metric_for_best_model: this task gives no metric "f1"' $TRAIN --output_dir out.run --eval_strategy epoch --metric_for_best_model f1
fails 2 '--metric_for_best_model: this task gives no metric "f1"' $TRAIN --output_dir out.run --eval_strategy epoch --metric_for_best_model f1 --early_stopping_patience 2
clean out.run
# a run of another optimizer is not gone on with
run 1 $TRAIN --output_dir sgd --optim adafactor --resume_from_checkpoint true
says err "it is the state of sgd, not of adafactor"
finish
