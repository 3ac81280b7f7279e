"""What surrounds the baseline: quantiles and joint paths, whichever way demand comes; from backtest
errors by class and lead if regular, from a chance of selling and the sizes seen if rare.
"""

from dataclasses import dataclass
from functools import cached_property, partial
from statistics import NormalDist
from zlib import crc32

import numpy as np

from sopkit.forecast.arrays import over, row_mean
from sopkit.forecast.fit import Fit
from sopkit.forecast.trial import Lessons

LEVELS = np.concatenate(
    [[0.001, 0.0025, 0.005], np.arange(0.01, 1.0, 0.01), [0.995, 0.9975, 0.999]]
)
# Levels that a mean is taken over: every second, and all of the tails.
TALLIED = np.concatenate([LEVELS[:5], LEVELS[5:-5:2], LEVELS[-5:]])
# Standard normal values and their levels: paths look up their quantiles between them.
POINTS = np.linspace(-6, 6, 2401)
CHANCES = np.array([NormalDist().cdf(point) for point in POINTS])
# Mean error in usual moves before any test (1 for a random walk, 0.7 around a fixed level), and the
# cells it counts for.
USUAL, FEW = 0.9, 4.0


@dataclass(frozen=True)
class Errors:
    """What the backtest taught about a class: ``growth`` (lead,) mean error in usual moves,
    ``shape`` (level,) quantiles of the error in units of its mean size at ``LEVELS``, and
    ``correlation`` (lead, lead) of the errors' normal scores.
    """

    growth: np.ndarray
    shape: np.ndarray
    correlation: np.ndarray

    def quantile(self, levels) -> np.ndarray:
        """The errors' quantiles at any levels between 0 and 1, by interpolation."""
        return np.interp(levels, LEVELS, self.shape)

    @cached_property
    def _root(self):
        return np.linalg.cholesky(self.correlation).T

    @cached_property
    def _at_points(self):
        return self.quantile(CHANCES)

    def joint(self, normal: np.ndarray) -> np.ndarray:
        """Independent normal values (path, lead) as errors that move together as these did."""
        return np.interp(normal @ self._root, POINTS, self._at_points)


def learn(errors: np.ndarray, prior: Errors | None = None) -> Errors:
    """The class's errors from actual − forecast in usual moves (series, origin, lead), NaN where
    untested.

    With few series the class leans on ``prior`` (the whole panel; at the start a normal random
    walk).
    """
    prior, tested = prior or random_walk(errors.shape[2]), ~np.isnan(errors)
    if not tested.any():
        return prior
    # Few tests leave the size itself uncertain.
    growth = growth_by_lead(np.abs(errors), prior.growth) * (1 + 1 / tested.any(axis=2).sum())
    relative = (errors / growth).reshape(-1, len(growth))
    sample = relative[~np.isnan(relative)]
    share = len(sample) / (len(sample) + 100.0)
    shape = share * np.quantile(sample, LEVELS) + (1 - share) * prior.shape
    return Errors(growth, shape, correlation_of(relative, prior.correlation))


def random_walk(horizon: int) -> Errors:
    """What to expect with no evidence at all: normal errors that grow with the square root of the
    lead.
    """
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
    number = (~np.isnan(size)).sum(axis=(0, 1))
    total = np.nansum(np.minimum(size, 50.0), axis=(0, 1))
    level = (total.sum() + FEW * USUAL) / ((number * prior).sum() + FEW)
    mean = (total + evidence * level * prior) / (number + evidence)
    return np.maximum(np.maximum.accumulate(mean), 1e-9)


def correlation_of(vectors: np.ndarray, prior: np.ndarray, evidence: float = 50.0) -> np.ndarray:
    """Correlation of the errors between leads, from signs and ranks capped at the tails, drawn
    toward the prior; positive definite.
    """
    known = (~np.isnan(vectors)).astype(float)
    score = np.nan_to_num(np.clip(vectors, -3, 3))
    together = known.T @ known
    spread = np.sqrt(np.maximum((score**2).T @ known, 1e-12))
    raw = (score.T @ score) / (spread * spread.T)
    return nearest_correlation((together * raw + evidence * prior) / (together + evidence))


