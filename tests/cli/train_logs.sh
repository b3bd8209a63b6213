# What a run tells while it runs: train_log.jsonl, train_log.csv, event files. Complete after kill -9 and a resumed run, no step twice; disks and folders that take nothing; --report_to and its neighbours.
. "$(dirname "$0")/lib.sh"
command -v python3 >/dev/null || { echo "skipped: python3 reads the logs"; exit 77; }
export GOMP_SPINCOUNT=1000
a_corpus corpus
a_tokenizer tok
TRAIN="train causal-lm --tokenizer_name tok --config_overrides n_embd=32,n_layer=1,n_head=2,n_positions=64 --train_file corpus --validation_file corpus --block_size 16 --threads 1
    --per_device_train_batch_size 2 --learning_rate 1e-3 --max_steps 60 --logging_steps 3 --eval_strategy steps --eval_steps 12 --save_steps 10"

# ---- what an undisturbed run leaves ----
run 0 $TRAIN --output_dir whole --report_to all --log_histograms_steps 30
[ -s whole/train_log.csv ] && [ -s whole/train_log.jsonl ] || complain "logs are missing"
cat >events.py <<'PY'
# What TensorBoard shows of a folder of event files: {tag: [(step, value)]}, texts' and histograms' tags. Later files take back what earlier ones told of the steps that they do again.
import glob, struct

def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 0x7f) << shift
        shift, at = shift + 7, at + 1
        if data[at - 1] < 0x80:
            return value, at

def fields(data):
    """The (number, value) of a protobuf message."""
    at, found = 0, []
    while at < len(data):
        key, at = varint(data, at)
        if key & 7 == 0:
            value, at = varint(data, at)
        else:
            n, at = varint(data, at) if key & 7 == 2 else ({1: 8, 5: 4}[key & 7], at)
            value, at = data[at : at + n], at + n
        found.append((key >> 3, value))
    assert at == len(data)
    return found

def records(data):
    at = 0
    while at < len(data):
        (n,) = struct.unpack_from("<Q", data, at)
        assert at + 16 + n <= len(data), "a torn record"
        yield data[at + 12 : at + 12 + n]
        at += 16 + n

def read(folder):
    scalars, others = {}, set()
    for path in sorted(glob.glob(glob.escape(folder) + "/events.out.tfevents.*")):
        for number, record in enumerate(records(open(path, "rb").read())):
            event = dict(fields(record))
            step = event.get(2, 0)
            assert (event.get(3) == b"brain.Event:2") == (number == 0), event
            if dict(fields(event.get(7, b""))).get(1) == 1: # SessionLog.START
                scalars = {tag: [p for p in points if p[0] < step] for tag, points in scalars.items()}
            for _, v in fields(event.get(5, b"")):
                value = dict(fields(v))
                if 2 in value:
                    scalars.setdefault(value[1].decode(), []).append((step, *struct.unpack("<f", value[2])))
                else:
                    others.add(value[1].decode())
    return scalars, others
PY
cat >same.py <<'PY'
# same.py A B: log_history of A is in train_log.jsonl, train_log.csv and the event files of B, entry by entry; what a clock made may differ
import csv, events, glob, json, struct, sys
a, b = sys.argv[1:3]
history = json.load(open(a + "/trainer_state.json"))["log_history"]
timed = lambda k: "runtime" in k or "per_second" in k
lines = [json.loads(l) for l in open(b + "/train_log.jsonl")]
rows = [{k: v for k, v in r.items() if v != ""} for r in csv.DictReader(open(b + "/train_log.csv"))]
assert len(history) == len(lines) == len(rows), (len(history), len(lines), len(rows))
for h, l, r in zip(history, lines, rows):
    assert sorted(h) == list(l) and sorted(h) == sorted(r), (h, l, r)
    for k in h:
        if not timed(k):
            assert h[k] == l[k] == float(r[k]), (k, h, l, r)
table = list(csv.reader(open(b + "/train_log.csv")))
assert {len(r) for r in table} == {len(table[0])} and sorted(table[0]) == sorted(set().union(*history)) and table[0][0] == "step", table
points = {}
for h in history:
    for k in set(h) - {"step"}:
        points.setdefault("eval/" + k[5:] if k.startswith("eval_") else "train/" + k, []).append((h["step"], *struct.unpack("<f", struct.pack("<f", h[k]))))
(folder,) = glob.glob(b + "/runs/*")
scalars, others = events.read(folder)
assert sorted(scalars) == sorted(points), (sorted(scalars), sorted(points))
for tag in points:
    steps = lambda of: [p[0] if timed(tag) else p for p in of[tag]]
    assert steps(scalars) == steps(points), (tag, scalars[tag], points[tag])
