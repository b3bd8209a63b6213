# hone dataset info, head, filter: what is printed where, what is passed over and counted.
. "$(dirname "$0")/lib.sh"

mkdir -p tree/sub
printf 'import pandas as pd\r\n' >tree/a.py
printf 'import os\n' >tree/sub/b.py
printf 'caf\351' >tree/latin.py
printf 'a\0b' >tree/binary.py
: >tree/empty.py
echo "pandas" >tree/note.txt
printf '{"content": "from sklearn import x", "n": 1}\n{"content": }\n{"content": "import sys"}\n' >lines.jsonl

run 0 dataset info --glob '*.py' tree
equals "$(cat out)" '{"files": 2, "documents": 2, "bytes": 30, "longest": 20, "skipped_files": 2, "empty_files": 1, "bad_lines": 0}' "info"
says err "tree/latin.py: not UTF-8 (byte 0xE9 at offset 3)"
says err "tree/binary.py: a binary file (NUL byte at offset 1)"
run 0 dataset info --quiet --glob '*.py' tree
silent err
run 0 dataset head --n 1 tree/a.py lines.jsonl
equals "$(cat out)" '{"content": "import pandas as pd\n", "path": "tree/a.py"}' "head"

run 0 dataset filter --keywords pandas,sklearn --glob '*.py' tree lines.jsonl
printf '%s\n' '{"content": "import pandas as pd\n", "path": "tree/a.py"}' '{"content": "from sklearn import x", "n": 1}' >expected
same expected out
says err "lines.jsonl:2:13: "
says err "50.00% of data after filtering."
run 0 dataset filter --keywords nothing lines.jsonl
silent out
says err "0.00% of data after filtering."
run 0 dataset filter --keywords 1 --text_column_name n2 --format text lines.jsonl
says out '"n2"'
cat lines.jsonl | "$HONE" dataset filter --keywords sys - >out 2>err
equals "$(cat out)" '{"content": "import sys"}' "filtering standard input"

run 2 dataset filter lines.jsonl
says err "--keywords is missing"
run 2 dataset filter --keywords a,,b lines.jsonl
says err "keyword 2 is empty"
run 2 dataset info
says err "FILE|DIR is missing"
run 1 dataset info absent
says err "hone: error: "
says err "absent"
run 1 dataset info tree/binary.py
says err "no text was found in 1 file: tree/binary.py: a binary file"
run 1 dataset info --text_column_name other lines.jsonl
says err 'there is no key "other"'
run 2 dataset info --glib x tree
says err "hint: did you mean --glob?"
run 0 dataset info --format jsonl lines.jsonl
says err "lines.jsonl:2:13"

# Labelled data: what it holds, its first rows, and what is wrong with it.
printf -- '-DOCSTART- -X- -X- O\r\n\r\nEU NNP I-NP I-ORG\r\nrejects VBZ I-VP O\r\n\r\nOslo NNP I-NP I-LOC\r\nBonn NNP B-NP B-LOC\r\n' >eng.train
run 0 dataset info eng.train
says out '"num_rows": 2, "num_documents": 1, "num_words": 4, "longest_row": 2, "scheme": "IOB2", "source_scheme": "IOB1", "entities": {"LOC": 2, "ORG": 1}'
says out '"ner_tags": {"feature": {"names": ["O", "B-LOC", "I-LOC", "B-ORG", "I-ORG"], "_type": "ClassLabel"}, "_type": "Sequence"}'
silent err
run 0 dataset head --n 1 eng.train
equals "$(cat out)" '{"id": 0, "document": 0, "tokens": ["EU", "rejects"], "pos_tags": ["NNP", "VBZ"], "chunk_tags": ["B-NP", "B-VP"], "ner_tags": ["B-ORG", "O"]}' "head of CoNLL-2003"
run 0 dataset head --n 1 --keep_scheme --label_column_name chunk_tags eng.train
says out '"chunk_tags": ["I-NP", "I-VP"]'
run 0 dataset info --format text eng.train
says out '"documents": 1, "bytes":'
run 1 dataset info --label_names O,B-ORG,I-ORG eng.train
says err 'eng.train:6: label "B-LOC" is none of the 3 that are known'
says err 'hint: the labels are O, B-ORG, I-ORG'
run 1 dataset info --scheme IO eng.train
says err 'eng.train:7: tag "B-LOC" is outside the scheme IO'
run 1 dataset info --scheme IOU eng.train
says err '"IOU" is no tag scheme'
printf 'text,label\n"a, b",1\n' >t.csv
run 0 dataset head t.csv
equals "$(cat out)" '{"text": "a, b", "label": "1"}' "head of csv"
run 0 dataset info --header no t.csv
says out '"num_rows": 2'
printf '{"tokens": ["a"], "ner_tags": ["O"]}\n{"tokens": ["a"], "ner_tags": []}\n' >t.jsonl
run 1 dataset info t.jsonl
says err 't.jsonl:2: "ner_tags" has 0 items for 1 words'
mkdir -p none
run 1 dataset info --format conll none
says err "none holds no files"
printf 'a\tO\n' >one.tsv
run 0 dataset info one.tsv
says out '"num_rows": 1, "num_words": 1'
run 2 dataset info --format xml one.tsv
says err "--format: must be text, jsonl, conll, csv or tsv"
finish
