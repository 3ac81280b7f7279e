import pandas as pd

from tests.company.capacity import HOURS


def _load(tables, truth):
    """Hours by month (rows, the next 24) and resource, from the expected demand and the bill of
    resources: done by hand.
    """
    expected = pd.DataFrame(
        {item["item"]: item["expected"] for item in truth["items"]},
        index=pd.date_range("2026-11-01", periods=24, freq="MS"),
    )
    own = tables["bill_of_resources"].query("source.isna() or source == ''")
    return pd.DataFrame(
        {
            resource: sum(expected[row.item] * row.hours_per_unit for row in rows.itertuples())
            for resource, rows in own.groupby("resource")
        }
    )


def _regular(tables, months):
    table = tables["resources"].assign(
        all=lambda frame: (
            frame["hours"].fillna(frame["workers"] * frame["hours_per_worker"])
            + frame["extra_hours"].fillna(0)
        )
    )
    usual = table[table["bucket"].isna()].set_index("resource")["all"]
    own = table.dropna(subset="bucket").pivot(index="bucket", columns="resource", values="all")
    return own.reindex(months).fillna(usual)


def test_next_years_load_fills_the_plants_and_sometimes_more(tables, truth):
    load = _load(tables, truth).iloc[:12]
    use = load / _regular(tables, load.index)[load.columns]
    assert use.mean().between(0.88, 1.03).all()
    assert (
        (use["North assembly"] > 1.08).any()
        and (use["North machining"] > 1.08).any()
        and use.to_numpy().max() < 1.25
    )
    assert (use < 0.95).any().all(), "every resource has a month in which it can make stock"


def test_two_years_are_feasible_with_overtime(tables, truth):
    load, table = _load(tables, truth), tables["resources"]
    regular = _regular(tables, load.index)[load.columns]
    usual = table[table["bucket"].isna()].set_index("resource")
    overtime = usual["overtime_hours"].fillna(usual["workers"] * usual["overtime_per_worker"])[
        load.columns
    ]
    assert (load.cumsum() <= (regular + overtime).cumsum()).all().all()


def test_overloads_are_those_that_the_truth_names(tables, truth):
    load = _load(tables, truth)
    use = (load / _regular(tables, load.index)[load.columns]).stack()
    told = {(pd.Timestamp(row["bucket"]), row["resource"]) for row in truth["overloads"]}
    assert (
        set(use[use > 1.001].index) <= told <= set(use[use > 0.999].index)
    )  # the truth's units are rounded
    assert len(told) >= 10


def test_crews_have_people_and_machines_have_hours(tables):
    usual = tables["resources"][tables["resources"]["bucket"].isna()].set_index("resource")
    assert usual["workers"].notna().sum() == 3 and usual["hours"].notna().sum() == 1
    assert (usual["workers"].isna() == usual["hours"].notna()).all()
    assert (
        usual["hours_per_worker"].dropna().eq(HOURS).all()
        and (usual["overtime_cost"] > usual["regular_cost"]).all()
    )


def test_bought_items_have_a_dear_near_and_a_cheap_far_source(tables):
    items, sources = tables["items"].set_index("item"), tables["sourcing"]
    made = set(tables["bill_of_resources"]["item"])
    bought = sources[~sources["item"].isin(made)]
    assert set(bought["item"]) == set(items.index) - made
    cheapest = bought.sort_values("unit_cost").groupby("item").first()
    assert (cheapest["unit_cost"] == items.loc[cheapest.index, "unit_cost"]).all() and (
        bought.groupby("item").size() >= 2
    ).all()
    assert (cheapest["lead_time"] >= bought.groupby("item")["lead_time"].max()).all()
    assert sources["max_quantity"].gt(0).all() and sources["item"].isin(made).any(), (
        "some made items can be subcontracted"
    )


def test_sources_can_carry_the_demand_to_come(tables, truth):
    limit = tables["sourcing"].groupby("item")["max_quantity"].sum()
    peak = {item["item"]: max(item["expected"]) for item in truth["items"]}
    bought = set(limit.index) - set(tables["bill_of_resources"]["item"])
    assert all(limit[item] >= peak[item] for item in bought)
