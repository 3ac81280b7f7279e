"""Claims of the board's tiles, titles and footers."""

import re

from tests.pages.claims.money import budgeted
from tests.pages.claims.words import CASH, SCALES, claim


@claim(r"On-time delivery (met|missed) its target (?:in each of the last {N} {B}s|in {D})")
def _(p, _):
    rows = p.measured("on_time_delivery")
    met = (rows["actual"] >= rows["target"] - 1e-12).tolist()
    run = next((at for at, ok in enumerate(met[::-1]) if ok != met[-1]), len(met))
    return "met" if met[-1] else "missed", run, p.name(rows["bucket"].iloc[-1])


@claim(r"On-time delivery, {D} {N} %")
def _(p, _):
    row = p.measured("on_time_delivery").iloc[-1]
    return p.name(row["bucket"]), 100 * row["actual"]


@claim(r"(?<=[✓!✗] ){N} points (over|under) {P}(?= (?:▲|▼|\d+–)| [A-Z\d][^.]* – )")
def _(p, m):
    kpi = "on_time_delivery" if "On-time" in m.string else "planned_service"
    actual, target = (
        p.kpis.loc["on_time_delivery", ["actual", "target"]]
        if kpi == "on_time_delivery"
        else (_service(p)["p50"], p.settings["targets"]["planned_service"])
    )
    return abs(100 * (actual - target)), "over" if actual >= target else "under", target


def _service(p):
    return p.t("plan_risk").query("metric == 'service'").sort_values("bucket").iloc[2]


@claim(r"([▲▼]) {N} points on {D}, (better|worse)")
def _(p, _):
    rows = p.measured("on_time_delivery").tail(2)
    moved = 100 * rows["actual"].diff().iloc[-1]
    words = ("▲", "better") if moved > 0 else ("▼", "worse")
    return words[0], abs(moved), p.name(rows["bucket"].iloc[0]), words[1]


@claim(r"{D} – {D}")
def _(p, m):
    known = [*p.measured("on_time_delivery")["bucket"]] if "On-time" in m.string else p.year
    known = p.buckets[:6] if m.string.startswith("Service") else known
    return p.name(known[0]), p.name(known[-1])


@claim(
    r"(Revenue|Margin), next {N} {B}s {N} ((?:bn|M|k)?(?:€|\$|¥|CHF))(?: (?:[✓!✗]) {M} \({P}\) to budget)?"
)
def _(p, m):
    line, unit = m.group(1).lower(), m.group(4)
    value, gap, share = budgeted(p, line)
    size = SCALES[re.sub(f"{CASH}$", "", unit)]
    return m.group(1), len(p.year), value / size, unit, gap, share


@claim(r"(FY\d\d) est\. {M}(?:, {M})?")
def _(p, _):
    name, estimate, budget = p.fiscal
    return name, estimate, estimate - budget


@claim(r"over the whole horizon, {N} {B}s?, if it happens")
def _(p, _):
    return (len(p.buckets),)


@claim(r"{M} on last cycle's plan")
def _(p, _):
    last = p.last("financial_plan")
    shared = sorted(set(last["bucket"]) & set(p.year))
    now = p.t("financial_plan")
    return (
        now.loc[now["bucket"].isin(shared), "margin"].sum()
        - last.loc[last["bucket"].isin(shared), "margin"].sum(),
    )


@claim(r"Stock at cost, {D} {N} ((?:bn|M|k)?(?:€|\$|¥|CHF))")
def _(p, m):
    past = p.t("inventory_history")
    at = past["bucket"].max() if len(past) else p.year[0]
    held = (
        p.at_cost("inventory_history", "on_hand", [at])
        if len(past)
        else p.at_cost("inventory_plan", "units", [at])
    )
    return p.name(at), held.sum() / SCALES[re.sub(f"{CASH}$", "", m.group(3))], m.group(3)


@claim(r"{N} turns, target {N}")
def _(p, _):
    return p.kpis.loc["inventory_turns", "actual"], p.kpis.loc["inventory_turns", "target"]


@claim(r"(?:(?:▲ rises|▼ falls) to|stays at) {M} in {D}")
def _(p, _):
    return p.at_cost("inventory_plan", "units", p.year[-1:]).sum(), p.name(p.year[-1])


@claim(r"(?:{N} past, )?{N} planned$")
def _(p, _):
    past = p.t("inventory_history")
    return min(past["bucket"].nunique(), p.per_year) if len(past) else 0, len(p.year)


@claim(r"Service, {D} {N} % likely")
def _(p, _):
    return p.name(_service(p)["bucket"]), 100 * _service(p)["p50"]


@claim(r"{N}–{N} %; lowest {P}, {D}")
def _(p, _):
    at, rows = _service(p), p.t("plan_risk").query("metric == 'service'")
    ahead = rows.sort_values("bucket").head(6)
    least = ahead.loc[ahead["p50"].idxmin()]
    return 100 * at["p10"], 100 * at["p90"], least["p50"], p.name(least["bucket"])


@claim(r"Bottleneck, asked load {N} % (?:[✓!✗]) (\w+), {D} plan runs {P}")
def _(p, _):
    worst = p.asked.loc[p.asked["asked"].idxmax()]
    return (
        100 * worst["asked"],
        worst["resource"],
        p.name(worst["bucket"]),
        worst["load"] / worst["regular_capacity"],
    )


@claim(r"of regular hours, to {D}")
def _(p, _):
    return (p.name(p.year[-1]),)


@claim(r"^Process, {D}")
def _(p, _):
    before = [b for b in p.t("history")["bucket"].unique() if b < p.buckets[0]]
    return (p.name(max(before)),)


@claim(r"since the plan of {D}")
def _(p, _):
    return (p.name(p.last("supply_plan")["bucket"].min()),)


@claim(r"service (?:goes from {P} to|stays at) {P}(?= What| Nothing|$)")
def _(p, _):
    shared = sorted(set(p.last("demand_plan")["bucket"]) & set(p.year))
    plans = (p.last("supply_plan"), p.t("supply_plan"))
    return [p.service(rows[rows["bucket"].isin(shared)]) for rows in plans]


@claim(r"([Tt])he {N} {B}s that both plans hold")
def _(p, m):
    held = p.year if m.group(1) == "T" else p.buckets
    return m.group(1), len(set(p.last("demand_plan")["bucket"]) & set(held))


@claim(r"Next {N} {B}s, all markets")
def _(p, _):
    return (len(p.year),)


@claim(r"over 115 % of regular hours in (.*?)(?: and (\d+) more)?(?= Asked|$)")
def _(p, m):
    hot = sorted(
        p.asked.loc[
            p.asked["bucket"].isin(p.year[:12]) & (p.asked["asked"] > 1.15), "bucket"
        ].unique()
    )
    names = [p.name(b) for b in hot]
    if len(names) > 4:
        return ", ".join(names[:4]), len(names) - 4
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]])), None


@claim(r"the first 12 of {N} {B}s")
def _(p, _):
    return (len(p.buckets),)


@claim(r"((?:Q\d FY\d\d(?: and )?)+): only the {B}s that are planned")
def _(p, m):
    return (m.group(1),)
