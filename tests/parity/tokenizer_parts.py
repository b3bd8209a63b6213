#!/usr/bin/env python3
"""Compositions of the parts of tokenizer.json, and what the reference gives with them.

    tokenizer_parts.py > tests/parity/data/tokenizer_parts.jsonl     what tests/parity/tokenizer_parts.c checks (a Python with tokenizers 0.22.1)
    tokenizer_parts.py --compare libhone.so [--seed N] [--n N]       compares as many random compositions with a shared libhone, in this process

A line is {"tokenizer": text of tokenizer.json as the reference saves it, "cases": [...]}; a case is in the format of tokenizer_cases.h, with "decoded" and
"decoded_all". For --compare: cc -shared -o libhone.so -Wl,--whole-archive build/release/libhone.a -Wl,--no-whole-archive and the libraries of the project.
"""
import argparse
import ctypes
import json
import random
import sys

from tokenizers import Tokenizer
from tokenizers.pre_tokenizers import ByteLevel

SPECIALS = ["[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"]
TEXTS = [
    "", " ", "   \t\n ", "Hello, world! isn't it?", "  the   theater  ", "Ünïcödé café naïve CAFÉ", "e\u0301\u0316a\u0316\u0301 A\u030a\u0323", "한국어 각\u11a8 \u1112\u1161\u11ab",
    "你好，世界。中文abc混排", "שלום עולם مرحبا", "👨\u200d👩\u200d👧 👍🏽 🇩🇪", "a\u0000b\u00adc\u200bd", "ﬁne ½ ① Ⅳ ㌔ ﷺ ｆｕｌｌ", "x1y22z333 3.14 2024-01-02 ٣٤ ⅷ", "snake_case-and camelCase don't",
    "<s>the</s> [MASK] [CLS]", "Foo foo FOO fooBar foo", "the\u2028end\u3000of\u00a0line\r\n\tnext", "▁the▁ ▁▁hello Ġthe", "İstanbul ǅ ẞ ς Σ", "\u0301start \u0344 \u0f73", "aaaa bbbb aabb", "$5+3=8 <a>^`|~ «x» “y” ¿z?",
    "the hello the hello the hello the hello", "the-final--countdown-", "--", "a", "éé", "\ufeffbom \ufffd", "𝒳𝓎 𐍈 \U0001f600\U00011938\U00011935\U00011930", "\u17a3\u1e030\u1e4ec ᲀ Ა", "\u2126 \u212b \u1100\u1161",
]
WORDS = ["the", "hello", "th", "he", "##e", "##llo", "##lo", "##o", "er", "foo", "end", "a", "b"]
CHARS = sorted(set("".join(TEXTS)) | set("abcdefghijklmnopqrstuvwxyz")) + ["Ġ", "▁", "é", "\u0301"]


def vocab(extra):
    v = {}
    for token in SPECIALS + extra:
        v.setdefault(token, len(v))
    return v


def models(rng):
    letters = sorted(ByteLevel.alphabet())
    some = [c for c in CHARS if rng.random() < 0.8]
    pieces = WORDS + some + ["##" + c for c in some]
    merges = [["t", "h"], ["h", "e"], ["th", "e"], ["l", "l"], ["a", "a"], ["Ġ", "the"], ["▁", "the"], ["o", "o"]]
    joined = ["th", "he", "the", "ll", "aa", "Ġthe", "▁the", "oo"]
    bpe = {"type": "BPE", "dropout": None, "unk_token": rng.choice([None, "[UNK]"]), "continuing_subword_prefix": None, "end_of_word_suffix": None,
           "fuse_unk": rng.random() < 0.5, "byte_fallback": False, "ignore_merges": rng.random() < 0.3}
    kind = rng.choice(["wordpiece", "bpe", "fallback", "bytes", "wordlevel"])
    if kind == "wordpiece":
        return {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100, "vocab": vocab(pieces)}
    if kind == "wordlevel":
        return {"type": "WordLevel", "vocab": vocab(pieces), "unk_token": "[UNK]"}
    extra = letters + joined
    if kind != "bytes":
        extra = [c for c in "abcdefghijklmnopqrstuvwxyzĠ▁"] + joined + some
    if kind == "fallback":
        bpe["byte_fallback"] = True
        extra = extra + ["<0x%02X>" % b for b in range(256) if b != 0x80 or rng.random() < 0.5]
    bpe.update(vocab=vocab(extra), merges=merges)
    return bpe


