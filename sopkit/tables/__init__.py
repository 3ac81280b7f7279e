"""Every table of the workbook, declared once: key, columns, units, rules, documentation."""

from sopkit.tables.declare import Column, Table
from sopkit.tables.inputs import INPUTS as _INPUTS
from sopkit.tables.judgments import JUDGMENTS as _JUDGMENTS
from sopkit.tables.judgments import LEDGER as _LEDGER
from sopkit.tables.plans import PLANS as _PLANS
from sopkit.tables.settings import SETTINGS, Setting

INPUTS: dict[str, Table] = {table.name: table for table in _INPUTS}
PLANS: dict[str, Table] = {table.name: table for table in _PLANS + _JUDGMENTS}
LEDGER: dict[str, Table] = {table.name: table for table in _LEDGER}

__all__ = ["Column", "Table", "Setting", "INPUTS", "PLANS", "LEDGER", "SETTINGS"]
