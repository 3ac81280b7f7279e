"""Events whose blank uplift is filled in with what the history teaches, series by series."""

import numpy as np
import pandas as pd

from sopkit.forecast.drivers import KINDS, EventModel, checked, lookup, price_ratio, rows_in_scope


def fill_uplifts(events, model: EventModel, series, items=None) -> pd.DataFrame:
    """The events with every blank uplift (and pull_forward) estimated: one row per series in its
    scope; given ones stay as they are.

    ``model`` is ``learn_events`` of the history, ``series`` has item, [market] of the series to be
    planned, ``items`` gives family and list price. A price event without a list price to compare
    with stays blank.

    >>> history = pd.DataFrame({"item": "A", "bucket": pd.date_range("2024-01-01", periods=24, freq="MS"), "quantity": [10.0] * 23 + [15.0]})
    >>> events = pd.DataFrame({"event": ["sale", "next sale"], "item": ["A", "A"], "starts_on": ["2025-12-01", "2026-12-01"], "ends_on": ["2025-12-31", "2026-12-31"]})
    >>> from sopkit.forecast.drivers import learn_events
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
