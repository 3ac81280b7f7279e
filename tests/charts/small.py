"""A small hand-made plan: every plan table that a chart or the board reads, for a company of four
items.
"""

import numpy as np
import pandas as pd

from sopkit.tables import INPUTS, PLANS

START = pd.Timestamp("2027-01-01")
PAST, AHEAD = (
    pd.date_range(START - pd.DateOffset(months=36), periods=36, freq="MS"),
    pd.date_range(START, periods=18, freq="MS"),
)
ITEMS = ["P-300", "P-310", "V-110", "X-900"]
MARKETS = ["North", "South"]


def _filled(table, rows):
    """Rows as a conforming table; columns that are not given are blank."""
    declared = PLANS.get(table) or INPUTS[table]
    frame = pd.DataFrame(rows).reset_index(drop=True)
    for column in declared.columns:
        if column.name not in frame:
            frame[column.name] = (
                "" if column.kind == "text" else pd.NaT if column.kind == "date" else np.nan
            )
    return declared.conform(frame[declared.names])


def items():
    return _filled(
        "items",
        dict(
            item=ITEMS,
            family=["pumps", "pumps", "valves", "specials"],
            unit=["pcs", "pcs", "pcs", "set"],
            strategy=["stock", "stock", "stock", "order"],
            price=[120.0, 90.0, 40.0, 5000.0],
            unit_cost=[60.0, 45.0, 15.0, 2500.0],
        ),
    )


def _cells(buckets):
    return pd.MultiIndex.from_product(
        [ITEMS, MARKETS, buckets], names=["item", "market", "bucket"]
    ).to_frame(index=False)


def _level(cells):
    base = cells["item"].map(dict(zip(ITEMS, [400, 250, 900, 8]))) * cells["market"].map(
        {"North": 0.6, "South": 0.4}
    )
    month = (cells["bucket"].dt.year - 2024) * 12 + cells["bucket"].dt.month
    return base * (1 + 0.004 * month + 0.15 * np.sin(2 * np.pi * month / 12))


def history():
    cells = _cells(PAST)
    demand = (_level(cells) * np.random.default_rng(7).normal(1, 0.07, len(cells))).round()
    odd = (cells["item"] == "P-300") & (cells["bucket"] == PAST[20])
    return _filled(
        "history",
        cells.assign(
            quantity=np.where(odd, demand * 3, demand),
            demand=demand,
            flag=np.where(odd, "outlier", ""),
            reason=np.where(odd, "3× its neighbours", ""),
        ),
    )


def baseline_forecast():
    cells = _cells(AHEAD)
    level = _level(cells)
    return _filled(
        "baseline_forecast",
        cells.assign(
            baseline=level,
            p10=0.85 * level,
            p90=1.18 * level,
            model="damped trend",
            why="lowest backtest error",
        ),
    )


def demand_plan(more=1.0):
    cells = _cells(AHEAD)
    level = _level(cells) * more
    promotion = np.where((cells["item"] == "P-300") & cells["bucket"].isin(AHEAD[2:4]), 120.0, 0.0)
    override = np.where((cells["item"] == "V-110") & (cells["bucket"] < AHEAD[6]), -60.0, 0.0)
    return _filled(
        "demand_plan",
        cells.assign(
            naive=level * 0.97,
            baseline=level,
            events=promotion,
            launches=0.0,
            initiatives=0.0,
            sales_input=level * 0.02,
            override=override,
            order_excess=0.0,
            consensus=level * 1.02 + promotion + override,
        ),
    )


def prices():
    cells = _cells(AHEAD)
    price = cells["item"].map(items().set_index("item")["price"])
    return _filled("prices", cells.assign(price=price, source="list"))


def supply_plan():
    demand = (
        demand_plan()
        .groupby(["item", "bucket"], as_index=False)["consensus"]
        .sum()
        .rename(columns={"consensus": "demand"})
    )
    late = (demand["item"] == "P-300") & demand["bucket"].isin(AHEAD[2:5])
    backlog = np.where(late, 80.0, np.where(demand["item"] == "X-900", 12.0, 0.0))
    return _filled(
        "supply_plan",
        demand.assign(
            production=demand["demand"] * 0.85,
            overtime_production=demand["demand"] * 0.1,
            subcontracted=demand["demand"] * 0.05,
            purchased=0.0,
            receipts=0.0,
            lost=0.0,
            shipments=demand["demand"],
            projected_available=np.where(backlog > 0, 0.0, demand["demand"] * 0.5),
            backlog=backlog,
            late=np.where(late, 80.0, 0.0),
            safety_stock=demand["demand"] * 0.3,
            why=np.where(late, "LINE2 is full", ""),
        ),
    )


