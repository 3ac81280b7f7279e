"""Quantiles and joint paths of a fit, whichever way demand comes: from backtest errors if regular,
from chances and sizes if rare.
"""

from dataclasses import dataclass

import numpy as np

from sopkit.forecast.fit import Fit
from sopkit.forecast.intervals import learn, own_spread, quantile
from sopkit.forecast.rare import Rare, rare_demand, trust_in_chances


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
        levels = np.full((1, self.baseline.shape[1]), level)
        return self.values(
            np.arange(len(self.baseline)), np.broadcast_to(levels, self.baseline.shape)
        )

    def values(self, rows: np.ndarray, levels: np.ndarray) -> np.ndarray:
        """Demand of the given rows at levels (row, horizon), never below 0."""
        result = np.empty(levels.shape)
        for name in np.unique(self.classes[rows]):
            own = self.classes[rows] == name
            moved = quantile(self.errors[str(name)].shape, levels[own])
            result[own] = self.baseline[rows[own]] + self.unit[rows[own]] * moved
        seldom = self.is_rare[rows]
        if seldom.any():
            place = self.place[rows[seldom]][:, None]
            result[seldom] = self.rare.quantile(
                place, np.arange(levels.shape[1])[None], levels[seldom]
            )
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
        errors = {
            str(name): learn(moved[fit.classes[block.rows] == name], whole)
            for name in np.unique(fit.classes[block.rows])
        }
        growth = np.array([errors[name].growth for name in fit.classes[block.rows]])
        unit[block.rows] = (
            block.trial.scale[:, -1:] * growth * own_spread(moved, growth[:, None])[:, None]
        )
    rows = np.flatnonzero(is_rare)
    place[rows] = np.arange(len(rows))
    trust = 1.0
    if "rare" in fit.blocks:
        block = fit.blocks["rare"]
        trust = trust_in_chances(
            fit.prepared.known[block.rows], block.trial.back, block.trial.actual
        )
    rare = rare_demand(fit.prepared.known[rows], baseline[rows], trust)
    return Bands(
        baseline,
        fit.classes,
        is_rare,
        unit,
        {str(n): errors.get(str(n), whole) for n in np.unique(fit.classes)},
        rare,
        place,
    )
