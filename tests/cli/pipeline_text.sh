# hone pipeline text-classification: JSON and bars, pairs, files, options, bad input.
. "$(dirname "$0")/lib.sh"
MODEL=$HONE_FIXTURES/task/pipelines/text-classification
needs "$MODEL/config.json"
TEXT="My name is Sylvain and I work at Hugging Face in Brooklyn."
export GOMP_SPINCOUNT=1000
CLASSIFY="pipeline text-classification --threads 1 --model $MODEL"

# JSON: a line for each text in the reference's shapes; a pair has no list unless there is a top_k
run 0 $CLASSIFY "$TEXT" "Paris" ""
silent err
equals "$(wc -l <out)" 3 "answers"
equals "$(sed 's/0\.[0-9]*/N/; 2q;d' out)" '[{"label": "equivalent", "score": N}]' "the best label"
says out '[{"label": "not_equivalent", "score": 0.5967'
run 0 $CLASSIFY --top_k all "$TEXT"
says out '[{"label": "not_equivalent", "score": 0.5967'
says out '}, {"label": "equivalent", "score": 0.4032'
run 0 $CLASSIFY --text_pair Paris "$TEXT"
equals "$(sed 's/0\.5969[0-9]*/N/' out)" '{"label": "not_equivalent", "score": N}' "a pair"
run 0 $CLASSIFY --top-k=1 --text_pair Paris "$TEXT"
equals "$(sed 's/0\.[0-9]*/N/' out)" '[{"label": "not_equivalent", "score": N}]' "a pair with top_k"
run 0 pipeline sentiment-analysis --threads 1 --model "$MODEL" --function_to_apply sigmoid --top_k 2 Paris
equals "$(grep -o '"label"' out | wc -l)" 2 "labels"

# for people: the text, its labels, bars; colours on a terminal only, and what steers a terminal is not passed on
run 0 $CLASSIFY --format text --text_pair "Paris" "$TEXT"
equals "$(head -1 out)" "$TEXT / Paris" "the texts"
equals "$(sed -n 2p out)" "  not_equivalent  0.5970  ████████████░░░░░░░░" "the best label's bar"
equals "$(sed -n 3p out)" "  equivalent      0.4030  ████████░░░░░░░░░░░░" "the other's bar"
run 0 $CLASSIFY --format text --function_to_apply none "$(printf 'Paris \033[31m\nand more')"
equals "$(head -1 out)" "Paris ?[31m…" "the first line"
grep -q "█" out && complain "bars for scores that are no shares"
if script -qec true /dev/null >/dev/null 2>&1; then
    on_terminal() { script -qec "$1 '$HONE' $CLASSIFY $2 'work at'" /dev/null | tr -d '\r'; }
    COLOURED=$(on_terminal "env -u NO_COLOR TERM=xterm" "")
    PLAIN=$(on_terminal "env NO_COLOR=1 TERM=xterm" "")
    case $COLOURED in *"$(printf '\033')[1;"*) ;; *) complain "no colours on a terminal: $COLOURED" ;; esac
    case $PLAIN in *"$(printf '\033')"*) complain "colours though NO_COLOR is set: $PLAIN" ;; esac
    case $(on_terminal "env TERM=xterm" "--format json") in "["*"]") ;; *) complain "no JSON on a terminal with --format json" ;; esac
else
    skips "script opens no terminal here"
fi

# a file: answers in order whatever the batch, pairs of every spelling, a line's own top_k, bad lines
printf '%s\n' "{\"inputs\": \"$TEXT\"}" '{"text": "a", "text_pair": "b"}' '{"inputs": {"text": "a", "text_pair": "b"}}' '{"inputs": 3}' bad '"work at"' '' \
    '{"text": "a", "text_pair": 3}' "{\"inputs\": \"$TEXT\", \"top_k\": null}" '{"inputs": "x", "top_k": 0}' >in.jsonl
for size in 1 2 3 64; do
    run 1 $CLASSIFY --input in.jsonl --output out.jsonl --batch_size $size
    silent out
    says err "5 lines"
    equals "$(cut -c1-8 out.jsonl | tr '\n' '#')" '[{"label#{"label"#{"label"#{"error"#{"error"#[{"label#{"error"#{"error"#[{"label#{"error"#' "answers at batch size $size"
    sed 's/\("score": 0\.[0-9]\{5\}\)[0-9]*/\1/g' out.jsonl >now
    [ -e first ] || cp now first
    same first now
done
equals "$(sed -n 3p first)" "$(sed -n 2p first)" "the same pair"
says first '"label": "equivalent", "score": 0.4032'

# a text longer than the model takes: an error that says so, or cut
LONG=$(for i in $(seq 100); do printf '%s ' "$TEXT"; done)
fails 1 "tokens, the model takes 128" $CLASSIFY "$LONG"
says err "--truncation"
run 0 $CLASSIFY --truncation "$LONG"
says out '[{"label": '
printf '{"inputs": "%s"}\n{"inputs": "a"}\n' "$LONG" >long.jsonl
run 1 $CLASSIFY --input long.jsonl --batch_size 2
equals "$(cut -c1-8 out | tr '\n' '#')" '{"error"#[{"label#' "a long text and a short one"

# wrong command lines
for bad in 0 -1 two 3x ""; do
    run 2 $CLASSIFY "--top_k=$bad" x
    says err "--top_k must be a whole number from 1, or all"
done
run 2 $CLASSIFY --function_to_apply exp x
says err "--function_to_apply"
run 2 $CLASSIFY --text_pair b --input in.jsonl
says err "--text_pair goes with TEXT"
run 2 $CLASSIFY --format text --input in.jsonl
says err "--format text goes with TEXT"
run 2 $CLASSIFY --stride 3 x
says err "--stride is an option of token-classification, not of text-classification"
run 2 $CLASSIFY
says err "TEXT, or --input, is missing"
run 0 pipeline text-classification --threads 1 --model "$MODEL" --profile Paris
says err "  postprocess "
run 2 pipeline glue x
says err "--model is missing"
run 0 pipeline text-classification --help
says out "usage: hone pipeline text-classification"
says out "--function_to_apply"

# bad input
fails 1 "not UTF-8" $CLASSIFY "$(printf 'Paris \377')"
fails 1 "not UTF-8" $CLASSIFY --text_pair "$(printf 'Paris \377')" x
fails 1 "absent" pipeline text-classification --model "$WORK/absent" x
mkdir bare && cp "$MODEL/config.json" "$MODEL/model.safetensors" bare
fails 1 "tokenizer" pipeline text-classification --model bare x
sed 's/"model_type": "bert"/"model_type": "bert", "problem_type": "guessing"/' "$MODEL/config.json" >bare/config.json
cp "$MODEL"/tokenizer* bare
fails 1 '"problem_type" is "guessing"' pipeline text-classification --model bare x
finish
