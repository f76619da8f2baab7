# SPDX-License-Identifier: Apache-2.0
"""programs.py - real programs: bare, under us and under heaptrack, in turn.

What counts is the CPU time of all processes: heaptrack has a second one that interprets
what the program writes, and on a busy machine that one is not free.
"""
import math
import os
import shutil
import socket
import subprocess
import time

from measure import Failed, median, reason, table
from setting import FREES, FULL, HEAPTRACK, HERE, QUICK, RUNS
from setting import Bare, Heaptrack, Ours, clean_env, first_line

TOOLS = {"bare": Bare(), "ours": Ours(FULL), "frees": Ours(FREES)}
if HEAPTRACK:
    TOOLS["heaptrack"] = Heaptrack()


class Program:
    """A program that runs by itself to its end."""

    def __init__(self, name, command, stdin=None, **env):
        self.name = name
        self.command = command
        self.stdin = stdin
        self.env = clean_env(**env)

    def spend(self, tool):
        stdin = open(self.stdin, "rb") if self.stdin else None
        try:
            spent = tool.run(self.command, self.env, stdin)
        finally:
            if stdin:
                stdin.close()
        return spent.wall, spent.cpu


class Redis:
    """The server is watched; wall time is that of its client, which is not."""

    name = "redis-server"
    requests = "50000" if QUICK else "200000"

    def spend(self, tool):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = str(probe.getsockname()[1])
        server = tool.start(["redis-server", "--bind", "127.0.0.1", "--port", port,
                             "--save", "", "--appendonly", "no", "--daemonize", "no"],
                            clean_env(), None)
        client = ["redis-cli", "-h", "127.0.0.1", "-p", port]
        try:
            self.wait_until_up(client)
            begin = time.monotonic()
            subprocess.run(["redis-benchmark", "-h", "127.0.0.1", "-p", port, "-q",
                            "-c", "20", "-P", "16", "-r", "10000", "-n", self.requests,
                            "-t", "set,get,lpush,lpop,sadd,hset"],
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                           timeout=300, check=True)
            wall = time.monotonic() - begin
        except (OSError, subprocess.SubprocessError) as why:
            server.child.terminate()
            raise Failed(str(why)) from why
        finally:
            subprocess.run(client + ["shutdown", "nosave"], stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL, check=False)
            cpu = tool.finish(server).cpu
        return wall, cpu

    @staticmethod
    def wait_until_up(client):
        for _ in range(200):
            if "PONG" in first_line(client + ["ping"]):
                return
            time.sleep(0.05)
        raise Failed("redis-server does not answer")


def here(name):
    return os.path.join(HERE, name)


def work(name):
    """A copy of a bundled work-load, shortened for a quick run."""
    with open(here(name), encoding="utf-8") as file:
        text = file.read()
    if QUICK:
        text = text.replace("200000", "70000")
    with open(name, "w", encoding="utf-8") as file:
        file.write(text)
    return os.path.abspath(name)


def programs():
    """Those that are installed."""
    sqlite, perl = shutil.which("sqlite3"), shutil.which("perl")
    python = shutil.which("python3", path="/usr/bin:/usr/local/bin") or shutil.which("python3")
    compiler = first_line(["g++", "-print-prog-name=cc1plus"])
    if sqlite:
        yield Program("sqlite3 :memory:", [sqlite, ":memory:"], work("work.sql"))
    if python:
        yield Program("python3, its malloc", [python, "-S", work("work_python.py")],
                      PYTHONMALLOC="malloc", PYTHONHASHSEED="1")
    if os.path.isabs(compiler):
        subprocess.run(["g++", "-E", "-std=c++17", here("work_templates.cc"),
                        "-o", "templates.ii"], check=True)
        yield Program("g++ (cc1plus)", [compiler, "-quiet", "-fpreprocessed", "-O0",
                                        "-std=c++17", os.path.abspath("templates.ii"),
                                        "-o", "/dev/null"])
    if perl:
        yield Program("perl", [perl, work("work.pl")], PERL_HASH_SEED="1")
    if shutil.which("redis-server") and shutil.which("redis-benchmark"):
        yield Redis()


class Row:
    """Medians of one program under each tool."""

    def __init__(self, program):
        self.name = program.name
        wall = {name: [] for name in TOOLS}
        cpu = {name: [] for name in TOOLS}
        self.died = None
        for _ in range(RUNS):
            for name, tool in TOOLS.items():
                if name == "heaptrack" and self.died:
                    continue
                try:
                    spent = program.spend(tool)
                except Failed as why:
                    if name != "heaptrack":
                        raise Failed(f"{program.name}, {name}: {why}") from why
                    self.died = reason(why)
                    continue
                wall[name].append(spent[0])
                cpu[name].append(spent[1])
        if self.died:
            wall["heaptrack"] = cpu["heaptrack"] = []
        self.wall = {name: median(values) for name, values in wall.items()}
        self.cpu = {name: median(values) for name, values in cpu.items()}

    def slowdown(self, name, of=None):
        of = of or self.cpu
        return of[name] / of["bare"] if of.get(name) else None

    def ratio(self, name="ours"):
        if not self.slowdown("heaptrack"):
            return None
        # within a hundredth of the bare program it is noise, and no divisor
        return (self.slowdown("heaptrack") - 1) / max(self.slowdown(name) - 1, 0.01)


def mean(ratios):
    return math.exp(sum(math.log(r) for r in ratios) / len(ratios)) if ratios else None


def measure_programs(bars):
    print("Programs: slow-down by CPU time of all processes, and by wall time")
    rows = [Row(program) for program in programs()]
    table(["", "bare CPU s", "ours", "frees too", "heaptrack", "ratio", "bare wall s",
           "ours", "frees too", "heaptrack"],
          [[r.name, r.cpu["bare"], r.slowdown("ours"), r.slowdown("frees"),
            r.slowdown("heaptrack"), r.ratio(), r.wall["bare"],
            r.slowdown("ours", r.wall), r.slowdown("frees", r.wall),
            r.slowdown("heaptrack", r.wall)] for r in rows])
    for r in rows:
        if r.died:
            print(f"  {r.name} does not survive heaptrack: {r.died}")
    print("  ratio: (heaptrack's slow-down - 1) / (ours - 1), by CPU time\n")
    bars.at_least("programs: that ratio, geometric mean",
                  mean([r.ratio() for r in rows if r.ratio() and r.ratio() > 0]), 5)
