"""Issues: what is wrong in the facts, one row per cell, row or table, and how a person mends it;
the report that people read of them, worst first, alike rows together.
"""

import numpy as np
import pandas as pd

from sopkit.errors import nearest
from sopkit.tables import PLANS

ISSUES = PLANS["data_issues"]
EXAMPLES = 3  # rows of a group that a short report shows

# rule: what was done about it; for an error: how to mend it
WORDS = {
    "error": """
missing table: add it as NAME.csv, NAME.parquet or the sheet NAME of workbook.xlsx
table given twice: keep one of the files
unreadable file: save it again as UTF-8 CSV, parquet or xlsx
no rows: fill in at least one row
missing column: add the column, with its name in row 1
repeated column: keep one column of that name
ragged row: give the row as many cells as the header; put quotes around text that holds \
the separator
blank: fill in the cell
not a number: write digits with a decimal point, without unit or currency
NaN or infinity: leave the cell empty where the number is not known
not an ISO date: write YYYY-MM-DD
impossible date: correct the date; write YYYY-MM-DD
longer bucket: write a row for every bucket (0 where nothing sold), or set bucket in settings.toml \
to the size of the stamps
not one of: use one of the words allowed
out of range: correct the number
duplicate key: keep one row per key, or add the rows up
unknown item: correct the code, or add the item to items; stock, production, receipts, bills \
and components may list more than is planned: write unplanned = "leave out" in settings.toml
unknown family: correct the name, or give an item that family
unknown resource: correct the name, or add the resource to resources
unknown market: correct the name, or add it to markets in settings.toml
not as typed: let a spreadsheet calculate the file and save it; format columns of codes as text \
and type the codes again
like itself: name another item, or leave it blank
end before start: correct one of the two dates
no exchange rate: add the currency to exchange_rates, with a rate from its first bucket on
wrong calendar: write the first day of every period, from the one that holds the first sale to the \
one after the plan
part of itself: take one of the rows out
successor loop: leave the successor of one of them blank
two scopes: leave all but one of them blank
unreadable settings: correct settings.toml
no plan: mend what the supply plan refuses
wrong setting: correct the value in settings.toml
""",
    "warning": """
not UTF-8: read as cp1252 (Windows); save as UTF-8 if letters look wrong
empty file: read as if the table were absent
thousands separator: read without it
stray space: spaces around the text removed, and what nobody sees in it
line break: kept as found; is a quotation mark left open?
summed duplicates: summed, as settings say (sum_duplicates)
redundant family: the item counts; the family is left out
gate passed: planned with the stage as it stands; decide it, then write the next stage and gate
blank family: read as (none)
blank market: read as (none)
blank strategy: read as stock
unit cost below parts: planned at what its components cost
blank as_of: read as the day before the plan's first bucket
negative stock: counted as 0
negative order: line left out: a return is no order
overdue receipt: counted in the plan's first bucket
shipped before ordered: kept as found; left out of delivery and cycle-time metrics
lane to nowhere: kept; it carries nothing until somebody there wants something
promised before ordered: kept as found; left out of delivery metrics
unit jump: kept as found; check the unit of measure
bucket absent: sold nothing; demand is the expected level
bucket missing: read as zero
history ends early: forecast, and marked as an estimate
last days: read as the buckets that they end; if they should be the next ones, write first days
late hour: read as that day; if it is midnight of the next one elsewhere, write the day alone
incomplete bucket: left out of the history and forecast instead
low volume: kept as found: a break in demand, or a cut in the file?
stale count: taken as the opening stock
no stock count: opening stock 0
unknown setting: ignored
scenario left out: not planned beside the plan
""",
    "notice": """
unknown column: left out
unknown table: left out
absent table: planned without it
byte-order mark: skipped
absent column: default taken in every row
empty buckets: read as zero
stock not counted: left blank
plan without lots: any quantity is planned, whole lots are handed off to the schedule
unit cost from standard: unit_cost read as standard_cost less the labour of its resources
made at several sites: made at each by its own resources; where one route needs them all, write \
in bill_of_resources the site at which the item then is
foreign money: read in the company's, at the rate of its bucket
unplanned items: left out, as settings say (unplanned)
promoted scenario: counted in the facts of the plan; sopkit scenario promote NAME --undo takes it \
out
never sold: planned without a statistical forecast
after the plan's month: not yet known then; left out
after the plan's end: not used; a longer horizon in settings.toml reaches them
shipped after the plan's month: read as still open
count after the plan's start: taken as the opening stock
""",
}
SEVERITIES = list(WORDS)
RULES = {
    rule: (severity, done)
    for severity, text in WORDS.items()
    for rule, done in (line.split(": ", 1) for line in text.strip().splitlines())
}


