import numpy as np
import pandas as pd
import pytest

from sopkit import finance
from sopkit.buckets import Calendar
from sopkit.finance import company, fiscal_year, item_prices, prices, standard_cost
from sopkit.finance.plan import spread
from sopkit.metrics import Book, exceptions, identities
from sopkit.metrics.book import with_unit_cost
from sopkit.supply import plan_supply
from sopkit.tables import INPUTS
from tests.metrics.test_identities import plan_table

MONTHS = pd.date_range("2026-09-01", periods=3, freq="MS", unit="us")
NO_TERMS = {"receivable_days": 0, "payable_days": 0}
ITEMS = pd.DataFrame(
    {
        "item": ["A", "B"],
        "family": ["FA", "FB"],
        "price": [50.0, 20.0],
        "unit_cost": [10.0, 8.0],
        "holding_cost": [1.0, 0.5],
    }
)
BILL = pd.DataFrame({"item": ["A"], "resource": ["line"], "hours_per_unit": [0.5]})
RESOURCES = pd.DataFrame({"resource": ["line"], "regular_cost": [20.0]})
COST = standard_cost(ITEMS, BILL, RESOURCES)


def item_price(items, plan):
    cells = plan[["item", "bucket"]].assign(market="N", consensus=1.0)
    return item_prices(prices(Book({"items": items, "demand_plan": cells})), cells)


def financial_plan(supply, items, price, cost, settings=None, **tables):
    given = {"supply_plan": supply, "items": items, "prices": price.assign(market="N")} | tables
    book = Book(given, settings=settings)
    book.cost = cost.set_index("item")["standard_cost"]
    return finance.financial_plan(book)


@pytest.fixture
def supply():
    """A is made (30 in regular time, 4 in overtime, 2 subcontracted in September); B is bought (15
    in September).
    """
    zero = [0.0, 0.0]
    return plan_table(
        "supply_plan",
        item=["A"] * 3 + ["B"] * 3,
        bucket=[*MONTHS, *MONTHS],
        demand=[30.0, *zero, 15.0, *zero],
        shipments=[30.0, *zero, 15.0, *zero],
        production=[30.0, *zero, 0.0, *zero],
        overtime_production=[4.0, *zero, 0.0, *zero],
        subcontracted=[2.0, *zero, 0.0, *zero],
        purchased=[0.0, *zero, 15.0, *zero],
        projected_available=[6.0, 6.0, 6.0, 0.0, 0.0, 0.0],
    )


@pytest.fixture
def plan(supply):
    september = {
        ("material", "A"): 34 * 10.0,
        ("subcontract", "A"): 2 * 20.0,
        ("purchase", "B"): 15 * 8.0,
        ("source_premium", "A"): 2 * (26 - 20.0),
        ("source_premium", "B"): 10 * (9 - 8.0) + 5 * (11 - 8.0),
        ("backlog", "B"): 1e6,  # steers the plan, nobody pays it
        ("regular_labour", "line"): 17 * 20.0,
        ("overtime_premium", "line"): 2 * (30 - 20.0),
    }
    later = {("hiring", "line", 2): 100.0}
    later |= {("holding", "A", month): 6.0 for month in range(3)}
    later |= {("idle", "line", month): 20.0 * hours for month, hours in enumerate((5, 20, 30))}
    costs = pd.DataFrame(
        [(kind, name, MONTHS[at], money) for (kind, name, at), money in later.items()]
        + [(kind, name, MONTHS[0], money) for (kind, name), money in september.items()],
        columns=["kind", "name", "bucket", "money"],
    )
    price = item_price(ITEMS, supply)
    budget = pd.DataFrame(
        {
            "family": ["FA", "FX"],
            "bucket": [MONTHS[0]] * 2,
            "revenue": [1600.0, 5.0],
            "margin": [700.0, np.nan],
        }
    )

    def build(settings=NO_TERMS, **more):
        given = (
            dict(plan_costs=costs, bill_of_resources=BILL, resources=RESOURCES, budget=budget)
            | more
        )
        return financial_plan(supply, ITEMS, price, COST, settings=settings, **given)

    return build


def row(table, family, bucket=0):
    return table[(table["family"] == family) & (table["bucket"] == MONTHS[bucket])].iloc[0]


