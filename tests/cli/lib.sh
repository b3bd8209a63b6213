# What the tests of the command share; source it first. $HONE is the command; work happens in a folder that is removed at the end.
set -u
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
SCRIPT=$(realpath "$0")
cd "$WORK" || exit 1
export HONE_CACHE="$WORK/cache"
FAILED=0
RAN=   # the last command that run or begin ran
CHILD= # the last one that begin left running

# run STATUS ARGUMENT…: runs the command with standard input as it is; its output is in out and err. Any other exit status fails the test.
run() {
    local expected=$1
    shift
    RAN="hone $*"
    "$HONE" "$@" >out 2>err
    local status=$?
    if [ "$status" != "$expected" ]; then
        complain "status $status instead of $expected: hone $*"
    fi
}

# begin ARGUMENT…: runs the command beside the script, as process $CHILD; its output is in out and err (AS=first begin ARGUMENT…: in first.out and first.err).
begin() {
    local as=${AS:+$AS.}
    RAN="hone $* &"
    : >"${as}out"
    : >"${as}err"
    "$HONE" "$@" >"${as}out" 2>"${as}err" &
    CHILD=$!
}
# await COMMAND…: until it succeeds. Where that is not so after a minute, or when $CHILD has ended, the test ends: what comes next would fail for want of it.
await() {
    local limit=$((SECONDS + 60)) why=
    while :; do
        "$@" && return
        [ -z "$why" ] || break
        kill -0 "$CHILD" 2>/dev/null || why="the command has ended"
        [ $SECONDS -lt $limit ] || why="a minute has gone"
        sleep 0.01
    done
    complain "$why without: $*"
    # shellcheck disable=SC2046
    kill -KILL $(jobs -p) 2>/dev/null
    wait
    finish
}
# ends STATUS WHAT: $CHILD ends with that exit status.
ends() {
    wait "$CHILD"
    equals $? "$1" "status of $2"
}

