# hone train|evaluate masked-lm on made-up sentences and a BERT of a few thousand parameters: perplexity falls, files are complete, a run that goes on ends bit for bit as the one that
# was not stopped, accumulation and batches decide about nothing, an evaluation always gives the same number, wrong input is named.
. "$(dirname "$0")/lib.sh"
command -v python3 >/dev/null || { echo "skipped: python3 writes the data and reads the results"; exit 77; }
export GOMP_SPINCOUNT=1000

# Sentences in which most words follow from their place; some lines are blank.
python3 - <<'PY'
import random, os
random.seed(1)
pairs = [("paris", "france"), ("berlin", "germany"), ("lima", "peru"), ("oslo", "norway"), ("rome", "italy")]
def line():
    city, land = random.choice(pairs)
    return f"the capital of {land} is {city} , i was in {city} , which lies in {land} ." if random.random() < 0.8 else ""
for name, n in (("train", 800), ("valid", 150)):
    open(name + ".txt", "w").write("".join(line() + "\n" for _ in range(n)))
vocab = "[PAD] [UNK] [CLS] [SEP] [MASK] . , the capital of is lies in i was which par ##is ber ##lin lima os ##lo rome fran ##ce germ ##any peru nor ##way ital ##y".split()
os.mkdir("tok")
open("tok/vocab.txt", "w").write("\n".join(vocab) + "\n")
open("tok/tokenizer_config.json", "w").write('{"tokenizer_class": "BertTokenizer", "do_lower_case": true}\n')
PY
SHAPE="--model_type bert --tokenizer_name tok --config_overrides hidden_size=32,num_hidden_layers=2,num_attention_heads=2,intermediate_size=64,max_position_embeddings=64"
COMMON="--train_file train.txt --per_device_train_batch_size 8 --learning_rate 5e-3 --threads 1 --max_seq_length 32 --logging_steps 1 --disable_tqdm"
TRAIN="train masked-lm $SHAPE $COMMON"

# ---- it learns; what it prints and leaves ----
run 0 $TRAIN --line_by_line --validation_file valid.txt --max_steps 200 --eval_strategy steps --eval_steps 100 --eval_on_start --save_steps 100 --output_dir first
same out first/all_results.json
python3 - <<'PY' || complain "the results of the training"
import json, math, os
need = "config.json model.safetensors tokenizer_config.json special_tokens_map.json vocab.txt trainer_state.json train_results.json eval_results.json all_results.json README.md checkpoint-100 checkpoint-200".split()
missing = [n for n in need if not os.path.exists("first/" + n)]
assert not missing, missing
r = json.load(open("first/all_results.json"))
assert abs(r["perplexity"] - math.exp(r["eval_loss"])) < 1e-9 * r["perplexity"], r
evals = [e["eval_loss"] for e in json.load(open("first/trainer_state.json"))["log_history"] if "eval_loss" in e]
assert abs(evals[0] - math.log(33)) < 0.5 and r["perplexity"] < 4 and evals[-1] < evals[0] - 1.5, (evals, r)
c = json.load(open("first/config.json"))
assert c["architectures"] == ["BertForMaskedLM"] and c["vocab_size"] == 33, c
card = open("first/README.md").read()
for text in ("pipeline_tag: fill-mask", "- Perplexity: ", "train.txt"):
    assert text in card, text
PY

# ---- the saved folder gives the same perplexity, always, whatever batch and seed ----
cat >agree.py <<'PY'
# agree.py A B KEY…: the two JSON files have the same numbers
import json, sys
a, b = json.load(open(sys.argv[1])), json.load(open(sys.argv[2]))
for k in sys.argv[3:]:
    assert abs(a[k] - b[k]) <= 1e-6 * abs(b[k]), (k, a[k], b[k])
PY
EVALUATE="evaluate masked-lm --line_by_line --model_name_or_path first --validation_file valid.txt --max_seq_length 32 --threads 1"
run 0 $EVALUATE
cp out scores
python3 agree.py scores first/eval_results.json eval_loss perplexity eval_samples || complain "evaluate and train disagree"
run 0 $EVALUATE
python3 - <<'PY' || complain "an evaluation twice gives two numbers"
import json
a, b = json.load(open("out")), json.load(open("scores"))
assert a["eval_loss"] == b["eval_loss"] and a["perplexity"] == b["perplexity"], (a, b)
assert set(a) == {"eval_loss", "eval_samples", "eval_runtime", "eval_samples_per_second", "eval_steps_per_second", "perplexity"}, set(a)
PY
run 0 $EVALUATE --per_device_eval_batch_size 3 --seed 7
python3 agree.py out scores eval_loss perplexity || complain "batch or seed decide about an evaluation"
run 0 $EVALUATE --mlm_probability 0.4
python3 -c 'import json; a, b = json.load(open("out")), json.load(open("scores")); assert a["eval_loss"] != b["eval_loss"], (a, b)' || complain "--mlm_probability changes nothing in an evaluation"

