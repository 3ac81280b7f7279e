"""The financial plan: revenue, cost, margin, stock and cash by family, against the budget."""

import numpy as np
import pandas as pd

from sopkit.buckets import infer_calendar
from sopkit.finance.costs import holding, resource_costs, source_premium
from sopkit.metrics.scopes import by_family, item_values, per_item, priced, setting
from sopkit.tables import PLANS

COMPANY = "(company)"
KEY = ["item", "bucket"]


def financial_plan(
    supply_plan,
    items,
    prices,
    standard_cost,
    *,
    capacity_plan=None,
    workforce_plan=None,
    bill_of_resources=None,
    resources=None,
    sourcing=None,
    budget=None,
    settings=None,
    calendar=None,
) -> pd.DataFrame:
    """The declared ``financial_plan`` by family and bucket, in money; all rows summed are the
    company.

    ``prices``: item, bucket, price; ``standard_cost``: item, standard_cost. revenue = shipments ×
    price; cost_of_sales = shipments × standard cost; period_costs = overtime premium (by the
    families' load), source premium and holding in their family, and idle hours, hiring and lay-off
    in ``(company)``. cash = collections − payments: revenue comes receivable_days after each day of
    sale, materials and sources are paid payable_days after arrival, wages and holding at once; what
    was owed before the plan is unknown and not counted. Budget and gaps are blank where none is
    budgeted.
    """
    calendar = calendar or infer_calendar(supply_plan["bucket"])
    buckets = pd.DatetimeIndex(sorted(supply_plan["bucket"].unique()))
    by_item = _by_item(supply_plan, items, prices, standard_cost, sourcing, settings, calendar)
    wages = resource_costs(capacity_plan, workforce_plan, resources)
    rows = pd.concat(
        [by_family(by_item, items), *_labour(supply_plan, items, bill_of_resources, wages)],
        ignore_index=True,
    )
    names = ["revenue", "cost_of_sales", "period_costs", "inventory_value", "on_terms", "at_once"]
    plan = (
        rows.groupby(["family", "bucket"])[names]
        .sum()
        .reindex(_grid(items, budget, buckets), fill_value=0.0)
        .reset_index()
    )
    plan["margin"] = plan["revenue"] - plan["cost_of_sales"] - plan["period_costs"]
    plan["cash"] = (
        _later(plan, "revenue", buckets, setting(settings, "receivable_days"), calendar)
        - _later(plan, "on_terms", buckets, setting(settings, "payable_days"), calendar)
        - plan["at_once"]
    )
    return PLANS["financial_plan"].conform(
        _against(plan, budget).drop(columns=["on_terms", "at_once"])
    )


def company(financial_plan) -> pd.DataFrame:
    """The company by bucket: every money column summed over families; gaps where any budget is
    known.
    """
    sums = financial_plan.drop(columns="family").groupby("bucket").sum(min_count=1)
    return sums.assign(
        revenue_gap=sums["revenue"] - sums["budget_revenue"],
        margin_gap=sums["margin"] - sums["budget_margin"],
    ).reset_index()


def fiscal_year(buckets, start=1) -> np.ndarray:
    """The fiscal year of each bucket, named by the calendar year in which it ends; ``start`` is its
    first month.

    >>> fiscal_year(["2026-03-01", "2026-04-01"], start=4).tolist(), fiscal_year(["2026-12-01"]).tolist()
    ([2026, 2027], [2026])
    """
    dates = pd.DatetimeIndex(buckets)
    return np.asarray(dates.year + ((dates.month >= start) & (start > 1)))


def spread(buckets, days, calendar) -> np.ndarray:
    """Shares (from bucket × to bucket) of an even daily flow that arrives ``days`` later; what
    leaves the horizon is lost to it.

    >>> from sopkit.buckets import Calendar
    >>> spread(pd.to_datetime(["2026-09-01", "2026-10-01"]), 15, Calendar("month")).tolist()
    [[0.5, 0.5], [0.0, 0.5161290322580645]]
    """
    starts = pd.DatetimeIndex(buckets).as_unit("us").asi8 / 86_400e6
    ends = (calendar.last_day(buckets) + pd.Timedelta(days=1)).as_unit("us").asi8 / 86_400e6
    overlap = np.minimum(ends[:, None] + days, ends) - np.maximum(starts[:, None] + days, starts)
    return np.maximum(overlap, 0) / (ends - starts)[:, None]


