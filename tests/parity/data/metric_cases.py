"""Writes classes.jsonl and squad.jsonl beside itself: what scikit-learn, scipy and SQuAD's official scripts make of random labels, numbers and answers.

usage: metric_cases.py [SEED [FOLDER]]

classes.jsonl   {"references", "predictions", "scores": {"accuracy", "matthews_correlation", average: [precision, recall, f1]}} (the positive class is 1), and
                {"x", "y", "pearson", "spearman"}, null for NaN
squad.jsonl     {"prediction", "answers", "v1": [exact, f1], "v2": [exact, f1]}, and {"text", "normalised"}
squad_files.jsonl  {"version_2", "dataset", "predictions", "na_probs" (null: none), "threshold", "scores"}
normalize_answer, f1 and the rest are those of evaluate-v1.1.py and evaluate-v2.0.py.
"""
import collections
import json
import math
import os
import random
import re
import string
import sys
import warnings

import numpy as np
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import accuracy_score, matthews_corrcoef, precision_recall_fscore_support

warnings.filterwarnings("ignore")


def normalize_answer(s):
    text = "".join(ch for ch in s.lower() if ch not in set(string.punctuation))
    return " ".join(re.sub(re.compile(r"\b(a|an|the)\b", re.UNICODE), " ", text).split())


def f1(prediction, gold, version_2):
    p, g = normalize_answer(prediction).split(), normalize_answer(gold).split()
    if version_2 and (len(p) == 0 or len(g) == 0):
        return int(p == g)
    same = sum((collections.Counter(p) & collections.Counter(g)).values())
    if same == 0:
        return 0
    precision, recall = 1.0 * same / len(p), 1.0 * same / len(g)
    return (2 * precision * recall) / (precision + recall)


def best(prediction, answers, version_2):
    golds = answers
    if version_2:
        golds = [a for a in answers if normalize_answer(a)] or [""]
    exact = max(int(normalize_answer(prediction) == normalize_answer(g)) for g in golds)
    return [exact, max(f1(prediction, g, version_2) for g in golds)]


WORDS = ["the", "The", "a", "An", "an", "cat", "Cat's", "42", "3.14", "naïve", "ÉCOLE", "İstanbul", "ΟΔΟΣ", "ΟΔΟΣ!", "ΣΑΣ.Σ", "Σ", "ßtraße", "中文", "ǅ", "a\u0301", "the\u00b0x", "x_a_y", "_a_",
         "a-b", "!!", "…", "“the”", "a’s", "\u00a0", "\u2003the\u2003", "\x1cb", "\u200ba", "U.S.A.", "ａｎ", "①", "½", "٣", "Ⅷ", "the\u0345", "A\u0345Σ", "ΑΣ\u00adΑ", "Σ'", "the,the", "\x85", "²", "K"]


def answer(r, n=None):
    out = []
    for _ in range(r.randrange(0, 5) if n is None else n):
        out.append(r.choice(WORDS) if r.random() < 0.9 else chr(r.choice([r.randrange(0x20, 0x250), r.randrange(0x370, 0x600), r.randrange(0x1e00, 0x2200)])))
    return r.choice([" ", " ", "  ", "", "-", "\n"]).join(out)


def squad_row(r):
    answers = [answer(r) for _ in range(r.randrange(1, 4))]
    prediction = r.choice(answers + [answer(r), "", answers[0].upper(), "the " + answers[0], answers[0] + " " + answer(r, 1)])
    return dict(prediction=prediction, answers=answers, v1=best(prediction, answers, False), v2=best(prediction, answers, True))


def make_eval(exact, f, ids):
    return [("exact", 100.0 * sum(exact[k] for k in ids) / len(ids)), ("f1", 100.0 * sum(f[k] for k in ids) / len(ids)), ("total", len(ids))]


def find_best(preds, scores, na, has):
    now = sum(1 for k in has if not has[k]); top, at = now, 0.0
    for k in sorted(na, key=lambda k: na[k]):
        now += scores[k] if has[k] else (-1 if preds[k] else 0)
        if now > top:
            top, at = now, na[k]
    return 100.0 * top / len(scores), at


