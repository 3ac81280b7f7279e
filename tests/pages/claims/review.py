"""Claims of page 5, which the board's first words repeat."""

import re

from tests.pages.claims.money import budgeted
from tests.pages.claims.words import claim


def _standing(p, table):
    return p.t(table).drop_duplicates("text", keep="last")


def _wants(p):
    return (_standing(p, "decisions")["chosen"].fillna("") == "").sum()


@claim(r"(?:^|\s){N} decisions?(?: is| are)? wanted")
def _(p, _):
    return (_wants(p),)


@claim(r"{N} decisions? wanted, {N} assumptions? broken")
def _(p, _):
    return _wants(p), len(_standing(p, "assumptions").query("result == 'broken'"))


@claim(r"{N} exceptions? needs? a look(?:, {M} at stake)?")
def _(p, _):
    return len(p.t("exceptions")), p.t("exceptions")["money"].sum()


@claim(r"(FY\d\d) closes at {M}, (?:{M} \({P}\) (over|under) budget|as budgeted)")
def _(p, _):
    name, estimate, budget = p.fiscal
    gap = estimate - budget
    return name, estimate, abs(gap), abs(gap / budget), "over" if gap > 0 else "under"


@claim(
    r"[Tt]he next {N} {B}s bring {M}(?:, {M} \({P}\) (over|under) budget| of revenue and {M} of margin)?"
)
def _(p, _):
    revenue, gap, share = budgeted(p, "revenue")
    way = "over" if gap > 0 else "under"
    return len(p.year), revenue, abs(gap), abs(share), way, p.money["margin"].sum()


@claim(r"No revenue is planned in the next {N} {B}s")
def _(p, _):
    return (len(p.year) if p.money["revenue"].sum() == 0 else -1,)


@claim(r"budget of the {N} {B}s that have one")
def _(p, _):
    return (p.money["budget_revenue"].notna().sum(),)


def _likely(p):
    """The month of the first six in which the least service is likely."""
    rows = p.t("plan_risk").query("metric == 'service'").sort_values("bucket").head(6)
    return rows.loc[rows["p50"].idxmin()]


@claim(r"likely service falls to {P} in {D}")
def _(p, _):
    assert _likely(p)["p50"] < p.settings.get("targets", {}).get("planned_service", 0.98)
    return _likely(p)["p50"], p.name(_likely(p)["bucket"])


@claim(r"Supply (can follow|follows only in part) ?(:|, but) (all that is planned ships)?")
def _(p, m):
    rows = p.of("supply_plan", year=True)
    missed = rows["late"] + rows["lost"]
    target = p.settings.get("targets", {}).get("planned_service", 0.98)
    assert p.service(rows) >= target
    part, late = _likely(p)["p50"] < target, (missed > 0.5).any()
    whole = "follows only in part" if part and late else "can follow"
    told = None if late else "all that is planned ships"
    return whole, ", but" if late and not part else ":", told


@claim(r"behind target: ([^.]*)\.")
def _(p, m):
    behind = p.kpis.index[p.kpis["status"] == "miss"]
    behind = {name.replace("_", " ").capitalize().replace("Otif", "OTIF") for name in behind}
    named = set(re.split(r", | and ", re.sub(r" and \d+ more", "", m.group(1))))
    more = re.findall(r"and (\d+) more", m.group(1))
    whole = named <= behind and len(behind) == len(named) + sum(map(int, more))
    return (m.group(1) if whole else ", ".join(sorted(behind)),)


@claim(r"(every KPI with a target meets it|no target is set)\.")
def _(p, _):
    told = p.kpis["target"].notna()
    assert not (p.kpis["status"] == "miss").any()
    return ("every KPI with a target meets it" if told.any() else "no target is set",)


@claim(r"(\w+): peak {P}(?:, one more hour saves up to {M})?")
def _(p, m):
    rows = p.of("capacity_plan", year=True)
    rows = rows[rows["resource"] == m.group(1)]
    ratio = rows["load"] / rows["regular_capacity"].where(rows["regular_capacity"] > 0)
    return m.group(1), ratio.fillna(0).max(), rows["shadow_price"].max()


@claim(r"Supply cannot follow ?: {P} of what is asked for is late or lost")
def _(p, _):
    return (1 - p.service(p.of("supply_plan", year=True)),)


@claim(r"{Q} of {S} are late(?: or lost)? in {D}")
def _(p, m):
    rows = p.of("supply_plan", m.group(2), year=True)
    rows = rows.assign(missed=rows["late"] + rows["lost"])
    rows = rows[rows["missed"] > 0.5]
    by = rows.groupby("bucket")["missed"].sum()
    plan = p.of("supply_plan", year=True).assign(missed=lambda f: f["late"] + f["lost"])
    plan = plan[plan["missed"] > 0.5].reset_index(drop=True)
    worth = p.worth(plan, ["missed"])
    dearest = worth.groupby(worth["item"].map(p.family))["missed"].sum().idxmax()
    return by.max(), dearest, p.name(by.idxmax())
