"""Items that come and go: launches after a like item, what they take from others, retirement and
successors.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sopkit.demand.given import Given
from sopkit.demand.issues import issue, named
from sopkit.demand.spread import spread
from sopkit.errors import PlanError
from sopkit.grid import attribute, blank, fold
from sopkit.tables import PLANS


@dataclass(frozen=True)
class Parts:
    """Signed units (series × bucket): ``launch`` that new items and successors gain,
    ``cannibalised`` and ``retirement`` lost.
    """

    launch: np.ndarray
    cannibalised: np.ndarray
    retirement: np.ndarray

    @property
    def units(self) -> np.ndarray:
        """The stage's signed units: the three together."""
        return self.launch + self.cannibalised + self.retirement


def launch_parts(given: Given, before) -> Parts:
    """What launches, cannibalisation and retirement do to the sum before.

    A new item sells the like item's baseline × peak × ramp, market by market, from its first day;
    the curve replaces what its own young history suggests until it has sold for half a year after
    its ramp; then that history speaks for itself. It takes ``cannibalisation`` of what it gains
    from the cannibalised item or family in the same market, in proportion to baseline, never more
    than is there. A retired item ends with its last day; if that lies in the plan its successor
    takes over, unless the successor has a launch of its own.
    """
    zero = np.zeros(given.grid.shape)
    launch, row = _curves(given, before)
    taken = _cannibalised(given, launch, row, before)
    ending, gained = _retirement(given, before + launch + taken, row)
    return Parts(launch + gained, taken, ending) if len(before) else Parts(zero, zero, zero)


def product_plan(given: Given, parts: Parts) -> pd.DataFrame:
    """The table ``product_plan``: every bucket of each item that is launched, retired, succeeding
    or cannibalised.
    """
    code, names = pd.factorize(given.grid.series["item"])
    launch, taken, ending = (
        fold(values, code, len(names))
        for values in (parts.launch, parts.cannibalised, parts.retirement)
    )
    status = _status(given, names, launch, taken)
    touched = (status != "").any(axis=1)
    rows, buckets = int(touched.sum()), given.grid.buckets
    frame = pd.DataFrame(
        {
            "item": np.repeat(np.asarray(names, dtype=object)[touched], len(buckets)),
            "bucket": np.tile(buckets.to_numpy(), rows),
            "launch": launch[touched].ravel(),
            "retirement": ending[touched].ravel(),
            "cannibalised": taken[touched].ravel(),
            "status": status[touched].ravel(),
        }
    )
    return PLANS["product_plan"].conform(frame) if rows else PLANS["product_plan"].empty()


def launch_issues(given: Given) -> list[dict]:
    """Issues of launches that bring no volume: no like item, or one without demand; and of launches
    that nobody described.
    """
    launches, grid = _launches(given), given.grid
    found = []
    if len(launches):
        known = set(
            grid.series["item"][
                (given.reference(grid.series["item"], grid.series["market"]) > 0).any(axis=1)
            ]
        )
        empty = launches[~launches["like_item"].isin(known) & ~launches["item"].isin(known)]
        if len(empty):
            found.append(
                issue(
                    "launches",
                    "like_item",
                    "no like item",
                    f"{len(empty)} launches have no like item with demand: {named(empty['item'])}",
                    "no launch volume; name a like item, or give a sales input or an override",
                    value=named(empty["like_item"]),
                )
            )
    if "launched_on" in given.items:
        coming = given.items[pd.to_datetime(given.items["launched_on"]) >= grid.buckets[0]]
        coming = coming[~coming["item"].isin(launches["item"])]
        if len(coming):
            found.append(
                issue(
                    "items",
                    "launched_on",
                    "no launch row",
                    f"{len(coming)} items are launched within the plan without a row in launches:"
                    f" {named(coming['item'])}",
                    "no launch volume; add a row with a like item to launches",
                    value=len(coming),
                )
            )
    return found


def _launches(given):
    if given.launches is None or given.launches.empty:
        return pd.DataFrame(columns=["item", "like_item", "launched_on"])
    launches = given.launches.reset_index(drop=True)
    return launches if "like_item" in launches else launches.assign(like_item=None)


def _curves(given, before):
    """Net launch units (series × bucket) and each series' row in launches while its curve holds,
    else −1.
    """
    launches, grid = _launches(given), given.grid
    launch, row = np.zeros(grid.shape), np.full(grid.shape[0], -1)
    if launches.empty or not grid.shape[0]:
        return launch, row
    fraction, since, length = _ramps(launches, grid)
    row = pd.Index(launches["item"].astype("object")).get_indexer(grid.series["item"])
    like = given.reference(
        launches["like_item"].to_numpy(dtype=object)[row],
        grid.series["market"].to_numpy(dtype=object),
    )
    own = (given.baseline > 0).any(axis=1)
    holds = (row >= 0) & (like > 0).any(axis=1) & (~own | _young(grid, since, length)[row])
    curve = like * fraction[row]
    return np.where(holds[:, None] & (since[row] >= 0), curve - before, 0.0), np.where(
        holds, row, -1
    )


