"""Inventory: safety stock from the forecast's own errors, cycle stock, cover, and what excess or
shortage is worth.
"""

import numpy as np
import pandas as pd

from sopkit.buckets import infer_calendar
from sopkit.errors import PlanError
from sopkit.grid import Grid
from sopkit.metrics import cover
from sopkit.supply import reading
from sopkit.supply.after import Finished
from sopkit.supply.facts import ways_of
from sopkit.supply.shelf import expiring, sold_within
from sopkit.tables import settled


def safety_stock(
    paths,
    names,
    buckets,
    items,
    *,
    sourcing=None,
    bill_of_resources=None,
    components=None,
    settings=None,
) -> pd.DataFrame:
    """Units to hold against forecast error, as item, bucket, quantity (sorted; 0 where no service
    level is given).

    The quantile at the item's service level of cumulative demand over lead time + review, less its
    mean: no normal curve is assumed. What is bought waits as long as its sources (see
    ``waiting``). ``paths`` is the array (item, path, bucket) of
    ``sample_paths`` in the order of ``names``; ``buckets`` are the plan's buckets. A bucket's
    safety stock scales with the demand that follows it (the paths' mean); an item that has retired
    needs none. The service level is items' ``service_level``, else the settings'.

    Source: Silver, Pyke & Thomas, Inventory and Production Management in Supply Chains, ch. 6
    (empirical lead-time demand).

    >>> paths = np.array([[[90.0], [100.0], [110.0]]]) * np.ones((1, 3, 2))
    >>> items = pd.DataFrame({"item": ["A"], "service_level": [1.0], "lead_time": [1]})
    >>> safety_stock(paths, ["A"], ["2026-01-01", "2026-02-01"], items)["quantity"].tolist()
    [20.0, 20.0]
    """
    chosen, buckets = settled(settings), pd.DatetimeIndex(buckets)
    rows, paths = reading.item_rows(items, names, "paths"), demand_paths(paths, names, buckets)
    level = rows["service_level"].fillna(chosen["service_level"] or np.nan).to_numpy()
    expected = np.maximum(paths.mean(axis=1)[:, : len(buckets)], 0.0)
    calendar = infer_calendar(buckets)
    grid = Grid(rows[["item"]], buckets, calendar, ("item",))
    told = {"bill_of_resources": bill_of_resources, "components": components, "sourcing": sourcing}
    ways = ways_of(rows, *(reading.given(table, name) for name, table in told.items()), grid)
    span = waiting(ways, expected.mean(axis=1)) + chosen["review"]
    error = error_quantile(paths, span, level)
    per_year, ends = calendar.per_year, calendar.last_day(buckets).to_numpy()
    following = sold_within(expected, span, per_year)
    first = sold_within(np.pad(expected, [(0, 0), (1, 0)]), span, per_year)[:, :1]
    scale = np.divide(following, first, out=np.ones_like(following), where=first > 0)
    wanted = np.where(rows["strategy"].eq("order"), 0.0, error)[:, None] * scale
    wanted = np.where(rows["retired_on"].to_numpy()[:, None] <= ends, 0.0, wanted)
    return grid.frame(quantity=wanted).sort_values("item", kind="stable", ignore_index=True)


def waiting(ways, demand) -> np.ndarray:
    """Buckets from order to arrival by item: of what is made its own lead time; of what is bought
    the longest of the cheapest sources that together deliver its mean ``demand`` (units a bucket).

    >>> from types import SimpleNamespace
    >>> ways = {"item": [0, 0], "unit_cost": [4.0, 9.0], "lead": [3.0, 0.0], "limit": [5.0, 9.0]}
    >>> ways["kind"] = ["purchased", "purchased"]
    >>> ways = SimpleNamespace(**{name: np.array(each) for name, each in ways.items()})
    >>> waiting(ways, np.array([5.0])).tolist(), waiting(ways, np.array([6.0])).tolist()
    ([3.0], [3.0])
    """
    own = np.flatnonzero((ways.kind != "subcontracted") & (ways.limit > 0))
    own = own[np.lexsort((ways.lead[own], ways.unit_cost[own]))]
    item, most = ways.item[own], pd.Series(ways.limit[own].clip(max=1e15))
    before = (most.groupby(item).cumsum() - most).to_numpy()
    used = (before < demand[item]) | (before == 0)
    longest = np.zeros(len(demand))
    np.maximum.at(longest, item[used], ways.lead[own][used])
    return longest


def demand_paths(paths, names, buckets) -> np.ndarray:
    """The paths as an array (item, path, bucket) of the items ``names``; ``PlanError`` where they
    are no such array or end before the last of the ``buckets``.
    """
    paths = np.asarray(paths)
    if paths.ndim != 3 or len(paths) != len(names) or paths.shape[2] < len(buckets):
        raise PlanError(
            f"paths has shape {paths.shape}; give one (item, path, bucket) array with {len(names)}"
            f" items in the order of names and {len(buckets)} buckets"
        )
    return paths


