#!/usr/bin/env python3
"""Training steps in fp32 and in bf16, hone and PyTorch (autocast), by turns in one run: processor time and wall time of a step, and the ratios.

usage: bf16_step.py BENCH_FOLDER MODEL DATA_FOLDER [--rounds 3] [--threads 1] [--only ner,questions,gpt2] [--no_torch]

BENCH_FOLDER is build/release/bench, MODEL a folder of BERT (MiniLM-L6 here), DATA_FOLDER has wnut17_train.conll and squad_train_head.json. Processor time of one thread hardly depends on what else the
machine does; wall time needs a quiet one. Run it with a Python that has torch and transformers.
"""
import argparse
import json
import os
import sys
import tempfile
import time
from statistics import median

import common
from common import last_json

p = common.parser(__doc__)
p.add_argument("bench")
p.add_argument("model")
p.add_argument("data")
p.add_argument("--rounds", type=int, default=3)
p.add_argument("--threads", type=int, default=1)
p.add_argument("--only", default="ner,questions,gpt2")
p.add_argument("--no_torch", action="store_true")
p.add_argument("--torch", nargs=2, metavar=("RUN", "fp32|bf16"), help=argparse.SUPPRESS)
a = p.parse_args()
here = os.path.dirname(os.path.abspath(__file__))
STEPS = {"ner": (60, 10), "questions": (6, 2), "gpt2": (3, 2)}  # hone's, torch's
FILES = {"ner": ("token-classification", "wnut17_train.conll"), "questions": ("question-answering", "squad_train_head.json")}


def torch_steps(run, precision):
    """A step on random tokens in the shape of the run: 8 rows of 30, 384 or 128."""
    import torch
    import transformers as tf
    torch.set_num_threads(a.threads)
    torch.manual_seed(0)
    ids, kw = torch.randint(1000, 20000, (8, {"ner": 30, "questions": 384, "gpt2": 128}[run])), {}
    if run == "gpt2":
        model, kw = tf.GPT2LMHeadModel(tf.GPT2Config()), dict(labels=ids)
    elif run == "ner":
        model, kw = tf.BertForTokenClassification.from_pretrained(a.model, num_labels=9), dict(labels=ids % 9)
    else:
        model, kw = tf.BertForQuestionAnswering.from_pretrained(a.model), dict(start_positions=ids[:, 0] % 384, end_positions=ids[:, 1] % 384)
    model.train()
    opt, cpu, wall = torch.optim.AdamW(model.parameters(), lr=5e-5), [], []
    for _ in range(STEPS[run][1] + 1):
        c, w = time.process_time(), time.perf_counter()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision == "bf16"):
            loss = model(input_ids=ids, **kw).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        opt.zero_grad()
        cpu.append(time.process_time() - c), wall.append(time.perf_counter() - w)
    print(json.dumps(dict(cpu_ms=1e3 * min(cpu[1:]), wall_ms=1e3 * min(wall[1:]), loss=float(loss))))


def hone_step(run, rows, classes, bf16):
    n = STEPS[run][0]
    if run == "gpt2":
        r = last_json(os.path.join(a.bench, "bench_gpt2_step"), 8, 128, n, a.threads, 0, bf16)
        return dict(cpu_ms=r["cpu_ms"], wall_ms=1e3 * r["best_step_s"])
    r = last_json(os.path.join(a.bench, "bench_bert_step"), a.model, rows, "train", 8, n, a.threads, classes, FILES[run][0], bf16)
    return dict(cpu_ms=r["cpu_ms"], wall_ms=r["median_ms"])


def measure(run, rows, classes):
    sides = {"hone fp32": lambda: hone_step(run, rows, classes, 0), "hone bf16": lambda: hone_step(run, rows, classes, 1)}
    for name in () if a.no_torch else ("fp32", "bf16"):
        sides["torch " + name] = lambda name=name: last_json(sys.executable, *sys.argv, "--torch", run, name)
    got = {name: [] for name in sides}
    for _ in range(a.rounds):
        for name, side in sides.items():
            got[name].append(side())
    print("\n%s, %d thread%s" % (run, a.threads, "" if a.threads == 1 else "s"))
    for name, r in got.items():
        print("%-12s %9.1f ms of processor time a step, %9.1f ms" % (name, median([x["cpu_ms"] for x in r]), median([x["wall_ms"] for x in r])))
    for one, other in (("hone fp32", "hone bf16"), ("torch fp32", "torch bf16"), ("torch bf16", "hone bf16")):
        if one in got:
            print("%s / %s: %.2f by processor time" % (one, other, median([x["cpu_ms"] / y["cpu_ms"] for x, y in zip(got[one], got[other])])), flush=True)


if a.torch:
    torch_steps(*a.torch)
    sys.exit()
runs = a.only.split(",")
files = {run: os.path.join(a.data, FILES[run][1]) for run in runs if run in FILES}
common.need(os.path.join(a.bench, "bench_bert_step"), a.model, *files.values(), modules=("torch", "transformers"))
for run in runs:
    with tempfile.NamedTemporaryFile(suffix=".rows") as rows:
        made = last_json(sys.executable, os.path.join(here, "bert_step.py"), "-", a.model, files[run], "--task", FILES[run][0], "--write", rows.name) if run in FILES else dict(classes=0)
        measure(run, rows.name, made["classes"])
