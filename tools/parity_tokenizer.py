#!/usr/bin/env python3
"""Holds `hone tokenize` against the reference (`tokenizers`) on real texts: all eight fields of every window, texts, pairs and pre-split words.

usage: parity_tokenizer.py HONE TOKENIZER.json FILE... [--take N] [--random N] [--seed N]

Lines of a text file are texts; of a .conll file sentences of words; of a SQuAD-like .json its paragraphs, paired with their questions. --random adds N texts of random
characters, from all over Unicode; --take takes N of the files' inputs by chance. Every other text is also sent cut to windows. Prints the first differences; exit status 1 when there are any.
"""
import argparse
import json
import random
import subprocess
import sys

from tokenizers import Tokenizer

p = argparse.ArgumentParser()
p.add_argument("hone")
p.add_argument("tokenizer")
p.add_argument("files", nargs="*")
p.add_argument("--take", type=int, default=0)
p.add_argument("--random", type=int, default=0)
p.add_argument("--seed", type=int, default=1)
a = p.parse_args()
random.seed(a.seed)


def sentences(path):
    words = []
    for line in open(path, encoding="utf-8"):
        if line.strip():
            words.append(line.replace("\t", " ").split(" ")[0].rstrip("\n"))
        elif words:
            yield words
            words = []
    if words:
        yield words


def inputs(path):
    if path.endswith(".json"):
        for article in json.load(open(path, encoding="utf-8"))["data"]:
            for x in article["paragraphs"]:
                yield {"text": x["context"]}
                for q in x["qas"]:
                    yield {"text": q["question"], "pair": x["context"]}
    elif ".conll" in path:
        for words in sentences(path):
            yield {"text": words}
    else:
        for line in open(path, encoding="utf-8", newline=""):
            yield {"text": line}


def random_text():
    ranges = [(0, 0x80), (0x80, 0x250), (0x300, 0x370), (0x370, 0x600), (0x600, 0x3000), (0x3000, 0x3100), (0x4E00, 0xA000), (0xAC00, 0xD7A4), (0xF900, 0x10000),
              (0x1F000, 0x1FB00), (0x10000, 0x20000), (0x20000, 0x2FA20), (0xE0000, 0xE0200), (0x10FF00, 0x110000)]
    out = []
    for _ in range(random.randrange(40)):
        low, high = random.choice(ranges)
        out.append(random.choice((" ", "the", "e\u0301", "Ab", "", "", "")) + chr(random.randrange(low, high)))
    return "".join(c for c in out)


cases = [c for path in a.files for c in inputs(path)]
cases = random.sample(cases, min(a.take, len(cases))) if a.take else cases
cases += [{"text": random_text()} for _ in range(a.random)]
t = Tokenizer.from_file(a.tokenizer)
t.no_padding()


def fields(e):
    return {"ids": e.ids, "type_ids": e.type_ids, "tokens": e.tokens, "offsets": [list(o) for o in e.offsets], "word_ids": e.word_ids, "sequence_ids": e.sequence_ids,
            "special_tokens_mask": e.special_tokens_mask, "attention_mask": e.attention_mask}


def expected_of(c):
    if "max_length" in c:
        t.enable_truncation(c["max_length"], stride=c["stride"])
    else:
        t.no_truncation()
    e = t.encode(c["text"], c.get("pair"), is_pretokenized=isinstance(c["text"], list))
    return [fields(x) for x in [e] + e.overflowing]


bad = n = 0
for start in range(0, len(cases), 500):
    part = [c if i % 2 else dict(c, max_length=random.choice((16, 50, 128)), stride=random.choice((0, 0, 5))) for i, c in enumerate(cases[start : start + 500])]
    lines = "".join(json.dumps(c, ensure_ascii=random.random() < 0.5) + "\n" for c in part)
    got = subprocess.run([a.hone, "tokenize", "--tokenizer", a.tokenizer, "--threads", "1"], input=lines.encode(), capture_output=True, check=True)
    got = got.stdout.decode().rstrip("\n").split("\n")
    if len(got) != len(part):
        sys.exit("%d lines out for %d lines in" % (len(got), len(part)))
    for c, g in zip(part, got):
        expected = expected_of(c)
        n += sum(len(x["ids"]) for x in expected)
        if json.loads(g).get("encodings") != expected:
            bad += 1
            if bad < 4:
                print("DIFFERENT: %s\n  hone      %s\n  reference %s" % (json.dumps(c)[:500], g[:1500], json.dumps(expected, ensure_ascii=False)[:1500]))
print("%d inputs, %d tokens: %d differ" % (len(cases), n, bad))
sys.exit(bad > 0)
