"""Claims of a family's sheet, whose name stands before its sentence."""

from tests.pages.claims.words import claim


def _mine(p, m, name, column, until=None):
    """A column of the family's rows by bucket: in units, or at cost where they differ."""
    rows = p.of(name, m.string.partition(" · ")[0])
    if until:
        rows = rows[rows["item"].map(p.t("items").set_index("item")["strategy"]) == until]
    mine = p.unit[p.family[p.family == m.string.partition(" · ")[0]].index]
    weight = 1.0 if mine.nunique() <= 1 else rows["item"].map(p.cost)
    return (rows[column] * weight).groupby(rows["bucket"]).sum()


@claim(r"(FY\d\d) closes {M} (over|under) budget")
def _(p, m):
    name, estimate, budget = p.fiscal_of(m.string.partition(" · ")[0])
    gap = estimate - budget
    return name, abs(gap), "over" if gap > 0 else "under"


@claim(r"The next {N} {B}s run {M} (over|under) budget")
def _(p, m):
    gap = p.of("financial_plan", m.string.partition(" · ")[0], year=True)["revenue_gap"].sum()
    return len(p.year), abs(gap), "over" if gap > 0 else "under"


@claim(r"Demand of the next {N} {B}s: (?:{P} (above|below)|as|beside) the last")
def _(p, m):
    family = m.string.partition(" · ")[0]
    ahead = p.total("demand_plan", "consensus", family).sum()
    before = sorted(b for b in p.t("history")["bucket"].unique() if b < p.buckets[0])
    sold = p.total("history", "demand", family, year=False).reindex(before[-len(p.year) :]).sum()
    change = ahead / sold - 1
    return len(p.year), abs(change), "above" if change > 0 else "below"


def _at_cost(p, m, name, column):
    """A column of the family's stock items by bucket, at standard cost, as cover counts it."""
    rows = p.of(name, m.string.partition(" · ")[0])
    rows = rows[rows["item"].map(p.t("items").set_index("item")["strategy"]) == "stock"]
    return (rows[column] * rows["item"].map(p.cost)).groupby(rows["bucket"]).sum()


@claim(r"Stock lasts {N} {B}s, in {D} {N}")
def _(p, m):
    held, wanted = (
        _at_cost(p, m, *told) for told in (("inventory_plan", "units"), ("supply_plan", "demand"))
    )
    again = [*wanted, *(3 * [*wanted.iloc[-p.per_year :]])]

    def lasts(at):
        left, buckets = held.loc[at], 0.0
        for need in again[p.buckets.index(at) + 1 :][: len(p.buckets)]:
            if left <= 0:
                break
            buckets += min(left / need, 1.0) if need > 0 else 1.0
            left -= need
        return buckets

    return lasts(p.year[0]), p.name(p.year[-1]), lasts(p.year[-1])


@claim(r"A new order waits {N} {B}s, in {D} {N}")
def _(p, m):
    rows = p.of("backlog_plan", m.string.partition(" · ")[0]).set_index("bucket")
    lead = rows["lead_time"].reindex(p.year).dropna()
    return lead.iloc[0], p.name(p.year[-1]), lead.iloc[-1]


@claim(r"firm for {N} {B}s?")
def _(p, _):
    return (p.settings.get("planning_fence", 2),)
