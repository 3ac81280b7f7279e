"""Replay: the whole process as of each past month, graded by what happened after."""

from pathlib import Path

import pandas as pd

from sopkit import metrics
from sopkit.buckets import Calendar, parse_month
from sopkit.errors import PlanError
from sopkit.ledger import Ledger
from sopkit.metrics.scopes import against_sales
from sopkit.metrics.stages import LAGS
from sopkit.pack.build import build_pack
from sopkit.pack.release import freeze
from sopkit.plan import Plan
from sopkit.sources import read_facts


def replay(data, start: str, end: str, packs, parameters=None, quiet=False) -> pd.DataFrame:
    """One row per past month and lag: WAPE and bias of consensus and naive, as fractions, over item
    × market × bucket.

    Each month's pack is built from what was known then, frozen, and so is last cycle to the next
    one. Lag k grades the k-th planned bucket. Raises ``PlanError`` if ``start`` is after ``end``.
    """
    first, last = parse_month(start), parse_month(end)
    if first > last:
        raise PlanError(f"replay from {start} to {end}: the start is after the end; swap them")
    facts = read_facts(data)
    months = Calendar("month").range(
        first, int(Calendar("month").number([last])[0] - Calendar("month").number([first])[0]) + 1
    )
    rows, book = [], Ledger(Path(packs) / "ledger.db")
    for month in months:
        built = build_pack(f"{month:%Y-%m}", data, packs, parameters=parameters, quiet=quiet)
        freeze(built.folder, built.manifest, "replay", "", book)
        rows += _grades(Plan(built.folder), facts)
    return pd.DataFrame(rows)


def _grades(plan, facts):
    known = {"sales_history": facts.sales_history, "released_forecasts": plan.read("demand_plan")}
    graded = against_sales(metrics.Book(known), plan.buckets())
    for lag in LAGS:
        bucket = plan.buckets()[lag - 1]
        cells = graded[graded["bucket"] == bucket]
        if len(cells):
            yield {
                "month": plan.month,
                "lag": lag,
                "bucket": bucket,
                "cells": len(cells),
                **{
                    f"{metric}_{stage}": getattr(metrics, metric)(cells["quantity"], cells[stage])
                    for stage in ("naive", "consensus")
                    for metric in ("wape", "bias")
                },
            }
