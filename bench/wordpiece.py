#!/usr/bin/env python3
"""Times hone's WordPiece beside the reference (`tokenizers`) in one run and prints a table.

usage: wordpiece.py BENCH_TOKENIZER HONE TOKENIZER.json [--prose FILE]... [--words CONLL]... [--xquad FILE.json]... [--pairs N] [--skip_training]

BENCH_TOKENIZER is build/release/bench/bench_tokenizer, HONE the command. Run it with a Python that has `tokenizers`. Texts (--prose: as they stand; --xquad: the
paragraphs of a SQuAD-like file) are cut into stretches of whole lines of about 4 KB, each encoded once, so nothing repeats but what repeats in the text; --words are
CoNLL files whose first column is encoded sentence by sentence as words that were split before. All files of a kind are put together. The two sides take turns, a fresh
process each; seconds and processor time are medians, the ratio is the median of the pairs' ratios, of wall time and of processor time. Python's garbage collector
and its start are not in its times; `hone tokenize` is timed as a whole, from its start to its end, its output going to a file in memory (/dev/shm).
"""
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

import common
from common import last_json

p = common.parser(__doc__)
p.add_argument("bench")
p.add_argument("hone")
p.add_argument("tokenizer")
p.add_argument("--prose", action="append", default=[])
p.add_argument("--words", action="append", default=[])
p.add_argument("--xquad", action="append", default=[])
p.add_argument("--pairs", type=int, default=5)
p.add_argument("--vocab_size", type=int, default=10000)
p.add_argument("--skip_training", action="store_true")
a = p.parse_args()
common.need(a.bench, a.hone, a.tokenizer, *a.prose, *a.words, *a.xquad, modules=("tokenizers",))

REFERENCE = """
import gc, json, os, sys, time
how, tokenizer, path, threads = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4]
os.environ["RAYON_NUM_THREADS"] = threads
os.environ["TOKENIZERS_PARALLELISM"] = "true"
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
gc.disable()
def timed(run):
    start, cpu = time.perf_counter(), time.process_time()
    n = run()
    return {"seconds": time.perf_counter() - start, "cpu": time.process_time() - cpu, "tokens": n}
if how == "train":
    t = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    t.normalizer, t.pre_tokenizer = normalizers.BertNormalizer(lowercase=True), pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(vocab_size=int(tokenizer), special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], show_progress=False)
    print(json.dumps(timed(lambda: t.train(json.load(open(path)), trainer))))
    t.save(sys.argv[5], pretty=False)
    sys.exit()
t = Tokenizer.from_file(tokenizer)
data = open(path, "rb").read()
if how.startswith("words"):
    sentences = [[line.replace("\\t", " ").split(" ")[0] for line in s.split("\\n") if line] for s in data.decode().split("\\n\\n")]
    texts = [s for s in sentences if s]
else:
    texts, at = [], 0
    while at < len(data):
        end = min(at + 4096, len(data))
        while end < len(data) and data[end - 1] != 10:
            end += 1
        texts.append(data[at:end].decode("utf-8"))
        at = end
words = how.startswith("words")
if how.endswith("batch"):
    print(json.dumps(timed(lambda: sum(len(e) for e in t.encode_batch(texts, is_pretokenized=words)))))
else:
    print(json.dumps(timed(lambda: sum(len(t.encode(x, is_pretokenized=words)) for x in texts))))
"""
py = [sys.executable, "-c", REFERENCE]


