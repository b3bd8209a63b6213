#!/usr/bin/env python3
"""Run the fuzz targets of build/fuzz, each for some time, and say what came of it (docs/fuzzing.md).

usage: fuzz.py [--build build/fuzz] [--seconds 3600] [--jobs 1] [--only NAME ...] [--corpus DIR] [--findings DIR] [--record FILE]
       fuzz.py --sum FILE        the table of all that FILE recorded, as Markdown
       fuzz.py --minimise DIR    copy from --corpus to DIR/NAME the few inputs that reach most of what the committed corpus does not reach

It builds nothing: `cmake --preset fuzz && cmake --build --preset fuzz` comes first. Every target begins with tests/fuzz/corpus/NAME and with what --corpus/NAME holds from
earlier runs; new inputs go to --corpus/NAME. tests/fuzz/dict/NAME.dict is its dictionary, where there is one. An input that takes over 10 s, 2 GiB, or that a sanitizer or a
check of the target stops, is a finding: it is written to --findings, its path is printed, and the exit status is 1. Seconds are those that the process had of a CPU, which on a
crowded machine are fewer than the clock's.
"""
import argparse
import concurrent.futures
import datetime
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SEEDS = os.path.join(ROOT, "tests", "fuzz", "corpus")
SLOW_S, MEMORY_MB, SHORTEST_LIMIT = 10, 2048, 4096
MOST_NEW, MOST_NEW_BYTES = 12, 4096  # that --minimise takes for a target: the ordinary tests replay them all
STATUS = re.compile(r"^#(\d+)\s+(\w+)\s+cov: (\d+) ft: (\d+) corp: (\d+)", re.M)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--build", default=os.path.join(ROOT, "build", "fuzz"))
    p.add_argument("--seconds", type=int, default=3600, help="for each target, by the clock")
    p.add_argument("--jobs", type=int, default=1, help="targets at a time")
    p.add_argument("--only", nargs="+", default=[], metavar="NAME", help="targets, with or without fuzz_")
    p.add_argument("--corpus", help="found inputs, kept between runs (default: BUILD/corpus)")
    p.add_argument("--findings", help="default: BUILD/findings")
    p.add_argument("--record", metavar="FILE", help="append a line of JSON for each target")
    p.add_argument("--sum", metavar="FILE")
    p.add_argument("--minimise", metavar="DIR")
    a = p.parse_args()
    if a.sum:
        return print_sum(a.sum)
    a.corpus = a.corpus or os.path.join(a.build, "corpus")
    a.findings = a.findings or os.path.join(a.build, "findings")
    targets = find_targets(a.build, a.only)
    if a.minimise:
        return minimise(a, targets)
    os.makedirs(a.findings, exist_ok=True)
    print(ROW % ("target", "CPU s", "executions", "per s", "edges", "inputs", "findings"), flush=True)
    with concurrent.futures.ThreadPoolExecutor(max_workers=a.jobs) as pool:
        found = [path for r in pool.map(lambda name: report(a, fuzz(a, name)), targets) for path in r]
    for path in found:
        print("finding: %s" % path)
    return 1 if found else 0


def find_targets(build, only):
    names = sorted(os.path.splitext(os.path.basename(path))[0] for path in glob.glob(os.path.join(ROOT, "tests", "fuzz", "fuzz_*.c")))
    if only:
        wanted = {n if n.startswith("fuzz_") else "fuzz_" + n for n in only}
        if wanted - set(names):
            sys.exit("no such target: %s" % ", ".join(sorted(wanted - set(names))))
        names = [n for n in names if n in wanted]
    missing = [n for n in names if not os.path.exists(program(build, n))]
    if missing:
        sys.exit("not built: %s; run: cmake --preset fuzz && cmake --build --preset fuzz" % ", ".join(missing))
    return names


def program(build, name):
    return os.path.join(build, "tests", name)


def files_of(*folders):
    return [f for folder in folders for f in glob.glob(os.path.join(folder, "*")) if os.path.isfile(f)]


def environment():
    return dict(os.environ, ASAN_OPTIONS="allocator_may_return_null=1:" + os.environ.get("ASAN_OPTIONS", ""), OMP_NUM_THREADS="1")


