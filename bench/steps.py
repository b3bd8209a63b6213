#!/usr/bin/env python3
"""Whole training steps of the four tasks beside PyTorch in one run: share of the machine's sgemm rate, ratio of the steps a second, and the aim of each.

usage: steps.py BENCH_FOLDER MODEL DATA_FOLDER [--rounds 3] [--threads N] [--only ner,pairs,questions,gpt2]

BENCH_FOLDER is build/release/bench, MODEL a folder of BERT (MiniLM-L6 here), DATA_FOLDER has wikigold.conll.txt, wnut17_train.conll and squad_train_head.json. Run it with a Python that has torch and
transformers. It runs bert_step.py and gpt2_step.py, which say how they measure, shows what they print, and a table at the end. Some fifteen minutes on two cores.
"""
import argparse
import os
import re
import subprocess
import sys

p = argparse.ArgumentParser()
p.add_argument("bench")
p.add_argument("model")
p.add_argument("data")
p.add_argument("--rounds", type=int, default=3)
p.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
p.add_argument("--only", default="ner,pairs,questions,gpt2")
a = p.parse_args()

here = os.path.dirname(os.path.abspath(__file__))
conll = [os.path.join(a.data, "wikigold.conll.txt"), os.path.join(a.data, "wnut17_train.conll")]
squad = [os.path.join(a.data, "squad_train_head.json")]
encoder = [os.path.join(here, "bert_step.py"), os.path.join(a.bench, "bench_bert_step"), a.model]
RUNS = {
    "ner": ("MiniLM, token classification", 3.0, encoder + conll + ["--max_words", "24", "--steps", "60", "--reference_steps", "20", "--modes", "train"]),
    "pairs": ("MiniLM, pairs as MRPC's", 2.3, encoder + conll + ["--task", "text-classification", "--steps", "30", "--reference_steps", "10", "--modes", "train"]),
    "questions": ("MiniLM, questions, 384 tokens", 6.5, encoder + squad + ["--task", "question-answering", "--steps", "12", "--reference_steps", "4", "--modes", "train"]),
    "gpt2": ("GPT-2 124M, 8 x 128 tokens", 1.35, [os.path.join(here, "gpt2_step.py"), os.path.join(a.bench, "bench_gpt2_step")]),
}


def find(pattern, text):
    found = re.search(pattern, text)
    return float(found.group(1)) if found else float("nan")


rows = []
for name in a.only.split(","):
    title, aim, command = RUNS[name]
    out = subprocess.run([sys.executable] + command + ["--rounds", str(a.rounds), "--threads", str(a.threads)], stdout=subprocess.PIPE, text=True, check=True).stdout
    print(out, flush=True)
    ratio = find(r"hone / PyTorch: ([\d.]+) x", out)
    share = find(r"hone: .*?([\d.]+) % of sgemm", out) if name != "gpt2" else find(r"hone .* ([\d.]+)%", out)
    sgemm = find(r"of sgemm's ([\d.]+)", out) if name != "gpt2" else find(r"\(of ([\d.]+) GFLOP/s", out)
    rows.append((title, share, sgemm, ratio, aim))
print("| a training step, %d threads, load %.0f | share of sgemm | sgemm, GFLOP/s | times PyTorch's speed | aim |\n|---|---|---|---|---|" % (a.threads, os.getloadavg()[0]))
for row in rows:
    print("| %s | %.0f %% | %.0f | **%.2f** | %.2f |" % row)
