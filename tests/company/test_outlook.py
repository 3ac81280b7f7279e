import numpy as np
import pandas as pd


def test_the_budget_covers_whole_years_and_hopes_for_more_than_is_likely(tables, truth):
    budget, items = tables["budget"], tables["items"].set_index("item")
    assert set(budget.groupby(["family", budget["bucket"].dt.year]).size()) == {12}
    assert budget["bucket"].dt.year.min() <= 2023 and budget["bucket"].dt.year.max() >= 2028
    ahead = pd.DataFrame({item["item"]: item["expected"] for item in truth["items"]})
    likely = (ahead * items.loc[ahead.columns, "price"]).to_numpy()[2:14].sum()
    planned = budget[budget["bucket"].dt.year == 2027]["revenue"].sum()
    assert 1.01 < planned / likely < 1.08
    assert (budget["margin"] / budget["revenue"]).between(0.25, 0.45).all()


def test_past_budgets_were_nearly_right(tables):
    sold = tables["sales_history"].query("'2024-01-01' <= bucket <= '2025-12-01'")["revenue"].sum()
    hoped = tables["budget"].query("'2024-01-01' <= bucket <= '2025-12-01'")["revenue"].sum()
    assert 0.97 < hoped / sold < 1.08


def test_authors_are_as_biased_as_the_truth_says(tables, truth):
    """Against the expected demand of the months to come, in whole families over every market and in
    single items over one.
    """
    inputs = tables["sales_inputs"]
    assert (
        set(inputs["author"]) == {author["author"] for author in truth["authors"]}
        and inputs["item"].notna().any()
        and inputs["family"].notna().any()
    )
    sales = tables["sales_history"].merge(tables["items"][["item", "family"]])
    for author in truth["authors"]:
        rows = inputs[
            (inputs["author"] == author["author"]) & (inputs["bucket"] < pd.Timestamp("2026-11-01"))
        ]
        level = "item" if rows["item"].notna().all() else "family"
        cells = (
            sales
            if rows["market"].isna().all()
            else sales[sales["market"] == rows["market"].iloc[0]]
        )
        actual = cells.groupby([level, "bucket"])["quantity"].sum().rename("actual")
        both = rows.join(actual, on=[level, "bucket"])
        assert abs(both["quantity"].sum() / both["actual"].sum() - 1 - author["bias"]) < 0.08, (
            author
        )


def test_one_author_is_an_optimist_and_inputs_reach_six_to_twelve_months(tables, truth):
    assert max(author["bias"] for author in truth["authors"]) > 0.1
    reach = tables["sales_inputs"].groupby("author")["bucket"].max()
    assert (
        reach.between(pd.Timestamp("2027-04-01"), pd.Timestamp("2027-10-01")).all()
        and reach.nunique() == 2
    )


def test_initiatives_change_demand_or_capacity_with_a_chance(tables):
    frame = tables["initiatives"]
    assert (frame["demand_change"].notna() ^ frame["capacity_change"].notna()).all()
    assert frame["probability"].between(0.01, 0.99).all() and np.isfinite(frame["investment"]).all()
    assert (frame["starts_on"] >= pd.Timestamp("2026-11-01")).all()
