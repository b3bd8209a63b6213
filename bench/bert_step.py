#!/usr/bin/env python3
"""Times training, evaluation and single rows of an encoder with a head for tokens, texts or questions: hone beside PyTorch + transformers, taking turns, same rows, same batches.

usage: bert_step.py BENCH_BERT_STEP MODEL FILE... [--task token-classification|text-classification|question-answering] [--batch 8] [--steps 100] [--rounds 3] [--threads N]
                    [--modes train,eval,latency]

BENCH_BERT_STEP is build/release/bench/bench_bert_step, MODEL a folder of BERT or DistilBERT. Run it with a Python that has torch, transformers and tokenizers. FILE:
    token-classification  CoNLL files; rows are their sentences
    text-classification   CoNLL files; rows are pairs of sentences, put together so that lengths are as MRPC's: normal with mean 53 and deviation 13, 22 to 100 tokens
    question-answering    SQuAD's JSON; rows are the windows of its questions, 384 tokens with a stride of 128
Rows come in an order that a seed gives; hone reads them packed, the reference padded: to the longest of the batch, for questions to 384 as run_qa.py does. Both sides: fp32, dropout as the
configuration says, clipping to norm 1, AdamW (fused in PyTorch) with decay 0.01 except biases and norms. Steps a second are over all steps of a round, the median of the rounds counts; the peak of the
resident set is the process's own. "cpu ms" is the processor time of a step (all threads): it can be read on a busy machine too. --json adds a last line for bench/steps.py, of the last mode.
"""
import argparse
import json
import os
import random
import sys
import tempfile
from statistics import median

import common
from common import last_json

p = common.parser(__doc__)
p.add_argument("bench")
p.add_argument("model")
p.add_argument("files", nargs="+")
p.add_argument("--task", default="token-classification", choices=["token-classification", "text-classification", "question-answering"])
p.add_argument("--batch", type=int, default=8)
p.add_argument("--steps", type=int, default=100, help="of hone, a round")
p.add_argument("--reference_steps", type=int, help="of PyTorch, where it is so slow that fewer must do")
p.add_argument("--rounds", type=int, default=3)
p.add_argument("--threads", type=int, default=common.CPUS)
p.add_argument("--modes", default="train,eval,latency")
p.add_argument("--max_words", type=int, default=0, help="leave out longer sentences")
p.add_argument("--json", action="store_true")
p.add_argument("--write", help=argparse.SUPPRESS)  # the rows alone, to this file
a = p.parse_args()
common.need(*([] if a.write else [a.bench]), a.model, *a.files, modules=("torch", "transformers", "tokenizers"))

