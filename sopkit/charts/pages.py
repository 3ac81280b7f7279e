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


def show_uplifts(uplifts: pd.DataFrame, items: pd.DataFrame) -> Block:
    """By family and kind of event: the uplift that history teaches where the events table leaves it blank."""
    if uplifts.empty:
        return missing("Every event says its uplift, or none is known; a blank uplift in the table events is estimated from history here.")
    rows = uplifts.merge(_families(items), on="item", how="left").groupby(["family", "kind"], as_index=False).agg(
        series=("item", "size"), evidence=("evidence", "sum"), uplift=("uplift", "mean"), pull_forward=("pull_forward", "mean"))
    return show(rows, {"uplift": "fraction", "pull_forward": "fraction"}, columns={"family": "family", "kind": "kind of event", "series": "series", "evidence": "buckets seen",
                "uplift": "uplift estimated", "pull_forward": "pulled forward"}, note="for a price event: elasticity, the change of demand per change of price")


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




def show_decisions(decisions: pd.DataFrame, calendar, currency: str) -> Block:
    """Decisions that are open, then those taken: question, options, owner, due day and what was expected."""
    if decisions.empty:
        return missing("No decision is in the ledger for this cycle; enter one with Ledger.append('decisions', …), and the next pack asks it here.")
    still = decisions["chosen"].fillna("") == ""
    rows = decisions.assign(state=still.map({True: "open", False: "taken"})).sort_values(["state", "due"], kind="stable")
    return show(rows, {"expected": "money", "realised": "money"}, currency=currency, more="tables/decisions.parquet",
                columns={"state": "state", "text": "question", "options": "options", "chosen": "chosen", "owner": "owner", "due": "due", "expected": "expected", "realised": "realised"})


def show_options(options: pd.DataFrame, currency: str) -> Block:
    """Ways to close a gap, best first."""
    if options.empty:
        return missing("The plan shows no gap that an option would close.")
    rows = options.sort_values("gain", ascending=False, kind="stable")
    return show(rows, {"closes": "units", "cost": "money", "gain": "money"}, 8, currency=currency, more="tables/gap_options.parquet",
                columns={"option": "option", "closes": "closes", "cost": "cost", "gain": "margin gained", "owner": "owner"},
                note="options do not add up: several may serve the same units")


def show_bridge(bridge: pd.DataFrame, month: str, currency: str) -> Block:
    """What changed in the sales plan since last cycle, stage by stage."""
    if not month:
        return missing("No earlier plan is released, so there is nothing to compare with; from the first release on, changes are explained here.")
    return show(bridge.assign(stage=bridge["stage"].str.replace("_", " ")), dict.fromkeys(["last", "now", "change"], "money"), currency=currency,
                columns={"stage": "stage", "last": f"released {month}", "now": "now", "change": "change"})


def show_scenarios(scenarios: pd.DataFrame, currency: str, note: str = "") -> Block:
    """The metrics of every scenario side by side, in the unit that each names."""
    if scenarios.empty:
        return missing("No scenario was run; sopkit pack --scenario NAME runs one of the ledger.")
    rows = scenarios.assign(shown=[quantity(v, {"money": currency}.get(_unit(m), _unit(m))) for v, m in zip(scenarios["value"], scenarios["metric"])])
    order = ["base", *sorted(set(scenarios["scenario"]) - {"base"})]
    wide = rows.pivot(index="metric", columns="scenario", values="shown").reindex(columns=order)
    return show(wide.set_axis([m.split(" (")[0] for m in wide.index], axis=0).rename_axis("metric").reset_index(), rows=20, more="tables/scenarios.parquet", note=note)


def show_assumptions(assumptions: pd.DataFrame) -> Block:
    """What the plan takes for granted, and whether it held."""
    if assumptions.empty:
        return missing("No assumption is in the ledger; enter one with Ledger.append('assumptions', …).")
    return show(assumptions, columns={"text": "assumption", "condition": "would break if", "result": "result", "owner": "watched by"})


def show_sign_offs(sign_offs: pd.DataFrame, month: str) -> Block:
    """Who approved this cycle's plan so far, the latest word of each role."""
    mine = sign_offs[sign_offs["cycle"] == month].drop_duplicates(["family", "role"], keep="last")
    if mine.empty:
        return missing(f"Nobody has signed off {month} yet. After the meeting: sopkit release {month} --by NAME.")
    return show(mine.assign(family=mine["family"].fillna("the whole plan")), columns={"role": "role", "family": "for", "status": "status", "by": "by", "note": "note"})


def stack(pieces) -> Block:
    """Several blocks one below the other; charts come as their SVG."""
    pieces = list(pieces)
    return Block("\n".join(getattr(piece, "html", None) or piece.svg for piece in pieces), "\n\n".join(str(piece) for piece in pieces))