# complain WHAT [FILE]: the test has failed. Says where in the script, what was run last, and shows what that and the processes beside it said, and the file.
complain() {
    local i place= statement= file
    for ((i = 1; i < ${#BASH_SOURCE[@]}; i++)); do
        [ "${BASH_SOURCE[i]}" = "${BASH_SOURCE[0]}" ] && continue
        place+="${place:+, called at }${BASH_SOURCE[i]##*/}:${BASH_LINENO[i - 1]}"
        statement=${statement:-$(sed -n "${BASH_LINENO[i - 1]}p" "$SCRIPT")}
    done
    echo "FAILED: $1"
    echo "--- at $place: $statement"
    [ -z "$RAN" ] || echo "--- ran: $RAN"
    for file in out err *.out *.err; do
        show "$file"
    done
    case ${2:-out} in out | err | *.out | *.err) ;; *) show "$2" ;; esac
    FAILED=1
}
# show FILE: its beginning and its end, if it is there.
show() {
    [ -f "$1" ] || return 0
    echo "--- $1"
    if [ "$(wc -c <"$1")" -le 4000 ]; then cat "$1"; else head -c 1500 "$1" && printf '\n[…]\n' && tail -c 2500 "$1"; fi
}

# says FILE TEXT: the file (out, err, …) holds the text.
says() { grep -qF -e "$2" "$1" || complain "$1 lacks: $2" "$1"; }
# silent FILE: the file is empty.
silent() { [ ! -s "$1" ] || complain "$1 is not empty" "$1"; }
# same FILE FILE
same() { cmp -s "$1" "$2" || complain "$1 and $2 differ: $(diff "$1" "$2" | head -5)"; }
# equals GOT EXPECTED WHAT
equals() { [ "$1" = "$2" ] || complain "$3: $1 instead of $2"; }
# needs PATH: ends the test as skipped when it is not there.
needs() { [ -e "$1" ] || { echo "skipped: $1 is not there"; exit 77; }; }
# skips WHY: a part of the test is left out. Said as cmocka says it, so that scripts/test.sh counts it.
skips() { printf 'skipped: %s\n[  SKIPPED ] 1 test(s).\n' "$1"; }
# sanitized: the command is built with a sanitizer, which costs time and wants its libraries.
sanitized() { grep -q '^HONE_SANITIZE:STRING=.' "$HONE_BUILD/CMakeCache.txt" 2>/dev/null; }
# fails STATUS TEXT ARGUMENT…: the command fails with one line of error, which holds TEXT (and at most one hint), and nothing on standard output.
fails() {
    local status=$1 text=$2
    shift 2
    run "$status" "$@"
    says err "$text"
    silent out
    equals "$(grep -c '^hone: error: ' err)" 1 "errors of hone $*"
    [ "$(grep -c '^hint: ' err)" -le 1 ] || complain "more than one hint of hone $*"
}
# clean PATH…: nothing is there, and nothing half-written is beside it.
clean() {
    local path
    for path in "$@"; do
        [ ! -e "$path" ] || complain "$path was left behind: $(find "$path" | head -3 | tr '\n' ' ')"
    done
    [ -z "$(find . -name '*tmp-*')" ] || complain "half-written files: $(find . -name '*tmp-*' | head -3 | tr '\n' ' ')"
}
# a_corpus DIR, a_tokenizer DIR (300 entries), a_model DIR (64 positions, one layer of 32 channels): small ones.
a_corpus() {
    local i
    mkdir -p "$1"
    for i in $(seq 30); do
        printf 'def function_%d(argument):\n    """Gives %d."""\n    return argument + %d\n\n\n' "$i" "$i" "$i" >"$1/f$i.py"
    done
}
a_tokenizer() {
    a_corpus "$1.corpus"
    run 0 tokenizer train --vocab_size 300 --output_dir "$1" --threads 1 "$1.corpus"
}
a_model() {
    a_tokenizer "$1.tokenizer"
    run 0 train causal-lm --tokenizer_name "$1.tokenizer" --config_overrides n_embd=32,n_layer=1,n_head=2,n_positions=64 \
        --train_file "$1.tokenizer.corpus" --block_size 16 --max_steps 1 --save_strategy no --threads 1 --output_dir "$1"
}
# a_bert_tokenizer DIR WORD…: BERT's, lower-casing, that knows these words.
a_bert_tokenizer() {
    local folder=$1
    shift
    mkdir "$folder"
    printf '%s\n' '[PAD]' '[UNK]' '[CLS]' '[SEP]' '[MASK]' "$@" >"$folder/vocab.txt"
    echo '{"tokenizer_class": "BertTokenizer", "do_lower_case": true}' >"$folder/tokenizer_config.json"
}
# an_example NAME: $example is the program of examples/NAME.c; the test is skipped when that, or the python3 that reads what it prints, is not there.
an_example() {
    example=$HONE_BUILD/examples/$1
    [ -x "$example" ] || { echo "skipped: $example is not built"; exit 77; }
    command -v python3 >/dev/null || { echo "skipped: python3 reads the results"; exit 77; }
    export GOMP_SPINCOUNT=1000
}
# an_untrained_tagger: train.conll, the first sentences of it as valid.conll, and model, a small BERT that has seen one batch.
an_untrained_tagger() {
    local i
    a_bert_tokenizer tok . the anna bert stone par '##is' visits sees
    for i in $(seq 40); do
        printf 'Anna B-PER\nStone I-PER\nvisits O\nParis B-LOC\n. O\n\nthe O\nstone O\nsees O\nBert B-PER\n. O\n\nBert B-PER\nsees O\nthe O\nstone O\n. O\n\n'
    done >train.conll
    head -60 train.conll >valid.conll
    run 0 train token-classification --model_type bert --tokenizer_name tok --train_file train.conll --max_steps 1 --save_strategy no --threads 1 --output_dir model \
        --config_overrides hidden_size=64,num_hidden_layers=2,num_attention_heads=2,intermediate_size=128,max_position_embeddings=128
}
# beside_reference TASK FILE OPTION…: tools/parity_training.py over a file of HONE_DATA. Needs the reference stack and a pretrained BERT: HONE_REFERENCE_PYTHON names a Python that has the one,
# HONE_REFERENCE_MODEL the folder of the other; without them the test is skipped.
beside_reference() {
    local task=$1 data=$HONE_DATA/$2 reference=$HONE_FIXTURES/../oracle/reference_run.py python=${HONE_REFERENCE_PYTHON:-} model=${HONE_REFERENCE_MODEL:-}
    shift 2
    [ -x "$python" ] || { echo "skipped: HONE_REFERENCE_PYTHON is not set"; exit 77; }
    [ -d "$model" ] || { echo "skipped: HONE_REFERENCE_MODEL is not set"; exit 77; }
    needs "$reference"
    needs "$data"
    "$python" "$HONE_SOURCE_DIR/tools/parity_training.py" --task "$task" --hone "$HONE" --python "$python" --reference "$reference" --model "$model" --work "$WORK/run" \
        --train_file "$data" "$@" || FAILED=1
}
finish() { exit $FAILED; }
