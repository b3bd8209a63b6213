#!/usr/bin/env python3
"""Lay a training run of hone beside the reference's, step by step.

usage: parity_training.py --hone build/release/hone --reference REFERENCE_RUN.PY --tokenizer DIR --train_file F... [--validation_file F...]
                          [--python PYTHON] [--steps 50] [--work DIR] [--config_overrides ...] [-- further options of both]

Runs reference_run.py causal-lm with --dropout 0 (with --python, which needs torch, transformers, accelerate), then `hone train causal-lm` from the same initial weights, and
compares the logged losses, gradient norms, learning rates and the evaluation loss. Exit status 0 when all losses agree to --tolerance (1e-3, relative), 1 when not, 77 when
the reference cannot be run here.

transformers 4 divides the loss of causal language models by all labels of a row, the first included, which nothing predicts; transformers 5 and hone divide by those that
are predicted. Logged values of version 4 are therefore multiplied by block_size / (block_size - 1); it also rounds losses to four decimals.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--hone", required=True)
    p.add_argument("--reference", required=True)
    p.add_argument("--python", default=sys.executable)
    p.add_argument("--tokenizer", required=True)
    p.add_argument("--train_file", nargs="+", required=True)
    p.add_argument("--validation_file", nargs="*", default=[])
    p.add_argument("--config_overrides", default="n_embd=128,n_layer=4,n_head=4")
    p.add_argument("--block_size", type=int, default=128)
    p.add_argument("--steps", type=int, default=50)
    p.add_argument("--tolerance", type=float, default=1e-3)
    p.add_argument("--work")
    p.add_argument("more", nargs="*", help="options that both commands take, after --")
    a = p.parse_args()
    if subprocess.run([a.python, "-c", "import torch, transformers, accelerate"], capture_output=True).returncode != 0:
        print("skipped: %s has no torch, transformers and accelerate" % a.python)
        return 77
    work = a.work or tempfile.mkdtemp()
    try:
        return compare(a, work)
    finally:
        if not a.work:
            shutil.rmtree(work, ignore_errors=True)


def compare(a, work):
    common = ["--max_steps", str(a.steps), "--block_size", str(a.block_size), "--logging_steps", "1", "--weight_decay", "0.01", "--train_file", *a.train_file]
    common += (["--validation_file", *a.validation_file] if a.validation_file else []) + a.more
    reference = os.path.join(work, "reference")
    subprocess.run([a.python, a.reference, "causal-lm", a.tokenizer, reference, "--dropout", "0", "--config_overrides", a.config_overrides, *common],
                   check=True, stdout=subprocess.DEVNULL)
    out = os.path.join(work, "hone")
    subprocess.run([a.hone, "train", "causal-lm", "--model_name_or_path", os.path.join(reference, "init"), "--output_dir", out, "--overwrite_output_dir",
                    "--save_strategy", "no", "--quiet", *common], check=True, stdout=subprocess.DEVNULL)
    theirs = json.load(open(os.path.join(reference, "log.json")))
    ours = json.load(open(os.path.join(out, "trainer_state.json")))
    scale = a.block_size / (a.block_size - 1) if theirs["versions"]["transformers"].startswith("4.") else 1.0
    x = [e for e in theirs["log_history"] if "loss" in e]
    y = [e for e in ours["log_history"] if "loss" in e]
    assert len(x) == len(y) == a.steps, (len(x), len(y))
    off = {k: max(abs(p[k] * (scale if k != "learning_rate" else 1) - q[k]) / max(abs(q[k]), 1e-12) for p, q in zip(x, y)) for k in ("loss", "grad_norm", "learning_rate")}
    print("transformers %s, %d steps: largest relative difference of loss %.2g, gradient norm %.2g, learning rate %.2g" % (
        theirs["versions"]["transformers"], len(x), off["loss"], off["grad_norm"], off["learning_rate"]))
    if theirs["eval"]:
        e = [v["eval_loss"] for v in ours["log_history"] if "eval_loss" in v][-1]
        print("eval_loss %.6f, the reference has %.6f" % (e, theirs["eval"]["eval_loss"] * scale))
    return 0 if off["loss"] <= a.tolerance and off["learning_rate"] < 1e-9 else 1


sys.exit(main())
