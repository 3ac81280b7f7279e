"""The tables that the step pages show: plan tables, summed up to what a meeting reads."""

import pandas as pd

from sopkit.charts.tables import Block, show
from sopkit.charts.words import clean, escape, quantity

COMPANY = "company"


def show_issues(issues: pd.DataFrame) -> Block:
    """Problems in the facts, alike ones together: how many, the first of them, and what was done; errors, then warnings, then notices."""
    order = issues["severity"].map({"error": 0, "warning": 1, "notice": 2})
    rows = issues.assign(order=order).groupby(["order", "severity", "table", "rule"], as_index=False).agg(
        count=("row", "size"), first_row=("row", "min"), problem=("problem", "first"), done=("done", "first"))
    return show(rows.drop(columns="order"), columns={"severity": "severity", "table": "table", "rule": "rule", "count": "times", "problem": "for example", "done": "what was done"},
                more="tables/data_issues.parquet")


def show_stock(stock: pd.DataFrame, items: pd.DataFrame, standard_cost: pd.DataFrame, currency: str) -> Block:
    """Opening stock and backlog by family: items counted, value at standard cost."""
    rows = stock.merge(_families(items), on="item", how="left").merge(standard_cost, on="item", how="left")
    rows = rows.assign(value=rows["on_hand"] * rows["standard_cost"], backlog_value=rows["backlog"] * rows["standard_cost"],
                       counted=(rows["source"] != "none").astype(float), without=((rows["on_hand"] <= 0)).astype(float))
    table = rows.groupby("family", as_index=False).agg(items=("item", "size"), counted=("counted", "sum"), without=("without", "sum"), value=("value", "sum"),
                                                       backlog_value=("backlog_value", "sum"), as_of=("as_of", "max"))
    return show(table, {"value": "money", "backlog_value": "money"}, total=("items", "counted", "without", "value", "backlog_value"), currency=currency,
                columns={"family": "family", "items": "items", "counted": "counted", "without": "without stock", "value": "stock", "backlog_value": "backlog", "as_of": "as of"},
                more="tables/opening_stock.parquet", note="at standard cost")


def kpi_table(kpis: pd.DataFrame, calendar, scope: str = COMPANY, last: int = 6) -> Block:
    """The company's KPIs over the last buckets, each row one KPI with its unit, its target and its latest status."""
    rows = kpis[kpis["scope"] == scope].sort_values("bucket")
    known = rows.dropna(subset=["actual"])
    buckets = sorted(known["bucket"].unique())[-last:]
    wide = known[known["bucket"].isin(buckets)].assign(shown=lambda k: [_reads(v, u) for v, u in zip(k["actual"], k["unit"])])
    wide = wide.pivot(index="kpi", columns="bucket", values="shown").set_axis(calendar.label(buckets), axis=1) if len(wide) else pd.DataFrame(index=pd.Index([], name="kpi"))
    latest = rows.groupby("kpi").last()
    table = latest[["unit"]].join(wide).join(latest[["status"]].assign(target=[_reads(v, u) for v, u in zip(latest["target"], latest["unit"])]))
    table = table.reset_index().assign(kpi=lambda t: t["kpi"].str.replace("_", " "))
    order = table["status"].str.startswith("no data")
    return show(table.loc[order.sort_values(kind="stable").index], rows=30, more="tables/kpis.parquet")


def show_exceptions(exceptions: pd.DataFrame, currency: str, rows: int = 10) -> Block:
    """The exceptions with most money at stake, in words."""
    worst = exceptions.sort_values("money", ascending=False, kind="stable")
    return show(worst, {"money": "money"}, rows, columns={"name": "name", "bucket": "bucket", "rule": "rule", "money": "at stake", "reason": "reason"},
                currency=currency, more="tables/exceptions.parquet")


