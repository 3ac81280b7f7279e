"""Outliers: isolated buckets that nothing known explains."""

import numpy as np
import pandas as pd

from sopkit.demand.events import explained
from sopkit.demand.findings import Findings, families, units
from sopkit.demand.robust import expectation
from sopkit.demand.straying import LONGEST, NEAR, OUTLIER, UNUSUAL, common, run
from sopkit.grid import Grid

SPARSE = 0.3  # share of buckets without demand from which a series is intermittent


def outliers(found: Findings, grid: Grid, live, events) -> Findings:
    """Isolated buckets far from their neighbours and season become the expected level; doubtful
    ones are only shown.
    """
    rises, falls = explained(grid, events)
    normal = expectation(
        found.demand,
        grid.calendar.per_year,
        families(grid),
        live & ~(rises & falls) & (found.flag == ""),
    )
    sold = np.nan_to_num(found.demand)
    sparse = ((sold == 0) & live).sum(axis=1) > SPARSE * live.sum(axis=1)
    score = np.where(
        live & ~sparse[:, None] & ~np.where(normal.score > 0, rises, falls), normal.score, 0.0
    )
    far = np.abs(score) >= UNUSUAL
    alone = run(score, NEAR) <= np.where(score > 0, LONGEST, 1)
    strong = (np.abs(score) >= OUTLIER) & alone & ~common(score, live) & ~_doubtful_end(score, live)
    strong |= _giants(sold, sparse, live & ~rises)
    typical = np.where(sparse, _typical(sold), 0.0)[:, None]
    expected = np.where(sparse[:, None], typical, normal.expected)
    found = found.note(
        strong,
        expected,
        "outlier",
        lambda s, t: (
            f"sold {units(sold[s, t])} where neighbours and season suggest about"
            f" {units(expected[s, t])}"
            + (f" ({abs(score[s, t]):.0f} robust deviations away)" if score[s, t] else "")
            + f"; demand set to {units(expected[s, t])}"
        ),
    )
    return found.note(
        far & ~strong,
        found.demand,
        "unusual",
        lambda s, t: (
            f"sold {units(sold[s, t])} where about {units(expected[s, t])} was expected "
            f"({abs(score[s, t]):.0f} robust deviations away); not strong enough to change it"
        ),
    )


def _doubtful_end(score, live):
    """The last two buckets may be a new level: a fall there is never changed, a rise only on double
    evidence.
    """
    position = np.arange(score.shape[1])
    last = (live * (position + 1)).max(axis=1)[:, None] - 1
    return (position >= last - 1) & (score < 2 * OUTLIER)


def _giants(sold, sparse, usable):
    """In an intermittent series of six sales or more: one that is over ten times the second
    largest.
    """
    if sold.shape[1] < 2:
        return np.zeros(sold.shape, dtype=bool)
    ordered = np.sort(sold, axis=1)
    lone = sparse & ((sold > 0).sum(axis=1) >= 6) & (ordered[:, -1] > 10 * ordered[:, -2])
    return lone[:, None] & (sold == ordered[:, -1:]) & usable


def _typical(sold):
    """Median of each series' sales above 0."""
    return pd.DataFrame(np.where(sold > 0, sold, np.nan)).median(axis=1).fillna(0).to_numpy()