def test_standard_cost_is_material_and_labour():
    assert COST.set_index("item")["standard_cost"].to_dict() == {"A": 20.0, "B": 8.0}
    rows = pd.DataFrame(
        {"resource": ["line", "line"], "bucket": [MONTHS[0], pd.NaT], "regular_cost": [99.0, 20.0]}
    )
    assert standard_cost(ITEMS, BILL, rows)["standard_cost"].iloc[0] == 20.0, (
        "the row for every bucket, not September's"
    )
    assert standard_cost(ITEMS)["standard_cost"].tolist() == [10.0, 8.0]
    assert standard_cost(ITEMS, BILL, INPUTS["resources"].empty())["standard_cost"].tolist() == [
        10.0,
        8.0,
    ]


def test_one_bucket_by_hand(plan):
    a = row(plan(), "FA")
    # 2 overtime hours at 10 above regular; 2 subcontracted at 6 above standard; 6 in stock at 1.
    assert a[["revenue", "cost_of_sales", "period_costs", "inventory_value"]].tolist() == [
        1500,
        600,
        20 + 12 + 6,
        120,
    ]
    assert a["margin"] == 1500 - 600 - 38
    # paid: 34 × 10 material, 2 × 26 to the subcontractor, 15 regular hours at 20, 2 overtime hours
    # at 30, 6 for holding
    assert a["cash"] == 1500 - (340 + 52 + 300 + 60 + 6)
    assert (a["budget_revenue"], a["revenue_gap"], a["margin_gap"]) == (
        1600,
        -100,
        a["margin"] - 700,
    )


def test_what_a_source_asks_beyond_standard_is_its_family_s(plan):
    b = row(plan(), "FB")
    assert b["period_costs"] == 10 * (9 - 8) + 5 * (11 - 8)
    assert np.isnan(b["budget_revenue"]) and np.isnan(b["revenue_gap"])


def test_idle_hours_and_hiring_belong_to_the_company(plan):
    table = plan()
    assert row(table, "(company)")["period_costs"] == (20 - 15) * 20
    assert row(table, "(company)", 1)["period_costs"] == 20 * 20
    assert row(table, "(company)", 2)["period_costs"] == 30 * 20 + 100
    assert row(table, "FX")["revenue_gap"] == -5, "a budgeted family without items shows its gap"


def test_all_rows_together_are_the_company(plan):
    table = plan()
    total = company(table).set_index("bucket")
    for name in ("revenue", "margin", "cash", "inventory_value"):
        assert np.allclose(total[name], table.groupby("bucket")[name].sum())
    assert total["revenue_gap"].iloc[0] == 1800 - 1605 and np.isnan(total["revenue_gap"].iloc[1])


def test_without_terms_cash_is_margin_less_what_went_into_stock(plan):
    total = company(plan())
    assert total["cash"].tolist() == pytest.approx(
        (
            total["margin"] - total["inventory_value"].diff().fillna(total["inventory_value"])
        ).tolist()
    )


def test_terms_move_cash_and_keep_its_sum_inside_the_horizon(plan):
    before = pd.date_range("2025-07-01", periods=14, freq="MS", unit="us")
    nothing = pd.DataFrame({"item": "A", "market": "N", "bucket": before, "quantity": 0.0})
    nothing["revenue"] = 0.0
    later = company(plan({"receivable_days": 30, "payable_days": 15}, sales_history=nothing))
    now = company(plan())
    assert later["cash"].iloc[0] < now["cash"].iloc[0], "customers pay a month later"
    assert later["cash"].sum() == pytest.approx(now["cash"].sum()), (
        "all that September sold and bought is settled by November"
    )
    assert company(plan({"receivable_days": 400, "payable_days": 0}, sales_history=nothing))[
        "cash"
    ].sum() == pytest.approx(now["cash"].sum() - 1800)


def test_what_was_owed_before_the_plan_is_collected_and_paid_in_it(plan):
    """Paid 45 days later: of July the last 14 days in September, of August 16 in September and 15 in
    October.
    """
    terms = {"receivable_days": 45, "payable_days": 15}
    sales = pd.DataFrame({"bucket": pd.to_datetime(["2026-07-01", "2026-08-01"]), "item": "A"})
    sales = sales.assign(market="N", quantity=31.0, revenue=[3100.0, np.nan])
    none = sales.assign(quantity=0.0, revenue=0.0)
    owed, plain = (plan(terms, sales_history=rows) for rows in (sales, none))
    off = [row(owed, "FA", at)["cash"] - row(plain, "FA", at)["cash"] for at in range(3)]
    # 100 a day, in August as July's price says; material at 10, of August's last 15 days
    assert off == pytest.approx([1400 + 1600 - 150, 1500, 0])
    assert (row(owed, "FB")[["cash"]] == row(plain, "FB")[["cash"]]).all()
    unknown = plan(terms, sales_history=sales.iloc[:1])
    assert np.isnan(row(unknown, "FA")["cash"]) and np.isnan(row(unknown, "FB", 1)["cash"])
    assert row(unknown, "FA", 2)["cash"] == row(owed, "FA", 2)["cash"], "August is in by then"


