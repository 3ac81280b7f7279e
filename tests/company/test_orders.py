import pandas as pd

DATES = ["ordered_on", "requested_on", "promised_on"]


def _lines(tables):
    return tables["orders"].merge(tables["items"][["item", "family", "strategy"]])


def test_lines_add_up_to_the_sales_history(tables, true_cells, sold):
    lines = _lines(tables)
    by = (
        lines["ordered_on"]
        .where(lines["strategy"] == "order", lines["requested_on"])
        .dt.to_period("M")
        .dt.to_timestamp()
        .astype("datetime64[us]")
    )
    lines = lines.assign(bucket=by)
    units = (
        lines[lines["bucket"].between("2024-11-01", "2026-10-01")]
        .groupby(["item", "market", "bucket"])["quantity"]
        .sum()
    )
    recent = sold[
        (sold > 0) & (sold.index.get_level_values("bucket") >= pd.Timestamp("2024-11-01"))
    ]
    assert units.sort_index().equals(recent.sort_index()) and len(units) > 3000


def test_order_numbers_hold_lines_of_one_day_and_market(tables):
    groups = tables["orders"].groupby("order")
    assert (groups["market"].nunique() == 1).all() and (groups["ordered_on"].nunique() == 1).all()
    assert groups.size().max() > 1


def test_dates_stand_in_order_but_for_the_planted_dirt(tables, truth):
    orders = tables["orders"]
    keys = orders["order"] + " " + orders["line"]
    spoilt = {
        rule: {row["key"] for row in truth["dirt"] if row["rule"] == rule}
        for rule in ("shipped before ordered", "promised before ordered")
    }
    assert (
        set(keys[orders["shipped_on"] < orders["ordered_on"]]) == spoilt["shipped before ordered"]
        and len(spoilt["shipped before ordered"]) == 6
    )
    assert (
        set(keys[orders["promised_on"] < orders["ordered_on"]]) == spoilt["promised before ordered"]
        and len(spoilt["promised before ordered"]) == 3
    )
    assert (orders["requested_on"] >= orders["ordered_on"]).all() and orders[
        DATES
    ].notna().all().all()


def test_nothing_is_known_of_the_plans_month(tables):
    orders = tables["orders"]
    assert orders["ordered_on"].max() <= pd.Timestamp("2026-10-31") and orders[
        "shipped_on"
    ].max() <= pd.Timestamp("2026-10-31")
    assert (orders["shipped_on"].isna() == orders["shipped_quantity"].isna()).all()
    assert (
        orders["shipped_quantity"].dropna()
        <= orders["quantity"][orders["shipped_quantity"].notna()]
    ).all()


def test_lateness_differs_by_family_and_got_worse_for_booster_sets(tables):
    lines = _lines(tables)
    end = pd.Timestamp("2026-10-31")
    due = lines[lines["promised_on"] <= end]
    late = ~(due["shipped_on"] <= due["promised_on"])
    share = late.groupby(due["family"]).mean()
    assert share["Booster sets"] > 0.1 > share["Valves"] > 0.01 and 0.03 < late.mean() < 0.15
    sets = due["family"] == "Booster sets"
    recent = due["promised_on"] > pd.Timestamp("2026-07-31")
    assert late[sets & recent].mean() > 1.3 * late[sets & ~recent].mean()


def test_the_backlog_of_order_items_is_about_what_customers_agree_to_wait(tables):
    items = tables["items"].query("strategy == 'order'").set_index("item")
    backlog = tables["inventory"].set_index("item")["backlog"][items.index]
    sales = tables["sales_history"]
    bookings = (
        sales[sales["bucket"] > pd.Timestamp("2026-04-01")]
        .groupby("item")["quantity"]
        .sum()[items.index]
        / 6
    )
    wait = backlog.sum() / (bookings * items["customer_lead_time"]).sum()
    assert 0.9 < wait < 1.5


def test_a_large_order_ahead_exceeds_its_items_usual_month(tables, truth):
    ahead = tables["orders"].query("requested_on >= '2026-11-01'")
    expected = {item["item"]: item["expected"][0] for item in truth["items"]}
    stock = ahead[ahead["item"].map(tables["items"].set_index("item")["strategy"]) == "stock"]
    share = (
        stock[stock["requested_on"] < pd.Timestamp("2026-12-01")].groupby("item")["quantity"].sum()
    )
    share = share / share.index.map(expected)
    assert share.max() > 0.8 and share.median() < 0.4
