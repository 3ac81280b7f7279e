"""The ``exceptions`` table: what needs a person, each with the money at stake and a sentence of reason, worst first.

``RULES`` says what each rule means and its default threshold; ``settings.thresholds`` overrides one by name.
One row per item (family, resource) and rule: its worst bucket.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sopkit.buckets import infer_calendar
from sopkit.metrics import service
from sopkit.metrics.scopes import item_values, per_item, setting
from sopkit.metrics.stages import CELL
from sopkit.tables import PLANS

COLUMNS = ["level", "name", "bucket", "rule", "value", "threshold", "money", "reason"]
SOON = 3


@dataclass(frozen=True)
class Rule:
    """A rule: the step that applies it, its default threshold, the unit of value and threshold, and its meaning."""

    step: int
    threshold: float
    unit: str
    doc: str


RULES = {
    "bias": Rule(1, 0.2, "fraction", "released forecasts of the last 3 buckets too high or too low, lag 1"),
    "tracking_signal": Rule(1, 4.0, "mean errors", "forecasts of the last 12 buckets miss on one side, lag 1"),
    "stock_out": Rule(1, 0.0, "days", "without stock in the last closed bucket"),
    "late_orders": Rule(1, 0.1, "fraction", "lines due in the last closed bucket that were late or are still open"),
    "adherence": Rule(1, 0.1, "fraction", "made more or less than planned in the last closed bucket"),
    "forecast_error": Rule(2, 0.5, "fraction", "backtest error is high, weighed with the money of the next buckets"),
    "large_override": Rule(2, 0.3, "fraction", "override large against the baseline"),
    "outside_band": Rule(2, 0.0, "units", "baseline with override outside the statistics' p10–p90 band"),
    "short_history": Rule(2, 3.0, "buckets", "planned with fewer buckets of history, a launch without a like item among them"),
    "change": Rule(2, 0.2, "fraction", "consensus changed against the last released plan"),
    "late": Rule(3, 0.0, "units", "demand unserved when it is due"),
    "lost": Rule(3, 0.0, "units", "demand that nothing serves by the horizon's end"),
    "inside_lead_time": Rule(3, 0.0, "units", "late before anything ordered now can arrive"),
    "below_safety_stock": Rule(3, 0.2, "fraction", "stock below safety stock"),
    "overload": Rule(3, 1.0, "fraction", "unconstrained load above regular and overtime hours"),
    "excess_stock": Rule(3, 6.0, "buckets", "stock lasts longer than this"),
    "obsolete_stock": Rule(3, 0.0, "money", "stock without any demand left in the horizon"),
    "revenue_gap": Rule(4, 0.05, "fraction", "planned revenue of the next year below budget"),
    "margin_gap": Rule(4, 0.05, "fraction", "planned margin of the next year below budget"),
    "cash": Rule(4, 0.0, "money", "a bucket pays out more than it collects, by more than this"),
}


def threshold(settings, rule) -> float:
    """The rule's threshold: ``settings.thresholds`` by name, else the default.

    >>> threshold({"thresholds": {"bias": 0.3}}, "bias"), threshold(None, "bias")
    (0.3, 0.2)
    """
    return float(setting(settings, "thresholds").get(rule, RULES[rule].threshold))


def data(items, first, *, released_forecasts=None, sales_history=None, inventory_history=None, orders=None,
         production_history=None, prices=None, settings=None, calendar=None) -> pd.DataFrame:
    """Step 1's exceptions over the buckets before ``first``: bias, tracking signal, stock-outs, late orders, adherence.

    Tables are as declared (absent ones find nothing); ``released_forecasts``: item, market, bucket, lag, consensus;
    ``prices``: item, bucket, price. Returns the declared rows, most money first.
    """
    calendar = calendar or infer_calendar([first])
    last, price = calendar.shift(first, -1), _prices(items, prices)
    found = []
    if _some(released_forecasts) and _some(sales_history):
        cells = _misses(released_forecasts, sales_history, calendar.range(calendar.shift(first, -12), 12), price)
        found += [_bias(cells, calendar.shift(first, -SOON), last, settings), _tracking(cells, last, settings)]
    if _some(inventory_history):
        found.append(_stock_outs(inventory_history, sales_history, last, calendar, price, settings))
    if _some(orders):
        found.append(_late_orders(orders, first, last, calendar, price, settings))
    if _some(production_history):
        found.append(_made(production_history, last, price, settings))
    return _table(1, found)


def demand(items, demand_plan, *, baseline_forecast=None, forecast_accuracy=None, history=None, launches=None,
           last_demand_plan=None, prices=None, settings=None) -> pd.DataFrame:
    """Step 2's exceptions: forecast error, large overrides, outside the band, short history, change against last cycle.

    Tables are as declared; ``last_demand_plan`` is that of the latest release. Returns the declared rows, most money first.
    """
    if not _some(demand_plan):
        return _table(2, [])
    priced = _priced(demand_plan, items, prices)
    found = [_overrides(priced, settings), _short_history(priced, history, launches, settings)]
    if _some(forecast_accuracy):
        found.append(_forecast_error(priced, forecast_accuracy, settings))
    if _some(baseline_forecast):
        found.append(_outside_band(priced, baseline_forecast, settings))
    if _some(last_demand_plan):
        found.append(_changes(priced, last_demand_plan, settings))
    return _table(2, found)


def supply(items, supply_plan, *, capacity_plan=None, inventory_plan=None, prices=None, settings=None) -> pd.DataFrame:
    """Step 3's exceptions: late, lost, inside lead time, below safety stock, overload, excess and obsolete stock.

    Tables are as declared. Returns the declared rows, most money first.
    """
    found = []
    if _some(supply_plan):
        plan = _priced(supply_plan, items, prices)
        found += [_short(plan, "late", settings), _short(plan, "lost", settings),
                  _inside_lead_time(plan, items, settings), _below_safety_stock(plan, settings)]
    if _some(capacity_plan):
        found.append(_overload(capacity_plan, settings))
    if _some(inventory_plan) and _some(supply_plan):
        found += [_excess(inventory_plan, settings), _obsolete(inventory_plan, supply_plan, settings)]
    return _table(3, found)


def money(financial_plan, *, settings=None, calendar=None) -> pd.DataFrame:
    """Step 4's exceptions: families (and the company) whose revenue or margin of the next year is below budget, and
    buckets that pay out more than they collect, once the plan's first receivables are in.

    Returns the declared rows, most money first.
    """
    if not _some(financial_plan):
        return _table(4, [])
    calendar = calendar or infer_calendar(financial_plan["bucket"])
    buckets = sorted(financial_plan["bucket"].unique())
    year = financial_plan[financial_plan["bucket"].isin(buckets[:calendar.per_year])]
    return _table(4, [_gap(part, level, name, settings) for level, part in _levels(year) for name in ("revenue", "margin")]
                  + [_cash(financial_plan, settings)])


def _table(step, found) -> pd.DataFrame:
    rows = pd.concat([frame[COLUMNS] for frame in found if len(frame)] or [PLANS["exceptions"].empty()[COLUMNS]], ignore_index=True)
    declared = PLANS["exceptions"].conform(rows.assign(step=step, value=rows["value"].replace([np.inf, -np.inf], np.nan)))
    return declared.sort_values("money", ascending=False, kind="stable", ignore_index=True)


def _flag(frame, level, rule, settings, reason) -> pd.DataFrame:
    """Rows whose |value| exceeds the rule's threshold, one per name (its worst by money), with reason(row) in words."""
    limit = threshold(settings, rule)
    over = frame[frame["value"].abs() > limit].sort_values(["money", "bucket"], ascending=[False, True], kind="stable")
    worst = over.drop_duplicates("name").assign(level=level, rule=rule, threshold=limit)
    return worst.assign(reason=[reason(row) for row in worst.itertuples()] if len(worst) else pd.Series(dtype="str"))