def pattern(rng):
    regexes = [r"\d+", r"\s+", r"[aeiou]", r"\p{L}+", r"\p{Lu}", r"[^\s\p{L}\p{N}]+", r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+",
               r"\w+|[^\w\s]+", r"\b", r"^\s*", r"[a-z&&[^aeiou]]+", r"\h+", r"(?<=l)", r"x*", r"$", r"[[:punct:]]", r"\p{Han}|\p{Hiragana}", r"(?m:.)e", r"[^\x00-\x7F]+", r"(a)\1",
               r"(?<n>o)\k<n>", r"l{2}", r"\W", r"\S+", r"\p{^L}", r"[\p{M}\p{P}]", "-", r"\p{Mn}", r"[\s\S]\S"]
    return {"Regex": rng.choice(regexes)} if rng.random() < 0.6 else {"String": rng.choice(["-", " ", "the", "l", ".", "aa", "é", "▁", "\u0301", "$"])}


def normalizer(rng, depth=0):
    kind = rng.choice(["BertNormalizer", "NFC", "NFD", "NFKC", "NFKD", "Lowercase", "Strip", "StripAccents", "Replace", "Prepend", "Nmt", "ByteLevel", "Sequence", "Sequence"])
    n = {"type": kind}
    flag = lambda: rng.random() < 0.5
    if kind == "BertNormalizer":
        n.update(clean_text=flag(), handle_chinese_chars=flag(), strip_accents=rng.choice([None, True, False]), lowercase=flag())
    elif kind == "Strip":
        n.update(strip_left=flag(), strip_right=flag())
    elif kind == "Replace":
        n.update(pattern=pattern(rng), content=rng.choice(["", " ", "x", "▁", "é▁"]))
        if n["pattern"].get("Regex") in (r"^\s*", r"x*", r"\b", "$", r"(?<=l)"):  # an insertion at the start of a text has no place in the reference
            n["pattern"] = {"String": "-"}
    elif kind == "Prepend":
        n.update(prepend=rng.choice(["▁", " ", "the "]))
    elif kind == "Sequence":
        n["normalizers"] = [normalizer(rng, depth + 1) for _ in range(rng.randrange(0, 4))] if depth < 2 else []
    return n


def pre_tokenizer(rng, depth=0):
    kind = rng.choice(["BertPreTokenizer", "Whitespace", "WhitespaceSplit", "Punctuation", "Digits", "Split", "Split", "Metaspace", "CharDelimiterSplit", "FixedLength", "ByteLevel",
                       "Sequence", "Sequence"])
    p = {"type": kind}
    flag = lambda: rng.random() < 0.5
    behavior = lambda: rng.choice(["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"])
    if kind == "Punctuation":
        p.update(behavior=behavior())
    elif kind == "Digits":
        p.update(individual_digits=flag())
    elif kind == "Split":
        p.update(pattern=pattern(rng), behavior=behavior(), invert=flag())
    elif kind == "Metaspace":
        p.update(replacement=rng.choice(["▁", "▁", "_"]), prepend_scheme=rng.choice(["always", "first", "never"]), split=flag())
    elif kind == "CharDelimiterSplit":
        p.update(delimiter=rng.choice(" -é"))
    elif kind == "FixedLength":
        p.update(length=rng.randrange(1, 6))
    elif kind == "ByteLevel":
        p.update(add_prefix_space=flag(), trim_offsets=flag(), use_regex=flag())
    elif kind == "Sequence":
        p["pretokenizers"] = [pre_tokenizer(rng, depth + 1) for _ in range(rng.randrange(0, 4))] if depth < 2 else []
    return p


def post_processor(rng):
    flag = lambda: rng.random() < 0.5
    bytes_ = {"type": "ByteLevel", "add_prefix_space": flag(), "trim_offsets": flag(), "use_regex": flag()}
    special = lambda: {"SpecialToken": {"id": rng.choice(["[CLS]", "two", "[SEP]"]), "type_id": rng.randrange(3)}}
    sequence = lambda name: {"Sequence": {"id": name, "type_id": rng.randrange(3)}}

    def template(names):
        pieces = [sequence(n) for n in names] + [special() for _ in range(rng.randrange(4))]
        rng.shuffle(pieces)
        return pieces

    tokens = {"[CLS]": {"id": "[CLS]", "ids": [1], "tokens": ["[CLS]"]}, "[SEP]": {"id": "[SEP]", "ids": [2], "tokens": ["[SEP]"]},
              "two": {"id": "two", "ids": [2, 3], "tokens": ["[SEP]", "[PAD]"]}}
    pair = {"sep": ["[SEP]", 2], "cls": ["[CLS]", 1]}
    last = rng.choice([
        {"type": "BertProcessing", **pair}, {"type": "RobertaProcessing", **pair, "trim_offsets": flag(), "add_prefix_space": flag()}, bytes_,
        {"type": "TemplateProcessing", "single": template("A"), "pair": template("AB"), "special_tokens": tokens},
        {"type": "TemplateProcessing", "single": template(rng.choice(["A", "AA"])), "pair": template(rng.choice(["AB", "ABA", "BAB", "BA"])), "special_tokens": tokens}])
    return rng.choice([last, last, {"type": "Sequence", "processors": [bytes_, last]}, {"type": "Sequence", "processors": [last]}])


