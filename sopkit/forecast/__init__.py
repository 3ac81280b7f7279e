"""Forecasts of a whole catalogue at once: methods, choice by backtest, quantiles, joint paths, and
their explanation.
"""

from sopkit.forecast.backtest import backtest
from sopkit.forecast.baseline import forecast
from sopkit.forecast.explain import explain, fit
from sopkit.forecast.hierarchy import reconciled_forecast
from sopkit.forecast.paths import path_chunks, sample_paths
from sopkit.forecast.registry import METHODS, register

__all__ = [
    "METHODS",
    "backtest",
    "explain",
    "fit",
    "forecast",
    "path_chunks",
    "reconciled_forecast",
    "register",
    "sample_paths",
]
