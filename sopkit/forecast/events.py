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
from sopkit.forecast.arrays import over, row_mean
from sopkit.forecast.panel import key_columns, panel_of
from sopkit.forecast.prepare import fill
from sopkit.grid import NONE, Grid, attribute, blank
from sopkit.tables import INPUTS, declared

KINDS = ("promotion", "holiday", "one_off", "price")
PRICE = KINDS.index("price")
MOST = np.exp(3.0)  # times the usual demand that a price is believed to bring


@dataclass(frozen=True)
class EventModel:
    """What was learned: ``uplifts`` (one row per series and kind: item, [market,] kind, uplift,
    standard_error, own_uplift, evidence in buckets, pull_forward; for prices the elasticity in
    place of the uplift) and ``past`` (item, [market,] bucket, effect in units, where demand is
    known).
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
    sold, causes = panel.values, _causes(panel, events, items)
    usual = sold / np.maximum(1 + causes.given, 0.05)
    often = np.ones(len(sold), dtype=bool)
    expected = fill(np.where(causes.unknown, np.nan, usual), often, panel.season)
    uplifts = _estimate(panel, causes, usual, expected)
    lift = np.maximum(1 + causes.lift(*lookup(panel.keys, uplifts)), 0.05)
    effect = np.where(causes.unknown, sold - expected, 0.0)
    effect = np.nan_to_num(np.where(causes.given != 0, sold - sold / lift, effect))
    at = np.nonzero(effect)
    past = panel.keys.iloc[at[0]].assign(bucket=panel.past()[at], effect=effect[at])
    return EventModel(uplifts, past.reset_index(drop=True))


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
    series = series[[name for name in ("item", "market") if name in series]]
    series = series.drop_duplicates(ignore_index=True)
    grid = _grid(series, events, items)
    row, at = np.nonzero(events["uplift"].isna().to_numpy()[:, None] & grid.holds(events))
    told, keys = (frame.reset_index(drop=True) for frame in (events.iloc[row], series.iloc[at]))
    kind = told["kind"].map(KINDS.index)
    uplift, pull = (learned[at, kind] for learned in lookup(series, model.uplifts))
    strength = _strength(told, grid.series["price"].to_numpy()[at])
    uplift = np.where(kind == PRICE, np.expm1(strength * uplift), uplift)
    known = ~np.isnan(uplift)
    told = told.fillna({"pull_forward": pd.Series(pull)})
    told = told.assign(family=None, uplift=uplift, **keys)[known]
    return pd.concat([events.drop(index=row[known]), told], ignore_index=True)


@dataclass(frozen=True)
class Causes:
    """What events did to a panel: ``share`` (series, kind, bucket) covered by events of unknown
    uplift, for prices times the log of price over list price; ``after`` (series, kind, bucket) the
    share of the bucket before, where none is covered; ``given`` (series, bucket) known uplift.
    """

    share: np.ndarray
    after: np.ndarray
    given: np.ndarray

    @property
    def unknown(self) -> np.ndarray:
        """Buckets whose demand some event of unknown effect touched, (series, bucket)."""
        return ((self.share != 0) | (self.after != 0)).any(axis=1)

    def lift(self, uplift, pull) -> np.ndarray:
        """The effect of it all as a fraction of expected demand, (series, bucket)."""
        effect = self.share * uplift[:, :, None]
        effect[:, PRICE] = np.expm1(effect[:, PRICE])
        return self.given + (effect - self.after * (uplift * pull)[:, :, None]).sum(axis=1)


def checked(events) -> pd.DataFrame:
    """The events as declared, a kind that is blank or unknown a promotion; ``PlanError`` where
    dates must be mended.
    """
    events = INPUTS["events"].typed(events).reset_index(drop=True)
    events["kind"] = events["kind"].where(events["kind"].isin(KINDS), "promotion")
    wrong = ~(events["ends_on"] >= events["starts_on"])
    if wrong.any():
        raise PlanError(
            f"events has {int(wrong.sum())} row(s) that end before they start or lack a date, first"
            f" event {events.loc[wrong, 'event'].iloc[0]!r}; set starts_on and ends_on"
        )
    return events


def _causes(panel, events, items) -> Causes:
    count, width = panel.values.shape
    share, given = np.zeros((count, len(KINDS), width)), np.zeros((count, width))
    buckets, at = np.unique(panel.past(), return_inverse=True)
    grid = _grid(panel.keys, events, items, pd.DatetimeIndex(buckets), panel.calendar)
    shares = grid.covered(events["starts_on"], events["ends_on"])
    listed = grid.series["price"].to_numpy()
    for event, held, days in zip(events.itertuples(), grid.holds(events), shares):
        rows, covered, kind = np.flatnonzero(held), days[at[held]], KINDS.index(event.kind)
        if not np.isnan(event.uplift):
            given[rows] += event.uplift * covered
            continue
        strength = np.nan_to_num(_strength(event, listed[rows]))[:, None]
        # Of prices that overlap the last holds, of other events the one that covers most.
        before = (strength == 0) if kind == PRICE else share[rows, kind]
        share[rows, kind] = np.where(covered > before, strength * covered, share[rows, kind])
    after = np.zeros_like(share)
    after[:, :PRICE, 1:] = np.where(share[:, :PRICE, 1:] == 0, share[:, :PRICE, :-1], 0)
    return Causes(share, after, given)


def _strength(events, listed):
    """How strongly events work where they cover a bucket whole, one (event, list price) each: for a
    price its log over the list price, NaN where one is unknown; else 1.
    """
    known = (events.price > 0) & (listed > 0)
    ratio = np.log(np.where(known, over(events.price, listed), np.nan))
    return np.where(events.kind == "price", ratio, 1.0)


def _grid(keys, events, items, buckets=None, calendar=None) -> Grid:
    """The series of ``keys``, in their order, with the families that events may name and the list
    price (NaN where unknown); ``PlanError`` where they name some and ``items`` has none.
    """
    named = events[~blank(events, "family")]
    if len(named) and (items is None or "family" not in items):
        event = named.iloc[0]
        raise PlanError(
            f"event {event['event']!r} names family {event['family']!r}, but no families were"
            " given; pass items with item and family"
        )
    items = declared(items, "items")
    told = {name: attribute(items, name, keys["item"]).to_numpy() for name in ("family", "price")}
    return Grid(keys.assign(**told).fillna({"family": NONE}), buckets, calendar, tuple(keys))


def _estimate(panel, causes, usual, expected) -> pd.DataFrame:
    """One row per series and kind that an event of unknown effect touched: least squares of what
    was sold beyond expectation on the share covered and the share of the bucket before. No bucket
    has both, so that each is a regression of its own.
    """
    least = 1e-9 * row_mean(np.abs(usual))[:, None]
    usable = (expected > least) & ~np.isnan(usual)
    beyond = np.where(usable, over(usual, expected) - 1, 0.0)
    logs = np.log(np.clip(1 + beyond, 1 / MOST, MOST))
    beyond = np.stack([*[beyond.clip(-1, 20)] * PRICE, logs], axis=1)
    share = np.where(usable[:, None], causes.share, 0)
    share[:, PRICE] *= panel.values > 0
    squares, evidence = (share**2).sum(axis=2), (share != 0).sum(axis=2)
    own = over((share * beyond).sum(axis=2), squares)
    after = np.where(usable[:, None], causes.after, 0)
    later = over((after * beyond).sum(axis=2), (after**2).sum(axis=2))
    noise = _noise(np.where(causes.unknown, np.nan, panel.values))[:, None]
    variance = np.where(squares > 0, over(noise**2, squares), np.inf)
    mean, between = common_mean(own, variance)
    pulled = np.where(own > 0.05, np.clip(over(-later, own), 0, 1), 0.0)
    series, kind = at = np.nonzero(squares)
    return (
        panel.keys.iloc[series]
        .reset_index(drop=True)
        .assign(
            kind=np.array(KINDS)[kind],
            uplift=(mean + between / (between + variance) * (own - mean))[at],
            standard_error=np.sqrt(variance[at]),
            own_uplift=own[at],
            evidence=evidence[at],
            pull_forward=(evidence / (evidence + 2) * pulled)[at],
        )
    )


def _noise(values) -> np.ndarray:
    """Usual relative distance of a bucket from the middle of its neighbours, at least 5 %,
    (series,).
    """
    middle = 0.5 * (values[:, :-2] + values[:, 2:])
    distance = np.abs(over(values[:, 1:-1], middle) - 1)
    distance = np.where(middle > 0, np.minimum(distance, 3), np.nan)
    usual = np.where(np.isnan(distance).all(axis=1), 0.5, 1.2533 * row_mean(distance))
    return np.maximum(usual, 0.05)


def common_mean(estimate: np.ndarray, variance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean of each column of estimates with different variances (infinite: no estimate), drawn
    toward 0 as if one more estimate of 0 was seen, and the variance between them.

    DerSimonian & Laird (1986), Meta-analysis in clinical trials, Controlled Clinical Trials 7.
    """
    weight, number = 1 / variance, np.isfinite(variance).sum(axis=0)
    total = weight.sum(axis=0)
    mean = over((weight * estimate).sum(axis=0), total)
    spread = (weight * (estimate - mean) ** 2).sum(axis=0) - (number - 1)
    scale = total - over((weight**2).sum(axis=0), total)
    between = np.maximum(over(spread, scale), np.where(number > 1, 0.05, 0.3) ** 2)
    weight = 1 / (variance + between)
    return (weight * estimate).sum(axis=0) / (weight.sum(axis=0) + 1 / 0.5**2), between


def lookup(keys, uplifts) -> tuple[np.ndarray, np.ndarray]:
    """Uplift (for prices the elasticity) and pull-forward, (series, kind) each; the kind's mean
    uplift where a series has no evidence of its own.
    """
    weighted = uplifts["uplift"] * uplifts["evidence"]
    usual = weighted.groupby(uplifts["kind"]).sum() / uplifts.groupby("kind")["evidence"].sum()
    cells = keys.merge(pd.DataFrame({"kind": KINDS}), how="cross")
    cells = cells.merge(uplifts, on=[*keys, "kind"], how="left")
    cells["uplift"] = cells["uplift"].fillna(cells["kind"].map(usual))
    learned = cells[["uplift", "pull_forward"]].fillna(0.0).to_numpy()
    return tuple(learned.T.reshape(2, len(keys), len(KINDS)))