def command(path, lines, threads):
    """hone tokenize as a whole."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    with open(lines) as f, open(path, "w") as out:
        subprocess.run([a.hone, "tokenize", "--tokenizer", a.tokenizer, "--threads", str(threads)], stdin=f, stdout=out, check=True)
    seconds = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {"seconds": seconds, "cpu": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime}


def row(name, size, ours, theirs):
    pairs = [(ours(), theirs()) for _ in range(a.pairs)]
    o, t = ({k: statistics.median(r[i][k] for r in pairs) for k in ("seconds", "cpu")} for i in (0, 1))
    for k in ("tokens",):
        if k in pairs[0][0] and k in pairs[0][1] and pairs[0][0][k] != pairs[0][1][k]:
            print("WARNING: %s tokens, the reference has %s" % (pairs[0][0][k], pairs[0][1][k]))
    ratio = {k: statistics.median(x[1][k] / x[0][k] for x in pairs) for k in ("seconds", "cpu")}
    print("%-44s %8.1f MB/s %8.2f MB/s %7.1fx wall %7.1fx cpu" % (name, size / o["seconds"] / 1e6, size / t["seconds"] / 1e6, ratio["seconds"], ratio["cpu"]), flush=True)
    return o


def paragraphs(path):
    out = []
    for article in json.load(open(path))["data"]:
        out += [x["context"] for x in article["paragraphs"]]
    return "\n".join(out) + "\n"


def joined(tmp, name, texts):
    path = os.path.join(tmp, name)
    with open(path, "wb") as f:
        for text in texts:
            f.write(text)
    return path


def json_lines(path):
    data, at, out = open(path, "rb").read(), 0, path + ".jsonl"
    with open(out, "w") as f:
        while at < len(data):
            end = min(at + 4096, len(data))
            while end < len(data) and data[end - 1] != 10:
                end += 1
            f.write(json.dumps({"text": data[at:end].decode()}) + "\n")
            at = end
    return out


def compare(label, path, how, reference, threads):
    size = os.path.getsize(path)
    if how.startswith("words"):
        size = last_json(a.bench, "words", a.tokenizer, path, 1)["bytes"]
    row(label, size, lambda: last_json(a.bench, how, a.tokenizer, path, threads), lambda: last_json(*py, reference, a.tokenizer, path, threads))


with tempfile.TemporaryDirectory() as tmp, tempfile.TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None) as memory:
    print("%-44s %13s %13s   ratio (medians of %d pairs)" % ("", "hone", "tokenizers", a.pairs))
    if a.prose:
        prose = joined(tmp, "prose.txt", [open(x, "rb").read() for x in a.prose])
        compare("encode, prose, 1 thread", prose, "encode", "encode", 1)
        for threads in (1, 2):
            compare("encode_batch, prose, %d thread%s" % (threads, "s" * (threads > 1)), prose, "batch", "batch", threads)
    if a.words:
        words = joined(tmp, "words.conll", [open(x, "rb").read().replace(b"\r\n", b"\n").rstrip(b"\n") + b"\n\n" for x in a.words])
        compare("encode, pre-split words, 1 thread", words, "words", "words", 1)
        for threads in (1, 2):
            compare("encode_batch, pre-split words, %d thread%s" % (threads, "s" * (threads > 1)), words, "words_batch", "words_batch", threads)
    for x in a.xquad:
        path = joined(tmp, os.path.basename(x) + ".txt", [paragraphs(x).encode()])
        compare("encode, %s, 1 thread" % os.path.basename(x), path, "encode", "encode", 1)
    if a.prose:
        lines, size = json_lines(prose), os.path.getsize(prose)
        for threads in (1, 2):
            out = os.path.join(memory, "out.jsonl")
            row("hone tokenize beside encode_batch, %d thread%s" % (threads, "s" * (threads > 1)), size, lambda: command(out, lines, threads),
                lambda: last_json(*py, "batch", a.tokenizer, prose, threads))
        print("  %.1f bytes of JSON a byte of text" % (os.path.getsize(out) / size))
    if a.prose and not a.skip_training:
        listed = os.path.join(tmp, "files.json")
        json.dump([prose], open(listed, "w"))
        for threads in (1, 2):
            row("train WordPiece %d on prose, %d thread%s" % (a.vocab_size, threads, "s" * (threads > 1)), os.path.getsize(prose),
                lambda: last_json(a.bench, "train_wordpiece", a.vocab_size, threads, os.path.join(tmp, "ours.json"), prose),
                lambda: last_json(*py, "train", a.vocab_size, listed, threads, os.path.join(tmp, "theirs.json")))
    loaded = last_json(a.bench, "load", a.tokenizer, 1, 1)
    print("a loaded tokenizer: %.2f MB of memory, resident set %.1f -> %.1f MB (peak %.1f), %.1f ms" % (
        loaded["bytes"] / 1e6, loaded["rss_before"] / 1e6, loaded["rss_after"] / 1e6, loaded["rss_peak"] / 1e6, loaded["seconds"] * 1e3))
