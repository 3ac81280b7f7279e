"""Claims of page 3: what is made, bought and held."""

import numpy as np

from tests.pages.claims.words import claim


@claim(r"nor is {M} that steers")
def _(p, m):
    return (None,)


@claim(r"rests on {N} units \({M} at standard cost\)")
def _(p, _):
    rows = p.t("supply_plan")
    return rows["receipts"].sum(), (rows["receipts"] * rows["item"].map(p.cost)).sum()


@claim(r"Late or lost, at most {N} units")
def _(p, _):
    rows = p.of("supply_plan", year=True)
    return ((rows["late"] + rows["lost"]).groupby(rows["bucket"]).sum().max(),)


@claim(r"{P} of next year's demand can be served in time; {N} items? runs? late, most in {D}")
def _(p, _):
    rows = p.of("supply_plan", year=True)
    missed = rows["late"] + rows["lost"]
    at = missed.groupby(rows["bucket"]).sum().idxmax()
    return p.service(rows), rows.loc[missed > 1e-6, "item"].nunique(), p.name(at)


@claim(r"The bottleneck is (\w+): one more hour there saves up to {M}")
def _(p, _):
    worth = p.of("capacity_plan", year=True).groupby("resource")["shadow_price"].max()
    return worth.idxmax(), worth.max()


@claim(r"Stock at the end(?: of next year)? {M}")
def _(p, _):
    return (p.at_cost("inventory_plan", "units", p.year[-1:]).sum(),)


@claim(r"Plan cost, whole horizon {M}")
def _(p, _):
    return (p.t("plan_costs")["money"].sum(),)


@claim(r"Bottleneck's utilisation {P}")
def _(p, _):
    rows = p.of("capacity_plan", year=True)
    return ((rows["load"] / rows["regular_capacity"]).replace(np.inf, np.nan).max(),)


@claim(r"{S}: {Q} of demand cannot be served by {D}")
def _(p, m):
    return m.group(1), p.total("supply_plan", "lost", m.group(1)).sum(), p.name(p.year[-1])


def _lasting(p, late, least):
    """Since when something is late if it still is at the end, else in how many buckets."""
    odd = late > least
    return p.name(late.index[odd][0]), *((None, None) if odd.iloc[-1] else (odd.sum(), len(late)))


@claim(r"{S}: supply is late (?:from {D}|in {N} of {N} {B}s?); up to {Q} late, in {D}")
def _(p, m):
    late = p.total("supply_plan", "late", m.group(1))
    least = max(0.5, 1e-6 * p.total("supply_plan", "demand", m.group(1)).max())
    return m.group(1), *_lasting(p, late, least), late.max(), p.name(late.idxmax())


@claim(r"{S}: nearly every demand is met on time; at most {Q} late, in {D}")
def _(p, m):
    late = p.total("supply_plan", "late", m.group(1))
    return m.group(1), late.max(), p.name(late.idxmax())


@claim(r"{S}: every demand is met on time; {N} items? below safety stock, in {N} of {N} {B}s")
def _(p, m):
    rows = p.of("supply_plan", m.group(1), year=True)
    short = rows[rows["projected_available"] < 0.99 * rows["safety_stock"] - 1e-6]
    buckets = short["bucket"].nunique(), rows["bucket"].nunique()
    return m.group(1), short["item"].nunique(), *buckets


@claim(r"{S}: every demand is met on time and stock stays at or above safety stock")
def _(p, m):
    rows = p.of("supply_plan", m.group(1), year=True)
    assert (rows["projected_available"] >= 0.99 * rows["safety_stock"] - 1e-6).all()
    return (m.group(1),)


@claim(r"{S}: stock (?:stays at {M}|(rises|falls) from {M} in {D} to {M} in {D})")
def _(p, m):
    rows = p.of("inventory_plan", m.group(1), year=True)
    total = (rows["units"] * rows["item"].map(p.cost)).groupby(rows["bucket"]).sum()
    first, end = total.iloc[0], total.iloc[-1]
    return (
        m.group(1),
        first,
        "rises" if end > first else "falls",
        first,
        p.name(total.index[0]),
        end,
        p.name(total.index[-1]),
    )


@claim(r"Demand exceeds capacity first in {D}, on ([\w ,]+), at most by {N} h \((\w+), {D}\)")
def _(p, m):
    rows = p.of("capacity_plan", year=True)
    over = rows["unconstrained_load"] - rows["regular_capacity"] - rows["overtime_limit"].fillna(0)
    over = over.replace([np.inf, -np.inf], np.nan)
    worst = rows.loc[over.idxmax()]
    beyond = rows[over > 0.5]
    first = beyond["bucket"].min()
    names = " and ".join(sorted(beyond.loc[beyond["bucket"] == first, "resource"]))
    return p.name(first), names, over.max(), worst["resource"], p.name(worst["bucket"])


@claim(r"The plan needs overtime on ([\w ,]+), first in {D}")
def _(p, _):
    rows = p.of("capacity_plan", year=True)
    over = rows[rows["load"] > rows["regular_capacity"] + 0.5]
    return " and ".join(sorted(over["resource"].unique())), p.name(over["bucket"].min())


@claim(r"Load stays within regular capacity; the peak is {P} \((\w+), {D}\)")
def _(p, _):
    rows = p.of("capacity_plan", year=True)
    ratio = (rows["load"] / rows["regular_capacity"].where(rows["regular_capacity"] > 0)).fillna(0)
    peak = rows.loc[ratio.idxmax()]
    return ratio.max(), peak["resource"], p.name(peak["bucket"])


@claim(r"whole lots ask for {N} h more than there are, most on (\w+) in {D}")
def _(p, _):
    lots = (
        p.t("master_schedule")
        .query("action == 'make'")
        .groupby(["item", "bucket"])["quantity"]
        .sum()
    )
    made = (
        p.t("supply_plan")
        .set_index(["item", "bucket"])[["production", "overtime_production"]]
        .sum(axis=1)
    )
    more = (lots - made).dropna().rename("more").reset_index()
    more = more.merge(p.t("bill_of_resources").fillna({"source": ""}).query("source == ''"))
    more["more"] *= more["hours_per_unit"]
    hours = p.t("capacity_plan").set_index(["resource", "bucket"])
    free = hours["regular_capacity"] + hours["overtime_limit"] - hours["load"]
    beyond = more.groupby(["resource", "bucket"])["more"].sum() - free
    beyond = beyond[beyond > 1e-6 * hours["load"]]
    at = beyond.idxmax()
    return beyond.sum(), at[0], p.name(at[1])


@claim(r"(?:released|signed off|sopkit release) (?:in )?(\d{4}-\d\d)")
def _(p, m):
    known = {p.folder.name, p.released.name if p.released else ""}
    return (m.group(1) if m.group(1) in known else "another cycle",)
