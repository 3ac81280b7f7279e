"""The board's numbers: demand, what serves it, stock and backlog in a row per line and a column per
month or quarter.
"""

import pandas as pd

from sopkit.buckets import Calendar
from sopkit.charts import Block, show
from sopkit.charts.measure import addable, chosen, readable_unit
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


def lines_table(source, family: int, market: int, measure: int, size: int) -> Block:
    """The numbers of a choice; of one market only its demand, because supply is planned for all
    markets together.
    """
    lines, unit = (
        _market_lines(source, family, source.market(market), measure)
        if market
        else _supply_lines(source, family, measure)
    )
    if not unit:
        return Block(
            '<h2>Numbers</h2><p class="note">items differ in unit and have no price: fill'
            " items.price, or choose a family</p>",
            "no common unit",
        )
    wide, partial = _wide(lines, source.calendar, size)
    factor, shown = readable_unit(wide.to_numpy().ravel(), unit)
    frame = (wide.iloc[:, :COLUMNS] / factor).reset_index(names="")
    block = show(frame, note=_note(source, wide, partial, market))
    return Block(f"<h2>Numbers, {escape(shown)}</h2>{block.html}", block.text)


def _supply_lines(source, family, measure):
    columns = sum([*FLOWS.values(), *STOCKS.values()], [])
    rows, unit = addable(
        source.rows("supply_plan", family),
        columns,
        source.items,
        source.currency,
        money=bool(measure),
    )
    total = rows.groupby("bucket")[columns].sum()
    lines = {name: total[parts].sum(axis=1) for name, parts in (FLOWS | STOCKS).items()}
    kept = {
        name: line
        for name, line in lines.items()
        if name in ("consensus (demand)", "shipments", "stock at the end")
        or line.abs().sum() > 1e-9
    }
    before = source.last_rows("demand_plan", family)
    return _with_last(kept, before, source, measure, total.index, "consensus (demand)"), unit


def _market_lines(source, family, market, measure):
    rows, unit = addable(
        chosen(source.rows("demand_plan", family), market=market),
        ["baseline", "consensus"],
        source.items,
        source.currency,
        money=bool(measure),
    )
    total = rows.groupby("bucket")[["baseline", "consensus"]].sum()
    before = chosen(source.last_rows("demand_plan", family), market=market)
    return (
        _with_last(
            {"baseline": total["baseline"], "consensus": total["consensus"]},
            before,
            source,
            measure,
            total.index,
            "consensus",
        ),
        unit,
    )


def _with_last(lines, before, source, measure, buckets, name):
    if not len(before):
        return lines
    last = (
        addable(before, ["consensus"], source.items, source.currency, money=bool(measure))[0]
        .groupby("bucket")["consensus"]
        .sum()
        .reindex(buckets)
    )
    return {name: lines[name], "last cycle's": last} | lines


def _wide(lines, calendar, size):
    """A row per line, a column per bucket (or quarter: flows added, stocks taken at its end); names
    of quarters only partly planned.
    """
    frame = pd.DataFrame(lines)
    if not size:
        return frame.T.set_axis(months(frame.index), axis=1), []
    quarter = Calendar("quarter")
    stamps = quarter.start(frame.index)
    last = [name for name in STOCKS if name in frame]
    wide = frame.groupby(stamps).agg(
        {name: "last" if name in last else lambda s: s.sum(min_count=1) for name in frame}
    )
    full = frame.groupby(stamps).size() >= calendar.per_year / 4
    return wide.T.set_axis(quarter.label(wide.index), axis=1), [
        label for label, whole in zip(quarter.label(wide.index), full) if not whole
    ]


def _note(source, wide, partial, market):
    words = (
        [
            f"… {count(wide.shape[1] - COLUMNS, 'column')} more in"
            f" tables/{'demand' if market else 'supply'}_plan.parquet"
        ]
        if wide.shape[1] > COLUMNS
        else []
    )
    words += (
        [f"{' and '.join(partial)}: only the {source.calendar.size}s that are planned"]
        if partial
        else []
    )
    return ". ".join(words + (["supply is planned for all markets together"] if market else []))
