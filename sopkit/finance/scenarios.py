"""Scenarios: one plan in a dozen numbers, and several of them beside the base."""

import numpy as np
import pandas as pd

from sopkit.buckets import infer_calendar
from sopkit.finance.plan import company
from sopkit.metrics import planned_service
from sopkit.tables import PLANS

BASE = "base"


def scenario_metrics(
    *, financial_plan=None, supply_plan=None, capacity_plan=None, workforce_plan=None, items=None
) -> pd.DataFrame:
    """A plan over its whole horizon as metric (with its unit), value; metrics whose tables are
    absent or empty are left out.

    Service is that of the next year, as the KPI planned_service counts it; ``items`` tell which
    units of measure there are.

    >>> plan = pd.DataFrame({"resource": ["line"], "bucket": pd.to_datetime(["2026-01-01"]), "load": [9.0], "unconstrained_load": [12.0],
    ...                      "regular_capacity": [10.0], "overtime": [0.0], "overtime_limit": [2.0]})
    >>> scenario_metrics(capacity_plan=plan).values.tolist()
    [['overtime (hours)', 0.0], ['highest utilisation (fraction)', 0.9], ['unconstrained load above all hours (hours)', 0.0]]
    """
    given = {
        "financial_plan": financial_plan,
        "supply_plan": supply_plan,
        "capacity_plan": capacity_plan,
        "workforce_plan": workforce_plan,
    }
    values = {}
    for name, measure in MEASURES.items():
        if given[name] is not None and len(given[name]):
            values |= measure(given[name], items)
    return pd.DataFrame(
        {
            "metric": pd.Series(list(values), dtype="str"),
            "value": pd.Series(list(values.values()), dtype="float64"),
        }
    )


def scenarios_table(plans: dict, base=BASE) -> pd.DataFrame:
    """The declared ``scenarios`` table from name → metric, value: each value and its difference to
    ``base``.

    A metric that the base lacks has no difference.

    >>> frame = lambda value: pd.DataFrame({"metric": ["margin (money)"], "value": [value]})
    >>> scenarios_table({"base": frame(10.0), "overtime": frame(12.0)})["difference"].tolist()
    [0.0, 2.0]
    """
    rows = pd.concat(
        [
            PLANS["scenarios"].empty(),
            *(frame.assign(scenario=name) for name, frame in plans.items()),
        ],
        ignore_index=True,
    )
    known = (
        plans[base].set_index("metric")["value"] if base in plans else pd.Series(dtype="float64")
    )
    return PLANS["scenarios"].conform(
        rows.assign(difference=rows["value"] - rows["metric"].map(known).astype("float64"))
    )


def _money(plan, items):
    total = company(plan)
    budgeted = total["budget_revenue"].notna()
    return {
        "revenue (money)": total["revenue"].sum(),
        "margin (money)": total["margin"].sum(),
        "period costs (money)": total["period_costs"].sum(),
        "cash (money)": total["cash"].sum(),
        "lowest cash so far (money)": total["cash"].cumsum().min(),
        "mean stock (money)": total["inventory_value"].mean(),
    } | (
        {"revenue gap to budget (money)": total.loc[budgeted, "revenue_gap"].sum()}
        if budgeted.any()
        else {}
    )


def _units(plan, items):
    ends = plan["bucket"] == plan["bucket"].max()
    year = plan["bucket"].isin(infer_calendar(plan["bucket"]).next_year(plan["bucket"]))
    return {
        "service (fraction)": planned_service(plan[year], items),
        "late (units × buckets)": plan["late"].sum(),
        "lost (units)": plan["lost"].sum(),
        "backlog at the end (units)": plan.loc[ends, "backlog"].sum(),
        "subcontracted (units)": plan["subcontracted"].sum(),
    }


def _hours(plan, items):
    known = plan[np.isfinite(plan["regular_capacity"]) & (plan["regular_capacity"] > 0)]
    excess = (plan["unconstrained_load"] - plan["regular_capacity"] - plan["overtime_limit"]).clip(
        lower=0
    )
    return {
        "overtime (hours)": plan["overtime"].sum(),
        "highest utilisation (fraction)": (known["load"] / known["regular_capacity"]).max(),
        "unconstrained load above all hours (hours)": excess.sum(),
    }


def _workers(plan, items):
    return {"hired (workers)": plan["hired"].sum(), "laid off (workers)": plan["laid_off"].sum()}


MEASURES = {
    "financial_plan": _money,
    "supply_plan": _units,
    "capacity_plan": _hours,
    "workforce_plan": _workers,
}
