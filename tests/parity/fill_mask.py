"""Writes fill_mask.json: what transformers' pipeline fill-mask answers to odd texts, with models that hone made (and saved, which this proves too).

usage: HONE_SAVE_MODEL=/tmp/models build/release/tests/parity_fill_mask; fill_mask.py /tmp/models > tests/parity/fill_mask.json

Texts have one mask or several, at the ends, inside words and beside punctuation, other special tokens spelled out, accents, unknown scripts; targets are words, pieces, words that are no
token, the same one twice. One folder's tokenizer cleans spaces up by its default, the other's
configuration says that it does not.
"""
import json
import random
import sys
import warnings

from transformers import AutoModelForMaskedLM, AutoTokenizer, pipeline

warnings.filterwarnings("ignore")
r = random.Random(11)
words = "paris is the capital of france , and i do n't play . café zürich ' playing unplayed a-b A 12 [ mask ] 's".split()
odd = ["naïve", "İstanbul", "한국어", "日本", "😀", "e\u0301te\u0301", "O'Neil", "don't", "…", "ß", "Σ", "\u00ad", "\t", "\n", "[UNK]", "[SEP]", "[PAD]", "[CLS]", "##ing", "!!", " . ", "\u0000", "مرحبا"]


def text(n, masks):
    parts = [(r.choice(odd) if r.random() < 0.3 else r.choice(words)) for _ in range(n)]
    for _ in range(masks):
        parts.insert(r.randint(0, len(parts)), "[MASK]")
    return "".join(p + r.choice([" "] * 8 + ["", "  ", "-", ","]) for p in parts)


rows = []
for name in ("bert", "distilbert"):
    folder = sys.argv[1] + "/" + name
    p = pipeline("fill-mask", model=AutoModelForMaskedLM.from_pretrained(folder).eval(), tokenizer=AutoTokenizer.from_pretrained(folder))
    size = p.model.config.vocab_size

    def add(x, top_k=None, targets=None):
        given = {k: v for k, v in (("top_k", top_k), ("targets", targets)) if v is not None}
        rows.append(dict(model=name, top_k=top_k, targets=targets, input=dict(inputs=x), outputs=p(x, **given)))

    for n in (0, 1, 2, 3, 5, 9):
        add(text(n, 1))
        add(text(n, 2), top_k=2)
    add("[MASK][MASK]un[MASK]ed", top_k=1)
    add("the capital of [MASK] .", top_k=size)
    add("do [MASK] 't play , i 'm [MASK] .", top_k=3)
    for targets in (["paris"], ["paris", "the", "is", "of", "france", "and", "play"], ["##ing", "playing", "Café", "the", "the"], ["日本", "paris"], ["", "a"], ["[MASK]", "[PAD]", "[SEP]"]):
        add(text(4, 1), targets=targets)
        add(text(3, 2), targets=targets, top_k=2)
print("[" + ",\n".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in json.loads(json.dumps(rows), parse_float=lambda x: round(float(x), 7))) + "]")
