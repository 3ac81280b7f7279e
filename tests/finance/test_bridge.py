"""Bridges are exact, independent of the order, and say what was really moved."""

from functools import cache
from itertools import permutations

import numpy as np
import pandas as pd
import pytest

from sopkit import Plan
from sopkit.finance import bridge, budget_cells, plan_cells, since_last, to_actual, to_budget
from sopkit.finance.bridge import EFFECTS
from sopkit.metrics import Book
from sopkit.scenarios import replan, strategy

MONTHS = pd.date_range("2026-11-01", periods=3, freq="MS")


def cells(seed, items=4):
    random = np.random.default_rng(seed)
    keys = pd.MultiIndex.from_product(
        [[f"I{n}" for n in range(items)], MONTHS], names=["item", "bucket"]
    )
    frame = keys.to_frame(index=False)
    frame["family"] = np.where(frame["item"] < "I2", "F", "G")
    frame["units"] = random.uniform(0, 100, len(frame)).round()
    frame["people"] = random.uniform(-5, 20, len(frame)).round()
    frame["supply"] = random.uniform(-9, 0, len(frame)).round()
    frame["price"], frame["cost"] = random.uniform(5, 20, (2, len(frame))).round(2)
    frame["period"] = random.uniform(0, 9, len(frame)).round(2)
    return frame


def margin(frame):
    shipped = frame["units"] + frame["people"] + frame["supply"]
    return (shipped * (frame["price"] - frame["cost"]) - frame["period"]).sum()


def by_driver(before, after):
    return bridge(before, after).groupby("effect")["money"].sum()


@pytest.mark.parametrize("seed", range(20))
def test_the_drivers_add_up_to_the_cent(seed):
    before, after = cells(seed), cells(seed + 100, items=3 + seed % 3)
    moved = bridge(before, after)
    assert moved["money"].sum() == pytest.approx(margin(after) - margin(before), abs=1e-6)
    assert set(moved["effect"]) == {*EFFECTS}
    back = by_driver(after, before)
    assert (-back).to_numpy() == pytest.approx(by_driver(before, after).to_numpy(), abs=1e-6)


def test_it_is_the_mean_over_all_orders_of_the_drivers():
    """Worked out again by walking all 720 orders, on two items of one month."""
    now = {"volume": 30.0, "share": 1 / 3, "people": 2.0, "supply": -1.0, "price": 9.0, "cost": 4.0}
    then = {"volume": 40.0, "share": 1 / 4, "people": 5.0, "supply": 0.0, "price": 8.0, "cost": 5.0}

    def frame(f):
        units = np.array([f["share"], 1 - f["share"]]) * f["volume"]
        rows = {"units": units, "people": [f["people"], 0], "supply": [f["supply"], 0]}
        rows |= {"price": [f["price"], 10.0], "cost": [f["cost"], 1.0], "period": 0.0}
        return pd.DataFrame(rows).assign(family="F", item=["A", "B"], bucket=MONTHS[0])

    # In money of the mean price, as the bridge measures volume.
    worth = np.array([(now["price"] + then["price"]) / 2, 10.0])

    @cache
    def state(moved):
        sides = {True: frame(then), False: frame(now)}
        volume = {new: (side["units"] * worth).sum() for new, side in sides.items()}
        mix = {new: side["units"] / volume[new] for new, side in sides.items()}
        rows = frame(now).assign(units=volume["volume" in moved] * mix["mix" in moved])
        for name in ("people", "supply", "price", "cost"):
            rows[name] = sides[name in moved][name]
        return margin(rows)

    names, sums = [*EFFECTS], dict.fromkeys(EFFECTS, 0.0)
    orders = list(permutations(names))
    for order in orders:
        for at, name in enumerate(order):
            sums[name] += state(frozenset(order[: at + 1])) - state(frozenset(order[:at]))
    expected = {name: total / len(orders) for name, total in sums.items()}
    found = by_driver(frame(now), frame(then))
    assert {name: found[name] for name in names} == pytest.approx(expected)


@pytest.mark.parametrize("effect", ["people", "supply", "price", "cost"])
def test_what_alone_moves_gets_it_all(effect):
    before = cells(1)
    after = before.assign(**{effect: before[effect] * 1.1 + 1})
    moved = by_driver(before, after)
    assert moved[effect] == pytest.approx(margin(after) - margin(before))
    assert moved.drop(effect).to_numpy() == pytest.approx(0, abs=1e-9)


