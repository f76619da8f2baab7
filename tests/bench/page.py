# SPDX-License-Identifier: Apache-2.0
"""page.py - how long the dashboard of a long log takes to be seen, in headless Chromium."""
import json
import os
import shutil
import subprocess

from analyze import ANALYZE
from measure import run, table
from render import EVENTS, LOG, record
from setting import ROOT, RUNS, clean_env, remove

BROWSER = os.path.join(ROOT, "tests", "browser")
TOOLS = os.path.join(ROOT, "build", "browser")
PAGE = "page.html"


def measured():
    """Milliseconds by name, or None where there is no browser to ask."""
    chromium = shutil.which("chromium")
    if not chromium or not shutil.which("npm"):
        return None
    subprocess.run([os.path.join(BROWSER, "install"), TOOLS], check=True)
    env = clean_env()
    env.update(MS_CHROMIUM=chromium, MS_BROWSER_TOOLS=TOOLS)
    out = subprocess.run(["node", os.path.join(BROWSER, "measure.mjs"), os.path.abspath(PAGE), str(RUNS)],
                         env=env, capture_output=True, text=True, check=True).stdout
    return json.loads(out)


def measure_page(bars):
    record()
    run([ANALYZE, "render", "--no-index", "--format", "html", "-o", PAGE, LOG], clean_env())
    ms = measured()
    if ms:
        print(f"The dashboard of {EVENTS:,} events in headless Chromium, ms")
        table(["loaded and drawn", "brush, top-down", "brush, bottom-up"],
              [[ms["loaded"], ms["brush_down"], ms["brush_up"]]], left=0)
        bars.at_most("dashboard: loaded and drawn, s", ms["loaded"] / 1000, 1)
        bars.at_most("dashboard: flame graph after a brush, ms", max(ms["brush_down"], ms["brush_up"]), 100)
    else:
        print("The dashboard is not measured: chromium or npm is not installed")
    print()
    remove(LOG + "*")
    remove(PAGE)
