"""Events learned, taken out and filled in: how much they lifted demand, demand without them, and
what the coming ones will add.

An event's uplift is a fraction of the demand expected without it. Expected demand comes from the
other buckets (the level around and the season); demand is regressed on it and on the share of the
bucket that events covered, all events and series at once.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sopkit.errors import PlanError
from sopkit.forecast.arrays import over, starts
from sopkit.forecast.panel import key_columns, panel_of
from sopkit.forecast.prepare import fill
from sopkit.forecast.seasonal import along, indices
from sopkit.grid import NONE, Grid, attribute, belonging, blank
from sopkit.tables import INPUTS, declared

KINDS = INPUTS["events"]["kind"].choices
PRICE = KINDS.index("price")
ODDS = 20  # against a kind's having an effect, before any evidence
UNSEEN = 0.3  # relative error of one bucket more than was seen


@dataclass(frozen=True)
class EventModel:
    """What was learned: ``uplifts`` (one row per series and kind: item, [market,] kind, uplift,
    standard_error, own_uplift, evidence in buckets, pull_forward; for prices the elasticity in
    place of the uplift) and ``past`` (item, [market,] bucket, effect in units, where demand is
    known).
    """

    uplifts: pd.DataFrame
    past: pd.DataFrame


def learn_events(
    history, events, items=None, season=None, calendar=None, members=None
) -> EventModel:
    """Uplifts by series and kind, and the events' effects in the history (units).

    ``events`` has event, starts_on, ends_on and optionally item, family, market, kind, uplift,
    pull_forward, price; ``items`` gives family and list price where events name families or prices,
    ``members`` (``Book.members``) what they may name of a hierarchy.
    A given uplift is taken as it is; a blank one is estimated by quasi-Poisson regression and drawn
    toward the kind's mean, and that toward none, the less evidence there is.

    Raises ``PlanError`` for an end before the start or without a date, and scopes it cannot
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
    sold, (design, given) = panel.values, _causes(panel, events, items, members)
    unknown, usual = (design != 0).any(axis=1), sold / np.maximum(1 + given, 0.05)
    expected = expected_demand(np.where(unknown, np.nan, usual), panel.season)
    uplifts = _estimate(panel.keys, design, usual, expected)
    effect = np.nan_to_num(sold - np.where(unknown, expected, usual))
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


