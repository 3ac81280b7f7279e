"""The ledger's tables: what people judged, append-only, each row with who, when and why."""

from dataclasses import replace

import pandas as pd

from sopkit.tables.declare import Table, bucket, date, fraction, number, text, whole

STAMP = (
    whole("id", "–", "number of the row, in the order of entry"),
    text("cycle", "month of the plan, 2026-11", required=True),
    text("by", "who entered it", required=True),
    date("entered_at", "when it was entered, UTC"),
)
BROKEN = "Broken assumption, what follows? "  # the decision that it asks for
DEFERRED = "deferred"
REVIEWED = ("open", "checked", "undecided")
KINDS = ("units", "percent", "set_to", "remove")


def _ledger(name, doc, *columns, steps=()):
    return Table(name, "ledger", doc, ("id",), STAMP + columns, steps)


LEDGER = [
    _ledger(
        "overrides",
        "Signed changes that a planner makes to the demand plan",
        text("item", "blank item and family = everything"),
        text("family", "family, where no item is named"),
        text("market", "blank = every market"),
        bucket("bucket that is changed"),
        text(
            "kind",
            "units, percent, set_to, or remove (takes earlier rows back)",
            required=True,
            choices=KINDS,
        ),
        number("value", "units or percent", "signed; percent 10 = +10 %"),
        text("reason", "promotion, customer, price …", required=True),
        text("note", "in words"),
        text("owner", "who answers for it"),
        date("expires_on", "counts up to this day; blank = until its bucket has passed"),
        number(
            "takes_back",
            "id",
            "the row that a remove ends, which may be a remove; blank = every earlier row of the"
            " cell",
        ),
    ),
    _ledger(
        "decisions",
        "What the meeting was asked and chose",
        text("text", "the question; the latest row of a text says how it stands", required=True),
        text("options", "options, separated by ;"),
        text("chosen", "the option taken; blank = open"),
        text("owner", "who carries it out"),
        date("due", "by when"),
        number("expected", "money", "effect expected"),
        number("realised", "money", "effect seen later"),
        text(
            "scenario", "the scenario that carries it out; its effect is followed from its release"
        ),
        steps=(5,),
    ),
    _ledger(
        "assumptions",
        "What the plan takes for granted, what may happen to it, and what was agreed on it",
        text("text", "the assumption; the latest row of a text counts", required=True),
        text(
            "condition",
            "what must hold, tested by every plan (demand of Pumps >= 1200 a month); blank: people"
            " judge",
        ),
        text(
            "result",
            "what the plan's tables say; open where people judge",
            choices=("held", "broken", "not yet", "no data", "open"),
        ),
        text("owner", "who watches it"),
        text(
            "kind",
            "assumption (so is a blank), risk, position (agreed before the executive meeting) or"
            " note (of the demand review)",
            choices=("assumption", "risk", "position", "note"),
        ),
        fraction("probability", "how likely a risk is"),
        number("effect", "money", "what a risk costs (negative) or brings if it happens"),
        steps=(5,),
    ),
    _ledger(
        "sign_offs",
        "Who approved what",
        text("family", "family; blank = the whole plan"),
        text(
            "role",
            "demand, supply, finance or general manager; [roles] in settings says who holds it",
            required=True,
        ),
        text("status", "approved or withheld", required=True, choices=("approved", "withheld")),
        text("note", "in words"),
        text("plan", "digest of the plan that was signed; entered with the sign-off"),
        steps=(5,),
    ),
    _ledger(
        "reviews",
        "How far the demand review has come; the latest row of a cycle counts",
        text("item", "blank = the family"),
        text("family", "family, where no item is named"),
        text("market", "blank = every market"),
        text("status", "open, checked or undecided", required=True, choices=REVIEWED),
    ),
    _ledger(
        "releases",
        "Plans that were frozen",
        text("pack", "folder of the released pack", required=True),
        text("manifest", "hash of its manifest"),
        text("note", "in words"),
    ),
    _ledger(
        "scenarios",
        "Changes of facts and rules that make another plan",
        text("scenario", "name: letters, digits, - and _", required=True),
        text(
            "driver",
            "what changes (demand, price, hours, source_cost …), or promote: the changes count in"
            " the base from this cycle on",
            required=True,
        ),
        text("item", "blank item and family = everything"),
        text("family", "family, where no item is named"),
        text("market", "blank = every market"),
        text("name", "the resource, source, event, initiative or rule that changes"),
        date("starts_on", "first day of the change; blank = the plan's first"),
        date("ends_on", "last day of the change; blank = the horizon's last"),
        text("value", "+10 % or -10 %, +5 or -5, 5 (set to), off; blank takes the change back"),
        text("note", "why"),
    ),
]


def current(rows: pd.DataFrame) -> pd.DataFrame:
    """How each decision, assumption or sign-off of the ledger stands: of the rows that speak of the
    same thing (by text, whatever its spaces and capitals; sign-offs by cycle, family and role) the
    latest entered.

    >>> rows = pd.DataFrame({"id": [1, 2], "text": ["Build?", "build? "], "chosen": ["", "yes"]})
    >>> current(rows)[["id", "chosen"]].values.tolist()
    [[2, 'yes']]
    """
    said = subject(rows)
    return rows[~said.duplicated(keep="last") | said.iloc[:, -1].isna()]


def subject(rows: pd.DataFrame) -> pd.DataFrame:
    """What each row speaks of, in the letters that count: its text (of a note or a risk not that
    of an assumption); of a sign-off its cycle, family and role.
    """
    names = [*{"kind"} & {*rows}, "text"] if "text" in rows else ["cycle", "family", "role"]
    said = rows.reindex(columns=names).fillna({"kind": "assumption"}).astype("str")
    return said.apply(lambda cells: cells.str.replace(r"\s", "", regex=True).str.casefold())


def signatures(sign_offs: pd.DataFrame, plan: str, people: dict) -> pd.DataFrame:
    """How each sign-off of a cycle stands (``current``, blanks as empty words) with its ``state``:
    approved, withheld, another plan (its digest is not that of the ``plan``), or wrong person, who
    is not among the ``people`` of the role.

    >>> rows = pd.DataFrame({"cycle": "2026-11", "family": "", "role": ["supply", "finance"],
    ...     "by": ["Bo", "Cy"], "status": "approved", "plan": "f00"})
    >>> signatures(rows, "f00", {"finance": ["Di"]})["state"].tolist()
    ['approved', 'wrong person']
    """
    rows = current(sign_offs).fillna({"family": "", "plan": ""})
    wrong = [row.by not in people.get(row.role, [row.by]) for row in rows.itertuples()]
    state = rows["status"].mask(rows["plan"] != plan, "another plan")
    state = state.mask(pd.Series(wrong, rows.index, dtype=bool), "wrong person")
    return rows.assign(state=state.mask(rows["status"] == "withheld", "withheld"))


def is_open(decisions: pd.DataFrame) -> pd.Series:
    """Which decisions have no chosen option yet; one that was deferred is wanted again."""
    return decisions["chosen"].fillna("").isin(["", DEFERRED])


# Steps write the judgments that they used into the pack under the same names.
SEEN = {"assumptions": (text("seen", "the value that decides, and its bucket"),)}
JUDGMENTS = [
    replace(table, kind="plan", columns=table.columns + SEEN.get(table.name, ()))
    for table in LEDGER
    if table.steps
]
