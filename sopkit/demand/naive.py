"""The seasonal naive: the same bucket of the last year again; what every other number is compared with."""

import numpy as np
import pandas as pd

from sopkit.demand.grid import Grid


def seasonal_naive(grid: Grid, history) -> np.ndarray:
    """Each series' last year of demand repeated over the grid's buckets; its last demand where it is younger; else 0.

    Estimates of buckets that are not complete yet do not count as history.
    """
    season = grid.calendar.per_year
    if history is None or history.empty or not grid.shape[1]:
        return np.zeros(grid.shape)
    past = history[history["flag"] != "estimate"] if "flag" in history else history
    first = grid.calendar.number(grid.buckets[:1])[0]
    depth = int(max(1, first - grid.calendar.number(past["bucket"]).min())) if len(past) else 1
    back = Grid(grid.series, grid.calendar.stamp(np.arange(first - depth, first)), grid.calendar)
    demand = back.array(past.assign(demand=past["demand"].fillna(0)), "demand")
    told = back.array(past.assign(told=past["demand"].notna().astype(float)), "told") > 0
    demand, told = _to_the_end(demand, told, season)
    place = _last_year(np.arange(grid.shape[1]), depth, season)
    same = np.where(place >= 0, demand[:, place], 0.0)
    here = told[:, place] & (place >= 0)
    return np.where(here, same, demand[:, -1:])


def _to_the_end(demand, told, season):
    """Fill what is not told yet with the year before, so that every series reaches the plan's first bucket."""
    last = np.where(told.any(axis=1), demand.shape[1] - 1 - told[:, ::-1].argmax(axis=1), -1)
    demand, told = demand.copy(), told.copy()
    for t in range(int(last.min(initial=demand.shape[1])) + 1, demand.shape[1]):
        late = (last >= 0) & (last < t)
        year = told[:, t - season] if t >= season else np.zeros(len(told), dtype=bool)
        before = np.where(year, demand[:, t - season] if t >= season else 0.0, demand[:, t - 1])
        demand[:, t] = np.where(late, before, demand[:, t])
        told[:, t] |= late & year
    return demand, told


def _last_year(ahead, depth, season):
    """Column of the same season in the last year before the plan."""
    return depth + ahead % season - season


def naive_forecast(history, buckets, calendar) -> pd.DataFrame:
    """The seasonal naive of every series in ``history``: item, market, bucket, naive (units)."""
    from sopkit.demand.grid import grid_of

    grid = grid_of(history, buckets, None, calendar)
    return grid.frame(naive=seasonal_naive(grid, history))
