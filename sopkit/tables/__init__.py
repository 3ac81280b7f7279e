"""Every table of the workbook, declared once: key, columns, units, rules, documentation."""

from dataclasses import replace

from sopkit.tables.declare import Column, Table, text
from sopkit.tables.inputs import INPUTS as _INPUTS
from sopkit.tables.inputs import RARE
from sopkit.tables.judgments import JUDGMENTS as _JUDGMENTS
from sopkit.tables.judgments import LEDGER as _LEDGER
from sopkit.tables.plans import PLANS as _PLANS
from sopkit.tables.settings import SETTINGS, Setting, settled

INPUTS: dict[str, Table] = {table.name: table for table in _INPUTS}
PLANS: dict[str, Table] = {table.name: table for table in _PLANS + _JUDGMENTS}
LEDGER: dict[str, Table] = {table.name: table for table in _LEDGER}


def declared(frame, name: str):
    """An input table as every room reads it: exactly the declared columns in their dtypes, blanks
    filled as declared; None is a table without a row.

    >>> import pandas as pd
    >>> declared(pd.DataFrame({"item": ["A"], "source": ["Works"]}), "sourcing").values.tolist()
    [['A', 'Works', '', nan, inf, nan]]
    """
    return INPUTS[name].filled(frame)


def inputs_of(settings) -> dict[str, Table]:
    """The input tables of a company: items and markets with the columns that its [hierarchy] names
    beside the declared ones, as text.

    >>> inputs_of(settled({"hierarchy": {"items": ["line", "brand"]}}))["items"].names[-1]
    'brand'
    """
    wide = {**INPUTS}
    for name, columns in settings["hierarchy"].items():
        for each in columns:
            if each not in (table := wide[name]).names:
                wide[name] = replace(table, columns=(*table.columns, text(each, "")))
    return wide


__all__ = [
    "INPUTS",
    "LEDGER",
    "PLANS",
    "RARE",
    "SETTINGS",
    "Column",
    "Setting",
    "Table",
    "declared",
    "inputs_of",
    "settled",
]
