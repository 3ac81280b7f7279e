"""How long a pack takes, step by step, and how much memory: the sample company, one of 5,000 items,
and the real trading company (1,700 series) where its data lies beside the project.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

REAL = Path(__file__).parents[3] / "shared" / "real" / "jit"
CASES = [
    ("sample, 60 items", ("--items", 60), None, "22 s"),
    ("real, 1,700 series", REAL, "2018-01", "35 s"),
    ("5,000 items", ("--items", 5000), None, "80 s, 2 GiB"),
]


def main():
    """Prints a table of wall-clock seconds by step and the largest process's peak memory, kernels
    included.
    """
    with tempfile.TemporaryDirectory() as scratch:
        measured = [
            (name, goal, *_measure(Path(scratch) / str(number), company, month))
            for number, (name, company, month, goal) in enumerate(CASES)
            if company != REAL or REAL.is_dir()
        ]
    print(f"\nPacks (wall clock on {os.cpu_count()} cores, kernels included)")
    names = list(measured[0][2])
    print(f"{'':<24}" + "".join(f"{name:>20}" for name, *_ in measured))
    for step in names:
        print(
            f"{step:<24}"
            + "".join(f"{seconds.get(step, 0):>18.1f} s" for _, _, seconds, _ in measured)
        )
    print(f"{'peak memory':<24}" + "".join(f"{peak / 2**30:>16.2f} GiB" for *_, peak in measured))
    print(f"{'goal':<24}" + "".join(f"{goal:>20}" for _, goal, *_ in measured))


def _measure(scratch, company, month):
    """Seconds by step, and the peak memory (bytes) of the largest process while the pack is
    built.
    """
    data, packs = scratch / "data", scratch / "packs"
    if company == REAL:
        data = REAL
    else:
        _run("sample", data, *company)
    peak = _run("pack", *([month] if month else []), "--data", data, "--packs", packs)
    manifest = next(packs.glob("*/manifest.json"))
    return json.loads(manifest.read_text())["seconds"], peak


def _run(*words):
    command = [sys.executable, "-m", "sopkit", *map(str, words)]
    peak = 0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            peak = max([peak, *map(_memory, psutil.Process(process.pid).children(recursive=True))])
            time.sleep(0.2)
    assert not process.returncode
    return peak


def _memory(process):
    try:
        return process.memory_info().rss
    except psutil.NoSuchProcess:
        return 0
