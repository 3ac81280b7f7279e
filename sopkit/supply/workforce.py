"""Resources by bucket: hours, workers and what moving them costs."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sopkit.grid import Grid, grid_of
from sopkit.supply.reading import refuse
from sopkit.tables import INPUTS


@dataclass(frozen=True)
class Resources:
    """Arrays (resource, bucket); NaN hiring or layoff cost = that move is impossible."""

    grid: Grid  # resources × buckets
    staffed: np.ndarray  # has workers, who are paid for all their hours
    movable: np.ndarray  # workers can be hired or laid off
    hours: np.ndarray  # fixed regular hours, or the ceiling on a workforce's hours; inf = unlimited
    workers: np.ndarray  # before any move: where movable, those of the first bucket
    hours_per_worker: np.ndarray
    extra: np.ndarray  # regular hours beside those, paid for
    overtime_hours: np.ndarray  # limit of the resource, inf = limited per worker only
    overtime_per_worker: np.ndarray  # NaN = not limited per worker
    regular_cost: np.ndarray
    overtime_cost: np.ndarray
    hiring_cost: np.ndarray
    layoff_cost: np.ndarray

    def __len__(self) -> int:
        return len(self.grid.series)

    @property
    def names(self) -> pd.Index:
        """What the resources are called."""
        return pd.Index(self.grid.series["resource"])

    @property
    def overtime_first(self) -> np.ndarray:
        """Where hours paid as worked are cheaper as overtime."""
        cheaper = self.overtime_cost < self.regular_cost
        return cheaper & ~self.staffed & (self.overtime_hours > 0)

    def regular_capacity(self, workers) -> np.ndarray:
        """Regular hours that this many workers can work, extra ones included."""
        crew = np.minimum(self.hours, workers * self.hours_per_worker)
        own = np.where(self.staffed, crew, self.hours)
        return np.maximum(own + self.extra, 0.0)

    def overtime_limit(self, workers) -> np.ndarray:
        """Overtime hours that this many workers may work."""
        return np.fmin(self.overtime_hours, workers * self.overtime_per_worker)

    def all_hours(self, workers) -> np.ndarray:
        """Hours that this many workers can work, all overtime included."""
        return self.regular_capacity(workers) + self.overtime_limit(workers)


def read_resources(resources, added_hours, horizon: Grid) -> Resources:
    """``Resources`` over the horizon's buckets, from the declared table with its blanks and the
    ``added_hours``.

    A row with a bucket beats the blank one, cell by cell: what it leaves blank is taken from the
    blank row.
    """
    grid = grid_of(resources, horizon.buckets, None, horizon.calendar, ("resource",))
    cells = _cells(resources, grid)
    endless = np.isinf(cells["workers"]).any(axis=1)
    cells["hours"][endless] = np.inf  # endless workers are endless hours, paid as used
    cells["workers"][endless] = cells["hours_per_worker"][endless] = np.nan
    told = {name: ~np.isnan(values) for name, values in cells.items()}
    told = {name: given | given.any(axis=1, keepdims=True) for name, given in told.items()}
    crew = told["workers"] | (told["hours_per_worker"] & ~told["hours"])
    movable = crew & (told["hiring_cost"] | told["layoff_cost"])
    each, limit = np.where(crew, cells["overtime_per_worker"], np.nan), cells["overtime_hours"]
    unlimited = np.where(np.isnan(each), 0.0, np.inf)
    workers = np.nan_to_num(cells["workers"])
    workers = np.where(movable, workers[:, :1], workers)
    hours = _hours(cells, crew, grid, resources)
    there = np.minimum(hours["hours"], np.where(crew, workers * hours["hours_per_worker"], np.inf))
    return Resources(
        grid=grid,
        staffed=crew,
        movable=movable,
        workers=workers,
        **hours,
        extra=np.maximum(cells["extra_hours"] + grid.array(added_hours, "change"), -there),
        overtime_hours=np.where(np.isnan(limit), unlimited, limit),
        overtime_per_worker=_finite(each),
        regular_cost=cells["regular_cost"],
        overtime_cost=cells["overtime_cost"],
        hiring_cost=_finite(cells["hiring_cost"]),
        layoff_cost=_finite(cells["layoff_cost"]),
    )


def _cells(resources, grid: Grid) -> dict[str, np.ndarray]:
    """Every declared number by resource and bucket, blanks filled only where both rows are
    blank.
    """
    at = grid.column(resources["bucket"])
    dated = resources[at >= 0].groupby(["resource", at[at >= 0]]).last()
    cells = pd.MultiIndex.from_product([grid.series["resource"], range(grid.shape[1])])
    always = resources[resources["bucket"].isna()].set_index("resource")
    usual = always.reindex(cells.get_level_values(0)).set_axis(cells)
    full = INPUTS["resources"].filled(dated.reindex(cells).fillna(usual))
    numbers = full.select_dtypes("number")
    return {name: numbers[name].to_numpy(copy=True).reshape(grid.shape) for name in numbers}


def _finite(cells) -> np.ndarray:
    return np.where(np.isinf(cells), np.nan, cells)


def _hours(cells, crew, grid: Grid, resources) -> dict[str, np.ndarray]:
    """Hours per worker, and the fixed hours or ceiling: workers given with hours only share those
    hours.
    """
    each, hours, workers = cells["hours_per_worker"], cells["hours"], cells["workers"]
    shared = hours / np.where(workers > 0, workers, np.nan)
    derived = np.isnan(each) & crew
    each = np.where(derived, shared, each)
    unclear = grid.series["resource"][(np.isnan(each) & crew).any(axis=1)]
    unclear = resources["resource"].isin(unclear)
    mend = "write the hours that one worker works in a bucket"
    refuse(resources, "resources", "hours_per_worker", unclear, "are blank beside workers", mend)
    return {
        "hours_per_worker": np.where(crew, each, 0.0),
        "hours": np.where(derived | np.isnan(hours), np.inf, hours),
    }
