#!/usr/bin/env bash
# Every public header compiles alone, and twice in a row, as strict C11 and as C++17. $CC and $CXX are the compilers; without a C++ compiler that half is left out.
set -u
cd "$(dirname "$0")/../.." || exit 1
CC=${CC:-cc} CXX=${CXX:-c++}
strict="-Wall -Wextra -Wpedantic -Werror -fsyntax-only -Iinclude"
failed=0 n=0
command -v "$CXX" >/dev/null || { echo "skipped: no C++ compiler"; CXX=; }
for header in $(find include/hone -name '*.h' | sort); do
    name=${header#include/}
    text="#include <$name>
#include <$name>
typedef int unit_is_not_empty;"
    n=$((n + 1))
    # shellcheck disable=SC2086
    "$CC" -std=c11 $strict -x c - <<<"$text" || { echo "$header: does not compile alone as C11"; failed=$((failed + 1)); }
    # shellcheck disable=SC2086
    [ -z "$CXX" ] || "$CXX" -std=c++17 $strict -x c++ - <<<"$text" || { echo "$header: does not compile alone as C++17"; failed=$((failed + 1)); }
done
echo "$n headers, $failed failures"
[ "$n" -gt 0 ] && [ "$failed" -eq 0 ]
