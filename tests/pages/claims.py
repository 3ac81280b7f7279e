"""What the pages and the board claim in words, and what pandas alone works out of the pack's tables
for each claim. Nothing of ``metrics``, ``finance`` or ``charts`` is imported.

A claim is a pattern of words with its numbers in brackets and a function that returns what the
tables say for them, in order: a value (money, units, a fraction), a name, or None for what another
claim checks. A number that no claim reads is reported: somebody must say where it comes from.
"""

import re
import tomllib
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import numpy as np
import pandas as pd

SIGN = r"[+−]?"
DIGITS = rf"{SIGN}\d[\d,]*(?:\.\d+)?"
CASH = "(?:€|\\$|¥|CHF)"
SHORT = {
    "N": rf"({DIGITS})",
    "M": rf"({DIGITS} (?:bn|M|k)?{CASH})",
    "P": rf"({DIGITS} %)",
    "Q": rf"({DIGITS} (?:pcs|kg|units|(?:bn|M|k)?{CASH}))",
    "D": r"((?:(?<!\d)(?<![A-Z][a-z][a-z] )\d{1,2} )?(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d\d|Q\d \d\d)",
    "S": r"(All items|Company|Brass goods|Castings|<Tools> & jigs)",
    "B": r"(?:month|week|quarter)",
}
SCALES = {"k": 1e3, "M": 1e6, "bn": 1e9, "": 1.0}
CLAIMS = []


def claim(pattern):
    """Registers a function for what a pattern says; {N} a number, {M} money, {P} percent, {Q} units
    or money, {D} a bucket, {S} whom it is about, {B} the size of a bucket.
    """
    for name, part in SHORT.items():
        pattern = pattern.replace(f"{{{name}}}", part)

    def keep(work_out):
        CLAIMS.append((re.compile(pattern), work_out))
        return work_out

    return keep


def read(shown: str) -> tuple[float, float]:
    """The value of a shown number and half its last digit.

    >>> read("−1.44 M€"), read("96.8 %")
    ((-1440000.0, 5000.0), (0.968, 0.0005))
    """
    digits, _, unit = shown.partition(" ")
    size = 0.01 if unit == "%" else SCALES[re.sub(f"{CASH}$", "", unit)] if _cash(unit) else 1.0
    value = float(digits.replace("−", "-").replace(",", "").replace("+", ""))
    return value * size, 0.5 * size / 10 ** len(digits.partition(".")[2])


def _cash(unit):
    return re.fullmatch(f"(?:bn|M|k)?{CASH}", unit) is not None


def agrees(shown: str, told) -> bool:
    """Whether a shown number is what the tables tell, in the digits that it shows."""
    if isinstance(told, str):
        return shown == told
    value, half = read(shown)
    return bool(np.isfinite(told)) and abs(value - told) <= half * 1.001 + 1e-9 * abs(told)


