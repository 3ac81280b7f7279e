"""The financial plan: revenue, cost, margin, stock and cash by family, against the budget."""

import numpy as np
import pandas as pd

from sopkit.finance.initiatives import initiative_costs
from sopkit.grid import DAY, Grid
from sopkit.metrics.scopes import per_item, revenue, within
from sopkit.tables import PLANS

COMPANY = "(company)"
KEY = ["family", "bucket"]
# Kinds of plan_costs: what is a cost of the period and no unit's, whom it belongs to, when it is
# paid. The others (backlog, lost_sales, safety_stock, ending_stock) steer the plan, nobody pays.
ON_TERMS = ["material", "subcontract", "purchase", "source_premium", "transport"]
OF_ITEMS = [*ON_TERMS, "holding"]
OF_LOAD = ["regular_labour", "overtime_premium"]
OF_COMPANY = ["idle", "hiring", "layoff"]
PERIOD = ["overtime_premium", *OF_COMPANY, "source_premium", "transport", "holding"]


def financial_plan(book) -> pd.DataFrame:
    """The declared ``financial_plan`` by family and bucket, in money; all rows summed are the
    company.

    revenue = shipments × price; cost_of_sales = shipments × standard cost; period_costs = overtime
    premium (by the families' load), source premium, transport and holding in their family, and in
    ``(company)`` idle hours, hiring and lay-off, as ``plan_costs`` holds them, and what initiatives
    cost while they run. cash = collections − payments: revenue comes receivable_days after each day
    of sale, materials and sources are paid payable_days after arrival, wages, holding, initiatives
    and investments (no cost of the period) at once. What was owed before the plan counts too: the
    revenue of the buckets before it, and their sales at unit_cost for what suppliers are owed; cash
    is blank where it waits for a bucket before the plan of which no sale is known. Budget and gaps
    are blank where none is budgeted, margin where no cost is known of anything that a family sells.
    """
    families = sorted({*book.family, *book.budget["family"].dropna(), COMPANY})
    terms = {name: book.settings[f"{name}_days"] for name in ("receivable", "payable")}
    past = book.before(1 + int(max(terms.values()) * book.calendar.per_year / 365))
    every, owed = past.append(book.buckets), _owed(book, past)
    grid = pd.MultiIndex.from_product([families, every], names=KEY)
    initiatives = initiative_costs(book).assign(family=COMPANY)
    rows = pd.concat([owed, _sales(book), _costs(book), initiatives], ignore_index=True)
    plan = rows.groupby(KEY).sum().reindex(grid, fill_value=0.0)
    dark, plan["cash"] = ~every.isin(rows["bucket"]), -plan["at_once"]
    for name, flow, way in (("receivable", "revenue", 1), ("payable", "on_terms", -1)):
        shares = spread(every, terms[name], book.calendar)
        paid = way * plan[flow].unstack().to_numpy() @ shares
        plan["cash"] += np.where(shares[dark].any(axis=0), np.nan, paid).ravel()
    plan = plan[plan.index.isin(book.buckets, level="bucket")]
    plan["margin"] = plan["revenue"] - plan["cost_of_sales"] - plan["period_costs"]
    sums = plan[["revenue", "cost_of_sales"]].groupby("family").transform("sum")
    plan["margin"] = plan["margin"].mask((sums["revenue"] > 0) & (sums["cost_of_sales"] == 0))
    budget = book.budget.set_index(KEY)[["revenue", "margin"]].add_prefix("budget_")
    plan = _gaps(plan.drop(columns=["on_terms", "at_once"]).join(budget))
    return PLANS["financial_plan"].conform(plan.reset_index())


def company(financial_plan) -> pd.DataFrame:
    """The company by bucket: every money column summed over families; gaps where any budget is
    known.
    """
    sums = financial_plan.drop(columns="family").groupby("bucket").sum(min_count=1)
    return _gaps(sums).reset_index()


def by_family(financial_plan) -> pd.DataFrame:
    """Every money column summed over the buckets by family, largest revenue first.

    Gaps add up to the company's: what a family brings in a bucket for which others have a budget
    and it has none is all above budget.
    """
    rows = financial_plan.copy()
    for name in ("revenue", "margin"):
        budgeted = rows.groupby("bucket")[f"budget_{name}"].transform("count") > 0
        rows[f"{name}_gap"] = rows[f"{name}_gap"].fillna(rows[name].where(budgeted))
    sums = rows.drop(columns="bucket").groupby("family").sum(min_count=1)
    return sums.sort_values("revenue", ascending=False, kind="stable")


