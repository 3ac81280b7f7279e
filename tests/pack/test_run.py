"""One step runs in the pack, and only a run whose every cell completed counts."""

import nbformat
import pytest

from sopkit.pack import StepFailed, find_steps
from sopkit.pack import run as running
from tests.pack.toys import write_notebook


def step_of(tmp_path, *sources):
    write_notebook(tmp_path / "notebooks" / "3_supply_plan.ipynb", *sources)
    (tmp_path / "pack").mkdir()
    return find_steps(tmp_path / "notebooks")[0], tmp_path / "pack"


def test_a_step_runs_inside_the_pack_with_its_parameters(tmp_path):
    step, folder = step_of(
        tmp_path, "from pathlib import Path\nPath(pack, 'seen.txt').write_text(f'{pack} {horizon}')"
    )
    assert running.run_step(step, folder, {"horizon": 18, "unrelated": 1}) > 0
    assert (folder / "seen.txt").read_text() == ".. 18"
    text = (folder / "notebooks" / "3_supply_plan.ipynb").read_text()
    assert str(tmp_path) not in text, "a pack holds no path of the machine that made it"


def test_a_failing_step_names_step_cell_and_error_and_keeps_its_notebook(tmp_path):
    step, folder = step_of(
        tmp_path,
        "1 + 1",
        "from sopkit import PlanError\nraise PlanError('table resources: 2 rows overlap')",
    )
    with pytest.raises(
        StepFailed,
        match=r"step 3 supply plan stopped in cell 4: PlanError: table resources: 2 rows overlap",
    ) as caught:
        running.run_step(step, folder, {})
    assert "resources" in caught.value.notebook.read_text()


def test_a_run_that_was_killed_looks_valid_and_is_refused(tmp_path, monkeypatch):
    step, folder = step_of(tmp_path, "1 + 1")
    execute = running._execute

    def killed(step, target, parameters, kernel):
        execute(step, target, parameters, kernel)
        notebook = nbformat.read(target, as_version=4)
        notebook.cells[-1].metadata["papermill"]["status"] = "running"
        nbformat.write(notebook, target)

    monkeypatch.setattr(running, "_execute", killed)
    with pytest.raises(StepFailed, match="did not finish"):
        running.run_step(step, folder, {})
