"""Writes seqeval.jsonl: what the package seqeval 1.2.2 makes of random sentences of tags in every mode and scheme, odd tags among them.

usage: seqeval_cases.py [N [SEED]] > seqeval.jsonl        (N rows, 80 by default)

A row: {"references", "predictions", "accuracy", "default": report, "strict_IOB2": report, …, "strict_auto": report}; null instead of a report where
seqeval raises an error. The macro average of no type, which numpy calls NaN, is written as 0.
"""
import json
import math
import random
import sys
import warnings

from seqeval.metrics import accuracy_score, classification_report
from seqeval.scheme import BILOU, IOB1, IOB2, IOBES, IOE1, IOE2

warnings.filterwarnings("ignore")
SCHEMES = dict(IOB1=IOB1, IOB2=IOB2, IOE1=IOE1, IOE2=IOE2, IOBES=IOBES, BILOU=BILOU, auto=None)
LETTERS = ["OBI", "OIE", "OBIES", "OBILU", "OBIESUL", "OI", "BI", "O", "B", "S", "OBE", "BESI", "BLU"]
ODD = ["B", "I", "E", "S", "I-", "B-", "B-A-B", "I-A-B", "S-X", "E-X", "U-X", "L-X", "o", "b-PER", "BPER", "BX-PER", "B--PER", "B-PER-", ".", ".-PER", "X", "X-PER", "É-PER",
       "B-Ort", "I-Ärger", "B-地名", "I-地名", "O-PER", "O-", "O", "--", "-", " ", "B- ", "I-\t", "_", "B-_", "I-_", "\u00a0-PER"]


def sentence(r, letters, types, n, odd):
    tags = []
    for _ in range(n):
        letter, kind = r.choice(letters), r.choice(types)
        if tags and r.random() < 0.5 and tags[-1][2:]:
            kind = tags[-1][2:]
        tags.append(r.choice(ODD) if r.random() < odd else letter if letter == "O" else letter + "-" + kind)
    return tags


def report(references, predictions, **options):
    """The dictionary; None where seqeval refuses."""
    try:
        got = classification_report(references, predictions, output_dict=True, zero_division=0, **options)
    except (ValueError, KeyError, IndexError):
        return None
    number = lambda x: 0.0 if math.isnan(x) else float(x)
    return {name: {key: int(x) if key == "support" else number(x) for key, x in row.items()} for name, row in got.items()}


def row(r):
    letters, odd = r.choice(LETTERS), r.choice([0, 0, 0.05, 0.3])
    types = r.choice([["PER"], ["PER", "ORG"], ["PER", "ORG", "LOC", "MISC"], [f"T{i}" for i in range(20)], ["地名", "Ärger"]])
    other = letters if r.random() < 0.8 else r.choice(LETTERS)
    references = [sentence(r, letters, types, r.randrange(0, 12), odd) for _ in range(r.randrange(1, 7))]
    predictions = [[t if r.random() < 0.6 else sentence(r, other, types, 1, odd)[0] for t in s] for s in references]
    if not any(references):
        references[0], predictions[0] = ["O"], ["O"]
    out = dict(references=references, predictions=predictions, accuracy=float(accuracy_score(references, predictions)), default=report(references, predictions))
    for name, scheme in SCHEMES.items():
        out["strict_" + name] = report(references, predictions, mode="strict", scheme=scheme)
    return out


def main():
    n, seed = int(sys.argv[1]) if len(sys.argv) > 1 else 80, int(sys.argv[2]) if len(sys.argv) > 2 else 1
    r = random.Random(seed)
    for _ in range(n):
        print(json.dumps(row(r), ensure_ascii=False, separators=(",", ":")))


main()