def fuzz(a, name):
    """One target for a.seconds: what its lines and its rusage say."""
    found, seeds = os.path.join(a.corpus, name), os.path.join(SEEDS, name)
    os.makedirs(found, exist_ok=True)
    longest = max([os.path.getsize(f) for f in files_of(seeds)] + [0])
    prefix = os.path.join(a.findings, name + "-")
    before = set(glob.glob(prefix + "*"))
    command = [program(a.build, name), "-max_total_time=%d" % a.seconds, "-timeout=%d" % SLOW_S, "-rss_limit_mb=%d" % MEMORY_MB,
               "-max_len=%d" % max(SHORTEST_LIMIT, 2 * longest), "-artifact_prefix=" + prefix, "-print_final_stats=1"]
    words = os.path.join(ROOT, "tests", "fuzz", "dict", name + ".dict")
    if os.path.exists(words):
        command.append("-dict=" + words)
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command + [found, seeds], stdout=log, stderr=log, env=environment())
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        log.seek(0)
        text = log.read().decode("utf-8", "replace")
    lines = STATUS.findall(text)
    count = re.search(r"stat::number_of_executed_units: (\d+)", text)
    findings = sorted(set(glob.glob(prefix + "*")) - before)
    if findings or process.returncode != 0:
        with open(prefix + "log", "w") as log:
            log.write(text)
        findings = findings or [prefix + "log"]
    started = next((line for line in lines if line[1] == "INITED"), None)
    return {"date": datetime.date.today().isoformat(), "commit": commit(), "target": name, "cpu_s": round(usage.ru_utime + usage.ru_stime, 1),
            "executions": int(count.group(1) if count else lines[-1][0] if lines else 0), "edges_start": int(started[2]) if started else 0,
            "edges_end": int(lines[-1][2]) if lines else 0, "inputs": int(lines[-1][4]) if lines else 0, "findings": findings}


def commit():
    r = subprocess.run(["git", "-C", ROOT, "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    return r.stdout.strip()


ROW = "%-24s %8s %12s %9s %13s %7s %s"


def report(a, r):
    print(ROW % (r["target"], r["cpu_s"], r["executions"], per_second(r), "%d > %d" % (r["edges_start"], r["edges_end"]), r["inputs"], len(r["findings"])),
          flush=True)
    if a.record:
        with open(a.record, "a") as f:
            f.write(json.dumps(dict(r, findings=len(r["findings"]))) + "\n")
    return r["findings"]


def per_second(r):
    return round(r["executions"] / r["cpu_s"]) if r["cpu_s"] else 0


def print_sum(path):
    """One row a target: times, executions and findings of all its runs added; edges of the first and the last."""
    total = {}
    for r in map(json.loads, open(path)):
        t = total.setdefault(r["target"], dict(r, cpu_s=0, executions=0, findings=0))
        for key in ("cpu_s", "executions", "findings"):
            t[key] += r[key]
        for key in ("date", "commit", "edges_end", "inputs"):
            t[key] = r[key]
    print("| target | CPU seconds | executions | per second | edges at first | at last | inputs | findings | last commit |\n|---|---|---|---|---|---|---|---|---|")
    for name in sorted(total):
        t = total[name]
        print("| %s | %d | %s | %d | %d | %d | %d | %d | %s |" % (name, t["cpu_s"], format(t["executions"], ","), per_second(t), t["edges_start"], t["edges_end"],
                                                                t["inputs"], t["findings"], t["commit"]))
    return 0


def minimise(a, targets):
    """The inputs that reach most edges which the committed corpus does not reach: libFuzzer writes them in the order in which its greedy choice took them."""
    for name in targets:
        to, found = os.path.join(a.minimise, name), os.path.join(a.corpus, name)
        os.makedirs(to, exist_ok=True)
        with tempfile.TemporaryDirectory() as both:
            for i, path in enumerate(files_of(os.path.join(SEEDS, name))):
                shutil.copyfile(path, os.path.join(both, "seed-%d" % i))
            subprocess.run([program(a.build, name), "-merge=1", "-set_cover_merge=1", "-use_counters=0", "-timeout=%d" % SLOW_S, "-rss_limit_mb=%d" % MEMORY_MB,
                            both, found], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment(), check=True)
            new = [f for f in files_of(both) if not os.path.basename(f).startswith("seed-")]
            taken, size = 0, 0
            for path in sorted(new, key=lambda f: os.stat(f).st_mtime_ns):
                if taken < MOST_NEW and size + os.path.getsize(path) <= MOST_NEW_BYTES:
                    shutil.copyfile(path, os.path.join(to, os.path.basename(path)[:10]))
                    taken, size = taken + 1, size + os.path.getsize(path)
        print("%-24s %d of %d inputs, %d bytes" % (name, taken, len(new), size), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
