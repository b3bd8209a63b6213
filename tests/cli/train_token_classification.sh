# hone train|evaluate token-classification on made-up sentences and a BERT of a few thousand parameters: it learns, its files are complete, a stopped run goes on bit for bit, the saved
# folder gives the same scores, the best model is kept, predictions have a tag a word, windows do not change what is scored.
. "$(dirname "$0")/lib.sh"
command -v python3 >/dev/null || { echo "skipped: python3 writes the data and reads the results"; exit 77; }
export GOMP_SPINCOUNT=1000

# Persons have two words, places one, and the words of both also occur outside entities; every third word is of two pieces.
python3 - <<'PY'
import random
random.seed(1)
first, last = ["anna", "bert", "carlos", "dora"], ["stone", "baker", "rivers", "woods"]
places, verbs = ["paris", "berlin", "lima", "oslo"], ["visits", "leaves", "likes", "sees"]
def sentence():
    words, tags = [], []
    for _ in range(random.randint(1, 3)):
        if random.random() < 0.7:
            words += [random.choice(first), random.choice(last)]; tags += ["B-PER", "I-PER"]
        else:
            words += ["the", random.choice(last)]; tags += ["O", "O"]
        words += [random.choice(verbs)]; tags += ["O"]
        if random.random() < 0.7:
            words += [random.choice(places)]; tags += ["B-LOC"]
        else:
            words += ["a", random.choice(first)]; tags += ["O", "O"]
        words += ["."]; tags += ["O"]
    return words, tags
for name, n in (("train", 240), ("valid", 60), ("test", 40)):
    with open(name + ".conll", "w") as f:
        for _ in range(n):
            f.write("".join(f"{w} {t}\n" for w, t in zip(*sentence())) + "\n")
vocab = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", "the", "a", "an", "##na", "bert", "car", "##los", "do", "##ra", "stone", "baker", "river", "##s", "wood",
         "paris", "ber", "##lin", "lima", "os", "##lo", "visit", "leave", "like", "see"]
import os
os.mkdir("tok")
open("tok/vocab.txt", "w").write("\n".join(vocab) + "\n")
open("tok/tokenizer_config.json", "w").write('{"tokenizer_class": "BertTokenizer", "do_lower_case": true}\n')
PY
SHAPE="--model_type bert --tokenizer_name tok --config_overrides hidden_size=32,num_hidden_layers=2,num_attention_heads=2,intermediate_size=64,max_position_embeddings=64"
COMMON="--train_file train.conll --validation_file valid.conll --per_device_train_batch_size 8 --learning_rate 5e-3 --weight_decay 0.01 --threads 1"
TRAIN="train token-classification $SHAPE $COMMON"

# ---- it learns; what it prints and leaves ----
run 0 $TRAIN --num_train_epochs 12 --eval_strategy epoch --save_strategy epoch --load_best_model_at_end --metric_for_best_model f1 --test_file test.conll --output_dir first \
    --return_entity_level_metrics --logging_steps 10
same out first/all_results.json
python3 - <<'PY' || complain "the results of the training"
import json, os
need = "config.json model.safetensors tokenizer_config.json special_tokens_map.json trainer_state.json train_results.json eval_results.json predict_results.json all_results.json README.md predictions.txt".split()
missing = [n for n in need if not os.path.exists("first/" + n)]
assert not missing, missing
r = json.load(open("first/all_results.json"))
assert r["eval_f1"] > 0.9 and r["predict_f1"] > 0.9, r
for k in "eval_loss eval_precision eval_recall eval_accuracy eval_samples eval_PER_f1 eval_LOC_f1 eval_LOC_number predict_loss predict_precision predict_samples train_loss train_samples".split():
    assert k in r, (k, r)
assert r["eval_samples"] == 60 and r["predict_samples"] == 40 and isinstance(r["eval_LOC_number"], int)
c = json.load(open("first/config.json"))
assert c["id2label"] == {"0": "O", "1": "B-LOC", "2": "I-LOC", "3": "B-PER", "4": "I-PER"}, c["id2label"]
assert c["label2id"]["I-PER"] == 4 and c["architectures"] == ["BertForTokenClassification"]
s = json.load(open("first/trainer_state.json"))
evals = [e for e in s["log_history"] if "eval_f1" in e]
best = max(e["eval_f1"] for e in evals)
assert s["best_metric"] == best and r["eval_f1"] == best, (s["best_metric"], best, r["eval_f1"])
card = open("first/README.md").read()
for text in ("pipeline_tag: token-classification", "model-index:", "type: token-classification", "train.conll", "- F1: ", "- Per Number: %d\n" % r["eval_PER_number"]):
    assert text in card, text
# a tag a word
rows = [p.split("\n") for p in open("test.conll").read().strip().split("\n\n")]
said = open("first/predictions.txt").read().split("\n")
assert said.pop() == "" and len(said) == len(rows) == 40
assert all(len(p.split()) == len(r) for p, r in zip(said, rows))
right = sum(x == w.split()[1] for p, r in zip(said, rows) for x, w in zip(p.split(), r))
assert right > 0.95 * sum(map(len, rows)), right
PY

