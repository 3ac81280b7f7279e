"""How the last cycles went: service, adherence, forecasts, stock."""

import numpy as np
import pandas as pd

from sopkit.buckets import infer_calendar
from sopkit.metrics import flow, service
from sopkit.metrics.forecast_errors import accuracy, bias
from sopkit.metrics.kpis.registry import grouped, some, table, unit_costs, within
from sopkit.metrics.scopes import by_scope, per_item, setting, weights, wide

SHOWN = 13


def last_cycle(
    items,
    first,
    *,
    orders=None,
    sales_history=None,
    inventory_history=None,
    production_history=None,
    released_forecasts=None,
    standard_cost=None,
    settings=None,
    calendar=None,
) -> pd.DataFrame:
    """Step 1's rows of ``kpis``: each KPI for the last 13 buckets before ``first``, for the company
    and each family.

    Tables are as declared (absent or empty = no data, and the status says which table would feed
    it); ``released_forecasts``: item, market, bucket, lag, consensus; ``standard_cost``: item,
    standard_cost.
    """
    calendar = calendar or infer_calendar([first])
    buckets = calendar.stamp(calendar.number([first])[0] + np.arange(-SHOWN, 0))
    found = {}
    if some(orders):
        found |= _service(orders, items, buckets, calendar, settings) | _backlog(
            orders, items, buckets, calendar, standard_cost
        )
    if some(production_history):
        found |= _adherence(production_history, items, buckets)
    if some(released_forecasts) and some(sales_history):
        found |= _forecast(released_forecasts, sales_history, items, buckets)
    if some(inventory_history):
        found |= _stock(inventory_history, sales_history, items, buckets, calendar, standard_cost)
    return table(1, found, buckets[-1], settings)


def _service(orders, items, buckets, calendar, settings):
    """On time, in full, filled, by the bucket of the due date; cycle times by the bucket of
    shipment.
    """
    basis, by = setting(settings, "on_time_basis"), ["scope", "bucket"]
    window = {
        "late": setting(settings, "on_time_late"),
        "early": setting(settings, "on_time_early") or None,
    }
    lines = by_scope(orders, items)
    due = _bucketed(lines, lines.get(service.BASES[basis]), buckets, calendar)
    shipped = _bucketed(lines, lines["shipped_on"], buckets, calendar)
    gross = service.order_cycle_time(shipped, by=by)
    found = {
        "on_time_delivery": service.on_time_delivery(due, basis=basis, by=by, **window),
        "otif": service.otif(due, basis=basis, by=by, **window),
        "fill_rate": service.fill_rate(due, basis=basis, late=window["late"], by=by),
        "order_cycle_time": gross["median"],
        "order_cycle_time_p90": gross["p90"],
        "lines_left_out": (
            shipped.assign(out=service.shipped_before_ordered(shipped))
            .groupby(by)["out"]
            .sum()
            .astype("float64")
        ),
    }
    if "requested_on" in orders and orders["requested_on"].notna().any():
        net = service.order_cycle_time(shipped[shipped["requested_on"].notna()], net=True, by=by)
        found |= {"order_cycle_time_net": net["median"], "order_cycle_time_net_p90": net["p90"]}
    return found


def _bucketed(lines, dates, buckets, calendar):
    """The lines whose date falls into ``buckets``, with that bucket."""
    if dates is None:
        return lines.iloc[:0].assign(bucket=buckets[:0])
    known = lines[dates.notna()]
    return within(known.assign(bucket=calendar.start(dates.dropna())), buckets)


