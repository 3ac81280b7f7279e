"""Which series are forecast, and from where: between the last complete bucket and the plan lies
what is only estimated.
"""

import pandas as pd

ESTIMATE = "estimate"


def forecastable(history) -> pd.DataFrame:
    """The series that still live, as the forecast takes them: item, market, bucket, quantity
    (cleansed demand, units).

    Estimates are left out, and so are series that ended before the last complete bucket (a retired
    item's).

    >>> months = pd.to_datetime(["2026-01-01", "2026-02-01"])
    >>> old = pd.DataFrame({"item": ["A", "A", "B"], "market": "N", "bucket": [*months, months[0]], "demand": [3.0, 4.0, 9.0], "flag": ""})
    >>> forecastable(old)["quantity"].tolist()
    [3.0, 4.0]
    """
    known = history[history["flag"] != ESTIMATE]
    ends = known.groupby(["item", "market"])["bucket"].transform("max")
    live = known[ends == known["bucket"].max()]
    return (
        live[["item", "market", "bucket", "demand"]]
        .rename(columns={"demand": "quantity"})
        .reset_index(drop=True)
    )


def unfinished(history, calendar, first_bucket) -> pd.DatetimeIndex:
    """The buckets after the last complete one of ``history`` and before ``first_bucket``: they are
    estimated, not known.

    >>> from sopkit.buckets import Calendar
    >>> known = pd.DataFrame({"bucket": pd.to_datetime(["2026-08-01"]), "flag": [""]})
    >>> unfinished(known, Calendar("month"), "2026-11-01").strftime("%b").tolist()
    ['Sep', 'Oct']
    """
    last = history.loc[history["flag"] != ESTIMATE, "bucket"].max()
    if pd.isna(last):
        return pd.DatetimeIndex([])
    count = int(calendar.number([first_bucket])[0] - calendar.number([last])[0]) - 1
    return calendar.range(calendar.shift(last, 1), max(count, 0))
