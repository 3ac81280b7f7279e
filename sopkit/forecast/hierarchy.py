"""One set of numbers at every level: item × market, item, market, family and company forecast, and
made to agree.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sopkit.errors import PlanError
from sopkit.forecast.fit import fit_panel
from sopkit.forecast.methods import chosen_methods
from sopkit.forecast.mint import Misfit, mint, shrinkage_of
from sopkit.forecast.panel import Panel, check_horizon, check_season, key_columns, panel_of

COMPANY = "(company)"


@dataclass(frozen=True)
class Tree:
    """The bottom series and the groups above them: ``levels`` name → code of each bottom series'
    group (series,), and ``names`` name → the groups' labels in code order. Levels are in order
    company, family, market, item, bottom.
    """

    levels: dict
    names: dict

    @property
    def bottom(self) -> str:
        """The name of the lowest level."""
        return list(self.levels)[-1]

    def up(self, values: np.ndarray) -> dict:
        """Bottom values (series, …) summed to every level, name → (group, …)."""
        return {
            name: sum_by(values, code, len(self.names[name])) for name, code in self.levels.items()
        }


def sum_by(values: np.ndarray, code: np.ndarray, count: int) -> np.ndarray:
    """Rows of ``values`` summed by group code, (group, …).

    >>> sum_by(np.array([[1.0], [2.0], [4.0]]), np.array([0, 1, 0]), 2).tolist()
    [[5.0], [2.0]]
    """
    result = np.zeros((count, *values.shape[1:]))
    np.add.at(result, code, values)
    return result


def tree_of(keys: pd.DataFrame, families: pd.DataFrame | None = None) -> Tree:
    """The tree over a panel's keys; families come from a frame with item and family, blank ones
    become ``(none)``.
    """
    columns = {"company": pd.Series([COMPANY] * len(keys))}
    if families is not None:
        missing = {"item", "family"} - set(families.columns)
        if missing:
            raise PlanError(
                f"families has no column {', '.join(sorted(missing))}; give item and family"
            )
        columns["family"] = (
            keys["item"].map(dict(zip(families["item"], families["family"]))).fillna("(none)")
        )
    if "market" in keys:
        columns["market"] = keys["market"]
        columns["item"] = keys["item"]
        columns["item × market"] = keys["item"].astype(str) + " × " + keys["market"].astype(str)
    else:
        columns["item"] = keys["item"]
    coded = {name: pd.factorize(column, sort=True) for name, column in columns.items()}
    return Tree(
        {name: code for name, (code, _) in coded.items()},
        {name: labels for name, (_, labels) in coded.items()},
    )


def bottom_up(base: dict, tree: Tree, misfit=None) -> np.ndarray:
    """The bottom level's own forecasts, (series, horizon)."""
    return base[tree.bottom]


def top_down(base: dict, tree: Tree, misfit=None) -> np.ndarray:
    """Each level's forecast shared out by the forecasts below it, from the company down, (series,
    horizon).

    Athanasopoulos, Ahmed & Hyndman (2009), Hierarchical forecasts for Australian domestic tourism,
    IJF 25 (forecast proportions). Where two levels cross (market, family) the path is company →
    family → item → item × market.
    """
    path = [name for name in ("company", "family", "item", tree.bottom) if name in tree.levels]
    path = list(dict.fromkeys(path))
    fixed = base["company"]
    for above, below in zip(path, path[1:]):
        parent = _parents(tree, above, below)
        own = np.maximum(base[below], 0)
        total = sum_by(own, parent, len(fixed))[parent]
        number = np.bincount(parent, minlength=len(fixed))[parent][:, None]
        share = np.where(total > 0, own / np.where(total > 0, total, 1), 1 / number)
        fixed = fixed[parent] * share
    return _in_bottom_order(fixed, tree)


METHODS = {"bottom up": bottom_up, "top down": top_down, "mint": mint}


def reconcile(base: dict, tree: Tree, misfit: Misfit, method: str) -> np.ndarray:
    """Non-negative bottom forecasts (series, horizon) by one of ``METHODS``; every level is their
    sum.
    """
    if method not in METHODS:
        raise PlanError(
            f"reconciliation {method!r} is not known; use one of: {', '.join(METHODS)}, or None to"
            " choose by backtest"
        )
    return np.maximum(METHODS[method](base, tree, misfit), 0.0)


