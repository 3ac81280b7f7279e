"""The distribution of seldom demand: a chance of selling in a bucket, and the sizes seen when it
sold.
"""

from dataclasses import dataclass

import numpy as np

SIZES = 25
POOL_EVIDENCE = 4.0
TAPER, LEAST_TRUST = 0.3, 0.25


@dataclass(frozen=True)
class Rare:
    """``chance`` (series, bucket) of any demand, and ``sizes`` (series, SIZES): quantiles of the
    demand size in units, ascending.
    """

    chance: np.ndarray
    sizes: np.ndarray

    def quantile(self, rows, bucket, level):
        """Demand at a probability level (broadcast over rows), in units: 0 below 1 − chance, then
        the sizes.
        """
        chance = self.chance[rows, bucket]
        inside = np.clip((level - (1 - chance)) / np.where(chance > 0, chance, 1), 0, 1)
        place = np.clip(np.ceil(inside * SIZES).astype(int) - 1, 0, SIZES - 1)
        near = np.minimum(inside / np.where(chance < 1, TAPER, 1e-9), 1)
        return np.where((inside > 0) & (chance > 0), near * self.sizes[rows, place], 0.0)


def rare_demand(values: np.ndarray, baseline: np.ndarray, trust: float = 1.0) -> Rare:
    """The distribution around ``baseline`` (series, bucket): sizes as each series sold them,
    leaning on all series' relative sizes where it sold seldom; chance = baseline ÷ mean size, and
    where that passes 1 the sizes grow instead.

    ``trust`` (see ``trust_in_chances``) draws the chances toward their panel's mean. Just above 1 −
    chance the sizes rise from 0, since nobody knows the chance exactly.

    >>> rare = rare_demand(np.array([[0.0, 4.0, 0.0, 4.0]]), np.array([[2.0]]))
    >>> float(rare.chance[0, 0])
    0.5
    """
    sizes, number = size_quantiles(values)
    mean = sizes.mean(axis=1)
    relative = sizes / np.where(mean > 0, mean, 1)[:, None]
    plenty = number >= 5
    common = relative[plenty].mean(axis=0) if plenty.sum() >= 5 else np.ones(SIZES)
    share = (number / (number + POOL_EVIDENCE))[:, None]
    sizes = mean[:, None] * (share * relative + (1 - share) * common / common.mean())
    chance = baseline / np.where(mean > 0, mean, 1)[:, None]
    most = np.maximum(chance.max(axis=1), 1.0)
    chance = np.minimum(chance / most[:, None], 1.0)
    selling = chance > 0
    usual = chance[selling].mean() if selling.any() else 0.0
    return Rare(
        np.where(selling & (chance < 1), usual + trust * (chance - usual), chance),
        sizes * most[:, None],
    )


def trust_in_chances(values: np.ndarray, back: np.ndarray, actual: np.ndarray) -> float:
    """How far differences between items' past demand frequencies lasted in the backtest: the slope
    of what came on what had been, between a quarter and 1. ``values`` (series, bucket), ``back``
    (series, origin) buckets held back, ``actual`` (series, origin, lead).

    >>> trust_in_chances(np.array([[1.0] * 9 + [0.0], [0.0] * 10]), np.array([[2], [2]]), np.array([[[1.0, 0.0]], [[0.0, 0.0]]]))
    0.5
    """
    known = ~np.isnan(values)
    total, number = np.cumsum(values > 0, axis=1), np.cumsum(known, axis=1)
    column = np.maximum(values.shape[1] - 1 - back, 0)
    before = np.take_along_axis(number, column, axis=1)
    past = np.take_along_axis(total, column, axis=1) / np.maximum(before, 1)
    tested = ~np.isnan(actual)
    came = ((actual > 0) & tested).sum(axis=2) / np.maximum(tested.sum(axis=2), 1)
    use = (
        (before >= 12) & tested.any(axis=2)
        if (before >= 12).any()
        else (before > 0) & tested.any(axis=2)
    )
    past, came = past[use], came[use]
    spread = ((past - past.mean()) ** 2).sum() if len(past) else 0.0
    return (
        float(np.clip(((past - past.mean()) * came).sum() / spread, LEAST_TRUST, 1.0))
        if spread > 0
        else 1.0
    )


def size_quantiles(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mid-quantiles of each series' demand sizes (series, SIZES) and how many there were."""
    demand = np.where(values > 0, values, np.nan)
    number = (~np.isnan(demand)).sum(axis=1)
    ordered = np.sort(demand, axis=1)
    place = (np.arange(SIZES) + 0.5) / SIZES * number[:, None] - 0.5
    low = np.clip(np.floor(place), 0, np.maximum(number - 1, 0)[:, None]).astype(int)
    high = np.minimum(low + 1, np.maximum(number - 1, 0)[:, None])
    share = np.clip(place - low, 0, 1)
    mixed = (1 - share) * np.take_along_axis(ordered, low, 1) + share * np.take_along_axis(
        ordered, high, 1
    )
    return np.where(number[:, None] > 0, mixed, 0.0), number
