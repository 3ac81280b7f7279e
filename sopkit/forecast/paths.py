"""Seeded joint paths of demand over the horizon: what sums over several buckets are drawn from."""

from functools import lru_cache
from zlib import crc32

import numpy as np

from sopkit.forecast.bands import Bands, bands_of
from sopkit.forecast.fit import fit_panel
from sopkit.forecast.panel import check_horizon, panel_of, total_over_markets
from sopkit.forecast.registry import chosen_methods
from sopkit.errors import PlanError

CHUNK = 64


def sample_paths(history, horizon: int, paths: int = 1000, seed: int = 0, *, season=None, method=None, parameters=None, client=None) -> np.ndarray:
    """Possible demand, array (item, path, bucket) in units, items sorted; a history with markets is summed over them.

    Each bucket follows the forecast's own quantiles; buckets move together as the backtest's errors did. An item's paths depend on
    the seed and its name, not on the other items' order. Raises ``PlanError`` as ``forecast`` does, and for paths < 1.

    >>> import pandas as pd
    >>> history = pd.DataFrame({"item": "A", "bucket": pd.date_range("2024-01-01", periods=24, freq="MS"), "quantity": 5.0})
    >>> sample_paths(history, 3, paths=10).shape
    (1, 10, 3)
    """
    horizon = check_horizon(horizon)
    if not isinstance(paths, (int, np.integer)) or paths < 1:
        raise PlanError(f"paths is {paths!r}; give a whole number of at least 1, for example paths=1000")
    panel = panel_of(total_over_markets(history), season)
    bands = bands_of(fit_panel(panel, horizon, chosen_methods(method, parameters), client))
    return draw(bands, panel.keys["item"].tolist(), int(paths), seed)


def draw(bands: Bands, names: list, paths: int, seed: int) -> np.ndarray:
    """Paths (series, path, bucket) from a fit's bands, chunk by chunk."""
    horizon = bands.baseline.shape[1]
    result = np.empty((len(names), paths, horizon))
    roots = {name: np.linalg.cholesky(errors.correlation) for name, errors in bands.errors.items()}
    for begin in range(0, len(names), CHUNK):
        for row in range(begin, min(begin + CHUNK, len(names))):
            normal = np.random.default_rng([seed, crc32(str(names[row]).encode())]).standard_normal((paths, horizon))
            if not bands.is_rare[row]:
                normal = normal @ roots[str(bands.classes[row])].T
            levels = normal_levels(normal)
            result[row] = bands.values(np.full(paths, row), levels)
    return result


def normal_levels(normal: np.ndarray) -> np.ndarray:
    """Probability levels of standard normal values, by a table fine enough for sampling (error below 1e-6).

    >>> normal_levels(np.array([0.0, 1.959964])).round(4).tolist()
    [0.5, 0.975]
    """
    return np.interp(normal, *_normal_table())


@lru_cache(maxsize=1)
def _normal_table():
    from math import erf, sqrt

    points = np.linspace(-6, 6, 4001)
    return points, np.array([0.5 * (1 + erf(point / sqrt(2))) for point in points])
