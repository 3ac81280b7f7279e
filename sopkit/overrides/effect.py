"""What a change of the plan would do to family, company and capacity."""

import pandas as pd

from sopkit.charts.words import clean, money, number, percent
from sopkit.metrics import graded_stages, value_added_table
from sopkit.metrics.forecast_errors import ratio
from sopkit.metrics.scopes import actuals, within


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
        f"{number(change['units'].sum(), sign=True)} {view.unit(change)},"
        f" {money(worth, view.currency, sign=True)}",
        f"family {percent(family, sign=True)}" if totals["family"].nunique() == 1 else "families",
        f"company {percent(company, 2, sign=True)}",
        *_fullest(change, plan),
    ]


def last_year(plan) -> pd.DataFrame:
    """What each person and reason took off the error, a bucket ahead, of the plans released for the
    last year of actuals: the rows of ``value_added`` that name a person.
    """
    book = plan.book()
    buckets = book.before(plan.calendar.per_year)
    released, moved = (
        within(plan.released_forecasts(name), buckets).query("lag == 1")
        for name in ("demand_plan", "touches")
    )
    graded = graded_stages(released, actuals(book), plan.calendar.per_year)
    table = value_added_table(graded, book.items, moved, levels=["company"])
    return table.query("person != ''")


def so_far(value_added, person, reason) -> list[str]:
    """What a person's touches took off the error, and of these the ones with the same reason, and
    everybody's with it, in words; nothing where nothing is graded.

    >>> rows = pd.DataFrame({"stage": "override", "person": ["Ada", "Ada", "Bob"],
    ...     "reason": ["price", "customer", "price"], "value_added": [0.004, 0.002, -0.001]})
    >>> so_far(rows, "Ada", "price")
    ['you: error 0.60 points lower', 'you, price: error 0.40 points lower',
     'everybody, price: error 0.30 points lower']
    """
    rows = value_added.query("stage == 'override'")
    mine, same = rows["person"] == person, rows["reason"] == reason
    told = {
        "you": mine & (person != ""),
        f"you, {clean(reason)}": mine & same,
        f"everybody, {clean(reason)}": same,
    }
    told = {name: 100 * rows.loc[which, "value_added"] for name, which in told.items()}
    return [f"{name}: error {_moved(of.sum())}" for name, of in told.items() if len(of)]


def _moved(points):
    """What points off the error are called."""
    if not round(abs(points), 2):
        return "unchanged"
    return f"{number(abs(points), 2)} points {'lower' if points > 0 else 'higher'}"


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
    moved = (
        f"{way} {then} in {where} (was {now})" if now != then else f"{now} in {where}, as before"
    )
    return [f"{rows['resource'][at]} {moved}"]
