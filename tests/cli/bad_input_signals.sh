# SIGINT and SIGTERM: a checkpoint, status 130, and --resume_from_checkpoint true ends with the weights of an uninterrupted run, bit for bit. A second one stops at once.
. "$(dirname "$0")/lib.sh"
a_tokenizer tok
TRAIN="train causal-lm --tokenizer_name tok --config_overrides n_embd=32,n_layer=1,n_head=2,n_positions=64 --train_file tok.corpus --block_size 16 --threads 1 --per_device_train_batch_size 4 --save_strategy no --max_steps 3000"
run 0 $TRAIN --output_dir whole

for signal in INT TERM; do
    begin $TRAIN --output_dir run.$signal
    await grep -q "training and" err
    sleep 0.1
    kill -$signal $CHILD
    ends 130 "a run after SIG$signal"
    silent out
    says err "stopping after this step, with a checkpoint; once more stops at once"
    says err "hone: error: stopped after step"
    says err "hint: checkpoint-"
    clean run.$signal/model.safetensors
    run 0 $TRAIN --output_dir run.$signal --resume_from_checkpoint true
    same whole/model.safetensors run.$signal/model.safetensors
done

# in the middle of an evaluation
begin ${TRAIN/--save_strategy no/--save_strategy no --eval_strategy steps --eval_steps 1 --validation_file tok.corpus} --output_dir run.eval
await grep -q "training and" err
sleep 0.2
kill -INT $CHILD
ends 130 "a run after SIGINT, evaluating"
ls -d run.eval/checkpoint-* >/dev/null 2>&1 || complain "no checkpoint after SIGINT in an evaluation"

# hone evaluate makes no checkpoint, and does not promise one
for i in $(seq 3000); do cat tok.corpus/f1.py; done >long.py
begin evaluate causal-lm --model_name_or_path whole --validation_file long.py --block_size 2 --threads 1
await grep -q "long.py: 1 document" err
kill -TERM $CHILD
ends 130 "hone evaluate after SIGTERM"
silent out
says err "hone: stopping after this batch"

# in the evaluation after the last step: the model is there, and said to be
for i in $(seq 20); do cat long.py; done >longer.py # some seconds
begin ${TRAIN/--max_steps 3000/--max_steps 2} --validation_file longer.py --per_device_eval_batch_size 1 --output_dir run.end
await grep -q "trained in" err
sleep 0.1
kill -HUP $CHILD
ends 130 "a run after SIGHUP in the last evaluation"
says err "hint: the training had ended and its model is in run.end: hone evaluate causal-lm --model_name_or_path run.end"
clean run.end/eval_results.json
[ -s run.end/model.safetensors ] || complain "the model was not saved"

# whoever read the log goes: the training does not
(
    "$HONE" ${TRAIN/--max_steps 3000/--max_steps 20} --logging_steps 1 --output_dir unread 2>&1 >out
    echo $? >status
) | head -1 >/dev/null
equals "$(cat status)" 0 "status of a run whose log nobody reads"
[ -s unread/model.safetensors ] || complain "the model was not saved"
# and whoever waits for the results: they are in the folder
"$HONE" ${TRAIN/--max_steps 3000/--max_steps 2} --output_dir unread2 2>err | true
[ -s unread2/all_results.json ] || complain "the results were not saved"

# without standard files nothing of what is told goes into a file of the run's
"$HONE" ${TRAIN/--max_steps 3000/--max_steps 2} --output_dir closed <&- >&- 2>&-
equals $? 1 "status without standard output"
same closed/model.safetensors unread2/model.safetensors
grep -rqE "hone: trained in|eval_runtime.*hone:" closed && complain "messages are in $(grep -rlE "hone: trained in" closed)"

# a step of many batches: the first signal waits for its end, the second does not
begin train causal-lm --tokenizer_name tok --config_overrides n_embd=512,n_layer=8,n_head=2,n_positions=64 --train_file tok.corpus --block_size 16 --threads 1 \
    --per_device_train_batch_size 30 --gradient_accumulation_steps 10000 --num_train_epochs 10000 --output_dir twice
await grep -q "training and" err
sleep 0.3
kill -INT $CHILD
await grep -q "stopping after this step" err
before=$(date +%s%N)
kill -INT $CHILD
ends 130 "a run after the second SIGINT"
[ $((($(date +%s%N) - before) / 1000000)) -lt 5000 ] || complain "the second SIGINT took more than five seconds"
clean twice/model.safetensors
finish
