"""Quantiles around the forecast, learned from backtest errors by class and lead."""

from dataclasses import dataclass

import numpy as np

LEVELS = np.concatenate(
    [[0.001, 0.0025, 0.005], np.arange(0.01, 1.0, 0.01), [0.995, 0.9975, 0.999]]
)
OWN_EVIDENCE = 4.0
USUAL, FEW = (
    0.9,
    4.0,
)  # mean error in usual moves before any test (1 for a random walk, 0.7 around a fixed level), and the cells it counts for


@dataclass(frozen=True)
class Errors:
    """What the backtest taught about a class: ``growth`` (lead,) mean error in usual moves,
    ``shape`` (level,) quantiles of the error in units of its mean size at ``LEVELS``, and
    ``correlation`` (lead, lead) of the errors' normal scores.
    """

    growth: np.ndarray
    shape: np.ndarray
    correlation: np.ndarray


def learn(errors: np.ndarray, prior: Errors | None = None) -> Errors:
    """The class's errors from actual − forecast in usual moves (series, origin, lead), NaN where
    untested.

    With few series the class leans on ``prior`` (the whole panel; at the start a normal random
    walk).
    """
    prior = prior or random_walk(errors.shape[2])
    size = np.abs(errors)
    tests = int((~np.isnan(errors)).any(axis=2).sum())
    growth = growth_by_lead(size, prior.growth) * (
        1 + 1 / tests if tests else 1
    )  # few tests leave the size itself uncertain
    relative = (errors / growth).reshape(-1, errors.shape[2])
    sample = relative[~np.isnan(relative)]
    return Errors(
        growth, shape_of(sample, prior.shape), correlation_of(relative, prior.correlation)
    )


def random_walk(horizon: int) -> Errors:
    """What to expect with no evidence at all: normal errors that grow with the square root of the
    lead.
    """
    from statistics import NormalDist

    lead = np.arange(1, horizon + 1)
    normal = np.array([NormalDist().inv_cdf(level) for level in LEVELS]) / np.sqrt(2 / np.pi)
    near = np.sqrt(np.minimum.outer(lead, lead) / np.maximum.outer(lead, lead))
    return Errors(np.sqrt(lead), normal, near)


def growth_by_lead(size: np.ndarray, prior: np.ndarray, evidence: float = 30.0) -> np.ndarray:
    """Mean absolute error by lead, never falling, drawn toward the prior's form where a lead was
    seldom tested.

    >>> growth_by_lead(np.full((1, 1000, 3), 2.0), np.ones(3)).round(2).tolist()
    [2.0, 2.0, 2.0]
    """
    tested = ~np.isnan(size)
    number = tested.sum(axis=(0, 1))
    if not number.sum():
        return prior
    total = np.where(tested, np.minimum(size, 50.0), 0).sum(axis=(0, 1))
    level = (total.sum() + FEW * USUAL) / ((number * prior).sum() + FEW)
    mean = (total + evidence * level * prior) / (number + evidence)
    return np.maximum(np.maximum.accumulate(mean), 1e-9)


def shape_of(sample: np.ndarray, prior: np.ndarray, evidence: float = 100.0) -> np.ndarray:
    """Quantiles of the sample at ``LEVELS``, drawn toward the prior's where the sample is small."""
    if not len(sample):
        return prior
    share = len(sample) / (len(sample) + evidence)
    return share * np.quantile(sample, LEVELS) + (1 - share) * prior


def correlation_of(vectors: np.ndarray, prior: np.ndarray, evidence: float = 50.0) -> np.ndarray:
    """Correlation of the errors between leads, from signs and ranks capped at the tails, drawn
    toward the prior; positive definite.
    """
    known = ~np.isnan(vectors)
    score = np.where(known, np.clip(vectors, -3, 3), 0.0)
    together = known.T.astype(float) @ known
    spread = np.sqrt(np.maximum((score**2).T @ known, 1e-12))
    raw = (score.T @ score) / (spread * spread.T)
    mixed = (together * raw + evidence * prior) / (together + evidence)
    return nearest_correlation(mixed)


def nearest_correlation(matrix: np.ndarray) -> np.ndarray:
    """The matrix with its negative eigenvalues raised and its diagonal made 1."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    raised = (vectors * np.maximum(values, 1e-6)) @ vectors.T
    scale = np.sqrt(np.diag(raised))
    return raised / np.outer(scale, scale)


def own_spread(
    errors: np.ndarray, growth: np.ndarray, evidence: float = OWN_EVIDENCE
) -> np.ndarray:
    """How much wider or narrower than its class each series errs, (series,), drawn toward 1 by
    ``evidence`` origins.
    """
    size = np.minimum(np.abs(errors) / growth, 20.0)
    tested = ~np.isnan(size)
    origins = tested.any(axis=2).sum(axis=1)
    mean = np.where(tested, size, 0).sum(axis=(1, 2)) / np.maximum(tested.sum(axis=(1, 2)), 1)
    return (origins * mean + evidence) / (origins + evidence)


def quantile(shape: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """The errors' quantiles at any levels between 0 and 1, by interpolation."""
    return np.interp(levels, LEVELS, shape)