def test_more_of_everything_is_volume_and_other_shares_are_mix():
    before = cells(1)
    more = by_driver(before, before.assign(units=before["units"] * 1.2))
    assert more.drop("volume").to_numpy() == pytest.approx(0, abs=1e-9) and more["volume"] != 0
    one = before[before["bucket"] == MONTHS[0]].assign(price=10.0)
    swapped = one.assign(units=one["units"].to_numpy()[::-1])
    assert by_driver(one, swapped)["volume"] == pytest.approx(0, abs=1e-9)


def test_what_has_no_price_still_adds_up():
    before = cells(3).assign(price=0.0)
    after = before.assign(units=before["units"] * 2)
    assert bridge(before, after)["money"].sum() == pytest.approx(margin(after) - margin(before))
    back = cells(4).assign(units=lambda rows: rows["units"] * ([1.0, -1.0] * 6))
    assert bridge(back, after)["money"].sum() == pytest.approx(margin(after) - margin(back))


def test_a_budget_by_family_meets_a_plan_by_item(packs):
    plan = Plan(packs / "2026-11")
    book, money = plan.book(), plan.read("financial_plan")
    budgeted = money[money["budget_margin"].notna()]
    both = sorted(set(budgeted["bucket"]))
    moved = bridge(budget_cells(book, both), plan_cells(book, both))
    planned = money[money["bucket"].isin(both)]
    gap = planned["margin"].sum() - budgeted["budget_margin"].sum()
    assert moved["money"].sum() == pytest.approx(gap, abs=0.005)
    assert set(moved["family"]) == set(money["family"])


def test_a_scenario_to_the_base(packs):
    plan = Plan(packs / "2026-11")
    base, other = plan.book(), replan(plan, strategy("level"))
    moved = bridge(plan_cells(base), plan_cells(other))
    gap = other.financial_plan["margin"].sum() - base.financial_plan["margin"].sum()
    assert moved["money"].sum() == pytest.approx(gap, abs=0.005)
    assert moved.query("effect in ('people', 'price')")["money"].abs().max() < 1e-6


def test_since_last_cycle_and_to_the_budget(packs):
    from sopkit.charts import View
    from sopkit.pages import money as pages

    plan = Plan(packs / "2026-11")
    book, now, then = plan.book(), plan.read("financial_plan"), plan.last.read("financial_plan")
    both = set(book.year) & set(then["bucket"])
    moved = [side.loc[side["bucket"].isin(both), "margin"].sum() for side in (then, now)]
    assert since_last(book)["money"].sum() == pytest.approx(moved[1] - moved[0], abs=0.005)
    told = now[now["bucket"].isin(book.year) & now["budget_margin"].notna()]["bucket"].unique()
    rows = now[now["bucket"].isin(told)]
    gap = rows["margin"].sum() - rows["budget_margin"].sum()
    assert to_budget(book)["money"].sum() == pytest.approx(gap, abs=0.005)
    shown = pages.budget_bridge(book, View(book)).text
    assert f"{gap / 1e3:+,.0f}".replace("-", "−") in shown and "prices" in shown


def test_from_the_released_plan_to_what_was_invoiced(packs):
    """October as the release of October planned it, beside October's sales at their own prices, and
    what was shipped in it of what is made to order.
    """
    plan = Plan(packs / "2026-11")
    book, of_month = plan.book(), lambda rows: rows[rows["bucket"] == pd.Timestamp("2026-10-01")]
    then = of_month(plan.last.read("financial_plan"))
    planned = (then["revenue"] - then["cost_of_sales"]).sum()
    facts = plan.facts
    sold, items = of_month(facts.sales_history), facts.items.set_index("item")
    stocked = sold[sold["item"].map(items["strategy"]) == "stock"]
    came = stocked["revenue"].fillna(stocked["quantity"] * stocked["item"].map(items["price"]))
    came = came.sum() - (stocked["quantity"] * stocked["item"].map(book.cost)).sum()
    lines, year = facts.orders, facts.sales_history.query("bucket >= '2025-11-01'")
    lines = lines[lines["shipped_on"].between("2026-10-01", "2026-10-31")]
    lines = lines[lines["item"].map(items["strategy"]) == "order"]
    year = year.groupby("item")[["revenue", "quantity"]].sum()
    brings = lines["item"].map(year["revenue"] / year["quantity"]) - lines["item"].map(book.cost)
    came += (brings * lines["shipped_quantity"].fillna(lines["quantity"])).sum()
    moved = to_actual(book).groupby("effect")["money"].sum()
    assert moved.sum() == pytest.approx(came - planned, abs=0.005)
    assert moved["volume"] != 0 and moved["price"] != 0


def test_without_a_release_or_a_budget_there_is_nothing_to_bridge():
    book = Book({"items": pd.DataFrame({"item": ["A"]})}, first="2026-11-01")
    assert since_last(book).empty and to_budget(book).empty and to_actual(book).empty
