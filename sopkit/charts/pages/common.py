"""What every page uses: what stands where facts are missing, pieces below one another, exceptions,
KPIs.
"""

import pandas as pd

from sopkit.charts.tables import Block, show
from sopkit.charts.words import clean, escape, quantity

COMPANY = "company"


def missing(sentence: str) -> Block:
    """What stands where a page lacks facts: which table would feed it."""
    return Block(f'<div class="sop"><p class="note">{escape(sentence)}</p></div>', clean(sentence))


def stack(pieces) -> Block:
    """Several blocks one below the other; charts come as their SVG."""
    pieces = list(pieces)
    return Block(
        "\n".join(getattr(piece, "html", None) or piece.svg for piece in pieces),
        "\n\n".join(str(piece) for piece in pieces),
    )


def show_exceptions(exceptions: pd.DataFrame, currency: str, rows: int = 10) -> Block:
    """The exceptions with most money at stake, in words."""
    worst = exceptions.sort_values("money", ascending=False, kind="stable")
    return show(
        worst,
        {"money": "money"},
        rows,
        columns={
            "name": "name",
            "bucket": "bucket",
            "rule": "rule",
            "money": "at stake",
            "reason": "reason",
        },
        currency=currency,
        more="tables/exceptions.parquet",
    )


def kpi_table(kpis: pd.DataFrame, calendar, scope: str = COMPANY, last: int = 6) -> Block:
    """The company's KPIs over the last buckets, each row one KPI with its unit, its target and its
    latest status.
    """
    rows = kpis[kpis["scope"] == scope].sort_values("bucket")
    known = rows.dropna(subset=["actual"])
    buckets = sorted(known["bucket"].unique())[-last:]
    wide = known[known["bucket"].isin(buckets)].assign(
        shown=lambda k: [reads(v, u) for v, u in zip(k["actual"], k["unit"])]
    )
    wide = (
        wide.pivot(index="kpi", columns="bucket", values="shown").set_axis(
            calendar.label(buckets), axis=1
        )
        if len(wide)
        else pd.DataFrame(index=pd.Index([], name="kpi"))
    )
    latest = rows.groupby("kpi").last()
    table = (
        latest[["unit"]]
        .join(wide)
        .join(
            latest[["status"]].assign(
                target=[reads(v, u) for v, u in zip(latest["target"], latest["unit"])]
            )
        )
    )
    table = table.reset_index().assign(kpi=lambda t: t["kpi"].str.replace("_", " "))
    order = table["status"].str.startswith("no data")
    return show(
        table.loc[order.sort_values(kind="stable").index], rows=30, more="tables/kpis.parquet"
    )


def families(items) -> pd.DataFrame:
    """Item and family; a blank family is (none)."""
    families = items["family"].fillna("(none)") if "family" in items else "(none)"
    return pd.DataFrame({"item": items["item"], "family": families})


def reads(value, unit) -> str:
    """A KPI's value in its unit; fractions as percent, blank where there is none."""
    return "" if pd.isna(value) else quantity(value, "fraction" if unit == "fraction" else "")