def _ramps(launches, grid):
    """Fraction of the like item's demand (launch × bucket), buckets since launch, length of each
    ramp.
    """
    steps = [
        _ramp(item, text)
        for item, text in zip(
            launches["item"], launches.get("ramp", pd.Series(None, index=launches.index))
        )
    ]
    length = np.array([len(ramp) for ramp in steps])
    table = np.ones((len(steps), max(length.max(initial=0), 1) + 1))
    for at, ramp in enumerate(steps):
        table[at, : len(ramp)] = ramp
    first = grid.calendar.number(grid.buckets[:1])[0]
    since = (
        first + np.arange(grid.shape[1]) - grid.calendar.number(launches["launched_on"])[:, None]
    )
    peak = (
        pd.to_numeric(launches["peak"]).fillna(1.0).to_numpy()
        if "peak" in launches
        else np.ones(len(launches))
    )
    sold = grid.covered(launches["launched_on"], pd.Series(pd.NaT, index=launches.index))
    height = np.take_along_axis(table, np.clip(since, 0, table.shape[1] - 1), axis=1)
    return height * peak[:, None] * sold, since, length


def _young(grid, since, length):
    """Launches that at the plan's start have not yet sold for half a year after their ramp."""
    return since[:, 0] < length + grid.calendar.per_year // 2


def _ramp(item, text):
    if text is None or text != text or str(text).strip() == "":
        return []
    try:
        ramp = [float(part) for part in str(text).split(";")]
    except ValueError:
        ramp = [-1.0]
    if not all(0 <= step < float("inf") for step in ramp):
        raise PlanError(
            f"table launches, item {item}, column ramp: {str(text)!r} is not a ramp; "
            "write fractions of the peak by bucket, separated by ;, for example 0.2;0.5;0.8"
        )
    return ramp


def _cannibalised(given, launch, row, before):
    """What each series loses to the launches in its market, as negative units."""
    launches, grid = _launches(given), given.grid
    if launches.empty or "cannibalisation" not in launches:
        return np.zeros(grid.shape)
    share = pd.to_numeric(launches["cannibalisation"]).fillna(0).to_numpy()
    wanted = np.where((row >= 0)[:, None], np.maximum(launch, 0) * share[row][:, None], 0.0)
    weight = np.where((row >= 0)[:, None], 0.0, np.maximum(given.baseline, 0))
    loss = np.zeros(grid.shape)
    for victim, field in (("cannibalised_item", "item"), ("cannibalised_family", "family")):
        if victim not in launches:
            continue
        named_here = ~blank(launches, victim)[row] & (row >= 0)
        names = np.where(named_here, launches[victim].to_numpy(dtype=object)[row], None)
        losers = pd.MultiIndex.from_arrays(
            [grid.series[field].astype(object), grid.series["market"].astype(object)]
        )
        code, unique = pd.factorize(losers)
        winners = np.where(
            named_here,
            pd.Index(unique).get_indexer(
                pd.MultiIndex.from_arrays([names, grid.series["market"].astype(object)])
            ),
            -1,
        )
        loss += spread(fold(wanted, winners, len(unique)), weight, code, weight > 0)
    return -np.minimum(loss, np.maximum(before, 0))


def _retirement(given, standing, row):
    """What ends with each series' last day (negative), and what successors gain by it."""
    grid, gained = given.grid, np.zeros(given.grid.shape)
    retired = pd.to_datetime(attribute(given.items, "retired_on", grid.series["item"]))
    if retired.isna().all():
        return np.zeros(grid.shape), gained
    gone = 1 - grid.covered(pd.Series(pd.Timestamp.min.ceil("D"), index=retired.index), retired)
    ending = np.maximum(standing, 0) * gone
    successor = attribute(given.items, "successor", grid.series["item"])
    heir = grid.find(successor, grid.series["market"])
    takes_over = (heir >= 0) & (retired >= grid.buckets[0]).to_numpy() & (row[heir] < 0)
    np.add.at(gained, heir[takes_over], (ending * (1 - gone[heir]))[takes_over])
    return -ending, gained


def _status(given, names, launch, taken):
    """What an item is doing in each bucket, in a word; empty where nothing comes or goes."""
    grid, launches = given.grid, _launches(given)
    status = np.where(taken < 0, "cannibalised", "").astype(object)
    status[(launch > 0)] = "successor"
    retired = pd.to_datetime(attribute(given.items, "retired_on", names))
    if retired.notna().any():
        last = np.where(
            retired.notna(),
            grid.calendar.number(retired.fillna(grid.buckets[0])),
            np.iinfo("int64").max,
        )[:, None]
        number = grid.calendar.number(grid.buckets)[None, :]
        status[number > last] = "retired"
        status[number == last] = "retiring"
    at = pd.Index(launches["item"].astype("object")).get_indexer(names)
    if (at >= 0).any():
        _, since, length = _ramps(launches, grid)
        running = (at >= 0) & _young(grid, since, length)[at]
        since, length = since[at], length[at][:, None]
        for word, where in (
            ("before launch", since < 0),
            ("launch", since == 0),
            ("ramp", (since > 0) & (since < length)),
            ("launched", (since > 0) & (since >= length)),
        ):
            status[where & running[:, None]] = word
    return status
