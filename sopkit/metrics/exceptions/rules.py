"""What a rule is, its threshold, and how what it finds becomes declared rows."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd

from sopkit.metrics.book import registry
from sopkit.metrics.scopes import per_item
from sopkit.tables import PLANS, settled

SOON = 3  # buckets that are soon


class Rule(NamedTuple):
    """A rule: the function of a book that measures it (its docstring says what it means), the step
    that applies it, its default threshold, its reason in words, what it judges, and whether values
    below the threshold break it, not those beyond it.

    The function gives a frame with name (or item), value, what the reason names, and money, or the
    units at stake, which are worth their price (the list price where there is none). Without a
    bucket rows stand at the step's. The reason also knows ``change``, the value as a signed
    percentage.
    """

    of: Callable
    step: int
    threshold: float
    reason: str
    level: str = "item"
    below: bool = False


RULES, rule = registry(Rule)


def threshold(settings, rule) -> float:
    """The rule's threshold: ``settings.thresholds`` by name, else the default.

    >>> threshold({"thresholds": {"bias": 0.3}}, "bias"), threshold(None, "bias")
    (0.3, 0.2)
    """
    return float(settled(settings)["thresholds"].get(rule, RULES[rule].threshold))


def table(step, book) -> pd.DataFrame:
    """The step's rows of ``exceptions``, most money first: of every item (family, resource) and
    rule its worst bucket.
    """
    found = [_broken(name, rule, book) for name, rule in RULES.items() if rule.step == step]
    rows = pd.concat([PLANS["exceptions"].empty(), *found], join="inner", ignore_index=True)
    finite = rows["value"].where(rows["value"].abs() < np.inf)
    ordered = PLANS["exceptions"].conform(rows.assign(step=step, value=finite))
    return ordered.sort_values("money", ascending=False, kind="stable", ignore_index=True)


def _broken(name, rule, book):
    """Rows that break the rule, one per name (its worst by money), with their reason."""
    rows, limit = rule.of(book), threshold(book.settings, name)
    rows = rows[rows["value"] < limit if rule.below else rows["value"].abs() > limit]
    told = {
        "level": rule.level,
        "name": rows.get("item"),
        "bucket": book.at(rule.step),
        "money": lambda r: r["units"].abs() * r.get("price", per_item(r, book.list_price)),
    }
    rows = rows.assign(**{key: value for key, value in told.items() if key not in rows})
    worst = rows.sort_values(["money", "bucket"], ascending=[False, True], kind="stable")
    worst = worst.drop_duplicates(["level", "name"])
    reasons = [
        rule.reason.format(**row, change=percent(row["value"])) for row in worst.to_dict("records")
    ]
    return worst.assign(rule=name, threshold=limit, reason=reasons)


def percent(value) -> str:
    """A signed percentage, or words where nothing is its base."""
    return "from nothing" if np.isinf(value) else f"{value:+.0%}"


def bucket_count(count) -> str:
    """ "1 bucket", "2 buckets"."""
    return f"{count:.0f} bucket{'' if count == 1 else 's'}"
