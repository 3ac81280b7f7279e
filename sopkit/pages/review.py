"""Step 5's sections, and what the board's log tells: decisions, assumptions, sign-offs,
overrides.
"""

from sopkit.metrics.assumptions import citing
from sopkit.tables.judgments import current, is_open, subject


def decisions(decisions, view, followed=None):
    """Decisions that are open, then those taken, each as it stands: the cycle in which it was asked
    or taken, question, options, owner, due day and what was expected; ``followed``: what plans
    without them say of their effect so far.
    """
    text, chosen = subject(decisions)["text"], decisions["chosen"].fillna("")
    now = chosen == chosen.groupby(text).transform("last")
    since = decisions["cycle"].where(now).groupby(text).transform("first")
    rows = current(decisions.assign(cycle=since))
    if followed is not None:
        about = followed.assign(text=subject(followed)["text"])
        rows = rows.assign(said=subject(rows)["text"])
        rows = rows.merge(about.rename(columns={"text": "said"}), on="said", how="left")
    rows = rows.assign(state=is_open(rows).map({True: "open", False: "taken"}))
    return view.show(
        rows.sort_values(["state", "due"], kind="stable"),
        "decisions",
        "state | cycle: since | text: question | options | chosen | owner | due | expected |"
        " realised: brought, as entered | months: followed over [months] |"
        " planned: planned till now [money] | brought: brought till now [money]",
        empty="No decision is entered for this cycle yet.",
    )


def assumptions(assumptions, view):
    """What the plan takes for granted, whether it held, as last entered, and what rests on it."""
    rows = current(assumptions)
    return view.show(
        rows.assign(cited=citing(rows, view.book)),
        columns="kind | text: assumption | condition: holds while | result | seen |"
        " cited: rests on it | probability [fraction] | effect [money] | owner: watched by",
        empty="No assumption is entered yet.",
    )


def sign_offs(sign_offs, view, month=None):
    """Who approved, newest first, the latest word of each role; ``month``: of one cycle's plan."""
    rows = current(sign_offs).iloc[::-1]
    if month is not None:
        rows = rows.query("cycle == @month")
    return view.show(
        rows.assign(family=rows["family"].fillna("the whole plan")),
        columns="cycle | role | family: for | status | by | entered_at: entered | note",
        empty="Nobody has signed off yet; the plan is released after the meeting.",
    )


def overrides(overrides, view):
    """What planners added to the forecast, latest first."""
    return view.show(
        overrides.iloc[::-1],
        columns="entered_at: entered | by | item | family | market | bucket: when | kind | value |"
        " reason | note",
        empty="Nobody has overridden a forecast.",
    )
