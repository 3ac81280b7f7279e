"""The opening stock: on hand and backlog on the eve of the plan, by the contract's rule."""

import numpy as np
import pandas as pd

from sopkit.sources.issues import found
from sopkit.tables import PLANS


def opening(tables, settings, calendar, first):
    """(opening_stock table, issue frames) from tables whose index is the row in the file."""
    items = tables["items"]
    counts = _latest(_counts(tables, calendar), settings, calendar, first)
    chosen = items[["item"]].merge(counts, on="item", how="left")
    frame = pd.DataFrame(
        {
            "item": chosen["item"],
            "on_hand": chosen["on_hand"].fillna(0.0),
            "as_of": chosen["as_of"],
            "backlog": chosen["item"].map(_backlog(tables, settings, first)).fillna(0.0),
            "source": chosen["source"].fillna("none"),
        }
    )
    return PLANS["opening_stock"].conform(frame), _issues(items, chosen, bool(len(counts)))


def _counts(tables, calendar):
    """Every count with its day, its table and its row."""
    now, past = tables["inventory"], tables["inventory_history"]
    frames = [
        now.assign(source="inventory", row=now.index),
        past.assign(
            as_of=calendar.last_day(past["bucket"]) if len(past) else past["bucket"],
            source="inventory_history",
            row=past.index,
        ),
    ]
    return pd.concat(
        [f[["item", "on_hand", "as_of", "source", "row"]] for f in frames], ignore_index=True
    )


def _latest(counts, settings, calendar, first):
    """One count per item: the latest of the bucket before the plan, else one shortly into it, else
    the latest older one.
    """
    limit = first + pd.Timedelta(days=settings["stock_count_days"])
    counts = counts[counts["as_of"] < limit]
    late, old = counts["as_of"] >= first, counts["as_of"] < calendar.shift(first, -1)
    ranked = counts.assign(rank=np.select([late, old], [1, 2], 0), age=first - counts["as_of"])
    return ranked.sort_values(["item", "rank", "age", "source"], kind="stable").drop_duplicates(
        "item"
    )


def _backlog(tables, settings, first):
    """Units by item: as counted, else overdue open order lines (all open lines of items made to
    order).
    """
    orders, items, counted = (
        tables["orders"],
        tables["items"],
        tables["inventory"].dropna(subset=["backlog"]),
    )
    bases = (
        ["promised_on", "requested_on"]
        if settings["on_time_basis"] == "promised"
        else ["requested_on", "promised_on"]
    )
    due = orders[bases[0]].fillna(orders[bases[1]]).fillna(orders["ordered_on"])
    to_order = orders["item"].isin(items.loc[items["strategy"] == "order", "item"])
    counts = orders["shipped_on"].isna() & (to_order | (due < first))
    units = (orders["quantity"] - orders["shipped_quantity"].fillna(0.0)).clip(lower=0.0)
    return counted.set_index("item")["backlog"].combine_first(
        units[counts].groupby(orders["item"]).sum()
    )


def _issues(items, chosen, any_count):
    """What to say of counts that are missing (of items made to order none is expected), old or a
    few days late.
    """
    issues = []
    missing = (
        chosen["source"].isna()
        & (chosen["item"].map(items.set_index("item")["strategy"]) != "order")
    ).to_numpy()
    if not any_count:
        issues.append(
            found(
                "no stock count",
                "inventory",
                problem="neither inventory nor inventory_history has a count before the plan",
            )
        )
    elif missing.any():
        issues.append(
            found(
                "no stock count",
                "items",
                items.index[missing],
                "item",
                items["item"][missing],
                "has no count before the plan",
            )
        )
    for rank, rule in ((1, "count after the plan's start"), (2, "stale count")):
        its = chosen[chosen["rank"] == rank]
        for source, rows in its.groupby("source"):
            issues.append(
                found(
                    rule,
                    source,
                    rows["row"],
                    "on_hand",
                    rows["item"],
                    "counted on " + rows["as_of"].dt.strftime("%Y-%m-%d"),
                )
            )
    return issues
