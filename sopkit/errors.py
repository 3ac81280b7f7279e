"""The one exception that a person, not a programmer, must mend, and the hint that helps them."""

import difflib


class PlanError(ValueError):
    """The plan cannot go on until a person fixes what the message names.

    The message says what is wrong, where (table, row, column), how many, and what to do next.
    Bugs raise whatever Python raises.

    >>> raise PlanError("horizon is 0; give at least 1 bucket, for example horizon=18")
    Traceback (most recent call last):
    ...
    sopkit.errors.PlanError: horizon is 0; give at least 1 bucket, for example horizon=18
    """

    def __init__(self, message, cells=None):
        super().__init__(message)
        self.cells = cells  # of a table of facts: table, column, positions, problem, what to do


def nearest(value, known, told=str) -> str:
    """A hint with the known name that looks most like ``value``, as ``told`` tells it; empty if
    none does.

    >>> nearest("P0O1", ["P001", "X900"])
    '; did you mean P001?'
    """
    close = difflib.get_close_matches(str(value), map(str, known), n=1, cutoff=0.5)
    return f"; did you mean {told(close[0])}?" if close else ""
