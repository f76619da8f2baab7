# SPDX-License-Identifier: Apache-2.0
"""gate.py - what a verdict costs: of a small test, beside Valgrind, and of a large heap."""
import json
import os
import shutil
import subprocess

from analyze import ANALYZE
from measure import median, run, table
from setting import QUICK, RUNS, built, clean_env, remove

VALGRIND = shutil.which("valgrind")
LIVE = 100_000 if QUICK else 1_000_000
BYTES = 105  # 100 MiB of a million
LOG = "gate.bin"
# leaks, and memory errors; both programs leak, which is within this budget
ASKED = ["--gate", "--max-leaked", "1G", "--fail-on",
         "double_free,invalid_free,mismatched_free"]
PROGRAMS = {"plain 100": [built("targets/plain"), "100"],
            "demo_app": [built("targets/demo_app")]}


def milliseconds(command, env):
    return run(command, env).wall * 1000


def symbols_env(name):
    return clean_env(XDG_CACHE_HOME=os.path.join(os.getcwd(), name))


def small_row(name, program, bars):
    """In turn: alone, recorded and judged with symbols found and cached, Valgrind."""
    gate = [ANALYZE, "record", "--quiet", *ASKED, "-o", LOG, "--"] + program
    alone, cold, warm, theirs = [], [], [], []
    for _ in range(RUNS):
        alone.append(milliseconds(program, clean_env()))
        shutil.rmtree("symbols", ignore_errors=True)
        for times in (cold, warm):
            times.append(milliseconds(gate, symbols_env("symbols")))
            remove(LOG + "*")
        if VALGRIND:
            theirs.append(milliseconds([VALGRIND, "-q", "--leak-check=full"] + program,
                                       clean_env()))
    bars.at_most(f"record --gate of {name}, whole, ms", median(cold), 100)
    return [name, median(alone), median(cold), median(warm), median(theirs)]


def map_of(log):
    out = subprocess.run([ANALYZE, "leaks", "--no-index", "--format", "json", log],
                         capture_output=True, text=True, check=True).stdout
    verdict = json.loads(out)
    return verdict["processes"][0]["map"], verdict["definite"]["blocks"]


def measure_large(bars):
    program = [built("bench/live_blocks"), str(LIVE), str(BYTES)]
    pauses, spent, theirs = [], [], []
    for _ in range(RUNS):
        run([ANALYZE, "record", "--quiet", "-o", LOG, "--"] + program, clean_env())
        taken, lost = map_of(LOG)
        pauses.append(taken["pause_ns"] / 1e6)
        shutil.rmtree("symbols", ignore_errors=True)
        spent.append(milliseconds([ANALYZE, "leaks", "--no-index", LOG],
                                  symbols_env("symbols")) / 1000)
        remove(LOG + "*")
        if VALGRIND and not theirs:
            theirs.append(milliseconds([VALGRIND, "-q", "--leak-check=full"] + program,
                                       clean_env()) / 1000)
    table(["a heap that lives", "lost", "resident MiB", "paused ms", "leaks, s",
           "valgrind, whole, s"],
          [[f"{LIVE:,} blocks of {BYTES} bytes", lost, taken["resident_bytes"] / 2**20,
            median(pauses), median(spent), median(theirs)]])
    bars.at_most(f"leaks of {LIVE:,} live blocks, s", median(spent), 2)
    bars.at_most(f"pause of a program with {LIVE:,} live blocks, ms", median(pauses), 30)


def measure_gate(bars):
    print("Verdicts: programs that are recorded and judged, wall milliseconds")
    table(["", "alone", "record --gate", "symbols cached", "valgrind"],
          [small_row(name, program, bars) for name, program in PROGRAMS.items()])
    print()
    measure_large(bars)
    print()
