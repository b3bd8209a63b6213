# hone train|evaluate question-answering on made-up passages and a BERT of a few thousand parameters: it learns which words a question asks for, its files are complete, the saved folder
# gives the same scores, version 2 says where there is no answer and keeps the threshold, a test file is answered; and what bad files are told.
. "$(dirname "$0")/lib.sh"
command -v python3 >/dev/null || { echo "skipped: python3 writes the data and reads the results"; exit 77; }
export GOMP_SPINCOUNT=1000

# A passage is filler with one person and one place; the question asks for one of them. Long passages make several windows of 32 tokens. In version 2 the person is missing from half of the passages.
python3 - <<'PY'
import json, os, random
random.seed(1)
people = ["anna", "bert", "carlos", "dora", "emil", "frida", "gustav", "hanna"]
places = ["paris", "berlin", "lima", "oslo", "rome", "cairo", "tokyo", "delhi"]
filler = ["red", "cat", "sat", "on", "mat", "runs", "to", "."]
def paragraph(i, negative):
    person, place = random.choice(people) + " " + random.choice(people), random.choice(places)
    gap = lambda: " ".join(random.choice(filler) for _ in range(random.choice([2, 5, 20])))
    missing = negative and i % 2
    context = "%s %s %s %s %s" % (gap(), "cat" if missing else person, gap(), place, gap())
    qas = []
    for k, (question, text) in enumerate([("  who is it ?", person), ("where is it ? ", place)]):
        none = missing and k == 0
        answers = [] if none else [dict(text=text, answer_start=context.index(text))] * (k + 1)
        qas.append(dict(id="q%d-%d" % (i, k), question=question, answers=answers, **(dict(is_impossible=bool(none)) if negative else {})))
    return dict(context=context, qas=qas)
def write(name, n, negative, first=0, answers=True):
    ps = [paragraph(first + i, negative) for i in range(n)]
    if not answers:
        for p in ps:
            for q in p["qas"]: del q["answers"]
    json.dump(dict(version="1.1", data=[dict(title="t", paragraphs=ps[i:i + 5]) for i in range(0, n, 5)]), open(name, "w"))
write("train.json", 200, False); write("valid.json", 30, False, 1000); write("test.json", 10, False, 2000, False)
write("train2.json", 200, True); write("valid2.json", 30, True, 1000)
# the same questions as lines
with open("valid.jsonl", "w") as f:
    for a in json.load(open("valid.json"))["data"]:
        for p in a["paragraphs"]:
            for q in p["qas"]:
                f.write(json.dumps(dict(id=q["id"], context=p["context"], question=q["question"],
                                        answers=dict(text=[x["text"] for x in q["answers"]], answer_start=[x["answer_start"] for x in q["answers"]]))) + "\n")
