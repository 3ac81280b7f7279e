"""Step 5's sections, and what the board's log tells: decisions, assumptions, sign-offs,
overrides.
"""

from sopkit import charts
from sopkit.charts import kpi_facts, latest_kpis
from sopkit.charts.words import count, listing, money, spoken
from sopkit.pages.common import assumed
from sopkit.tables.judgments import current, is_open

PROMISED = [
    "planned_service",
    "revenue_to_budget",
    "planned_utilisation",
    "planned_turns",
    "on_time_delivery",
]


def answer(kpis, decisions, exceptions, view):
    """What is asked of the meeting, and the plan's promises against their targets."""
    latest = latest_kpis(kpis, first=PROMISED)
    wanted = is_open(current(decisions)).sum()
    missed = latest.loc[latest["status"] == "miss", "kpi"]
    asked = "No decision is entered yet"
    if wanted:
        asked = f"{count(wanted, 'decision')} {'is' if wanted == 1 else 'are'} wanted"
    if len(exceptions):
        verb = "needs" if len(exceptions) == 1 else "need"
        asked += f"; {count(len(exceptions), 'exception')} {verb} a look"
        if stake := exceptions["money"].sum():
            asked += f", {money(stake, view.currency)} at stake"
    told = "no target is set"
    if latest["target"].notna().any():
        told = "every KPI with a target meets it"
    if len(missed):
        told = f"behind target: {listing(map(spoken, missed))}"
    shown = latest[latest["kpi"].isin(PROMISED) & latest["actual"].notna()]
    sentence = f"{asked}; {told}." + assumed(view.book.supply_plan, view)
    return charts.answer(sentence, kpi_facts(shown, view.book.last_kpis))


def decisions(decisions, view):
    """Decisions that are open, then those taken, each as it stands: question, options, owner, due
    day and what was expected.
    """
    rows = current(decisions)
    rows = rows.assign(state=is_open(rows).map({True: "open", False: "taken"}))
    return view.show(
        rows.sort_values(["state", "due"], kind="stable"),
        "decisions",
        "state | cycle | text: question | options | chosen | owner | due | expected | realised",
        empty=("No decision of this cycle is in the ledger."),
    )


def assumptions(assumptions, view):
    """What the plan takes for granted, and whether it held, as last entered."""
    return view.show(
        current(assumptions),
        columns="text: assumption | condition: would break if | result | owner: watched by",
        empty="No assumption is in the ledger.",
    )


def sign_offs(sign_offs, view, month=None):
    """Who approved, newest first, the latest word of each role; ``month``: of one cycle's plan."""
    rows = current(sign_offs).iloc[::-1]
    if month is not None:
        rows = rows[rows["cycle"] == month]
    return view.show(
        rows.assign(family=rows["family"].fillna("the whole plan")),
        columns="cycle | role | family: for | status | by | entered_at: entered | note",
        empty=(f"Nobody has signed off{f' {month}' if month else ''} yet."),
    )


def overrides(overrides, view):
    """What planners added to the forecast, latest first."""
    return view.show(
        overrides.iloc[::-1],
        columns="entered_at: entered | by | item | family | market | bucket: when | kind | value |"
        " reason | note",
        empty="Nobody has overridden a forecast; the tuner writes them.",
    )
