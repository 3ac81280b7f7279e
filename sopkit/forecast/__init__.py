"""Forecasts of a whole catalogue at once: methods, choice by backtest, quantiles, joint paths, and
their explanation.
"""

from sopkit.forecast.backtest import backtest, graded
from sopkit.forecast.baseline import forecast
from sopkit.forecast.events import fill_uplifts, learn_events, without_events
from sopkit.forecast.explain import explain
from sopkit.forecast.fit import fit
from sopkit.forecast.hierarchy import reconciled_forecast
from sopkit.forecast.paths import sample_paths
from sopkit.forecast.registry import METHODS, register

__all__ = [
    "METHODS",
    "backtest",
    "explain",
    "fill_uplifts",
    "fit",
    "forecast",
    "graded",
    "learn_events",
    "reconciled_forecast",
    "register",
    "sample_paths",
    "without_events",
]
