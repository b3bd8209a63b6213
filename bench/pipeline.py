#!/usr/bin/env python3
"""Times the pipeline token-classification, or text-classification: hone beside transformers in one run, taking turns, and prints a table.

usage: pipeline.py BENCH_PIPELINE HONE MODEL --texts CONLL_OR_TEXT [--task text-classification] [--n 300] [--batch_size 8] [--rounds 3] [--threads N]

BENCH_PIPELINE is build/release/bench/bench_pipeline, HONE build/release/hone, MODEL a folder of a classifier with its tokenizer. Texts are the first N sentences of a CoNLL
file (words joined by spaces), or lines; for text-classification a tab parts two texts. Run it with a Python that has torch and transformers. Both sides use strategy simple for tokens, the same texts and the same number of threads. Medians
over rounds; latency is that of single texts, after 50 of them to warm up. Processor time (all
threads) says what wall time does not on a machine that others use: compare it with --threads 1. "Process" is from the start of `hone pipeline` to its end, one text.
"""
import statistics
import subprocess
import sys
import tempfile
import time

import common
from common import last_json

p = common.parser(__doc__)
p.add_argument("bench")
p.add_argument("hone")
p.add_argument("model")
p.add_argument("--texts", required=True)
p.add_argument("--task", default="token-classification", choices=["token-classification", "text-classification"])
p.add_argument("--n", type=int, default=300)
p.add_argument("--batch_size", type=int, default=8)
p.add_argument("--rounds", type=int, default=3)
p.add_argument("--threads", type=int, default=common.CPUS)
a = p.parse_args()
common.need(a.bench, a.hone, a.model, a.texts, modules=("torch", "transformers"))

REFERENCE = """
import json, sys, time
import torch
from transformers import pipeline
import transformers
folder, path, size, threads = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
torch.set_num_threads(threads)
task = sys.argv[5]
p = pipeline(task, model=folder, **(dict(aggregation_strategy="simple") if task == "token-classification" else {}))
texts = open(path, encoding="utf-8").read().split("\\n")[:-1]
if task == "text-classification":
    texts = [dict(zip(("text", "text_pair"), t.split("\\t"))) for t in texts]
for t in texts[:50]:
    p(t)
times, used = [], time.process_time()
for t in texts:
    start = time.perf_counter()
    p(t)
    times.append(time.perf_counter() - start)
single_cpu = time.process_time() - used
start, used = time.perf_counter(), time.process_time()
for _ in p(texts, batch_size=size):
    pass
batched, batched_cpu = time.perf_counter() - start, time.process_time() - used
print(json.dumps(dict(median_ms=sorted(times)[len(times) // 2] * 1e3, single_per_s=len(texts) / sum(times), batched_per_s=len(texts) / batched,
                      single_cpu_ms=single_cpu / len(texts) * 1e3, batched_cpu_ms=batched_cpu / len(texts) * 1e3,
                      torch=torch.__version__, transformers=transformers.__version__)))
"""


def read(path):
    rows, words = [], []
    lines = open(path, encoding="utf-8").read().split("\n")
    if a.task == "text-classification" or not any(" O" in x or "\tO" in x for x in lines[:50]):
        return [x for x in lines if x.strip()]
    for line in lines + [""]:
        fields = line.split()
        if fields and fields[0] != "-DOCSTART-":
            words.append(fields[0])
        elif words:
            rows.append(" ".join(words))
            words = []
    return rows


def process(text):
    start = time.perf_counter()
    more = ["--aggregation_strategy", "simple"] if a.task == "token-classification" else []
    subprocess.run([a.hone, "pipeline", a.task, "--model", a.model, "--threads", str(a.threads), *more, text.split("\t")[0]], stdout=subprocess.DEVNULL, check=True)
    return (time.perf_counter() - start) * 1e3


with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
    texts = read(a.texts)[: a.n]
    file.write("".join(t + "\n" for t in texts))
    file.flush()
    ours, theirs, starts = [], [], []
    for _ in range(a.rounds):
        ours.append(last_json(a.bench, a.model, file.name, a.batch_size, a.threads, 1, a.task))
        theirs.append(last_json(sys.executable, "-c", REFERENCE, a.model, file.name, a.batch_size, a.threads, a.task))
        starts += [process(texts[0]) for _ in range(5)]
middle = lambda rows, key: statistics.median(r[key] for r in rows)
print("%d texts, %d threads, medians of %d rounds; torch %s, transformers %s" % (len(texts), a.threads, a.rounds, theirs[0]["torch"], theirs[0]["transformers"]))
print("%-34s %10s %14s %8s" % ("", "hone", "transformers", "ratio"))
for name, key, better in (("latency of one text, ms (median)", "median_ms", -1), ("texts/s, one by one", "single_per_s", 1), ("texts/s, batches of %d" % a.batch_size, "batched_per_s", 1),
                          ("processor ms a text, one by one", "single_cpu_ms", -1), ("processor ms a text, batches", "batched_cpu_ms", -1)):
    o, t = middle(ours, key), middle(theirs, key)
    print("%-34s %10.2f %14.2f %8.2f" % (name, o, t, o / t if better > 0 else t / o))
print("open %.1f ms, first answer after another %.1f ms; process start to end %.0f ms (median of %d; best %.0f, worst %.0f)"
      % (middle(ours, "open_ms"), middle(ours, "first_ms"), statistics.median(starts), len(starts), min(starts), max(starts)))
