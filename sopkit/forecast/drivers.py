"""Events and prices as drivers: how much they lifted demand, demand without them, and what the
coming ones will add.

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
from sopkit.forecast.scope import bucket_shares, rows_in_scope

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
    and drawn toward the kind's mean the less evidence there is (DerSimonian & Laird
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


def event_effects(
    history, events, baseline, items=None, season=None, model: EventModel | None = None
) -> pd.DataFrame:
    """What events add to the baseline: item, [market,] bucket, effect (signed units); sorted by
    key, one row per baseline row.

    ``baseline`` has item, [market,] bucket, baseline, as ``forecast`` returns it. Pulled-forward
    units are taken from the buckets after the event, as many as it lasted; demand does not fall
    below 0. ``model`` is an earlier ``learn_events`` of the same history.
    """
    model = model or learn_events(history, events, items, season)
    renamed = baseline.rename(columns={"baseline": "quantity"})
    panel = panel_of(renamed[[*key_columns(renamed), "bucket", "quantity"]], season)
    lift, pulled = _future_lift(panel, checked(events), items, model)
    effect = np.maximum(
        panel.values * lift - _after(panel.values * np.maximum(lift, 0) * pulled, lift > 0),
        -np.nan_to_num(panel.values),
    )
    frame = _past_frame(panel, effect, every=True)
    keys = [*key_columns(renamed), "bucket"]
    return renamed[keys].merge(frame, on=keys, how="left").sort_values(keys, ignore_index=True)


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
                result = np.linalg.lstsq(regressors, np.clip(relative[use], -1, 20))[0]
                error = noise / np.sqrt((share[use] ** 2).sum())
                found.append(
                    (
                        row,
                        name,
                        result[0],
                        error,
                        int((share[use] > 0).sum()),
                        result[1] if len(result) > 1 else 0.0,
                    )
                )
        use = usable & (design.price[row] != 0) & (panel.values[row] > 0)
        if use.any():
            logs = np.clip(np.log(np.maximum(1 + relative[use], 1e-3)), -LOG_LIMIT, LOG_LIMIT)
            result = np.linalg.lstsq(design.price[row][use][:, None], logs)[0]
            found.append(
                (
                    row,
                    "price",
                    result[0],
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


def _future_lift(panel, events, items, model):
    """Fraction each bucket is lifted by, and the share of that pulled forward, (series, bucket)."""
    uplift, pull, elasticity = lookup(panel.keys, model.uplifts)
    count, width = panel.values.shape
    lift, pulled = np.zeros((count, width)), np.zeros((count, width))
    first = panel.last - width + 1
    for event in events.itertuples():
        rows = rows_in_scope(panel.keys, event, items)
        numbers, covered = bucket_shares(panel.calendar, event.starts_on, event.ends_on)
        columns = numbers[None] - first[rows][:, None]
        at, place = np.nonzero((columns >= 0) & (columns < width))
        ratio = price_ratio(panel.keys, rows, event, items) if event.kind == "price" else None
        if not np.isnan(event.uplift):
            size, share = np.full(len(rows), event.uplift), np.full(len(rows), 0.0)
        elif ratio is not None:
            size, share = np.exp(ratio * elasticity[rows]) - 1, np.zeros(len(rows))
        elif event.kind == "price":
            continue
        else:
            size, share = uplift[rows, KINDS.index(event.kind)], pull[rows, KINDS.index(event.kind)]
        share = (
            np.full(len(rows), event.pull_forward) if not np.isnan(event.pull_forward) else share
        )
        np.add.at(lift, (rows[at], columns[at, place]), size[at] * covered[place])
        pulled[rows[at], columns[at, place]] = np.maximum(
            pulled[rows[at], columns[at, place]], share[at]
        )
    return lift, pulled


def _after(pulled, lifted):
    """Pulled-forward units (series, bucket) moved into the buckets after each event, as many as it
    lasted.
    """
    result = np.zeros_like(pulled)
    for row in np.flatnonzero((pulled > 0).any(axis=1)):
        column = 0
        while column < pulled.shape[1]:
            end = column
            while end < pulled.shape[1] and lifted[row, end]:
                end += 1
            length = end - column
            if length:
                result[row, end : end + length] += pulled[row, column:end].sum() / length
            column = end + 1
    return result


def _past_frame(panel, effect, every=False) -> pd.DataFrame:
    width = panel.values.shape[1]
    inside = np.arange(width) >= width - panel.lengths[:, None]
    rows, columns = np.nonzero(inside if every else inside & (effect != 0))
    frame = panel.keys.iloc[rows].reset_index(drop=True)
    return frame.assign(bucket=panel.past()[rows, columns], effect=effect[rows, columns])
