"""Drivers: each a way in which the inputs of a plan can differ, with what it may name and how far
it may go.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from sopkit.demand.said import SCENARIO_ROWS
from sopkit.errors import PlanError
from sopkit.metrics.book import registry
from sopkit.sources import Facts
from sopkit.supply.strategies import STRATEGIES
from sopkit.tables import INPUTS, LEDGER, SETTINGS

ENDLESS = 10_000  # no setting that counts days or buckets, and no rate, goes so far
RELATIVE = ("percent", "units")
ANY = (*RELATIVE, "set_to")
OFFSETS = {
    "week": pd.DateOffset(weeks=1),
    "month": pd.DateOffset(months=1),
    "period": pd.DateOffset(months=1),
    "quarter": pd.DateOffset(months=3),
}
RULES = {"strategy": [*STRATEGIES], "whole_workers": bool, "lots": bool}  # parameters of step 3
PLANNING = (  # settings that steps 2 to 4 read, and no step before them
    *("planning_fence", "hiring_notice", "layoff_notice", "demand_fence", "review"),
    *("receivable_days", "payable_days", "holding_rate", "backlog_rate", "price", "allocation"),
    *("service_level", "initiatives", "opening_cash"),
)


@dataclass(frozen=True)
class Inputs:
    """What a plan is made from: the facts, the ledger's overrides, the parameters of the steps."""

    facts: Facts
    overrides: pd.DataFrame
    parameters: dict

    @classmethod
    def of(cls, plan) -> "Inputs":
        """What a plan was made from."""
        return cls(plan.facts, plan.judgments("overrides"), plan.cycle["parameters"])

    def having(self, **tables) -> "Inputs":
        """The inputs with other tables of facts."""
        facts = self.facts
        told = frozenset(name for name, rows in tables.items() if len(rows))
        facts = replace(facts, tables=facts.tables | tables, present=facts.present | told)
        return replace(self, facts=facts)


class Amount(NamedTuple):
    """How far a change goes: a kind (percent, units, set_to, off or word) and its value."""

    kind: str
    value: float | str = 0.0

    def of(self, numbers):
        """The numbers, changed."""
        if self.kind == "percent":
            return numbers * (1 + self.value / 100)
        return numbers + self.value if self.kind == "units" else numbers * 0 + self.value


@dataclass(frozen=True)
class Driver:
    """A registered driver: its function, what it takes, and the first step that it touches."""

    apply: Callable
    example: str
    scope: tuple
    kinds: tuple
    named: str = ""
    timed: bool = False
    step: int = 3

    @property
    def doc(self) -> str:
        """What it changes, in words."""
        return self.apply.__doc__

    def amount(self, text: str) -> Amount:
        """The amount that a person wrote; ``PlanError`` where the driver has no use for it.

        >>> DRIVERS["demand"].amount("+10 %"), DRIVERS["service_level"].amount("98 %")
        (Amount(kind='percent', value=10.0), Amount(kind='set_to', value=0.98))
        """
        text = text.strip()
        found = re.fullmatch(r"([+−-]?) ?(\d{1,15}(?:\.\d{1,9})?) ?(%?)", text, re.ASCII)
        if "word" in self.kinds:
            read = Amount("word", text)
        elif text == "off":
            read = Amount("off")
        elif found:
            sign, digits, percent = found.groups()
            value = float(digits) * (-1 if sign in ("−", "-") else 1)
            kind = ("percent" if percent else "units") if sign else "set_to"
            plain = percent and not sign
            read = Amount("share", value / 100) if plain else Amount(kind, value)
        else:
            read = Amount("")
        if read.kind not in self.kinds or (read.kind == "percent" and read.value < -100):
            raise PlanError(f"{text[:40]!r} is no amount for it; write one like {self.example}")
        return Amount("set_to", read.value) if read.kind == "share" else read


def _entry(function, example, *scope, kinds=ANY, **more):
    return Driver(function, example, scope, kinds, **more)


DRIVERS, driver = registry(_entry)
NAMED = {
    "resource": lambda inputs: inputs.facts.resources["resource"].unique(),
    "source": lambda inputs: inputs.facts.sourcing["source"].unique(),
    "event": lambda inputs: inputs.facts.events["event"].unique(),
    "initiative": lambda inputs: inputs.facts.initiatives["initiative"].unique(),
    "rule": lambda inputs: [*RULES, *PLANNING],
}


