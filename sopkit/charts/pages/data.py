"""Step 1's tables: problems in the facts, opening stock."""

import pandas as pd

from sopkit.charts.pages.common import families
from sopkit.charts.tables import Block, show


def show_issues(issues: pd.DataFrame) -> Block:
    """Problems in the facts, alike ones together: how many, the first of them, and what was done;
    errors, then warnings, then notices.
    """
    order = issues["severity"].map({"error": 0, "warning": 1, "notice": 2})
    rows = (
        issues.assign(order=order)
        .groupby(["order", "severity", "table", "rule"], as_index=False)
        .agg(
            count=("row", "size"),
            first_row=("row", "min"),
            problem=("problem", "first"),
            done=("done", "first"),
        )
    )
    return show(
        rows.drop(columns="order"),
        columns={
            "severity": "severity",
            "table": "table",
            "rule": "rule",
            "count": "times",
            "problem": "for example",
            "done": "what was done",
        },
        more="tables/data_issues.parquet",
    )


def show_stock(
    stock: pd.DataFrame, items: pd.DataFrame, standard_cost: pd.DataFrame, currency: str
) -> Block:
    """Opening stock and backlog by family: items counted, value at standard cost."""
    rows = stock.merge(families(items), on="item", how="left").merge(
        standard_cost, on="item", how="left"
    )
    rows = rows.assign(
        value=rows["on_hand"] * rows["standard_cost"],
        backlog_value=rows["backlog"] * rows["standard_cost"],
        counted=(rows["source"] != "none").astype(float),
        without=(rows["on_hand"] <= 0).astype(float),
    )
    table = rows.groupby("family", as_index=False).agg(
        items=("item", "size"),
        counted=("counted", "sum"),
        without=("without", "sum"),
        value=("value", "sum"),
        backlog_value=("backlog_value", "sum"),
        as_of=("as_of", "max"),
    )
    return show(
        table,
        {"value": "money", "backlog_value": "money"},
        total=("items", "counted", "without", "value", "backlog_value"),
        currency=currency,
        columns={
            "family": "family",
            "items": "items",
            "counted": "counted",
            "without": "without stock",
            "value": "stock",
            "backlog_value": "backlog",
            "as_of": "as of",
        },
        more="tables/opening_stock.parquet",
        note="at standard cost",
    )
