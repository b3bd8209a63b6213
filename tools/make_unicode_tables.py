#!/usr/bin/env python3
"""Write src/tokenizer/unicode_tables.c: the Unicode properties that the reference tokenizers really use, as a two-stage table.

usage: make_unicode_tables.py unicode_tables.json > src/tokenizer/unicode_tables.c        (a Python with tokenizers 0.22.1 and Unicode 14.0: 3.11)

unicode_tables.json was made by asking the reference about every code point: {property: [[first, last], ...], "lower": [[from, to...], ...]}.
No system library has these tables: \\p{L}, \\p{N} and \\s of the byte-level pattern are Unicode 16.0's, BertNormalizer's are Unicode 8.0's.
Canonical decompositions and combining classes are Python's (Unicode 14.0), but for U+11938, which the reference leaves: compared with the reference's NFD over every
code point. Two properties are asked for here: "word" (\\w of the Whitespace pre-tokenizer and of single_word) and "late" (the reference's normal forms leave it: its
table is older). The order of PROPERTIES is that of the flags in src/tokenizer/unicode.h.
"""
import json
import sys
import unicodedata

from tokenizers import normalizers, pre_tokenizers

PROPERTIES = ["letter", "number", "space", "clean_drop", "clean_space", "bert_space", "bert_punctuation", "cjk", "nonspacing", "combining", "word", "late"]
BLOCK = 256
# Combining marks that came after the reference's table of combining classes: its NFD leaves them where they are.
LATE_MARKS = [(0x7FD, 0x7FD), (0x898, 0x89F), (0x8CA, 0x8D3), (0x9FE, 0x9FE), (0xC3C, 0xC3C), (0xD3B, 0xD3C), (0xEBA, 0xEBA), (0x1715, 0x1715), (0x1ABF, 0x1ACE),
              (0x1DF6, 0x1DFA), (0xA82C, 0xA82C), (0x10D24, 0x10D27), (0x10EAB, 0x10EAC), (0x10F46, 0x10F50), (0x10F82, 0x10F85), (0x11070, 0x11070),
              (0x1133B, 0x1133B), (0x1145E, 0x1145E), (0x11839, 0x1183A), (0x1193D, 0x1193E), (0x11943, 0x11943), (0x119E0, 0x119E0), (0x11A34, 0x11A34),
              (0x11A47, 0x11A47), (0x11A99, 0x11A99), (0x11D42, 0x11D42), (0x11D44, 0x11D45), (0x11D97, 0x11D97), (0x16FF0, 0x16FF1), (0x1E130, 0x1E136),
              (0x1E2AE, 0x1E2AE), (0x1E2EC, 0x1E2EF)]


def words(codes):
    """What the Whitespace pre-tokenizer takes for a word's character: what it leaves together with "_"."""
    found = set()
    for piece, (start, end) in pre_tokenizers.Whitespace().pre_tokenize_str("".join("_%s " % chr(cp) for cp in codes)):
        if start % 3 == 0 and end == start + 2:
            found.add(codes[start // 3])
    return found


def late(codes):
    """What the reference's table of decompositions lacks: assigned after Unicode 14.0, or before, with a decomposition that it does not know."""
    nfkd = normalizers.NFKD()
    return {cp for cp in codes if unicodedata.category(chr(cp)) == "Cn" or
            (unicodedata.normalize("NFKD", chr(cp)) != chr(cp) and nfkd.normalize_str(chr(cp)) == chr(cp))}


def rows(values, per_line, fmt):
    for i in range(0, len(values), per_line):
        yield "    " + ", ".join(fmt % v for v in values[i:i + per_line]) + ","


def main():
    tables = json.load(open(sys.argv[1], encoding="utf-8"))
    flags = [0] * 0x110000
    for bit, name in enumerate(PROPERTIES):
        for first, last in tables.get(name, []):
            for cp in range(first, last + 1):
                flags[cp] |= 1 << bit
    codes = [cp for cp in range(0x110000) if not 0xD800 <= cp < 0xE000]
    for name, found in ("word", words(codes)), ("late", late(codes)):
        for cp in found:
            flags[cp] |= 1 << PROPERTIES.index(name)
    blocks, index = {}, []
    for start in range(0, len(flags), BLOCK):
        index.append(blocks.setdefault(tuple(flags[start:start + BLOCK]), len(blocks)))
    lower = [(row + [0])[:3] for row in tables["lower"]]
    assert len(blocks) < 256 and all(2 <= len(row) <= 3 for row in tables["lower"])
    out = ["/* Unicode properties as the reference tokenizers have them, by tools/make_unicode_tables.py from the tables that tokenizers %s" % tables["tokenizers"],
           " * answers with: not to be edited. Two stages: block index by code point / 256, then flags (tokenizer/unicode.h). */",
           '#include "tokenizer/unicode.h"', "", "const uint8_t hone__unicode_index[%d] = {" % len(index)]
    out += rows(index, 32, "%d")
    out += ["};", "", "const uint16_t hone__unicode_flags[%d][%d] = {" % (len(blocks), BLOCK)]
    for block in blocks:
        out += ["    {"] + ["    " + row for row in rows(block, 32, "%d")] + ["    },"]
    out += ["};", "", "/* Lower-casing of one code point: from, to, to's second code point or 0; ascending. */",
            "const hone__lower_case hone__unicode_lower[%d] = {" % len(lower)]
    out += rows([tuple(row) for row in lower], 8, "{%d, %d, %d}")
    out += ["};", "const size_t hone__unicode_n_lower = %d;" % len(lower)]
    nfd = []
    for cp in range(0x110000):
        if 0xAC00 <= cp < 0xD7A4 or 0xD800 <= cp < 0xE000 or cp == 0x11938:
            continue
        to = [ord(c) for c in unicodedata.normalize("NFD", chr(cp))]
        if to != [cp]:
            assert len(to) <= 4
            nfd.append(tuple([cp] + (to + [0] * 4)[:4]))
    out += ["", "/* Canonical decomposition of one code point, zeros behind; ascending. Hangul syllables are computed. */",
            "const hone__decomposition hone__unicode_nfd[%d] = {" % len(nfd)]
    out += rows(nfd, 6, "{%d, {%d, %d, %d, %d}}")
    out += ["};", "const size_t hone__unicode_n_nfd = %d;" % len(nfd)]
    classes = []
    for cp in range(0x110000):
        c = 0 if any(first <= cp <= last for first, last in LATE_MARKS) else unicodedata.combining(chr(cp))
        if c and classes and classes[-1][1] == cp - 1 and classes[-1][2] == c:
            classes[-1][1] = cp
        elif c:
            classes.append([cp, cp, c])
    out += ["", "/* Canonical combining classes that are not 0: first, last, class; ascending. */",
            "const hone__combining_class hone__unicode_classes[%d] = {" % len(classes)]
    out += rows([tuple(c) for c in classes], 8, "{%d, %d, %d}")
    out += ["};", "const size_t hone__unicode_n_classes = %d;" % len(classes)]
    print("\n".join(out))


main()
