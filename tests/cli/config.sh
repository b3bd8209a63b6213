# Options in a JSON file: `hone train TASK args.json`, --config, --save_args; the command line has the last word; mistakes name file and line.
. "$(dirname "$0")/lib.sh"
a_tokenizer tok
cat >args.json <<'END'
{
  "tokenizer_name": "tok",
  "config_overrides": "n_embd=32,n_layer=1,n_head=2,n_positions=64",
  "train_file": ["tok.corpus"],
  "glob": "f1*.py",
  "block_size": 16,
  "threads": 1,
  "max_steps": 2,
  "save_strategy": "no",
  "learning_rate": 1e-3,
  "lr_scheduler_type": "polynomial",
  "lr_scheduler_kwargs": {"power": 2.0},
  "warmup_ratio": 0.5,
  "logging_first_step": true,
  "logging_steps": 1,
  "data_seed": null,
  "dataloader_pin_memory": true,
  "push_to_hub": false,
  "fsdp": [],
  "torch_compile": true,
  "accelerator_config": {"split_batches": false},
  "output_dir": "run"
}
END
# the file as the only argument, as the reference's scripts have it; the command line wins, wherever it stands
run 0 train causal-lm args.json --save_args all.json
says err "torch_compile does nothing here"
[ "$(grep -c warning: err)" = 1 ] || complain "more than one warning"
says all.json '"task": "causal-lm"'
says all.json '"power\":2.0'
run 0 train causal-lm --seed 7 --config args.json --output_dir run2 --learning_rate 2e-3 --save_args seed.json
says seed.json '"seed": 7'
says seed.json '"learning_rate": 0.002'
# what was saved is the same run again
run 0 train causal-lm --config=all.json --output_dir run3 --save_args again.json
same <(grep -v output_dir all.json) <(grep -v output_dir again.json)
cmp -s run/model.safetensors run3/model.safetensors || complain "the run from the saved options has other weights"
# what a trainer writes beside its model is read too; an evaluation passes over what it has no use for
run 0 train causal-lm run/training_args.json --tokenizer_name tok --config_overrides n_embd=32,n_layer=1,n_head=2,n_positions=64 \
    --train_file tok.corpus --glob 'f1*.py' --block_size 16 --threads 1 --output_dir run4
cmp -s run/model.safetensors run4/model.safetensors || complain "the run from training_args.json has other weights"
run 0 evaluate causal-lm all.json --model_name_or_path run --validation_file tok.corpus --output_dir ev
says out eval_loss
# an evaluation's own options are saved too, and not the file's name
run 0 evaluate causal-lm --model_name_or_path run --validation_file tok.corpus --glob 'f1*.py' --block_size 16 --threads 1 --quantize int8 --save_args int8.json
grep -o '"eval_loss": .*' out >int8.loss
says int8.json '"quantize": "int8"'
grep -q save_args int8.json && complain "the file's own name is saved"
run 0 evaluate causal-lm int8.json
grep -o '"eval_loss": .*' out >again.loss
same int8.loss again.loss

# the reference's own file of all arguments (TrainingArguments.to_json_string of 4.57.3): not a warning
run 0 train causal-lm "$HERE/training_args.json" --tokenizer_name tok --config_overrides n_embd=32,n_layer=1,n_head=2,n_positions=64 \
    --train_file tok.corpus --glob 'f1*.py' --block_size 16 --threads 1 --output_dir run6 --save_args hf.json
grep -q warning: err && complain "the reference's file is warned about"
says hf.json '"lr_scheduler_type": "cosine"'
says hf.json '"warmup_ratio": 0.1'
says hf.json '"max_steps": 3'

# the reference's levels of messages
run 0 train causal-lm args.json --log_level critical --torch_compile --output_dir run7
silent err
run 0 train causal-lm args.json --log_level passive --output_dir run8
says err "trained in"

# mistakes: status 2, the file and its line
bad() {
    local text=$1
    printf '%s\n' "$2" >bad.json
    fails 2 "$text" train causal-lm bad.json
}
bad 'bad.json:2: --learning_rat is no option' '{"seed": 1,
 "learning_rat": 1}'
says err "did you mean --learning_rate?"
bad 'bad.json:1: --learning_rate: must be a number, is "fast"' '{"learning_rate": "fast"}'
says err 'hint: at the caret in {"learning_rate": ^"fast"}'
bad 'bad.json:1: --max_steps: must be an integer' '{"max_steps": 1.5}'
bad 'bad.json:1: --seed: must be one value, is an array' '{"seed": [1]}'
bad 'bad.json:1: --seed: must be one value, is an object' '{"seed": {}}'
bad 'bad.json:1: --train_file: must be an array of strings' '{"train_file": [1]}'
bad 'bad.json:1: --push_to_hub true: ' '{"push_to_hub": true}'
bad 'bad.json:1: --optim galore_adamw: ' '{"optim": "galore_adamw"}'
bad 'bad.json:1: these are options of masked-lm, not of causal-lm' '{"task": "masked-lm"}'
bad 'bad.json:1: a file of options names no other one' '{"config": "x.json"}'
bad 'bad.json: an object of options was expected' '[1]'
bad 'bad.json:3:' '{"seed": 1,
"threads": 1,
x}'
says err 'hint: at the caret in ^x}'
bad 'bad.json:2:1: unexpected token near end of file' ''
bad 'bad.json:2: --new_thing is no option' '{"hone_version": "99.0.0",
"new_thing": 1}'
says err "written by hone 99.0.0"
fails 2 "--config: " train causal-lm --config absent.json
fails 2 "--config: a value is missing" train causal-lm --config
fails 2 "--config: " train causal-lm absent.json
fails 1 "--save_args: " train causal-lm args.json --save_args absent/all.json --output_dir run5
clean run5
finish
