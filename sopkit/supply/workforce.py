"""Resources by bucket: hours, workers and what moving them costs."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sopkit.errors import PlanError
from sopkit.supply import reading
from sopkit.tables.inputs import OVERTIME_RATE

COLUMNS = (
    "hours",
    "workers",
    "hours_per_worker",
    "overtime_hours",
    "overtime_per_worker",
    "regular_cost",
    "overtime_cost",
    "hiring_cost",
    "layoff_cost",
)


@dataclass(frozen=True)
class Resources:
    """Arrays (resource, bucket); NaN hiring or layoff cost = that move is impossible."""

    names: pd.Index
    staffed: np.ndarray  # (resource,): has workers, who are paid for all their hours
    movable: np.ndarray  # (resource,): workers can be hired or laid off
    hours: np.ndarray  # fixed regular hours, or the ceiling on a workforce's hours; inf = unlimited
    workers: np.ndarray  # as given; where movable only the first bucket counts
    hours_per_worker: np.ndarray
    overtime_hours: np.ndarray  # limit of the resource, inf = limited per worker only
    overtime_per_worker: np.ndarray  # NaN = not limited per worker
    regular_cost: np.ndarray
    overtime_cost: np.ndarray
    hiring_cost: np.ndarray
    layoff_cost: np.ndarray

    def __len__(self) -> int:
        return len(self.names)

    def regular_capacity(self, workers: np.ndarray) -> np.ndarray:
        """Regular hours that this many workers can work."""
        return np.where(
            self.staffed[:, None],
            np.minimum(self.hours, workers * self.hours_per_worker),
            self.hours,
        )

    def overtime_limit(self, workers: np.ndarray) -> np.ndarray:
        """Overtime hours that this many workers may work."""
        return np.minimum(
            self.overtime_hours,
            np.where(
                np.isnan(self.overtime_per_worker),
                np.inf,
                workers * np.nan_to_num(self.overtime_per_worker),
            ),
        )


def read_resources(resources, bill: pd.DataFrame, horizon: np.ndarray) -> Resources:
    """``Resources`` over the horizon; without a resources table the bill's resources have unlimited
    hours at no cost.

    A row with a bucket beats the blank one, cell by cell: what it leaves blank is taken from the
    blank row.
    """
    if resources is None:
        resources = bill[["resource"]].drop_duplicates()
    frame = reading.frame_of(resources, "resources", ("resource",))
    names = pd.Index(frame["resource"].drop_duplicates(), name="resource").sort_values()
    cells = _cells(frame, names, horizon)
    endless = np.isinf(cells["workers"]).any(axis=1)
    cells["hours"][endless] = np.inf  # endless workers are endless hours, paid as used
    cells["workers"][endless] = cells["hours_per_worker"][endless] = np.nan
    staffed = _first_given(cells["workers"]) | (
        _first_given(cells["hours_per_worker"]) & ~_first_given(cells["hours"])
    )
    moves = _first_given(cells["hiring_cost"]) | _first_given(cells["layoff_cost"])
    hours_per_worker, hours = _hours(cells, staffed, names)
    regular = np.nan_to_num(cells["regular_cost"])
    no_overtime = np.isnan(cells["overtime_hours"]) & (
        np.isnan(cells["overtime_per_worker"]) | ~staffed[:, None]
    )
    return Resources(
        names=names,
        staffed=staffed,
        movable=staffed & moves,
        hours=hours,
        workers=np.where(staffed[:, None], np.nan_to_num(cells["workers"]), 0.0),
        hours_per_worker=hours_per_worker,
        overtime_hours=np.where(
            no_overtime,
            0.0,
            np.where(np.isnan(cells["overtime_hours"]), np.inf, cells["overtime_hours"]),
        ),
        overtime_per_worker=np.where(
            staffed[:, None], _finite(cells["overtime_per_worker"]), np.nan
        ),
        regular_cost=regular,
        overtime_cost=np.where(
            np.isnan(cells["overtime_cost"]), OVERTIME_RATE * regular, cells["overtime_cost"]
        ),
        hiring_cost=_finite(cells["hiring_cost"]),
        layoff_cost=_finite(cells["layoff_cost"]),
    )


def _cells(frame: pd.DataFrame, names: pd.Index, horizon: np.ndarray) -> dict[str, np.ndarray]:
    stamps = reading.dates(
        frame["bucket"] if "bucket" in frame.columns else [None] * len(frame), "resources", "bucket"
    )
    key = pd.DataFrame({"resource": frame["resource"], "bucket": stamps})
    reading.refuse(
        frame,
        "resources",
        "resource",
        key.duplicated().to_numpy(),
        "appear more than once in a bucket",
        "keep one row per resource and bucket",
    )
    always, row = (
        np.isnat(stamps),
        reading.positions(names, frame["resource"], "resources", "resource"),
    )
    column = pd.Index(horizon).get_indexer(pd.Index(stamps))
    dated = ~always & (column >= 0)
    cells = {}
    for name in COLUMNS:
        values = reading.numbers(frame, "resources", name)
        cell = np.full((len(names), len(horizon)), np.nan)
        cell[row[always]] = values[always][:, None]
        given = dated & ~np.isnan(values)
        cell[row[given], column[given]] = values[given]
        cells[name] = cell
    return cells


def _first_given(cells: np.ndarray) -> np.ndarray:
    return (~np.isnan(cells)).any(axis=1)


def _finite(cells: np.ndarray) -> np.ndarray:
    return np.where(np.isinf(cells), np.nan, cells)


def _hours(
    cells: dict[str, np.ndarray], staffed: np.ndarray, names: pd.Index
) -> tuple[np.ndarray, np.ndarray]:
    """Hours per worker, and the fixed hours or ceiling: workers given with hours only share those
    hours.
    """
    each, hours, workers = cells["hours_per_worker"], cells["hours"], cells["workers"]
    with np.errstate(divide="ignore", invalid="ignore"):
        shared = np.where(workers > 0, hours / workers, np.nan)
    derived = np.isnan(each) & staffed[:, None]
    each = np.where(derived, shared, each)
    unclear = staffed & np.isnan(each).any(axis=1)
    if unclear.any():
        raise PlanError(
            f"table resources, column hours_per_worker: {int(unclear.sum())} resource(s) have"
            f" workers but no hours_per_worker: {', '.join(map(str, names[unclear][:5]))}; write"
            " the hours that one worker works in a bucket"
        )
    ceiling = np.where(derived | np.isnan(hours), np.inf, hours)
    return np.where(staffed[:, None], each, 0.0), np.where(
        staffed[:, None], ceiling, np.where(np.isnan(hours), np.inf, hours)
    )
