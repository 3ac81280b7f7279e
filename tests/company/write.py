"""Writing a sample company into a folder: CSV, settings and the truth beside them."""

import json
import shutil
from pathlib import Path

import pandas as pd

from sopkit.sample.templates import refuse_filled, write_texts
from sopkit.tables import INPUTS
from tests.company.company import company

DECIMALS = {
    "money": 2,
    "money/unit": 2,
    "money/unit/bucket": 4,
    "money/hour": 2,
    "hours/unit": 3,
    "fraction": 4,
}
TRUTH = "truth.json"
DATA = Path(__file__).parents[2] / "data"


def write_company(
    folder, items: int = 60, seed: int = 2026, months: int = 48, end: str = "2026-10"
) -> list[Path]:
    """Write the sample company into ``folder`` and return its files: one CSV per input table,
    settings.toml, truth.json.

    The same seed writes the same bytes. Raises ``PlanError`` where the folder holds tables that are
    no sample of ours.
    """
    folder = Path(folder)
    _refuse_foreign(folder)
    made = company(items, seed, months, end)
    folder.mkdir(parents=True, exist_ok=True)
    texts = {f"{name}.csv": csv_text(name, frame) for name, frame in made.tables.items()}
    texts |= {"settings.toml": made.settings, TRUTH: truth_text(made.truth)}
    return write_texts(folder, texts)


def without_past(folder) -> Path:
    """The sample's facts in a new ``folder`` without its earlier cycles and ledger: a company that
    begins.
    """
    past = shutil.ignore_patterns("earlier")
    return shutil.copytree(DATA, folder, ignore=past, copy_function=shutil.copyfile)


def csv_text(name: str, frame: pd.DataFrame) -> str:
    """The table as CSV: plain decimals rounded by unit, ISO dates, line feeds; of one site."""
    shown = frame.drop(columns="site", errors="ignore")
    for column in INPUTS[name].columns:
        if column.kind == "number":
            values = shown[column.name].round(
                DECIMALS.get(column.unit, 0 if column.unit == "units" else 2)
            )
            whole = (values.dropna() % 1 == 0).all()
            shown[column.name] = values.astype("Int64") if whole else values
    return shown.to_csv(index=False, lineterminator="\n", date_format="%Y-%m-%d")


def truth_text(truth: dict) -> str:
    """The truth as JSON, one record a line so that a difference can be read."""
    parts = []
    for key, value in truth.items():
        rows = isinstance(value, list) and value
        inner = (
            "[\n" + ",\n".join("  " + _json(row) for row in value) + "\n]" if rows else _json(value)
        )
        parts.append(f"{_json(key)}: {inner}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _json(value):
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _refuse_foreign(folder):
    if not (folder / TRUTH).exists():
        refuse_filled(folder)