def reconciled_forecast(
    history,
    horizon: int = 18,
    families=None,
    *,
    method: str | None = None,
    season=None,
    client=None,
) -> pd.DataFrame:
    """Coherent forecasts of every level: level, name, family, item, market (blank above their
    level), bucket, baseline (units), method.

    Every level is forecast on its own and made to agree by ``method`` ("bottom up", "top down",
    "mint"), by default the one whose backtest has the least scaled error over all levels. Series
    are filled to the latest bucket of the history with 0. The columns name and level are the key
    together with bucket. Raises ``PlanError`` as ``forecast`` does and for an unknown method.

    >>> months = np.repeat(pd.date_range("2024-01-01", periods=24, freq="MS"), 2)
    >>> sold = {"item": ["A", "B"] * 24, "bucket": months, "quantity": [5.0, 7.0] * 24}
    >>> history = pd.DataFrame(sold)
    >>> reconciled_forecast(history, 2).groupby("level")["baseline"].sum().round(6).to_dict()
    {'company': 24.0, 'item': 24.0}
    """
    horizon = check_horizon(horizon)
    check_season(season)
    panel = filled(panel_of(history[[*key_columns(history), "bucket", "quantity"]], season))
    tree = tree_of(panel.keys, families)
    fits = {
        name: fit_panel(panel_at(panel, tree, name), horizon, chosen_methods(), client)
        for name in tree.levels
    }
    chosen, misfit = method or best_method(fits, tree), misfit_of(fits)
    base = {name: fit.baseline for name, fit in fits.items()}
    return _frame(panel, tree, tree.up(reconcile(base, tree, misfit, chosen)), chosen)


def filled(panel: Panel) -> Panel:
    """The panel with every series carried with zeros to the latest bucket."""
    width = panel.values.shape[1]
    if not len(panel.last):
        return panel
    late = panel.last.max() - panel.last
    wide = int((panel.lengths + late).max())
    values = np.full((len(late), wide), np.nan)
    for row, shift in enumerate(late):
        length = panel.lengths[row]
        values[row, wide - shift - length : wide - shift] = panel.values[row, width - length :]
        values[row, wide - shift :] = 0.0
    return Panel(
        panel.keys, values, panel.lengths + late, panel.last + late, panel.calendar, panel.season
    )


def panel_at(panel: Panel, tree: Tree, level: str) -> Panel:
    """The panel of one level's sums; a bucket is known once any of its series has begun."""
    code, count = tree.levels[level], len(tree.names[level])
    known = sum_by((~np.isnan(panel.values)).astype(float), code, count) > 0
    begun = (
        sum_by(
            (
                np.arange(panel.values.shape[1]) >= panel.values.shape[1] - panel.lengths[:, None]
            ).astype(float),
            code,
            count,
        )
        > 0
    )
    values = np.where(known, sum_by(np.nan_to_num(panel.values), code, count), np.nan)
    keys = pd.DataFrame({"item": pd.Series(tree.names[level]).astype(str)})
    return Panel(
        keys, values, begun.sum(axis=1), np.full(count, panel.last[0]), panel.calendar, panel.season
    )


def error_variance(fit) -> np.ndarray:
    """Mean squared backtest error of each series, (series,), in units²; from its usual move where
    it was not tested.
    """
    result = np.zeros(len(fit.classes))
    for block in fit.blocks.values():
        squared = (block.trial.actual - block.combined_tests) ** 2
        tested = ~np.isnan(squared)
        number = tested.sum(axis=(1, 2))
        usual = block.trial.scale[:, -1] ** 2
        own = (np.where(tested, squared, 0).sum(axis=(1, 2)) + 4 * usual) / (number + 4)
        result[block.rows] = own
    return result