assert {"args/text_summary", "model_config/text_summary"} <= others, others
assert any(tag.startswith("weights/") for tag in others) == (b == "whole"), others # --log_histograms_steps
PY
python3 same.py whole whole || complain "the logs of the undisturbed run"
equals "$(head -1 whole/train_log.csv)" "step,loss,grad_norm,learning_rate,epoch,eval_loss,eval_runtime,eval_samples_per_second,eval_steps_per_second,$(
)train_runtime,train_samples_per_second,train_steps_per_second,total_flos,train_loss" "columns, in the order in which they came"
equals "$(ls -d whole/runs/*_"$(hostname)" | wc -l)" 1 "runs/DATE_HOST"

# ---- killed in the middle, and gone on with: the logs are those of the undisturbed run ----
has_logged() { [ "$(cat killed/train_log.jsonl 2>/dev/null | wc -l)" -ge 14 ]; }
begin $TRAIN --output_dir killed --report_to all --logging_steps 1
await has_logged
kill -9 $CHILD
wait $CHILD 2>/dev/null
[ -s killed/train_log.jsonl ] && [ ! -e killed/train_results.json ] || skips "the run was over before it was killed"
printf '{"step": 14, "lo' >>killed/train_log.jsonl
printf '14,0.5' >>killed/train_log.csv
printf '\x40\0\0\0\0\0\0\0torn' >>"$(ls killed/runs/*/events* | tail -1)"
run 0 $TRAIN --output_dir killed --report_to all --logging_steps 1
run 0 $TRAIN --output_dir straight --report_to all --logging_steps 1
python3 same.py straight killed || complain "the logs of the resumed run"
equals "$(ls -d killed/runs/* | wc -l)" 1 "the resumed run's folder"

# ---- gone on with in another folder: its logs begin with those of the first ----
run 0 $TRAIN --output_dir other --report_to all --logging_steps 1 --resume_from_checkpoint killed/checkpoint-30
python3 same.py straight other || complain "the logs of a run that went on elsewhere"

# ---- with the tensorboard package, where it is ----
TB=${HONE_TENSORBOARD_PYTHON:-python3}
if "$TB" -c "import tensorboard" 2>/dev/null; then
    for folder in whole killed other; do
        "$TB" "$HONE_SOURCE_DIR/tools/check_tensorboard.py" $folder >out 2>err || complain "TensorBoard reads $folder otherwise"
    done
    says out "as trainer_state.json has them"
else
    skips "the package tensorboard is not there (HONE_TENSORBOARD_PYTHON)"
fi

# ---- what goes where ----
run 0 $TRAIN --max_steps 3 --eval_strategy no --output_dir none --report_to none
clean none/runs none/train_log.jsonl none/train_log.csv
run 0 $TRAIN --max_steps 3 --eval_strategy no --output_dir default
[ -s default/train_log.jsonl ] && [ -d default/runs ] && [ ! -e default/train_log.csv ] || complain "the default of --report_to"
run 0 $TRAIN --max_steps 3 --eval_strategy no --output_dir named --report_to tensorboard,csv --run_name blue
ls named/runs/blue/events.out.tfevents.* >/dev/null || complain "--run_name"
clean named/train_log.jsonl
run 0 $TRAIN --max_steps 3 --eval_strategy no --output_dir elsewhere --report_to tensorboard csv --logging_dir deep/er
ls deep/er/events.out.tfevents.* >/dev/null || complain "--logging_dir"
clean elsewhere/runs

# ---- what cannot be ----
fails 2 '--report_to: there is no tracker "wandb"' $TRAIN --output_dir no --report_to wandb
says err "tensorboard, csv, jsonl"
fails 2 "--run_name" $TRAIN --output_dir no --run_name a/b
fails 2 "--log_histograms_steps" $TRAIN --output_dir no --report_to jsonl --log_histograms_steps 5
clean no
echo >file
fails 1 "--logging_dir: cannot make the folder file/logs" $TRAIN --output_dir no --logging_dir file/logs
clean no/checkpoint-10 no/model.safetensors

# ---- a log that takes nothing: one warning, the training goes on (/dev/full is a disk without room) ----
run 0 $TRAIN --max_steps 10 --eval_strategy no --output_dir full --report_to jsonl
rm -f full/train_log.jsonl full/model.safetensors && ln -s /dev/full full/train_log.jsonl
run 0 $TRAIN --max_steps 20 --eval_strategy no --output_dir full --report_to jsonl
equals "$(grep -c 'warning: cannot write .*train_log.jsonl' err)" 1 "warnings of a full disk"
says err "the training goes on"
[ -s full/model.safetensors ] || complain "no model after a full log"

# ---- another run in the folder takes the old one's lines away ----
run 0 $TRAIN --max_steps 3 --eval_strategy no --output_dir whole --overwrite_output_dir --report_to none
clean whole/train_log.jsonl whole/train_log.csv
finish
