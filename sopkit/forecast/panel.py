"""The panel: every series of a history as one row of a right-aligned matrix."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sopkit.buckets import YEARS, Calendar, infer_calendar, leap, local_stamps
from sopkit.errors import PlanError


@dataclass(frozen=True)
class Panel:
    """Series as rows: the last column is each series' own last bucket, columns before its first
    bucket are NaN.

    ``keys`` holds item (and market), sorted; ``values`` is (series, bucket) in units with NaN where
    nothing is known; ``lengths`` counts the buckets of each series and ``last`` is the number of
    its last bucket in ``calendar``.
    """

    keys: pd.DataFrame
    values: np.ndarray
    lengths: np.ndarray
    last: np.ndarray
    calendar: Calendar
    season: int

    def future(self, horizon: int) -> np.ndarray:
        """Bucket stamps of each series' horizon, (series, horizon)."""
        numbers = self.last[:, None] + np.arange(1, horizon + 1)
        return self.calendar.stamp(numbers.ravel()).to_numpy().reshape(numbers.shape)

    def past(self) -> np.ndarray:
        """Bucket stamps of each column of ``values``, (series, bucket)."""
        numbers = self.last[:, None] + np.arange(1 - self.values.shape[1], 1)
        return self.calendar.stamp(numbers.ravel()).to_numpy().reshape(numbers.shape)


def panel_of(history: pd.DataFrame, season: int | None = None, calendar=None) -> Panel:
    """The panel of a history with columns item, [market,] bucket, quantity (units).

    ``calendar`` is inferred from the buckets unless it is given. A bucket absent between a
    series' first and last row is 0; a NaN quantity stays unknown. Raises
    ``PlanError`` for a missing column, blank key, duplicate key, non-numeric or infinite quantity,
    mixed bucket sizes, and stamps that leap over buckets or lie outside the years 1900–2200.

    >>> months = pd.to_datetime(["2026-01-01", "2026-03-01"])
    >>> history = pd.DataFrame({"item": "A", "bucket": months, "quantity": [5, 7]})
    >>> panel_of(history).values.tolist()
    [[5.0, 0.0, 7.0]]
    """
    names = key_columns(history)
    quantity = _quantities(history["quantity"])
    buckets = _stamps(history["bucket"])
    calendar = calendar or _calendar(buckets, season)
    numbers = calendar.number(buckets)
    codes, keys = _codes(history[names])
    _refuse_duplicates(history[names], codes, numbers, calendar)
    count = len(keys)
    first, last = np.full(count, np.iinfo("int64").max), np.full(count, np.iinfo("int64").min)
    np.minimum.at(first, codes, numbers)
    np.maximum.at(last, codes, numbers)
    lengths = last - first + 1
    width = int(lengths.max()) if count else 1
    values = np.where(np.arange(width) >= width - lengths[:, None], 0.0, np.nan)
    values[codes, width - 1 - (last[codes] - numbers)] = quantity
    return Panel(keys, values, lengths, last, calendar, season or calendar.per_year)


def key_columns(history: pd.DataFrame) -> list[str]:
    """``["item"]`` or ``["item", "market"]``, whichever the history has."""
    missing = [name for name in ("item", "bucket", "quantity") if name not in history.columns]
    if missing:
        raise PlanError(
            f"history has no column {', '.join(missing)} (it has:"
            f" {', '.join(map(str, history.columns))}); give item, bucket, quantity and, if there"
            " are markets, market"
        )
    return ["item", "market"] if "market" in history.columns else ["item"]


def whole(value, least: int) -> bool:
    """Whether a value is a whole number of at least ``least``; True and False are no numbers."""
    number = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    return number and value >= least


def check_horizon(horizon) -> int:
    """The horizon as an integer of at least 1 bucket; ``PlanError`` otherwise."""
    if not whole(horizon, 1):
        raise PlanError(
            f"horizon is {horizon!r}; give a whole number of buckets of at least 1, for example"
            " horizon=18"
        )
    return int(horizon)


def check_season(season) -> None:
    """``PlanError`` unless season is None or a whole number of at least 1."""
    if season is not None and not whole(season, 1):
        raise PlanError(
            f"season is {season!r}; give the buckets in a season (12, 52, 4, or 1 for none)"
        )


def total_over_markets(history: pd.DataFrame) -> pd.DataFrame:
    """The history summed over its markets: item, bucket, quantity; unknown only where every market
    is unknown. What has no markets, or is a fit already, is handed back.
    """
    if "market" not in getattr(history, "columns", ()):
        return history
    told = {"bucket": _stamps(history["bucket"]), "quantity": _quantities(history["quantity"])}
    grouped = history.assign(**told).groupby(["item", "bucket"], observed=True)
    return grouped["quantity"].sum(min_count=1).reset_index()


def _quantities(column: pd.Series) -> np.ndarray:
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    wrong = (np.isnan(numbers) & column.notna().to_numpy()) | np.isinf(numbers)
    if pd.api.types.is_bool_dtype(column):
        wrong[:] = True
    if wrong.any():
        row = int(np.argmax(wrong))
        raise PlanError(
            f"history column quantity has {int(wrong.sum())} value(s) that are not finite numbers,"
            f" first {column.iloc[row]!r} in row {row}; write numbers, and leave unknown quantities"
            " blank"
        )
    return numbers


def _stamps(column: pd.Series) -> pd.Series:
    stamps = local_stamps(column)
    wrong = ~stamps.dt.year.isin(YEARS).to_numpy()
    if wrong.any():
        row = int(np.argmax(wrong))
        raise PlanError(
            f"history column bucket has {int(wrong.sum())} value(s) that are not dates of the years"
            f" {YEARS[0]} to {YEARS[-1]}, first {str(column.iloc[row])!r} in row {row}; stamp every"
            " row with its bucket's first day, for example 2026-11-01"
        )
    return stamps


def _calendar(buckets, season) -> Calendar:
    """The calendar of a history, refused where its buckets are none that can be forecast."""
    calendar = infer_calendar(buckets, season)
    step, size = leap(calendar.number(buckets)), calendar.size
    if step > 1 and season != calendar.per_year:
        raise PlanError(
            f"history column bucket has {buckets.nunique()} distinct stamps that lie {step} {size}s"
            f" apart, first {buckets.min():%Y-%m-%d}: no bucket size that can be forecast; give"
            f" months, weeks, quarters or years, or season={calendar.per_year} if the {size}s"
            " between sold nothing"
        )
    return calendar


def _codes(columns: pd.DataFrame) -> tuple[np.ndarray, pd.DataFrame]:
    blank = columns.isna().any(axis=1).to_numpy()
    if blank.any():
        raise PlanError(
            f"history has {int(blank.sum())} row(s) with a blank {' or '.join(columns.columns)},"
            f" first row {int(np.argmax(blank))}; name each series"
        )
    groups = columns.groupby(list(columns.columns), sort=True, observed=True)
    keys = groups.size().index.to_frame(index=False)
    return groups.ngroup().to_numpy(), keys


def _refuse_duplicates(columns, codes, numbers, calendar) -> None:
    duplicated = pd.DataFrame({"series": codes, "bucket": numbers}).duplicated().to_numpy()
    if duplicated.any():
        row = int(np.argmax(duplicated))
        where = ", ".join(f"{name} {columns[name].iloc[row]!r}" for name in columns.columns)
        raise PlanError(
            f"history has {int(duplicated.sum())} duplicate ({', '.join(columns.columns)}, bucket)"
            f" row(s), first row {row}: {where}, bucket"
            f" {calendar.stamp([numbers[row]])[0]:%Y-%m-%d}; sum or remove them before forecasting"
        )