def decoder(rng, depth=0):
    kind = rng.choice(["Sequence", "Sequence", "WordPiece", "ByteLevel", "ByteFallback", "Fuse", "Strip", "Replace", "Metaspace", "BPEDecoder", "CTC"])
    d = {"type": kind}
    flag = lambda: rng.random() < 0.5
    if kind == "WordPiece":
        d.update(prefix="##", cleanup=flag())
    elif kind == "ByteLevel":
        d.update(add_prefix_space=flag(), trim_offsets=flag(), use_regex=flag())
    elif kind == "Strip":
        d.update(content=rng.choice([" ", "▁", "a"]), start=rng.randrange(3), stop=0)
    elif kind == "Replace":
        d.update(pattern=pattern(rng), content=rng.choice(["", " ", "é"]))
    elif kind == "Metaspace":
        d.update(replacement="▁", prepend_scheme=rng.choice(["always", "first", "never"]), split=flag())
    elif kind == "BPEDecoder":
        d.update(suffix=rng.choice(["</w>", "e", ""]))
    elif kind == "CTC":
        d.update(pad_token=rng.choice(["[PAD]", "l"]), word_delimiter_token=rng.choice(["|", "▁"]), cleanup=flag())
    elif kind == "Sequence":
        d["decoders"] = [decoder(rng, depth + 1) for _ in range(rng.randrange(0, 4))] if depth < 2 else []
    return d


def added(rng, v):
    out = [{"id": i, "content": s, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True} for i, s in enumerate(SPECIALS)]
    for content in rng.sample(["Foo", "<s>", "</s>", "ÉÉ", "é", "don't", " x", "中文"], rng.randrange(4)):
        flag = lambda: rng.random() < 0.4
        out.append({"id": v.get(content, max(list(v.values()) + [t["id"] for t in out]) + 1), "content": content, "single_word": flag(), "lstrip": flag(), "rstrip": flag(),
                    "normalized": flag(), "special": flag()})
    return sorted(out, key=lambda t: t["id"])


def make(rng):
    model = models(rng)
    maybe = lambda f, p: f(rng) if rng.random() < p else None
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": added(rng, model["vocab"]), "normalizer": maybe(normalizer, 0.8),
            "pre_tokenizer": maybe(pre_tokenizer, 0.85), "post_processor": maybe(post_processor, 0.7), "decoder": maybe(decoder, 0.8), "model": model}


def inputs(rng):
    """Texts, pairs and lists of words, with options."""
    for text in rng.sample(TEXTS, 8):
        yield {"text": text}
    for text in rng.sample(TEXTS, 3):
        yield {"text": text, "pair": rng.choice(TEXTS)}
    yield {"text": rng.choice(TEXTS), "pair": rng.choice(TEXTS), "add_special_tokens": False}
    yield {"text": rng.choice(TEXTS).split(" ")}
    yield {"text": "the hello the hello a b the", "max_length": rng.randrange(6, 9), "stride": rng.randrange(2), "truncation": "longest_first"}
    yield {"text": "the hello the hello a b the", "pair": "hello b a the the", "max_length": rng.randrange(8, 13), "truncation": rng.choice(["longest_first", "only_first"])}


def show(e):
    return {"ids": e.ids, "type_ids": e.type_ids, "tokens": e.tokens, "offsets": [list(o) for o in e.offsets], "word_ids": e.word_ids, "sequence_ids": e.sequence_ids,
            "special_tokens_mask": e.special_tokens_mask, "attention_mask": e.attention_mask}


