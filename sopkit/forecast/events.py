"""Events and prices as drivers: how much they lifted demand, demand without them, and what the
coming ones will add.

An event's uplift is a fraction of the demand expected without it. Expected demand comes from the
other buckets (season and neighbours); what the event buckets sold beyond it is regressed on the
share of the bucket that the event covered.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sopkit.buckets import Calendar
from sopkit.errors import PlanError
from sopkit.forecast.panel import Panel, key_columns, panel_of
from sopkit.forecast.prepare import fill

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


def learn_events(history, events, items=None, season=None) -> EventModel:
    """Uplifts by series and kind, and the events' effects in the history (units).

    ``events`` has event, starts_on, ends_on and optionally item, family, market, kind, uplift,
    pull_forward, price; ``items`` gives family and list price where events name families or prices.
    A given uplift is taken as it is; a blank one is estimated by ordinary least squares
    (statsmodels) and drawn toward the kind's mean the less evidence there is (DerSimonian & Laird
    1986). Raises ``PlanError`` for missing columns, an end before the start, and scopes it cannot
    resolve.

    >>> history = pd.DataFrame({"item": "A", "bucket": pd.date_range("2024-01-01", periods=24, freq="MS"), "quantity": [10.0] * 23 + [15.0]})
    >>> events = pd.DataFrame({"event": ["sale"], "item": ["A"], "starts_on": ["2025-12-01"], "ends_on": ["2025-12-31"]})
    >>> learn_events(history, events).past["effect"].tail(1).round(2).tolist()
    [5.0]
    """
    events = checked(events)
    panel = panel_of(history[[*key_columns(history), "bucket", "quantity"]], season)
    design = _design(panel, events, items)
    touched = np.flatnonzero(
        np.any(design.share != 0, axis=(1, 2))
        | np.any(design.given != 0, axis=1)
        | np.any(design.price != 0, axis=1)
    )
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

    >>> history = pd.DataFrame({"item": "A", "bucket": pd.date_range("2024-01-01", periods=24, freq="MS"), "quantity": [10.0] * 23 + [15.0]})
    >>> events = pd.DataFrame({"event": ["sale", "next sale"], "item": ["A", "A"], "starts_on": ["2025-12-01", "2026-12-01"], "ends_on": ["2025-12-31", "2026-12-31"]})
    >>> fill_uplifts(events, learn_events(history, events), history[["item"]])["uplift"].round(1).tolist()
    [0.5, 0.5]
    """
    events = checked(events)
    keys = series[[name for name in ("item", "market") if name in series]].drop_duplicates(
        ignore_index=True
    )
    uplift, pull, elasticity = lookup(keys, model.uplifts)
    parts = [events[events["uplift"].notna()]]
    for event in events[events["uplift"].isna()].itertuples():
        rows = rows_in_scope(keys, event, items)
        ratio = price_ratio(keys, rows, event, items) if event.kind == "price" else None
        if not len(rows) or (event.kind == "price" and ratio is None):
            parts.append(events.loc[[event.Index]])
            continue
        size = (
            np.exp(ratio * elasticity[rows]) - 1
            if ratio is not None
            else uplift[rows, KINDS.index(event.kind)]
        )
        taken = np.zeros(len(rows)) if ratio is not None else pull[rows, KINDS.index(event.kind)]
        told = (
            pd.DataFrame([event._asdict()] * len(rows))
            .drop(columns="Index")
            .assign(family=None, item=keys["item"].iloc[rows].to_numpy(), uplift=size)
        )
        told["pull_forward"] = told["pull_forward"].fillna(pd.Series(taken))
        parts.append(
            told.assign(market=keys["market"].iloc[rows].to_numpy()) if "market" in keys else told
        )
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


