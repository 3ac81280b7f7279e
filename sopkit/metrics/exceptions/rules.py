"""What a rule is, its threshold, and how what it finds becomes declared rows."""

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
MOST = 15  # rows of a step beyond which those that cover the rest are folded

# cause: its rules, what leads first; what to do next
CAUSES = {
    "Forecast missed": ("bias tracking_signal", "Correct its level, or the overrides behind it."),
    "Delivery missed": (
        "adherence stock_out late_orders",
        "Agree new dates with the customers; find what held it up.",
    ),
    "Forecast uncertain": (
        "short_history forecast_error",
        "Ask sales what the statistics cannot know, or try another method.",
    ),
    "Plan moved": ("large_override outside_band change", "Have its owner confirm the reason."),
    "Price not realised": ("price_difference", "Correct the list price, or confirm the discount."),
    "Too little capacity": (
        "overload",
        "Decide on overtime, more hours, another source, or whom to serve later.",
    ),
    "Late or short": (
        "late inside_lead_time lost below_safety_stock",
        "Pull in open orders, buy elsewhere, or agree later dates.",
    ),
    "Too much stock": (
        "obsolete_stock excess_stock unsaleable_stock",
        "Stop or shrink the next orders; sell off what nobody asks for.",
    ),
    "Cost unknown": ("no_cost", "Enter what a unit of these items costs."),
    "Plan under budget": ("revenue_gap margin_gap", "Choose among the ways to close the gap."),
    "Cash runs out": ("cash", "Move payments or investments, or arrange credit."),
}
LEADS = {
    rule: (cause, action, place)
    for cause, (rules, action) in CAUSES.items()
    for place, rule in enumerate(rules.split())
}


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
    rows, before = found(step, book), book.exceptions.query("step < @step")["money"]
    for level in ("family", COMPANY):
        if (
            len(rows)
            and _high(pd.concat([before, rows["money"]], ignore_index=True)).sum() > NEEDED * step
        ):
            rows = _together(rows, rows["family"] if level == "family" else level, level)
    if len(rows) > MOST:
        rows = _together(rows, np.where(_high(rows["money"]), None, "others"), COMPANY)
    severity = np.where(_high(rows["money"]), "high", "low")
    finite = rows["value"].where(rows["value"].abs() < np.inf)
    declared = PLANS["exceptions"]
    rows = declared.conform(rows.assign(severity=severity, value=finite)[declared.names])
    return rows.sort_values("money", ascending=False, kind="stable", ignore_index=True)


def found(step, book) -> pd.DataFrame:
    """What a step's rules find, one row per item (family, resource) and cause, in the columns of
    ``exceptions`` but severity: the leading rule, the most money of any, all their reasons.

    What waits for an overloaded resource belongs to the resource's row, which says so, and of the
    company stands only what its families do not hold: money is added once.
    """
    told = [*PLANS["exceptions"].names, "holder", "place"]
    told.remove("severity")
    broken = [_broken(name, rule, book) for name, rule in RULES.items() if rule.step == step]
    broken = [part.reindex(columns=told) for part in broken if len(part)]
    if not broken:
        return PLANS["exceptions"].empty()
    rows = pd.concat(broken)
    how = dict.fromkeys(told, "first") | {"money": "max", "reason": " ".join}
    key = ["level", "name", "cause"]
    rows = rows.sort_values("place", kind="stable").groupby(key, sort=False).agg(how)
    rows = _less_families(_traced(rows.reset_index(drop=True)))
    rows = rows.assign(step=step)
    return rows.sort_values("money", ascending=False, kind="stable", ignore_index=True)


def _traced(rows):
    """The rows without those of items that wait for a resource with a row of its own, which then
    holds their money, or its own if that is more.
    """
    resource = rows["level"] == "resource"
    waits = rows["holder"].isin(rows.loc[resource, "name"])
    its = rows[waits].sort_values("money", ascending=False, kind="stable").groupby("holder")
    its = its.agg(money=("money", "sum"), count=("name", "size"), worst=("name", "first"))
    held = its.reindex(rows["name"].where(resource)).set_index(rows.index)
    said = [
        f" {_counted(many, 'item')} wait{'s' * (many == 1)} for it, most of all {worst}."
        if many > 0
        else ""
        for many, worst in zip(held["count"], held["worst"])
    ]
    money = rows["money"].clip(lower=held["money"].fillna(0.0))
    return _told(rows.assign(money=money), said)[~waits]


def _told(rows, more):
    """The rows with more to their reasons."""
    return rows.assign(reason=rows["reason"] + pd.Series(more, rows.index, dtype="str"))


def _less_families(rows):
    """The company's row of a cause holds the money that its families' rows do not."""
    company = rows["level"] == COMPANY
    held = rows["cause"].map(rows[~company].groupby("cause")["money"].sum()).where(company)
    held = held.fillna(0.0)
    said = [f" Families listed hold {part:,.0f} of it." if part else "" for part in held]
    rows = _told(rows.assign(money=rows["money"] - held), said)
    return rows[(held == 0) | (rows["money"] > 1e-6 * held)]


def _together(rows, into, level):
    """Many rows of one cause that go ``into`` one name (a family takes items only; None: stays) as
    one row of this level, with the reason of the worst.
    """
    rows = rows.assign(into=into).sort_values("money", ascending=False, kind="stable")
    groups = rows[(rows["level"] == "item") | (level == COMPANY)].groupby(["cause", "into"])
    many = groups["name"].transform("size").reindex(rows.index) >= MANY
    sums = {"money": "sum", "count": "sum", "counted": "max"}  # "company" is the least of all words
    parts = rows[many].groupby(["cause", "into"], sort=False, as_index=False)
    one = parts.agg({name: "first" for name in rows if name not in ("cause", "into")} | sums)
    told = one[["count", "counted", "name", "reason"]].itertuples(index=False, name=None)
    one["reason"] = [
        f"{_counted(count, kind)}, most of all {worst}: {reason}"
        for count, kind, worst, reason in told
    ]
    family = one["into"] if level == "family" else ""
    whole = (level == COMPANY) & ~one["cause"].isin(rows.loc[~many, "cause"])
    one = one.assign(level=level, name=one["into"].mask(whole, COMPANY), family=family)
    return pd.concat([rows[~many], one], ignore_index=True)


def _high(money):
    """Whether a row is one of the largest that together cover most of the money."""
    ordered = money.sort_values(ascending=False, kind="stable")
    before = ordered.cumsum() - ordered
    return (before < COVERED * money.sum()).reindex(money.index)


def _counted(count, name):
    plural = {"family": "families"}.get(name, f"{name}s")
    return f"{count:,.0f} {name if count == 1 else plural}"


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
    reasons = [
        rule.reason.format(**row, change=percent(row["value"])) for row in worst.to_dict("records")
    ]
    cause, action, place = LEADS.get(name, (name.replace("_", " ").capitalize(), "", 0))
    return worst.assign(
        rule=name,
        threshold=limit,
        reason=reasons,
        cause=cause,
        action=action,
        place=place,
        family=worst["name"].where(worst["level"] == "family", worst["name"].map(book.family)),
        count=(worst["level"] != COMPANY).astype("int64"),
        counted=worst["level"],
    )


def percent(value) -> str:
    """A signed percentage, or words where nothing is its base."""
    return "from nothing" if np.isinf(value) else f"{value:+.0%}"


def bucket_count(count) -> str:
    """ "1 bucket", "2 buckets"."""
    return f"{count:.0f} bucket{'' if count == 1 else 's'}"
