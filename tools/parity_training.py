#!/usr/bin/env python3
"""Lay a training run of hone beside the reference's, step by step.

usage: parity_training.py --hone build/release/hone --reference REFERENCE_RUN.PY --tokenizer DIR --train_file F... [--validation_file F...]
                          [--python PYTHON] [--steps 50] [--work DIR] [--config_overrides ...] [-- further options of both]
       parity_training.py --task token-classification|text-classification|question-answering --hone build/release/hone --reference REFERENCE_RUN.PY --model DIR --train_file F... [--validation_file F...]
                          [--epochs 3] [--seeds 42 43 44] [--reference_out DIR] [--threads N] [-- further options of both]

Runs reference_run.py (with --python, which needs torch, transformers, accelerate) with --dropout 0, then `hone train` from the same initial weights, and compares the logged losses,
gradient norms, learning rates and the evaluation. Exit status 0 when the losses of the first --steps steps agree to --tolerance (1e-3, relative), 1 when not, 77 when the reference
cannot be run here. With --epochs the runs go on to their end, and the entity F1 (text classification: the accuracy) must agree to --points (0.5). With --seeds dropout stays on, each seed is a run of both, and the means
of the F1 must agree to 1 point (--points). --reference_out takes runs of reference_run.py that are there already: its OUT_DIR; with --seeds a pattern with {} for the seed.

transformers 4 divides the loss of causal language models by all labels of a row, the first included, which nothing predicts; transformers 5 and hone divide by those that
are predicted. Logged values of version 4 are therefore multiplied by block_size / (block_size - 1); it also rounds losses to four decimals.
Question answering runs with the reference's --mask_padding: without it the reference's loss runs over padding too, which hone's never does.
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
    p.add_argument("--task", choices=["causal-lm", "token-classification", "text-classification", "question-answering"], default="causal-lm")
    p.add_argument("--hone", required=True)
    p.add_argument("--reference")
    p.add_argument("--python", default=sys.executable)
    p.add_argument("--tokenizer", "--model", dest="model")
    p.add_argument("--train_file", nargs="+", required=True)
    p.add_argument("--validation_file", nargs="*", default=[])
    p.add_argument("--config_overrides", default="n_embd=128,n_layer=4,n_head=4")
    p.add_argument("--block_size", type=int, default=128)
    p.add_argument("--steps", type=int, default=50)
    p.add_argument("--epochs", type=float)
    p.add_argument("--seeds", type=int, nargs="*", default=[])
    p.add_argument("--reference_out")
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--tolerance", type=float, default=1e-3)
    p.add_argument("--points", type=float)
    p.add_argument("--work")
    p.add_argument("more", nargs="*", help="options that both commands take, after --")
    a = p.parse_args()
    if not a.reference_out and subprocess.run([a.python, "-c", "import torch, transformers, accelerate"], capture_output=True).returncode != 0:
        print("skipped: %s has no torch, transformers and accelerate" % a.python)
        return 77
    work = a.work or tempfile.mkdtemp()
    try:
        if a.seeds:
            return compare_seeds(a, work)
        theirs, ours = run_both(a, work, 42, True)
        return compare(a, theirs, ours)
    finally:
        if not a.work:
            shutil.rmtree(work, ignore_errors=True)


def run_both(a, work, seed, step_by_step):
    """The reference's log.json and hone's trainer_state.json, of runs from the same weights."""
    causal = a.task == "causal-lm"
    length = ["--num_train_epochs", str(a.epochs)] if a.epochs else ["--max_steps", str(a.steps)]
    common = length + ["--logging_steps", "1" if step_by_step else "50", "--weight_decay", "0.01", "--seed", str(seed), "--threads", str(a.threads), "--train_file", *a.train_file]
    common += (["--validation_file", *a.validation_file] if a.validation_file else []) + (["--block_size", str(a.block_size)] if causal else []) + a.more
    reference = a.reference_out.format(seed) if a.reference_out else os.path.join(work, "reference-%d" % seed)
    if not a.reference_out:
        special = (["--dropout", "0"] if step_by_step else []) + (["--config_overrides", a.config_overrides] if causal else [])
        special += ["--mask_padding"] if a.task == "question-answering" else []
        subprocess.run([a.python, a.reference, a.task, a.model, reference, *special, *common], check=True, stdout=subprocess.DEVNULL)
    out = os.path.join(work, "hone-%d" % seed)
    labels = ["--label_all_tokens", "true"] if a.task == "token-classification" else []  # the reference labels every token of a word
    subprocess.run([a.hone, "train", a.task, "--model_name_or_path", os.path.join(reference, "init"), "--output_dir", out, "--overwrite_output_dir", "--save_strategy", "no", "--quiet",
                    *labels, *common], check=True, stdout=subprocess.DEVNULL)
    return json.load(open(os.path.join(reference, "log.json"))), json.load(open(os.path.join(out, "trainer_state.json")))


def last_of(log, key):
    found = [e[key] for e in log if key in e]
    return found[-1] if found else None


def largest_differences(a, theirs, ours, scale):
    x = [e for e in theirs["log_history"] if "loss" in e]
    y = [e for e in ours["log_history"] if "loss" in e]
    assert len(x) >= a.steps and len(y) >= a.steps, (len(x), len(y))
    off = {k: max(abs(p[k] * (scale if k != "learning_rate" else 1) - q[k]) / max(abs(q[k]), 1e-12) for p, q in zip(x[:a.steps], y)) for k in ("loss", "grad_norm", "learning_rate")}
    print("transformers %s, %d steps: largest relative difference of loss %.2g, gradient norm %.2g, learning rate %.2g" % (
        theirs["versions"]["transformers"], a.steps, off["loss"], off["grad_norm"], off["learning_rate"]))
    return off


def score_of(a):
    return "eval_accuracy" if a.task == "text-classification" else "eval_f1"


def compare(a, theirs, ours):
    old = a.task == "causal-lm" and theirs["versions"]["transformers"].startswith("4.")
    scale = a.block_size / (a.block_size - 1) if old else 1.0
    off = largest_differences(a, theirs, ours, scale)
    good = off["loss"] <= a.tolerance and (off["learning_rate"] < 1e-9 or bool(a.reference_out and not a.epochs))
    if theirs["eval"]:
        print("eval_loss %.6f, the reference has %.6f" % (last_of(ours["log_history"], "eval_loss"), theirs["eval"]["eval_loss"] * scale))
    score = score_of(a)
    if theirs["eval"] and score in theirs["eval"]:
        value, reference_value = 100 * last_of(ours["log_history"], score), 100 * theirs["eval"][score]
        print("%s %.2f, the reference has %.2f" % (score, value, reference_value))
        good = good and (not a.epochs or abs(value - reference_value) <= (a.points or 0.5))
    return 0 if good else 1


def compare_seeds(a, work):
    ours, theirs = [], []
    for seed in a.seeds:
        reference, hone = run_both(a, work, seed, False)
        theirs.append(100 * reference["eval"][score_of(a)])
        ours.append(100 * last_of(hone["log_history"], score_of(a)))
        print("seed %d: %s %.2f, the reference has %.2f" % (seed, score_of(a), ours[-1], theirs[-1]), flush=True)
    mean, reference_mean = sum(ours) / len(ours), sum(theirs) / len(theirs)
    print("mean of %d seeds: %.2f, the reference has %.2f" % (len(ours), mean, reference_mean))
    return 0 if abs(mean - reference_mean) <= (a.points or 1.0) else 1


sys.exit(main())
