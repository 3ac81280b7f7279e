"""Calendars: months, weeks, quarters, years and told periods, each bucket stamped with its first
day.

A bucket has two faces: its stamp (``datetime64``, the first day) and its number (an integer that
grows by one from bucket to bucket), so that calendar arithmetic is integer arithmetic on whole
arrays.
"""

import re
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from sopkit.errors import PlanError

PER_YEAR = {"month": 12, "week": 52, "quarter": 4, "year": 1}
MONTHS = {"year": 12, "quarter": 3, "month": 1}  # in a bucket, the longest first
YEARS = range(1900, 2201)  # of a bucket; one in 9999 is a slip
HALF = pd.Timedelta(days=14)


@dataclass(frozen=True)
class Calendar:
    """How time is cut: ``month``, ``week``, ``quarter``, ``year`` or ``period``. ``begins`` says
    with what: weeks with the weekday (0 = Monday), quarters and years with the month (0 = January),
    periods with the first days of some that follow each other; before and after those they go on
    like the year (or quarter) next to them. ``names`` are what people call these.

    >>> Calendar("month").range("2026-11-01", 3).strftime("%Y-%m-%d").tolist()
    ['2026-11-01', '2026-12-01', '2027-01-01']
    """

    size: str = "month"
    begins: int | tuple[str, ...] = 0
    names: tuple[str, ...] = ()

    def __post_init__(self):
        if self.size not in [*PER_YEAR, "period"]:
            raise PlanError(
                f"bucket size {self.size!r} is not known; use one of: {', '.join(PER_YEAR)}"
            )

    @property
    def per_year(self) -> int:
        """Buckets in a year: 12, 52, 4 or 1; of periods what their length makes, 12 or 13."""
        if self.size != "period":
            return PER_YEAR[self.size]
        told = _days(self.begins)
        return round(365.25 / ((told[-1] - told[0]).astype(int) / (len(told) - 1)))

    @cached_property
    def _firsts(self) -> tuple[np.ndarray, int]:
        """The first day of every period of ``YEARS``, and which of them is the first that is
        told.
        """
        told = _days(self.begins)
        steps = np.diff(told).astype(int)
        like = next((n for n in (self.per_year, 3) if n <= len(steps)), 1)
        many = (YEARS[-1] - YEARS[0]) * self.per_year
        after = told[-1] + np.resize(steps[-like:], many).cumsum()
        before = told[0] - np.resize(steps[:like][::-1], many).cumsum()
        return np.concatenate([before[::-1], told, after]), many

    def number(self, dates) -> np.ndarray:
        """Integer number of the bucket that holds each date.

        >>> Calendar("quarter").number(["1970-01-01", "1970-12-31"]).tolist()
        [0, 3]
        """
        days = _days(dates)
        if self.size == "week":
            return (days.astype("int64") + 3 - self.begins) // 7
        if self.size == "period":
            firsts, told = self._firsts
            return firsts.searchsorted(days, side="right") - 1 - told
        return (_months(days) - self.begins) // MONTHS[self.size]

    def stamp(self, numbers) -> pd.DatetimeIndex:
        """First day of each numbered bucket; the inverse of ``number``."""
        numbers = np.asarray(numbers, dtype="int64")
        if self.size == "week":
            days = (numbers * 7 - 3 + self.begins).astype("datetime64[D]")
        elif self.size == "period":
            firsts, told = self._firsts
            days = firsts[numbers + told]
        else:
            months = numbers * MONTHS[self.size] + self.begins
            days = months.astype("datetime64[M]").astype("datetime64[D]")
        return pd.DatetimeIndex(days.astype("datetime64[us]"))

    def start(self, dates) -> pd.DatetimeIndex:
        """First day of the bucket that holds each date.

        >>> Calendar("week").start(["2026-11-22"])[0].date().isoformat()
        '2026-11-16'
        """
        return self.stamp(self.number(dates))

    def last_day(self, dates) -> pd.DatetimeIndex:
        """Last day of the bucket that holds each date."""
        return self.stamp(self.number(dates) + 1) - pd.Timedelta(days=1)

    def range(self, first, count: int) -> pd.DatetimeIndex:
        """``count`` consecutive buckets from the one that holds ``first``."""
        return self.stamp(self.number([first])[0] + np.arange(count))

    def shift(self, date, count: int) -> pd.Timestamp:
        """The bucket ``count`` buckets after (before, if negative) the one that holds ``date``."""
        return self.stamp(self.number([date]) + count)[0]

    def next_year(self, buckets) -> pd.DatetimeIndex:
        """The first year of a plan's buckets, in order; fewer where its horizon is shorter.

        >>> quarters = Calendar("quarter")
        >>> quarters.next_year(quarters.range("2026-10-01", 8))[-1].date().isoformat()
        '2027-07-01'
        """
        return pd.DatetimeIndex(np.unique(pd.DatetimeIndex(buckets)))[: self.per_year]

    def first_in(self, month: str) -> pd.Timestamp:
        """The first bucket that begins in ``month`` ("2026-11"), the period that holds its middle.

        >>> Calendar("week").first_in("2026-11").date().isoformat()
        '2026-11-02'
        """
        first = parse_month(month)
        if self.size == "period":
            return self.start([first + HALF])[0]
        start = self.start([first])[0]
        return start if start >= first else self.shift(start, 1)

    def known(self, dates) -> pd.DatetimeIndex:
        """The day by which each bucket belongs to a month and a quarter: its first, of a period one
        in its middle.
        """
        days = pd.DatetimeIndex(dates)
        return days + HALF if self.size == "period" else days

    def month(self, bucket) -> pd.Timestamp:
        """A day of the month whose plan begins with the bucket.

        >>> weeks = ("2026-10-26", "2026-11-23", "2026-12-21")
        >>> Calendar("period", weeks).month("2026-10-26").month_name()
        'November'
        """
        return self.known([bucket])[0]

    def label(self, dates) -> list[str]:
        """What people call each bucket: "Jan 27", "Q1 27", "4 Jan 27".

        >>> Calendar("month").label(["2027-01-01"]), Calendar("quarter").label(["2027-01-01"])
        (['Jan 27'], ['Q1 27'])
        """
        return [self.name(d) for d in pd.DatetimeIndex(np.asarray(dates, dtype="datetime64[us]"))]

    def name(self, date) -> str:
        """What people call one bucket; "–" where there is none.

        >>> Calendar("week").name("2027-01-04"), Calendar().name(None)
        ('4 Jan 27', '–')
        """
        day = pd.Timestamp(date)
        if pd.isna(day):
            return "–"
        if self.names and (told := dict(zip(self.begins, self.names)).get(f"{day:%Y-%m-%d}")):
            return told
        begins = {"quarter": f"Q{day.quarter}", "week": (of_day := f"{day.day} {day:%b}")}
        begins["period"] = of_day
        return f"{begins.get(self.size, f'{day:%b}')} {day:%y}"


