"""What needs a look in the supply plan: late, lost, short, overloaded, too much."""

import numpy as np
import pandas as pd

from sopkit.metrics.exceptions.rules import (
    bucket_count,
    exceptions_table,
    flag,
    priced_plan,
    share,
    some,
    threshold,
)
from sopkit.metrics.scopes import item_values, per_item


def supply(
    items, supply_plan, *, capacity_plan=None, inventory_plan=None, prices=None, settings=None
) -> pd.DataFrame:
    """Step 3's exceptions: late, lost, inside lead time, below safety stock, overload, excess and
    obsolete stock.

    Tables are as declared. Returns the declared rows, most money first.
    """
    found = []
    if some(supply_plan):
        plan = priced_plan(supply_plan, items, prices)
        found += [
            _short(plan, "late", settings),
            _short(plan, "lost", settings),
            _inside_lead_time(plan, items, settings),
            _below_safety_stock(plan, settings),
        ]
    if some(capacity_plan):
        found.append(_overload(capacity_plan, settings))
    if some(inventory_plan) and some(supply_plan):
        found += [
            _excess(inventory_plan, settings),
            _obsolete(inventory_plan, supply_plan, settings),
        ]
    return exceptions_table(3, found)


def _short(plan, rule, settings):
    rows = plan.assign(name=plan["item"], value=plan[rule], money=plan[rule] * plan["price"])
    buckets = plan[plan[rule] > threshold(settings, rule)].groupby("item")["bucket"].count()
    tail = {"late": "late at the bucket's end", "lost": "never served"}[rule]
    return flag(
        rows,
        "item",
        rule,
        settings,
        lambda r: (
            f"{r.value:,.0f} units {tail}, {bucket_count(buckets[r.item])} in all{_why(r.why)}"
        ),
    )


def _why(why):
    return f" ({why})." if isinstance(why, str) and why else "."


def _inside_lead_time(plan, items, settings):
    """Late units in the buckets where only receipts can still help."""
    lead = np.ceil(per_item(plan, item_values(items, None, "lead_time")))
    position = plan["bucket"].rank(method="dense") - 1
    early = plan.assign(
        name=plan["item"], lead=lead, value=plan["late"], money=plan["late"] * plan["price"]
    )[position < lead]
    return flag(
        early,
        "item",
        "inside_lead_time",
        settings,
        lambda r: (
            f"{r.value:,.0f} units late inside the lead time of {r.lead:,.0f} buckets: only open"
            " orders can be pulled in."
        ),
    )


def _below_safety_stock(plan, settings):
    short = (plan["safety_stock"] - plan["projected_available"]).clip(lower=0)
    rows = plan.assign(
        name=plan["item"],
        short=short,
        value=share(short, plan["safety_stock"]),
        money=short * plan["price"],
    )
    return flag(
        rows,
        "item",
        "below_safety_stock",
        settings,
        lambda r: (
            f"Stock of {r.projected_available:,.0f} is {r.short:,.0f} units ({r.value:.0%}) below"
            f" the safety stock of {r.safety_stock:,.0f}."
        ),
    )


def _overload(capacity_plan, settings):
    plan = capacity_plan.assign(
        limit=capacity_plan["regular_capacity"] + capacity_plan["overtime_limit"]
    )
    excess = (plan["unconstrained_load"] - plan["limit"]).clip(lower=0)
    rows = plan.assign(
        name=plan["resource"],
        value=share(plan["unconstrained_load"], plan["limit"]),
        money=excess * plan["shadow_price"],
    )
    rows = rows[np.isfinite(rows["limit"])]
    return flag(
        rows,
        "resource",
        "overload",
        settings,
        lambda r: (
            f"Demand wants {r.unconstrained_load:,.0f} hours of {r.limit:,.0f} with overtime; the"
            f" plan works {r.load:,.0f}, and one more hour saves {r.shadow_price:,.2f}."
        ),
    )


def _excess(inventory_plan, settings):
    """Stock beyond the threshold's cover, in money; what has no demand at all is obsolete and not
    listed here.
    """
    limit = threshold(settings, "excess_stock")
    beyond = (1 - limit / inventory_plan["cover"].where(inventory_plan["cover"] > limit)).fillna(
        0.0
    )
    rows = inventory_plan.assign(
        name=inventory_plan["item"],
        value=inventory_plan["cover"],
        money=beyond * inventory_plan["value"],
    )
    rows = rows[rows["units"] > rows["target"].fillna(0.0)].assign(
        money=lambda r: r["money"].fillna(0.0)
    )
    held = inventory_plan["value"].set_axis(inventory_plan.index)
    return flag(
        rows,
        "item",
        "excess_stock",
        settings,
        lambda r: f"{r.units:,.0f} units last {r.value:.1f} buckets, worth {held[r.Index]:,.0f}.",
    )


def _obsolete(inventory_plan, supply_plan, settings):
    asked = supply_plan.groupby("item")["demand"].sum()
    left = inventory_plan[per_item(inventory_plan, asked) <= 0]
    rows = left.assign(name=left["item"], money=left["value"].fillna(0.0))
    return flag(
        rows,
        "item",
        "obsolete_stock",
        settings,
        lambda r: (
            f"{r.units:,.0f} units worth {r.money:,.0f} in stock and no demand in the horizon."
        ),
    )
