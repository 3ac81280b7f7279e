"""Sources: facts read from a company's files or database, checked cell by cell, cut as of a month.

``read_facts(path, month)`` gives ``Facts`` or a ``PlanError``; ``check(path)`` lists every problem;
``report`` prints them; ``at_hand(place)`` fetches what is no local file, once for several readings.
"""

from sopkit.sources.facts import Facts, opening_stock
from sopkit.sources.issues import report
from sopkit.sources.places import at_hand
from sopkit.sources.read import check, read_facts

__all__ = ["Facts", "at_hand", "check", "opening_stock", "read_facts", "report"]
