"""Events learned, taken out and filled in: how much they lifted demand, demand without them, and
what the coming ones will add.

An event's uplift is a fraction of the demand expected without it. Expected demand comes from the
other buckets (season and neighbours); what the event buckets sold beyond it is regressed on the
share of the bucket that the event covered.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sopkit.errors import PlanError
from sopkit.forecast.panel import Panel, key_columns, panel_of
from sopkit.forecast.prepare import fill
from sopkit.grid import NONE, Grid, attribute, blank
from sopkit.tables import INPUTS, declared

KINDS = ("promotion", "holiday", "one_off")
LOG_LIMIT = 3.0


@dataclass(frozen=True)
class EventModel:
    """What was learned: ``uplifts`` (one row per series and kind: item, [market,] kind, uplift,
    standard_error, own_uplift, evidence in buckets, pull_forward; for prices the elasticity in
    place of the uplift) and ``past`` (item, [market,] bucket, effect in units).
    """

    uplifts: pd.DataFrame
    past: pd.DataFrame


def learn_events(history, events, items=None, season=None, calendar=None) -> EventModel:
    """Uplifts by series and kind, and the events' effects in the history (units).

    ``events`` has event, starts_on, ends_on and optionally item, family, market, kind, uplift,
    pull_forward, price; ``items`` gives family and list price where events name families or prices.
    A given uplift is taken as it is; a blank one is estimated by ordinary least squares
    and drawn toward the kind's mean the less evidence there is (DerSimonian & Laird
    1986). Raises ``PlanError`` for an end before the start or without a date, and scopes it cannot
    resolve.

    >>> months = pd.date_range("2024-01-01", periods=24, freq="MS")
    >>> sold = {"item": "A", "bucket": months, "quantity": [10.0] * 23 + [15.0]}
    >>> history = pd.DataFrame(sold)
    >>> sale = {"event": "sale", "item": "A", "starts_on": "2025-12-01", "ends_on": "2025-12-31"}
    >>> events = pd.DataFrame([sale])
    >>> learn_events(history, events).past["effect"].tail(1).round(2).tolist()
    [5.0]
    """
    events = checked(events)
    panel = panel_of(history[[*key_columns(history), "bucket", "quantity"]], season, calendar)
    design = _design(panel, events, items)
    touched = np.flatnonzero((design.mask() | (design.given != 0)).any(axis=1))
    expected = panel.values.copy()
    expected[touched] = _expected(panel, design, touched)
    uplifts = _estimate(panel, design, expected, touched)
    lift = _lift(panel, design, uplifts)
    past = np.where(design.mask(), panel.values - expected, 0.0)
    modelled = expected * lift
    past = np.where(
        (design.given != 0) & np.isfinite(panel.values),
        panel.values - panel.values / np.maximum(1 + lift, 0.05),
        past,
    )
    past = np.where(np.isfinite(past), past, np.nan_to_num(modelled))
    return EventModel(uplifts, _past_frame(panel, past))


def without_events(history, model: EventModel) -> pd.DataFrame:
    """The history with the events' effects taken out of ``quantity``, never below 0 where demand
    was not; other columns and rows unchanged.
    """
    keys = [*key_columns(history), "bucket"]
    effect = history[keys].merge(model.past, on=keys, how="left")["effect"].fillna(0.0).to_numpy()
    quantity = pd.to_numeric(history["quantity"]).to_numpy(dtype=float)
    cleaned = np.where(quantity >= 0, np.maximum(quantity - effect, 0.0), quantity)
    return history.assign(quantity=cleaned)


def fill_uplifts(events, model: EventModel, series, items=None) -> pd.DataFrame:
    """The events with every blank uplift (and pull_forward) estimated: one row per series in its
    scope; given ones stay as they are.

    ``model`` is ``learn_events`` of the history, ``series`` has item, [market] of the series to be
    planned, ``items`` gives family and list price. A price event without a list price to compare
    with stays blank.

    >>> months = pd.date_range("2024-01-01", periods=24, freq="MS")
    >>> sold = {"item": "A", "bucket": months, "quantity": [10.0] * 23 + [15.0]}
    >>> history = pd.DataFrame(sold)
    >>> sale = {"event": "sale", "item": "A", "starts_on": "2025-12-01", "ends_on": "2025-12-31"}
    >>> again = sale | {"starts_on": "2026-12-01", "ends_on": "2026-12-31"}
    >>> events = pd.DataFrame([sale, again])
    >>> model = learn_events(history, events)
    >>> fill_uplifts(events, model, history[["item"]])["uplift"].round(1).tolist()
    [0.5, 0.5]
    """
    events = checked(events)
    keys = series[[name for name in ("item", "market") if name in series]]
    keys = keys.drop_duplicates(ignore_index=True)
    uplift, pull, elasticity = lookup(keys, model.uplifts)
    parts = [events[events["uplift"].notna()]]
    holds = _grid(keys, events, items).holds(events)
    for event in events[events["uplift"].isna()].itertuples():
        rows = np.flatnonzero(holds[event.Index])
        told = events.loc[[event.Index] * len(rows)].reset_index(drop=True)
        if event.kind != "price":
            kind = KINDS.index(event.kind)
            size, taken = uplift[rows, kind], pull[rows, kind]
        elif (ratio := price_ratio(keys, rows, event, items)) is not None:
            size, taken = np.exp(ratio * elasticity[rows]) - 1, np.zeros(len(rows))
        else:
            told = told.iloc[:0]
        if told.empty:
            parts.append(events.loc[[event.Index]])
            continue
        told = told.assign(family=None, uplift=size, **keys.iloc[rows].reset_index(drop=True))
        parts.append(told.fillna({"pull_forward": pd.Series(taken)}))
    return pd.concat([part for part in parts if len(part)] or [events], ignore_index=True)


@dataclass(frozen=True)
class Design:
    """Regressors of a panel: ``share`` (series, kind, bucket) covered by events of unknown uplift,
    ``given`` (series, bucket) known uplift, ``price`` (series, bucket) log of price over list
    price, ``after`` (series, kind, bucket) the share of the bucket before.
    """

    share: np.ndarray
    given: np.ndarray
    price: np.ndarray
    after: np.ndarray

    def mask(self) -> np.ndarray:
        """Buckets whose demand some event of unknown effect touched."""
        return (self.share != 0).any(axis=1) | (self.after != 0).any(axis=1) | (self.price != 0)


def checked(events) -> pd.DataFrame:
    """The events as declared, a kind that is blank or unknown a promotion; ``PlanError`` where
    dates must be mended.
    """
    events = INPUTS["events"].typed(events).reset_index(drop=True)
    known = events["kind"].isin([*KINDS, "price"])
    events["kind"] = events["kind"].where(known, "promotion")
    wrong = ~(events["ends_on"] >= events["starts_on"])
    if wrong.any():
        raise PlanError(
            f"events has {int(wrong.sum())} row(s) that end before they start or lack a date, first"
            f" event {events.loc[wrong, 'event'].iloc[0]!r}; set starts_on and ends_on"
        )
    return events


def _design(panel: Panel, events, items) -> Design:
    count, width = panel.values.shape
    share = np.zeros((count, len(KINDS), width))
    given, price = np.zeros((2, count, width))
    first = panel.last - width + 1
    end = panel.last.max(initial=0)
    span = np.arange(first.min(initial=end), end + 1)
    grid = _grid(panel.keys, events, items, panel.calendar.stamp(span), panel.calendar)
    shares = grid.covered(events["starts_on"], events["ends_on"])
    at = first[:, None] - span[:1] + np.arange(width)
    for event, held, days in zip(events.itertuples(), grid.holds(events), shares):
        rows, covered = np.flatnonzero(held), days[at[held]]
        if not np.isnan(event.uplift):
            given[rows] += event.uplift * covered
        elif event.kind in KINDS:
            kind = KINDS.index(event.kind)
            share[rows, kind] = np.maximum(share[rows, kind], covered)
        elif (ratio := price_ratio(panel.keys, rows, event, items)) is not None:
            price[rows] = np.where(covered > 0, ratio[:, None] * covered, price[rows])
    after = np.zeros_like(share)
    after[:, :, 1:] = np.where(share[:, :, 1:] == 0, share[:, :, :-1], 0)
    return Design(share, given, price, after)


def _grid(keys, events, items, buckets=None, calendar=None) -> Grid:
    """The series of ``keys``, in their order, with the families that events may name; ``PlanError``
    where they name some and ``items`` has none.
    """
    named = events[~blank(events, "family")]
    if len(named) and (items is None or "family" not in items):
        event = named.iloc[0]
        raise PlanError(
            f"event {event['event']!r} names family {event['family']!r}, but no families were"
            " given; pass items with item and family"
        )
    family = attribute(declared(items, "items"), "family", keys["item"]).fillna(NONE).to_numpy()
    return Grid(keys.assign(family=family), buckets, calendar, tuple(keys))


def price_ratio(keys, rows, event, items):
    """Log of the event's price over list price of each row, 0 where one is unknown; None where no
    list price is to be had at all.
    """
    if items is None or "price" not in items or np.isnan(event.price):
        return None
    listed = dict(zip(items["item"], items["price"]))
    ratio = event.price / keys["item"].iloc[rows].map(listed).to_numpy(dtype=float)
    known = np.isfinite(ratio) & (ratio > 0)
    return np.where(known, np.log(np.where(known, ratio, 1)), 0.0)


def _expected(panel, design, rows):
    """Demand of the touched series with event buckets filled from their neighbours and season, and
    given uplifts taken out.
    """
    values = panel.values[rows] / np.maximum(1 + design.given[rows], 0.05)
    values = np.where(design.mask()[rows], np.nan, values)
    return fill(values, np.ones(len(rows), dtype=bool), panel.season)


def _estimate(panel, design, expected, rows) -> pd.DataFrame:
    """One row per series and kind that an event of unknown effect touched."""
    found, touched = [], design.mask()
    for row in rows:
        sold, ahead, price = panel.values[row], expected[row], design.price[row]
        usable = np.isfinite(ahead) & np.isfinite(sold) & (ahead > 0)
        base = sold / np.maximum(1 + design.given[row], 0.05)
        relative = np.where(usable, base / np.where(usable, ahead, 1) - 1, 0.0)
        noise = _noise(sold, ahead, touched[row])
        for kind, share, after in zip(KINDS, design.share[row], design.after[row]):
            use = usable & ((share > 0) | (after > 0))
            if (share[use] > 0).any():
                causes = [share[use], after[use]][: 1 + int(after[use].any())]
                fitted = np.linalg.lstsq(np.stack(causes, axis=1), relative[use].clip(-1, 20))[0]
                found.append((row, kind, *_evidence(share[use], noise), *fitted, 0.0))
        use = usable & (price != 0) & (sold > 0)
        if use.any():
            logs = np.log(np.maximum(1 + relative[use], 1e-3)).clip(-LOG_LIMIT, LOG_LIMIT)
            fitted = np.linalg.lstsq(price[use][:, None], logs)[0]
            found.append((row, "price", *_evidence(price[use], noise), *fitted, 0.0))
    columns = ["row", "kind", "standard_error", "evidence", "own_uplift", "after"]
    return _shrunk(panel, pd.DataFrame([line[:6] for line in found], columns=columns))


def _evidence(cause, noise):
    """Standard error of a cause's effect, and the buckets that it touched."""
    return noise / np.sqrt((cause**2).sum()), int((cause != 0).sum())