def _some(frame) -> bool:
    return frame is not None and len(frame) > 0


def _prices(items, prices) -> pd.Series:
    """Money per unit by item: the mean planned price, else the list price; 0 where unknown."""
    mean = None if prices is None else prices.groupby("item", as_index=False)["price"].mean()
    return item_values(items, mean, "price")


def _priced(plan, items, prices):
    """The plan with ``price`` by item and bucket, else by item."""
    flat = per_item(plan, _prices(items, prices))
    if prices is None:
        return plan.assign(price=flat)
    return plan.merge(prices[["item", "bucket", "price"]], on=["item", "bucket"], how="left").assign(price=lambda p: p["price"].fillna(flat))


def _share(top, bottom):
    """top ÷ bottom, infinite where only the bottom is 0, 0 where both are."""
    return np.where(bottom != 0, top / bottom.where(bottom != 0, 1.0), np.where(top != 0, np.sign(top) * np.inf, 0.0))


def _percent(value):
    return "from nothing" if np.isinf(value) else f"{value:+.0%}"


# Step 1


def _misses(released_forecasts, sales_history, buckets, price):
    """Lag-1 consensus and sales by item and bucket, with the price; a forecast cell without a sales row sold nothing."""
    actual = sales_history.groupby(CELL, as_index=False, dropna=False)["quantity"].sum()
    cells = released_forecasts[(released_forecasts["lag"] == 1) & released_forecasts["bucket"].isin(buckets)]
    cells = cells.merge(actual, on=CELL, how="left").fillna({"quantity": 0.0}).groupby(["item", "bucket"], as_index=False)[["consensus", "quantity"]].sum()
    return cells.assign(error=cells["consensus"] - cells["quantity"], size=(cells["consensus"] - cells["quantity"]).abs(),
                        price=per_item(cells, price))


