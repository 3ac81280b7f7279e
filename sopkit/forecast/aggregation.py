"""Multiple temporal aggregation: the same series seen in wider buckets, where trend and level stand
out.
"""

import numpy as np

from sopkit.forecast.intermittent import aggregate
from sopkit.forecast.smoothing import smooth
from sopkit.forecast.theta import theta

ALPHAS = (0.05, 0.15, 0.3, 0.5, 0.7, 0.9)


def aggregated(values: np.ndarray, horizon: int, widths=(2, 3, 6)) -> np.ndarray:
    """Mean of damped-trend and Theta forecasts of sums over ``widths`` buckets, spread back to
    buckets, (series, horizon).

    ``values`` (series, bucket) have no season. Widths that leave a series fewer than 6 sums are
    left out for it. Kourentzes, Petropoulos & Trapero (2014), Improving forecasting by estimating
    time series structural components, IJF 30.

    >>> aggregated(np.full((1, 48), 5.0), 2).round(9).tolist()
    [[5.0, 5.0]]
    """
    total, number = np.zeros((len(values), horizon)), np.zeros(len(values))
    for width in (1, *widths):
        sums = aggregate(values, width)
        rows = (
            np.flatnonzero((~np.isnan(sums)).sum(axis=1) >= 6)
            if width > 1
            else np.arange(len(values))
        )
        if len(rows):
            ahead = -(-horizon // width)
            coarse = 0.5 * (
                theta(sums[rows], ahead, ALPHAS)
                + smooth(sums[rows], ahead, ALPHAS, 0.1, (0.85, 0.95))
            )
            total[rows] += np.repeat(coarse / width, width, axis=1)[:, :horizon]
            number[rows] += 1
    return total / number[:, None]
