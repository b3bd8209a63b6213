# hone tokenizer train: the reference's tokenizer.json for any number of threads, from files, folders and JSON lines; bad input.
. "$(dirname "$0")/lib.sh"

mkdir corpus
for i in 1 2 3; do printf 'def f%d(x):\n    return x + %d\n' $i $i >corpus/f$i.py; done
echo "not this one" >corpus/note.txt
run 0 tokenizer train --vocab_size 280 --output_dir a --glob '*.py' corpus
equals "$(cat out)" '{"vocab_size": 274}' "result: all that this corpus gives"
for file in tokenizer.json vocab.json merges.txt tokenizer_config.json; do
    [ -s a/$file ] || complain "a/$file was not written"
done
run 0 tokenizer train --vocab_size 280 --output_dir b --threads 3 corpus/f1.py corpus/f2.py corpus/f3.py
same a/tokenizer.json b/tokenizer.json
run 0 tokenizer train --vocab_size 280 --output_dir c --special_tokens '<pad>,<|endoftext|>' corpus
says c/vocab.json '"<pad>":0,"<|endoftext|>":1'
printf '{"content": "def f(x): return x"}\n' >lines.jsonl
run 0 tokenizer train --vocab_size 260 --output_dir d lines.jsonl
echo '{"text": "def f(x): return x"}' >line
run 0 tokenize --tokenizer a --count <line

run 2 tokenizer train --vocab_size 280 corpus
says err "--output_dir is missing"
run 2 tokenizer train --vocab_size 280 --output_dir e
says err "FILE|DIR"
run 1 tokenizer train --vocab_size 280 --output_dir e absent
says err "absent"
run 2 tokenizer train --vocab_size 0 --output_dir e corpus
says err "--vocab_size"
run 2 tokenizer train --type bpee --output_dir e corpus
says err "--type"
run 1 tokenizer train --vocab_size 280 --output_dir e --glob '*.rs' corpus
says err "*.rs"
[ ! -e e ] || complain "a folder was made though nothing was trained"

needs "$HONE_FIXTURES/task/train_bpe/corpus.txt"
size=$(grep -o '"merges"' "$HONE_FIXTURES/task/train_bpe/tokenizer.json" | wc -l)
equals "$size" 1 "the fixture has merges"
for threads in 1 3; do
    run 0 tokenizer train --vocab_size 2000 --output_dir f --threads $threads "$HONE_FIXTURES/task/train_bpe/corpus.txt"
    same "$HONE_FIXTURES/task/train_bpe/tokenizer.json" f/tokenizer.json
done
finish
