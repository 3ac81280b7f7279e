"""Items that come and go: launches after a like item, what they take from others, retirement and
successors.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sopkit.demand.issues import counted, named
from sopkit.demand.spread import spread
from sopkit.errors import PlanError
from sopkit.grid import attribute, blank, fold, grid_of
from sopkit.tables import PLANS

PRIOR = 0.25  # standard error of what people say of cannibalisation
LASTING = 2  # years for which a launch takes from others: then their own history says it
NEVER = pd.Timestamp.max.floor("D")
VICTIMS = {"cannibalised_item": "item", "cannibalised_family": "family"}
ALWAYS = pd.Timestamp.min.ceil("D")


@dataclass(frozen=True)
class Curves:
    """The launch of each item asked for: ``fraction`` of the like item's demand and buckets
    ``since`` launch (item × bucket), ``length`` of its ramp, and whether it is ``young``: launched,
    and at the plan's start not yet sold for half a year after its ramp.
    """

    rows: pd.DataFrame
    fraction: np.ndarray
    since: np.ndarray
    length: np.ndarray
    young: np.ndarray


def launch_units(given, before) -> tuple[np.ndarray, list[dict]]:
    """The signed units of ``launch_parts`` together, and the issues of launches that bring no
    volume: no like item, or one without demand; and of launches that nobody described.
    """
    series, launches, items = given.grid.series, given.book.launches, given.book.items
    sells = (given.reference(series["item"], series["market"]) > 0).any(axis=1)
    known = set(series["item"][sells])
    empty = launches[~launches["like_item"].isin(known) & ~launches["item"].isin(known)]
    coming = items["item"][items["launched_on"] >= given.grid.buckets[0]]
    return sum(launch_parts(given, before).values()), counted(
        empty["item"],
        "launches",
        "like_item",
        "no like item",
        "launches have no like item with demand",
        "no launch volume; name a like item, or give a sales input or an override",
        value=named(empty["like_item"]),
    ) + counted(
        coming[~coming.isin([*launches["item"], *successors(items)])],
        "items",
        "launched_on",
        "no launch row",
        "items are launched within the plan without a row in launches",
        "no launch volume; add a row with a like item to launches",
    )


def launch_parts(given, before) -> dict[str, np.ndarray]:
    """What ``launch`` (new items and successors), ``retirement`` and being ``cannibalised`` do to
    the sum before, each in signed units (series × bucket).

    A new item sells the like item's baseline × peak × ramp, market by market, from its first day;
    the curve replaces what its own young history suggests until it has sold for half a year after
    its ramp; then that history speaks for itself. For two years it takes ``cannibalisation`` (see
    ``refitted``) of what it sells from the cannibalised item or family in the same market, in
    proportion to baseline, never more than is there; their history is that of before
    (``with_taken``). A retired item ends with its last day; then its
    successor takes over, and that one's when it retires too, unless it has a launch of its own.
    """
    curves = _curves(given, given.grid.series["item"])
    launch, new = _launched(given, curves, before)
    taken = _cannibalised(given, curves, launch, new, before)
    ending, gained = _retirement(given, before + launch + taken, new)
    return {"launch": launch + gained, "retirement": ending, "cannibalised": taken}


def refitted(launches, known, book) -> pd.DataFrame:
    """The ``launches`` whose cannibalisation is what ``known`` (item, market, bucket, sold) says by
    now: the part of what the new item sold by which its victims sold less than a year before,
    weighed with what was declared by their standard errors.

    >>> from sopkit.metrics import Book
    >>> months = pd.date_range("2024-01-01", periods=30, freq="MS")
    >>> old = pd.DataFrame({"item": "A", "market": "N", "bucket": months, "sold": 100.0})
    >>> old.loc[24:, "sold"] = 80.0
    >>> sold = pd.concat([old, old[24:].assign(item="B", sold=40.0)])
    >>> rows = pd.DataFrame({"item": ["B"], "like_item": "A", "launched_on": months[24:25],
    ...     "cannibalised_item": "A", "cannibalisation": 0.2})
    >>> book = Book({"launches": rows}, first="2026-07-01")
    >>> refitted(book.launches, sold, book)["cannibalisation"].round(6).tolist()
    [0.5]
    """
    shares = launches["cannibalisation"].copy()
    for row, grid, sold, begin, own, victims in _taking(launches, known, book):
        victims = victims & (sold[:, -3:].sum(axis=1) > 0)  # what ended, ended
        total, year = sold[victims].sum(axis=0), grid.calendar.per_year
        less, usual = total[:-year] - total[year:], (total[:-year] - total[year:])[: begin - year]
        seen = less[begin - year :][:year] if begin >= year else less[:0]
        gained = sold[own, begin : begin + len(seen)].sum()
        if len(usual) >= year // 2 and begin >= year and gained > 0:
            error = usual.std() * (len(seen) * (1 + len(seen) / len(usual))) ** 0.5 / gained
            weight = 1 / (1 + (error / PRIOR) ** 2)
            part = weight * (seen - usual.mean()).sum() / gained
            shares[row.Index] = np.clip(part + (1 - weight) * row.cannibalisation, 0, 1)
    return launches.assign(cannibalisation=shares)


def with_taken(known, book) -> pd.DataFrame:
    """What was sold (item, market, bucket, sold), to which is added what launches took from it (see
    ``refitted``), in proportion to what their victims sold before in the same market.
    """
    launches, grid, taken = refitted(book.launches, known, book), None, 0.0
    for row, grid, sold, begin, own, victims in _taking(launches, known, book):
        market = pd.factorize(grid.series["market"])[0]
        gained = fold(sold, np.where(own, market, -1), market.max() + 1)
        gained[:, :begin] = 0.0
        before = sold[:, max(begin - grid.calendar.per_year, 0) : begin].sum(axis=1)
        weight = np.repeat(before[:, None], grid.shape[1], axis=1)
        member = np.where(victims, market, -1)
        taken = taken + spread(row.cannibalisation * gained, weight, member, weight > 0)
    if grid is None:
        return known
    row_at, at = grid.find(known["item"], known["market"]), grid.column(known["bucket"])
    return known.assign(sold=known["sold"] + taken[row_at, at])


def _taking(launches, known, book):
    """Of each launch that takes from what was sold: its row, the grid, the units sold, the number
    of its first bucket there, and which series are its own and its victims'.
    """
    takes = _victims(launches)[1] & (launches["cannibalisation"] > 0)
    launches = launches[takes & launches["item"].isin(known["item"].unique())]
    if launches.empty:
        return
    first, last = book.calendar.number([known["bucket"].min(), known["bucket"].max()])
    launches = launches[_recent(launches["launched_on"], book.calendar, last + 1)]
    buckets = book.calendar.stamp(np.arange(first, last + 1))
    grid = grid_of(known, buckets, book.members, book.calendar)
    sold = grid.array(known.fillna({"sold": 0.0}), "sold")
    for row, victims in zip(launches.itertuples(), grid.holds(_victims(launches)[0])):
        begin, own = int(book.calendar.number([row.launched_on])[0] - first), row.item
        own = (grid.series["item"] == own).to_numpy()
        victims = victims & grid.series["market"].isin(grid.series["market"][own]).to_numpy()
        if 0 < begin < len(buckets):
            yield row, grid, sold, begin, own, victims & ~own


def _victims(launches):
    """Whom each launch takes from, as a scope: an item, else a family; and whether it names one."""
    scopes = launches[[*VICTIMS]].rename(columns=VICTIMS)
    return scopes, ~np.logical_and.reduce([blank(scopes, name) for name in scopes])


def _recent(launched, calendar, first) -> pd.Series:
    """Whether a launch takes from others: it comes, or came in the last two years."""
    numbers = calendar.number(launched.fillna(ALWAYS))
    return pd.Series(numbers > first - LASTING * calendar.per_year, launched.index)


def successors(items) -> pd.Series:
    """The successor of each item that has one, by item; ``PlanError`` where successors lead back to
    where they began.

    >>> successors(pd.DataFrame({"item": ["A", "B"], "successor": ["B", ""]})).to_dict()
    {'A': 'B'}
    """
    looped = successor_loops(items)
    if looped:
        raise PlanError(
            f"table items, column successor: {len(looped)} item(s) lead back to themselves:"
            f" {', '.join(map(str, looped[:5]))}; leave the successor of one of them blank"
        )
    return _following(items)


def successor_loops(items) -> list:
    """The items whose successors lead back to them.

    >>> successor_loops(pd.DataFrame({"item": ["A", "B", "C"], "successor": ["B", "A", "B"]}))
    ['A', 'B']
    """
    follows, looped = _following(items).to_dict(), []
    for item in follows:
        line, at = set(), item
        while at in follows and at not in line:
            line.add(at)
            at = follows[at]
        looped += [item] * (at == item)
    return looped


def _following(items) -> pd.Series:
    told = items[~blank(items, "successor")].drop_duplicates("item")
    return told.set_index("item").get("successor", pd.Series(dtype="object"))


def product_plan(given, parts) -> pd.DataFrame:
    """The table ``product_plan`` of ``launch_parts``: every bucket of each item that is launched,
    retired, succeeding or cannibalised.
    """
    grid, item = given.grid.per_item()
    arrays = {name: fold(units, item, len(grid.series)) for name, units in parts.items()}
    arrays["status"] = _status(given, grid, arrays["launch"], arrays["cannibalised"])
    touched = np.flatnonzero((arrays["status"] != "").any(axis=1))
    frame = grid.only(touched).frame(**{name: values[touched] for name, values in arrays.items()})
    return PLANS["product_plan"].conform(frame)


def _curves(given, items) -> Curves:
    """The launch of each of the ``items``; one that has none is launched never."""
    grid = given.grid
    book = given.book
    launches = refitted(book.launches, book.history.assign(sold=book.history["demand"]), book)
    rows = launches.set_index("item").reindex(items).reset_index()
    launched = rows["launched_on"].fillna(NEVER)
    ramps = [_ramp(item, text) for item, text in zip(rows["item"], rows["ramp"].fillna(""))]
    length = np.array([len(ramp) for ramp in ramps], dtype=int)
    steps = np.ones((len(ramps), length.max(initial=0) + 1))
    for row in np.flatnonzero(length):
        steps[row, : length[row]] = ramps[row]
    since = grid.numbers - grid.calendar.number(launched)[:, None]
    height = np.take_along_axis(steps, np.clip(since, 0, steps.shape[1] - 1), axis=1)
    fraction = height * rows["peak"].to_numpy()[:, None] * grid.covered(launched, [pd.NaT])
    young = (launched < NEVER) & (since[:, 0] < length + grid.calendar.per_year // 2)
    return Curves(rows, fraction, since, length[:, None], young.to_numpy())


def _ramp(item, text):
    try:
        ramp = [float(part) for part in text.split(";")] if text.strip() else []
    except ValueError:
        ramp = [-1.0]
    if not all(0 <= step < float("inf") for step in ramp):
        raise PlanError(
            f"table launches, item {item}, column ramp: {text!r} is not a ramp; "
            "write fractions of the peak by bucket, separated by ;, for example 0.2;0.5;0.8"
        )
    return ramp


def _launched(given, curves, before):
    """Net launch units (series × bucket), and the series whose launch curve holds."""
    new = curves.rows["launched_on"].notna().to_numpy()
    like = np.zeros(given.grid.shape)
    markets = given.grid.series["market"].to_numpy()
    like[new] = given.reference(curves.rows["like_item"].to_numpy(dtype=object)[new], markets[new])
    own = (given.baseline > 0).any(axis=1)
    new = new & (like > 0).any(axis=1) & (~own | curves.young)
    sold = new[:, None] & (curves.since >= 0)
    return np.where(sold, like * np.nan_to_num(curves.fraction) - before, 0.0), new


def _cannibalised(given, curves, launch, new, before):
    """What each series loses to the launches in its market, as negative units; nothing where a
    launch curve holds itself (``new``).
    """
    grid, loss, rows = given.grid, np.zeros(given.grid.shape), curves.rows
    recent = _recent(rows["launched_on"], grid.calendar, grid.numbers[0]).to_numpy()
    sold = np.where(curves.since >= 0, np.maximum(before + launch, 0), 0.0)
    wanted = sold * np.nan_to_num(rows["cannibalisation"].to_numpy(dtype=float))[:, None]
    for item in rows["item"][recent].unique():
        own = grid.series["item"].eq(item).to_numpy()
        weight = np.where((own | new)[:, None], 0.0, np.maximum(given.baseline, 0))
        victims, told = _victims(rows[own])
        victims["market"] = grid.series["market"].to_numpy()[own]
        for level in grid.levels(victims[told]):
            total = fold(wanted[own][told][level.rows], level.scope, level.count)
            loss += spread(total, weight, level.member, weight > 0)
    return -np.minimum(loss, np.maximum(before, 0))


def _retirement(given, standing, new):
    """What ends with each series' last day (negative), and what successors gain by it: each until
    its own last day, then the next.
    """
    grid, names = given.grid, given.grid.series["item"]
    gone = 1 - grid.covered([ALWAYS], attribute(given.book.items, "retired_on", names))
    successor, gained = successors(given.book.items), np.zeros(grid.shape)
    standing, left = np.maximum(standing, 0), gone
    while left.any():
        names = names.map(successor)
        heir = grid.find(names, grid.series["market"])
        heir = np.where((heir >= 0) & ~new[heir], heir, -1)
        onward = np.where(heir[:, None] >= 0, np.minimum(left, gone[heir]), 0.0)
        gained += fold(standing * (left - onward), heir, len(names))
        left = onward
    return -standing * gone, gained


def _status(given, grid, launch, taken):
    """What an item is doing in each bucket, in a word; empty where nothing comes or goes."""
    curves = _curves(given, grid.series["item"])
    since, young = curves.since, curves.young[:, None]
    retired = attribute(given.book.items, "retired_on", grid.series["item"]).fillna(NEVER)
    past = grid.numbers - grid.calendar.number(retired)[:, None]
    words = {
        "before launch": young & (since < 0),
        "launch": young & (since == 0),
        "ramp": young & (since < curves.length),
        "launched": young,
        "retiring": past == 0,
        "retired": past > 0,
        "successor": launch > 0,
        "cannibalised": taken < 0,
    }
    return np.select(list(words.values()), [np.array(word, dtype=object) for word in words], "")
