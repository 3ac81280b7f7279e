"""Sums are forecast too (an item's markets, market, family, line, company), and the series that
make them up share the difference, each by how far it usually errs.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse.linalg import splu

from sopkit.errors import PlanError
from sopkit.forecast.arrays import over, row_mean
from sopkit.forecast.fit import Fit
from sopkit.forecast.trial import others

COMPANY = "company"
GROUPS = ("family", "line")
PRIOR = 2.0  # origins that a level's usual error counts for beside a series' own
FURTHEST = 1.5  # no series is moved by more than half of itself, or a third down
CLEAR = 0.02  # a gain over all levels that counts in full, a loss at one that forbids it


def reconciled(fitted: Fit, groups: pd.DataFrame | None, fit_sums) -> Fit:
    """The fit whose series agree with the forecasts of their sums, by weighted least squares with
    the variances of the backtest, as far as no level of summing was worse for it there.

    ``groups`` says the family and line of each item; ``fit_sums`` fits a panel of sums. Series that
    are dead, ended early, or are too short to be tested as far ahead as others stay as they are.

    Athanasopoulos, Hyndman, Kourentzes & Panagiotelis (2024), Forecast reconciliation: a review,
    IJF 40.
    """
    panel, back = fitted.panel, fitted.gathered(lambda block: block.trial.back)
    alike = (panel.last == panel.last.max()) & (back[:, -1] == back[:, -1].max())
    rows = np.flatnonzero(alike & (fitted.classes != "dead"))
    sums, levels = sums_of(panel.keys.iloc[rows], groups)
    if not sums.shape[0]:
        return fitted
    values, size = sums @ np.nan_to_num(fitted.prepared.values[rows]), len(levels)
    keys = pd.DataFrame({"item": np.arange(size)})
    ends = {"lengths": np.full(size, values.shape[1]), "last": np.full(size, panel.last.max())}
    above = fit_sums(replace(panel, keys=keys, values=values, **ends))
    whole, wide = fitted.combined, variances(fitted, fitted.prepared.regular)[rows]
    own, asked, firm = whole[rows], above.combined, variances(above, levels)
    shared = own.copy()
    for origin in range(own.shape[1]):
        if not np.isnan(own[:, origin]).any():
            parts = own[:, origin], wide[:, origin]
            shared[:, origin] = agreed(*parts, asked[:, origin], firm[:, origin], sums)
    shared = np.clip(shared, own / FURTHEST, own * FURTHEST)
    actual = fitted.gathered(lambda block: block.trial.actual)[rows]
    loss = losses(own, shared, actual, sums, levels)
    gained, lost = 1 - np.mean(loss), max(loss) - 1
    trust = np.clip(min(gained, CLEAR - lost) / CLEAR, 0, 1)
    whole[rows] = own + trust * (shared - own)
    blocks = {
        kind: replace(block, combined=whole[block.rows]) for kind, block in fitted.blocks.items()
    }
    return replace(fitted, blocks=blocks)


def sums_of(
    keys: pd.DataFrame, groups: pd.DataFrame | None
) -> tuple[sparse.csr_matrix, np.ndarray]:
    """Which series make up each sum, a matrix (sum, series) of 0 and 1, and the sums' levels; a sum
    of one series is that series and left out.

    >>> sums, levels = sums_of(pd.DataFrame({"item": ["A", "A"], "market": ["N", "S"]}), None)
    >>> sums.toarray().tolist(), levels.tolist()
    ([[1.0, 1.0]], ['company'])
    """
    if groups is not None and ("item" not in groups or groups["item"].duplicated().any()):
        raise PlanError(
            "groups names an item twice, or has no column item; give one row an item with its"
            " family and line"
        )
    named = {level: keys[level] for level in ("item", "market") if "market" in keys}
    for level in GROUPS if groups is not None else ():
        if level in groups:
            named[level] = keys["item"].map(groups.set_index("item")[level])
    named[COMPANY] = pd.Series(COMPANY, keys.index)
    parts, levels = [], []
    for level, names in named.items():
        codes, found = pd.factorize(names)
        rows = np.flatnonzero(codes >= 0)
        place, shape = (codes[rows], rows), (len(found), len(keys))
        each = sparse.csr_matrix((np.ones(len(rows)), place), shape)
        size = each.getnnz(axis=1)
        several = (size > 1) & ((size < len(keys)) | (level == COMPANY))
        parts.append(each[several])
        levels += [level] * int(several.sum())
    return sparse.vstack(parts, format="csr"), np.array(levels)


def agreed(own, wide, asked, firm, sums):
    """The series' forecasts (series, lead) nearest to their ``own`` and to those ``asked`` of their
    sums (sum, lead), in units of the variances ``wide`` (series,) and ``firm`` (sum,).

    >>> both = sparse.csr_matrix([[1.0, 1.0]])
    >>> parts = np.array([[4.0], [4.0]]), np.array([1.0, 2.0])
    >>> agreed(*parts, np.array([[12.0]]), np.array([1.0]), both).tolist()
    [[5.0], [6.0]]
    """
    moves = sparse.diags(wide) @ sums.T
    system = sums @ moves + sparse.diags(firm)
    return own + moves @ splu(system.tocsc()).solve(asked - sums @ own)


def variances(fitted: Fit, levels) -> np.ndarray:
    """Mean squared backtest error of each series, (series, origin + 1): at each origin by the other
    origins, now by all; drawn toward what is usual at its level.
    """
    moved = fitted.gathered(lambda block: block.trial.moved(block.combined_tests))
    scale = fitted.gathered(lambda block: block.trial.scale[:, -1])
    heard = others(moved.shape[1]).T
    total, number = row_mean(moved**2) @ heard, (~np.isnan(moved)).any(axis=2) @ heard
    usual = np.ones_like(total)
    for level in np.unique(levels):
        same = levels == level
        usual[same] = over(total[same].sum(axis=0), number[same].sum(axis=0))
    return np.maximum((total + PRIOR * usual) / (number + PRIOR), 1e-9) * scale[:, None] ** 2


def losses(own, shared, actual, sums, levels) -> list[float]:
    """Absolute backtest error of the shared forecasts ÷ that of the series' own, at the level of
    the series and at each level of their sums.
    """
    known, count = ~np.isnan(actual), own.shape[0]
    size = []
    for forecasts in (own, shared):
        error = np.where(known, np.nan_to_num(forecasts[:, :-1]) - actual, 0.0).reshape(count, -1)
        above = np.abs(sums @ error).sum(axis=1)
        by_level = [above[levels == level].sum() for level in np.unique(levels)]
        size.append([np.abs(error).sum(), *by_level])
    return [after / before if before > 0 else 1.0 for before, after in zip(*size)]
