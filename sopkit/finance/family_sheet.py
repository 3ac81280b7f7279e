"""The family page's data: Wallace & Stahl's sheet of sales, production, inventory or backlog,
service and money.
"""

from typing import NamedTuple

import pandas as pd

from sopkit.finance.plan import fiscal_quarters, fiscal_year
from sopkit.metrics.scopes import (
    SUPPLIED,
    against_production,
    in_force,
    lasting,
    per_item,
    shipped,
)
from sopkit.metrics.stages import COMPANY

PAST, NEAR = 3, 6  # buckets shown one by one before the plan, and at least of it
OWED = ["demand", "shipments", "backlog", "late", "lost"]
MONEY = "money at cost"
NOTHING = pd.Series(dtype="float64", index=pd.DatetimeIndex([]))


class Line(NamedTuple):
    """One row: values by bucket, how a wider column takes them (sum, last, first), and its
    fiscal-year estimate and budget by bucket.
    """

    line: str
    unit: str
    values: pd.Series
    how: str = "sum"
    estimate: pd.Series = NOTHING
    budget: pd.Series = NOTHING


def family_lines(family, book) -> dict[str, list[Line]]:
    """The lines of a family's sheet by block: Sales, Production (all that comes in), Inventory with
    cover (stock items), Backlog with lead time (order items), Service, Money.

    What was planned is what the latest release that planned a bucket says (of production, where
    there is none, the file's own plan). Units are units where the family has one unit of measure,
    else money at standard cost.
    """
    mine = book.of_family(family)
    return {block: lines(mine) for block, lines in BLOCKS.items()}


def family_sheet(lines, book) -> pd.DataFrame:
    """The sheet of one family (its ``family_lines``): block, line, unit, then a number per column:
    three past buckets, the next ones to a quarter's end, quarters, the fiscal year's latest
    estimate (sold so far + planned), its budget and their difference; blank = no data or no
    meaning.

    Wider columns hold the sum, of stocks and backlog the last value; cumulative differences run
    over the past columns.
    """
    size, columns, year = book.calendar.size, sheet_columns(book), _fiscal_year(book)
    rows = [
        {"block": block, "line": line.line, "unit": line.unit.replace("bucket", size)}
        | _cells(line, columns, year, book)
        for block, rows in lines.items()
        for line in rows
    ]
    ends = [f"{year.name} {name}" for name in ("est.", "budget")]
    frame = pd.DataFrame(rows, columns=["block", "line", "unit", *columns.unique(), *ends])
    return frame.assign(difference=frame[ends[0]].astype(float) - frame[ends[1]].astype(float))


def _cells(line, columns, year, book):
    """Column → the line's number. The estimate is what was done of the fiscal year and what is
    planned of it; blank where its elapsed part is not known.
    """
    passed = line.estimate.reindex(year[year < book.first])
    known = line.how != "sum" or passed.empty or passed.notna().any()
    parts = [
        (line.values, columns),
        (line.estimate if known else NOTHING, pd.Series(f"{year.name} est.", year)),
        (line.budget, pd.Series(f"{year.name} budget", year)),
    ]
    cells = [values.dropna().groupby(labels).agg(line.how) for values, labels in parts]
    return pd.concat(cells).to_dict()


def sheet_columns(book) -> pd.Series:
    """Column by bucket: single buckets, then quarters. The last buckets of a plan that are less
    than a quarter stand in none; a longer part of one is named by its buckets.
    """
    near, far = book.before(PAST).append(book.buckets[:NEAR]), book.buckets[NEAR:]
    columns, start = dict(zip(near, book.calendar.label(near))), book.settings["fiscal_year_start"]
    for quarter, inside in far.groupby(fiscal_quarters(book.calendar.known(far), start)).items():
        beside = book.calendar.shift(inside[0], -1), book.calendar.shift(inside[-1], 1)
        around, labels = (
            fiscal_quarters(book.calendar.known(beside), start),
            book.calendar.label(inside),
        )
        short = len(inside) < PAST
        if quarter in around and not short:
            quarter = f"{labels[0]}–{labels[-1]}"
        if not short or quarter != around[1]:
            columns |= zip(inside, labels if short else [quarter] * len(inside))
    return pd.Series(columns).sort_index()


def _fiscal_year(book) -> pd.DatetimeIndex:
    """The buckets of the fiscal year in which the plan begins, and its name."""
    size = book.calendar.per_year
    around = book.calendar.range(book.before(size)[0], 2 * size)
    years = fiscal_year(book.calendar.known(around), book.settings["fiscal_year_start"])
    return around[years == years[size]].rename(f"FY{years[size] % 100:02d}")


def year_estimate(book) -> tuple[str, float, float]:
    """The fiscal year in which the plan begins, the company's revenue in it (invoiced so far +
    planned) and its budget, in money; blank where a part of it is not known.
    """
    year = _fiscal_year(book)
    tables = book.invoiced, book.financial_plan, book.budget
    sold, planned, budget = (t.groupby("bucket")["revenue"].sum(min_count=1) for t in tables)
    revenue = _joined(book, sold, planned).reindex(year).sum(skipna=False)
    return year.name, revenue, budget.reindex(year).sum(skipna=False)


