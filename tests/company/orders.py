"""Order lines of the sample: what was sold, cut into lines with their dates; late ones, open ones,
and some dirt.
"""

import numpy as np
import pandas as pd

from tests.company.families import MARKETS, trait
from tests.company.sales import Sales
from tests.company.span import Span

SPRING = (2, 3, 4)  # the busy months, in which more is late
AHEAD_SHARE = (0.25, 0.08)  # of the next two months' demand is on order already
PROJECT = 1.5  # one line ahead asks for this many months of its item's demand in the market


def order_lines(
    sales: Sales, mean, traits, span: Span, window: int, most: int, rng
) -> pd.DataFrame:
    """Every line, the order items' from the first month on (their backlog and production follow
    from them).

    ``window`` is the number of months that stock items' lines cover, ``most`` the number of lines a
    month's sale is cut into.
    """
    to_order = trait(traits, "strategy") == "order"
    inside = (np.arange(span.past) >= span.past - window)[None, None, :] | to_order[:, None, None]
    row, market, month = np.nonzero((sales.sold > 0) & inside)
    lines = _cut(row, market, month, sales.sold[row, market, month], most, rng)
    lines = pd.concat([lines, _ahead(mean, traits, span, ~to_order, rng)], ignore_index=True)
    return _dates(lines, traits, to_order, sales, span, rng)


def _cut(row, market, month, units, most, rng):
    """Split each cell's units into 1 to ``most`` lines, exactly."""
    parts = np.minimum(1 + rng.poisson(0.9 if most > 2 else 0.2, len(row)), most)
    weight = rng.uniform(0.4, 1.0, (len(row), most)) * (np.arange(most) < parts[:, None])
    ends = np.round(weight.cumsum(axis=1) / weight.sum(axis=1, keepdims=True) * units[:, None])
    frame = pd.DataFrame(
        {
            "row": np.repeat(row, most),
            "market": np.repeat(market, most),
            "month": np.repeat(month, most),
            "quantity": np.diff(ends, axis=1, prepend=0).ravel(),
        }
    )
    return frame[frame["quantity"] > 0]


def _ahead(mean, traits, span, stock, rng):
    parts = []
    for step, share in enumerate(AHEAD_SHARE):
        units = rng.poisson(mean[:, :, span.past + step] * share) * stock[:, None]
        row, market = np.nonzero(units)
        parts.append(
            pd.DataFrame(
                {
                    "row": row,
                    "market": market,
                    "month": span.past + step,
                    "quantity": units[row, market],
                }
            )
        )
    project = pd.DataFrame(
        {
            "row": [0],
            "market": [0],
            "month": [span.past],
            "quantity": [np.ceil(PROJECT * mean[0, 0, span.past])],
        }
    )
    return pd.concat([*parts, project])


def _dates(lines, traits, to_order, sales, span, rng):
    count, order = len(lines), to_order[lines["row"]]
    day = np.busday_offset(
        span.months[lines["month"]].astype("datetime64[D]"),
        rng.integers(0, 20, count),
        roll="forward",
    )
    day = np.minimum(day, (span.months[lines["month"]] + 1).astype("datetime64[D]") - 1)
    last = np.busday_offset(np.datetime64(span.last_day, "D"), 0, roll="backward")
    wait = 30 * (2 + traits["place"].to_numpy()[lines["row"]] % 2) + rng.integers(-8, 9, count)
    ordered = np.where(
        order,
        day,
        np.minimum(
            _later(day, -rng.integers(4, 16, count)), _later(last, -rng.integers(0, 12, count))
        ),
    )
    requested = np.where(order, _later(day + wait, 0), day)
    promised = np.where(
        rng.random(count) < 0.12, _later(requested, rng.integers(2, 7, count)), requested
    )
    shipped = np.maximum(_later(promised, _delay(lines, traits, order, sales, span, rng)), ordered)
    return lines.assign(
        item=traits["item"].to_numpy()[lines["row"]],
        market=np.array(MARKETS)[lines["market"]],
        ordered_on=ordered,
        requested_on=requested,
        promised_on=promised,
        shipped_on=np.where(shipped > last, np.datetime64("NaT"), shipped),
    )


def _later(day, working_days):
    return np.busday_offset(day, working_days, roll="forward")


def _delay(lines, traits, order, sales, span, rng):
    """Working days between promise and shipment: 0 to −2, or late; more often in spring, in a
    stock-out, and lately for order items.
    """
    month = lines["month"].to_numpy()
    short = pd.MultiIndex.from_frame(lines[["row", "month"]]).isin(
        pd.MultiIndex.from_frame(sales.stock_outs[["row", "month"]])
    )
    chance = trait(traits, "late")[lines["row"]] * np.where(
        np.isin(span.month_of_year[month], SPRING), 1.6, 1.0
    )
    chance = chance * np.where(order & (month >= span.past - 5), 1.7, 1.0) + 0.45 * short
    late = rng.random(len(lines)) < chance
    return np.where(
        late, 1 + rng.geometric(np.where(order, 0.08, 0.18)), -rng.integers(0, 3, len(lines))
    )


def orders(lines: pd.DataFrame, span: Span, window: int, rng) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The orders table of the last ``window`` months, and the lines in it whose dates were spoilt
    (table, key, rule).
    """
    begin = span.buckets[span.past - window]
    shown = lines[
        (lines["ordered_on"] >= begin)
        | (lines["requested_on"] >= begin) & (lines["month"] >= span.past - window)
    ]
    shown = shown.sort_values(["ordered_on", "market", "item"], kind="stable", ignore_index=True)
    serial = (
        shown["ordered_on"].ne(shown["ordered_on"].shift())
        | shown["market"].ne(shown["market"].shift())
    ).cumsum()
    table = shown.assign(
        order="SO-" + (100000 + serial).astype(str),
        line=(10 * (shown.groupby(serial).cumcount() + 1)).astype(str),
        shipped_quantity=_complete(shown, rng),
    )
    return _spoil(table, rng)


def _complete(lines, rng):
    """Shipped quantity: all of it, but for a few lines closed short."""
    short = (rng.random(len(lines)) < 0.02) & (lines["quantity"] >= 10)
    return np.where(
        lines["shipped_on"].isna(),
        np.nan,
        np.where(short, np.round(lines["quantity"] * 0.8), lines["quantity"]),
    )


def _spoil(table, rng):
    table = table.astype(
        {
            name: "datetime64[us]"
            for name in ("ordered_on", "requested_on", "promised_on", "shipped_on")
        }
    )
    closed = np.flatnonzero(table["shipped_on"].notna())
    chosen = np.sort(rng.choice(closed, min(9, len(closed)), replace=False))
    early, promised = np.sort(chosen[:6]), np.sort(chosen[6:])
    table.loc[early, "shipped_on"] = (
        table.loc[early, "ordered_on"] - pd.Timedelta(days=3)
    ).to_numpy()
    table.loc[promised, "promised_on"] = (
        table.loc[promised, "ordered_on"] - pd.Timedelta(days=7)
    ).to_numpy()
    spoilt = table.loc[[*early, *promised]]
    rules = ["shipped before ordered"] * len(early) + ["promised before ordered"] * len(promised)
    return table, pd.DataFrame(
        {"table": "orders", "key": spoilt["order"] + " " + spoilt["line"], "rule": rules}
    )
