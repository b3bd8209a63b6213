#!/usr/bin/env python3
"""What a checkpoint of GPT-2 124M costs the training: written beside it, written at once, and none, taking turns (bench_checkpoint.c).

usage: checkpoint.py [--bench build/release/bench] [--folder /tmp] [--rounds 3] [--steps 8] [--every 100]
"""
import json
import os
import shutil
import statistics
import tempfile

import common

p = common.parser(__doc__)
p.add_argument("--bench", default="build/release/bench")
p.add_argument("--folder", default=tempfile.gettempdir())
p.add_argument("--rounds", type=int, default=3)
p.add_argument("--steps", type=int, default=8)
p.add_argument("--every", type=int, default=100, help="steps between checkpoints, for the last column")
a = p.parse_args()
bench = os.path.join(a.bench, "bench_checkpoint")
common.need(bench)
runs = {"never": [], "at-once": [], "beside": []}
for _ in range(a.rounds):
    for how in runs:
        folder = tempfile.mkdtemp(dir=a.folder)
        try:
            runs[how].append(common.last_json(bench, folder, how, a.steps))
        finally:
            shutil.rmtree(folder)
        print(json.dumps(runs[how][-1]), flush=True)


def median(how, key):
    return statistics.median(r[key] for r in runs[how])


print("| checkpoint | step | the training stands still | steps while it is written | whole after | cost at one in %d steps | peak RSS |" % a.every)
print("|---|---|---|---|---|---|---|")
for how in runs:
    step = median(how, "step_s")
    beside = [r for r in runs[how] if r["steps_beside"] > 0]
    slower = statistics.median(r["step_beside_s"] / r["step_s"] for r in beside) if beside else 1
    n = statistics.median(r["steps_beside"] for r in beside) if beside else 0
    cost = median(how, "stall_ms") / 1e3 + max(0, slower - 1) * n * step
    print("| %s | %.2f s | %.0f ms | %g at %.3f times the time | %.1f s | %.2f %% | %.2f GB |" % (
        how, step, median(how, "stall_ms"), n, slower, median(how, "known_after_s"), 100 * cost / (a.every * step), median(how, "peak_rss_gb")))
