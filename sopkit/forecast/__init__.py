"""Forecasts of a whole catalogue at once: methods, choice by backtest, quantiles, joint paths, and
their explanation.
"""

from sopkit.forecast.events import fill_uplifts, learn_events, without_events
from sopkit.forecast.methods import METHODS, register
from sopkit.forecast.views import backtest, explain, fit, forecast, graded, sample_paths

__all__ = [
    "METHODS",
    "backtest",
    "explain",
    "fill_uplifts",
    "fit",
    "forecast",
    "graded",
    "learn_events",
    "register",
    "sample_paths",
    "without_events",
]
