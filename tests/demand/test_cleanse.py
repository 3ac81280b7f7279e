import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sopkit.buckets import Calendar
from sopkit.demand import cleanse, history_issues, with_estimates
from sopkit.demand.cleanse import Findings, _common
from sopkit.metrics import Book

ROOT = Path(__file__).parents[2]
JIT = ROOT.parent / "shared" / "real" / "jit"


@pytest.fixture
def sales(calendar):
    """Sales of each series over the 36 months before November 2026: level 100 with noise, changed
    at given places.
    """

    def make(changes=None, series=("A N",), level=100, months=36, seed=5):
        rng, rows = np.random.default_rng(seed), []
        for name in series:
            quantity = rng.poisson(level, months).astype(float)
            for at, value in (changes or {}).items():
                quantity[at] = value
            rows.append(
                pd.DataFrame(
                    {
                        "item": name.split()[0],
                        "market": name.split()[1],
                        "bucket": calendar.range(calendar.shift("2026-11-01", -months), months),
                        "quantity": quantity,
                    }
                )
            )
        return pd.concat(rows, ignore_index=True)

    return make


@pytest.fixture
def clean(calendar, items):
    def make(frame, *, items=items, history_basis="orders", **tables):
        given = {"sales_history": frame, "items": items, **tables}
        settings = {"history_basis": history_basis}
        return cleanse(Book(given, first="2026-11-01", calendar=calendar, settings=settings))

    return make


def test_absent_rows_are_zero_from_the_first_sale_to_the_plan(clean, table):
    history = clean(
        table(
            {"item": "A", "market": "N", "bucket": "2026-06-01", "quantity": 4.0},
            {"item": "B", "market": "N", "bucket": "2026-09-17", "quantity": 1.0},
            {"item": "B", "market": "N", "bucket": "2026-09-20", "quantity": 2.0},
            {"item": "A", "market": "N", "bucket": "2026-10-01", "quantity": 0.0},
            {"item": "A", "market": "N", "bucket": "2026-11-01", "quantity": 99.0},
        )
    )
    assert history.groupby("item")["quantity"].apply(list).to_dict() == {
        "A": [4, 0, 0, 0, 0],
        "B": [3, 0],
    }
    assert history["demand"].equals(history["quantity"]) and (history["flag"] == "").all()


def test_the_last_complete_bucket_ends_history(clean, sales, table):
    history = clean(sales().query("bucket <= '2026-09-01'"))
    assert f"{history['bucket'].max():%Y-%m}" == "2026-09"
    estimate = table({"item": "A", "market": "N", "bucket": "2026-10-01", "baseline": 101.0})
    last = with_estimates(history, estimate).iloc[-1]
    assert np.isnan(last["quantity"]) and last["demand"] == 101 and last["flag"] == "estimate"


def test_a_retired_item_ends_with_its_retirement_or_its_last_sale(clean, table):
    items = pd.DataFrame(
        {
            "item": ["A", "B"],
            "family": "F",
            "retired_on": pd.to_datetime(["2026-08-15", "2026-06-30"]),
        }
    )
    rows = [
        {"item": item, "market": "N", "bucket": bucket, "quantity": 5.0}
        for item in "AB"
        for bucket in ("2026-05-01", "2026-07-01")
    ]
    rows.append({"item": "C", "market": "N", "bucket": "2026-10-01", "quantity": 5.0})
    history = clean(table(*rows), items=items)
    assert history.groupby("item")["bucket"].max().dt.strftime("%m").to_dict() == {
        "A": "08",
        "B": "07",
        "C": "10",
    }


def test_returns_are_netted_and_said(clean, sales):
    row = clean(sales({20: -7})).query("flag == 'returns'").iloc[0]
    assert (row["quantity"], row["demand"]) == (-7, 0) and "7" in row["reason"]


def test_an_isolated_spike_and_an_isolated_hole_are_outliers_with_numbers(clean, sales):
    history = clean(sales({15: 900, 24: 0}))
    found = history[history["flag"] == "outlier"]
    assert found["quantity"].tolist() == [900, 0] and found["demand"].between(80, 120).all()
    assert "sold 900 where neighbours and season suggest about" in found["reason"].iloc[0]
    assert history.loc[history["flag"] == "", "demand"].equals(
        history.loc[history["flag"] == "", "quantity"]
    )


def test_one_huge_value_in_a_short_series(clean, sales):
    history = clean(sales({2: 5000}, months=7))
    assert (
        history["flag"].tolist() == ["", "", "outlier", "", "", "", ""]
        and history["demand"].max() < 130
    )


def test_a_new_level_is_no_outlier(clean, sales):
    changes = {at: 20 for at in range(30, 36)}
    history = clean(sales(changes))
    assert (history["demand"] == history["quantity"]).all()


@pytest.mark.parametrize("at", [34, 35])
def test_a_fall_at_the_end_is_shown_and_not_changed(clean, sales, at):
    row = clean(sales({at: 3})).iloc[at]
    assert row["flag"] == "unusual" and row["demand"] == 3


