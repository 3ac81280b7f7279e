"""What is known to come: events and strategic initiatives, as signed units on what stands before
them.
"""

import numpy as np

from sopkit.demand.issues import counted
from sopkit.grid import blank
from sopkit.metrics.scopes import chance


def event_units(given, before) -> tuple[np.ndarray, list[dict]]:
    """Signed units (series × bucket) that the events add to the baseline, before any cut at 0, and
    the issue of events within the plan whose uplift nobody gave or could estimate: it counts as 0.

    Uplift × baseline × share of the bucket's days that the event covers; effects of overlapping
    events add. ``pull_forward`` of an event's units is taken, in equal parts, from as many buckets
    after its last as it lasted (rounded up).
    """
    grid, events = given.grid, given.book.events
    covered, uplift = grid.covered(events["starts_on"], events["ends_on"]), events["uplift"]
    unknown = events.loc[uplift.isna().to_numpy() & covered.any(axis=1), "event"]
    uplift = np.nan_to_num(uplift)
    units = given.baseline * grid.gather(events, uplift[:, None] * covered)
    pulled = uplift * events["pull_forward"].to_numpy()
    spans = events[pulled != 0].groupby(["starts_on", "ends_on"], sort=False)
    for span, rows in spans.indices.items():
        rows = np.flatnonzero(pulled != 0)[rows]
        share = grid.gather(events.iloc[rows], pulled[rows][:, None])
        units -= share * _after(grid, given.baseline, *span)
    return units, counted(
        unknown,
        "events",
        "uplift",
        "unknown uplift",
        "events have no uplift and none could be estimated",
        "counted as 0; write the uplift expected, for example 0.3",
    )


def _after(grid, baseline, starts, ends):
    """What a pull-forward of everything would take: the event's baseline units, over the buckets
    after it.
    """
    first, last = grid.calendar.number([starts, ends])
    during = np.arange(first, last + 1)
    share = grid.over(during).covered([starts], [ends])[0]
    count = max(1, int(np.ceil(share.sum() - 1e-9)))
    # What a past event sold is not on the grid: the first bucket's level stands in.
    sold = baseline[:, np.clip(during - grid.numbers[0], 0, grid.shape[1] - 1)] @ share
    after = (grid.numbers > last) & (grid.numbers <= last + count)
    return np.where(after, sold[:, None] / count, 0.0)


def explained(grid, events) -> tuple[np.ndarray, np.ndarray]:
    """Cells in which an event explains a rise, and those in which one explains a fall.

    Promotions, one-offs and events of unknown effect explain both; a holiday or a price change only
    what its uplift says. After a promotion, a one-off or anything with pull_forward, a fall in the
    next bucket is explained too.
    """
    touched = grid.covered(events["starts_on"], events["ends_on"]) > 0
    burst = ~events["kind"].isin(["holiday", "price"])
    rises, falls, drains = (
        grid.gather(events, touched * (burst | also).to_numpy(dtype=float)[:, None]) > 0
        for also in (~(events["uplift"] < 0), ~(events["uplift"] > 0), events["pull_forward"] > 0)
    )
    return rises, falls | np.pad(drains, ((0, 0), (1, 0)))[:, :-1]


def initiative_units(given, before) -> tuple[np.ndarray, list[dict]]:
    """demand_change × chance × sum before × share of the bucket's days, initiatives added
    (series × bucket), and the issue of those that change demand but name a resource.

    A blank end is the horizon's; an initiative that names only a resource changes capacity, not
    demand.
    """
    rows = given.book.initiatives.query("demand_change != 0")
    ours = blank(rows, "resource")
    odd, rows = rows.loc[~ours, "initiative"], rows[ours]
    change = (rows["demand_change"] * chance(rows, given.book.settings)).to_numpy()[:, None]
    covered = given.grid.covered(rows["starts_on"], rows["ends_on"])
    return before * given.grid.gather(rows, change * covered), counted(
        odd,
        "initiatives",
        "demand_change",
        "resource scope",
        "initiatives change demand but name a resource",
        "their demand_change was left out; give it in a row of its own with an item, a family or"
        " nothing",
    )
