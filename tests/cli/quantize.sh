# --quantize int8 of `hone pipeline` and `hone evaluate`: every task answers and measures nearly what float32 does; what cannot be is refused with the remedy.
. "$(dirname "$0")/lib.sh"
command -v python3 >/dev/null || { echo "skipped: python3 writes the data and reads the results"; exit 77; }
export GOMP_SPINCOUNT=1000
python3 - <<'PY'
import json, os, random
random.seed(1)
people, places, filler = ["anna", "bert", "carlos", "dora"], ["paris", "berlin", "lima", "oslo"], ["red", "cat", "sat", "on", "the", "mat", "runs", "to", "."]
def sentence():
    picks = [random.choice([(people, "B-PER"), (places, "B-LOC"), (filler, "O"), (filler, "O")]) for _ in range(random.randint(4, 9))]
    return [random.choice(p[0]) for p in picks], [p[1] for p in picks]
rows = [sentence() for _ in range(150)]
open("ner.conll", "w").write("\n".join("".join(f"{w} {t}\n" for w, t in zip(*r)) for r in rows))
open("in.jsonl", "w").write("".join(json.dumps(dict(inputs=" ".join(w))) + "\n" for w, _ in rows[:40]))
os.mkdir("tok")
open("tok/vocab.txt", "w").write("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *filler, *people, *places]) + "\n")
open("tok/tokenizer_config.json", "w").write('{"tokenizer_class": "BertTokenizer", "do_lower_case": true}\n')
PY
NER="token-classification --model_type bert --tokenizer_name tok --config_overrides hidden_size=64,num_hidden_layers=2,num_attention_heads=2,intermediate_size=128,max_position_embeddings=64"
RUN="--max_steps 60 --per_device_train_batch_size 16 --learning_rate 1e-3 --overwrite_output_dir --save_strategy no --threads 1"
run 0 train $NER $RUN --train_file ner.conll --validation_file ner.conll --output_dir ner

# Refusals cost nothing.
fails 2 "--quantize: must be one of none, int8, is \"int4\"" pipeline token-classification --model ner --quantize int4 x
fails 2 "--quantize: must be one of none, int8" evaluate token-classification --model_name_or_path ner --validation_file ner.conll --quantize 8
fails 2 "--quantize is no option" train $NER $RUN --train_file ner.conll --output_dir no --quantize int8
echo '{"quantize": "int8"}' >args.json
fails 2 "it is for evaluations" train $NER --config args.json $RUN --train_file ner.conll --output_dir no
clean no
for task in token-classification text-classification question-answering text-generation fill-mask; do
    run 0 pipeline $task --help
    says out "--quantize NAME "
done
run 0 evaluate token-classification --help
says out "--quantize NAME "

# Metrics and answers are close, and not the same numbers.
for how in none int8; do
    run 0 evaluate token-classification --model_name_or_path ner --validation_file ner.conll --quantize $how --threads 1
    cp out $how.metrics
    run 0 pipeline token-classification --model ner --input in.jsonl --batch_size 8 --quantize $how --threads 1
    cp out $how.answers
done
run 0 pipeline token-classification --model ner --input in.jsonl --batch_size 1 --quantize int8 --threads 3
same out int8.answers # whatever stands beside a text, and however many threads there are
echo '{"quantize": "int8", "max_steps": 3}' >args.json
run 0 evaluate token-classification --config args.json --model_name_or_path ner --validation_file ner.conll --threads 1
for name in eval_loss eval_f1; do
    equals "$(grep $name out)" "$(grep $name int8.metrics)" "$name by --config"
done
python3 - <<'PY' || complain "int8 beside float32"
import json
a, b = (json.load(open(f"{how}.metrics")) for how in ("none", "int8"))
assert a["eval_f1"] > 0.9 and abs(a["eval_f1"] - b["eval_f1"]) < 0.02, (a, b)
assert 0 < abs(a["eval_loss"] - b["eval_loss"]) < 0.02 * a["eval_loss"] + 0.002, (a, b)
exact, narrow = ([json.loads(line) for line in open(f"{how}.answers")] for how in ("none", "int8"))
pairs = [(x, y) for m, n in zip(exact, narrow) for x, y in zip(m, n)]
assert len(pairs) > 40 and sum(x["word"] == y["word"] and x["entity"] == y["entity"] for x, y in pairs) > 0.97 * len(pairs)
assert max(abs(x["score"] - y["score"]) for x, y in pairs) < 0.1 and any(x["score"] != y["score"] for x, y in pairs)
PY

# A language model: text and perplexity.
a_tokenizer gpt2
GPT2="causal-lm --tokenizer_name gpt2 --config_overrides n_embd=64,n_layer=2,n_head=2,n_positions=64 --block_size 16"
run 0 train $GPT2 $RUN --train_file gpt2.corpus --validation_file gpt2.corpus --output_dir lm
for how in none int8; do
    run 0 evaluate causal-lm --model_name_or_path lm --validation_file gpt2.corpus --block_size 16 --quantize $how --threads 1
    cp out lm.$how
    run 0 pipeline text-generation --model lm --quantize $how --threads 1 --max_new_tokens 5 the
    says out generated_text
done
python3 - <<'PY' || complain "perplexity"
import json
a, b = (json.load(open(f"lm.{how}"))["eval_loss"] for how in ("none", "int8"))
assert 0 < abs(a - b) < 0.01 * a, (a, b)
PY
finish
