# Command lines of hone train that cannot be: numbers, names, contradictions, output folders. Found before anything is done, with status 2 and nothing left behind.
. "$(dirname "$0")/lib.sh"
a_tokenizer tok
export ASAN_OPTIONS=${ASAN_OPTIONS:-}:allocator_may_return_null=1 # a model far too large is asked for below
MODEL="--tokenizer_name tok --config_overrides n_embd=32,n_layer=1,n_head=2,n_positions=64"
DATA="--train_file tok.corpus --glob f1*.py --block_size 16 --threads 1 --max_steps 1 --save_strategy no"
TRAIN="train causal-lm $MODEL $DATA"

set -f
while read -r message options; do
    fails 2 "hone: error: $message" $TRAIN --output_dir out.run $options
    clean out.run
done <<'END'
--learning_rate: --learning_rate nan
--learning_rate: --learning_rate 1e999
--learning_rate: --learning_rate -1
--learning_rate: --learning_rate 0x10
--learning_rate: --learning_rate 1e-5x
--learning_rate: --learning_rate=
--learning_rate: --learning_rate --seed 3
--num_train_epochs: --num_train_epochs inf
--max_steps: --max_steps 0
--max_steps: --max_steps -2
--max_steps: --max_steps 1.5
--max_steps: --max_steps 99999999999999999999
--per_device_train_batch_size: --per_device_train_batch_size 0
--per_device_train_batch_size: --per_device_train_batch_size 1000000000000
--gradient_accumulation_steps: --gradient_accumulation_steps 0
--warmup_steps: --warmup_steps -1
--warmup_steps: --warmup_steps 2
--weight_decay: --weight_decay -0.1
--adam_beta1: --adam_beta1 1
--max_grad_norm: --max_grad_norm -1
--block_size: --block_size -1
--logging_steps: --logging_steps 0
--save_total_limit: --save_total_limit -1
--seed: --seed 1.5
--keytoken_alpha: --keytoken_alpha nan
--validation_split_percentage: --validation_split_percentage 100
--max_train_samples: --max_train_samples 0
--lr_scheduler_type: --lr_scheduler_type sqrt
--lr_scheduler_kwargs: --lr_scheduler_kwargs power=3
--lr_scheduler_type --lr_scheduler_type warmup_stable_decay
--optim: --optim sgdx
--eval_strategy: --eval_strategy sometimes
--eval_strategy: --eval_strategy steps
--validation_file: --do_eval
--load_best_model_at_end: --load_best_model_at_end
--load_best_model_at_end: --load_best_model_at_end --eval_strategy steps --eval_steps 5 --save_strategy steps --save_steps 5 --validation_file tok.corpus
--load_best_model_at_end: --load_best_model_at_end --eval_strategy epoch --save_strategy steps --validation_file tok.corpus
--load_best_model_at_end: --load_best_model_at_end --eval_strategy steps --eval_steps 2 --save_strategy steps --save_steps 3 --validation_file tok.corpus
--bf16 --bf16 --fp16
--loss --loss keytoken
--loss: --loss foo
--key_tokens: --key_tokens a
--config_overrides: --model_name_or_path tok
--format: --format parquet
--train_file: --train_file
--learning_rat --learning_rat 1
"extra" extra
END
fails 2 "hint: did you mean --learning_rate?" $TRAIN --output_dir out.run --learning_rat 1
fails 2 "--output_dir: a folder's name is missing" $TRAIN --output_dir=
for word in n_embd=33 n_embd=-1 n_embd=abc n_embd= n_embd n_hed=3 attn_pdrop=2 n_layer=100000000 n_layer=1.5 activation_function=foo; do
    run 2 train causal-lm --tokenizer_name tok --config_overrides $word $DATA --output_dir out.run
    grep -q 'hone: error: .*\(n_embd\|n_hed\|attn_pdrop\|n_layer\|activation_function\)' err || complain "$word is not named"
    silent out
    clean out.run
done
fails 1 "the tokenizer tok has 300 tokens, the model's vocabulary 100" train causal-lm --tokenizer_name tok --config_overrides n_embd=32,n_layer=1,n_head=2,vocab_size=100 $DATA --output_dir out.run
fails 2 "--block_size: 65 tokens are more than the model's 64 positions" $TRAIN --block_size 65 --output_dir out.run
fails 1 "out of memory" train causal-lm --tokenizer_name tok --config_overrides n_embd=1048576,n_layer=100,n_head=2 $DATA --output_dir out.run
fails 1 "tok.corpus holds no files that match *.rs" $TRAIN --glob *.rs --output_dir out.run
fails 2 "--device: there is no device \"gpu\"" $TRAIN --device gpu --output_dir out.run
fails 1 "there is no whole checkpoint in out.run" $TRAIN --resume_from_checkpoint true --output_dir out.run
fails 2 "--resume_from_checkpoint: there is no such checkpoint: absent" $TRAIN --resume_from_checkpoint absent --output_dir out.run
clean out.run
set +f

