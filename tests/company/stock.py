"""Stock, production and open receipts of the sample: one flow that adds up with its sales."""

import numpy as np
import pandas as pd

from tests.company.families import trait
from tests.company.sales import Sales
from tests.company.span import Span

MADE_MONTHS = 24  # of production history
BREAKDOWN = 8  # months before the plan, when machining fell behind its plan


def flow(
    sales: Sales, mean: np.ndarray, traits: pd.DataFrame, span: Span, lot_size, rng
) -> tuple[np.ndarray, np.ndarray]:
    """On hand at month's end and arrivals, each (item, month of history); what is on hand is what
    arrived and was not sold.
    """
    sold, lot = sales.sold.sum(axis=1), np.nan_to_num(np.asarray(lot_size, dtype=float), nan=1.0)
    target, empty = _targets(sales, mean, traits, span, rng)
    stock = trait(traits, "strategy") == "stock"
    on_hand, arrived, now = np.zeros(sold.shape), np.zeros(sold.shape), np.round(target[:, 0])
    for month in range(span.past):
        wanted = np.maximum(target[:, month] - now + sold[:, month], 0)
        arrived[:, month] = np.where(empty[:, month], np.ceil(wanted), np.ceil(wanted / lot) * lot)
        now = np.where(stock, now + arrived[:, month] - sold[:, month], 0)
        on_hand[:, month] = now
    return on_hand, arrived


def _targets(sales, mean, traits, span, rng):
    """Stock wanted: cover × next month's demand, little before and during a stock-out, none where
    it lasts.
    """
    following = mean.sum(axis=1)[:, 1 : span.past + 1]
    target = (
        following * traits["cover"].to_numpy()[:, None] * rng.lognormal(0, 0.12, following.shape)
    )
    row, month = sales.stock_outs["row"].to_numpy(), sales.stock_outs["month"].to_numpy()
    ends_empty = sales.stock_outs["empty"].to_numpy()
    target[row, month - 1] *= 0.2
    target[row, month] *= np.where(ends_empty, 0, 0.4)
    empty = np.zeros(target.shape, dtype=bool)
    empty[row[ends_empty], month[ends_empty]] = True
    return target, empty


def inventory_history(on_hand, sales: Sales, traits, span: Span) -> pd.DataFrame:
    """The inventory_history table: stock items, from their first stock or sale on."""
    alive = np.maximum.accumulate((on_hand != 0) | (sales.sold.sum(axis=1) != 0), axis=1)
    row, month = np.nonzero(alive & (trait(traits, "strategy") == "stock")[:, None])
    days = np.zeros(on_hand.shape)
    days[sales.stock_outs["row"], sales.stock_outs["month"]] = sales.stock_outs["days"]
    return pd.DataFrame(
        {
            "item": traits["item"].to_numpy()[row],
            "bucket": span.buckets[month],
            "on_hand": on_hand[row, month],
            "stocked_out": days[row, month],
        }
    )


def miscount(history: pd.DataFrame, rng) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The inventory history with one count below zero, and that row as dirt (table, key, rule)."""
    place = rng.choice(
        np.flatnonzero(
            (history["on_hand"] > 0)
            & (history["stocked_out"] == 0)
            & (history["bucket"] < history["bucket"].max())
        )
    )
    history = history.copy()
    history.loc[place, "on_hand"] = -3
    key = f"{history['item'][place]} {history['bucket'][place]:%Y-%m-%d}"
    return history, pd.DataFrame(
        {"table": ["inventory_history"], "key": [key], "rule": ["negative stock"]}
    )


def inventory(on_hand, orders: pd.DataFrame, traits, span: Span) -> pd.DataFrame:
    """The inventory table: the count of the last day, and as backlog every open line due by then
    (order items: every open line).
    """
    strategy = pd.Series(trait(traits, "strategy"), index=traits["item"])
    due = (orders["requested_on"] <= span.last_day) | (orders["item"].map(strategy) == "order")
    backlog = orders[due & orders["shipped_on"].isna()].groupby("item")["quantity"].sum()
    return pd.DataFrame(
        {
            "item": traits["item"],
            "on_hand": on_hand[:, -1],
            "backlog": traits["item"].map(backlog).fillna(0),
            "as_of": span.last_day,
        }
    )


def production_history(
    arrived, orders: pd.DataFrame, traits, bill, span: Span, rng
) -> pd.DataFrame:
    """The production_history table: made items, planned against actual; order items are made when
    they are shipped.
    """
    made = arrived.copy()
    to_order = np.flatnonzero(trait(traits, "strategy") == "order")
    made[to_order] = _shipped(orders, traits, span)[to_order]
    done = np.clip(rng.normal(0.975, 0.06, made.shape), 0.7, 1.1)
    machined = (
        traits["item"]
        .isin(bill.loc[bill["resource"].str.startswith("North machining"), "item"])
        .to_numpy()
    )
    done[machined, span.past - BREAKDOWN] *= 0.86
    recent = np.arange(span.past) >= span.past - MADE_MONTHS
    row, month = np.nonzero((made > 0) & traits["made"].to_numpy()[:, None] & recent)
    return pd.DataFrame(
        {
            "item": traits["item"].to_numpy()[row],
            "bucket": span.buckets[month],
            "planned": np.round(made / done)[row, month],
            "actual": made[row, month],
        }
    )


def _shipped(orders, traits, span):
    lines = orders[orders["shipped_on"].notna()]
    month = (lines["shipped_on"].to_numpy().astype("datetime64[M]") - span.months[0]).astype(int)
    row = pd.Index(traits["item"]).get_indexer(lines["item"])
    units = np.zeros((len(traits), span.past))
    inside = (month >= 0) & (month < span.past)
    np.add.at(units, (row[inside], month[inside]), lines["quantity"].to_numpy()[inside])
    return units


def receipts(mean, traits, span: Span, rng) -> pd.DataFrame:
    """The receipts table: a month's demand for each month of lead time, and a few bought items'
    orders overdue.
    """
    lead = traits["lead_time"].to_numpy()
    row, ahead = np.nonzero(np.arange(lead.max())[None, :] < lead[:, None])
    units = np.round(mean.sum(axis=1)[row, span.past + ahead] * rng.uniform(0.9, 1.1, len(row)))
    late = np.flatnonzero(~traits["made"] & (mean.sum(axis=1)[:, span.past] > 5))[::4]
    row, ahead = np.append(row, late), np.append(ahead, np.full(len(late), -1))
    units = np.append(units, np.ceil(mean.sum(axis=1)[late, span.past] * 0.4))
    due = (
        span.months[span.past + ahead].astype("datetime64[D]") + rng.integers(8, 25, len(row))
    ).astype("datetime64[us]")
    ordered = due - (30 * lead[row] + rng.integers(8, 20, len(row))).astype("timedelta64[D]")
    frame = pd.DataFrame(
        {
            "item": traits["item"].to_numpy()[row],
            "due_on": due,
            "quantity": units,
            "ordered_on": np.minimum(ordered, np.datetime64(span.last_day)),
        }
    )
    return frame[frame["quantity"] > 0]
