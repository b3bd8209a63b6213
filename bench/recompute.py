#!/usr/bin/env python3
"""What gradient checkpointing saves and costs: GPT-2 124M, hone beside PyTorch + transformers, with it and without, taking turns.

usage: recompute.py BENCH_GPT2_STEP [--rows 8] [--length 128] [--steps 3] [--rounds 2] [--threads N] [--only_hone]

BENCH_GPT2_STEP is build/release/bench/bench_gpt2_step. Run it with a Python that has torch and transformers. The same work as bench/gpt2_step.py; PyTorch's gradient checkpointing is
model.gradient_checkpointing_enable(). The median step of a round, the best round; the peak of the resident set is the process's own.
"""
import argparse
import json
import os
import subprocess
import sys

p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
p.add_argument("bench")
p.add_argument("--rows", type=int, default=8)
p.add_argument("--length", type=int, default=128)
p.add_argument("--steps", type=int, default=3)
p.add_argument("--rounds", type=int, default=2)
p.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
p.add_argument("--only_hone", action="store_true")
a = p.parse_args()

REFERENCE = """
import json, resource, sys, time
rows, length, steps, threads, again = map(int, sys.argv[1:])
import torch
from transformers import GPT2Config, GPT2LMHeadModel
torch.set_num_threads(threads)
torch.manual_seed(42)
m = GPT2LMHeadModel(GPT2Config()).train()
if again:
    m.gradient_checkpointing_enable()
opt = torch.optim.AdamW(m.parameters(), lr=5e-4, weight_decay=0.01, fused=True)
taken = []
for i in range(steps + 1):
    ids = torch.randint(0, m.config.vocab_size, (rows, length))
    start = time.time()
    loss = m(input_ids=ids, labels=ids, use_cache=False).loss
    loss.backward()
    torch.nn.utils.clip_grad_norm_(m.parameters(), 1.0)
    opt.step()
    opt.zero_grad()
    loss.item()
    taken.append(time.time() - start)
print(json.dumps(dict(step_s=sorted(taken[1:])[steps // 2], peak_rss_gb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024e-9)))
"""


def run(command):
    out = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True)
    return json.loads(out.stdout.strip().splitlines()[-1])


shape = [str(a.rows), str(a.length), str(a.steps), str(a.threads)]
sides = [("hone", [a.bench])] + ([] if a.only_hone else [("PyTorch", [sys.executable, "-c", REFERENCE])])
found = {}
for _ in range(a.rounds):
    for name, command in sides:
        for again in (0, 1):
            found.setdefault((name, again), []).append(run(command + shape + [str(again)]))
print("GPT-2 124M, %d x %d tokens, fp32, %d threads" % (a.rows, a.length, a.threads))
for name, _ in sides:
    plain, again = (min(found[name, k], key=lambda x: x["step_s"]) for k in (0, 1))
    ratios = ["%.2f" % (y["step_s"] / x["step_s"]) for x, y in zip(found[name, 0], found[name, 1])]
    print("%-8s peak %.2f GB, with checkpointing %.2f GB (%.0f %%); a step %.3f s and %.3f s; ratio of the rounds %s" % (
        name, plain["peak_rss_gb"], again["peak_rss_gb"], 100 * again["peak_rss_gb"] / plain["peak_rss_gb"], plain["step_s"], again["step_s"], ", ".join(ratios)))
