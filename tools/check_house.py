#!/usr/bin/env python3
"""Checks the laws of the house (CONTRIBUTING.md) over the sources, and prints file:line: rule: what is wrong.

    check_house.py [--root DIR] [--no-format]     exit status 1 when a law is broken
    check_house.py --self-test                    breaks each law in a scratch tree and sees that it is noticed

Laws are looked for in the text, line by line, with comments and strings blanked where they could mislead; no compiler is needed. Formatting is
checked with clang-format 14 when it is there.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile

ORDER = "base tokenizer data tensor nn models metrics comm train hub tasks serve cli".split()
SOURCE_FOLDERS = "src include tests examples bench".split()
TEXT_ENDINGS = (".c", ".h", ".py", ".sh", ".txt", ".cmake", ".json", ".md", ".cu")
FORMAT_VERSION = "14"
FUNCTION_LINES, FILE_LINES = 100, 800

# What a rule does not hold for: (rule, path, word of the code).
EXEMPT = {
    ("memory", "src/base/mem.c"): "malloc calloc realloc free posix_memalign".split(),
    ("quiet", "src/base/error.c"): ["abort", "dprintf"],  # a broken invariant, in debug builds
}

# Functions of the public headers that look as if they could fail and need no sweep of tests/oom, with the reason.
LENDS = "lends what is there already"
UNSWEPT = {
    "hone_accelerator_unwrap_model": LENDS,
    "hone_model_device": LENDS,
    "hone_trainer_model": LENDS,
    "hone_trainer_optimizer": LENDS,
    "hone_trainer_scheduler": LENDS,
}

ALLOCATORS = "malloc calloc realloc reallocarray free strdup strndup aligned_alloc posix_memalign memalign valloc asprintf vasprintf getline getdelim"
PRINTERS = "printf vprintf fprintf vfprintf dprintf puts fputs putchar perror exit _exit _Exit quick_exit abort assert"
FOREIGN_OPTIONS = "logdir no_deps libs preset build test_dir output_on_failure na_prob_file mask_padding"  # of programs that the pages show
FAST_MATH = re.compile(r"-ffast-math|-Ofast|-funsafe-math|-fassociative-math|-freciprocal-math|fast-math\"")
MARKERS = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"]) + r")\b")


def blank(match):
    """Spaces for a comment or string, line breaks kept."""
    return re.sub(r"[^\n]", " ", match.group(0))


COMMENT = r"/\*.*?\*/|//[^\n]*"
STRING = r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''


def without_comments(text):
    keep_strings = lambda m: m.group(0) if m.group(0)[0] in "\"'" else blank(m)
    return re.sub(STRING + "|" + COMMENT, keep_strings, text, flags=re.S)


def without_comments_and_strings(text):
    return re.sub(STRING + "|" + COMMENT, blank, text, flags=re.S)


class House:
    def __init__(self, root):
        self.root = root
        self.found = []

    def complain(self, path, line, rule, what):
        self.found.append((path, line, rule, what))

    def files(self, folders, endings):
        for folder in folders:
            for where, folders_below, names in os.walk(os.path.join(self.root, folder)):
                folders_below[:] = sorted(f for f in folders_below if f not in ("build", "corpus", ".git", "__pycache__"))
                for name in sorted(names):
                    if name.endswith(endings):
                        yield os.path.relpath(os.path.join(where, name), self.root)

    def read(self, path):
        with open(os.path.join(self.root, path), encoding="utf-8", errors="replace") as file:
            return file.read()

    def check(self, with_format=True):
        for path in self.files(SOURCE_FOLDERS, (".c", ".h", ".cu", ".cuh")):
            text = self.read(path)
            code = without_comments(text).split("\n")
            bare = without_comments_and_strings(text).split("\n")
            self.check_includes(path, code)
            self.check_words(path, bare)
            self.check_reductions(path, bare)
            self.check_shape(path, text.split("\n"), bare)
            if path.startswith("include/"):
                self.check_documentation(path, text.split("\n"), bare)
        self.check_umbrella()
        self.check_sweeps()
        self.check_pages()
        self.check_markers()
        self.check_flags()
        return self.check_format() if with_format else None

    def check_includes(self, path, code):
        parts = path.split("/")
        for number, line in enumerate(code, 1):
            match = re.match(r'\s*#\s*include\s*(["<])([^">]+)[">]', line)
            if not match:
                continue
            quoted, target = match.group(1) == '"', match.group(2)
            folder = target.split("/")[0]
            if parts[0] == "src" and parts[1] == "cli":
                if quoted and folder != "cli":
                    self.complain(path, number, "include", f'"{target}": the command uses the public API only, <hone/...>')
            elif parts[0] == "src" and quoted:
                if "/" not in target or folder not in ORDER:
                    self.complain(path, number, "include", f'"{target}": includes are written from src/, as "folder/file.h"')
                elif ORDER.index(folder) > ORDER.index(parts[1]):
                    self.complain(path, number, "include", f'"{target}": src/{parts[1]} stands before src/{folder} in the house')
            elif parts[0] == "include" and quoted:
                self.complain(path, number, "include", f'"{target}": public headers include <hone/...> and the C library only')
            elif parts[0] == "examples" and quoted and target != "example.h":
                self.complain(path, number, "include", f'"{target}": examples use the public API and example.h only')

    def check_words(self, path, bare):
        outside = path.startswith(("src/cli/", "examples/"))
        library = path.startswith("src/") and not outside
        for number, line in enumerate(bare, 1):
            if outside or path.startswith("include/"):
                for word in re.findall(r"\bhone__\w+", line):
                    self.complain(path, number, "internal", f"{word} is not part of the public API")
            if path.startswith(("src/", "include/")):
                for name in re.findall(r"\btypedef\b[^;]*\b(\w+_t)\s*;", line):
                    self.complain(path, number, "names", f"{name}: types do not end in _t")
            if not library:
                continue
            for word in re.findall(r"(?<![\w.>])(\w+)\s*\(", line):
                if word in ALLOCATORS.split() and word not in EXEMPT.get(("memory", path), []):
                    self.complain(path, number, "memory", f"{word}: memory comes from base/mem.h")
                if word in PRINTERS.split() and word not in EXEMPT.get(("quiet", path), []):
                    self.complain(path, number, "quiet", f"{word}: the library does not print and does not end the program")
            for word in re.findall(r"\b(stdout|stderr)\b", line):
                self.complain(path, number, "quiet", f"{word}: the library does not print; see base/log.h")

    def check_reductions(self, path, bare):
        if path.startswith("tests/"):
            return
        for number, line in enumerate(bare, 1):
            for names in re.findall(r"\breduction\s*\(\s*[-+*]\s*:([^)]*)\)", line):
                for name in (n.strip() for n in names.split(",")):
                    before = "\n".join(bare[max(0, number - 80) : number])
                    integer = re.search(r"\b(int|long|unsigned|size_t|u?int\d+_t)\b[^;(){}]*\b" + re.escape(name) + r"\b", before)
                    real = re.search(r"\b(float|double)\b[^;(){}]*\b" + re.escape(name) + r"\b", before)
                    if real or not integer:
                        self.complain(path, number, "reduction", f"{name}: floats are summed in fixed blocks, not by reduction(+)")

    def check_shape(self, path, lines, bare):
        if not lines[0].startswith("/*"):
            self.complain(path, 1, "comment", "a file begins with a comment that says what it is")
        if self.is_generated(lines):
            return
        if len(lines) > FILE_LINES and not path.startswith("tests/"):
            self.complain(path, len(lines), "length", f"{len(lines)} lines: a second subject has moved in")
        begin = None
        for number, line in enumerate(bare, 1):
            if line.startswith("{"):
                begin = number
            elif line.startswith("}") and begin:
                if not line.rstrip().endswith(";") and number - begin - 1 > FUNCTION_LINES:
                    self.complain(path, begin, "length", f"a function of {number - begin - 1} lines")
                begin = None

    @staticmethod
    def is_generated(lines):
        """A table that a program in tools/ wrote, as its first comment says."""
        return bool(re.search(r"\bby tools/", " ".join(lines[:5])))

    def check_documentation(self, path, lines, bare):
        for number, line in enumerate(bare, 1):
            match = re.match(r"(?:HONE_API\s+)?(?!typedef\b|return\b|else\b|#)[A-Za-z_][\w\s*]*?\b(hone_\w+)\s*\(", line)
            if not match:
                continue
            above = number - 2
            while above >= 0 and lines[above].strip() and "*/" not in lines[above] and not lines[above].lstrip().startswith(("#", "}")):
                above -= 1
            if "/*" in lines[number - 1] or (above >= 0 and "*/" in lines[above]):
                continue
            self.complain(path, number, "documentation", f"{match.group(1)} has no comment above it")

    def check_umbrella(self):
        if not os.path.exists(os.path.join(self.root, "include/hone/hone.h")):
            return
        text = self.read("include/hone/hone.h")
        for path in self.files(["include/hone"], (".h",)):
            name = path[len("include/") :]
            if name != "hone/hone.h" and not name.startswith("hone/sys/") and f"#include <{name}>" not in text:
                self.complain("include/hone/hone.h", 1, "include", f"<{name}> is missing")

    def check_sweeps(self):
        """What gives a status or a pointer of the caller's to use can fail for want of memory: a test of tests/oom calls it."""
        called = set()
        for path in self.files(["tests/oom"], (".c", ".h")):
            called.update(re.findall(r"\bhone_\w+", without_comments_and_strings(self.read(path))))
        declared = set()
        for path in self.files(["include/hone"], (".h",)):
            text = without_comments_and_strings(self.read(path))
            for match in re.finditer(r"\bHONE_API\s+(?:hone_status\s+|(?!const\b)\w+\s*\*\s*)(hone_\w+)\s*\(", text):
                name, line = match.group(1), text.count("\n", 0, match.start(1)) + 1
                declared.add(name)
                if name not in called and name not in UNSWEPT:
                    self.complain(path, line, "oom", f"{name}: no test of tests/oom makes its allocations fail")
        for name in sorted(set(UNSWEPT) & called | set(UNSWEPT) - declared if called and declared else ()):
            self.complain("tools/check_house.py", 1, "oom", f"{name} is swept, or gone: it needs no reason")

    def check_pages(self):
        """Links and paths of the pages lead somewhere; the options that they name are in a table, or of a script or program that they show."""
        known = set(FOREIGN_OPTIONS.split())
        for path in self.files(["src"], (".c", ".h")):
            known.update(re.findall(r'\{"(\w+)", HONE_OPTION_', self.read(path)))
        for path in self.files(["tools", "bench", "scripts", "tests/ops", "src/cli"], (".py", ".sh", ".c")):
            known.update(name.replace("-", "_") for name in re.findall(r"--([a-z][\w-]*)", self.read(path)))
        if os.path.exists(os.path.join(self.root, "docs/options.md")):
            known.update(re.findall(r"`--(\w+)", self.read("docs/options.md")))
        pages = sorted(name for name in os.listdir(self.root) if name.endswith(".md")) + list(self.files(["docs"], (".md",)))
        for path in pages:
            for number, line in enumerate(self.read(path).split("\n"), 1):
                links = [os.path.join(os.path.dirname(path), link) for link in re.findall(r"\]\(([^)#:\s]+)(?:#[^)\s]*)?\)", line)]
                links += re.findall(r"(?<![\w/.-])(?:src|tests|tools|bench|examples|docs|scripts)/[\w/.-]*\.(?:c|h|py|sh|md|json)\b", line)
                for link in links:
                    if not os.path.exists(os.path.join(self.root, link)) and "NAME" not in link:
                        self.complain(path, number, "pages", f"{link} is not there")
                for name in re.findall(r"(?<![\w-])--([a-z][\w-]*)", line):
                    if not {name.replace("-", "_"), name.replace("-", "_").removeprefix("no_")} & known:
                        self.complain(path, number, "pages", f"--{name} is no option")

    def check_markers(self):
        for path in self.files(SOURCE_FOLDERS + ["tools", "scripts", "cmake", "docs"], TEXT_ENDINGS):
            for number, line in enumerate(self.read(path).split("\n"), 1):
                for word in MARKERS.findall(line):
                    self.complain(path, number, "marker", f"{word}: do it, or open an issue")

    def check_flags(self):
        paths = ["CMakeLists.txt", "CMakePresets.json"]
        paths += self.files(SOURCE_FOLDERS + ["cmake", "scripts"], (".c", ".h", ".txt", ".cmake", ".sh", ".cu"))
        for path in paths:
            if os.path.exists(os.path.join(self.root, path)):
                for number, line in enumerate(without_comments(self.read(path)).split("\n"), 1):
                    if FAST_MATH.search(line):
                        self.complain(path, number, "fast-math", "sums keep their order and NaN its meaning")

    def check_format(self):
        """Returns what to say when formatting could not be checked."""
        program = shutil.which("clang-format-" + FORMAT_VERSION) or shutil.which("clang-format")
        if not program:
            return "clang-format is not there: formatting was not checked"
        version = subprocess.run([program, "--version"], capture_output=True, text=True).stdout
        if f"version {FORMAT_VERSION}." not in version:
            return f"{version.strip()}, not {FORMAT_VERSION}: formatting was not checked"
        paths = [p for p in self.files(SOURCE_FOLDERS, (".c", ".h")) if not self.is_generated(self.read(p).split("\n"))]
        half = (len(paths) + 1) // 2
        runs = [
            subprocess.Popen([program, "--dry-run", "-Werror", "--ferror-limit=1"] + part, cwd=self.root, stderr=subprocess.PIPE, text=True)
            for part in (paths[:half], paths[half:])
            if part
        ]
        for run in runs:
            for path, line in re.findall(r"^([^\s:]+):(\d+):\d+: error: ", run.communicate()[1], flags=re.M):
                self.complain(path, int(line), "format", "clang-format -i puts it right")
        return None


