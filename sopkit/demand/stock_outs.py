"""Stock-outs: the demand that empty shelves could not serve."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sopkit.demand.findings import Findings, families, units
from sopkit.demand.robust import expectation
from sopkit.demand.straying import LONGEST, NEAR, common, run
from sopkit.grid import NONE, Grid, fold

OFTEN_EMPTY = 0.25  # share of empty stock counts from which they say nothing about lost demand


def stocked_out(found: Findings, grid: Grid, live, inventory_history, history_basis) -> Findings:
    """Add what empty shelves could not sell, at item level, shared by the markets that fell short
    of their expectation.
    """
    if inventory_history is None or inventory_history.empty:
        return found
    code, item_names = pd.factorize(grid.series["item"])
    stock = _stock(inventory_history, item_names, grid)
    total = fold(np.nan_to_num(found.demand), code, len(item_names))
    alive = fold(live.astype(float), code, len(item_names)) > 0
    group = families(grid)[np.unique(code, return_index=True)[1]]
    normal = expectation(
        np.where(alive, total, np.nan), grid.calendar.per_year, group, alive & ~stock.empty
    )
    lost = _lost(total, normal, stock, history_basis, alive)
    local = expectation(
        found.demand, grid.calendar.per_year, families(grid), live & ~stock.empty[code]
    )
    short = np.where(
        live, np.maximum(np.nan_to_num(local.expected) - np.nan_to_num(found.demand), 0), 0.0
    )
    part = short / np.maximum(fold(short, code, len(item_names)), 1e-12)[code]
    added = np.minimum(part * lost[code], short)
    days = np.where(np.isnan(stock.days), 0, stock.days)[code]

    def why(s, t):
        seen = f"{days[s, t]:.0f} days without stock" if days[s, t] else "stock ended at 0"
        return (
            f"{seen} and sold {units(found.demand[s, t])} where about {units(local.expected[s, t])}"
            f" was expected; {units(added[s, t])} added"
        )

    return found.note(
        live & (added > 1e-6), np.nan_to_num(found.demand) + added, "stocked out", why
    )


@dataclass(frozen=True)
class _Stock:
    """Item × bucket: where it was out of stock, for how many days (NaN = not counted), which share
    of the bucket.
    """

    empty: np.ndarray
    days: np.ndarray
    share: np.ndarray


def _stock(inventory_history, item_names, grid):
    """Where each item was out of stock, for how many days, which share of the bucket; nothing where
    that is its habit.
    """
    items = pd.DataFrame(
        {"item": np.asarray(item_names, dtype=object), "market": NONE, "family": NONE}
    )
    shelf = Grid(items, grid.buckets, grid.calendar)
    counts = inventory_history.assign(
        market=NONE, counted=1.0, none=(inventory_history["on_hand"] <= 0).astype(float)
    )
    counted, none = shelf.array(counts, "counted") > 0, shelf.array(counts, "none") > 0
    days = np.full(shelf.shape, np.nan)
    if "stocked_out" in counts and counts["stocked_out"].notna().any():
        known = counts[counts["stocked_out"].notna()]
        days = np.where(
            shelf.array(known, "counted") > 0, shelf.array(known, "stocked_out"), np.nan
        )
    length = (
        (grid.calendar.last_day(grid.buckets) - grid.buckets) / np.timedelta64(1, "D") + 1
    ).to_numpy()
    share = np.clip(np.nan_to_num(days) / length, 0, 1)
    empty = (share > 0) | (none & np.isnan(days))
    habit = empty.sum(axis=1) > OFTEN_EMPTY * np.maximum(counted.sum(axis=1), 1)
    empty = empty & ~habit[:, None]
    return _Stock(empty, np.where(empty, days, np.nan), np.where(empty, share, 0.0))


def _lost(total, normal, stock, history_basis, alive):
    """Units that an item lost: the expected sales of the days without stock, never above what was
    expected.

    Orders are still taken with an empty shelf, so there demand must be clearly short before any is
    added; a count of 0 without days says less still: a long or a common fall is taken for what it
    is.
    """
    short = np.where(alive, np.maximum(np.nan_to_num(normal.expected) - total, 0), 0.0)
    clearly = normal.score < (-2.0 if history_basis == "orders" else 0.0)
    by_days = np.where(stock.share > 0, np.nan_to_num(normal.expected) * stock.share, 0.0) * clearly
    isolated = (run(normal.score, NEAR) <= LONGEST) & ~common(normal.score, alive)
    by_count = np.where(
        stock.empty & (stock.share == 0) & (normal.score < -NEAR) & isolated, short, 0.0
    )
    return np.minimum(short, np.maximum(by_days, by_count))
