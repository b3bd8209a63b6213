# hone train|evaluate text-classification on made-up sentences and a BERT of a few thousand parameters: it learns single texts, pairs and numbers, its files are complete, a stopped run goes on bit for bit,
# the saved folder gives the same scores, the best model is kept, predictions are run_glue.py's; DistilBERT and GPT-2 learn too.
. "$(dirname "$0")/lib.sh"
command -v python3 >/dev/null || { echo "skipped: python3 writes the data and reads the results"; exit 77; }
export GOMP_SPINCOUNT=1000

# A film is good or bad by one word; two sentences are equal when the second one has an animal (the first one may have one or not); a number is how often "very" is said.
python3 - <<'PY'
import json, os, random
random.seed(2)
good, bad, rest = ["fine", "great", "moving"], ["dull", "awful", "boring"], "the a film plot cast is was and very it".split()
animals = ["cat", "dog", "bird"]
def said(word): return " ".join(random.choices(rest, k=random.randint(1, 5)) + [word] + random.choices(rest, k=random.randint(0, 5)))
def film(): c = random.randint(0, 1); return said(random.choice(good if c else bad)), c
def pair(): c = random.randint(0, 1); return said(random.choice(animals + good)), said(random.choice(animals if c else good)), c
def number(): s = said("film"); return s, s.split().count("very") * 0.5
def write(name, rows): open(name, "w", newline="").write("".join(rows))
for name, n in (("train", 320), ("valid", 64), ("test", 40)):
    write(name + ".tsv", (f"{s}\t{c}\n" for s, c in (film() for _ in range(n))))
    write(name + "_mrpc.txt", ["\ufeffQuality\t#1 ID\t#2 ID\t#1 String\t#2 String\r\n"] + [f"{c}\t{i}\t{i + 1}\t{a}\t{b}\r\n" for i, (a, b, c) in enumerate(pair() for _ in range(n))])
    write(name + "_score.csv", ["sentence1,score\n"] + [f"{s},{v}\n" for s, v in (number() for _ in range(n))])
rows = lambda f: (line.rstrip("\n").split("\t") for line in open(f))
write("named.jsonl", (json.dumps({"text": s, "label": ["bad", "good"][int(c)]}) + "\n" for s, c in rows("valid.tsv")))
write("glue.tsv", ["index\tsentence\n"] + [f"{i}\t{s}\n" for i, (s, c) in enumerate(rows("test.tsv"))])
write("cola.tsv", (f"gj04\t{c}\t{'' if c == '1' else '*'}\t{s}\n" for s, c in rows("valid.tsv")))
write("secret.jsonl", (json.dumps({"sentence": s, "label": -1, "idx": i}) + "\n" for i, (s, c) in enumerate(rows("test.tsv"))))
write("sets.jsonl", (json.dumps({"text": s, "labels": [n for n, w in (("very", "very"), ("cast", "cast"), ("plot", "plot")) if w in s.split()]}) + "\n" for s, c in rows("train.tsv")))
os.mkdir("tok")
open("tok/vocab.txt", "w").write("\n".join("[PAD] [UNK] [CLS] [SEP] [MASK]".split() + good + bad + rest + animals) + "\n")
open("tok/tokenizer_config.json", "w").write('{"tokenizer_class": "BertTokenizer", "do_lower_case": true}\n')
PY
SHAPE="--model_type bert --tokenizer_name tok --config_overrides hidden_size=32,num_hidden_layers=2,num_attention_heads=2,intermediate_size=64,max_position_embeddings=40"
COMMON="--per_device_train_batch_size 16 --learning_rate 3e-3 --threads 1"
TRAIN="train text-classification $SHAPE $COMMON"
cat >agree.py <<'PY'
# agree.py A B KEY…: the two JSON files have the same numbers
import json, sys
a, b = json.load(open(sys.argv[1])), json.load(open(sys.argv[2]))
for k in sys.argv[3:]:
    assert abs(a[k] - b[k]) <= 1e-6 * abs(b[k]), (k, a[k], b[k])
PY

# ---- single texts: it learns; what it prints and leaves ----
run 0 $TRAIN --train_file train.tsv --validation_file valid.tsv --test_file test.tsv --num_train_epochs 6 --eval_strategy epoch --save_strategy epoch --load_best_model_at_end \
    --metric_for_best_model accuracy --pad_to_max_length --output_dir first
