"""Catalogues forecast from a parquet folder by two workers of a dask scheduler: seconds, and the
largest memory of who asks and of who works, as they grow; beside one process while that is small.
"""

import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

from tests.benchmarks.forecast import ROOT, history, line, made_up, title

SIZES = (50_000, 200_000, 1_000_000)
AT_ONCE = 50_000  # series of a file
EQUAL = 5_000


def main(sizes=SIZES):
    """Prints the table, and how far a small catalogue is from what one process says."""
    title("Catalogues × 60 months, horizon 18, two workers", *COLUMNS)
    for size in (EQUAL, *map(int, sizes)):
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder)
            _write(place / "history", size)
            told = _forecast(place)
            each = 1000 * told["seconds"] / size
            line(f"{size:,} series", told["seconds"], each, told["client"], told["worker"])
            if size == EQUAL:
                off = _off(place)
    print(f"largest difference to one process, {EQUAL:,} series: {off:.1e} of the forecast")
    print("goal: 1,000,000 series with flat memory of who asks; 1e-9")


COLUMNS = ("seconds", "ms/series", "client GiB", "worker GiB")


def _write(folder, size):
    folder.mkdir()
    for begin in range(0, size, AT_ONCE):
        rows = history(made_up(min(AT_ONCE, size - begin)))
        rows["item"] = f"{begin:08}-" + rows["item"].astype(str)
        rows.to_parquet(folder / f"{begin:08}.parquet", row_group_size=300_000)


def _forecast(place):
    """What it took, with a scheduler and workers of its own."""
    from distributed import Client, LocalCluster

    with LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, memory_limit=0
    ) as cluster:
        asked = [
            sys.executable,
            "-m",
            "tests.benchmarks.catalogue",
            place,
            cluster.scheduler_address,
        ]
        done = subprocess.run(asked, capture_output=True, text=True, cwd=ROOT)
        assert not done.returncode, done.stderr
        with Client(cluster) as client:
            return json.loads(done.stdout) | {"worker": max(client.run(_peak).values())}


def _peak():
    """GiB of this process alone: getrusage would count what who started it held."""
    return int(re.search(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text())[1]) / 2**20


def _asked(place, scheduler):
    """Run in its own process: prints what it took as JSON."""
    from sopkit.catalogue import forecast_catalogue

    begun = time.perf_counter()
    forecast_catalogue(place / "history", place / "forecasts", 18, scheduler)
    print(json.dumps({"seconds": time.perf_counter() - begun, "client": _peak()}))


def _off(place):
    from sopkit.forecast import forecast

    whole = forecast(pd.read_parquet(place / "history"), 18, sums=False)
    parts = pd.read_parquet(place / "forecasts").sort_values(["item", "bucket"], ignore_index=True)
    assert parts["model"].equals(whole["model"]) and parts["why"].equals(whole["why"])
    numbers = ["baseline", "p10", "p90"]
    return (
        ((parts[numbers] - whole[numbers]).abs() / whole[numbers].abs().clip(lower=1)).max().max()
    )


if __name__ == "__main__":
    _asked(Path(sys.argv[1]), sys.argv[2])
