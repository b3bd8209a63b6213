# What the scripts share: plain messages, and the Debian packages that hone needs. Sourced, not run.

say() { printf '%s\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

PACKAGES_BUILD="build-essential cmake ninja-build pkg-config libdnnl-dev libjansson-dev libpcre2-dev libutf8proc-dev libxxhash-dev"
PACKAGES_TEST="libcmocka-dev clang-format python3"
PACKAGES_TSAN="clang libclang-rt-14-dev libomp-dev"
PACKAGES_QUICKSTART="libpython3-stdlib"

# Those of the packages named that are not installed.
missing_packages() {
    local package
    for package in "$@"; do
        [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || printf '%s ' "$package"
    done
}

# Runs a command quietly, as root; what it printed is shown only when it fails.
quietly_as_root() {
    local log sudo=
    [ "$(id -u)" -eq 0 ] || sudo=sudo
    log=$(mktemp)
    if ! $sudo env DEBIAN_FRONTEND=noninteractive "$@" >"$log" 2>&1 </dev/null; then
        tail -n 20 "$log" >&2
        rm -f "$log"
        return 1
    fi
    rm -f "$log"
}

# Installs those of the packages named that are missing. Needs neither root nor network when none is.
install_packages() {
    local missing
    if ! command -v dpkg-query >/dev/null; then
        say "This is not Debian: the counterparts of these packages are taken to be installed: $*"
        return 0
    fi
    missing=$(missing_packages "$@")
    [ -n "$missing" ] || return 0
    say "Installing Debian packages: $missing"
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || die "root or sudo is needed for that; or as root: apt-get install $missing"
        sudo -v || die "sudo was refused; as root: apt-get install $missing"
    fi
    quietly_as_root apt-get update || say "The list of packages could not be refreshed; going on with the old one."
    # shellcheck disable=SC2086
    quietly_as_root apt-get install -y --no-install-recommends $missing || die "the packages could not be installed"
}

# configure_and_build PRESET [cmake option…]: quiet when all goes well. $HONE_JOBS limits the parallel jobs.
configure_and_build() {
    local preset=$1 log
    shift
    log=$(mktemp)
    say "Building ($preset) …"
    if ! { cmake --preset "$preset" "$@" && cmake --build --preset "$preset" -j "${HONE_JOBS:-$(nproc)}"; } >"$log" 2>&1; then
        grep -E -A 8 'error|FAILED|Error' "$log" | tail -n 60 >&2
        rm -f "$log"
        die "the build failed"
    fi
    grep -E 'warning:' "$log" >&2
    rm -f "$log"
}
