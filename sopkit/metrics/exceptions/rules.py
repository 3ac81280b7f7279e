"""What a rule is, its threshold, and how what it finds becomes declared rows."""

import re
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd

from sopkit.metrics.book import registry
from sopkit.metrics.scopes import per_item
from sopkit.metrics.stages import COMPANY
from sopkit.tables import PLANS, settled

SOON = 3  # buckets that are soon
MANY = 3  # rows of one cause that may become one of their family, or of the company
NEEDED, COVERED = 6, 0.8  # rows that a step may take to cover this part of all money so far
ONE = r"(?<![\d.,])1 (unit|item|day|hour|line|month|week|quarter)s\b"
MOST = 15  # rows of a step beyond which those that cover the rest are folded

# cause: its rules, what leads first: what to do next
CAUSES = """
Forecast missed: bias tracking_signal: Correct its level, or the overrides behind it.
Delivery or production missed: adherence stock_out late_orders: Find what held it up; agree new \
dates with the customers who wait.
Made beyond plan: over_production: Find why; take it off the next production.
Forecast uncertain: short_history forecast_error: Ask sales what the statistics cannot know, or \
try another method.
Plan moved: large_override outside_band change: Have its owner confirm the reason.
Price not realised: price_difference: Correct the list price, or confirm the discount.
Too little capacity: overload: Decide on overtime, more hours, another source, or whom to serve \
later.
Late or short: late inside_lead_time lost below_safety_stock: Pull in open orders, buy elsewhere, \
or agree later dates.
Too much stock: obsolete_stock excess_stock unsaleable_stock: Stop or shrink the next orders; \
sell off what nobody asks for.
Cost unknown: no_cost: Enter what a unit of these items costs.
Plan under budget: revenue_gap margin_gap: Choose among the ways to close the gap.
Cash runs out: cash: Move payments or investments, or arrange credit.
"""
LEADS = {
    rule: {"rule": rule, "cause": cause, "action": action}
    for cause, rules, action in (line.split(": ") for line in CAUSES.strip().splitlines())
    for rule in rules.split()
}
DEMAND = {
    rule
    for rule, lead in LEADS.items()
    if lead["cause"] in ("Forecast missed", "Forecast uncertain", "Plan moved")
}  # what a demand planner can mend, market by market


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
    """The step's rows of ``exceptions``, most money first: those ``found``, whose items become one
    row of their family, then of the company, where more than a few rows would be needed to cover
    80 % of the money at stake; of many rows, those that cover the rest are "others" of their cause.
    """
    rows, declared = found(step, book), PLANS["exceptions"]
    if rows.empty:
        return declared.empty()
    before = book.exceptions.query("step < @step")["money"]
    for level, into in (("family", rows["family"]), (COMPANY, COMPANY)):
        if _high(pd.concat([before, rows["money"]], ignore_index=True)).sum() > NEEDED * step:
            rows = _together(rows, into, level)
    if len(rows) > MOST:
        rows = _together(rows, np.where(_high(rows["money"]), None, "others"), COMPANY)
    severity = np.where(_high(rows["money"]), "high", "low")
    finite = rows["value"].where(np.isfinite(rows["value"]))
    rows = rows.assign(step=step, severity=severity, value=finite)
    ordered = declared.conform(rows[declared.names])
    return ordered.sort_values("money", ascending=False, kind="stable", ignore_index=True)


def each(step, book, rules=tuple(LEADS)) -> pd.DataFrame:
    """What a step's rules, or some of them, find, one row per item (family, resource) and cause:
    the leading rule, the most money of any, all their reasons. The cause of what waits for an
    overloaded resource (its ``holder``) is the resource's.
    """
    used = [name for name in LEADS if name in rules and RULES[name].step == step]
    broken = [_broken(name, RULES[name], book) for name in used]
    broken = [rows for rows in broken if len(rows)]
    if not broken:
        return PLANS["exceptions"].empty().assign(holder="")
    rows = _merged(pd.concat(broken))
    full = rows.loc[rows["level"] == "resource", "name"]
    lead, waits = LEADS["overload"], rows["holder"].isin(full)
    return rows.assign(**{name: rows[name].mask(waits, lead[name]) for name in lead})


