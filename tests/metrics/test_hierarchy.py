"""Parts of a book by what its items and markets belong to beside their family."""

import pandas as pd

from sopkit.metrics import Book

FIRST = pd.Timestamp("2026-11-01")


def book(**columns):
    items = {"item": [*"ABC"], "family": ["F", "F", "G"], "brand": ["x", "y", "x"]}
    cells = {"item": [*"ABC"] * 2, "market": ["N"] * 3 + ["S"] * 3, "bucket": FIRST}
    plan = pd.DataFrame(cells | {"consensus": [1.0, 2.0, 4.0, 8.0, 16.0, 32.0]})
    money = pd.DataFrame({"family": ["F", "G"], "bucket": FIRST, "revenue": [1.0, 2.0]})
    given = {"items": pd.DataFrame(items | columns), "demand_plan": plan, "financial_plan": money}
    given["markets"] = pd.DataFrame({"market": ["N"], "group": ["DACH"]})
    settings = {"hierarchy": {"items": ["brand", *columns], "markets": ["group"]}}
    return Book(given, first=FIRST, settings=settings)


def test_the_book_of_a_member_has_the_rows_of_its_items_and_no_money_by_family():
    mine = book().of_family("brand: x")
    assert mine.items["item"].tolist() == ["A", "C"]
    assert mine.demand_plan["consensus"].sum() == 45 and mine.financial_plan.empty
    assert book().of_family("F").financial_plan["revenue"].sum() == 1
    assert book().of_family("brand: gone").demand_plan.empty


def test_rows_are_of_a_family_and_of_a_market_or_of_a_member():
    known, plan = book(), book().demand_plan
    told = {
        ("family", "brand: x"): 45.0,
        ("family", "F"): 27.0,
        ("market", "group: DACH"): 7.0,
        ("market", "group: –"): 56.0,
        ("market", "S"): 56.0,
        ("market", "group: no"): 0.0,
    }
    for (cell, name), total in told.items():
        assert plan["consensus"][known.inside(plan, cell, name)].sum() == total, name
    assert known.known("family") == {"F", "G", "brand: x", "brand: y", "brand: –"}
    assert known.known("market") == {"group: DACH", "group: –"}


def test_a_family_called_like_a_member_comes_first():
    known = book()
    known.also(items=known.items.assign(family=["brand: x", "F", "G"]))
    assert known.items["item"][known.inside(known.items, "family", "brand: x")].tolist() == ["A"]


def test_the_home_market_of_an_item_may_be_a_member_beside_its_sales_by_market():
    known = book(market=["N", "S", None])
    apart = known.of_markets()
    assert sorted(apart.pairs["code"]) == sorted(f"{i}\t{m}" for i in "ABC" for m in "NS")
    assert len(apart.items) == 6 and apart.family["A\tS"] == "F"
    assert known.members["family: market"].to_dict() == {
        "A": "market: N",
        "B": "market: S",
        "C": "market: –",
    }
