# hone train and hone evaluate causal-lm, from text to a folder that generates: results, files, wrong options, a signal in the middle.
. "$(dirname "$0")/lib.sh"

mkdir corpus
for i in $(seq 30); do
    printf 'def function_%d(argument):\n    """Gives %d."""\n    return argument + %d\n\n\n' $i $i $i >corpus/f$i.py
done
: >corpus/empty.py
run 0 tokenizer train --vocab_size 300 --output_dir tok corpus
TRAIN="train causal-lm --tokenizer_name tok --config_overrides n_embd=32,n_layer=1,n_head=2,n_positions=64 --train_file corpus --glob *.py --block_size 16 --threads 1"
run 0 $TRAIN --validation_file corpus/f1.py corpus/f2.py --output_dir model --max_steps 6 --logging_steps 2 --per_device_train_batch_size 4
says out '"train_loss"'
says out '"perplexity"'
for file in config.json model.safetensors tokenizer.json trainer_state.json all_results.json README.md loss.svg checkpoint-6/model.safetensors; do
    [ -s "model/$file" ] || complain "model/$file was not written"
done
grep -q '"loss"' model/trainer_state.json || complain "no loss in log_history"
same model/all_results.json out
run 0 evaluate causal-lm --model_name_or_path model --validation_file corpus --glob '*.py' --block_size 16 --threads 1
says out '"eval_loss"'
says out '"perplexity"'
run 0 pipeline text-generation --model model --max_new_tokens 5 --threads 1 "def "
says out 'generated_text'
run 0 info model
says out "layers          1 of 32 channels"

# the course's loss, and cached tokens
run 0 $TRAIN --output_dir key --max_steps 2 --loss keytoken --key_tokens return,def --log_level debug
says err "found in the cache"

run 2 $TRAIN --output_dir bad --block_size 65
says err "--block_size: 65 tokens are more than the model's 64 positions"
says err "hint: give --block_size 64 or less"

# wrong options are found before anything is done
run 2 train causal-lm --train_file corpus --output_dir bad
says err "--tokenizer_name"
run 2 train causal-lm --tokenizer_name tok --output_dir bad
says err "--train_file"
run 2 $TRAIN --output_dir bad --learning_rat 1
says err "hint: did you mean --learning_rate?"
run 2 $TRAIN --output_dir bad --learning_rate fast
says err "--learning_rate"
mkdir full
echo x >full/file
run 2 $TRAIN --output_dir full
says err "--output_dir: full is there already and is not empty"

# killed before its first checkpoint: only logs are there, and the same command starts anew
begin $TRAIN --output_dir early --max_steps 1000000 --save_strategy no --logging_steps 1
await grep -qs loss early/train_log.jsonl
kill -9 $CHILD
wait $CHILD 2>/dev/null
run 0 $TRAIN --output_dir early --max_steps 2 --logging_steps 1
says err "early holds only the logs of a run that ended before its first checkpoint: starting anew"
[ "$(grep -c '"loss"' early/train_log.jsonl)" = 2 ] || complain "the killed run's entries stand in the new run's log"
run 2 train causal-ml
says err "causal-ml"
run 2 train
says err "causal-lm masked-lm"
run 0 train causal-lm --help
says out "--gradient_accumulation_steps"
run 1 train causal-lm --tokenizer_name absent --train_file corpus --output_dir bad
says err "absent"
run 1 $TRAIN --train_file absent --output_dir bad
says err "absent"

# SIGINT: a checkpoint, status 130, and the same command goes on
begin $TRAIN --output_dir stopped --max_steps 1000000 --save_strategy no
await grep -q "training and" err
sleep 0.5
kill -INT $CHILD
ends 130 "a run after SIGINT"
says err "stopping after this step"
ls -d stopped/checkpoint-* >/dev/null 2>&1 || complain "no checkpoint after SIGINT"
step=$(ls -d stopped/checkpoint-* | sed 's/.*-//' | sort -n | tail -1)
run 0 $TRAIN --output_dir stopped --max_steps $((step + 2)) --save_strategy no
says err "going on from"
grep -q "\"global_step\": $((step + 2))" stopped/trainer_state.json || complain "trainer_state.json does not end at step $((step + 2))"
finish
