"""Scenarios: one plan in a dozen numbers, and several of them beside the base."""

import numpy as np
import pandas as pd

from sopkit.finance.plan import company
from sopkit.metrics import planned_service
from sopkit.metrics.scopes import within
from sopkit.tables import PLANS

BASE = "base"


def scenario_metrics(book) -> pd.DataFrame:
    """A plan over its next year as metric (with its unit), value; metrics whose tables are without
    a row are left out. Service is what the KPI planned_service says.

    >>> from sopkit.metrics import Book
    >>> plan = pd.DataFrame({"resource": ["line"], "bucket": pd.to_datetime(["2026-01-01"]),
    ...     "load": 9.0,
    ...     "unconstrained_load": 12.0, "regular_capacity": 10.0, "overtime": 0.0,
    ...     "overtime_limit": 2.0})
    >>> scenario_metrics(Book({"capacity_plan": plan}))["value"].tolist()
    [0.0, 0.9, 0.0]
    """
    values = {}
    for name, measure in MEASURES.items():
        if len(getattr(book, name)):
            values |= measure(book)
    return pd.Series(values, dtype="float64").rename_axis("metric").reset_index(name="value")


def scenarios_table(plans: dict) -> pd.DataFrame:
    """The declared ``scenarios`` table from name → metric, value: each value and its difference to
    those of the plan named base.

    A metric that the base lacks has no difference.

    >>> frame = lambda value: pd.DataFrame({"metric": ["margin (money)"], "value": [value]})
    >>> scenarios_table({"base": frame(10.0), "overtime": frame(12.0)})["difference"].tolist()
    [0.0, 2.0]
    """
    parts = [frame.assign(scenario=name) for name, frame in plans.items()]
    rows = pd.concat([PLANS["scenarios"].empty(), *parts], ignore_index=True)
    known = plans[BASE].set_index("metric")["value"] if BASE in plans else {}
    before = rows["metric"].map(known).astype("float64")
    return PLANS["scenarios"].conform(rows.assign(difference=rows["value"] - before))


def _money(book):
    total = company(within(book.financial_plan, book.year))
    cash = total["cash"].cumsum(skipna=False)  # blank where a bucket's is unknown
    gap, opening = total["revenue_gap"].sum(min_count=1), book.settings["opening_cash"] or 0.0
    values = {
        "revenue (money)": total["revenue"].sum(),
        "margin (money)": total["margin"].sum(),
        "period costs (money)": total["period_costs"].sum(),
        "cash (money)": cash.iloc[-1],
        "lowest cash so far (money)": opening + cash.min(skipna=False),
        "mean stock (money)": total["inventory_value"].mean(),
    }
    return values if np.isnan(gap) else values | {"revenue gap to budget (money)": gap}


def _units(book):
    plan = within(book.supply_plan, book.year)
    return {
        "service (fraction)": planned_service(plan, book.items, book.cost),
        "late (units × buckets)": plan["late"].sum(),
        "lost (units)": plan["lost"].sum(),
        "backlog at the end (units)": within(plan, book.year[-1:])["backlog"].sum(),
        "subcontracted (units)": plan["subcontracted"].sum(),
    }


def _hours(book):
    plan = within(book.capacity_plan, book.year)
    known = plan[np.isfinite(plan["regular_capacity"]) & (plan["regular_capacity"] > 0)]
    excess = plan["unconstrained_load"] - plan["regular_capacity"] - plan["overtime_limit"]
    return {
        "overtime (hours)": plan["overtime"].sum(),
        "highest utilisation (fraction)": (known["load"] / known["regular_capacity"]).max(),
        "unconstrained load above all hours (hours)": excess.clip(lower=0).sum(),
    }


def _workers(book):
    moves = within(book.workforce_plan, book.year)[["hired", "laid_off"]].sum()
    return {"hired (workers)": moves["hired"], "laid off (workers)": moves["laid_off"]}


def _risk(book):
    rows = within(book.plan_risk, book.year).query("metric == 'service'")
    return {
        "likely service, lowest bucket (fraction)": rows["p50"].min(),
        "service in 9 of 10 futures, lowest bucket (fraction)": rows["p10"].min(),
    }


MEASURES = {
    "financial_plan": _money,
    "supply_plan": _units,
    "capacity_plan": _hours,
    "workforce_plan": _workers,
    "plan_risk": _risk,
}
