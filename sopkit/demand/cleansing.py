"""From sales history to demand history: what was sold beside what was wanted, every change with its reason."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sopkit.demand.events import explained
from sopkit.demand.grid import NONE, Grid, attribute, fold, grid_of
from sopkit.demand.issues import issue, issues_frame, named
from sopkit.demand.robust import expectation
from sopkit.tables import PLANS

OUTLIER, UNUSUAL = 6.0, 4.0     # robust standard deviations: changed, only shown
NEAR = 3.0                      # deviations from which a neighbour strays too
LONGEST = 2                     # buckets in a row that may be a rise out of line; more are a new level, and so are two falls
TOGETHER = 0.2                  # share of the company's series that stray together: not an outlier
SPARSE = 0.3                    # share of buckets without demand from which a series is intermittent
OFTEN_EMPTY = 0.25              # share of empty stock counts from which they say nothing about lost demand


@dataclass(frozen=True)
class Findings:
    """Demand, flag and reason on the grid of history while it is being cleansed."""

    demand: np.ndarray
    flag: np.ndarray
    reason: np.ndarray

    def note(self, where, demand, flag, reasons) -> "Findings":
        """The findings with ``demand``, one ``flag`` and a reason at each place; the first flag of a cell stands."""
        where = where & (self.flag == "")
        changed, flags, why = np.where(where, demand, self.demand), self.flag.copy(), self.reason.copy()
        flags[where] = flag
        why[where] = [reasons(*at) for at in zip(*np.nonzero(where))]
        return Findings(changed, flags, why)


def cleanse(sales_history, items, calendar, first_bucket, *, inventory_history=None, events=None, last_complete=None,
            history_basis="orders") -> pd.DataFrame:
    """The table ``history``: every bucket from a series' first sale to the last complete one before ``first_bucket``.

    ``quantity`` is what was sold (0 where no row stands; a retired item ends with its retirement), ``demand`` the
    cleansed number ≥ 0, ``flag`` and ``reason`` what was found: returns (below 0 counts as 0), missing (no item has a row),
    stocked out, outlier (changed on strong evidence only), unusual (shown, not changed). Known past events are no outliers;
    the normal spikes of intermittent series neither. An empty shelf counts as evidence
    of lost demand only where it is rare; ``history_basis`` (orders or shipments) says how strong.

    >>> sales = pd.DataFrame({"item": "A", "market": "N", "bucket": pd.to_datetime(["2026-01-01", "2026-03-01"]), "quantity": [5.0, -2.0]})
    >>> from sopkit.buckets import Calendar
    >>> cleanse(sales, pd.DataFrame({"item": ["A"]}), Calendar("month"), "2026-04-01")[["quantity", "demand", "flag"]].values.tolist()
    [[5.0, 5.0, ''], [0.0, 0.0, ''], [-2.0, 0.0, 'returns']]
    """
    eve = calendar.shift(first_bucket, -1)
    last = eve if pd.isna(last_complete) else min(eve, calendar.start([last_complete])[0])
    sales = _within(sales_history, calendar, last)
    if sales.empty:
        return PLANS["history"].empty()
    grid, quantity, live, rows = _panel(sales, items, calendar, last)
    blank = np.full(grid.shape, "", dtype=object)
    found = Findings(np.where(live, np.maximum(quantity, 0), np.nan), blank, blank)
    found = found.note(live & (quantity < 0), found.demand, "returns",
                       lambda s, t: f"returns exceed sales by {-quantity[s, t]:,.10g}; demand counts as 0")
    found = _missing(found, grid, live, rows)
    found = _stocked_out(found, grid, live, inventory_history, history_basis)
    found = _outliers(found, grid, live, events)
    history = grid.frame(quantity=quantity, demand=found.demand, flag=found.flag, reason=found.reason)[live.ravel()]
    return PLANS["history"].conform(history)


def with_estimates(history, estimates) -> pd.DataFrame:
    """History with a row per ``estimates`` (item, market, bucket, baseline): quantity unknown, demand the forecast, flag estimate.

    They stand for the buckets between the last complete one and the plan's first.
    """
    added = estimates[["item", "market", "bucket"]].assign(
        quantity=np.nan, demand=estimates["baseline"].clip(lower=0), flag="estimate",
        reason="the bucket is not complete yet; demand is its forecast")
    return PLANS["history"].conform(pd.concat([history, added[PLANS["history"].names]], ignore_index=True))


def history_issues(history) -> pd.DataFrame:
    """One row of ``data_issues`` per flag in ``history``: how many cells of which items, and what was done."""
    done = {"returns": "demand counts as 0; quantity and revenue keep the returns", "missing": "demand is the expected level",
            "stocked out": "the demand that stock could not serve was added", "outlier": "demand was set to the expected level",
            "unusual": "nothing changed; look at it in the tuner", "estimate": "demand is the forecast of the bucket"}
    return issues_frame([
        issue("sales_history", "quantity", flag, f"{len(cells)} cells of {cells['item'].nunique()} items: {named(cells['item'])}",
              f"{done[flag]}; table history gives each reason", value=len(cells),
              severity="notice" if flag in ("unusual", "estimate") else "warning")
        for flag, cells in history[history["flag"].isin(done)].groupby("flag")])


def _within(sales_history, calendar, last):
    sales = sales_history[["item", "market", "bucket", "quantity"]].copy() if "market" in sales_history else \
        sales_history[["item", "bucket", "quantity"]].assign(market=NONE)
    sales["bucket"] = calendar.start(sales["bucket"])
    return sales[sales["bucket"] <= last].assign(market=lambda f: f["market"].astype("object").where(f["market"].notna(), NONE))


def _panel(sales, items, calendar, last):
    """Grid of history, what was sold, which cells live (first sale to last complete bucket or retirement), rows per bucket."""
    first = sales["bucket"].min()
    numbers = calendar.number([first, last])
    grid = grid_of(sales, calendar.range(first, int(numbers[1] - numbers[0] + 1)), items, calendar)
    quantity = grid.array(sales, "quantity")
    present = grid.array(sales.assign(row=1.0), "row") > 0
    position = np.arange(len(grid.buckets))
    opens = present.argmax(axis=1)
    latest = len(position) - 1 - present[:, ::-1].argmax(axis=1)
    retired = pd.DatetimeIndex(pd.to_datetime(attribute(items, "retired_on", grid.series["item"])))
    ends = np.where(retired.isna(), len(position) - 1, calendar.number(retired.fillna(first)) - numbers[0])
    ends = np.minimum(np.maximum(ends, latest), len(position) - 1)
    live = (position >= opens[:, None]) & (position <= ends[:, None])
    return grid, np.where(live, quantity, np.nan), live, present


def _missing(found, grid, live, rows):
    """A bucket in which nobody sold anything, amid buckets in which many did, is a hole in the data and not a zero."""
    count = rows.sum(axis=0)
    usual = pd.Series(count).where(count > 0).rolling(7, center=True, min_periods=2).median().fillna(0).to_numpy()
    holes = (count == 0) & (usual >= 5)
    if not holes.any():
        return found
    expected = expectation(found.demand, grid.calendar.per_year, _groups(grid), live & ~holes).expected
    where = live & holes & np.isfinite(expected)
    return found.note(where, np.where(where, expected, 0), "missing",
                      lambda s, t: f"no item has a row in this bucket; demand is the expected {_units(expected[s, t])}")


def _stocked_out(found, grid, live, inventory_history, history_basis):
    """Add what empty shelves could not sell, at item level, shared by the markets that fell short of their expectation."""
    if inventory_history is None or inventory_history.empty:
        return found
    code, item_names = pd.factorize(grid.series["item"])
    stock = _stock(inventory_history, item_names, grid)
    total = fold(np.nan_to_num(found.demand), code, len(item_names))
    alive = fold(live.astype(float), code, len(item_names)) > 0
    families = pd.factorize(grid.series["family"])[0][np.unique(code, return_index=True)[1]]
    normal = expectation(np.where(alive, total, np.nan), grid.calendar.per_year, families, alive & ~stock.empty)
    lost = _lost(total, normal, stock, history_basis, alive)
    local = expectation(found.demand, grid.calendar.per_year, _groups(grid), live & ~stock.empty[code])
    short = np.where(live, np.maximum(np.nan_to_num(local.expected) - np.nan_to_num(found.demand), 0), 0.0)
    part = short / np.maximum(fold(short, code, len(item_names)), 1e-12)[code]
    added = np.minimum(part * lost[code], short)
    days = np.where(np.isnan(stock.days), 0, stock.days)[code]

    def why(s, t):
        seen = f"{days[s, t]:.0f} days without stock" if days[s, t] else "stock ended at 0"
        return (f"{seen} and sold {_units(found.demand[s, t])} where about {_units(local.expected[s, t])} was expected; "
                f"{_units(added[s, t])} added")
    return found.note(live & (added > 1e-6), np.nan_to_num(found.demand) + added, "stocked out", why)


@dataclass(frozen=True)
class _Stock:
    empty: np.ndarray
    days: np.ndarray
    share: np.ndarray


def _stock(inventory_history, item_names, grid):
    """Where each item was out of stock, for how many days, which share of the bucket; nothing where that is its habit."""
    items = pd.DataFrame({"item": np.asarray(item_names, dtype=object), "market": NONE, "family": NONE})
    shelf = Grid(items, grid.buckets, grid.calendar)
    counts = inventory_history.assign(market=NONE, counted=1.0, none=(inventory_history["on_hand"] <= 0).astype(float))
    counted, none = shelf.array(counts, "counted") > 0, shelf.array(counts, "none") > 0
    days = np.full(shelf.shape, np.nan)
    if "stocked_out" in counts and counts["stocked_out"].notna().any():
        known = counts[counts["stocked_out"].notna()]
        days = np.where(shelf.array(known, "counted") > 0, shelf.array(known, "stocked_out"), np.nan)
    length = ((grid.calendar.last_day(grid.buckets) - grid.buckets) / np.timedelta64(1, "D") + 1).to_numpy()
    share = np.clip(np.nan_to_num(days) / length, 0, 1)
    empty = (share > 0) | (none & np.isnan(days))
    habit = empty.sum(axis=1) > OFTEN_EMPTY * np.maximum(counted.sum(axis=1), 1)
    empty = empty & ~habit[:, None]
    return _Stock(empty, np.where(empty, days, np.nan), np.where(empty, share, 0.0))


def _lost(total, normal, stock, history_basis, alive):
    """Units that an item lost: the expected sales of the days without stock, never above what was expected.

    Orders are still taken with an empty shelf, so there demand must be clearly short before any is added; a count of 0
    without days says less still: a long or a common fall is taken for what it is.
    """
    short = np.where(alive, np.maximum(np.nan_to_num(normal.expected) - total, 0), 0.0)
    clearly = normal.score < (-2.0 if history_basis == "orders" else 0.0)
    by_days = np.where(stock.share > 0, np.nan_to_num(normal.expected) * stock.share, 0.0) * clearly
    isolated = (_run(normal.score, NEAR) <= LONGEST) & ~_common(normal.score, alive)
    by_count = np.where(stock.empty & (stock.share == 0) & (normal.score < -NEAR) & isolated, short, 0.0)
    return np.minimum(short, np.maximum(by_days, by_count))


def _outliers(found, grid, live, events):
    """Isolated buckets far from their neighbours and season become the expected level; doubtful ones are only shown."""
    rises, falls = explained(grid, events)
    normal = expectation(found.demand, grid.calendar.per_year, _groups(grid), live & ~(rises & falls) & (found.flag == ""))
    sold = np.nan_to_num(found.demand)
    sparse = ((sold == 0) & live).sum(axis=1) > SPARSE * live.sum(axis=1)
    score = np.where(live & ~sparse[:, None] & ~np.where(normal.score > 0, rises, falls), normal.score, 0.0)
    far = np.abs(score) >= UNUSUAL
    alone = _run(score, NEAR) <= np.where(score > 0, LONGEST, 1)
    strong = (np.abs(score) >= OUTLIER) & alone & ~_common(score, live) & ~_doubtful_end(score, live)
    strong |= _giants(sold, sparse, live & ~rises)
    typical = np.where(sparse, _typical(sold), 0.0)[:, None]
    expected = np.where(sparse[:, None], typical, normal.expected)
    found = found.note(strong, expected, "outlier", lambda s, t: (
        f"sold {_units(sold[s, t])} where neighbours and season suggest about {_units(expected[s, t])}"
        + (f" ({abs(score[s, t]):.0f} robust deviations away)" if score[s, t] else "") + f"; demand set to {_units(expected[s, t])}"))
    return found.note(far & ~strong, found.demand, "unusual", lambda s, t: (
        f"sold {_units(sold[s, t])} where about {_units(expected[s, t])} was expected "
        f"({abs(score[s, t]):.0f} robust deviations away); not strong enough to change it"))


def _common(score, live):
    """Cells of buckets in which many series stray to the same side: the company's news, not one series' outlier."""
    common = np.zeros(score.shape, dtype=bool)
    enough = max(3.0, TOGETHER * len(score))
    for side in (1, -1):
        astray = (score * side >= UNUSUAL) & live
        common |= astray & ((astray.sum(axis=0) >= enough) & (astray.sum(axis=0) >= TOGETHER * live.sum(axis=0)))
    return common


def _run(score, limit):
    """Length of the run of buckets beyond ``limit`` on the same side in which each cell stands."""
    length = np.zeros(score.shape)
    for side in (1, -1):
        beyond = score * side >= limit
        ahead, behind = np.zeros(score.shape), np.zeros(score.shape)
        for t in range(score.shape[1]):
            ahead[:, t] = (ahead[:, t - 1] + 1 if t else 1) * beyond[:, t]
        for t in reversed(range(score.shape[1])):
            behind[:, t] = (behind[:, t + 1] + 1 if t + 1 < score.shape[1] else 1) * beyond[:, t]
        length = np.maximum(length, (ahead + behind - 1) * beyond)
    return length


def _doubtful_end(score, live):
    """The last two buckets may be a new level: a fall there is never changed, a rise only on double evidence."""
    position = np.arange(score.shape[1])
    last = (live * (position + 1)).max(axis=1)[:, None] - 1
    return (position >= last - 1) & (score < 2 * OUTLIER)


def _giants(sold, sparse, usable):
    """In an intermittent series of six sales or more: one that is over ten times the second largest."""
    if sold.shape[1] < 2:
        return np.zeros(sold.shape, dtype=bool)
    ordered = np.sort(sold, axis=1)
    lone = sparse & ((sold > 0).sum(axis=1) >= 6) & (ordered[:, -1] > 10 * ordered[:, -2])
    return lone[:, None] & (sold == ordered[:, -1:]) & usable


def _typical(sold):
    """Median of each series' sales above 0."""
    return pd.DataFrame(np.where(sold > 0, sold, np.nan)).median(axis=1).fillna(0).to_numpy()


def _groups(grid):
    return pd.factorize(grid.series["family"])[0]


def _units(value):
    return f"{value:,.0f}" if abs(value) >= 10 else f"{value:,.2g}"