# ---- the saved folder gives the same scores, whatever the batch ----
EVALUATE="evaluate token-classification --model_name_or_path first --validation_file valid.conll --threads 1"
run 0 $EVALUATE --per_device_eval_batch_size 3 --return_entity_level_metrics
cat >agree.py <<'PY'
# agree.py A B KEY…: the two JSON files have the same numbers
import json, sys
a, b = json.load(open(sys.argv[1])), json.load(open(sys.argv[2]))
for k in sys.argv[3:]:
    assert abs(a[k] - b[k]) <= 1e-6 * abs(b[k]), (k, a[k], b[k])
PY
SCORES="eval_precision eval_recall eval_f1 eval_accuracy eval_samples"
python3 agree.py out first/eval_results.json $SCORES eval_loss eval_PER_f1 eval_PER_number eval_LOC_precision || complain "evaluate and train disagree"
cp out scores
run 0 $EVALUATE --output_dir scored --test_file test.conll
python3 agree.py scored/eval_results.json scores $SCORES eval_loss || complain "eval_results.json of evaluate"
python3 agree.py scored/predict_results.json first/predict_results.json predict_f1 predict_loss predict_samples || complain "predict_results.json of evaluate"
same scored/predictions.txt first/predictions.txt
run 0 $EVALUATE --seqeval_mode strict --seqeval_scheme IOB2
python3 agree.py out scores eval_accuracy eval_loss || complain "IOB2 in strict mode"
python3 -c 'import json; a, b = json.load(open("out")), json.load(open("scores")); assert a["eval_precision"] >= b["eval_precision"]' || complain "strict counts as the default mode"
run 0 $EVALUATE --label_smoothing_factor 0.1
python3 - <<'PY' || complain "label smoothing of an evaluation"
import json
a, b = json.load(open("out")), json.load(open("scores"))
assert a["eval_f1"] == b["eval_f1"] and a["eval_loss"] > b["eval_loss"] + 0.05, (a["eval_loss"], b["eval_loss"])
PY
# a terminal gets a table that says mode and scheme
cat >terminal.py <<'PY'
import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
seen = b""
try:
    while chunk := os.read(fd, 65536):
        seen += chunk
except OSError:
    pass
sys.stdout.write(seen.decode())
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
PY
python3 terminal.py "$HONE" $EVALUATE --seqeval_mode strict --seqeval_scheme IOB2 --quiet >table || complain "evaluate on a terminal"
for word in strict IOB2 precision PER LOC "micro avg"; do says table "$word"; done
grep -q eval_f1 table && complain "a terminal got JSON"
# one label a word: the same words, judged by their first tokens
run 0 $EVALUATE --label_all_tokens false
python3 - <<'PY' || complain "one label a word"
import json
a, b = json.load(open("out")), json.load(open("scores"))
assert a["eval_f1"] > 0.9 and a["eval_accuracy"] != b["eval_accuracy"] or a["eval_f1"] == b["eval_f1"] == 1
PY

# ---- windows: every word is scored once. What is scored is what predictions.txt says ----
python3 - <<'PY'
rows = open("valid.conll").read().strip().split("\n\n")
with open("long.conll", "w") as f:  # ten sentences a row
    for i in range(0, len(rows), 10):
        f.write("\n".join(rows[i:i + 10]) + "\n\n")
PY
LONG="evaluate token-classification --model_name_or_path first --validation_file long.conll --test_file long.conll --threads 1 --return_entity_level_metrics"
run 0 $LONG --max_seq_length 28 --stride 16 --label_all_tokens false --output_dir windows
python3 - <<'PY' || complain "windows"
import json
r, whole = json.load(open("out")), json.load(open("scores"))
rows = [p.split("\n") for p in open("long.conll").read().strip().split("\n\n")]
said = open("windows/predictions.txt").read().split("\n")[:-1]
assert [len(p.split()) for p in said] == [len(row) for row in rows]
right = sum(x == w.split()[1] for p, row in zip(said, rows) for x, w in zip(p.split(), row))
assert abs(r["eval_accuracy"] - right / sum(map(len, rows))) < 1e-12 and r["eval_accuracy"] == r["predict_accuracy"], (r, right)
assert r["eval_samples"] > 60 and r["predict_samples"] == 6 and r["eval_LOC_number"] == whole["eval_LOC_number"], r
PY
run 0 $LONG --output_dir cut
says err "rows are longer than 64 tokens and were cut"
python3 - <<'PY' || complain "rows that were cut"
rows = [p.split("\n") for p in open("long.conll").read().strip().split("\n\n")]
said = open("cut/predictions.txt").read().split("\n")[:-1]
assert [len(p.split()) for p in said] == [len(row) for row in rows]
assert all(p.split()[-1] == "O" for p in said)
PY

# ---- a test file without tags ----
python3 - <<'PY'
import json
with open("bare.jsonl", "w") as f:
    for p in open("test.conll").read().strip().split("\n\n"):
        f.write(json.dumps({"tokens": [line.split()[0] for line in p.split("\n")]}) + "\n")
