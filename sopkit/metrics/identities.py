"""The identities that make one set of numbers: checked on every pack; one that breaks cannot be
released. An identity is one row of data: two sides, each what formulas of a table's columns add up
to by key.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from sopkit.metrics.book import once
from sopkit.metrics.scopes import per_item
from sopkit.metrics.stages import CELL, INCREMENTS
from sopkit.tables import PLANS

TOLERANCE = 1e-6
KEY = ["item", "bucket"]
FAMILY = ["family", "bucket"]
RESOURCE = ["resource", "bucket"]
UNITS = PLANS["supply_plan"].empty().select_dtypes("number").columns
MADE = "production + overtime_production + subcontracted + purchased + receipts"


class Identity(NamedTuple):
    """An identity in words, the key of both sides, each side as (table, formula, …), whether the
    left may be smaller, and the tables that are needed beside those of the sides.

    A side with one formula stands against every formula of the other.
    """

    words: str
    key: list
    left: tuple
    right: tuple
    at_most: bool = False
    needs: tuple = ()


IDENTITIES = [
    Identity(
        "stock and backlog follow from what is made, bought, lost and demanded",
        KEY,
        ("supply_plan", "projected_available + backlog_before + demand + issued"),
        ("supply_plan", f"stock_before + backlog + {MADE} + lost"),
        needs=("opening_stock",),
    ),
    Identity(
        "shipments = demand − lost + backlog before − backlog after",
        KEY,
        ("supply_plan", "shipments + lost + backlog"),
        ("supply_plan", "demand + backlog_before"),
        needs=("opening_stock",),
    ),
    Identity(
        "no column of the supply plan is negative",
        KEY,
        ("supply_plan", "0"),
        ("supply_plan", *UNITS),
        at_most=True,
    ),
    Identity(
        "consensus = sum of its stages",
        CELL,
        ("demand_plan", "consensus"),
        ("demand_plan", " + ".join(["baseline", *INCREMENTS, "order_excess"])),
    ),
    Identity(
        "consensus ≥ 0", CELL, ("demand_plan", "0"), ("demand_plan", "consensus"), at_most=True
    ),
    Identity(
        "supply's demand = consensus over markets",
        KEY,
        ("supply_plan", "demand"),
        ("demand_plan", "consensus"),
    ),
    Identity(
        "load ≤ regular capacity + overtime",
        RESOURCE,
        ("capacity_plan", "load"),
        ("capacity_plan", "regular_capacity + overtime"),
        at_most=True,
    ),
    Identity(
        "overtime ≤ overtime limit",
        RESOURCE,
        ("capacity_plan", "overtime"),
        ("capacity_plan", "overtime_limit"),
        at_most=True,
    ),
    Identity(
        "inventory plan's units = projected available",
        KEY,
        ("inventory_plan", "units"),
        ("supply_plan", "projected_available"),
    ),
    Identity(
        "items' stock value sums to families",
        FAMILY,
        ("financial_plan", "inventory_value"),
        ("inventory_plan", "value"),
        needs=("items",),
    ),
    Identity(
        "stock value sums to the company",
        ["bucket"],
        ("financial_plan", "inventory_value"),
        ("inventory_plan", "value"),
    ),
    Identity(
        "items' backlog sums to families",
        FAMILY,
        ("backlog_plan", "bookings", "shipments", "closing"),
        ("supply_plan", "demand * ordered", "shipments * ordered", "backlog * ordered"),
        needs=("items",),
    ),
    Identity(
        "revenue = shipments × price",
        FAMILY,
        ("financial_plan", "revenue"),
        ("supply_plan", "shipments * price"),
        needs=("prices", "demand_plan", "items"),
    ),
    Identity(
        "margin = revenue − cost of sales − period costs",
        FAMILY,
        ("financial_plan", "(margin + cost_of_sales + period_costs).fillna(revenue)"),
        ("financial_plan", "revenue"),
    ),
    Identity(
        "gaps = plan − budget",
        FAMILY,
        ("financial_plan", "revenue_gap.fillna(0)", "margin_gap.fillna(0)"),
        (
            "financial_plan",
            "revenue.sub(budget_revenue).fillna(0)",
            "margin.sub(budget_margin).fillna(0)",
        ),
    ),
]


def identities(book) -> pd.DataFrame:
    """Every identity of the plan: identity, holds, largest_difference (in its unit), where (the
    worst key).

    One whose tables are absent is not listed. It holds when no difference exceeds 1e-6 of the
    largest value in it; what is unknown breaks it.

    >>> from sopkit.metrics import Book
    >>> plan = pd.DataFrame({"resource": ["line"], "bucket": pd.to_datetime(["2026-01-01"]),
    ...                      "load": 9.0, "regular_capacity": 8.0, "overtime": 0.5,
    ...     "overtime_limit": 2.0})
    >>> table = identities(Book({"capacity_plan": plan}))
    >>> table[["identity", "holds", "largest_difference"]].values.tolist()
    [['load ≤ regular capacity + overtime', False, 0.5], ['overtime ≤ overtime limit', True, 0.0]]
    """
    rows = [
        (identity.words, *_verdict(book, identity))
        for identity in IDENTITIES
        if all(name in book for name in (identity.left[0], identity.right[0], *identity.needs))
    ]
    return pd.DataFrame(rows, columns=["identity", "holds", "largest_difference", "where"])


def _verdict(book, identity):
    """Whether it holds, the largest difference, and where."""
    left, right = (_side(book, identity.key, *side) for side in (identity.left, identity.right))
    left, right = left.align(right, axis=0, fill_value=0.0)
    apart = left.to_numpy() - right.to_numpy()
    apart = np.maximum(apart, 0.0) if identity.at_most else np.abs(apart)
    worst = pd.Series(np.where(np.isnan(apart), np.inf, apart).max(axis=1), left.index)
    values = np.abs(np.append(left, right))
    scale = values.max(initial=1.0, where=np.isfinite(values))
    largest = worst.max() if len(worst) else 0.0
    key = np.atleast_1d(np.array(worst.idxmax(), dtype=object)) if largest > 0 else []
    where = ", ".join(f"{p:%Y-%m-%d}" if isinstance(p, pd.Timestamp) else str(p) for p in key)
    return bool(largest <= TOLERANCE * scale), float(largest), where


def _side(book, key, table, *formulas):
    """A table's formulas, summed by key: a column each; an unknown sum stays unknown."""
    frame = _supply(book) if table == "supply_plan" else getattr(book, table)
    frame = book.by_family(frame) if key == FAMILY else frame
    values = {formula: frame.eval(formula) for formula in formulas}
    values = pd.DataFrame(values, index=frame.index, dtype="float64")
    return values.groupby([frame[name] for name in key]).sum(min_count=1)


@once
def _supply(book):
    """The supply plan with its prices, whether the item is ordered (1 or 0), and stock and backlog
    at each bucket's start.
    """
    plan = book.priced(book.supply_plan).sort_values(KEY)
    opening, ordered = (
        book.opening_stock.set_index("item"),
        book.items.set_index("item")["strategy"],
    )
    before = plan.groupby("item")[["projected_available", "backlog"]].shift()
    return plan.assign(
        issued=plan.get("issued", 0.0),
        ordered=per_item(plan, ordered == "order"),
        stock_before=before["projected_available"].fillna(per_item(plan, opening["on_hand"])),
        backlog_before=before["backlog"].fillna(per_item(plan, opening["backlog"])),
    )