REFERENCE = """
import json, resource, sys, time
model, path, mode, batch, steps, threads, classes, task = sys.argv[1], sys.argv[2], sys.argv[3], *map(int, sys.argv[4:8]), sys.argv[8]
import torch
from transformers import AutoModelForTokenClassification, AutoModelForSequenceClassification, AutoModelForQuestionAnswering
torch.set_num_threads(threads)
torch.manual_seed(42)
tokens, questions = task == "token-classification", task == "question-answering"
lines = [line.split() for line in open(path)]
whole = [tuple(map(int, line[0][1:].split(","))) for line in lines] if not tokens else []
rows = [[tuple(map(int, x.split(":"))) for x in line[0 if tokens else 1:]] for line in lines]
kind = AutoModelForTokenClassification if tokens else AutoModelForQuestionAnswering if questions else AutoModelForSequenceClassification
m = kind.from_pretrained(model) if questions else kind.from_pretrained(model, num_labels=classes)
m.train(mode == "train")
batch = 1 if mode == "latency" else batch
plain = [q for n, q in m.named_parameters() if n.endswith("bias") or "LayerNorm" in n]
decayed = [q for n, q in m.named_parameters() if not (n.endswith("bias") or "LayerNorm" in n)]
opt = torch.optim.AdamW([dict(params=decayed, weight_decay=0.01), dict(params=plain, weight_decay=0.0)], lr=5e-5, fused=True)
taken, processor, n_tokens, warm_up = [], [], 0, min(2, steps)
for i in range(steps + warm_up):
    first = i * batch % (len(rows) // batch * batch)
    some = rows[first:first + batch]
    width = 384 if questions else max(map(len, some))
    pad = lambda k, v: torch.tensor([[t[k] for t in r] + [v] * (width - len(r)) for r in some])
    x = dict(input_ids=pad(0, 0), attention_mask=torch.tensor([[1] * len(r) + [0] * (width - len(r)) for r in some]))
    if not tokens:
        x["token_type_ids"] = pad(1, 0)
    if mode != "latency" and tokens:
        x["labels"] = pad(1, -100)
    elif mode != "latency" and questions:
        x["start_positions"], x["end_positions"] = torch.tensor(whole[first:first + batch]).T
    elif mode != "latency":
        x["labels"] = torch.tensor([c for c, _ in whole[first:first + batch]])
    before = time.process_time()
    start = time.time()
    if mode == "train":
        loss = m(**x).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(m.parameters(), 1.0)
        opt.step()
        opt.zero_grad()
        loss.item()
    else:
        with torch.inference_mode():
            o = m(**x)
            (o.start_logits if questions else o.logits).argmax(-1)
            if mode == "eval":
                o.loss.item()
    taken.append(time.time() - start)
    processor.append(time.process_time() - before)
    n_tokens += sum(map(len, some)) if i >= warm_up else 0
taken, processor = taken[warm_up:], processor[warm_up:]
print(json.dumps(dict(steps_per_s=steps / sum(taken), rows_per_s=steps * batch / sum(taken), tokens_per_s=n_tokens / sum(taken), median_ms=1e3 * sorted(taken)[steps // 2],
                      cpu_ms=1e3 * sum(processor) / steps, peak_rss_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024e-6, torch=torch.__version__)))
"""


def sentences(path):
    words, tags, out = [], [], []
    for line in open(path, encoding="utf-8"):
        f = line.split()
        if f and f[0] != "-DOCSTART-":
            words.append(f[0]), tags.append(f[-1])
        elif words:
            out.append((words, tags))
            words, tags = [], []
    return out + ([(words, tags)] if words else [])


def token_rows(tok):
    all_ = [s for f in a.files for s in sentences(f) if not a.max_words or len(s[0]) <= a.max_words]
    names = sorted({t for _, tags in all_ for t in tags})
    random.Random(42).shuffle(all_)
    for words, tags in all_:
        e = tok(words, is_split_into_words=True, truncation=True, max_length=512)
        yield "", e["input_ids"], [-100 if w is None else names.index(tags[w]) for w in e.word_ids()]


def pair_rows(tok):
    rng, of_length = random.Random(42), {}
    for f in a.files:
        for words, _ in sentences(f):
            n = len(tok(words, is_split_into_words=True, add_special_tokens=False)["input_ids"])
            of_length.setdefault(n, []).append(words)
    while True:
        total = round(rng.gauss(53, 13))
        one = round(rng.gauss((total - 3) / 2, 4))
        other = total - 3 - one
        if 22 <= total <= 100 and one in of_length and other in of_length:
            e = tok(rng.choice(of_length[one]), rng.choice(of_length[other]), is_split_into_words=True)
            yield "@%d,0 " % rng.randrange(2), e["input_ids"], e["token_type_ids"]


def question_rows(tok):
    rows = []
    for f in a.files:
        for passage in (x for article in json.load(open(f, encoding="utf-8"))["data"] for x in article["paragraphs"]):
            for q in passage["qas"]:
                e = tok(q["question"].strip(), passage["context"], truncation="only_second", max_length=384, stride=128, return_overflowing_tokens=True, return_offsets_mapping=True)
                at = q["answers"][0]["answer_start"]
                end = at + len(q["answers"][0]["text"])
                for i, ids in enumerate(e["input_ids"]):
                    inside = [k for k, (s, o) in enumerate(zip(e["offset_mapping"][i], e.sequence_ids(i))) if o == 1 and s[1] > at and s[0] < end]
                    rows.append(("@%d,%d " % ((inside[0], inside[-1]) if inside else (0, 0)), ids, e["token_type_ids"][i]))
    random.Random(42).shuffle(rows)
    return rows