@driver("+10 %", "item", "family", "market", timed=True, step=2)
def demand(inputs, change):
    """Demand in each bucket, overrides included: +10 %, +200 units, 500 set to, by what stands."""
    kind, value = change.amount
    known, buckets = LEDGER["overrides"].typed(inputs.overrides), _buckets(inputs.facts, change)
    block = known["id"].to_numpy().max(initial=0) // SCENARIO_ROWS
    rows = pd.DataFrame({"bucket": buckets, "kind": kind, "value": value}).assign(
        id=(block + 1) * SCENARIO_ROWS + np.arange(len(buckets)),
        cycle=inputs.facts.month,
        reason=change.said,
        owner=change.by,
        **{name: getattr(change, name) for name in ("item", "family", "market", "by")},
        entered_at=change.entered_at,
    )
    rows = LEDGER["overrides"].typed(pd.concat([known, LEDGER["overrides"].typed(rows)]))
    return replace(inputs, overrides=rows.reset_index(drop=True))


@driver("+2 %", "item", "family", "market", kinds=("percent",), timed=True, step=2)
def price(inputs, change):
    """Prices, with the volume that past price changes teach (none taught: the same volume)."""
    if change.amount.value <= -100:
        raise PlanError("a price of nothing or less is no plan; write a smaller fall")
    row = {
        "event": f"{change.said}, {change.starts_on:%Y-%m-%d} to {change.ends_on:%Y-%m-%d}",
        "kind": "price",
        **{name: getattr(change, name) or None for name in ("item", "family", "market")},
        "starts_on": change.starts_on,
        "ends_on": change.ends_on,
        "price_change": change.amount.value / 100,
    }
    return _added(inputs, "events", pd.DataFrame([row]))


@driver("+1", kinds=("units", "off"), named="event", step=2)
def event(inputs, change):
    """An event, so many buckets later (+1) or earlier (-1), or off."""
    rows = inputs.facts.events
    mine = rows["event"] == change.name
    if (rows.loc[mine, "starts_on"] < inputs.facts.horizon[0]).any():
        raise PlanError(f"{change.name} began before the plan; what was sold stays")
    return inputs.having(events=_moved(inputs, rows, mine, change, ["starts_on", "ends_on"]))


@driver("+1", "item", kinds=("units", "off"), step=2)
def launch(inputs, change):
    """The launch of an item, so many buckets later (+1) or earlier (-1), or off."""
    rows = inputs.facts.launches
    mine = rows["item"] == change.item
    if not mine.any():
        raise PlanError(
            f"item {change.item!r} is no launch; launches are: {', '.join(rows['item'])}"
        )
    if (rows.loc[mine, "launched_on"] < inputs.facts.horizon[0]).any():
        raise PlanError(f"{change.item} is launched already")
    return inputs.having(launches=_moved(inputs, rows, mine, change, ["launched_on"]))


@driver("off", kinds=("units", "set_to", "share", "off"), named="initiative", step=2)
def initiative(inputs, change):
    """A strategic initiative: off, its chance (100 %), or so many buckets later (+1)."""
    rows = inputs.facts.initiatives
    mine = rows["initiative"] == change.name
    if change.amount.kind == "set_to":
        return _set(inputs, "initiatives", mine, "probability", change.amount)
    return inputs.having(initiatives=_moved(inputs, rows, mine, change, ["starts_on", "ends_on"]))


@driver("+80", named="resource", timed=True)
def hours(inputs, change):
    """Regular hours of a resource in each bucket, paid at its regular cost."""
    rows, mine = _by_bucket(inputs.facts, change)
    crew = (rows["workers"] * rows["hours_per_worker"]).fillna(np.inf)
    own = np.minimum(rows["hours"].fillna(np.inf), crew)
    extra = rows["extra_hours"].fillna(0.0)
    wanted = change.amount.of(own + extra)
    if not np.isfinite(wanted[mine]).all():
        raise PlanError(f"{change.name} has no limit of hours that could change")
    if (wanted[mine] < 0).any():
        raise PlanError(f"{change.name} has fewer hours than that; take away less")
    less = mine & (wanted < own + extra)  # however many work: it is open no longer
    extra = extra.mask(mine, wanted - own).mask(less, 0.0)
    rows = rows.assign(hours=rows["hours"].mask(less, wanted), extra_hours=extra)
    return inputs.having(resources=rows)


