#!/usr/bin/env python3
"""Write src/tokenizer/regex_tables.c: how \\p{...}, \\w and the POSIX brackets of the reference's regular expressions differ from PCRE2's.

usage: make_regex_tables.py > src/tokenizer/regex_tables.c        (a Python with tokenizers 0.22.1; libpcre2-8 of Unicode 14.0, Debian 12's)

The reference's patterns are Oniguruma's, with Unicode 16.0; PCRE2 10.42 has 14.0. A property becomes PCRE2's own, then the code points that the reference adds to
it, less those that it takes away. A later PCRE2 gives the same: what it knows already may be added again.
"""
import ctypes
import ctypes.util
import sys

from tokenizers import Regex, __version__
from tokenizers.pre_tokenizers import Split

CATEGORIES = {
    "L": "Letter", "Lu": "Uppercase_Letter", "Ll": "Lowercase_Letter", "Lt": "Titlecase_Letter", "Lm": "Modifier_Letter", "Lo": "Other_Letter", "LC": "Cased_Letter",
    "M": "Mark", "Mn": "Nonspacing_Mark", "Mc": "Spacing_Mark", "Me": "Enclosing_Mark",
    "N": "Number", "Nd": "Decimal_Number", "Nl": "Letter_Number", "No": "Other_Number",
    "P": "Punctuation", "Pc": "Connector_Punctuation", "Pd": "Dash_Punctuation", "Ps": "Open_Punctuation", "Pe": "Close_Punctuation",
    "Pi": "Initial_Punctuation", "Pf": "Final_Punctuation", "Po": "Other_Punctuation",
    "S": "Symbol", "Sm": "Math_Symbol", "Sc": "Currency_Symbol", "Sk": "Modifier_Symbol", "So": "Other_Symbol",
    "Z": "Separator", "Zs": "Space_Separator", "Zl": "Line_Separator", "Zp": "Paragraph_Separator",
    "C": "Other", "Cc": "Control", "Cf": "Format", "Cn": "Unassigned", "Co": "Private_Use",
}
# Names of Oniguruma that are no property of PCRE2, or another one there: what stands for them in a class.
OWN = {
    "Alpha": r"\p{Alphabetic}", "Upper": r"\p{Uppercase}", "Lower": r"\p{Lowercase}", "Space": r"\p{White_Space}", "Digit": r"\p{Nd}", "Alnum": r"\p{Alphabetic}\p{Nd}",
    "Punct": r"\p{P}", "Graph": r"\p{L}\p{M}\p{N}\p{P}\p{S}\p{Cf}\p{Co}", "Print": r"\p{L}\p{M}\p{N}\p{P}\p{S}\p{Cf}\p{Co}\p{Zs}", "Word": r"\p{Alphabetic}\p{M}\p{Nd}\p{Pc}", "XDigit": "0-9a-fA-F", "Blank": r"\p{Zs}\t", "Cntrl": r"\p{Cc}", "ASCII": r"\x00-\x7F",
    "Any": r"\x{0}-\x{10FFFF}", "Assigned": r"\P{Cn}",
}
# POSIX brackets that differ from the property of the same name; the name here is the bracket's with "posix" before it.
POSIX = {"punct": r"\p{P}\p{S}"}
BINARY = """Alphabetic Uppercase Lowercase White_Space Cased Case_Ignorable Dash Diacritic Emoji Emoji_Component Emoji_Modifier Emoji_Modifier_Base Emoji_Presentation
Extended_Pictographic Extender Hex_Digit ID_Continue ID_Start Ideographic Join_Control Math Quotation_Mark Regional_Indicator Sentence_Terminal Terminal_Punctuation
Unified_Ideograph Variation_Selector XID_Continue XID_Start""".split()
SCRIPTS = """Arabic Armenian Balinese Bengali Bopomofo Braille Canadian_Aboriginal Cherokee Common Coptic Cyrillic Deseret Devanagari Ethiopic Georgian Glagolitic Gothic Greek
Gujarati Gurmukhi Han Hangul Hebrew Hiragana Inherited Javanese Kannada Katakana Khmer Lao Latin Limbu Malayalam Mongolian Myanmar Nko Ogham Ol_Chiki Oriya Runic Sinhala
Sundanese Syriac Tagalog Tai_Le Tamil Telugu Thaana Thai Tibetan Tifinagh Vai Yi""".split()

ALL = [cp for cp in range(0x110000) if not 0xD800 <= cp < 0xE000]
TEXT = "".join(map(chr, ALL))


