"""The sample's settings.toml, and the blank one with every setting explained."""

import json

import pandas as pd

HEADS = ("Ines Marlow", "Tom Adler", "Greta Holm")
SETTINGS_TEXT = """# Quellmoor Flow, an invented maker of pumps and valves. Every setting: sopkit sample DIR --empty
currency = "EUR"
bucket = "month"
horizon = 24
fiscal_year_start = 1
planning_fence = 2
service_level = 0.95
review = 1.0
receivable_days = 45
payable_days = 40
holding_rate = 0.18
price = "list"
history_basis = "orders"
on_time_basis = "promised"
on_time_late = 1

[sales_inputs]
rule = "midpoint"

[targets]
on_time_delivery = 0.95
otif = 0.92
plan_adherence = 0.95
forecast_accuracy_lag_1 = 0.80
order_cycle_time = 20
inventory_turns = 10.0
stocked_out_share = 0.02
planned_service = 0.97

[thresholds]
bias = 0.2
excess_stock = 5.0
revenue_gap = 0.03

[owners]
gather_data = "Paul Renner"
demand_plan = "Tom Adler"
supply_plan = "Ines Marlow"
reconcile = "Greta Holm"
executive_review = "Dr. Ada Kessel"
"""
ROLES = """
[roles]
must_sign = ["demand", "supply", "finance", "general manager"]
planning = ["Paul Renner"]
demand = ["Tom Adler"]
sales = ["Mara Voss"]
supply = ["Ines Marlow"]
finance = ["Greta Holm"]
"general manager" = ["Dr. Ada Kessel"]
gather_data = { responsible = ["planning"], accountable = ["demand"], informed = ["supply", "finance"] }
demand_plan = { responsible = ["demand", "sales"], accountable = ["demand"], consulted = ["finance"], informed = ["supply"] }
supply_plan = { responsible = ["supply"], accountable = ["supply"], consulted = ["demand"], informed = ["finance", "sales"] }
reconcile = { responsible = ["finance", "demand", "supply"], accountable = ["finance"], consulted = ["planning"], informed = ["general manager"] }
executive_review = { responsible = ["general manager"], accountable = ["general manager"], consulted = ["finance", "supply", "demand"], informed = ["sales", "planning"] }
"""


def settings_text(traits: pd.DataFrame) -> str:
    """The company's settings: only what differs from the defaults, or what people look for."""
    families = traits["family"].unique()
    owners = "\n".join(
        f"{json.dumps(str(family), ensure_ascii=False)} = {json.dumps(HEADS[place % len(HEADS)])}"
        for place, family in enumerate(families)
    )
    return SETTINGS_TEXT + owners + "\n" + ROLES
