#!/usr/bin/env python3
"""Writes gpt2_rows.jsonl: logits, loss and every gradient of transformers' GPT2ForSequenceClassification for a very small GPT-2, for each problem_type; rows of several lengths, with
the padding's id in the middle, at the end, and alone (it is the end of text's id too); and the logits of each row by itself where the configuration has no padding.

usage: gpt2_rows.py OUT.jsonl

tests/parity/data/gpt2_rows.jsonl is the output of transformers 4.57.3. Element i of the k-th of named_parameters() is 0.4 sin(0.7 i + 1.3 k + 0.5), 1 more in the norms' weights: the test
tests/parity/gpt2_rows.c makes the same model.
"""
import json
import math
import sys

import torch
from transformers import GPT2Config, GPT2ForSequenceClassification

SHAPE = dict(vocab_size=19, n_positions=8, n_embd=8, n_layer=2, n_head=2, n_inner=12)
ROWS = [[5, 9, 3, 17], [4, 0, 11], [7, 12, 0], [2], [0, 0], [1, 8, 6, 13, 0, 18, 0]]
CASES = [("single_label_classification", 3, [2, 0, 1, 1, 0, 2]),
         ("multi_label_classification", 3, [[1.0, 0.0, 1.0], [0.0, 0.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]),
         ("regression", 1, [[0.25], [-1.5], [3.0], [0.0], [1.0], [-0.125]])]


def make(problem, n, pad):
    config = GPT2Config(**SHAPE, num_labels=n, problem_type=problem, pad_token_id=pad, bos_token_id=0, eos_token_id=0, resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0)
    model = GPT2ForSequenceClassification(config)
    for k, (name, p) in enumerate(model.named_parameters()):
        one = 1.0 if "ln_" in name and name.endswith("weight") else 0.0
        p.data = torch.tensor([one + 0.4 * math.sin(0.7 * i + 1.3 * k + 0.5) for i in range(p.numel())]).view_as(p)
    return model


def short(x):
    return [float("%.7g" % v) for v in x.detach().flatten().tolist()]


width = max(map(len, ROWS))
ids = torch.tensor([r + [0] * (width - len(r)) for r in ROWS])
mask = torch.tensor([[1] * len(r) + [0] * (width - len(r)) for r in ROWS])
with open(sys.argv[1], "w") as f:
    for problem, n, labels in CASES:
        model = make(problem, n, 0)
        out = model(ids, attention_mask=mask, labels=torch.tensor(labels))
        out.loss.backward()
        bare = make(problem, n, None)
        with torch.no_grad():
            alone = torch.cat([bare(torch.tensor([r])).logits for r in ROWS])
        line = {"config": SHAPE, "rows": ROWS, "problem_type": problem, "n_labels": n, "labels": labels, "loss": out.loss.item(), "logits": short(out.logits), "logits_without_pad": short(alone),
                "grad": {name: short(p.grad) for name, p in model.named_parameters()}}
        f.write(json.dumps(line, separators=(",", ":")) + "\n")
