"""A company of any size for the supply benchmarks: seasonal items, workforce, overtime, safety
stock, seeded.
"""

import numpy as np
import pandas as pd


def company(items: int, resources: int, buckets: int = 24, seed: int = 1) -> dict:
    """Arguments of ``plan_supply``: every item made on one to three resources with hiring, lay-off
    and overtime.
    """
    draw = np.random.default_rng(seed)
    names = np.array([f"item-{i:05d}" for i in range(items)])
    lines = np.array([f"line-{r:02d}" for r in range(resources)])
    stamps = pd.date_range("2026-11-01", periods=buckets, freq="MS")
    base, phase = draw.lognormal(4, 1, items), draw.uniform(0, 0.6 * np.pi, items)
    season = 1 + 0.3 * np.sin(2 * np.pi * np.arange(buckets) / 12 + phase[:, None])
    demand = base[:, None] * season * draw.lognormal(0, 0.15, (items, buckets))
    cost = draw.lognormal(2, 0.5, items)
    used = [draw.choice(resources, draw.integers(1, 4), replace=False) for _ in range(items)]
    item, line = np.repeat(np.arange(items), [len(u) for u in used]), np.concatenate(used)
    hours = draw.uniform(0.02, 0.2, len(line))
    load = np.zeros((resources, buckets))
    np.add.at(load, line, hours[:, None] * demand[item])
    long = {"item": np.repeat(names, buckets), "bucket": np.tile(stamps, items)}
    return {
        "demand": pd.DataFrame({**long, "quantity": demand.ravel()}),
        "safety_stock": pd.DataFrame({**long, "quantity": (0.4 * demand).ravel()}),
        "items": pd.DataFrame({"item": names, "unit_cost": cost, "price": 3 * cost}),
        "inventory": pd.DataFrame({"item": names, "on_hand": 0.4 * demand[:, 0]}),
        "resources": pd.DataFrame(
            {
                "resource": lines,
                "workers": load.mean(axis=1) / 160 * 0.95,
                "hours_per_worker": 160.0,
                "overtime_per_worker": 20.0,
                "regular_cost": 25.0,
                "overtime_cost": 37.0,
                "hiring_cost": 3000.0,
                "layoff_cost": 5000.0,
            }
        ),
        "bill_of_resources": pd.DataFrame(
            {"item": names[item], "resource": lines[line], "hours_per_unit": hours}
        ),
    }


def bought(items: int) -> dict:
    """Arguments of ``plan_supply``: every item bought, nothing limits how much."""
    made = ("resources", "bill_of_resources")
    return {name: table for name, table in company(items, 3).items() if name not in made}


def levels(items: int, resources: int) -> dict:
    """Arguments of ``plan_supply``: items in three levels, a third sold, made of two of the next
    third, each of them of two of the last, which is made too.
    """
    case, draw, third = company(items, resources), np.random.default_rng(2), items // 3
    names = case["items"]["item"].to_numpy()
    sold, above = names[:third], [names[:third], names[third : 2 * third]]
    below = [names[third : 2 * third], names[2 * third :]]
    parts = [
        pd.DataFrame({"parent": np.repeat(parent, 2), "child": draw.choice(child, 2 * len(parent))})
        for parent, child in zip(above, below)
    ]
    parts = pd.concat(parts).drop_duplicates().assign(quantity_per=1.0, scrap=0.02)
    for name in ("demand", "safety_stock"):
        case[name] = case[name][case[name]["item"].isin(sold)]
    case["items"] = case["items"].assign(unit_cost=5.0, lead_time=draw.integers(0, 2, items))
    case["inventory"] = case["inventory"].assign(on_hand=300.0)
    return case | {"components": parts}