def answer(tok, case):
    """The case with what the reference gives; None where it fails or panics."""
    case = {"add_special_tokens": True, "pair": None, "max_length": None, "stride": 0, "truncation": None, "left": False, **case}
    try:
        tok.no_truncation()
        if case["truncation"]:
            tok.enable_truncation(case["max_length"], stride=case["stride"], strategy=case["truncation"])
        e = tok.encode(case["text"], case["pair"], is_pretokenized=isinstance(case["text"], list), add_special_tokens=case["add_special_tokens"])
        case["encodings"] = [show(x) for x in [e] + e.overflowing]
        if sum(len(x["ids"]) for x in case["encodings"]) > 4000:
            return None
        case["decoded"], case["decoded_all"] = tok.decode(e.ids, skip_special_tokens=True), tok.decode(e.ids, skip_special_tokens=False)
    except KeyboardInterrupt:
        raise
    except BaseException:  # PanicException is no Exception
        return None
    finally:
        tok.no_truncation()
    return case


def compositions(seed, n):
    rng = random.Random(seed)
    while n:
        spec = make(rng)
        try:
            tok = Tokenizer.from_str(json.dumps(spec))
        except Exception as error:
            sys.stderr.write("the reference refuses: %s\n" % error)
            continue
        cases = [c for c in (answer(tok, c) for c in inputs(rng)) if c]
        if not spec["post_processor"]:  # without a post-processor the reference forgets which sequence what overflows comes from
            cases = [c for c in cases if not (c["pair"] and c["truncation"])]
        n -= 1
        yield {"tokenizer": tok.to_str(), "cases": cases}


# ---- The comparison with a libhone in this process ----

class Text(ctypes.Structure):
    _fields_ = [("data", ctypes.c_char_p), ("len", ctypes.c_size_t)]


class Sequence(ctypes.Structure):
    _fields_ = [("text", Text), ("words", ctypes.POINTER(Text)), ("n_words", ctypes.c_size_t)]


class Input(ctypes.Structure):
    _fields_ = [("first", Sequence), ("second", Sequence)]


class Options(ctypes.Structure):
    _fields_ = [("no_special_tokens", ctypes.c_bool), ("truncation", ctypes.c_int), ("max_length", ctypes.c_size_t), ("stride", ctypes.c_size_t), ("side", ctypes.c_int),
                ("padding", ctypes.c_int), ("pad_length", ctypes.c_size_t), ("multiple", ctypes.c_size_t), ("padding_side", ctypes.c_int), ("pad_id", ctypes.c_int32),
                ("pad_type_id", ctypes.c_int32), ("pad_token", ctypes.c_char_p)]


class Span(ctypes.Structure):
    _fields_ = [("start", ctypes.c_size_t), ("end", ctypes.c_size_t)]


class Hone:
    ARRAYS = {"ids": ctypes.c_int32, "type_ids": ctypes.c_int32, "word_ids": ctypes.c_int32, "sequence_ids": ctypes.c_int32, "special_tokens_mask": ctypes.c_uint8,
              "attention_mask": ctypes.c_uint8, "offsets_chars": Span}

    def __init__(self, path):
        self.lib = ctypes.CDLL(path)
        for name, kind in self.ARRAYS.items():
            getattr(self.lib, "hone_encoding_" + name).restype = ctypes.POINTER(kind)
        for name in "n_tokens", "n_overflowing":
            getattr(self.lib, "hone_encoding_" + name).restype = ctypes.c_size_t
        self.lib.hone_encoding_overflowing.restype = ctypes.c_void_p
        self.lib.hone_encoding_token.restype = self.lib.hone_error_message.restype = ctypes.c_char_p

    def check(self, status):
        if status:
            raise ValueError(self.lib.hone_error_message().decode("utf-8", "replace"))

    def text(self, function, *arguments):
        out, n = ctypes.c_void_p(), ctypes.c_size_t()
        self.check(function(ctypes.byref(out), ctypes.byref(n), *arguments))
        text = ctypes.string_at(out.value, n.value).decode()
        self.lib.hone_tokenizer_free_text(out)
        return text

    def load(self, text):
        tok, data = ctypes.c_void_p(), text.encode()
        self.check(self.lib.hone_tokenizer_from_bytes(ctypes.byref(tok), data, ctypes.c_size_t(len(data))))
        return tok

    def show(self, e):
        n = self.lib.hone_encoding_n_tokens(e)
        get = lambda name: getattr(self.lib, "hone_encoding_" + name)(e)[:n]
        none = lambda values: [v if v >= 0 else None for v in values]
        return {"ids": get("ids"), "type_ids": get("type_ids"), "tokens": [self.lib.hone_encoding_token(e, ctypes.c_size_t(i)).decode() for i in range(n)],
                "offsets": [[s.start, s.end] for s in get("offsets_chars")], "word_ids": none(get("word_ids")), "sequence_ids": none(get("sequence_ids")),
                "special_tokens_mask": get("special_tokens_mask"), "attention_mask": get("attention_mask")}

    def sequence(self, value, keep):
        if isinstance(value, list):
            keep.append((Text * max(1, len(value)))(*[Text(w.encode(), len(w.encode())) for w in value]))
            return Sequence(Text(), keep[-1], len(value))
        return Sequence(Text(value.encode(), len(value.encode()))) if value is not None else Sequence()

    def answer(self, tok, case):
        keep, e = [], ctypes.c_void_p()
        given = Input(self.sequence(case["text"], keep), self.sequence(case["pair"], keep))
        strategies = [None, "longest_first", "only_first", "only_second"]
        options = Options(no_special_tokens=not case["add_special_tokens"], truncation=strategies.index(case["truncation"]), max_length=case["max_length"] or 0, stride=case["stride"])
        self.check(self.lib.hone_tokenizer_encode_input(ctypes.byref(e), tok, ctypes.byref(given), ctypes.byref(options)))
        out = dict(case, encodings=[self.show(e)] + [self.show(ctypes.c_void_p(self.lib.hone_encoding_overflowing(e, ctypes.c_size_t(i))))
                                                     for i in range(self.lib.hone_encoding_n_overflowing(e))])
        self.lib.hone_encoding_free(e)
        ids = case["encodings"][0]["ids"]
        array = (ctypes.c_int32 * max(1, len(ids)))(*ids)
        for key, skip in ("decoded", True), ("decoded_all", False):
            out[key] = self.text(self.lib.hone_tokenizer_decode, tok, array, ctypes.c_size_t(len(ids)), ctypes.c_bool(skip))
        return out