# ---- going on: bit for bit ----
run 0 $TRAIN --max_steps 30 --save_steps 13 --output_dir whole
mkdir part && cp -r whole/checkpoint-13 part/
run 0 $TRAIN --max_steps 30 --save_steps 13 --output_dir part --resume_from_checkpoint part/checkpoint-13
same whole/model.safetensors part/model.safetensors
# ---- 8 rows at once, 2 x 4, 8 x 1: the same masks, dropout on ----
for split in "4 2" "1 8"; do
    set -- $split
    run 0 $TRAIN --max_steps 30 --save_strategy no --per_device_train_batch_size $1 --gradient_accumulation_steps $2 --output_dir split$1
    python3 - $1 <<'PY' || complain "a batch of $1 x $2 is another run"
import json, sys
a, b = ([e["loss"] for e in json.load(open(d + "/trainer_state.json"))["log_history"] if "loss" in e] for d in ("whole", "split" + sys.argv[1]))
assert len(a) == len(b) == 30 and all(abs(x - y) < 1e-3 * x for x, y in zip(a, b)), (a, b)  # rounding grows with the steps; another mask shows at once: losses differ by tenths
assert abs(a[0] - b[0]) < 1e-5 * a[0], (a[0], b[0])
PY
done

# ---- a text an example; whole words; part of the training data for validation; DistilBERT ----
run 0 $TRAIN --line_by_line --whole_word_mask true --pad_to_max_length --validation_split_percentage 10 --max_steps 100 --save_strategy no --output_dir lines
python3 - <<'PY' || complain "line by line, whole words"
import json
lines = [l for l in open("train.txt") if l.strip()]
r = json.load(open("lines/all_results.json"))
assert r["eval_samples"] == len(lines) * 10 // 100 and r["train_samples"] == len(lines) - r["eval_samples"], (r, len(lines))
assert r["perplexity"] < 10, r
PY
run 0 $TRAIN --line_by_line --model_type distilbert --config_overrides dim=32,n_layers=1,n_heads=2,hidden_dim=64,max_position_embeddings=32 --validation_file valid.txt --max_steps 100 --save_strategy no --output_dir distil
python3 -c 'import json; r = json.load(open("distil/all_results.json")); assert r["perplexity"] < 8, r' || complain "DistilBERT does not learn"
# nothing drawn at all is no error: no step changes a weight, and the loss is 0
run 0 $TRAIN --mlm_probability 0 --max_steps 3 --save_strategy no --output_dir nothing
python3 -c 'import json; r = json.load(open("nothing/all_results.json")); assert r["train_loss"] == 0, r' || complain "nothing drawn"
# JSON lines
python3 -c 'import json; [print(json.dumps({"text": l.strip()})) for l in open("valid.txt")]' >valid.jsonl
run 0 evaluate masked-lm --line_by_line --model_name_or_path first --validation_file valid.jsonl --max_seq_length 32 --threads 1
python3 agree.py out scores eval_loss eval_samples || complain "JSON lines are other texts"

# ---- what is refused ----
a_tokenizer bpe
fails 1 "bpe: the tokenizer has no mask token" train masked-lm --tokenizer_name bpe --train_file train.txt --output_dir x1
fails 2 "mlm_probability" $TRAIN --mlm_probability 1.5 --output_dir x2
fails 2 "hone: error: --mask_replace_prob 0.9 and --random_replace_prob 0.2 are more than 1 together" $TRAIN --mask_replace_prob 0.9 --random_replace_prob 0.2 --output_dir x3
fails 2 "65 tokens are more than the model's 64 positions" $TRAIN --max_seq_length 65 --output_dir x4
fails 2 "no room for a text" $TRAIN --max_seq_length 2 --output_dir x5
printf '\n \n\t\n' >blank.txt
fails 1 "no block of 32 tokens" train masked-lm $SHAPE --train_file blank.txt --max_seq_length 32 --output_dir x6
fails 1 "no token between them" train masked-lm $SHAPE --train_file blank.txt --max_seq_length 32 --line_by_line --output_dir x7
fails 2 "a new model needs a tokenizer" train masked-lm --train_file train.txt --output_dir x8
fails 2 "which model" evaluate masked-lm --validation_file valid.txt
fails 1 "absent.txt" $TRAIN --train_file absent.txt --output_dir x9
clean x1 x2 x3 x4 x5 x6 x7 x8 x9
finish
