#!/usr/bin/env python3
"""Times hone's tokenizer beside the reference (`tokenizers`) in one run and prints a table.

usage: tokenizer.py BENCH_TOKENIZER TOKENIZER.json [--code DIR] [--prose FILE]... [--repeat N] [--vocab_size N]

BENCH_TOKENIZER is build/release/bench/bench_tokenizer. Run it with a Python that has `tokenizers` (a virtual environment will do). --code is a folder of *.py
files (default /usr/lib/python3.11): encoded, and trained on. Text is cut into stretches of whole lines of about 4 KB, each encoded once, so nothing repeats but
what repeats in the text. One thread on both sides unless the row says otherwise; the best of N runs, the two sides taking turns.
"""
import json
import os
import sys
import tempfile

import common
from common import last_json

p = common.parser(__doc__)
p.add_argument("bench")
p.add_argument("tokenizer")
p.add_argument("--code", default="/usr/lib/python3.11")
p.add_argument("--prose", action="append", default=[])
p.add_argument("--repeat", type=int, default=3)
p.add_argument("--vocab_size", type=int, default=10000)
a = p.parse_args()
common.need(a.bench, a.tokenizer, a.code, *a.prose, modules=("tokenizers",))

REFERENCE = """
import json, os, sys, time
how, tokenizer, path, threads = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4]
os.environ["RAYON_NUM_THREADS"] = threads
os.environ["TOKENIZERS_PARALLELISM"] = "true"
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
if how == "train":
    files = json.load(open(path))
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    t.decoder, t.post_processor = decoders.ByteLevel(), processors.ByteLevel(trim_offsets=False)
    trainer = trainers.BpeTrainer(vocab_size=int(tokenizer), special_tokens=["<|endoftext|>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    start = time.time()
    t.train(files, trainer)
    seconds = time.time() - start
    t.save(sys.argv[5], pretty=False)
    print(json.dumps({"seconds": seconds}))
    sys.exit()
t = Tokenizer.from_file(tokenizer)
data = open(path, "rb").read()
texts, at = [], 0
while at < len(data):
    end = min(at + 4096, len(data))
    while end < len(data) and data[end - 1] != 10:
        end += 1
    texts.append(data[at:end].decode("utf-8", "replace"))
    at = end
start = time.time()
if how == "batch":
    n = sum(len(e) for e in t.encode_batch(texts))
else:
    n = sum(len(t.encode(x)) for x in texts)
print(json.dumps({"seconds": time.time() - start, "bytes": len(data), "tokens": n}))
"""


def code_files():
    out = []
    for root, dirs, names in os.walk(a.code):
        dirs[:] = [d for d in dirs if not d.startswith(".") and not os.path.islink(os.path.join(root, d))]
        out += [os.path.join(root, n) for n in names if n.endswith(".py") and not n.startswith(".") and os.path.isfile(os.path.join(root, n))]
    return sorted(out)


def best(ours, theirs):
    runs = [(last_json(*ours), last_json(*theirs) if theirs else None) for _ in range(a.repeat)]
    o = min((r[0] for r in runs), key=lambda r: r["seconds"])
    t = min((r[1] for r in runs), key=lambda r: r["seconds"]) if theirs else None
    if t and o.get("tokens") != t.get("tokens"):
        print("WARNING: %s tokens, the reference has %s" % (o.get("tokens"), t.get("tokens")))
    return o, t


def row(name, o, t, size):
    speed = lambda r: "%7.2f s %8.1f MB/s" % (r["seconds"], size / r["seconds"] / 1e6)
    print("%-34s %s   %s   %s" % (name, speed(o), speed(t) if t else " " * 23, "%6.1fx" % (t["seconds"] / o["seconds"]) if t else ""))


with tempfile.TemporaryDirectory() as tmp:
    files = code_files()
    code = os.path.join(tmp, "code.txt")
    with open(code, "wb") as f:
        for name in files:
            f.write(open(name, "rb").read())
    listed = os.path.join(tmp, "files.json")
    json.dump(files, open(listed, "w"))
    py = [sys.executable, "-c", REFERENCE]
    print("%-34s %23s   %23s   %s" % ("", "hone", "tokenizers", "ratio"))
    for label, path in [("code", code)] + [(os.path.basename(x), x) for x in a.prose]:
        size = os.path.getsize(path)
        row("encode %s, 1 thread" % label, *best([a.bench, "encode", a.tokenizer, path, 1], py + ["encode", a.tokenizer, path, 1]), size)
        row("ids only %s, 1 thread" % label, *best([a.bench, "ids", a.tokenizer, path, 1], None), size)
        one = best([a.bench, "batch", a.tokenizer, path, 1], py + ["batch", a.tokenizer, path, 1])
        two = best([a.bench, "batch", a.tokenizer, path, 2], py + ["batch", a.tokenizer, path, 2])
        row("encode_batch %s, 1 thread" % label, *one, size)
        row("encode_batch %s, 2 threads" % label, *two, size)
        print("%-34s hone %.2fx, tokenizers %.2fx" % ("  two threads over one", one[0]["seconds"] / two[0]["seconds"], one[1]["seconds"] / two[1]["seconds"]))
    size = os.path.getsize(code)
    for threads in (1, 2):
        ours, theirs = os.path.join(tmp, "ours.json"), os.path.join(tmp, "theirs.json")
        o, t = best([a.bench, "train", a.vocab_size, threads, ours, a.code], py + ["train", a.vocab_size, listed, threads, theirs])
        row("train %d on code, %d thread%s" % (a.vocab_size, threads, "s" if threads > 1 else ""), o, t, size)
        print("  tokenizer.json: " + ("the same" if open(ours, "rb").read() == open(theirs, "rb").read() else "DIFFERENT"))
