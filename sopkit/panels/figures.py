"""Figures that several parts of the board's first screen tell."""

import numpy as np

from sopkit.charts.meeting import MARKS as MARKS
from sopkit.charts.words import count
from sopkit.metrics.scopes import within

NEAR = 3  # buckets ahead of a likely service
HOT = 1.15  # of regular hours: asked load that is marked
MOVES = {  # what changed: the plan table and its column
    "Demand": ("demand_plan", "consensus"),
    "Margin": ("financial_plan", "margin"),
    "Cash": ("financial_plan", "cash"),
    "Gap to budget": ("financial_plan", "revenue_gap"),
    "Stock at the end": ("financial_plan", "inventory_value"),
    "Late at its peak, or lost": ("supply_plan", "missed"),
}
LESS = ("inventory_value", "missed")  # is better


def asked_load(source):
    """The next year's capacity plan with ``asked``: load ÷ regular hours before it is moved."""
    rows = source.view.next_year(source.book.capacity_plan)
    regular = rows["regular_capacity"]
    rows = rows[np.isfinite(regular) & (regular > 0)]
    return rows.assign(asked=rows["unconstrained_load"] / rows["regular_capacity"])


def moved_since(source, table, column):
    """The buckets of the next year that last cycle's plan holds too, and by family what a column
    moved over them, in money: the sum, of stock its end, of what is late its worst month (with all
    that is lost).
    """
    view, before, plans = source.view, f"last_{table}", []
    shared = sorted(set(source.book.year) & set(source.read(before)["bucket"]))
    for name in (table, before):
        rows = within(source.read(name), shared[-1:] if column == "inventory_value" else shared)
        if column == "missed":
            rows = view.valued(rows, ["late", "lost"])
            late = rows.groupby("bucket")["late"].transform("sum")
            rows = rows.assign(missed=rows["lost"] + rows["late"].where(late == late.max(), 0.0))
        elif "item" in rows:
            rows = view.valued(rows, [column])
        plans.append(rows.groupby("family")[column].sum(min_count=1))
    return shared, plans[0].sub(plans[1], fill_value=0.0)


def monthly(book, kpi):
    """The company's measured values of a KPI over its last twelve buckets."""
    rows = book.kpis.query("kpi == @kpi and scope == 'company'")
    return rows.dropna(subset="actual").sort_values("bucket").tail(12)


def likely_service(book):
    """What service is likely in the first buckets: bucket, p10, p50, p90 (fractions); the rows of
    ``plan_risk``.
    """
    rows = book.plan_risk.query("metric == 'service'")
    return rows.sort_values("bucket", ignore_index=True).head(2 * NEAR)


def many(frame, view):
    """How many buckets a frame spans, in words."""
    buckets = frame["bucket"] if "bucket" in frame else frame
    return count(buckets.nunique(), view.calendar.size)


def span(buckets, book):
    """The first and the last of some buckets, in words."""
    return f"{book.calendar.name(buckets.iloc[0])} – {book.calendar.name(buckets.iloc[-1])}"
