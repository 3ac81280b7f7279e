"""Bridges: what moves the margin between two plans, exact and whatever the order of the effects."""

from itertools import combinations
from math import comb

import numpy as np
import pandas as pd

from sopkit.finance.plan import COMPANY, KEY
from sopkit.metrics.scopes import per_item, revenue

EFFECTS = ("volume", "mix", "people", "supply", "price", "cost")
CELL = ["family", "item", "bucket"]
PEOPLE = ["sales_input", "override"]  # stages of the demand plan that people said


def bridge(before, after) -> pd.DataFrame:
    """effect, family, money: what each effect adds to the margin of ``before`` on the way to
    ``after``, two frames of ``plan_cells`` or ``budget_cells`` over the same buckets.

    *volume*: more of everything, in the same mix; *mix*: other shares of it; *people*: units that
    sales inputs and overrides add (a scenario's demand is one); *supply*: units shipped beyond or
    short of demand; *price*; *cost*: standard cost, and the costs of the period. Each is the
    effect's Shapley value: the mean of what it adds over all orders in which the effects could have
    come, so the sum is exact and no order is chosen. A family whose one side is unknown by item is
    compared as a whole.

    Source: Shapley (1953), A value for n-person games; Shorrocks (2013), decomposition procedures.

    >>> cell = {"family": "F", "item": "A", "bucket": pd.Timestamp("2026-11-01"), "people": 0.0,
    ...         "supply": 0.0, "cost": 4.0, "period": 0.0}
    >>> before, after = (pd.DataFrame([cell | more]) for more in (
    ...     {"units": 10.0, "price": 9.0}, {"units": 12.0, "price": 10.0}))
    >>> rows = bridge(before, after).groupby("effect")["money"].sum()
    >>> rows[["volume", "price"]].round(6).tolist()
    [11.0, 11.0]
    """
    whole = {*before.loc[before["item"] == "", "family"]} ^ {
        *after.loc[after["item"] == "", "family"]
    }
    sides = [_folded(frame, whole).set_index(CELL) for frame in (before, after)]
    index = sides[0].index.union(sides[1].index)
    old, new = (side.reindex(index) for side in sides)
    for name in (
        "price",
        "cost",
    ):  # what one side does not sell costs and brings what it does there
        old[name], new[name] = old[name].fillna(new[name]), new[name].fillna(old[name])
    old, new = old.fillna(0.0), new.fillna(0.0)
    worth, bucket = (old["price"] + new["price"]).to_numpy() / 2, index.codes[2]
    facts = [_facts(side, worth, bucket) for side in (old, new)]
    for mine, other in (facts, facts[::-1]):
        mine["mix"] = np.where(mine["volume"] == 0, other["mix"], mine["mix"])
    moved = _shapley(lambda chosen: _margin({d: facts[d in chosen][d] for d in EFFECTS}))
    # What volume in money cannot tell, as where nothing has a price, is volume all the same.
    gone = [_earned(side) for side in (new, old)]
    moved["volume"] = moved["volume"] + gone[0] - gone[1] - sum(moved.values())
    table = pd.DataFrame(moved, index=index.get_level_values("family"))
    table = table.groupby(level=0, dropna=False).sum()
    table = table.rename_axis("family").reset_index()
    return table.melt("family", var_name="effect", value_name="money")[
        ["effect", "family", "money"]
    ]


def plan_cells(book, buckets=None) -> pd.DataFrame:
    """family, item, bucket of a plan: units of demand without people, units of ``people``, of
    ``supply`` (shipments − demand), ``price`` and ``cost`` of a unit, and the costs of the
    ``period``; its margin is that of the financial plan, to the cent.
    """
    money = book.financial_plan.set_index(KEY)
    said = book.demand_plan.assign(people=lambda plan: plan[PEOPLE].sum(axis=1))
    said = said.groupby(["item", "bucket"], as_index=False)["people"].sum()
    cells = book.by_family(book.priced(book.supply_plan)).merge(said, how="left")
    cells = cells.fillna({"people": 0.0})
    cells["units"] = cells["demand"] - cells["people"]
    cells["supply"] = cells["shipments"] - cells["demand"]
    cells["cost"] = per_item(cells, book.cost)
    for name, column in (("price", "revenue"), ("cost", "cost_of_sales")):
        got = (
            (cells["shipments"] * cells[name]).groupby([cells[key] for key in KEY]).transform("sum")
        )
        kept = money[column].reindex(pd.MultiIndex.from_frame(cells[KEY])).to_numpy()
        cells[name] *= np.where(got > 0, kept / got.where(got > 0), 1.0)
    period = money["period_costs"].rename("period").reset_index().assign(item=COMPANY)
    return _within(pd.concat([cells, period], ignore_index=True), buckets)


