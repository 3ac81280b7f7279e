"""Typed tables: raw text against a declaration; every cell that cannot be what its column says is
an issue.
"""

import numpy as np
import pandas as pd

from sopkit.sources.cells import TYPES, strip
from sopkit.sources.issues import found, nearest

REPAIRED = {("orders", "quantity")}  # out of range, but mended later instead of refused


def type_table(table, raw):
    """(frame with every declared column typed, issue frames); the index keeps the row numbers of
    the file.
    """
    columns, issues = _columns(table, raw)
    typed = {}
    for column in table.columns:
        typed[column.name], said = _column(table, column, columns.get(column.name), raw)
        issues += said
    return pd.DataFrame(typed, index=raw.frame.index), issues


def _columns(table, raw):
    """The declared columns of a raw table by name, and what is wrong with its header."""
    header = [str(name).strip() for name in raw.frame.columns]
    issues = [
        found("stray space", table.name, 1, name.strip(), name, "has spaces around it")
        for name in raw.frame.columns
        if name != name.strip()
    ]
    columns = {}
    for place, name in enumerate(header):
        if name in columns:
            issues.append(
                found(
                    "repeated column",
                    table.name,
                    1,
                    name,
                    name,
                    f"column {place + 1} has the name of an earlier one",
                )
            )
        elif name in table.names:
            columns[name] = raw.frame.iloc[:, place]
        elif name or (raw.frame.iloc[:, place] != "").any():
            known = [known for known in table.names if known not in header]
            issues.append(
                found(
                    "unknown column",
                    table.name,
                    1,
                    name,
                    name,
                    f"is no column of {table.name}{_meant(table, name, known)}",
                )
            )
    issues += [
        found(
            "missing column",
            table.name,
            1,
            name,
            "",
            f"{table.name} needs the column {name}: {table[name].doc}",
        )
        for name in table.required
        if name not in columns
    ]
    return columns, issues


def _meant(table, name, known):
    """The nearest declared column, with its unit: a name that is nearly right may still count in
    other units.
    """
    hint = nearest(name, known)
    return hint and hint[:-1] + f" ({table[hint[15:-1]].unit})?"


def _column(table, column, cells, raw):
    """One typed column and its issues: stray spaces, odd cells, blanks where a value is needed,
    broken rules.
    """
    if cells is None:
        return pd.Series(np.nan, index=raw.frame.index).astype(column.dtype), []
    bare, spaced = strip(cells)
    values, odd = TYPES[column.kind](bare, raw.decimal, column.bucketed)
    issues = (
        [
            found(
                "stray space",
                table.name,
                spaced,
                column.name,
                cells.loc[spaced],
                "has spaces around it",
            )
        ]
        if len(spaced)
        else []
    )
    for rule in {rule for rule, _ in odd.values()}:
        at = bare[bare.isin([text for text, (its, _) in odd.items() if its == rule])]
        issues.append(
            found(rule, table.name, at.index, column.name, at, [odd[text][1] for text in at])
        )
    if column.required:
        blank = bare.index[(bare == "").to_numpy(dtype=bool)]
        issues.append(found("blank", table.name, blank, column.name, "", "a value is needed"))
    if (column.choices or column.at_least is not None) and (
        table.name,
        column.name,
    ) not in REPAIRED:
        issues.append(_rule(table, column, values, bare))
    return values.astype(column.dtype), [frame for frame in issues if len(frame)]


def _rule(table, column, values, bare):
    """The cells that break the column's rule: a word that is not allowed, a number out of range."""
    if column.choices:
        bad = (values.notna() & ~values.isin(column.choices)).to_numpy()
        rule, problem = (
            "not one of",
            [f"expected {column.rule}{nearest(v, column.choices)}" for v in values[bad]],
        )
    else:
        low, high = column.at_least, column.at_most
        numbers = values.to_numpy()
        bad = (numbers < (-np.inf if low is None else low)) | (
            numbers > (np.inf if high is None else high)
        )
        rule, problem = "out of range", f"must be {column.rule}"
    return found(rule, table.name, values.index[bad], column.name, bare[bad], problem)
