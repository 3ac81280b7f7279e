"""The settings of a company: name, default, kind and meaning; all optional."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Setting:
    """One line of settings.toml."""

    name: str
    default: Any
    kind: type
    doc: str
    choices: tuple = ()
    at_least: float | None = None
    at_most: float | None = None


def _setting(name, default, kind, doc, choices=(), at_least=None, at_most=None):
    return Setting(name, default, kind, doc, choices, at_least, at_most)


SETTINGS = {
    s.name: s
    for s in [
        _setting("currency", "EUR", str, "currency of every money column"),
        _setting("bucket", "month", str, "size of a bucket", ("month", "week", "quarter")),
        _setting(
            "horizon",
            24,
            int,
            "buckets planned; 24 months unless told (with weeks 104, with quarters 8)",
            at_least=1,
        ),
        _setting(
            "fiscal_year_start",
            1,
            int,
            "month in which the fiscal year starts; a year is named by its end",
            at_least=1,
            at_most=12,
        ),
        _setting(
            "planning_fence",
            2,
            int,
            "buckets in which the last released production stands",
            at_least=0,
        ),
        _setting(
            "demand_fence",
            1,
            int,
            "buckets in which open orders count beside the forecast",
            at_least=0,
        ),
        _setting(
            "stock_count_days",
            5,
            int,
            "days into MONTH in which a stock count still serves as opening stock",
            at_least=0,
        ),
        _setting(
            "service_level",
            None,
            float,
            "cycle service wanted where the item says none; blank = no safety stock",
            at_least=0,
            at_most=1,
        ),
        _setting(
            "review",
            1.0,
            float,
            "buckets between two orders; safety stock covers lead time + review",
            at_least=0,
        ),
        _setting("receivable_days", 30, float, "days until customers pay", at_least=0),
        _setting("payable_days", 30, float, "days until suppliers are paid", at_least=0),
        _setting(
            "holding_rate",
            0.2,
            float,
            "cost of holding stock, fraction of unit_cost a year",
            at_least=0,
        ),
        _setting(
            "backlog_rate", 1.0, float, "cost of serving late, fraction of price a year", at_least=0
        ),
        _setting("price", "list", str, "price that turns units into money", ("list", "realised")),
        _setting(
            "history_basis",
            "orders",
            str,
            "what sales_history holds: by requested date, or as shipped",
            ("orders", "shipments"),
        ),
        _setting(
            "on_time_basis",
            "promised",
            str,
            "date against which delivery is measured",
            ("promised", "requested"),
        ),
        _setting(
            "on_time_early",
            0,
            int,
            "days early that still count as on time; 0 = any earlier day is fine",
            at_least=0,
        ),
        _setting("on_time_late", 0, int, "days late that still count as on time", at_least=0),
        _setting(
            "sum_duplicates",
            False,
            bool,
            "sum duplicate sales_history rows instead of refusing them",
        ),
        _setting(
            "sales_inputs", {}, dict, "rule = midpoint | sum | mean | latest, or an author's name"
        ),
        _setting("targets", {}, dict, "target by KPI, for example on_time_delivery = 0.95"),
        _setting("thresholds", {}, dict, "threshold by exception rule, for example bias = 0.2"),
        _setting("owners", {}, dict, "owner by family or step"),
    ]
}


def settled(settings=None) -> dict:
    """The company's settings (a mapping or None) with the default of every one that is not given.

    >>> settled({"horizon": 18})["horizon"], settled()["review"]
    (18, 1.0)
    """
    given = {name: value for name, value in (settings or {}).items() if value is not None}
    return {name: setting.default for name, setting in SETTINGS.items()} | given
