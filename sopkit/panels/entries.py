"""What planners type: ranges pasted from a spreadsheet, and the ledger rows that a save or an undo
becomes.
"""

import math
import re

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


CELL = ["item", "market", "bucket"]
NUMBER = re.compile(r"-?(\d+|\d{1,3}(,\d{3})+|(?=\.\d))(\.\d*)?(e[+-]?\d+)?", re.IGNORECASE)


def parse_range(text: str) -> list[float | None]:
    """The numbers of a pasted row or column, tab, semicolon or line by line; a blank cell is None
    (unchanged).

    Thousands commas, spaces, a leading + and the signs − and ( ) are understood. Raises
    ``PlanError`` naming the cell.

    >>> parse_range("1,200\\t\\t−5")
    [1200.0, None, -5.0]
    """
    if not text.strip():
        raise PlanError(
            "nothing was pasted; copy a row of cells from the spreadsheet and paste it into the box"
        )
    cells = re.split(r"\r?\n|[\t;]", text.strip("\r\n"))
    return [_number(cell, place) for place, cell in enumerate(cells, start=1)]


def _number(cell, place):
    plain = re.sub(r"[\s']", "", cell).replace("−", "-").lstrip("+")
    plain = re.sub(r"^\((.*)\)$", r"-\1", plain)
    if not plain:
        return None
    value = float(plain.replace(",", "")) if NUMBER.fullmatch(plain) else math.inf
    if math.isinf(value):
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
    cells = others[CELL].fillna({"item": "", "market": ""}).itertuples(index=False, name=None)
    taken = set(cells)
    return [_undone(row, tuple(row[name] for name in CELL) in taken) for row in saved]


def _undone(row, shared):
    base = {name: row[name] for name in CELL} | {
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
    mine = active[
        (active["item"] == item)
        & (active["market"].fillna("") == market)
        & (active["kind"] == "units")
    ]
    units = mine["value"].groupby(calendar.start(mine["bucket"])).sum()
    return units.reindex(buckets, fill_value=0.0)
