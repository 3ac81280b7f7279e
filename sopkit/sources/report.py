"""The report: what a person reads of the issues, worst first, alike rows together."""

from sopkit.sources.issues import SEVERITIES

EXAMPLES = 3


def report(issues, full=False) -> str:
    """What ``sopkit check`` prints: a count, then the issues by severity, table, column and rule.

    Alike rows show ``EXAMPLES`` of them and a count; ``full`` shows every row.

    >>> from sopkit.sources.issues import found, gather
    >>> print(report(gather([found("unknown item", "orders", [7], "item", "P0O1", "is no item of items")])))
    1 error, 0 warnings, 0 notices: a pack cannot be built until the errors are mended
    <BLANKLINE>
    ERROR orders, item: unknown item
      row 7: 'P0O1' is no item of items
      → correct the code, or add the item to items
    """
    counts = issues["severity"].value_counts().to_dict()
    head = ", ".join(f"{counts.get(s, 0):,} {s}{'s' * (counts.get(s, 0) != 1)}" for s in SEVERITIES)
    verdict = (
        "a pack cannot be built until the errors are mended"
        if counts.get("error", 0)
        else "a pack can be built"
    )
    return "\n".join([f"{head}: {verdict}", *lines(issues, None if full else EXAMPLES)])


def lines(issues, most=None) -> list[str]:
    """The issues in lines, grouped, at most ``most`` rows of each group."""
    rank = issues["severity"].map(SEVERITIES.index)
    said = []
    for (_, severity, table, column, rule), group in issues.assign(rank=rank).groupby(
        ["rank", "severity", "table", "column", "rule"]
    ):
        place = ", ".join(filter(None, (table, column)))
        said += [
            "",
            f"{severity.upper()} {place}: {rule}"
            + (f" ({len(group):,} rows)" if len(group) > 1 else ""),
        ]
        for done, alike in group.groupby("done", sort=False):
            shown = alike if most is None else alike.head(most)
            said += [
                f"  {_place(row)}{_quote(row)}{plain(row.problem)}" for row in shown.itertuples()
            ]
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
    return f"row {row.row}: " if row.row else ""


def _quote(row) -> str:
    text = row.value if len(row.value) <= 60 else row.value[:59] + "…"
    return f"'{plain(text)}' " if text else ""
