"""What the benchmarks share: reading their arguments, saying in one line what is missing, running one side of a pair.

hone's sides are programs of build/release/bench, the reference's are Python in a process of its own; each prints a JSON object on its last line. The sides take turns,
so that a machine that is slow for a while is slow for both: medians and ratios can be quoted, single times cannot.
"""
import argparse
import importlib.util
import json
import os
import re
import subprocess
import sys

CPUS = len(os.sched_getaffinity(0))


def parser(doc):
    """Of a benchmark's own words: what it is, "usage: …", the rest."""
    usage = re.search(r"\nusage: (.*?)\n(?:\n|$)", doc, re.S)
    return argparse.ArgumentParser(usage=usage[1], description=doc.replace(usage[0], "\n"), formatter_class=argparse.RawDescriptionHelpFormatter)


def need(*files, modules=()):
    """Ends the benchmark, in a line, when something that it needs is not there."""
    name = os.path.basename(sys.argv[0])
    for path in files:
        if not os.path.exists(path):
            built = " (cmake --preset release && cmake --build --preset release)" if os.path.basename(path).startswith(("bench", "hone")) else ""
            sys.exit("%s: there is no %s%s" % (name, path, built))
    missing = [m for m in modules if not importlib.util.find_spec(m)]
    if missing:
        sys.exit("%s: %s has no %s: run it with a Python that has them" % (name, sys.executable, ", ".join(missing)))


def last_json(*command):
    """What a command prints, its last line or all of it, as JSON; ends the benchmark with what the command said when it fails."""
    done = subprocess.run([str(x) for x in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit("%s: %s" % (os.path.basename(str(command[0])), done.stderr.strip()[-500:] or "status %d" % done.returncode))
    text = done.stdout.strip()
    return json.loads(text if text.endswith("\n}") else text.splitlines()[-1])
