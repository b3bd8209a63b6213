# hone metric: what is printed for each metric, and what is said of files that do not fit.
. "$(dirname "$0")/lib.sh"

printf 'B-PER I-PER O B-LOC\n\nI-ORG O\n' >refs
printf 'B-PER I-PER O O\n\nI-ORG O\n' >preds
expected='{"LOC": {"precision": 0.0, "recall": 0.0, "f1": 0.0, "number": 1}, "ORG": {"precision": 1.0, "recall": 1.0, "f1": 1.0, "number": 1}, "PER": {"precision": 1.0, "recall": 1.0, "f1": 1.0, "number": 1}, "overall_precision": 1.0, "overall_recall": 0.6666666666666666, "overall_f1": 0.8, "overall_accuracy": 0.8333333333333334}'
run 0 metric seqeval --references refs --predictions preds
equals "$(cat out)" "$expected" "seqeval"
silent err
printf '["B-PER", "I-PER", "O", "B-LOC"]\r\n[]\r\n["I-ORG","O"]' >refs.json
run 0 metric seqeval --references refs.json --predictions preds
equals "$(cat out)" "$expected" "seqeval of JSON"
"$HONE" metric seqeval --references /dev/stdin --predictions preds <refs >out 2>err
equals "$(cat out)" "$expected" "seqeval of a pipe"
run 0 metric seqeval --mode strict --scheme IOB2 --references refs --predictions preds
says out '"overall_recall": 0.5, '
run 0 metric seqeval --mode strict --references refs --predictions preds --format table
says out "seqeval, strict mode, scheme IOB2 (found in the references); sentences: 3, tags: 6"
says out "micro avg     1.0000    0.5000    0.6667         2"
if command -v script >/dev/null; then
    script -qec "$HONE metric seqeval --references refs --predictions preds" /dev/null >out 2>err </dev/null
    says out "seqeval, default mode (conlleval), any scheme"
else
    skips "script is not there, which opens a terminal"
fi

run 1 metric seqeval --mode strict --scheme IOBES --references refs.json --predictions bad
says err "cannot open bad"
printf 'B-PER I-PER O O\n\nX-ORG O\n' >bad
fails 1 'bad:3: tag "X-ORG" is not of the scheme IOB2, whose tags begin with O, B, I' metric seqeval --mode strict --scheme IOB2 --references refs --predictions bad
fails 1 'bad:3: tag "X-ORG"' metric seqeval --mode strict --scheme IOB2 --references bad --predictions refs
printf 'B-PER I-PER O O\n\n' >bad
fails 1 "bad:3: the file ends, refs goes on" metric seqeval --references refs --predictions bad
fails 1 "bad:3: the file ends, refs goes on" metric seqeval --references bad --predictions refs
printf 'B-PER I-PER O O\nO\nI-ORG O\n' >bad
fails 1 "bad:2: 1 tags, refs:2 has 0" metric seqeval --references refs --predictions bad
printf 'B-PER I-PER O O\n\n[1]\n' >bad
fails 1 "bad:3: tag 1 is no string" metric seqeval --references refs --predictions bad
printf 'B-PER I-PER O O\n\n["I-ORG", "O"\n' >bad
fails 1 "bad:3:13: " metric seqeval --references refs --predictions bad
printf 'B-PER I-PER O O\n\nI-ORG \377\n' >bad
fails 1 "bad:3: not UTF-8" metric seqeval --references refs --predictions bad
printf 'B-PER I-PER O O\n\nI-ORG \000\n' >bad
fails 1 "bad:3: a NUL byte" metric seqeval --references refs --predictions bad
: >empty
fails 1 "empty is empty" metric seqeval --references empty --predictions empty
fails 2 "only --mode strict goes by one" metric seqeval --scheme IOB2 --references refs --predictions preds
printf 'I-PER O\n' >io
fails 2 "no scheme can be found out from the references, whose tags begin with O, I" metric seqeval --mode strict --references io --predictions io

printf 'B-PER O\nO\n' >one
printf 'B-PER O\nE-PER\n' >two
fails 1 'two:2: predictions of sentence 2: tag "E-PER" is not of the scheme IOB2' metric seqeval --mode strict --references one --predictions two

