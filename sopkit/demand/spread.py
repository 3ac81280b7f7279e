"""Coarser numbers on finer cells: spread by baseline, equally where that is 0, finer rows
respected, totals exact.
"""

from dataclasses import dataclass

import numpy as np

from sopkit.grid import Grid, fold


@dataclass(frozen=True)
class Settled:
    """Signed ``units`` (series × bucket), the cells ``told`` by any row, and those where finer rows
    ``gave_way``.
    """

    units: np.ndarray
    told: np.ndarray
    gave_way: np.ndarray


def spread(total, weight, member, allowed=None) -> np.ndarray:
    """Each scope's ``total`` (scope × bucket) on its series by ``weight`` (series × bucket); their
    sums are the totals.

    ``member`` is each series' scope (−1 = none), ``allowed`` the cells that may take part. Where
    the weights of a scope sum to 0 its cells share equally; a total whose scope has no allowed cell
    stays unplaced.

    >>> weight = np.array([[2.0], [1.0], [9.0]])
    >>> spread(np.array([[30.0]]), weight, np.array([0, 0, -1])).ravel().tolist()
    [20.0, 10.0, 0.0]
    >>> spread(np.array([[30.0]]), np.zeros((3, 1)), np.array([0, 0, 0])).ravel().tolist()
    [10.0, 10.0, 10.0]
    """
    inside = (member >= 0)[:, None] & (
        np.ones(weight.shape, dtype=bool) if allowed is None else allowed
    )
    weight = np.where(inside, np.maximum(weight, 0), 0.0)
    nothing = fold(weight, member, len(total)) <= 0
    weight = np.where(nothing[member] & inside, 1.0, weight)
    whole = fold(weight, member, len(total))[member]
    return weight / np.where(whole > 0, whole, 1.0) * total[member]


def settle(grid: Grid, before, weight, cells) -> Settled:
    """The signed units that make every scoped cell say what its row says.

    ``cells`` has one row per scope and bucket: item, family, market, bucket and what is wanted
    there: ``set_to`` (units; blank = not set), ``units`` and ``percent`` (of the sum before) on
    top. The finest level is settled first; a coarser row moves only cells that no finer row speaks
    of, and those never below 0 while another can give. Only where nothing else is left does it move
    the others too: totals are exact. The order of the rows plays no part.
    """
    after, spoken, gave_way = (
        before.copy(),
        np.zeros(grid.shape, dtype=bool),
        np.zeros(grid.shape, dtype=bool),
    )
    column = grid.column(cells["bucket"])
    cells, column = cells[column >= 0], column[column >= 0]
    for level in grid.levels(cells):
        told, change = _wanted(level, cells, column, before, after)
        inside = told[level.member] & (level.member >= 0)[:, None]
        free = inside & ~spoken
        full = fold(free.astype(float), level.member, level.count)[level.member] == 0
        part = _place(change, level.member, after, weight, np.where(full, inside, free), inside)
        after, gave_way = after + part, gave_way | (spoken & (np.abs(part) > 1e-9))
        spoken = spoken | inside
    return Settled(after - before, spoken, gave_way)


def _wanted(level, cells, column, before, after):
    told = np.zeros((level.count, before.shape[1]), dtype=bool)
    set_to, units, percent = np.full(told.shape, np.nan), np.zeros(told.shape), np.zeros(told.shape)
    at = (level.scope, column[level.rows])
    told[at] = True
    for wanted, name in ((set_to, "set_to"), (units, "units"), (percent, "percent")):
        wanted[at] = cells[name].to_numpy(dtype=float)[level.rows]
    added = units + percent / 100 * fold(before, level.member, level.count)
    return (
        told,
        np.where(np.isnan(set_to), added, set_to + added - fold(after, level.member, level.count))
        * told,
    )


def _place(change, member, after, weight, free, inside):
    """Spread ``change`` over the free cells; what would push a cell below 0 is taken where
    something still stands.
    """
    part = spread(change, weight, member, free)
    falling = (change < 0)[member] & inside
    if not (falling & (after + part < 0)).any():
        return part
    part = np.where(falling, np.maximum(part, -np.maximum(after, 0)), part)
    for pool in (free, inside):
        standing = np.where(pool & falling, np.maximum(after + part, 0), 0.0)
        stock = fold(standing, member, len(change))
        owed = np.minimum(np.maximum(fold(part, member, len(change)) - change, 0), stock)
        part = part - standing * (owed / np.where(stock > 0, stock, 1.0))[member]
    owed = np.minimum(change - fold(part, member, len(change)), 0)
    return part + spread(np.where(change < 0, owed, 0.0), weight, member, free)
