"""What a KPI is, and how its values become declared rows with their targets and status."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sopkit.metrics.scopes import COMPANY
from sopkit.tables import PLANS


@dataclass(frozen=True)
class Kpi:
    """A KPI: the step that shows it, its unit in words, which way is better (higher, lower or
    zero), its meaning, the tables that feed it, and the function of a book that gives its values by
    scope and bucket, or by scope (then they stand at the plan's first bucket).
    """

    step: int
    unit: str
    better: str
    doc: str
    feeds: tuple[str, ...]
    of: Callable


KPIS: dict[str, Kpi] = {}


def kpi(step, unit, better, doc, *feeds):
    """Registers a function of a book as the KPI of its name; ``doc`` is its docstring."""

    def register(function):
        function.__doc__ = doc
        KPIS[function.__name__] = Kpi(step, unit, better, doc, feeds, function)
        return function

    return register


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
    at = book.first if step > 1 else book.calendar.shift(book.first, -1)
    targets = book.settings["targets"]
    rows = [
        _rows(name, entry, entry.of(book), at, targets.get(name))
        for name, entry in KPIS.items()
        if entry.step == step
    ]
    return PLANS["kpis"].conform(pd.concat(rows, ignore_index=True).assign(step=step))


def status(actual, target, kpi) -> np.ndarray:
    """ok, watch (missed by at most 2 points of a fraction, 10 % of any other unit) or miss; "no
    target" without one.

    >>> status([0.96, 0.94, 0.90], 0.95, KPIS["on_time_delivery"]).tolist()
    ['ok', 'watch', 'miss']
    """
    actual = np.asarray(actual, dtype="float64")
    if target is None or np.isnan(target):
        return np.full(actual.shape, "no target", dtype=object)
    short = {"higher": target - actual, "lower": actual - target, "zero": np.abs(actual) - target}
    slack, short = 0.02 if kpi.unit == "fraction" else 0.1 * abs(target), short[kpi.better]
    words = np.select([short <= 1e-12, short <= slack + 1e-12], ["ok", "watch"], "miss")
    return words.astype(object)


def _rows(name, kpi, values, at, target):
    values = pd.Series(dtype="float64") if values is None else values.dropna()
    none = values.empty
    if none:
        values = pd.Series({COMPANY: np.nan})
    stamped = values.index.nlevels > 1
    return pd.DataFrame(
        {
            "kpi": name,
            "scope": values.index.get_level_values(0),
            "bucket": values.index.get_level_values(1) if stamped else at,
            "unit": kpi.unit,
            "actual": values.to_numpy(dtype="float64"),
            "target": np.nan if target is None else float(target),
            "status": "no data: would come from table " + ", ".join(kpi.feeds)
            if none
            else status(values, target, kpi),
        }
    )


def within(frame, buckets):
    """The rows of these buckets."""
    return frame[frame["bucket"].isin(buckets)]


def grouped(frame, function, keys=("scope",)):
    """A Series of function(group) by scope (and bucket); None of an empty frame."""
    if len(frame):
        names = list(keys) if len(keys) > 1 else keys[0]
        return pd.Series({key: function(group) for key, group in frame.groupby(names)})
