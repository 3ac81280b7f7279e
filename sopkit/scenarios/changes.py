"""Changes: what a scenario asks to be different. A driver turns the inputs of a plan into others;
a change is a row of the ledger: a driver, whom and when it concerns, and how far it goes.
"""

import re
from dataclasses import dataclass, replace
from textwrap import shorten

import pandas as pd

from sopkit.errors import PlanError, nearest
from sopkit.grid import blank
from sopkit.scenarios.drivers import DRIVERS, NAMED, Amount, Inputs
from sopkit.sources.issues import found, gather
from sopkit.supply.strategies import STRATEGIES
from sopkit.tables import LEDGER

PROMOTE = "promote"
NAME = re.compile(r"\w[\w-]{0,59}", re.ASCII)  # it names a folder
TAKEN = ("base", *STRATEGIES, "purpose", "metric")
SCOPE = ("driver", "item", "family", "market", "name", "starts_on", "ends_on")


def changes_of(scenarios, name: str) -> pd.DataFrame:
    """The changes that stand in a scenario of the ledger's rows: of each driver, scope and period
    the latest, unless its value is blank, which takes it back.

    Raises ``PlanError`` where the scenario has none.

    >>> rows = pd.DataFrame({"id": [1, 2], "scenario": "more", "driver": "demand",
    ...                      "value": ["+5 %", "+8 %"]})
    >>> changes_of(LEDGER["scenarios"].typed(rows), "more")["value"].tolist()
    ['+8 %']
    """
    rows = _standing(scenarios, named(name))
    if rows.empty:
        known = ", ".join(sorted(set(scenarios["scenario"]))) or "none"
        raise PlanError(
            f"scenario {name!r} is not in the ledger, or all of it is taken back (there: {known});"
            f" enter its changes first: sopkit scenario add NAME demand '+10 %' --by YOU"
        )
    return rows


def named(name: str) -> str:
    """The name, if it can be a scenario's; else a ``PlanError``."""
    if not NAME.fullmatch(name) or name.casefold() in TAKEN:
        raise PlanError(
            f"{name[:40]!r} cannot name a scenario; take up to 60 letters, digits, - and _, and"
            f" none of: {', '.join(TAKEN)}"
        )
    return name


def beside(base, scenarios, names=None) -> dict:
    """The changes of the scenarios, by name, to be planned beside a plan whose ledger had the rows
    ``base``: of those named, else of all that stand and are not in its base.

    Raises ``PlanError`` for one that is in the base already: it would count twice.
    """
    inside = promotions(base)
    if names is None:
        told = scenarios.loc[scenarios["driver"] != PROMOTE, "scenario"].unique()
        names = [n for n in told if n not in inside and len(_standing(scenarios, n))]
    for name in names:
        if name in inside:
            raise PlanError(
                f"scenario {name!r} is in the base already; take it out first: sopkit scenario"
                f" promote {name} --undo --by YOU"
            )
    return {name: changes_of(scenarios, name) for name in names}


def _standing(scenarios, name):
    mine = scenarios[(scenarios["scenario"] == name) & (scenarios["driver"] != PROMOTE)]
    rows = mine[~mine[[*SCOPE]].fillna("").duplicated(keep="last")]
    return rows[~blank(rows, "value") & ~blank(rows, "driver")]


def counting(scenarios, first) -> dict:
    """The changes that count in the base of a plan whose first bucket is ``first``, by scenario, as
    they stood when it was promoted; those that are over count no more.
    """
    told = {
        named(name): _standing(scenarios[scenarios["id"] < number], name)
        for name, number in promotions(scenarios).items()
    }
    told = {name: rows[~(rows["ends_on"] < first)] for name, rows in told.items()}
    return {name: rows for name, rows in told.items() if len(rows)}


def promotions(scenarios) -> dict:
    """Number of the row that made it part of the base, by scenario that is part of it, in the order
    in which they first were.
    """
    said = scenarios[scenarios["driver"] == PROMOTE].groupby("scenario", sort=False).last()
    said = said[said["value"] != "off"]
    return dict(zip(said.index, said["id"]))


def spoken(rows) -> pd.Series:
    """Each change in words: its driver, whom it concerns, how far and when."""
    told = rows[["driver", "item", "family", "market", "name", "value"]].fillna("")
    for word, day in (("from", "starts_on"), ("to", "ends_on")):
        told[day] = (f"{word} " + rows[day].dt.strftime("%Y-%m-%d")).fillna("")
    return told.agg(" ".join, axis=1).str.split().str.join(" ")


def strategy(name: str) -> pd.DataFrame:
    """The change that plans supply by another strategy."""
    row = {"id": 0, "scenario": name, "driver": "rule", "name": "strategy", "value": name}
    return LEDGER["scenarios"].typed(pd.DataFrame([row]))


