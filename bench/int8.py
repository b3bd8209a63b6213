#!/usr/bin/env python3
"""Inference in 8 bits beside float32, and beside torch's quantize_dynamic, taking turns in one run: processor and wall time, memory, and what it costs in points.

usage: int8.py HONE BENCH_PIPELINE DATA [--ner DIR] [--text DIR] [--qa DIR] [--lm DIR] [--generate] [--threads 1] [--rounds 3] [--n 300] [--no_torch]

HONE is build/release/hone, BENCH_PIPELINE build/release/bench/bench_pipeline, DATA a folder with wnut17_test.conll, sst2/test.tsv, xquad.en.json and wikitext2_test.txt. The folders are models that were
trained for it (token-classification, text-classification, question-answering, causal-lm); what is not named is left out.

Times are of a text answered in batches of 8 (questions one by one), the best of three rounds in each process, medians over --rounds processes; the ratio is the median of the rounds' own ratios. Processor time of one thread hardly depends on
what else the machine does, wall time needs a quiet one. The pipelines tokenize too. torch's side is the model alone, on the same batches, padded, tokenized before: its ratio is what to compare.
Memory is the largest and the last resident set of `hone pipeline` over the texts.
"""
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile

import common
from common import last_json

p = common.parser(__doc__)
p.add_argument("hone"), p.add_argument("bench"), p.add_argument("data")
for name in ("ner", "text", "qa", "lm"):
    p.add_argument("--" + name)
p.add_argument("--generate", action="store_true", help="tokens a second of GPT-2 124M with fresh weights, by turns")
p.add_argument("--threads", type=int, default=1)
p.add_argument("--rounds", type=int, default=3)
p.add_argument("--n", type=int, default=300)
p.add_argument("--no_torch", action="store_true")
a = p.parse_args()
DATA = {"ner": ("wnut17_dev.conll", "wnut17_test.conll"), "text": ("sst2/dev.tsv", "sst2/test.tsv"), "qa": ("xquad.en.json",), "lm": ("wikitext2_test.txt",)}
common.need(a.hone, a.bench, *(os.path.join(a.data, f) for task in DATA if getattr(a, task) for f in DATA[task]), *(getattr(a, task) for task in DATA if getattr(a, task)),
            modules=() if a.no_torch else ("torch", "transformers"))
os.environ.setdefault("GOMP_SPINCOUNT", "1000")

TORCH = """
import json, sys, time, warnings
warnings.filterwarnings("ignore")
import torch, transformers as tf
folder, path, task, threads = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
torch.set_num_threads(threads)
tf.logging.set_verbosity_error()
kind = dict(ner=tf.AutoModelForTokenClassification, text=tf.AutoModelForSequenceClassification, qa=tf.AutoModelForQuestionAnswering)[task]
model, tok = kind.from_pretrained(folder).eval(), tf.AutoTokenizer.from_pretrained(folder)
texts = [line.split("\\t") for line in open(path, encoding="utf-8").read().split("\\n") if line]
batches = [tok(*map(list, zip(*texts[i:i + 8])), padding=True, truncation=True, max_length=384, return_tensors="pt") for i in range(0, len(texts), 8)]
narrow = torch.ao.quantization.quantize_dynamic(model, {torch.nn.Linear}, dtype=torch.qint8)
best = {}
with torch.inference_mode():
    for r in range(3):
        for name, m in (("none", model), ("int8", narrow)):
            cpu, wall = time.process_time(), time.perf_counter()
            for b in batches:
                m(**b)
            now = (1e3 * (time.process_time() - cpu) / len(texts), 1e3 * (time.perf_counter() - wall) / len(texts))
            if r > 0:
                best[name] = min(best.get(name, now), now)
print(json.dumps(best))
"""


def sentences(path):
    return [" ".join(line.split()[0] for line in block.split("\n") if line.strip()) for block in open(path, encoding="utf-8").read().split("\n\n") if block.strip()]


