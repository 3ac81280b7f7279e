"""What the sample's books show of the true demand: stock-outs, outliers, returns and one slip of
the unit.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from tests.company.families import MARKETS, trait
from tests.company.span import Span

DISCOUNT = np.array([0.99, 1.0, 0.965])  # realised ÷ list, by market
PRICE_RISE = 0.025


@dataclass(frozen=True)
class Sales:
    """Arrays (item, market, month of history) of what was wanted and what was sold, and what was
    planted in them.
    """

    demand: np.ndarray
    sold: np.ndarray
    stock_outs: pd.DataFrame  # item row, month, days, empty (at the month's end)
    outliers: pd.DataFrame  # item row, market row, month
    returns: pd.DataFrame
    slips: pd.DataFrame


def sell(demand: np.ndarray, traits: pd.DataFrame, span: Span, rng) -> Sales:
    """Sales out of ``demand`` (item, market, month of history), with everything planted that a
    planner must find.
    """
    count, steady = len(traits), traits["class"].eq("smooth").to_numpy()
    sold = demand.copy()
    stock_outs = _stock_outs(demand, steady, span, max(6, count * 18 // 60), rng)
    _constrain(sold, stock_outs, span)
    outliers = _outliers(sold, steady, stock_outs, max(8, count * 24 // 60), rng)
    _distort(sold, outliers, rng)
    returns = _cells(
        (demand == 0) & traits["class"].isin(["intermittent", "lumpy"]).to_numpy()[:, None, None],
        max(4, count // 6),
        rng,
    )
    sold[tuple(returns.to_numpy().T)] = -rng.integers(1, 6, len(returns))
    early = np.arange(span.past) < max(6, span.past - 25)
    slips = _cells(
        (demand >= 30) & (trait(traits, "unit") == "set")[:, None, None] & early,
        max(1, count // 100),
        rng,
    )
    return Sales(demand, sold, stock_outs, outliers, returns, slips)


def _cells(eligible, count, rng):
    places = np.argwhere(eligible)
    chosen = rng.choice(len(places), min(count, len(places)), replace=False)
    return pd.DataFrame(places[np.sort(chosen)], columns=["row", "market", "month"])


def _stock_outs(demand, steady, span, count, rng):
    busy = (demand.sum(axis=1) >= 20) & steady[:, None]
    busy[:, :6] = False
    recent = busy & (np.arange(span.past) >= span.past - 2)
    old = _cells(busy[:, None, :], count - 3, rng)
    frame = (
        pd.concat([old, _cells(recent[:, None, :], 3, rng)])
        .drop_duplicates()
        .drop(columns="market")
    )
    frame = frame[~frame.duplicated("row", keep="last")].sort_values(
        ["row", "month"], ignore_index=True
    )
    return frame.assign(days=rng.integers(6, 19, len(frame)), empty=rng.random(len(frame)) < 0.6)


def _constrain(sold, stock_outs, span):
    days = (span.months[: span.past] + 1).astype("datetime64[D]") - span.months[: span.past].astype(
        "datetime64[D]"
    )
    row, month = stock_outs["row"], stock_outs["month"]
    share = 1 - stock_outs["days"].to_numpy() / days.astype(int)[month]
    sold[row, :, month] = np.round(sold[row, :, month] * share[:, None])


def _outliers(sold, steady, stock_outs, count, rng):
    eligible = (sold >= 12) & steady[:, None, None]
    eligible[stock_outs["row"], :, stock_outs["month"]] = False
    eligible[:, :, -1] = False
    return _cells(eligible, count, rng)


def _distort(sold, outliers, rng):
    up = rng.random(len(outliers)) < 0.7
    factor = np.where(
        up, rng.uniform(2.8, 5.0, len(outliers)), rng.uniform(0.03, 0.2, len(outliers))
    )
    place = tuple(outliers[["row", "market", "month"]].to_numpy().T)
    sold[place] = np.round(sold[place] * factor)


def list_prices(traits: pd.DataFrame, span: Span, events: pd.DataFrame) -> np.ndarray:
    """List price by (item, month of history): today's, less a yearly rise, or the event's where
    there is one.
    """
    year = span.year[: span.past]
    prices = traits["price"].to_numpy()[:, None] * (1 + PRICE_RISE) ** (year - year[-1])
    place = pd.Series(np.arange(len(traits)), index=traits["item"])
    for row in events[events["price"].notna()].itertuples():
        during = span.overlap(row.starts_on, row.ends_on)[: span.past] > 0
        prices[place[row.item], during] = row.price
    return prices


def sales_history(
    sales: Sales, traits: pd.DataFrame, span: Span, prices: np.ndarray, rng
) -> pd.DataFrame:
    """The sales_history table: a row for every month that an item is on sale; spares have rows only
    where something was sold.
    """
    wanted = sales.demand.any(axis=1)
    alive = (
        np.maximum.accumulate(wanted, axis=1)
        & np.maximum.accumulate(wanted[:, ::-1], axis=1)[:, ::-1]
    )
    shown = alive[:, None, :] & ~trait(traits, "intermittent")[:, None, None] | (sales.sold != 0)
    row, market, month = np.nonzero(shown)
    units = sales.sold[row, market, month].astype(float)
    paid = prices[row, month] * DISCOUNT[market] * rng.normal(1, 0.004, len(row))
    slipped = pd.MultiIndex.from_arrays([row, market, month]).isin(
        pd.MultiIndex.from_frame(sales.slips)
    )
    return pd.DataFrame(
        {
            "item": traits["item"].to_numpy()[row],
            "market": np.array(MARKETS)[market],
            "bucket": span.buckets[month],
            "quantity": np.where(slipped, units * 1000, units),
            "revenue": (units * paid).round(2),
        }
    )
