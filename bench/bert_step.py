#!/usr/bin/env python3
"""Times training, evaluation and single sentences of an encoder with a token-classification head: hone beside PyTorch + transformers, taking turns, same rows, same batches.

usage: bert_step.py BENCH_BERT_STEP MODEL CONLL... [--batch 8] [--steps 100] [--rounds 3] [--threads N] [--modes train,eval,latency]

BENCH_BERT_STEP is build/release/bench/bench_bert_step, MODEL a folder of BERT or DistilBERT. Run it with a Python that has torch, transformers and tokenizers. Sentences are
tokenized once, in an order that a seed gives; hone reads them packed, the reference padded to the longest of the batch. Both sides: fp32, dropout as the configuration says,
loss over the labelled tokens, clipping to norm 1, AdamW (fused in PyTorch) with decay 0.01 except biases and norms. Steps a second are over all steps of a round, the
median of the rounds counts; the peak of the resident set is the process's own. "cpu ms" is the processor time of a step (all threads): with one thread it can be read
on a busy machine too.
"""
import argparse
import json
import os
import random
import subprocess
import sys
import tempfile

p = argparse.ArgumentParser()
p.add_argument("bench")
p.add_argument("model")
p.add_argument("conll", nargs="+")
p.add_argument("--batch", type=int, default=8)
p.add_argument("--steps", type=int, default=100)
p.add_argument("--rounds", type=int, default=3)
p.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
p.add_argument("--modes", default="train,eval,latency")
p.add_argument("--max_words", type=int, default=0, help="leave out longer sentences")
p.add_argument("--write", help=argparse.SUPPRESS)
a = p.parse_args()

REFERENCE = """
import json, resource, sys, time
model, path, mode, batch, steps, threads, classes = sys.argv[1], sys.argv[2], sys.argv[3], *map(int, sys.argv[4:])
import torch
from transformers import AutoModelForTokenClassification
torch.set_num_threads(threads)
torch.manual_seed(42)
rows = [[tuple(map(int, x.split(":"))) for x in line.split()] for line in open(path)]
m = AutoModelForTokenClassification.from_pretrained(model, num_labels=classes)
m.train(mode == "train")
batch = 1 if mode == "latency" else batch
plain = [q for n, q in m.named_parameters() if n.endswith("bias") or "LayerNorm" in n]
decayed = [q for n, q in m.named_parameters() if not (n.endswith("bias") or "LayerNorm" in n)]
opt = torch.optim.AdamW([dict(params=decayed, weight_decay=0.01), dict(params=plain, weight_decay=0.0)], lr=5e-5, fused=True)
taken, processor = [], []
for i in range(steps + 5):
    first = i * batch % (len(rows) // batch * batch)
    some = rows[first:first + batch]
    width = max(map(len, some))
    pad = lambda k, v: torch.tensor([[t[k] for t in r] + [v] * (width - len(r)) for r in some])
    x = dict(input_ids=pad(0, 0), labels=pad(1, -100), attention_mask=torch.tensor([[1] * len(r) + [0] * (width - len(r)) for r in some]))
    if mode == "latency":
        del x["labels"]
    before = time.process_time()
    start = time.time()
    if mode == "train":
        loss = m(**x).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(m.parameters(), 1.0)
        opt.step()
        opt.zero_grad()
        loss.item()
    else:
        with torch.inference_mode():
            o = m(**x)
            o.logits.argmax(-1)
            if mode == "eval":
                o.loss.item()
    taken.append(time.time() - start)
    processor.append(time.process_time() - before)
taken, processor = taken[5:], processor[5:]
print(json.dumps(dict(steps_per_s=steps / sum(taken), rows_per_s=steps * batch / sum(taken), median_ms=1e3 * sorted(taken)[steps // 2], cpu_ms=1e3 * sum(processor) / steps,
                      peak_rss_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024e-6, torch=torch.__version__)))
"""


def sentences(path):
    words, tags, out = [], [], []
    for line in open(path, encoding="utf-8"):
        f = line.split()
        if f and f[0] != "-DOCSTART-":
            words.append(f[0]), tags.append(f[-1])
        elif words:
            out.append((words, tags))
            words, tags = [], []
    return out + ([(words, tags)] if words else [])


def write_rows(path):
    from transformers import AutoTokenizer
    tok = AutoTokenizer.from_pretrained(a.model)
    all_ = [s for f in a.conll for s in sentences(f) if not a.max_words or len(s[0]) <= a.max_words]
    names = sorted({t for _, tags in all_ for t in tags})
    random.Random(42).shuffle(all_)
    n_words = sorted(len(w) for w, _ in all_)
    with open(path, "w") as out:
        for words, tags in all_:
            e = tok(words, is_split_into_words=True, truncation=True, max_length=512)
            out.write(" ".join("%d:%d" % (i, -100 if w is None else names.index(tags[w])) for i, w in zip(e["input_ids"], e.word_ids())) + "\n")
    print("%d sentences, median %d words, %d classes" % (len(all_), n_words[len(n_words) // 2], len(names)))
    return len(names)


def run(command):
    out = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True)
    return json.loads(out.stdout.strip().splitlines()[-1])


def median(values):
    return sorted(values)[len(values) // 2]


if a.write:
    sys.exit(write_rows(a.write))
with tempfile.NamedTemporaryFile(suffix=".rows") as rows:
    # in a process of its own: the peak of the resident set of what is started here begins with this process's
    classes = subprocess.run([sys.executable] + sys.argv + ["--write", rows.name]).returncode
    for mode in a.modes.split(","):
        steps = a.steps * (a.batch if mode == "latency" else 1)
        shape = [a.model, rows.name, mode] + [str(x) for x in (a.batch, steps, a.threads, classes)]
        ours, theirs = [], []
        for _ in range(a.rounds):
            ours.append(run([a.bench] + shape))
            theirs.append(run([sys.executable, "-c", REFERENCE] + shape))
        o, t = ours[0], theirs[0]
        print("\n%s, batch %d, %.0f tokens a step, fp32, %s; torch %s" % (mode, o["batch"], o["tokens_a_step"], o["device"], t["torch"]))
        print("%-10s %10s %10s %12s %12s %12s" % ("", "steps/s", "rows/s", "median ms", "cpu ms", "peak RSS MB"))
        for name, r in (("hone", ours), ("PyTorch", theirs)):
            print("%-10s %10.2f %10.1f %12.2f %12.2f %12.0f" % ((name,) + tuple(median([x[k] for x in r]) for k in ("steps_per_s", "rows_per_s", "median_ms", "cpu_ms", "peak_rss_mb"))))
        ratios = [x["steps_per_s"] / y["steps_per_s"] for x, y in zip(ours, theirs)]
        print("hone / PyTorch: %.2f x the steps/s (rounds: %s), 1/%.2f of the processor time, %.0f %% of the memory" %
              (median(ratios), " ".join("%.2f" % x for x in ratios), median([y["cpu_ms"] / x["cpu_ms"] for x, y in zip(ours, theirs)]), 100 * median([x["peak_rss_mb"] for x in ours]) / median([x["peak_rss_mb"] for x in theirs])))
        print("hone: %.0f GFLOP/s, %.0f %% of sgemm's %.0f; weights %.0f MB, gradients %.0f MB, tape %.0f MB" %
              tuple([median([x[k] for x in ours]) for k in ("gflops",)] + [100 * median([x["share_of_sgemm"] for x in ours]), median([x["sgemm_gflops"] for x in ours])] +
                    [o[k] for k in ("weights_mb", "gradients_mb", "tape_mb")]))
