"""Events: promotions, price changes, holidays and one-offs, as signed units on the baseline."""

import numpy as np
import pandas as pd

from sopkit.demand.issues import issue, named
from sopkit.grid import grid_of


def event_units(baseline, events, items, calendar) -> pd.DataFrame:
    """Signed units (item, market, bucket, units) that the events add to ``baseline`` (item, market,
    bucket, baseline).

    Uplift × baseline × share of the bucket's days that the event covers; effects of overlapping
    events add, and never take more than the baseline. ``pull_forward`` of an event's units is
    taken, in equal parts, from as many buckets after its last as it lasted (rounded up). A blank
    uplift counts as 0.

    >>> from sopkit.buckets import Calendar
    >>> months = pd.to_datetime(["2026-11-01", "2026-12-01"])
    >>> baseline = pd.DataFrame({"item": "A", "market": "N", "bucket": months, "baseline": 100.0})
    >>> events = pd.DataFrame({"event": ["Fair"], "item": ["A"], "starts_on": ["2026-11-01"], "ends_on": ["2026-11-30"],
    ...                        "uplift": [0.5], "pull_forward": [0.4]})
    >>> event_units(baseline, events, None, Calendar("month"))["units"].tolist()
    [50.0, -20.0]
    """
    first, last = baseline["bucket"].min(), baseline["bucket"].max()
    count = 0 if baseline.empty else int(np.diff(calendar.number([first, last]))[0]) + 1
    buckets = calendar.range(first, count) if count else pd.DatetimeIndex([])
    grid = grid_of(baseline, buckets, items, calendar)
    values = grid.array(baseline, "baseline")
    return grid.frame(units=np.maximum(effect(grid, values, events), -values))


def effect(grid, baseline, events) -> np.ndarray:
    """The events' signed units on the grid (series × bucket), before any cut at 0."""
    if events is None or events.empty or not grid.shape[1]:
        return np.zeros(grid.shape)
    events = events.reset_index(drop=True)
    uplift = _number(events, "uplift")
    units = baseline * grid.gather(
        events, uplift[:, None] * grid.covered(events["starts_on"], events["ends_on"])
    )
    pulled = uplift * _number(events, "pull_forward")
    for (starts, ends), rows in (
        events[pulled != 0].groupby(["starts_on", "ends_on"], sort=False).groups.items()
    ):
        share = grid.gather(events.loc[rows], pulled[rows][:, None])
        units -= share * _after(grid, baseline, pd.Timestamp(starts), pd.Timestamp(ends))
    return units


def explained(grid, events) -> tuple[np.ndarray, np.ndarray]:
    """Cells in which an event explains a rise, and those in which one explains a fall.

    Promotions, one-offs and events of unknown effect explain both; a holiday or a price change only
    what its uplift says. After a promotion, a one-off or anything with pull_forward, a fall in the
    next bucket is explained too.
    """
    if events is None or events.empty or not grid.shape[1]:
        return np.zeros(grid.shape, dtype=bool), np.zeros(grid.shape, dtype=bool)
    touch = (grid.covered(events["starts_on"], events["ends_on"]) > 0).astype(float)
    uplift = (
        pd.to_numeric(events["uplift"]).to_numpy(dtype=float)
        if "uplift" in events
        else np.full(len(events), np.nan)
    )
    kind = (
        events["kind"].astype("object").to_numpy()
        if "kind" in events
        else np.full(len(events), None)
    )
    burst = ~np.isin(kind, ["holiday", "price"])
    rises = grid.gather(events, touch * (burst | ~(uplift < 0))[:, None]) > 0
    falls = grid.gather(events, touch * (burst | ~(uplift > 0))[:, None]) > 0
    drains = (
        grid.gather(events, touch * (burst | (_number(events, "pull_forward") > 0))[:, None]) > 0
    )
    return rises, falls | np.pad(drains, ((0, 0), (1, 0)))[:, :-1]


def event_issues(grid, events) -> list[dict]:
    """Issues of events within the plan whose uplift nobody gave or could estimate: they count as
    0.
    """
    if events is None or events.empty:
        return []
    unknown = (
        pd.to_numeric(events["uplift"]).isna()
        if "uplift" in events
        else pd.Series(True, index=events.index)
    )
    touched = grid.covered(events["starts_on"], events["ends_on"]).any(axis=1)
    names = events.loc[unknown.to_numpy() & touched, "event"]
    return (
        []
        if names.empty
        else [
            issue(
                "events",
                "uplift",
                "unknown uplift",
                f"{len(names)} events have no uplift and none could be estimated: {named(names)}",
                "counted as 0; write the uplift expected, for example 0.3",
                value=len(names),
            )
        ]
    )


def _after(grid, baseline, starts, ends):
    """What a pull-forward of everything would take: the event's baseline units, over the buckets
    after it.
    """
    zero = grid.calendar.number(grid.buckets[:1])[0]
    numbers = np.arange(grid.calendar.number([starts])[0], grid.calendar.number([ends])[0] + 1)
    first, last = grid.calendar.stamp(numbers), grid.calendar.stamp(numbers + 1)
    day = pd.Timedelta(days=1)
    share = (
        (np.minimum(last, ends + day) - np.maximum(first, starts)) / ((last - first) / day) / day
    ).to_numpy()
    count = max(1, int(np.ceil(share.sum() - 1e-9)))
    taken = np.zeros(grid.shape)
    at = numbers[-1] + 1 + np.arange(count) - zero
    at = at[(at >= 0) & (at < grid.shape[1])]
    # What a past event sold is not on the grid: the first bucket's level stands in.
    sold = baseline[:, np.clip(numbers - zero, 0, grid.shape[1] - 1)] @ share
    taken[:, at] = sold[:, None] / count
    return taken


def _number(frame, name):
    return (
        pd.to_numeric(frame[name]).fillna(0).to_numpy(dtype=float)
        if name in frame
        else np.zeros(len(frame))
    )