# For the self-test: what breaks a law, and what looks like it and does not: (rule, path, text, lines that must be found).
CASES = [
    ("include", "src/data/a.c", '/* a */\n#include "base/mem.h"\n#include "data/b.h"\n#include "tensor/t.h"\n#include "b.h"\n', [4, 5]),
    ("include", "src/tensor/cpu/a.c", '/* a */\n#include "tensor/ref/x.h"\n/* #include "nn/x.h" */\n#include "nn/x.h"\n', [4]),
    ("include", "src/cli/a.c", '/* a */\n#include <hone/x.h>\n#include "cli/a.h"\n#include "base/mem.h"\n', [4]),
    ("include", "examples/a.c", '/* a */\n#include <hone/x.h>\n#include "base/mem.h"\n', [3]),
    ("include", "include/hone/hone.h", "/* a */\n", [1]),
    ("internal", "src/cli/b.c", "/* hone__x */\nint a = 1;\nvoid f(void) { hone__free(0); }\n", [3]),
    ("internal", "include/hone/b.h", "/* a */\nint hone__x;\n", [2]),
    ("names", "src/base/n.h", "/* a */\ntypedef struct a a_t;\ntypedef struct b b;\n", [2]),
    ("memory", "src/nn/m.c", '/* malloc(1) */\nvoid f(void)\n{\n    g = malloc(1);\n    b->free(g);\n    hone__free(g);\n    h("free(x)");\n    free(g);\n}\n', [4, 8]),
    ("quiet", "src/nn/q.c", "/* a */\nvoid f(void)\n{\n    snprintf(a);\n    printf(a);\n    x.exit(1);\n    exit(1);\n    w(stderr);\n}\n", [5, 7, 8]),
    ("reduction", "src/nn/r.c", "/* a */\nfloat s;\n#pragma omp parallel for reduction(+ : s)\nint n;\n#pragma omp for reduction(+:n)\n#pragma omp for reduction(+:q)\n#pragma omp for reduction(max : s)\n", [3, 6]),
    ("comment", "src/nn/c.c", "int a;\n", [1]),
    ("length", "src/nn/l.c", "/* a */\nvoid f(void)\n{\n" + "    x;\n" * 101 + "}\nvoid g(void)\n{\n" + "    x;\n" * 99 + "}\n", [3]),
    ("length", "src/nn/l2.c", "/* a */\n" + "int x;\n" * 801, [803]),
    ("documentation", "include/hone/d.h", "/* a */\n\nHONE_API int hone_a(void);\n\n/* b */\nHONE_API int hone_b(int x,\n                    int y);\nHONE_API int *hone_c(void);\n\nvoid hone_d(void);\nint hone_e(void); /* e */\n", [3, 10]),
    ("oom", "include/hone/o.h", "/* a */\nHONE_API hone_status hone_swept(void);\nHONE_API hone_status hone_named(int x,\n    int y);\nHONE_API hone_tensor *\nhone_made(void);\nHONE_API const char *hone_lent(void);\nHONE_API void hone_done(void);\n/* HONE_API hone_status hone_x(void); */\nHONE_API hone_device *hone_model_device(void);\n", [3, 6]),
    ("pages", "docs/p.md", "[a](../include/hone/known.h#x)\n[b](gone.md)\nsrc/gone.c and tests/NAME.c\n`--known_one` --preset x\n--gone\n[web](https://x.y/z)\n", [2, 3, 5]),
    ("marker", "tests/x.sh", "a\n# TO" + "DO: more\nmktemp XX" + "XXXX\n", [2]),
    ("fast-math", "cmake/a.cmake", "a\nset(F -ffast" + "-math)\n", [2]),
    ("format", "src/nn/f.c", "/* a */\nint a;\n\nint   b;\n", [4]),
]