def _bias(cells, since, last, settings):
    sums = cells[cells["bucket"] >= since].groupby("item").agg(error=("error", "sum"), sold=("quantity", "sum"), price=("price", "first")).reset_index()
    rows = sums.assign(name=sums["item"], bucket=last, value=_share(sums["error"], sums["sold"]), money=sums["error"].abs() * sums["price"])
    return _flag(rows[np.isfinite(rows["value"])], "item", "bias", settings, lambda r:
                 f"Forecast {abs(r.error):,.0f} units too {'high' if r.error > 0 else 'low'} over the last {SOON} buckets ({_percent(r.value)} of {r.sold:,.0f} sold).")


def _tracking(cells, last, settings):
    sums = cells.groupby("item").agg(error=("error", "sum"), size=("size", "mean"), price=("price", "first"), buckets=("size", "count")).reset_index()
    rows = sums.assign(name=sums["item"], bucket=last, value=sums["error"] / sums["size"].where(sums["size"] > 0), money=sums["error"].abs() * sums["price"])
    return _flag(rows, "item", "tracking_signal", settings, lambda r:
                 f"Forecasts missed on the {'high' if r.error > 0 else 'low'} side: tracking signal {r.value:+.1f} over {r.buckets} buckets.")


def _stock_outs(inventory_history, sales_history, last, calendar, price, settings):
    """Days without stock (the whole bucket where days are not counted) of items that sold in the last year."""
    counts = inventory_history[inventory_history["bucket"] == last]
    length = (calendar.last_day([last])[0] - last).days + 1
    days = counts["stocked_out"] if "stocked_out" in counts else pd.Series(np.nan, index=counts.index)
    days = days.fillna(pd.Series(np.where(counts["on_hand"] <= 0, float(length), 0.0), index=counts.index))
    if not _some(sales_history):
        return counts.iloc[:0].reindex(columns=COLUMNS)
    year = sales_history[sales_history["bucket"].between(calendar.shift(last, 1 - calendar.per_year), last)]
    pace = per_item(counts, year.groupby("item")["quantity"].sum()).clip(lower=0) / calendar.per_year
    rows = counts.assign(name=counts["item"], value=days, pace=pace, money=pace * days / length * per_item(counts, price))
    return _flag(rows[rows["pace"] > 0], "item", "stock_out", settings, lambda r:
                 f"Without stock for {r.value:,.0f} days at a demand of {r.pace:,.1f} units a bucket.")


