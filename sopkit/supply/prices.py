"""What constraints are worth: the plan priced once more with whole numbers fixed and lost units
bounded.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sopkit.supply.capacity import level_hours
from sopkit.supply.flows import tidy
from sopkit.supply.model import prices_of
from sopkit.supply.rounding import settled
from sopkit.supply.solving import solve

NOTHING = 1e-4  # money: a price below it is a tie, no bottleneck


@dataclass(frozen=True)
class Worth:
    """Money per unit of each constraint at the optimum, all arrays by (resource | way | item,
    bucket).
    """

    hour: np.ndarray  # what one more hour saves, ≥ 0
    quantity: np.ndarray  # what one more unit of a way costs beyond its price: < 0 = its upper limit holds the plan back
    unit: np.ndarray  # what one more unit of the item on hand would save


def worth_of(book, programme, solution, strategy, holding: str) -> Worth:
    """``Worth`` of a solved plan: shadow prices of the linear programme with whole numbers fixed,
    in which no more units than before may be lost and a lost unit costs what it would have
    brought."""
    solution = _priced(book, programme, solution, strategy, holding)
    rows, shape = solution.row_prices, book.facts.shape
    hour = -_sum_rows(programme, rows, ("hours", "ceiling"), (len(book.facts.resources), shape[1]))
    if strategy.level and len(book.facts.resources):
        hour = hour + _level_hour(book, programme, solution)
    return Worth(
        hour=np.where(tidy(hour) > NOTHING, hour, 0.0),
        quantity=_above_nothing(solution.column_prices[programme.columns["quantity"]]),
        unit=rows[programme.rows["balance"]],
    )


def _above_nothing(prices: np.ndarray) -> np.ndarray:
    return np.where(np.abs(tidy(prices)) > NOTHING, prices, 0.0)


def _priced(book, programme, solution, strategy, holding: str):
    lost = solution.values[programme.columns["lost"]]
    loses = lost.max(initial=0.0) > 1e-7 * max(1.0, book.facts.demand.max(initial=0.0))
    if not (loses or programme.whole.any() or strategy.lean):
        return solution
    fixed = settled(programme, solution.values) if programme.whole.any() else programme
    if strategy.lean and len(book.facts.resources):
        workers = solution.values[programme.columns["workers"]]
        fixed = fixed.bounded("workers", workers, workers)
    fixed = fixed.bounded("lost", np.zeros_like(lost), np.maximum(lost, 0.0) * (1 + 1e-9) + 1e-9)
    cost = fixed.vector(prices_of(book, holding, lost=book.facts.prices.price))
    return solve(fixed, cost, start=solution.start) or solution


def _sum_rows(
    programme, prices: np.ndarray, names: tuple[str, ...], shape: tuple[int, int]
) -> np.ndarray:
    total = np.zeros(shape)
    for name in names:
        if name in programme.rows:
            at = programme.rows[name]
            total += np.where(at >= 0, prices[at], 0.0)
    return total


def _level_hour(book, programme, solution) -> np.ndarray:
    """One more hour in a bucket of a level plan lets that bucket use its share of it."""
    at = programme.rows["equal_shares"]
    share = solution.values[programme.columns["share"]][:, None]
    each = level_hours(book.facts.resources)
    staff = book.facts.resources
    workers = np.where(staff.movable, solution.values[programme.columns["workers"]][:, 0], 1.0)[
        :, None
    ]
    used = np.where(
        each > 0, np.divide(share, workers, out=np.zeros_like(share), where=workers > 0), 0.0
    )
    return np.where(at >= 0, -solution.row_prices[at] * used, 0.0)


def price_table(facts, limits, worth: Worth) -> pd.DataFrame:
    """What one more unit of each binding limit would save: resource hours, supplier quantities,
    fences and lead times.

    Columns kind (resource | supplier | fence | lead time), name, item, bucket, price (money per
    hour or unit), sorted, only prices above 0.
    """
    names = facts.items.names
    way_kind = np.where(
        limits.frozen,
        "fence",
        np.where(
            np.arange(facts.shape[1])[None, :] < facts.ways.opens[:, None], "lead time", "supplier"
        ),
    )
    gain = np.where(limits.frozen, np.abs(worth.quantity), np.maximum(-worth.quantity, 0.0))
    way, bucket = np.nonzero(gain > 0)
    resource, when = np.nonzero(worth.hour > 0)
    table = pd.DataFrame(
        {
            "kind": np.concatenate(
                [
                    np.full(len(resource), "resource", dtype="object"),
                    way_kind[way, bucket].astype("object"),
                ]
            ),
            "name": (
                np.concatenate(
                    [facts.resources.names[resource].astype("str"), _way_names(facts)[way]]
                )
                if len(way) + len(resource)
                else np.array([], dtype="object")
            ),
            "item": np.concatenate(
                [
                    np.full(len(resource), None, dtype="object"),
                    np.asarray(names[facts.ways.item[way]], dtype="object"),
                ]
            ),
            "bucket": facts.buckets[np.concatenate([when, bucket])],
            "price": np.concatenate([worth.hour[resource, when], gain[way, bucket]]),
        }
    )
    return table.sort_values(["kind", "name", "item", "bucket"], ignore_index=True)


def _way_names(facts) -> np.ndarray:
    return np.where(facts.ways.source == "", facts.ways.kind, facts.ways.source).astype("object")
