"""The seasonal naive: the same bucket of the last year again; what every other number is compared
with.
"""

import numpy as np
import pandas as pd

from sopkit.grid import Grid, grid_of


def seasonal_naive(grid: Grid, history) -> np.ndarray:
    """Each series' last year of demand repeated over the grid's buckets; its last demand where it
    is younger; else 0.

    Estimates of buckets that are not complete yet do not count as history.
    """
    season = grid.calendar.per_year
    if history is None or history.empty or not grid.shape[1]:
        return np.zeros(grid.shape)
    past = history[history["flag"] != "estimate"] if "flag" in history else history
    first = grid.calendar.number(grid.buckets[:1])[0]
    depth = (
        int(max(season, first - grid.calendar.number(past["bucket"]).min()))
        if len(past)
        else season
    )
    back = Grid(grid.series, grid.calendar.stamp(np.arange(first - depth, first)), grid.calendar)
    demand = back.array(past.assign(demand=past["demand"].fillna(0)), "demand")
    told = back.array(past.assign(told=past["demand"].notna().astype(float)), "told") > 0
    demand, told = _to_the_end(demand, told, season)
    place = depth - season + np.arange(grid.shape[1]) % season
    return np.where(told[:, place], demand[:, place], demand[:, -1:])


def _to_the_end(demand, told, season):
    """Fill what is not told yet with the year before, so that every series reaches the plan's first
    bucket.
    """
    last = np.where(told.any(axis=1), demand.shape[1] - 1 - told[:, ::-1].argmax(axis=1), -1)
    demand, told = demand.copy(), told.copy()
    for t in range(max(int(last.min(initial=demand.shape[1])) + 1, 1), demand.shape[1]):
        late, year = (last >= 0) & (last < t), told[:, t - season] & (t >= season)
        demand[:, t] = np.where(
            late, np.where(year, demand[:, t - season], demand[:, t - 1]), demand[:, t]
        )
        told[:, t] |= late & year
    return demand, told


def naive_forecast(history, buckets, calendar) -> pd.DataFrame:
    """The seasonal naive of every series in ``history``: item, market, bucket, naive (units)."""
    grid = grid_of(history, buckets, None, calendar)
    return grid.frame(naive=seasonal_naive(grid, history))
