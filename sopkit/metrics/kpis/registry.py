"""What a KPI is, and how its values become declared rows with their targets and status."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd

from sopkit.metrics.book import registry
from sopkit.metrics.stages import COMPANY
from sopkit.tables import PLANS

BY = ["scope", "bucket"]


class Kpi(NamedTuple):
    """A KPI: the function of a book (its docstring says what it means) that gives its values by
    scope and bucket, or by scope (then they stand at the step's bucket); the step that shows it,
    its unit in words, which way is better (higher, lower or zero), the table that feeds it.
    """

    of: Callable
    step: int
    unit: str
    better: str
    feed: str


KPIS, kpi = registry(Kpi)


def table(step, book) -> pd.DataFrame:
    """The step's rows of ``kpis``: every KPI for the company and each family, with its target and
    status; one without values says which table would feed it.

    >>> from sopkit.metrics import Book
    >>> decisions = pd.DataFrame({"chosen": ["", "build"]})
    >>> settings = {"targets": {"open_decisions": 3}}
    >>> book = Book({"decisions": decisions}, first="2026-11-01", settings=settings)
    >>> row = table(5, book).set_index("kpi").loc["open_decisions"]
    >>> float(row["actual"]), float(row["target"]), row["status"]
    (1.0, 3.0, 'ok')
    """
    rows = [_rows(name, kpi, book) for name, kpi in KPIS.items() if kpi.step == step]
    found = pd.concat([PLANS["kpis"].empty(), *rows], ignore_index=True)
    return PLANS["kpis"].conform(found.fillna({"bucket": book.at(step)}).assign(step=step))


def status(actual, target, kpi) -> np.ndarray:
    """ok, watch (missed by at most 2 points of a fraction, 10 % of any other unit) or miss; "no
    target" without one.

    >>> status([0.96, 0.94, 0.90], 0.95, KPIS["on_time_delivery"]).tolist()
    ['ok', 'watch', 'miss']
    """
    actual = np.asarray(actual, dtype="float64")
    if pd.isna(target):
        return np.full(actual.shape, "no target", dtype=object)
    short = {"higher": target - actual, "lower": actual - target, "zero": np.abs(actual) - target}
    slack, short = 0.02 if kpi.unit == "fraction" else 0.1 * abs(target), short[kpi.better]
    words = np.select([short <= 1e-12, short <= slack + 1e-12], ["ok", "watch"], "miss")
    return words.astype(object)


def _rows(name, kpi, book):
    target = book.settings["targets"].get(name)
    values = pd.Series(kpi.of(book), dtype="float64").dropna()
    rows = values.rename_axis(BY[: values.index.nlevels]).reset_index(name="actual")
    words = status(values, target, kpi)
    if rows.empty:
        rows = pd.DataFrame({"scope": [COMPANY], "actual": np.nan})
        words = f"no data: {kpi.feed.replace('_', ' ')} would tell"
    unit = kpi.unit.replace("bucket", book.calendar.size)
    return rows.assign(kpi=name, unit=unit, target=target, status=words)


def grouped(frame, function, by="scope"):
    """A Series of function(group) by scope (and bucket); None of an empty frame."""
    if len(frame):
        return pd.Series({key: function(group) for key, group in frame.groupby(by)})
