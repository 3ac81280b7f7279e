"""Reading facts: every check in its order, then tables that keep what they declare."""

from pathlib import Path

import pandas as pd

from sopkit.buckets import Calendar
from sopkit.errors import PlanError
from sopkit.sources.asof import cut
from sopkit.sources.dates import check_orders, check_spans, repair_receipts
from sopkit.sources.facts import MARK, Facts
from sopkit.sources.history import check_history, cut_incomplete
from sopkit.sources.issues import gather
from sopkit.sources.keys import check_keys, fill_buckets
from sopkit.sources.names import check_names, check_scopes
from sopkit.sources.opening import opening
from sopkit.sources.ramps import check_ramps
from sopkit.sources.readers import read_source, settings_file
from sopkit.sources.reading import Reading
from sopkit.sources.repairs import repair_blanks, repair_orders, repair_stock
from sopkit.sources.report import lines
from sopkit.sources.settings import read_settings
from sopkit.sources.typed import type_table
from sopkit.tables import INPUTS

CHECKS = (check_keys, check_names, check_scopes, check_spans, check_ramps)
REPAIRS = (
    repair_blanks,
    repair_stock,
    repair_orders,
    check_orders,
    repair_receipts,
    cut_incomplete,
    check_history,
    fill_buckets,
)
EMPTY = {name: table.empty() for name, table in INPUTS.items()}
ABSENT = {
    "orders": "no on-time delivery, cycle time or open orders",
    "inventory": "no stock count beside inventory_history",
    "inventory_history": "no past stock, turns or stock-outs",
    "receipts": "no open purchase or work orders; a pipeline is assumed inside the lead time",
    "production_history": "no plan adherence",
    "resources": "capacity is unlimited",
    "bill_of_resources": "no item loads a resource; every item is bought",
    "sourcing": "items are bought at their unit_cost",
    "events": "no promotions, price changes or holidays",
    "launches": "no new items",
    "initiatives": "no strategic initiatives",
    "sales_inputs": "no sales input in the consensus",
    "budget": "no budget to compare with",
}


def read_facts(path, month=None) -> Facts:
    """The facts of a source as known before ``month`` ("2026-11"; None = all of them), repaired
    visibly.

    ``path`` is a folder of CSV or parquet files or a workbook.xlsx. Raises ``PlanError`` where a
    person must mend something: it names the first errors; ``check`` lists every one.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     _ = Path(folder, "items.csv").write_text("item\\nP1\\n")
    ...     _ = Path(folder, "sales_history.csv").write_text("item,bucket,quantity\\nP1,2026-10-03,2\\nP1,2026-10-30,3\\n")
    ...     facts = read_facts(folder, "2026-11")
    >>> facts.sales_history[["item", "market", "bucket", "quantity"]].astype(str).values.tolist()
    [['P1', '(none)', '2026-10-01', '5.0']]
    >>> facts.first.date().isoformat(), facts.settings["horizon"]
    ('2026-11-01', 24)
    """
    if (Path(path) / MARK).is_file():
        written = Facts.load(path)
        if month in (None, written.month):
            return written
    reading, issues = _read(path, month)
    errors = issues[issues["severity"] == "error"]
    if len(errors):
        raise PlanError(
            f"{len(errors):,} error{'s' * (len(errors) > 1)} in the data at {path}:\n"
            + "\n".join(lines(errors, most=5))
            + f"\nmend them, and run `sopkit check {path}` for the whole list"
        )
    tables = {
        name: table.conform(reading.tables[name]) if name in reading.present else EMPTY[name].copy()
        for name, table in INPUTS.items()
    }
    return Facts(
        tables, reading.settings, issues, reading.present, reading.calendar, reading.first, month
    )


def check(path, month=None) -> pd.DataFrame:
    """Every problem of a source at once, in the columns of ``data_issues``: table, row, column,
    value and the mend.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     _ = Path(folder, "items.csv").write_text("item,price\\nP1,-5\\n")
    ...     issues = check(folder).query("severity == 'error'")
    >>> issues[["table", "row", "column", "rule"]].values.tolist()
    [['items', 2, 'price', 'out of range'], ['sales_history', 0, '', 'missing table']]
    """
    return _read(path, month)[1]


def _read(path, month):
    reading = _begin(path, month)
    for step in CHECKS:
        step(reading)
    if reading.first is None:
        return reading, gather(reading.issues)
    if month is not None:
        cut(reading)
        _no_history(reading)
    for step in REPAIRS:
        step(reading)
    if not _refused(reading):
        reading.issues += opening(
            reading.tables, reading.settings, reading.calendar, reading.first
        )[1]
    return reading, gather(reading.issues)


def _begin(path, month):
    """The reading with every table typed, its calendar and its first bucket."""
    raws, issues = read_source(path)
    settings, said = read_settings(settings_file(path))
    issues += said
    tables = dict(EMPTY)
    filled = {name: raw for name, raw in raws.items() if len(raw.frame)}
    for name, raw in filled.items():
        tables[name], said = type_table(INPUTS[name], raw)
        issues += said
    headers = {
        name: [str(column).strip() for column in raw.frame.columns] for name, raw in filled.items()
    }
    reading = Reading(
        tables,
        settings,
        _calendar(settings, tables["sales_history"]["bucket"]),
        headers,
        month,
        issues,
    )
    _absent(reading, raws)
    reading.first = _first(reading)
    return reading


def _calendar(settings, buckets):
    """The settings' calendar; weeks begin on the weekday on which every row of history is
    stamped.
    """
    days = buckets.dropna().dt.day_of_week.unique() if settings["bucket"] == "week" else []
    return Calendar(settings["bucket"], int(days[0]) if len(days) == 1 else 0)


def _first(reading):
    if reading.month is not None:
        return reading.calendar.first_in(reading.month)
    last = reading.tables["sales_history"]["bucket"].max()
    return None if pd.isna(last) else reading.calendar.shift(last, 1)


def _absent(reading, raws):
    """What a plan does without the tables that are not there, or have no row; it cannot do without
    items and sales_history.
    """
    refused = _refused(reading)
    for name in INPUTS:
        if name in reading.present:
            continue
        blank = f"{raws[name].origin} has a header and no row" if name in raws else ""
        if name in ABSENT:
            reading.say("absent table", name, 0, value=blank, problem=ABSENT[name])
        elif blank:
            reading.say(
                "no rows", name, 0, value=blank, problem="a plan needs items and sales_history"
            )
        elif name not in refused:
            reading.say(
                "missing table",
                name,
                0,
                problem=f"there is no table {name}; a plan needs items and sales_history",
            )


def _refused(reading):
    """Tables with an error."""
    return {
        name
        for frame in reading.issues
        for name in frame.loc[frame["severity"] == "error", "table"].unique()
    }


def _no_history(reading):
    if not len(reading.tables["sales_history"]) and "sales_history" in reading.present:
        reading.say(
            "no rows",
            "sales_history",
            0,
            "bucket",
            reading.month,
            f"no row is dated before {reading.first:%Y-%m-%d}",
            "choose a later month",
        )
