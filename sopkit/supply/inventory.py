"""Inventory: safety stock from the forecast's own errors, cycle stock, cover, and what excess or
shortage is worth.
"""

import numpy as np
import pandas as pd

from sopkit.buckets import infer_calendar
from sopkit.errors import PlanError
from sopkit.metrics import cover
from sopkit.supply import reading
from sopkit.supply.limits import sold_within
from sopkit.supply.settings import Settings


def safety_stock(
    paths, names, buckets, items, *, settings=None, service_by_class=None, demand=None
) -> pd.DataFrame:
    """Units to hold against forecast error, as item, bucket, quantity (sorted; 0 where no service
    level is given).

    The quantile at the item's service level of cumulative demand over lead time + review, less its
    mean: no normal curve is assumed. ``paths`` is the array (item, path, bucket) of
    ``sample_paths`` in the order of ``names``; ``buckets`` are the plan's buckets. A bucket's
    safety stock scales with the demand that follows it (``demand``: item, bucket, quantity; default
    the paths' mean). The service level is items' ``service_level``, else that of its ``class`` in
    ``service_by_class``, else the settings'.

    Source: Silver, Pyke & Thomas, Inventory and Production Management in Supply Chains, ch. 6
    (empirical lead-time demand).

    >>> paths = np.array([[[90.0], [100.0], [110.0]]]) * np.ones((1, 3, 2))
    >>> items = pd.DataFrame({"item": ["A"], "service_level": [1.0], "lead_time": [1]})
    >>> safety_stock(paths, ["A"], ["2026-01-01", "2026-02-01"], items)["quantity"].tolist()
    [20.0, 20.0]
    """
    chosen = Settings.of(settings)
    frame = reading.frame_of(items, "items", ("item",))
    rows = reading.positions(frame["item"], names, "items", "item")
    frame = frame.iloc[rows].reset_index(drop=True)
    level = service_levels(frame, chosen, service_by_class)
    span = reading.numbers(frame, "items", "lead_time", 0.0) + chosen.review
    stamps = pd.DatetimeIndex(pd.to_datetime(pd.Index(buckets)))
    paths = np.asarray(paths, dtype="float64")
    if paths.ndim != 3 or paths.shape[0] != len(frame):
        raise PlanError(
            f"paths has shape {paths.shape}; give one (item, path, bucket) array with {len(frame)}"
            " items in the order of names"
        )
    error = error_quantile(paths, span, level)
    expected = _expected(demand, frame["item"], stamps, paths)
    per_year = infer_calendar(stamps).per_year
    following = sold_within(expected, span, per_year)
    first = sold_within(
        np.concatenate([np.zeros((len(expected), 1)), expected], axis=1), span, per_year
    )[:, :1]
    scale = np.divide(following, first, out=np.ones_like(following), where=first > 0)
    order = np.argsort(pd.Index(frame["item"]), kind="stable")
    strategy = frame["strategy"] if "strategy" in frame.columns else pd.Series("stock", frame.index)
    quantity = np.where((strategy == "order").to_numpy()[:, None], 0.0, error[:, None] * scale)[
        order
    ]
    sorted_items = frame["item"].iloc[order]
    return pd.DataFrame(
        {
            "item": np.repeat(sorted_items.to_numpy(), len(stamps)),
            "bucket": np.tile(stamps.to_numpy(), len(frame)),
            "quantity": quantity.reshape(-1),
        }
    )


def service_levels(items: pd.DataFrame, settings: Settings, by_class=None) -> np.ndarray:
    """Cycle service wanted per item (fraction, NaN = none): the item's own, else its class's, else
    the settings'.
    """
    general = np.nan if settings.service_level is None else settings.service_level
    if by_class and "class" in items.columns:
        general = items["class"].map(by_class).astype("float64").fillna(general).to_numpy()
    level = reading.numbers(items, "items", "service_level", general)
    reading.refuse(
        items.assign(service_level=level),
        "items",
        "service_level",
        level > 1,
        "are above 1",
        "write 0.95 for 95 %",
    )
    return level


