import numpy as np
import pandas as pd


def test_outliers_are_where_the_truth_says_and_far_from_it(true_cells, sold):
    cells = true_cells("outliers")
    assert len(cells) >= 20
    assert (sold.loc[cells.index] == cells["sold"]).all()
    ratio = cells["sold"] / cells["demand"]
    assert ((ratio > 2.5) | (ratio < 0.25)).all() and (ratio > 2.5).any() and (ratio < 0.25).any()


def test_stock_outs_hide_demand_and_show_their_days(true_cells, sold, tables):
    cells = true_cells("stock_outs")
    assert (sold.loc[cells.index] == cells["sold"]).all()
    assert cells["sold"].sum() < 0.8 * cells["demand"].sum()
    history = tables["inventory_history"].set_index(["item", "bucket"])
    counted = history.loc[cells.index.droplevel("market").unique(), "stocked_out"]
    assert (counted > 0).all() and (history["stocked_out"] > 0).sum() == len(counted)
    assert cells.index.get_level_values("bucket").max() >= pd.Timestamp("2026-09-01"), (
        "one must matter for the next plan"
    )


def test_negative_quantities_are_the_planted_returns(true_cells, sold):
    assert set(sold[sold < 0].index) == set(true_cells("returns").index) != set()


def test_one_slip_of_the_unit_a_thousand_times_too_large_with_the_right_money(
    true_cells, sold, tables
):
    ((cell, row),) = true_cells("unit_slips").iterrows()
    assert sold.loc[cell] == 1000 * row["sold"]
    price = tables["items"].set_index("item")["price"][cell[0]]
    revenue = tables["sales_history"].set_index(["item", "market", "bucket"])["revenue"].loc[cell]
    assert 0.8 < revenue / (row["sold"] * price) < 1.05


def test_revenue_is_quantity_times_a_realised_price_near_the_list(tables, true_cells):
    sales = (
        tables["sales_history"]
        .set_index(["item", "market", "bucket"])
        .drop(true_cells("unit_slips").index)
        .reset_index()
    )
    sales = sales[(sales["quantity"] != 0) & (sales["bucket"] >= pd.Timestamp("2026-01-01"))]
    paid = (
        sales["revenue"]
        / sales["quantity"]
        / sales["item"].map(tables["items"].set_index("item")["price"])
    )
    assert paid.between(0.94, 1.02).all()
    assert abs(paid[sales["market"] == "Export"].mean() - 0.965) < 0.002


def test_the_price_test_was_sold_at_its_price(tables):
    event = tables["events"].query("event == 'Price test'").iloc[0]
    sales = (
        tables["sales_history"]
        .query("item == @event['item'] and market == 'Nordic'")
        .set_index("bucket")
    )
    during = sales[event["starts_on"] : event["ends_on"]]
    assert (
        np.allclose(during["revenue"] / during["quantity"], event["price"], rtol=0.02)
        and len(during) == 3
    )


def test_spares_are_seldom_sold_and_the_rest_has_a_row_for_every_month_on_sale(tables, truth):
    sales = tables["sales_history"]
    classes = pd.Series({item["item"]: item["class"] for item in truth["items"]})
    assert set(classes) == {"smooth", "erratic", "intermittent", "lumpy"}
    share = sales[sales["quantity"] != 0].groupby(["item", "market"]).size() / 48
    rare = share[share.index.get_level_values("item").map(classes).isin(["intermittent", "lumpy"])]
    assert rare.max() < 0.6
    steady = sales[~sales["item"].map(classes).isin(["intermittent", "lumpy"])]
    span = steady.groupby(["item", "market"])["bucket"].agg(["min", "max", "size"])
    months = (
        (span["max"].dt.year - span["min"].dt.year) * 12
        + span["max"].dt.month
        - span["min"].dt.month
        + 1
    )
    assert (span["size"] == months).all()
