#!/usr/bin/env python3
"""Write src/metrics/case_tables.c: the code points that decide how Python's str.lower() writes a final sigma.

usage: make_case_tables.py > src/metrics/case_tables.c

Unicode's properties Cased and Case_Ignorable are not in Python's unicodedata, but str.lower() tells them: a sigma at the end of a word is written as a final one
when a cased character stands before it, case-ignorable ones passed over.
"""


def is_final(text):
    return (text + "\u03a3").lower().endswith("\u03c2")


def ranges(members):
    out = []
    for cp in members:
        if out and out[-1][1] == cp - 1:
            out[-1][1] = cp
        else:
            out.append([cp, cp])
    return out


def write(name, found):
    print(f"const hone__code_range {name}[] = {{")
    for i in range(0, len(found), 6):
        print("    " + " ".join("{0x%X, 0x%X}," % tuple(r) for r in found[i : i + 6]))
    print("};")
    print(f"const size_t {name}_n = sizeof({name}) / sizeof({name}[0]);")


def main():
    points = [cp for cp in range(0x110000) if not 0xD800 <= cp < 0xE000]
    cased = [cp for cp in points if is_final(chr(cp))]
    known = set(cased)
    ignorable = [cp for cp in points if cp not in known and is_final("A" + chr(cp))]
    print("/* Which code points are cased, and which are passed over when one is looked for, as Python's str.lower() has them. Written by tools/make_case_tables.py. */")
    print('#include "metrics/text.h"\n')
    write("hone__cased", ranges(cased))
    print()
    write("hone__case_ignorable", ranges(ignorable))


main()
