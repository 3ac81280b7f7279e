"""What the supply plan costs, by kind: interim."""

import numpy as np
import pandas as pd

from sopkit.metrics.scopes import per_item
from sopkit.tables import INPUTS

KEY = ["item", "bucket"]


def rates(book) -> pd.DataFrame:
    """Money per hour or worker by the capacity plan's rows; a resource's row with a bucket beats
    the blank one cell by cell.
    """
    grid = book.capacity_plan[["resource", "bucket"]]
    given = INPUTS["resources"].typed(book._found("resources"))
    always = given[given["bucket"].isna()].drop(columns="bucket")
    table = grid.merge(given[given["bucket"].notna()], on=["resource", "bucket"], how="left")
    return INPUTS["resources"].filled(table.fillna(grid.merge(always, on="resource", how="left")))


def plan_costs(book) -> pd.DataFrame:
    """kind, name, bucket, money."""
    parts = []
    if len(book.capacity_plan) and len(book.resources):
        parts += _resources(book)
    plan = book.supply_plan
    standard = per_item(plan, book.cost)
    material = per_item(plan, book.items.set_index("item")["unit_cost"])
    made = plan["production"] + plan["overtime_production"]
    kinds = {
        "material": made * material,
        "subcontract": plan["subcontracted"] * standard,
        "purchase": plan["purchased"] * standard,
        "source_premium": _premium(book, standard),
        "holding": plan["projected_available"] * per_item(plan, _holding(book)),
    }
    frame = plan[["item", "bucket"]].rename(columns={"item": "name"})
    parts += [frame.assign(kind=kind, money=money) for kind, money in kinds.items()]
    return pd.concat(parts, ignore_index=True)


def _resources(book):
    rows, rate = book.capacity_plan.reset_index(drop=True), rates(book)
    moves = ["workers", "hired", "laid_off"]
    crew = rows[["resource", "bucket"]].merge(
        book.workforce_plan[["resource", "bucket", *moves]], on=["resource", "bucket"], how="left"
    )
    each = rate["hours_per_worker"].fillna(
        rate["hours"] / rate["workers"].where(rate["workers"] > 0)
    )
    used = (rows["load"] - rows["overtime"]).clip(lower=0)
    kinds = {
        "overtime_premium": rows["overtime"] * (rate["overtime_cost"] - rate["regular_cost"]),
        "idle": (crew["workers"] * each.fillna(0.0) - used).clip(lower=0).fillna(0.0)
        * rate["regular_cost"],
        "hiring": crew["hired"].fillna(0.0) * rate["hiring_cost"].fillna(0.0),
        "layoff": crew["laid_off"].fillna(0.0) * rate["layoff_cost"].fillna(0.0),
        "regular_labour": (used + rows["overtime"]) * rate["regular_cost"],
    }
    frame = rows[["resource", "bucket"]].rename(columns={"resource": "name"})
    return [frame.assign(kind=kind, money=money) for kind, money in kinds.items()]


def _premium(book, base):
    supply_plan, base = book.supply_plan, base.to_numpy()
    offers = book.sourcing
    if offers.empty:
        return pd.Series(0.0, index=supply_plan.index)
    quantity = (supply_plan["subcontracted"] + supply_plan["purchased"]).to_numpy(dtype="float64")
    offers = offers.assign(unit_cost=offers["unit_cost"].fillna(offers["item"].map(book.cost)))
    offers = offers.sort_values(["item", "unit_cost", "source"], kind="stable")
    rank = offers.groupby("item").cumcount()
    position = book.buckets.get_indexer(supply_plan["bucket"])
    premium, left = np.zeros(len(supply_plan)), quantity.copy()
    for step in range(int(rank.max()) + 1):
        offer = supply_plan[["item"]].merge(offers[rank == step], on="item", how="left")
        ready = position >= np.ceil(offer["lead_time"].fillna(0.0).to_numpy())
        most = np.where(offer["source"].notna() & ready, offer["max_quantity"].fillna(np.inf), 0.0)
        taken = np.minimum(left, most)
        premium += taken * (offer["unit_cost"].fillna(0.0).to_numpy() - base)
        left -= taken
    return pd.Series(premium, index=supply_plan.index)


def _holding(book):
    items, settings = book.items.set_index("item"), book.settings
    default = items["unit_cost"] * settings["holding_rate"] / book.calendar.per_year
    return items["holding_cost"].fillna(default)