def error_quantile(paths: np.ndarray, span: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Units per item: quantile ``level`` of cumulative demand over ``span`` buckets less its mean,
    at least 0.

    Beyond the paths' last bucket their spread grows with the square root of time.
    """
    buckets = paths.shape[2]
    cumulative = np.concatenate([np.zeros((*paths.shape[:2], 1)), np.cumsum(paths, axis=2)], axis=2)
    inside = np.minimum(span, buckets)
    whole = np.minimum(np.floor(inside).astype(int), buckets)
    rows = np.arange(len(paths))
    low, high = cumulative[rows, :, whole], cumulative[rows, :, np.minimum(whole + 1, buckets)]
    total = low + (inside - whole)[:, None] * (high - low)
    error = np.sort(total - total.mean(axis=1, keepdims=True), axis=1)
    at = np.nan_to_num(level) * (paths.shape[1] - 1)
    below = np.floor(at).astype(int)
    above = np.minimum(below + 1, paths.shape[1] - 1)
    quantile = error[rows, below] + (at - below) * (error[rows, above] - error[rows, below])
    growth = np.sqrt(np.divide(span, inside, out=np.ones_like(span), where=inside > 0))
    return np.where(np.isnan(level), 0.0, np.maximum(quantile * growth, 0.0))


def inventory_plan(supply_plan, items, *, standard_cost=None, settings=None) -> pd.DataFrame:
    """``inventory_plan``: item, bucket, units, value (units × standard cost), cover (buckets of
    future demand), target (units).

    ``standard_cost`` is a Series by item (money/unit), default the items' unit_cost; target =
    safety stock + half a lot.

    >>> plan = pd.DataFrame({"item": "A", "bucket": pd.date_range("2026-01-01", periods=2, freq="MS"), "demand": [10.0, 20.0],
    ...                      "projected_available": [30.0, 10.0], "backlog": 0.0, "safety_stock": 5.0})
    >>> inventory_plan(plan, pd.DataFrame({"item": ["A"], "unit_cost": [2.0], "lot_size": [10.0]})).iloc[0, 2:].tolist()
    [30.0, 60.0, 2.0, 10.0]
    """
    names, buckets, cells = wide(
        supply_plan, "demand", "projected_available", "backlog", "safety_stock"
    )
    frame = _rows_of(items, names)
    per_year = infer_calendar(buckets).per_year
    lasts = cover(cells["projected_available"], cells["demand"], cells["backlog"], per_year)
    target = cells["safety_stock"] + cycle_stock(frame)[:, None]
    value = cells["projected_available"] * _cost_of(frame, names, standard_cost)[:, None]
    return pd.DataFrame(
        {
            "item": np.repeat(names.to_numpy(), len(buckets)),
            "bucket": np.tile(buckets.to_numpy(), len(names)),
            "units": cells["projected_available"].reshape(-1),
            "value": value.reshape(-1),
            "cover": lasts.reshape(-1),
            "target": target.reshape(-1),
        }
    )


def cycle_stock(items: pd.DataFrame) -> np.ndarray:
    """Mean stock that lots leave behind: half the larger of lot size and minimum lot; none for
    order-driven items (units).
    """
    lot = np.maximum(
        reading.numbers(items, "items", "lot_size", 0.0),
        reading.numbers(items, "items", "minimum_lot", 0.0),
    )
    if "strategy" in items.columns:
        lot = np.where(items["strategy"].astype("object").eq("order"), 0.0, lot)
    return lot / 2


def stock_risk(supply_plan, items, *, standard_cost=None) -> pd.DataFrame:
    """Item, bucket, excess, obsolete, shortage in money, sorted by item and bucket.

    Excess: stock above target and the next bucket's demand, at standard cost. Obsolete: the part of
    stock that a year of demand (or the shelf life, or what is left until ``retired_on``) will not
    use up. Shortage: what is missing to safety stock plus backlog, at price.

    >>> plan = pd.DataFrame({"item": "A", "bucket": pd.date_range("2026-01-01", periods=2, freq="MS"), "demand": [10.0, 10.0],
    ...                      "projected_available": [300.0, 0.0], "backlog": [0.0, 4.0], "safety_stock": 5.0})
    >>> stock_risk(plan, pd.DataFrame({"item": ["A"], "unit_cost": [2.0], "price": [5.0]})).iloc[:, 2:].to_numpy().tolist()
    [[570.0, 360.0, 0.0], [0.0, 0.0, 45.0]]
    """
    names, buckets, cells = wide(
        supply_plan, "demand", "projected_available", "backlog", "safety_stock"
    )
    frame = _rows_of(items, names)
    stock, demand = cells["projected_available"], cells["demand"]
    per_year = infer_calendar(buckets).per_year
    cost = _cost_of(frame, names, standard_cost)[:, None]
    price = reading.numbers(frame, "items", "price", cost[:, 0])[:, None]
    target = cells["safety_stock"] + cycle_stock(frame)[:, None]
    ahead = sold_within(demand, np.ones(len(frame)), per_year)
    usable = sold_within(
        demand,
        np.minimum(reading.numbers(frame, "items", "shelf_life", np.inf), per_year),
        per_year,
    )
    usable = np.minimum(usable, _until_retired(frame, demand, buckets))
    shortage = np.maximum(cells["safety_stock"] - stock, 0.0) + cells["backlog"]
    return pd.DataFrame(
        {
            "item": np.repeat(names.to_numpy(), len(buckets)),
            "bucket": np.tile(buckets.to_numpy(), len(names)),
            "excess": (np.maximum(stock - target - ahead, 0.0) * cost).reshape(-1),
            "obsolete": (np.maximum(stock - usable, 0.0) * cost).reshape(-1),
            "shortage": (shortage * price).reshape(-1),
        }
    )


def wide(plan: pd.DataFrame, *columns: str):
    """Item names, buckets and each column as an (item, bucket) array; an absent cell is 0."""
    item, names = pd.factorize(plan["item"], sort=True)
    bucket, stamps = pd.factorize(plan["bucket"], sort=True)
    cells = {
        column: reading.grid(
            item, bucket, plan[column].to_numpy(dtype="float64"), (len(names), len(stamps))
        )
        for column in columns
    }
    return pd.Index(names, name="item"), pd.DatetimeIndex(stamps), cells


def _rows_of(items, names: pd.Index) -> pd.DataFrame:
    frame = reading.frame_of(items, "items", ("item",))
    return frame.iloc[
        reading.positions(frame["item"], pd.Series(names), "supply_plan", "item")
    ].reset_index(drop=True)


def _cost_of(frame: pd.DataFrame, names: pd.Index, standard_cost) -> np.ndarray:
    own = reading.numbers(frame, "items", "unit_cost", 0.0)
    return (
        own
        if standard_cost is None
        else pd.Series(standard_cost).reindex(names).fillna(pd.Series(own, names)).to_numpy()
    )


def _expected(demand, names: pd.Series, buckets: pd.DatetimeIndex, paths: np.ndarray) -> np.ndarray:
    if demand is not None:
        frame = reading.frame_of(demand, "demand", ("item", "bucket", "quantity"))
        column = buckets.get_indexer(pd.to_datetime(frame["bucket"]))
        row = reading.positions(names, frame["item"], "demand", "item", allow_unknown=True)
        return reading.grid(
            row,
            column,
            reading.numbers(frame, "demand", "quantity", 0.0),
            (len(names), len(buckets)),
        )
    mean = paths.mean(axis=1)
    reach = np.minimum(np.arange(len(buckets)), mean.shape[1] - 1)
    return np.maximum(mean[:, reach], 0.0)


def _until_retired(
    frame: pd.DataFrame, demand: np.ndarray, buckets: pd.DatetimeIndex
) -> np.ndarray:
    """Demand from the next bucket to an item's retirement; inf where it has none."""
    if "retired_on" not in frame.columns:
        return np.full(demand.shape, np.inf)
    ends = pd.to_datetime(frame["retired_on"]).to_numpy()[:, None]
    sold = np.where(buckets.to_numpy()[None, :] <= ends, demand, 0.0)
    left = sold[:, ::-1].cumsum(axis=1)[:, ::-1] - sold
    return np.where(np.isnat(ends), np.inf, left)
