"""The processes that build a pack: each step finds a fresh one, none outlives its builder."""

import os
import subprocess
import sys
import time

import pytest

from sopkit.pack import find_steps
from sopkit.pack import run as running
from tests.pack.toys import write_notebook

BUILDER = """
import os, sys
from pathlib import Path
from sopkit.pack.kernels import drawers, start_kernel
pool = drawers(1)
kernel = start_kernel(Path(sys.argv[1]))
print(kernel.provisioner.process.pid, pool.submit(os.getpid).result(), flush=True)
os.kill(os.getpid(), 9)
"""


def test_a_step_finds_nothing_that_the_one_before_left_in_memory(tmp_path):
    leave = "import sopkit.metrics\nleft = sopkit.metrics.left = 1"
    look = "import sopkit.metrics\nassert not hasattr(sopkit.metrics, 'left')\nleft"
    write_notebook(tmp_path / "notebooks" / "1_gather_data.ipynb", leave)
    write_notebook(tmp_path / "notebooks" / "2_demand_plan.ipynb", look)
    first, second = find_steps(tmp_path / "notebooks")
    running.run_step(first, tmp_path, {})
    with pytest.raises(running.StepFailed, match="NameError: name 'left' is not defined"):
        running.run_step(second, tmp_path, {})


def test_nobody_outlives_a_builder_that_was_killed(tmp_path):
    run = subprocess.run(
        [sys.executable, "-c", BUILDER, tmp_path], capture_output=True, text=True, timeout=120
    )
    left = {int(pid) for pid in run.stdout.split()}
    assert len(left) == 2, run.stderr
    waited = time.monotonic() + 30
    while left and time.monotonic() < waited:
        left = {pid for pid in left if _lives(pid)}
        time.sleep(0.1)
    assert not left


def _lives(pid):
    try:
        os.kill(pid, 0)
        with open(f"/proc/{pid}/stat") as status:
            return status.read().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
