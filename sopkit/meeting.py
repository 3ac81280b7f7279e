"""What a meeting enters, as commands: decisions, assumptions, sign-offs, and scenarios with what
they come to.
"""

import json
from pathlib import Path

import click
import pandas as pd

from sopkit.charts import View
from sopkit.errors import PlanError
from sopkit.finance import scenario_metrics, scenarios_table
from sopkit.finance.scenarios import BASE
from sopkit.grid import blank
from sopkit.ledger import STAMPED, Ledger
from sopkit.metrics.assumptions import condition
from sopkit.pack import find_pack
from sopkit.pack.manifest import plan_digest
from sopkit.pages import money
from sopkit.plan import Plan
from sopkit.scenarios import DRIVERS, Inputs, applied, beside, changes_of, compared
from sopkit.scenarios.changes import PROMOTE, named
from sopkit.sources.issues import nearest
from sopkit.tables import LEDGER
from sopkit.tables.judgments import current, subject

DAY = click.DateTime(["%Y-%m-%d"])
PACKS = click.Option(["--packs"], default="packs", type=click.Path(path_type=Path))
WHERE = [PACKS, click.Option(["--ledger"], help="path or database URL of the ledger")]
BY = click.Option(["--by"], required=True, help="who enters it")
CYCLE = click.Option(["--cycle"], help="month it is entered for [default: the one being planned]")


def entering(name: str, table: str, arguments: str, example: str, check=None) -> click.Command:
    """The command that enters a row of a ledger table: its ``arguments`` by place, every other
    column as an option.

    Of a decision or an assumption that the ledger holds already, what is not given stays.
    ``check`` (plan, rows) may refuse them, or add cells.
    """
    declared = LEDGER[table]
    own = [column for column in declared.columns if column.name not in STAMPED]

    def enter(packs, ledger, cycle, by, **given):
        plan, book = Plan(find_pack(packs)), Ledger(ledger or packs / "ledger.db")
        row = {column: value for column, value in given.items() if value is not None}
        if arguments == "text":
            row = _standing(current(book.read(table)), row) | row
        cycle = cycle or plan.entry_month
        if check:
            row |= check(plan, declared.typed(pd.DataFrame([row | {"id": 0, "by": by}]))) or {}
        (number,) = book.append(table, [row], by=by, cycle=cycle)
        click.echo(f"Row {number} of {table} entered for {cycle} by {by}.")

    def parameter(column):
        if column.name in arguments.split():
            return click.Argument([column.name])
        kind = {"number": float, "date": DAY}.get(column.kind, str)
        kind = click.Choice(column.choices) if column.choices else kind
        option = [f"--{column.name.replace('_', '-')}"]
        return click.Option(option, type=kind, required=column.required, help=column.doc)

    shown = [column for column in own if column.name != "plan"]  # the sign-off's own digest
    options = [*map(parameter, shown), BY, CYCLE, *WHERE]
    words = f"{declared.doc}.\n\n\b\nExample:\n  sopkit {example}"
    loose = {"ignore_unknown_options": True}  # -10 % is an amount
    return click.Command(name, loose, callback=enter, params=options, help=words)


def compare(name, month, packs, ledger):
    """Plan the scenarios of the ledger beside the newest pack, and print what they come to."""
    plan, book = Plan(find_pack(packs, month)), Ledger(ledger or packs / "ledger.db")
    said = book.read("scenarios", plan.entry_month)
    asked = beside(plan.judgments("scenarios"), said, name or None)
    if not asked:
        raise PlanError("no scenario is entered that is not in the base; sopkit scenario add")
    books = {BASE: plan.book()} | compared(plan, asked)
    table = scenarios_table({each: scenario_metrics(book) for each, book in books.items()})
    click.echo(money.scenarios(table, View(plan.book())).text)


def promote(name, undo, by, note, cycle, packs, ledger):
    """Make a scenario's changes, as they stand now, part of the base: every pack from this cycle on
    is planned with them. What is changed later counts once it is promoted again.
    """
    plan, book = Plan(find_pack(packs)), Ledger(ledger or packs / "ledger.db")
    cycle = cycle or plan.entry_month
    if cycle < plan.month:
        raise PlanError(f"cycle {cycle} is over; the newest pack plans {plan.month}")
    if not undo:
        changes = changes_of(book.read("scenarios", cycle), name)
        if name in beside(plan.judgments("scenarios"), book.read("scenarios")):
            applied(Inputs.of(plan), changes)
    row = {"scenario": name, "driver": PROMOTE, "value": "off" if undo else "yes", "note": note}
    book.append("scenarios", [row], by=by, cycle=cycle)
    click.echo(
        f"Scenario {name} {'no longer counts' if undo else 'counts'} in the base from {cycle} on."
        f" Next: sopkit pack {cycle}"
    )


