import numpy as np
import pandas as pd


def test_stock_is_what_was_made_and_not_sold(tables, truth):
    made = tables["items"][tables["items"]["item"].isin(tables["bill_of_resources"]["item"])].query(  # noqa: F841
        "strategy == 'stock'"
    )["item"]
    cells = tables["inventory_history"].query("item in @made.tolist()")
    stock = cells.pivot(index="item", columns="bucket", values="on_hand")
    units = {
        name: tables[name]
        .groupby(["item", "bucket"])[column]
        .sum()
        .unstack()
        .reindex(index=stock.index, columns=stock.columns, fill_value=0)
        .fillna(0)
        for name, column in (("sales_history", "quantity"), ("production_history", "actual"))
    }
    off = (
        (stock.diff(axis=1) - units["production_history"] + units["sales_history"])
        .iloc[:, -23:]
        .abs()
    )
    spoilt = {
        tuple(row["key"].rsplit(" ", 1)) for row in truth["dirt"] if row["rule"] == "negative stock"
    }
    slips = {row["item"] for row in truth["unit_slips"]}
    wrong = off.stack()
    wrong = wrong[
        (wrong > 0)
        & ~wrong.index.get_level_values("item").isin({item for item, _ in spoilt} | slips)
    ]
    assert wrong.empty and off.shape[0] > 30


def test_the_count_is_the_last_month_of_the_history(tables):
    last = tables["inventory_history"].query("bucket == '2026-10-01'").set_index("item")["on_hand"]
    counted = tables["inventory"].set_index("item")
    assert (counted.loc[last.index, "on_hand"] == last).all() and counted["as_of"].eq(
        pd.Timestamp("2026-10-31")
    ).all()


def test_stock_lasts_about_a_month_or_two(tables, truth):
    ahead = {item["item"]: np.mean(item["expected"][:6]) for item in truth["items"]}
    smooth = {  # noqa: F841
        item["item"]
        for item in truth["items"]
        if item["class"] == "smooth" and np.mean(item["expected"][:6]) > 1
    }
    counted = tables["inventory"].query("item in @smooth").set_index("item")["on_hand"]
    cover = counted / counted.index.map(ahead)
    assert 0.7 < cover.median() < 2 and cover.max() < 4
    assert (
        tables["inventory"]
        .merge(tables["items"])
        .eval("on_hand <= maximum_stock or maximum_stock != maximum_stock")
        .all()
    )


def test_order_items_never_hold_finished_stock(tables):
    assert (
        tables["inventory"]
        .merge(tables["items"])
        .query("strategy == 'order'")["on_hand"]
        .eq(0)
        .all()
    )


def test_one_count_below_zero_is_told(tables, truth):
    below = tables["inventory_history"].query("on_hand < 0")
    told = [row["key"] for row in truth["dirt"] if row["rule"] == "negative stock"]
    assert [f"{row.item} {row.bucket:%Y-%m-%d}" for row in below.itertuples()] == told and len(
        told
    ) == 1


def test_receipts_cover_the_lead_time_and_some_are_overdue(tables, truth):
    receipts, end = tables["receipts"], pd.Timestamp("2026-10-31")
    late = receipts[receipts["due_on"] <= end]
    assert (
        1 <= len(late) == len(truth["overdue_receipts"]) and (receipts["ordered_on"] <= end).all()
    )
    lead = tables["items"].set_index("item")["lead_time"]
    months = receipts[receipts["due_on"] > end].groupby("item").size()
    assert (months == lead[months.index]).all() and set(months.index) <= set(lead[lead > 0].index)


def test_production_follows_its_plan_but_for_the_breakdown(tables):
    made = tables["production_history"].assign(
        kept=lambda frame: frame[["planned", "actual"]].min(axis=1)
    )
    sums = made.groupby("bucket")[["kept", "planned"]].sum()
    adherence = sums["kept"] / sums["planned"]
    assert adherence.idxmin() == pd.Timestamp("2026-03-01") and adherence.between(0.8, 0.99).all()
    assert made["item"].isin(tables["bill_of_resources"]["item"]).all()
