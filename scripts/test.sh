#!/usr/bin/env bash
# Sets up, builds and runs all tests. The last line is "N passed, N failed, N skipped"; the exit status is 0 when nothing failed.
#
#   scripts/test.sh [--asan|--tsan|--preset NAME] [-L LABEL] [-R NAME] [other options of ctest]
#
# Labels: unit ops parity oom crash fuzz cli law. A test is skipped when what it needs is not there (fixtures of the reference stack beside the
# project, a GPU); a program that skips only some of its cases counts as passed, and the cases are counted in a line of their own.
set -u
cd "$(dirname "$0")/.." || exit 1
. scripts/lib.sh

preset=release
ctest_options=()
while [ $# -gt 0 ]; do
    case $1 in
    --asan) preset=asan ;;
    --tsan) preset=tsan ;;
    --preset) preset=${2:?"--preset: a value is missing"} && shift ;;
    -h | --help) sed -n '2,8s/^# \{0,1\}//p' "$0" && exit 0 ;;
    *) ctest_options+=("$1") ;;
    esac
    shift
done

if [ "$preset" = tsan ]; then
    scripts/setup.sh build test tsan || exit 1
    # gcc's OpenMP makes false reports: clang's, with its observer of barriers.
    export OMP_TOOL_LIBRARIES=/usr/lib/llvm-14/lib/libarcher.so TSAN_OPTIONS="ignore_noninstrumented_modules=1 ${TSAN_OPTIONS:-}"
else
    scripts/setup.sh build test || exit 1
fi
configure_and_build "$preset"

log=$(mktemp)
trap 'rm -f "$log"' EXIT
ctest --test-dir "build/$preset" --output-on-failure --no-tests=error -j "${HONE_JOBS:-$(nproc)}" \
    ${ctest_options[@]+"${ctest_options[@]}"} 2>&1 | tee "$log"
status=${PIPESTATUS[0]}

results=$(grep -E '^ *[0-9]+/[0-9]+ Test +#[0-9]+: ' "$log")
total=$(grep -c . <<<"$results")
passed=$(grep -cE ' Passed +[0-9.]+ sec' <<<"$results")
skipped=$(grep -c '\*\*\*Skipped' <<<"$results")
failed=$((total - passed - skipped))
# ctest knows programs; cmocka says in each how many of its cases were skipped, and so does tests/cli/lib.sh.
cases=$(sed -n 's/^\[  SKIPPED \] \([0-9]*\) test(s).*/\1/p' "build/$preset/Testing/Temporary/LastTest.log" 2>/dev/null | awk '{ n += $1 } END { print n + 0 }')
printf '\n'
[ "$cases" -eq 0 ] || printf 'Of the cases within the programs %d were skipped: what they need is not there.\n' "$cases"
[ "$failed" -eq 0 ] && [ "$status" -ne 0 ] && failed=1
printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" -eq 0 ]