def _standing(rows, row):
    """What the ledger says already of the row's subject, without who said it and when."""
    asked = subject(pd.DataFrame([row])).iloc[0]
    same = rows[(subject(rows) == asked).all(axis=1)].drop(columns=[*STAMPED]).tail(1)
    return same.dropna(axis=1).to_dict("records")[0] if len(same) else {}


def _plannable(plan, rows):
    """Refuses a change that the facts of the plan do not bear, and a name that is another's."""
    named(rows["scenario"].iloc[0])
    if rows["driver"].iloc[0] == PROMOTE:
        raise PlanError(f"to {PROMOTE} a scenario: sopkit scenario {PROMOTE} NAME")
    if not blank(rows, "value").any():
        applied(Inputs.of(plan), rows)


def _entitled(plan, rows):
    """The plan that is signed; refuses a role that nobody knows, who does not hold it, and a plan
    that is released.
    """
    (role, by, family), roles = rows[["role", "by", "family"]].iloc[0], plan.settings["roles"]
    families = {*plan.facts.items["family"].dropna()}
    if pd.notna(family) and family not in families:
        raise PlanError(f"no family {family!r}{nearest(family, families)}")
    known = {*roles, *roles.get("must_sign", ())} - {"must_sign"}
    if roles and role not in known:
        raise PlanError(f"no role {role!r}; the settings know: {', '.join(sorted(known))}")
    if by not in roles.get(role, [by]):
        raise PlanError(f"{by} is not {role}; {' or '.join(roles[role])} may sign")
    if plan.state == "released":
        raise PlanError(f"pack {plan.folder.name} is released; sign the next one once it is built")
    return {"plan": plan_digest(json.loads((plan.folder / "manifest.json").read_text()))}


def _testable(plan, rows):
    """Refuses a condition that no plan could test, and one of somebody whom the facts do not
    know.
    """
    facts = plan.facts
    known = {*facts.items["item"], *facts.items["family"], *facts.resources["resource"]}
    for said in map(condition, rows["condition"].dropna()):
        for name, names in ((said.scope, known), (said.market, {*facts.markets})):
            if name and name not in names:
                raise PlanError(f"condition: nobody is called {name!r}{nearest(name, names)}")


def _command(function, *options):
    return click.Command(
        function.__name__, callback=function, params=[*options], help=function.__doc__
    )


DRIVER_LINES = "\n".join(
    f"  {name:<14} {each.example:<7} {each.doc}" for name, each in DRIVERS.items()
)
ADD = entering(
    "add",
    "scenarios",
    "scenario driver value",
    'scenario add strong-spring demand "+8 %" --family Pumps --by "T. Adler"',
    check=_plannable,
)
ADD.help += f"\n\n\b\nDrivers, with an amount each:\n{DRIVER_LINES}"
COMMANDS = {
    command.name: command
    for command in (
        entering(
            "decide",
            "decisions",
            "text",
            'decide "Second shift?" --options "yes; no" --chosen yes --owner "I. Marlow"'
            ' --due 2026-12-15 --by "A. Kessel"',
        ),
        entering(
            "assume",
            "assumptions",
            "text",
            'assume "The north buys" --condition "demand of Pumps >= 1200 a month" --by Ada',
            check=_testable,
        ),
        entering(
            "sign",
            "sign_offs",
            "role status",
            'sign finance approved --family Pumps --by "G. Holm"',
            check=_entitled,
        ),
        click.Group(
            "scenario",
            commands=[
                ADD,
                _command(
                    compare,
                    click.Argument(["name"], nargs=-1),
                    click.Option(["--month"], help="month of the pack [default: the newest]"),
                    *WHERE,
                ),
                _command(
                    promote,
                    click.Argument(["name"]),
                    click.Option(["--undo"], is_flag=True, help="take it out of the base again"),
                    click.Option(["--note"], help="why"),
                    BY,
                    CYCLE,
                    *WHERE,
                ),
            ],
            help="Other plans: changes of facts and rules, compared with the base, made the base.",
        ),
    )
}
