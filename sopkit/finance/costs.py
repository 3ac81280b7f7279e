"""What a unit costs, and what the plan costs beside it: labour, overtime, idle hours, sources,
holding.
"""

import numpy as np
import pandas as pd

from sopkit.metrics.scopes import declared, item_values, per_item, setting

RATES = ["hours_per_worker", "regular_cost", "overtime_cost", "hiring_cost", "layoff_cost"]
OVERTIME_RATE = 1.5  # a blank overtime_cost is regular_cost times this, as in the supply plan


def standard_cost(items, bill_of_resources=None, resources=None) -> pd.DataFrame:
    """Cost of a unit as the books carry it: item, standard_cost = unit_cost + Σ hours_per_unit ×
    regular_cost.

    A resource's regular_cost is that of its row for every bucket, else the mean of its rows; blanks
    are 0.

    >>> items = pd.DataFrame({"item": ["A"], "unit_cost": [4.0]})
    >>> bill = pd.DataFrame({"item": ["A"], "resource": ["line"], "hours_per_unit": [0.5]})
    >>> standard_cost(items, bill, pd.DataFrame({"resource": ["line"], "regular_cost": [20.0]}))["standard_cost"].tolist()
    [14.0]
    """
    material = item_values(items, None, "unit_cost")
    if (
        bill_of_resources is None
        or resources is None
        or resources.empty
        or "regular_cost" not in resources
    ):
        labour = 0.0
    else:
        rates = resources.assign(bucket=resources.get("bucket", pd.NaT)).sort_values(
            "bucket", na_position="first", kind="stable"
        )
        always = rates[rates["bucket"].isna()].groupby("resource")["regular_cost"].first()
        rate = always.combine_first(rates.groupby("resource")["regular_cost"].mean())
        hours = bill_of_resources["hours_per_unit"] * bill_of_resources["resource"].map(
            rate
        ).fillna(0.0)
        labour = (
            hours.groupby(bill_of_resources["item"])
            .sum()
            .reindex(items["item"])
            .fillna(0.0)
            .to_numpy()
        )
    return pd.DataFrame(
        {"item": items["item"].to_numpy(), "standard_cost": material.to_numpy() + labour}
    )


def rates(resources, capacity_plan) -> pd.DataFrame:
    """Money per hour or worker by the capacity plan's rows; a row with a bucket beats the blank one
    cell by cell.

    Blank: regular_cost and moves 0, overtime_cost 1.5 × regular_cost, hours_per_worker = hours ÷
    workers.
    """
    grid = capacity_plan[["resource", "bucket"]]
    names = [*RATES, "workers", "hours"]
    given = declared(resources, "resources")[["resource", "bucket", *names]]
    always = given[given["bucket"].isna()].drop(columns="bucket")
    table = grid.merge(given[given["bucket"].notna()], on=["resource", "bucket"], how="left")
    table = table.fillna(grid.merge(always, on="resource", how="left"))
    table["regular_cost"] = table["regular_cost"].fillna(0.0)
    table["overtime_cost"] = table["overtime_cost"].fillna(OVERTIME_RATE * table["regular_cost"])
    table["hours_per_worker"] = table["hours_per_worker"].fillna(
        table["hours"] / table["workers"].where(table["workers"] > 0)
    )
    return table.fillna(dict.fromkeys(RATES, 0.0))


def resource_costs(capacity_plan, workforce_plan, resources) -> pd.DataFrame:
    """Money by resource and bucket: overtime_premium, idle, workforce (hiring and lay-off), labour
    (all wages paid).

    Workers (the rows of ``workforce_plan``) are paid for all their hours: what the plan does not
    use is idle. A resource of fixed hours is paid per hour used. The overtime premium is overtime ×
    (overtime_cost − regular_cost).
    """
    columns = ["resource", "bucket", "overtime_premium", "idle", "workforce", "labour"]
    if any(table is None or table.empty for table in (capacity_plan, resources)):
        return pd.DataFrame(columns=columns).astype(
            {"bucket": "datetime64[us]"} | dict.fromkeys(columns[2:], "float64")
        )
    rows = capacity_plan.reset_index(drop=True)
    rate, crew = rates(resources, rows), rows[["resource", "bucket"]]
    moves = ["workers", "hired", "laid_off"]
    crew = (
        crew.assign(**dict.fromkeys(moves, np.nan))
        if workforce_plan is None or workforce_plan.empty
        else crew.merge(
            workforce_plan[["resource", "bucket", *moves]], on=["resource", "bucket"], how="left"
        )
    )
    used = (rows["load"] - rows["overtime"]).clip(lower=0)
    idle = (crew["workers"] * rate["hours_per_worker"] - used).clip(lower=0).fillna(0.0) * rate[
        "regular_cost"
    ]
    return rows[["resource", "bucket"]].assign(
        overtime_premium=rows["overtime"] * (rate["overtime_cost"] - rate["regular_cost"]),
        idle=idle,
        workforce=crew["hired"].fillna(0.0) * rate["hiring_cost"]
        + crew["laid_off"].fillna(0.0) * rate["layoff_cost"],
        labour=used * rate["regular_cost"] + idle + rows["overtime"] * rate["overtime_cost"],
    )


def source_premium(supply_plan, sourcing, standard) -> pd.Series:
    """Money above standard cost paid for subcontracted and purchased units, aligned to
    ``supply_plan``'s rows.

    Quantities are taken from the cheapest source whose lead time has passed, up to its
    max_quantity, then the next; what no source covers costs the standard. A source without a price
    asks the standard cost.
    """
    quantity = (supply_plan["subcontracted"] + supply_plan["purchased"]).to_numpy(dtype="float64")
    base = per_item(supply_plan, standard.set_index("item")["standard_cost"]).to_numpy()
    if sourcing is None or sourcing.empty:
        return pd.Series(0.0, index=supply_plan.index)
    offers = declared(sourcing, "sourcing")
    offers = offers.assign(
        unit_cost=offers["unit_cost"].fillna(
            offers["item"].map(standard.set_index("item")["standard_cost"])
        )
    )
    offers = offers.sort_values(["item", "unit_cost", "source"], kind="stable")
    rank, position = (
        offers.groupby("item").cumcount(),
        (supply_plan["bucket"].rank(method="dense") - 1).to_numpy(),
    )
    premium, left = np.zeros(len(supply_plan)), quantity.copy()
    for step in range(int(rank.max()) + 1):
        offer = supply_plan[["item"]].merge(offers[rank == step], on="item", how="left")
        ready = position >= np.ceil(offer["lead_time"].fillna(0.0).to_numpy())
        most = np.where(offer["source"].notna() & ready, offer["max_quantity"].fillna(np.inf), 0.0)
        taken = np.minimum(left, most)
        premium += taken * (offer["unit_cost"].fillna(0.0).to_numpy() - base)
        left -= taken
    return pd.Series(premium, index=supply_plan.index)


def holding(supply_plan, items, settings, per_year) -> pd.Series:
    """Holding cost of the stock at each bucket's end, aligned to ``supply_plan``'s rows; blank =
    unit_cost × rate ÷ buckets a year.
    """
    blank = pd.Series(np.nan, index=items.index)
    given = items.get("holding_cost", blank).astype("float64")
    default = (
        items.get("unit_cost", blank).fillna(0.0) * setting(settings, "holding_rate") / per_year
    )
    rate = pd.Series(given.fillna(default).to_numpy(), index=items["item"].to_numpy())
    return supply_plan["projected_available"] * per_item(supply_plan, rate)
