# hone tokenize with BERT's tokenizers: the fixtures' encodings, lines without options (which are read by a scanner of their own), tokenizer.json's sections
# truncation and padding as defaults that a line or an option overrides.
. "$(dirname "$0")/lib.sh"
needs "$HONE_FIXTURES/tok/bert-uncased/cases.jsonl"

for kind in bert-cased bert-uncased; do
    TOK=$HONE_FIXTURES/tok/$kind
    sed 's/^.*,"encodings":/{"encodings":/' "$TOK/cases.jsonl" >expected
    run 0 tokenize --tokenizer "$TOK" --threads 1 <"$TOK/cases.jsonl"
    same expected out
    run 0 tokenize --tokenizer "$TOK" --threads 3 <"$TOK/cases.jsonl"
    same expected out
    grep '"max_length":null,"stride":0,"truncation":null,"add_special_tokens":true,"encodings"' "$TOK/cases.jsonl" >plain
    sed 's/^.*,"encodings":/{"encodings":/' plain >expected
    sed 's/,"is_split_into_words":.*$/}/' plain >lines
    run 0 tokenize --tokenizer "$TOK" <lines
    same expected out
done

sections='"truncation":{"direction":"Right","max_length":6,"strategy":"LongestFirst","stride":1},"padding":{"strategy":{"Fixed":8},"direction":"Left","pad_to_multiple_of":null,"pad_id":0,"pad_type_id":0,"pad_token":"[PAD]"}'
sed "s/\"truncation\":null,\"padding\":null/$sections/" "$TOK/tokenizer.json" >cut.json
echo '{"text": "one two three four five six"}' >line
run 0 tokenize --tokenizer cut.json <line
equals "$(grep -o '"ids":\[[^]]*\]' out | tr '\n' ' ')" '"ids":[0,0,101,2028,2048,2093,2176,102] "ids":[0,0,0,101,2176,2274,2416,102] ' "the sections"
equals "$(grep -o '"attention_mask":\[[^]]*\]' out | head -1)" '"attention_mask":[0,0,1,1,1,1,1,1]' "the sections' mask"
run 0 tokenize --tokenizer cut.json --ids --truncation do_not_truncate <line
equals "$(cat out)" "[101,2028,2048,2093,2176,2274,2416,102]" "truncation overridden"
run 0 tokenize --tokenizer cut.json --ids --max_length 4 --stride 0 <line
equals "$(cat out)" "[0,0,0,0,101,2028,2048,102]" "max_length overridden"
echo '{"text": "one two three four five six", "max_length": 100, "stride": 0}' >line
run 0 tokenize --tokenizer cut.json --ids <line
equals "$(cat out)" "[101,2028,2048,2093,2176,2274,2416,102]" "max_length overridden by the line"
finish
