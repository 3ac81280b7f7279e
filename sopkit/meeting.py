"""What a meeting enters: decisions, assumptions, risks, notes, sign-offs and scenarios, each made
of its ledger table's declaration: as a command, and as a form of the meeting's panel.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click
import pandas as pd

from sopkit.charts import View
from sopkit.errors import PlanError, nearest
from sopkit.finance import scenario_metrics, scenarios_table
from sopkit.finance.scenarios import BASE
from sopkit.grid import blank
from sopkit.ledger import STAMPED, Ledger, cell, stored
from sopkit.metrics.assumptions import testable, verdicts
from sopkit.pack import find_pack
from sopkit.pack.manifest import plan_digest
from sopkit.pack.release import signed, unsettled  # noqa: F401 the panel asks here
from sopkit.pages import money
from sopkit.plan import Plan
from sopkit.progress import seen
from sopkit.scenarios import DRIVERS, Inputs, applied, beside, changes_of, compared
from sopkit.scenarios.changes import PROMOTE, SCOPE, counting, named, promotions, spoken
from sopkit.seal import manifest_of
from sopkit.tables import LEDGER
from sopkit.tables.judgments import DEFERRED, current, subject
from sopkit.tables.settings import people

DAY = click.DateTime(["%Y-%m-%d"])
PACKS = click.Option(["--packs"], default="packs", type=click.Path(path_type=Path))
WHERE = [PACKS, click.Option(["--ledger"], help="path or database URL of the ledger")]
BY = click.Option(["--by"], required=True, help="who enters it")
CYCLE = click.Option(["--cycle"], help="month it is entered for [default: the one being planned]")


@dataclass(frozen=True)
class Entry:
    """What can be entered into a ledger table: the columns that are given by place, those that are
    not asked, the kind that it always is. ``step``: whose roles answer for it.

    ``check`` (plan, ledger, rows) may refuse the rows, or add cells; ``say`` (plan, rows) is what
    the plan says of them before they are entered.
    """

    table: str
    title: str
    example: str
    places: str = "text"
    step: str = "executive_review"
    unasked: tuple = ()
    kind: str = ""
    check: Callable | None = None
    say: Callable | None = None

    @property
    def columns(self) -> list:
        """The columns that are asked."""
        known = (*STAMPED, *self.unasked, "kind")
        return [c for c in LEDGER[self.table].columns if c.name not in known]

    def rows(self, plan, book, given: dict, by: str, cycle: str) -> pd.DataFrame:
        """The row that the cells ``given`` make, as it would be entered; what is not given stays as
        the ledger says it of the same text. ``PlanError`` where something is wrong.
        """
        declared = LEDGER[self.table]
        row = {name: cell(declared[name], value) for name, value in given.items()}
        row |= {"kind": self.kind} if self.kind else {}
        if self.places == "text":
            row = standing(book, self.table, row) | row
        row = stored(declared, 1, row) | {"id": 0, "by": by.strip(), "cycle": cycle}
        rows = declared.typed(pd.DataFrame([row]))
        rows = rows.assign(**(self.check(plan, book, rows) or {})) if self.check else rows
        _known(plan, by, row.get("owner"))
        return rows

    def enter(self, plan, book, given: dict, by: str, cycle: str | None = None) -> str:
        """Enters the row; what was done, in words."""
        cycle = cycle or plan.entry_month
        rows = self.rows(plan, book, given, by, cycle).drop(columns=[*STAMPED])
        (number,) = book.append(self.table, rows, by=by, cycle=cycle)
        return f"Row {number} of {self.table} entered for {cycle} by {by}."


def _known(plan, *names):
    """Refuses who has no role, where the settings name people by role or as owners."""
    settings = plan.settings
    known = {*sum(people(settings["roles"]).values(), []), *settings["owners"].values()}
    for name in filter(None, map(str.strip, filter(None, names))):
        if settings["roles"] and name not in known:
            raise PlanError(
                f"{name} has no role in settings.toml{nearest(name, known)}; known are:"
                f" {', '.join(sorted(known))}"
            )


def entering(name: str, entry: Entry) -> click.Command:
    """The command that enters it: its columns by place, every other one as an option."""

    def enter(plan, book, cycle, by, **given):
        given = {column: value for column, value in given.items() if value is not None}
        return entry.enter(plan, book, given, by, cycle)

    def parameter(column):
        if column.name in entry.places.split():
            return click.Argument([column.name])
        kind = click.Choice(column.choices) if column.choices else str
        kind = DAY if column.kind == "date" else kind
        option = [f"--{column.name.replace('_', '-')}"]
        return click.Option(option, type=kind, required=column.required, help=column.doc)

    options = [*map(parameter, entry.columns), BY, CYCLE, *WHERE]
    words = f"{entry.title}.\n\n\b\nExample:\n  sopkit {entry.example}"
    loose = {"ignore_unknown_options": "value" in entry.places.split()}  # -10 % is an amount
    return click.Command(name, loose, callback=_opened(enter), params=options, help=words)


def _opened(function):
    """Prints what the function says of the newest pack (of a month) and its ledger."""

    def run(packs, ledger, month=None, **given):
        plan, book = Plan(find_pack(packs, month)), Ledger.of(packs, ledger)
        click.echo(function(plan, book, **given))

    return run


def standing(book, table: str, row: dict) -> dict:
    """What the ledger says already of the row's subject, without who said it and when."""
    rows, asked = current(book.read(table)), subject(pd.DataFrame([row])).iloc[0]
    same = rows[(subject(rows)[asked.index] == asked).all(axis=1)].drop(columns=[*STAMPED])
    return same.iloc[0].dropna().to_dict() if len(same) else {}


