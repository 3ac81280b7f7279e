"""Making a history fit to be forecast: silent starts cut, unknown buckets filled, wild outliers
bounded, level shifts brought to the new level; all of it is counted. And what kind of demand each
series is.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view

from sopkit.forecast.arrays import counts, demand_interval, over, row_mean, row_median, starts
from sopkit.forecast.outliers import NEAR, OUTLIER, expectation
from sopkit.forecast.seasonal import along, by_season, indices

INTERVAL_LIMIT, VARIATION_LIMIT = 1.32, 0.49
CLEAR_SEASON = 0.85  # three silent buckets in a thousand panels of chance sales look as seasonal
ENDS = 0.01  # items that end in a season, at least
SEVERAL = 4  # sales that show a habit
PRIOR = 0.2  # items ended before any is seen
MOST_EVIDENCE = 48  # buckets that a panel counts for
BELIEVED = 0.65  # chance of a sale: buckets without any come in runs
PLACES = 1.0  # buckets that a place in the season counts for beside its own


def variation_of_sizes(values) -> np.ndarray:
    """Squared coefficient of variation of the demand sizes (CV²), (series,); 0 without demand.

    >>> variation_of_sizes(np.array([[0.0, 2.0, 0.0, 4.0]])).round(4).tolist()
    [0.1111]
    """
    sizes = np.where(values > 0, values, np.nan)
    mean = row_mean(sizes)
    return over(row_mean((sizes - mean[:, None]) ** 2), mean**2)


def buckets_without_demand(values) -> np.ndarray:
    """How many buckets at each series' end had no demand, (series,); its whole length where it
    never had any.
    """
    demand = values > 0
    return np.where(demand.any(axis=1), np.argmax(demand[:, ::-1], axis=1), counts(values))


def classify(values, season, still) -> np.ndarray:
    """The class of each series, (series,): smooth, erratic, intermittent or lumpy by ADI (1.32) and
    CV² (0.49); new below one season of history; dying or dead when it is unlikely (below one half,
    or 5 % after a season) that it ``still`` sells (see ``alive``).

    Syntetos, Boylan & Croston (2005), On the categorization of demand patterns, JORS 56.

    >>> values = np.array([[5.0] * 24, [0.0, 0.0, 9.0] * 8, [5.0] * 10 + [0.0] * 14])
    >>> classify(values, 12, np.array([1.0, 1.0, 0.01])).tolist()
    ['smooth', 'intermittent', 'dead']
    """
    often = demand_interval(values) < INTERVAL_LIMIT
    rough = variation_of_sizes(values) >= VARIATION_LIMIT
    gap, demand = buckets_without_demand(values), values > 0
    dead = (gap >= max(season, 4)) & (still < 0.05)
    kinds = {
        "dead": dead | ~demand.any(axis=1),
        "dying": (gap >= 3) & (still < 0.5),
        "new": counts(values) < season,
        "erratic": often & rough,
        "smooth": often,
        "lumpy": rough,
    }
    return np.select(list(kinds.values()), list(kinds), "intermittent")


@dataclass(frozen=True)
class Rates:
    """How often the series of a panel sell, after their first sale: the ``usual`` share of buckets
    with a sale, how many buckets of its own a series needs before it is believed as much, and the
    share of items that ``ends`` in a bucket.
    """

    usual: float
    evidence: float
    ends: float = 0.0

    def of(self, values, silent=0) -> np.ndarray:
        """The believed share of each series, (series,), drawn toward the usual one; after so many
        more ``silent`` buckets (series, …).
        """
        sales, buckets = _after_first(values)
        own = sales + self.evidence * self.usual, buckets + self.evidence
        if np.ndim(silent):
            own = own[0][:, None], own[1][:, None] + silent
        return own[0] / own[1]


def rates(values, season) -> Rates:
    """The ``Rates`` of a panel, by the moments of a beta-binomial.

    >>> float(rates(np.array([[4.0, 0.0, 4.0, 0.0, 4.0]]), 12).usual)
    0.5
    """
    sales, buckets = _after_first(values)
    usual = (sales.sum() + 0.5) / (buckets.sum() + 1)
    own = over(sales, buckets)[buckets > 0]
    weight = buckets[buckets > 0]
    chance = usual * (1 - usual)
    spread = (weight * ((own - usual) ** 2)).sum() - max(len(own) - 1, 0) * chance
    between = over(spread, weight.sum() - over((weight**2).sum(), weight.sum()))
    found = Rates(
        usual,
        float(
            np.clip(over(chance, max(between, 1e-9)), 2, min(2 * max(len(own), 1), MOST_EVIDENCE))
        ),
    )
    return replace(found, ends=_ends(values, found, season))


def _ends(values, found, season) -> float:
    """The share of items that ends in a bucket: silences at the end less likely than 5 % beyond the
    5 % that chance brings, one such among the first items seen.
    """
    sold = np.isfinite(values) & (values != 0)
    before = _until_last(sold)
    rate = found.of(np.where(before, values, np.nan))
    unlikely = (1 - np.minimum(rate, 0.95)) ** (~before).sum(axis=1) < 0.05
    ended = np.clip((unlikely.sum() - 0.05 * len(values) + PRIOR) / (len(values) + PRIOR), 0, 0.5)
    return max(float(ended / max(row_mean(counts(values)[None])[0], 1)), ENDS / max(season, 4))


def _after_first(values):
    """Sales and known buckets after each series' first sale."""
    sold, known = np.isfinite(values) & (values != 0), ~np.isnan(values)
    after = np.arange(values.shape[1]) > starts(np.where(sold, 1.0, np.nan))[:, None]
    return (sold & after).sum(axis=1), (known & after).sum(axis=1)


