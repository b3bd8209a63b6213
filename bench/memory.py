#!/usr/bin/env python3
"""Memory of trainings: what `hone info --train` forecasts beside what `hone train` takes with the same options.

usage: memory.py HONE MODEL DATA [--tokenizer DIR] [--threads 2] [--only NAME]... [--steps 0] [--own 2] [--resident 10]

HONE is build/release/hone, MODEL a folder of a BERT (MiniLM: 22.7M), DATA a folder with wnut17_train.conll, wnut17_dev.conll, sst2/train.tsv, sst2/dev.tsv, squad_train_head.json, wikitext2_test.txt,
wikitext2_valid.txt. Without --tokenizer one of 20,000 entries is trained first, for the language models. The resident set is the kernel's (ru_maxrss of the child), hone's own bytes are those that the
command tells at its end. Status 1 when a forecast is off by more than --own or --resident percent. --steps ends every run after so many updates: by themselves they make those that the table says.
"""
import os
import re
import subprocess
import sys
import tempfile

import common

p = common.parser(__doc__)
p.add_argument("hone")
p.add_argument("model")
p.add_argument("data")
p.add_argument("--tokenizer")
p.add_argument("--threads", type=int, default=2)
p.add_argument("--only", action="append", help="cases whose name has this in it")
p.add_argument("--steps", type=int, default=0)
p.add_argument("--own", type=float, default=2, help="per cent")
p.add_argument("--resident", type=float, default=10, help="per cent")
a = p.parse_args()
common.need(a.hone, a.model, *(os.path.join(a.data, f) for f in ("wnut17_train.conll", "wnut17_dev.conll", "sst2/train.tsv", "sst2/dev.tsv", "squad_train_head.json", "wikitext2_test.txt", "wikitext2_valid.txt")))
work = tempfile.TemporaryDirectory()


def data(name):
    return os.path.join(a.data, name)


def cases(tokenizer):
    ner = ["token-classification", "--model_name_or_path", a.model, "--train_file", data("wnut17_train.conll")]
    text = ["text-classification", "--model_name_or_path", a.model, "--task_name", "sst2", "--train_file", data("sst2/train.tsv")]
    qa = ["question-answering", "--model_name_or_path", a.model, "--train_file", data("squad_train_head.json"), "--max_seq_length", "384", "--doc_stride", "128"]
    lm = ["causal-lm", "--model_type", "gpt2", "--tokenizer_name", tokenizer, "--train_file", data("wikitext2_test.txt")]
    mlm = ["masked-lm", "--model_name_or_path", a.model, "--train_file", data("wikitext2_test.txt"), "--max_seq_length", "128"]
    small, middle = ["--config_overrides", "n_embd=256,n_layer=4,n_head=4"], ["--config_overrides", "n_embd=512,n_layer=8,n_head=8"]
    no = ["--save_strategy", "no"]
    return [
        ("tokens, 8", ner + no, 120),
        ("tokens, 32, evaluation, checkpoints", ner + ["--validation_file", data("wnut17_dev.conll"), "--eval_strategy", "steps", "--eval_steps", "8", "--save_steps", "8", "--load_best_model_at_end",
         "--per_device_train_batch_size", "32"], 16),
        ("tokens, 4 x 4", ner + no + ["--per_device_train_batch_size", "4", "--gradient_accumulation_steps", "4"], 30),
        ("tokens, 8, bfloat16", ner + no + ["--bf16"], 20),
        ("tokens, 8, histograms", ner + no + ["--log_histograms_steps", "5"], 20),
        ("tokens, 8, noise, evaluation in bfloat16", ner + no + ["--neftune_noise_alpha", "5", "--bf16_full_eval", "--validation_file", data("wnut17_dev.conll"), "--eval_strategy", "steps", "--eval_steps", "10"], 20),
        ("tokens, 8, profile", ner + no + ["--profile"], 20),
        ("texts, 16, evaluation", text + no + ["--validation_file", data("sst2/dev.tsv"), "--eval_strategy", "steps", "--eval_steps", "20", "--per_device_train_batch_size", "16"], 20),
        ("texts, 64 x 2, checkpoints", text + ["--save_steps", "3", "--per_device_train_batch_size", "64", "--gradient_accumulation_steps", "2"], 6),
        ("questions, 8", qa + no, 25),
        ("questions, 4 x 2, checkpointing", qa + no + ["--per_device_train_batch_size", "4", "--gradient_accumulation_steps", "2", "--gradient_checkpointing"], 12),
        ("questions, 16, checkpoints", qa + ["--save_steps", "4", "--per_device_train_batch_size", "16"], 8),
        ("causal, 8 x 128", lm + small + no + ["--block_size", "128"], 12),
        ("causal, 4 x 512, evaluation", lm + middle + no + ["--block_size", "512", "--per_device_train_batch_size", "4", "--validation_file", data("wikitext2_valid.txt"), "--max_eval_samples", "32"], 4),
        ("causal, 2 x 256 x 4, checkpoints", lm + middle + ["--block_size", "256", "--per_device_train_batch_size", "2", "--gradient_accumulation_steps", "4", "--save_steps", "2"], 4),
        ("masked, 8", mlm + no, 15),
        ("masked, 16, evaluation, checkpoints", mlm + ["--validation_file", data("wikitext2_valid.txt"), "--max_eval_samples", "64", "--eval_strategy", "steps", "--eval_steps", "4", "--save_steps", "4",
         "--per_device_train_batch_size", "16"], 8),
    ]


