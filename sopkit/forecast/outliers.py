"""What a bucket should have sold, by its neighbours and its season, how far it strayed, and which
strays are outliers: the one rule, for cleansing and forecast. Series × bucket, NaN = unknown.

Everything is measured on the square root of demand, where the noise of counts is about as wide at
any level and zero is a number like others, with medians, which a few odd buckets cannot move
(Hampel 1974; Anscombe 1948). An outlier strays from the season of its group and from its own.
Runs of odd buckets, what a series does often, and the ramp at its start are no outliers.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view

from sopkit.forecast.arrays import row_median, starts
from sopkit.forecast.seasonal import along, by_season, places

MAD_TO_SIGMA = 1.4826
ENOUGH = 5
OUTLIER, UNUSUAL = 6.0, 4.0  # robust standard deviations: changed, only shown
NEAR = 3.0  # deviations from which a neighbour strays too
LONGEST = 2  # buckets in a row of a rise out of line; more are a new level, and so are two falls
OFTEN = 1 / 16  # share of buckets: what strays more often is how the item sells
CLEAR = 0.5  # a season that leaves less of the other's errors needs no second opinion
ODD = 1  # largest error that does not say which season fits


@dataclass(frozen=True)
class Expectation:
    """The ``centre`` and ``spread`` (one standard deviation) of the root of demand, and ``score``,
    the robust distance from it in standard deviations (0 where unknown, and in a ramp), by the
    season that fits better; ``agreed`` says where demand strays from the other one too, or need
    not; more strays than ``habit`` (series,) are how it sells.
    """

    centre: np.ndarray
    spread: np.ndarray
    score: np.ndarray
    agreed: np.ndarray
    habit: np.ndarray

    @property
    def expected(self):
        """The units expected, not below 0."""
        return np.maximum(self.centre, 0) ** 2

    @property
    def number(self):
        """How many buckets of its series stray to the side of each."""
        sides = self.score >= NEAR, self.score <= -NEAR
        return np.where(self.score > 0, *(side.sum(axis=1)[:, None] for side in sides))

    def alone(self, limit=OUTLIER):
        """The cells beyond ``limit`` that are outliers: by both seasons, in no run, and not the
        habit of their series.
        """
        longest = np.where(self.score > 0, LONGEST, 1)
        single = (self.number <= self.habit[:, None]) & (run(self.score, NEAR) <= longest)
        return (np.abs(self.score) >= limit) & single & self.agreed

    def believed(self, limit):
        """The units that count of what strays beyond ``limit`` deviations: up to the limit; of the
        only one on its side the less, the further off it is (Hampel's redescending influence).
        """
        share = np.where(self.number > 1, 1.0, limit / np.maximum(np.abs(self.score), limit))
        root = self.centre + np.sign(self.score) * limit * share * self.spread
        return np.sign(root) * root**2


def expectation(demand, season, groups, usable, begin=0, again=True) -> Expectation:
    """What every bucket should have sold and the score of what was; ``usable`` cells alone shape
    the expectation. A fall that lasts from a series' start, or from the column where it ``begin``s,
    is its ramp for up to a season.

    >>> demand = np.array([[10., 11., 9., 10., 90., 10., 9., 11., 10.]])
    >>> found = expectation(demand, 1, np.zeros(1), demand > 0)
    >>> round(found.expected[0, 4]), int(found.score[0].argmax())
    (10, 4)
    """
    root = np.sign(demand) * np.sqrt(np.abs(demand))
    known = np.where(usable, root, np.nan)
    level = local_level(known, season)
    centres = [level + each for each in _patterns(known - level, level, season, groups)]
    spreads = [_sigma(known - each, np.abs(each), demand) for each in centres]
    scores = [(root - each) / spread for each, spread in zip(centres, spreads)]
    errors = [np.sort(np.abs(np.nan_to_num(known - each)))[:, :-ODD] for each in centres]
    shared, own = (each.sum(axis=1)[:, None] for each in errors)
    better = own <= shared
    centre, spread, score, other = (
        np.where(better, *pair) for pair in (centres[::-1], spreads[::-1], scores[::-1], scores)
    )
    short = (np.isfinite(known).sum(axis=1) < ENOUGH)[:, None]
    score = np.where(np.isfinite(score) & ~short, score, 0.0)
    place = np.arange(demand.shape[1])
    opens = np.maximum(begin, starts(demand))[:, None]
    reached = (place >= opens) & (score > -NEAR)
    ramp = ~np.logical_or.accumulate(reached, axis=1) & (place < opens + season)
    clear = np.minimum(own, shared) < CLEAR * np.maximum(own, shared)
    agreed = (clear & (np.abs(score) >= OUTLIER)) | (other * np.sign(score) >= NEAR)
    habit = np.maximum(np.rint(OFTEN * np.isfinite(known).sum(axis=1)), 1)
    found = Expectation(centre, spread, np.where(ramp, 0.0, score), agreed, habit)
    size = np.abs(found.score)
    wildest = found.alone() & (size == size.max(axis=1, keepdims=True, initial=0.0))
    if again and wildest.any():  # what one wild value did to the season of its neighbours
        return expectation(demand, season, groups, usable & ~wildest, begin, again=False)
    return found


def local_level(values, season):
    """Centred running median over a season and its middle, carried on to the ends, where half a
    season would say more of the season than of the level; over all the known values of a short
    series.
    """
    window = season * -(-6 // season)  # every place of the season as often as another
    rolling = pd.DataFrame(values.T).rolling(window, center=True, min_periods=window)
    running = rolling.median().ffill().bfill().to_numpy().T
    return np.where(np.isfinite(running), running, row_median(values)[:, None])


def _patterns(residual, level, season, groups):
    """Seasonal patterns: the group's, in proportion to level, and the series' own, the median of a
    bucket's place in the two seasons before and after it.
    """
    shared = own = np.zeros(residual.shape)
    if 1 < season < residual.shape[1]:
        folded = by_season(residual / np.maximum(level, 0.5), season)
        tall = pd.DataFrame(folded.reshape(-1, season)).groupby(np.repeat(groups, folded.shape[1]))
        shared = tall.median().where(tall.count() >= 9, 0.0).loc[groups].to_numpy()
        shared = along(shared, -residual.shape[1], 0) * level
        padded = np.pad(
            by_season(residual, season), ((0, 0), (2, 2), (0, 0)), constant_values=np.nan
        )
        beside = sliding_window_view(padded, 5, axis=1)[..., [0, 1, 3, 4]]
        own = row_median(beside.reshape(-1, 4)).reshape(len(residual), folded.shape[1] * season)
        own = own[:, places(-residual.shape[1], 0, season)]
        own = np.where(np.isnan(own), shared, own)
    return shared, own


def _sigma(residual, centre, demand):
    """Robust spread per series, not below counting noise and a few per cent of level."""
    sold = np.nan_to_num(demand)
    whole = (np.abs(sold - np.round(sold)) < 1e-9).all(axis=1)
    unit = np.where(whole, 1.0, np.minimum(1.0, 0.001 * np.nan_to_num(row_median(np.abs(demand)))))
    floor = 0.5 * np.sqrt(np.maximum(unit, 1e-9))[:, None] + 0.02 * centre
    return np.fmax(MAD_TO_SIGMA * row_median(np.abs(residual))[:, None], floor)


def run(score, limit):
    """Length of the run of buckets beyond ``limit`` on the same side in which each cell stands."""
    length = np.zeros(score.shape)
    for side in (1, -1):
        far = score * side >= limit
        gaps = np.pad(~far, ((0, 0), (1, 0)), constant_values=True)  # rows stay apart
        runs = np.cumsum(gaps).reshape(gaps.shape)[:, 1:]
        length += far * np.bincount(runs[far], minlength=gaps.size + 1)[runs]
    return length
