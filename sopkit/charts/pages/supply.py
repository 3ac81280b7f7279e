"""Step 3's tables: safety stock, costs, workforce, risk, promises, changes inside the fence, master
schedule.
"""

import pandas as pd

from sopkit.charts.pages.common import families, missing, stack
from sopkit.charts.tables import Block, show
from sopkit.charts.words import quantity


def families_of(items: pd.DataFrame, supply_plan: pd.DataFrame, most: int = 12) -> list[str]:
    """The families with most planned demand, at most so many, largest first."""
    sums = supply_plan.merge(families(items), on="item").groupby("family")["demand"].sum()
    return sums[sums > 0].sort_values(ascending=False, kind="stable").index[:most].tolist()


def show_safety(safety_stock: pd.DataFrame, items: pd.DataFrame, currency: str) -> Block:
    """Safety stock of the first bucket by family, at unit cost; where no service level asks for
    any, the page says so.
    """
    first = safety_stock[
        (safety_stock["bucket"] == safety_stock["bucket"].min()) & (safety_stock["quantity"] > 0)
    ]
    if first.empty:
        return missing(
            "No safety stock is planned: no service level is given (items.service_level, or"
            " service_level in settings.toml, asks for it)."
        )
    rows = first.merge(families(items), on="item").merge(items[["item", "unit_cost"]], on="item")
    table = (
        rows.assign(value=rows["quantity"] * rows["unit_cost"].fillna(0.0))
        .groupby("family", as_index=False)
        .agg(items=("item", "nunique"), value=("value", "sum"))
    )
    return show(
        table,
        {"value": "money"},
        total=("items", "value"),
        currency=currency,
        columns={"family": "family", "items": "items with safety stock", "value": "safety stock"},
        note="in the first bucket, at unit cost",
    )


def show_costs(costs: pd.Series, currency: str) -> Block:
    """The plan's costs by kind, which steer it; they add up to what was minimised."""
    rows = costs[costs.abs() > 1e-6].rename("cost").rename_axis("kind").reset_index()
    return show(
        rows.assign(kind=rows["kind"].str.replace("_", " ")),
        {"cost": "money"},
        total=("cost",),
        currency=currency,
        note=(
            "over the whole horizon; backlog, lost-sales and safety-stock prices steer the plan and"
            " are no accounting"
        ),
    )


