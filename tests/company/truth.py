"""What was planted in the sample, in plain values: the answers against which the workbook can be
graded.
"""

import numpy as np
import pandas as pd

from tests.company import capacity, demand
from tests.company.families import KINDS, MARKETS
from tests.company.outlook import AUTHORS
from tests.company.span import Span

AHEAD = 24  # months of expected demand that the truth tells


def truth(
    traits, span: Span, seed, mean, sales, events, born, gone, broken, hours, tables, dirt
) -> dict:
    """Everything planted, as lists of plain records that JSON can hold."""
    return {
        "seed": seed,
        "first": str(span.months[0]),
        "last": str(span.months[span.past - 1]),
        "items": _items(traits, span, mean),
        "seasonality": {
            KINDS[k].name: demand.season(traits[traits["kind"] == k].head(1))[0].round(4).tolist()
            for k in sorted(traits["kind"].unique())
        },
        "outliers": _cells(sales.outliers, sales, traits, span),
        "stock_outs": _stock_outs(sales, traits, span),
        "returns": _cells(sales.returns, sales, traits, span),
        "unit_slips": _cells(sales.slips, sales, traits, span),
        "uplifts": _records(
            events[["event", "item", "family", "market", "kind", "true_uplift"]].assign(
                told=events["uplift"].notna()
            )
        ),
        "breaks": _records(broken),
        "launches": _records(born),
        "retirements": _records(gone),
        "authors": [{"author": a.name, "bias": a.bias, "noise": a.noise} for a in AUTHORS],
        "overloads": _overloads(hours, tables["resources"], span),
        "dirt": _records(dirt),
        "overdue_receipts": _records(
            tables["receipts"].loc[
                tables["receipts"]["due_on"] <= span.last_day, ["item", "due_on"]
            ]
        ),
    }


def _records(frame):
    plain = frame.copy()
    for name in frame.columns:
        if frame[name].dtype.kind == "M":
            plain[name] = frame[name].dt.strftime("%Y-%m-%d")
    return [
        {key: None if pd.isna(value) else value for key, value in row.items()}
        for row in plain.to_dict("records")
    ]


def _items(traits, span, mean):
    ahead = mean.sum(axis=1)[:, span.past : span.past + AHEAD].round(1)
    head = traits[["item", "family", "class"]].assign(yearly_growth=traits["growth"].round(4))
    return [
        {**row, "expected": units} for row, units in zip(head.to_dict("records"), ahead.tolist())
    ]


def _cells(cells, sales, traits, span):
    row, market, month = (cells[name].to_numpy() for name in ("row", "market", "month"))
    return _records(
        pd.DataFrame(
            {
                "item": traits["item"].to_numpy()[row],
                "market": np.array(MARKETS)[market],
                "bucket": span.buckets[month],
                "demand": sales.demand[row, market, month].astype(int),
                "sold": sales.sold[row, market, month].astype(int),
            }
        )
    )


def _stock_outs(sales, traits, span):
    cells = sales.stock_outs.loc[sales.stock_outs.index.repeat(len(MARKETS))].reset_index(drop=True)
    cells["market"] = np.tile(np.arange(len(MARKETS)), len(sales.stock_outs))
    return [
        {**record, "days": int(days)}
        for record, days in zip(_cells(cells, sales, traits, span), cells["days"])
    ]


def _overloads(hours, resources, span):
    """Resource-months of the next two years in which expected demand, made when it falls due,
    exceeds regular hours.
    """
    months = range(span.past, span.past + AHEAD)
    regular = capacity.regular_hours(resources, span)
    return [
        {
            "resource": resource,
            "bucket": span.date(place).strftime("%Y-%m-%d"),
            "load": round(float(hours.loc[resource, place]), 1),
            "regular": round(float(regular.loc[resource, place]), 1),
        }
        for resource in hours.index
        for place in months
        if hours.loc[resource, place] > regular.loc[resource, place]
    ]
