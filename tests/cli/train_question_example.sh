# examples/question_answering.c, the course's loop, runs as it stands on made-up passages: F1 rises, the folder that it saves is a model that hone evaluates to the same score.
. "$(dirname "$0")/lib.sh"
an_example question_answering
python3 - <<'PY'
import json, os, random
random.seed(2)
people, places, filler = ["anna", "bert", "dora", "emil"], ["paris", "lima", "oslo", "rome"], ["cat", "sat", "on", "mat", "runs"]
def rows(n):
    for i in range(n):
        gap = lambda: " ".join(random.choice(filler) for _ in range(random.choice([2, 12])))
        person, place = random.choice(people), random.choice(places)
        context = "%s %s %s %s %s" % (gap(), person, gap(), place, gap())
        question, text = random.choice([("who is it ?", person), ("where is it ?", place)])
        yield dict(id=str(i), context=context, question=question, answers=dict(text=[text], answer_start=[context.index(text)]))
for name, n in (("train", 240), ("valid", 40)):
    open(name + ".jsonl", "w").write("".join(json.dumps(r) + "\n" for r in rows(n)))
os.mkdir("tok")
open("tok/vocab.txt", "w").write("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "?", "who", "where", "is", "it", *people, *places, *filler]) + "\n")
open("tok/tokenizer_config.json", "w").write('{"tokenizer_class": "BertTokenizer", "do_lower_case": true}\n')
PY
run 0 train question-answering --model_type bert --tokenizer_name tok --train_file train.jsonl --max_steps 1 --save_strategy no --threads 1 --max_seq_length 24 --doc_stride 8 --dropout 0 --output_dir model \
    --config_overrides hidden_size=32,num_hidden_layers=2,num_attention_heads=2,intermediate_size=64,max_position_embeddings=64,hidden_dropout_prob=0,attention_probs_dropout_prob=0
"$example" model saved train.jsonl valid.jsonl 15 24 8 1e-3 >log 2>err || complain "the example failed"
run 0 evaluate question-answering --model_name_or_path saved --validation_file valid.jsonl --max_seq_length 24 --doc_stride 8 --threads 1
python3 - <<'PY' || complain "what the example learnt"
import json
rows = [json.loads(line) for line in open("log")]
assert [r["epoch"] for r in rows] == list(range(15)), rows
assert rows[-1]["f1"] > 90 and rows[-1]["f1"] > rows[0]["f1"], rows
again = json.load(open("out"))
for key in ("exact_match", "f1"):
    assert abs(again["eval_" + key] - rows[-1][key]) < 1e-3, (key, again, rows[-1])
PY
finish