same out first/all_results.json
python3 - <<'PY' || complain "the results of the training"
import json, os
need = "config.json model.safetensors tokenizer_config.json special_tokens_map.json trainer_state.json train_results.json eval_results.json predict_results.json all_results.json README.md predict_results.txt".split()
missing = [n for n in need if not os.path.exists("first/" + n)]
assert not missing, missing
r = json.load(open("first/all_results.json"))
assert r["eval_accuracy"] > 0.9 and r["predict_accuracy"] > 0.9, r
assert r["eval_samples"] == 64 and r["predict_samples"] == 40 and r["train_samples"] == 320, r
c = json.load(open("first/config.json"))
assert c["id2label"] == {"0": "0", "1": "1"} and c["problem_type"] == "single_label_classification" and c["architectures"] == ["BertForSequenceClassification"], c
s = json.load(open("first/trainer_state.json"))
best = max(e["eval_accuracy"] for e in s["log_history"] if "eval_accuracy" in e)
assert s["best_metric"] == best == r["eval_accuracy"], (s["best_metric"], best, r["eval_accuracy"])
card = open("first/README.md").read()
for text in ("pipeline_tag: text-classification", "model-index:", "- Accuracy: "):
    assert text in card, text
lines = open("first/predict_results.txt").read().split("\n")
gold = [line.rstrip("\n").split("\t")[1] for line in open("test.tsv")]
assert lines[0] == "index\tprediction" and lines.pop() == "" and [l.split("\t")[0] for l in lines[1:]] == [str(i) for i in range(40)]
assert sum(l.split("\t")[1] == g for l, g in zip(lines[1:], gold)) / 40 == r["predict_accuracy"]
PY

# ---- the saved folder gives the same scores, whatever the batch; labels by name; files without labels ----
EVALUATE="evaluate text-classification --threads 1 --model_name_or_path"
run 0 $EVALUATE first --validation_file valid.tsv --per_device_eval_batch_size 3
python3 agree.py out first/eval_results.json eval_accuracy eval_loss eval_samples || complain "evaluate and train disagree"
run 0 $EVALUATE first --test_file glue.tsv --output_dir bare
same bare/predict_results.txt first/predict_results.txt
python3 -c 'import json; r = json.load(open("out")); assert "predict_runtime" in r and "predict_accuracy" not in r and r["predict_samples"] == 40, r' || complain "results without labels"
run 0 $EVALUATE first --test_file secret.jsonl --output_dir secret
same secret/predict_results.txt first/predict_results.txt
run 0 $EVALUATE first --validation_file cola.tsv --task_name cola
python3 - <<'PY' || complain "cola without a header"
import json
a, b = json.load(open("out")), json.load(open("first/eval_results.json"))
assert a["eval_accuracy"] == b["eval_accuracy"] and 0.8 < a["eval_matthews_correlation"] <= 1 and "eval_combined_score" not in a, a
PY
run 0 $TRAIN --train_file named.jsonl --validation_file named.jsonl --max_steps 1 --save_strategy no --output_dir named
python3 -c 'import json; c = json.load(open("named/config.json")); assert c["id2label"] == {"0": "bad", "1": "good"}, c' || complain "classes in alphabetical order"
run 0 $EVALUATE named --validation_file valid.tsv # numbers are the ids of the model's names
run 0 $EVALUATE named --validation_file named.jsonl
cp out by_name
run 0 $EVALUATE named --validation_file valid.tsv
python3 agree.py out by_name eval_accuracy eval_loss || complain "names and numbers"
run 0 train text-classification --model_name_or_path named --train_file train.tsv --validation_file named.jsonl --max_steps 1 --save_strategy no --output_dir again $COMMON
python3 -c 'import json; c = json.load(open("again/config.json")); assert c["id2label"] == {"0": "bad", "1": "good"}, c' || complain "the model's names for numbers"
run 0 $TRAIN --train_file named.jsonl --label_names good,bad --max_steps 1 --save_strategy no --output_dir given
python3 -c 'import json; c = json.load(open("given/config.json")); assert c["id2label"] == {"0": "good", "1": "bad"}, c' || complain "--label_names"
run 0 $EVALUATE first --validation_file named.jsonl --label_names bad,good # names for the model's 0 and 1
python3 agree.py out first/eval_results.json eval_accuracy eval_loss || complain "--label_names of an evaluation"
# a column of labels that was named need not be in a file to be predicted
(echo "said,mood" && tr '\t' , <test.tsv) >mood.csv
(echo said && cut -f 1 test.tsv) >moodless.csv
run 0 $TRAIN --train_file mood.csv --text_column_name said --label_column_name mood --test_file moodless.csv --max_steps 1 --save_strategy no --output_dir mood
equals "$(wc -l <mood/predict_results.txt)" 41 "lines of predict_results.txt"
fails 1 'moodless.csv:1: there is no column "mood"' $EVALUATE mood --text_column_name said --label_column_name mood --validation_file moodless.csv