@driver("+2", named="resource")
def workers(inputs, change):
    """Workers of a resource as the plan begins; what it hires and lays off follows its costs."""
    rows = inputs.facts.resources
    mine = (rows["resource"] == change.name) & rows["workers"].notna()
    if not mine.any():
        raise PlanError(f"{change.name} has no workers that could change")
    return _set(inputs, "resources", mine, "workers", change.amount)


@driver("+50 %", named="resource", timed=True)
def overtime(inputs, change):
    """Most overtime of a resource in each bucket (of one worker, where it is told so)."""
    rows, mine = _by_bucket(inputs.facts, change)
    of_all = rows.loc[mine, "overtime_hours"].notna().any()
    column = "overtime_hours" if of_all else "overtime_per_worker"
    return _set(inputs, "resources", mine, column, change.amount, rows=rows)


@driver("+8 %", "item", "family", named="source")
def source_cost(inputs, change):
    """What a supplier or subcontractor asks for a unit."""
    usual = inputs.facts.items.set_index("item")["unit_cost"]
    usual = inputs.facts.sourcing["item"].map(usual)
    return _set(inputs, "sourcing", _sent(inputs, change), "unit_cost", change.amount, usual)


@driver("off", "item", "family", kinds=(*ANY, "off"), named="source", timed=True)
def source_limit(inputs, change):
    """The most that a supplier or subcontractor sends of each item in a bucket; off: nothing."""
    mine, facts = _sent(inputs, change), inputs.facts
    amount = Amount("set_to", 0.0) if change.amount.kind == "off" else change.amount
    limited = _set(inputs, "sourcing", mine, "max_quantity", amount)
    limits = limited.facts.sourcing[mine]
    if np.isinf(limits["max_quantity"]).any():
        raise PlanError(f"{change.name} has no limit so far; write the new one as a plain number")
    if not change.timed:
        return limited
    # For a time: what the source sends passes a resource of so many "hours", one a unit.
    use = limits[["item", "source"]].assign(
        resource=limits["source"] + " of " + limits["item"], hours_per_unit=1.0
    )
    always = use[["resource"]].assign(hours=np.inf)
    then = use[["resource"]].assign(hours=limits["max_quantity"])
    then = then.merge(pd.DataFrame({"bucket": _buckets(facts, change)}), how="cross")
    inputs = _added(inputs, "resources", pd.concat([always, then]))
    return _added(inputs, "bill_of_resources", use)


@driver("+1", "item", "family", kinds=("units", "set_to"))
def lead_time(inputs, change):
    """Lead time of items, and of their sources, in buckets."""
    items, rows = _chosen(inputs, change), inputs.facts.sourcing
    mine = rows["item"].isin(inputs.facts.items.loc[items, "item"]) & rows["lead_time"].notna()
    inputs = _set(inputs, "items", items, "lead_time", change.amount)
    return _set(inputs, "sourcing", mine, "lead_time", change.amount)


@driver("98 %", "item", "family", kinds=(*ANY, "share"))
def service_level(inputs, change):
    """Cycle service wanted: 98 %, or +1 % of what it is."""
    level = inputs.facts.settings["service_level"]
    if level is None and change.amount.kind != "set_to":
        raise PlanError("the settings name no service level that could change; write 98 %")
    items = _chosen(inputs, change)
    return _set(inputs, "items", items, "service_level", change.amount, level or 0.0)


@driver("+5 %", "item", "family")
def unit_cost(inputs, change):
    """Material or purchase cost of a unit of items."""
    return _set(inputs, "items", _chosen(inputs, change), "unit_cost", change.amount)


@driver("+50 %", "item", "family")
def stock_limit(inputs, change):
    """The most stock of items, where they have a limit (maximum_stock)."""
    mine = _chosen(inputs, change) & inputs.facts.items["maximum_stock"].notna()
    if not mine.any():
        raise PlanError("no maximum_stock of these items could change")
    return _set(inputs, "items", mine, "maximum_stock", change.amount)


