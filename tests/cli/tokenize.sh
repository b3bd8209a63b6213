# hone tokenize: the fixture's encodings through the command, options of a line and of the command, bad lines, any number of threads.
. "$(dirname "$0")/lib.sh"
needs "$HONE_FIXTURES/tok/gpt2/cases.jsonl"
TOK=$HONE_FIXTURES/tok/gpt2

run 0 tokenize --tokenizer "$TOK" --threads 1 <"$TOK/cases.jsonl"
silent err
cp out one
sed 's/^.*,"encodings":/{"encodings":/' "$TOK/cases.jsonl" >expected
# the same numbers and texts: the writer's escapes are the reference's, so the lines are equal byte for byte
same expected one
run 0 tokenize --tokenizer "$TOK/tokenizer.json" --threads 3 <"$TOK/cases.jsonl"
same one out
for _ in $(seq 8); do cat "$TOK/cases.jsonl"; done >many.jsonl
run 0 tokenize --tokenizer "$TOK" --threads 3 --input many.jsonl
for _ in $(seq 8); do cat one; done >expected
same expected out
tokens=$(grep -o '"attention_mask":\[[^]]*\]' one | grep -o '[01]' | wc -l)
run 0 tokenize --tokenizer "$TOK" --count <"$TOK/cases.jsonl"
equals "$(cat out)" "$tokens" "tokens of the input"

echo '{"text": "Hello world"}' >line
run 0 tokenize --tokenizer "$TOK" --ids <line
equals "$(cat out)" "[15496,995]" "ids"
run 0 tokenize --tokenizer "$TOK" --ids --max_length 1 <line
equals "$(cat out)" "[15496]" "ids of the first window"
echo '{"text": "a b c d", "max_length": 2, "stride": 1}' >line
run 0 tokenize --tokenizer="$TOK" --max-length 100 <line
equals "$(grep -o '"ids":\[[^]]*\]' out | tr '\n' ' ')" '"ids":[64,275] "ids":[275,269] "ids":[269,288] ' "windows of a line's own options"
run 0 tokenize --tokenizer "$TOK" <<<'{"text": ["a", "b"], "pair": null}'
says out '"word_ids":[0,1]'

printf '{"text": "a"}\nbad\n{"text": "x y", "max_length": 1, "stride": 1}\n\n{"pair": "b"}\n{"text": "b"}' >bad.jsonl
run 1 tokenize --tokenizer "$TOK" <bad.jsonl
equals "$(wc -l <out)" 6 "lines out"
equals "$(grep -c '^{"error":' out)" 4 "errors"
says out '{"error":"line 2:1:1: '
says out "stride 1 leaves no room"
says out 'there is no key \"text\"'
equals "$(tail -1 out | cut -c1-22)" '{"encodings":[{"ids":[' "the last line, which has no newline"
run 1 tokenize --tokenizer "$TOK" --count <bad.jsonl
equals "$(cat out)" 2 "tokens of the good lines"
says err '{"error":"line 2'

# a line is answered when it comes, not when the input ends
mkfifo answers questions
"$HONE" tokenize --tokenizer "$TOK" --ids <questions >answers 2>err &
child=$!
exec 3>questions 4<answers
echo '{"text": "a"}' >&3
read -r -t 20 answer <&4 || answer="nothing"
equals "$answer" "[64]" "the answer while the input is open"
exec 3>&- 4<&-
wait $child
equals $? 0 "status when the input ends"

run 0 tokenize --tokenizer "$TOK" </dev/null
silent out
run 2 tokenize </dev/null
says err "--tokenizer is missing"
run 1 tokenize --tokenizer "$WORK/absent" </dev/null
says err "hone: error: "
says err "absent"
run 1 tokenize --tokenizer "$TOK" --input absent.jsonl
says err "absent.jsonl"
run 2 tokenize --tokenizer "$TOK" --truncation sideways </dev/null
says err "sideways"
finish
