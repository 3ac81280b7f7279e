"""What limits are worth: the plan priced once more with whole numbers fixed and lost units
bounded.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from sopkit.grid import NONE
from sopkit.supply.flows import TINY
from sopkit.supply.model import LOADED, level_hours, objective_prices, stock_segments
from sopkit.supply.solve import solve
from sopkit.tables import PLANS

NOTHING = 1e-4  # money: a price below it is a tie, no bottleneck


@dataclass(frozen=True)
class Worth:
    """Money per unit of each limit at the optimum, by bucket."""

    hour: np.ndarray  # (resource, bucket): what one more hour saves, ≥ 0
    # (way, bucket): what one more unit costs beyond its price; < 0: its upper limit holds the plan
    quantity: np.ndarray
    stock: np.ndarray  # (item, bucket): what room for one more unit saves, ≥ 0


def worth_of(programme, values, holding: str, solved) -> Worth:
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
    taken = (facts.uses.T @ balance.ravel()).reshape(-1, facts.shape[1])
    beyond = prices["quantity"] - balance[facts.ways.item] + taken
    hour = -programme.duals(solved, len(staff), "hours", "ceiling")
    if "share" in programme:  # a level plan would use its share of one more hour in every bucket
        crew = np.where(staff.movable, values["workers"][:, :1], 1.0).clip(1e-9)
        used = values["share"][:, None] / crew * (level_hours(staff) > 0)
        hour = hour - programme.duals(solved, len(staff), "equal_shares") * used
    beyond = _priced(beyond - facts.hours.T @ loads) / programme.units["way"]
    parts, cost = facts.parts, facts.standard_cost * programme.units["item"][:, 0]
    cost = np.bincount(parts.way, parts.units * cost[parts.item], len(facts.ways))
    cost = cost[:, None] / programme.units["way"]  # parts of what is begun before the plan
    beyond = np.where(facts.early & (beyond < 0), np.minimum(beyond + cost, 0.0), beyond)
    stock = _priced(_room(programme, balance, prices) / programme.units["item"])
    return Worth(np.maximum(_priced(hour), 0.0), beyond, np.maximum(stock, 0.0))


def limit_prices(facts, limits, worth: Worth) -> pd.DataFrame:
    """The declared ``limit_prices``: every limit but hours that holds the plan, and what one more
    unit there saves (of what the fence keeps also what one less would, as a negative price).
    """
    less = limits.frozen & (limits.least > 0)  # of nothing there is no less
    price = np.where(less, -worth.quantity, np.maximum(-worth.quantity, 0.0))
    table = facts.by_way(price=price, limit=held_by(facts, limits))
    stock = facts.grid.frame(price=worth.stock).assign(limit="stock", source=NONE)
    table = pd.concat([table, stock])
    return PLANS["limit_prices"].conform(table.query("price != 0 and limit != ''"))


def held_by(facts, limits) -> np.ndarray:
    """(way, bucket) which limit is the quantity's: planning fence, lead time, source, or "" where
    it has none.
    """
    kinds = [limits.frozen, facts.early, np.isfinite(facts.ways.limit)[:, None]]
    return np.select(kinds, ["planning fence", "lead time", "source"], "").astype("object")


def _room(programme, balance, prices) -> np.ndarray:
    """What one more unit of stock at a bucket's end saves in the next one beyond what it costs,
    where it is kept in the price segment that a higher limit would make longer.
    """
    facts, limits = programme.facts, programme.limits
    known = np.isfinite(limits.stock) & ~facts.to_order[:, None]
    limits = replace(limits, stock=np.where(known, limits.stock, 0.0))
    wider = replace(limits, stock=limits.stock * (1 + 1e-6) + 1e-6)
    here, there = (stock_segments(facts, limit) for limit in (limits, wider))
    grown = {name: there[name] - here[name] for name in here}
    kept = sum(grown[name] * prices[name] for name in grown) / sum(grown.values())
    after = np.append(balance[:, 1:], balance[:, -1:] * 0, axis=1)
    return np.where(known, after - balance - kept, 0.0)


def _priced(money) -> np.ndarray:
    least = max(NOTHING, TINY * np.abs(money).max(initial=0.0))
    return np.where(np.abs(money) > least, money, 0.0)
