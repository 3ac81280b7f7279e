"""What constraints are worth: the plan priced once more with whole numbers fixed and lost units
bounded.
"""

from dataclasses import dataclass

import numpy as np

from sopkit.supply.flows import TINY
from sopkit.supply.model import LOADED, level_hours, objective_prices
from sopkit.supply.solve import solve

NOTHING = 1e-4  # money: a price below it is a tie, no bottleneck


@dataclass(frozen=True)
class Worth:
    """Money per unit of each constraint at the optimum, by bucket."""

    hour: np.ndarray  # (resource, bucket): what one more hour saves, ≥ 0
    # (way, bucket): what one more unit costs beyond its price; < 0: its upper limit holds the plan
    quantity: np.ndarray


def worth_of(programme, values: dict, holding: str, solved) -> Worth:
    """``Worth`` of a ``solved`` plan: shadow prices of the linear programme with whole numbers
    fixed, in which no more units than before may be lost and a lost unit costs what it would have
    brought.
    """
    facts, chase = programme.facts, programme.strategy == "chase"
    prices = objective_prices(facts, holding, facts.prices.price)
    whole = list(programme.model.variables.integers)
    lost = values["lost"] / programme.units["item"]
    if whole or chase or lost.max() > 1e-7 * facts.demand.max(initial=1):
        parts = programme.parts
        for name in [*whole, *["workers"] * chase]:
            at = programme.labels(name)
            parts.lb[at] = parts.ub[at] = solved.values[at]
        parts.vtypes[:] = "C"
        parts.ub[programme.labels("lost")] = lost.clip(0) * (1 + 1e-9) + 1e-9
        solved = solve(parts, programme.costs(prices), start=solved.basis) or solved
    staff = facts.resources
    loads = programme.duals(solved, len(staff), *LOADED)
    balance = programme.duals(solved, facts.shape[0], "balance")
    beyond = prices["quantity"] - balance[facts.ways.item]
    hour = -programme.duals(solved, len(staff), "hours", "ceiling")
    if "share" in programme:  # a level plan would use its share of one more hour in every bucket
        share = values["share"] / np.where(staff.movable, values["workers"][:, 0], 1.0).clip(1e-9)
        used = share[:, None] * (level_hours(staff) > 0)
        hour = hour - programme.duals(solved, len(staff), "equal_shares") * used
    beyond = _priced(beyond - facts.hours.T @ loads) / programme.units["way"]
    return Worth(np.maximum(_priced(hour), 0.0), beyond)


def _priced(money: np.ndarray) -> np.ndarray:
    least = max(NOTHING, TINY * np.abs(money).max(initial=0.0))
    return np.where(np.abs(money) > least, money, 0.0)