def in_base(inputs: Inputs, scenarios) -> Inputs:
    """The inputs after the changes of every scenario that the ledger's rows made part of the base,
    as it stood then, each of which is a data issue; changes that are over count no more.

    Raises ``PlanError`` where the facts do not bear one any more, with the command that takes it
    out.
    """
    notices = {}
    for name, rows in counting(scenarios, inputs.facts.first).items():
        try:
            inputs = applied(inputs, rows)
        except PlanError as error:
            raise PlanError(
                f"{error}; it counts in the base: take it out with sopkit scenario promote {name}"
                " --undo --by YOU"
            ) from None
        notices[name] = "promoted scenario", rows, spoken(rows) + ", entered by " + rows["by"]
    return _noticed(inputs, notices)


def asked_beside(inputs: Inputs, scenarios, names=()) -> tuple[Inputs, list]:
    """The names of the scenarios that a pack plans beside its own plan: those given, then, in
    companies of up to ``most_items``, those entered for its month that are not in its base.

    One of the month that the facts do not bear is left out, which is a data issue of the inputs
    that come back; one that is named raises ``PlanError``.
    """
    facts, asked, notices = inputs.facts, [*beside(scenarios, scenarios, names)], {}
    fresh = {*scenarios.loc[scenarios["cycle"] == facts.month, "scenario"]} - {*asked}
    if len(facts.items) > inputs.parameters.get("most_items", len(facts.items)):
        fresh = {}
    for name, rows in beside(scenarios, scenarios).items():
        if name in fresh:
            try:
                applied(inputs, rows)
                asked.append(name)
            except PlanError as error:
                notices[name] = "scenario left out", rows, str(error)
    return _noticed(inputs, notices), asked


def _noticed(inputs, notices):
    """The inputs with a data issue for each scenario's rows: rule and what was done, by name."""
    told = [
        found(rule, "scenarios", rows["id"], "driver", rows["value"], name + ": " + done)
        for name, (rule, rows, done) in notices.items()
    ]
    issues = gather([inputs.facts.issues, *told])
    return replace(inputs, facts=replace(inputs.facts, issues=issues)) if told else inputs


def applied(inputs: Inputs, changes: pd.DataFrame) -> Inputs:
    """The inputs after the changes, one upon another in their order.

    Raises ``PlanError`` on a driver, a scope, a value or a period that the facts do not know, or
    that the driver has no use for; it names the change.
    """
    told = changes.astype("object")
    for row in told.where(told.notna(), "").itertuples():
        try:
            inputs = _driver(row.driver).apply(inputs, _asked(inputs, row))
        except PlanError as error:
            raise PlanError(f"scenario {row.scenario}, {row.driver}: {error}") from None
    return inputs


@dataclass(frozen=True)
class Change:
    """A change, understood: whom it concerns, its first and last day, and its amount."""

    scenario: str
    item: str
    family: str
    market: str
    name: str
    starts_on: pd.Timestamp
    ends_on: pd.Timestamp
    timed: bool  # whether the change names a day
    amount: Amount
    by: str
    entered_at: pd.Timestamp

    @property
    def said(self) -> str:
        """The scenario, as what it changed is told."""
        return f"scenario {self.scenario}"


def _driver(name):
    if name not in DRIVERS:
        raise PlanError(
            f"no such driver{nearest(name, DRIVERS)}; known are: {', '.join(sorted(DRIVERS))}"
        )
    return DRIVERS[name]


def _asked(inputs, row) -> Change:
    facts, driver = inputs.facts, _driver(row.driver)
    known = {
        "item": facts.items["item"],
        "family": facts.book.known("family"),
        "market": facts.markets,
        "name": NAMED[driver.named](inputs) if driver.named else [],
    }
    takes = {*driver.scope} | ({"name"} if driver.named else set())
    for field, values in known.items():
        given = getattr(row, field)
        if given and field not in takes:
            raise PlanError(f"{field} {given!r} means nothing here; leave it blank")
        if given and given not in set(values):
            what = driver.named if field == "name" else field
            hint = (
                nearest(given, values)
                or f"; known are: {shorten(', '.join(map(str, sorted({*values}))), 200)}"
            )
            raise PlanError(f"no {what} {given!r}{hint}")
    if driver.named and not row.name:
        raise PlanError(f"which {driver.named}? name one of: {', '.join(map(str, known['name']))}")
    if row.item and row.family:
        raise PlanError("give an item or a family, not both")
    timed = bool(row.starts_on or row.ends_on)
    if timed and not driver.timed:
        raise PlanError("this holds for the whole horizon; leave its days blank")
    first, last = facts.horizon[0], facts.calendar.last_day(facts.horizon[-1:])[0]
    starts, ends = row.starts_on or first, row.ends_on or last
    if not starts <= ends or ends < first or starts > last:
        raise PlanError(
            f"from {starts:%Y-%m-%d} to {ends:%Y-%m-%d} is no time of the plan, which runs from"
            f" {first:%Y-%m-%d} to {last:%Y-%m-%d}"
        )
    return Change(
        row.scenario,
        *(getattr(row, field) for field in ("item", "family", "market", "name")),
        max(starts, first),
        min(ends, last),
        timed,
        driver.amount(row.value),
        row.by,
        row.entered_at,
    )
