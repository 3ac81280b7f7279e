"""What demand uses up in time, and what passes its shelf life before."""

import numpy as np


def sum_to(quantity, ends) -> np.ndarray:
    """Each row of ``quantity`` summed from its first bucket until ``ends`` (row, end; in buckets, a
    part of one in part).

    >>> sum_to(np.array([[5.0, 7.0]]), np.array([[0.0, 1.5, 2.0]])).tolist()
    [[0.0, 8.5, 12.0]]
    """
    each = np.pad(quantity, [(0, 0), (1, 1)])
    whole, rows = np.floor(ends).astype(int), np.arange(len(quantity))[:, None]
    return np.cumsum(each, axis=1)[rows, whole] + (ends - whole) * each[rows, whole + 1]


def sold_within(demand, buckets, per_year: int) -> np.ndarray:
    """Demand of the next ``buckets`` buckets after each bucket, the last year repeating beyond the
    horizon; inf where endless.

    >>> sold_within(np.array([[5.0, 7.0, 9.0]]), np.array([2.0]), 1).tolist()
    [[16.0, 18.0, 18.0]]
    """
    horizon, year = demand.shape[1], demand[:, -per_year:]
    endless = ~np.isfinite(buckets)[:, None]
    end = np.arange(1, horizon + 1) + np.where(endless, 0.0, buckets[:, None])
    years, rest = np.divmod(np.maximum(end - horizon, 0.0), year.shape[1])
    sold = sum_to(np.concatenate([demand, year], axis=1), np.minimum(end, horizon) + rest)
    sold = sold + years * year.sum(axis=1, keepdims=True)
    return np.where(endless, np.inf, sold - np.cumsum(demand, axis=1))


def expiring(demand, receipts, there, life, per_year: int, until=0) -> np.ndarray:
    """(item, bucket) units of what is ``there`` at first and of receipts that pass their shelf life
    at the end of each bucket, the oldest being sold first: of what arrives, all that demand does
    not use up within that ``life`` (buckets, by item).

    Before bucket ``until`` nothing new arrives, so that what is not served waits for receipts.

    >>> asked, life = np.array([[2.0, 2.0, 2.0]]), np.array([2.0])
    >>> expiring(asked, np.zeros((1, 3)), np.array([9.0]), life, 12).tolist()
    [[0.0, 5.0, 0.0]]
    """
    gone, fresh = np.zeros(demand.shape), np.isfinite(life)
    if not fresh.any():
        return gone
    kept, rows = np.where(fresh, np.ceil(life), 0).astype(int), np.arange(len(life))
    before = np.pad(demand, [(0, 0), (1, 0)])
    usable = sold_within(np.where(fresh[:, None], before, 0.0), life, per_year)
    for bucket in range(-1, demand.shape[1]):
        if bucket >= 0:
            there = there + receipts[:, bucket] - demand[:, bucket]
            there = np.where(bucket < until, there, np.maximum(there, 0.0))
        over = np.where(fresh, np.maximum(there - usable[:, bucket + 1], 0.0), 0.0)
        end, there = np.maximum(bucket + kept, 0), there - over
        inside = end < demand.shape[1]
        gone[rows[inside], end[inside]] += over[inside]
    return gone
