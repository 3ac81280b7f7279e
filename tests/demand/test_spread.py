import numpy as np
import pandas as pd
import pytest
from hypothesis import given as cases
from hypothesis import settings
from hypothesis import strategies as st

from sopkit.buckets import Calendar
from sopkit.demand.spread import settle, spread
from sopkit.grid import grid_of
from sopkit.metrics import Book

MONTH = Calendar("month").range("2026-11-01", 1)
ITEMS = pd.DataFrame({"item": ["A", "B", "C"], "family": ["F", "F", "G"]})


def _grid(names=("A N", "A S", "B N", "C N")):
    pairs = pd.DataFrame([name.split() for name in names], columns=["item", "market"])
    return grid_of(pairs, MONTH, Book({"items": ITEMS}).members, Calendar("month"))


def _cells(*rows):
    frame = pd.DataFrame(
        [
            {
                "item": None,
                "family": None,
                "market": None,
                "set_to": np.nan,
                "units": 0.0,
                "percent": 0.0,
            }
            | row
            for row in rows
        ]
    )
    return frame.assign(bucket=MONTH[0])


def _settle(before, *rows, weight=None):
    before = np.array(before, dtype=float)[:, None]
    settled = settle(
        _grid(),
        before,
        before if weight is None else np.array(weight, dtype=float)[:, None],
        _cells(*rows),
    )
    return (before + settled.units).ravel().round(9).tolist(), settled


def test_spread_respects_allowed_cells_and_groups():
    total = np.array([[12.0], [5.0]])
    parts = spread(
        total,
        np.array([[1.0], [3.0], [9.0]]),
        np.array([0, 0, 1]),
        np.array([[True], [True], [False]]),
    )
    assert parts.ravel().tolist() == [3.0, 9.0, 0.0]


def test_a_family_is_spread_by_weight_and_its_total_is_exact():
    assert _settle([60, 20, 20, 7], {"family": "F", "set_to": 150})[0] == [90, 30, 30, 7]


def test_equally_where_the_weights_are_nothing():
    assert _settle([0, 0, 0, 5], {"family": "F", "units": 30})[0] == [10, 10, 10, 5]


def test_a_finer_row_stands_and_the_rest_makes_the_total():
    assert _settle(
        [60, 20, 20, 7], {"item": "A", "market": "N", "set_to": 70}, {"family": "F", "set_to": 150}
    )[0] == [70, 40, 40, 7]


def test_the_order_of_rows_plays_no_part():
    rows = [
        {"item": "A", "set_to": 30},
        {"family": "F", "set_to": 100},
        {"set_to": 200},
        {"item": "A", "market": "S", "set_to": 5},
    ]
    first, last = _settle([60, 20, 20, 7], *rows)[0], _settle([60, 20, 20, 7], *rows[::-1])[0]
    assert first == last == [25, 5, 70, 100]


def test_where_all_cells_have_finer_rows_the_coarser_total_wins_and_it_shows():
    after, settled = _settle(
        [60, 20, 20, 7],
        {"item": "A", "set_to": 50},
        {"item": "B", "set_to": 50},
        {"family": "F", "set_to": 200},
    )
    assert sum(after[:3]) == pytest.approx(200) and settled.gave_way.ravel().tolist() == [
        True,
        True,
        True,
        False,
    ]


def test_no_cell_goes_below_zero_while_another_can_give():
    after, settled = _settle([10, 90, 0, 7], {"family": "F", "set_to": 50}, weight=[10, 0, 0, 7])
    assert after == [0, 50, 0, 7] and not settled.gave_way.any()


def test_finer_rows_give_way_only_when_the_rest_is_used_up():
    after, settled = _settle(
        [50, 0, 50, 7], {"item": "B", "set_to": 50}, {"family": "F", "set_to": 40}
    )
    assert after == [0, 0, 40, 7] and settled.gave_way.ravel().tolist() == [
        False,
        False,
        True,
        False,
    ]


def test_more_is_asked_back_than_there_is():
    after, _ = _settle([10, 10, 0, 7], {"item": "A", "units": -50})
    assert sum(after[:2]) == pytest.approx(-30)


_amount = st.floats(0, 1000).map(lambda x: round(x, 2))
_scope = st.sampled_from(
    [
        {"item": "A", "market": "N"},
        {"item": "A"},
        {"item": "B"},
        {"family": "F", "market": "N"},
        {"family": "F"},
        {"market": "N"},
        {},
    ]
)


@settings(max_examples=60, deadline=None)
@cases(
    st.lists(_amount, min_size=4, max_size=4),
    st.lists(_amount, min_size=4, max_size=4),
    _scope,
    _amount,
)
def test_every_set_to_is_met_exactly(before, weight, scope, target):
    after, _ = _settle(before, scope | {"set_to": target}, weight=weight)
    grid = _grid().series.assign(after=after)
    for name, value in scope.items():
        grid = grid[grid[name] == value]
    assert grid["after"].sum() == pytest.approx(target, abs=1e-6) and grid["after"].min() >= -1e-6


@settings(max_examples=60, deadline=None)
@cases(
    st.lists(_amount, min_size=4, max_size=4),
    st.lists(_scope, unique_by=str, min_size=2, max_size=4),
    st.lists(_amount, min_size=4, max_size=4),
)
def test_the_coarsest_total_is_exact_and_nothing_is_negative(before, scopes, targets):
    rows = [scope | {"set_to": target} for scope, target in zip(scopes, targets)]
    after, _ = _settle(before, *rows)
    assert min(after) >= -1e-6
    if {} in scopes:
        assert sum(after) == pytest.approx(targets[scopes.index({})], abs=1e-5)
