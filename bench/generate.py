#!/usr/bin/env python3
"""Times greedy generation with GPT-2 124M, batch 1, key/value cache: hone beside PyTorch + transformers in one run, taking turns, and prints a table.

usage: generate.py BENCH_GENERATE [--new_tokens 128] [--rounds 2] [--threads N]

BENCH_GENERATE is build/release/bench/bench_generate. Run it with a Python that has torch and transformers. Both sides load the same file of fresh weights, which the
reference saves first, and must generate the same number of tokens; the best run of three in the best round counts. PyTorch's time is that of generate() less that of one
token, so that reading the prompt is left out on both sides.
"""
import subprocess
import sys
import tempfile

import common
from common import last_json

p = common.parser(__doc__)
p.add_argument("bench")
p.add_argument("--new_tokens", type=int, default=128)
p.add_argument("--rounds", type=int, default=2)
p.add_argument("--threads", type=int, default=common.CPUS)
a = p.parse_args()
common.need(a.bench, modules=("torch", "transformers"))

SAVE = """
import sys, torch
from transformers import GPT2Config, GPT2LMHeadModel
torch.manual_seed(1)
GPT2LMHeadModel(GPT2Config()).save_pretrained(sys.argv[1])
"""
REFERENCE = """
import json, sys, time
import torch
from transformers import GPT2LMHeadModel
folder, n, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
torch.set_num_threads(threads)
m = GPT2LMHeadModel.from_pretrained(folder).eval()
ids = torch.tensor([[464, 2068, 7586, 21831, 18045, 625, 262, 3290]])
def seconds(k):
    start = time.time()
    m.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=k, do_sample=False, eos_token_id=None, pad_token_id=0)
    return time.time() - start
seconds(2)
best = min(seconds(n) for _ in range(3)) - min(seconds(1) for _ in range(3))
print(json.dumps(dict(tokens_per_s=(n - 1) / best, torch=torch.__version__)))
"""


with tempfile.TemporaryDirectory() as folder:
    subprocess.run([sys.executable, "-c", SAVE, folder], check=True, stderr=subprocess.DEVNULL)
    ours, theirs = [], []
    for _ in range(a.rounds):
        ours.append(last_json(a.bench, a.new_tokens, a.threads, folder))
        theirs.append(last_json(sys.executable, "-c", REFERENCE, folder, a.new_tokens, a.threads))
o, t = max(ours, key=lambda x: x["tokens_per_s"]), max(theirs, key=lambda x: x["tokens_per_s"])
print("GPT-2 124M, greedy, batch 1, %d new tokens, fp32, %s; torch %s" % (a.new_tokens, o["device"], t["torch"]))
print("%-10s %10s %12s %20s" % ("", "tokens/s", "GB/s", "share of reading"))
for name, x in (("hone", o), ("PyTorch", t)):
    rate = x["tokens_per_s"] * o["gb_per_token"]
    print("%-10s %10.1f %12.1f %19.0f%%" % (name, x["tokens_per_s"], rate, 100 * rate / o["read_gb_per_s"]))
print("read bandwidth %.1f GB/s; hone's first token after %.0f ms, its model loaded in %.1f ms; hone / PyTorch: %.2f x"
      % (o["read_gb_per_s"], o["first_token_ms"], o["load_ms"], o["tokens_per_s"] / t["tokens_per_s"]))
