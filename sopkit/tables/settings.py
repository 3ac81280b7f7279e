"""The settings of a company: name, default, kind and meaning; all optional."""

from dataclasses import dataclass
from numbers import Real
from typing import Any

from sopkit.errors import PlanError
from sopkit.tables.declare import HUGE, rule


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

    @property
    def rule(self) -> str:
        """The rule in words; empty if anything of its kind goes."""
        return rule(self.choices, self.at_least, self.at_most)

    def fits(self, value) -> bool:
        """Whether the value is of the setting's kind and keeps its rule; parts of a bucket count
        where buckets are counted.
        """
        if self.kind in (bool, dict, list, str) or isinstance(value, bool):
            return isinstance(value, self.kind) and (not self.choices or value in self.choices)
        low = -HUGE if self.at_least is None else self.at_least
        high = HUGE if self.at_most is None else self.at_most
        return isinstance(value, Real) and low <= value <= high


SETTINGS = {
    s.name: s
    for s in [
        Setting("currency", "EUR", str, "currency of every money column"),
        Setting(
            "decimal_mark",
            ".",
            str,
            "how planners type and paste numbers: 1,200.5 or 1.200,5",
            (".", ","),
        ),
        Setting(
            "bucket",
            "month",
            str,
            "size of a bucket; a table calendar makes it period",
            ("month", "week", "quarter", "period"),
        ),
        Setting(
            "horizon",
            24,
            int,
            "buckets planned; 24 months unless told (with weeks 104, with quarters 8)",
            at_least=1,
            at_most=600,
        ),
        Setting(
            "fiscal_year_start",
            1,
            int,
            "month in which the fiscal year starts; a year is named by its end",
            at_least=1,
            at_most=12,
        ),
        Setting(
            "planning_fence",
            2,
            int,
            "buckets in which the last release stands, less what was ordered of it since",
            at_least=0,
            at_most=600,
        ),
        Setting(
            "hiring_notice",
            0,
            int,
            "buckets before a worker more can be there",
            at_least=0,
            at_most=600,
        ),
        Setting(
            "layoff_notice",
            None,
            int,
            "buckets before a worker less can be there; blank = planning_fence",
            at_least=0,
            at_most=600,
        ),
        Setting(
            "demand_fence",
            1,
            int,
            "buckets in which open orders count beside the forecast",
            at_least=0,
            at_most=600,
        ),
        Setting(
            "stock_count_days",
            5,
            int,
            "days into MONTH in which a stock count still serves as opening stock",
            at_least=0,
            at_most=3650,
        ),
        Setting(
            "service_level",
            None,
            float,
            "cycle service wanted where the item says none; blank = no safety stock",
            at_least=0,
            at_most=1,
        ),
        Setting(
            "review",
            1.0,
            float,
            "buckets between two orders; safety stock covers lead time + review",
            at_least=0,
            at_most=600,
        ),
        Setting(
            "receivable_days",
            30,
            float,
            "days until customers pay; what was sold before the plan is collected in it",
            at_least=0,
            at_most=3650,
        ),
        Setting(
            "payable_days",
            30,
            float,
            "days until suppliers are paid; what was sold before is paid in it, at unit_cost",
            at_least=0,
            at_most=3650,
        ),
        Setting(
            "holding_rate",
            0.2,
            float,
            "cost of holding stock, fraction of unit_cost a year",
            at_least=0,
            at_most=100,
        ),
        Setting(
            "backlog_rate",
            1.0,
            float,
            "cost of serving late, fraction of price a year",
            at_least=0,
            at_most=100,
        ),
        Setting("price", "list", str, "price that turns units into money", ("list", "realised")),
        Setting(
            "history_basis",
            "orders",
            str,
            "what sales_history holds: by requested date, or as shipped",
            ("orders", "shipments"),
        ),
        Setting(
            "on_time_basis",
            "promised",
            str,
            "date against which delivery is measured",
            ("promised", "requested"),
        ),
        Setting(
            "on_time_early",
            0,
            int,
            "days early that still count as on time; 0 = any earlier day is fine",
            at_least=0,
            at_most=3650,
        ),
        Setting(
            "on_time_late",
            0,
            int,
            "days late that still count as on time",
            at_least=0,
            at_most=3650,
        ),
        Setting(
            "sum_duplicates",
            False,
            bool,
            "sum duplicate sales_history rows instead of refusing them",
        ),
        Setting(
            "unplanned",
            "refuse",
            str,
            "what rows of items that are not in items mean in inventory, inventory_history,"
            " production_history, receipts, bill_of_resources and components: an error, or they are"
            " left out",
            ("refuse", "leave out"),
        ),
        Setting(
            "allocation",
            "fair",
            str,
            "where hours are short: items of like margin share in proportion to demand, or what"
            " earns most comes first",
            ("fair", "margin"),
        ),
        Setting(
            "initiatives",
            "weighted",
            str,
            "how strategic initiatives count in demand, capacity and cash: by their probability, as"
            " if all happened, or not at all",
            ("weighted", "certain", "off"),
        ),
        Setting(
            "opening_cash",
            None,
            float,
            "money at the plan's start; blank = only its change is told",
        ),
        Setting("markets", [], list, "markets beside those of sales_history"),
        Setting(
            "sales_inputs",
            {},
            dict,
            "rule = midpoint | sum | mean | latest, or an author's name; correct_bias = true takes"
            " off each author's clear bias of the last year",
        ),
        Setting(
            "market_priority",
            {},
            dict,
            "order in which markets are served where an item is short: 1 first, others last",
        ),
        Setting("targets", {}, dict, "target by KPI, for example on_time_delivery = 0.95"),
        Setting("thresholds", {}, dict, "threshold by exception rule, for example bias = 0.2"),
        *(
            Setting(
                f"consume_{way}",
                0,
                int,
                f"buckets {side} from which an open order beyond its bucket's forecast takes that"
                " of others",
                at_least=0,
                at_most=600,
            )
            for way, side in (("backward", "before"), ("forward", "after"))
        ),
        Setting(
            "worklist",
            0.1,
            float,
            "share of the items with which the tuner's worklist opens at most",
            at_least=0,
            at_most=1,
        ),
        Setting("owners", {}, dict, "owner by family or step"),
        Setting(
            "hierarchy",
            {},
            dict,
            "columns of items and of markets, ours or your own, by whose members people filter and"
            ' plan: items = ["brand"], markets = ["group"]; where a family or a market may stand,'
            " so may brand: Alpha or group: DACH (brand: – for what has none)",
        ),
        Setting(
            "roles",
            {},
            dict,
            "people by role; must_sign, the roles without which nothing is released; and by step"
            " (gather_data … executive_review) which roles are responsible, accountable, consulted,"
            " informed: who is accountable for the last one releases; none: one name releases",
        ),
        Setting(
            "database",
            {},
            dict,
            "url = the database that holds input tables, as tables or views of their names; and by"
            " table the SELECT that gives it instead",
        ),
        Setting(
            "import",
            {},
            dict,
            "what `sopkit import` was told: by file, each of its columns as table.column and how"
            " it is written (dmy, mdy, ymd; 1,234.5 or 1.234,5), or nothing",
        ),
    ]
}


