"""Weeks inside buckets: a week starts on Monday and is cut where a bucket ends."""

import numpy as np
import pandas as pd

from sopkit.buckets import Calendar


def weeks_of(bucket: pd.Timestamp, calendar: Calendar) -> tuple[pd.DatetimeIndex, np.ndarray]:
    """Mondays of the weeks that a bucket touches, and the share of its working days (Monday to
    Friday) in each.

    >>> weeks, share = weeks_of(pd.Timestamp("2026-11-01"), Calendar("month"))
    >>> weeks.strftime("%d %b").tolist(), (share * 21).round().astype(int).tolist()
    (['26 Oct', '02 Nov', '09 Nov', '16 Nov', '23 Nov', '30 Nov'], [0, 5, 5, 5, 5, 1])
    """
    days = np.arange(
        np.datetime64(bucket, "D"), np.datetime64(calendar.last_day([bucket])[0], "D") + 1
    )
    weekday = (days.astype("int64") + 3) % 7
    monday, working = days - weekday, (weekday < 5).astype(float)
    weeks, at = np.unique(monday, return_inverse=True)
    share = np.bincount(at, weights=working, minlength=len(weeks))
    return pd.DatetimeIndex(weeks.astype("datetime64[us]")), share / share.sum()