def _late_orders(orders, first, last, calendar, price, settings):
    basis = setting(settings, "on_time_basis")
    due_on = service.BASES[basis]
    if due_on not in orders:
        return orders.iloc[:0].reindex(columns=COLUMNS)
    known = orders[orders[due_on].notna() & ~service.shipped_before_ordered(orders)]
    lines = known[calendar.start(known[due_on]) == last] if len(known) else known
    late = lines["shipped_on"].isna() | ((lines["shipped_on"] - lines[due_on]).dt.days > setting(settings, "on_time_late"))
    sums = lines.assign(late=late, units=lines["quantity"] * late).groupby("item").agg(late=("late", "sum"), lines=("late", "count"), units=("units", "sum")).reset_index()
    rows = sums.assign(name=sums["item"], bucket=last, value=sums["late"] / sums["lines"], money=sums["units"] * per_item(sums, price))
    return _flag(rows, "item", "late_orders", settings, lambda r: f"{r.late} of {r.lines} lines due were late or are still open ({r.units:,.0f} units).")


def _made(production_history, last, price, settings):
    made = production_history[(production_history["bucket"] == last) & production_history["planned"].notna()]
    off = made["actual"] - made["planned"]
    rows = made.assign(name=made["item"], value=_share(off, made["planned"]), money=off.abs() * per_item(made, price))
    return _flag(rows, "item", "adherence", settings, lambda r: f"Made {r.actual:,.0f} of {r.planned:,.0f} planned ({_percent(r.value)}).")


# Step 2


def _forecast_error(priced, forecast_accuracy, settings):
    """The error at the shortest lag of the method chosen (else of the best one) × the money of the next three buckets."""
    backtest = forecast_accuracy[forecast_accuracy["source"] == "backtest"].dropna(subset=["wape"])
    best = backtest.assign(other=backtest["model"] != "chosen").sort_values(["item", "lag", "other", "wape"], kind="stable").drop_duplicates("item")
    soon = priced[priced["bucket"].isin(sorted(priced["bucket"].unique())[:SOON])]
    stake = soon.assign(money=soon["consensus"] * soon["price"]).groupby("item")["money"].sum()
    worth = per_item(best, stake)
    rows = best.assign(name=best["item"], bucket=priced["bucket"].min(), value=best["wape"], money=best["wape"] * worth, worth=worth)
    return _flag(rows, "item", "forecast_error", settings, lambda r:
                 f"The statistics ({r.model}, lag {r.lag}) miss by {r.value:.0%}; the next {SOON} buckets are worth {r.worth:,.0f}.")


def _overrides(priced, settings):
    sums = priced.assign(money=(priced["override"] * priced["price"]).abs()).groupby(["item", "bucket"], as_index=False)[["override", "baseline", "money"]].sum()
    rows = sums.assign(name=sums["item"], value=_share(sums["override"], sums["baseline"]))
    return _flag(rows, "item", "large_override", settings, lambda r: f"Override of {r.override:+,.0f} on a baseline of {r.baseline:,.0f} units ({_percent(r.value)}).")


def _outside_band(priced, baseline_forecast, settings):
    cells = priced[priced["override"] != 0].merge(baseline_forecast[[*CELL, "p10", "p90"]], on=CELL)
    judged = cells["baseline"] + cells["override"]
    beyond = (judged - cells["p90"]).clip(lower=0) - (cells["p10"] - judged).clip(lower=0)
    rows = cells.assign(name=cells["item"], value=beyond, judged=judged, money=beyond.abs() * cells["price"])
    return _flag(rows, "item", "outside_band", settings, lambda r:
                 f"With its override {r.market} plans {r.judged:,.0f} units, outside {r.p10:,.0f}–{r.p90:,.0f}, where 8 of 10 outcomes should fall.")


