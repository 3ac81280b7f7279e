"""Small hand-made companies for the demand room."""

import numpy as np
import pandas as pd
import pytest

from sopkit.buckets import Calendar
from sopkit.demand import consensus
from sopkit.metrics import Book


@pytest.fixture
def calendar():
    return Calendar("month")


@pytest.fixture
def items():
    return pd.DataFrame({"item": ["A", "B", "C"], "family": ["F", "F", "G"]})


@pytest.fixture
def table():
    """Rows as a table, dates parsed."""

    def make(*rows):
        frame = pd.DataFrame(list(rows))
        for name in frame.columns.intersection(
            [
                "bucket",
                "starts_on",
                "ends_on",
                "launched_on",
                "ordered_on",
                "requested_on",
                "promised_on",
                "shipped_on",
                "expires_on",
                "retired_on",
            ]
        ):
            frame[name] = pd.to_datetime(frame[name])
        return frame

    return make


@pytest.fixture
def level(calendar):
    """A flat baseline: ``level({"A N": 100}, months=2)``."""

    def make(levels, months=1, first="2026-11-01"):
        buckets = calendar.range(first, months)
        rows = [
            {
                "item": name.split()[0],
                "market": name.split()[1],
                "bucket": bucket,
                "baseline": float(value),
            }
            for name, value in levels.items()
            for bucket in buckets
        ]
        return pd.DataFrame(rows, columns=["item", "market", "bucket", "baseline"])

    return make


@pytest.fixture
def plan(calendar, items):
    """The consensus of a baseline, and a look at one column as {"A N": [per bucket]}."""

    def make(
        baseline,
        *,
        items=items,
        months=None,
        rule="midpoint",
        correct_bias=False,
        demand_fence=1,
        consume_backward=0,
        consume_forward=0,
        **tables,
    ):
        buckets = calendar.range("2026-11-01", months or baseline["bucket"].nunique())
        given = {"baseline_forecast": baseline, "items": items, **tables}
        said = {"rule": rule, "correct_bias": correct_bias}
        settings = {"sales_inputs": said, "demand_fence": demand_fence}
        settings |= {"consume_backward": consume_backward, "consume_forward": consume_forward}
        first = buckets[0] if len(buckets) else None
        return consensus(Book(given, first=first, calendar=calendar, settings=settings), buckets)

    return make


@pytest.fixture
def look():
    def make(frame, column="consensus"):
        keys = frame["item"] + " " + frame["market"]
        return {
            key: np.round(values.to_numpy(), 9).tolist()
            for key, values in frame.groupby(keys)[column]
        }

    return make
