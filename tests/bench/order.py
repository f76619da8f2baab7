# SPDX-License-Identifier: Apache-2.0
"""order.py - blocks that go from thread to thread: is any event in the wrong order?"""
import glob
import json

from measure import run, table
from setting import NONE, QUICK, Bare, Ours, built, clean_env

FREES = 2000000 if QUICK else 60000000
THREADS = 4


class Judged(Ours):
    """A recording whose log the analyzer replays before it goes."""

    totals = None

    def after(self):
        super().after()
        text = run([built("memscope-analyze"), "summary", "--format", "json"]
                   + glob.glob("log.*.bin"), clean_env()).out
        self.totals = json.loads(text[text.index("{"):])["totals"]


def measure_order(bars):
    print(f"Order: {FREES:,} frees, each of a block that another of {THREADS} threads made")
    command = [built("targets/handover"), str(FREES), str(THREADS)]
    ours = Judged(NONE)
    bare = Bare().run(command)
    spent = ours.run(command)
    seen = ours.totals["total_deallocations"]
    wrong = ours.totals["overwritten_blocks"] + ours.totals["unmatched_deallocations"]
    table(["frees in the log", "bare s", "ours s", "made while live", "freed while not live"],
          [[seen, bare.wall, spent.wall, ours.totals["overwritten_blocks"],
            ours.totals["unmatched_deallocations"]]], left=0)
    print()
    if seen < FREES:
        wrong = None
    bars.at_most(f"{FREES // 1000000} million frees across threads: wrong order", wrong, 0)
