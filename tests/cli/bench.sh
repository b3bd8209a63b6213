# bench/*.py: each starts, says how it is used, and says in one line what it needs and does not find.
. "$(dirname "$0")/lib.sh"
command -v python3 >/dev/null || { echo "skipped: there is no python3"; exit 77; }
BENCH="$HONE_SOURCE_DIR/bench"
export PYTHONDONTWRITEBYTECODE=1

# lacks NAME ARGUMENT…: status 1 and one line, which the benchmark, or the one that it runs, begins with its own name.
lacks() {
    python3 "$BENCH/$@" >out 2>err
    equals $? 1 "status of bench/$*"
    silent out
    equals "$(wc -l <err)" 1 "lines of bench/$*"
    grep -qE '^[a-z0-9_]+\.py: (there is no nothing|.* has no .*: run it with a Python that has them)' err || complain "bench/$* does not say what it needs"
}

n=0
for path in "$BENCH"/*.py; do
    name=$(basename "$path")
    [ "$name" != common.py ] || continue
    n=$((n + 1))
    python3 "$path" --help >out 2>err || complain "bench/$name does not start"
    says out "usage: $name"
    silent err
    case $name in
    checkpoint.py) lacks "$name" --bench nothing ;;
    generate.py | gpt2_step.py | recompute.py) lacks "$name" nothing ;;
    first_step.py) lacks "$name" nothing nothing --conll nothing ;;
    pipeline.py) lacks "$name" nothing nothing nothing --texts nothing ;;
    tokenizer.py) lacks "$name" nothing nothing --code nothing ;;
    *) lacks "$name" nothing nothing nothing ;;
    esac
done
[ $n -ge 13 ] || complain "only $n benchmarks were looked at"
finish
