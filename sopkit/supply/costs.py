"""Prices that steer the plan, and what a finished plan costs by kind."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sopkit.supply import reading

KINDS = (
    "material",
    "regular_labour",
    "overtime",
    "subcontract",
    "purchase",
    "holding",
    "backlog",
    "lost_sales",
    "safety_stock",
    "ending_stock",
    "hiring",
    "layoff",
)


@dataclass(frozen=True)
class Prices:
    """Money per unit (and bucket, for holding and backlog), one entry per item."""

    holding: np.ndarray
    backlog: np.ndarray  # inf = may not be late
    lost: np.ndarray  # inf = may not be lost
    shortfall: np.ndarray  # of safety stock
    ending: np.ndarray  # of an explicit ending stock
    price: (
        np.ndarray
    )  # what a lost unit would have brought: its price, or the lost-sales price where none is known


def steering_prices(
    items: pd.DataFrame, ways, bill, resources, settings, per_year: int, horizon: int
) -> Prices:
    """The contract's default prices where a cell is blank.

    Holding = unit_cost × holding_rate ÷ buckets a year; backlog = max(2 × holding, price ×
    backlog_rate ÷ buckets a year); lost sales = 10 × max(price, dearest way to get a unit) +
    horizon × (holding + backlog); a unit short of safety stock costs half of (holding + backlog).
    """
    unit_cost = reading.numbers(items, "items", "unit_cost", 0.0)
    price = reading.numbers(items, "items", "price")
    known = np.nan_to_num(price)
    holding = reading.numbers(
        items, "items", "holding_cost", unit_cost * settings.holding_rate / per_year
    )
    backlog = reading.numbers(
        items,
        "items",
        "backlog_cost",
        np.maximum(2 * holding, known * settings.backlog_rate / per_year),
    )
    late = np.where(np.isfinite(backlog), backlog, holding)
    usual = 10 * np.maximum(known, dearest(ways, bill, resources, len(items))) + horizon * (
        holding + late
    )
    usual = np.where(usual > 0, usual, 1.0)
    lost = reading.numbers(items, "items", "lost_sales_cost", usual)
    finite = np.where(np.isfinite(lost), lost, usual)
    return Prices(
        holding,
        backlog,
        lost,
        (holding + late) / 2,
        finite,
        np.where(np.isnan(price), finite, price),
    )


def dearest(ways, bill, resources, items: int) -> np.ndarray:
    """Money/unit of the dearest way to get each item, hours at the dearer of regular and
    overtime.
    """
    hour = np.maximum(resources.regular_cost, resources.overtime_cost).max(axis=1, initial=0.0)
    cost = ways.unit_cost.copy()
    np.add.at(cost, bill.way, bill.hours * hour[bill.resource])
    most = np.zeros(items)
    np.maximum.at(most, ways.item, cost)
    return most


def charged(quantity: np.ndarray, opening: np.ndarray, holding: str) -> np.ndarray:
    """What a bucket is charged for: its end, or the mean of its start and end
    (``holding="average"``).

    >>> charged(np.array([[100.0, 0.0]]), np.array([0.0]), "average").tolist()
    [[50.0, 50.0]]
    """
    if holding == "end":
        return quantity
    return (quantity + np.concatenate([opening[:, None], quantity[:, :-1]], axis=1)) / 2


def money(price: np.ndarray, quantity: np.ndarray) -> np.ndarray:
    """Σ price × quantity per bucket, where an endless price of nothing is nothing."""
    with np.errstate(invalid="ignore"):
        return np.where(quantity == 0, 0.0, np.reshape(price, (-1, 1)) * quantity).sum(axis=0)


def costs_by_bucket(facts, flows, holding: str) -> pd.DataFrame:
    """Money of a finished plan: one row per kind, one column per bucket; the sum of all is the
    objective.
    """
    ways, prices, staff = facts.ways, facts.prices, facts.resources
    bought = {
        kind: money(ways.unit_cost[ways.kind == kind], flows.quantity[ways.kind == kind])
        for kind in ("production", "subcontracted", "purchased")
    }
    paid = np.where(
        staff.staffed[:, None],
        flows.workers * staff.hours_per_worker,
        np.maximum(flows.load - flows.overtime, 0),
    )
    moved = staff.movable[:, None]
    at_end = np.arange(facts.shape[1]) == facts.shape[1] - 1
    missing = np.maximum(
        np.where(facts.items.to_order, 0.0, np.nan_to_num(facts.items.ending_stock))
        - flows.stock[:, -1],
        0,
    )
    kinds = {
        "material": bought["production"],
        "regular_labour": (staff.regular_cost * paid).sum(axis=0),
        "overtime": (staff.overtime_cost * flows.overtime).sum(axis=0),
        "subcontract": bought["subcontracted"],
        "purchase": bought["purchased"],
        "holding": money(prices.holding, charged(flows.stock, facts.on_hand, holding)),
        "backlog": money(prices.backlog, charged(flows.late, facts.late_opening, holding)),
        "lost_sales": money(prices.lost, flows.lost),
        "safety_stock": money(prices.shortfall, np.maximum(facts.safety_stock - flows.stock, 0)),
        "ending_stock": money(prices.ending, missing[:, None] * at_end),
        "hiring": (np.nan_to_num(staff.hiring_cost) * flows.hired * moved).sum(axis=0),
        "layoff": (np.nan_to_num(staff.layoff_cost) * flows.laid_off * moved).sum(axis=0),
    }
    return pd.DataFrame(
        [kinds[kind] for kind in KINDS], index=pd.Index(KINDS, name="kind"), columns=facts.buckets
    )
