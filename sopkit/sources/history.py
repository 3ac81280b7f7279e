"""History: gaps, breaks, cuts and jumps in what was sold and counted."""

import numpy as np
import pandas as pd

from sopkit.buckets import leap
from sopkit.sources.issues import RULES

JUMP = 100  # times the series' own median
DROP = 1 / 300  # of it; a launch or a farewell is small without being wrong
FEW = 4  # rows below which a series has no usual size
DENSE = 0.8  # share of buckets filled above which an empty one looks like a missing row
SLACK = 3  # days that dated rows may stop before the bucket's end
LOW = 0.5  # share of the usual volume


def check_history(reading):
    """Everything odd about sales_history that leaves it as it is."""
    sales = _sales(reading)
    if len(sales):
        _jumps(reading, sales)
        _absent(reading, sales)
        _gaps(reading, sales)
        _low_volume(reading, sales)
    _never_sold(reading)
    counts = reading.tables["inventory_history"].dropna(subset=["item", "bucket"])
    if len(counts):
        _uncounted(reading, _series(counts, ["item"], reading.calendar.number(counts["bucket"])))


def cut_incomplete(reading):
    """Leave out the last bucket where dated rows stop more than 3 days before its end."""
    sales = reading.tables["sales_history"]
    dates = sales["bucket"].dropna()
    if not len(dates):
        return
    calendar, last = reading.calendar, dates.max()
    days = pd.DatetimeIndex(dates.unique())
    if len(days) >= FEW and (days == calendar.last_day(days)).all():
        problem = (
            f"every stamp is the last day of a {calendar.size}: of the next one it is the first"
            " midnight, told in another time zone"
        )
        reading.say("last days", "sales_history", 0, "bucket", f"{last:%Y-%m-%d}", problem)
    reach = _reach(calendar, days)
    missing = (calendar.last_day([last])[0] - last).days - reach if reach is not None else 0
    if missing > SLACK:
        inside = sales["bucket"] >= calendar.start([last])[0]
        reading.say(
            "incomplete bucket",
            "sales_history",
            0,
            "bucket",
            calendar.label([last])[0],
            f"dated rows stop on {last:%Y-%m-%d}, {missing} days before the bucket's end"
            f" ({inside.sum():,} rows)",
            f"left out of the history and forecast instead; MONTH {last:%Y-%m} plans it whole",
        )
        reading.tables["sales_history"] = sales[~inside]


def _reach(calendar, days):
    """Days after its date that a row covers; None where rows are stamped by bucket, so that nobody
    can tell.
    """
    offsets = (days - calendar.start(days)).days
    at_end = days == calendar.last_day(days)
    if len(set(offsets)) == 1 or at_end.all() or (offsets > 0).mean() <= 0.5:
        return None
    return 6 if len(set(days.day_of_week)) == 1 else 0


def _sales(reading):
    """Rows with item and date, their series and bucket number."""
    sales = reading.tables["sales_history"].dropna(subset=["item", "bucket", "quantity"])
    return _series(sales, ["item", "market"], reading.calendar.number(sales["bucket"]))


def _series(frame, key, number):
    return frame.assign(number=number, series=frame.groupby(key, dropna=False, sort=False).ngroup())


def _jumps(reading, sales):
    """Quantities far above or below the median of their series; its first and last bucket may be
    small.
    """
    sold = sales.assign(size=sales["quantity"].abs()).query("size > 0")
    of = lambda column, how: sold.groupby("series")[column].transform(how)
    usual, number = of("size", "median"), sold["number"]
    ratio = sold["size"] / usual
    edge = (number == of("number", "min")) | (number == of("number", "max"))
    bad = ((ratio >= JUMP) | ((ratio <= DROP) & ~edge)) & (of("size", "size") >= FEW)
    times = [f"{r:,.0f} times" if r > 1 else f"1/{1 / r:,.0f} of" for r in ratio[bad]]
    problem = [
        f"is {many} the usual {m:.10g} of its item and market"
        for many, m in zip(times, usual[bad].round(6))
    ]
    values = [f"{q:.10g}" for q in sold.loc[bad, "quantity"]]
    reading.say("unit jump", "sales_history", bad.index[bad], "quantity", values, problem)


def _absent(reading, sales):
    """Buckets in which no item sold anything, inside the history and between its end and the
    plan.
    """
    seen = np.unique(sales["number"])
    step, apart = leap(seen), np.diff(seen).min(initial=len(seen))
    if reading.calendar.size == "week" and len(seen) >= FEW and apart >= 4:
        step = apart  # months, or longer
    if step > 1:
        size = f"{step} {reading.calendar.size}s"
        problem = f"{len(seen)} distinct stamps lie {size} apart; none between has a row"
        reading.say("longer bucket", "sales_history", 0, "bucket", _list(reading, seen), problem)
        return
    inside = np.setdiff1d(np.arange(seen[0], seen[-1]), seen)
    eve = reading.calendar.number([reading.first])[0]
    after = np.arange(seen[-1] + 1, eve)
    for rule, numbers, problem in (
        ("bucket absent", inside, "no row for any item, between buckets that have rows"),
        ("history ends early", after, "no history yet, and the plan starts later"),
    ):
        if len(numbers):
            reading.say(
                rule,
                "sales_history",
                0,
                "bucket",
                _list(reading, numbers),
                f"{len(numbers)} buckets: {problem}",
            )