def regular(values, season, usual) -> np.ndarray:
    """Which series the trend and season methods take: what sells often (ADI below 1.32 up to its
    last sale; negative values count as sales), and what sells in its season (a clear one, seen
    three times).
    """
    sold = np.isfinite(values) & (values != 0)
    several = sold.sum(axis=1) >= SEVERAL
    before = _until_last(sold) | ~several[:, None]
    often = usual.of(np.where(before, values, np.nan)) > 1 / INTERVAL_LIMIT
    rows = np.flatnonzero(~often & several & (counts(values) >= 3 * season))
    if len(rows):
        bounded = bound_outliers(values[rows], season)  # one wild value hides no season
        often[rows] = indices(bounded, season)[1] > CLEAR_SEASON
    return often


def alive(values, season, usual) -> np.ndarray:
    """How likely each series still sells after the silence at its end, (series,) 0–1: a silence by
    chance, the less likely the more often it sold (and in the places of the season where it did),
    against an end, which comes as often as the panel's do.

    The discrete-time model of Fader, Hardie & Shang (2010), Customer-base analysis in a
    discrete-time noncontractual setting, Marketing Science 29.

    >>> values = np.array([[5.0] * 24, [5.0] * 20 + [0.0] * 4])
    >>> alive(values, 12, rates(values, 12)).round(2).tolist()
    [1.0, 0.31]
    """
    sold, known = np.isfinite(values) & (values != 0), ~np.isnan(values)
    width, before = values.shape[1], _until_last(sold)
    chance = usual.of(np.where(before, values, np.nan), (~before).cumsum(axis=1) - 1)
    if season > 1:
        counted = (np.where(before, each, 0.0) for each in (sold, known))
        part, whole = (along(np.nansum(by_season(each, season), 1), -width, 0) for each in counted)
        chance = (part + PLACES * chance) / (whole + PLACES)
    chance = np.minimum(chance, BELIEVED)
    still = np.where(before, 1.0, (1 - chance) * (1 - usual.ends)).cumprod(axis=1)
    # an end in each silent bucket: alive and silent until the one before
    ended = usual.ends * np.where(before[:, 1:], 0.0, still[:, :-1]).sum(axis=1)
    return still[:, -1] / (still[:, -1] + ended)


def _until_last(sold):
    """The buckets up to the last sale of each series; all where there is none."""
    last = sold.shape[1] - np.argmax(sold[:, ::-1], axis=1)
    return np.arange(sold.shape[1]) < last[:, None]


LEAST_RATIO, LEAST_BLOCK, LIMIT = 1.6, 3, 4.0


def level_shifts(values, season, rows) -> tuple[np.ndarray, np.ndarray]:
    """Column where the clearest level shift of each of ``rows`` begins (−1: none) and its factor,
    (series,) each.

    Compared is log demand with the same bucket a season before, so that the season does not matter.
    A shift is a run of at least 3 buckets, up to a season, that lies more than 4 robust deviations
    and a factor of 1.6 off the rest, begins abruptly, and holds on to the end of its season or of
    the history. Series at or below zero have none.

    >>> values = np.array([[10.0, 11.0] * 9 + [50.0, 55.0] * 3])
    >>> level_shifts(values, 2, np.array([True]))[0].tolist()
    [18]
    """
    count, width = values.shape
    known = (~np.isnan(values)).sum(axis=1)
    sound = rows & ~(values <= 0).any(axis=1) & (known >= max(2 * season, season + 8))
    if not sound.any():
        return np.full(count, -1), np.ones(count)
    logs = np.log(np.where(sound[:, None], values, np.nan))
    change = pd.DataFrame(logs).diff(season, axis=1).to_numpy()
    # Every run that may be a shift, (series, run, bucket); those at the end are shorter.
    begin = np.arange(season + 1, width - LEAST_BLOCK + 1)
    padded = np.pad(change, ((0, 0), (0, season - 1)), constant_values=np.nan)
    runs = sliding_window_view(padded, season, axis=1)[:, begin]
    number, total, squares = (
        np.nansum(part, axis=1, keepdims=True) for part in (~np.isnan(change), change, change**2)
    )
    inner, mean_in = (~np.isnan(runs)).sum(axis=2), row_mean(runs)
    outer = number - inner
    mean_out = over(total - inner * mean_in, outer)
    within = np.maximum(squares - inner * mean_in**2 - outer * mean_out**2, 0)
    spread = np.sqrt(over(within, number - 2)) + 0.02
    shift = mean_in - mean_out
    size, usual = np.abs(shift), 1.4826 * row_median(np.abs(np.diff(logs, axis=1)))[:, None]
    # Strict: of the many runs that are tried, chance alone makes some look like a shift.
    whole = (inner == np.minimum(season, width - begin)) & (outer >= 3)
    large = (size > LIMIT * spread) & (size > np.log(LEAST_RATIO)) & (size > 2 * usual)
    abrupt = (change[:, begin] - change[:, begin - 1]) * np.sign(shift) > 0.6 * size
    returned = np.abs(runs - mean_out[:, :, None]) <= 0.5 * size[:, :, None]
    clear = whole & large & abrupt & ~returned.any(axis=2)
    best = np.where(clear, size / spread, 0).argmax(axis=1)
    found, at = clear.any(axis=1), (np.arange(count), best)
    return np.where(found, begin[best], -1), np.where(found, np.exp(shift[at]), 1.0)


