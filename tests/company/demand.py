"""What customers of the sample truly want: expected demand, and one draw of it."""

import numpy as np
import pandas as pd

from tests.company.families import MARKETS, trait
from tests.company.lives import live
from tests.company.span import Span


def expected(traits, span: Span, events, born, gone, broken, rng) -> np.ndarray:
    """Mean demand in units by (item, market, month), past and ahead: level × market × trend ×
    season × break, lives, events.
    """
    shape = level(traits, span, rng)
    _break(shape, traits, span, broken)
    return _events(live(shape, traits, span, born, gone), traits, span, events)


def level(traits, span: Span, rng) -> np.ndarray:
    """Level × market share × trend × season, before anything happens to it."""
    shares = trait(traits, "shares") * rng.uniform(0.8, 1.2, (len(traits), len(MARKETS)))
    shares /= shares.sum(axis=1, keepdims=True)
    years = (np.arange(len(span.months)) - span.past) / 12
    trend = (1 + traits["growth"].to_numpy()[:, None]) ** years
    return (traits["level"].to_numpy()[:, None] * shares)[:, :, None] * (
        trend * season(traits)[:, span.month_of_year]
    )[:, None, :]


def season(traits) -> np.ndarray:
    """Monthly factors by (item, month of the year), mean 1."""
    factors = trait(traits, "season")
    return factors / factors.mean(axis=1, keepdims=True)


def _break(demand, traits, span, broken):
    place = pd.Series(np.arange(len(traits)), index=traits["item"])
    for (
        row
    ) in broken.itertuples():  # levels are those of the end of history, so the past is what differs
        demand[place[row.item]][:, span.buckets < np.datetime64(row.bucket)] /= row.factor


def _events(demand, traits, span, events):
    demand = demand.copy()
    for row in events.itertuples():
        items = np.flatnonzero(_scope(traits, row))
        markets = (
            np.arange(len(MARKETS))
            if pd.isna(row.market)
            else np.array([MARKETS.index(row.market)])
        )
        factor = 1 + row.true_uplift * span.overlap(row.starts_on, row.ends_on)
        back = 0 if np.isnan(row.pull_forward) else row.pull_forward
        factor[1:] -= back * np.maximum(factor[:-1] - 1, 0)
        demand[np.ix_(items, markets)] *= factor
    return demand


def _scope(traits, row):
    if not pd.isna(row.item):
        return traits["item"] == row.item
    return (
        traits["family"] == row.family
        if not pd.isna(row.family)
        else np.ones(len(traits), dtype=bool)
    )


def usual(mean: np.ndarray, traits, span: Span) -> np.ndarray:
    """Units a month that each item will usually need, launches and hand-overs counted: what limits
    and lots are made for.
    """
    ahead = mean.sum(axis=1)[:, span.past + 6 : span.past + 18].mean(axis=1)
    return np.where(ahead < 1, traits["level"], ahead)


def draw(mean: np.ndarray, traits, rng) -> np.ndarray:
    """Whole units demanded, once: gamma-mixed Poisson, active in only some months for spares; same
    shape as ``mean``.
    """
    noise = traits["noise"].to_numpy()[:, None, None] ** 2
    active = traits["active"].to_numpy()[:, None, None]
    happens = rng.random(mean.shape) < active
    return rng.poisson(rng.gamma(1 / noise, noise, mean.shape) * mean / active) * happens
