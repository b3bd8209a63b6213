#!/usr/bin/env bash
# Installs the Debian packages that are missing: setup.sh [build] [test] [tsan] [quickstart]; without an argument build, test and quickstart.
# Prints nothing, and needs neither root nor network, when all are there.
set -u
cd "$(dirname "$0")/.." || exit 1
. scripts/lib.sh
[ $# -gt 0 ] || set -- build test quickstart
packages=
for what in "$@"; do
    case $what in
    build) packages="$packages $PACKAGES_BUILD" ;;
    test) packages="$packages $PACKAGES_TEST" ;;
    tsan) packages="$packages $PACKAGES_TSAN" ;;
    quickstart) packages="$packages $PACKAGES_QUICKSTART" ;;
    *) die "setup.sh: unknown part \"$what\"; there are build, test, tsan, quickstart" ;;
    esac
done
# shellcheck disable=SC2086
install_packages $packages