def largest_families(financial_plan: pd.DataFrame, most: int = 12) -> list[str]:
    """The families with most planned revenue, at most so many; what belongs to none is left out."""
    sums = financial_plan[financial_plan["family"] != "(company)"].groupby("family")["revenue"].sum()
    return sums.sort_values(ascending=False, kind="stable").index[:most].tolist()


def _unit(metric):
    return metric.rsplit("(", 1)[1].rstrip(")") if "(" in metric else ""


def families_of(items: pd.DataFrame, supply_plan: pd.DataFrame, most: int = 12) -> list[str]:
    """The families with most planned demand, at most so many, largest first."""
    sums = supply_plan.merge(_families(items), on="item").groupby("family")["demand"].sum()
    return sums[sums > 0].sort_values(ascending=False, kind="stable").index[:most].tolist()


def show_safety(safety_stock: pd.DataFrame, items: pd.DataFrame, currency: str) -> Block:
    """Safety stock of the first bucket by family, at unit cost; where no service level asks for any, the page says so."""
    first = safety_stock[(safety_stock["bucket"] == safety_stock["bucket"].min()) & (safety_stock["quantity"] > 0)]
    if first.empty:
        return missing("No safety stock is planned: no service level is given (items.service_level, or service_level in settings.toml, asks for it).")
    rows = first.merge(_families(items), on="item").merge(items[["item", "unit_cost"]], on="item")
    table = rows.assign(value=rows["quantity"] * rows["unit_cost"].fillna(0.0)).groupby("family", as_index=False).agg(items=("item", "nunique"), value=("value", "sum"))
    return show(table, {"value": "money"}, total=("items", "value"), currency=currency, columns={"family": "family", "items": "items with safety stock", "value": "safety stock"},
                note="in the first bucket, at unit cost")


def show_costs(costs: pd.Series, currency: str) -> Block:
    """The plan's costs by kind, which steer it; they add up to what was minimised."""
    rows = costs[costs.abs() > 1e-6].rename("cost").rename_axis("kind").reset_index()
    return show(rows.assign(kind=rows["kind"].str.replace("_", " ")), {"cost": "money"}, total=("cost",), currency=currency,
                note="over the whole horizon; backlog, lost-sales and safety-stock prices steer the plan and are no accounting")


