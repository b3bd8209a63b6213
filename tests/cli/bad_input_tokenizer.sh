# tokenizer.json that is truncated, of another kind, contradicts itself: one line that names the part, no crash, no half-read tokenizer.
. "$(dirname "$0")/lib.sh"
a_tokenizer tok
mkdir bad
# broken SED MESSAGE: tokenizer.json changed by sed is refused with the message
broken() {
    sed "$1" tok/tokenizer.json >bad/tokenizer.json
    cmp -s tok/tokenizer.json bad/tokenizer.json && complain "sed changed nothing: $1"
    fails 1 "$2" tokenize --tokenizer bad </dev/null
}
size=$(wc -c <tok/tokenizer.json)
for n in 0 1 $((size / 3)) $((size / 2)) $((size - 3)); do
    head -c "$n" tok/tokenizer.json >bad/tokenizer.json
    fails 1 "bad/tokenizer.json:" tokenize --tokenizer bad </dev/null
    fails 1 "bad/tokenizer.json:" train causal-lm --tokenizer_name bad --train_file tok.corpus --output_dir out.run
done
head -c 100000 /dev/zero | tr '\0' '[' >bad/tokenizer.json
fails 1 "bad/tokenizer.json:1:1" tokenize --tokenizer bad </dev/null
head -c 3000 /bin/sh >bad/tokenizer.json
fails 1 "bad/tokenizer.json:1:" tokenize --tokenizer bad </dev/null
echo '{"model_type": "gpt2"}' >bad/tokenizer.json
fails 1 'this is not a tokenizer.json: it has no "model"' tokenize --tokenizer bad </dev/null
rm bad/tokenizer.json
mkdir bad/tokenizer.json
fails 1 "bad" tokenize --tokenizer bad </dev/null
rmdir bad/tokenizer.json
fails 1 "bad: no tokenizer in this folder" tokenize --tokenizer bad </dev/null
fails 1 "absent: no such file or folder" tokenize --tokenizer absent </dev/null

# parts that hone does not have are named
broken 's/"type": *"BPE"/"type":"Unigram"/' 'model "Unigram" is not supported'
broken 's/"pre_tokenizer": *{[^}]*}/"pre_tokenizer":{"type":"UnicodeScripts"}/' 'pre_tokenizer "UnicodeScripts" is not supported'
broken 's/"normalizer": *null/"normalizer":{"type":"Precompiled","precompiled_charsmap":""}/' 'normalizer "Precompiled" is not supported'
broken 's/"version": *"1.0"/"version":"2.0"/' 'version "2.0"'
# merges that do not fit are named
broken 's/"merges": *\[/&["zz","yy"],/' 'merges[0]: merge "zz" "yy": "zz" is not in the vocabulary'
broken 's/"merges": *\[/&["a","!"],/' 'merge "a" "!": their token "a!" is not in the vocabulary'
broken 's/"merges": *\[/&"nospace",/' 'a merge must be two tokens with one space between them'
broken 's/"merges": *\[/&["a"],/' 'merges[0]'
broken 's/"merges": *\[/&["a",3],/' 'merges[0]'
broken 's/"merges"/"mergez"/' 'the model has no "merges"'
broken 's/"vocab": *{/"vocabulary":{/' 'the model has no "vocab"'
# ids
broken 's/"vocab": *{/&"zzz":5,/' 'have the same id 5'
broken 's/"vocab": *{/&"zzz":-5,/' 'token "zzz" has id -5, which is out of range'
broken 's/"vocab": *{/&"zzz":4000000000,/' 'token "zzz" has id 4000000000'
broken 's/"vocab": *{/&"zzz":1e3,/' 'a whole number is missing here'
broken 's/"vocab": *{/&"zzz":"5",/' 'a whole number is missing here'
broken 's/"vocab": *{/&"zzz":100000000000000000000000000,/' 'this number is out of range'
broken 's/"added_tokens": *\[/&{"id":7,"content":"<x>","special":true},/' 'added token "<x>" has id 7'
broken 's/"added_tokens": *\[/&{"id":9999,"content":"<x>","special":true},/' 'no token has id 300'
broken 's/"added_tokens": *\[/&{"content":"<x>","special":true},/' 'added token "<x>" has id -1'

# vocab.json and merges.txt
cp tok/vocab.json tok/merges.txt bad
rm -f bad/tokenizer.json
run 0 tokenize --tokenizer bad </dev/null
echo "zz yy" >>bad/merges.txt
fails 1 '"zz" is not in the vocabulary' tokenize --tokenizer bad </dev/null
rm bad/merges.txt
fails 1 "bad" tokenize --tokenizer bad </dev/null
clean out.run
finish
