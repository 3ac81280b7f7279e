"""What a table is: a key, columns with dtype, unit, rule and a line of documentation."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from sopkit.errors import PlanError

HUGE = 1e13  # beyond it a number of a company is a slip, and its cents are lost
DTYPES = {"text": "str", "number": "float64", "whole": "int64", "date": "datetime64[us]"}


def rule(choices=(), at_least=None, at_most=None) -> str:
    """What may stand in a cell or setting, in words; empty if anything goes.

    >>> rule(("stock", "order")), rule(at_least=0), rule(at_least=0, at_most=1)
    ('stock or order', 'at least 0', 'between 0 and 1')
    """
    if at_most is not None:
        return f"between {at_least:g} and {at_most:g}"
    return " or ".join(choices) if at_least is None else f"at least {at_least:g}"


@dataclass(frozen=True)
class Column:
    """One column: ``kind`` is text, number, whole or date; bounds and choices are its rule.

    ``default`` is what a blank cell means: a value, or a function of the table's frame where other
    columns say it. None: a blank stays one, and the one room that uses the column derives it.
    """

    name: str
    kind: str
    unit: str
    doc: str
    required: bool = False
    at_least: float | None = None
    at_most: float | None = None
    choices: tuple[str, ...] = ()
    bucketed: bool = False
    default: str | float | Callable | None = None  # what a blank cell means

    @property
    def dtype(self) -> str:
        """The pandas dtype that holds the column."""
        return DTYPES[self.kind]

    @property
    def rule(self) -> str:
        """The rule in words, for people ("at least 0", "stock or order"); empty if anything goes.

        >>> fraction("uplift", "").rule
        'between 0 and 1'
        """
        if self.bucketed:
            return "first day of a bucket"
        return rule(self.choices, self.at_least, self.at_most)

    @property
    def most(self) -> float:
        """The largest number that an input may hold here."""
        return HUGE if self.at_most is None else self.at_most


def text(name, doc, *, required=False, choices=(), blank=None):
    """A text column; ``choices`` lists the only words allowed, ``blank`` is what none means."""
    return Column(name, "text", "–", doc, required, choices=tuple(choices), default=blank)


def number(name, unit, doc, *, required=False, at_least=None, at_most=None, blank=None):
    """A float64 column in ``unit``."""
    return Column(name, "number", unit, doc, required, at_least, at_most, default=blank)


def fraction(name, doc, *, required=False, blank=None):
    """A float64 column between 0 and 1."""
    return Column(name, "number", "fraction", doc, required, 0.0, 1.0, default=blank)


def whole(name, unit, doc, *, required=False):
    """An int64 column, never blank."""
    return Column(name, "whole", unit, doc, required)


def date(name, doc, *, required=False):
    """A day, as datetime64."""
    return Column(name, "date", "date", doc, required)


def bucket(doc="bucket, stamped with its first day", *, name="bucket", required=True):
    """The bucket column: dates that are read into the bucket that holds them."""
    return Column(name, "date", "date", doc, required, bucketed=True)


@dataclass(frozen=True)
class Table:
    """A declared table: ``key`` columns identify a row, ``kind`` is input, plan or ledger,
    ``steps`` write it.
    """

    name: str
    kind: str
    doc: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    steps: tuple[int, ...] = ()

    @property
    def names(self) -> list[str]:
        """Column names in their order."""
        return [column.name for column in self.columns]

    @property
    def required(self) -> list[str]:
        """Names of the columns that a file of this table cannot do without."""
        return [column.name for column in self.columns if column.required]

    def __getitem__(self, name) -> Column:
        return {column.name: column for column in self.columns}[name]

    def typed(self, frame: pd.DataFrame | None) -> pd.DataFrame:
        """The frame with exactly the declared columns in their dtypes, absent ones blank; None is
        the table without a row.
        """
        if frame is None:
            return self.empty()
        cells = {}
        for column in self.columns:
            name, dtype = column.name, column.dtype
            told = frame[name] if name in frame else pd.Series(index=frame.index, dtype=dtype)
            same = told.dtype == dtype
            cells[name] = told if same else told.where(told.notna()).astype(dtype)
        return pd.DataFrame(cells, index=frame.index)

    def filled(self, frame: pd.DataFrame | None) -> pd.DataFrame:
        """``typed``, and every blank cell with the value that its column declares for it."""
        full = self.typed(frame)
        for column in self.columns:
            if column.default is not None:
                cells, value = full[column.name], column.default
                if column.kind == "text":
                    cells = cells.mask(cells == "")
                if cells.isna().any():
                    full[column.name] = cells.fillna(value(full) if callable(value) else value)
        return full

    def empty(self) -> pd.DataFrame:
        """The table without a row, its columns and dtypes in place."""
        return pd.DataFrame({c.name: pd.Series(dtype=c.dtype) for c in self.columns})

    @cached_property
    def schema(self):
        """The pandera schema: dtypes, rules, the key's uniqueness; blank cells allowed where not
        required.
        """
        import pandera.pandas as pa

        return pa.DataFrameSchema(
            {
                c.name: pa.Column(
                    c.dtype,
                    _checks(pa, c, self.kind == "input"),
                    nullable=not self._filled(c),
                    description=c.doc,
                    metadata={"unit": c.unit},
                )
                for c in self.columns
            },
            unique=list(self.key) or None,
            strict=True,
            name=self.name,
            description=self.doc,
        )

    def _filled(self, column) -> bool:
        if self.kind == "plan":
            return column.name in self.key
        return column.required

    def conform(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The frame with exactly the declared columns and dtypes, sorted by key, with a RangeIndex.

        Raises ``PlanError`` when a column is missing or unknown, a key repeats or a rule is broken.
        """
        missing = [name for name in self.names if name not in frame.columns]
        unknown = [name for name in frame.columns if name not in self.names]
        if missing or unknown:
            raise PlanError(
                f"table {self.name}: missing columns {missing}, unknown columns {unknown}; "
                f"give exactly: {', '.join(self.names)}"
            )
        cast = frame[self.names].astype({c.name: c.dtype for c in self.columns})
        ordered = (
            cast.sort_values(list(self.key), kind="stable", ignore_index=True)
            if self.key
            else cast.reset_index(drop=True)
        )
        self._insist(ordered)
        return ordered

    def _insist(self, frame):
        import pandera.errors

        try:
            self.schema.validate(frame, lazy=True)
        except pandera.errors.SchemaErrors as error:
            cases = error.failure_cases
            first = cases.iloc[0]
            raise PlanError(
                f"table {self.name}: {len(cases)} cells break a rule, first in column"
                f" {first['column']}, row {first['index']}: {first['failure_case']!r}"
                f" ({first['check']}); mend what writes it"
            ) from None


def _checks(pa, column, given):
    checks = []
    if given and column.kind == "number":
        checks.append(pa.Check.in_range(-HUGE, column.most))
    if column.choices:
        checks.append(pa.Check.isin(column.choices))
    if column.at_least is not None:
        checks.append(pa.Check.ge(column.at_least))
    if column.at_most is not None:
        checks.append(pa.Check.le(column.at_most))
    return checks