def nearest_correlation(matrix: np.ndarray) -> np.ndarray:
    """The matrix with its negative eigenvalues raised and its diagonal made 1."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    raised = (vectors * np.maximum(values, 1e-6)) @ vectors.T
    scale = np.sqrt(np.diag(raised))
    return raised / np.outer(scale, scale)


def own_spread(errors: np.ndarray, growth: np.ndarray, evidence: float = 4.0) -> np.ndarray:
    """How much wider or narrower than its class each series errs, (series,), drawn toward 1 by
    ``evidence`` origins; wider by what so few say of the width itself (Student's t against the
    normal at 5 and 10 %, with so many degrees of freedom).
    """
    size = np.minimum(np.abs(errors) / growth, 20.0)
    origins = (~np.isnan(size)).any(axis=2).sum(axis=1)
    mean = row_mean(size.reshape(len(size), -1))
    known = origins + evidence
    return (origins * mean + evidence) / known * (1 + 0.75 / known)


@dataclass(frozen=True)
class Regular:
    """The band of series that err alike: ``baseline`` and ``unit`` of their errors (series, lead),
    in units, and the ``errors``.
    """

    baseline: np.ndarray
    unit: np.ndarray
    errors: Errors

    @cached_property
    def lift(self) -> np.ndarray:
        """What the band's values are multiplied by, (series, lead), so that their mean is the
        baseline although none is below 0.
        """
        return lift(self.baseline, lambda level: self._raw(self.errors.quantile(level)))

    def at(self, level: float) -> np.ndarray:
        """Demand at one probability level, (series, lead), never below 0."""
        return self._raw(self.errors.quantile(level)) * self.lift

    def paths(self, normal: np.ndarray, row: int) -> np.ndarray:
        """One series' demand along paths of independent normal values, (path, lead)."""
        return self._raw(self.errors.joint(normal), row) * self.lift[row]

    def _raw(self, error, rows=slice(None)):
        return np.maximum(self.baseline[rows] + self.unit[rows] * error, 0.0)


def lift(baseline: np.ndarray, at) -> np.ndarray:
    """The baseline over the mean of a band's values ``at`` every level."""
    middles = np.concatenate([[0.0], (TALLIED[1:] + TALLIED[:-1]) / 2, [1.0]])
    shares = zip(TALLIED, np.diff(middles))
    return over(baseline, sum(at(level) * share for level, share in shares))


def around(
    baseline: np.ndarray, scale: np.ndarray, errors: np.ndarray, taught: Errors | None = None
) -> Regular:
    """The band around ``baseline`` (series, lead) of series whose usual move is ``scale`` (series,)
    and that erred by ``errors`` in usual moves (series, origin, lead), which teach it unless it is
    ``taught``.
    """
    taught = taught or learn(errors)
    spread = own_spread(errors, taught.growth)
    return Regular(baseline, scale[:, None] * taught.growth * spread[:, None], taught)


SIZES = 25
POOL_EVIDENCE = 4.0
TAPER, LEAST_TRUST = 0.3, 0.25


@dataclass(frozen=True)
class Rare:
    """``baseline`` and ``chance`` of any demand (series, bucket), and ``sizes`` (series, SIZES):
    quantiles of the demand size in units, ascending.
    """

    baseline: np.ndarray
    chance: np.ndarray
    sizes: np.ndarray

    @cached_property
    def lift(self) -> np.ndarray:
        """As of a ``Regular`` band."""
        return lift(self.baseline, self._raw)

    def at(self, level, rows=slice(None)) -> np.ndarray:
        """Demand of the rows at a probability level (or several that broadcast with them), in
        units: 0 below 1 − chance, then the sizes.
        """
        return self._raw(level, rows) * self.lift[rows]

    def _raw(self, level, rows=slice(None)):
        chance = self.chance[rows]
        inside = np.clip(over(level - (1 - chance), chance), 0, 1)
        place = np.clip(np.ceil(inside * SIZES).astype(int) - 1, 0, SIZES - 1)
        near = np.minimum(inside / np.where(chance < 1, TAPER, 1e-9), 1)
        size = np.take_along_axis(self.sizes[rows], place, axis=1)
        return np.where((inside > 0) & (chance > 0), near * size, 0.0)

    def paths(self, normal: np.ndarray, row: int) -> np.ndarray:
        """One series' demand along paths of independent normal values, (path, bucket)."""
        return self.at(np.interp(normal, POINTS, CHANCES), [row])


def rare_demand(
    values: np.ndarray, baseline: np.ndarray, trust: float = 1.0, lessons: Lessons | None = None
) -> Rare:
    """The distribution around ``baseline`` (series, bucket): sizes as each series sold them,
    leaning on all series' relative sizes where it sold seldom; chance = baseline ÷ mean size, and
    where that passes 1 the sizes grow instead.

    ``trust`` (see ``trust_in_chances``) draws the chances toward their panel's mean. Just above 1 −
    chance the sizes rise from 0, since nobody knows the chance exactly.

    >>> rare = rare_demand(np.array([[0.0, 4.0, 0.0, 4.0]]), np.array([[2.0]]))
    >>> float(rare.chance[0, 0])
    0.5
    """
    sizes, number = size_quantiles(values)
    lessons = lessons or Lessons({})
    mean = sizes.mean(axis=1, keepdims=True)
    relative = over(sizes, mean)
    common = lessons("sizes", usual_sizes, relative, number)
    share = (number / (number + POOL_EVIDENCE))[:, None]
    sizes = mean * (share * relative + (1 - share) * common)
    chance = over(baseline, mean)
    most = np.maximum(chance.max(axis=1, keepdims=True), 1.0)
    chance = chance / most
    usual = lessons("chance", lambda heard: row_mean(heard[heard > 0][None]), chance)
    unsure = (chance > 0) & (chance < 1)
    chance = np.where(unsure, usual + trust * (chance - usual), chance)
    return Rare(baseline, chance, sizes * most)


