# SPDX-License-Identifier: Apache-2.0
"""analyze.py - what reading a log costs: first read, index, questions, symbols."""
import glob
import json
import os
import shutil
import subprocess
import time

from depth import GRAIN
from measure import Failed, median, run, table
from setting import HEAPTRACK, QUICK, RUNS, Ours, built, clean_env, remove

ANALYZE = built("memscope-analyze")
EVENTS = 10_000_000 if QUICK else 100_000_000
TIMES = min(RUNS, 3)
HEAPTRACK_SECONDS = 900
HEAPTRACK_BYTES = 8 << 30


class Killed(Exception):
    """A command took more than it was given."""


def anonymous_bytes(pid):
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8") as file:
            for line in file:
                if line.startswith("RssAnon:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


def watched(command, seconds=HEAPTRACK_SECONDS, most_bytes=HEAPTRACK_BYTES, env=None):
    """Wall seconds, and the most anonymous memory, of a command that is ended when it
    takes more than that."""
    most, begin = 0, time.monotonic()
    with subprocess.Popen(command, env=env or clean_env(), stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
        while child.poll() is None:
            most = max(most, anonymous_bytes(child.pid))
            if most > most_bytes or time.monotonic() - begin > seconds:
                child.kill()
                child.wait()
                raise Killed(f"ended at {most >> 20} MiB after "
                             f"{time.monotonic() - begin:.0f} s")
            time.sleep(0.005)
        if child.returncode != 0:
            raise Failed(f"{command[0]}: exit code {child.returncode}")
    return time.monotonic() - begin, most


def seconds(command, before=None, env=None):
    """Median wall seconds; before is done ahead of each run."""
    spent = []
    for _ in range(TIMES):
        if before:
            before()
        spent.append(run([ANALYZE] + command, env or clean_env()).wall)
    return median(spent)


def bench_command(live):
    return [str(word) for word in
            (built("targets/depth_bench"), 10, EVENTS // 4, 2, live // 2, GRAIN)]


def record(command, name, **env):
    """The program's log by that name, and no other beside it."""
    ours = Ours({"MEMSCOPE_FREE_STACKS": "0"})
    running = ours.start(command, clean_env(**env), None)
    running.finish()
    logs = glob.glob("log.*.bin")
    if len(logs) != 1:
        raise Failed(f"{len(logs)} logs were written")
    os.rename(logs[0], name)


def heaptrack_row(command):
    """Seconds of heaptrack_print on the same run, or why there are none."""
    if not HEAPTRACK or not shutil.which("heaptrack_print"):
        return None, "not installed"
    try:
        watched([HEAPTRACK, "-o", os.path.join(os.getcwd(), "log.ht")] + command)
        logs = glob.glob("log.ht*")
        if len(logs) != 1:
            raise Failed("heaptrack wrote no log")
        wall, most = watched(["heaptrack_print", "-f", logs[0]])
        return wall, f"{most >> 20} MiB"
    except (Failed, Killed) as why:
        return None, str(why)
    finally:
        remove("log.ht*")


def rate(events, wall):
    return events / wall / 1e6 if wall else None


class Log:
    """A log of EVENTS events with so many live blocks, and what reading it took."""

    def __init__(self, live, heaptrack):
        self.name = f"live-{live}.bin"
        self.live = live
        record(bench_command(live), self.name)
        self.heaptrack = heaptrack_row(bench_command(live)) if heaptrack else (None, "")
        self.first = seconds(["summary", self.name], self.forget)
        self.one = seconds(["summary", "--threads", "1", self.name], self.forget)
        self.forget()
        _, self.most_bytes = watched([ANALYZE, "summary", self.name])
        self.index_bytes = os.path.getsize(self.name + ".idx")
        self.again = seconds(["summary", self.name])
        self.facts = json.loads(subprocess.run(
            [ANALYZE, "summary", "--format", "json", self.name], capture_output=True,
            text=True, check=True).stdout)
        self.events = self.facts["events"]

    def forget(self):
        remove(self.name + ".idx")

    def row(self):
        return [f"{self.live:,} live", rate(self.events, self.first),
                rate(self.events, self.one), self.one / self.first,
                rate(self.events, self.heaptrack[0]), self.heaptrack[1] or None,
                self.most_bytes / 2**20, os.path.getsize(self.name) / 2**20,
                self.index_bytes / 2**20, self.again * 1000]

    def most_mib(self):
        return round(64 + self.live * 64 / 2**20)


def some_address(log):
    """Of a block that lives in the middle of the log: it had owners before."""
    out = subprocess.run([ANALYZE, "snapshot", "--blocks", "--top", "1", "--at", "50%",
                          "--format", "csv", log.name], capture_output=True, text=True,
                         check=True).stdout.splitlines()
    return out[1].split(",")[out[0].split(",").index("address")]


def questions(log, bars):
    """With the index built."""
    rows = []
    middle = log.facts["process"]["duration_ns"] // 2
    width = log.facts["process"]["duration_ns"] // 100
    asked = [("snapshot --at 63%", ["snapshot", "--at", "63%", log.name], 300)]
    asked.append(("a pointer's life",
                  ["timeline", "--pointer", some_address(log), log.name], 100))
    asked.append(("SQL over 1 % of the time",
                  ["query", log.name, "select thread, sum(size) from allocations "
                   f"where t_alloc between {middle} and {middle + width} group by 1"],
                  500))
    for what, command, bar in asked:
        wall = seconds(command)
        rows.append([what, wall * 1000])
        bars.at_most(f"{what}, index built, ms", wall * 1000, bar)
    table(["question, index built", "ms"], rows)


def first_line_seconds(command, env):
    running = subprocess.Popen(command, env=env, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL)
    begin = time.monotonic()
    with running:
        running.stdout.readline()
        wall = time.monotonic() - begin
        running.stdout.read()
    if running.returncode != 0:
        raise Failed(f"{command}: exit code {running.returncode}")
    return wall


def symbols(bars):
    python = shutil.which("python3", path="/usr/bin:/usr/local/bin")
    if not python:
        print("  python3: not installed")
        return
    work = os.path.join(os.path.dirname(os.path.abspath(__file__)), "work_python.py")
    # a little more than a million events
    record([python, "-S", work, "24000"], "python.bin", PYTHONMALLOC="malloc",
           PYTHONHASHSEED="1")
    cold, warm = [], []
    for i in range(TIMES):
        cache = os.path.join(os.getcwd(), f"cache.{i}")
        env = clean_env(XDG_CACHE_HOME=cache)
        for times in (cold, warm):
            times.append(first_line_seconds([ANALYZE, "summary", "--no-index",
                                             "python.bin"], env))
        shutil.rmtree(cache, ignore_errors=True)
    table(["python3, 1.1 million events", "first line, s", "symbols cached, s"],
          [["summary", median(cold), median(warm)]])
    bars.at_most("first line of python3's summary, s", median(cold), 2)
    bars.at_most("the same with symbols cached, s", median(warm), 0.3)


def measure_analyze(bars):
    print(f"Reading: logs of {EVENTS:,} events of depth_bench at depth 10, "
          "two threads, best known to the page cache")
    few, many = Log(100_000, True), Log(1_000_000, False)
    table(["", "M events/s", "1 thread", "2 over 1", "heaptrack_print", "its memory",
           "own MiB", "log MiB", "index MiB", "again ms"], [few.row(), many.row()])
    print("  first read, the index written; own: most anonymous memory; again: summary "
          "with the index\n")
    questions(few, bars)
    symbols(bars)
    print()
    for log, bar in ((few, 25), (many, 15)):
        bars.at_least(f"summary, first read, {log.live:,} live, million events a second",
                      rate(log.events, log.first), bar)
        bars.at_most(f"its own memory, {log.live:,} live, MiB", log.most_bytes / 2**20,
                     log.most_mib())
    bars.at_least("two processors over one", few.one / few.first, 1.6)
    for log in (few, many):
        remove(log.name + "*")
    remove("python.bin*")
