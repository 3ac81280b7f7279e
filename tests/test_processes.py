"""The processes that build a pack do not outlive their builder."""

import os
import subprocess
import sys
import time

BUILDER = """
import os, sys
from pathlib import Path
from sopkit.pack.kernels import start_kernel
from sopkit.processes import drawers
pool = drawers(1)
kernel = start_kernel(Path(sys.argv[1]))
print(kernel.provisioner.process.pid, pool.submit(os.getpid).result(), flush=True)
os.kill(os.getpid(), 9)
"""


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
