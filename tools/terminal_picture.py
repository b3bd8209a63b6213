#!/usr/bin/env python3
"""Runs a command on a terminal of its own and draws what the terminal shows as SVG.

    tools/terminal_picture.py --out docs/images/progress.svg [--columns 110] [--rows 24] [--at SECONDS] -- hone train …

--at: the screen of that moment (the command goes on to its end); without it, the screen at the end. --recording FILE draws from a file of JSON lines [seconds, text] instead of running something,
--record FILE writes one.
"""
import argparse
import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import termios
import time
from xml.sax.saxutils import escape


def run(command, columns, record):
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))
    child = subprocess.Popen(command, stderr=theirs, stdout=theirs, env=dict(os.environ, LC_ALL="C.UTF-8"))
    os.close(theirs)
    start, seen = time.time(), []
    while True:
        try:
            data = os.read(ours, 65536)
        except OSError:
            break
        if not data:
            break
        seen.append([round(time.time() - start, 2), data.decode("utf-8", "replace")])
    child.wait()
    if record:
        with open(record, "w") as f:
            f.writelines(json.dumps(piece) + "\n" for piece in seen)
    return seen


def screen(pieces, columns, at):
    """The lines that the terminal shows: carriage returns, erasing to the line's end, wrapping."""
    lines, x = [[]], 0
    text = "".join(t for when, t in pieces if at is None or when <= at)
    i = 0
    while i < len(text):
        c = text[i]
        if text.startswith("\x1b[K", i):
            del lines[-1][x:]
            i += 2
        elif c == "\r":
            x = 0
        elif c == "\n":
            lines.append([])
            x = 0
        else:
            if x == columns:
                lines.append([])
                x = 0
            lines[-1][x:x + 1] = [c]
            x += 1
        i += 1
    return ["".join(line).rstrip() for line in lines]


def draw(lines, columns, out):
    width, step = columns * 7.3 + 32, 17
    height = len(lines) * step + 46
    with open(out, "w") as f:
        f.write(f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height}" viewBox="0 0 {width:.0f} {height}" '
                'font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,DejaVu Sans Mono,monospace" font-size="12">\n')
        f.write(f'<rect width="{width:.0f}" height="{height}" rx="8" fill="#161b22"/>\n')
        for i, color in enumerate(("#ff5f57", "#febc2e", "#28c840")):
            f.write(f'<circle cx="{18 + 18 * i}" cy="16" r="5" fill="{color}"/>\n')
        for i, line in enumerate(lines):
            if line:
                f.write(f'<text x="16" y="{44 + i * step}" fill="#e6edf3" xml:space="preserve" textLength="{len(line) * 7.3:.1f}" lengthAdjust="spacingAndGlyphs">{escape(line)}</text>\n')
        f.write("</svg>\n")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--out", required=True)
    p.add_argument("--columns", type=int, default=110)
    p.add_argument("--rows", type=int, default=24)
    p.add_argument("--at", type=float)
    p.add_argument("--record")
    p.add_argument("--recording")
    p.add_argument("command", nargs=argparse.REMAINDER)
    a = p.parse_args()
    pieces = [json.loads(line) for line in open(a.recording)] if a.recording else run([w for w in a.command if w != "--"], a.columns, a.record)
    lines = screen(pieces, a.columns, a.at)
    while lines and not lines[-1]:
        lines.pop()
    draw(lines[-a.rows:], a.columns, a.out)
    return 0


sys.exit(main())
