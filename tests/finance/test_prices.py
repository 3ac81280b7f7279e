import numpy as np
import pandas as pd
import pytest

from sopkit import finance
from sopkit.finance import item_prices
from sopkit.metrics import Book, exceptions
from sopkit.tables import INPUTS
from tests.metrics.test_identities import plan_table

MONTHS = pd.to_datetime(["2026-11-01", "2026-12-01"]).as_unit("us")
ITEMS = pd.DataFrame(
    {"item": ["A", "B", "C"], "family": ["F", "F", None], "price": [10.0, np.nan, np.nan]}
)


def prices(items, demand_plan, settings=None, **tables):
    given = {"items": items, "demand_plan": demand_plan} | tables
    return finance.prices(Book(given, settings=settings))


def plan(item="A", consensus=(3.0, 1.0)):
    """Two markets over two months: N and S."""
    return pd.DataFrame(
        {
            "item": item,
            "market": ["N", "N", "S", "S"],
            "bucket": [*MONTHS, *MONTHS],
            "consensus": np.repeat(consensus, 2),
        }
    )


EVERY = pd.concat([plan(item) for item in "ABC"])


def of(table, item, bucket=0, market="N"):
    here = (table["item"] == item) & (table["bucket"] == MONTHS[bucket])
    return table[here & (table["market"] == market)].iloc[0]


def usual(demand_plan, **columns):
    """The item's price in the first month over its markets."""
    table = prices(ITEMS, demand_plan, events=event(item="A", **columns))
    return item_prices(table, demand_plan).iloc[0]["price"]


def event(**columns):
    return pd.DataFrame(
        [
            {
                "event": "sale",
                "starts_on": pd.Timestamp("2026-11-01"),
                "ends_on": pd.Timestamp("2026-11-30"),
                "price": 8.0,
            }
            | columns
        ]
    )


@pytest.fixture
def sales():
    return pd.DataFrame(
        {
            "item": ["A", "B", "B", "B", "B"],
            "market": "N",
            "bucket": pd.to_datetime(
                ["2026-10-01", "2025-11-01", "2026-10-01", "2025-10-01", "2026-09-01"]
            ),
            "quantity": [10.0, 10, 30, 1000, 5],
            "revenue": [97.0, 40, 240, 99, np.nan],
        }
    )


def test_list_price_then_realised_then_none(sales):
    table = prices(ITEMS, EVERY, sales_history=sales)
    assert of(table, "A")[["price", "source"]].tolist() == [10.0, "list"]
    assert of(table, "B")[["price", "source"]].tolist() == [
        7.0,
        "realised",
    ], "280 ÷ 40 over the last 12 buckets, rows without revenue left out"
    assert of(table, "C")[["price", "source"]].tolist() == [0.0, "none"]
    assert len(table) == 12 and not table.duplicated(["item", "market", "bucket"]).any()


def test_realised_where_the_settings_say_so(sales):
    assert (
        of(prices(ITEMS, EVERY, sales_history=sales, settings={"price": "realised"}), "A")["price"]
        == 9.7
    )
    assert of(prices(ITEMS, EVERY, settings={"price": "realised"}), "A")[
        ["price", "source"]
    ].tolist() == [10.0, "list"]


def test_older_sales_serve_where_the_last_year_sold_nothing(sales):
    old = sales[sales["bucket"] == pd.Timestamp("2025-10-01")]
    assert of(prices(ITEMS, EVERY, sales_history=old), "B")["price"] == pytest.approx(0.099)


def test_an_event_over_the_whole_bucket_and_all_markets_is_the_price():
    table = prices(ITEMS, EVERY, events=event(item="A"))
    assert of(table, "A")[["price", "source"]].tolist() == [8.0, "event"]
    assert of(table, "A", 1)["price"] == 10.0 and of(table, "B")["source"] == "none"


def test_part_of_the_days_and_of_the_markets():
    half = event(item="A", ends_on=pd.Timestamp("2026-11-15"))
    assert of(prices(ITEMS, plan(), events=half), "A")["price"] == pytest.approx(9.0)
    north = prices(ITEMS, plan(), events=event(item="A", market="N"))
    assert of(north, "A")["price"] == 8.0
    assert of(north, "A", market="S")[["price", "source"]].tolist() == [10.0, "list"]
    assert usual(plan(), market="N") == pytest.approx(10 - 2 * 0.75), "N has 3 of 4 units"
    assert usual(plan(consensus=(0.0, 0.0)), market="N") == pytest.approx(9.0), (
        "no consensus: markets count alike"
    )


