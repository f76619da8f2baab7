# SPDX-License-Identifier: Apache-2.0
"""memory.py - resident memory that recording adds, and stacks that never come again."""
from measure import median, table
from setting import FULL, QUICK, RUNS, Bare, Ours, built

THREADS = 100
FEW, MANY, EVENTS = 1024, 8192, 65536  # distinct stacks; the same events for both
DISTINCT = 200000


def words(*command):
    return [built(command[0])] + [str(word) for word in command[1:]]


def added_kib(command):
    """Resident at the end under us, less what the bare program has."""
    bare, ours = [], []
    for _ in range(RUNS):
        bare.append(Bare().run(command).said("resident_kib"))
        ours.append(Ours(FULL).run(command).said("resident_kib"))
    return median(ours) - median(bare)


def per_thousand(shape):
    few = added_kib(words("bench/stacks_bench", shape, FEW, EVENTS))
    many = added_kib(words("bench/stacks_bench", shape, MANY, EVENTS))
    return (many - few) * 1000 / (MANY - FEW)


def measure_memory(bars):
    print("Memory: resident KiB that are added (VmRSS, the mapped log's pages included)")
    fixed = added_kib(words("bench/resident", 0))
    thread = (added_kib(words("bench/resident", THREADS)) - fixed) / THREADS
    chains, tree, apart = (per_thousand(shape) for shape in ("chains", "tree", "apart"))
    table(["", "KiB"],
          [["a small program", fixed],
           [f"each of {THREADS} threads that allocate a little", thread],
           ["1000 distinct stacks of depth 30, 32 to a chain of calls", chains],
           ["the same, of a tree with two ways at 18 of 30 levels", tree],
           ["the same, without a common frame but the first", apart]])
    print()
    bars.at_most("added resident memory, fixed", fixed, 4096, " KiB")
    bars.at_most("added resident memory, per thread", thread, 512, " KiB")
    bars.at_most("added resident memory, per 1000 stacks of depth 30", chains, 512, " KiB")


def measure_distinct(bars):
    print(f"Stacks that never come again: {DISTINCT:,} distinct ones, each once, wall "
          "nanoseconds an event (half of the events are frees, without a stack)")
    nomemo = "bench/libmemscope-nomemo.so"
    # a limit that is never reached: the last walk is not taken up again then
    plain = dict(FULL, MEMSCOPE_DEPTH="1000000")
    tools = {"bare": Bare(), "ours": Ours(FULL), "without memo": Ours(FULL, nomemo),
             "plain walking": Ours(plain, nomemo)}
    shapes = ["tree", "chains"] if QUICK else ["tree", "chains", "apart"]
    rows = []
    for shape in shapes:
        ns = {name: [] for name in tools}
        for _ in range(RUNS):
            for name, tool in tools.items():
                spent = tool.run(words("bench/stacks_bench", shape, DISTINCT, DISTINCT))
                ns[name].append(spent.said("ns_per_event"))
        ns = {name: median(values) for name, values in ns.items()}
        rows.append([shape] + list(ns.values()) +
                    [ns["ours"] / ns["without memo"], ns["ours"] / ns["plain walking"]])
    table(["shape"] + list(tools) + ["ours/no memo", "ours/plain"], rows)
    print()
    bars.at_most("200,000 distinct stacks (tree), over plain walking", rows[0][-1], 1.1,
                 "x")
