"""Each step finds a fresh kernel."""

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
