"""From sales history to demand history: what was sold beside what was wanted, every change with its
reason; which series are forecast, and from where.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from sopkit.buckets import infer_calendar
from sopkit.demand.events import explained
from sopkit.demand.issues import counted, issues_frame
from sopkit.demand.launches import successors, with_taken
from sopkit.forecast.arrays import row_median
from sopkit.forecast.outliers import LONGEST, NEAR, OUTLIER, UNUSUAL, expectation, run
from sopkit.grid import Grid, attribute, fold, grid_of
from sopkit.tables import PLANS

ESTIMATE = "estimate"
OFTEN_EMPTY = 0.25  # share of empty stock counts from which they say nothing about lost demand
SPARSE = 0.3  # share of buckets without demand from which a series is intermittent
TOGETHER = 0.2  # share of the company's series that stray together: not an outlier
# Each flag of history, and what was done about it.
DONE = {
    "returns": "demand counts as 0; quantity and revenue keep the returns",
    "missing": "demand is the expected level",
    "stocked out": "the demand that stock could not serve was added",
    "outlier": "demand was set to the expected level",
    "unusual": "nothing changed; look at it in the tuner",
    ESTIMATE: "demand is the forecast of the bucket",
}


def cleanse(book) -> pd.DataFrame:
    """The table ``history`` of the ``book``'s sales_history: every bucket from a series' first sale
    to the last one before the plan that anybody has a row in.

    ``quantity`` is what was sold (0 where no row stands; a retired item ends with its retirement),
    ``demand`` the cleansed number ≥ 0, ``flag`` and ``reason`` what was found: returns (below 0
    counts as 0), missing (no item has a row), stocked out, outlier (changed on strong evidence
    only), unusual (shown, not changed). Known past ``events`` are no outliers; the normal spikes of
    intermittent series neither. An empty shelf (``inventory_history``) counts as evidence of lost
    demand only where it is rare; the setting ``history_basis`` (orders or shipments) says how
    strong.

    >>> from sopkit.metrics import Book
    >>> months = pd.to_datetime(["2026-01-01", "2026-03-01"])
    >>> sales = pd.DataFrame({"item": "A", "market": "N", "bucket": months, "quantity": [5.0, -2]})
    >>> history = cleanse(Book({"sales_history": sales}, first="2026-04-01"))
    >>> history[["quantity", "demand", "flag"]].values.tolist()
    [[5.0, 5.0, ''], [0.0, 0.0, ''], [-2.0, 0.0, 'returns']]
    """
    sales = book.sales_history[book.sales_history["bucket"] < book.first]
    if sales.empty:
        return PLANS["history"].empty()
    found, quantity, rows = _sold(sales, book)
    below = found.live & (quantity < 0)
    returned = "returns exceed sales by {:,.10g}; demand counts as 0"
    found = found.note(
        below, found.demand, "returns", lambda s, t: returned.format(-quantity[s, t])
    )
    found = _missing(found, rows)
    found = _stocked_out(found, book.inventory_history, book.settings["history_basis"])
    found = _outliers(found, book.events)
    history = found.grid.frame(
        quantity=quantity, demand=found.demand, flag=found.flag, reason=found.reason
    )
    return PLANS["history"].conform(history[found.live.ravel()])


def with_estimates(history, estimates) -> pd.DataFrame:
    """History with a row per ``estimates`` (item, market, bucket, baseline): quantity unknown,
    demand the forecast, flag estimate.

    They stand for the buckets between the last complete one and the plan's first.
    """
    added = estimates[["item", "market", "bucket"]].assign(
        quantity=np.nan,
        demand=estimates["baseline"].clip(lower=0),
        flag=ESTIMATE,
        reason="the bucket is not complete yet; demand is its forecast",
    )
    return PLANS["history"].conform(pd.concat([history, added], ignore_index=True))


def history_issues(history) -> pd.DataFrame:
    """One row of ``data_issues`` per flag in ``history``: how many cells of which items, and what
    was done.
    """
    rows = []
    for flag, cells in history[history["flag"].isin(DONE)].groupby("flag"):
        rows += counted(
            cells["item"],
            "sales_history",
            "quantity",
            flag,
            f"cells of {cells['item'].nunique()} items",
            f"{DONE[flag]}; each is on the page of the data",
            severity="notice" if flag in ("unusual", ESTIMATE) else "warning",
        )
    return issues_frame(rows)


def forecastable(history, book=None, *, taken: bool = True) -> pd.DataFrame:
    """The series that still live, as the forecast takes them: item, market, bucket, quantity
    (cleansed demand, units).

    Estimates are left out, and so are series that ended before the last complete bucket (a retired
    item's). Of a ``book`` count items and launches: what an item sold that retired with the last
    complete bucket or before is history of its successor, or of that one's when it retired too;
    what a launch has ``taken`` from others is added back (``with_taken``): the plan takes it again.

    >>> months = pd.to_datetime(["2026-01-01", "2026-02-01"])
    >>> ended = pd.DataFrame({"item": ["B"], "bucket": months[:1], "demand": [9.0]})
    >>> alive = pd.DataFrame({"item": "A", "bucket": months, "demand": [3.0, 4.0]})
    >>> forecastable(pd.concat([alive, ended]).assign(market="N", flag=""))["quantity"].tolist()
    [3.0, 4.0]
    """
    known = history[history["flag"] != ESTIMATE].rename(columns={"demand": "sold"})
    known = known[["item", "market", "bucket", "sold"]]
    known = known if book is None else _handed_on(known, heirs(history, book))
    known = with_taken(known, book) if book is not None and taken else known
    ends = known.groupby(["item", "market"])["bucket"].transform("max")
    live = known[ends == known["bucket"].max()]
    return live.rename(columns={"sold": "quantity"}).reset_index(drop=True)


def heirs(history, book) -> pd.Series:
    """The item whose history that of each retired one is: the first successor that has not retired
    by the last complete bucket.

    >>> from sopkit.metrics import Book
    >>> items = pd.DataFrame({"item": ["A", "B"], "successor": ["B", ""],
    ...     "retired_on": [pd.Timestamp("2026-01-31"), pd.NaT]})
    >>> sold = {"item": ["A", "B"], "bucket": pd.to_datetime(["2026-01-01", "2026-02-01"])}
    >>> heirs(pd.DataFrame(sold).assign(flag=""), Book({"items": items})).to_dict()
    {'A': 'B'}
    """
    known, follows = history[history["flag"] != ESTIMATE], successors(book.items)
    if known.empty or follows.empty:
        return follows.head(0)
    last = infer_calendar(known["bucket"]).last_day([known["bucket"].max()])[0]
    retired = {*book.items.loc[book.items["retired_on"] <= last, "item"]} & {*follows.index}
    heir = follows[follows.index.isin(retired)]
    while (going := heir.isin(retired)).any():
        heir = heir.mask(going, heir.map(follows))
    return heir


def joined(baseline, history, book) -> pd.DataFrame:
    """The baseline whose ``why`` says what history is joined to an item's own."""
    heir = heirs(history, book)
    heir = heir[heir.index.isin(history["item"])].to_dict()
    old = {new: ", ".join(item for item in heir if heir[item] == new) for new in heir.values()}
    words = [
        f"; with the history of {old[item]}" if item in old else "" for item in baseline["item"]
    ]
    return baseline.assign(why=baseline["why"] + words)


def _handed_on(known, heir):
    """The rows of what has retired as rows of its heir, summed with its own."""
    if not known["item"].isin(heir.index).any():
        return known
    key, own = ["item", "market", "bucket"], known["item"].astype("object")
    known = known.assign(item=own.map(heir).fillna(own).astype(known["item"].dtype))
    return known.groupby(key, as_index=False, dropna=False)["sold"].sum(min_count=1)


def unfinished(history, calendar, first_bucket) -> pd.DatetimeIndex:
    """The buckets after the last complete one of ``history`` and before ``first_bucket``: they are
    estimated, not known.

    >>> from sopkit.buckets import Calendar
    >>> known = pd.DataFrame({"bucket": pd.to_datetime(["2026-08-01"]), "flag": [""]})
    >>> unfinished(known, Calendar("month"), "2026-11-01").strftime("%b").tolist()
    ['Sep', 'Oct']
    """
    known = history.loc[history["flag"] != ESTIMATE, "bucket"]
    first = calendar.number([first_bucket])[0]
    last = calendar.number([known.max()])[0] if len(known) else first
    return calendar.stamp(np.arange(last + 1, first))


@dataclass(frozen=True)
class Findings:
    """What is found while history is cleansed: ``demand``, ``flag`` and ``reason`` on the grid,
    whose ``live`` cells run from first sale to last complete bucket or retirement.
    """

    grid: Grid
    live: np.ndarray
    demand: np.ndarray
    flag: np.ndarray
    reason: np.ndarray
    items: pd.DataFrame | None = None

    def note(self, where, demand, flag, reasons) -> "Findings":
        """The findings with ``demand``, one ``flag`` and a reason at each place; the first flag of
        a cell stands.
        """
        where = where & (self.flag == "")
        why = self.reason.copy()
        why[where] = [reasons(*at) for at in zip(*np.nonzero(where))]
        return replace(
            self,
            demand=np.where(where, demand, self.demand),
            flag=np.where(where, flag, self.flag).astype(object),
            reason=why,
        )

    def normal(self, usable, grid=None, demand=None):
        """What each cell should have sold and how far it strayed, as the ``usable`` cells say."""
        grid, demand = grid or self.grid, self.demand if demand is None else demand
        families = pd.factorize(grid.series["family"])[0]
        launched = attribute(self.items, "launched_on", grid.series["item"])
        begin = grid.calendar.number(launched.fillna(grid.buckets[0])) - grid.numbers[0]
        return expectation(demand, grid.calendar.per_year, families, usable, begin)


def _units(value) -> str:
    """Units in a sentence.

    >>> _units(1234.5), _units(1.25)
    ('1,234', '1.2')
    """
    return f"{value:,.0f}" if abs(value) >= 10 else f"{value:,.2g}"


def _sold(sales, book):
    """Findings of nothing yet, what was sold (NaN where a series does not live), and which cells
    have rows.
    """
    calendar, when = book.calendar, sales["bucket"]
    first, last = calendar.number([when.min(), when.max()])
    numbers = np.arange(first, last + 1)
    grid = grid_of(sales, calendar.stamp(numbers), book.members, calendar)
    quantity, present = grid.array(sales, "quantity"), grid.array(sales, 1.0) > 0
    position = np.arange(len(numbers))
    latest = (present * position).max(axis=1)
    retired = attribute(book.items, "retired_on", grid.series["item"]).fillna(when.max())
    ends = np.maximum(calendar.number(retired) - first, latest)
    live = (position >= present.argmax(axis=1)[:, None]) & (position <= ends[:, None])
    blank = np.full(grid.shape, "", dtype=object)
    demand = np.where(live, np.maximum(quantity, 0), np.nan)
    return (
        Findings(grid, live, demand, blank, blank, book.items),
        np.where(live, quantity, np.nan),
        present,
    )


def _missing(found, rows):
    """A bucket in which nobody sold anything, amid buckets in which many did, is a hole in the data
    and not a zero.
    """
    count = pd.Series(rows.sum(axis=0))
    usual = count.where(count > 0).rolling(7, center=True, min_periods=2).median()
    holes = ((count == 0) & (usual >= 5)).to_numpy()
    if not holes.any():
        return found
    expected = found.normal(found.live & ~holes).expected
    where = found.live & holes & np.isfinite(expected)
    said = "no item has a row in this bucket; demand is the expected {}"
    return found.note(where, expected, "missing", lambda s, t: said.format(_units(expected[s, t])))


def _stocked_out(found, stock, history_basis):
    """Add what empty shelves could not sell, at item level, shared by the markets that fell short
    of their expectation.
    """
    shelf, item = found.grid.per_item()
    empty, days = _empty(shelf, stock)
    if not empty.any():
        return found
    count, live, demand = len(shelf.series), found.live, np.nan_to_num(found.demand)
    total, alive = fold(demand, item, count), fold(live.astype(float), item, count) > 0
    normal = found.normal(alive & ~empty, shelf, np.where(alive, total, np.nan))
    share = np.clip(days / shelf.days, 0, 1)
    lost = _lost(total, normal, empty, share, history_basis, alive)
    expected = found.normal(live & ~empty[item]).expected
    short = np.where(live, np.maximum(np.nan_to_num(expected) - demand, 0), 0.0)
    part = short / np.maximum(fold(short, item, count), 1e-12)[item]
    added = np.minimum(part * lost[item], short)
    days = days[item]

    def why(s, t):
        seen = f"{days[s, t]:.0f} days without stock" if days[s, t] else "stock ended at 0"
        return (
            f"{seen} and sold {_units(demand[s, t])} where about {_units(expected[s, t])}"
            f" was expected; {_units(added[s, t])} added"
        )

    return found.note(live & (added > 1e-6), demand + added, "stocked out", why)


def _empty(shelf, stock):
    """Where each item was out of stock, nowhere if that is its habit, and for how many days (0 =
    not counted).
    """
    told = stock[stock["stocked_out"].notna()]
    days, dated = shelf.array(told, "stocked_out"), shelf.array(told, 1.0) > 0
    counts, none = shelf.array(stock, 1.0) > 0, shelf.array(stock[stock["on_hand"] <= 0], 1.0) > 0
    empty = (days > 0) | (none & ~dated)
    habit = empty.sum(axis=1) > OFTEN_EMPTY * np.maximum(counts.sum(axis=1), 1)
    empty &= ~habit[:, None]
    return empty, np.where(empty, days, 0.0)


def _lost(total, normal, empty, share, history_basis, alive):
    """Units that an item lost: the expected sales of the days without stock, never above what was
    expected.

    Orders are still taken with an empty shelf, so there demand must be clearly short before any is
    added; a count of 0 without days says less still: a long or a common fall is taken for what it
    is.
    """
    expected, score = np.nan_to_num(normal.expected), normal.score
    short = np.where(alive, np.maximum(expected - total, 0), 0.0)
    by_days = expected * share * (score < (-2.0 if history_basis == "orders" else 0.0))
    isolated = (run(score, NEAR) <= LONGEST) & ~_common(score, alive)
    by_count = short * (empty & (share == 0) & (score < -NEAR) & isolated)
    return np.minimum(short, np.maximum(by_days, by_count))


def _outliers(found, events):
    """Isolated buckets far from their neighbours and season become the expected level; doubtful
    ones are only shown.
    """
    live, (rises, falls) = found.live, explained(found.grid, events)
    normal = found.normal(live & ~(rises & falls) & (found.flag == ""))
    sold = np.nan_to_num(found.demand)
    sparse = (((sold == 0) & live).sum(axis=1) > SPARSE * live.sum(axis=1))[:, None]
    known = np.where(normal.score > 0, rises, falls)
    score = np.where(live & ~sparse & ~known & (found.flag == ""), normal.score, 0.0)
    strong = replace(normal, score=score).alone() & ~_common(score, live)
    strong &= ~_doubtful_end(score, live)
    strong |= sparse & _giants(sold) & live & ~rises
    typical = np.nan_to_num(row_median(np.where(sold > 0, sold, np.nan)))[:, None]
    expected = np.where(sparse, typical, normal.expected)

    def away(s, t):
        return f"({abs(score[s, t]):.0f} robust deviations away)"

    found = found.note(
        strong,
        expected,
        "outlier",
        lambda s, t: (
            f"sold {_units(sold[s, t])} where neighbours and season suggest about"
            f" {_units(expected[s, t])}{' ' + away(s, t) if score[s, t] else ''}"
            f"; demand set to {_units(expected[s, t])}"
        ),
    )
    return found.note(
        (np.abs(score) >= UNUSUAL) & ~strong,
        found.demand,
        "unusual",
        lambda s, t: (
            f"sold {_units(sold[s, t])} where about {_units(expected[s, t])} was expected"
            f" {away(s, t)}; not strong enough to change it"
        ),
    )


def _common(score, live):
    """Cells of buckets in which many series stray to the same side: the company's news, not one
    series' outlier.
    """
    shared = np.zeros(score.shape, dtype=bool)
    enough = max(3.0, TOGETHER * len(score))
    for side in (1, -1):
        astray = (score * side >= UNUSUAL) & live
        shared |= astray & (astray.sum(axis=0) >= enough)
    return shared


def _doubtful_end(score, live):
    """The last two buckets may be a new level: a fall there is never changed, a rise only on double
    evidence.
    """
    position = np.arange(score.shape[1])
    last = (live * position).max(axis=1)[:, None]
    return (position >= last - 1) & (score < 2 * OUTLIER)


def _giants(sold):
    """In a series of six sales or more: one that is over ten times the second largest."""
    ordered = np.sort(np.pad(sold, ((0, 0), (1, 0))), axis=1)
    lone = ((sold > 0).sum(axis=1) >= 6) & (ordered[:, -1] > 10 * ordered[:, -2])
    return lone[:, None] & (sold == ordered[:, -1:])
