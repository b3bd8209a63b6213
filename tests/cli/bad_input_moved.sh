# An output folder that is renamed, or removed, while a run writes to it: the run goes on where it was told to, says what it finds, and its logs are whole again.
. "$(dirname "$0")/lib.sh"
a_tokenizer tok
TRAIN="train causal-lm --tokenizer_name tok --config_overrides n_embd=32,n_layer=1,n_head=2,n_positions=64 --train_file tok.corpus --block_size 16 --threads 1 --max_steps 4000 --logging_steps 20 --save_steps 1000 --report_to jsonl,tensorboard,csv"
run 0 $TRAIN --output_dir whole
for how in "mv run moved" "rm -r run"; do
    rm -rf run moved
    begin $TRAIN --output_dir run
    await grep -q "saved run/checkpoint-1000" err
    $how
    ends 0 "a run after $how"
    says err "warning: the logs in run were moved or removed: they are written anew, from the first entry on"
    same run/model.safetensors whole/model.safetensors
    equals "$(grep -c '"loss"' run/train_log.jsonl)" "$(grep -c '"loss"' whole/train_log.jsonl)" "entries of the log after $how"
    equals "$(grep -c . run/train_log.csv)" "$(grep -c . whole/train_log.csv)" "rows of the table after $how"
    equals "$(find run/runs -name 'events.out.*' | wc -l)" 1 "event files after $how"
    clean run/absent
done
finish