def _gaps(reading, sales):
    """Series with empty buckets between their first and last row, told at the row after the first
    gap.
    """
    # Ranks, not numbers: a bucket that no series has is told once, not once per series.
    cells = _ranked(sales)
    missing = cells.groupby("series")["rank"].diff().fillna(1).astype("int64") - 1
    total = missing.groupby(cells["series"]).transform("sum")
    filled = cells.groupby("series")["rank"].transform("size")
    heads = (missing > 0) & ~cells["series"].where(missing > 0).duplicated()
    dense = filled >= DENSE * (filled + total)
    for rule, which in (("bucket missing", heads & dense), ("empty buckets", heads & ~dense)):
        its = cells[which]
        since = reading.calendar.stamp(its["number"] - missing[which])
        reading.say(
            rule,
            "sales_history",
            its.index,
            "bucket",
            its["item"] + " · " + its["market"].fillna("(none)"),
            _of(total[which], filled[which] + total[which], since),
        )


def _uncounted(reading, counts):
    """Items that are not in every bucket in which stock was counted, told at their first row."""
    cells = _ranked(counts)
    stamps = reading.calendar.stamp(np.unique(counts["number"]))
    filled = cells.groupby("series")["rank"].transform("size")
    place = cells.groupby("series").cumcount()
    # The first hole is where the rank first runs ahead of the place, or else right after the last
    # row.
    hole = (
        place.where(cells["rank"] != place)
        .groupby(cells["series"])
        .transform("min")
        .fillna(filled)
        .astype("int64")
    )
    which = (place == 0) & (filled < len(stamps))
    reading.say(
        "stock not counted",
        "inventory_history",
        cells.index[which],
        "bucket",
        cells.loc[which, "item"],
        _of(len(stamps) - filled[which], filled[which] * 0 + len(stamps), stamps[hole[which]]),
    )


def _ranked(frame):
    """One row per series and bucket, in order, with the bucket's rank among those that any series
    has.
    """
    rank = np.unique(frame["number"], return_inverse=True)[1]
    return (
        frame.assign(rank=rank).drop_duplicates(["series", "rank"]).sort_values(["series", "rank"])
    )


def _of(missing, total, since):
    return [
        f"{k} of {n} buckets have no row, first {day:%Y-%m-%d}"
        for k, n, day in zip(missing, total, since)
    ]


def _low_volume(reading, sales):
    """A run of last buckets with less than half the usual volume: of the year before and of a year
    ago.
    """
    totals = sales.groupby("number")["quantity"].sum().clip(lower=0.0)
    totals = totals.reindex(range(totals.index[0], totals.index[-1] + 1), fill_value=0.0).to_numpy()
    year, start = reading.calendar.per_year, len(totals)
    for at in range(len(totals) - 1, max(len(totals) - year, 2), -1):
        usual = np.median(totals[max(at - year, 0) : at])
        ago = totals[at - year] if at >= year else usual
        if not totals[at] < LOW * min(usual, ago):
            break
        start = at
    if start < len(totals):
        usual, low = np.median(totals[max(start - year, 0) : start]), totals[start:].mean()
        since = reading.calendar.stamp([sales["number"].min() + start])
        alone = f"; if cut, MONTH {since[0]:%Y-%m} plans it whole" * (start == len(totals) - 1)
        reading.say(
            "low volume",
            "sales_history",
            0,
            "quantity",
            f"{low:,.0f} a bucket since {reading.calendar.label(since)[0]}",
            f"{1 - low / usual:.0%} below the usual {usual:,.0f} of the buckets before, all items"
            " together",
            RULES["low volume"][1] + alone,
        )


def _never_sold(reading):
    """Items without a row of history that no launch and no parent explains."""
    items = reading.tables["items"]
    coming = items.loc[items["launched_on"] >= reading.first, "item"]
    explained = coming, reading.tables["launches"]["item"], reading.tables["components"]["child"]
    expected = set(pd.concat(explained).dropna())
    bad = (
        items["item"].notna()
        & ~items["item"].isin(reading.tables["sales_history"]["item"].unique())
        & ~items["item"].isin(expected)
    )
    reading.say_of("never sold", "items", bad, "item", "has no row in sales_history and no launch")


def _list(reading, numbers, most=6):
    stamps = [f"{day:%Y-%m-%d}" for day in reading.calendar.stamp(numbers[:most])]
    return ", ".join(stamps) + (" …" if len(numbers) > most else "")
