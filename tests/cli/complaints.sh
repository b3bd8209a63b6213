# What a script of this folder says when it fails (lib.sh): the place in it, the last command and what that said; and where it waits in vain it ends.
. "$(dirname "$0")/lib.sh"
# script STATUS: runs standard input as such a script; what it prints is in told.
script() {
    { echo ". '$HERE/lib.sh'" && cat; } >script.sh
    bash script.sh >told 2>&1
    equals $? "$1" "status of the script"
    cp told out
}

script 0 <<'END'
run 0 --version
says out "hone"
finish
END
silent told

script 1 <<'END'
both() {
    run 2 --version
}
both
says out "no such text"
finish
END
says told "FAILED: status 0 instead of 2: hone --version"
says told "--- at script.sh:3, called at script.sh:5:     run 2 --version"
says told "--- ran: hone --version"
says told "FAILED: out lacks: no such text"
says told '--- at script.sh:6: says out "no such text"'
says told "--- out"
equals "$(grep -cF "$("$HONE" --version | head -1)" told)" 2 "what the command said, at both places"

script 1 <<'END'
AS=first begin --version
await grep "is never said" first.out
echo "goes on"
finish
END
says told "FAILED: the command has ended without: grep is never said first.out"
says told "--- at script.sh:3: await grep"
says told "--- first.out"
! grep -q "goes on" told || complain "a script goes on that waited in vain"

script 0 <<'END'
run 0 --version
skips "there is no moon"
finish
END
says told "skipped: there is no moon"
equals "$(grep -c '^\[  SKIPPED \] 1 test(s).$' told)" 1 "lines that scripts/test.sh counts"
script 77 <<'END'
needs absent
END
finish