def _short_history(priced, history, launches, settings):
    """Items with demand planned (or a launch) and few buckets of history; a like item's history counts."""
    worth = priced.assign(money=priced["consensus"] * priced["price"]).groupby("item")[["consensus", "money"]].sum()
    known = pd.Series(dtype="int64") if history is None else history.groupby("item")["bucket"].nunique()
    length = pd.Series(worth.index.map(known).to_numpy(dtype="float64", na_value=0.0), index=worth.index)
    launched = launches is not None and len(launches) > 0
    like = launches.set_index("item")["like_item"].dropna() if launched and "like_item" in launches else pd.Series(dtype="str")
    covered = worth.index.map(like[like != ""]).map(known).to_numpy(dtype="float64", na_value=0.0) if len(like) else 0.0
    wanted = (worth["consensus"] > 0) | worth.index.isin(launches["item"] if launched else [])
    rows = worth.assign(name=worth.index, bucket=priced["bucket"].min(), value=np.maximum(length, covered))[wanted]
    limit = threshold(settings, "short_history")
    few = rows[rows["value"] < limit]
    words = [f"Only {_buckets(int(row.value))} of history behind {row.consensus:,.0f} units; name a like item or plan it by hand." for row in few.itertuples()]
    return few.assign(level="item", rule="short_history", threshold=limit, reason=pd.Series(words, index=few.index, dtype="str"))


def _changes(priced, last_demand_plan, settings):
    """Change of the consensus over the buckets that both plans cover, by item."""
    now = priced[priced["bucket"].isin(last_demand_plan["bucket"])]
    before = last_demand_plan[last_demand_plan["bucket"].isin(now["bucket"])].groupby("item")["consensus"].sum()
    sums = now.groupby("item").agg(now=("consensus", "sum"), price=("price", "mean"), bucket=("bucket", "min")).reset_index()
    was = per_item(sums, before)
    rows = sums.assign(name=sums["item"], was=was, value=_share(sums["now"] - was, was), money=(sums["now"] - was).abs() * sums["price"])
    return _flag(rows, "item", "change", settings, lambda r: f"Consensus moved from {r.was:,.0f} to {r.now:,.0f} units since the last release ({_percent(r.value)}).")


# Step 3


def _short(plan, rule, settings):
    rows = plan.assign(name=plan["item"], value=plan[rule], money=plan[rule] * plan["price"])
    buckets = plan[plan[rule] > threshold(settings, rule)].groupby("item")["bucket"].count()
    tail = {"late": "late at the bucket's end", "lost": "never served"}[rule]
    return _flag(rows, "item", rule, settings, lambda r: f"{r.value:,.0f} units {tail}, {_buckets(buckets[r.item])} in all{_why(r.why)}")


def _why(why):
    return f" ({why})." if isinstance(why, str) and why else "."


def _buckets(count):
    return f"{count} bucket" if count == 1 else f"{count} buckets"


def _inside_lead_time(plan, items, settings):
    """Late units in the buckets where only receipts can still help."""
    lead = np.ceil(per_item(plan, item_values(items, None, "lead_time")))
    position = plan["bucket"].rank(method="dense") - 1
    early = plan.assign(name=plan["item"], lead=lead, value=plan["late"], money=plan["late"] * plan["price"])[position < lead]
    return _flag(early, "item", "inside_lead_time", settings, lambda r:
                 f"{r.value:,.0f} units late inside the lead time of {r.lead:,.0f} buckets: only open orders can be pulled in.")


def _below_safety_stock(plan, settings):
    short = (plan["safety_stock"] - plan["projected_available"]).clip(lower=0)
    rows = plan.assign(name=plan["item"], short=short, value=_share(short, plan["safety_stock"]), money=short * plan["price"])
    return _flag(rows, "item", "below_safety_stock", settings, lambda r:
                 f"Stock of {r.projected_available:,.0f} is {r.short:,.0f} units ({r.value:.0%}) below the safety stock of {r.safety_stock:,.0f}.")