def error_quantile(paths, span, level) -> np.ndarray:
    """Units per item: quantile ``level`` of cumulative demand over ``span`` buckets less its mean,
    at least 0; 0 where the level is blank.

    Beyond the paths' last bucket their spread grows with the square root of time.
    """
    buckets = paths.shape[2]
    covered = np.clip(span[:, None, None] - np.arange(buckets), 0, 1)  # share of each bucket
    total = (paths * covered).sum(axis=2)
    error = total - total.mean(axis=1, keepdims=True)
    each = [np.quantile(row, chance) for row, chance in zip(error, np.nan_to_num(level))]
    growth = np.sqrt(np.maximum(span / buckets, 1.0))
    return np.where(np.isnan(level), 0.0, np.maximum(each * growth, 0.0))


def inventory_plan(supply_plan, items, *, standard_cost=None) -> pd.DataFrame:
    """``inventory_plan``: item, bucket, units, value (units × standard cost), cover (buckets of
    future demand), target (units), unsaleable (units of it past their shelf life).

    ``standard_cost`` is a Series by item (money/unit), default the items' unit_cost; target =
    safety stock + half a lot.

    >>> plan = pd.DataFrame({"item": "A", "bucket": pd.date_range("2026-01-01", periods=2,
    ...     freq="MS"), "demand": [10.0, 20.0],
    ...     "projected_available": [30.0, 10.0], "backlog": 0.0,
    ...     "safety_stock": 5.0})
    >>> inventory_plan(plan, pd.DataFrame({"item": ["A"], "unit_cost": [2.0],
    ...     "lot_size": [10.0]})).iloc[0, 2:].tolist()
    [30.0, 60.0, 2.0, 10.0, 0.0]
    """
    plan = Finished(supply_plan, items, standard_cost)
    stock = plan["projected_available"]
    lasts = cover(stock, plan["used"], plan["backlog"], plan.per_year)
    value = stock * plan.cost[:, None]
    return plan.grid.frame(
        units=stock, value=value, cover=lasts, target=plan.target, unsaleable=unsaleable(plan)
    )


def unsaleable(plan: Finished) -> np.ndarray:
    """(item, bucket) units of stock past their shelf life: of all that had arrived one shelf life
    ago, what has not been shipped since, the oldest first.
    """
    life = plan.fact("shelf_life")
    if not (life <= plan.shape[1]).any():
        return np.zeros(plan.shape)
    first = np.maximum(plan.opening[:, 0] + plan.owed[:, 0], 0.0)
    gone = expiring(
        plan.got, plan["shipments"] + plan["used"] - plan["demand"], first, life
    ).cumsum(axis=1)
    return np.where(gone > 1e-6, np.minimum(gone, plan["projected_available"]), 0.0)


def stock_risk(supply_plan, items, *, standard_cost=None) -> pd.DataFrame:
    """Item, bucket, excess, obsolete, shortage in money, sorted by item and bucket.

    Excess: stock above target and the next bucket's demand, at standard cost. Obsolete: the part of
    stock that a year of demand (or the shelf life, or what is left until ``retired_on``) will not
    use up, and what is past its shelf life. Shortage: what is missing to safety stock plus backlog,
    at price.

    >>> plan = pd.DataFrame({"item": "A", "bucket": pd.date_range("2026-01-01", periods=2,
    ...     freq="MS"), "demand": [10.0, 10.0],
    ...     "projected_available": [300.0, 0.0], "backlog": [0.0, 4.0],
    ...     "safety_stock": 5.0})
    >>> stock_risk(plan, pd.DataFrame({"item": ["A"], "unit_cost": [2.0], "price": [5.0]})).iloc[:,
    ...     2:].to_numpy().tolist()
    [[570.0, 360.0, 0.0], [0.0, 0.0, 45.0]]
    """
    plan = Finished(supply_plan, items, standard_cost)
    stock, demand, per_year = plan["projected_available"], plan["used"], plan.per_year
    cost = plan.cost[:, None]
    ahead = sold_within(demand, np.ones(len(stock)), per_year)
    usable = sold_within(demand, np.minimum(plan.fact("shelf_life"), per_year), per_year)
    usable = np.minimum(usable, _until_retired(plan))
    shortage = np.maximum(plan["safety_stock"] - stock, 0.0) + plan["backlog"]
    return plan.grid.frame(
        excess=np.maximum(stock - plan.target - ahead, 0.0) * cost,
        obsolete=np.maximum(stock - usable, unsaleable(plan)) * cost,
        shortage=shortage * plan.price(0.0)[:, None],
    )


def _until_retired(plan: Finished) -> np.ndarray:
    """Demand from the next bucket to an item's retirement; inf where it has none."""
    ends = plan.fact("retired_on")[:, None]
    sold = np.where(plan.buckets.to_numpy() <= ends, plan["used"], 0.0)
    left = sold.sum(axis=1, keepdims=True) - sold.cumsum(axis=1)
    return np.where(np.isnat(ends), np.inf, left)
