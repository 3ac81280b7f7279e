"""Straying in company: runs of odd buckets in a series, odd buckets that many series share. Neither
is an outlier.
"""

import numpy as np

OUTLIER, UNUSUAL = 6.0, 4.0  # robust standard deviations: changed, only shown
NEAR = 3.0  # deviations from which a neighbour strays too
LONGEST = (
    2  # buckets in a row that may be a rise out of line; more are a new level, and so are two falls
)
TOGETHER = 0.2  # share of the company's series that stray together: not an outlier


def common(score, live) -> np.ndarray:
    """Cells of buckets in which many series stray to the same side: the company's news, not one
    series' outlier.
    """
    shared = np.zeros(score.shape, dtype=bool)
    enough = max(3.0, TOGETHER * len(score))
    for side in (1, -1):
        astray = (score * side >= UNUSUAL) & live
        shared |= astray & (
            (astray.sum(axis=0) >= enough) & (astray.sum(axis=0) >= TOGETHER * live.sum(axis=0))
        )
    return shared


def run(score, limit) -> np.ndarray:
    """Length of the run of buckets beyond ``limit`` on the same side in which each cell stands."""
    length = np.zeros(score.shape)
    for side in (1, -1):
        beyond = score * side >= limit
        ahead, behind = np.zeros(score.shape), np.zeros(score.shape)
        for t in range(score.shape[1]):
            ahead[:, t] = (ahead[:, t - 1] + 1 if t else 1) * beyond[:, t]
        for t in reversed(range(score.shape[1])):
            behind[:, t] = (behind[:, t + 1] + 1 if t + 1 < score.shape[1] else 1) * beyond[:, t]
        length = np.maximum(length, (ahead + behind - 1) * beyond)
    return length