def show_workforce(workforce_plan: pd.DataFrame, calendar) -> Block:
    """Workers of every resource at the end of each quarter of the first year, with all hired and laid off over the horizon."""
    if workforce_plan.empty:
        return missing("No resource has workers; the table resources (workers, hours_per_worker) would feed the workforce plan.")
    buckets = sorted(workforce_plan["bucket"].unique())
    step = max(calendar.per_year // 4, 1)
    shown = [buckets[0], *buckets[step - 1:calendar.per_year:step]]
    wide = workforce_plan[workforce_plan["bucket"].isin(shown)].pivot(index="resource", columns="bucket", values="workers")
    wide = wide.set_axis(calendar.label(wide.columns), axis=1)
    moves = workforce_plan.groupby("resource")[["hired", "laid_off"]].sum()
    return show(wide.join(moves).reset_index(), columns={name: name.replace("_", " ") for name in ["resource", *wide.columns, "hired", "laid_off"]},
                note="workers; hired and laid off over the whole horizon", more="tables/workforce_plan.parquet")


def show_risk(risk, calendar, currency: str) -> Block:
    """P10, P50 and P90 of service, stock and backlog at four points of the plan, and the items that carry the risk."""
    rows = risk.by_bucket[risk.by_bucket["metric"].isin(["service", "stock", "backlog"])]
    buckets = sorted(rows["bucket"].unique())
    points = [buckets[i] for i in sorted({0, min(2, len(buckets) - 1), min(5, len(buckets) - 1), min(11, len(buckets) - 1)})]
    rows = rows[rows["bucket"].isin(points)]
    unit = rows["metric"].map({"service": "fraction"}).fillna(currency)
    rows = rows.assign(bucket=calendar.label(rows["bucket"]), **{level: [quantity(v, u) for v, u in zip(rows[level], unit)] for level in ("p10", "p50", "p90")})
    worst = risk.by_item[risk.by_item["short"] > 0]
    return stack([show(rows, columns={"metric": "metric", "bucket": "bucket", "p10": "P10", "p50": "P50", "p90": "P90"},
                       note="stock at standard cost, backlog at price"),
                  show(worst, {"short": "money", "service": "fraction", "share": "fraction"}, 5, currency=currency,
                       columns={"item": "item that carries risk", "short": "expected shortage", "share": "share of all", "service": "service"})])


def show_stock_risk(stock_risk: pd.DataFrame, items: pd.DataFrame, currency: str) -> Block:
    """By family, at the end of the first bucket and in the worst one: money tied up beyond need, at risk of never selling, and missing."""
    sums = stock_risk.merge(_families(items), on="item", how="left").groupby(["family", "bucket"])[["excess", "obsolete", "shortage"]].sum()
    if not sums.to_numpy().any():
        return missing("No stock is in excess, obsolete or short in this plan.")
    first = sums.xs(sums.index.get_level_values("bucket").min(), level="bucket").add_suffix(" now")
    table = first.join(sums.groupby("family").max().add_suffix(" at worst")).reset_index()
    names = [f"{risk} {when}" for risk in ("excess", "obsolete", "shortage") for when in ("now", "at worst")]
    return show(table, dict.fromkeys(names, "money"), columns={name: name for name in ["family", *names]}, currency=currency,
                note="excess and obsolete at standard cost, shortage (below safety stock, and backlog) at price")


def show_promises(promises: pd.DataFrame, items: pd.DataFrame) -> Block:
    """When a new order would ship, by order-driven item, longest wait first; other items ship from stock."""
    ordered = items.loc[items["strategy"].eq("order"), ["item", "description", "customer_lead_time"]]
    rows = promises.merge(ordered, on="item").sort_values("wait", ascending=False, kind="stable", na_position="first")
    if rows.empty:
        return missing("No item is made to order, so none needs a promise (items.strategy = order).")
    return show(rows, {"wait": "buckets", "customer_lead_time": "buckets"}, 8, more="tables/supply_plan.parquet", note="an order placed now, behind what is open",
                columns={"item": "item", "description": "what it is", "bucket": "one more unit ships in", "wait": "wait", "customer_lead_time": "agreed wait"})


def show_changes(changes: pd.DataFrame, month: str, currency: str) -> Block:
    """What the plan changes inside the planning fence against last cycle's release, dearest first."""
    if not month:
        return missing("No earlier plan is released, so nothing inside the planning fence can have changed.")
    moved = changes[changes["change"].abs() > 1e-6]
    if moved.empty:
        return missing(f"Nothing released in {month} is changed inside the planning fence.")
    return show(moved, {"released": "units", "planned": "units", "change": "units", "money": "money"}, 8, total=("money",), currency=currency,
                note="made, subcontracted and bought units; money = |change| at standard cost")


def show_schedule(master_schedule: pd.DataFrame) -> Block:
    """Units to make and to order by week, summed over items."""
    if master_schedule.empty:
        return missing("Nothing is to be made or ordered inside the planning fence.")
    weeks = master_schedule.groupby(["week", "action"]).agg(items=("item", "nunique"), quantity=("quantity", "sum")).unstack("action").fillna(0)
    weeks = weeks.set_axis([f"{action}: {name}" for name, action in weeks.columns], axis=1).sort_index(axis=1, ascending=False)
    return show(weeks.reset_index(), {name: "units" for name in weeks if name.endswith("quantity")}, more="tables/master_schedule.parquet",
                note="weeks begin on the Monday shown")


def show_money(financial_plan: pd.DataFrame, plan) -> Block:
    """The next year by family: revenue, margin, stock at its end, cash, and the gaps to budget."""
    currency, year = plan.settings["currency"], plan.calendar.range(plan.first_bucket, plan.calendar.per_year)
    rows = financial_plan[financial_plan["bucket"].isin(year)]
    sums = rows.groupby("family")[["revenue", "margin", "cash", "revenue_gap", "margin_gap"]].sum(min_count=1)
    stock = rows[rows["bucket"] == rows["bucket"].max()].set_index("family")["inventory_value"].rename("stock")
    table = sums.join(stock).reset_index().sort_values("revenue", ascending=False, kind="stable")
    money = ["revenue", "revenue_gap", "margin", "margin_gap", "cash", "stock"]
    return show(table, dict.fromkeys(money, "money"), total=money, currency=currency, more="tables/financial_plan.parquet",
                columns={"family": "family", "revenue": "revenue", "revenue_gap": "to budget", "margin": "margin", "margin_gap": "to budget ", "cash": "cash", "stock": "stock at the end"},
                note="the next year; (company) holds what belongs to no family")


def show_initiatives(initiative_plan: pd.DataFrame, initiatives: pd.DataFrame, currency: str) -> Block:
    """Each initiative over the horizon: units, hours, money if it happens and weighted by its probability."""
    if initiative_plan.empty:
        return missing("No strategic initiative is known; the table initiatives would feed this.")
    sums = initiative_plan.groupby("initiative", as_index=False)[["units", "hours", "money", "weighted"]].sum()
    about = initiatives.drop_duplicates("initiative")[["initiative", "stage", "probability", "owner"]]
    return show(sums.merge(about, on="initiative", how="left"), {"units": "units", "hours": "hours", "money": "money", "weighted": "money", "probability": "fraction"},
                currency=currency, more="tables/initiative_plan.parquet",
                columns={"initiative": "initiative", "stage": "stage", "owner": "owner", "units": "units", "hours": "hours", "money": "money", "probability": "chance", "weighted": "weighted"})