def write_rows(path):
    from transformers import AutoTokenizer
    tok = AutoTokenizer.from_pretrained(a.model)
    make = {"token-classification": token_rows, "text-classification": pair_rows, "question-answering": question_rows}[a.task]
    lengths, values = [], set()
    with open(path, "w") as out:
        for whole, ids, of_token in make(tok):
            lengths.append(len(ids))
            values.update(of_token)
            out.write(whole + " ".join("%d:%d" % x for x in zip(ids, of_token)) + "\n")
            if len(lengths) == 8000:
                break
    classes = max(2, len(values - {-100})) if a.task == "token-classification" else 2
    print(json.dumps(dict(rows=len(lengths), mean=sum(lengths) / len(lengths), median=median(lengths), longest=max(lengths), classes=classes)))


def report(mode, ours, theirs):
    o, t = ours[0], theirs[0]
    m = {k: [median(x[k] for x in r) for r in (ours, theirs)] for k in ("steps_per_s", "rows_per_s", "tokens_per_s", "median_ms", "cpu_ms", "peak_rss_mb")}
    print("\n%s, %s, batch %d, %.0f tokens a step, fp32, %s; torch %s; load %.0f" % (a.task, mode, o["batch"], o["tokens_a_step"], o["device"], t["torch"], os.getloadavg()[0]))
    print("%-10s %10s %10s %10s %12s %12s %12s" % ("", "steps/s", "rows/s", "tokens/s", "median ms", "cpu ms", "peak RSS MB"))
    for i, name in enumerate(("hone", "PyTorch")):
        print("%-10s %10.2f %10.1f %10.0f %12.2f %12.2f %12.0f" % (name, *(v[i] for v in m.values())))
    ratios = [x["steps_per_s"] / y["steps_per_s"] for x, y in zip(ours, theirs)]
    work = [y["cpu_ms"] / x["cpu_ms"] for x, y in zip(ours, theirs)]
    rss, share, sgemm = m["peak_rss_mb"], median(x["share_of_sgemm"] for x in ours), median(x["sgemm_gflops"] for x in ours)
    print("hone / PyTorch: %.2f x the steps/s (rounds: %s), 1/%.2f of the processor time (rounds: %s), %.0f %% of the memory" %
          (median(ratios), " ".join("%.2f" % x for x in ratios), median(work), " ".join("%.2f" % x for x in work), 100 * rss[0] / rss[1]))
    print("hone: %.0f GFLOP/s, %.0f %% of sgemm's %.0f; weights %.0f MB, gradients %.0f MB, tape %.0f MB" %
          (median(x["gflops"] for x in ours), 100 * share, sgemm, o["weights_mb"], o["gradients_mb"], o["tape_mb"]), flush=True)
    return dict(steps_per_s=m["steps_per_s"], share=share, sgemm=sgemm, ratios=ratios, peak_gb=[x * 1e-3 for x in rss])


if a.write:
    write_rows(a.write)
    sys.exit()
with tempfile.NamedTemporaryFile(suffix=".rows") as rows:
    # in a process of its own: the peak of the resident set of what is started here begins with this process's
    made = last_json(sys.executable, *sys.argv, "--write", rows.name)
    print("%(rows)d rows, mean %(mean).1f tokens, median %(median)d, longest %(longest)d" % made, flush=True)
    for mode in a.modes.split(","):
        times = a.batch if mode == "latency" else 1

        def shape(steps):
            return a.model, rows.name, mode, a.batch, steps * times, a.threads, made["classes"], a.task
        ours, theirs = [], []
        for _ in range(a.rounds):
            ours.append(last_json(a.bench, *shape(a.steps)))
            theirs.append(last_json(sys.executable, "-c", REFERENCE, *shape(a.reference_steps or a.steps)))
        found = report(mode, ours, theirs)
if a.json:
    print(json.dumps(found))