def _unit(book):
    """What the lines are counted in."""
    units = book.items["unit"].unique()
    return MONEY if len(units) > 1 else "".join(units) or "units"


def _units(book, frame, columns, strategy=None):
    """Weighted units by bucket (of stock or order items only, if asked): a Series, or a frame of
    several columns.
    """
    if strategy is not None:
        asked = book.items["item"][book.items["strategy"] == strategy]
        frame = frame[frame["item"].isin(asked)]
    units = frame[columns].mul(per_item(frame, book.weight), axis=0)
    return units.groupby(frame["bucket"]).sum(min_count=1)


def _joined(book, past, ahead=NOTHING):
    """What was before the plan, then what is planned."""
    return pd.concat([past[past.index < book.first], ahead])


def _plan_and_actual(book, word, planned, actual, ahead, budget=NOTHING):
    """The lines planned, done (``word``), difference and its cumulative sum of a flow."""
    unit, done = _unit(book), _joined(book, actual)
    off = (done - _joined(book, planned)).dropna()
    plan, estimate = _joined(book, planned, ahead), _joined(book, actual, ahead)
    return [
        Line("planned", unit, plan, "sum", estimate, budget),
        Line(word, unit, done),
        Line("difference", unit, off),
        Line("cumulative", unit, off.iloc[-PAST:].cumsum(), "last"),
    ]


def _sales(book):
    budget = book.budget.set_index("bucket")["quantity"]
    return _plan_and_actual(
        book,
        "sold",
        _units(book, in_force(book.released_forecasts), "consensus"),
        _units(book, book.sales_history, "quantity"),
        _units(book, book.demand_plan, "consensus"),
        NOTHING if _unit(book) == MONEY else budget,
    )


def _production(book):
    made = _units(book, against_production(book), ["planned", "actual"])
    ahead = _units(book, book.supply_plan, SUPPLIED).sum(axis=1)
    return _plan_and_actual(book, "made", made["planned"], made["actual"], ahead)


def _inventory(book):
    if not (book.items["strategy"] == "stock").any():
        return []
    held = _joined(book, _units(book, book.inventory_history, "on_hand", "stock"))
    ahead = _units(book, book.inventory_plan, "units", "stock")
    planned = _units(book, in_force(book.released_supply), "projected_available", "stock")
    unit = _unit(book)
    lasts = lasting(book).reindex([COMPANY]).max()
    return [
        Line("planned", unit, _joined(book, planned, ahead), "last", _joined(book, held, ahead)),
        Line("counted", unit, held, "last"),
        Line("difference", unit, (held - planned).dropna(), "last"),
        Line("cover", "buckets", lasts, "last", lasts),
    ]


def _backlog(book):
    plan, unit = _units(book, book.supply_plan, OWED, "order"), _unit(book)
    if plan.empty:
        return []
    shipments, closing, late = plan["shipments"], plan["backlog"], plan["late"]
    opening = closing - plan["demand"] + plan["lost"] + shipments
    wait = book.backlog_plan.set_index("bucket")["lead_time"]
    booked = _units(book, book.sales_history, "quantity", "order")
    bookings = _joined(book, booked, plan["demand"])
    return [
        Line("opening", unit, opening, "first"),
        Line("bookings", unit, bookings, "sum", bookings),
        Line("shipments", unit, _joined(book, _units(book, shipped(book), "quantity"), shipments)),
        Line("closing", unit, closing, "last", closing),
        Line("late", unit, late, "last", late),
        Line("lead time", "buckets", wait, "last", wait),
    ]


def _service(book):
    values = book.kpis.query("kpi == 'on_time_delivery'").set_index("bucket")
    target = values["target"].dropna()
    aim = f", target {100 * target.iloc[-1]:g}" if len(target) else ""
    return [Line(f"on time{aim}", "fraction", values["actual"], "last")]


def _money(book):
    """Revenue (invoiced, then planned), margin and their gaps to budget, stock; past margins are
    not known here.
    """
    plan, budget = (table.set_index("bucket") for table in (book.financial_plan, book.budget))
    if plan.empty:
        return []
    sold = book.invoiced.groupby("bucket")["revenue"].sum(min_count=1)
    revenue, stock = _joined(book, sold, plan["revenue"]), plan["inventory_value"]
    off = sold - budget["revenue"]
    return [
        Line("revenue", "money", revenue, "sum", revenue, budget["revenue"]),
        Line("revenue to budget", "money", _joined(book, off, plan["revenue_gap"])),
        Line("margin", "money", plan["margin"]),
        Line("margin to budget", "money", plan["margin_gap"]),
        Line("stock at cost", "money", stock, "last", stock),
    ]


BLOCKS = {
    "Sales": _sales,
    "Production": _production,
    "Inventory": _inventory,
    "Backlog": _backlog,
    "Service": _service,
    "Money": _money,
}