os.mkdir("tok")
open("tok/vocab.txt", "w").write("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "?", "who", "where", "is", "it", "of", *filler, *people, *places]) + "\n")
open("tok/tokenizer_config.json", "w").write('{"tokenizer_class": "BertTokenizer", "do_lower_case": true}\n')
PY
SHAPE="--model_type bert --tokenizer_name tok --config_overrides hidden_size=32,num_hidden_layers=2,num_attention_heads=2,intermediate_size=64,max_position_embeddings=64"
COMMON="--max_seq_length 32 --doc_stride 8 --threads 1"
RUN="--per_device_train_batch_size 8 --learning_rate 4e-3 --logging_steps 20 --save_strategy no"

# ---- it learns; what it prints and leaves ----
run 0 train question-answering $SHAPE $COMMON $RUN --train_file train.json --validation_file valid.json --test_file test.json --num_train_epochs 10 --output_dir first --dropout 0
same out first/all_results.json
python3 - <<'PY' || complain "the results of the training"
import json, os
need = "config.json model.safetensors tokenizer_config.json trainer_state.json all_results.json README.md predictions.json nbest_predictions.json predict_predictions.json predict_nbest_predictions.json".split()
missing = [n for n in need if not os.path.exists("first/" + n)]
assert not missing, missing
assert not os.path.exists("first/null_odds.json") and not os.path.exists("first/question_answering.json")
r = json.load(open("first/all_results.json"))
assert r["eval_exact_match"] > 80 and r["eval_f1"] >= r["eval_exact_match"], r
assert r["eval_samples"] > 60 and r["predict_samples"] >= 20, r  # windows
assert json.load(open("first/config.json"))["architectures"] == ["BertForQuestionAnswering"]
said, nbest = json.load(open("first/predictions.json")), json.load(open("first/nbest_predictions.json"))
contexts, exact = {}, 0
for a in json.load(open("valid.json"))["data"]:
    for p in a["paragraphs"]:
        for q in p["qas"]:
            contexts[q["id"]] = p["context"]
            exact += said[q["id"]].split() in [x["text"].split() for x in q["answers"]]
assert list(said) == list(contexts) == list(nbest)
assert abs(100 * exact / len(said) - r["eval_exact_match"]) < 1e-9, (exact, r)
for k, c in nbest.items():
    assert 1 <= len(c) <= 20 and c[0]["text"] == said[k] and said[k] in contexts[k]
    assert abs(sum(x["probability"] for x in c) - 1) < 1e-9 and list(c[0]) == ["start_logit", "end_logit", "text", "probability"]
answered = json.load(open("first/predict_predictions.json"))
assert len(answered) == 20 and all(answered.values()), answered
PY

# ---- the saved folder gives the same scores, whatever the batch and the form of the file; the official metric agrees ----
run 0 evaluate question-answering --model_name_or_path first --validation_file valid.json $COMMON --per_device_eval_batch_size 3 --output_dir second
run 0 evaluate qa --model_name_or_path first --validation_file valid.jsonl $COMMON --pad_to_max_length true --output_dir third
same first/predictions.json second/predictions.json
same second/predictions.json third/predictions.json
run 0 metric squad --references valid.json --predictions first/predictions.json
python3 - <<'PY' || complain "evaluate and metric"
import json
a, b, c = json.load(open("first/eval_results.json")), json.load(open("third/eval_results.json")), json.load(open("out"))
for k in ("exact_match", "f1"):
    assert a["eval_" + k] == b["eval_" + k] and abs(a["eval_" + k] - c[k]) < 1e-9, (k, a, b, c)
assert abs(a["eval_loss"] - b["eval_loss"]) < 1e-5 * a["eval_loss"]
PY

# ---- version 2: the official keys, the threshold is found, stored, and found again ----
run 0 train question-answering $SHAPE $COMMON $RUN --train_file train2.json --validation_file valid2.json --version_2_with_negative --num_train_epochs 8 --output_dir negative --dropout 0
run 0 evaluate question-answering --model_name_or_path negative --validation_file valid2.json $COMMON --version_2_with_negative --output_dir stored
python3 - <<'PY' || complain "version 2"
import json
r, s = json.load(open("negative/eval_results.json")), json.load(open("stored/eval_results.json"))
for k in "exact f1 total HasAns_exact HasAns_f1 HasAns_total NoAns_exact NoAns_f1 NoAns_total best_exact best_exact_thresh best_f1 best_f1_thresh".split():
    assert "eval_" + k in r, k
assert r["eval_total"] == 60 and r["eval_HasAns_total"] == 45 and r["eval_best_f1"] >= r["eval_f1"] - 1e-9, r
kept = json.load(open("negative/question_answering.json"))
assert kept == {"version_2_with_negative": True, "null_score_diff_threshold": r["eval_best_f1_thresh"]}, kept
assert abs(s["eval_f1"] - r["eval_best_f1"]) < 1e-9, (s, r)
odds, said, nbest = (json.load(open("stored/%s.json" % n)) for n in ("null_odds", "predictions", "nbest_predictions"))
for k, x in odds.items():
    assert (said[k] == "") == (x > kept["null_score_diff_threshold"]), (k, x, said[k])
    assert any(c["text"] == "" for c in nbest[k]), k
PY
run 0 evaluate question-answering --model_name_or_path negative --validation_file valid2.json $COMMON --version_2_with_negative --null_score_diff_threshold -1000 --output_dir none
python3 -c 'import json; assert not any(json.load(open("none/predictions.json")).values()); r = json.load(open("none/eval_results.json")); assert r["eval_NoAns_exact"] == 100 and r["eval_HasAns_exact"] == 0, r' || complain "a threshold below all"

# ---- bad input: a line each, nothing is written ----
BAD="evaluate question-answering --model_name_or_path first $COMMON --validation_file"
head -c 1000 valid.json >cut.json
fails 1 "cut.json:1:1001: the text ends" $BAD cut.json
says err 'hint: at the caret in '
one() { printf '{"data": [{"title": "t", "paragraphs": [{"context": %s,\n "qas": [%s]}]}]}\n' "$1" "$2" >one.json; }
QA='{"id": "a", "question": "who is of lima ?", "answers": [{"text": "bert", "answer_start": 0}]}'
one '"bert of lima"' "$QA, $QA"
fails 1 "one.json:2:105: the id a is there twice; first in " $BAD one.json
one '""' "$QA"
fails 1 "one.json:2:10: question a: its context is empty" $BAD one.json
one '"bert of lima"' '{"id": "a", "question": "who", "answers": "bert"}'
fails 1 'one.json:2:53: question a: "answers" must be an array or an object' $BAD one.json
one '"bert of lima"' '{"id": "a", "question": "who", "answers": [{"text": 3, "answer_start": 0}]}'
fails 1 "one.json:2:62: question a: an answer's \"text\" must be a string" $BAD one.json
one '"bert of lima"' '{"id": "a", "question": "who", "answers": [{"text": "bert", "answer_start": "0"}]}'
fails 1 "question a: an answer's \"answer_start\" must be an integer" $BAD one.json
one '"bert of lima"' '{"id": "a", "question": "who"}'
fails 1 'question a has no "answers"' $BAD one.json
one '"bert of lima"' '{"id": 7, "question": "who", "answers": []}'
fails 1 '"id" must be a string' $BAD one.json
one '"bert of lima . dora of oslo"' '{"id": "long", "question": "who is of lima ? who is of lima ? who is of lima ? who is of lima ? who is of lima ? who is of lima ?", "answers": []}'
fails 1 "one.json:2: question long: its 30 tokens leave no room for the passage in windows of 32 that share 8" $BAD one.json
fails 2 "--doc_stride: 32 tokens leave no room in windows of 32" evaluate question-answering --model_name_or_path first --validation_file valid.json --max_seq_length 32 --doc_stride 32
fails 2 "--doc_stride: windows of 32 tokens, 3 of them special, that share 29 leave no room" evaluate question-answering --model_name_or_path first --validation_file valid.json --max_seq_length 32 --doc_stride 29
fails 2 "--max_seq_length: 100 tokens are more than the model's 64 positions" evaluate question-answering --model_name_or_path first --validation_file valid.json --max_seq_length 100 --doc_stride 8
fails 2 "--null_score_diff_threshold: without --version_2_with_negative" $BAD valid.json --null_score_diff_threshold 1
fails 1 "absent.json" $BAD absent.json --null_score_diff_threshold 0 # the script's default asks for nothing
printf '' >empty.json
fails 1 "empty.json:1:1: it is empty" $BAD empty.json
printf '{"data": []}' >empty.json
fails 1 "empty.json: it has no questions" $BAD empty.json
printf '{"data": 3}' >empty.json
fails 1 'empty.json:1:10: "data" must be an array' $BAD empty.json

# an answer that does not stand where it says is named and counted, and no failure
one '"d\u00e9j\u00e0 . bert of lima"' '{"id": "off", "question": "who", "answers": [{"text": "bert", "answer_start": 8}, {"text": "bert", "answer_start": 7}]}'
run 0 $BAD one.json
says err 'question off: the answer "bert" does not stand at character 8 of its context'
says err 'one.json: 1 answers do not stand where their answer_start says'
finish
