"""The pipeline that is assumed where nobody brought open purchase and work orders."""

import numpy as np
import pandas as pd

from sopkit.supply.facts import read_facts
from sopkit.supply.limits import limits_of, to_arrive
from sopkit.supply.parts import exploded
from sopkit.supply.sites import at_sites
from sopkit.tables import INPUTS, PLANS, settled


def assumed_receipts(inputs) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The table ``receipts`` (units) that the plan of ``inputs`` cannot do without, and the rows of
    ``data_issues`` that list it by item: units, and money at standard cost.

    What falls due while a way to get an item is still closed by its lead time, and neither stock
    nor what stands frozen nor any open way covers, is assumed to be on its way, up to what the
    closed ways could have sent. An item that holds enough is assumed nothing. ``inputs`` are the
    arguments of ``plan_supply`` (``supply_inputs``).

    >>> months = pd.date_range("2026-11-01", periods=3, freq="MS")
    >>> demand = pd.DataFrame({"item": "A", "bucket": months, "quantity": [10.0, 20, 30]})
    >>> items = pd.DataFrame({"item": ["A"], "unit_cost": [4.0], "lead_time": [1.5]})
    >>> stock = pd.DataFrame({"item": ["A"], "on_hand": [12.0]})
    >>> coming, issues = assumed_receipts({"demand": demand, "items": items, "inventory": stock})
    >>> coming["quantity"].tolist(), issues["value"].tolist()
    ([18.0], ['18'])
    """
    settings = settled(inputs.get("settings"))
    asked, sites = at_sites(inputs)
    facts = read_facts(asked, inputs.get("settings"))
    missed = facts.by_item(np.where(facts.early, facts.ways.limit[:, None], 0.0))
    open_ = facts.by_item(limits_of(facts, inputs.get("firm", True)).most)
    units, more = np.zeros(facts.shape), True
    while more:
        issued, before = exploded(facts, units), units
        units = np.minimum(to_arrive(-facts.net(open_, -issued) - facts.recent), missed)
        more = len(facts.parts.way) and not np.array_equal(units, before)
    rows = facts.grid.frame(quantity=units).rename(columns={"bucket": "due_on"})
    cost = pd.Series(facts.standard_cost, facts.names)
    by_item = rows.groupby("item")["quantity"].sum().loc[lambda units: units > 1e-6]
    rows = sites.told(rows) if sites else rows
    receipts = INPUTS["receipts"].typed(rows.query("quantity > 1e-6"))
    done = "assumed to arrive as needed; bring receipts to plan with the real ones"
    said = [
        f"{item}: stock and lead time do not cover {units:,.10g} units"
        + (f" ({units * each:,.0f} {settings['currency']} at standard cost)" if each > 0 else "")
        for (item, units), each in zip(by_item.items(), cost[by_item.index])
    ]
    issues = (
        by_item.map("{:,.10g}".format)
        .to_frame("value")
        .assign(
            table="receipts",
            row=np.arange(len(said)) + 2,  # as if they stood in a file
            column="quantity",
            rule="assumed",
            severity="warning",
            problem=said,
            done=done,
        )
    )
    return receipts, PLANS["data_issues"].conform(issues)
