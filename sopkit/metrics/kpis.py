"""The ``kpis`` table: how the last cycles went (step 1) and what the plan promises (step 5), against targets."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sopkit.buckets import infer_calendar
from sopkit.metrics import flow, service
from sopkit.metrics.forecast_errors import accuracy, bias
from sopkit.metrics.scopes import COMPANY, by_scope, item_values, per_item, scope_of, setting, weights, wide
from sopkit.tables import PLANS

SHOWN = 13


@dataclass(frozen=True)
class Kpi:
    """What a KPI means: unit in words, which way is better (higher, lower or zero), and the tables that feed it."""

    step: int
    unit: str
    better: str
    doc: str
    feeds: tuple[str, ...]


KPIS = {
    "on_time_delivery": Kpi(1, "fraction", "higher", "lines shipped within the window ÷ lines due", ("orders",)),
    "otif": Kpi(1, "fraction", "higher", "orders on time and complete ÷ orders due", ("orders",)),
    "fill_rate": Kpi(1, "fraction", "higher", "units shipped at the first try ÷ units ordered", ("orders",)),
    "order_cycle_time": Kpi(1, "days", "lower", "median days from order to shipment", ("orders",)),
    "order_cycle_time_p90": Kpi(1, "days", "lower", "days within which 90 % of the lines shipped", ("orders",)),
    "order_cycle_time_net": Kpi(1, "days", "lower", "median days beyond the wait that customers asked for", ("orders.requested_on",)),
    "order_cycle_time_net_p90": Kpi(1, "days", "lower", "P90 of the days beyond the wait asked for", ("orders.requested_on",)),
    "lines_left_out": Kpi(1, "lines", "lower", "lines shipped before they were ordered, left out of every service KPI", ("orders",)),
    "backlog_lead_time": Kpi(1, "buckets", "lower", "open orders ÷ shipments per bucket, last 3 (order-driven items)", ("orders",)),
    "plan_adherence": Kpi(1, "fraction", "higher", "Σ min(actual, planned) ÷ Σ planned, by item", ("production_history",)),
    "volume_adherence": Kpi(1, "fraction", "higher", "1 − |Σ planned − Σ actual| ÷ Σ planned", ("production_history",)),
    "forecast_accuracy_lag_1": Kpi(1, "fraction", "higher", "1 − WAPE of the consensus made one bucket ahead, item × market", ("released plans",)),
    "forecast_accuracy_lag_3": Kpi(1, "fraction", "higher", "1 − WAPE of the consensus made three buckets ahead, item × market", ("released plans",)),
    "forecast_bias_lag_1": Kpi(1, "fraction", "zero", "Σ(F − A) ÷ ΣA one bucket ahead, positive = over-forecast", ("released plans",)),
    "inventory_turns": Kpi(1, "turns/year", "higher", "annualised cost of sales ÷ average stock at cost, last 12 months", ("inventory_history",)),
    "cover": Kpi(1, "buckets", "lower", "buckets of the demand that followed that the stock would last", ("inventory_history",)),
    "stocked_out_share": Kpi(1, "fraction", "lower", "share of counted items without stock", ("inventory_history",)),
    "planned_service": Kpi(5, "fraction", "higher", "demand of the next year served when it is due", ("supply_plan",)),
    "planned_turns": Kpi(5, "turns/year", "higher", "planned cost of sales ÷ planned stock at cost, next year", ("financial_plan",)),
    "planned_cover": Kpi(5, "buckets", "lower", "buckets of demand that the first bucket's closing stock lasts, at cost", ("inventory_plan",)),
    "planned_utilisation": Kpi(5, "fraction", "lower", "load ÷ regular hours, next year", ("capacity_plan",)),
    "cash_to_cash": Kpi(5, "days", "lower", "inventory days + receivable days − payable days", ("financial_plan",)),
    "revenue_to_budget": Kpi(5, "fraction", "higher", "planned ÷ budgeted revenue, next year, where budgeted", ("budget",)),
    "margin_to_budget": Kpi(5, "fraction", "higher", "planned ÷ budgeted margin, next year, where budgeted", ("budget",)),
    "plan_stability": Kpi(5, "fraction", "lower", "Σ|plan now − last cycle| ÷ Σ last cycle inside the planning fence", ("released plans",)),
    "open_decisions": Kpi(5, "decisions", "lower", "decisions without a chosen option", ("decisions",)),
    "assumptions_broken": Kpi(5, "assumptions", "lower", "assumptions that were found broken", ("assumptions",)),
}


def last_cycle(items, first, *, orders=None, sales_history=None, inventory_history=None, production_history=None,
               released_forecasts=None, standard_cost=None, settings=None, calendar=None) -> pd.DataFrame:
    """Step 1's rows of ``kpis``: each KPI for the last 13 buckets before ``first``, for the company and each family.

    Tables are as declared (absent or empty = no data, and the status says which table would feed it);
    ``released_forecasts``: item, market, bucket, lag, consensus; ``standard_cost``: item, standard_cost.
    """
    calendar = calendar or infer_calendar([first])
    buckets = calendar.stamp(calendar.number([first])[0] + np.arange(-SHOWN, 0))
    found = {}
    if _some(orders):
        found |= _service(orders, items, buckets, calendar, settings) | _backlog(orders, items, buckets, calendar, standard_cost)
    if _some(production_history):
        found |= _adherence(production_history, items, buckets)
    if _some(released_forecasts) and _some(sales_history):
        found |= _forecast(released_forecasts, sales_history, items, buckets)
    if _some(inventory_history):
        found |= _stock(inventory_history, sales_history, items, buckets, calendar, standard_cost)
    return table(1, found, buckets[-1], settings)


def forward(items, first, *, supply_plan=None, inventory_plan=None, capacity_plan=None, financial_plan=None, demand_plan=None,
            last_demand_plan=None, decisions=None, assumptions=None, standard_cost=None, settings=None, calendar=None) -> pd.DataFrame:
    """Step 5's rows of ``kpis``: what the plan promises for the year from ``first``, for the company and each family.

    ``last_demand_plan`` is the demand plan of the latest release. Rows stand at the plan's first bucket.
    """
    calendar = calendar or infer_calendar([first])
    year = calendar.range(first, calendar.per_year)
    found = {}
    if _some(supply_plan):
        found["planned_service"] = _at(first, _groups(by_scope(_within(supply_plan, year), items), _planned_service))
    if _some(inventory_plan) and _some(supply_plan):
        found["planned_cover"] = _at(first, _planned_cover(inventory_plan, supply_plan, items, standard_cost, calendar))
    if _some(capacity_plan):
        hours = _within(capacity_plan, year)[lambda h: np.isfinite(h["regular_capacity"])]
        found["planned_utilisation"] = _at(first, pd.Series({COMPANY: flow.utilisation(hours["load"], hours["regular_capacity"])}))
    if _some(financial_plan):
        found |= {name: _at(first, values) for name, values in _money(_within(financial_plan, year), calendar, settings).items()}
    if _some(last_demand_plan) and _some(demand_plan):
        fence = calendar.range(first, setting(settings, "planning_fence"))
        found["plan_stability"] = _at(first, _stability(_within(demand_plan, fence), _within(last_demand_plan, fence), items))
    if decisions is not None:
        found["open_decisions"] = _at(first, pd.Series({COMPANY: float((decisions["chosen"].fillna("") == "").sum())}))
    if assumptions is not None:
        found["assumptions_broken"] = _at(first, pd.Series({COMPANY: float((assumptions["result"] == "broken").sum())}))
    return table(5, found, pd.Timestamp(first), settings)


def table(step, found, blank_bucket, settings=None) -> pd.DataFrame:
    """The declared rows of one step from ``found``: KPI name → Series by (scope, bucket); what lacks is "no data".

    >>> first = pd.Timestamp("2026-11-01")
    >>> found = {"open_decisions": pd.Series({("company", first): 2.0})}
    >>> row = table(5, found, first, {"targets": {"open_decisions": 3}}).set_index("kpi").loc["open_decisions"]
    >>> float(row["actual"]), float(row["target"]), row["status"]
    (2.0, 3.0, 'ok')
    """
    rows = [_rows(name, kpi, found.get(name), blank_bucket, setting(settings, "targets").get(name)) for name, kpi in KPIS.items() if kpi.step == step]
    return PLANS["kpis"].conform(pd.concat(rows, ignore_index=True).assign(step=step))


def status(actual, target, kpi) -> np.ndarray:
    """ok, watch (missed by at most 2 points of a fraction, 10 % of any other unit) or miss; "no target" without one.

    >>> status([0.96, 0.94, 0.90], 0.95, KPIS["on_time_delivery"]).tolist()
    ['ok', 'watch', 'miss']
    """
    actual = np.asarray(actual, dtype="float64")
    if target is None or np.isnan(target):
        return np.full(actual.shape, "no target", dtype=object)
    short = {"higher": target - actual, "lower": actual - target, "zero": np.abs(actual) - target}[kpi.better]
    slack = 0.02 if kpi.unit == "fraction" else 0.1 * abs(target)
    return np.select([short <= 1e-12, short <= slack + 1e-12], ["ok", "watch"], "miss").astype(object)


def _rows(name, kpi, values, blank_bucket, target):
    values = pd.Series(dtype="float64") if values is None else values.dropna()
    if values.empty:
        words = "no data: would come from table " + ", ".join(kpi.feeds)
        return pd.DataFrame([[name, COMPANY, blank_bucket, kpi.unit, np.nan, target, words]],
                            columns=["kpi", "scope", "bucket", "unit", "actual", "target", "status"]).astype({"target": "float64"})
    return pd.DataFrame({"kpi": name, "scope": values.index.get_level_values(0), "bucket": values.index.get_level_values(1), "unit": kpi.unit,
                         "actual": values.to_numpy(), "target": np.nan if target is None else float(target),
                         "status": status(values.to_numpy(), target, kpi)})


def _some(frame) -> bool:
    return frame is not None and len(frame) > 0


def _within(frame, buckets):
    return frame[frame["bucket"].isin(buckets)]


def _groups(frame, function, keys=("scope",)):
    """A Series of function(group) by scope (and bucket)."""
    if frame.empty:
        return pd.Series(dtype="float64")
    return pd.Series({key if len(keys) > 1 else key[0]: function(group) for key, group in frame.groupby(list(keys))})


def _at(bucket, values):
    """A Series by scope, moved to one bucket."""
    return pd.Series(values.to_numpy(dtype="float64"), index=pd.MultiIndex.from_product([values.index, [pd.Timestamp(bucket)]]))


def _service(orders, items, buckets, calendar, settings):
    """On time, in full, filled, by the bucket of the due date; cycle times by the bucket of shipment."""
    basis, by = setting(settings, "on_time_basis"), ["scope", "bucket"]
    window = {"late": setting(settings, "on_time_late"), "early": setting(settings, "on_time_early") or None}
    lines = by_scope(orders, items)
    due = _bucketed(lines, lines.get(service.BASES[basis]), buckets, calendar)
    shipped = _bucketed(lines, lines["shipped_on"], buckets, calendar)
    gross = service.order_cycle_time(shipped, by=by)
    found = {"on_time_delivery": service.on_time_delivery(due, basis=basis, by=by, **window), "otif": service.otif(due, basis=basis, by=by, **window),
             "fill_rate": service.fill_rate(due, basis=basis, late=window["late"], by=by),
             "order_cycle_time": gross["median"], "order_cycle_time_p90": gross["p90"],
             "lines_left_out": shipped.assign(out=service.shipped_before_ordered(shipped)).groupby(by)["out"].sum().astype("float64")}
    if "requested_on" in orders and orders["requested_on"].notna().any():
        net = service.order_cycle_time(shipped[shipped["requested_on"].notna()], net=True, by=by)
        found |= {"order_cycle_time_net": net["median"], "order_cycle_time_net_p90": net["p90"]}
    return found


def _bucketed(lines, dates, buckets, calendar):
    """The lines whose date falls into ``buckets``, with that bucket."""
    if dates is None:
        return lines.iloc[:0].assign(bucket=buckets[:0])
    known = lines[dates.notna()]
    return _within(known.assign(bucket=calendar.start(dates.dropna())), buckets)


def _backlog(orders, items, buckets, calendar, standard_cost):
    """Open orders of order-driven items at each bucket's end ÷ mean shipments of the last three buckets."""
    driven = items.loc[items["strategy"] == "order", "item"] if "strategy" in items else items["item"].iloc[:0]
    lines = orders[orders["item"].isin(driven)]
    if lines.empty:
        return {}
    lines = by_scope(lines.assign(quantity=lines["quantity"] * per_item(lines, weights(items, standard_cost))), items)
    shipped = lines[lines["shipped_on"].notna() & ~service.shipped_before_ordered(lines)]
    lines = lines[~service.shipped_before_ordered(lines)]
    first = calendar.start(lines["ordered_on"]).min()
    span = calendar.stamp(np.arange(calendar.number([first])[0], calendar.number([buckets[-1]])[0] + 1))
    scopes = sorted(lines["scope"].unique())
    came, went = (wide(part.assign(bucket=calendar.start(part[date])), "quantity", scopes, span, key="scope")
                  for part, date in ((lines, "ordered_on"), (shipped, "shipped_on")))
    pace = pd.DataFrame(went.T).rolling(3, min_periods=1).mean().to_numpy().T
    wait = pd.DataFrame(flow.backlog_lead_time((came - went).cumsum(axis=1), pace), index=scopes, columns=span)
    return {"backlog_lead_time": wait.reindex(columns=buckets).stack(future_stack=True)}