def test_spread_is_by_days():
    calendar = Calendar("month")
    months = calendar.range("2026-09-01", 3)
    assert spread(months, 0, calendar).tolist() == np.eye(3).tolist()
    assert spread(months, 30, calendar)[0].tolist() == [
        0.0,
        1.0,
        0.0,
    ], "September's 30 days, 30 days later, are October's first 30"
    assert spread(months, 45, calendar)[0].tolist() == pytest.approx([0, 16 / 30, 14 / 30])
    assert spread(calendar.range("2026-01-01", 12), 400, calendar).sum() == 0


def test_fiscal_years_are_named_by_their_end():
    assert fiscal_year(["2026-06-01", "2026-07-01", "2027-06-01"], 7).tolist() == [2026, 2027, 2027]
    assert fiscal_year(["2026-01-01", "2026-12-01"], 1).tolist() == [2026, 2026]


@pytest.fixture(scope="module")
def planned():
    """A real plan by the supply room: two made items on one crew, one bought, overtime and a
    subcontractor.
    """
    buckets = pd.date_range("2026-11-01", periods=6, freq="MS", unit="us")
    demand = pd.DataFrame(
        {
            "item": np.repeat(["A", "B", "C"], 6),
            "bucket": np.tile(buckets, 3),
            "quantity": [40.0, 60, 90, 50, 40, 30, 20, 20, 30, 60, 20, 10, 5, 5, 5, 5, 5, 5],
        }
    )
    items = pd.DataFrame(
        {
            "item": ["A", "B", "C"],
            "family": ["FA", "FB", "FA"],
            "price": [90.0, 80.0, 30.0],
            "unit_cost": [10.0, 12.0, 8.0],
        }
    )
    bill = pd.DataFrame({"item": ["A", "B"], "resource": "crew", "hours_per_unit": [1.0, 1.0]})
    crew = pd.DataFrame(
        {
            "resource": ["crew"],
            "workers": [8.0],
            "hours_per_worker": [10.0],
            "overtime_per_worker": [1.0],
            "regular_cost": [20.0],
            "overtime_cost": [32.0],
            "hiring_cost": [400.0],
            "layoff_cost": [500.0],
        }
    )
    sourcing = pd.DataFrame(
        {"item": ["A"], "source": ["Sub"], "unit_cost": [55.0], "max_quantity": [10.0]}
    )
    result = plan_supply(demand, items, resources=crew, bill_of_resources=bill, sourcing=sourcing)
    cost = standard_cost(items, bill, crew)
    price = item_price(items, demand)
    money = financial_plan(
        result.supply_plan,
        items,
        price,
        cost,
        plan_costs=result.plan_costs,
        bill_of_resources=bill,
        resources=crew,
        settings=NO_TERMS,
    )
    return result, items, price, cost, money


def test_what_is_paid_is_what_the_supply_plan_costs(planned):
    result, _, _, _, money = planned
    kinds = [
        "material",
        "regular_labour",
        "overtime",
        "subcontract",
        "purchase",
        "holding",
        "hiring",
        "layoff",
    ]
    assert (money["revenue"] - money["cash"]).sum() == pytest.approx(result.costs[kinds].sum())


def test_the_identities_hold_on_a_real_plan(planned):
    result, items, price, cost, money = planned
    stock = result.supply_plan[["item", "bucket"]].assign(
        units=result.supply_plan["projected_available"]
    )
    stock["value"] = stock["units"] * stock["item"].map(cost.set_index("item")["standard_cost"])
    none = pd.DataFrame({"item": [], "on_hand": [], "backlog": []})
    held = identities(
        Book(
            {
                "supply_plan": result.supply_plan,
                "capacity_plan": result.capacity_plan,
                "opening_stock": none,
                "inventory_plan": stock,
                "financial_plan": money,
                "items": items,
                "prices": price.assign(market="N"),
                "demand_plan": plan_table(
                    "demand_plan",
                    **result.supply_plan[["item", "bucket"]],
                    market="N",
                    baseline=result.supply_plan["demand"],
                    consensus=result.supply_plan["demand"],
                ),
            }
        )
    )
    assert held["holds"].all(), held[~held["holds"]]
    assert "revenue = shipments × price" in set(held["identity"])


