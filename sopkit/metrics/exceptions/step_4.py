"""Where the money falls short: revenue and margin against budget, cash."""

import pandas as pd

from sopkit.buckets import infer_calendar
from sopkit.metrics.exceptions.rules import exceptions_table, flag, percent, share, some
from sopkit.metrics.scopes import setting


def money(financial_plan, *, settings=None, calendar=None) -> pd.DataFrame:
    """Step 4's exceptions: families (and the company) whose revenue or margin of the next year is
    below budget, and buckets that pay out more than they collect, once the plan's first receivables
    are in.

    Returns the declared rows, most money first.
    """
    if not some(financial_plan):
        return exceptions_table(4, [])
    calendar = calendar or infer_calendar(financial_plan["bucket"])
    year = financial_plan[
        financial_plan["bucket"].isin(calendar.next_year(financial_plan["bucket"]))
    ]
    return exceptions_table(
        4,
        [
            _gap(part, level, name, settings)
            for level, part in _levels(year)
            for name in ("revenue", "margin")
        ]
        + [_cash(financial_plan, settings)],
    )


def _levels(year):
    """The families that have a budget of their own, and the company, which also has what belongs to
    none.
    """
    return [
        (
            "family",
            year[year["family"] != "(company)"]
            .groupby(["family", "bucket"], as_index=False)
            .sum(numeric_only=True, min_count=1),
        ),
        (
            "company",
            year.groupby("bucket", as_index=False)
            .sum(numeric_only=True, min_count=1)
            .assign(family="company"),
        ),
    ]


def _gap(year, level, name, settings):
    sums = (
        year[year[f"budget_{name}"].notna()]
        .groupby("family")
        .agg(plan=(name, "sum"), budget=(f"budget_{name}", "sum"), bucket=("bucket", "min"))
        .reset_index()
    )
    gap = sums["plan"] - sums["budget"]
    rows = sums.assign(
        name=sums["family"], gap=gap, value=share(gap, sums["budget"].abs()), money=gap.abs()
    )[gap < 0]
    return flag(
        rows,
        level,
        f"{name}_gap",
        settings,
        lambda r: (
            f"Planned {name} of {r.plan:,.0f} is {-r.gap:,.0f} below the budget of {r.budget:,.0f}"
            f" ({percent(r.value)})."
        ),
    )


def _cash(financial_plan, settings):
    """Buckets in which the company pays more than it collects; what was owed before the plan is
    unknown, so not the first ones.
    """
    cash = financial_plan.groupby("bucket")["cash"].sum()
    known = cash[
        cash.index >= cash.index.min() + pd.Timedelta(days=setting(settings, "receivable_days"))
    ]
    rows = pd.DataFrame(
        {
            "name": "company",
            "bucket": known.index,
            "value": known.to_numpy(),
            "money": -known.to_numpy(),
        }
    )
    return flag(
        rows[rows["value"] < 0],
        "company",
        "cash",
        settings,
        lambda r: f"Pays {r.money:,.0f} more than it collects in the bucket.",
    )