def checked(events: pd.DataFrame) -> pd.DataFrame:
    """The events with every column, dates parsed; ``PlanError`` where something must be mended."""
    missing = [name for name in ("event", "starts_on", "ends_on") if name not in events.columns]
    if missing:
        raise PlanError(
            f"events has no column {', '.join(missing)}; give event, starts_on, ends_on and, where"
            " known, item, family, market, kind, uplift"
        )
    events = events.copy().reset_index(drop=True)
    for name in ("item", "family", "market", "kind"):
        events[name] = (
            events[name].astype(object).where(events[name].notna(), None)
            if name in events
            else None
        )
    events["kind"] = [kind if kind in (*KINDS, "price") else "promotion" for kind in events["kind"]]
    for name in ("uplift", "pull_forward", "price"):
        events[name] = pd.to_numeric(events[name]) if name in events else np.nan
    for name in ("starts_on", "ends_on"):
        events[name] = pd.to_datetime(events[name])
    wrong = ~(events["ends_on"] >= events["starts_on"])
    if wrong.any():
        raise PlanError(
            f"events has {int(wrong.sum())} row(s) that end before they start or lack a date, first"
            f" event {events.loc[wrong, 'event'].iloc[0]!r}; set starts_on and ends_on"
        )
    return events


def _design(panel: Panel, events, items) -> Design:
    count, width = panel.values.shape
    share, given, price = (
        np.zeros((count, len(KINDS), width)),
        np.zeros((count, width)),
        np.zeros((count, width)),
    )
    first = panel.last - width + 1
    for event in events.itertuples():
        rows, ratio = rows_in_scope(panel.keys, event, items), None
        numbers, covered = bucket_shares(panel.calendar, event.starts_on, event.ends_on)
        if event.kind == "price" and np.isnan(event.uplift):
            ratio = price_ratio(panel.keys, rows, event, items)
        columns = numbers[None] - first[rows][:, None]
        inside = (columns >= 0) & (columns < width)
        at, place = np.nonzero(inside)
        target = rows[at], columns[at, place]
        if ratio is not None:
            price[target] = ratio[at] * covered[place]
        elif np.isnan(event.uplift):
            kind = KINDS.index(event.kind)
            np.maximum.at(share, (target[0], np.full(len(at), kind), target[1]), covered[place])
        else:
            np.add.at(given, target, event.uplift * covered[place])
    after = np.zeros_like(share)
    after[:, :, 1:] = np.where(share[:, :, 1:] == 0, share[:, :, :-1], 0)
    return Design(share, given, price, after)


def price_ratio(keys, rows, event, items):
    if items is None or "price" not in items or np.isnan(event.price):
        return None
    listed = (
        keys["item"].iloc[rows].map(dict(zip(items["item"], items["price"]))).to_numpy(dtype=float)
    )
    known = (listed > 0) & (event.price > 0)
    return np.where(
        known, np.log(np.where(known, event.price, 1) / np.where(known, listed, 1)), 0.0
    )


def _expected(panel, design, rows):
    """Demand of the touched series with event buckets filled from their neighbours and season, and
    given uplifts taken out.
    """
    values = panel.values[rows] / np.maximum(1 + design.given[rows], 0.05)
    values = np.where(design.mask()[rows], np.nan, values)
    return fill(values, np.ones(len(rows), dtype=bool), panel.season)


def _estimate(panel, design, expected, rows) -> pd.DataFrame:
    """One row per series and kind that an event of unknown effect touched."""
    from statsmodels.regression.linear_model import OLS

    found, touched = [], design.mask()
    for row in rows:
        usable = np.isfinite(expected[row]) & np.isfinite(panel.values[row]) & (expected[row] > 0)
        base = panel.values[row] / np.maximum(1 + design.given[row], 0.05)
        relative = np.where(usable, base / np.where(usable, expected[row], 1) - 1, 0.0)
        noise = _noise(panel.values[row], expected[row], touched[row], panel.season)
        for kind, name in enumerate(KINDS):
            share, after = design.share[row, kind], design.after[row, kind]
            use = usable & ((share > 0) | (after > 0))
            if (use & (share > 0)).any():
                regressors = np.stack([share, after], axis=1)[use][
                    :, : 1 + int((use & (after > 0)).any())
                ]
                result = OLS(np.clip(relative[use], -1, 20), regressors).fit()
                error = noise / np.sqrt((share[use] ** 2).sum())
                found.append(
                    (
                        row,
                        name,
                        result.params[0],
                        error,
                        int((share[use] > 0).sum()),
                        result.params[1] if len(result.params) > 1 else 0.0,
                    )
                )
        use = usable & (design.price[row] != 0) & (panel.values[row] > 0)
        if use.any():
            logs = np.clip(np.log(np.maximum(1 + relative[use], 1e-3)), -LOG_LIMIT, LOG_LIMIT)
            result = OLS(logs, design.price[row][use]).fit()
            found.append(
                (
                    row,
                    "price",
                    result.params[0],
                    noise / np.sqrt((design.price[row][use] ** 2).sum()),
                    int(use.sum()),
                    0.0,
                )
            )
    return _shrunk(
        panel,
        pd.DataFrame(
            found, columns=["row", "kind", "own_uplift", "standard_error", "evidence", "after"]
        ),
    )


