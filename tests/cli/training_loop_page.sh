# docs/training-loop.md: its lines of C stand in the examples, and its program, stopped after two epochs and taken up again, ends with the weights of the run that was not stopped.
. "$(dirname "$0")/lib.sh"
page=$HONE_SOURCE_DIR/docs/training-loop.md
command -v python3 >/dev/null || { echo "skipped: python3 reads the page"; exit 77; }
export GOMP_SPINCOUNT=1000
python3 - "$page" "$HONE_SOURCE_DIR" <<'PY' || complain "lines of the page"
import pathlib, re, sys
page = open(sys.argv[1]).read()
squeeze = lambda text: re.sub(r"\s+", " ", text)
known = squeeze(" ".join(p.read_text() for p in sorted(pathlib.Path(sys.argv[2], "examples").iterdir())))
rows = [r for r in re.findall(r"^\| `[^\n]* \| `([^`\n]*)` \|$", page.split("## What means little")[0], re.M)]
assert len(rows) >= 25, len(rows)
lost = [r for r in rows if squeeze(r) not in known]
assert not lost, lost
open("page.c", "w").write(re.search(r"```c\n(.*?)```", page, re.S).group(1))
PY

if sanitized || [ ! -f "$HONE_BUILD/libhone.a" ] || ! command -v cc >/dev/null || ! command -v pkg-config >/dev/null; then
    skips "the program of the page is compiled with cc and pkg-config against a plain static library"
    finish
fi
cc -std=c11 -O1 page.c -o page -I "$HONE_SOURCE_DIR/include" -I "$HONE_SOURCE_DIR/examples" "$HONE_BUILD/libhone.a" \
    $(pkg-config --libs jansson libxxhash libpcre2-8 libutf8proc) -ldnnl -fopenmp -lpthread -lm >out 2>err || complain "the program does not compile"

a_bert_tokenizer tok . the anna bert stone visits sees good bad
{
    echo 'sentence,label'
    for i in $(seq 25); do
        printf 'anna sees the good stone,good\nbert visits the bad stone,bad\nthe stone sees bert . bad,bad\n'
    done
} >train.csv
run 0 train text-classification --model_type bert --tokenizer_name tok --train_file train.csv --max_steps 1 --save_strategy no --threads 1 --output_dir model \
    --config_overrides hidden_size=32,num_hidden_layers=1,num_attention_heads=2,intermediate_size=64,max_position_embeddings=32
./page model whole train.csv train.csv 4 no-state >out 2>err || complain "the whole run"
equals "$(cat out)" "40 batches" "batches of the whole run"
./page model part train.csv train.csv 2 state >out 2>err || complain "the first part"
equals "$(cat out)" "20 batches" "batches of the first part"
./page model part train.csv train.csv 4 state >out 2>err || complain "the second part"
says err "going on in epoch 1 at batch 6"
equals "$(cat out)" "40 batches" "batches of both parts"
same whole/model.safetensors part/model.safetensors
finish