def parse_month(text) -> pd.Timestamp:
    """First day of the month written as "2026-11".

    >>> parse_month("2026-13")
    Traceback (most recent call last):
    ...
    sopkit.errors.PlanError: month '2026-13' is no month from 1900 to 2200; write YYYY-MM (2026-11)
    """
    try:
        if not re.fullmatch(r"\d{4}-\d\d", str(text), re.ASCII):
            raise ValueError
        year, month = map(int, str(text).split("-"))
        if year not in YEARS:
            raise ValueError
        return pd.Timestamp(year=year, month=month, day=1)
    except ValueError:
        raise PlanError(
            f"month {str(text)!r} is no month from {YEARS[0]} to {YEARS[-1]}; write YYYY-MM"
            " (2026-11)"
        ) from None


def infer_calendar(buckets, season: int | None = None) -> Calendar:
    """The calendar that a column of bucket stamps is written in: the longest that all of them fit.
    Stamps that ``follow`` each other and are of no month are those of periods.

    Months, quarters and years begin on a first day of the month, quarters in any month that all
    stamps are whole quarters from. ``season`` (12, 52 or 4) settles it where the stamps allow
    several. Raises ``PlanError`` on mixed bucket sizes.

    >>> [infer_calendar(["2026-02-01", other]).size for other in ("2026-03-01", "2026-05-01")]
    ['month', 'quarter']
    """
    days = np.unique(_days(buckets))
    if not len(days):
        return Calendar("month")
    firsts = _firsts(days)
    if firsts.all() and season != PER_YEAR["week"]:
        months = _months(days)
        step = np.gcd.reduce(np.diff(months)) or 1
        fits = [size for size, length in MONTHS.items() if step % length == 0]
        size = next((size for size in fits if PER_YEAR[size] == season), fits[0])
        return Calendar(size, int(months[0]) % MONTHS[size])
    if season != PER_YEAR["week"] and follow(days):
        return Calendar("period", tuple(days.astype(str).tolist()))
    weekdays = _weekdays(days)
    if (weekdays == weekdays[0]).all() and not (len(days) > 1 and firsts.sum() > 0.5 * len(days)):
        return Calendar("week", int(weekdays[0]))
    odd = (
        days[~firsts]
        if firsts.sum() >= len(days) / 2
        else days[weekdays != np.bincount(weekdays).argmax()]
    )
    raise PlanError(
        f"column bucket mixes bucket sizes: {len(odd)} of {len(days)} distinct stamps do not fit"
        f" the rest, first {odd[0]}; stamp every bucket with its first day (months 2026-11-01,"
        " weeks on one weekday; in a time zone, the day written there counts) and give one size per"
        " call"
    )


