# SPDX-License-Identifier: Apache-2.0
"""measure.py - running commands, and what they spent.

Times of a shared machine drift, so the variants of a measurement are run in turn
(A B C A B C ...) and what counts are medians and the ratios within one run.
"""
import ctypes
import os
import re
import statistics
import subprocess
import tempfile
import time

PR_SET_CHILD_SUBREAPER = 36


class Failed(Exception):
    """A command did not do what it does when nobody watches."""


def reason(why):
    """The line of a dying program that says why it dies, or the first one."""
    lines = str(why).strip().splitlines() or [""]
    return next((line for line in lines if "terminate called" in line), lines[0]).strip()


class Spent:
    """What a command spent, itself and all its descendants."""

    def __init__(self, wall, cpu, out):
        self.wall = wall
        self.cpu = cpu
        self.out = out

    def said(self, name):
        """The last figure NAME=number that the command printed."""
        found = re.findall(rf"\b{name}=(-?[0-9.]+)", self.out)
        if not found:
            raise Failed(f"printed no {name}: {self.out[-300:]}")
        return float(found[-1])


def adopt_orphans():
    """Descendants whose parents ended become ours, and are waited for and counted."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def cpu_of(usage):
    return usage.ru_utime + usage.ru_stime


class Running:
    """A command under way; nothing else may be a child of ours until it is finished,
    unless it is waited for by its own id."""

    def __init__(self, command, env=None, stdin=None):
        self.file = tempfile.TemporaryFile()
        self.begin = time.monotonic()
        self.child = subprocess.Popen(command, env=env, stdin=stdin or subprocess.DEVNULL,
                                      stdout=self.file, stderr=subprocess.STDOUT)

    def finish(self):
        _, status, usage = os.wait4(self.child.pid, 0)
        wall = time.monotonic() - self.begin
        self.child.returncode = os.waitstatus_to_exitcode(status)
        cpu = cpu_of(usage)
        while True:
            try:
                _, _, usage = os.wait4(-1, 0)
            except ChildProcessError:
                break
            cpu += cpu_of(usage)
        self.file.seek(0)
        out = self.file.read().decode(errors="replace")
        self.file.close()
        if self.child.returncode != 0:
            raise Failed(f"exit code {self.child.returncode}: {out[-1000:].strip()}")
        return Spent(wall, cpu, out)


def run(command, env=None, stdin=None):
    return Running(command, env, stdin).finish()


def median(values):
    return statistics.median(values) if values else None


def table(head, rows, left=1):
    """Columns as wide as they need be; the first `left` of them are texts."""
    rows = [[show(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in [head] + rows) for i in range(len(head))]
    for row in [head] + rows:
        cells = [cell.ljust(w) if i < left else cell.rjust(w)
                 for i, (cell, w) in enumerate(zip(row, widths))]
        print("  " + "  ".join(cells).rstrip(), flush=True)


def show(cell):
    """A figure with as many digits as mean something; what is not known is a dash."""
    if cell is None:
        return "-"
    if isinstance(cell, float):
        return f"{cell:.1f}" if abs(cell) >= 10 else f"{cell:.2f}"
    return f"{cell:,}" if isinstance(cell, int) else str(cell)
