"""What the demand plan is made of: the baseline on its grid, the facts and the judgments of one
cycle.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sopkit.demand.naive import seasonal_naive
from sopkit.grid import NONE, Grid, attribute, grid_of


@dataclass(frozen=True)
class Given:
    """Grid, ``baseline`` (series × bucket), and the tables that the stages read; an absent table is
    None.
    """

    grid: Grid
    baseline: np.ndarray
    items: pd.DataFrame
    history: pd.DataFrame | None = None
    events: pd.DataFrame | None = None
    launches: pd.DataFrame | None = None
    initiatives: pd.DataFrame | None = None
    sales_inputs: pd.DataFrame | None = None
    overrides: pd.DataFrame | None = None
    orders: pd.DataFrame | None = None
    rule: str = "midpoint"
    demand_fence: int = 1

    def reference(self, items, markets) -> np.ndarray:
        """Demand of each (item, market) as a like item: its baseline, else its last year of history
        again.
        """
        values, row = np.zeros((len(items), self.grid.shape[1])), self.grid.find(items, markets)
        values[row >= 0] = self.baseline[row[row >= 0]]
        silent = ~(values > 0).any(axis=1)
        if silent.any() and self.history is not None:
            pairs = pd.DataFrame(
                {"item": np.asarray(items)[silent], "market": np.asarray(markets)[silent]}
            )
            past = grid_of(pairs, self.grid.buckets, None, self.grid.calendar)
            values[silent] = seasonal_naive(past, self.history)[
                past.find(pairs["item"], pairs["market"])
            ]
        return values


def plan_grid(baseline, buckets, items, calendar, *named, launches=None) -> Grid:
    """The grid of every series that the plan may speak of.

    Those of the baseline; launched items and successors in the markets of what they follow; and
    every item that the tables ``named`` name though it has no series, in the market that they name
    or else in the markets of its family (of the company, if it has none; ``(none)`` if nobody has).
    """
    pairs = [baseline[["item", "market"]].drop_duplicates()]
    follows = pd.concat(
        [_follows(launches, "like_item", "item"), _follows(items, "item", "successor")],
        ignore_index=True,
    )
    pairs.append(
        follows.merge(pairs[0].rename(columns={"item": "old"}), on="old")[["item", "market"]]
    )
    said = [
        _said(table, items) for table in (*named, launches) if table is not None and not table.empty
    ]
    known = pd.concat(pairs, ignore_index=True)
    if said:
        known = pd.concat(
            [known, _unseen(pd.concat(said, ignore_index=True), known, items)], ignore_index=True
        )
    return grid_of(known, buckets, items, calendar)


def _follows(table, old, new):
    empty = pd.DataFrame({"old": [], "item": []}, dtype="object")
    if table is None or old not in table or new not in table:
        return empty
    pairs = table[[old, new]].dropna().astype("object")
    pairs.columns = ["old", "item"]
    return pairs[(pairs["old"] != "") & (pairs["item"] != "")]


def _said(table, items):
    if "item" not in table:
        return pd.DataFrame({"item": [], "market": []}, dtype="object")
    market = (
        table["market"] if "market" in table else pd.Series(None, index=table.index, dtype="object")
    )
    said = pd.DataFrame(
        {"item": table["item"].astype("object"), "market": market.astype("object")}
    ).replace(["", NONE], None)
    return said[said["item"].isin(items["item"])].drop_duplicates()


def _unseen(said, known, items):
    """Series for items that are named but not known: their market, or the markets in which their
    family sells.
    """
    exact = said.dropna(subset=["market"])
    vague = said[
        said["market"].isna()
        & ~said["item"].isin(known["item"])
        & ~said["item"].isin(exact["item"])
    ][["item"]].drop_duplicates()
    vague = vague.assign(family=attribute(items, "family", vague["item"]).fillna(NONE).to_numpy())
    homes = known.assign(family=attribute(items, "family", known["item"]).fillna(NONE).to_numpy())[
        ["family", "market"]
    ].drop_duplicates()
    at_home = vague.merge(homes, on="family")[["item", "market"]]
    anywhere = (
        known[["market"]].drop_duplicates() if len(known) else pd.DataFrame({"market": [NONE]})
    )
    strangers = vague[~vague["item"].isin(at_home["item"])][["item"]].merge(anywhere, how="cross")
    return pd.concat([exact, at_home, strangers], ignore_index=True)