def _noise(values, expected, mask):
    """Usual relative distance of a bucket from what its neighbours and season suggest, at least 5
    %.
    """
    clean = np.where(mask, np.nan, values)
    middle = 0.5 * (clean[:-2] + clean[2:])
    known = np.isfinite(middle) & np.isfinite(clean[1:-1]) & (middle > 0)
    distance = np.abs(clean[1:-1][known] / middle[known] - 1)
    return max(1.2533 * float(np.minimum(distance, 3).mean()) if known.any() else 0.5, 0.05)


def _shrunk(panel, found) -> pd.DataFrame:
    """Each series' estimate drawn toward its kind's mean by how little it is known."""
    found["uplift"], found["pull_forward"] = 0.0, 0.0
    for _, group in found.groupby("kind"):
        estimate, variance = group["own_uplift"].to_numpy(), group["standard_error"].to_numpy() ** 2
        mean, between = common_mean(estimate, variance)
        found.loc[group.index, "uplift"] = (estimate * between + mean * variance) / (
            between + variance
        )
        trust = group["evidence"] / (group["evidence"] + 2)
        pulled = np.clip(
            -group["after"] / group["own_uplift"].where(group["own_uplift"] > 0.05), 0, 1
        ).fillna(0.0)
        found.loc[group.index, "pull_forward"] = trust * pulled
    keys = panel.keys.iloc[found["row"]].reset_index(drop=True)
    columns = ["kind", "uplift", "standard_error", "own_uplift", "evidence", "pull_forward"]
    return pd.concat([keys, found[columns]], axis=1).sort_values(
        [*panel.keys.columns, "kind"], ignore_index=True
    )