def capacity_plan():
    load = 600 + 60 * np.sin(np.arange(18) / 2)
    rows = [
        dict(
            resource="LINE1",
            bucket=AHEAD,
            load=load * 0.8,
            unconstrained_load=load * 0.8,
            regular_capacity=640.0,
            overtime=0.0,
            overtime_limit=80.0,
            shadow_price=0.0,
        ),
        dict(
            resource="LINE2",
            bucket=AHEAD,
            load=np.minimum(load * 1.2, 720),
            unconstrained_load=load * 1.2,
            regular_capacity=640.0,
            overtime=np.clip(load * 1.2 - 640, 0, 80),
            overtime_limit=80.0,
            shadow_price=np.where(load * 1.2 > 720, 85.0, 0.0),
        ),
    ]
    frame = pd.concat([pd.DataFrame(row) for row in rows])
    return _filled(
        "capacity_plan", frame.assign(utilisation=frame["load"] / frame["regular_capacity"])
    )


def workforce_plan():
    return _filled(
        "workforce_plan",
        dict(resource=["LINE1"] * 18, bucket=AHEAD, workers=[4.0] * 18, hired=0.0, laid_off=0.0),
    )


def inventory_plan():
    supply = supply_plan()
    cost = supply["item"].map(dict(zip(ITEMS, [60.0, 45.0, 15.0, 2500.0])))
    return _filled(
        "inventory_plan",
        supply[["item", "bucket"]].assign(
            units=supply["projected_available"],
            value=supply["projected_available"] * cost,
            cover=0.5,
            target=supply["demand"] * 0.4,
        ),
    )


def backlog_plan():
    rows = supply_plan().query("item == 'X-900'")
    return _filled(
        "backlog_plan",
        dict(
            family="specials",
            bucket=rows["bucket"],
            opening=12.0,
            bookings=rows["demand"],
            shipments=rows["shipments"],
            closing=rows["backlog"],
            late=np.where(rows["bucket"].isin(AHEAD[3:5]), 3.0, 0.0),
            lead_time=1.5,
        ),
    )


def financial_plan(more=1.0):
    supply = supply_plan()
    facts = items().set_index("item")
    supply = supply.assign(
        family=supply["item"].map(facts["family"]),
        revenue=supply["shipments"] * supply["item"].map(facts["price"]) * more,
        cost_of_sales=supply["shipments"] * supply["item"].map(facts["unit_cost"]) * more,
        inventory_value=supply["projected_available"] * supply["item"].map(facts["unit_cost"]),
    )
    frame = supply.groupby(["family", "bucket"], as_index=False)[
        ["revenue", "cost_of_sales", "inventory_value"]
    ].sum()
    frame = frame.assign(
        period_costs=800.0,
        margin=frame["revenue"] - frame["cost_of_sales"] - 800.0,
        cash=frame["revenue"] * 0.3,
    )
    inside = frame["bucket"] < AHEAD[12]
    frame["budget_revenue"] = (frame["revenue"] * 1.03).where(inside)
    frame["budget_margin"] = (frame["margin"] * 0.98).where(inside)
    return _filled(
        "financial_plan",
        frame.assign(
            revenue_gap=frame["revenue"] - frame["budget_revenue"],
            margin_gap=frame["margin"] - frame["budget_margin"],
        ),
    )


def kpis():
    rows = [
        ("on_time_delivery", "fraction", 0.968, 0.97, "miss"),
        ("plan_adherence", "fraction", 0.931, 0.9, "ok"),
        ("forecast_accuracy", "fraction", 0.81, 0.8, "ok"),
        ("order_cycle_time", "days", 4.2, 5.0, "ok"),
        ("inventory_turns", "per year", 6.3, np.nan, ""),
        ("perfect_order", "fraction", np.nan, np.nan, "no data: orders would feed it"),
    ]
    return _filled(
        "kpis",
        pd.DataFrame(rows, columns=["kpi", "unit", "actual", "target", "status"]).assign(
            step=1, scope="company", bucket=PAST[-1]
        ),
    )


