#!/usr/bin/env python3
"""From the start of `hone train` to the end of its first step, on data of any size, beside the reference's tokenizing alone, taking turns.

usage: first_step.py HONE MODEL [--conll FILE] [--squad FILE.json] [--copies 4] [--threads 2] [--rounds 3]

HONE is build/release/hone, MODEL a folder of a BERT with its tokenizer. FILE is copied so many times into one (questions get new ids). hone: the whole process, `--max_steps 1 --save_strategy no`,
batches of 8, 384 tokens with a stride of 128 for questions; nothing is cached for these tasks. The reference: what run_ner.py's and run_qa.py's map() does with transformers' fast tokenizer, in batches of
1,000 over --threads processes, from the data in memory to lists of ids, labels and positions; reading the file, arrow files, the model and the step are not in its time. Run it with a Python that has transformers.
Processor time is that of all threads and processes (hone's: until its end, the writing of the model included) and can be read on a busy machine too. Medians, and the median of the rounds' own ratios.
"""
import json
import os
import subprocess
import sys
import tempfile
import time
from statistics import median

import common

p = common.parser(__doc__)
p.add_argument("hone")
p.add_argument("model")
p.add_argument("--conll")
p.add_argument("--squad")
p.add_argument("--copies", type=int, default=4)
p.add_argument("--threads", type=int, default=2)
p.add_argument("--rounds", type=int, default=3)
a = p.parse_args()
common.need(a.hone, a.model, *(x for x in (a.conll, a.squad) if x), modules=("transformers",))

REFERENCE = """
import json, multiprocessing, os, resource, sys, time
model, path, task, processes = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
os.environ["TOKENIZERS_PARALLELISM"] = "false"
from transformers import AutoTokenizer
tok = AutoTokenizer.from_pretrained(model)

def tags(rows):
    e = tok([words for words, _ in rows], is_split_into_words=True, truncation=True, max_length=512)
    labels = [[-100 if w is None else tags[w] for w in e.word_ids(i)] for i, (_, tags) in enumerate(rows)]
    return sum(map(len, e["input_ids"])), len(labels)

def questions(rows):
    e = tok([q for q, _, _ in rows], [c for _, c, _ in rows], truncation="only_second", max_length=384, stride=128, return_overflowing_tokens=True, return_offsets_mapping=True)
    starts, ends = [], []
    for i, offsets in enumerate(e["offset_mapping"]):
        begin, text = rows[e["overflow_to_sample_mapping"][i]][2]
        end, ids = begin + len(text), e.sequence_ids(i)
        first = ids.index(1)
        last = len(ids) - 1 - ids[::-1].index(1)
        if offsets[first][0] > begin or offsets[last][1] < end:
            starts.append(0), ends.append(0)
            continue
        while first < len(offsets) and offsets[first][0] <= begin:
            first += 1
        while offsets[last][1] >= end:
            last -= 1
        starts.append(first - 1), ends.append(last + 1)
    return sum(map(len, e["input_ids"])), len(starts)

rows = []
if task == "token-classification":
    names = {}
    for block in open(path, encoding="utf-8").read().split("\\n\\n"):
        fields = [line.split() for line in block.split("\\n") if line.strip()]
        if fields:
            rows.append(([f[0] for f in fields], [names.setdefault(f[-1], len(names)) for f in fields]))
else:
    for article in json.load(open(path, encoding="utf-8"))["data"]:
        for x in article["paragraphs"]:
            rows += [(q["question"].lstrip(), x["context"], (q["answers"][0]["answer_start"], q["answers"][0]["text"])) for q in x["qas"]]
map_ = tags if task == "token-classification" else questions
with multiprocessing.Pool(processes) as pool:
    start = time.perf_counter()
    done = pool.map(map_, [rows[i:i + 1000] for i in range(0, len(rows), 1000)], 1)
    seconds = time.perf_counter() - start
    pool.close()
    pool.join()
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps(dict(seconds=seconds, cpu=used.ru_utime + used.ru_stime, rows=len(rows), examples=sum(n for _, n in done), tokens=sum(n for n, _ in done))))
"""


def copies(task, source, path):
    text = open(source, encoding="utf-8").read()
    if task == "token-classification":
        text = (text.replace("\r\n", "\n").strip("\n") + "\n\n") * a.copies
    else:
        data = [article for _ in range(a.copies) for article in json.loads(text)["data"]]
        number = 0
        for article in data:
            for x in article["paragraphs"]:
                x["qas"] = [dict(q, id="%d" % (number + i)) for i, q in enumerate(x["qas"])]
                number += len(x["qas"])
        text = json.dumps(dict(data=data, version="1.1"))
    open(path, "w", encoding="utf-8").write(text)


def hone(task, path, work):
    command = [a.hone, "train", task, "--model_name_or_path", a.model, "--train_file", path, "--output_dir", os.path.join(work, "out"), "--overwrite_output_dir", "--max_steps", "1", "--save_strategy", "no",
               "--threads", str(a.threads), "--disable_tqdm"]
    begun = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    said = ""
    for said in child.stderr:
        if said.startswith("hone: trained in"):
            break
    seconds = time.perf_counter() - begun
    said += child.stderr.read()
    _, status, used = os.wait4(child.pid, 0)
    if status:
        sys.exit("hone train: " + said.strip()[-500:])
    return dict(seconds=seconds, cpu=used.ru_utime + used.ru_stime)


def measure(task, source):
    with tempfile.TemporaryDirectory() as work:
        path = os.path.join(work, os.path.basename(source))
        copies(task, source, path)
        ours, theirs = [], []
        for _ in range(a.rounds):
            ours.append(hone(task, path, work))
            theirs.append(common.last_json(sys.executable, "-c", REFERENCE, a.model, path, task, a.threads))
        m = [[median(x[k] for x in r) for r in (ours, theirs)] for k in ("seconds", "cpu")]
        ratios = ["%.1f" % median(y[k] / x[k] for x, y in zip(ours, theirs)) for k in ("seconds", "cpu")]
        print("| %s: %d rows, %.1f MB, %d tokens in %d examples | %.2f s | %.1f s | **%s** | %.2f s | %.1f s | **%s** |" % (
            task, theirs[0]["rows"], os.path.getsize(path) / 1e6, theirs[0]["tokens"], theirs[0]["examples"], *m[0], ratios[0], *m[1], ratios[1]), flush=True)


print("| %d threads, load %.0f | hone | the reference | times | processor time: hone | the reference | times |\n|---|---|---|---|---|---|---|" % (a.threads, os.getloadavg()[0]))
for kind, file in (("token-classification", a.conll), ("question-answering", a.squad)):
    if file:
        measure(kind, file)
