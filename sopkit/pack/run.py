"""Running one step: papermill executes the notebook inside the pack, and every cell is checked."""

import json
import time
from pathlib import Path

from sopkit.errors import PlanError
from sopkit.pack.kernels import start_kernel, stop_kernel
from sopkit.pack.steps import OWN, Step, parameters_of


class StepFailed(PlanError):
    """A step's notebook stopped: the message names step, cell and error; its executed copy is kept
    for reading.
    """

    def __init__(self, step: Step, notebook: Path, message: str):
        super().__init__(message)
        self.step, self.notebook = step, notebook


def run_step(step: Step, folder: Path, settled: dict, kernel=None) -> float:
    """Seconds taken to execute the step inside the pack in ``folder``, in a kernel started ahead if
    there is one; raises ``StepFailed``.
    """
    target = folder / "notebooks" / f"{step.name}.ipynb"
    started = time.perf_counter()
    _execute(step, target, {OWN: ".."} | parameters_of(step, settled), kernel)
    _insist_it_finished(step, target)
    return time.perf_counter() - started


def _execute(step, target, parameters, kernel=None):
    import papermill
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    kernel = kernel or start_kernel(target.parents[1])
    try:
        papermill.execute_notebook(
            str(step.path),
            str(target),
            parameters,
            km=kernel,
            kernel_name="python3",
            progress_bar=False,
            request_save_on_cell_execute=False,
        )
    except PapermillExecutionError as error:
        _tidy(step, target)
        where = f"cell {error.cell_index + 1}"
        text = f"{error.ename}: {error.evalue}".replace("PlanError: PlanError: ", "PlanError: ")
        raise StepFailed(step, target, f"step {step.title} stopped in {where}: {text}") from None
    except (DeadKernelError, RuntimeError) as error:
        told = f"step {step.title}: its kernel died ({error}); free memory, then run it again"
        raise StepFailed(step, target, told) from error
    finally:
        stop_kernel(kernel)


def _insist_it_finished(step, target):
    """A killed run leaves JSON that looks valid; so ask for every cell."""
    notebook = _tidy(step, target)
    unfinished = [
        number
        for number, cell in enumerate(notebook["cells"], start=1)
        if cell["cell_type"] == "code"
        and cell["metadata"].get("papermill", {}).get("status") != "completed"
    ]
    if unfinished:
        raise StepFailed(
            step,
            target,
            f"step {step.title} did not finish: cells {unfinished} have no result; run it again",
        )


def _tidy(step, target):
    """Paths in the executed notebook become relative, so that a pack says the same wherever it
    lies.
    """
    notebook = json.loads(target.read_text(encoding="utf-8"))
    notebook["metadata"]["papermill"] |= {"input_path": step.path.name, "output_path": target.name}
    text = json.dumps(notebook, indent=1, ensure_ascii=False)
    target.write_text(text + "\n", encoding="utf-8")
    return notebook
