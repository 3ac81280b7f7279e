"""A developer's tool: do plans still come out the same after a change that should not move a
number?

    python -m tests.golden keep DIR [case …]      the tables of every case, as this code makes them
    python -m tests.golden compare DIR [case …]   what differs from the tables kept there; exit 1 if
    anything

Steps run in this process, without kernels and pages, so that the cases take seconds: the sample's
two cycles (the second after a release, with judgments and a scenario), the real trading company
before and after its break, and a company of 500 items, which ``keep`` writes into DIR and later
runs find there.
"""

import json
import sys
import tempfile
import time
import warnings
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd

from sopkit.ledger import Ledger
from sopkit.pack import build_pack
from sopkit.pack.steps import parameters_of
from sopkit.panels import write_board
from sopkit.plan import Plan
from tests.company import without_past, write_company
from tests.company.signing import signed_release

ROOT = Path(__file__).parents[1]
JIT = ROOT.parent / "shared" / "real" / "jit"
CLOSE = 1e-9  # of the largest value of the column
CASES = {
    "sample": (None, ("2026-10", "2026-11")),
    "jit": (JIT, ("2017-10", "2018-01")),
    "company": (None, ("2026-11",)),
}
JUDGMENTS = {
    "overrides": [
        {
            "item": "P-100",
            "bucket": "2027-01-01",
            "kind": "units",
            "value": 50,
            "reason": "customer",
        },
        {
            "family": "Valves",
            "bucket": "2026-12-01",
            "kind": "percent",
            "value": -5,
            "reason": "market",
        },
    ],
    "decisions": [{"text": "Second shift?", "options": "yes; no", "owner": "Grace"}],
    "assumptions": [{"text": "Steel", "condition": "no delivery for a month", "result": "held"}],
    "scenarios": [{"scenario": "boom", "driver": "demand", "value": "+10 %"}],
}


def tables_of(case: str, kept: Path) -> dict:
    """Every plan table of a case: "month/table", scenarios as "month/scenario/table"."""
    data, months = CASES[case]
    leave_out_kernels_and_pages()
    with tempfile.TemporaryDirectory() as scratch:
        packs = Path(scratch) / "packs"
        data = data or kept / "company-data"
        if case == "sample":
            data = without_past(Path(scratch) / "data")
        for month in months:
            scenarios = []
            if month == "2026-11" and case == "sample":
                signed_release(packs, "2026-10")
                for table, rows in JUDGMENTS.items():
                    Ledger(packs / "ledger.db").append(table, rows, by="Ada", cycle=month)
                scenarios = ["boom"]
            build_pack(month, data, packs, scenarios=scenarios)
        found = [*packs.glob("*/tables/*.parquet"), *packs.glob("*/scenarios/*/tables/*.parquet")]
        named = {p.relative_to(packs).with_suffix("").as_posix(): p for p in found}
        return {name.replace("/tables/", "/"): pd.read_parquet(p) for name, p in named.items()}


def differences(old: pd.DataFrame, new: pd.DataFrame) -> list[str]:
    """What differs, a line a column; numbers may differ by 1e-9 of the column's largest."""
    if list(old.columns) != list(new.columns):
        return [f"columns {list(old.columns)} are now {list(new.columns)}"]
    if len(old) != len(new):
        return [f"{len(old)} rows are now {len(new)}"]
    found = []
    for name in old.columns.drop("entered_at", errors="ignore"):
        before, after = old[name], new[name]
        if pd.api.types.is_float_dtype(before):
            a, b = before.to_numpy(), after.to_numpy()
            gap = np.where(np.isnan(a) & np.isnan(b), 0, np.abs(a - b))
            wrong = ~(gap <= CLOSE * max(1.0, np.nanmax(np.abs(a), initial=0.0)))
        else:
            wrong = ~((before == after) | (before.isna() & after.isna())).to_numpy()
        if wrong.any():
            at = int(np.argmax(np.where(wrong, gap, -1) if before.dtype == float else wrong))
            where = " ".join(str(value)[:40] for value in old.iloc[at, :4])
            found.append(
                f"{name}: {wrong.sum()} of {len(old)} cells, e.g. {where}: {before[at]!r} →"
                f" {after[at]!r}"
            )
    return found


def main(verb, folder, *cases):
    """Keeps or compares; returns the exit status."""
    kept, wrong = Path(folder).resolve(), 0
    for case in cases or CASES:
        if case == "company" and not (kept / "company-data").exists():
            _write_company(kept / "company-data")
        made = tables_of(case, kept)
        if verb == "keep":
            for name, frame in made.items():
                path = kept / case / f"{name}.parquet"
                path.parent.mkdir(parents=True, exist_ok=True)
                frame.to_parquet(path)
            continue
        before = {
            path.relative_to(kept / case).with_suffix("").as_posix(): path
            for path in (kept / case).rglob("*.parquet")
        }
        print(
            f"{case}: {len(made)} tables",
            *(f"+ {name}" for name in sorted(set(made) - set(before))),
            sep="\n  ",
        )
        for name, path in sorted(before.items()):
            lines = differences(pd.read_parquet(path), made[name]) if name in made else ["is gone"]
            wrong += bool(lines)
            for line in lines:
                print(f"  {name}: {line}")
    return wrong > 0


def _write_company(folder):
    write_company(folder, items=500)


def leave_out_kernels_and_pages(put=setattr, board=False):
    """From now on packs are built by running the steps' code in this process, undrawn but for the
    ``board`` if it is asked for; ``put`` is how a function is replaced.
    """
    building, releasing = (sys.modules[f"sopkit.pack.{name}"] for name in ("build", "release"))
    nobody = SimpleNamespace(submit=lambda *drawing: None)
    put(building, "run_step", _run_here)
    put(building, "dress", _draw_board if board else lambda *finished: {})
    put(building, "warm_up", lambda: None)
    put(building, "drawers", lambda number: nullcontext(nobody))
    put(building, "start_kernel", lambda *run: None)
    put(building, "stop_kernel", lambda kernel: None)
    if not board:
        put(releasing, "write_page", lambda *page: None)


def _draw_board(folder, *pages):
    write_board(Plan(folder), folder)
    return {}


def _run_here(step, folder, settled, kernel=None):
    """Seconds taken by the step's code cells in this process; what they draw is thrown away."""
    started = time.perf_counter()
    room = step.defaults | parameters_of(step, settled) | {"pack": str(folder)}
    for cell in json.loads(step.path.read_text())["cells"]:
        if cell["cell_type"] != "code" or "parameters" in cell["metadata"].get("tags", []):
            continue
        exec(compile("".join(cell["source"]), step.name, "exec"), room)  # noqa: S102 our own notebooks
    return time.perf_counter() - started


if __name__ == "__main__":
    import matplotlib

    matplotlib.use("agg")
    warnings.simplefilter("ignore")
    sys.exit(main(*sys.argv[1:]))
