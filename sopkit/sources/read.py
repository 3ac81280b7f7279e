"""Reading facts: every check in its order, then tables that keep what they declare."""

from dataclasses import replace
from shlex import quote

import numpy as np
import pandas as pd

from sopkit.errors import PlanError
from sopkit.sources import checks, relations
from sopkit.sources.facts import MARK, Facts, calendar_of, opening_issues
from sopkit.sources.files import read_source, settings_file
from sopkit.sources.history import check_history, cut_incomplete
from sopkit.sources.issues import gather, lines
from sopkit.sources.places import at_hand
from sopkit.sources.reading import Reading
from sopkit.sources.settings import read_settings
from sopkit.sources.typed import type_table
from sopkit.supply.facts import read_facts as supply_facts
from sopkit.supply.reading import FACTS
from sopkit.supply.sites import at_sites
from sopkit.tables import INPUTS, RARE, inputs_of

CHECKS = (
    checks.check_hierarchy,
    checks.check_names,
    checks.check_keys,
    checks.check_scopes,
    checks.check_spans,
    checks.check_successors,
    relations.check_calendar,
    relations.check_components,
    relations.check_sites,
    relations.check_currencies,
    checks.check_gates,
    checks.check_reach,
    checks.check_ramps,
    checks.check_lots,
)
REPAIRS = (
    checks.repair_blanks,
    checks.repair_stock,
    checks.repair_costs,
    checks.repair_orders,
    checks.repair_receipts,
    cut_incomplete,
    check_history,
    checks.fill_buckets,
    relations.repair_currencies,
)
ABSENT = {
    "orders": "no on-time delivery, cycle time or open orders",
    "inventory": "no stock count beside inventory_history",
    "inventory_history": "no past stock, turns or stock-outs",
    "receipts": "no open orders; what stock and lead time cannot cover is assumed to be ordered",
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
NEEDED = "a plan needs items and sales_history"


def read_facts(path, month=None) -> Facts:
    """The facts of a source as known before ``month`` ("2026-11"; "next" = the one after the
    history's last whole bucket; None = all of them), repaired visibly.

    ``path`` is a folder of CSV or parquet files, a workbook.xlsx, or the URL of such or of a
    database (see ``at_hand``). Raises ``PlanError`` where a person must mend something: it names
    the first errors; ``check`` lists every one.

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> sales = "item,bucket,quantity\\nP1,2026-10-03,2\\nP1,2026-10-30,3\\n"
    >>> with TemporaryDirectory() as folder:
    ...     _ = Path(folder, "items.csv").write_text("item\\nP1\\n")
    ...     _ = Path(folder, "sales_history.csv").write_text(sales)
    ...     facts = read_facts(folder, "2026-11")
    >>> facts.sales_history[["item", "market", "bucket", "quantity"]].astype(str).values.tolist()
    [['P1', '(none)', '2026-10-01', '5.0']]
    >>> facts.first.date().isoformat(), facts.settings["horizon"]
    ('2026-11-01', 24)
    """
    with at_hand(path) as source:
        if (source.path / MARK).is_file():
            written = Facts.load(source.path)
            if month in (None, "next", written.month):
                return written
        reading, issues = _read(source.path, month)
    errors = issues[issues["severity"] == "error"]
    if len(errors):
        raise PlanError(
            f"{len(errors):,} error{'s' * (len(errors) > 1)} in the data at {source}:\n"
            + "\n".join(lines(errors, most=5))
            + f"\nmend them, and run `sopkit check {quote(str(source))}` for the whole list"
        )
    inputs = inputs_of(reading.settings)
    tables = {name: table.conform(reading.tables[name]) for name, table in inputs.items()}
    return Facts(
        tables,
        reading.settings,
        issues,
        reading.present,
        reading.calendar,
        reading.first,
        reading.month,
    )


def check(path, month=None) -> pd.DataFrame:
    """Every problem of a source at once, in the columns of ``data_issues``: table, row, column,
    value and the mend.

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     _ = Path(folder, "items.csv").write_text("item,price\\nP1,-5\\n")
    ...     issues = check(folder).query("severity == 'error'")
    >>> issues[["table", "row", "column", "rule"]].values.tolist()
    [['items', 2, 'price', 'out of range'], ['sales_history', 0, '', 'missing table']]
    """
    with at_hand(path) as source:
        return _read(source.path, month)[1]


def _read(path, month):
    begun = _begin(path)
    if month == "next":
        whole = replace(begun, tables={**begun.tables}, issues=[*begun.issues])
        month = _next(_judge(whole, None))
    reading = _judge(begun, month)
    return reading, gather(reading.issues)


def _next(reading):
    last = reading.tables["sales_history"]["bucket"].max()
    if reading.refused or pd.isna(last):
        return None
    return f"{reading.calendar.month(reading.calendar.shift(last, 1)):%Y-%m}"


def _judge(reading, month):
    """Every check in its order, from the month's point of view."""
    buckets = reading.tables["sales_history"]["bucket"].dropna()
    reading.month = month
    if month is not None:
        reading.first = reading.calendar.first_in(month)
    elif len(buckets):
        reading.first = reading.calendar.shift(buckets.max(), 1)
    for step in CHECKS:
        step(reading)
    if reading.first is not None:
        if month is not None:
            checks.cut(reading)
            _no_history(reading)
        for step in REPAIRS:
            step(reading)
        if not reading.refused:
            reading.issues += opening_issues(reading)
            _plannable(reading)
    return reading


def _plannable(reading):
    """What the supply plan would refuse, by row: its own reading of the same facts, with no demand
    yet; what it refuses is set aside until it refuses nothing more.
    """
    items = reading.tables["items"]["item"]
    buckets = reading.calendar.range(reading.first, reading.settings["horizon"])
    cells = pd.MultiIndex.from_product([items, buckets], names=["item", "bucket"])
    cells, sold = cells.to_frame(index=False), reading.tables["sales_history"]
    asked = {name: reading.tables[name] for name in FACTS if name in reading.present}
    if "lanes" in asked:
        cells = cells.merge(sold[["item", "market"]].drop_duplicates())
    asked |= {"demand": cells.assign(quantity=0.0)}
    refused = set()
    while True:
        try:
            return supply_facts(at_sites(asked)[0], reading.settings)
        except PlanError as error:
            if error.cells is None or error.cells[:2] in refused:
                return reading.say("no plan", "items", problem=str(error))
            table, column, rows, problem, mend = error.cells
            frame, bad = asked[table], np.isin(np.arange(len(asked[table])), rows)
            reading.say_of("no plan", table, bad, column, problem, mend)
            nothing = 0.0 if frame[column].dtype.kind == "f" else ""
            asked[table] = frame.assign(**{column: frame[column].mask(bad, nothing)})
            refused.add((table, column))


def _begin(path):
    """The reading with every table typed, and its calendar."""
    raws, issues = read_source(path)
    settings, said = read_settings(settings_file(path))
    issues += said
    settings["database"] = {}  # which may hold a password
    inputs, headers = inputs_of(settings), {}
    tables = {name: table.empty() for name, table in inputs.items()}
    for name, raw in raws.items():
        if len(raw.frame):
            tables[name], said = type_table(inputs[name], raw)
            headers[name] = [str(column).strip() for column in raw.frame.columns]
            issues += said
    calendar = calendar_of(tables, settings)
    reading = Reading(tables, settings, calendar, headers, None, issues)
    _absent(reading, raws)
    return reading


def _absent(reading, raws):
    """What a plan does without the tables that are not there, or have no row; it cannot do without
    items and sales_history.
    """
    refused = reading.refused
    for name in set(INPUTS) - reading.present - (RARE - raws.keys()):
        blank = f"{raws[name].origin} has a header and no row" if name in raws else ""
        if name in {*ABSENT} | RARE:
            reading.say("absent table", name, 0, "", blank, ABSENT.get(name, "it says nothing"))
        elif blank:
            reading.say("no rows", name, 0, "", blank, NEEDED)
        elif name not in refused:
            reading.say("missing table", name, problem=f"there is no table {name}; {NEEDED}")


def _no_history(reading):
    if not len(reading.tables["sales_history"]) and "sales_history" in reading.present:
        problem = f"no row is dated before {reading.first:%Y-%m-%d}"
        done = "choose a later month"
        reading.say("no rows", "sales_history", 0, "bucket", reading.month, problem, done)
