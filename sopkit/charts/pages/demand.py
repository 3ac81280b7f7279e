"""Step 2's tables: methods, uplifts, stages by family, new items, value added."""

import pandas as pd

from sopkit.charts.pages.common import families, missing
from sopkit.charts.tables import Block, show

COMPANY = "company"


def show_models(baseline: pd.DataFrame, items: pd.DataFrame, accuracy: pd.DataFrame) -> Block:
    """By family: series, the method that leads most of them, and the error of the baseline against
    the seasonal naive, lag 1–3.
    """
    lead = baseline.drop_duplicates(["item", "market"]).merge(
        families(items), on="item", how="left"
    )
    lead = lead.assign(
        method=lead["model"]
        .str.replace(r"^combination: ", "", regex=True)
        .str.replace(r" \d+ %.*", "", regex=True)
    )
    table = lead.groupby("family").agg(
        series=("item", "size"), method=("method", lambda m: m.mode().iloc[0])
    )
    near = (
        accuracy[accuracy["lag"] <= 3]
        .merge(families(items), on="item")
        .groupby(["family", "model"])["wape"]
        .median()
        .unstack()
    )
    table = table.join(near.reindex(columns=["seasonal naive", "chosen"]))
    return show(
        table.reset_index(),
        {"seasonal naive": "fraction", "chosen": "fraction"},
        columns={
            "family": "family",
            "series": "series",
            "method": "most often led by",
            "seasonal naive": "naive error",
            "chosen": "baseline error",
        },
        note="error: WAPE in the backtest, lags 1–3, the median item",
    )


def show_uplifts(uplifts: pd.DataFrame, items: pd.DataFrame) -> Block:
    """By family and kind of event: the uplift that history teaches where the events table leaves it
    blank.
    """
    if uplifts.empty:
        return missing(
            "Every event says its uplift, or none is known; a blank uplift in the table events is"
            " estimated from history here."
        )
    rows = (
        uplifts.merge(families(items), on="item", how="left")
        .groupby(["family", "kind"], as_index=False)
        .agg(
            series=("item", "size"),
            evidence=("evidence", "sum"),
            uplift=("uplift", "mean"),
            pull_forward=("pull_forward", "mean"),
        )
    )
    return show(
        rows,
        {"uplift": "fraction", "pull_forward": "fraction"},
        columns={
            "family": "family",
            "kind": "kind of event",
            "series": "series",
            "evidence": "buckets seen",
            "uplift": "uplift estimated",
            "pull_forward": "pulled forward",
        },
        note="for a price event: elasticity, the change of demand per change of price",
    )


def show_families(demand_plan: pd.DataFrame, items: pd.DataFrame, columns: list[str]) -> Block:
    """Units of each stage by family over the horizon; families of several units of measure are left
    to the money page.
    """
    units = items.assign(unit=items["unit"].fillna("units")).merge(
        families(items).drop(columns="family"), on="item"
    )
    measure = (
        families(items)
        .merge(units[["item", "unit"]], on="item")
        .groupby("family")["unit"]
        .agg(lambda u: " / ".join(sorted(set(u))))
    )
    sums = (
        demand_plan.merge(families(items), on="item", how="left").groupby("family")[columns].sum()
    )
    mixed = measure.str.contains(" / ").reindex(sums.index, fill_value=False)
    sums[mixed] = float("nan")
    return show(
        sums.assign(unit=measure.reindex(sums.index)).reset_index()[["family", "unit", *columns]],
        more="tables/demand_plan.parquet",
        note=(
            "units over the whole horizon; a family of several units of measure is shown in money"
            " only"
        ),
    )


def show_products(product_plan: pd.DataFrame, calendar) -> Block:
    """New, ramping and retiring items: units that they bring, end or take from others over the
    horizon.
    """
    if product_plan.empty:
        return missing(
            "No new or retiring item; the tables launches and items (retired_on) would feed this."
        )
    moved = product_plan[["launch", "retirement", "cannibalised"]].abs().sum(axis=1) > 0
    rows = (
        product_plan[moved]
        .groupby("item", as_index=False)
        .agg(
            since=("bucket", "min"),
            launch=("launch", "sum"),
            retirement=("retirement", "sum"),
            cannibalised=("cannibalised", "sum"),
            status=("status", _first_word),
        )
    )
    rows = rows.sort_values("launch", key=abs, ascending=False).assign(
        since=calendar.label(rows["since"])
    )
    return show(rows, "product_plan", rows=12, more="tables/product_plan.parquet")


def show_value_added(value_added: pd.DataFrame, lags=(1, 3)) -> Block:
    """The company's error by stage and what each stage took off it, for lags 1 and 3."""
    rows = value_added[(value_added["level"] == COMPANY) & value_added["lag"].isin(lags)].dropna(
        subset=["wape"]
    )
    order = [
        "naive",
        "baseline",
        "events",
        "launches",
        "initiatives",
        "sales_input",
        "override",
        "order_excess",
        "consensus",
        "released",
    ]
    rows = rows.sort_values(
        ["source", "lag", "stage"], key=lambda c: c.map(order.index) if c.name == "stage" else c
    )
    return show(
        rows,
        "value_added",
        rows=24,
        columns={
            "source": "measured in",
            "lag": "lag",
            "stage": "stage",
            "wape": "error (WAPE)",
            "value_added": "value added",
        },
        note="value added: error of the stage before − error of this one; positive = it helped",
        more="tables/value_added.parquet",
    )


def _first_word(words):
    told = [word for word in words if isinstance(word, str) and word]
    return told[0] if told else ""
