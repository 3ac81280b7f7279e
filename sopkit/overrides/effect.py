"""What a change of the plan would do to family, company and capacity."""

import pandas as pd

from sopkit.charts.words import clean, money, number, percent
from sopkit.metrics.forecast_errors import ratio


def worth(view, demand_plan: pd.DataFrame) -> pd.DataFrame:
    """The consensus in money that a change of an item is a share of: its family's and the
    company's, by item.
    """
    money = view.book.by_family(view.valued(demand_plan, ["consensus"]))
    family = money.groupby("family")["consensus"].transform("sum")
    shared = money[["item"]].assign(family=family, company=money["consensus"].sum())
    return shared.groupby("item").first()


def effect(change: pd.DataFrame, plan, view, planned) -> list[str]:
    """What a ``change`` (item, market, bucket, units) would do, in words: units, and money at the
    plan's prices; shares of what is ``planned`` (``worth``); the load of the fullest resource by
    rough cut, as if it were made when it falls due.
    """
    if change.empty:
        return ["nothing changed yet"]
    worth = view.price(change) @ change["units"]
    totals = planned.loc[change["item"].unique()]
    family, company = (ratio(worth, totals[name].unique()[0]) for name in ("family", "company"))
    return [
        f"{number(change['units'].sum(), sign=True)} units,"
        f" {money(worth, view.currency, sign=True)}",
        f"family {percent(family, sign=True)}" if totals["family"].nunique() == 1 else "families",
        f"company {percent(company, 2, sign=True)}",
        *_fullest(change, plan),
    ]


def so_far(value_added, person, reason) -> list[str]:
    """What a person's overrides brought to the plans released so far, a month ahead, and what those
    with the same reason did, in words; nothing where nothing can be graded.

    >>> rows = pd.DataFrame({"stage": "override", "lag": 1, "person": ["Ada", "Bob"],
    ...     "reason": ["price", "price"], "value_added": [0.004, -0.001]})
    >>> so_far(rows, "Ada", "price")
    ['Ada: error 0.40 points lower', 'price: error 0.30 points lower']
    """
    rows = value_added.query("stage == 'override' and lag == 1 and person != ''")
    words = []
    for name, column in ((person, "person"), (reason, "reason")):
        of = rows.loc[rows[column] == name, "value_added"]
        if name and len(of):
            points, way = number(100 * abs(of.sum()), 2), "lower" if of.sum() >= 0 else "higher"
            words.append(f"{clean(name)}: error {points} points {way}")
    return words


def _fullest(change, plan):
    """The resource and bucket whose load (share of regular hours) is highest after the change."""
    bill, capacity = plan.facts["bill_of_resources"], plan.read("capacity_plan")
    hours = bill.groupby(["item", "resource"], as_index=False)["hours_per_unit"].max()
    hours = change.merge(hours, on="item").eval("hours = units * hours_per_unit")
    hours = hours.groupby(["resource", "bucket"])["hours"].sum()
    rows = capacity.query("regular_capacity > 0")
    at = pd.MultiIndex.from_frame(rows[["resource", "bucket"]])
    added = hours.reindex(at, fill_value=0.0).set_axis(rows.index)
    before, after = (
        load / rows["regular_capacity"] for load in (rows["load"], rows["load"] + added)
    )
    after = after[added.abs() > 0]
    if after.empty:
        return []
    at = after.idxmax()
    way, where = "▲" if after[at] > before[at] else "▼", plan.calendar.name(rows["bucket"][at])
    now, then = percent(before[at]), percent(after[at])
    return [f"{rows['resource'][at]} {way} {then} in {where} (was {now})"]