def _adherence(production_history, items, buckets):
    made = by_scope(_within(production_history, buckets), items)
    return {"plan_adherence": _groups(made, flow.plan_adherence, ("scope", "bucket")),
            "volume_adherence": _groups(made, flow.volume_adherence, ("scope", "bucket"))}


def _forecast(released_forecasts, sales_history, items, buckets):
    """Accuracy and bias of earlier plans against sales; a forecast cell without a sales row sold nothing."""
    key = ["item", "market", "bucket"]
    actual = sales_history.groupby(key, as_index=False, dropna=False)["quantity"].sum()
    cells = _within(released_forecasts, buckets).merge(actual, on=key, how="left").fillna({"quantity": 0.0})
    cells = by_scope(cells.assign(quantity=cells["quantity"].clip(lower=0)), items)
    found = {f"forecast_accuracy_lag_{lag}": _groups(cells[cells["lag"] == lag], lambda c: accuracy(c["quantity"], c["consensus"]), ("scope", "bucket"))
             for lag in (1, 3)}
    return found | {"forecast_bias_lag_1": _groups(cells[cells["lag"] == 1], lambda c: bias(c["quantity"], c["consensus"]), ("scope", "bucket"))}


def _stock(inventory_history, sales_history, items, buckets, calendar, standard_cost):
    """Turns over a year, cover by the demand that followed, share of items without stock; totals at cost."""
    counts = _within(inventory_history, buckets)
    days = counts["stocked_out"].fillna(0) if "stocked_out" in counts else 0
    out = by_scope(counts.assign(out=((counts["on_hand"] <= 0) | (days > 0)).astype("float64")), items)
    found = {"stocked_out_share": out.groupby(["scope", "bucket"])["out"].mean()}
    cost = _cost(items, standard_cost)
    if not _some(sales_history) or not cost.any():
        return found
    span = calendar.stamp(calendar.number([buckets[-1]])[0] + np.arange(-SHOWN - calendar.per_year + 1, 1))
    value = lambda frame, name: by_scope(_within(frame, span).assign(value=lambda f: f[name].clip(lower=0) * per_item(f, cost)), items)
    stock, sold = value(inventory_history, "on_hand"), value(sales_history, "quantity")
    scopes = sorted(stock["scope"].unique())
    held, used = wide(stock, "value", scopes, span, key="scope"), wide(sold, "value", scopes, span, key="scope")
    held = np.where(wide(stock.assign(one=1.0), "one", scopes, span, key="scope") > 0, held, np.nan)
    lasts = pd.DataFrame(flow.cover(held, used, per_year=calendar.per_year), index=scopes, columns=span)
    year = {(scope, end): flow.inventory_turns(used[i, t - calendar.per_year + 1:t + 1], held[i, t - calendar.per_year + 1:t + 1], calendar.per_year)
            for i, scope in enumerate(scopes) for t, end in enumerate(span) if end in buckets}
    return found | {"cover": lasts[buckets].stack(future_stack=True), "inventory_turns": pd.Series(year)}


