"""A small company without a fault, as CSV text; tests spoil one thing at a time."""

import pandas as pd

from sopkit.sources import check

MONTH = "2026-11"
BUCKETS = [f"{day:%Y-%m-%d}" for day in pd.date_range("2024-11-01", "2026-10-01", freq="MS")]

COMPANY = {
    "items": (
        "item,family,strategy,price,unit_cost,service_level,launched_on,retired_on,successor\n"
        "P1,Pumps,stock,100,40,0.95,2020-01-01,,\nP2,Pumps,stock,80,30,,,,P1\n004,Valves,order,50,20,,,,\n"
    ),
    "sales_history": (
        "item,market,bucket,quantity,revenue\n"
        + "".join(
            f"{item},{market},{bucket},{100 + number % 12},{9000 + number}\n"
            for item in ("P1", "P2", "004")
            for market in ("North", "South")
            for number, bucket in enumerate(BUCKETS)
        )
    ),
    "orders": (
        "order,line,item,market,ordered_on,requested_on,promised_on,shipped_on,quantity,shipped_quantity\n"
        "1,1,P1,North,2026-09-01,2026-09-10,2026-09-12,2026-09-11,5,5\n"
        "2,1,P1,North,2026-10-01,2026-10-10,2026-10-12,,8,\n2,2,P1,North,2026-10-01,2026-11-20,2026-11-20,,3,\n"
        "3,1,004,South,2026-10-05,2026-12-05,2026-12-05,,7,2\n"
    ),
    "inventory": "item,on_hand,as_of\nP1,30,2026-10-31\nP2,20,2026-10-31\n004,0,2026-10-31\n",
    "inventory_history": (
        "item,bucket,on_hand,stocked_out\nP1,2026-09-01,25,0\nP1,2026-10-01,31,0\n"
    ),
    "receipts": "item,due_on,quantity,ordered_on\nP1,2026-11-15,40,2026-10-01\n",
    "production_history": "item,bucket,planned,actual\nP1,2026-10-01,100,98\n",
    "resources": (
        "resource,bucket,hours,overtime_hours,regular_cost\nLine 1,,400,40,30\nLine"
        " 1,2026-12-01,300,40,30\n"
    ),
    "bill_of_resources": "item,resource,hours_per_unit\nP1,Line 1,0.5\n",
    "sourcing": "item,source,unit_cost,max_quantity\nP2,Supplier,31,500\n",
    "events": (
        "event,item,family,market,kind,starts_on,ends_on,uplift,pull_forward,price\nFair,P1,,North,promotion,2026-12-01,2026-12-31,0.2,0.5,90\n"
    ),
    "launches": (
        "item,like_item,launched_on,ramp,peak,cannibalised_item,cannibalised_family,cannibalisation\nP2,P1,2026-12-01,0.5;1,1,,Pumps,0.1\n"
    ),
    "initiatives": (
        "initiative,item,family,resource,owner,probability,starts_on,ends_on,demand_change\nGo"
        " west,,Pumps,,Ann,0.5,2027-01-01,2027-06-30,0.1\n"
    ),
    "sales_inputs": "author,item,family,market,bucket,quantity\nAnn,,Pumps,,2026-11-01,400\n",
    "budget": "family,bucket,quantity,revenue,margin\nPumps,2026-11-01,400,40000,20000\n",
}


def write(folder, tables=None, settings=None, **changes):
    """The folder with the company's CSV files; ``changes`` replaces a table's text (str or bytes),
    None leaves it out.
    """
    folder.mkdir(exist_ok=True)
    for name, text in ({**COMPANY, **(tables or {}), **changes}).items():
        if text is not None:
            (folder / f"{name}.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    if settings is not None:
        (folder / "settings.toml").write_bytes(
            settings if isinstance(settings, bytes) else settings.encode()
        )
    return folder


def small(folder, settings=None, **changes):
    """As ``write``, with items, sales_history and the changed tables only: quicker to read."""
    return write(
        folder,
        {name: None for name in COMPANY if name not in ("items", "sales_history")},
        settings,
        **changes,
    )


def spoiled(name, old, new):
    """The company's table with one text replaced once; it must be there."""
    assert old in COMPANY[name], (name, old)
    return {name: COMPANY[name].replace(old, new, 1)}


def issues_of(folder, rule, month=MONTH):
    """The issues of one rule."""
    issues = check(folder, month)
    return issues[issues["rule"] == rule]
