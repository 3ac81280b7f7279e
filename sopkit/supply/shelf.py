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


def ages(life) -> tuple[np.ndarray, np.ndarray]:
    """By item: after how many buckets what arrived in one is unsaleable at their end (inf where it
    keeps for ever), and the share of the last of them in which it is still sold.

    >>> [part.tolist() for part in ages(np.array([2.0, 1.5, np.inf]))]
    [[2.0, 2.0, inf], [1.0, 0.5, 1.0]]
    """
    kept = np.ceil(life)
    return kept, 1 - np.where(np.isfinite(life), kept - np.nan_to_num(life, posinf=0.0), 0.0)


def expiring(arriving, demand, opening, life) -> np.ndarray:
    """(item, bucket) units that pass their shelf ``life`` (buckets, by item) at the end of each
    bucket: of the ``opening`` stock (less backlog) and of what arrives, what backlog and demand
    have not taken by then, the oldest first.

    >>> asked, life = np.array([[2.0, 2.0, 2.0]]), np.array([2.0])
    >>> expiring(np.zeros((1, 3)), asked, np.array([9.0]), life).tolist()
    [[0.0, 5.0, 0.0]]
    """
    gone, (kept, share) = np.zeros(demand.shape), ages(life)
    if not np.isfinite(life).any():
        return gone
    net, rows = np.where(life > 0, opening, np.minimum(opening, 0.0)), np.arange(len(life))
    gone[:, 0] = opening - net
    came = np.pad(np.cumsum(arriving, axis=1), [(0, 0), (1, 0)])
    for bucket in range(demand.shape[1]):
        there = np.maximum(net, 0.0) + arriving[:, bucket]
        net = net + arriving[:, bucket] - demand[:, bucket]
        stock, since = np.maximum(net, 0.0), np.clip(bucket + 1 - kept, 0, None).astype(int)
        young = came[:, bucket + 1] - came[rows, since]
        old = stock + (1 - share) * (there - stock) - young
        old = np.where(kept - 1 <= bucket, np.clip(old, 0.0, stock), 0.0)
        gone[:, bucket] += old
        net = net - old
    return gone
