import math

import numpy as np
import pandas as pd
import pytest

from sopkit import PlanError
from sopkit.metrics import (
    fill_rate,
    on_time_delivery,
    order_cycle_time,
    otif,
    perfect_order,
    shipped_before_ordered,
    short_by_market,
)
from tests.supply.cases import months

LINES = [  # order, line, item, ordered, requested, promised, shipped, quantity, shipped_quantity
    ("1", "1", "A", "01-01", "01-08", "01-10", "01-10", 10, 10),  # on time to the day
    ("1", "2", "B", "01-01", "01-08", "01-10", "01-12", 20, 20),  # two days late
    ("2", "1", "A", "01-02", "01-20", "01-20", "01-15", 30, 24),  # five days early, 6 short
    ("3", "1", "A", "01-03", "01-09", "01-31", None, 40, np.nan),  # late and still open
    ("4", "1", "B", "01-05", "01-09", "01-09", "01-02", 50, 50),  # shipped before it was ordered
    ("5", "1", "B", "01-06", None, None, "01-07", 5, np.nan),  # nobody promised a day
]


@pytest.fixture
def orders():
    frame = pd.DataFrame(
        LINES,
        columns=[
            "order",
            "line",
            "item",
            "ordered_on",
            "requested_on",
            "promised_on",
            "shipped_on",
            "quantity",
            "shipped_quantity",
        ],
    )
    dates = [name for name in frame if name.endswith("_on")]
    frame[dates] = frame[dates].apply(
        lambda days: pd.to_datetime("2026-" + days.astype("object").where(days.notna(), None))
    )
    return frame


def test_late_open_lines_stay_in_the_denominator(orders):
    on_time = on_time_delivery(orders)
    assert on_time == 2 / 4, "lines 1/1 and 2/1 of 1/1, 1/2, 2/1, 3/1"
    assert on_time.left_out == 1, "the line shipped before it was ordered is counted as left out"


def test_the_window_has_two_sides(orders):
    assert on_time_delivery(orders, late=2) == 3 / 4
    assert on_time_delivery(orders, early=4) == 1 / 4
    assert on_time_delivery(orders, early=5) == 2 / 4
    assert on_time_delivery(orders, early=0) == 1 / 4


def test_the_date_basis(orders):
    assert on_time_delivery(orders, basis="requested") == 1 / 4, (
        "only 2/1 met the day the customer asked for"
    )
    with pytest.raises(PlanError, match="promised, requested"):
        on_time_delivery(orders, basis="wished")


def test_counted_by_order_and_by_quantity(orders):
    assert on_time_delivery(orders, count="order") == 1 / 3, (
        "order 1 is late through its second line"
    )
    assert on_time_delivery(orders, count="quantity") == (10 + 24) / (10 + 20 + 30 + 40)
    with pytest.raises(PlanError, match="line, order, quantity"):
        on_time_delivery(orders, count="pallet")


def test_as_of_leaves_out_what_is_not_due_yet(orders):
    assert on_time_delivery(orders, as_of="2026-01-31") == 2 / 3
    assert on_time_delivery(orders, as_of="2026-02-01") == 2 / 4


def test_otif_wants_it_whole(orders):
    assert otif(orders, count="line") == 1 / 4
    assert otif(orders) == 0
    assert otif(orders, late=2) == 1 / 3


def test_fill_rate_is_units_at_the_first_try(orders):
    # 10 of A on time, 24 of 30, the undated 5; the late 20 and the open 40 were not filled at the
    # first try.
    assert fill_rate(orders) == pytest.approx((10 + 24 + 5) / (10 + 20 + 30 + 40 + 5))


def test_perfect_order_joins_every_test(orders):
    whole = orders[orders["order"].isin(["2", "3"])].assign(shipped_quantity=30.0)
    assert perfect_order(whole) == 1 / 2
    papers = pd.DataFrame(
        {"order": ["2", "3"], "undamaged": [True, True], "invoiced": [False, True]}
    )
    assert perfect_order(whole, passed=papers) == 0
    assert perfect_order(whole, passed=papers.assign(invoiced=True).iloc[1:]) == 0, (
        "an order nobody tested is not perfect"
    )


def test_cycle_time_gross_and_net(orders):
    gross = order_cycle_time(orders)  # days 9, 11, 13, 1
    assert (gross.median, gross.lines, gross.left_out) == (10.0, 4, 2)
    assert gross.p90 == pytest.approx(np.quantile([9, 11, 13, 1], 0.9))
    net = order_cycle_time(
        orders, net=True
    )  # beyond the requested day: 2, 4, 0 (early), and 1 where nothing was asked
    assert net.median == 1.5


def test_cycle_time_of_nothing_is_unknown(orders):
    empty = order_cycle_time(orders.iloc[:0])
    assert math.isnan(empty.median) and empty.lines == 0


def test_by_columns_gives_the_same_numbers_as_each_part_alone(orders):
    by = on_time_delivery(orders, by="item")
    alone = {item: float(on_time_delivery(part)) for item, part in orders.groupby("item")}
    assert by.to_dict() == alone
    times = order_cycle_time(orders, by=["item"])
    assert times["median"].to_dict() == {
        item: order_cycle_time(part).median for item, part in orders.groupby("item")
    }
    assert times["left_out"].to_dict() == {"A": 1, "B": 1}


def test_an_unknown_column_is_named(orders):
    for measure in (on_time_delivery, otif, fill_rate, order_cycle_time):
        with pytest.raises(PlanError, match="'plant'.*item"):
            measure(orders, by=["plant"])


def test_texts_are_dates_too_and_missing_columns_are_blank():
    lines = pd.DataFrame(
        {
            "order": ["1"],
            "line": ["1"],
            "quantity": [1],
            "ordered_on": ["2026-01-01"],
            "promised_on": ["2026-01-03"],
            "shipped_on": ["2026-01-03"],
        }
    )
    assert on_time_delivery(lines) == 1
    assert math.isnan(on_time_delivery(lines, basis="requested"))
    assert shipped_before_ordered(lines.assign(shipped_on="2025-12-31")).all()


def test_a_market_of_rank_is_served_before_the_others():
    plan = pd.DataFrame({"item": "A", "bucket": months(2), "late": [0.0, 5.0], "lost": [4.0, 0.0]})
    demand = pd.DataFrame(
        {
            "item": "A",
            "market": np.repeat(["east", "home", "west"], 2),
            "bucket": np.tile(months(2), 3),
            "consensus": [3.0, 3.0, 50.0, 50.0, 1.0, 1.0],
        }
    )
    short = short_by_market(plan, demand, {"home": 1, "west": 2})
    by_market = short.pivot(index="market", columns="bucket", values="short")
    assert by_market.to_numpy() == pytest.approx(np.array([[3.0, 6.0], [0.0, 1.0], [1.0, 2.0]]))
    even = short_by_market(plan, demand)
    assert (even["short"] / even["wanted"]).tolist() == pytest.approx([4 / 54, 9 / 108] * 3)