@dataclass
class Told:
    """A pack's tables, read once; everything is worked out with pandas alone."""

    folder: Path

    def __hash__(self):
        return hash(self.folder)

    @cache  # noqa: B019 - as long as the test's module
    def t(self, name):
        """A table of the plan, or of the inputs; without a row where there is none."""
        for part in ("tables", "inputs"):
            path = self.folder / part / f"{name}.parquet"
            if path.exists():
                return pd.read_parquet(path)
        return pd.DataFrame()

    @cached_property
    def settings(self):
        return tomllib.loads((self.folder / "inputs" / "settings.toml").read_text())

    @cached_property
    def released(self):
        found = sorted((self.folder / "inputs" / "released").glob("*"))
        return found[-1] if found else None

    def last(self, name):
        """The table of the last cycle's plan."""
        path = self.released and self.released / f"{name}.parquet"
        return pd.read_parquet(path) if path and path.exists() else pd.DataFrame()

    @cached_property
    def per_year(self):
        return {"month": 12, "week": 52, "quarter": 4}[self.settings.get("bucket", "month")]

    @cached_property
    def buckets(self):
        return sorted(self.t("supply_plan")["bucket"].unique())

    @property
    def year(self):
        return self.buckets[: self.per_year]

    def name(self, bucket):
        """What people call a bucket."""
        day = pd.Timestamp(bucket)
        begins = {52: f"{day.day} {day:%b}", 4: f"Q{day.quarter}"}
        return f"{begins.get(self.per_year, f'{day:%b}')} {day:%y}"

    @cached_property
    def family(self):
        return self.t("items").set_index("item")["family"]

    @cached_property
    def unit(self):
        return self.t("items").set_index("item")["unit"]

    def of(self, name, scope=None, year=False, last=False):
        """Rows of a table, of one family, of the next year."""
        rows = self.last(name) if last else self.t(name)
        if len(rows) and scope not in (None, "All items", "Company"):
            family = rows["family"] if "family" in rows else rows["item"].map(self.family)
            rows = rows[family == scope]
        return rows[rows["bucket"].isin(self.year)] if year and len(rows) else rows

    @cached_property
    def cost(self):
        items = self.t("items").set_index("item")
        cost = items["unit_cost"].fillna(0.0)
        bill = self.t("bill_of_resources")
        if len(bill):
            rate = self.t("resources").query("bucket.isna()").set_index("resource")
            hours = bill["hours_per_unit"] * bill["resource"].map(rate["regular_cost"].fillna(0.0))
            cost = cost.add(hours.groupby(bill["item"]).sum(), fill_value=0.0)
        return items["standard_cost"].fillna(cost).fillna(0.0)

    @cached_property
    def price(self):
        """Price of an item in a bucket: of its markets, weighted by what they want."""
        cells = self.t("demand_plan").merge(self.t("prices"), on=["item", "market", "bucket"])
        cells["money"] = cells["consensus"] * cells["price"]
        sums = cells.groupby(["item", "bucket"])[["consensus", "money"]].sum()
        mean = cells.groupby(["item", "bucket"])["price"].mean()
        return (sums["money"] / sums["consensus"].where(sums["consensus"] > 0)).fillna(mean)

    def worth(self, rows, columns):
        """The columns at the price of their rows: of the market in the plan, of the item where none
        is named, the item's mean outside the plan.
        """
        if not len(rows):
            return rows
        if "market" in rows:
            keys = ["item", "market", "bucket"]
            price = rows[keys].merge(self.t("prices"), on=keys, how="left")["price"]
            known, everywhere = price.to_numpy(), self.t("prices").groupby("item")["price"].mean()
        else:
            index = pd.MultiIndex.from_frame(rows[["item", "bucket"]])
            known, everywhere = (
                self.price.reindex(index).to_numpy(),
                self.price.groupby("item").mean(),
            )
        usual = rows["item"].map(everywhere).fillna(0.0)
        price = usual.where(np.isnan(known), known)
        return rows.assign(**{c: rows[c] * price for c in columns})

    def addable(self, rows, columns):
        """The columns as they may be added: in units where all items share one, else in money."""
        mixed = self.unit[rows["item"].unique()].nunique() > 1 if len(rows) else False
        return self.worth(rows, columns) if mixed else rows

    def total(self, name, column, scope=None, year=True):
        """A column's sum by bucket, in what may be added."""
        rows = self.addable(self.of(name, scope, year), [column])
        return rows.groupby("bucket")[column].sum()

    @cached_property
    def money(self):
        """The financial plan of the next year: sums of the company."""
        return (
            self.of("financial_plan", year=True)
            .drop(columns="family")
            .groupby("bucket")
            .sum(min_count=1)
        )

    @cached_property
    def weight(self):
        """What a unit counts in a sum of service: itself, or its cost where units differ."""
        one = self.unit.nunique() <= 1
        return pd.Series(1.0, self.unit.index) if one else self.cost

    def service(self, rows):
        """Share of demand that is served when it is due."""
        weight = rows["item"].map(self.weight)
        missed = np.minimum(rows["late"] + rows["lost"], rows["demand"]) * weight
        return 1 - missed.sum() / (rows["demand"] * weight).sum()

    @cached_property
    def kpis(self):
        """The company's newest row of every KPI."""
        return self._latest(self.t("kpis"))

    @cached_property
    def last_kpis(self):
        rows = self.last("kpis")
        return self._latest(rows) if len(rows) else rows

    def _latest(self, rows):
        rows = rows[rows["scope"] == "company"].sort_values(["bucket", "step"], kind="stable")
        return rows.drop_duplicates("kpi", keep="last").set_index("kpi")

    def measured(self, kpi):
        rows = self.t("kpis").query("scope == 'company' and kpi == @kpi").dropna(subset="actual")
        return rows.sort_values("bucket").tail(12)

    @property
    def fiscal(self):
        return self.fiscal_of(None)

    def fiscal_of(self, family):
        """Name, estimate and budget of the fiscal year that the plan's first bucket lies in."""
        start, first = self.settings.get("fiscal_year_start", 1), pd.Timestamp(self.buckets[0])
        years = lambda days: days.dt.year + ((days.dt.month >= start) & (start > 1))
        year = first.year + int(first.month >= start and start > 1)
        sold = self.of("sales_history", family)
        sold = sold[sold["bucket"] < first]
        plan = self.of("financial_plan", family)
        budget = self.of("budget", family)
        parts = [
            frame.loc[years(frame["bucket"]) == year, "revenue"].sum() for frame in (sold, plan)
        ]
        planned = (
            budget.loc[years(budget["bucket"]) == year, "revenue"].sum() if len(budget) else np.nan
        )
        return f"FY{year % 100}", sum(parts), planned

    def at_cost(self, name, column, buckets):
        rows = self.t(name)
        rows = rows[rows["bucket"].isin(buckets)] if len(rows) else rows
        return (
            (rows[column].clip(lower=0) * rows["item"].map(self.cost)).groupby(rows["bucket"]).sum()
        )

    @cached_property
    def asked(self):
        rows = self.of("capacity_plan", year=True)
        rows = rows[np.isfinite(rows["regular_capacity"]) & (rows["regular_capacity"] > 0)]
        return rows.assign(asked=rows["unconstrained_load"] / rows["regular_capacity"])