def test_five_thousand_items_add_up():
    buckets, names = (
        pd.date_range("2026-11-01", periods=24, freq="MS", unit="us"),
        [f"I{i:04d}" for i in range(5000)],
    )
    rng = np.random.default_rng(0)
    supply = plan_table(
        "supply_plan",
        item=np.repeat(names, 24),
        bucket=np.tile(buckets, 5000),
        shipments=rng.random(120000),
        projected_available=rng.random(120000),
    )
    items = pd.DataFrame(
        {
            "item": names,
            "family": [f"F{i % 40}" for i in range(5000)],
            "price": rng.random(5000),
            "unit_cost": rng.random(5000),
        }
    )
    price = item_price(items, supply)
    money = financial_plan(supply, items, price, standard_cost(items))
    assert money["revenue"].sum() == pytest.approx(
        (supply["shipments"] * price["price"].to_numpy()).sum()
    )
    assert len(money) == 41 * 24


def test_margin_is_blank_where_no_cost_is_known(supply):
    free = ITEMS.assign(unit_cost=[np.nan, 8.0])
    cost = standard_cost(free)
    table = financial_plan(supply, free, item_price(free, supply), cost, NO_TERMS)
    by_family = table.set_index(["family", "bucket"])["margin"].unstack()
    assert by_family.loc["FA"].isna().all() and by_family.loc[["FB", "(company)"]].notna().all(
        axis=None
    )
    assert company(table)["margin"].iloc[0] == by_family["2026-09-01"].sum()
    assert identities(Book({"financial_plan": table}))["holds"].all()


def test_items_without_a_cost_are_an_exception_of_their_family(supply):
    free = ITEMS.assign(unit_cost=[np.nan, 8.0])
    book = Book({"supply_plan": supply, "items": free}, first=MONTHS[0])
    rows = exceptions.table(4, book).query("rule == 'no_cost'")
    assert rows[["level", "name", "value", "money"]].values.tolist() == [
        ["family", "FA", 1.0, 30 * 50.0]
    ]


def test_a_standard_cost_holds_its_labour_already():
    items = ITEMS.assign(standard_cost=[25.0, np.nan])
    assert standard_cost(items, BILL, RESOURCES)["standard_cost"].tolist() == [25.0, 8.0]
    alone = items.assign(unit_cost=np.nan)
    assert with_unit_cost(alone, BILL, RESOURCES)["unit_cost"].tolist() == [15.0, 0.0]
    cheap = alone.assign(standard_cost=[6.0, 3.0])
    assert with_unit_cost(cheap, BILL, RESOURCES)["unit_cost"].tolist() == [0.0, 3.0]


def test_a_pasted_standard_cost_costs_the_same_plan_as_its_parts():
    rows = {"item": "A", "bucket": MONTHS, "quantity": [30.0, 50.0, 40.0]}
    told = {"resources": RESOURCES.assign(hours=20.0), "bill_of_resources": BILL}
    demand, one = pd.DataFrame(rows), ITEMS.iloc[:1].drop(columns="holding_cost")
    pasted = one.drop(columns="unit_cost").assign(standard_cost=20.0)
    parts = plan_supply(demand, one, **told)
    assert plan_supply(demand, pasted, **told).objective == pytest.approx(parts.objective)


@pytest.mark.parametrize("counts, paid", [("weighted", 45.0), ("certain", 90.0), ("off", 0.0)])
def test_investments_are_paid_when_an_initiative_begins(supply, counts, paid):
    push = {"initiative": "Push", "investment": 90.0, "probability": 0.5, "starts_on": MONTHS[1]}
    settings = NO_TERMS | {"initiatives": counts}
    price, told = item_price(ITEMS, supply), {"initiatives": pd.DataFrame([push])}
    with_it = financial_plan(supply, ITEMS, price, COST, settings, **told)
    without = financial_plan(supply, ITEMS, price, COST, settings)
    change = with_it.set_index(["family", "bucket"]) - without.set_index(["family", "bucket"])
    change = change[["cash", "margin"]].fillna(0.0)
    assert change.loc[("(company)", MONTHS[1]), "cash"] == -paid
    assert change.abs().sum().tolist() == [paid, 0.0], "no cost of the period"
