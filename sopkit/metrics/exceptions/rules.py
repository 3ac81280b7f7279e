"""What the rules mean, their thresholds, and how a finding becomes a declared row."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sopkit.metrics.scopes import item_values, per_item, priced, setting
from sopkit.tables import PLANS

COLUMNS = ["level", "name", "bucket", "rule", "value", "threshold", "money", "reason"]
SOON = 3


@dataclass(frozen=True)
class Rule:
    """A rule: the step that applies it, its default threshold, the unit of value and threshold, and
    its meaning.
    """

    step: int
    threshold: float
    unit: str
    doc: str


RULES = {
    "bias": Rule(
        1, 0.2, "fraction", "released forecasts of the last 3 buckets too high or too low, lag 1"
    ),
    "tracking_signal": Rule(
        1, 4.0, "mean errors", "forecasts of the last 12 buckets miss on one side, lag 1"
    ),
    "stock_out": Rule(1, 0.0, "days", "without stock in the last closed bucket"),
    "late_orders": Rule(
        1, 0.1, "fraction", "lines due in the last closed bucket that were late or are still open"
    ),
    "adherence": Rule(
        1, 0.1, "fraction", "made more or less than planned in the last closed bucket"
    ),
    "forecast_error": Rule(
        2, 0.5, "fraction", "backtest error is high, weighed with the money of the next buckets"
    ),
    "large_override": Rule(2, 0.3, "fraction", "override large against the baseline"),
    "outside_band": Rule(
        2, 0.0, "units", "baseline with override outside the statistics' p10–p90 band"
    ),
    "short_history": Rule(
        2,
        3.0,
        "buckets",
        "planned with fewer buckets of history, a launch without a like item among them",
    ),
    "change": Rule(2, 0.2, "fraction", "consensus changed against the last released plan"),
    "late": Rule(3, 0.0, "units", "demand unserved when it is due"),
    "lost": Rule(3, 0.0, "units", "demand that nothing serves by the horizon's end"),
    "inside_lead_time": Rule(3, 0.0, "units", "late before anything ordered now can arrive"),
    "below_safety_stock": Rule(3, 0.2, "fraction", "stock below safety stock"),
    "overload": Rule(3, 1.0, "fraction", "unconstrained load above regular and overtime hours"),
    "excess_stock": Rule(3, 6.0, "buckets", "stock lasts longer than this"),
    "obsolete_stock": Rule(3, 0.0, "money", "stock without any demand left in the horizon"),
    "revenue_gap": Rule(4, 0.05, "fraction", "planned revenue of the next year below budget"),
    "margin_gap": Rule(4, 0.05, "fraction", "planned margin of the next year below budget"),
    "cash": Rule(4, 0.0, "money", "a bucket pays out more than it collects, by more than this"),
}


def threshold(settings, rule) -> float:
    """The rule's threshold: ``settings.thresholds`` by name, else the default.

    >>> threshold({"thresholds": {"bias": 0.3}}, "bias"), threshold(None, "bias")
    (0.3, 0.2)
    """
    return float(setting(settings, "thresholds").get(rule, RULES[rule].threshold))


def exceptions_table(step, found) -> pd.DataFrame:
    """The declared rows of a step from its findings, most money first; an endless value is
    blank.
    """
    rows = pd.concat(
        [frame[COLUMNS] for frame in found if len(frame)] or [PLANS["exceptions"].empty()[COLUMNS]],
        ignore_index=True,
    )
    declared = PLANS["exceptions"].conform(
        rows.assign(step=step, value=rows["value"].replace([np.inf, -np.inf], np.nan))
    )
    return declared.sort_values("money", ascending=False, kind="stable", ignore_index=True)


def flag(frame, level, rule, settings, reason) -> pd.DataFrame:
    """Rows whose |value| exceeds the rule's threshold, one per name (its worst by money), with
    reason(row) in words.
    """
    limit = threshold(settings, rule)
    over = frame[frame["value"].abs() > limit].sort_values(
        ["money", "bucket"], ascending=[False, True], kind="stable"
    )
    worst = over.drop_duplicates("name").assign(level=level, rule=rule, threshold=limit)
    return worst.assign(
        reason=[reason(row) for row in worst.itertuples()] if len(worst) else pd.Series(dtype="str")
    )


def some(frame) -> bool:
    """Whether there is a table with a row in it."""
    return frame is not None and len(frame) > 0


def usual_prices(items, prices) -> pd.Series:
    """Money per unit by item: the mean planned price, else the list price; 0 where unknown."""
    mean = None if prices is None else prices.groupby("item", as_index=False)["price"].mean()
    return item_values(items, mean, "price")


def priced_plan(plan, items, prices):
    """The plan with the ``price`` of each row; the items' own without ``prices``."""
    if prices is None:
        return plan.assign(price=per_item(plan, item_values(items, None, "price")))
    return priced(plan, prices)


def share(top, bottom):
    """top ÷ bottom, infinite where only the bottom is 0, 0 where both are."""
    return np.where(
        bottom != 0,
        top / bottom.where(bottom != 0, 1.0),
        np.where(top != 0, np.sign(top) * np.inf, 0.0),
    )


def percent(value):
    """A signed percentage, or words where nothing is its base."""
    return "from nothing" if np.isinf(value) else f"{value:+.0%}"


def bucket_count(count):
    """ "1 bucket", "2 buckets"."""
    return f"{count} bucket" if count == 1 else f"{count} buckets"
