"""Demand classes: what kind of demand each series is."""

import numpy as np

from sopkit.forecast.arrays import counts

CLASSES = ("smooth", "erratic", "intermittent", "lumpy", "new", "dying", "dead")
INTERVAL_LIMIT, VARIATION_LIMIT = 1.32, 0.49


def interval_and_variation(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Average demand interval (ADI, buckets) and squared coefficient of variation of the demand
    sizes (CV²).

    Syntetos, Boylan & Croston (2005), On the categorization of demand patterns, JORS 56.

    >>> interval, variation = interval_and_variation(np.array([[0.0, 2.0, 0.0, 4.0]]))
    >>> float(interval[0]), round(float(variation[0]), 4)
    (2.0, 0.1111)
    """
    demand, known = values > 0, ~np.isnan(values)
    number = demand.sum(axis=1)
    interval = np.where(number > 0, known.sum(axis=1) / np.maximum(number, 1), np.inf)
    mean = np.where(demand, values, 0).sum(axis=1) / np.maximum(number, 1)
    spread = np.where(demand, (values - mean[:, None]) ** 2, 0).sum(axis=1) / np.maximum(number, 1)
    return interval, np.where(mean > 0, spread / np.where(mean > 0, mean, 1) ** 2, 0.0)


def buckets_without_demand(values: np.ndarray) -> np.ndarray:
    """How many buckets at each series' end had no demand, (series,); its whole length where it
    never had any.
    """
    demand = values > 0
    return np.where(demand.any(axis=1), np.argmax(demand[:, ::-1], axis=1), counts(values))


def silence(values: np.ndarray) -> np.ndarray:
    """How likely so long a silence at the end would be if the demand rate before it still held,
    (series,) 0–1.
    """
    gap = buckets_without_demand(values)
    before = counts(values) - gap
    rate = np.minimum((values > 0).sum(axis=1) / np.maximum(before + 1, 1), 0.95)
    return (1 - rate) ** gap


def classify(values: np.ndarray, season: int) -> np.ndarray:
    """The class of each series, (series,): smooth, erratic, intermittent or lumpy by ADI (1.32) and
    CV² (0.49); new below one season of history; dying or dead when the silence at the end is
    unlikely (5 %, or 0.1 % over a season) at the old rate.

    >>> classify(np.array([[5.0] * 24, [0.0, 0.0, 9.0] * 8, [5.0] * 10 + [0.0] * 14]), 12).tolist()
    ['smooth', 'intermittent', 'dead']
    """
    interval, variation = interval_and_variation(values)
    rough = variation >= VARIATION_LIMIT
    kind = np.where(
        interval < INTERVAL_LIMIT,
        np.where(rough, "erratic", "smooth"),
        np.where(rough, "lumpy", "intermittent"),
    )
    gap, chance, length = buckets_without_demand(values), silence(values), counts(values)
    kind = np.where(length < season, "new", kind)
    kind = np.where((gap >= 3) & (chance < 0.05), "dying", kind)
    never = ~(values > 0).any(axis=1)
    return np.where(never | ((gap >= max(season, 4)) & (chance < 0.001)), "dead", kind)


def regular(values: np.ndarray) -> np.ndarray:
    """Which series sell often enough (ADI below 1.32) for the trend and season methods; negative
    values count as sales.
    """
    known = (~np.isnan(values)).sum(axis=1)
    return known < INTERVAL_LIMIT * (values != 0).sum(axis=1)
