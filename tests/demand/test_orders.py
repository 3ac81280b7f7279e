import pandas as pd


def _line(quantity, requested="2026-11-10", **more):
    return {
        "order": "O",
        "line": "1",
        "item": "A",
        "market": "N",
        "ordered_on": "2026-10-01",
        "requested_on": requested,
        "promised_on": None,
        "shipped_on": None,
        "quantity": quantity,
        "shipped_quantity": None,
    } | more


def _excess(level, plan, orders, fence=1, **tables):
    return (
        plan(level({"A N": 100, "A S": 20}, months=3), orders=orders, demand_fence=fence, **tables)
        .demand_plan.set_index(["market", "bucket"])["order_excess"]
        .tolist()
    )


def test_open_lines_above_the_forecast_count_within_the_fence(level, plan, table):
    orders = table(_line(90.0), _line(40.0), _line(500.0, "2026-12-05"))
    assert _excess(level, plan, orders) == [30, 0, 0, 0, 0, 0]
    assert _excess(level, plan, orders, fence=2) == [30, 400, 0, 0, 0, 0]
    assert _excess(level, plan, orders, fence=0) == [0] * 6


def test_orders_above_take_forecast_of_the_buckets_around_that_no_order_took(level, plan, table):
    """Of 150 booked where 100 were forecast, 50 are forecast of the month before or after."""
    november, december = table(_line(150.0)), table(_line(150.0, "2026-12-05"))
    ahead = {"consume_forward": 1}
    assert _excess(level, plan, november, **ahead)[:3] == [50, -50, 0]
    assert _excess(level, plan, december, fence=2, **ahead)[:3] == [0, 50, -50]
    back = {"consume_backward": 1}
    assert _excess(level, plan, november, **back)[:3] == [50, 0, 0]
    assert _excess(level, plan, december, fence=2, **back | ahead)[:3] == [-50, 50, 0]
    both = table(_line(90.0), _line(150.0, "2026-12-05"))  # 10 of November are free, then January
    assert _excess(level, plan, both, fence=2, **back | ahead)[:3] == [-10, 50, -40]
    booked = table(_line(150.0), _line(90.0, "2026-12-05"))  # December's is booked itself
    assert _excess(level, plan, booked, **ahead)[:3] == [50, -10, 0]


def test_promised_then_ordered_stand_in_for_requested(level, plan, table):
    assert _excess(level, plan, table(_line(130.0, None, promised_on="2026-11-30")))[0] == 30
    assert _excess(level, plan, table(_line(130.0, None, ordered_on="2026-11-01")))[0] == 30


def test_shipped_and_overdue_lines_do_not_count(level, plan, table):
    orders = table(_line(500.0, shipped_on="2026-10-20"), _line(500.0, "2026-10-31"))
    assert _excess(level, plan, orders) == [0] * 6


def test_what_is_already_shipped_of_a_line_is_not_open(level, plan, table):
    assert _excess(level, plan, table(_line(150.0, shipped_quantity=30.0)))[0] == 20


def test_order_driven_items_have_their_lines_in_the_backlog(level, plan, table):
    items = pd.DataFrame({"item": ["A"], "family": ["F"], "strategy": ["order"]})
    assert _excess(level, plan, table(_line(500.0)), items=items) == [0] * 6


def test_lines_of_no_known_market_are_shared_by_baseline(level, plan, table):
    orders = table(_line(180.0, market="(none)"), _line(60.0, market=None))
    assert _excess(level, plan, orders) == [100, 0, 0, 20, 0, 0]


def test_an_item_without_forecast_is_planned_from_its_orders(level, plan, table, look):
    frame = plan(level({"A N": 100}), orders=table(_line(7.0, item="B"))).demand_plan
    assert look(frame) == {"A N": [100], "B N": [7]}