def self_test():
    failed = 0
    for rule, path, text, expected in CASES:
        with tempfile.TemporaryDirectory() as root:
            known = [("include/hone/known.h", "/* a */\n"), ("src/cli/known.c", '/* {"known_one", HONE_OPTION_BOOL */\n')]
            known += [("tests/oom/known.c", '/* hone_named */\nint a = hone_swept("hone_made()");\n')]
            for name, content in known + [(path, text)]:
                os.makedirs(os.path.dirname(os.path.join(root, name)), exist_ok=True)
                with open(os.path.join(root, name), "w", encoding="utf-8") as file:
                    file.write(content)
            shutil.copy(os.path.join(os.path.dirname(__file__), "..", ".clang-format"), root)
            house = House(root)
            note = house.check(with_format=rule == "format")
            lines = [line for p, line, r, _ in house.found if r == rule and p == path]
            if note:
                print(f"skipped: {rule}: {note}")
            elif lines != expected:
                failed += 1
                print(f"{rule} in {path}: expected lines {expected}, found {lines}")
    print(f"{len(CASES)} cases, {failed} failed")
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser(description="Checks the laws of the house.")
    parser.add_argument("--root", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    parser.add_argument("--no-format", action="store_true")
    parser.add_argument("--self-test", action="store_true")
    arguments = parser.parse_args()
    if arguments.self_test:
        return self_test()
    house = House(arguments.root)
    note = house.check(not arguments.no_format)
    for path, line, rule, what in sorted(house.found):
        print(f"{path}:{line}: {rule}: {what}")
    if note:
        print(note)
    print(f"{len(house.found)} laws broken" if house.found else "all laws are kept")
    return 1 if house.found else 0


if __name__ == "__main__":
    sys.exit(main())
