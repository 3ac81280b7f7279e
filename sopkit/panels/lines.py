"""The board's numbers: demand, what serves it, stock and backlog in a row per line and a column per
month or quarter.
"""

from functools import lru_cache

from sopkit.charts import missing, show
from sopkit.charts.measure import readable_unit
from sopkit.charts.words import count, escape, is_money
from sopkit.finance import fiscal_quarters

COLUMNS = 12
COARSEST = 9e5  # money stands in thousands at most, so that late units do not vanish
FLOWS = {
    "demand": "consensus (demand)",
    **dict.fromkeys(["production", "overtime_production"], "made"),
    **dict.fromkeys(["subcontracted", "purchased", "receipts"], "subcontracted and bought"),
    "shipments": "shipments",
    "issued": "issued to production",
    "lost": "lost",
}
STOCKS = {
    "projected_available": "stock at the end",
    "backlog": "backlog at the end",
    "late": "of it late",
}
ALWAYS = ("consensus (demand)", "shipments", "stock at the end")


def lines(source, family, market, money: bool, quarters: bool) -> str:
    """The numbers of a choice under their unit, as HTML; of one market only its demand, because
    supply is planned for all markets together.
    """
    wide, unit = _wide(source, family, market, money)
    if not unit:
        return missing(
            "Numbers: items differ in unit and have no price; fill items.price, or choose a family"
        ).html
    calendar = source.view.calendar
    size = "quarter" if quarters else calendar.size
    labels, partial = calendar.label(wide.index), []
    if quarters:
        start = source.book.settings["fiscal_year_start"]
        wide, labels, partial = _quarters(wide, calendar, start)
    notes = {
        f"the first {COLUMNS} of {count(len(wide), size)}": len(wide) > COLUMNS,
        f"{' and '.join(partial)}: only the {calendar.size}s that are planned": partial,
        "supply is planned for all markets together": market,
        "stock at standard cost, all else at price": is_money(unit) and not market,
    }
    factor, shown = readable_unit(wide.to_numpy().ravel().clip(max=COARSEST), unit)
    frame = (wide / factor).T.set_axis(labels, axis=1).iloc[:, :COLUMNS].reset_index(names="")
    table = show(frame, note="; ".join(note for note, said in notes.items() if said))
    return f"<h2>Numbers, {escape(shown)}</h2>{table.html}"


@lru_cache(maxsize=1)
def _wide(source, family, market, money):
    """A row per bucket and a column per line, and their unit ("" = nothing can be added)."""
    table, names = "supply_plan", FLOWS | STOCKS
    if market is not None:
        table, names = "demand_plan", {"baseline": "baseline", "consensus": "consensus"}
    addable, choice = source.view.addable, {"family": family, "market": market, "money": money}
    rows, unit = addable(source.read(table), list(names), **choice)
    total = rows.groupby("bucket")[list(names)].sum()
    wide = total.T.groupby(names, sort=False).sum().T
    if market is None:
        wide = wide.loc[:, (wide.abs().sum() > 1e-9) | wide.columns.isin(ALWAYS)]
    last, _ = addable(source.read("last_demand_plan"), ["consensus"], **choice)
    if len(last):
        place = list(wide).index("consensus" if market else "consensus (demand)") + 1
        wide.insert(place, "last cycle's", last.groupby("bucket")["consensus"].sum())
    return wide, unit


def _quarters(wide, calendar, start):
    """Flows added, stocks taken at the quarter's end; names of the quarters, and of those only
    partly planned.
    """
    parts = wide.groupby(fiscal_quarters(calendar.known(wide.index), start), sort=False)
    taken, many = parts.sum(min_count=1), parts.size()
    ends = [name for name in STOCKS.values() if name in wide]
    taken[ends] = parts[ends].last()
    return taken, list(taken.index), list(many.index[many < calendar.per_year / 4])
