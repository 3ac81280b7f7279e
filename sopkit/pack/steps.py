"""The steps: the sorted numbered notebooks are the pipeline, their tagged cells its parameters."""

import ast
import sys
from dataclasses import dataclass
from pathlib import Path

from sopkit.errors import PlanError, nearest

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
OWN = "pack"  # the parameter that says where the pack is; the batch sets it, nobody else


@dataclass(frozen=True)
class Step:
    """One numbered notebook and the defaults of its parameters."""

    number: int
    name: str
    path: Path
    defaults: dict

    @property
    def title(self) -> str:
        """Number and name as people say them: "2 demand plan"."""
        return self.name.replace("_", " ")


def find_steps(folder: Path = NOTEBOOKS) -> list[Step]:
    """The steps in the order of their numbers; raises ``PlanError`` where there is none."""
    paths = sorted(Path(folder).glob("[0-9]*.ipynb"))
    if not paths:
        raise PlanError(
            f"no numbered notebook in {folder}; the steps are files like 1_gather_data.ipynb"
        )
    return [Step(int(path.stem.split("_")[0]), path.stem, path, _defaults(path)) for path in paths]


def settle(steps: list[Step], given: dict) -> dict:
    """Values of the named parameters, read as their defaults are typed; raises ``PlanError`` on an
    unknown name.

    ``given`` maps name to text (from a command line) or to a value.
    """
    known = {name: value for step in steps for name, value in step.defaults.items() if name != OWN}
    if unknown := [name for name in given if name not in known]:
        raise PlanError(
            f"parameter {', '.join(map(repr, unknown))} is not known"
            f"{nearest(unknown[0], known, repr)}; known are: {', '.join(sorted(known))}"
        )
    return {name: _typed(name, value, known[name]) for name, value in given.items()}


def parameters_of(step: Step, settled: dict) -> dict:
    """The settled parameters that this step has."""
    return {name: value for name, value in settled.items() if name in step.defaults}


def _defaults(path):
    sys.modules.setdefault("rfc3987_syntax", None)  # 2 s of every start, only to check links
    import papermill

    return {
        p["name"]: ast.literal_eval(p["default"])
        for p in papermill.inspect_notebook(str(path)).values()
    }


def _typed(name, value, default):
    kind = type(default)
    try:
        if kind is bool and isinstance(value, str):
            return {"true": True, "false": False}[value.lower()]
        return kind(value) if default is not None else value
    except (KeyError, TypeError, ValueError):
        raise PlanError(
            f"parameter {name}: {value!r} is not a {kind.__name__}; its default is {default!r}"
        ) from None
