"""Every table of the workbook, declared once: key, columns, units, rules, documentation."""

from sopkit.tables.declare import Column, Table
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
    [['A', 'Works', nan, inf, nan]]
    """
    return INPUTS[name].filled(frame)


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
    "settled",
]