def _backlog(orders, items, buckets, calendar, standard_cost):
    """Open orders of order-driven items at each bucket's end ÷ mean shipments of the last three
    buckets.
    """
    driven = (
        items.loc[items["strategy"] == "order", "item"]
        if "strategy" in items
        else items["item"].iloc[:0]
    )
    lines = orders[orders["item"].isin(driven)]
    if lines.empty:
        return {}
    lines = by_scope(
        lines.assign(quantity=lines["quantity"] * per_item(lines, weights(items, standard_cost))),
        items,
    )
    shipped = lines[lines["shipped_on"].notna() & ~service.shipped_before_ordered(lines)]
    lines = lines[~service.shipped_before_ordered(lines)]
    first = calendar.start(lines["ordered_on"]).min()
    span = calendar.stamp(
        np.arange(calendar.number([first])[0], calendar.number([buckets[-1]])[0] + 1)
    )
    scopes = sorted(lines["scope"].unique())
    came, went = (
        wide(part.assign(bucket=calendar.start(part[date])), "quantity", scopes, span, key="scope")
        for part, date in ((lines, "ordered_on"), (shipped, "shipped_on"))
    )
    pace = pd.DataFrame(went.T).rolling(3, min_periods=1).mean().to_numpy().T
    wait = pd.DataFrame(
        flow.backlog_lead_time((came - went).cumsum(axis=1), pace), index=scopes, columns=span
    )
    return {"backlog_lead_time": wait.reindex(columns=buckets).stack(future_stack=True)}


def _adherence(production_history, items, buckets):
    made = by_scope(within(production_history, buckets), items)
    return {
        "plan_adherence": grouped(made, flow.plan_adherence, ("scope", "bucket")),
        "volume_adherence": grouped(made, flow.volume_adherence, ("scope", "bucket")),
    }


def _forecast(released_forecasts, sales_history, items, buckets):
    """Accuracy and bias of earlier plans against sales; a forecast cell without a sales row sold
    nothing.
    """
    key = ["item", "market", "bucket"]
    actual = sales_history.groupby(key, as_index=False, dropna=False)["quantity"].sum()
    cells = (
        within(released_forecasts, buckets)
        .merge(actual, on=key, how="left")
        .fillna({"quantity": 0.0})
    )
    cells = by_scope(cells.assign(quantity=cells["quantity"].clip(lower=0)), items)
    found = {
        f"forecast_accuracy_lag_{lag}": grouped(
            cells[cells["lag"] == lag],
            lambda c: accuracy(c["quantity"], c["consensus"]),
            ("scope", "bucket"),
        )
        for lag in (1, 3)
    }
    return found | {
        "forecast_bias_lag_1": grouped(
            cells[cells["lag"] == 1],
            lambda c: bias(c["quantity"], c["consensus"]),
            ("scope", "bucket"),
        )
    }


def _stock(inventory_history, sales_history, items, buckets, calendar, standard_cost):
    """Turns over a year, cover by the demand that followed, share of items without stock; totals at
    cost.
    """
    counts = within(inventory_history, buckets)
    days = counts["stocked_out"].fillna(0) if "stocked_out" in counts else 0
    out = by_scope(
        counts.assign(out=((counts["on_hand"] <= 0) | (days > 0)).astype("float64")), items
    )
    found = {"stocked_out_share": out.groupby(["scope", "bucket"])["out"].mean()}
    cost = unit_costs(items, standard_cost)
    if not some(sales_history) or not cost.any():
        return found
    span = calendar.stamp(
        calendar.number([buckets[-1]])[0] + np.arange(-SHOWN - calendar.per_year + 1, 1)
    )
    value = lambda frame, name: by_scope(
        within(frame, span).assign(value=lambda f: f[name].clip(lower=0) * per_item(f, cost)), items
    )
    stock, sold = value(inventory_history, "on_hand"), value(sales_history, "quantity")
    scopes = sorted(stock["scope"].unique())
    held, used = (
        wide(stock, "value", scopes, span, key="scope"),
        wide(sold, "value", scopes, span, key="scope"),
    )
    held = np.where(wide(stock.assign(one=1.0), "one", scopes, span, key="scope") > 0, held, np.nan)
    lasts = pd.DataFrame(
        flow.cover(held, used, per_year=calendar.per_year), index=scopes, columns=span
    )
    year = {
        (scope, end): flow.inventory_turns(
            used[i, t - calendar.per_year + 1 : t + 1],
            held[i, t - calendar.per_year + 1 : t + 1],
            calendar.per_year,
        )
        for i, scope in enumerate(scopes)
        for t, end in enumerate(span)
        if end in buckets
    }
    return found | {
        "cover": lasts[buckets].stack(future_stack=True),
        "inventory_turns": pd.Series(year),
    }
