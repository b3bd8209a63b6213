#!/usr/bin/env python3
"""Times training steps of GPT-2 124M: hone beside PyTorch + transformers in one run, taking turns, and prints a table.

usage: gpt2_step.py BENCH_GPT2_STEP [--rows 8] [--length 128] [--steps 5] [--rounds 2] [--threads N]

BENCH_GPT2_STEP is build/release/bench/bench_gpt2_step. Run it with a Python that has torch and transformers. Both sides: fp32, fresh weights, dropout 0.1, random tokens,
loss over the shifted ids, clipping to norm 1, AdamW (fused in PyTorch) with decay 0.01 except biases and norms. A round's step is its median, the median of the rounds counts; the
peak of the resident set is the process's own. --json adds a last line for bench/steps.py.
"""
import json
import sys
from statistics import median

import common
from common import last_json

p = common.parser(__doc__)
p.add_argument("bench")
p.add_argument("--rows", type=int, default=8)
p.add_argument("--length", type=int, default=128)
p.add_argument("--steps", type=int, default=5)
p.add_argument("--rounds", type=int, default=2)
p.add_argument("--threads", type=int, default=common.CPUS)
p.add_argument("--json", action="store_true")
a = p.parse_args()
common.need(a.bench, modules=("torch", "transformers"))

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


shape = a.rows, a.length, a.steps, a.threads
ours, theirs = [], []
for _ in range(a.rounds):
    ours.append(last_json(a.bench, *shape))
    theirs.append(last_json(sys.executable, "-c", REFERENCE, *shape))
s, speed, rss = ([median(x[k] for x in r) for r in (ours, theirs)] for k in ("step_s", "tokens_per_s", "peak_rss_gb"))
ratios = [y["step_s"] / x["step_s"] for x, y in zip(ours, theirs)]
sgemm = median(x["sgemm_gflops"] for x in ours)
share = [median(x["share_of_sgemm"] for x in ours), ours[0]["gflop"] / s[1] / sgemm]
print("GPT-2 124M, %d x %d tokens, fp32, %s; torch %s" % (a.rows, a.length, ours[0]["device"], theirs[0]["torch"]))
print("%-14s %12s %12s %14s %16s" % ("", "s a step", "tokens/s", "peak RSS GB", "share of sgemm"))
for i, name in enumerate(("hone", "PyTorch")):
    print("%-14s %12.3f %12.1f %14.2f %15.0f%%" % (name, s[i], speed[i], rss[i], 100 * share[i]))
print("hone / PyTorch: %.2f x the tokens/s (rounds: %s), %.0f %% of the memory; sgemm %.0f GFLOP/s" %
      (median(ratios), " ".join("%.2f" % x for x in ratios), 100 * rss[0] / rss[1], sgemm))
if a.json:
    print(json.dumps(dict(steps_per_s=[1 / x for x in s], share=share[0], sgemm=sgemm, ratios=ratios, peak_gb=rss)))