# ---- pairs: MRPC's file as it is published, with GLUE's names and metrics ----
run 0 $TRAIN --task_name mrpc --train_file train_mrpc.txt --validation_file valid_mrpc.txt --test_file test_mrpc.txt --num_train_epochs 20 --save_strategy no --output_dir pairs
says err 'rows of #1 String and #2 String'
python3 - <<'PY' || complain "pairs"
import json
r = json.load(open("pairs/all_results.json"))
assert r["eval_accuracy"] > 0.9 and r["eval_f1"] > 0.9, r
assert abs(r["eval_combined_score"] - (r["eval_accuracy"] + r["eval_f1"]) / 2) < 1e-15, r
c = json.load(open("pairs/config.json"))
assert c["id2label"] == {"0": "not_equivalent", "1": "equivalent"}, c["id2label"]
said = [line.split("\t")[1] for line in open("pairs/predict_results_mrpc.txt").read().split("\n")[1:-1]]
gold = [line.split("\t")[0] for line in open("test_mrpc.txt", encoding="utf-8-sig").read().split("\n")[1:-1]]
right = sum(s == c["id2label"][g] for s, g in zip(said, gold)) / 40
assert right == r["predict_accuracy"] > 0.9, (right, r)
PY
run 0 $EVALUATE pairs --validation_file valid_mrpc.txt --task_name mrpc
python3 agree.py out pairs/eval_results.json eval_accuracy eval_f1 eval_combined_score eval_loss || complain "evaluate of pairs"
run 0 $EVALUATE pairs --validation_file valid_mrpc.txt --label_column_name Quality --text_column_name '#2 String' --text_pair_column_name '#1 String'
says err 'rows of #2 String and #1 String'

# ---- numbers ----
run 0 $TRAIN --train_file train_score.csv --validation_file valid_score.csv --test_file test_score.csv --num_train_epochs 12 --save_strategy no --output_dir numbers
python3 - <<'PY' || complain "regression"
import json
r = json.load(open("numbers/all_results.json"))
assert r["eval_pearson"] > 0.8 and r["eval_spearmanr"] > 0.6 and abs(r["eval_mse"] - r["eval_loss"]) < 1e-5 * r["eval_loss"], r
c = json.load(open("numbers/config.json"))
assert c["problem_type"] == "regression" and c["id2label"] == {"0": "LABEL_0"}, c
lines = open("numbers/predict_results.txt").read().split("\n")[1:-1]
assert len(lines) == 40 and all(len(l.split("\t")[1].split(".")[1]) == 3 for l in lines), lines[:3]
PY
run 0 $EVALUATE numbers --validation_file valid_score.csv --task_name stsb
python3 - <<'PY' || complain "stsb"
import json
a, b = json.load(open("out")), json.load(open("numbers/eval_results.json"))
assert abs(a["eval_pearson"] - b["eval_pearson"]) < 1e-6 and "eval_mse" not in a, a
assert abs(a["eval_combined_score"] - (a["eval_pearson"] + a["eval_spearmanr"]) / 2) < 1e-15, a
PY
run 0 $TRAIN --train_file train.tsv --validation_file valid.tsv --do_regression --max_steps 2 --save_strategy no --output_dir whole_numbers
python3 -c 'import json; r = json.load(open("out")); assert "eval_pearson" in r and "eval_accuracy" not in r, r' || complain "--do_regression"