# Page 1
@claim(r"{N} warnings? (?:was|were) repaired visibly, {N} of {N} cells of history \({P}\) were")
def _(p, _):
    flags = p.t("history")["flag"].isin(["stocked out", "outlier", "returns", "missing"])
    first = p.t("data_issues")
    later = ["assumed", "stale override"]
    warned = ((first["severity"] == "warning") & ~first["rule"].isin(later)).sum()
    return warned, flags.sum(), len(flags), flags.mean()


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


# Page 2
@claim(r"whole horizon \({N} {B}s?\)")
def _(p, _):
    return (len(p.buckets),)


STAGES = "events launches initiatives sales_input override order_excess".split()


def _stages(p):
    return p.addable(p.t("demand_plan"), ["baseline", *STAGES, "consensus"])[
        ["baseline", *STAGES, "consensus"]
    ].sum()


@claim(r"Consensus is {Q}")
def _(p, _):
    return (_stages(p)["consensus"],)


@claim(r"change the baseline by {P}; most through ([\w ]+) \({Q}\)")
def _(p, _):
    sums = _stages(p)
    most = sums[STAGES].abs().idxmax()
    return sums["consensus"] / sums["baseline"] - 1, most.replace("_", " "), sums[most]


@claim(r"The next {N} {B}s against the last {N}: ")
def _(p, _):
    return len(p.year), len(p.year)


@claim(r"(?:last \d+: |, | and ){S} {P}")
def _(p, m):
    rows = p.of("demand_plan", m.group(1), year=True)
    sold = p.of("history", m.group(1))
    sold = sold[sold["bucket"].isin(sorted(p.t("history")["bucket"].unique())[-len(p.year) :])]
    return m.group(1), rows["consensus"].sum() / sold["demand"].sum() - 1


@claim(r"every family within ±2 %")
def _(p, _):
    return ()


@claim(r"Customers are expected to want (?:{M}|nothing with a price) in the next {N} {B}s")
def _(p, _):
    return _wanted(p)["consensus"], len(p.year)


def _wanted(p, last=False, within=None):
    rows = p.of("demand_plan", year=not last, last=last)
    if within is not None:
        rows = rows[rows["bucket"].isin(within)]
    columns = [c for c in ("naive", "baseline", *STAGES, "consensus")]
    return p.worth(rows.reset_index(drop=True), columns)[columns].sum()


@claim(r"(?:, {P} (above|below)|, as) last cycle's plan")
def _(p, m):
    shared = sorted(set(p.last("demand_plan")["bucket"]) & set(p.year))
    move = _wanted(p, within=shared)["consensus"] / _wanted(p, True, shared)["consensus"] - 1
    if m.group(1) is None:
        assert abs(move) < 0.0006, move
        return (None, None)
    return abs(move), "above" if move > 0 else "below"


@claim(r"; ([\w ]+) moved it most \({M}\)")
def _(p, _):
    sums = _wanted(p)[STAGES]
    most = sums.abs().idxmax()
    return most.replace("_", " "), sums[most]


@claim(r"Sales plan, next year {M}(?: [▲▼] {M} on each {B} as a year before)?")
def _(p, _):
    sums = _wanted(p)
    return sums["consensus"], abs(sums["consensus"] - sums["naive"])


@claim(r"^Baseline {M}")
def _(p, _):
    return (_wanted(p)["baseline"],)


