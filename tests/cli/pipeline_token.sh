# hone pipeline token-classification: JSON and marked texts, files, options, bad input.
. "$(dirname "$0")/lib.sh"
MODEL=$HONE_FIXTURES/task/pipelines/token-classification
needs "$MODEL/config.json"
TEXT="My name is Sylvain and I work at Hugging Face in Brooklyn."
export GOMP_SPINCOUNT=1000

# JSON: a line for each text, the reference's keys in their order
run 0 pipeline token-classification --model "$MODEL" "$TEXT" "Paris" ""
silent err
equals "$(wc -l <out)" 3 "answers"
equals "$(tail -2 out | tr '\n' '#')" "[]#[]#" "texts without entities"
says out '{"entity": "I-LOC", "score": 0.24'
says out ', "index": 3, "word": "is", "start": 8, "end": 10}'
run 0 pipeline ner --model "$MODEL" --aggregation-strategy=simple "$TEXT"
says out '[{"entity_group": "LOC", "score": 0.24'
says out ', "word": "is", "start": 8, "end": 10}'
run 0 pipeline ner --model "$MODEL" --aggregation_strategy word "$TEXT"
says out '"word": "Hugging", "start": 33, "end": 40}'
run 0 pipeline ner --model "$MODEL" --aggregation_strategy simple --ignore_labels LOC,O,ORG "$TEXT"
equals "$(cat out)" "[]" "all labels are ignored"
run 0 pipeline ner --model "$MODEL" --profile Paris
says err "  postprocess "
run 0 pipeline ner --model "$MODEL" --profile --format text Paris
says err "  postprocess "
run 0 pipeline ner --model "$MODEL" --ignore_labels "" Paris
says out '"entity": "O"'

# marked texts: brackets and labels without colours, colours on a terminal only
run 0 pipeline ner --model "$MODEL" --format text "$TEXT"
equals "$(sed 's/ 0\.[0-9][0-9]\]/]/g' out)" "My name [is LOC] Sylvain and [I work LOC] [at ORG] [Hugging LOC] Face in [Brooklyn. LOC]" "marked text"
run 0 pipeline ner --model "$MODEL" --format text --aggregation_strategy none "$TEXT"
says out "[is I-LOC 0.24] Sy[l I-LOC 0.33]v[ain I-LOC 0.22] and "
run 0 pipeline ner --model "$MODEL" --format text "$(printf 'Paris \033[31m')"
says out "Paris ?[31m" # what steers a terminal is not passed on
if script -qec true /dev/null >/dev/null 2>&1; then
    on_terminal() { script -qec "$1 '$HONE' pipeline ner --model '$MODEL' $2 'work at'" /dev/null | tr -d '\r'; }
    COLOURED=$(on_terminal "env -u NO_COLOR TERM=xterm" "")
    PLAIN=$(on_terminal "env NO_COLOR=1 TERM=xterm" "")
    case $COLOURED in *"$(printf '\033')[1;"*) ;; *) complain "no colours on a terminal: $COLOURED" ;; esac
    case $PLAIN in *"$(printf '\033')"*) complain "colours though NO_COLOR is set: $PLAIN" ;; esac
    equals "$(printf '%s' "$COLOURED" | sed 's/\x1b\[[0-9;]*m//g')" "$PLAIN" "the same text with and without colours"
    case $(on_terminal "env TERM=xterm" "--format json") in "["*"]") ;; *) complain "no JSON on a terminal with --format json" ;; esac
else
    skips "script opens no terminal here"
fi

# a file: answers in order whatever the batch, words that were split already, bad lines
printf '%s\n' "{\"inputs\": \"$TEXT\"}" '{"tokens": ["Hugging", "Face", "in", "Brooklyn."]}' '{"inputs": 3}' bad '"work at"' '' "{\"text\": \"$TEXT\"}" >in.jsonl
for size in 1 2 3 64; do
    run 1 pipeline ner --model "$MODEL" --input in.jsonl --output out.jsonl --batch_size $size
    silent out
    says err "3 lines"
    equals "$(cut -c1-8 out.jsonl | tr '\n' '#')" '[{"entit#[{"entit#{"error"#{"error"#[{"entit#{"error"#[{"entit#' "answers at batch size $size"
    sed 's/"score": 0\.[0-9]*/"score"/g' out.jsonl >now
    [ -e first ] || cp now first
    same first now
done
equals "$(sed -n 7p first)" "$(sed -n 1p first)" "the same text"
run 1 pipeline ner --model "$MODEL" --input - <in.jsonl
sed 's/"score": 0\.[0-9]*/"score"/g' out >now
same first now

# a text longer than the model takes: read in windows, as the reference does with a stride, or cut
LONG=$(for i in $(seq 100); do printf '%s ' "$TEXT"; done)
run 0 pipeline ner --model "$MODEL" --aggregation_strategy simple --ignore_labels "" "$LONG"
says out '"end": 5899}'
run 0 pipeline ner --model "$MODEL" --aggregation_strategy simple --ignore_labels "" --stride 20 "$LONG"
says out '"end": 5899}'
run 0 pipeline ner --model "$MODEL" --aggregation_strategy simple --ignore_labels "" --truncation "$LONG"
grep -q '"end": [0-9][0-9][0-9][0-9]' out && complain "--truncation reads beyond the window"

# wrong command lines
run 2 pipeline ner --model "$MODEL" --stride 5 x
says err 'a stride needs an aggregation strategy other than "none"'
run 2 pipeline ner --model "$MODEL" --stride 126 --aggregation_strategy simple x
says err "a window holds 126 tokens"
run 2 pipeline ner --model "$MODEL" --stride 5 --truncation --aggregation_strategy simple x
says err "exclude each other"
run 2 pipeline ner --model "$MODEL" --aggregation_strategy maximum x
says err "--aggregation_strategy"
run 2 pipeline ner --model "$MODEL" --format text --input in.jsonl
says err "--format text goes with TEXT"
run 2 pipeline ner --model "$MODEL" --num_beams 3 x
says err "--num_beams is an option of text-generation, not of token-classification"
run 2 pipeline text-generation --model "$MODEL" --aggregation_strategy none x
says err "--aggregation_strategy is an option of token-classification, not of text-generation"
run 2 pipeline ner --model "$MODEL" --agregation_strategy none x
says err "did you mean --aggregation_strategy?"
run 2 pipeline ner --model "$MODEL"
says err "TEXT, or --input, is missing"
run 2 pipeline ner x
says err "--model is missing"
run 0 pipeline ner --help
says out "usage: hone pipeline token-classification"
says out "--aggregation_strategy"

# bad input
fails 1 "not UTF-8" pipeline ner --model "$MODEL" "$(printf 'Paris \377')"
fails 1 "absent" pipeline ner --model "$WORK/absent" x
mkdir bare && cp "$MODEL/config.json" "$MODEL/model.safetensors" bare
fails 1 "tokenizer" pipeline ner --model bare x
mkdir weightless && cp "$MODEL/config.json" "$MODEL"/tokenizer* weightless
fails 1 "weightless" pipeline ner --model weightless x
fails 1 "no head for token-classification" pipeline ner --model "$HONE_FIXTURES/task/generation" x
finish
