#!/usr/bin/env python3
"""Writes bert_api.jsonl: what the reference's Encoding answers (char_to_token, token_to_chars, token_to_word, token_to_sequence, word_to_tokens, word_to_chars) and what its
decoder gives, for random texts, pairs and words that were split before, cut into windows and padded on either side, with BERT's uncased tokenizer.

usage: bert_api.py TOKENIZER.json OUT.jsonl [N] [SEED]

tests/parity/data/bert_api.jsonl is the output for the fixture tok/bert-uncased, 72 cases, seed 1 (tokenizers 0.22.1, transformers 4.57.3). HONE_BERT_API=FILE lets
the test tests/parity/bert_api.c read another one.
"""
import json
import random
import sys

from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerBase

source = open(sys.argv[1], encoding="utf-8").read()
n = int(sys.argv[3]) if len(sys.argv) > 3 else 72
random.seed(int(sys.argv[4]) if len(sys.argv) > 4 else 1)
tokenizers = [Tokenizer.from_str(source), Tokenizer.from_str(source.replace('"cleanup":true', '"cleanup":false'))]
PARTS = ["the", "Paris", "don't", "unbelievable", "tokenization", "naïve", "café", "Ünïcödé", "e\u0301", "İstanbul", "ß", "你好", "東京", "한국", "мир", "[MASK]", "[SEP]",
         "\u200b", "\u00ad", "\u2260", "😀", "U.S.", "3,14", "#", "##ing", "(a)", "…", "\u3000", "\u00a0", "\t", "xyzzyx", "\u037e", "$5", "-", "'s", "\x00", "\ufffd"]


def word():
    return "a" * 101 if random.random() < 0.02 else "".join(random.choice(PARTS) for _ in range(random.choice((0, 1, 1, 1, 1, 2))))


def text():
    return "".join(random.choice(PARTS) + random.choice(("", " ", " ", "  ")) for _ in range(random.randrange(14)))


def side(split):
    return [word() for _ in range(random.randrange(8))] if split else text()


def answers(e, sizes):
    """sizes: of each sequence, characters and words to ask for."""
    out = {"ids": e.ids, "sequence_ids": e.sequence_ids, "word_ids": e.word_ids, "chars": [e.token_to_chars(i) for i in range(len(e))],
           "words": [e.token_to_word(i) for i in range(len(e))], "sequences": [e.token_to_sequence(i) for i in range(len(e))]}
    for s, (n_chars, n_words) in enumerate(sizes):
        out["char_to_token_%d" % s] = [e.char_to_token(i, s) for i in range(n_chars)]
        out["word_to_tokens_%d" % s] = [e.word_to_tokens(i, s) for i in range(n_words)]
        out["word_to_chars_%d" % s] = [e.word_to_chars(i, s) for i in range(n_words)]
    return out


# A sequence that is not there, or of which a window has no token, is asked about nothing: the reference then searches the whole window, hone says that there is none.
def encoding_case():
    t, split = tokenizers[0], random.random() < 0.4
    first, second = side(split), side(split) if random.random() < 0.5 else None
    special = random.random() < 0.8
    case = {"text": first, "pair": second, "special": special, "max_length": None, "stride": 0, "left": False, "pad": None, "pad_left": False}
    t.no_truncation()
    t.no_padding()
    if random.random() < 0.6:
        case.update(max_length=random.randrange(5, 14), stride=random.choice((0, 0, 1)), left=random.random() < 0.3)
        t.enable_truncation(case["max_length"], stride=case["stride"], direction="left" if case["left"] else "right")
    if random.random() < 0.5:
        case.update(pad=random.randrange(4, 24), pad_left=random.random() < 0.5)
        t.enable_padding(direction="left" if case["pad_left"] else "right", length=case["pad"])
    try:
        e = t.encode(first, second, is_pretokenized=split, add_special_tokens=special)
    except BaseException:  # a stride that leaves no room is a panic there, an error here
        return encoding_case()
    sizes = [(max([len(x) for x in side] + [0]) + 2 if split else len(side) + 2, len(side) + 2 if split else len(side.split()) * 2 + 4) for side in (first, second) if side is not None]
    case["windows"] = [answers(x, sizes) for x in [e] + e.overflowing]
    return case


def decoding_case():
    ids = [random.choice((0, 100, 101, 102, 103, 1012, 1010, 1029, 999, 1005, 1056, 1049, 2102, 1055, 31000, random.randrange(30522), random.randrange(2000, 12000)))
           for _ in range(random.randrange(12))]
    words = random.sample(["don", "'", "t", "n't", ".", ",", "?", "!", "'s", "'m", "'re", "'ve", "do", "not", "##ing", "it", "you", "[SEP]"], 8)
    ids += [i for i in (tokenizers[0].token_to_id(w) for w in words) if i is not None]
    case = {"ids": ids}
    for name, t in zip(("cleaned", "plain"), tokenizers):
        case[name] = [t.decode(ids, skip_special_tokens=skip) for skip in (False, True)]
    case["transformers"] = [PreTrainedTokenizerBase.clean_up_tokenization(x) for x in case["plain"]]
    return case


with open(sys.argv[2], "w", encoding="utf-8") as f:
    for i in range(n):
        f.write(json.dumps(encoding_case() if i % 4 else decoding_case(), ensure_ascii=False, separators=(",", ":")) + "\n")
