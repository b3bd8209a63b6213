# The progress of hone train on a terminal: one line that fits its width, an evaluation inside the training's line, and none of it where standard error is no terminal.
. "$(dirname "$0")/lib.sh"
command -v python3 >/dev/null || { echo "skipped: python3 opens the terminal"; exit 77; }
export GOMP_SPINCOUNT=1000
a_corpus corpus
a_tokenizer tok
for i in $(seq 10); do cat corpus/*.py; done >valid.py # an evaluation that outlasts the 50 ms between two bars
WIDTH=256
if sanitized; then WIDTH=64; fi # slow enough as it is
TRAIN="train causal-lm --tokenizer_name tok --config_overrides n_embd=$WIDTH,n_layer=4,n_head=2,n_positions=64 --train_file corpus --validation_file valid.py --block_size 16 --threads 1
    --per_device_train_batch_size 8 --per_device_eval_batch_size 1 --max_steps 150 --logging_steps 50 --eval_strategy steps --eval_steps 75 --save_strategy no --report_to none --overwrite_output_dir --output_dir run"
cat >terminal.py <<'PY'
# terminal.py COLUMNS ENCODING COMMAND…: runs it on a terminal of that width; what the terminal saw is in frames, a line for each that was written anew
import fcntl, os, pty, struct, subprocess, sys, termios
ours, theirs = pty.openpty()
fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 30, int(sys.argv[1]), 0, 0))
env = dict(os.environ, LC_ALL=sys.argv[2])
p = subprocess.Popen(sys.argv[3:], stderr=theirs, stdout=subprocess.DEVNULL, env=env)
os.close(theirs)
seen = b""
while True:
    try:
        data = os.read(ours, 65536)
    except OSError:
        break
    if not data:
        break
    seen += data
assert p.wait() == 0, seen
frames = [f for f in seen.decode().replace("\r\n", "\n").split("\r\x1b[K")]
bars = [f.split("\n")[0] for f in frames if f.startswith(("training", "evaluating", "tokenizing"))]
assert bars and max(map(len, bars)) < int(sys.argv[1]), max(bars, key=len)
open("frames", "w").write("\n".join(bars) + "\n")
PY
python3 terminal.py 120 C.UTF-8 "$HONE" $TRAIN 2>err || complain "a wide terminal"
says frames "> evaluating"
says frames "150/150 steps"
says frames "█"
grep -qE '^training +[0-9]+% \|.*\| [0-9]+/150 steps, loss [0-9.]+, [0-9]+ tokens/s' frames || complain "the training's bar: $(head -3 frames)"
python3 terminal.py 20 C "$HONE" ${TRAIN/--max_steps 150/--max_steps 20} 2>err || complain "a very narrow terminal"
python3 terminal.py 44 C "$HONE" $TRAIN 2>err || complain "a narrow terminal"
grep -qE '^training +[0-9]+% .*[0-9]+/150 steps, loss [0-9.]+' frames || complain "the narrow training's line: $(head -3 frames)"
! grep -q "█" frames || complain "blocks on a terminal that knows no UTF-8"

# ---- the table at its end; no bars in a file ----
run 0 $TRAIN
! grep -q "$(printf '\r')" err || complain "bars in a file"
says err "updates/s"
says err "rows/s"
says err "GFLOP/s"
run 0 $TRAIN --quiet
silent err
run 0 $TRAIN --include_tokens_per_second --include_num_input_tokens_seen
says out '"train_tokens_per_second"'
says run/trainer_state.json '"num_input_tokens_seen": 18016'
finish