def _cost(items, standard_cost):
    return item_values(items, standard_cost, "standard_cost") if standard_cost is not None else item_values(items, None, "unit_cost")


def _planned_service(plan):
    """1 − demand of a bucket that is late or lost at its end ÷ demand."""
    demand, late = plan["demand"].sum(), np.minimum(plan["demand"], plan["late"] + plan["lost"]).sum()
    return 1 - late / demand if demand > 0 else np.nan


def _planned_cover(inventory_plan, supply_plan, items, standard_cost, calendar):
    """The first bucket's closing stock at cost against the demand at cost that follows."""
    cost = _cost(items, standard_cost)
    cost = cost if cost.any() else weights(items)
    buckets = pd.DatetimeIndex(sorted(supply_plan["bucket"].unique()))
    stock, demand = (by_scope(frame.assign(value=frame[name] * per_item(frame, cost)), items)
                     for frame, name in ((inventory_plan, "units"), (supply_plan, "demand")))
    scopes = sorted(stock["scope"].unique())
    lasts = flow.cover(*(wide(part, "value", scopes, buckets, key="scope") for part in (stock, demand)), per_year=calendar.per_year)
    return pd.Series(lasts[:, 0], index=scopes)


def _money(plan, calendar, settings):
    """Turns, cash-to-cash and the budget comparisons of the next year, by family and for the company."""
    both = pd.concat([plan.assign(scope=COMPANY), plan.assign(scope=scope_of(plan["family"]))], ignore_index=True)
    both = both[both["scope"] != "(company)"]
    flows = lambda part: part.groupby("bucket")[["cost_of_sales", "inventory_value"]].sum()
    terms = setting(settings, "receivable_days"), setting(settings, "payable_days")
    turns = lambda part: flow.inventory_turns(flows(part)["cost_of_sales"], flows(part)["inventory_value"], calendar.per_year)
    days = lambda part: flow.cash_to_cash(flows(part)["inventory_value"], flows(part)["cost_of_sales"], *terms, calendar.per_year)
    return {"planned_turns": _groups(both, turns), "cash_to_cash": _groups(both, days),
            "revenue_to_budget": _groups(both, lambda part: _to_budget(part, "revenue")),
            "margin_to_budget": _groups(both, lambda part: _to_budget(part, "margin"))}


def _to_budget(part, name):
    """Planned ÷ budgeted over the buckets that have a budget."""
    sums = part.groupby("bucket")[[name, f"budget_{name}"]].sum(min_count=1).dropna()
    budget = sums[f"budget_{name}"].sum()
    return sums[name].sum() / budget if budget > 0 else np.nan


def _stability(now, before, items):
    key = ["item", "market", "bucket"]
    both = now[[*key, "consensus"]].merge(before[[*key, "consensus"]], on=key, how="outer", suffixes=("_now", "_before")).fillna(0.0)
    return _groups(by_scope(both, items), lambda part: flow.plan_stability(part["consensus_now"], part["consensus_before"]))
