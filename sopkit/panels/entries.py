"""What planners type: ranges pasted from a spreadsheet, and the ledger rows that a save or an undo
becomes.
"""

import math
import re

import numpy as np
import pandas as pd

from sopkit.demand import active_overrides
from sopkit.errors import PlanError
from sopkit.metrics.stages import CELL

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


def placed(values, buckets) -> pd.Series:
    """Pasted values by bucket, blank cells left out; raises ``PlanError`` if they reach beyond the
    horizon.
    """
    if len(values) > len(buckets):
        raise PlanError(
            f"{len(values)} cells were pasted from bucket 1 on, but the plan has {len(buckets)}"
            f" buckets; paste at most {len(buckets)}"
        )
    return pd.Series(values, buckets[: len(values)], dtype=float).dropna()


def rows_to_save(change: pd.Series, consensus: pd.Series, calendar, **entered) -> pd.DataFrame:
    """Ledger rows (kind ``units``) for the changes of a cell, where they are not 0; ``consensus``
    is what they would make, both units by bucket; ``entered`` stands in every row: item, market,
    reason, note and the like.

    Raises ``PlanError`` where nothing changed, no reason is given, or a bucket's consensus would
    fall below zero.
    """
    change = change[change != 0].rename("value").rename_axis("bucket")
    if change.empty:
        raise PlanError("nothing was changed; type a number into the override row, then save")
    if not entered["reason"]:
        raise PlanError(
            "no reason is given; choose one, so that next cycle can learn whether it held"
        )
    rows = change.reset_index().assign(kind="units", **entered)
    _refuse_below_zero(rows, consensus[change.index], calendar)
    return rows


def rows_to_import(rows: pd.DataFrame, plan, ledger) -> pd.DataFrame:
    """The rows (item, market, bucket, value in units), where the plan's consensus with what was
    entered since and with them is nowhere below zero; else raises ``PlanError``.
    """
    planned = plan.read("demand_plan").set_index(CELL)["consensus"]
    planned = planned.add(entered_since(plan, ledger), fill_value=0)
    before = planned.reindex(pd.MultiIndex.from_frame(rows[CELL]))
    _refuse_below_zero(rows, before.to_numpy() + rows["value"], plan.calendar)
    return rows


def _refuse_below_zero(rows, consensus, calendar):
    below = rows[consensus.to_numpy() < -1e-9]
    for row in below.head(1).itertuples():
        raise PlanError(
            f"{row.item} {row.market}: the consensus of {calendar.name(row.bucket)} would be below"
            f" zero ({len(below)} cells in all); take away less"
        )


def rows_to_undo(ids, ledger_rows, plan) -> pd.DataFrame:
    """Ledger rows that take the saved rows of these ids back: ``remove`` where nothing else stands
    in the cell, else the opposite units.
    """
    rows = ledger_rows.fillna({"item": "", "market": ""})
    ours = rows["id"].isin(ids)
    saved, others = rows[ours], active(rows[~ours], plan)
    shared = pd.MultiIndex.from_frame(saved[CELL]).isin(pd.MultiIndex.from_frame(others[CELL]))
    return saved[CELL].assign(
        kind=np.where(shared, "units", "remove"),
        value=-saved["value"].where(shared),
        reason="undo",
        note="takes back row " + saved["id"].astype(str),
        expires_on=saved["expires_on"].where(shared),
    )


def entered_since(plan, ledger) -> pd.Series:
    """Units that the ledger's rows of kind ``units`` add by now to what the plan has of them, by
    item, market ("" = all) and bucket, of rows that say exactly that.
    """
    now, then = ledger.read("overrides"), plan.judgments("overrides")
    now, then = (own_units(rows, plan) for rows in (now, then[then["id"].isin(now["id"])]))
    return now.sub(then, fill_value=0)


def own_units(rows, plan) -> pd.Series:
    """Units of the active ``units`` rows by item, market ("" = all) and bucket."""
    own = active(rows, plan).fillna({"item": "", "market": ""}).query("kind == 'units'")
    return own.assign(bucket=plan.calendar.start(own["bucket"])).groupby(CELL)["value"].sum()


def active(rows, plan) -> pd.DataFrame:
    """The ledger's override rows that count in the cycle that entries belong to."""
    return active_overrides(rows, plan.entry_month, plan.first_bucket, plan.calendar)
