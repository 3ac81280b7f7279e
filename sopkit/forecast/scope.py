"""Which series an event is about, and how much of each bucket it covers."""

import numpy as np
import pandas as pd

from sopkit.buckets import Calendar
from sopkit.errors import PlanError


def rows_in_scope(keys: pd.DataFrame, event, items=None) -> np.ndarray:
    """Rows of ``keys`` (item, [market]) that an event's item, family and market name; a blank names
    everything.

    Raises ``PlanError`` where a family is named and ``items`` (item, family) is not given.
    """
    inside = np.ones(len(keys), dtype=bool)
    if _named(event.item):
        inside &= (keys["item"] == event.item).to_numpy()
    if _named(event.family):
        if items is None or "family" not in items:
            raise PlanError(
                f"event {event.event!r} names family {event.family!r}, but no families were given;"
                " pass items with item and family"
            )
        inside &= keys["item"].isin(items.loc[items["family"] == event.family, "item"]).to_numpy()
    if _named(event.market) and "market" in keys:
        inside &= (keys["market"] == event.market).to_numpy()
    return np.flatnonzero(inside)


def bucket_shares(calendar: Calendar, starts_on, ends_on) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of the buckets between two days (inclusive), and the share of each bucket's days that
    lie between them.

    >>> bucket_shares(Calendar("month"), pd.Timestamp("2026-01-17"), pd.Timestamp("2026-02-28"))[1].round(3).tolist()
    [0.484, 1.0]
    """
    first, last = calendar.number([starts_on, ends_on])
    numbers = np.arange(first, last + 1)
    begins, ends = calendar.stamp(numbers).to_numpy(), calendar.stamp(numbers + 1).to_numpy()
    day = np.timedelta64(1, "D")
    from_day = np.maximum(begins, np.datetime64(starts_on))
    to_day = np.minimum(ends, np.datetime64(ends_on) + day)
    return numbers, (to_day - from_day) / (ends - begins)


def _named(value) -> bool:
    return (
        value is not None
        and not (isinstance(value, float) and np.isnan(value))
        and value is not pd.NA
        and value != ""
    )
