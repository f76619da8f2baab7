# SPDX-License-Identifier: Apache-2.0
"""depth.py - what an event costs at depths 2, 10 and 30, on one thread and on two."""
from measure import Failed, median, reason, table
from setting import FREES, FULL, HEAPTRACK, NONE, QUICK, RUNS
from setting import Bare, Heaptrack, Ours, built

PAIRS = 200000 if QUICK else 500000
GRAIN = 32  # 32 sizes: with 64 sizes x 1024 stacks heaptrack 1.4 aborts (std::bad_alloc)


class Row:
    """Medians of one depth and number of threads; times are added nanoseconds."""

    def __init__(self, depth, threads):
        self.depth = depth
        self.threads = threads
        ours, frees = Ours(FULL), Ours(FREES)
        tools = {"bare": Bare(), "nop": Bare(built("bench/libmemscope-nop.so")),
                 "none": Ours(NONE), "ours": ours, "frees": frees}
        if HEAPTRACK:
            tools["heaptrack"] = Heaptrack()
        self.ns = {name: [] for name in tools}
        resident = {name: [] for name in tools}
        command = [built("targets/depth_bench"), depth, PAIRS, threads, 1000, GRAIN]
        for _ in range(RUNS):
            for name in list(tools):
                try:
                    spent = tools[name].run([str(word) for word in command])
                except Failed as why:
                    if name != "heaptrack":
                        raise
                    print(f"  heaptrack, depth {depth}, threads {threads}: {reason(why)}")
                    continue
                self.ns[name].append(spent.said("ns_per_event"))
                resident[name].append(spent.said("most_kib"))
        self.ns = {name: median(values) for name, values in self.ns.items()}
        events = 2 * PAIRS * threads
        self.bytes = {"ours": ours.log_bytes / events, "frees": frees.log_bytes / events}
        self.resident_mib = (median(resident["ours"]) - median(resident["bare"])) / 1024

    def added(self, name):
        if self.ns.get(name) is None:
            return None
        # below a tenth of a nanosecond it is noise, and no divisor
        return max(self.ns[name] - self.ns["bare"], 0.1)

    def ratio(self):
        heaptrack = self.added("heaptrack")
        return heaptrack / self.added("ours") if heaptrack else None


def growth(rows, row):
    ten = [r for r in rows if r.depth == 10 and r.threads == row.threads]
    return row.added("ours") / ten[0].added("ours") if row.depth == 30 else None


def measure_depth(bars):
    print("An event: wall nanoseconds that are added to the bare program's, by its own clock")
    rows = [Row(depth, threads) for threads in (1, 2) for depth in (2, 10, 30)]
    table(["depth", "threads", "bare", "+nop", "+no stacks", "+ours", "+ours, frees too",
           "+heaptrack", "ratio", "growth", "bytes/event", "with frees", "+RSS MiB"],
          [[r.depth, r.threads, r.ns["bare"], r.added("nop"), r.added("none"),
            r.added("ours"), r.added("frees"), r.added("heaptrack"), r.ratio(),
            growth(rows, r), r.bytes["ours"], r.bytes["frees"], r.resident_mib]
           for r in rows], left=0)
    print("  ours: stacks of allocations, as heaptrack has; ratio: heaptrack's added time "
          "over ours;\n  growth: ours from depth 10 to depth 30\n")
    for threads, bar in ((1, 6), (2, 8)):
        ratios = [r.ratio() for r in rows if r.threads == threads and r.ratio()]
        bars.at_least(f"added time, heaptrack over ours, smallest at {threads} "
                      f"thread{'s' * (threads > 1)}", min(ratios, default=None), bar)
    bars.at_most("added time with the stacks of frees over without",
                 max(r.added("frees") / r.added("ours") for r in rows), 1.6, "x")
    bars.at_most("growth of added time from depth 10 to depth 30",
                 max(growth(rows, r) for r in rows if r.depth == 30), 1.4, "x")
    bars.at_most("added time at depth 30 over that without stacks",
                 max(r.added("ours") / r.added("none") for r in rows if r.depth == 30),
                 2.6, "x")
    bars.at_most("bytes an event", max(r.bytes["ours"] for r in rows), 7)
    bars.at_most("bytes an event with the stacks of frees",
                 max(r.bytes["frees"] for r in rows), 8)
