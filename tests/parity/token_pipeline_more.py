"""Writes token_pipeline_more.json: what transformers' pipeline token-classification finds in odd texts, with models that hone made (and saved, which this proves too).

usage: HONE_SAVE_MODEL=/tmp/models build/release/tests/parity_token_pipeline; token_pipeline_more.py /tmp/models > tests/parity/token_pipeline_more.json

Texts mix scripts, accents, Hangul and other characters that normalisation lengthens, punctuation, unknown words, special tokens spelled out and empty ones; some are words that
were split already, some longer than the models take, read with the reference's stride or cut.
"""
import json
import random
import sys
import warnings

from transformers import AutoModelForTokenClassification, PreTrainedTokenizerFast, pipeline

warnings.filterwarnings("ignore")
r = random.Random(7)
words = "Sylvain works at Hugging Face in Brooklyn near the U.N. offices ; café Zürich New York unaffable playing 2006/07 A1 Grand Prix 's".split()
odd = ["naïve", "Ǆemal", "İstanbul", "한국어", "각", "ﬁne", "日本", "東京都", "😀", "e\u0301te\u0301", "O'Neil", "don't", "a-b", "…", "ß", "Σίσυφος", "Москва", "\u00ad", "\u200b", "\t", "\n",
       "x" * 110, "[UNK]", "[SEP]", "##ing", "n't", "!!", " . ", "\u0000", "ñ", "का", "مرحبا", "½", "\u1112\u1161\u11ab", "ﷺ", "A\u030a", "_"]


def text(n):
    return "".join((r.choice(odd) if r.random() < 0.35 else r.choice(words)) + r.choice([" "] * 8 + ["", "", "  ", "-", ","]) for _ in range(n))


rows = []
for name in ("bert", "distilbert"):
    folder = sys.argv[1] + "/" + name
    model = AutoModelForTokenClassification.from_pretrained(folder).eval()
    names = [] if name == "bert" else [dict(model_input_names=["input_ids", "attention_mask"])]
    tok = PreTrainedTokenizerFast(tokenizer_file=folder + "/tokenizer.json", unk_token="[UNK]", pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]", mask_token="[MASK]",
                                  model_max_length=64, **(names[0] if names else {}))
    for strategy in ("none", "simple", "first", "average", "max"):
        for stride in (None, 0, 12):
            if strategy == "none" and stride is not None:
                continue
            p = pipeline("token-classification", model=model, tokenizer=tok, aggregation_strategy=strategy, **({} if stride is None else dict(stride=stride)))
            for n in (0, 1, 2, 4, 8, 60) if stride is None else (3, 55):
                x = text(n)
                rows.append(dict(model=name, strategy=strategy, stride=stride, input=dict(inputs=x), outputs=p(x)))
            if stride is None:
                x, d = [text(1).strip() for _ in range(7)], r.choice([" ", "", "_é "])
                rows.append(dict(model=name, strategy=strategy, stride=stride, input=dict(tokens=x, delimiter=d), outputs=p(x, is_split_into_words=True, delimiter=d)[0]))
print("[" + ",\n".join(json.dumps(row, ensure_ascii=False, separators=(",", ":"), default=lambda v: round(v.item(), 7)) for row in rows) + "]")