def found(step, book, rules=tuple(LEADS)) -> pd.DataFrame:
    """The rows of ``each``, in which what waits for an overloaded resource is part of the
    resource's row, and the company's row gives way to those of its families: money is added once.
    """
    rows = each(step, book, rules)
    waits = (rows["cause"] == LEADS["overload"]["cause"]) & (rows["level"] != "resource")
    held = _together(rows[waits], rows["holder"], "resource", 1)
    rows = _merged(pd.concat([rows[~waits], held]))
    company = rows["level"] == COMPANY
    return rows[~(company & rows["cause"].isin(rows.loc[~company, "cause"]))]


def _merged(rows):
    """One row per name and cause: what leads, the most money of any, all reasons."""
    return _first(rows, ["level", "name", "cause"], money="max", reason=" ".join)


def _together(rows, into, level, many=MANY):
    """The rows, of which ``many`` or more of one cause that go ``into`` one name (none: stays) are
    one row of this level, with the reason of the worst.
    """
    rows = rows.assign(into=into).sort_values("money", ascending=False, kind="stable")
    alike = rows.groupby(["cause", "into"])["name"].transform("size") >= many
    one = _first(rows[alike], ["cause", "into"], money="sum", count="sum")
    told = zip(one["count"], one["name"], one["reason"])
    said = [f"{count:.0f} in all, {_worst(name, reason)}" for count, name, reason in told]
    one = one.assign(level=level, name=one["into"], reason=said)
    return pd.concat([rows[~alike], one], ignore_index=True)


def _worst(name, reason):
    """The worst of many: of a row that is one of many already, its own worst."""
    known = re.match(r"[\d,]+ in all, (most of all .*)", reason)
    return known[1] if known else f"most of all {name}: {reason}"


def _first(rows, key, **how):
    """The first row of each key, with some columns taken together."""
    return rows.groupby(key).agg(dict.fromkeys(rows, "first") | how).reset_index(drop=True)


def _high(money):
    """Whether a row is one of the largest that together cover most of the money."""
    ordered = money.sort_values(ascending=False, kind="stable")
    return (ordered.cumsum() - ordered < COVERED * money.sum()).reindex(money.index)


def _broken(name, rule, book):
    """Rows that break the rule, one per name (its worst by money), with their reason and cause."""
    rows, limit = rule.of(book), threshold(book.settings, name)
    rows = rows[rows["value"] < limit if rule.below else rows["value"].abs() > limit]
    told = {
        "level": rule.level,
        "name": rows.get("item"),
        "bucket": book.at(rule.step),
        "holder": "",
        "money": lambda r: r["units"].abs() * r.get("price", per_item(r, book.list_price)),
    }
    rows = rows.assign(**{key: value for key, value in told.items() if key not in rows})
    worst = rows.sort_values(["money", "bucket"], ascending=[False, True], kind="stable")
    worst = worst.drop_duplicates(["level", "name"])
    said = re.sub(r"\bbucket(?!s?})", book.calendar.size, rule.reason)  # a month, in words
    rows = worst.to_dict("records")
    reasons = [_spoken(said.format(**row, change=percent(row["value"]))) for row in rows]
    return worst.assign(
        **LEADS[name],
        threshold=limit,
        reason=reasons,
        family=worst["name"].where(worst["level"] != "item", worst["name"].map(book.family)),
        count=1,
        counted=worst["level"],
    )


def _spoken(reason):
    """1 unit, not units; a true minus, and a blank before the percent sign."""
    reason = re.sub(ONE, r"1 \1", reason)
    return re.sub(r"(\d)%", r"\1 %", re.sub(r"(?<!\w)-(?=\d)", "−", reason))


def percent(value) -> str:
    """A signed percentage, or words where nothing is its base."""
    return "from nothing" if np.isinf(value) else f"{value:+.0%}"


def bucket_count(counts, book) -> pd.Series:
    """Numbers of buckets in words: "1 month", "2 months"."""
    size = book.calendar.size
    return counts.map(lambda count: f"{count:.0f} {size}{'' if count == 1 else 's'}")
