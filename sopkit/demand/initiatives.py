"""Strategic initiatives: the demand that they change, weighted by the chance that they happen."""

import numpy as np
import pandas as pd

from sopkit.demand.given import Given
from sopkit.demand.issues import issue, named
from sopkit.grid import blank


def initiative_units(given: Given, before) -> np.ndarray:
    """demand_change × probability × sum before × share of the bucket's days, initiatives added
    (series × bucket).

    A blank probability counts as 1, a blank end as the horizon's; an initiative that names only a
    resource changes capacity, not demand.
    """
    rows = _on_demand(given.initiatives)
    if rows.empty:
        return np.zeros(given.grid.shape)
    change = rows["demand_change"].to_numpy(dtype=float) * _probability(rows)
    ends = rows["ends_on"] if "ends_on" in rows else pd.Series(pd.NaT, index=rows.index)
    return before * given.grid.gather(
        rows, change[:, None] * given.grid.covered(rows["starts_on"], ends)
    )


def initiative_issues(given: Given) -> list[dict]:
    """Issues of initiatives that give a demand change but name a resource."""
    rows = given.initiatives
    if rows is None or rows.empty or "demand_change" not in rows:
        return []
    odd = rows[(pd.to_numeric(rows["demand_change"]).fillna(0) != 0) & ~blank(rows, "resource")]
    return (
        []
        if odd.empty
        else [
            issue(
                "initiatives",
                "demand_change",
                "resource scope",
                f"{len(odd)} initiatives change demand but name a resource:"
                f" {named(odd['initiative'])}",
                "their demand_change was left out; give it in a row of its own with an item, a"
                " family or nothing",
                value=len(odd),
            )
        ]
    )


def _on_demand(initiatives):
    if initiatives is None or initiatives.empty or "demand_change" not in initiatives:
        return pd.DataFrame({"demand_change": []})
    rows = initiatives.assign(demand_change=pd.to_numeric(initiatives["demand_change"]).fillna(0))
    return rows[(rows["demand_change"] != 0) & blank(rows, "resource")].reset_index(drop=True)


def _probability(rows):
    return (
        pd.to_numeric(rows["probability"]).fillna(1).to_numpy()
        if "probability" in rows
        else np.ones(len(rows))
    )
