"""Each step finds a fresh kernel, of this Python and no other."""

import json
import sys

import pytest

from sopkit.pack import find_steps
from sopkit.pack import run as running
from tests.pack.toys import write_notebook


def test_a_step_finds_nothing_that_the_one_before_left_in_memory(tmp_path):
    leave = "import sopkit.metrics\nleft = sopkit.metrics.left = 1"
    look = "import sopkit.metrics\nassert not hasattr(sopkit.metrics, 'left')\nleft"
    write_notebook(tmp_path / "notebooks" / "1_gather_data.ipynb", leave)
    write_notebook(tmp_path / "notebooks" / "2_demand_plan.ipynb", look)
    first, second = find_steps(tmp_path / "notebooks")
    running.run_step(first, tmp_path, {})
    with pytest.raises(running.StepFailed, match="NameError: name 'left' is not defined"):
        running.run_step(second, tmp_path, {})


def test_a_foreign_kernel_spec_never_runs_a_step(tmp_path, monkeypatch):
    spec = tmp_path / "jupyter" / "kernels" / "python3" / "kernel.json"
    spec.parent.mkdir(parents=True)
    foreign = {"argv": ["/opt/R", "{connection_file}"], "display_name": "R", "language": "R"}
    spec.write_text(json.dumps(foreign | {"env": {"FOREIGN": "1"}}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "0")
    look = f"import os, sys\nassert sys.executable == {sys.executable!r}, sys.executable"
    write_notebook(
        tmp_path / "notebooks" / "1_gather_data.ipynb",
        f"{look}\nassert 'FOREIGN' not in os.environ",
    )
    assert running.run_step(find_steps(tmp_path / "notebooks")[0], tmp_path, {}) > 0
