"""Forecasts of a whole catalogue at once: methods, choice by backtest, quantiles, joint paths, and their explanation."""

from sopkit.forecast.backtest import backtest
from sopkit.forecast.baseline import forecast
from sopkit.forecast.explain import explain, fit
from sopkit.forecast.paths import sample_paths
from sopkit.forecast.registry import METHODS, register

__all__ = ["METHODS", "backtest", "explain", "fit", "forecast", "register", "sample_paths"]