def files_row(r):
    version_2, questions, n = r.random() < 0.7, [], r.randrange(1, 12)
    for i in range(n):
        golds = [] if version_2 and r.random() < 0.4 else [answer(r) for _ in range(r.randrange(1, 3))]
        questions.append(dict(id=f"q{i}", question="?", answers=[dict(text=g, answer_start=0) for g in golds], is_impossible=not golds))
    k = r.randrange(0, n + 1)
    dataset = dict(version="x", data=[dict(title="t", paragraphs=[dict(context="c", qas=questions[:k]), dict(context="c", qas=questions[k:])])])
    preds = {q["id"]: (r.choice([a["text"] for a in q["answers"]] + [answer(r), ""]) if q["answers"] else r.choice(["", answer(r)])) for q in questions}
    na, threshold = None, 1.0
    if version_2 and r.random() < 0.6:
        na = {q["id"]: r.choice([0.0, 0.25, 0.5, r.random()]) for q in r.sample(questions, n)}; threshold = r.choice([1.0, 0.5, 0.3])
    golds = {q["id"]: [a["text"] for a in q["answers"]] for q in questions}
    raw = {k: best(preds[k], golds[k], version_2) for k in preds}
    if not version_2:
        total_f1 = 0
        for k in raw:
            total_f1 += raw[k][1]
        scores = [("exact_match", 100.0 * sum(v[0] for v in raw.values()) / n), ("f1", 100.0 * total_f1 / n)]
    else:
        has = {k: bool(g) for k, g in golds.items()}; gone = {k: bool(na) and na[k] > threshold for k in raw}
        exact, f = ({k: float(not has[k]) if gone[k] else raw[k][j] for k in raw} for j in (0, 1))
        scores = make_eval(exact, f, list(has))
        for name, want in (("HasAns", True), ("NoAns", False)):
            ids = [k for k in has if has[k] == want]
            scores += [(f"{name}_{key}", v) for key, v in (make_eval(exact, f, ids) if ids else [])]
        if na:
            for j, name in enumerate(("best_exact", "best_f1")):
                score, at = find_best(preds, {k: raw[k][j] for k in raw}, na, has)
                scores += [(name, score), (name + "_thresh", at)]
    return dict(version_2=version_2, dataset=dataset, predictions=preds, na_probs=na, threshold=threshold, scores=dict(scores))


def classes_row(r):
    k, n = r.choice([1, 2, 2, 3, 5, 12]), r.randrange(1, 60)
    y = [r.randrange(k) for _ in range(n)]
    p = [v if r.random() < 0.7 else r.randrange(k) for v in y]
    scores = dict(accuracy=float(accuracy_score(y, p)), matthews_correlation=float(matthews_corrcoef(y, p)))
    for average in ("macro", "micro", "weighted"):
        scores[average] = [float(v) for v in precision_recall_fscore_support(y, p, average=average, zero_division=0)[:3]]
    scores["binary"] = [float(v[0]) for v in precision_recall_fscore_support(y, p, labels=[1], average=None, zero_division=0)[:3]]
    return dict(references=y, predictions=p, scores=scores)


def numbers_row(r):
    n = r.randrange(2, 40)
    x = [r.choice([float(r.randrange(5)), r.gauss(0, 1), r.gauss(0, 1e6)]) for _ in range(n)]
    y = [v * r.choice([1, 1, -1]) + r.choice([0, r.gauss(0, 1)]) for v in x] if r.random() < 0.9 else [1.0] * n
    clean = lambda v: None if math.isnan(v) else float(v)
    return dict(x=x, y=y, pearson=clean(pearsonr(x, y)[0]), spearman=clean(spearmanr(x, y)[0]))


def dump(folder, name, rows):
    with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
        for row in rows:
            f.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")


def main():
    r = random.Random(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
    folder, times = (sys.argv[2], 20) if len(sys.argv) > 2 else (os.path.dirname(os.path.abspath(__file__)), 1)
    dump(folder, "classes.jsonl", [classes_row(r) for _ in range(60 * times)] + [numbers_row(r) for _ in range(30 * times)])
    texts = [answer(r, r.randrange(1, 9)) for _ in range(150 * times)]
    dump(folder, "squad.jsonl", [squad_row(r) for _ in range(150 * times)] + [dict(text=t, normalised=normalize_answer(t)) for t in texts])
    dump(folder, "squad_files.jsonl", [files_row(r) for _ in range(40 * times)])


main()