def follow(days) -> bool:
    """Whether days, in order, may begin periods that follow each other: 4 to 6 weeks apart, or on
    the same day of every month.

    >>> follow(["2026-01-05", "2026-02-02", "2026-03-09"]), follow(["2026-01-26", "2026-02-26"])
    (True, True)
    """
    days = _days(days)
    steps, of_month = np.diff(days).astype(int), days - days.astype("datetime64[M]")
    monthly = (np.diff(_months(days)) == 1).all() and len(set(of_month)) == 1
    return len(steps) > 0 and bool(np.isin(steps, [28, 35, 42]).all() or monthly)


def leap(numbers) -> int:
    """How many buckets apart a history's numbers lie where that is several, as a rule: then they
    are of a longer bucket than their calendar's. Else 1.

    >>> leap([0, 2, 4, 8, 10, 12]), leap([0, 2, 6])
    (2, 1)
    """
    steps = np.diff(np.unique(numbers))
    step = np.gcd.reduce(steps)
    return int(step) if len(steps) > 1 and np.mean(steps == step) >= 0.75 else 1


def shared_start(size: str, dates) -> int:
    """What the buckets of a size begin with (see ``Calendar``) if all dates agree, else 0."""
    days = np.unique(_days(dates))
    begins = _weekdays(days) if size == "week" else _months(days) % MONTHS[size]
    agree = len(set(begins)) == 1 and (size == "week" or _firsts(days).all())
    return int(begins[0]) if agree else 0


ZONE = r"(:[0-9]{2}(?:\.[0-9]+)?)\s?(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)$"


def local_stamps(cells: pd.Series) -> pd.Series:
    """The stamps that cells hold, in a time zone as they are written there; NaT for what is none.

    >>> local_stamps(pd.Series(["2026-11-01T00:00+02:00", "2026-12", "soon"])).dt.month.tolist()
    [11.0, 12.0, nan]
    """
    if pd.api.types.is_datetime64_any_dtype(cells):
        return cells.dt.tz_localize(None)
    words = cells.astype("str").str.replace(ZONE, r"\1", regex=True)
    return pd.to_datetime(words, errors="coerce", format="ISO8601")


def _days(dates) -> np.ndarray:
    stamps = pd.DatetimeIndex(np.atleast_1d(dates)).tz_localize(None)
    return np.asarray(stamps, dtype="datetime64[D]")


def _firsts(days) -> np.ndarray:
    return days == days.astype("datetime64[M]").astype("datetime64[D]")


def _months(days) -> np.ndarray:
    return days.astype("datetime64[M]").astype("int64")


def _weekdays(days) -> np.ndarray:
    return (days.astype("int64") + 3) % 7