def texts_of(task):
    if task == "ner":
        return sentences(f"{a.data}/wnut17_test.conll")[:a.n]
    if task == "text":
        rows = [line.rstrip("\n").split("\t") for line in open(f"{a.data}/sst2/test.tsv", encoding="utf-8")]
        return [max(r, key=len) for r in rows[1:]][:a.n]
    pairs = [(q["question"], par["context"]) for art in json.load(open(f"{a.data}/xquad.en.json", encoding="utf-8"))["data"] for par in art["paragraphs"] for q in par["qas"]]
    return [" ".join(q.split()) + "\t" + " ".join(c.split()) for q, c in pairs][:max(a.n // 10, 8)]


TASKS = {"ner": ("token-classification", a.ner), "text": ("text-classification", a.text), "qa": ("question-answering", a.qa)}


def hone_times(task, path, how):
    r = last_json(a.bench, TASKS[task][1], path, 8, a.threads, 3, TASKS[task][0], how)
    return r["batched_cpu_ms"], 1e3 / r["batched_per_s"]


def ratio(rounds, k):
    values = [r["none"][k] / r["int8"][k] for r in rounds]
    return f"**{statistics.median(values):.2f}** ({', '.join(f'{v:.2f}' for v in values)})"


def ms(rounds, how, k):
    return f"{statistics.median(r[how][k] for r in rounds):.2f}"


def memory(task, path, how):
    """Resident set, at most and at the end, in MB: the process reads its texts from a pipe and waits for more."""
    lines = []
    for t in open(path, encoding="utf-8").read().split("\n")[:-1]:
        q, _, c = t.partition("\t")
        lines.append(json.dumps(dict(question=q, context=c) if task == "qa" else dict(inputs=t)))
    child = subprocess.Popen([a.hone, "pipeline", TASKS[task][0], "--model", TASKS[task][1], "--input", "-", "--threads", str(a.threads), "--quantize", how],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    for line in lines:
        child.stdin.write(line + "\n")
        child.stdin.flush()
        child.stdout.readline()
    status = open(f"/proc/{child.pid}/status").read()
    child.stdin.close()
    child.wait()
    return [int(re.search(rf"{key}:\s+(\d+)", status)[1]) / 1024 for key in ("VmHWM", "VmRSS")]


def measure(task):
    with tempfile.TemporaryDirectory() as work:
        path = os.path.join(work, "texts")
        open(path, "w", encoding="utf-8").write("\n".join(texts_of(task)) + "\n")
        hone, torch = [], []
        for _ in range(a.rounds):
            hone.append({how: hone_times(task, path, how) for how in ("none", "int8")})
            if not a.no_torch:
                torch.append(last_json(sys.executable, "-c", TORCH, TASKS[task][1], path, task, a.threads))
        for name, rounds in (("hone", hone), ("torch", torch)):
            if rounds:
                cells = [f"{ms(rounds, 'none', k)} → {ms(rounds, 'int8', k)} ms, {ratio(rounds, k)}" for k in (0, 1)]
                print(f"| {TASKS[task][0]} | {name} | {cells[0]} | {cells[1]} |", flush=True)
        m = {how: memory(task, path, how) for how in ("none", "int8")}
        return f"| {TASKS[task][0]} | {m['none'][0]:.0f} → {m['int8'][0]:.0f} | {m['none'][1]:.0f} → {m['int8'][1]:.0f} |"


def points(task, folder, args, keys):
    """Metrics of `hone evaluate`, float32 and int8."""
    got = {how: last_json(a.hone, "evaluate", task, "--model_name_or_path", folder, "--threads", a.threads, "--quantize", how, *args) for how in ("none", "int8")}
    for key in keys:
        x, y = got["none"][key], got["int8"][key]
        scale = 100 if key in ("eval_f1", "eval_accuracy") and x <= 1 else 1
        print(f"| {task} | {key.removeprefix('eval_')} | {scale * x:.3f} | {scale * y:.3f} | {scale * (y - x):+.3f} |", flush=True)


named = [t for t in TASKS if TASKS[t][1]]
print(f"| a text, batches of 8, {a.threads} thread{'s' * (a.threads > 1)} | | processor time | wall time |\n|---|---|---|---|")
memories = [measure(task) for task in named]
print("\n| resident set, MB | largest | steady |\n|---|---|---|\n" + "\n".join(memories))
if a.generate:
    bench = os.path.join(os.path.dirname(a.bench), "bench_generate")
    got = [[last_json(bench, 128, a.threads, "-", how)["tokens_per_s"] for how in ("none", "int8")] for _ in range(a.rounds)]
    print("\n| text-generation, GPT-2 124M, 128 tokens | %.0f → %.0f tokens/s | **%.2f** (%s) |" % (
        *(statistics.median(r[k] for r in got) for k in (0, 1)), statistics.median(y / x for x, y in got), ", ".join("%.2f" % (y / x) for x, y in got)), flush=True)
print("\n| | | float32 | int8 | difference |\n|---|---|---|---|---|")
if a.ner:
    points("token-classification", a.ner, ["--validation_file", f"{a.data}/wnut17_dev.conll"], ["eval_f1", "eval_loss"])
    points("token-classification", a.ner, ["--validation_file", f"{a.data}/wnut17_test.conll"], ["eval_f1", "eval_loss"])
if a.text:
    points("text-classification", a.text, ["--validation_file", f"{a.data}/sst2/dev.tsv"], ["eval_accuracy", "eval_loss"])
    points("text-classification", a.text, ["--validation_file", f"{a.data}/sst2/test.tsv"], ["eval_accuracy", "eval_loss"])
if a.qa:
    points("question-answering", a.qa, ["--validation_file", f"{a.data}/xquad.en.json"], ["eval_f1", "eval_exact_match"])
if a.lm:
    points("causal-lm", a.lm, ["--validation_file", f"{a.data}/wikitext2_test.txt"], ["eval_loss", "perplexity"])