def budget_cells(book, buckets=None) -> pd.DataFrame:
    """The budget in the form of ``plan_cells``, by family: its item is blank, price and cost are
    the budget's means. A family that is budgeted in money only stands with its margin alone, as a
    negative cost of the period.
    """
    rows = book.budget.dropna(subset=["margin"])
    units = rows["quantity"].where(rows["quantity"] > 0)
    rows = rows.assign(item="", people=0.0, supply=0.0, units=units.fillna(0.0))
    rows["price"] = rows["revenue"] / units
    rows["cost"] = rows["price"] - rows["margin"] / units
    rows["period"] = -rows["margin"].where(rows["cost"].isna(), 0.0)
    rows.loc[rows["cost"].isna(), "units"] = 0.0
    return _within(rows, buckets)


def actual_cells(book, buckets=None) -> pd.DataFrame:
    """What was invoiced in the form of ``plan_cells``: its margin is revenue less standard cost,
    before the costs of the period.
    """
    sold = book.invoiced
    sold = sold.assign(revenue=revenue(book, sold))
    rows = book.by_family(sold).groupby(CELL, as_index=False)[["quantity", "revenue"]].sum()
    rows = rows.rename(columns={"quantity": "units"}).assign(people=0.0, supply=0.0, period=0.0)
    rows["price"] = rows["revenue"] / rows["units"].where(rows["units"] != 0)
    return _within(rows.assign(cost=per_item(rows, book.cost)), buckets)


def since_last(book) -> pd.DataFrame:
    """The ``bridge`` from last cycle's release to this plan, over the buckets of the next year that
    both plan; without a row where nothing was released.
    """
    shared = book.year.intersection(book.last_financial_plan["bucket"])
    return _bridged(shared, lambda: plan_cells(book.of_last(), shared), book)


def to_actual(book) -> pd.DataFrame:
    """The ``bridge`` from last cycle's release to what was sold, over the buckets that it planned
    and that have passed, before the costs of the period; without a row where none has.
    """
    shared = pd.DatetimeIndex(book.last_financial_plan["bucket"].unique())
    shared = shared.intersection(book.sales_history["bucket"])
    shared = shared[shared < book.first] if len(shared) else shared
    planned = lambda: plan_cells(book.of_last(), shared).assign(period=0.0)
    return _bridged(shared, planned, book, actual_cells)


def to_budget(book) -> pd.DataFrame:
    """The ``bridge`` from the budget to the plan, over the planned buckets of the next year that
    any family has a budget of; without a row where there is none.
    """
    shared = book.year.intersection(book.budget.dropna(subset=["margin"])["bucket"])
    return _bridged(shared, lambda: budget_cells(book, shared), book)


def _bridged(shared, before, book, after=plan_cells):
    if shared.empty:
        return pd.DataFrame({"effect": [], "family": [], "money": []})
    return bridge(before(), after(book, shared))


def _within(rows, buckets):
    rows = rows[[*CELL, "units", "people", "supply", "price", "cost", "period"]]
    return rows if buckets is None else rows[rows["bucket"].isin(buckets)]


def _folded(rows, families):
    """The rows with one for each bucket of these families: units and money added up."""
    fold = rows["family"].isin(families)
    sums = rows[fold].fillna(0.0)
    shipped = sums[["units", "people", "supply"]].sum(axis=1)
    sums = sums.assign(
        item="",
        shipped=shipped,
        **{name: sums[name] * shipped for name in ("price", "cost")},
    )
    sums = sums.groupby(CELL, as_index=False).sum()
    for name in ("price", "cost"):
        sums[name] = sums[name] / sums["shipped"].where(sums["shipped"] != 0)
    return pd.concat([rows[~fold], sums.drop(columns="shipped")], ignore_index=True)


def _facts(side, worth, bucket):
    """What each effect holds on one side; volume is in money of a mean price, so that unlike units
    are never added.
    """
    value = side["units"].to_numpy() * worth
    volume = np.bincount(bucket, value)[bucket]
    with np.errstate(divide="ignore", invalid="ignore"):
        mix = np.where(volume == 0, 0.0, side["units"].to_numpy() / volume)
    held = {name: side[name].to_numpy() for name in ("people", "supply", "price")}
    return held | {"volume": volume, "mix": mix, "cost": side[["cost", "period"]].to_numpy()}


def _earned(side):
    """Money of each cell of one side."""
    units = side["units"] + side["people"] + side["supply"]
    return (units * (side["price"] - side["cost"]) - side["period"]).to_numpy()


def _margin(f):
    """Money of each cell."""
    units = f["volume"] * f["mix"] + f["people"] + f["supply"]
    return units * (f["price"] - f["cost"][:, 0]) - f["cost"][:, 1]


def _shapley(value) -> dict:
    """What each effect adds on average over all orders; ``value`` of a set of moved effects."""
    known = {
        frozenset(chosen): value(chosen)
        for size in range(len(EFFECTS) + 1)
        for chosen in combinations(EFFECTS, size)
    }
    parts = {}
    for effect in EFFECTS:
        without = [chosen for chosen in known if effect not in chosen]
        parts[effect] = sum(
            (known[chosen | {effect}] - known[chosen])
            / (len(EFFECTS) * comb(len(EFFECTS) - 1, len(chosen)))
            for chosen in without
        )
    return parts