# ---- several classes a row ----
run 0 $TRAIN --train_file sets.jsonl --validation_split_percentage 20 --num_train_epochs 12 --save_strategy no --output_dir sets --test_file sets.jsonl
python3 - <<'PY' || complain "several classes a row"
import json
r, c = json.load(open("out")), json.load(open("sets/config.json"))
assert r["eval_f1"] > 0.8 and r["eval_accuracy"] > 0.5 and r["eval_samples"] == 64, r
assert c["problem_type"] == "multi_label_classification" and c["id2label"] == {"0": "cast", "1": "plot", "2": "very"}, c
said = [line.split("\t")[1] for line in open("sets/predict_results.txt").read().split("\n")[1:-1]]
gold = [",".join(sorted(json.loads(line)["labels"])) for line in open("sets.jsonl")]
assert abs(sum(s == g for s, g in zip(said, gold)) / len(gold) - r["predict_accuracy"]) < 1e-12
PY

# ---- DistilBERT, which has no token types ----
run 0 train text-classification --model_type distilbert --tokenizer_name tok --config_overrides dim=32,n_layers=2,n_heads=2,hidden_dim=64,max_position_embeddings=40 $COMMON \
    --train_file train.tsv --validation_file valid.tsv --num_train_epochs 6 --save_strategy no --output_dir distil
python3 -c 'import json; r = json.load(open("out")); assert r["eval_accuracy"] > 0.9, r' || complain "DistilBERT"
cp out distilled
run 0 $EVALUATE distil --validation_file valid.tsv
python3 agree.py out distilled eval_accuracy eval_loss || complain "evaluate of DistilBERT"

# ---- GPT-2: no special tokens, no padding; from its configuration, and a language model's folder with one warning, of the new head ----
cut -f 1 train.tsv >texts.txt
run 0 tokenizer train --vocab_size 300 --output_dir bytes --threads 1 texts.txt
GPT2="--tokenizer_name bytes --config_overrides n_embd=32,n_layer=2,n_head=2,n_positions=64"
run 0 train text-classification --model_type gpt2 $GPT2 $COMMON --train_file train.tsv --validation_file valid.tsv --num_train_epochs 6 --save_strategy no --output_dir causal
python3 - <<'EOF' || complain "GPT-2"
import json
r, c = json.load(open("out")), json.load(open("causal/config.json"))
assert r["eval_accuracy"] > 0.9, r
assert c["architectures"] == ["GPT2ForSequenceClassification"] and c["problem_type"] == "single_label_classification" and c["eos_token_id"] == 0 and "pad_token_id" not in c, c
EOF
cp out of_gpt2
run 0 $EVALUATE causal --validation_file valid.tsv --per_device_eval_batch_size 3
python3 agree.py out of_gpt2 eval_accuracy eval_loss || complain "evaluate of GPT-2"
run 0 info causal
says out "GPT2ForSequenceClassification"
run 0 pipeline text-classification --model causal "the film is great" "an awful cast"
python3 - <<'EOF' || complain "pipeline of GPT-2"
import json
a, b = (json.loads(line)[0] for line in open("out"))
assert a["label"] == "1" and b["label"] == "0" and min(a["score"], b["score"]) > 0.5, (a, b)
EOF
run 0 train causal-lm $GPT2 --train_file texts.txt --block_size 16 --max_steps 5 --save_strategy no --threads 1 --output_dir language
run 0 train text-classification --model_name_or_path language $COMMON --train_file train_score.csv --validation_file valid_score.csv --num_train_epochs 12 --save_strategy no --output_dir of_language
says err "newly initialized: ['score.weight']"
equals "$(grep -c 'not used when' err)" 0 "weights that were lost"
python3 -c 'import json; r = json.load(open("out")); assert r["eval_pearson"] > 0.8, r' || complain "numbers by GPT-2"
run 0 train text-classification --model_name_or_path language $COMMON --train_file sets.jsonl --validation_split_percentage 20 --num_train_epochs 12 --save_strategy no --output_dir sets_of_language
python3 -c 'import json; r = json.load(open("out")); assert r["eval_f1"] > 0.8, r' || complain "several classes a row by GPT-2"
printf 'a fine film\t1\n\t0\n' >nothing.tsv
fails 1 "nothing.tsv:2: the text has no token" $EVALUATE causal --validation_file nothing.tsv
run 0 $EVALUATE first --validation_file nothing.tsv # BERT has [CLS]

