import numpy as np
import pandas as pd
import pytest

from sopkit.buckets import Calendar
from sopkit.grid import attribute, fold, grid_of
from sopkit.metrics import Book


@pytest.fixture
def calendar():
    return Calendar("month")


@pytest.fixture
def items():
    return pd.DataFrame({"item": ["A", "B", "C"], "family": ["F", "F", "G"]})


def _grid(calendar, items):
    pairs = pd.DataFrame({"item": ["B", "A", "A", "C", "C"], "market": ["N", "N", "S", None, None]})
    return grid_of(pairs, calendar.range("2026-11-01", 3), Book({"items": items}).members, calendar)


def test_series_are_distinct_sorted_and_know_their_family(calendar, items):
    grid = _grid(calendar, items)
    assert grid.series.values.tolist() == [
        ["A", "N", "F"],
        ["A", "S", "F"],
        ["B", "N", "F"],
        ["C", "(none)", "G"],
    ]
    assert grid.shape == (4, 3)


def test_arrays_and_frames_are_each_others_inverse(calendar, items):
    grid = _grid(calendar, items)
    values = np.arange(12.0).reshape(4, 3)
    assert (grid.array(grid.frame(units=values), "units") == values).all()


def test_array_sums_shared_cells_and_leaves_out_strangers(calendar, items):
    grid = _grid(calendar, items)
    dates = pd.to_datetime(["2026-11-01", "2026-11-20", "2026-11-01", "2027-11-01"])
    rows = pd.DataFrame(
        {"item": ["A", "A", "X", "A"], "market": "N", "bucket": dates, "units": [2.0, 3, 7, 7]}
    )
    assert grid.array(rows, "units").sum() == 5 and grid.array(rows, "units")[0, 0] == 5


def test_gather_sums_every_scope_that_holds_a_series(calendar, items):
    grid = _grid(calendar, items)
    scopes = pd.DataFrame(
        {
            "item": ["A", "A", None, "", None, None],
            "family": [None, None, "F", "F", None, None],
            "market": ["N", "", "S", None, "N", np.nan],
        }
    )
    worth = np.array([[1.0], [10.0], [100.0], [1000.0], [10000.0], [100000.0]])
    assert grid.gather(scopes, worth).ravel().tolist() == [111011, 101110, 111000, 100000]


def test_levels_run_from_fine_to_coarse_and_name_no_stranger(calendar, items):
    grid = _grid(calendar, items)
    scopes = pd.DataFrame(
        {"item": [None, "A", "X"], "family": [None, None, None], "market": [None, "N", "N"]}
    )
    fine, coarse = list(grid.levels(scopes))
    assert fine.rows.tolist() == [1, 2] and sorted(fine.member >= 0) == [False] * 3 + [True]
    assert coarse.rows.tolist() == [0] and (coarse.member == 0).all()


def test_covered_counts_days_in_months_and_weeks(calendar, items):
    grid = _grid(calendar, items)
    share = grid.covered(pd.Series(["2026-11-16", "2026-01-01"]), pd.Series(["2027-01-31", None]))
    assert share.tolist() == [[0.5, 1, 1], [1, 1, 1]]
    weeks = grid_of(
        pd.DataFrame({"item": ["A"], "market": ["N"]}),
        Calendar("week").range("2026-11-02", 2),
        Book({"items": items}).members,
        Calendar("week"),
    )
    assert weeks.covered(pd.Series(["2026-11-08"]), pd.Series(["2026-11-09"])).round(
        6
    ).tolist() == [[0.142857, 0.142857]]


def test_fold_leaves_out_what_belongs_to_no_group():
    assert fold(np.array([[1.0], [2.0], [4.0]]), np.array([0, -1, 0]), 2).tolist() == [[5.0], [0.0]]


def test_sums_of_nothing_are_numbers_like_others():
    nothing = np.zeros((0, 2))
    assert fold(nothing, np.zeros(0, dtype=int), 3).dtype == float


def test_attribute_of_an_unknown_item_is_blank_and_so_is_its_family(items):
    assert attribute(items, "family", ["A", "X"]).fillna("?").tolist() == ["F", "?"]
    buckets, members = pd.to_datetime(["2026-11-01"]), Book({"items": items[:1]}).members
    grid = grid_of(items, buckets, members, Calendar("month"), ("item",))
    assert grid.series["family"].tolist() == ["F", "(none)", "(none)"]


def test_a_grid_of_items_hears_no_market_and_one_of_resources_no_family(calendar, items):
    buckets = calendar.range("2026-11-01", 2)
    by_item = grid_of(items, buckets, Book({"items": items}).members, calendar, ("item",))
    rows = pd.DataFrame({"item": ["B", "X"], "market": ["N", "S"], "bucket": buckets})
    assert by_item.find(rows["item"]).tolist() == [1, -1]
    assert by_item.array(rows, 2.0).tolist() == [[0, 0], [2, 0], [0, 0]]
    assert by_item.gather(rows, np.array([[5.0], [7.0]])).ravel().tolist() == [0, 5, 0]
    hours = pd.DataFrame({"resource": ["Saw", "Kiln"], "bucket": buckets, "hours": [8.0, 9.0]})
    by_resource = grid_of(hours, buckets, None, calendar, ("resource",))
    assert by_resource.array(hours, "hours").tolist() == [[0, 9], [8, 0]]
    assert by_resource.frame(hours=[[0, 9], [8, 0]]).columns.tolist() == [
        "resource",
        "bucket",
        "hours",
    ]


def test_a_family_beside_an_item_says_nothing_more(calendar, items):
    grid = _grid(calendar, items)
    both = pd.DataFrame({"item": ["A", None], "family": ["F", "G"], "market": ["N", None]})
    assert grid.holds(both).tolist() == [[True, False, False, False], [False] * 3 + [True]]


def test_what_has_more_members_is_the_finer_level_and_a_stranger_holds_nothing(calendar):
    items = {"item": [*"ABCD"], "family": "F", "brand": ["x", "x", "y", "F"], "part": [*"1234"]}
    columns = {"hierarchy": {"items": ["brand", "part"], "markets": ["group"]}}
    book = Book(
        {"items": pd.DataFrame(items), "markets": pd.DataFrame({"market": ["N"], "group": "G"})},
        settings=columns,
    )
    pairs = pd.DataFrame({"item": [*"ABCD"] * 2, "market": ["N"] * 4 + ["S"] * 4})
    buckets = calendar.range("2026-11-01", 1)
    grid = grid_of(pairs, buckets, book.members, calendar)
    named = ["", "F", "brand: x", "part: 3", "brand: F", "part: 9", "brand: y"]
    rows = pd.DataFrame({"family": named, "market": ["", "", "group: G", "", "S", "", "group: –"]})
    levels = [rows["family"][level.rows].tolist() for level in grid.levels(rows)]
    assert levels == [["part: 3"], ["brand: F"], ["brand: x", "brand: y"], ["F", "part: 9"], [""]]
    assert grid.holds(rows).sum(axis=1).tolist() == [8, 8, 2, 2, 1, 0, 1]
    assert grid.only([0, 5]).holds(rows).sum(axis=1).tolist() == [2, 2, 1, 1, 0, 0, 1]
    assert "family: brand" in grid.per_item()[0].series
