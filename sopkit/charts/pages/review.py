"""Step 5's tables: decisions, what changed, assumptions, sign-offs."""

import pandas as pd

from sopkit.charts.pages.common import missing
from sopkit.charts.tables import Block, show


def largest_families(financial_plan: pd.DataFrame, most: int = 12) -> list[str]:
    """The families with most planned revenue, at most so many; what belongs to none is left out."""
    sums = (
        financial_plan[financial_plan["family"] != "(company)"].groupby("family")["revenue"].sum()
    )
    return sums.sort_values(ascending=False, kind="stable").index[:most].tolist()


def show_decisions(decisions: pd.DataFrame, calendar, currency: str) -> Block:
    """Decisions that are open, then those taken: question, options, owner, due day and what was
    expected.
    """
    if decisions.empty:
        return missing(
            "No decision is in the ledger for this cycle; enter one with Ledger.append('decisions',"
            " …), and the next pack asks it here."
        )
    still = decisions["chosen"].fillna("") == ""
    rows = decisions.assign(state=still.map({True: "open", False: "taken"})).sort_values(
        ["state", "due"], kind="stable"
    )
    return show(
        rows,
        {"expected": "money", "realised": "money"},
        currency=currency,
        more="tables/decisions.parquet",
        columns={
            "state": "state",
            "text": "question",
            "options": "options",
            "chosen": "chosen",
            "owner": "owner",
            "due": "due",
            "expected": "expected",
            "realised": "realised",
        },
    )


def show_bridge(bridge: pd.DataFrame, month: str, currency: str) -> Block:
    """What changed in the sales plan since last cycle, stage by stage."""
    if not month:
        return missing(
            "No earlier plan is released, so there is nothing to compare with; from the first"
            " release on, changes are explained here."
        )
    return show(
        bridge.assign(stage=bridge["stage"].str.replace("_", " ")),
        dict.fromkeys(["last", "now", "change"], "money"),
        currency=currency,
        columns={"stage": "stage", "last": f"released {month}", "now": "now", "change": "change"},
    )


def show_assumptions(assumptions: pd.DataFrame) -> Block:
    """What the plan takes for granted, and whether it held."""
    if assumptions.empty:
        return missing(
            "No assumption is in the ledger; enter one with Ledger.append('assumptions', …)."
        )
    return show(
        assumptions,
        columns={
            "text": "assumption",
            "condition": "would break if",
            "result": "result",
            "owner": "watched by",
        },
    )


def show_sign_offs(sign_offs: pd.DataFrame, month: str) -> Block:
    """Who approved this cycle's plan so far, the latest word of each role."""
    mine = sign_offs[sign_offs["cycle"] == month].drop_duplicates(["family", "role"], keep="last")
    if mine.empty:
        return missing(
            f"Nobody has signed off {month} yet. After the meeting: sopkit release {month} --by"
            " NAME."
        )
    return show(
        mine.assign(family=mine["family"].fillna("the whole plan")),
        columns={"role": "role", "family": "for", "status": "status", "by": "by", "note": "note"},
    )
