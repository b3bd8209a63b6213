# --profile of hone train, hone evaluate and hone pipeline: tables on standard error and in profile.txt, a trace that is JSON of nested spans; a range of steps that is none.
. "$(dirname "$0")/lib.sh"
command -v python3 >/dev/null || { echo "skipped: python3 reads the trace"; exit 77; }
export GOMP_SPINCOUNT=1000
a_model model
run 0 train causal-lm --model_name_or_path model --train_file model.tokenizer.corpus --validation_file model.tokenizer.corpus --block_size 16 --max_steps 12 --threads 1 \
    --output_dir trained --profile --profile_layers --profile_steps 5:6 --eval_strategy steps --eval_steps 6 --logging_steps 3 --save_steps 6
says err "9 steps of"
says err "feed-forward, backward"
says trained/profile.txt "Parts of a step"
python3 - <<'PY' || complain "the profile's tables and trace"
import json, re
events = json.load(open("trained/profile_trace.json"))["traceEvents"]
spans = [e for e in events if e["ph"] == "X" and e["tid"] == 0]
assert sum(e["name"] == "step" for e in spans) == 2, "two steps are traced"
assert [e["args"]["name"] for e in events if e["name"] == "thread_name"] == ["engine"]
open_spans = []
for e in sorted(spans, key=lambda e: (e["ts"], -e["dur"])):  # each span ends before the one around it
    while open_spans and open_spans[-1] <= e["ts"] + 1e-3:
        open_spans.pop()
    assert not open_spans or e["ts"] + e["dur"] <= open_spans[-1] + 1e-3, e
    open_spans.append(e["ts"] + e["dur"])
depth = {e["cat"] for e in spans}
assert depth == {"part", "forward", "backward", "kernel"}, depth
# the lines of every table add up to its whole
tables, rows = open("trained/profile.txt").read().split("\n\n"), re.compile(r"^  .{34} +[\d.]* +([\d.]+) +([\d.]+)%", re.M)
for table in tables[1:5]:
    shares = [float(m[1]) for m in rows.findall(table)]
    assert len(shares) > 1 and abs(sum(shares) - 100) < 0.06 * len(shares), (sum(shares), table)
PY
run 0 evaluate causal-lm --model_name_or_path trained --validation_file model.tokenizer.corpus --block_size 16 --threads 1 --output_dir evaluated --profile
says err "Parts of a step"
says err "s to read model and data and to tokenize"
says evaluated/profile.txt "forward"
says evaluated/profile.txt "  postprocess "
says evaluated/profile.txt "  metrics "
says evaluated/profile.txt "the process held"
ls >before
run 0 evaluate causal-lm --model_name_or_path trained --validation_file model.tokenizer.corpus --block_size 16 --threads 1 --profile
says err "Parts of a step"
equals "$(ls)" "$(cat before)" "files beside those that were there"
# pipelines: each batch of texts is a step; answers are what they are without
for i in 1 2 3 4 5; do echo '{"inputs": "def function_'$i'("}'; done >prompts.jsonl
run 0 pipeline text-generation --model trained --input prompts.jsonl --batch_size 2 --max_new_tokens 4 --threads 1
cp out plain.jsonl
run 0 pipeline text-generation --model trained --input prompts.jsonl --batch_size 2 --max_new_tokens 4 --threads 1 --profile_trace pipeline_trace.json
same out plain.jsonl
for line in "3 steps of" "the process held" "  load " "  step " "  tokenize " "  forward " "  choose " "  postprocess " "  write " "feed-forward, forward" "linear_forward"; do
    says err "$line"
done
python3 - <<'PY' || complain "the trace of a pipeline"
import json
events = [e for e in json.load(open("pipeline_trace.json"))["traceEvents"] if e["ph"] == "X"]
assert sum(e["name"] == "step" for e in events) == 3
assert {"part", "forward", "kernel"} == {e["cat"] for e in events}
PY
run 0 pipeline text-generation --model trained --max_new_tokens 2 --threads 1 --profile "def f" "def g"
says err "2 steps of"
run 1 pipeline text-generation --model trained --max_new_tokens 2 --threads 1 --profile_trace nowhere/trace.json "def f"
says err 'nowhere/trace.json'
echo '{"inputs": 3}' >wrong.jsonl # and beside lines that could not be answered
run 1 pipeline text-generation --model trained --max_new_tokens 2 --threads 1 --profile_trace nowhere/trace.json --input wrong.jsonl
says err '1 line could not be answered'
says err 'nowhere/trace.json'
fails 2 '--profile_steps: "6:5" is no range of steps' train causal-lm --model_name_or_path model --train_file model.tokenizer.corpus --output_dir none --profile --profile_steps 6:5
clean none
finish
