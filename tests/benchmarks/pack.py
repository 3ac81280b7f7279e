"""How long a pack takes, step by step, and how much memory: the sample company and one of 5,000
items.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

CASES = [("sample, 60 items", 60, "60 s"), ("5,000 items", 5000, "300 s, 4 GiB")]


def main():
    """Prints a table of wall-clock seconds by step and the largest process's peak memory, kernels
    included.
    """
    with tempfile.TemporaryDirectory() as scratch:
        measured = [(name, goal, *_measure(Path(scratch), items)) for name, items, goal in CASES]
    print(f"\nPacks (wall clock on {os.cpu_count()} cores, kernels included)")
    names = list(measured[0][2])
    print(f"{'':<24}" + "".join(f"{name:>20}" for name, *_ in measured))
    for step in names:
        print(
            f"{step:<24}"
            + "".join(f"{seconds.get(step, 0):>18.1f} s" for _, _, seconds, _ in measured)
        )
    print(f"{'peak memory':<24}" + "".join(f"{peak / 2**20:>16.2f} GiB" for *_, peak in measured))
    print(f"{'goal':<24}" + "".join(f"{goal:>20}" for _, goal, *_ in measured))


def _measure(scratch, items):
    data, packs = scratch / f"data-{items}", scratch / f"packs-{items}"
    _run("sample", data, "--items", items)
    _run("pack", "--data", data, "--packs", packs)
    manifest = next(packs.glob("*/manifest.json"))
    return (
        json.loads(manifest.read_text())["seconds"],
        resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss,
    )


def _run(*words):
    subprocess.run(
        [sys.executable, "-m", "sopkit", *map(str, words)], check=True, stdout=subprocess.DEVNULL
    )
