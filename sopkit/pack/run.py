"""Running one step: papermill executes the notebook inside the pack, and every cell is checked."""

import os
import time
from pathlib import Path

import nbformat

from sopkit.errors import PlanError
from sopkit.pack.steps import OWN, Step, parameters_of

TRIES = 3  # a kernel that does not come up (ports taken by another one) is started again


class StepFailed(PlanError):
    """A step's notebook stopped: the message names step, cell and error; its executed copy is kept
    for reading.
    """

    def __init__(self, step: Step, notebook: Path, message: str):
        super().__init__(message)
        self.step, self.notebook = step, notebook


def run_step(step: Step, folder: Path, settled: dict) -> float:
    """Seconds taken to execute the step inside the pack in ``folder``; raises ``StepFailed``."""
    target = folder / "notebooks" / f"{step.name}.ipynb"
    target.parent.mkdir(exist_ok=True)
    started = time.perf_counter()
    _execute(step, target, {OWN: ".."} | parameters_of(step, settled))
    _insist_it_finished(step, target)
    return time.perf_counter() - started


def _execute(step, target, parameters):
    import papermill
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    for attempt in range(1, TRIES + 1):
        try:
            papermill.execute_notebook(
                str(step.path),
                str(target),
                parameters,
                cwd=str(target.parent),
                progress_bar=False,
                kernel_name="python3",
                request_save_on_cell_execute=False,
                kernel_manager_class=_kernel_manager(),
                extra_arguments=["--Application.log_level=50"],
            )
            return
        except PapermillExecutionError as error:
            _tidy(step, target)
            where = f"cell {error.cell_index + 1}"
            text = f"{error.ename}: {error.evalue}".replace("PlanError: PlanError: ", "PlanError: ")
            raise StepFailed(
                step, target, f"step {step.title} stopped in {where}: {text}"
            ) from None
        except (DeadKernelError, RuntimeError, OSError) as error:
            if attempt == TRIES:
                raise StepFailed(
                    step,
                    target,
                    f"step {step.title}: its kernel did not live ({error}); free memory or ports,"
                    " then run it again",
                ) from error


def _kernel_manager():
    """Kernels that are spoken to through files, not ports: nobody else can listen, and parallel
    packs cannot clash.
    """
    from jupyter_client import AsyncKernelManager
    from traitlets import Unicode

    class FileKernelManager(AsyncKernelManager):
        transport = Unicode("tcp" if os.name == "nt" else "ipc")

    return FileKernelManager


def _insist_it_finished(step, target):
    """A killed run leaves JSON that looks valid; so ask for its end and for every cell."""
    notebook = _tidy(step, target)
    record = notebook.metadata["papermill"]
    unfinished = [
        number
        for number, cell in enumerate(notebook.cells, start=1)
        if cell.cell_type == "code"
        and cell.metadata.get("papermill", {}).get("status") != "completed"
    ]
    if record.get("exception") or not record.get("end_time") or unfinished:
        raise StepFailed(
            step,
            target,
            f"step {step.title} did not finish: cells {unfinished} have no result; run it again",
        )


def _tidy(step, target):
    """Paths in the executed notebook become relative, so that a pack says the same wherever it
    lies.
    """
    notebook = nbformat.read(target, as_version=4)
    notebook.metadata["papermill"].update(input_path=step.path.name, output_path=target.name)
    nbformat.write(notebook, target)
    return notebook
