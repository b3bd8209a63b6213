#!/usr/bin/env python3
"""Whole training steps of the four tasks beside PyTorch in one run: steps a second, share of the machine's sgemm rate, memory. Prints the table of docs/benchmarks.md.

usage: steps.py BENCH_FOLDER MODEL DATA_FOLDER [--rounds 3] [--threads N] [--only ner,pairs,questions,gpt2]

BENCH_FOLDER is build/release/bench, MODEL a folder of BERT (MiniLM-L6 here), DATA_FOLDER has wikigold.conll.txt, wnut17_train.conll and squad_train_head.json. Run it with a Python that has torch and
transformers. It runs bert_step.py and gpt2_step.py, which say how they measure, shows what they print, and a table at the end. Some fifteen minutes on two cores.
"""
import json
import os
import subprocess
import sys
from statistics import median

import common

p = common.parser(__doc__)
p.add_argument("bench")
p.add_argument("model")
p.add_argument("data")
p.add_argument("--rounds", type=int, default=3)
p.add_argument("--threads", type=int, default=common.CPUS)
p.add_argument("--only", default="ner,pairs,questions,gpt2")
a = p.parse_args()

here = os.path.dirname(os.path.abspath(__file__))
conll = [os.path.join(a.data, "wikigold.conll.txt"), os.path.join(a.data, "wnut17_train.conll")]
squad = [os.path.join(a.data, "squad_train_head.json")]
encoder = [os.path.join(here, "bert_step.py"), os.path.join(a.bench, "bench_bert_step"), a.model]
RUNS = {
    "ner": ("MiniLM, token classification, batch 8", encoder + conll + ["--max_words", "24", "--steps", "60", "--reference_steps", "20", "--modes", "train"]),
    "pairs": ("MiniLM, pairs of texts, batch 8", encoder + conll + ["--task", "text-classification", "--steps", "30", "--reference_steps", "10", "--modes", "train"]),
    "questions": ("MiniLM, questions, 384 tokens, batch 8", encoder + squad + ["--task", "question-answering", "--steps", "12", "--reference_steps", "4", "--modes", "train"]),
    "gpt2": ("GPT-2 124M, 8 x 128 tokens", [os.path.join(here, "gpt2_step.py"), os.path.join(a.bench, "bench_gpt2_step")]),
}

rows = []
for name in a.only.split(","):
    title, command = RUNS[name]
    done = subprocess.run([sys.executable] + command + ["--rounds", str(a.rounds), "--threads", str(a.threads), "--json"], stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(done.returncode)  # it has said why
    shown, last = done.stdout.strip().rsplit("\n", 1)
    print(shown, flush=True)
    rows.append((title, json.loads(last)))
print("\n| a training step, %d threads, load %.0f | steps/s | share of sgemm | PyTorch | ratio (rounds) | peak RSS |\n|---|---|---|---|---|---|" % (a.threads, os.getloadavg()[0]))
for title, r in rows:
    print("| %s | %.2f | %.0f %% of %.0f GFLOP/s | %.2f | **%.2f** (%s) | %.2f GB of %.2f: %.0f %% |" % (
        title, r["steps_per_s"][0], 100 * r["share"], r["sgemm"], r["steps_per_s"][1], median(r["ratios"]), ", ".join("%.2f" % x for x in r["ratios"]), *r["peak_gb"], 100 * r["peak_gb"][0] / r["peak_gb"][1]))
