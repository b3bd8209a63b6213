# What the tests of the command share; source it first. $HONE is the command; work happens in a folder that is removed at the end.
set -u
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
cd "$WORK" || exit 1
export HONE_CACHE="$WORK/cache"
FAILED=0

# run STATUS ARGUMENT…: runs the command with standard input as it is; its output is in out and err. Any other exit status fails the test.
run() {
    local expected=$1
    shift
    "$HONE" "$@" >out 2>err
    local status=$?
    if [ "$status" != "$expected" ]; then
        complain "status $status instead of $expected: hone $*"
    fi
}

complain() {
    echo "FAILED: $1"
    echo "--- out"; head -c 2000 out
    echo "--- err"; head -c 2000 err
    FAILED=1
}

# says FILE TEXT: the file (out, err, …) holds the text.
says() { grep -qF -e "$2" "$1" || complain "$1 lacks: $2"; }
# silent FILE: the file is empty.
silent() { [ ! -s "$1" ] || complain "$1 is not empty"; }
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
finish() { exit $FAILED; }
