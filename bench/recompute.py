#!/usr/bin/env python3
"""What gradient checkpointing saves and costs: hone beside PyTorch + transformers, with it and without, taking turns.

usage: recompute.py BENCH_FOLDER [--only NAME]... [--model MODEL --questions SQUAD_JSON] [--steps 3] [--rounds 2] [--threads N] [--only_hone]

BENCH_FOLDER is build/release/bench. Run it with a Python that has torch and transformers. PyTorch's gradient checkpointing is model.gradient_checkpointing_enable(). Cases:
    "GPT-2 124M, 8 x 128", "GPT-2 124M, 4 x 1024"   fresh weights, random tokens, as bench/gpt2_step.py
    "questions, 8 x 384"                            MODEL (MiniLM) on SQuAD's windows, as bench/bert_step.py; hone packs rows, PyTorch pads to 384. With --model and --questions only
The four variants of a case take turns, each in a process of its own. "more" is with checkpointing over without, the median of the rounds: of processor time (all threads, which can be read on a busy
machine too) and of wall time. The peak of the resident set is the process's own. Prints a table in Markdown.
"""
import os
import sys
import tempfile
from statistics import median

import common
from common import last_json

p = common.parser(__doc__)
p.add_argument("bench")
p.add_argument("--only", action="append", help="cases whose name has this in it")
p.add_argument("--model")
p.add_argument("--questions")
p.add_argument("--steps", type=int, default=3)
p.add_argument("--rounds", type=int, default=2)
p.add_argument("--threads", type=int, default=common.CPUS)
p.add_argument("--only_hone", action="store_true")
a = p.parse_args()
common.need(os.path.join(a.bench, "bench_gpt2_step"), *(x for x in (a.model, a.questions) if x), modules=() if a.only_hone and not a.model else ("torch", "transformers"))

REFERENCE = """
import json, resource, sys, time
rows, length, steps, threads, again = map(int, sys.argv[1:6])
import torch
torch.set_num_threads(threads)
torch.manual_seed(42)
if len(sys.argv) > 6:
    from transformers import AutoModelForQuestionAnswering
    m = AutoModelForQuestionAnswering.from_pretrained(sys.argv[6]).train()
    lines = [line.split() for line in open(sys.argv[7])]
else:
    from transformers import GPT2Config, GPT2LMHeadModel
    m = GPT2LMHeadModel(GPT2Config()).train()
if again:
    m.gradient_checkpointing_enable()
opt = torch.optim.AdamW(m.parameters(), lr=5e-5, weight_decay=0.01, fused=True)
def batch(i):
    if len(sys.argv) <= 6:
        ids = torch.randint(0, m.config.vocab_size, (rows, length))
        return dict(input_ids=ids, labels=ids, use_cache=False)
    some = lines[i * rows:(i + 1) * rows]
    at = torch.tensor([[int(x) for x in l[0][1:].split(",")] for l in some])
    of = [[[int(x) for x in t.split(":")] for t in l[1:]] for l in some]
    pad = lambda k: torch.tensor([[t[k] for t in r] + [0] * (length - len(r)) for r in of])
    return dict(input_ids=pad(0), token_type_ids=pad(1), attention_mask=torch.tensor([[1] * len(r) + [0] * (length - len(r)) for r in of]), start_positions=at[:, 0], end_positions=at[:, 1])
wall, processor = [], []
for i in range(steps + 1):
    x = batch(i)
    start, before = time.time(), time.process_time()
    loss = m(**x).loss
    loss.backward()
    torch.nn.utils.clip_grad_norm_(m.parameters(), 1.0)
    opt.step()
    opt.zero_grad()
    loss.item()
    wall.append(time.time() - start)
    processor.append(time.process_time() - before)
print(json.dumps(dict(wall=sorted(wall[1:])[steps // 2], cpu=sum(processor[1:]) / steps, rss=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024e-9)))
"""


def gpt2(rows, length):
    shape = rows, length, a.steps, a.threads

    def hone(again):
        r = last_json(os.path.join(a.bench, "bench_gpt2_step"), *shape, again)
        return dict(wall=r["step_s"], cpu=r["cpu_ms"] / 1e3, rss=r["peak_rss_gb"])
    return hone, lambda again: last_json(sys.executable, "-c", REFERENCE, *shape, again)


def questions(rows_file):
    here = os.path.dirname(os.path.abspath(__file__))
    last_json(sys.executable, os.path.join(here, "bert_step.py"), "-", a.model, a.questions, "--task", "question-answering", "--write", rows_file)

    def hone(again):
        r = last_json(os.path.join(a.bench, "bench_bert_step"), a.model, rows_file, "train", 8, max(a.steps, 10), a.threads, 2, "question-answering", 0, again)
        return dict(wall=r["median_ms"] / 1e3, cpu=r["cpu_ms"] / 1e3, rss=r["peak_rss_mb"] / 1e3)
    return hone, lambda again: last_json(sys.executable, "-c", REFERENCE, 8, 384, a.steps, a.threads, again, a.model, rows_file)


def measure(name, sides):
    found = {(side, again): [] for side in range(len(sides)) for again in (0, 1)}
    for _ in range(a.rounds):
        for side, one in enumerate(sides):
            for again in (0, 1):
                found[side, again].append(one(again))
    for side, who in enumerate(("hone", "PyTorch")[:len(sides)]):
        plain, again = found[side, 0], found[side, 1]
        more = {k: 100 * (median([y[k] / x[k] for x, y in zip(plain, again)]) - 1) for k in ("cpu", "wall")}
        rss = [max(x["rss"] for x in rounds) for rounds in (plain, again)]
        print("| %s | %s | %.2f s | %.2f s | %+.0f %% | %+.0f %% | %.2f GB | %.2f GB | %.0f %% |" % (
            name, who, min(x["cpu"] for x in plain), min(x["cpu"] for x in again), more["cpu"], more["wall"], rss[0], rss[1], 100 * rss[1] / rss[0]), flush=True)


with tempfile.TemporaryDirectory() as work:
    cases = [("GPT-2 124M, 8 x 128", lambda: gpt2(8, 128)), ("GPT-2 124M, 4 x 1024", lambda: gpt2(4, 1024))]
    if a.model and a.questions:
        cases.append(("questions, 8 x 384", lambda: questions(os.path.join(work, "rows"))))
    print("%d steps, %d rounds, %d threads, load %.1f\n" % (a.steps, a.rounds, a.threads, os.getloadavg()[0]))
    print("| | | processor time of a step | with checkpointing | more | more wall time | peak RSS | with checkpointing | of it |\n|---|---|---|---|---|---|---|---|---|", flush=True)
    for name, make in cases:
        if not a.only or any(word in name for word in a.only):
            measure(name, make()[:1 if a.only_hone else 2])
