# SPDX-License-Identifier: Apache-2.0
"""setting.py - what is measured: the machine, the builds, the recorders in turn."""
import glob
import os
import platform
import shutil
import subprocess

import measure

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.environ.get("MS_BUILD") or os.path.join(ROOT, "build/release")
QUICK = os.environ.get("QUICK", "") not in ("", "0")
RUNS = int(os.environ.get("RUNS") or 5)
HEAPTRACK = shutil.which("heaptrack")

FULL = {"MEMSCOPE_FREE_STACKS": "0"}  # what heaptrack does, too
FREES = {"MEMSCOPE_FREE_STACKS": "1"}
NONE = {"MEMSCOPE_STACKS": "none"}


def built(path):
    return os.path.join(BUILD, path)


def clean_env(**more):
    env = {k: v for k, v in os.environ.items()
           if not k.startswith("MEMSCOPE_") and k != "LD_PRELOAD"}
    env.update(more)
    return env


def remove(pattern):
    for path in glob.glob(pattern):
        os.remove(path)


class Bare:
    """The program alone, or under a library that leaves nothing behind."""

    def __init__(self, library=None):
        self.library = library

    def start(self, command, env, stdin):
        if self.library:
            env = dict(env, LD_PRELOAD=self.library)
        return measure.Running(command, env, stdin)

    def after(self):
        pass

    def run(self, command, env=None, stdin=None):
        running = self.start(command, env or clean_env(), stdin)
        return self.finish(running)

    def finish(self, running):
        try:
            spent = running.finish()
            self.after()
            return spent
        finally:
            remove("log.*")


class Ours(Bare):
    """The recorder as heaptrack records: without a pointer map, which that has not."""

    def __init__(self, settings, library="libmemscope.so"):
        super().__init__(built(library))
        self.settings = settings
        self.log_bytes = 0

    def start(self, command, env, stdin):
        env = dict(env, MEMSCOPE_OUTPUT=os.path.join(os.getcwd(), "log.%p.bin"),
                   MEMSCOPE_HEAPMAP="off", **self.settings)
        return super().start(command, env, stdin)

    def after(self):
        logs = glob.glob("log.*.bin")
        if not logs:
            raise measure.Failed("no log was written")
        self.log_bytes = sum(os.path.getsize(log) for log in logs)


class Heaptrack(Bare):
    def start(self, command, env, stdin):
        return measure.Running([HEAPTRACK, "-o", os.path.join(os.getcwd(), "log.ht")]
                               + command, env, stdin)


def first_line(command):
    try:
        return subprocess.run(command, capture_output=True, text=True,
                              check=False).stdout.splitlines()[0].strip()
    except (OSError, IndexError):
        return "-"


def field(path, name):
    with open(path, encoding="utf-8") as file:
        for line in file:
            if line.startswith(name):
                return line.split(":", 1)[1].strip()
    return "-"


def describe():
    """The machine and the tools, so that a table can be read elsewhere."""
    memory = int(field("/proc/meminfo", "MemTotal").split()[0]) // 1024
    logs = first_line(["stat", "-f", "-c", "%T", "."])
    print(f"machine   {field('/proc/cpuinfo', 'model name')}, {os.cpu_count()} cores, "
          f"{memory} MiB; load {os.getloadavg()[0]:.2f} at the start")
    print(f"system    Linux {platform.release()}, {' '.join(platform.libc_ver())}, "
          f"logs on {logs}")
    print(f"compiler  {first_line(['cc', '--version'])}")
    beside = first_line([HEAPTRACK, "--version"]) if HEAPTRACK else "not installed"
    print(f"beside    {beside}")
    print(f"medians of {RUNS} runs{', short ones' if QUICK else ''}, variants in turn\n",
          flush=True)
