"""Published aggregate-planning cases as input frames, shared by the tests."""

import pandas as pd


def months(count, first="2026-01-01"):
    return pd.date_range(first, periods=count, freq="MS")


def demand_of(quantities, item="unit"):
    return pd.DataFrame({"item": item, "bucket": months(len(quantities)), "quantity": quantities})


ROOFING_DEMAND = [900, 700, 800, 1200, 1500, 1100]
ROOFING_DAYS = [22, 18, 21, 21, 22, 20]


def roofing(workers, subcontract=None):
    """Heizer & Render, Operations Management, ch. 13: the roofing manufacturer (8 hours a day, 5
    money an hour, 1.6 hours a unit).
    """
    resources = pd.DataFrame(
        {
            "resource": "crew",
            "bucket": [None, *months(6)],
            "workers": [workers] + [None] * 6,
            "regular_cost": [5.0] + [None] * 6,
            "hours_per_worker": [None, *[8.0 * d for d in ROOFING_DAYS]],
        }
    )
    case = {
        "demand": demand_of(ROOFING_DEMAND),
        "items": pd.DataFrame(
            {
                "item": ["unit"],
                "holding_cost": [5.0],
                "lost_sales_cost": [10_000.0],
                "backlog_cost": [1_000.0],
            }
        ),
        "resources": resources,
        "bill_of_resources": pd.DataFrame(
            {"item": ["unit"], "resource": ["crew"], "hours_per_unit": [1.6]}
        ),
    }
    if subcontract is not None:
        case["sourcing"] = pd.DataFrame(
            {"item": ["unit"], "source": ["partner"], "unit_cost": [subcontract]}
        )
    return case


def skateboards(output, overtime=0.0):
    """Stevenson, Operations Management, ch. 11: regular output at 2, overtime at 3, inventory 1 on
    average stock, back order 5.
    """
    return {
        "demand": demand_of([200, 200, 300, 400, 500, 200]),
        "items": pd.DataFrame(
            {
                "item": ["unit"],
                "holding_cost": [1.0],
                "backlog_cost": [5.0],
                "lost_sales_cost": [1_000.0],
            }
        ),
        "resources": pd.DataFrame(
            {
                "resource": ["shop"],
                "hours": [output],
                "regular_cost": [2.0],
                "overtime_hours": [overtime],
                "overtime_cost": [3.0],
            }
        ),
        "bill_of_resources": pd.DataFrame(
            {"item": ["unit"], "resource": ["shop"], "hours_per_unit": [1.0]}
        ),
    }


def red_tomato(demand=(1600, 3000, 3200, 3800, 2200, 2200), holding_cost=2.0):
    """Chopra & Meindl, Supply Chain Management, ch. 8: Red Tomato Tools (80 workers, 1,000 in
    stock, 500 wanted at the end).
    """
    return {
        "demand": demand_of(list(demand)),
        "items": pd.DataFrame(
            {
                "item": ["unit"],
                "unit_cost": [10.0],
                "price": [40.0],
                "holding_cost": [holding_cost],
                "backlog_cost": [5.0],
                "ending_stock": [500.0],
            }
        ),
        "resources": pd.DataFrame(
            {
                "resource": ["plant"],
                "workers": [80],
                "hours_per_worker": [160.0],
                "overtime_per_worker": [10.0],
                "regular_cost": [4.0],
                "overtime_cost": [6.0],
                "hiring_cost": [300.0],
                "layoff_cost": [500.0],
            }
        ),
        "bill_of_resources": pd.DataFrame(
            {"item": ["unit"], "resource": ["plant"], "hours_per_unit": [4.0]}
        ),
        "sourcing": pd.DataFrame(
            {"item": ["unit"], "source": ["third party"], "unit_cost": [30.0]}
        ),
        "inventory": pd.DataFrame({"item": ["unit"], "on_hand": [1000]}),
    }
