"""What surrounds the baseline: quantiles and joint paths, whichever way demand comes; from backtest
errors by class and lead if regular, from a chance of selling and the sizes seen if rare.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import erf, sqrt
from statistics import NormalDist
from zlib import crc32

import numpy as np

from sopkit.forecast.arrays import over
from sopkit.forecast.fit import Fit

LEVELS = np.concatenate(
    [[0.001, 0.0025, 0.005], np.arange(0.01, 1.0, 0.01), [0.995, 0.9975, 0.999]]
)
OWN_EVIDENCE = 4.0
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


def learn(errors: np.ndarray, prior: Errors | None = None) -> Errors:
    """The class's errors from actual − forecast in usual moves (series, origin, lead), NaN where
    untested.

    With few series the class leans on ``prior`` (the whole panel; at the start a normal random
    walk).
    """
    prior = prior or random_walk(errors.shape[2])
    size = np.abs(errors)
    tests = int((~np.isnan(errors)).any(axis=2).sum())
    # Few tests leave the size itself uncertain.
    growth = growth_by_lead(size, prior.growth) * (1 + 1 / tests if tests else 1)
    relative = (errors / growth).reshape(-1, errors.shape[2])
    sample = relative[~np.isnan(relative)]
    return Errors(
        growth, shape_of(sample, prior.shape), correlation_of(relative, prior.correlation)
    )


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


SIZES = 25
POOL_EVIDENCE = 4.0
TAPER, LEAST_TRUST = 0.3, 0.25


@dataclass(frozen=True)
class Rare:
    """``chance`` (series, bucket) of any demand, and ``sizes`` (series, SIZES): quantiles of the
    demand size in units, ascending.
    """

    chance: np.ndarray
    sizes: np.ndarray

    def quantile(self, rows, bucket, level):
        """Demand at a probability level (broadcast over rows), in units: 0 below 1 − chance, then
        the sizes.
        """
        chance = self.chance[rows, bucket]
        inside = np.clip(over(level - (1 - chance), chance), 0, 1)
        place = np.clip(np.ceil(inside * SIZES).astype(int) - 1, 0, SIZES - 1)
        near = np.minimum(inside / np.where(chance < 1, TAPER, 1e-9), 1)
        return np.where((inside > 0) & (chance > 0), near * self.sizes[rows, place], 0.0)


def rare_demand(values: np.ndarray, baseline: np.ndarray, trust: float = 1.0) -> Rare:
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
    mean = sizes.mean(axis=1, keepdims=True)
    relative = over(sizes, mean)
    plenty = number >= 5
    common = relative[plenty].mean(axis=0) if plenty.sum() >= 5 else np.ones(SIZES)
    share = (number / (number + POOL_EVIDENCE))[:, None]
    sizes = mean * (share * relative + (1 - share) * common / common.mean())
    chance = over(baseline, mean)
    most = np.maximum(chance.max(axis=1, keepdims=True), 1.0)
    chance = np.minimum(chance / most, 1.0)
    selling = chance > 0
    usual = chance[selling].mean() if selling.any() else 0.0
    return Rare(
        np.where(selling & (chance < 1), usual + trust * (chance - usual), chance),
        sizes * most,
    )


def trust_in_chances(values: np.ndarray, back: np.ndarray, actual: np.ndarray) -> float:
    """How far differences between items' past demand frequencies lasted in the backtest: the slope
    of what came on what had been, between a quarter and 1. ``values`` (series, bucket), ``back``
    (series, origin) buckets held back, ``actual`` (series, origin, lead).

    >>> values, back = np.array([[1.0] * 9 + [0.0], [0.0] * 10]), np.array([[2], [2]])
    >>> trust_in_chances(values, back, np.array([[[1.0, 0.0]], [[0.0, 0.0]]]))
    0.5
    """
    known = ~np.isnan(values)
    total, number = np.cumsum(values > 0, axis=1), np.cumsum(known, axis=1)
    column = np.maximum(values.shape[1] - 1 - back, 0)
    before = np.take_along_axis(number, column, axis=1)
    past = np.take_along_axis(total, column, axis=1) / np.maximum(before, 1)
    tested = ~np.isnan(actual)
    came = ((actual > 0) & tested).sum(axis=2) / np.maximum(tested.sum(axis=2), 1)
    use = (before >= (12 if (before >= 12).any() else 1)) & tested.any(axis=2)
    off = past[use] - past[use].mean() if use.any() else np.zeros(0)
    spread = (off**2).sum()
    return float(np.clip((off * came[use]).sum() / spread, LEAST_TRUST, 1)) if spread > 0 else 1.0


def size_quantiles(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mid-quantiles of each series' demand sizes (series, SIZES) and how many there were."""
    demand = np.where(values > 0, values, np.nan)
    number = (~np.isnan(demand)).sum(axis=1)
    ordered = np.sort(demand, axis=1)
    place = (np.arange(SIZES) + 0.5) / SIZES * number[:, None] - 0.5
    last = np.maximum(number - 1, 0)[:, None]
    low = np.clip(np.floor(place), 0, last).astype(int)
    high = np.minimum(low + 1, last)
    share = np.clip(place - low, 0, 1)
    below, above = (np.take_along_axis(ordered, place, 1) for place in (low, high))
    mixed = (1 - share) * below + share * above
    return np.where(number[:, None] > 0, mixed, 0.0), number