def fill_uplifts(events, model: EventModel, series, items=None, members=None) -> pd.DataFrame:
    """The events with every blank uplift (and pull_forward) estimated: one row per series in its
    scope; given ones stay as they are.

    ``model`` is ``learn_events`` of the history, ``series`` has item, [market] of the series to be
    planned, ``items`` and ``members`` are those of ``learn_events``. A price event without a list
    price to compare with stays blank.

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
    grid = _grid(series, events, items, members)
    row, at = np.nonzero(events["uplift"].isna().to_numpy()[:, None] & grid.holds(events))
    told, keys = (frame.reset_index(drop=True) for frame in (events.iloc[row], series.iloc[at]))
    kind = told["kind"].map(KINDS.index)
    uplift, pull = (learned[at, kind] for learned in lookup(series, model.uplifts))
    strength = _strength(told, grid.series["price"].to_numpy()[at])
    uplift = np.where(kind == PRICE, _power(strength, uplift) - 1, uplift.clip(-1))
    known = ~np.isnan(uplift)
    told = told.fillna({"pull_forward": pd.Series(pull)})
    told = told.assign(family=None, uplift=uplift, **keys)[known]
    return pd.concat([events.drop(index=row[known]), told], ignore_index=True)


def _power(price, elasticity):
    """How many times the usual demand a price brings, by its log over the list price: between a
    twentieth and twenty.
    """
    return np.exp(np.clip(price * elasticity, -3, 3))


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


def _causes(panel, events, items, members):
    """What events did: the design (series, coefficient, bucket), for each kind the share covered by
    events of unknown uplift, for prices times the log of price over list price, then for each kind,
    prices apart, the share of the bucket before where none is covered; and the known uplift
    (series, bucket).
    """
    count, width = panel.values.shape
    share, given = np.zeros((count, len(KINDS), width)), np.zeros((count, width))
    buckets, at = np.unique(panel.past(), return_inverse=True)
    buckets = pd.DatetimeIndex(buckets)
    grid = _grid(panel.keys, events, items, members, buckets, panel.calendar)
    shares = grid.covered(events["starts_on"], events["ends_on"])
    listed = grid.series["price"].to_numpy()
    for event, held, days in zip(events.itertuples(), grid.holds(events), shares):
        rows, covered, kind = np.flatnonzero(held), days[at[held]], KINDS.index(event.kind)
        if not np.isnan(event.uplift):
            given[rows] += event.uplift * covered
            continue
        strength = np.nan_to_num(_strength(event, listed[rows]))[:, None]
        # Of prices that overlap the last holds; other events add.
        before = share[rows, kind] * ((covered * strength == 0) | (kind != PRICE))
        share[rows, kind] = before + strength * covered
    after = np.where(share == 0, np.insert(share[:, :, :-1], 0, 0, axis=2), 0)
    after[:, PRICE] = 0
    return np.concatenate([share, after], axis=1), given


def _strength(events, listed):
    """How strongly events work where they cover a bucket whole, one (event, list price) each: for a
    price its log over the list price (or of its change), NaN where both are unknown; else 1.
    """
    known = (events.price > 0) & (listed > 0)
    ratio = np.log(np.where(known, over(events.price, listed), 1 + events.price_change))
    return np.where(events.kind == "price", ratio, 1.0)


def _grid(keys, events, items, members, buckets=None, calendar=None) -> Grid:
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
    series = belonging(keys.assign(**told).fillna({"family": NONE}), members or {})
    return Grid(series, buckets, calendar, tuple(keys))


def expected_demand(values, season) -> np.ndarray:
    """What each bucket is expected to sell by the others, (series, bucket): the level around it
    times the season, where one is clear. Unknown values (NaN) are left out; NaN before a series'
    start.

    >>> float(expected_demand(np.array([[8.0, 8.0, 80.0, np.nan, 8.0]]), 1)[0, 2])
    8.0
    """
    known, columns = ~np.isnan(values), np.arange(values.shape[1])
    near = 1 / (1 + ((columns[:, None] - columns) / max(season / 4, 3)) ** 2)
    np.fill_diagonal(near, 0)
    index = np.ones(values.shape)
    for _ in range(2):
        level = over(np.nan_to_num(values) @ near, (known * index) @ near)
        seasonal, strength = indices(fill(over(values, level), known.any(axis=1), season), season)
        seasonal[strength < 0.5] = 0
        index = 1 + along(seasonal, -len(columns), 0)
    return np.where(columns >= starts(values)[:, None], np.maximum(level * index, 0), np.nan)


def _estimate(keys, design, usual, expected) -> pd.DataFrame:
    """One row per series and kind that an event of unknown effect touched.

    Quasi-Poisson regression by iteratively reweighted least squares: log mean = log expected + log
    lift, with a dispersion of each series.
    """
    sold, expected = np.where(np.isnan(usual + expected), 0, [usual, expected])
    found = common = np.zeros((2 * len(KINDS), 1))
    for _ in range(6):
        lift, slope = _lift(design, common)
        fitted = lift + ((found - common) * slope).sum(axis=1)
        total = np.maximum((sold / lift).sum(axis=1), 1e-9)
        unseen = UNSEEN * over(total, np.count_nonzero(expected, axis=1))
        off = np.column_stack([(sold - expected * fitted) / lift, unseen])
        weight = (total / (off**2).sum(axis=1))[:, None] / lift
        information = slope * (weight * expected)[:, None] @ slope.swapaxes(1, 2)
        score = slope @ (weight * (sold - expected * lift))[:, :, None]
        toward = score + information @ common
        common, found = shrunk(information, toward)
    evidence = (design * expected[:, None] != 0).sum(axis=2)[:, : len(KINDS)]
    series, kind = at = np.nonzero(evidence)
    squares, uplift = np.diagonal(information, axis1=1, axis2=2)[at], found[*at, 0]
    pulled = -found[series, kind + len(KINDS), 0] / np.maximum(uplift, 0.05)
    return (
        keys.iloc[series]
        .reset_index(drop=True)
        .assign(
            kind=np.array(KINDS)[kind],
            uplift=uplift,
            standard_error=squares**-0.5,
            own_uplift=uplift + (toward - information @ found)[*at, 0] / squares,
            evidence=evidence[at],
            pull_forward=np.where(uplift > 0.05, pulled.clip(0, 1), 0.0),
        )
    )


def _lift(design, coefficients):
    """How many times the expected demand the events bring (series, bucket), by the coefficients
    (coefficient, 1), and its slopes on them, of the design's shape.
    """
    slope, price = design.copy(), design[:, PRICE]
    times, slope[:, PRICE] = _power(price, coefficients[PRICE]), 0
    lift = np.maximum(times + (coefficients * slope).sum(axis=1), 0.05)
    slope[:, PRICE] = price * times
    return lift, slope


def shrunk(information, toward) -> tuple[np.ndarray, np.ndarray]:
    """The common mean (coefficient, 1) and each series' coefficients (series, coefficient, 1) by
    the information matrices and their products with the series' own estimates.

    The estimates are drawn toward their mean by the variance between series, as far as it is clear
    (method of moments, less two standard errors; DerSimonian & Laird 1986, Meta-analysis in
    clinical trials, Controlled Clinical Trials 7), the mean toward 0 by how likely there is no
    effect (Johnstone & Silverman 2004, Needles and straw in haystacks, Annals of Statistics 32).

    >>> shrunk(np.full((50, 1, 1), 100.0), np.full((50, 1, 1), 30.0))[0].round(2).tolist()
    [[0.3]]
    """
    one = np.eye(information.shape[1])
    squares = np.diagonal(information, axis1=1, axis2=2)[:, :, None]
    total, fourth = squares.sum(axis=0), (squares**2).sum(axis=0)
    mean = np.linalg.pinv(information.sum(axis=0)) @ toward.sum(axis=0)
    spread = ((toward - information @ mean) ** 2 - squares).sum(axis=0) + over(fourth, total)
    between = np.maximum(over(spread - np.sqrt(8 * fourth), fourth), 0.05**2)
    within = one + information * between.T
    precision = np.linalg.solve(within, information).sum(axis=0) + one
    mean = np.linalg.solve(precision, np.linalg.solve(within, toward).sum(axis=0))
    sure = np.diag(precision)[:, None]
    mean /= 1 + ODDS * np.sqrt(sure) * np.exp(-0.5 * sure * mean**2)
    return mean, mean + between * np.linalg.solve(within, toward - information @ mean)


def lookup(keys, uplifts) -> tuple[np.ndarray, np.ndarray]:
    """Uplift (for prices the elasticity) and pull-forward, (series, kind) each; the kind's mean
    where a series has no evidence of its own, 0 where none has.
    """
    learned = uplifts[[*keys, "kind", "uplift", "pull_forward"]]
    cells = keys.merge(pd.DataFrame({"kind": KINDS}), how="cross")
    own = cells.merge(learned, how="left").iloc[:, -2:]
    usual = learned.groupby("kind")[list(own)].mean().reindex(cells["kind"])
    found = own.fillna(usual.reset_index(drop=True)).fillna(0.0).to_numpy()
    return tuple(found.T.reshape(2, len(keys), len(KINDS)))
