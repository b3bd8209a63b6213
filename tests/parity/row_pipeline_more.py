"""Writes row_pipeline_more.json: what transformers' pipeline text-classification says of odd texts and pairs, with models that hone made (and saved, which this proves too).

usage: HONE_SAVE_MODEL=/tmp/models build/release/tests/parity_row_pipeline; row_pipeline_more.py /tmp/models > tests/parity/row_pipeline_more.json

Texts mix scripts, accents, punctuation, unknown words, special tokens spelled out and empty ones, alone and in pairs; every kind of problem, with and without top_k, with each
function_to_apply. Some are longer than the models take: cut where truncation is asked for, else null stands for the reference's failure.
"""
import json
import random
import sys
import warnings

from transformers import AutoModelForSequenceClassification, PreTrainedTokenizerFast, logging, pipeline

warnings.filterwarnings("ignore")
logging.set_verbosity_error()
r = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 9)
words = "Sylvain works at Hugging Face in Brooklyn near the U.N. offices ; café Zürich New York unaffable playing 2006/07 A1 Grand Prix 's".split()
odd = ["naïve", "Ǆemal", "İstanbul", "한국어", "각", "ﬁne", "日本", "東京都", "😀", "e\u0301te\u0301", "O'Neil", "don't", "a-b", "…", "ß", "Σίσυφος", "Москва", "\u00ad", "\u200b", "\t", "\n",
       "x" * 110, "[UNK]", "[SEP]", "##ing", "n't", "!!", " . ", "\u0000", "ñ", "का", "مرحبا", "½", "\u1112\u1161\u11ab", "ﷺ", "A\u030a", "_"]


def text(n):
    return "".join((r.choice(odd) if r.random() < 0.35 else r.choice(words)) + r.choice([" "] * 8 + ["", "", "  ", "-", ","]) for _ in range(n))


def pair(n, m):
    return dict(text=text(n), text_pair=text(m))


def answer(p, x, **kw):
    try:
        return p(x, **kw)
    except Exception as e:  # beyond the model's positions
        assert "index out of range" in str(e) or "must match" in str(e), e
        return None


rows = []
for name in ("bert", "bert-one", "bert-regression", "distilbert-several", "distilbert-single", "distilbert-numbers"):
    folder = sys.argv[1] + "/" + name
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    names = {} if name.startswith("bert") else dict(model_input_names=["input_ids", "attention_mask"])
    tok = PreTrainedTokenizerFast(tokenizer_file=folder + "/tokenizer.json", unk_token="[UNK]", pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]", mask_token="[MASK]",
                                  model_max_length=48, **names)
    p = pipeline("text-classification", model=model, tokenizer=tok, device="cpu")
    for kw in ({}, dict(top_k=None), dict(top_k=1), dict(top_k=2), dict(function_to_apply="sigmoid"), dict(top_k=None, function_to_apply="softmax"), dict(top_k=2, function_to_apply="none")):
        row = {k: v for k, v in kw.items() if k == "top_k"}
        row = dict(model=name, **row, function=kw.get("function_to_apply", "default"), truncation=False)
        for x in (text(r.choice([1, 2, 5])), text(12), pair(3, 4)):
            rows.append(dict(row, input=x if isinstance(x, dict) else dict(inputs=x), outputs=answer(p, x, **kw)))
        if "function_to_apply" not in kw:
            for x in ("", dict(text=""), dict(text=text(2), text_pair=""), dict(text="", text_pair=text(2)), text(26), pair(12, 12)):
                rows.append(dict(row, input=x if isinstance(x, dict) else dict(inputs=x), outputs=answer(p, x, **kw)))
        if kw in ({}, dict(top_k=None)):
            for x in (text(60), pair(50, 5), pair(24, 30)):
                rows.append(dict(row, truncation=True, input=x if isinstance(x, dict) else dict(inputs=x), outputs=answer(p, x, truncation=True, **kw)))
            rows.append(dict(row, input=dict(inputs=text(70)), outputs=None))
            assert answer(p, rows[-1]["input"]["inputs"], **kw) is None
short = lambda v: {k: round(x, 7) if k == "score" else x for k, x in v.items()} if isinstance(v, dict) else v and [short(x) for x in v]
print("[" + ",\n".join(json.dumps(dict(row, outputs=short(row["outputs"])), ensure_ascii=False, separators=(",", ":")) for row in rows) + "]")
