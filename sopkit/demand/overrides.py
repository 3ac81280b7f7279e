"""Overrides: the ledger's signed changes to the demand plan, and which of them count in a cycle."""

import numpy as np
import pandas as pd

from sopkit.demand.given import Given
from sopkit.demand.issues import issue, named
from sopkit.demand.spread import Settled, settle

SCOPE = ["item", "family", "market", "bucket"]


def active_overrides(overrides, cycle, first_bucket, calendar) -> pd.DataFrame:
    """The ledger rows that count in the pack of ``cycle`` ("2026-11"), by id.

    Entered for this cycle or an earlier one, their bucket not passed, not expired before
    ``first_bucket`` and not taken back: a ``remove`` takes back the earlier rows of its own cell
    (item, family, market, bucket), and counts no further itself.
    """
    if overrides is None or overrides.empty:
        return overrides
    rows = overrides[(overrides["cycle"].astype(str).str[:7] <= str(cycle)[:7])].sort_values(
        "id", kind="stable"
    )
    rows = (
        rows[(calendar.number(rows["bucket"]) >= calendar.number([first_bucket])[0])]
        if len(rows)
        else rows
    )
    if rows.empty:
        return rows
    cell = _cell(rows, calendar)
    removed = rows["id"].where(rows["kind"] == "remove").groupby(cell).transform("max")
    rows = rows[~(rows["id"] <= removed)]
    if "expires_on" not in rows:
        return rows
    expires = pd.to_datetime(rows["expires_on"])
    return rows[expires.isna() | (expires >= pd.Timestamp(first_bucket))]


def override_issues(given: Given) -> list[dict]:
    """Issues of active overrides without a value: they change nothing."""
    rows = given.overrides
    silent = [] if rows is None or rows.empty else rows.loc[rows["value"].isna(), "id"]
    return (
        []
        if not len(silent)
        else [
            issue(
                "overrides",
                "value",
                "no value",
                f"{len(silent)} overrides have no value: id {named(silent)}",
                "they changed nothing; enter them again with a value, and a remove for the blank"
                " ones",
                value=len(silent),
            )
        ]
    )


def override_units(given: Given, before) -> Settled:
    """What the active overrides add to the sum before."""
    return settle(given.grid, before, given.baseline, wanted(given.overrides, given.grid.calendar))


def wanted(overrides, calendar) -> pd.DataFrame:
    """What the rows want of each cell, in the words of ``settle``.

    Within a cell the latest ``set_to`` counts, with the units and percents entered after it on top;
    without one, all add up. A percent is of the sum before the overrides.

    >>> from sopkit.buckets import Calendar
    >>> rows = pd.DataFrame({"id": [1, 2, 3], "item": "A", "bucket": "2026-11-01", "kind": ["units", "set_to", "units"], "value": [5., 90., 10.]})
    >>> wanted(rows, Calendar("month"))[["set_to", "units", "percent"]].values.tolist()
    [[90.0, 10.0, 0.0]]
    """
    columns = [*SCOPE, "set_to", "units", "percent"]
    if overrides is None or overrides.empty:
        return pd.DataFrame(columns=columns)
    rows = overrides.dropna(subset=["value"]).sort_values("id", kind="stable", ignore_index=True)
    for name in SCOPE[:3]:
        rows[name] = (
            rows[name].astype("object").where(rows[name].notna(), "") if name in rows else ""
        )
    rows["bucket"] = calendar.start(rows["bucket"])
    order = pd.Series(np.arange(len(rows)), index=rows.index)
    latest = order.where(rows["kind"] == "set_to").groupby(_cell(rows, calendar)).transform("max")
    rows = rows[~(order < latest)]
    by_kind = {
        kind: rows["value"].astype(float).where(rows["kind"] == kind)
        for kind in ("set_to", "units", "percent")
    }
    return (
        rows[SCOPE]
        .assign(**by_kind)
        .groupby(SCOPE, sort=False)
        .agg(set_to=("set_to", "last"), units=("units", "sum"), percent=("percent", "sum"))
        .reset_index()[columns]
    )


def _cell(rows, calendar):
    """Number of the cell (item, family, market, bucket) that each row speaks of."""
    said = {
        name: rows[name].astype("object").where(rows[name].notna(), "") if name in rows else ""
        for name in SCOPE[:3]
    }
    cells = pd.DataFrame(said, index=rows.index).assign(bucket=calendar.start(rows["bucket"]))
    return cells.groupby(SCOPE, sort=False).ngroup()
