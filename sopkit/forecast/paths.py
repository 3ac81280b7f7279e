"""Seeded joint paths of demand over the horizon: what sums over several buckets are drawn from."""

from functools import lru_cache
from math import erf, sqrt
from zlib import crc32

import numpy as np

from sopkit.errors import PlanError
from sopkit.forecast.bands import Bands, bands_of
from sopkit.forecast.fit import fit_panel
from sopkit.forecast.intervals import quantile
from sopkit.forecast.panel import check_horizon, panel_of, total_over_markets
from sopkit.forecast.registry import chosen_methods


def sample_paths(
    history,
    horizon: int,
    paths: int = 1000,
    seed: int = 0,
    *,
    season=None,
    method=None,
    parameters=None,
    client=None,
) -> np.ndarray:
    """Possible demand, array (item, path, bucket) in units, items sorted; a history with markets is
    summed over them.

    Each bucket follows the forecast's own quantiles; buckets move together as the backtest's errors
    did. An item's paths depend on the seed and its name, not on the other items' order. Raises
    ``PlanError`` as ``forecast`` does, and for paths < 1.

    >>> import pandas as pd
    >>> history = pd.DataFrame({"item": "A", "bucket": pd.date_range("2024-01-01", periods=24, freq="MS"), "quantity": 5.0})
    >>> sample_paths(history, 3, paths=10).shape
    (1, 10, 3)
    """
    panel, bands = _prepared(history, horizon, paths, season, method, parameters, client)
    return draw(bands, panel.keys["item"].tolist(), int(paths), seed)


def path_chunks(
    history,
    horizon: int,
    paths: int = 1000,
    seed: int = 0,
    *,
    size: int = 500,
    season=None,
    method=None,
    parameters=None,
    client=None,
):
    """The same paths as ``sample_paths``, ``size`` items at a time so that memory stays small:
    yields (items, array (item, path, bucket)).

    >>> import pandas as pd
    >>> history = pd.DataFrame({"item": ["A", "B"] * 12, "bucket": np.repeat(pd.date_range("2025-01-01", periods=12, freq="MS"), 2), "quantity": 5.0})
    >>> [(items, array.shape) for items, array in path_chunks(history, 3, paths=10, size=1)]
    [(['A'], (1, 10, 3)), (['B'], (1, 10, 3))]
    """
    panel, bands = _prepared(history, horizon, paths, season, method, parameters, client)
    names = panel.keys["item"].tolist()
    for begin in range(0, len(names), size):
        yield (
            names[begin : begin + size],
            draw(bands, names, int(paths), seed, range(begin, min(begin + size, len(names)))),
        )


def _prepared(history, horizon, paths, season, method, parameters, client):
    horizon = check_horizon(horizon)
    if isinstance(paths, bool) or not isinstance(paths, (int, np.integer)) or paths < 1:
        raise PlanError(
            f"paths is {paths!r}; give a whole number of at least 1, for example paths=1000"
        )
    panel = panel_of(total_over_markets(history), season)
    return panel, bands_of(fit_panel(panel, horizon, chosen_methods(method, parameters), client))


def draw(bands: Bands, names: list, paths: int, seed: int, rows: range | None = None) -> np.ndarray:
    """Paths (series, path, bucket) from a fit's bands, of all series or of a range of rows; a
    series' paths follow its name and the seed.
    """
    horizon, rows = bands.baseline.shape[1], range(len(names)) if rows is None else rows
    result = np.zeros((len(rows), paths, horizon))
    roots = {
        name: np.linalg.cholesky(errors.correlation).T for name, errors in bands.errors.items()
    }
    tables = {
        name: quantile(errors.shape, _normal_table()) for name, errors in bands.errors.items()
    }
    for place, row in enumerate(rows):
        kind = str(bands.classes[row])
        if kind == "dead":
            continue
        normal = np.random.default_rng([seed, crc32(str(names[row]).encode())]).standard_normal(
            (paths, horizon)
        )
        if bands.is_rare[row]:
            result[place] = bands.rare.quantile(
                bands.place[row], np.arange(horizon)[None], look_up(_normal_table(), normal)
            )
        else:
            moved = bands.baseline[row] + bands.unit[row] * look_up(
                tables[kind], normal @ roots[kind]
            )
            np.maximum(moved, 0.0, out=result[place])
    return result


def look_up(table: np.ndarray, normal: np.ndarray) -> np.ndarray:
    """A function of standard normal values, given as a table over −6 to 6, by linear interpolation.

    >>> look_up(_normal_table(), np.array([0.0, 1.959964])).round(4).tolist()
    [0.5, 0.975]
    """
    place = np.clip((normal + 6) * ((len(table) - 1) / 12), 0, len(table) - 1.001)
    low = place.astype(np.int64)
    below = table[low]
    return below + (place - low) * (table[low + 1] - below)


@lru_cache(maxsize=1)
def _normal_table() -> np.ndarray:
    """Probability levels of standard normal values from −6 to 6."""
    return np.array([0.5 * (1 + erf(point / sqrt(2))) for point in np.linspace(-6, 6, 2401)])