def _overload(capacity_plan, settings):
    plan = capacity_plan.assign(limit=capacity_plan["regular_capacity"] + capacity_plan["overtime_limit"])
    excess = (plan["unconstrained_load"] - plan["limit"]).clip(lower=0)
    rows = plan.assign(name=plan["resource"], value=_share(plan["unconstrained_load"], plan["limit"]), money=excess * plan["shadow_price"])
    rows = rows[np.isfinite(rows["limit"])]
    return _flag(rows, "resource", "overload", settings, lambda r:
                 f"Demand wants {r.unconstrained_load:,.0f} hours of {r.limit:,.0f} with overtime; the plan works {r.load:,.0f}, and one more hour saves {r.shadow_price:,.2f}.")


def _excess(inventory_plan, settings):
    """Stock beyond the threshold's cover, in money; what has no demand at all is obsolete and not listed here."""
    limit = threshold(settings, "excess_stock")
    beyond = (1 - limit / inventory_plan["cover"].where(inventory_plan["cover"] > limit)).fillna(0.0)
    rows = inventory_plan.assign(name=inventory_plan["item"], value=inventory_plan["cover"], money=beyond * inventory_plan["value"])
    rows = rows[rows["units"] > rows["target"].fillna(0.0)].assign(money=lambda r: r["money"].fillna(0.0))
    held = inventory_plan["value"].set_axis(inventory_plan.index)
    return _flag(rows, "item", "excess_stock", settings, lambda r: f"{r.units:,.0f} units last {r.value:.1f} buckets, worth {held[r.Index]:,.0f}.")


def _obsolete(inventory_plan, supply_plan, settings):
    asked = supply_plan.groupby("item")["demand"].sum()
    left = inventory_plan[per_item(inventory_plan, asked) <= 0]
    rows = left.assign(name=left["item"], money=left["value"].fillna(0.0))
    return _flag(rows, "item", "obsolete_stock", settings, lambda r: f"{r.units:,.0f} units worth {r.money:,.0f} in stock and no demand in the horizon.")


# Step 4


def _levels(year):
    """The families that have a budget of their own, and the company, which also has what belongs to none."""
    return [("family", year[year["family"] != "(company)"].groupby(["family", "bucket"], as_index=False).sum(numeric_only=True, min_count=1)),
            ("company", year.groupby("bucket", as_index=False).sum(numeric_only=True, min_count=1).assign(family="company"))]


def _gap(year, level, name, settings):
    sums = year[year[f"budget_{name}"].notna()].groupby("family").agg(plan=(name, "sum"), budget=(f"budget_{name}", "sum"), bucket=("bucket", "min")).reset_index()
    gap = sums["plan"] - sums["budget"]
    rows = sums.assign(name=sums["family"], gap=gap, value=_share(gap, sums["budget"].abs()), money=gap.abs())[gap < 0]
    return _flag(rows, level, f"{name}_gap", settings, lambda r:
                 f"Planned {name} of {r.plan:,.0f} is {-r.gap:,.0f} below the budget of {r.budget:,.0f} ({_percent(r.value)}).")


def _cash(financial_plan, settings):
    """Buckets in which the company pays more than it collects; what was owed before the plan is unknown, so not the first ones."""
    cash = financial_plan.groupby("bucket")["cash"].sum()
    known = cash[cash.index >= cash.index.min() + pd.Timedelta(days=setting(settings, "receivable_days"))]
    rows = pd.DataFrame({"name": "company", "bucket": known.index, "value": known.to_numpy(), "money": -known.to_numpy()})
    return _flag(rows[rows["value"] < 0], "company", "cash", settings, lambda r: f"Pays {r.money:,.0f} more than it collects in the bucket.")