def test_an_item_without_demand_has_its_price():
    table = prices(ITEMS, plan("B"))
    assert of(table, "A", market="(none)")["price"] == 10.0 and of(table, "B")["price"] == 0.0
    assert len(item_prices(table, plan("B"))) == 6


def test_scopes_family_everything_and_no_price():
    assert of(prices(ITEMS, EVERY, events=event(family="F")), "B")["price"] == 8.0
    assert of(prices(ITEMS, EVERY, events=event(family="F")), "C")["price"] == 0.0
    assert of(prices(ITEMS, EVERY, events=event()), "C")["price"] == 8.0
    assert (prices(ITEMS, EVERY, events=event(price=np.nan))["source"] != "event").all()
    assert (prices(ITEMS, EVERY, events=INPUTS["events"].empty())["source"] != "event").all()


def test_overlapping_events_share_the_bucket():
    two = pd.concat([event(item="A", price=8.0), event(item="A", price=6.0)])
    assert of(prices(ITEMS, plan(), events=two), "A")["price"] == pytest.approx(7.0)


def sold(quantity, revenue, month="2026-10-01"):
    rows = {"item": "A", "market": "N", "bucket": pd.Timestamp(month)}
    return pd.DataFrame([rows | {"quantity": quantity, "revenue": revenue}])


@pytest.mark.parametrize(
    "revenue, settings, price, source",
    [
        (100 * 9.6, {}, 10.0, "list"),  # 4 % apart
        (100 * 7.0, {}, 7.0, "realised"),
        (100 * 13.0, {}, 13.0, "realised"),
        (100 * 7.0, {"thresholds": {"price_difference": 0.5}}, 10.0, "list"),
        (100 * 9.6, {"price": "realised"}, 9.6, "realised"),
    ],
)
def test_a_list_price_that_the_last_year_did_not_bring_gives_way(revenue, settings, price, source):
    table = prices(ITEMS, EVERY, settings, sales_history=sold(100.0, revenue))
    found = of(table, "A")
    assert (found["price"], found["source"]) == (pytest.approx(price), source)


def test_older_sales_do_not_beat_a_list_price():
    table = prices(ITEMS, EVERY, sales_history=sold(100.0, 700.0, "2024-10-01"))
    assert of(table, "A")["source"] == "list"


def test_the_difference_is_an_exception_in_money():
    tables = {"items": ITEMS, "sales_history": sold(100.0, 700.0)}
    tables["demand_plan"] = plan_table("demand_plan", **EVERY.to_dict("list"))
    book = Book(tables, first=MONTHS[0])
    book = book.also(prices=finance.prices(book))
    rows = exceptions.table(2, book).query("rule == 'price_difference'")
    assert rows["name"].tolist() == ["A"] and rows["money"].tolist() == [3.0 * (3 + 3 + 1 + 1)]
    assert "10.00" in rows["reason"].iloc[0] and "7.00" in rows["reason"].iloc[0]


def test_a_price_moves_with_the_planned_rate_of_its_market():
    buckets = pd.to_datetime(["2026-11-01", "2026-12-01"])
    plan = pd.DataFrame({"item": "A", "market": ["Home"] * 2 + ["US"] * 2, "consensus": 5.0})
    plan["bucket"] = [*buckets, *buckets]
    rates = {"currency": "USD", "bucket": pd.to_datetime(["2020-01-01", "2026-12-01"])}
    book = Book(
        {
            "items": pd.DataFrame({"item": ["A"], "price": [10.0]}),
            "demand_plan": plan,
            "markets": pd.DataFrame({"market": ["US"], "currency": ["USD"]}),
            "exchange_rates": pd.DataFrame(rates | {"rate": [0.8, 1.0]}),
        }
    )
    assert finance.prices(book)["price"].tolist() == pytest.approx([10.0, 10.0, 10.0, 12.5])