@claim(r"Added by people and events {M}")
def _(p, _):
    sums = _wanted(p)
    return (sums["consensus"] - sums["baseline"],)


@claim(
    r"^(All items|Brass goods|Castings|<Tools> & jigs), ([^:]+): the next {N} {B}s sum to {Q}(?:, (?:{P} (above|below)|as) the last {N})?"
)
def _(p, m):
    scope, market = m.group(1), m.group(2)
    rows, past = p.of("demand_plan", scope, year=True), p.of("history", scope)
    if market != "all markets":
        rows, past = rows[rows["market"] == market], past[past["market"] == market]
    ahead = p.addable(rows.reset_index(drop=True), ["consensus"])["consensus"].sum()
    sold = p.addable(past.reset_index(drop=True), ["demand"]).groupby("bucket")["demand"].sum()
    change = ahead / sold.iloc[-len(p.year) :].sum() - 1
    way = "above" if change >= 0 else "below"
    return scope, market, len(p.year), ahead, abs(change), way, len(p.year)


# Page 3
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


@claim(r"{S}: demand outruns supply (?:from {D}|in {N} of {N} {B}s?); up to {Q} late, in {D}")
def _(p, m):
    late = p.total("supply_plan", "late", m.group(1))
    least = max(0.5, 1e-6 * p.total("supply_plan", "demand", m.group(1)).max())
    return m.group(1), *_lasting(p, late, least), late.max(), p.name(late.idxmax())


@claim(r"{S}: nearly every demand is met on time; at most {Q} late, in {D}")
def _(p, m):
    late = p.total("supply_plan", "late", m.group(1))
    return m.group(1), late.max(), p.name(late.idxmax())


@claim(r"{S}: every demand is met on time, but stock is below safety stock in {N} of {N} {B}s")
def _(p, m):
    rows = p.of("supply_plan", m.group(1), year=True)
    mixed = p.unit[rows["item"].unique()].nunique() > 1
    worth = rows["item"].map(p.cost) if mixed else 1.0
    held, asked = (
        (rows[c] * worth).groupby(rows["bucket"]).sum()
        for c in ("projected_available", "safety_stock")
    )
    least = max(0.5, 1e-6 * p.total("supply_plan", "demand", m.group(1)).max())
    return m.group(1), (held < asked - least).sum(), len(held)


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


# Page 4
def _budgeted(p, line):
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
    value, gap, share = _budgeted(p, "revenue")
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


# The sheet of a family: its name stands before its sentence
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


# Page 5 and the board
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
    revenue, gap, share = _budgeted(p, "revenue")
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


@claim(r"Supply (can follow|follows only in part) ?(:|, but) (everything planned ships)?")
def _(p, m):
    rows = p.of("supply_plan", year=True)
    missed = rows["late"] + rows["lost"]
    target = p.settings.get("targets", {}).get("planned_service", 0.98)
    assert p.service(rows) >= target
    part, late = _likely(p)["p50"] < target, (missed > 0.5).any()
    whole = "follows only in part" if part else "can follow"
    return whole, ", but" if late and not part else ":", "" if late else "everything planned ships"


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
    value, gap, share = _budgeted(p, line)
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


# Words that hold a number which no table tells: definitions.
FIXED = re.compile(
    r"lags 1–3|8 of 10 (?:futures|outcomes)|orange over 115|lag 1\b|Forecast accuracy lag 1 – no data|"
    r"by 1 %|the first 12 of|\d+ regular hours"
)


def faults(text: str, told: Told) -> tuple[list, int, int]:
    """What is wrong in a sentence, in words; how many numbers it has, and how many claims read
    them.
    """
    wrong, spans = [], []
    for pattern, work_out in CLAIMS:
        for found in pattern.finditer(text):
            try:
                expected = work_out(told, found)
            except (KeyError, IndexError, ValueError, AssertionError) as error:
                wrong.append(f"{found.group()!r} cannot be worked out: {error!r}")
                continue
            for shown, value in zip(found.groups(), expected, strict=True):
                if shown is not None and value is not None and not agrees(shown, value):
                    wrong.append(f"{shown!r} in {found.group()!r}: the tables say {value}")
            spans.append(found.span())
    spans += [found.span() for found in FIXED.finditer(text)]
    numbers = [found for found in re.finditer(r"\d[\d,]*(?:\.\d+)?", text)]
    loose = [n.group() for n in numbers if not any(a <= n.start() < b for a, b in spans)]
    if loose:
        wrong.append(f"no claim reads {loose}")
    return wrong, len(numbers), len(numbers) - len(loose)