def scorecard(plan, book, names=(), done=lambda share: None, scheduler=None):
    """Scenarios of the ledger (by default all that are not in the base) planned beside a pack, and
    what they come to, as a table; ``done`` is told after each the share that is planned.
    """
    asked = beside(
        plan.judgments("scenarios"), book.read("scenarios", plan.entry_month), names or None
    )
    if not asked:
        raise PlanError("no scenario waits beside the base; enter one: sopkit scenario add")
    books = {BASE: plan.book()}
    solved = compared(plan, asked, scheduler)
    for name, other in seen(solved, len(asked), lambda each: f"scenario {each[0]}"):
        books[name] = other
        done((len(books) - 1) / len(asked))
    table = scenarios_table({each: scenario_metrics(book) for each, book in books.items()})
    return money.scenarios(table, View(plan.book()))


def promoted(plan, book, name, by, note=None, undo=False, cycle=None) -> str:
    """Makes a scenario's changes, as they stand now, part of the base: every pack from this cycle
    on is planned with them. What is changed later counts once it is promoted again. What was done,
    in words.
    """
    cycle = cycle or plan.entry_month
    if cycle < plan.month:
        raise PlanError(f"cycle {cycle} is over; the newest pack plans {plan.month}")
    inputs = Inputs.of(plan)
    if not undo:
        said, built = book.read("scenarios", cycle), plan.judgments("scenarios")
        fresh = {**counting(said, plan.first_bucket), name: changes_of(said, name)}
        for other in fresh:
            if other not in (*counting(built, plan.first_bucket), name):
                inputs = applied(inputs, fresh[other])
        if name in beside(built, said):
            applied(inputs, fresh[name])
    elif name not in promotions(book.read("scenarios", cycle)):
        raise PlanError(f"scenario {name!r} is not in the base, so nothing is taken out")
    _known(plan, by)
    row = {"scenario": name, "driver": PROMOTE, "value": "off" if undo else "yes", "note": note}
    book.append("scenarios", [row], by=by, cycle=cycle)
    return (
        f"Scenario {name} {'no longer counts' if undo else 'counts'} in the base from {cycle} on."
        f" Next: sopkit pack {cycle}"
    )


def _plannable(plan, book, rows):
    """Refuses a change that the facts of the plan do not bear together with the others of its
    scenario, one that takes nothing back, and a name that is another's.
    """
    row, known = rows.iloc[0], book.read("scenarios", rows["cycle"].iloc[0])
    name = named(row["scenario"])
    for other in {*known["scenario"]} - {name}:
        if other.casefold() == name.casefold():  # some disks know one folder of the two
            raise PlanError(f"scenario {other!r} is there already; write it so, or another name")
    if row["driver"] == PROMOTE:
        raise PlanError(f"to {PROMOTE} a scenario: sopkit scenario {PROMOTE} NAME")
    if not blank(rows, "value").any():
        asked = beside(plan.judgments("scenarios"), pd.concat([known, rows]))
        applied(Inputs.of(plan), asked.get(name, rows))
        return
    kept = changes_of(known, name)[[*SCOPE]]
    if not pd.concat([kept, rows[[*SCOPE]]]).fillna("").duplicated().iloc[-1]:
        has = spoken(changes_of(known, name))
        raise PlanError(
            f"scenario {name} has no such change to take back; name driver, whom and days as it was"
            f" entered: {'; '.join(has)}"
        )


def _carried_out(plan, book, rows):
    """Refuses a scenario that nobody has entered, and a choice that is none of the options."""
    row = rows[["scenario", "options", "chosen"]].fillna("").iloc[0]
    known = {*book.read("scenarios")["scenario"]}
    if row["scenario"] and row["scenario"] not in known:
        near = nearest(row["scenario"], known)
        raise PlanError(f"no scenario {row['scenario']!r}{near}; enter it: sopkit scenario add")
    options = [*filter(None, map(str.strip, row["options"].split(";"))), DEFERRED]
    if row["options"] and row["chosen"] not in ("", *options):
        near = nearest(row["chosen"], options) or f"; they are: {'; '.join(options)}"
        raise PlanError(f"chosen {row['chosen']!r} is none of the options{near}")