def show_models(baseline: pd.DataFrame, items: pd.DataFrame, accuracy: pd.DataFrame) -> Block:
    """By family: series, the method that leads most of them, and the error of the baseline against the seasonal naive, lag 1–3."""
    lead = baseline.drop_duplicates(["item", "market"]).merge(_families(items), on="item", how="left")
    lead = lead.assign(method=lead["model"].str.replace(r"^combination: ", "", regex=True).str.replace(r" \d+ %.*", "", regex=True))
    table = lead.groupby("family").agg(series=("item", "size"), method=("method", lambda m: m.mode().iloc[0]))
    near = accuracy[accuracy["lag"] <= 3].merge(_families(items), on="item").groupby(["family", "model"])["wape"].median().unstack()
    table = table.join(near.reindex(columns=["seasonal naive", "chosen"]))
    return show(table.reset_index(), {"seasonal naive": "fraction", "chosen": "fraction"},
                columns={"family": "family", "series": "series", "method": "most often led by", "seasonal naive": "naive error", "chosen": "baseline error"},
                note="error: WAPE in the backtest, lags 1–3, the median item")


def show_families(demand_plan: pd.DataFrame, items: pd.DataFrame, columns: list[str]) -> Block:
    """Units of each stage by family over the horizon; families of several units of measure are left to the money page."""
    units = items.assign(unit=items["unit"].fillna("units")).merge(_families(items).drop(columns="family"), on="item")
    measure = _families(items).merge(units[["item", "unit"]], on="item").groupby("family")["unit"].agg(lambda u: " / ".join(sorted(set(u))))
    sums = demand_plan.merge(_families(items), on="item", how="left").groupby("family")[columns].sum()
    mixed = measure.str.contains(" / ").reindex(sums.index, fill_value=False)
    sums[mixed] = float("nan")
    return show(sums.assign(unit=measure.reindex(sums.index)).reset_index()[["family", "unit", *columns]], more="tables/demand_plan.parquet",
                note="units over the whole horizon; a family of several units of measure is shown in money only")


def show_products(product_plan: pd.DataFrame, calendar) -> Block:
    """New, ramping and retiring items: units that they bring, end or take from others over the horizon."""
    if product_plan.empty:
        return missing("No new or retiring item; the tables launches and items (retired_on) would feed this.")
    moved = product_plan[["launch", "retirement", "cannibalised"]].abs().sum(axis=1) > 0
    rows = product_plan[moved].groupby("item", as_index=False).agg(since=("bucket", "min"), launch=("launch", "sum"), retirement=("retirement", "sum"),
                                                                   cannibalised=("cannibalised", "sum"), status=("status", _first_word))
    rows = rows.sort_values("launch", key=abs, ascending=False).assign(since=calendar.label(rows["since"]))
    return show(rows, "product_plan", rows=12, more="tables/product_plan.parquet")


def show_value_added(value_added: pd.DataFrame, lags=(1, 3)) -> Block:
    """The company's error by stage and what each stage took off it, for lags 1 and 3."""
    rows = value_added[(value_added["level"] == COMPANY) & value_added["lag"].isin(lags)].dropna(subset=["wape"])
    order = ["naive", "baseline", "events", "launches", "initiatives", "sales_input", "override", "order_excess", "consensus", "released"]
    rows = rows.sort_values(["source", "lag", "stage"], key=lambda c: c.map(order.index) if c.name == "stage" else c)
    return show(rows, "value_added", rows=24, columns={"source": "measured in", "lag": "lag", "stage": "stage", "wape": "error (WAPE)", "value_added": "value added"},
                note="value added: error of the stage before − error of this one; positive = it helped", more="tables/value_added.parquet")


def missing(sentence: str) -> Block:
    """What stands where a page lacks facts: which table would feed it."""
    return Block(f'<div class="sop"><p class="note">{escape(sentence)}</p></div>', clean(sentence))


def _families(items):
    families = items["family"].fillna("(none)") if "family" in items else "(none)"
    return pd.DataFrame({"item": items["item"], "family": families})


def _first_word(words):
    told = [word for word in words if isinstance(word, str) and word]
    return told[0] if told else ""


def _reads(value, unit):
    return "" if pd.isna(value) else quantity(value, "fraction" if unit == "fraction" else "")


