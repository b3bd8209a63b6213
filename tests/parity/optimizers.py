#!/usr/bin/env python3
"""Writes optimizers.json beside it: six steps of torch's SGD, Adagrad, RMSprop and of transformers' Adafactor over a matrix and a vector, for tests/parity/optimizers.c.

    python tests/parity/optimizers.py        (torch 2.x, transformers 4.57.3)
"""

import json
import os
import warnings

import torch
from transformers.optimization import Adafactor

warnings.filterwarnings("ignore")
STEPS, SHAPE, N = 6, (3, 4), 5
CASES = [
    ("sgd", "", torch.optim.SGD, {}),
    ("sgd", "momentum=0.9", torch.optim.SGD, {"momentum": 0.9}),
    ("sgd", "momentum=0.8,dampening=0.3", torch.optim.SGD, {"momentum": 0.8, "dampening": 0.3}),
    ("sgd", "momentum=0.9,nesterov=true", torch.optim.SGD, {"momentum": 0.9, "nesterov": True}),
    ("adagrad", "", torch.optim.Adagrad, {}),
    ("adagrad", "lr_decay=0.1,initial_accumulator_value=0.2,eps=1e-4", torch.optim.Adagrad, {"lr_decay": 0.1, "initial_accumulator_value": 0.2, "eps": 1e-4}),
    ("rmsprop", "", torch.optim.RMSprop, {}),
    ("rmsprop", "alpha=0.9,momentum=0.5,eps=1e-3", torch.optim.RMSprop, {"alpha": 0.9, "momentum": 0.5, "eps": 1e-3}),
    ("rmsprop", "centered=true,momentum=0.5", torch.optim.RMSprop, {"centered": True, "momentum": 0.5}),
    ("rmsprop", "centered=true", torch.optim.RMSprop, {"centered": True}),
    # what the Trainer gives Adafactor
    ("adafactor", "", Adafactor, {"scale_parameter": False, "relative_step": False}),
    ("adafactor", "beta1=0.9,clip_threshold=0.5", Adafactor, {"scale_parameter": False, "relative_step": False, "beta1": 0.9, "clip_threshold": 0.5}),
    ("adafactor", "scale_parameter=true,decay_rate=-0.6,eps1=1e-6,eps2=0.01", Adafactor, {"scale_parameter": True, "relative_step": False, "decay_rate": -0.6, "eps": (1e-6, 0.01)}),
]


def numbers(tensor):
    return [float(x) for x in tensor.detach().flatten()]


def run(cls, kwargs, matrix, vector, gradients):
    a, b = torch.nn.Parameter(matrix.clone()), torch.nn.Parameter(vector.clone())
    # as the Trainer's groups: the vector is a bias
    optimizer = cls([{"params": [a], "weight_decay": 0.1}, {"params": [b], "weight_decay": 0.0}], lr=0.01, **kwargs)
    after = []
    for step, (ga, gb) in enumerate(gradients):
        for group in optimizer.param_groups:
            group["lr"] = 0.01 / (1 + step)
        a.grad, b.grad = ga.clone(), gb.clone()
        optimizer.step()
        after.append({"matrix": numbers(a), "vector": numbers(b)})
    return after


def main():
    torch.manual_seed(0)
    matrix, vector = torch.randn(SHAPE), torch.randn(N)
    gradients = [(torch.randn(SHAPE), torch.randn(N)) for _ in range(STEPS)]
    out = {
        "matrix": numbers(matrix),
        "vector": numbers(vector),
        "gradients": [{"matrix": numbers(a), "vector": numbers(b)} for a, b in gradients],
        "cases": [{"optim": name, "args": args, "after": run(cls, kwargs, matrix, vector, gradients)} for name, args, cls, kwargs in CASES],
    }
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "optimizers.json")
    with open(path, "w") as file:
        file.write(json.dumps(out).replace('}, {"optim"', '},\n{"optim"') + "\n")


if __name__ == "__main__":
    main()
