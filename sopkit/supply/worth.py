"""What constraints are worth: the plan priced once more with whole numbers fixed and lost units
bounded.
"""

from dataclasses import dataclass

import numpy as np

from sopkit.grid import fold
from sopkit.supply.flows import tidy
from sopkit.supply.model import LOADED, level_hours, prices_of
from sopkit.supply.solve import solve

NOTHING = 1e-4  # money: a price below it is a tie, no bottleneck


@dataclass(frozen=True)
class Worth:
    """Money per unit of each constraint at the optimum, by bucket."""

    hour: np.ndarray  # (resource, bucket): what one more hour saves, ≥ 0
    # (way, bucket): what one more unit costs beyond its price; < 0: its upper limit holds the plan
    quantity: np.ndarray


def worth_of(book, values: dict, strategy, holding: str, start) -> Worth:
    """``Worth`` of a solved plan: shadow prices of the linear programme with whole numbers fixed,
    in which no more units than before may be lost and a lost unit costs what it would have
    brought. ``start`` is the basis of the plan.
    """
    facts, bill = book.facts, book.facts.bill
    prices = prices_of(facts, holding, facts.prices.price)
    whole, lost = list(book.model.variables.integers), book["lost"].solution
    if whole or strategy.lean or lost.max() > 1e-7 * facts.demand.max(initial=1):
        for name in whole:
            book[name].fix()
            book[name].relax()
        if strategy.lean and "workers" in book:
            workers = book["workers"].solution
            book["workers"].update(lower=workers, upper=workers)
        book["lost"].update(upper=lost.clip(0) * (1 + 1e-9) + 1e-9)
        book.charge(prices)
        solve(book.model, start=start)
    loads = np.zeros((len(facts.resources), facts.shape[1])) + book.duals(*LOADED)
    beyond = (
        prices["quantity"]
        - book.duals("balance")[facts.ways.item]
        - fold(bill.hours[:, None] * loads[bill.resource], bill.way, len(facts.ways))
    )
    hour = -book.duals("hours", "ceiling") + np.zeros(loads.shape)
    if strategy.level and len(facts.resources):
        hour = hour - book.duals("equal_shares") * _used(book, values)
    return Worth(np.maximum(_priced(hour), 0.0), _priced(beyond))


def _priced(money: np.ndarray) -> np.ndarray:
    return np.where(np.abs(tidy(money)) > NOTHING, money, 0.0)


def _used(book, values: dict) -> np.ndarray:
    """(resource, bucket) share of one more hour that a level plan would use: its share of every
    hour of the bucket.
    """
    staff = book.facts.resources
    share = values["share"] / np.where(staff.movable, values["workers"][:, 0], 1.0).clip(1e-9)
    return share[:, None] * (level_hours(staff, 1.0) > 0)