def _entitled(plan, book, rows):
    """The plan that is signed; refuses a role that nobody knows, who does not hold it, and a plan
    that is released.
    """
    (role, by, family), roles = rows[["role", "by", "family"]].iloc[0], plan.settings["roles"]
    families, held = {*plan.facts.items["family"].dropna()}, people(roles)
    if pd.notna(family) and family not in families:
        raise PlanError(f"no family {family!r}{nearest(family, families)}")
    known = {*held, *roles.get("must_sign", ())}
    if roles and role not in known:
        raise PlanError(f"no role {role!r}; the settings know: {', '.join(sorted(known))}")
    if by not in held.get(role, [by]):
        raise PlanError(f"{by} is not {role}; {' or '.join(held[role])} may sign")
    if (cycle := rows["cycle"].iloc[0]) != plan.month and plan.state != "released":
        raise PlanError(f"{cycle} is not the month of pack {plan.folder.name}, which is signed")
    if plan.state == "released":
        raise PlanError(f"pack {plan.folder.name} is released; sign the next one once it is built")
    return {"plan": plan_digest(manifest_of(plan.folder))}


def _testable(plan, book, rows):
    """Refuses a condition that no plan could test."""
    for text in rows["condition"].dropna():
        testable(text, plan.book())


def _tested(plan, rows):
    row = verdicts(rows.assign(result="people judge it"), plan.book()).iloc[0]
    return f"understood; in this plan: {row['result']}, {row['seen'] or 'nothing decides it yet'}"


PLAIN = ("probability", "effect", "condition", "result")
ENTRIES = {
    "decide": Entry(
        "decisions",
        "A decision that is wanted, taken or deferred",
        'decide "Second shift?" --options "yes; no" --chosen yes --owner "Ines Marlow"'
        ' --due 2026-12-15 --by "Dr. Ada Kessel"',
        check=_carried_out,
    ),
    "assume": Entry(
        "assumptions",
        "An assumption that every plan tests",
        'assume "The north buys" --condition "demand of Pumps >= 1200 a month" --by "Tom Adler"',
        step="demand_plan",
        unasked=("probability", "effect"),
        kind="assumption",
        check=_testable,
        say=_tested,
    ),
    "risk": Entry(
        "assumptions",
        "A risk, or an opportunity: its effect is above zero",
        'risk "The foundry strikes" --probability 0.3 --effect -120000 --owner "Ines Marlow"'
        ' --by "Ines Marlow"',
        step="reconcile",
        unasked=("condition", "result"),
        kind="risk",
    ),
    "note": Entry(
        "assumptions",
        "A note of the demand review",
        'note "Export without a second lot of Izmir" --by "Tom Adler"',
        step="demand_plan",
        kind="note",
        unasked=PLAIN,
    ),
    "agree": Entry(
        "assumptions",
        "A position that the pre-S&OP agreed on",
        'agree "Booster sets go out by promised date" --owner "Greta Holm" --by "Greta Holm"',
        step="reconcile",
        kind="position",
        unasked=PLAIN,
    ),
    "sign": Entry(
        "sign_offs",
        "A sign-off of this very plan",
        'sign finance approved --family Pumps --by "Greta Holm"',
        places="role status",
        unasked=("plan",),
        check=_entitled,
    ),
    "add": Entry(
        "scenarios",
        "A change that a scenario makes of facts or rules",
        'scenario add strong-spring demand "+8 %" --family Pumps --by "Tom Adler"',
        places="scenario driver value",
        step="reconcile",
        check=_plannable,
        say=lambda plan, rows: f"understood: {DRIVERS[rows['driver'].iloc[0]].doc}",
    ),
}
COMMANDS = {name: entering(name, entry) for name, entry in ENTRIES.items()}
ADD = COMMANDS.pop("add")
ADD.help += "\n\n\b\nDrivers, with an amount each:\n" + "\n".join(
    f"  {name:<14} {each.example:<7} {each.doc}" for name, each in DRIVERS.items()
)
COMMANDS["scenario"] = click.Group(
    "scenario",
    commands=[
        ADD,
        click.Command(
            "compare",
            callback=_opened(scorecard),
            params=[
                click.Argument(["names"], nargs=-1, metavar="[NAME]..."),
                click.Option(["--month"], help="month of the pack [default: the newest]"),
                click.Option(["--scheduler"], help="address of a dask scheduler that plans them"),
                *WHERE,
            ],
            help="Plan scenarios beside the newest pack, and print what they come to.",
        ),
        click.Command(
            PROMOTE,
            callback=_opened(promoted),
            params=[
                click.Argument(["name"]),
                click.Option(["--undo"], is_flag=True, help="take it out of the base again"),
                click.Option(["--note"], help="why"),
                *(BY, CYCLE, *WHERE),
            ],
            help="Make a scenario, as it stands now, part of the base from this cycle on.",
        ),
    ],
    help="Other plans: changes of facts and rules, compared with the base, made the base.",
)
