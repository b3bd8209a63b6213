"""Writes generation_more.json: what transformers' generate() gives for a model that hone made (and saved, which this proves too).

usage: HONE_SAVE_MODEL=/tmp/model build/release/tests/parity_generation; generation_more.py /tmp/model > tests/parity/generation_more.json

Prompts of one batch are padded on the left, as the reference wants it; hone runs each without padding. Cases where the two best choices of a step lie closer than
float32 rounding would be a coin's toss; none of these is (a run on `ref` agrees with `cpu`).
"""
import json
import random
import sys

import torch
from transformers import GPT2LMHeadModel

folder = sys.argv[1]
model = GPT2LMHeadModel.from_pretrained(folder).eval()
V, r, rows = model.config.vocab_size, random.Random(5), []
NONE = 60  # not an id that this model gives: no end-of-text
settings = [
    dict(), dict(end=True), dict(repetition_penalty=1.2, end=True), dict(no_repeat_ngram_size=3), dict(no_repeat_ngram_size=1),
    dict(num_beams=2, end=True), dict(num_beams=3, end=True, early_stopping=True), dict(num_beams=3, end=True, num_return_sequences=3),
    dict(num_beams=5, end=True, num_return_sequences=4, early_stopping=True, length_penalty=2.0), dict(num_beams=4, end=True, num_return_sequences=4, length_penalty=0.0),
    dict(num_beams=4, end=True, num_return_sequences=2, length_penalty=-1.5), dict(num_beams=4, end=True, num_return_sequences=2, length_penalty=3.0),
    dict(num_beams=3, no_repeat_ngram_size=2, end=True), dict(num_beams=3, repetition_penalty=1.3, end=True, num_return_sequences=3),
    dict(num_beams=6, end=True, num_return_sequences=6),
]


def generate(prompt, new, **kw):
    return model.generate(torch.tensor([prompt]), attention_mask=torch.ones(1, len(prompt), dtype=torch.long), max_new_tokens=new, do_sample=False, pad_token_id=NONE,
                          return_dict_in_generate=True, output_scores=True, **kw)


for kw in settings:
    end = kw.pop("end", False)
    for n in (1, 4, 9, 17):
        prompt, new = [r.randrange(V) for _ in range(n)], r.choice([1, 12, 20, 40])
        s = dict(kw, eos_token_id=NONE)
        if end:  # an id that turns up on the way
            free = generate(prompt, new, **s).sequences[0, n:].tolist()
            s["eos_token_id"] = r.choice(free[: len(free) // 2 + 1])
        o = generate(prompt, new, **s)
        rows.append(dict(prompt_ids=prompt, max_new_tokens=new, settings=dict(s, pad_token_id=NONE), output_ids=o.sequences.tolist()))
        if kw.get("num_beams", 1) > 1:
            rows[-1]["scores"] = o.sequences_scores.tolist()

batches = []
for kw in (dict(), dict(num_beams=3, num_return_sequences=2), dict(num_beams=4, early_stopping=True)):
    prompts = [[r.randrange(V) for _ in range(n)] for n in (3, 1, 12, 7)]
    width = max(map(len, prompts))
    ids = torch.tensor([[NONE] * (width - len(p)) + p for p in prompts])
    mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in prompts])
    free = model.generate(ids, attention_mask=mask, max_new_tokens=30, do_sample=False, pad_token_id=NONE, eos_token_id=NONE)
    kw["eos_token_id"] = int(free[0, width + 3])
    out = model.generate(ids, attention_mask=mask, max_new_tokens=30, do_sample=False, pad_token_id=NONE, **kw).tolist()
    k = kw.get("num_return_sequences", 1)
    # without the padding on the left, and what the longest row of the batch adds on the right (hone: the longest of the prompt)
    cut = [row[width - len(prompts[i // k]):] for i, row in enumerate(out)]
    batches.append(dict(prompts=prompts, max_new_tokens=30, settings=dict(kw, pad_token_id=NONE), output_ids=cut))
print(json.dumps(dict(cases=rows, batches=batches)))
