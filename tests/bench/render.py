# SPDX-License-Identifier: Apache-2.0
"""render.py - what a page or an export of a long log costs, read for the first time."""
import json
import os
import subprocess

from analyze import ANALYZE, seconds
from depth import GRAIN
from measure import run, table
from setting import QUICK, built, clean_env, remove

EVENTS = 1_000_000 if QUICK else 10_000_000
LIVE = 100_000
LOG, OUT = "render.bin", "rendered"
# seconds and MiB that a format may take; those that are not here are shown
BARS = {"html": (3, 5), "svg": (2, None), "folded": (2, None), "pprof": (2, None)}


def record():
    """With a pointer map, so that leaks are told, too."""
    command = [built("targets/depth_bench"), 10, EVENTS // 4, 2, LIVE // 2, GRAIN]
    run([ANALYZE, "record", "--quiet", "-o", LOG, "--no-free-stacks", "--"]
        + [str(word) for word in command], clean_env())


def formats():
    out = subprocess.run([ANALYZE, "render", "--list-formats", "--format", "json"],
                         capture_output=True, text=True, check=True).stdout
    return [row["name"] for row in json.loads(out)["formats"]]


def measure_render(bars):
    record()
    print(f"Pages and exports of a log of {EVENTS:,} events of depth_bench at depth 10 "
          f"({os.path.getsize(LOG) / 2**20:.0f} MiB), without an index")
    rows = []
    for name in formats():
        command = ["render", "--no-index", "--format", name, "-o", OUT, LOG]
        wall = seconds(command)
        mib = os.path.getsize(OUT) / 2**20
        rows.append([name, wall, mib])
        bar_seconds, bar_mib = BARS.get(name, (None, None))
        if bar_seconds:
            bars.at_most(f"{name} of {EVENTS:,} events, s", wall, bar_seconds)
        if bar_mib:
            bars.at_most(f"{name} of {EVENTS:,} events, MiB", mib, bar_mib)
    table(["format", "s", "MiB"], rows)
    print()
    remove(LOG + "*")
    remove(OUT)
