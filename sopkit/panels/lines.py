"""The board's numbers: demand, what serves it, stock and backlog in a row per line and a column per
month or quarter.
"""

from functools import lru_cache

import pandas as pd

from sopkit.buckets import Calendar
from sopkit.charts import Block, missing, show
from sopkit.charts.measure import readable_unit
from sopkit.charts.words import count, escape, months

COLUMNS = 12
FLOWS = {
    "consensus (demand)": ["demand"],
    "made": ["production", "overtime_production"],
    "subcontracted and bought": ["subcontracted", "purchased", "receipts"],
    "shipments": ["shipments"],
    "lost": ["lost"],
}
STOCKS = {
    "stock at the end": ["projected_available"],
    "backlog at the end": ["backlog"],
    "of it late": ["late"],
}
ALWAYS = ("consensus (demand)", "shipments", "stock at the end")


def lines(source, family, market, money: bool, quarters: bool) -> Block:
    """The numbers of a choice; of one market only its demand, because supply is planned for all
    markets together.
    """
    wide, unit = _wide(source, family, market, money)
    if not unit:
        return missing(
            "Numbers: items differ in unit and have no price; fill items.price, or choose a family"
        )
    calendar = source.view.calendar
    note = ["supply is planned for all markets together"] if market else []
    labels = months(wide.index)
    if quarters:
        wide, labels, partial = _quarters(wide, calendar)
        if partial:
            told = f"only the {calendar.size}s that are planned"
            note.insert(0, f"{' and '.join(partial)}: {told}")
    if len(wide) > COLUMNS:
        more = count(len(wide) - COLUMNS, "column")
        note.insert(0, f"… {more} more in tables/{'demand' if market else 'supply'}_plan.parquet")
    factor, shown = readable_unit(wide.to_numpy().ravel(), unit)
    frame = (wide / factor).T.set_axis(labels, axis=1).iloc[:, :COLUMNS].reset_index(names="")
    block = show(frame, note=". ".join(note))
    return Block(f"<h2>Numbers, {escape(shown)}</h2>{block.html}", block.text)


@lru_cache(maxsize=1)
def _wide(source, family, market, money):
    """A row per bucket and a column per line, and their unit ("" = nothing can be added)."""
    table, names = ("supply_plan", FLOWS | STOCKS)
    if market is not None:
        table, names = "demand_plan", {name: [name] for name in ("baseline", "consensus")}
    columns, view = sum(names.values(), []), source.view
    choice = {"family": family, "market": market}
    rows, unit = view.addable(source.read(table), columns, money=money, **choice)
    total = rows.groupby("bucket")[columns].sum()
    wide = pd.DataFrame({name: total[parts].sum(axis=1) for name, parts in names.items()})
    if market is None:
        wide = wide.loc[:, (wide.abs().sum() > 1e-9) | wide.columns.isin(ALWAYS)]
    last, _ = view.addable(source.last("demand_plan"), ["consensus"], money=money, **choice)
    if len(last):
        place = list(wide).index("consensus" if market else "consensus (demand)") + 1
        before = last.groupby("bucket")["consensus"].sum()
        wide.insert(place, "last cycle's", before.reindex(wide.index))
    return wide, unit


def _quarters(wide, calendar):
    """Flows added, stocks taken at the quarter's end; names of the quarters, and of those only
    partly planned.
    """
    quarter = Calendar("quarter")
    parts = wide.groupby(quarter.start(wide.index))
    taken = parts.sum(min_count=1)
    ends = [name for name in STOCKS if name in wide]
    taken[ends] = parts[ends].last()
    labels, whole = quarter.label(taken.index), parts.size() >= calendar.per_year / 4
    return taken, labels, [label for label, full in zip(labels, whole) if not full]