def reference_set(klass):
    found = set()
    for _, (start, end) in Split(Regex("[%s]+" % klass), "removed", invert=True).pre_tokenize_str(TEXT):
        found.update(ALL[start:end])
    return found


def pcre2_set(klass):
    lib = ctypes.CDLL(ctypes.util.find_library("pcre2-8") or "libpcre2-8.so.0")
    lib.pcre2_compile_8.restype = lib.pcre2_match_data_create_from_pattern_8.restype = ctypes.c_void_p
    lib.pcre2_get_ovector_pointer_8.restype = ctypes.POINTER(ctypes.c_size_t)
    pattern = ("[%s]+" % klass).encode()
    error, place = ctypes.c_int(), ctypes.c_size_t()
    code = lib.pcre2_compile_8(pattern, ctypes.c_size_t(len(pattern)), ctypes.c_uint32(0x00080000), ctypes.byref(error), ctypes.byref(place), None)
    if not code:
        raise ValueError("%s: PCRE2 error %d" % (klass, error.value))
    lib.pcre2_jit_compile_8(ctypes.c_void_p(code), ctypes.c_uint32(1))
    data = lib.pcre2_match_data_create_from_pattern_8(ctypes.c_void_p(code), None)
    bytes_, found, at = TEXT.encode(), set(), 0
    while lib.pcre2_match_8(ctypes.c_void_p(code), bytes_, ctypes.c_size_t(len(bytes_)), ctypes.c_size_t(at), ctypes.c_uint32(0x40000000), ctypes.c_void_p(data), None) > 0:
        span = lib.pcre2_get_ovector_pointer_8(ctypes.c_void_p(data))
        found.update(map(ord, bytes_[span[0]:span[1]].decode()))
        at = span[1]
    return found


def ranges(codes):
    out = []
    for cp in sorted(codes):
        if out and (out[-1][1] == cp - 1 or (out[-1][1] == 0xD7FF and cp == 0xE000)):
            out[-1][1] = cp
        else:
            out.append([cp, cp])
    return out


def escaped(ranges_):
    return "".join("\\x{%X}" % a if a == b else "\\x{%X}-\\x{%X}" % (a, b) for a, b in ranges_)


def c_string(text, indent):
    text = text.replace("\\", "\\\\").replace('"', '\\"')
    lines, line = [], ""
    for part in text.replace("\\\\x", "\0\\\\x").split("\0"):
        if len(line) + len(part) > 120:
            lines.append(line)
            line = ""
        line += part
    lines.append(line)
    return ("\n" + " " * indent).join('"%s"' % line for line in lines)


def key(name):
    return name.lower().replace("_", "")


def main():
    rows = {}
    wanted = [(name, r"\p{%s}" % name, r"\p{%s}" % (name if name != "LC" else "L&"), [name, long]) for name, long in CATEGORIES.items()]
    wanted += [(name, r"\p{%s}" % name, klass, [name]) for name, klass in OWN.items()]
    wanted += [(name, "[:%s:]" % name, klass, ["posix" + name]) for name, klass in POSIX.items()]
    wanted += [(name, r"\p{%s}" % name, r"\p{%s}" % name, [name]) for name in BINARY]
    wanted += [(name, r"\p{%s}" % name, r"\p{sc:%s}" % name, [name]) for name in SCRIPTS]
    for name, reference, klass, names in wanted:
        try:
            theirs = reference_set(reference)
        except Exception as error:
            sys.stderr.write("%s: %s\n" % (name, error))
            continue
        pcre2 = pcre2_set(klass)
        added, removed = ranges(theirs - pcre2), ranges(pcre2 - theirs)
        sys.stderr.write("%s: %d added, %d removed\n" % (name, len(added), len(removed)))
        for alias in names:
            rows[key(alias)] = (klass, escaped(added), escaped(removed))
    print("/* What \\p{...} means to the reference, in PCRE2's words, by tools/make_regex_tables.py from tokenizers %s: not to be edited." % __version__)
    print(" * Name, the class, the code points that belong to it besides, and those that do not; by name. */")
    print('#include "tokenizer/regex.h"\n\nconst hone__regex_property hone__regex_properties[] = {')
    for name in sorted(rows):
        print("    {%s,\n     %s,\n     %s,\n     %s}," % ((c_string(name, 5),) + tuple(c_string(text, 5) for text in rows[name])))
    print("};\nconst size_t hone__regex_n_properties = sizeof hone__regex_properties / sizeof *hone__regex_properties;")


main()