def common_mean(estimate: np.ndarray, variance: np.ndarray) -> tuple[float, float]:
    """Mean of estimates with different variances, drawn toward 0 as if one more estimate of 0 was
    seen, and the variance between them.

    DerSimonian & Laird (1986), Meta-analysis in clinical trials, Controlled Clinical Trials 7.
    """
    weight = 1 / variance
    mean = (weight * estimate).sum() / weight.sum()
    spread = (weight * (estimate - mean) ** 2).sum() - (len(estimate) - 1)
    scale = weight.sum() - (weight**2).sum() / weight.sum()
    between = max(spread / scale if scale > 0 else 0.0, 0.05**2)
    if len(estimate) == 1:
        between = max(between, 0.3**2)
    weight = 1 / (variance + between)
    return float((weight * estimate).sum() / (weight.sum() + 1 / 0.5**2)), float(between)


def _lift(panel, design, uplifts):
    """The modelled effect as a fraction of expected demand, (series, bucket)."""
    uplift, pull, elasticity = lookup(panel.keys, uplifts)
    lift = np.einsum("skb,sk->sb", design.share, uplift) - np.einsum(
        "skb,sk->sb", design.after, uplift * pull
    )
    return design.given + lift + np.exp(design.price * elasticity[:, None]) - 1


def lookup(keys, uplifts):
    """Uplift and pull-forward by series and kind, and elasticity by series; the kind's mean where a
    series has no evidence of its own.
    """
    uplift, pull = np.zeros((2, len(keys), len(KINDS) + 1))
    for place, kind in enumerate((*KINDS, "price")):
        rows = uplifts[uplifts["kind"] == kind]
        usual = float(np.average(rows["uplift"], weights=rows["evidence"])) if len(rows) else 0.0
        own = keys.merge(rows, on=list(keys), how="left")
        uplift[:, place], pull[:, place] = (
            own["uplift"].fillna(usual),
            own["pull_forward"].fillna(0),
        )
    return uplift[:, :-1], pull[:, :-1], uplift[:, -1]


def _past_frame(panel, effect) -> pd.DataFrame:
    width = panel.values.shape[1]
    rows, columns = np.nonzero((np.arange(width) >= width - panel.lengths[:, None]) & (effect != 0))
    frame = panel.keys.iloc[rows].reset_index(drop=True)
    return frame.assign(bucket=panel.past()[rows, columns], effect=effect[rows, columns])