def _by_item(supply_plan, items, prices, standard, sourcing, settings, calendar):
    """Money of every item and bucket that belongs to its family."""
    plan = priced(supply_plan, prices)
    cost, material = (
        per_item(plan, values)
        for values in (
            standard.set_index("item")["standard_cost"],
            item_values(items, None, "unit_cost"),
        )
    )
    premium, held = (
        source_premium(plan, sourcing, standard),
        holding(plan, items, settings, calendar.per_year),
    )
    bought = plan["subcontracted"] + plan["purchased"] + plan["receipts"]
    return plan[KEY].assign(
        revenue=plan["shipments"] * plan["price"],
        cost_of_sales=plan["shipments"] * cost,
        period_costs=premium + held,
        inventory_value=plan["projected_available"] * cost,
        at_once=held,
        on_terms=(plan["production"] + plan["overtime_production"]) * material
        + bought * cost
        + premium,
    )


def _labour(supply_plan, items, bill_of_resources, wages):
    """Labour's rows: wages of the hours used and the overtime premium by the families' load; the
    rest is the company's.
    """
    if wages.empty:
        return []
    shares = _load_shares(supply_plan, items, bill_of_resources)
    used = wages.assign(
        at_once=wages["labour"] - wages["idle"], period_costs=wages["overtime_premium"]
    )
    split = used.merge(shares, on=["resource", "bucket"], how="left").fillna(
        {"family": COMPANY, "share": 1.0}
    )
    split = split.assign(
        at_once=split["at_once"] * split["share"],
        period_costs=split["period_costs"] * split["share"],
    )
    rest = wages.assign(
        family=COMPANY,
        at_once=wages["idle"] + wages["workforce"],
        period_costs=wages["idle"] + wages["workforce"],
    )
    return [part[["family", "bucket", "period_costs", "at_once"]] for part in (split, rest)]


def _load_shares(supply_plan, items, bill_of_resources):
    """Each family's share of a resource's load in a bucket: resource, bucket, family, share."""
    if bill_of_resources is None or bill_of_resources.empty:
        return pd.DataFrame(columns=["resource", "bucket", "family", "share"]).astype(
            {"bucket": "datetime64[us]", "share": "float64"}
        )
    made = supply_plan[KEY].assign(
        units=supply_plan["production"] + supply_plan["overtime_production"]
    )
    load = by_family(
        made[made["units"] > 0].merge(
            bill_of_resources[["item", "resource", "hours_per_unit"]], on="item"
        ),
        items,
    )
    hours = (
        load.assign(share=load["units"] * load["hours_per_unit"])
        .groupby(["resource", "bucket", "family"], as_index=False)["share"]
        .sum()
    )
    total = hours.groupby(["resource", "bucket"])["share"].transform("sum")
    return hours[total > 0].assign(share=hours["share"] / total)


def _grid(items, budget, buckets):
    named = set(by_family(items[["item"]], items)["family"]) | {COMPANY}
    budgeted = set() if budget is None else set(budget["family"].dropna())
    return pd.MultiIndex.from_product(
        [sorted(named | budgeted), buckets], names=["family", "bucket"]
    )


def _later(plan, column, buckets, days, calendar):
    """A money column moved ``days`` later, in the plan's row order (families × buckets)."""
    money = plan[column].to_numpy().reshape(-1, len(buckets))
    return (money @ spread(buckets, days, calendar)).ravel()


def _against(plan, budget):
    columns = ["family", "bucket", "revenue", "margin"]
    given = budget.reindex(columns=columns) if budget is not None else plan.iloc[:0][columns]
    given = given.rename(columns={"revenue": "budget_revenue", "margin": "budget_margin"}).astype(
        {"bucket": plan["bucket"].dtype, "family": "str"}
    )
    both = plan.astype({"family": "str"}).merge(given, on=["family", "bucket"], how="left")
    return both.assign(
        revenue_gap=both["revenue"] - both["budget_revenue"],
        margin_gap=both["margin"] - both["budget_margin"],
    )
