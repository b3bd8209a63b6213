# examples/trainer.c runs as it stands on made-up sentences: its callback ends it early, its metric is logged, the folder is a model that hone evaluates to the same score.
. "$(dirname "$0")/lib.sh"
example=$HONE_BUILD/examples/trainer
[ -x "$example" ] || { echo "skipped: $example is not built"; exit 77; }
command -v python3 >/dev/null || { echo "skipped: python3 reads the results"; exit 77; }
export GOMP_SPINCOUNT=1000
mkdir tok
printf '%s\n' '[PAD]' '[UNK]' '[CLS]' '[SEP]' '[MASK]' . the anna bert stone par '##is' visits sees >tok/vocab.txt
echo '{"tokenizer_class": "BertTokenizer", "do_lower_case": true}' >tok/tokenizer_config.json
for i in $(seq 40); do
    printf 'Anna B-PER\nStone I-PER\nvisits O\nParis B-LOC\n. O\n\nthe O\nstone O\nsees O\nBert B-PER\n. O\n\nBert B-PER\nsees O\nthe O\nstone O\n. O\n\n'
done >train.conll
head -60 train.conll >valid.conll
run 0 train token-classification --model_type bert --tokenizer_name tok --train_file train.conll --max_steps 1 --save_strategy no --threads 1 --output_dir model \
    --config_overrides hidden_size=64,num_hidden_layers=2,num_attention_heads=2,intermediate_size=128,max_position_embeddings=128
"$example" model saved train.conll valid.conll 60 1e-4 >log 2>told || { cat told; complain "the example failed"; }
run 0 evaluate token-classification --model_name_or_path saved --validation_file valid.conll --max_seq_length 128 --threads 1
python3 - <<'PY' || complain "what the example learnt"
import json, re
scores = json.load(open("log"))
epochs = [float(m) for m in re.findall(r"epoch (\S+): F1", open("told").read())]
assert scores["eval_f1"] > 0.9 and scores["eval_beginnings_found"] > 0.9, scores
assert 0 < scores["epoch"] < 60, scores  # the callback ended it
assert epochs[: int(scores["epoch"])] == list(range(1, int(scores["epoch"]) + 1)), epochs
again = json.load(open("out"))
assert abs(again["eval_f1"] - scores["eval_f1"]) < 1e-4, (again, scores)
PY
finish