# ---- the whole run again, and in two parts: the same weights ----
PARTS="--train_file train.tsv --validation_file valid.tsv --max_steps 20 --save_steps 7"
run 0 $TRAIN $PARTS --output_dir whole
run 0 $TRAIN $PARTS --output_dir parts
rm -r parts/checkpoint-14 parts/checkpoint-20 parts/model.safetensors
run 0 $TRAIN $PARTS --output_dir parts --resume_from_checkpoint true
says err "resumed from parts/checkpoint-7"
same whole/model.safetensors parts/model.safetensors

# ---- class weights and label smoothing; a part of the training data for validation; early stopping ----
run 0 $EVALUATE first --validation_file valid.tsv --class_weights 1,1
python3 agree.py out first/eval_results.json eval_accuracy eval_loss || complain "weights of one"
run 0 $EVALUATE pairs --validation_file valid_mrpc.txt --label_smoothing_factor 0.2
python3 -c 'import json; a, b = json.load(open("out")), json.load(open("pairs/eval_results.json")); assert a["eval_loss"] > b["eval_loss"] + 0.05, a' || complain "label smoothing"
run 0 $TRAIN --train_file train.tsv --class_weights balanced --label_smoothing_factor 0.1 --validation_split_percentage 25 --num_train_epochs 9 --eval_strategy epoch --save_strategy no \
    --early_stopping_patience 1 --early_stopping_threshold 0.9 --metric_for_best_model accuracy --output_dir split
says err "class 1 weighs"
python3 - <<'PY' || complain "split and early stopping"
import json
r, s = json.load(open("split/all_results.json")), json.load(open("split/trainer_state.json"))
assert r["eval_samples"] == 80 and r["train_samples"] == 240, r
assert s["epoch"] == 2, s["epoch"]  # no evaluation is better by 0.9 than the first
PY
run 0 $TRAIN --train_file train.tsv --validation_split_percentage 25 --max_eval_samples 7 --max_train_samples 50 --max_steps 1 --save_strategy no --output_dir limited
python3 -c 'import json; r = json.load(open("out")); assert r["eval_samples"] == 7 and r["train_samples"] == 50, r' || complain "a split with limits"

# ---- transformers loads the folders and gives the same logits ----
python=${HONE_REFERENCE_PYTHON:-}
[ -n "$python" ] && [ -x "$python" ] || { skips "transformers is not there (HONE_REFERENCE_PYTHON)"; finish; }
"$python" - <<'PY' || complain "what transformers makes of the folders"
import json, torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer
tok = AutoTokenizer.from_pretrained("first")
model = AutoModelForSequenceClassification.from_pretrained("first").eval()
rows = [line.rstrip("\n").split("\t") for line in open("valid.tsv")]
with torch.no_grad():
    out = model(**tok([r[0] for r in rows], padding=True, return_tensors="pt"), labels=torch.tensor([int(r[1]) for r in rows]))
r = json.load(open("first/eval_results.json"))
assert abs(out.loss.item() - r["eval_loss"]) < 1e-5 and (out.logits.argmax(-1) == torch.tensor([int(x[1]) for x in rows])).float().mean().item() == r["eval_accuracy"], (out.loss, r)
tok = AutoTokenizer.from_pretrained("numbers")
model = AutoModelForSequenceClassification.from_pretrained("numbers").eval()
rows = [line.rstrip("\n").split(",") for line in open("test_score.csv")][1:]
with torch.no_grad():
    got = model(**tok([x[0] for x in rows], padding=True, return_tensors="pt")).logits[:, 0]
said = torch.tensor([float(line.split("\t")[1]) for line in open("numbers/predict_results.txt").read().split("\n")[1:-1]])
assert (got - said).abs().max() < 6e-4, (got - said).abs().max()  # three decimals
tok = AutoTokenizer.from_pretrained("causal")
model = AutoModelForSequenceClassification.from_pretrained("causal").eval()
rows = [line.rstrip("\n").split("\t") for line in open("valid.tsv")]
with torch.no_grad():  # one by one: the configuration names no padding
    loss = sum(model(**tok(text, return_tensors="pt"), labels=torch.tensor([int(label)])).loss.item() for text, label in rows) / len(rows)
assert type(model).__name__ == "GPT2ForSequenceClassification" and abs(loss - json.load(open("of_gpt2"))["eval_loss"]) < 1e-5, loss
PY
finish