@dataclass(frozen=True)
class Prepared:
    """Complete values (series, bucket; NaN only before the start), what is truly known (NaN where
    filled), and per-series counts of cut, filled and bounded buckets; ``regular`` says which series
    take trend and season methods; ``shifted`` counts the buckets since a level shift (0: none),
    before which values were multiplied by ``factor``."""

    values: np.ndarray
    known: np.ndarray
    regular: np.ndarray
    cut: np.ndarray
    filled: np.ndarray
    bounded: np.ndarray
    shifted: np.ndarray
    factor: np.ndarray


def prepare(values, often, season) -> Prepared:
    """Panel values made complete (units stay); ``often`` says which series are regular.

    >>> prepare(np.array([[1.0, np.nan, 3.0, 4.0]]), np.array([True]), 12).values.tolist()
    [[1.0, 2.0, 3.0, 4.0]]
    """
    values = np.asarray(values, dtype=float)
    kept = cut_silent_start(values)
    full = fill(kept, often, season)
    bound = np.where(often[:, None], bound_outliers(full, season), full)
    shift, factor = level_shifts(bound, season, often)
    before = np.arange(values.shape[1]) < shift[:, None]
    level = np.where(before, bound * factor[:, None], bound)
    known = np.where(np.isnan(kept), np.nan, level)
    return Prepared(
        level,
        known,
        often,
        counts(values) - counts(kept),
        (np.isnan(kept) & ~np.isnan(full)).sum(axis=1),
        ((bound != full) & ~np.isnan(full)).sum(axis=1),
        np.where(shift >= 0, values.shape[1] - shift, 0),
        factor,
    )


def cut_silent_start(values) -> np.ndarray:
    """What lies before the first sale becomes NaN: the item was not on sale yet; a series that
    never sold stays as it is.
    """
    first = starts(np.where(values != 0, values, np.nan))
    before = np.arange(values.shape[1]) < first[:, None]
    return np.where(before & (first < values.shape[1])[:, None], np.nan, values)


def fill(values, often, season) -> np.ndarray:
    """Unknown buckets after the start filled: between neighbours plus season where an item sells
    often, else as a season before.
    """
    gaps = np.isnan(values) & (np.arange(values.shape[1]) >= starts(values)[:, None])
    rows = gaps.any(axis=1)
    if not rows.any():
        return values
    part = values[rows]
    smooth = _between(part)
    for _ in range(3):
        season_part = along(indices(smooth, season)[0], -part.shape[1], 0)
        smooth = _between(part - season_part) + season_part
    told = pd.DataFrame(part)
    repeated = told.shift(season, axis=1).fillna(told.ffill(axis=1))
    full = values.copy()
    full[rows] = np.where(gaps[rows], np.where(often[rows, None], smooth, repeated), part)
    return full


def bound_outliers(values, season) -> np.ndarray:
    """The values with outliers (see ``expectation``) counted as far as they are ``believed``; the
    limit is narrower for the last bucket, which no later one confirms.

    >>> values = np.array([[10.0, 11, 10, 9, 10, 9999, 10, 11, 9, 10, 11]])
    >>> round(bound_outliers(values, 12).max())
    11
    """
    found = expectation(values, season, np.arange(len(values)), ~np.isnan(values))
    limit = np.where(np.arange(values.shape[1]) < values.shape[1] - 1, OUTLIER, NEAR)
    return np.where(found.alone(limit), found.believed(limit), values)


def _between(values):
    """Linear interpolation along each row that knows a value; the last known value carried on."""
    # Beside its mirror image each row ends between twice the same value, and all are one line.
    twice = np.hstack([values, values[:, ::-1]])
    known = ~np.isnan(twice)
    line = np.interp(np.arange(twice.size), np.flatnonzero(known), twice[known])
    columns = np.arange(values.shape[1])
    line = line.reshape(twice.shape)[:, columns]
    return np.where(columns < starts(values)[:, None], np.nan, line)