@dataclass(frozen=True)
class Bands:
    """What surrounds the baseline (series, horizon): for regular series the class's errors times
    each series' ``unit`` (series, lead; units); for rare ones the distribution ``rare``, whose row
    of each series is ``place``; ``correlation`` (lead, lead) by class.
    """

    baseline: np.ndarray
    classes: np.ndarray
    is_rare: np.ndarray
    unit: np.ndarray
    errors: dict
    rare: Rare
    place: np.ndarray

    def at(self, level: float) -> np.ndarray:
        """The quantile at one level, (series, horizon), never below 0."""
        rows = np.arange(len(self.baseline))
        return self.values(rows, np.full(self.baseline.shape, level))

    def values(self, rows: np.ndarray, levels: np.ndarray) -> np.ndarray:
        """Demand of the given rows at levels (row, horizon), never below 0."""
        result = np.empty(levels.shape)
        for name in np.unique(self.classes[rows]):
            own = self.classes[rows] == name
            moved = quantile(self.errors[str(name)].shape, levels[own])
            result[own] = self.baseline[rows[own]] + self.unit[rows[own]] * moved
        seldom = self.is_rare[rows]
        if seldom.any():
            place = self.place[rows[seldom], None]
            result[seldom] = self.rare.quantile(place, np.arange(levels.shape[1]), levels[seldom])
        return np.where(self.classes[rows, None] == "dead", 0.0, np.maximum(result, 0.0))


def bands_of(fit: Fit) -> Bands:
    """The bands of a fit."""
    count, horizon = len(fit.classes), fit.horizon
    baseline, unit = fit.baseline, np.zeros((count, horizon))
    is_rare, place = ~fit.prepared.regular, np.zeros(count, dtype=int)
    whole, errors = learn(np.full((1, 1, horizon), np.nan)), {}
    if "regular" in fit.blocks:
        block = fit.blocks["regular"]
        moved = (block.trial.actual - block.combined_tests) / block.trial.scale[:, :-1, None]
        whole = learn(moved)
        kinds = fit.classes[block.rows]
        errors = {str(name): learn(moved[kinds == name], whole) for name in np.unique(kinds)}
        growth = np.array([errors[name].growth for name in kinds])
        spread = own_spread(moved, growth[:, None])[:, None]
        unit[block.rows] = block.trial.scale[:, -1:] * growth * spread
    rows = np.flatnonzero(is_rare)
    place[rows] = np.arange(len(rows))
    trust = 1.0
    if "rare" in fit.blocks:
        block = fit.blocks["rare"]
        known, trial = fit.prepared.known[block.rows], block.trial
        trust = trust_in_chances(known, trial.back, trial.actual)
    rare = rare_demand(fit.prepared.known[rows], baseline[rows], trust)
    errors = {str(name): errors.get(str(name), whole) for name in np.unique(fit.classes)}
    return Bands(baseline, fit.classes, is_rare, unit, errors, rare, place)


def draw(bands: Bands, names: list, paths: int, seed: int) -> np.ndarray:
    """Paths (series, path, bucket) from a fit's bands; a series' paths follow its name and the
    seed.
    """
    horizon = bands.baseline.shape[1]
    result = np.zeros((len(names), paths, horizon))
    levels, taught = _normal_table(), bands.errors.items()
    roots = {name: np.linalg.cholesky(errors.correlation).T for name, errors in taught}
    tables = {name: quantile(errors.shape, levels) for name, errors in taught}
    for row, name in enumerate(names):
        kind = str(bands.classes[row])
        if kind == "dead":
            continue
        chance = np.random.default_rng([seed, crc32(str(name).encode())])
        normal = chance.standard_normal((paths, horizon))
        if bands.is_rare[row]:
            level = look_up(levels, normal)
            result[row] = bands.rare.quantile(bands.place[row], np.arange(horizon), level)
        else:
            moved = bands.unit[row] * look_up(tables[kind], normal @ roots[kind])
            np.maximum(bands.baseline[row] + moved, 0.0, out=result[row])
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
