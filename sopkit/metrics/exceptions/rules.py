"""What a rule is, its threshold, and how what it finds becomes declared rows."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sopkit.tables import PLANS, settled

SOON = 3  # buckets that are soon


@dataclass(frozen=True)
class Rule:
    """A rule: the step that applies it, its default threshold, the unit of value and threshold, its
    meaning, its reason in words, what it judges, the function of a book that measures it, and
    whether values below the threshold break it, not those beyond it.

    The function gives a frame with name (or item), bucket, value, money and what the reason names;
    the reason also knows ``change``, the value as a signed percentage.
    """

    step: int
    threshold: float
    unit: str
    doc: str
    reason: str
    level: str
    of: Callable
    below: bool = False


RULES: dict[str, Rule] = {}


def rule(step, threshold, unit, doc, reason, *, level="item", below=False):
    """Registers a function of a book as the rule of its name."""

    def register(function):
        name = function.__name__
        RULES[name] = Rule(step, threshold, unit, doc, reason, level, function, below)
        return function

    return register


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
    columns = PLANS["exceptions"].names
    rules = {name: rule for name, rule in RULES.items() if rule.step == step}
    found = [_broken(name, rule, book).reindex(columns=columns) for name, rule in rules.items()]
    rows = pd.concat([PLANS["exceptions"].empty(), *found], ignore_index=True)
    finite = rows["value"].where(rows["value"].abs() < np.inf)
    ordered = PLANS["exceptions"].conform(rows.assign(step=step, value=finite))
    return ordered.sort_values("money", ascending=False, kind="stable", ignore_index=True)


def _broken(name, rule, book):
    """Rows that break the rule, one per name (its worst by money), with their reason."""
    frame, limit = rule.of(book), threshold(book.settings, name)
    if frame.empty:
        return frame
    broken = frame["value"] < limit if rule.below else frame["value"].abs() > limit
    given = {"level": rule.level, "name": frame.get("item")}
    frame = frame.assign(**{key: value for key, value in given.items() if key not in frame})
    worst = frame[broken].sort_values(["money", "bucket"], ascending=[False, True], kind="stable")
    worst = worst.drop_duplicates(["level", "name"])
    reasons = [
        rule.reason.format(**row, change=percent(row["value"])) for row in worst.to_dict("records")
    ]
    words = pd.Series(reasons, worst.index, dtype="str")
    return worst.assign(rule=name, threshold=limit, reason=words)


def percent(value) -> str:
    """A signed percentage, or words where nothing is its base."""
    return "from nothing" if np.isinf(value) else f"{value:+.0%}"


def bucket_count(count) -> str:
    """ "1 bucket", "2 buckets"."""
    return f"{count:.0f} bucket" if count == 1 else f"{count:.0f} buckets"