def test_what_happens_to_everybody_is_no_outlier(clean, sales):
    series = [f"{item} {market}" for item in "ABC" for market in "NSW"]
    history = clean(sales({20: 900}, series))
    assert (history["demand"] == history["quantity"]).all() and (
        history["flag"] == "unusual"
    ).sum() == 9


def test_a_known_promotion_is_no_outlier_and_a_holiday_does_not_excuse_a_spike(clean, sales, table):
    event = {"event": "E", "item": "A", "starts_on": "2025-02-01", "ends_on": "2025-02-28"}
    spike = sales({15: 900})
    assert (
        clean(spike, events=table(event | {"kind": "promotion", "uplift": 1.0}))["flag"] == ""
    ).all()
    assert (
        clean(spike, events=table(event | {"kind": "holiday", "uplift": -0.2}))["flag"] == "outlier"
    ).sum() == 1


def test_intermittent_spikes_are_normal_and_a_giant_is_not(clean, calendar, table):
    quantity = [0, 0, 5, 0, 0, 40, 0, 3, 0, 0, 0, 12, 0, 0, 6, 0, 0, 0, 22, 0, 0, 4, 0, 0]
    rows = pd.DataFrame(
        {
            "item": "A",
            "market": "N",
            "bucket": calendar.range("2024-11-01", 24),
            "quantity": np.array(quantity, dtype=float),
        }
    )
    assert (clean(rows)["flag"] == "").all()
    rows.loc[5, "quantity"] = 4000.0
    assert clean(rows).query("flag == 'outlier'")["demand"].tolist() == [6.0]


def _stock(calendar, empty, months=36, days=None):
    frame = pd.DataFrame(
        {
            "item": "A",
            "bucket": calendar.range(calendar.shift("2026-11-01", -months), months),
            "on_hand": 50.0,
        }
    )
    frame.loc[empty, "on_hand"] = 0.0
    return (
        frame
        if days is None
        else frame.assign(stocked_out=[days if at in empty else 0.0 for at in range(months)])
    )


def test_days_without_stock_are_made_good_to_what_was_expected(clean, sales, calendar):
    history = clean(
        sales({20: 40}),
        inventory_history=_stock(calendar, [20], days=18.0),
        history_basis="shipments",
    )
    row = history.query("flag == 'stocked out'").iloc[0]
    assert (
        90 < row["demand"] <= 110
        and row["quantity"] == 40
        and "18 days without stock and sold 40" in row["reason"]
    )


def test_few_days_do_not_make_good_a_deep_fall(clean, sales, calendar):
    row = clean(sales({20: 10}), inventory_history=_stock(calendar, [20], days=3.0)).iloc[20]
    assert row["demand"] == pytest.approx(10 + 100 * 3 / 31, abs=1.5)


def test_a_count_of_zero_without_a_fall_in_sales_is_no_evidence(clean, sales, calendar):
    history = clean(sales(), inventory_history=_stock(calendar, [10, 20]))
    assert (history["flag"] == "").all()


def test_stock_that_is_often_zero_is_no_evidence(clean, sales, calendar):
    history = clean(
        sales({20: 60}), inventory_history=_stock(calendar, list(range(0, 36, 3)) + [20])
    )
    assert "stocked out" not in history["flag"].tolist()


def test_what_is_added_is_shared_by_the_markets_that_fell_short(clean, sales, calendar):
    frame = sales({20: 30}, ("A N",))
    both = pd.concat([frame, sales({}, ("A S",), seed=6)])
    history = clean(both, inventory_history=_stock(calendar, [20], days=20.0))
    added = (history["demand"] - history["quantity"]).groupby(history["market"]).sum()
    assert added["N"] > 50 and added["S"] < 0.2 * added["N"]


def test_a_bucket_without_a_row_of_anybody_is_a_hole(clean, sales):
    series = [f"{item} {market}" for item in "ABC" for market in "NS"]
    frame = sales({}, series)
    history = clean(frame[frame["bucket"] != "2025-03-01"])
    found = history[history["flag"] == "missing"]
    assert (
        len(found) == 6
        and found["demand"].between(80, 120).all()
        and (found["quantity"] == 0).all()
    )


def test_nothing_to_clean(clean, sales):
    assert clean(sales().iloc[:0]).empty
    assert history_issues(clean(sales().iloc[:0])).empty


def test_weeks_are_cleansed_too():
    weeks = Calendar("week")
    quantity = np.random.default_rng(2).poisson(60, 80).astype(float)
    quantity[30] = 700
    sales = pd.DataFrame(
        {"item": "A", "market": "N", "bucket": weeks.range("2025-01-06", 80), "quantity": quantity}
    )
    history = cleanse(Book({"sales_history": sales}, first="2026-07-20", calendar=weeks))
    assert len(history) == 80 and history.query("flag == 'outlier'")["quantity"].tolist() == [700]