def c_strings(case):
    """The case as C shows it: a token ends at its NUL."""
    return dict(case, encodings=[dict(e, tokens=[t.split("\0")[0] for t in e["tokens"]]) for e in case["encodings"]])


def differences(hone, line):
    try:
        tok = hone.load(line["tokenizer"])
    except ValueError as error:
        yield {"load": str(error)}
        return
    text = hone.text(hone.lib.hone_tokenizer_to_json, tok)
    if text != line["tokenizer"]:
        yield {"saved": text[:3000]}
    for case in map(c_strings, line["cases"]):
        try:
            got = hone.answer(tok, case)
        except ValueError as error:
            yield {"text": case["text"], "error": str(error)}
            continue
        if got != case:
            keys = [k for k in ("decoded", "decoded_all") if got[k] != case[k]]
            where = [(i, k) for i, (a, b) in enumerate(zip(got["encodings"], case["encodings"])) for k in a if a[k] != b[k]]
            shown = {"%d.%s" % w: [got["encodings"][w[0]][w[1]], case["encodings"][w[0]][w[1]]] for w in where[:3]}
            yield {"text": case["text"], "pair": case["pair"], "options": [case["add_special_tokens"], case["max_length"]], "n": [len(got["encodings"]), len(case["encodings"])],
                   "got, expected": dict(shown, **{k: [got[k], case[k]] for k in keys})}
    hone.lib.hone_tokenizer_free(tok)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--compare", metavar="LIBHONE")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--n", type=int, default=60)
    parser.add_argument("--most", type=int, default=10, help="differences that are shown")
    o = parser.parse_args()
    if not o.compare:
        for line in compositions(o.seed, o.n):
            print(json.dumps(line, ensure_ascii=False, separators=(",", ":")))
        return
    hone, n_cases, n_wrong = Hone(o.compare), 0, 0
    for line in compositions(o.seed, o.n):
        n_cases += len(line["cases"])
        wrong = list(differences(hone, line))
        n_wrong += bool(wrong)
        if wrong and n_wrong <= o.most:
            parts = {k: v for k, v in json.loads(line["tokenizer"]).items() if k not in ("model", "version", "truncation", "padding")}
            parts["added_tokens"] = [t for t in parts["added_tokens"] if t["content"] not in SPECIALS]
            model = {k: v for k, v in json.loads(line["tokenizer"])["model"].items() if k not in ("vocab", "merges")}
            print(json.dumps({"parts": parts, "model": model, "wrong": wrong[:2]}, ensure_ascii=False, indent=None)[:3000], "\n")
    print("%d compositions, %d cases; %d compositions differ" % (o.n, n_cases, n_wrong))
    sys.exit(n_wrong > 0)


main()
