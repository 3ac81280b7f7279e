"""MinT: the reconciliation that disagrees least with every level's own forecast, given how they err
together.
"""

from dataclasses import dataclass

import numpy as np

DENSE = 3000
SAMPLE = 400


@dataclass(frozen=True)
class Misfit:
    """How the levels err in the backtest, name → arrays: ``variance`` (series,) in units² and
    ``errors`` (series, sample) in units of their own deviation, each sample one origin and lead for
    all levels; ``shrinkage`` 0–1 of the errors' correlation toward none.
    """

    variance: dict
    errors: dict
    shrinkage: float


def shrinkage_of(errors: np.ndarray) -> float:
    """How far correlations between rows of standardised errors (series, sample) should be drawn to
    0, 0–1.

    Schäfer & Strimmer (2005), Statistical Applications in Genetics and Molecular Biology 4: the sum
    of the correlations' variances over the sum of their squares; on evenly picked series where
    there are many.

    >>> shrinkage_of(np.array([[1.0, -1.0], [1.0, -1.0]]))
    0.0
    """
    rows = (
        errors[np.unique(np.linspace(0, len(errors) - 1, SAMPLE).astype(int))]
        if len(errors)
        else errors
    )
    number = rows.shape[1] if rows.ndim == 2 else 0
    if number < 2 or len(rows) < 2:
        return 1.0
    correlation = rows @ rows.T / number
    variance = ((rows**2) @ (rows**2).T / number - correlation**2) / (number - 1)
    off = ~np.eye(len(rows), dtype=bool)
    total = (correlation[off] ** 2).sum()
    return float(np.clip(variance[off].sum() / total, 0, 1)) if total > 0 else 1.0


def mint(base: dict, tree, misfit: Misfit) -> np.ndarray:
    """Bottom forecasts (series, horizon) by minimum trace: b − J W U (U'WU)⁻¹ U'ŷ with U' = [I, −S]
    and W the errors' covariance, shrunk.

    W = λD + (1 − λ)RR', R the scaled errors, so that only the sparse U'DU is factorised (Woodbury).
    Wickramasuriya, Athanasopoulos & Hyndman (2019), Optimal forecast reconciliation, JASA 114.
    """
    from scipy.sparse import diags

    upper = [name for name in tree.levels if name != tree.bottom]
    summing = summing_matrix(tree, upper)
    spread = np.maximum(misfit.variance[tree.bottom], 1e-12)
    above = np.concatenate([np.maximum(misfit.variance[name], 1e-12) for name in upper])
    gap = np.concatenate([base[name] for name in upper]) - summing @ base[tree.bottom]
    share = max(misfit.shrinkage, 0.05)
    below = _scaled(misfit.errors[tree.bottom], spread, 1 - share)
    crossed = (
        _scaled(np.concatenate([misfit.errors[name] for name in upper]), above, 1 - share)
        - summing @ below
    )
    solve = _solver(share * (summing @ diags(spread) @ summing.T + diags(above)))
    plain, through = solve(gap), solve(crossed)
    inner = np.eye(crossed.shape[1]) + crossed.T @ through
    weights = plain - through @ np.linalg.solve(inner, crossed.T @ plain)
    return (
        base[tree.bottom]
        + share * spread[:, None] * (summing.T @ weights)
        - below @ (crossed.T @ weights)
    )


def summing_matrix(tree, upper):
    """The sparse matrix that sums bottom series to every upper level, (groups, series)."""
    from scipy.sparse import coo_matrix

    count, rows, begin = len(tree.levels[tree.bottom]), [], 0
    for name in upper:
        rows.append(tree.levels[name] + begin)
        begin += len(tree.names[name])
    places = np.concatenate(rows), np.tile(np.arange(count), len(upper))
    return coo_matrix((np.ones(len(places[0])), places), shape=(begin, count)).tocsr()


def _scaled(errors, variance, share):
    return errors * np.sqrt(variance * share / max(errors.shape[1], 1))[:, None]


def _solver(matrix):
    """A function that solves with a symmetric matrix, scaled to unit diagonal."""
    from scipy.sparse import diags
    from scipy.sparse.linalg import splu

    scale = 1 / np.sqrt(matrix.diagonal())
    scaled = (diags(scale) @ matrix @ diags(scale)).tocsc()
    if matrix.shape[0] <= DENSE:
        dense = scaled.toarray()
        return lambda right: scale[:, None] * np.linalg.solve(dense, scale[:, None] * right)
    factor = splu(scaled)
    return lambda right: scale[:, None] * factor.solve(scale[:, None] * right)