def test_no_market_and_no_family(clean, sales):
    history = clean(sales().drop(columns="market"), items=pd.DataFrame({"item": ["A"]}))
    assert history["market"].unique().tolist() == ["(none)"]


def test_issues_count_what_was_found(clean, sales):
    issues = history_issues(clean(sales({15: 900, 20: -7, 35: 3})))
    assert dict(zip(issues["rule"], issues["value"])) == {
        "outlier": "1",
        "returns": "1",
        "unusual": "1",
    }


@pytest.fixture(scope="module")
def sample():
    from sopkit.sources import read_facts

    if not (ROOT / "data" / "truth.json").exists():
        pytest.skip("data/ holds no sample")
    facts = read_facts(ROOT / "data", "2026-11")
    history = cleanse(
        Book(facts.tables, first=facts.first, calendar=facts.calendar, settings=facts.settings)
    )
    return history.set_index(["item", "market", "bucket"]), json.loads(
        (ROOT / "data" / "truth.json").read_text()
    )


def _planted(truth, *names):
    rows = pd.concat([pd.DataFrame(truth[name]) for name in names])
    return rows.assign(bucket=pd.to_datetime(rows["bucket"])).set_index(
        ["item", "market", "bucket"]
    )


@pytest.mark.parametrize(
    "flag, names, recall, precision",
    [
        ("outlier", ["outliers", "unit_slips"], 0.75, 0.85),
        ("stocked out", ["stock_outs"], 0.85, 0.95),
        ("returns", ["returns"], 1, 1),
    ],
)
def test_what_was_planted_in_the_sample_is_found(sample, flag, names, recall, precision):
    history, truth = sample
    planted, found = _planted(truth, *names), history.index[history["flag"] == flag]
    assert (
        planted.index.isin(found).mean() >= recall and found.isin(planted.index).mean() >= precision
    )


def test_cleansing_brings_the_sample_nearer_to_its_true_demand(sample):
    history, truth = sample
    planted = _planted(truth, "outliers", "stock_outs")
    before, after = (
        (planted["demand"] - planted["sold"]).abs().sum(),
        (planted["demand"] - history["demand"].reindex(planted.index)).abs().sum(),
    )
    assert after < 0.3 * before


@pytest.mark.skipif(not JIT.exists(), reason="the real company is not here")
@pytest.mark.parametrize("month", ["2017-10-01", "2018-01-01"])
def test_a_real_company_is_changed_little(calendar, month):
    sales, stock = (
        pd.read_csv(JIT / f"{name}.csv", parse_dates=["bucket"])
        for name in ("sales_history", "inventory_history")
    )
    items = pd.read_csv(JIT / "items.csv")
    stock = stock[stock["bucket"] < month]
    given = {"sales_history": sales, "items": items, "inventory_history": stock}
    history = cleanse(Book(given, first=month, calendar=calendar))
    sold = sales.loc[sales["bucket"] < month, "quantity"].sum()
    assert history["quantity"].sum() == sold and 0.95 < history["demand"].sum() / sold < 1.02
    assert history["flag"].isin(["outlier", "stocked out"]).mean() < 0.01


def test_the_first_flag_of_a_cell_stands():
    none = np.full((1, 2), "", dtype=object)
    one = Findings(None, none == "", np.zeros((1, 2)), none, none).note(
        np.array([[True, False]]), np.ones((1, 2)), "a", lambda s, t: "why a"
    )
    two = one.note(np.array([[True, True]]), np.full((1, 2), 2.0), "b", lambda s, t: "why b")
    assert (
        two.flag.tolist() == [["a", "b"]]
        and two.demand.tolist() == [[1, 2]]
        and two.reason.tolist() == [["why a", "why b"]]
    )


def test_common_is_a_share_of_the_living_and_at_least_three():
    score = np.zeros((10, 3))
    score[:3, 0], score[:2, 1], score[:5, 2] = 9, 9, [9, 9, -9, -9, 0]
    live = np.ones(score.shape, dtype=bool)
    assert _common(score, live).sum(axis=0).tolist() == [3, 0, 0]


@pytest.mark.parametrize("stock", [False, True])
def test_the_first_buckets_after_a_launch_are_a_ramp(clean, sales, items, calendar, stock):
    ramp = {at: 1 for at in range(8)} | {8: 12, 9: 30, 10: 45, 11: 60, 12: 80}  # samples before
    launched = items.assign(launched_on=pd.Timestamp("2024-07-10"))
    more = {"inventory_history": _stock(calendar, [8, 9], days=20.0)} if stock else {}
    history = clean(sales(ramp | {24: 900}), items=launched, **more)
    assert history["flag"].tolist() == [""] * 24 + ["outlier"] + [""] * 11
    late = clean(sales({30: 3}), items=launched)
    assert late["flag"][30] == "outlier"  # a fall long after the launch is one
