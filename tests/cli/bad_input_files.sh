# Files that are no texts: absent, a folder, a dangling link, empty, binary, not UTF-8. Named and passed over where something is left, an error where nothing is.
. "$(dirname "$0")/lib.sh"
a_model model
mkdir -p bad/folder.py
: >bad/empty.py
printf 'a\0b' >bad/binary.py
printf 'caf\351' >bad/latin.py
ln -s nowhere bad/dangling.py
printf 'text = 1\n' >good.py
TRAIN="train causal-lm --tokenizer_name model.tokenizer --config_overrides n_embd=32,n_layer=1,n_head=2,n_positions=64 --block_size 2 --max_steps 1 --threads 1 --save_strategy no"
EVALUATE="evaluate causal-lm --model_name_or_path model --block_size 2 --threads 1"

while read -r file message; do
    fails 1 "$message" dataset info bad/$file
    fails 1 "bad/$file" dataset head bad/$file
    fails 1 "bad/$file" dataset filter --keywords a bad/$file
    fails 1 "bad/$file" tokenizer train --vocab_size 300 --output_dir out.tok bad/$file
    fails 1 "$message" $TRAIN --output_dir out.run --train_file bad/$file
    fails 1 "$message" $EVALUATE --validation_file bad/$file
    clean out.tok out.run
done <<'END'
empty.py no text was found in 1 file: bad/empty.py: an empty file
binary.py no text was found in 1 file: bad/binary.py: a binary file (NUL byte at offset 1)
latin.py no text was found in 1 file: bad/latin.py: not UTF-8 (byte 0xE9 at offset 3)
dangling.py cannot read bad/dangling.py: No such file or directory
absent.py cannot read bad/absent.py: No such file or directory
END
fails 1 "bad/absent.py" $TRAIN --output_dir out.run --train_file good.py --validation_file bad/absent.py
fails 1 "no text was found in 3 files" dataset info bad
clean out.run

# beside a good one they are named and counted
run 0 $TRAIN --output_dir out.run --train_file bad good.py
says err "warning: bad/binary.py: a binary file"
says err "warning: bad/latin.py: not UTF-8"
says err "warning: bad/dangling.py: a link to nothing"
says err "1 empty file was passed over"
says err "2 files were passed over"
run 0 tokenizer train --vocab_size 260 --output_dir out.tok bad good.py
says err "warning: bad/binary.py: this is a binary file; it was left out"
says err "warning: bad/latin.py: 1 line is not UTF-8 and left out"
says err "warning: bad/dangling.py: a link to nothing"

# many of them are not all named
mkdir many
for i in $(seq 50); do cp bad/binary.py many/$i.bin; done
run 0 dataset info many good.py
equals "$(grep -c "a binary file" err)" 20 "files that are named"
says err "50 files were passed over"
run 0 tokenizer train --vocab_size 260 --output_dir out.tok2 many good.py
equals "$(grep -c "a binary file" err)" 20 "files that are named"
says err "50 files and lines were left out in all"
run 0 dataset info --log_level debug many good.py
equals "$(grep -c "a binary file" err)" 50 "files that are named to those who ask"

# lines of JSON: a bad one is passed over and its place named
printf '{"content": "a = 1"}\nbroken\n{"content": 3}\n{"other": "a"}\n\n{"content": "b = 2"}\n' >lines.jsonl
run 0 dataset info lines.jsonl
says out '"documents": 2'
says out '"bad_lines": 3'
says err "lines.jsonl:2:1: an object was expected"
says err "lines.jsonl:3:13: \"content\" is no string"
says err "lines.jsonl:4:1: there is no key \"content\""
run 0 tokenizer train --vocab_size 260 --output_dir out.tok4 lines.jsonl
for line in 2 3 4; do says err "warning: lines.jsonl: line $line is no JSON object with a text \"content\""; done
fails 1 "no text to train on: 1 file" tokenizer train --vocab_size 260 --output_dir out.tok5 --text_column_name text lines.jsonl
fails 1 "no key \"text\"" dataset info --text_column_name text lines.jsonl
fails 2 "--format: must be text, jsonl, conll, csv or tsv" dataset info --format parquet lines.jsonl
clean out.tok5
fails 1 "bad: Is a directory" pipeline text-generation --model model --input bad
fails 1 "Is a directory" tokenize --tokenizer model --input bad
fails 1 "bad/dangling.py: No such file" tokenize --tokenizer model --input bad/dangling.py
for file in binary.py latin.py; do
    run 1 pipeline text-generation --model model --threads 1 --input bad/$file
    says out '{"error": '
    says err "hone: error: 1 line could not be answered"
    run 1 tokenize --tokenizer model --input bad/$file
    says out '{"error":'
    says err "hone: error: 1 line could not be answered"
done
run 0 pipeline text-generation --model model --input bad/empty.py
silent out

# an output that cannot be written, or is not to be: what it held stays when the model is not there
fails 1 "cannot write: bad: Is a directory" pipeline text-generation --model model --output bad x
echo "kept" >kept.jsonl
fails 1 "absent" pipeline text-generation --model absent --output kept.jsonl x
says kept.jsonl "kept"
if [ -e /dev/full ]; then
    fails 1 "cannot write: /dev/full: No space left" pipeline text-generation --model model --output /dev/full x y
    for command in "pipeline text-generation --model model x" "info model" "tokenizer train --vocab_size 260 --output_dir out.tok3 good.py" "dataset info good.py" --version --help; do
        "$HONE" $command >/dev/full 2>err
        equals $? 1 "status of $command with a full disk behind standard output"
        says err "standard output: No space left"
    done
else
    skips "/dev/full is not there"
fi
finish