def show_workforce(workforce_plan: pd.DataFrame, calendar) -> Block:
    """Workers of every resource at the end of each quarter of the first year, with all hired and
    laid off over the horizon.
    """
    if workforce_plan.empty:
        return missing(
            "No resource has workers; the table resources (workers, hours_per_worker) would feed"
            " the workforce plan."
        )
    buckets = sorted(workforce_plan["bucket"].unique())
    step = max(calendar.per_year // 4, 1)
    shown = [buckets[0], *buckets[step - 1 : calendar.per_year : step]]
    wide = workforce_plan[workforce_plan["bucket"].isin(shown)].pivot(
        index="resource", columns="bucket", values="workers"
    )
    wide = wide.set_axis(calendar.label(wide.columns), axis=1)
    moves = workforce_plan.groupby("resource")[["hired", "laid_off"]].sum()
    return show(
        wide.join(moves).reset_index(),
        columns={
            name: name.replace("_", " ")
            for name in ["resource", *wide.columns, "hired", "laid_off"]
        },
        note="workers; hired and laid off over the whole horizon",
        more="tables/workforce_plan.parquet",
    )


def show_stock_risk(stock_risk: pd.DataFrame, items: pd.DataFrame, currency: str) -> Block:
    """By family, at the end of the first bucket and in the worst one: money tied up beyond need, at
    risk of never selling, and missing.
    """
    sums = (
        stock_risk.merge(families(items), on="item", how="left")
        .groupby(["family", "bucket"])[["excess", "obsolete", "shortage"]]
        .sum()
    )
    if not sums.to_numpy().any():
        return missing("No stock is in excess, obsolete or short in this plan.")
    first = sums.xs(sums.index.get_level_values("bucket").min(), level="bucket").add_suffix(" now")
    table = first.join(sums.groupby("family").max().add_suffix(" at worst")).reset_index()
    names = [
        f"{risk} {when}"
        for risk in ("excess", "obsolete", "shortage")
        for when in ("now", "at worst")
    ]
    return show(
        table,
        dict.fromkeys(names, "money"),
        columns={name: name for name in ["family", *names]},
        currency=currency,
        note=(
            "excess and obsolete at standard cost, shortage (below safety stock, and backlog) at"
            " price"
        ),
    )


def show_promises(promises: pd.DataFrame, items: pd.DataFrame) -> Block:
    """When a new order would ship, by order-driven item, longest wait first; other items ship from
    stock.
    """
    ordered = items.loc[
        items["strategy"].eq("order"), ["item", "description", "customer_lead_time"]
    ]
    rows = promises.merge(ordered, on="item").sort_values(
        "wait", ascending=False, kind="stable", na_position="first"
    )
    if rows.empty:
        return missing(
            "No item is made to order, so none needs a promise (items.strategy = order)."
        )
    return show(
        rows,
        {"wait": "buckets", "customer_lead_time": "buckets"},
        8,
        more="tables/supply_plan.parquet",
        note="an order placed now, behind what is open",
        columns={
            "item": "item",
            "description": "what it is",
            "bucket": "one more unit ships in",
            "wait": "wait",
            "customer_lead_time": "agreed wait",
        },
    )


def show_risk(risk, calendar, currency: str) -> Block:
    """P10, P50 and P90 of service, stock and backlog at four points of the plan, and the items that
    carry the risk.
    """
    rows = risk.by_bucket[risk.by_bucket["metric"].isin(["service", "stock", "backlog"])]
    buckets = sorted(rows["bucket"].unique())
    points = [
        buckets[i]
        for i in sorted(
            {0, min(2, len(buckets) - 1), min(5, len(buckets) - 1), min(11, len(buckets) - 1)}
        )
    ]
    rows = rows[rows["bucket"].isin(points)]
    unit = rows["metric"].map({"service": "fraction"}).fillna(currency)
    rows = rows.assign(
        bucket=calendar.label(rows["bucket"]),
        **{
            level: [quantity(v, u) for v, u in zip(rows[level], unit)]
            for level in ("p10", "p50", "p90")
        },
    )
    worst = risk.by_item[risk.by_item["short"] > 0]
    return stack(
        [
            show(
                rows,
                columns={
                    "metric": "metric",
                    "bucket": "bucket",
                    "p10": "P10",
                    "p50": "P50",
                    "p90": "P90",
                },
                note="stock at standard cost, backlog at price",
            ),
            show(
                worst,
                {"short": "money", "service": "fraction", "share": "fraction"},
                5,
                currency=currency,
                columns={
                    "item": "item that carries risk",
                    "short": "expected shortage",
                    "share": "share of all",
                    "service": "service",
                },
            ),
        ]
    )


def show_changes(changes: pd.DataFrame, month: str, currency: str) -> Block:
    """What the plan changes inside the planning fence against last cycle's release, dearest
    first.
    """
    if not month:
        return missing(
            "No earlier plan is released, so nothing inside the planning fence can have changed."
        )
    moved = changes[changes["change"].abs() > 1e-6]
    if moved.empty:
        return missing(f"Nothing released in {month} is changed inside the planning fence.")
    return show(
        moved,
        {"released": "units", "planned": "units", "change": "units", "money": "money"},
        8,
        total=("money",),
        currency=currency,
        note="made, subcontracted and bought units; money = |change| at standard cost",
    )


def show_schedule(master_schedule: pd.DataFrame) -> Block:
    """Units to make and to order by week, summed over items."""
    if master_schedule.empty:
        return missing("Nothing is to be made or ordered inside the planning fence.")
    weeks = (
        master_schedule.groupby(["week", "action"])
        .agg(items=("item", "nunique"), quantity=("quantity", "sum"))
        .unstack("action")
        .fillna(0)
    )
    weeks = weeks.set_axis(
        [f"{action}: {name}" for name, action in weeks.columns], axis=1
    ).sort_index(axis=1, ascending=False)
    return show(
        weeks.reset_index(),
        {name: "units" for name in weeks if name.endswith("quantity")},
        more="tables/master_schedule.parquet",
        note="weeks begin on the Monday shown",
    )
