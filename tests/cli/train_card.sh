# The model card of hone train: its head is the YAML that the Hub reads, its fields and lines are those of transformers' TrainingSummary for the same run (with HONE_REFERENCE_PYTHON or python3, where transformers is
# there), the license of a base model's folder, names that need quotes, the command line.
. "$(dirname "$0")/lib.sh"
command -v python3 >/dev/null || { echo "skipped: python3 reads the card"; exit 77; }
export GOMP_SPINCOUNT=1000
a_corpus corpus
a_tokenizer tok
python3 - <<'PY'
import json, random
random.seed(3)
with open("rows.jsonl", "w") as f:
    for i in range(24):
        good = i % 2
        f.write(json.dumps({"text": random.choice(["int", "return", "if"]) + (" good" if good else " bad"), "label": "pos" if good else "neg"}) + "\n")
PY
LM="train causal-lm --tokenizer_name tok --config_overrides n_embd=32,n_layer=1,n_head=2,n_positions=64 --train_file corpus --validation_file corpus --block_size 16 --threads 1 --save_strategy no --report_to none"

HEAD="python3 head.py"
python3 -c "import yaml" 2>/dev/null || { skips "python3 has no yaml to read the heads of cards with"; HEAD=true; }
cat >head.py <<'PY'
# head.py CARD EXPRESSION…: each holds of the head h and the text of the card
import sys
import yaml
text = open(sys.argv[1]).read()
h = yaml.safe_load(text.split("---\n")[1])
for e in sys.argv[2:]:
    assert eval(e), (e, h)
PY

# ---- a language model from scratch, and one that is tuned from its folder ----
run 0 $LM --max_steps 6 --logging_steps 2 --eval_strategy steps --eval_steps 2 --output_dir lm --license mit --language en --warmup_ratio 0.25
$HEAD lm/README.md 'h["license"] == "mit"' 'h["language"] == ["en"]' 'h["pipeline_tag"] == "text-generation"' '"generated_from_trainer" in h["tags"]' \
    'h["model-index"][0]["name"] == "lm"' '"base_model" not in h' '"trained from scratch on the corpus" in text' || complain "the head of lm"
says lm/README.md "- Perplexity: "
says lm/README.md "- lr_scheduler_warmup_ratio: 0.25"
says lm/README.md "| Training Loss | Epoch | Step | Validation Loss |"
says lm/README.md "--license mit --language en"
says lm/README.md "![losses, metrics and learning rate over the updates](loss.svg)"
run 0 train causal-lm --model_name_or_path lm --train_file corpus --validation_file corpus --block_size 16 --threads 1 --save_strategy no --report_to none --max_steps 2 --output_dir "a: 'b'/tuned #1"
$HEAD "a: 'b'/tuned #1/README.md" 'h["license"] == "mit"' 'h["model-index"][0]["name"] == "tuned #1"' '"fine-tuned version of lm on" in text' || complain "the head of tuned"
says "a: 'b'/tuned #1/README.md" "--output_dir 'a: '\''b'\''/tuned #1'"

# ---- the same card as the reference's ----
run 0 train text-classification --model_name_or_path lm --train_file rows.jsonl --validation_file rows.jsonl --threads 1 --save_strategy no --report_to none --num_train_epochs 2 --eval_strategy epoch --logging_steps 3 \
    --warmup_steps 0.2 --gradient_accumulation_steps 2 --label_smoothing_factor 0.1 --dataset_tags glue,imdb --dataset_args mrpc --model_tags tiny --hub_token secret --output_dir rows
says rows/README.md "lr_scheduler_warmup_ratio: 0.2"
! grep -q secret rows/README.md || complain "a token of the Hub in the card"
$HEAD rows/README.md 'h["datasets"] == ["glue", "imdb"]' '[r["dataset"].get("args") for r in h["model-index"][0]["results"]] == ["mrpc", None]' 'h["tags"][0] == "tiny"' || complain "the head of rows"
PYTHON=${HONE_REFERENCE_PYTHON:-python3}
if "$PYTHON" -c "import transformers, huggingface_hub" 2>/dev/null; then
    for folder in lm rows; do
        "$PYTHON" "$HONE_SOURCE_DIR/tools/check_card.py" $folder >out 2>err || complain "the card of $folder is not the reference's"
    done
else
    skips "transformers is not there (HONE_REFERENCE_PYTHON)"
fi
finish
