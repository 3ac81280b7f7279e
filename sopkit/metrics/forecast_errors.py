"""How good a forecast was: A = actual, F = forecast, e = F − A; positive errors are over-forecasts.

Every function takes 1-D array-likes of the same length, leaves pairs without two finite numbers
out, and gives a float; a denominator that is not above zero gives NaN.
"""

import numpy as np
import pandas as pd

from sopkit.errors import PlanError


class Counted(float):
    """A float that also says how many cells or lines were left out of it (``left_out``)."""

    def __new__(cls, value, left_out=0):
        number = super().__new__(cls, value)
        number.left_out = int(left_out)
        return number


def wape(actual, forecast) -> float:
    """Σ|F − A| ÷ ΣA, a fraction ≥ 0; NaN where returns leave nothing sold; forecast accuracy is
    1 − WAPE.

    >>> wape([10, 20, 0], [12, 15, 3])
    0.3333333333333333
    """
    a, f = pairs(actual, forecast)
    return ratio(np.abs(f - a).sum(), a.sum())


def accuracy(actual, forecast) -> float:
    """Forecast accuracy 1 − WAPE, a fraction; below 0 where the misses exceed what was sold.

    >>> accuracy([10, 20], [10, 14]), accuracy([10], [30])
    (0.8, -1.0)
    """
    return 1 - wape(actual, forecast)


def bias(actual, forecast) -> float:
    """Σ(F − A) ÷ ΣA, a fraction; positive = over-forecast.

    >>> bias([10, 20], [13, 20])
    0.1
    """
    a, f = pairs(actual, forecast)
    return ratio((f - a).sum(), a.sum())


def tracking_signal(actual, forecast, window=None) -> float:
    """Σ(F − A) ÷ mean|F − A| over the last ``window`` pairs (all by default); flagged beyond ±4,
    same sign as bias.

    >>> tracking_signal([10, 10, 10, 10], [12, 12, 12, 8])
    2.0
    """
    a, f = pairs(actual, forecast)
    e = (f - a)[-window:] if window else f - a
    return ratio(e.sum(), np.abs(e).mean()) if len(e) else np.nan


def mape(actual, forecast) -> Counted:
    """Mean of |e| ÷ |A|, a fraction; pairs with A = 0 are left out and counted in ``.left_out``.

    >>> error = mape([10, 0, 20], [11, 3, 18])
    >>> error, error.left_out
    (0.1, 1)
    """
    a, f = pairs(actual, forecast)
    some = a != 0
    return Counted(_mean(np.abs(f - a)[some] / np.abs(a[some])), (~some).sum())


def smape(actual, forecast) -> float:
    """Mean of 200·|e| ÷ (|A| + |F|), 0–200; a pair of two zeros is a perfect 0.

    >>> round(smape([100, 0], [50, 0]), 4)
    33.3333
    """
    a, f = pairs(actual, forecast)
    size = np.abs(a) + np.abs(f)
    return _mean(np.divide(200 * np.abs(f - a), size, out=np.zeros_like(a), where=size > 0))


def mase(actual, forecast, history, season=1) -> float:
    """Mean |e| ÷ mean |A[t] − A[t−m]| inside ``history`` (m = ``season`` buckets); Hyndman &
    Koehler (2006).

    >>> mase([14, 12], [12, 12], history=[10, 12, 10, 12])
    0.5
    """
    a, f = pairs(actual, forecast)
    return ratio(_mean(np.abs(f - a)), naive_scales(floats(history), season)[0])


def rmsse(actual, forecast, history) -> float:
    """√(mean e² ÷ mean (A[t] − A[t−1])² inside ``history``); the M5 competition's error.

    >>> rmsse([14, 12], [12, 10], history=[10, 14, 10])
    0.5
    """
    a, f = pairs(actual, forecast)
    return float(np.sqrt(ratio(_mean((f - a) ** 2), naive_scales(floats(history))[1])))


def naive_scales(values, season=1) -> tuple[np.ndarray, np.ndarray]:
    """In-sample scales of MASE (mean |A[t] − A[t−m]|; m = 1 where the history is no longer than a
    season) and RMSSE (mean (A[t] − A[t−1])²), along the last axis; NaN where 0 or unknown.

    Hyndman & Koehler (2006), Another look at measures of forecast accuracy, IJF 22.

    >>> [scale.tolist() for scale in naive_scales([[1.0, 2.0, 4.0]], 2)]
    [[3.0], [2.5]]
    """
    values = np.asarray(values, dtype="float64")
    lag = season if values.shape[-1] > season > 0 else 1
    moves = np.abs(values[..., lag:] - values[..., :-lag]), np.diff(values) ** 2
    sums, known = zip(*((np.nansum(m, axis=-1), (~np.isnan(m)).sum(axis=-1)) for m in moves))
    return tuple(np.where(s > 0, s / np.maximum(n, 1), np.nan) for s, n in zip(sums, known))


def value_added(actual, previous, forecast, error=wape) -> float:
    """error(previous stage) − error(this stage) on the same cells; positive = the stage helped
    (Gilliland's FVA).

    >>> value_added([10, 10], previous=[14, 10], forecast=[11, 10])
    0.15000000000000002
    """
    a, p, f = pairs(actual, previous, forecast)
    return float(error(a, p) - error(a, f))


def pinball(actual, forecast, quantile) -> float:
    """Mean pinball loss of a quantile forecast, in units: q·(A − F) when A is above it, (1 − q)·(F
    − A) below.

    >>> pinball([10, 10], [8, 12], quantile=0.9)
    1.0
    """
    if not 0 < quantile < 1:
        raise PlanError(f"quantile is {quantile}; give a number between 0 and 1, for example 0.9")
    a, f = pairs(actual, forecast)
    return _mean(np.maximum(quantile * (a - f), (quantile - 1) * (a - f)))


def coverage(actual, low, high) -> float:
    """Share of actuals inside [low, high], a fraction; a p10–p90 band should hold 0.8.

    >>> coverage([1, 5, 9, 20], [0, 0, 0, 0], [10, 10, 10, 10])
    0.75
    """
    a, below, above = pairs(actual, low, high)
    return _mean((below <= a) & (a <= above))


def pairs(*columns) -> list[np.ndarray]:
    """The columns as float arrays, without the places where any of them is blank, NaN or infinite;
    PlanError when lengths differ.
    """
    arrays = [floats(column).ravel() for column in columns]
    lengths = [len(array) for array in arrays]
    if len(set(lengths)) > 1:
        raise PlanError(
            f"actuals and forecasts have different lengths {lengths}; give one forecast per actual,"
            " in one order"
        )
    known = np.isfinite(arrays).all(axis=0)
    return [array[known] for array in arrays]


def floats(values) -> np.ndarray:
    """Numbers as floats in their shape, blanks of any kind as NaN.

    >>> floats([1, None, pd.NA]).tolist()
    [1.0, nan, nan]
    """
    plain = pd.array(np.ravel(values), "Float64").to_numpy(na_value=np.nan)
    return plain.reshape(np.shape(values))


def ratio(top, bottom) -> float:
    """top ÷ bottom as a float; NaN where bottom is not above 0.

    >>> ratio(1, 4), ratio(1, 0), ratio(1, -2)
    (0.25, nan, nan)
    """
    return float(top / bottom) if bottom > 0 else float("nan")


def _mean(values) -> float:
    return float(np.mean(values)) if len(values) else float("nan")
