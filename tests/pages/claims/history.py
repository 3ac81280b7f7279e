"""Claims of page 1: what happened."""

import numpy as np

from tests.pages.claims.words import claim


@claim(
    r"{N} warnings? of {N} kinds?, each with what was done; {N} of {N} cells of history \({P}\) are"
)
def _(p, _):
    flags = ~p.t("history")["flag"].isin(["", "estimate"])
    first = p.t("data_issues")
    later = ["assumed", "stale override"]
    warned = first[(first["severity"] == "warning") & ~first["rule"].isin(later)]
    kinds = len(warned[["table", "rule"]].drop_duplicates())
    return len(warned), kinds, flags.sum(), len(flags), flags.mean()


@claim(r"Items sold {N}")
def _(p, _):
    return (p.t("history")["item"].nunique(),)


@claim(r"History {N} {B}s")
def _(p, _):
    return (p.t("history")["bucket"].nunique(),)


@claim(r"cleansing changed {N} of {N} points?(?: and moved the total by {P})?")
def _(p, _):
    rows = p.t("history")
    change = rows["demand"] - rows["quantity"]
    moved = (rows["flag"] != "") & (change.abs() > 1e-9)
    return moved.sum(), len(rows), change.sum() / rows["quantity"].sum()


KPIS = "On time delivery|Forecast accuracy lag 1|Plan adherence|Order cycle time|Inventory turns"
KPIS += "|Planned service|Revenue to budget|Planned utilisation|Planned turns|OTIF|Fill rate"


@claim(
    rf"(?:^|(?<=\s))({KPIS}) {{N}}( %| [^\s✓!✗▲▼]+)?"
    r"(?: no target|(?: [✓!✗])? {N} (?:points )?(over|under) (?:target )?{N}(?: %)?"
    r"| [✓!✗] target {N}(?: %)?)?(?: (▲|▼) {N} \S+ on last cycle)?"
)
def _(p, m):
    name = m.group(1)
    row = p.kpis.loc[name.lower().replace(" ", "_")]
    size = 100 if row["unit"] == "fraction" else 1
    before = p.last_kpis["actual"].get(row.name, np.nan) if len(p.last_kpis) else np.nan
    target, value, moved = size * row["target"], size * row["actual"], row["actual"] - before
    way, arrow = "over" if value >= target else "under", "▲" if moved > 0 else "▼"
    off = abs(value - target)
    return name, value, m.group(3), off, way, target, target, arrow, abs(size * moved)


@claim(r"Adherence of ([^:]*): no plan was released")
def _(p, m):
    made = sorted(p.t("production_history")["bucket"].unique())
    return (", ".join(p.name(b) for b in made if p.name(b) in m.group(1)),)