def _noise(values, expected, mask, season):
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
    names = list(keys.columns)
    uplift, pull = np.zeros((len(keys), len(KINDS))), np.zeros((len(keys), len(KINDS)))
    elasticity = np.zeros(len(keys))
    for kind in (*KINDS, "price"):
        rows = uplifts[uplifts["kind"] == kind]
        usual = float(np.average(rows["uplift"], weights=rows["evidence"])) if len(rows) else 0.0
        own = (
            keys.merge(rows, on=[name for name in names if name in rows], how="left")["uplift"]
            .fillna(usual)
            .to_numpy(dtype=float)
        )
        if kind == "price":
            elasticity = own
        else:
            uplift[:, KINDS.index(kind)] = own
            pull[:, KINDS.index(kind)] = (
                keys.merge(rows, on=names, how="left")["pull_forward"]
                .fillna(0.0)
                .to_numpy(dtype=float)
            )
    return uplift, pull, elasticity


def _past_frame(panel, effect) -> pd.DataFrame:
    width = panel.values.shape[1]
    rows, columns = np.nonzero((np.arange(width) >= width - panel.lengths[:, None]) & (effect != 0))
    frame = panel.keys.iloc[rows].reset_index(drop=True)
    return frame.assign(bucket=panel.past()[rows, columns], effect=effect[rows, columns])


def rows_in_scope(keys: pd.DataFrame, event, items=None) -> np.ndarray:
    """Rows of ``keys`` (item, [market]) that an event's item, family and market name; a blank names
    everything.

    Raises ``PlanError`` where a family is named and ``items`` (item, family) is not given.
    """
    inside = np.ones(len(keys), dtype=bool)
    if _named(event.item):
        inside &= (keys["item"] == event.item).to_numpy()
    if _named(event.family):
        if items is None or "family" not in items:
            raise PlanError(
                f"event {event.event!r} names family {event.family!r}, but no families were given;"
                " pass items with item and family"
            )
        inside &= keys["item"].isin(items.loc[items["family"] == event.family, "item"]).to_numpy()
    if _named(event.market) and "market" in keys:
        inside &= (keys["market"] == event.market).to_numpy()
    return np.flatnonzero(inside)


def bucket_shares(calendar: Calendar, starts_on, ends_on) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of the buckets between two days (inclusive), and the share of each bucket's days that
    lie between them.

    >>> bucket_shares(Calendar("month"), pd.Timestamp("2026-01-17"), pd.Timestamp("2026-02-28"))[1].round(3).tolist()
    [0.484, 1.0]
    """
    first, last = calendar.number([starts_on, ends_on])
    numbers = np.arange(first, last + 1)
    begins, ends = calendar.stamp(numbers).to_numpy(), calendar.stamp(numbers + 1).to_numpy()
    day = np.timedelta64(1, "D")
    from_day = np.maximum(begins, np.datetime64(starts_on))
    to_day = np.minimum(ends, np.datetime64(ends_on) + day)
    return numbers, (to_day - from_day) / (ends - begins)


def _named(value) -> bool:
    return not pd.isna(value) and value != ""