def found(rule, table, rows=0, column="", value="", problem="", done=None) -> pd.DataFrame:
    """Issues of one rule, one per row number (0 = the table), in the columns of ``data_issues``.

    ``value`` and ``problem`` are one text or one per row; ``done`` replaces the rule's own words.

    >>> found("unknown item", "orders", [7], "item", "P0O1", "is not in items").severity.tolist()
    ['error']
    """
    rows = np.atleast_1d(np.asarray(rows, dtype="int64"))
    severity, words = RULES[rule]
    cells = (table, rows, column, rule, severity, value, problem, words if done is None else done)
    return pd.DataFrame(
        {
            name: np.broadcast_to(np.asarray(cell, dtype=object), len(rows))
            for name, cell in zip(ISSUES.names, cells)
        }
    )


def together(frames) -> pd.DataFrame:
    """All issues in one frame, as found."""
    return pd.concat([frame for frame in frames if len(frame)] or [ISSUES.empty()])


def gather(frames) -> pd.DataFrame:
    """All issues in one ``data_issues`` table, sorted by key; a key found twice keeps its first
    row.
    """
    return ISSUES.conform(together(frames).drop_duplicates(list(ISSUES.key)))


def hints(values, known, most=20) -> list[str]:
    """A ``nearest`` hint per value, for the first ``most`` distinct values (the search is slow);
    empty for the rest.
    """
    words = {value: nearest(value, known) for value in list(dict.fromkeys(values))[:most]}
    return [words.get(value, "") for value in values]


def report(issues, full=False) -> str:
    """What ``sopkit check`` prints: a count, then the issues by severity, table, column and rule.

    Alike rows show ``EXAMPLES`` of them and a count; ``full`` shows every row.

    >>> one = found("unknown family", "budget", [7], "family", "Pump", "is no family of items")
    >>> print(report(gather([one])))
    1 error, 0 warnings, 0 notices: a pack cannot be built until the errors are mended
    <BLANKLINE>
    ERROR budget, family: unknown family
      row 7: 'Pump' is no family of items
      → correct the name, or give an item that family
    """
    counts = issues["severity"].value_counts().reindex(SEVERITIES, fill_value=0)
    head = ", ".join(f"{count:,} {word}{'s' * (count != 1)}" for word, count in counts.items())
    refused = "a pack cannot be built until the errors are mended"
    verdict = refused if counts["error"] else "a pack can be built"
    return "\n".join([f"{head}: {verdict}", *lines(issues, None if full else EXAMPLES)])


def lines(issues, most=None) -> list[str]:
    """The issues in lines, grouped, at most ``most`` rows of each group."""
    ranked = issues.assign(rank=issues["severity"].map(SEVERITIES.index))
    said = []
    for key, group in ranked.groupby(["rank", "severity", "table", "column", "rule"]):
        _, severity, table, column, rule = key
        place = ", ".join(filter(None, (table, column)))
        count = f" ({len(group):,} rows)" if len(group) > 1 else ""
        said += ["", f"{severity.upper()} {place}: {rule}{count}"]
        for done, alike in group.groupby("done", sort=False):
            shown = alike.head(most or len(alike))
            said += [f"  {_place(row)}{plain(row.problem)}" for row in shown.itertuples()]
            if len(alike) > len(shown):
                said.append(f"  and {len(alike) - len(shown):,} more")
            said.append(f"  → {plain(done)}")
    return said


def plain(text) -> str:
    """Text that cannot steer a terminal: control characters are written out.

    >>> plain("a\\x1b[2Jb")
    'a\\\\x1b[2Jb'
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in str(text))


def _place(row) -> str:
    text = row.value if len(row.value) <= 60 else row.value[:59] + "…"
    return (f"row {row.row}: " if row.row else "") + (f"'{plain(text)}' " if text else "")