def _gaps(plan):
    gaps = {f"{name}_gap": plan[name] - plan[f"budget_{name}"] for name in ("revenue", "margin")}
    return plan.assign(**gaps)


def fiscal_year(buckets, start=1) -> np.ndarray:
    """The fiscal year of each bucket, named by the calendar year in which it ends; ``start`` is its
    first month.

    >>> fiscal_year(["2026-03-01", "2026-04-01"],
    ...     start=4).tolist(), fiscal_year(["2026-12-01"]).tolist()
    ([2026, 2027], [2026])
    """
    dates = pd.DatetimeIndex(buckets)
    return np.asarray(dates.year + ((dates.month >= start) & (start > 1)))


def fiscal_quarters(buckets, start=1) -> list[str]:
    """Name of the quarter in which each bucket begins, of fiscal years whose first month is
    ``start``.

    >>> fiscal_quarters(["2026-12-01"]), fiscal_quarters(["2026-12-01"], start=4)
    (['Q4 26'], ['Q3 FY27'])
    """
    dates, era = pd.DatetimeIndex(buckets), "FY" if start > 1 else ""
    quarters = (dates.month - start) % 12 // 3 + 1
    years = fiscal_year(dates, start) % 100
    return [f"Q{quarter} {era}{year:02d}" for quarter, year in zip(quarters, years)]


def spread(buckets, days, calendar) -> np.ndarray:
    """Shares (from bucket × to bucket) of an even daily flow that arrives ``days`` later; what
    leaves the horizon is lost to it.

    >>> from sopkit.buckets import Calendar
    >>> spread(pd.to_datetime(["2026-09-01", "2026-10-01"]), 15, Calendar("month")).tolist()
    [[0.5, 0.5], [0.0, 0.5161290322580645]]
    """
    grid, later = Grid(pd.DataFrame(), pd.DatetimeIndex(buckets), calendar), days * DAY
    share = grid.covered(grid.buckets + later, calendar.last_day(buckets) + later)
    return share * grid.days / grid.days[:, None]


def _owed(book, past):
    """What was invoiced in the buckets before the plan, and what its material cost."""
    rows = book.by_family(within(book.invoiced, past))
    material = per_item(rows, book.material)
    return rows[KEY].assign(
        revenue=revenue(book, rows),
        on_terms=rows["quantity"] * material,
    )


def _sales(book):
    """What units bring and cost, in their family; open orders that arrive are paid at unit_cost
    (the hours of work orders are among those that the plan pays).
    """
    plan = book.by_family(book.priced(book.supply_plan))
    cost = per_item(plan, book.cost)
    return plan[KEY].assign(
        revenue=plan["shipments"] * plan["price"],
        cost_of_sales=plan["shipments"] * cost,
        inventory_value=plan["projected_available"] * cost,
        on_terms=plan["receipts"] * per_item(plan, book.own_material),
    )


def _costs(book):
    """``plan_costs`` in the family that they belong to: the item's, those whose load they are, or
    none.
    """
    of_items, of_load, of_none = (
        book.plan_costs[book.plan_costs["kind"].isin(kinds)]
        for kinds in (OF_ITEMS, OF_LOAD, OF_COMPANY)
    )
    of_items = book.by_family(of_items.rename(columns={"name": "item"}))
    of_load = of_load.merge(_load_shares(book), on=["name", "bucket"], how="left")
    of_load["money"] *= of_load["share"].fillna(1.0)
    rows = pd.concat([of_items, of_load, of_none], ignore_index=True).fillna({"family": COMPANY})
    on_terms = rows["kind"].isin(ON_TERMS)
    return rows[KEY].assign(
        period_costs=rows["money"] * rows["kind"].isin(PERIOD),
        on_terms=rows["money"] * on_terms,
        at_once=rows["money"] * ~on_terms,
    )


def _load_shares(book):
    """Each family's share of a resource's load in a bucket: name, bucket, family, share."""
    made = book.by_family(book.supply_plan)
    made["units"] = made["production"] + made["overtime_production"] + made["receipts"]
    load = made.query("units > 0").merge(book.bill_of_resources.query("source == ''"), on="item")
    load["share"] = load["units"] * load["hours_per_unit"]
    load = load.rename(columns={"resource": "name"})
    hours = load.groupby(["name", "bucket", "family"], as_index=False)["share"].sum()
    total = hours.groupby(["name", "bucket"])["share"].transform("sum")
    return hours[total > 0].assign(share=hours["share"] / total)
