"""Writes data/grouped_order.jsonl: orders of rows of similar length by transformers' get_length_grouped_indices, for tests/parity/grouped_order.c.

    python tests/parity/grouped_order.py > tests/parity/data/grouped_order.jsonl
"""
import json

import torch
from transformers.trainer_pt_utils import get_length_grouped_indices

for n, group, seed, modulus in [(1, 4, 42, 7), (5, 8, 1, 7), (40, 4, 42, 5), (97, 3, 7, 31), (250, 8, 43, 11), (1000, 2, 0, 200), (1601, 8, 5, 97), (300, 1, 9, 3), (20, 8, 3, 11)]:
    lengths = [(i * 7919 + 13) % modulus + 1 for i in range(n)]
    order = get_length_grouped_indices(lengths, group, generator=torch.Generator().manual_seed(seed))
    print(json.dumps({"n": n, "group": group, "seed": seed, "modulus": modulus, "order": order}, separators=(",", ":")))
