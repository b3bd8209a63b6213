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
finish() { exit $FAILED; }
