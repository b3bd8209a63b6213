#!/usr/bin/env python3
"""Times training steps of GPT-2 124M: hone beside PyTorch + transformers in one run, taking turns, and prints a table.

usage: gpt2_step.py BENCH_GPT2_STEP [--rows 8] [--length 128] [--steps 5] [--rounds 2] [--threads N]

BENCH_GPT2_STEP is build/release/bench/bench_gpt2_step. Run it with a Python that has torch and transformers. Both sides: fp32, fresh weights, dropout 0.1, random tokens,
loss over the shifted ids, clipping to norm 1, AdamW (fused in PyTorch) with decay 0.01 except biases and norms; the median step of the best round counts, the peak of the
resident set is the process's own.
"""
import argparse
import json
import os
import subprocess
import sys

p = argparse.ArgumentParser()
p.add_argument("bench")
p.add_argument("--rows", type=int, default=8)
p.add_argument("--length", type=int, default=128)
p.add_argument("--steps", type=int, default=5)
p.add_argument("--rounds", type=int, default=2)
p.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
a = p.parse_args()

REFERENCE = """
import json, resource, sys, time
rows, length, steps, threads = map(int, sys.argv[1:])
import torch
from transformers import GPT2Config, GPT2LMHeadModel
torch.set_num_threads(threads)
torch.manual_seed(42)
m = GPT2LMHeadModel(GPT2Config()).train()
plain = [q for n, q in m.named_parameters() if n.endswith("bias") or "ln_" in n]
decayed = [q for n, q in m.named_parameters() if not (n.endswith("bias") or "ln_" in n)]
opt = torch.optim.AdamW([dict(params=decayed, weight_decay=0.01), dict(params=plain, weight_decay=0.0)], lr=5e-4, fused=True)
taken = []
for i in range(steps + 1):
    ids = torch.randint(0, m.config.vocab_size, (rows, length))
    start = time.time()
    loss = m(input_ids=ids, labels=ids).loss
    loss.backward()
    torch.nn.utils.clip_grad_norm_(m.parameters(), 1.0)
    opt.step()
    opt.zero_grad()
    loss.item()
    taken.append(time.time() - start)
s = sorted(taken[1:])[steps // 2]
print(json.dumps(dict(step_s=s, tokens_per_s=rows * length / s, peak_rss_gb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024e-9, torch=torch.__version__)))
"""


def run(command):
    out = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True)
    return json.loads(out.stdout.strip().splitlines()[-1])


shape = [str(a.rows), str(a.length), str(a.steps), str(a.threads)]
ours, theirs = [], []
for _ in range(a.rounds):
    ours.append(run([a.bench] + shape))
    theirs.append(run([sys.executable, "-c", REFERENCE] + shape))
o, t = min(ours, key=lambda x: x["step_s"]), min(theirs, key=lambda x: x["step_s"])
print("GPT-2 124M, %d x %d tokens, fp32, %s; torch %s" % (a.rows, a.length, o["device"], t["torch"]))
print("%-14s %12s %12s %14s %16s" % ("", "s a step", "tokens/s", "peak RSS GB", "share of sgemm"))
print("%-14s %12.3f %12.1f %14.2f %15.0f%%  (of %.0f GFLOP/s)" % ("hone", o["step_s"], o["tokens_per_s"], o["peak_rss_gb"], 100 * o["share_of_sgemm"], o["sgemm_gflops"]))
print("%-14s %12.3f %12.1f %14.2f %15.0f%%" % ("PyTorch", t["step_s"], t["tokens_per_s"], t["peak_rss_gb"], 100 * o["gflop"] / t["step_s"] / o["sgemm_gflops"]))
print("hone / PyTorch: %.2f x the tokens/s, %.0f %% of the memory" % (o["tokens_per_s"] / t["tokens_per_s"], 100 * o["peak_rss_gb"] / t["peak_rss_gb"]))