def misfit_of(fits: dict, without: int | None = None) -> Misfit:
    """How every level errs at the origins and leads that all levels share (except those that held
    back ``without``); untested series count as never erring together."""
    pairs = {name: by_back(fit) for name, fit in fits.items()}
    shared = [back for back in _shared(pairs) if back != without]
    errors = {}
    for name, (tests, actual) in pairs.items():
        gone = [actual[back] - tests[back] for back in shared]
        stacked = np.concatenate(gone, axis=1) if gone else np.zeros((len(fits[name].classes), 0))
        size = (
            np.sqrt(np.nanmean(np.where(np.isnan(stacked), 0, stacked) ** 2, axis=1, keepdims=True))
            if stacked.shape[1]
            else 1.0
        )
        errors[name] = np.nan_to_num(stacked / np.where(size > 0, size, 1))
    variance = {name: error_variance(fit) for name, fit in fits.items()}
    return Misfit(variance, errors, shrinkage_of(np.concatenate(list(errors.values()))))


def best_method(fits: dict, tree: Tree) -> str:
    """The reconciliation with the least backtest error, each level counting the same; at each
    origin it knows only the other origins' errors.
    """
    pairs = {name: by_back(fit) for name, fit in fits.items()}
    shared = _shared(pairs)
    misfits = {back: misfit_of(fits, back) for back in shared}
    score = {}
    for method in METHODS:
        score[method] = 0.0
        made = [
            tree.up(
                reconcile(
                    {name: np.nan_to_num(pairs[name][0][back]) for name in pairs},
                    tree,
                    misfits[back],
                    method,
                )
            )
            for back in shared
        ]
        for name, (_, actual) in pairs.items():
            score[method] += _level_error(
                [each[name] for each in made], [actual[back] for back in shared]
            )
    return min(score, key=lambda name: (round(score[name], 9), list(METHODS).index(name)))


def _shared(pairs) -> list:
    """How many buckets are held back at the origins that every level has."""
    return sorted(set.intersection(*(set(tests) for tests, _ in pairs.values())))


def _level_error(forecasts, actuals) -> float:
    """Sum of absolute errors over sum of actuals at the tested cells of one level."""
    missed = sum(np.nansum(np.abs(f[:, : a.shape[1]] - a)) for f, a in zip(forecasts, actuals))
    demand = sum(np.nansum(np.abs(a)) for a in actuals)
    return missed / demand if demand > 0 else 0.0


def by_back(fit) -> tuple[dict, dict]:
    """Backtest forecasts and actuals by how many buckets were held back, each (series, horizon),
    NaN where untested.
    """
    tests, actual = {}, {}
    for block in fit.blocks.values():
        for back in np.unique(block.trial.back):
            at, origin = np.nonzero(block.trial.back == back)
            rows = block.rows[at]
            for target, source in ((tests, block.combined_tests), (actual, block.trial.actual)):
                whole = target.setdefault(
                    int(back), np.full((len(fit.classes), fit.horizon), np.nan)
                )
                whole[rows] = source[at, origin]
    return tests, actual


def _parents(tree, above, below):
    parent = np.zeros(len(tree.names[below]), dtype=int)
    parent[tree.levels[below]] = tree.levels[above]
    return parent


def _in_bottom_order(values, tree):
    return values[tree.levels[tree.bottom]]


def _frame(panel, tree, levels, method) -> pd.DataFrame:
    """Every level's rows under one another, in the tree's order."""
    parts = []
    future = (
        panel.future(next(iter(levels.values())).shape[1])[0]
        if len(panel.last)
        else np.array([], dtype="datetime64[us]")
    )
    for name, values in levels.items():
        labels, horizon = tree.names[name], values.shape[1]
        first = np.zeros(len(labels), dtype=int)
        first[tree.levels[name]] = np.arange(len(tree.levels[name]))
        part = {"level": name, "name": np.repeat(np.asarray(labels, dtype=object), horizon)}
        for column in ("family", "item", "market"):
            shown = (
                column == name or (name == tree.bottom) or (column == "family" and name == "item")
            )
            if shown and column in tree.levels:
                part[column] = np.repeat(
                    np.asarray(tree.names[column], dtype=object)[tree.levels[column][first]],
                    horizon,
                )
            else:
                part[column] = None
        parts.append(
            pd.DataFrame(
                {
                    **part,
                    "bucket": np.tile(future, len(labels)),
                    "baseline": values.ravel(),
                    "method": method,
                }
            )
        )
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