def train(options):
    """hone's own bytes and the resident set, at most, in MB."""
    log = open(os.path.join(work.name, "log"), "w+")
    child = subprocess.Popen([a.hone, "train"] + options, stdout=subprocess.DEVNULL, stderr=log)
    _, status, usage = os.wait4(child.pid, 0)
    log.seek(0)
    text = log.read()
    found = re.search(r"hone itself ([0-9.]+) MB", text)
    if status or not found:
        sys.exit("hone train: " + text[-600:])
    return float(found.group(1)), usage.ru_maxrss * 1024 / 1e6


def main():
    tokenizer = a.tokenizer or os.path.join(work.name, "tokenizer")
    if not a.tokenizer:
        subprocess.run([a.hone, "tokenizer", "train", "--type", "bpe", "--vocab_size", "20000", "--output_dir", tokenizer, data("wikitext2_valid.txt"), data("wikitext2_test.txt"), "--quiet"],
                       check=True, stdout=subprocess.DEVNULL)
    wrong = 0
    print("| | updates | hone's own, forecast | taken | | resident, forecast | taken | |\n|---|---|---|---|---|---|---|---|", flush=True)
    for i, (name, options, steps) in enumerate(cases(tokenizer)):
        if a.only and not any(word in name for word in a.only):
            continue
        options = options + ["--output_dir", os.path.join(work.name, "out%d" % i), "--max_steps", str(a.steps or steps), "--threads", str(a.threads), "--disable_tqdm", "--cache_dir", work.name]
        if options[0] in ("token-classification", "text-classification", "question-answering"):
            options = options[:-2]
        f = common.last_json(a.hone, "info", "--train", *options, "--json", "--quiet")
        own, resident = train(options)
        off = [100 * (f["bytes_own"] / 1e6 / own - 1), 100 * (f["bytes_resident"] / 1e6 / resident - 1)]
        wrong += abs(off[0]) > a.own or abs(off[1]) > a.resident
        print("| %s | %d | %.1f MB | %.1f | %+.2f %% | %.1f MB | %.1f | %+.1f %% |" % (name, a.steps or steps, f["bytes_own"] / 1e6, own, off[0], f["bytes_resident"] / 1e6, resident, off[1]), flush=True)
        subprocess.run(["rm", "-rf", os.path.join(work.name, "out%d" % i)])
    sys.exit(wrong > 0)


main()
