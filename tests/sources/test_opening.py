"""The opening stock: which count and which backlog the plan starts from."""

import pandas as pd
import pytest

from sopkit.sources import opening_stock, read_facts
from tests.sources.company import COMPANY, MONTH, small, write

ORDERS = (
    "order,line,item,ordered_on,requested_on,promised_on,shipped_on,quantity,shipped_quantity\n"
    "1,1,P1,2026-10-01,2026-11-05,2026-10-12,,8,\n"  # promised in October: overdue
    "1,2,P1,2026-10-01,2026-10-20,2026-11-20,,3,1\n"  # promised in November, asked for in October
    "2,1,P1,2026-10-01,,,2026-10-05,5,\n"  # shipped
    "3,1,P2,2026-10-01,,,,4,9\n"  # nothing left to ship
    "4,1,004,2026-10-05,2026-12-05,2026-12-05,,7,2\n"
)  # made to order: booked is backlog


def opened(folder, month=MONTH):
    return opening_stock(read_facts(folder, month)).set_index("item")


@pytest.mark.parametrize(
    "now, past, expected",
    [
        (
            "P1,30,2026-10-31",
            "P1,2026-10-01,31",
            (30, "2026-10-31", "inventory"),
        ),  # same day: the count itself
        ("P1,30,2026-10-20", "P1,2026-10-01,31", (31, "2026-10-31", "inventory_history")),
        ("P1,30,", "P1,2026-10-01,31", (30, "2026-10-31", "inventory")),
        (
            "P1,30,2026-11-05",
            "P1,2026-10-01,31",
            (31, "2026-10-31", "inventory_history"),
        ),  # the eve's own count is nearer
        ("P1,30,2026-11-05", "P1,2026-08-01,31", (30, "2026-11-05", "inventory")),
        (
            "P1,30,2026-11-06",
            "P1,2026-08-01,31",
            (31, "2026-08-31", "inventory_history"),
        ),  # more than 5 days into the plan
        ("P1,30,2026-11-06", "P2,2026-08-01,31", (0, None, "none")),
    ],
)
def test_which_count_opens_the_plan(now, past, expected, tmp_path):
    folder = small(
        tmp_path / "data",
        inventory=f"item,on_hand,as_of\n{now}\n",
        inventory_history=f"item,bucket,on_hand\n{past}\n",
    )
    row = opened(folder).loc["P1"]
    assert row["on_hand"] == expected[0] and row["source"] == expected[2]
    assert row["as_of"] == pd.Timestamp(expected[1]) if expected[1] else pd.isna(row["as_of"])


@pytest.mark.parametrize("basis, overdue", [("promised", 8), ("requested", 2)])
def test_backlog_is_what_is_overdue_and_for_order_items_everything_open(basis, overdue, tmp_path):
    backlog = opened(
        small(tmp_path / "data", orders=ORDERS, settings=f'on_time_basis = "{basis}"')
    )["backlog"]
    assert backlog.to_dict() == {"P1": overdue, "P2": 0, "004": 5}


def test_a_counted_backlog_beats_open_orders(tmp_path):
    inventory = "item,on_hand,backlog,as_of\nP1,1,50,\n004,0,,\n"
    assert opened(small(tmp_path / "data", orders=ORDERS, inventory=inventory))[
        "backlog"
    ].to_dict() == {"P1": 50, "P2": 0, "004": 5}


def test_without_any_count_the_plan_opens_with_nothing(tmp_path):
    folder = write(tmp_path / "data", inventory=None, inventory_history=None)
    assert read_facts(folder, MONTH).issues.query("rule == 'no stock count'")[
        ["table", "row"]
    ].values.tolist() == [["inventory", 0]]
    opening = opened(folder)
    assert (
        (opening["on_hand"] == 0).all()
        and (opening["source"] == "none").all()
        and len(opening) == 3
    )


def test_an_old_count_says_by_how_much_it_may_be_off(tmp_path):
    folder = write(
        tmp_path / "data",
        inventory="item,on_hand,as_of\nP1,30,2026-08-31\n",
        inventory_history=None,
    )
    facts = read_facts(folder, MONTH)
    sold = facts.sales_history.query("item == 'P1' and '2026-09-01' <= bucket < '2026-11-01'")
    (said,) = facts.issues.query("rule == 'stale count'")["problem"]
    units = sold["quantity"].sum()
    assert said == (
        f"counted on 2026-08-31; since then {units:g} units were sold and 98 made: it may be off by"
        f" {98 - units:+g} units and by what was bought"
    )
    assert opening_stock(facts).set_index("item").loc["P1", "on_hand"] == 30


def test_items_made_to_order_need_no_count(tmp_path):
    facts = read_facts(
        write(tmp_path / "data", inventory="item,on_hand\nP1,3\n", inventory_history=None), MONTH
    )
    assert facts.issues.query("rule == 'no stock count'")["value"].tolist() == ["P2"]


def test_the_replayed_past_opens_with_its_own_count(tmp_path):
    opening = opened(write(tmp_path / "data"), "2026-10")
    assert opening.loc["P1", ["on_hand", "source"]].tolist() == [25, "inventory_history"]
    assert opening.loc["P2", "source"] == "none" and COMPANY["inventory"].count("2026-10-31") == 3
