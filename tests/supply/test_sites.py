"""Sites and lanes: the cheapest plan of all places together, and what is said of each."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog

from sopkit.errors import PlanError
from sopkit.metrics import Book, identities
from sopkit.supply import assumed_receipts, plan_supply, supply_inputs
from tests.supply.cases import months

SITES, MARKETS = ["Lyon", "Ulm"], ["DE", "FR", "Ulm"]
PLACES = [*SITES, "DE", "FR"]
ITEMS = pd.DataFrame(
    {
        "item": ["pump", "valve"],
        "family": ["P", "V"],
        "unit_cost": [10.0, 4.0],
        "holding_cost": [1.0, 0.5],
        "backlog_cost": [5.0, 3.0],
        "lost_sales_cost": [200.0, 90.0],
    }
)
LINES = pd.DataFrame(
    {"resource": ["line", "press"], "site": ["Ulm", "Lyon"], "hours": [105.0, 30.0]}
)
BILL = pd.DataFrame({"item": "pump", "resource": ["line", "press"], "hours_per_unit": 1.0})
LANES = pd.DataFrame(
    {
        "from": ["Ulm", "Lyon", "Lyon"],
        "to": ["DE", "FR", "DE"],
        "unit_cost": [1.0, 1.0, 2.0],
        "lead_time": [0.0, 0.0, 1.0],
        "max_quantity": [100.0, np.nan, 40.0],
    }
)
WANTED = {"DE": [80.0, 100, 130, 90, 80, 80], "FR": [20.0, 20, 60, 20, 30, 30]}


def wanted(units, item="pump"):
    rows = [
        pd.DataFrame({"market": m, "bucket": months(6), "quantity": q}) for m, q in units.items()
    ]
    return pd.concat(rows, ignore_index=True).assign(item=item)


PUMPS = {
    "demand": wanted(WANTED),
    "items": ITEMS.head(1),
    "resources": LINES,
    "bill_of_resources": BILL,
    "lanes": LANES,
    "inventory": pd.DataFrame({"item": "pump", "site": SITES, "on_hand": [20.0, 10.0]}),
}


def at(result, site, name, item="pump"):
    return result.site_plan.query("site == @site and item == @item")[name].round(6).tolist()


def drawn(seed):
    """A random company: two items, made or bought at two sites that send each other, sold in three
    markets, one of which is a site.
    """
    draw = np.random.default_rng(seed)
    lanes = [("Lyon", "Ulm"), ("Ulm", "Lyon"), ("Lyon", "FR"), ("Ulm", "DE"), ("Ulm", "FR")]
    lanes = pd.DataFrame([*lanes, ("Lyon", "DE")], columns=["from", "to"])
    lanes["unit_cost"] = draw.integers(1, 5, len(lanes)) * 1.0
    lanes["lead_time"] = draw.integers(0, 3, len(lanes)) * 1.0
    lanes["max_quantity"] = draw.choice([np.nan, 40.0, 90.0], len(lanes))
    lanes["family"] = draw.choice(["", "", "P"], len(lanes))
    lanes.loc[[2, 3], "family"] = ""  # some way there is
    demand = [wanted({m: draw.integers(0, 60, 6) * 1.0 for m in MARKETS}, i) for i in ITEMS["item"]]
    hours = [("pump", "line"), ("pump", "press"), ("valve", "line")]
    bill = pd.DataFrame(hours, columns=["item", "resource"])
    stock = pd.DataFrame([(i, s) for i in ITEMS["item"] for s in SITES], columns=["item", "site"])
    return {
        "demand": pd.concat(demand, ignore_index=True),
        "items": ITEMS,
        "resources": LINES.assign(hours=draw.integers(20, 90, 2) * 1.0, regular_cost=[1.0, 2.0]),
        "bill_of_resources": bill.assign(hours_per_unit=draw.choice([0.5, 1.0], 3)),
        "lanes": lanes,
        "inventory": stock.assign(on_hand=draw.integers(0, 60, 4) * 1.0),
    }


def cheapest(case):
    """Money of the cheapest plan, from a programme that is written down another way: quantities
    made, sent, kept, owed and lost by item, place and bucket.
    """
    names, columns = [], {}

    def variable(*name, cost=0.0, most=np.inf):
        columns[name] = len(names)
        names.append((cost, most))

    items, lanes = case["items"].set_index("item"), case["lanes"].fillna({"max_quantity": np.inf})
    lanes = lanes.rename(columns={"from": "origin"})
    demand = case["demand"].set_index(["item", "market", "bucket"])["quantity"]
    stock = case["inventory"].set_index(["item", "site"])["on_hand"]
    lines, buckets = case["resources"].set_index("resource"), months(6)
    scope = {"P": ["pump"], "": list(items.index)}
    for item, fact in items.iterrows():
        for t in range(6):
            for use in case["bill_of_resources"].query("item == @item").itertuples():
                hour = lines.loc[use.resource, "regular_cost"] * use.hours_per_unit
                variable("made", item, use.resource, t, cost=fact["unit_cost"] + hour)
            for lane in lanes.itertuples():
                held = fact["holding_cost"] * lane.lead_time
                here = item in scope[lane.family] and t + lane.lead_time < 6
                most = np.inf if here else 0.0
                variable("sent", item, lane.Index, t, cost=lane.unit_cost + held, most=most)
            for place in PLACES:
                variable("kept", item, place, t, cost=fact["holding_cost"])
                late = np.inf if t < 5 else 0.0
                variable("owed", item, place, t, cost=fact["backlog_cost"], most=late)
                variable("lost", item, place, t, cost=fact["lost_sales_cost"])
                variable("served", item, place, t)
    equal, most = [], []
    for item in items.index:
        for place in PLACES:
            for t in range(6):
                row = {("kept", item, place, t): -1.0, ("served", item, place, t): -1.0}
                row |= {("kept", item, place, t - 1): 1.0} if t else {}
                for use in case["bill_of_resources"].query("item == @item").itertuples():
                    if lines.loc[use.resource, "site"] == place:
                        row["made", item, use.resource, t] = 1.0
                for lane in lanes.itertuples():
                    sent = t - int(lane.lead_time)
                    if lane.to == place and sent >= 0:
                        row["sent", item, lane.Index, sent] = 1.0
                    if lane.origin == place:
                        row["sent", item, lane.Index, t] = (
                            row.get(("sent", item, lane.Index, t), 0) - 1
                        )
                equal.append((row, -stock.get((item, place), 0.0) * (t == 0)))
                owed = {("owed", item, place, t): 1.0, ("served", item, place, t): 1.0}
                owed |= {("lost", item, place, t): 1.0}
                owed |= {("owed", item, place, t - 1): -1.0} if t else {}
                equal.append((owed, demand.get((item, place, buckets[t]), 0.0)))
                if place in ("DE", "FR"):
                    equal.append(({("kept", item, place, t): 1.0}, 0.0))
    for t in range(6):
        for line, fact in lines.iterrows():
            uses = case["bill_of_resources"].query("resource == @line").itertuples()
            load = {("made", use.item, line, t): use.hours_per_unit for use in uses}
            most.append((load, fact["hours"]))
        for lane in lanes.itertuples():
            if np.isfinite(lane.max_quantity):  # counted where it arrives
                sent = t - int(lane.lead_time)
                load = {("sent", item, lane.Index, sent): 1.0 for item in items.index if sent >= 0}
                most.append((load, lane.max_quantity))

    def matrix(rows):
        found = np.zeros((len(rows), len(names)))
        for number, (row, _) in enumerate(rows):
            for name, value in row.items():
                found[number, columns[name]] += value
        return found, np.array([known for _, known in rows])

    (a_eq, b_eq), (a_ub, b_ub) = matrix(equal), matrix(most)
    cost, bounds = np.array([c for c, _ in names]), [(0, high) for _, high in names]
    solved = linprog(cost, a_ub, b_ub, a_eq, b_eq, bounds, method="highs")
    assert solved.status == 0
    return solved.fun


@pytest.mark.parametrize("seed", range(16))
def test_all_places_together_cost_what_another_programme_finds(seed):
    case = drawn(seed)
    result, money = plan_supply(**case), cheapest(case)
    assert result.objective == pytest.approx(money, rel=2e-4)
    assert result.objective >= money * (1 - 1e-6)
    opening = case["inventory"].groupby("item", as_index=False)["on_hand"].sum().assign(backlog=0.0)
    facts = {"opening_stock": opening, "items": case["items"], **result.tables}
    assert identities(Book(facts))["holds"].all()
    whole = result.site_plan.groupby(["item", "bucket"]).sum(numeric_only=True)
    plan = result.supply_plan.set_index(["item", "bucket"])
    for name in ("demand", "shipments", "lost", "backlog"):
        assert whole[name].to_numpy() == pytest.approx(plan[name].to_numpy(), abs=1e-6)
    away = (whole["sent"] - whole["arriving"]).groupby("item").cumsum()
    stock = plan["projected_available"].to_numpy()
    assert (whole["projected_available"] + away).to_numpy() == pytest.approx(stock, abs=1e-6)


def test_what_a_site_makes_sends_and_holds():
    result = plan_supply(**PUMPS)
    assert at(result, "Ulm", "production") == [70, 100, 100, 100, 80, 80]
    assert at(result, "Lyon", "sent")[:2] == [20, 40]  # 20 of them are two months on their way
    assert at(result, "DE", "arriving") == [80, 100, 120, 100, 80, 80]
    moves = result.transfer_plan.query("origin == 'Lyon' and site == 'DE'")
    assert moves["quantity"].tolist() == [20.0] and moves["cost"].tolist() == [40.0]
    assert moves["send_on"].tolist() == [months(6)[1]] and moves["bucket"].tolist() == [
        months(6)[2]
    ]
    money = result.plan_costs.groupby("kind")["money"].sum()
    assert money["transport"] == result.transfer_plan["cost"].sum()
    assert {*result.capacity_plan["resource"]} == {"line", "press"}
    assert result.supply_plan["why"][2] == "late: resource lane Ulm to DE full 100%"


def test_without_lanes_sites_are_one_place():
    pooled = {name: frame.drop(columns="site", errors="ignore") for name, frame in PUMPS.items()}
    pooled |= {"lanes": None, "inventory": pd.DataFrame({"item": ["pump"], "on_hand": [30.0]})}
    told, plain = plan_supply(**PUMPS | {"lanes": None}), plan_supply(**pooled)
    assert told.supply_plan.equals(plain.supply_plan)
    assert told.site_plan.empty and told.transfer_plan.empty


def test_lanes_both_ways_without_a_day_or_a_cent_carry_nothing_in_circles():
    both = pd.DataFrame({"from": ["Lyon", "Ulm", "Ulm"], "to": ["Ulm", "Lyon", ""]})
    result = plan_supply(**PUMPS | {"lanes": both})
    circles = result.transfer_plan.query("site in ['Lyon', 'Ulm']")
    assert circles.groupby("bucket")["origin"].nunique().max() == 1
    assert result.supply_plan["late"].max() < 1e-9


def test_safety_stock_stands_where_the_cheapest_lane_begins():
    hold = pd.DataFrame({"item": "pump", "bucket": months(6), "quantity": 13.0})
    result = plan_supply(**PUMPS, safety_stock=hold)
    assert at(result, "Ulm", "safety_stock") == pytest.approx([13 * 560 / 740] * 6, abs=1e-6)
    assert at(result, "Lyon", "safety_stock") == pytest.approx([13 * 180 / 740] * 6, abs=1e-6)
    assert at(result, "DE", "projected_available") == [0] * 6


def test_a_backlog_waits_in_the_markets():
    stock = PUMPS["inventory"].assign(on_hand=0.0, backlog=[0.0, 74.0])
    result = plan_supply(**PUMPS | {"inventory": stock})
    shipped, asked = (
        result.site_plan.groupby("site")[name].sum() for name in ("shipments", "demand")
    )
    lost = result.site_plan.groupby("site")["lost"].sum()
    assert (shipped + lost - asked)[["DE", "FR"]].round(6).tolist() == [56, 18]


BOUGHT = {
    "demand": wanted({"DE": 50.0}, "valve"),
    "items": ITEMS.tail(1),
    "sourcing": pd.DataFrame(
        {"item": "valve", "source": "Acme", "site": ["Ulm", "Lyon"], "max_quantity": [30.0, 45]}
    ),
    "lanes": pd.DataFrame({"from": ["Ulm", "Lyon"], "to": "DE", "unit_cost": [0.0, 1.0]}),
}


def test_a_supplier_of_two_sites_is_one():
    result = plan_supply(**BOUGHT)
    assert at(result, "Ulm", "purchased", "valve") == [30] * 6
    assert at(result, "Lyon", "sent", "valve") == [20] * 6
    assert result.sourcing_plan[["source", "quantity"]].values.tolist() == [["Acme", 50]] * 6


def test_what_must_be_on_its_way_is_assumed_where_it_arrives():
    sources = BOUGHT["sourcing"].head(1).assign(lead_time=1.0, max_quantity=60.0)
    case = BOUGHT | {"sourcing": sources, "lanes": BOUGHT["lanes"].head(1)}
    coming, issues = assumed_receipts(case)
    assert coming[["item", "site", "quantity"]].values.tolist() == [["valve", "Ulm", 50]]
    assert issues["problem"].str.startswith("valve at Ulm: ").all()


def test_the_fence_keeps_what_every_site_was_released_to_make():
    sold = PUMPS["demand"].rename(columns={"quantity": "consensus"})
    count = PUMPS["inventory"].groupby("item", as_index=False)["on_hand"].sum().assign(backlog=0.0)
    facts = {name: PUMPS[name] for name in ("items", "resources", "bill_of_resources", "lanes")}
    facts["inventory"] = PUMPS["inventory"]
    settings = {"planning_fence": 2}
    first = plan_supply(**supply_inputs(sold, count, facts, settings))
    again = supply_inputs(sold, count, facts, settings, released=first.tables)
    assert again["inventory"].set_index("site")["on_hand"].round(6).to_dict() == {
        "Lyon": 20,
        "Ulm": 10,
    }
    assert not again["firm"]
    second = plan_supply(**again)
    for site in SITES:
        made = at(first, site, "production")[:2]
        assert at(second, site, "production")[:2] == pytest.approx(made, abs=1e-6)
    assert second.cut.empty


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"lanes": LANES.assign(**{"from": ["Ulm", "Lyno", "Lyon"]})}, "column from: 1 value"),
        ({"lanes": LANES.query("to == 'DE'")}, "1 item.s. to their market, first pump at FR"),
        ({"resources": LINES.drop(columns="site")}, "table resources, column site: 2 value"),
        ({"inventory": PUMPS["inventory"].assign(site=["", "Ulm"])}, "inventory, column site: 1 v"),
        (
            {"bill_of_resources": BILL.assign(site=["Mars", ""])},
            "bill_of_resources, column site: 1",
        ),
        ({"resources": LINES.assign(resource="line", bucket=months(2))}, "one resource at others"),
        (
            {
                "sourcing": pd.DataFrame(
                    {"item": ["pump"], "source": ["transfer from X"], "site": "Ulm"}
                )
            },
            "name them otherwise",
        ),
    ],
)
def test_what_leads_nowhere_is_refused(change, said):
    with pytest.raises(PlanError, match=said):
        plan_supply(**PUMPS | change)


@pytest.mark.parametrize("how", [{"strategy": "level"}, {"strategy": "chase"}, {"lots": True}])
def test_other_plans_know_sites_too(how):
    items = PUMPS["items"].assign(lot_size=5.0)
    result = plan_supply(**PUMPS | {"items": items}, **how)
    opening = pd.DataFrame({"item": ["pump"], "on_hand": [30.0], "backlog": [0.0]})
    facts = {"opening_stock": opening, "items": items, **result.tables}
    assert identities(Book(facts))["holds"].all()


def test_parts_are_where_their_parent_is_made():
    parts = pd.DataFrame({"parent": ["pump"], "child": ["valve"], "quantity_per": [2.0]})
    source = pd.DataFrame({"item": ["valve"], "source": ["Acme"], "site": ["Lyon"]})
    more = pd.DataFrame(
        {"from": ["Lyon"], "to": ["Ulm"], "lead_time": [1.0], "max_quantity": [120.0]}
    )
    case = PUMPS | {"items": ITEMS, "components": parts, "sourcing": source}
    result = plan_supply(**case | {"lanes": pd.concat([LANES, more.assign(item="valve")])})
    made = [0, 60, 60, 60, 60, 60]
    assert at(result, "Ulm", "production") == made
    assert at(result, "Ulm", "issued", "valve") == [2 * units for units in made]
    assert result.held_back["part"].tolist() == ["valve at Ulm"]


def test_a_route_may_lead_through_several_sites():
    bill = pd.DataFrame(
        {"item": "pump", "resource": ["line", "press"], "hours_per_unit": [0.5, 0.1]}
    )
    alone = plan_supply(**PUMPS | {"bill_of_resources": bill})
    assert sum(at(alone, "Lyon", "production")) > 0
    whole = plan_supply(**PUMPS | {"bill_of_resources": bill.assign(site="Ulm")})
    assert sum(at(whole, "Lyon", "production")) == 0
    load = whole.capacity_plan.groupby("resource")["load"].sum()
    assert load["line"] == pytest.approx(5 * load["press"]) and load["press"] > 0


def test_stock_that_sites_can_only_send_each_other_is_sold_and_no_more():
    more = pd.DataFrame({"from": ["Ulm", "Lyon"], "to": ["Lyon", "Ulm"], "lead_time": 1.0})
    stock = pd.DataFrame({"item": "valve", "site": ["Ulm"], "on_hand": [70.0]})
    sources = BOUGHT["sourcing"].head(1).assign(site="Hub", max_quantity=np.nan)
    lanes = pd.concat([BOUGHT["lanes"], more])
    result = plan_supply(**BOUGHT | {"lanes": lanes, "sourcing": sources, "inventory": stock})
    assert at(result, "DE", "shipments", "valve") == [50, 20, 0, 0, 0, 0]
    assert at(result, "Hub", "purchased", "valve") == [0] * 6


def test_a_count_of_nothing_at_a_site_that_an_item_never_reaches_is_read():
    stock = pd.DataFrame(
        {"item": ["pump"] * 3, "site": [*SITES, "Store"], "on_hand": [10.0, 20, 0]}
    )
    result = plan_supply(**PUMPS | {"inventory": stock})
    assert "Store" not in {*result.site_plan["site"]}


def test_what_is_late_before_its_parts_could_have_come_has_a_reason():
    late = LANES.assign(lead_time=2.0)
    result = plan_supply(**PUMPS | {"lanes": late, "inventory": None})
    assert result.supply_plan["why"][0].startswith("l")


@pytest.mark.parametrize("parts", [None, [("pump", "valve", 1.0)]])
def test_order_customers_wait_no_longer_than_they_must(parts):
    parts = parts and pd.DataFrame(parts, columns=["parent", "child", "quantity_per"])
    items = ITEMS.assign(strategy=["order", "stock"], customer_lead_time=[2.0, 0.0])
    case = PUMPS | {"items": items, "resources": LINES.assign(hours=900.0), "components": parts}
    case |= {"lanes": LANES.drop(columns="max_quantity").assign(lead_time=0.0)}
    result = plan_supply(**case, settings={"planning_fence": 0})
    assert result.supply_plan["backlog"].max() < 1e-6


def test_limits_of_an_item_and_of_a_family_of_its_name_are_two():
    items = pd.concat([ITEMS.head(1), ITEMS.head(1).assign(item="P")])
    lanes = pd.DataFrame({"from": "Ulm", "to": ["DE", "DE", "FR"], "item": ["P", "", ""]})
    lanes = lanes.assign(family=["", "P", ""], max_quantity=[10.0, 30.0, np.nan])
    more = {"demand": pd.concat([PUMPS["demand"], PUMPS["demand"].assign(item="P")])}
    more["bill_of_resources"] = pd.concat([BILL.head(1), BILL.head(1).assign(item="P")])
    result = plan_supply(**PUMPS | more | {"items": items, "lanes": lanes})
    sent = result.transfer_plan.query("site == 'DE'").groupby("item")["quantity"].max()
    assert sent.round(6).to_dict() == {"P": 10, "pump": 30}


def test_a_lane_that_takes_time_is_worth_what_it_would_save_beside_the_goods():
    lanes = LANES.assign(lead_time=1.0, max_quantity=np.nan)
    prices = plan_supply(
        **PUMPS | {"lanes": lanes, "resources": LINES.assign(hours=900.0)}
    ).limit_prices
    assert {*prices["limit"]} == {"lead time"}  # and no market has room for stock
    assert prices["price"].max() == pytest.approx(ITEMS["backlog_cost"][0], abs=0.1)


def test_a_lane_to_where_nobody_wants_something_carries_nothing():
    more = pd.DataFrame({"from": ["Ulm"], "to": ["Mars"]})
    result = plan_supply(**PUMPS | {"lanes": pd.concat([LANES, more])})
    assert result.supply_plan.equals(plan_supply(**PUMPS).supply_plan)
    assert "Mars" not in {*result.site_plan["site"]}