STEPS = ("gather_data", "demand_plan", "supply_plan", "reconcile", "executive_review")
RACI = ("responsible", "accountable", "consulted", "informed")


def people(roles: dict) -> dict:
    """Names by role, of the setting ``roles``.

    >>> people({"must_sign": ["finance"], "finance": ["Greta"], "reconcile": {}})
    {'finance': ['Greta']}
    """
    return {role: names for role, names in roles.items() if role not in ("must_sign", *STEPS)}


def who(roles: dict, step: str, part: str) -> list[str]:
    """Names of those who have a part (responsible, accountable …) in a step, by the setting
    ``roles``; of a role without people the role.

    >>> who({"reconcile": {"consulted": ["finance", "sales"]}, "finance": ["Greta"]}, "reconcile",
    ...     "consulted")
    ['Greta', 'sales']
    """
    asked, known = roles.get(step, {}).get(part, []), people(roles)
    return [name for role in asked for name in known.get(role, [role])]


def settled(settings=None) -> dict:
    """The company's settings (a mapping or None) with the default of every one that is not given;
    ``PlanError`` for a value that is not of its kind or breaks its rule.

    >>> settled({"horizon": 18})["horizon"], settled()["review"]
    (18, 1.0)
    """
    given = {name: value for name, value in (settings or {}).items() if value is not None}
    for name, value in given.items():
        if name in SETTINGS and not SETTINGS[name].fits(value):
            expected = SETTINGS[name].rule or f"a value like {SETTINGS[name].default!r}"
            raise PlanError(f"setting {name} is {value!r}, expected {expected}; mend it")
    return {name: setting.default for name, setting in SETTINGS.items()} | given
