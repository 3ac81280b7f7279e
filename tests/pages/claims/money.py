"""Claims of page 4: money against its budget."""

import numpy as np

from tests.pages.claims.words import claim


def budgeted(p, line):
    """The next year's revenue or margin, its difference to the budget of the buckets that have
    one, and that difference's share.
    """
    known = p.money.dropna(subset=[f"budget_{line}"])
    budget = known[f"budget_{line}"].sum()
    gap = known[line].sum() - budget
    return p.money[line].sum(), gap, gap / budget if budget else np.nan


LINE = r"(revenue|margin)"


@claim(rf"{{S}}: {{M}} {LINE} in the next {{N}} {{B}}s; no budget")
def _(p, m):
    rows = p.of("financial_plan", m.group(1), year=True)
    return m.group(1), rows[m.group(3)].sum(), m.group(3), len(p.year)


@claim(rf"{{S}}: {LINE} of the next {{N}} {{B}}s is {{P}} (above|below) budget \({{M}}\)")
def _(p, m):
    line = m.group(2)
    rows = (
        p.of("financial_plan", m.group(1), year=True)
        .groupby("bucket")[[line, f"budget_{line}"]]
        .sum(min_count=1)
    )
    rows = rows.dropna()
    gap, budget = rows[line].sum() - rows[f"budget_{line}"].sum(), rows[f"budget_{line}"].sum()
    way = "above" if gap >= 0 else "below"
    return m.group(1), line, len(rows), abs(gap / budget), way, gap


@claim(r"^[Tt]he next {N} {B}s(?:;|$)")
def _(p, _):
    return (len(p.year),)


@claim(
    r"Next year's plan brings {M} of revenue and {M} of margin(?:, {P} (above|below) the budget)?"
)
def _(p, _):
    value, gap, share = budgeted(p, "revenue")
    return value, p.money["margin"].sum(), abs(share), "above" if gap > 0 else "below"


@claim(r"; {N} of {N} items? at the standard cost given")
def _(p, _):
    cost = p.t("items")["standard_cost"]
    return cost.notna().sum(), len(cost)


@claim(r"The best option to close a gap: (.*?) \({M}\)\.")
def _(p, _):
    best = p.t("gap_options").nlargest(1, "gain").iloc[0]
    return best["option"], best["gain"]


@claim(r"^(Revenue|Margin) {M}(?: [✓✗] {M} (over|under) target {M})?$")
def _(p, m):
    line = m.group(1).lower()
    value, budget = p.money[line].sum(), p.money[f"budget_{line}"].sum()
    return m.group(1), value, abs(value - budget), "over" if value >= budget else "under", budget


@claim(r"^Cash(?: at the year's end)? {M}$")
def _(p, _):
    return ((p.settings.get("opening_cash") or 0.0) + p.money["cash"].sum(),)


@claim(r"strategies are compared in companies of up to {N} items")
def _(p, _):
    return (p.parameters["most_items"],)
