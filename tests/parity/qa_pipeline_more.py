#!/usr/bin/env python3
"""Writes qa_pipeline_more.json: options of the question-answering pipeline of transformers 4.57 over the fixture's model, task/pipelines/question-answering.

usage: qa_pipeline_more.py FIXTURE_FOLDER > tests/parity/qa_pipeline_more.json

Several answers of equal scores have no order there; none of these cases has two.
"""
import json
import sys

from transformers import pipeline

qa = pipeline("question-answering", model=sys.argv[1], device="cpu")
cases = json.load(open(sys.argv[1] + "/cases.json"))
variants = [dict(top_k=3), dict(top_k=5, max_answer_len=4), dict(handle_impossible_answer=True, top_k=2), dict(max_seq_len=64, doc_stride=16, top_k=4), dict(align_to_words=False, top_k=3),
            dict(max_seq_len=48, doc_stride=8, max_answer_len=1, handle_impossible_answer=True)]
odd = [dict(question="Who?", context="Σίσυφος and ΣΊΣΥΦΟΣ, the the THE 北京 naïve 👩‍🚀 Zürich Zürich!"), dict(question="What is this?", context=" ".join(c["context"] for c in cases[:4]))]
out = []
for i, c in enumerate(cases + odd):
    for k, v in enumerate(variants):
        if i >= len(cases) or (i + k) % 3 == 0:
            out.append(dict(question=c["question"], context=c["context"], **v, outputs=qa(question=c["question"], context=c["context"], **v)))
json.dump(out, sys.stdout, ensure_ascii=False, indent=1)