PY
run 0 evaluate token-classification --model_name_or_path first --test_file bare.jsonl --threads 1 --output_dir bare
same bare/predictions.txt first/predictions.txt
python3 -c 'import json; r = json.load(open("out")); assert "predict_runtime" in r and "predict_f1" not in r and r["predict_samples"] == 40, r' || complain "results without tags"
(echo "sentence_id,word" && awk -F ' ' 'BEGIN { n = 1 } NF == 0 { n++ } NF { print n "," $1 }' test.conll) >bare.csv # with the names that training files have
run 0 evaluate token-classification --model_name_or_path first --test_file bare.csv --text_column_name word --label_column_name tag --threads 1 --output_dir bare_csv
same bare_csv/predictions.txt first/predictions.txt

# ---- ids: the model's where it names the tags, numbered anew (and a new head) where it does not ----
run 0 train token-classification --model_name_or_path first $COMMON --max_steps 1 --save_strategy no --output_dir again
python3 -c 'import json; a, b = (json.load(open(d + "/config.json")) for d in ("first", "again")); assert a["id2label"] == b["id2label"]' || complain "id2label of the model"
sed 's/PER/NAME/; s/LOC/WHERE/' train.conll >other.conll
run 0 train token-classification --model_name_or_path first --train_file other.conll --max_steps 1 --save_strategy no --output_dir other --threads 1
says err "do not name the tag"
python3 -c 'import json; a = json.load(open("other/config.json")); assert a["id2label"]["1"] == "B-NAME", a["id2label"]' || complain "classes of other data"
run 0 train token-classification --model_name_or_path first $COMMON --max_steps 1 --save_strategy no --output_dir given --label_names O,B-PER,I-PER,B-LOC I-LOC
python3 -c 'import json; a = json.load(open("given/config.json")); assert a["id2label"]["1"] == "B-PER", a["id2label"]' || complain "--label_names"

# ---- DistilBERT, from scratch and then from its folder; label smoothing and another dropout ----
run 0 train token-classification --model_type distilbert --tokenizer_name tok --config_overrides dim=32,n_layers=1,n_heads=2,hidden_dim=64,max_position_embeddings=64 \
    $COMMON --max_steps 60 --save_strategy no --output_dir distil
run 0 train token-classification --model_name_or_path distil $COMMON --num_train_epochs 3 --save_strategy no --label_smoothing_factor 0.1 --dropout 0 --output_dir distil2
python3 - <<'PY' || complain "DistilBERT"
import json
a, b, c = (json.load(open(p)) for p in ("distil/eval_results.json", "distil2/eval_results.json", "distil2/config.json"))
assert b["eval_f1"] > 0.8, (a, b)
assert c["architectures"] == ["DistilBertForTokenClassification"] and c["dropout"] == c["attention_dropout"] == 0, c
PY

# ---- the whole run again, and in two parts: the same weights ----
run 0 $TRAIN --max_steps 20 --save_steps 7 --output_dir whole
run 0 $TRAIN --max_steps 20 --save_steps 7 --output_dir parts
rm -r parts/checkpoint-14 parts/checkpoint-20 parts/model.safetensors
run 0 $TRAIN --max_steps 20 --save_steps 7 --output_dir parts --resume_from_checkpoint true
says err "resumed from parts/checkpoint-7"
same whole/model.safetensors parts/model.safetensors

# ---- a part of the training data for validation; early stopping ----
run 0 train token-classification $SHAPE --train_file train.conll --validation_split_percentage 25 --learning_rate 5e-3 --threads 1 --num_train_epochs 9 --eval_strategy epoch \
    --save_strategy no --early_stopping_patience 1 --early_stopping_threshold 0.5 --output_dir split
python3 - <<'PY' || complain "split and early stopping"
import json
r, s = json.load(open("split/all_results.json")), json.load(open("split/trainer_state.json"))
assert r["eval_samples"] == 60 and r["train_samples"] == 180, r
assert s["epoch"] == 2, s["epoch"]  # no evaluation is better by 0.5 than the first
PY
# limits count rows, whole ones where they have several windows: of 24 rows the first 6 are for validation
python3 - <<'PY'
rows = open("train.conll").read().strip().split("\n\n")
with open("long.conll", "w") as f:
    for i in range(0, len(rows), 10):
        f.write("\n".join(rows[i:i + 10]) + "\n\n")
PY
run 0 train token-classification $SHAPE --train_file long.conll --validation_split_percentage 25 --max_eval_samples 2 --max_train_samples 3 --max_seq_length 28 --stride 16 --threads 1 --max_steps 1 \
    --save_strategy no --output_dir limited
python3 - <<'PY' || complain "a split with limits"
import json
rows = open("long.conll").read().strip().split("\n\n")
def write(name, part):
    open(name, "w").write("\n\n".join(part) + "\n\n")
write("part_valid.conll", rows[:2])
write("part_train.conll", rows[6:9])
PY
cp out limits
run 0 train token-classification $SHAPE --train_file part_train.conll --validation_file part_valid.conll --max_seq_length 28 --stride 16 --threads 1 --max_steps 1 --save_strategy no --output_dir parted
python3 agree.py out limits eval_samples train_samples eval_accuracy || complain "a split with limits beside files of its rows"
finish