def usual_sizes(relative: np.ndarray, number: np.ndarray) -> np.ndarray:
    """Mean relative sizes (SIZES,) of the series that sold often; 1 where few did."""
    plenty = number >= 5
    return relative[plenty].mean(axis=0) if plenty.sum() >= 5 else np.ones(SIZES)


def trust_in_chances(values: np.ndarray, back: np.ndarray, actual: np.ndarray) -> float:
    """How far differences between items' past demand frequencies lasted in the backtest: the slope
    of what came on what had been, between a quarter and 1. ``values`` (series, bucket), ``back``
    (series, origin) buckets held back, ``actual`` (series, origin, lead).

    >>> values, back = np.array([[1.0] * 9 + [0.0], [0.0] * 10]), np.array([[2], [2]])
    >>> trust_in_chances(values, back, np.array([[[1.0, 0.0]], [[0.0, 0.0]]]))
    0.5
    """
    column = np.maximum(values.shape[1] - 1 - back, 0)
    sold, before = (
        np.take_along_axis(np.cumsum(counted, axis=1), column, axis=1)
        for counted in (values > 0, ~np.isnan(values))
    )
    tested = (~np.isnan(actual)).sum(axis=2)
    use = (before >= (12 if (before >= 12).any() else 1)) & (tested > 0)
    past, came = sold[use] / before[use], (actual > 0).sum(axis=2)[use] / tested[use]
    off = past - row_mean(past[None])
    spread = (off**2).sum()
    return float(np.clip((off * came).sum() / spread, LEAST_TRUST, 1)) if spread > 0 else 1.0


def size_quantiles(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mid-quantiles of each series' demand sizes (series, SIZES; 0 where it never sold) and how
    many there were.
    """
    ordered = np.sort(np.where(values > 0, values, np.nan), axis=1)
    number = (~np.isnan(ordered)).sum(axis=1)
    last = np.maximum(number - 1, 0)[:, None]
    place = np.clip((np.arange(SIZES) + 0.5) / SIZES * number[:, None] - 0.5, 0, last)
    low = place.astype(int)
    below, above = (
        np.take_along_axis(ordered, near, axis=1) for near in (low, np.minimum(low + 1, last))
    )
    return np.nan_to_num(below + (place - low) * (above - below)), number


@dataclass(frozen=True)
class Bands:
    """What surrounds the baseline (series, horizon): (rows, band) by class for regular series and
    for all rare ones; what is in none is dead.
    """

    baseline: np.ndarray
    parts: list[tuple[np.ndarray, Regular | Rare]]

    def at(self, level: float) -> np.ndarray:
        """The quantile at one level, (series, horizon), never below 0."""
        result = np.zeros_like(self.baseline)
        for rows, band in self.parts:
            result[rows] = band.at(level)
        return result

    def paths(self, names: list, number: int, seed: int) -> np.ndarray:
        """Joint paths (series, path, bucket); a series' paths follow its name and the seed."""
        result = np.zeros((len(names), number, self.baseline.shape[1]))
        for rows, band in self.parts:
            for place, row in enumerate(rows):
                chance = np.random.default_rng([seed, crc32(str(names[row]).encode())])
                result[row] = band.paths(chance.standard_normal(result.shape[1:]), place)
        return result


def bands_of(fit: Fit) -> Bands:
    """The bands of a fit."""
    bands = Bands(fit.baseline, [])
    for kind, block in fit.blocks.items():
        trial, rows, classes = block.trial, block.rows, fit.classes[block.rows]
        lessons = fit.lessons.among(rows)
        if kind == "rare":
            known = fit.prepared.known[rows]
            trust = lessons("trust", trust_in_chances, known, trial.back, trial.actual)
            bands.parts.append((rows, rare_demand(known, bands.baseline[rows], trust, lessons)))
            continue
        moved = trial.moved(block.combined_tests)
        whole = lessons("errors", learn, moved)
        for name in np.unique(classes[classes != "dead"]):
            own = classes == name
            now = bands.baseline[rows[own]], trial.scale[own, -1], moved[own]
            alike = lessons.among(own)
            taught = alike(f"errors, {name}", partial(learn, prior=whole), moved[own])
            bands.parts.append((rows[own], around(*now, taught)))
    return bands
