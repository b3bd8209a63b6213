# examples/token_classification.c, the course's loop, runs as it stands on made-up sentences: F1 rises, the folder that it saves is a model that hone evaluates to the same score and goes on with.
. "$(dirname "$0")/lib.sh"
example=$HONE_BUILD/examples/token_classification
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
"$example" model saved train.conll valid.conll 40 1e-4 >log 2>err || complain "the example failed"
run 0 evaluate token-classification --model_name_or_path saved --validation_file valid.conll --max_seq_length 128 --threads 1
python3 - <<'PY' || complain "what the example learnt"
import json
rows = [json.loads(line) for line in open("log")]
assert [r["epoch"] for r in rows] == list(range(40)), rows
assert rows[-1]["f1"] > 0.9 and rows[-1]["f1"] > rows[0]["f1"], rows
again = json.load(open("out"))
for key in ("precision", "recall", "f1", "accuracy"):
    assert abs(again["eval_" + key] - rows[-1][key]) < 1e-4, (key, again, rows[-1])
PY
finish
