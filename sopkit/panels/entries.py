"""What planners type: ranges pasted from a spreadsheet, and the ledger rows that a save or an undo
becomes.
"""

import math

import pandas as pd

from sopkit.charts.words import month, number
from sopkit.demand import active_overrides
from sopkit.errors import PlanError

REASONS = (
    "promotion",
    "customer",
    "price",
    "competitor",
    "new product",
    "end of life",
    "supply",
    "correction of history",
    "other",
)


def parse_range(text: str) -> list[float | None]:
    """The numbers of a pasted row or column, tab, semicolon or line by line; a blank cell is None
    (unchanged).

    Thousands commas, spaces, a leading + and the signs − and ( ) are understood. Raises
    ``PlanError`` naming the cell.

    >>> parse_range("1,200\\t\\t−5")
    [1200.0, None, -5.0]
    """
    cells = (
        text.strip("\r\n").replace("\r\n", "\n").replace("\n", "\t").replace(";", "\t").split("\t")
    )
    if not text.strip():
        raise PlanError(
            "nothing was pasted; copy a row of cells from the spreadsheet and paste it into the box"
        )
    return [_number(cell, place) for place, cell in enumerate(cells, start=1)]


def _number(cell, place):
    plain = (
        cell.strip()
        .replace("\u00a0", "")
        .replace("\u202f", "")
        .replace(" ", "")
        .replace("'", "")
        .replace("−", "-")
        .lstrip("+")
    )
    if not plain:
        return None
    if plain.startswith("(") and plain.endswith(")"):
        plain = "-" + plain[1:-1]
    whole, _, fraction = plain.partition(".")
    groups = whole.lstrip("-").split(",")
    well = len(groups) == 1 or (
        1 <= len(groups[0]) <= 3 and all(len(group) == 3 for group in groups[1:])
    )
    try:
        value = float(plain.replace(",", "")) if well else math.nan
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or "," in fraction:
        raise PlanError(
            f"cell {place} of the pasted range is {cell.strip()!r}, which is no number; write it"
            " like 1200, 1,200 or -35.5"
        )
    return value


def placed(values, count: int, start: int = 0) -> dict[int, float]:
    """Pasted values by the place of their bucket, blank cells left out; raises ``PlanError`` if
    they reach beyond the horizon.
    """
    if start + len(values) > count:
        raise PlanError(
            f"{len(values)} cells were pasted from bucket {start + 1} on, but the plan has {count}"
            f" buckets; paste at most {count - start}"
        )
    return {start + place: value for place, value in enumerate(values) if value is not None}


def difference(buckets, before, after) -> pd.DataFrame:
    """What a change would do: bucket, now, then, change; only buckets that change."""
    frame = pd.DataFrame({"bucket": pd.DatetimeIndex(buckets), "now": before, "then": after})
    frame["change"] = frame["then"] - frame["now"]
    return frame[frame["change"].abs() > 1e-9].reset_index(drop=True)


def rows_to_save(
    change, consensus, *, item, market, reason, note="", owner="", expires_on=None
) -> list[dict]:
    """Ledger rows (kind ``units``) for the changes of a cell; ``consensus`` is what they would
    make, by bucket.

    Raises ``PlanError`` where nothing changed, no reason is given, or a bucket's consensus would
    fall below zero.
    """
    if change.empty:
        raise PlanError("nothing was changed; type a number into the override row, then save")
    if not reason:
        raise PlanError(
            "no reason is given; choose one, so that next cycle can learn whether it held"
        )
    below = [
        (bucket, consensus[bucket]) for bucket in change["bucket"] if consensus[bucket] < -1e-9
    ]
    if below:
        raise PlanError(
            f"{month(below[0][0])}: consensus would be {number(below[0][1])}, below zero"
            f" ({len(below)} buckets in all); take away less"
        )
    return [
        {
            "item": item,
            "market": market,
            "bucket": bucket,
            "kind": "units",
            "value": float(value),
            "reason": reason,
            "note": note,
            "owner": owner,
            "expires_on": expires_on,
        }
        for bucket, value in zip(change["bucket"], change["change"])
    ]


def rows_to_undo(saved, ledger_rows, *, month, first_bucket, calendar) -> list[dict]:
    """Ledger rows that take the ``saved`` rows back: ``remove`` where nothing else stands in the
    cell, else the opposite units.
    """
    others = active_overrides(ledger_rows, month, first_bucket, calendar)
    others = others[~others["id"].isin([row["id"] for row in saved])]
    taken = {
        (row.item, row.market, row.bucket)
        for row in (
            others[["item", "market", "bucket"]].fillna({"item": "", "market": ""}).itertuples()
        )
    }
    return [_undone(row, (row["item"], row["market"], row["bucket"]) in taken) for row in saved]


def _undone(row, shared):
    base = {name: row[name] for name in ("item", "market", "bucket")} | {
        "reason": "undo",
        "note": f"takes back row {row['id']}",
    }
    return base | (
        {"kind": "units", "value": -row["value"], "expires_on": row["expires_on"]}
        if shared
        else {"kind": "remove", "value": None}
    )


def own_units(rows, item, market, buckets, *, month, first_bucket, calendar) -> pd.Series:
    """Units of the active ``units`` rows of exactly this item and market, by bucket."""
    active = active_overrides(rows, month, first_bucket, calendar)
    if active is None or active.empty:
        return pd.Series(0.0, index=buckets)
    mine = active[
        (active["item"] == item)
        & (active["market"].fillna("") == market)
        & (active["kind"] == "units")
    ]
    return (
        mine.groupby(calendar.start(mine["bucket"]))["value"].sum().reindex(buckets).fillna(0.0)
        if len(mine)
        else pd.Series(0.0, index=buckets)
    )