def exceptions():
    rows = [
        (
            3,
            "item",
            "P-300",
            AHEAD[2],
            "backlog",
            80.0,
            0.0,
            9600.0,
            "LINE2 is full: 80 units late in Mar 27",
        ),
        (
            2,
            "item",
            "P-300",
            AHEAD[0],
            "bias",
            0.18,
            0.15,
            24000.0,
            "the forecast has been 18 % high",
        ),
        (
            3,
            "resource",
            "LINE2",
            AHEAD[1],
            "overload",
            1.13,
            1.0,
            5100.0,
            "demand asks for 113 % of capacity",
        ),
        (
            2,
            "item",
            "V-110",
            AHEAD[0],
            "override",
            -60.0,
            0.0,
            14400.0,
            "override against the statistics",
        ),
        (1, "item", "X-900", AHEAD[0], "stale", 3.0, 2.0, 0.0, "no order for three months"),
    ]
    return _filled(
        "exceptions",
        pd.DataFrame(
            rows,
            columns=[
                "step",
                "level",
                "name",
                "bucket",
                "rule",
                "value",
                "threshold",
                "money",
                "reason",
            ],
        ).assign(cause=lambda r: r["rule"].str.capitalize(), count=1, counted="item"),
    )


def scenarios():
    return _filled(
        "scenarios",
        dict(
            scenario=["base", "demand +10 %", "second shift"] * 2,
            metric=["margin (money)"] * 3 + ["revenue (money)"] * 3,
            value=[900e3, 960e3, 930e3, 2.4e6, 2.6e6, 2.45e6],
            difference=[0.0, 60e3, 30e3, 0.0, 0.2e6, 0.05e6],
        ),
    )


def tables():
    """Every plan table by name; those without rows here are empty."""
    made = dict(
        history=history(),
        baseline_forecast=baseline_forecast(),
        demand_plan=demand_plan(),
        prices=prices(),
        supply_plan=supply_plan(),
        capacity_plan=capacity_plan(),
        workforce_plan=workforce_plan(),
        inventory_plan=inventory_plan(),
        backlog_plan=backlog_plan(),
        financial_plan=financial_plan(),
        kpis=kpis(),
        exceptions=exceptions(),
        scenarios=scenarios(),
        gap_options=_filled(
            "gap_options",
            dict(
                option=["second shift on LINE2", "subcontract P-300"],
                closes=[310.0, 80.0],
                cost=[42e3, 6e3],
                gain=[18e3, 3e3],
                value_per_unit=[58.0, 37.0],
                owner=["Ada", ""],
            ),
        ),
        decisions=_filled(
            "decisions",
            dict(
                id=[1, 2],
                cycle="2027-01",
                by="Ada",
                entered_at=START,
                text=["Second shift on LINE2, March to May?", "Keep the <b>old</b> pump?"],
                options=["second shift; subcontract; accept backlog", "yes; no"],
                chosen=["", "yes"],
                owner=["Grace", "Ada"],
                due=START,
                expected=[18e3, np.nan],
                realised=np.nan,
            ),
        ),
        assumptions=_filled(
            "assumptions",
            dict(
                id=[1],
                cycle="2027-01",
                by="Ada",
                entered_at=START,
                text="no second strike",
                condition="port closed",
                result="held",
                owner="Ada",
                kind="assumption",
            ),
        ),
        initiative_plan=_filled(
            "initiative_plan",
            dict(
                initiative="online shop",
                bucket=AHEAD[:3],
                units=[10.0, 20, 30],
                hours=0.0,
                money=[-5e3, 1e3, 2e3],
                weighted=[-2.5e3, 500, 1e3],
            ),
        ),
        product_plan=_filled(
            "product_plan",
            dict(
                item="P-310",
                bucket=AHEAD[:3],
                launch=[10.0, 20, 30],
                retirement=0.0,
                cannibalised=0.0,
                status="ramp",
            ),
        ),
    )
    return {name: made.get(name, table.empty()) for name, table in PLANS.items()}
