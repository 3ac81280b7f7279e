import numpy as np
import pandas as pd

from sopkit.demand.consensus import seasonal_naive
from sopkit.grid import grid_of


def _history(calendar, demand, first, flag=""):
    return pd.DataFrame(
        {
            "item": "A",
            "market": "N",
            "bucket": calendar.range(first, len(demand)),
            "demand": np.asarray(demand, dtype=float),
            "flag": flag,
        }
    )


def _naive(history, buckets, calendar):
    return seasonal_naive(grid_of(history, buckets, None, calendar), history).ravel().tolist()


def test_the_last_year_repeats(calendar):
    history = _history(calendar, range(24), "2024-11-01")
    assert _naive(history, calendar.range("2026-11-01", 14), calendar) == [*range(12, 24), 12, 13]


def test_a_young_series_repeats_its_last_demand(calendar):
    history = _history(calendar, [3, 4, 5], "2026-08-01")
    assert _naive(history, calendar.range("2026-11-01", 2), calendar) == [
        5,
        5,
    ]


def test_estimates_are_no_history_and_a_series_that_ends_early_goes_on_by_its_season(calendar):
    history = pd.concat(
        [
            _history(calendar, range(24), "2024-10-01"),
            _history(calendar, [99], "2026-10-01", "estimate"),
        ]
    )
    assert _naive(history, calendar.range("2026-11-01", 12), calendar) == [*range(13, 24), 12]


def test_nothing_comes_of_nothing(calendar):
    nothing = _history(calendar, [], "2026-10-01")
    assert _naive(nothing, calendar.range("2026-11-01", 2), calendar) == []