# what only the data tell: a training that ends before what it waits for; an old run is not forgotten for it
LONG="train causal-lm $MODEL --train_file tok.corpus --validation_file tok.corpus --block_size 16 --threads 1 --num_train_epochs 1 --per_device_train_batch_size 64 --output_dir kept"
run 0 $LONG --save_strategy steps
ls -R kept >before
set -f
while IFS='|' read -r message options; do
    fails 2 "hone: error: $message" $LONG --overwrite_output_dir $options
    grep -q '^hint: ' err || complain "no remedy for $options"
done <<'END'
--early_stopping_patience: the training ends after|--early_stopping_patience 1 --eval_strategy steps --eval_steps 100
--early_stopping_patience: the training ends after|--early_stopping_patience 1 --eval_strategy steps --eval_steps 2 --eval_delay 100
--early_stopping_patience: the training ends after 1 epochs, before|--early_stopping_patience 1 --eval_strategy epoch --eval_delay 2
--load_best_model_at_end: the training ends after|--load_best_model_at_end --eval_strategy steps --eval_steps 100 --save_steps 100
--save_strategy best: the training ends after|--save_strategy best --eval_strategy steps --eval_steps 100
--lr_scheduler_type reduce_lr_on_plateau: the training ends after|--lr_scheduler_type reduce_lr_on_plateau --eval_strategy steps --eval_steps 100
--warmup_steps: the warm-up (100 updates) is longer than the training|--warmup_steps 100
--metric_for_best_model: this task gives no metric "f1"|--metric_for_best_model f1 --eval_strategy epoch
END
# files of the trackers that cannot be written: told before the model is loaded
set +f
mkdir -p taken/train_log.csv
fails 1 "cannot write taken/train_log.csv: it is a folder" $TRAIN --output_dir taken --overwrite_output_dir --report_to csv --tokenizer_name absent
fails 1 "--logging_dir: cannot make the folder /proc/hone-logs" $TRAIN --output_dir out.run --logging_dir /proc/hone-logs --tokenizer_name absent
says err "hint: give another folder, or --report_to jsonl"
fails 1 "cannot make the folder /proc/hone-run" $TRAIN --output_dir /proc/hone-run --tokenizer_name absent
ls -R kept >after
same before after
clean out.run
# a limit of what is not saved is told, and no more
run 0 $TRAIN --save_total_limit 2 --output_dir out.run
says err "warning: --save_total_limit: with --save_strategy no there is nothing to limit"
rm -r out.run

# output folders: a file, below a file, one with something else in it, one with a run
echo x >file
fails 1 "cannot make the folder file: file is no folder" $TRAIN --output_dir file
fails 1 "file/sub: Not a directory" $TRAIN --output_dir file/sub
fails 1 "file" tokenizer train --output_dir file/sub tok.corpus
fails 2 "--output_dir is missing" tokenizer train --output_dir= tok.corpus
mkdir other
echo x >other/file
fails 2 "other is there already and is not empty" $TRAIN --output_dir other
equals "$(ls other)" file "what the folder holds"
RUN="train causal-lm $MODEL --train_file tok.corpus --block_size 16 --threads 1 --logging_steps 1 --output_dir run"
run 0 $RUN --max_steps 2
run 0 $RUN --max_steps 3
says err "run holds a checkpoint: going on from run/checkpoint-2 (--overwrite_output_dir starts anew)"
fails 1 "cannot resume from run/checkpoint-3: " $RUN --max_steps 4 --resume_from_checkpoint true --per_device_train_batch_size 3
fails 1 "cannot resume from run/checkpoint-3: " $RUN --max_steps 4 --resume_from_checkpoint true --config_overrides n_embd=64,n_layer=1,n_head=2,n_positions=64
# a checkpoint that is not whole is passed over, and the one before it taken
truncate -s 100 run/checkpoint-3/model.safetensors
run 0 $RUN --max_steps 4
says err "run/checkpoint-3 is not whole and was passed over"
says err "resumed from run/checkpoint-2"
rm run/checkpoint-4/manifest.json run/checkpoint-2/optimizer.safetensors
fails 1 "there is no whole checkpoint in run" $RUN --max_steps 5 --resume_from_checkpoint true
run 0 $RUN --max_steps 1 --overwrite_output_dir
equals "$(ls -d run/checkpoint-*)" run/checkpoint-1 "checkpoints of the new run"
clean out.run
finish
