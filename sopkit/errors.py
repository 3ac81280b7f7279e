"""The one exception that a person, not a programmer, must mend."""


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
