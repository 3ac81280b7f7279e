"""Rough-cut capacity: the load that demand asks for, whatever the capacity."""

import numpy as np
import pandas as pd


def net_requirements(facts) -> np.ndarray:
    """(item, bucket) units that must arrive: demand falling due plus the change in safety stock
    (and an explicit ending stock), less stock and receipts.

    Order-driven items fall due when the agreed wait has passed.
    """
    due = (
        facts.target
        - facts.recent
        - facts.opening[:, None]
        + np.cumsum(facts.demand - facts.receipts, axis=1)
    )
    needed = np.maximum.accumulate(np.maximum(due, 0.0), axis=1)
    return np.diff(needed, axis=1, prepend=0.0)


def unconstrained_load(facts) -> np.ndarray:
    """(resource, bucket) hours if every requirement of a made item were made in its own bucket."""
    required = net_requirements(facts)
    made = np.zeros((len(facts.ways), facts.shape[1]))
    ways = np.flatnonzero(facts.ways.kind == "production")
    made[ways] = required[facts.ways.item[ways]]
    return facts.bill.load(made, len(facts.resources))


def rough_cut(capacity_plan: pd.DataFrame) -> pd.DataFrame:
    """Resource, bucket: unconstrained load against all hours there are, and the overload, seen
    before anything is solved.

    Takes ``capacity_plan``; returns unconstrained_load, available (regular + overtime limit),
    overload (hours), load (as planned).

    >>> plan = pd.DataFrame({"resource": ["L"], "bucket": pd.to_datetime(["2026-11-01"]), "load": [100.0], "unconstrained_load": [130.0],
    ...                      "regular_capacity": [90.0], "overtime_limit": [10.0]})
    >>> rough_cut(plan)[["available", "overload"]].iloc[0].tolist()
    [100.0, 30.0]
    """
    available = capacity_plan["regular_capacity"] + capacity_plan["overtime_limit"]
    return pd.DataFrame(
        {
            "resource": capacity_plan["resource"],
            "bucket": capacity_plan["bucket"],
            "unconstrained_load": capacity_plan["unconstrained_load"],
            "available": available,
            "overload": (capacity_plan["unconstrained_load"] - available).clip(lower=0.0),
            "load": capacity_plan["load"],
        }
    )