@driver("level", kinds=("word",), named="rule", step=2)
def rule(inputs, change):
    """How supply plans (strategy, whole_workers, lots), or a setting that planning reads."""
    said, facts = change.amount.value, inputs.facts
    if (known := RULES.get(change.name)) is not None:
        value = {"true": True, "false": False}.get(said) if known is bool else said
        if value is None or (known is not bool and value not in known):
            words = ["true", "false"] if known is bool else known
            raise PlanError(f"{change.name} {said!r} is not one of: {', '.join(words)}")
        return replace(inputs, parameters=inputs.parameters | {change.name: value})
    setting = SETTINGS[change.name]
    try:
        value = setting.kind(said)
    except ValueError:
        raise PlanError(f"{change.name} {said!r} is no number") from None
    if not setting.fits(value) or (setting.kind is not str and not value < ENDLESS):
        raise PlanError(f"{change.name} {value!r} is not {setting.rule}")
    return replace(inputs, facts=replace(facts, settings=facts.settings | {change.name: value}))


def _buckets(facts, change):
    starts = facts.calendar.start([change.starts_on])[0]
    return facts.horizon[(facts.horizon >= starts) & (facts.horizon <= change.ends_on)]


def _chosen(inputs, change):
    """Which items the change concerns."""
    items = inputs.facts.items
    whole = not (change.item or change.family)
    inside = inputs.facts.book.inside(items, "family", change.family)
    return whole | (items["item"] == change.item) | inside


def _sent(inputs, change):
    """Which rows of sourcing the change concerns; some."""
    rows, items = inputs.facts.sourcing, inputs.facts.items
    mine = (rows["source"] == change.name) & rows["item"].isin(
        items.loc[_chosen(inputs, change), "item"]
    )
    if not mine.any():
        raise PlanError(f"{change.name} sends nothing of {change.item or change.family}")
    return mine


def _set(inputs, table, mine, column, amount, blank=0.0, rows=None) -> Inputs:
    """The inputs with a column changed in some rows of a table, where a blank cell is its declared
    default, else ``blank``; ``PlanError`` where the column's rule then breaks.
    """
    rows, told = inputs.facts[table] if rows is None else rows, INPUTS[table][column]
    before = INPUTS[table].filled(rows)[column]
    new = amount.of(before.fillna(blank))[mine]
    low = -np.inf if told.at_least is None else told.at_least
    if not new.between(low, np.inf if told.at_most is None else told.at_most).all():
        raise PlanError(f"{column} would be {new.min():g} to {new.max():g}, expected {told.rule}")
    return inputs.having(**{table: rows.assign(**{column: rows[column].mask(mine, new)})})


def _moved(inputs, rows, mine, change, days):
    """The rows without those that are off, or with their days so many buckets later."""
    if change.amount.kind == "off":
        return rows[~mine].reset_index(drop=True)
    many, horizon = change.amount.value, inputs.facts.horizon
    if many % 1 or abs(many) >= len(horizon):
        raise PlanError(f"{many:g} is no whole number of buckets below {len(horizon)}")
    offset = OFFSETS[inputs.facts.calendar.size] * int(many)
    begins = rows.loc[mine, days[0]]
    if (begins < horizon[0]).any() or (begins + offset < horizon[0]).any():
        raise PlanError("it has begun or would begin before the plan; what was sold stays")
    return rows.assign(**{day: rows[day].mask(mine, rows[day] + offset) for day in days})


def _added(inputs, table, rows) -> Inputs:
    """The inputs with more rows of a table; of one key the last counts."""
    known, declared = inputs.facts[table], INPUTS[table]
    both = pd.concat([known, declared.typed(rows.reset_index(drop=True))], ignore_index=True)
    both = both.drop_duplicates([*declared.key], keep="last", ignore_index=True)
    return inputs.having(**{table: declared.typed(both)})


def _by_bucket(facts, change):
    """The resources, with a row for every bucket of the change in which its blanks are those of the
    row without a bucket; and which rows are the change's.
    """
    table, buckets = facts.resources, _buckets(facts, change)
    named, dated = table["resource"] == change.name, table["bucket"].isin(buckets)
    own = pd.DataFrame({"resource": change.name, "bucket": buckets}).merge(
        table[named & dated], how="left"
    )
    always = table[named & table["bucket"].isna()]
    if len(always):
        own = own.fillna(always.iloc[0].drop("bucket").dropna().to_dict())
    rows = pd.concat([table[~(named & dated)], own], ignore_index=True)
    rows = INPUTS["resources"].typed(rows)
    return rows, pd.Series(np.arange(len(rows)) >= len(rows) - len(own))