printf '0\n1\n1\n0\n1\n' >y
printf '0\n1\n0\n0\n1.0\n' >p
run 0 metric accuracy --references y --predictions p
equals "$(cat out)" '{"accuracy": 0.8}' "accuracy"
run 0 metric glue/mrpc --references y --predictions p
equals "$(cat out)" '{"accuracy": 0.8, "f1": 0.8}' "mrpc"
run 0 metric f1 --average macro --references y --predictions p
equals "$(cat out)" '{"f1": 0.8}' "macro F1"
run 0 metric precision --pos_label 0 --references y --predictions p
equals "$(cat out)" '{"precision": 0.6666666666666666}' "precision of 0"
run 0 metric glue/cola --references y --predictions p
says out '{"matthews_correlation": 0.66666666666666'
run 0 metric glue/stsb --references y --predictions p
says out '{"pearson": 0.66666666666666'
says out '"spearmanr": 0.66666666666666'
sed 's/0/not_equivalent/; s/1/equivalent/' y >named
sed 's/^0/not_equivalent/; s/^1\(\.0\)*/equivalent/' p >named.p
run 0 metric glue/mrpc --references named --predictions named.p
equals "$(cat out)" '{"accuracy": 0.8, "f1": 0.8}' "mrpc by names"
fails 1 "a number is the label, in " metric accuracy --references y --predictions named.p
fails 2 "no label is 1, the positive one" metric f1 --references named --predictions named.p
printf 'a\nb\nc\na\nb\n' >three
fails 2 "3 different labels are no positive and negative one" metric f1 --references three --predictions three
says err "--average macro|micro|weighted"
printf '0\n\n1\n0\n1\n' >bad
fails 1 "bad:2: a label is missing" metric accuracy --references y --predictions bad
printf '0\n1\n1.5x\n0\n1\n' >bad
fails 1 'bad:3: "1.5x" is no number' metric pearsonr --references y --predictions bad
fails 2 '"acuracy" is no metric' metric acuracy --references y --predictions p
says err "did you mean accuracy?"
fails 2 '"glue/mrpd" is no metric' metric glue/mrpd --references y --predictions p
fails 2 "NAME of a metric" metric --references y --predictions p
fails 2 "--predictions is missing" metric accuracy --references y

cat >dev.json <<'END'
{"version": "1.1", "data": [{"title": "t", "paragraphs": [{"context": "c", "qas": [
  {"id": "a", "question": "?", "answers": [{"text": "the Cat", "answer_start": 0}, {"text": "cats", "answer_start": 0}]},
  {"id": "b", "question": "?", "answers": [{"text": "black cat", "answer_start": 0}]},
  {"id": "c", "question": "?", "answers": []}]}]}]}
END
echo '{"a": "Cat!", "b": "a cat", "c": ""}' >answers.json
run 0 metric squad_v2 --references dev.json --predictions answers.json
equals "$(cat out)" '{"exact": 66.66666666666667, "f1": 88.88888888888887, "total": 3, "HasAns_exact": 50.0, "HasAns_f1": 83.33333333333333, "HasAns_total": 2, "NoAns_exact": 100.0, "NoAns_f1": 100.0, "NoAns_total": 1}' "squad_v2"
echo '{"a": 0.1, "b": 0.2, "c": 0.9}' >na.json
run 0 metric squad_v2 --references dev.json --predictions answers.json --na_prob_file na.json
says out '"best_exact": 66.66666666666667, "best_exact_thresh": 0.1, "best_f1": 88.88888888888887, "best_f1_thresh": 0.2}'
echo '{"a": "Cat!", "c": ""}' >answers.json
run 0 metric squad --references dev.json --predictions answers.json
equals "$(cat out)" '{"exact_match": 33.333333333333336, "f1": 33.333333333333336}' "squad"
says err "answers.json: 1 of 3 questions are not answered and count as wrong, b first"
echo '{"a": 1}' >bad
fails 1 "bad: the answer to question a must be a string" metric squad --references dev.json --predictions bad
echo '{"a": "x"' >bad
fails 1 "bad:2:" metric squad --references dev.json --predictions bad
fails 1 'answers.json: "data" must be an array' metric squad --references answers.json --predictions answers.json
echo '{"data": [{"paragraphs": [{"qas": [{"id": "a", "answers": [{"txt": 1}]}]}]}]}' >bad
fails 1 'bad: data[0].paragraphs[0].qas[0]: an answer has no "text"' metric squad --references bad --predictions answers.json
echo '{"a": 0.1}' >na.json
fails 1 "na.json: no probability for question b" metric squad_v2 --references dev.json --predictions answers.json --na_prob_file na.json

run 0 metric --help
says out "usage: hone metric NAME --references FILE --predictions FILE"
says out "--mode"
finish
