# --bf16 and --bf16_full_eval: every task's losses stay within 1 % of fp32's over its run and are not the same numbers; a run that was stopped goes on bit for bit, for any number of
# threads; files are fp32's; a CPU without the instructions is told so.
. "$(dirname "$0")/lib.sh"
command -v python3 >/dev/null || { echo "skipped: python3 writes the data and reads the results"; exit 77; }
export GOMP_SPINCOUNT=1000
python3 - <<'PY'
import json, os, random
random.seed(1)
people, places = ["anna", "bert", "carlos", "dora"], ["paris", "berlin", "lima", "oslo"]
filler = ["red", "cat", "sat", "on", "the", "mat", "runs", "to", "."]
def sentence():
    words, tags = [], []
    for _ in range(random.randint(4, 9)):
        kind = random.random()
        pick = (people, "B-PER") if kind < 0.3 else (places, "B-LOC") if kind < 0.5 else (filler, "O")
        words.append(random.choice(pick[0])), tags.append(pick[1])
    return words, tags
rows = [sentence() for _ in range(200)]
open("ner.conll", "w").write("\n".join("".join(f"{w} {t}\n" for w, t in zip(*r)) for r in rows))
open("text.csv", "w").write("sentence,label\n" + "".join(f"{' '.join(w)},{'person' if 'B-PER' in t else 'none'}\n" for w, t in rows))
open("lines.txt", "w").write("".join(" ".join(w) + "\n" for w, _ in rows))
paragraphs = []
for i, (words, tags) in enumerate(rows):
    words = words + [random.choice(people)]
    context = " ".join(words)
    paragraphs.append(dict(context=context, qas=[dict(id=str(i), question="who is it ?", answers=[dict(text=words[-1], answer_start=context.rindex(words[-1]))])]))
json.dump(dict(version="1.1", data=[dict(title="t", paragraphs=paragraphs)]), open("qa.json", "w"))
os.mkdir("tok")
open("tok/vocab.txt", "w").write("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "?", "who", "is", "it", *filler, *people, *places]) + "\n")
open("tok/tokenizer_config.json", "w").write('{"tokenizer_class": "BertTokenizer", "do_lower_case": true}\n')
PY
BERT="--model_type bert --tokenizer_name tok --config_overrides hidden_size=64,num_hidden_layers=2,num_attention_heads=2,intermediate_size=128,max_position_embeddings=64"
RUN="--max_steps 80 --logging_steps 5 --per_device_train_batch_size 16 --learning_rate 1e-3 --overwrite_output_dir"
a_tokenizer gpt2
GPT2="causal-lm --tokenizer_name gpt2 --config_overrides n_embd=64,n_layer=2,n_head=2,n_positions=64 --train_file gpt2.corpus --validation_file gpt2.corpus --block_size 16"

# The same message, status and remedy wherever the instructions are not used.
HONE_ISA=avx2 fails 2 "--bf16: this cpu" train $GPT2 $RUN --bf16 --output_dir no
HONE_ISA=avx2 fails 2 "--bf16_full_eval: this cpu" train $GPT2 $RUN --bf16_full_eval --output_dir no
fails 2 "--fp16: the device cpu" train $GPT2 $RUN --fp16 --output_dir no
clean no
"$HONE" --version | grep -q BF16 || { skips "this CPU does not multiply in bfloat16"; finish; }

# beside LOG LOG: losses within 1 % of each other, and not the same ones.
beside() {
    python3 - "$1" "$2" <<'PY' || complain "$1 and $2"
import json, sys
losses = [[e["loss"] for e in json.load(open(f + "/trainer_state.json"))["log_history"] if "loss" in e] for f in sys.argv[1:]]
assert len(losses[0]) == len(losses[1]) >= 4, losses
worst = max(abs(a / b - 1) for a, b in zip(*losses))
assert worst < 0.01 and losses[0] != losses[1], (worst, losses)
PY
}
task() {
    local name=$1
    shift
    run 0 train "$@" $RUN --threads 1 --save_strategy no --output_dir "$name.fp32"
    run 0 train "$@" $RUN --threads 1 --save_strategy no --output_dir "$name.bf16" --bf16
    beside "$name.fp32" "$name.bf16"
    equals "$(stat -c %s "$name.bf16/model.safetensors")" "$(stat -c %s "$name.fp32/model.safetensors")" "size of the $name's weights"
}
task gpt $GPT2
task ner token-classification $BERT --train_file ner.conll
task text text-classification $BERT --train_file text.csv
task mlm masked-lm $BERT --train_file lines.txt --line_by_line
task qa question-answering $BERT --train_file qa.json --max_seq_length 32 --doc_stride 8

# Stopped and resumed, and with another number of threads: the same bits.
run 0 train $GPT2 $RUN --max_steps 30 --save_steps 13 --bf16 --threads 1 --output_dir whole
run 0 train $GPT2 --max_steps 30 --logging_steps 5 --per_device_train_batch_size 16 --learning_rate 1e-3 --save_strategy no --bf16 --threads 1 --output_dir part \
    --resume_from_checkpoint whole/checkpoint-13
same whole/model.safetensors part/model.safetensors
run 0 evaluate causal-lm --model_name_or_path whole --validation_file gpt2.corpus --block_size 16 --threads 1 --bf16_full_eval
cp out one
run 0 evaluate causal-lm --model_name_or_path whole --validation_file gpt2.corpus --block_size 16 --threads 3 --bf16_full_eval
python3 - <<'PY' || complain "evaluations"
import json
one, three = json.load(open("one")), json.load(open("out"))
assert one["eval_loss"] == three["eval_loss"], (one, three)
PY
run 0 evaluate causal-lm --model_name_or_path whole --validation_file gpt2.corpus --block_size 16 --threads 1
python3 - <<'PY' || complain "evaluations in fp32 and bf16"
import json
bf16, fp32 = json.load(open("one"))["eval_loss"], json.load(open("out"))["eval_loss"]
assert bf16 != fp32 and abs(bf16 / fp32 - 1) < 0.01, (bf16, fp32)
PY
finish
