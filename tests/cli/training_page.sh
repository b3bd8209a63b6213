# docs/training.md: every command of the page runs, in order, in a folder with a few source files.
. "$(dirname "$0")/lib.sh"
needs "$HONE_SOURCE_DIR/docs/training.md"
a_corpus code
export OMP_NUM_THREADS=1
awk '/^```sh$/ { on = 1; next } /^```$/ { on = 0 } on' "$HONE_SOURCE_DIR/docs/training.md" >commands
[ "$(grep -c '^hone ' commands)" -ge 20 ] || complain "the page has fewer commands than it had"
export HONE
bash -e -c 'hone() { "$HONE" "$@"; }; . ./commands' >out 2>err || complain "a command of the page fails"
# what the page says of them
says err "num_train_epochs (was 3.0, is 4.0)"
says err "resumed from crash/checkpoint-8"
[ -s watched/train_log.csv ] || complain "no csv log"
[ -s profiled/profile.txt ] || complain "no profile"
finish
