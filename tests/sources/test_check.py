"""Every check finds its fault, at its row and column, with its severity, and finds nothing in a
faultless company.
"""

import pandas as pd
import pytest

from sopkit.errors import PlanError
from sopkit.sources import check, read_facts, report
from sopkit.sources.issues import RULES
from tests.sources.company import BUCKETS, COMPANY, MONTH, issues_of, small, spoiled, write

LAST = "004,South,2026-10-01,111,9023\n"
HISTORY = COMPANY["sales_history"]
PARTS = "parent,child,quantity_per\n"
DOLLARS = {
    "markets": "market,currency\nSouth,USD\n",
    "exchange_rates": "currency,bucket,rate\nUSD,2020-01-01,0.5\n",
}
TWO_SITES = {
    "bill_of_resources": "item,resource,hours_per_unit\nP1,Line 1,0.5\nP1,Line 2,0.2\n",
    "resources": "resource,site,hours\nLine 1,Lyon,400\nLine 2,Ulm,400\n",
    "lanes": "from,to\nLyon,\nUlm,\n",
}
HEADS = {name: text.split("\n")[0] + "\n" for name, text in COMPANY.items()}


def stamped(freq):
    """A history of equal sales whose stamps are a frequency's."""
    days = pd.date_range("2020-01-01", "2026-10-01", freq=freq)
    rows = (f"P1,South,{day:%Y-%m-%d},100,8100\n" for day in days)
    return HEADS["sales_history"] + "".join(rows)


# rule, table, row, column, what is changed (tables, or settings as text)
FAULTS = [
    ("line break", "items", 3, "", spoiled("items", "P2,Pumps", 'P2,"Pum\nps"')),
    ("not as typed", "items", 2, "item", spoiled("items", "P1,Pumps", "4E+12,Pumps")),
    ("stray space", "items", 2, "item", spoiled("items", "P1,Pumps", "P1\u200e,Pumps")),
    ("after the plan's end", "budget", 0, "bucket", spoiled("budget", "2026-11-01", "2028-11-01")),
    (
        "wrong setting",
        "settings",
        0,
        "sales_inputs",
        {"sales_inputs": COMPANY["sales_inputs"], "settings": '[sales_inputs]\nrule = "Anne"'},
    ),
    ("unknown setting", "settings", 0, "roles", '[roles]\nmust_signn = ["x"]'),
    ("unknown setting", "settings", 0, "sales_inputs", "[sales_inputs]\nqux = 3"),
    (
        "late hour",
        "sales_history",
        2,
        "bucket",
        spoiled("sales_history", "2024-11-01,100,", "2024-10-31T15:00:00Z,100,"),
    ),
    ("unknown setting", "settings", 0, "owners", '[owners]\nPump = "Ann"'),
    ("wrong setting", "settings", 0, "targets", "[targets]\non_time_delivery = 95"),
    ("missing table", "items", 0, "", {"items": None}),
    ("missing table", "sales_history", 0, "", {"sales_history": None}),
    ("missing table", "items", 0, "", {"items": ""}),
    ("empty file", "items", 0, "", {"items": " \n\n"}),
    ("no rows", "items", 0, "", {"items": HEADS["items"]}),
    ("absent table", "receipts", 0, "", {"receipts": HEADS["receipts"]}),
    ("unreadable file", "orders", 0, "", {"orders": b"order,line\n\x00\x00,1\n"}),
    ("unreadable file", "orders", 0, "", {"orders": "\n" + COMPANY["orders"]}),
    ("missing column", "orders", 1, "ordered_on", spoiled("orders", "ordered_on", "order_date")),
    ("unknown column", "orders", 1, "order_date", spoiled("orders", "ordered_on", "order_date")),
    ("repeated column", "items", 1, "price", spoiled("items", "unit_cost", "price")),
    ("ragged row", "items", 3, "", spoiled("items", "P2,Pumps,stock,80", "P2,Pumps,stock,8,0")),
    ("ragged row", "items", 3, "", spoiled("items", "P2,Pumps,stock,80,30,,,,P1", "P2,Pumps")),
    ("blank", "items", 2, "item", spoiled("items", "P1,Pumps", ",Pumps")),
    (
        "blank",
        "sales_history",
        2,
        "quantity",
        spoiled("sales_history", "2024-11-01,100,", "2024-11-01,,"),
    ),
    ("not a number", "items", 2, "price", spoiled("items", "100", "$100")),
    ("not a number", "items", 2, "price", spoiled("items", "100", '"12,5"')),
    ("not a number", "launches", 2, "ramp", spoiled("launches", "0.5;1", "0.5;x")),
    ("NaN or infinity", "items", 2, "price", spoiled("items", "100", "NaN")),
    ("NaN or infinity", "items", 2, "price", spoiled("items", "100", "null")),
    ("NaN or infinity", "items", 2, "price", spoiled("items", "100", "-inf")),
    ("NaN or infinity", "items", 2, "price", spoiled("items", "100", "1e999")),
    ("not an ISO date", "orders", 2, "ordered_on", spoiled("orders", "2026-09-01", "03/04/2026")),
    ("impossible date", "orders", 2, "ordered_on", spoiled("orders", "2026-09-01", "2026-02-30")),
    (
        "impossible date",
        "sales_history",
        2,
        "bucket",
        spoiled("sales_history", "2024-11-01", "9999-11-01"),
    ),
    ("not one of", "items", 2, "strategy", spoiled("items", "stock", "stcok")),
    ("out of range", "items", 2, "price", spoiled("items", "100", "-1")),
    ("out of range", "items", 2, "unit_cost", spoiled("items", "40", "-40")),
    (
        "out of range",
        "bill_of_resources",
        2,
        "hours_per_unit",
        spoiled("bill_of_resources", "0.5", "-0.5"),
    ),
    ("out of range", "items", 2, "service_level", spoiled("items", "0.95", "95")),
    ("out of range", "launches", 2, "cannibalisation", spoiled("launches", "0.1", "1.1")),
    ("duplicate key", "items", 5, "item", {"items": COMPANY["items"] + "P1,Pumps,stock,1,1,,,,\n"}),
    (
        "duplicate key",
        "sales_history",
        146,
        "item + market + bucket",
        {"sales_history": HISTORY + LAST},
    ),
    (
        "duplicate key",
        "resources",
        4,
        "resource + bucket",
        {"resources": COMPANY["resources"] + "Line 1,,400,40,30\n"},
    ),
    (
        "duplicate key",
        "resources",
        4,
        "resource + bucket",
        {"resources": COMPANY["resources"] + "Line 1,2026-12-15,400,40,30\n"},
    ),
    (
        "duplicate key",
        "sales_inputs",
        3,
        "author + item + family + market + bucket",
        spoiled(
            "sales_inputs",
            ",Pumps,,2026-11-01,400",
            "P1,,,2026-11-01,9\nAnn,P1,Pumps,,2026-11-01,8",
        ),
    ),
    ("unknown item", "orders", 2, "item", spoiled("orders", "P1", "P1x")),
    (
        "part of itself",
        "components",
        3,
        "child",
        {"components": PARTS + "P1,004,1\nP2,P2,1\n"},
    ),
    ("unit cost below parts", "items", 2, "unit_cost", {"components": PARTS + "P1,P2,2\n"}),
    ("unknown item", "components", 2, "child", {"components": PARTS + "P1,P9,1\n"}),
    (
        "out of range",
        "exchange_rates",
        2,
        "rate",
        {"exchange_rates": DOLLARS["exchange_rates"].replace("0.5", "0")},
    ),
    ("no exchange rate", "markets", 2, "currency", {"markets": "market,currency\nSouth,USD\n"}),
    ("foreign money", "sales_history", 0, "revenue", DOLLARS),
    ("wrong calendar", "calendar", 0, "starts_on", {"calendar": "starts_on\n2024-11-01\n"}),
    ("made at several sites", "bill_of_resources", 2, "site", TWO_SITES),
    ("lane to nowhere", "lanes", 2, "to", {"lanes": "from,to\nLyon,Suoth\n"}),
    ("successor loop", "items", 3, "successor", spoiled("items", ",P1\n", ",P2\n")),
    (
        "no plan",
        "items",
        3,
        "ending_stock",
        {"items": "item,maximum_stock,ending_stock\nP1,9,9\nP2,9,10\n004,,\n"},
    ),
    (
        "no plan",
        "resources",
        2,
        "hours_per_worker",
        {"resources": "resource,workers,hours_per_worker\nLine 1,4,\nLine 2,4,140\n"},
    ),
    ("unknown item", "items", 3, "successor", spoiled("items", ",P1\n", ",P9\n")),
    ("unknown item", "launches", 2, "like_item", spoiled("launches", "P1", "P7")),
    ("unknown item", "receipts", 2, "item", spoiled("receipts", "P1", "4")),
    ("unknown family", "budget", 2, "family", spoiled("budget", "Pumps", "Pump")),
    ("unknown family", "launches", 2, "cannibalised_family", spoiled("launches", "Pumps", "Pump")),
    (
        "unknown resource",
        "bill_of_resources",
        2,
        "resource",
        spoiled("bill_of_resources", "Line 1", "Line 2"),
    ),
    (
        "unknown resource",
        "initiatives",
        2,
        "resource",
        spoiled("initiatives", ",Pumps,,", ",,Line 3,"),
    ),
    ("unknown market", "events", 2, "market", spoiled("events", "North", "Norht")),
    (
        "unknown market",
        "sales_inputs",
        2,
        "market",
        spoiled("sales_inputs", "Ann,,Pumps,,", "Ann,,Pumps,Norht,"),
    ),
    ("like itself", "launches", 2, "like_item", spoiled("launches", "P2,P1", "P2,P2")),
    (
        "gate passed",
        "initiatives",
        2,
        "gate_on",
        {"initiatives": "initiative,starts_on,gate_on\nGo,2027-01-01,2026-10-01\n"},
    ),
    ("not as typed", "events", 2, "event", spoiled("events", "Fair", "2026-06-10 00:00:00")),
    ("not as typed", "items", 2, "family", spoiled("items", "P1,Pumps", "P1,#N/A")),
    ("not as typed", "items", 2, "item", spoiled("items", "P1,Pumps", "10-Jun,Pumps")),
    ("not as typed", "items", 2, "item", spoiled("items", "P1,Pumps", "4.00638E+12,Pumps")),
    ("end before start", "events", 2, "ends_on", spoiled("events", "2026-12-31", "2026-11-30")),
    (
        "end before start",
        "items",
        2,
        "retired_on",
        spoiled("items", "2020-01-01,", "2020-01-01,2019-01-01"),
    ),
    (
        "two scopes",
        "sales_inputs",
        2,
        "item",
        spoiled("sales_inputs", "Ann,,Pumps", "Ann,P1,Valves"),
    ),
    (
        "redundant family",
        "sales_inputs",
        2,
        "family",
        spoiled("sales_inputs", "Ann,,Pumps", "Ann,P1,Pumps"),
    ),
    ("unreadable settings", "settings", 0, "", "horizon = = 3"),
    ("unreadable settings", "settings", 0, "", b"currency = '\xff'"),
    ("unknown setting", "settings", 0, "horizn", "horizn = 3"),
    ("wrong setting", "settings", 0, "horizon", 'horizon = "long"'),
    ("wrong setting", "settings", 0, "horizon", "horizon = true"),
    ("wrong setting", "settings", 0, "horizon", "horizon = 0"),
    ("wrong setting", "settings", 0, "service_level", "service_level = 95"),
    ("wrong setting", "settings", 0, "holding_rate", "holding_rate = nan"),
    ("wrong setting", "settings", 0, "bucket", 'bucket = "day"'),
    ("wrong setting", "settings", 0, "targets", '[targets]\non_time_delivery = "good"'),
    ("wrong setting", "settings", 0, "owners", "owners = 3"),
    ("wrong setting", "settings", 0, "markets", 'markets = "East"'),
    ("wrong setting", "settings", 0, "roles", '[roles]\nfinance = "Greta"'),
    ("wrong setting", "settings", 0, "roles", "[roles]\nreconcile = { answers = [] }"),
    ("wrong setting", "settings", 0, "roles", '[roles]\nreconcile = { informed = "Bo" }'),
    ("byte-order mark", "items", 0, "", {"items": b"\xef\xbb\xbf" + COMPANY["items"].encode()}),
    (
        "not UTF-8",
        "items",
        3,
        "",
        {"items": COMPANY["items"].replace("Pumps,stock,80", "Pümpen,stock,80").encode("cp1252")},
    ),
    ("not UTF-8", "items", 0, "", {"items": COMPANY["items"].encode("utf-16")}),
    (
        "unreadable file",
        "items",
        0,
        "",
        {"items": COMPANY["items"].replace("Valves", "V\x81\xff").encode("latin-1")},
    ),
    ("empty file", "receipts", 0, "", {"receipts": ""}),
    ("thousands separator", "items", 2, "price", spoiled("items", "100", '"1,234"')),
    ("thousands separator", "items", 2, "price", spoiled("items", "100", "12 345 678")),
    ("stray space", "items", 2, "item", spoiled("items", "P1,Pumps", "P1 ,Pumps")),
    ("stray space", "items", 1, "price", spoiled("items", "price", " price")),
    (
        "summed duplicates",
        "sales_history",
        146,
        "item + market + bucket",
        {"sales_history": HISTORY + LAST, "settings": "sum_duplicates = true"},
    ),
    ("blank family", "items", 2, "family", spoiled("items", "P1,Pumps", "P1,")),
    ("blank market", "sales_history", 2, "market", spoiled("sales_history", "P1,North", "P1,")),
    ("blank strategy", "items", 2, "strategy", spoiled("items", "Pumps,stock", "Pumps,")),
    ("absent column", "items", 0, "strategy", spoiled("items", "strategy", "policy")),
    ("blank as_of", "inventory", 2, "as_of", spoiled("inventory", "30,2026-10-31", "30,")),
    ("negative stock", "inventory", 2, "on_hand", spoiled("inventory", "30", "-30")),
    (
        "negative stock",
        "inventory_history",
        2,
        "on_hand",
        spoiled("inventory_history", "25", "-25"),
    ),
    ("negative order", "orders", 2, "quantity", spoiled("orders", "2026-09-11,5", "2026-09-11,-5")),
    ("overdue receipt", "receipts", 2, "due_on", spoiled("receipts", "2026-11-15", "2026-10-15")),
    (
        "shipped before ordered",
        "orders",
        2,
        "shipped_on",
        spoiled("orders", "2026-09-11", "2026-08-31"),
    ),
    (
        "promised before ordered",
        "orders",
        2,
        "promised_on",
        spoiled("orders", "2026-09-12", "2026-08-31"),
    ),
    (
        "unit jump",
        "sales_history",
        2,
        "quantity",
        spoiled("sales_history", "2024-11-01,100,", "2024-11-01,100000,"),
    ),
    (
        "unit jump",
        "sales_history",
        4,
        "quantity",
        spoiled("sales_history", "2025-01-01,102,", "2025-01-01,0.102,"),
    ),
    ("longer bucket", "sales_history", 0, "bucket", {"sales_history": stamped("YS-FEB")}),
    ("longer bucket", "sales_history", 0, "bucket", {"sales_history": stamped("2MS")}),
    (
        "longer bucket",
        "sales_history",
        0,
        "bucket",
        {"sales_history": stamped("MS"), "settings": 'bucket = "week"'},
    ),
    ("last days", "sales_history", 0, "bucket", {"sales_history": stamped("ME")}),
    (
        "late hour",
        "sales_history",
        4,
        "bucket",
        spoiled("sales_history", "2025-01-01,102,", "2024-12-31T23:00:00Z,102,"),
    ),
    (
        "bucket absent",
        "sales_history",
        0,
        "bucket",
        {
            "sales_history": "".join(
                line for line in HISTORY.splitlines(True) if "2025-05-01" not in line
            )
        },
    ),
    (
        "bucket missing",
        "sales_history",
        4,
        "bucket",
        spoiled("sales_history", "P1,North,2025-01-01,102,9002\n", ""),
    ),
    (
        "empty buckets",
        "sales_history",
        3,
        "bucket",
        spoiled(
            "sales_history",
            "".join(
                f"P1,North,{bucket},{100 + n % 12},{9000 + n}\n"
                for n, bucket in enumerate(BUCKETS)
                if 0 < n < 12
            ),
            "",
        ),
    ),
    (
        "history ends early",
        "sales_history",
        0,
        "bucket",
        {
            "sales_history": "".join(
                line for line in HISTORY.splitlines(True) if "2026-10-01" not in line
            )
        },
    ),
    (
        "low volume",
        "sales_history",
        0,
        "quantity",
        {
            "sales_history": (
                "".join(
                    line.replace(",10", ",1") if "2026-10-01" in line else line
                    for line in HISTORY.splitlines(True)
                ).replace("2026-10-01,111", "2026-10-01,11")
            )
        },
    ),
    (
        "stale count",
        "inventory",
        2,
        "on_hand",
        {**spoiled("inventory", "30,2026-10-31", "30,2026-08-31"), "inventory_history": None},
    ),
    (
        "count after the plan's start",
        "inventory",
        3,
        "on_hand",
        spoiled("inventory", "20,2026-10-31", "20,2026-11-03"),
    ),
    ("no stock count", "items", 3, "item", spoiled("inventory", "P2,20,2026-10-31\n", "")),
    (
        "stock not counted",
        "inventory_history",
        4,
        "bucket",
        {"inventory_history": COMPANY["inventory_history"] + "P2,2026-10-01,5,0\n"},
    ),
    (
        "plan without lots",
        "items",
        0,
        "lot_size",
        spoiled("items", "unit_cost", "lot_size"),
    ),
    (
        "unit cost from standard",
        "items",
        0,
        "unit_cost",
        spoiled("items", "unit_cost", "standard_cost"),
    ),
    (
        "unplanned items",
        "production_history",
        0,
        "item",
        spoiled("production_history", "P1", "M1") | {"settings": 'unplanned = "leave out"'},
    ),
    ("never sold", "items", 5, "item", {"items": COMPANY["items"] + "N1,Pumps,stock,1,1,,,,\n"}),
    (
        "after the plan's month",
        "orders",
        0,
        "ordered_on",
        {"orders": COMPANY["orders"] + "9,1,P1,North,2026-11-02,,,,5,\n"},
    ),
    (
        "shipped after the plan's month",
        "orders",
        0,
        "shipped_on",
        spoiled("orders", "2026-09-11,5,5", "2026-11-11,5,5"),
    ),
]


@pytest.mark.parametrize(
    "fault",
    FAULTS,
    ids=[f"{place:03d} {rule}: {table}" for place, (rule, table, *_) in enumerate(FAULTS)],
)
def test_finds(fault, tmp_path):
    rule, table, row, column, change = fault
    changes = {"settings": change} if isinstance(change, str | bytes) else change
    if "resource" in rule and "resources" not in changes:
        changes = {**changes, "resources": COMPANY["resources"]}
    issues = issues_of(small(tmp_path / "data", **changes), rule)
    found = issues[
        (issues["table"] == table) & (issues["row"] == row) & (issues["column"] == column)
    ]
    assert len(found) == 1, issues.to_string()
    assert found["severity"].item() == RULES[rule][0]
    assert found["problem"].item() and found["done"].item()


@pytest.mark.parametrize("name", ["items", "orders", "budget"])
def test_errors_stop_and_warnings_do_not(name, tmp_path):
    wrong, odd = (
        {"items": ("stock,100", "stock,ten"), "orders": ("P1", "P9"), "budget": ("Pumps", "Pump")}[
            name
        ],
        (",", " ,"),
    )
    with pytest.raises(PlanError, match="1 error.*\\n(.*\\n)*.*run `sopkit check"):
        read_facts(write(tmp_path / "wrong", **spoiled(name, *wrong)), MONTH)
    text = COMPANY[name].split("\n", 1)
    odd = read_facts(
        write(tmp_path / "odd", **{name: text[0] + "\n" + text[1].replace(*odd, 1)}), MONTH
    )
    assert odd.issues["rule"].tolist() == ["stray space"]


MATERIALS = "".join(
    f"M{code},{place},\n" for place in (1, 2) for code in range(111)
)  # 222 rows, each material in two places, and undated


def test_materials_that_are_not_planned_are_one_error_that_offers_the_setting(tmp_path):
    folder = write(tmp_path / "data", inventory=COMPANY["inventory"] + MATERIALS)
    issues = check(folder, MONTH).query("severity == 'error'")
    assert issues[["table", "row", "column", "rule", "value"]].values.tolist() == [
        ["inventory", 5, "item", "unknown item", "222 of 225 rows"]
    ], "once, at the first of them, and their double keys are no errors as well"
    assert issues["problem"].item().startswith("name 111 items that items does not list, the first")
    assert 'unplanned = "leave out" in settings.toml' in issues["done"].item()
    assert "(222 rows)" not in report(issues) and report(issues).startswith("1 error")


@pytest.mark.parametrize("material", ["M1,x,\n", MATERIALS])
def test_the_setting_leaves_them_out_and_says_so_once(material, tmp_path):
    plain, more = tmp_path / "plain", tmp_path / "more"
    write(plain, settings="review = 1.0")
    write(
        more,
        inventory=COMPANY["inventory"] + material,
        production_history=COMPANY["production_history"] + "M1,2026-10-01,5,5\n",
        receipts=COMPANY["receipts"] + "M2,2026-11-15,40,2026-10-01\n",
        bill_of_resources=COMPANY["bill_of_resources"] + "M3,Line 1,0.5\n",
        inventory_history=COMPANY["inventory_history"] + "M1,2026-10-01,25,0\n",
        settings='unplanned = "leave out"',
    )
    facts = read_facts(more, MONTH)
    rows = material.count("\n")
    assert facts.issues[["table", "rule", "value", "severity"]].values.tolist() == [
        ["bill_of_resources", "unplanned items", "1 of 2 rows", "notice"],
        ["inventory", "unplanned items", f"{rows} of {rows + 3} rows", "notice"],
        ["inventory_history", "unplanned items", "1 of 3 rows", "notice"],
        ["production_history", "unplanned items", "1 of 2 rows", "notice"],
        ["receipts", "unplanned items", "1 of 2 rows", "notice"],
    ], "what else is wrong with such rows is moot"
    for name, rows in read_facts(plain, MONTH).tables.items():
        pd.testing.assert_frame_equal(facts[name], rows)


def test_a_sale_or_an_order_of_an_unknown_item_is_an_error_all_the_same(tmp_path):
    change = spoiled("orders", "P1", "P9") | {"settings": 'unplanned = "leave out"'}
    assert len(issues_of(write(tmp_path / "data", **change), "unknown item")) == 1


def test_settings_may_name_more_markets_and_orders_any(tmp_path):
    company = spoiled("events", "North", "East") | spoiled("orders", "North", "West")
    folder = write(tmp_path / "data", settings='markets = ["East"]', **company)
    assert check(folder, MONTH).query("severity == 'error'").empty
    assert "East" in read_facts(folder, MONTH).markets


def test_every_rule_has_a_test():
    elsewhere = {"table given twice", "unknown table", "incomplete bucket"}
    elsewhere |= {"promoted scenario", "scenario left out"}
    assert {rule for rule, *_ in FAULTS} == set(RULES) - elsewhere


def test_a_faultless_company_has_no_issue(tmp_path):
    issues = check(write(tmp_path / "data"), MONTH)
    assert issues.empty, issues.to_string()


def test_lists_every_problem_at_once(tmp_path):
    folder = write(
        tmp_path / "data",
        **spoiled("items", "100", "abc"),
        **spoiled("orders", "P1", "P1x"),
        budget="family\nPumps\n",
        **spoiled("receipts", "2026-11-15", "2026-10-15"),
    )
    assert {"not a number", "unknown item", "missing column", "overdue receipt"} <= set(
        check(folder, MONTH)["rule"]
    )


def test_a_date_that_could_be_two_shows_both(tmp_path):
    problem = issues_of(
        small(tmp_path / "data", **spoiled("orders", "2026-09-01", "03/04/2026")), "not an ISO date"
    )["problem"].item()
    assert "3 April 2026 (2026-04-03) or 4 March 2026 (2026-03-04)" in problem


def test_a_decimal_comma_in_a_comma_file_shows_both_readings(tmp_path):
    problem = issues_of(
        small(tmp_path / "data", **spoiled("items", "100", '"12,5"')), "not a number"
    )["problem"].item()
    assert "12.5 or 125" in problem


def test_unknown_names_come_with_the_nearest(tmp_path):
    folder = small(tmp_path / "data", **spoiled("budget", "Pumps", "Pump"), settings="horizn = 3")
    assert "did you mean Pumps?" in issues_of(folder, "unknown family")["problem"].item()
    assert "did you mean horizon?" in issues_of(folder, "unknown setting")["problem"].item()


def test_unknown_files_are_named(tmp_path):
    folder = small(tmp_path / "data")
    (folder / "item.csv").write_text("item\nP1\n")
    (folder / "README.md").write_text("not a table")
    issues = issues_of(folder, "unknown table")
    assert (
        issues["value"].tolist() == ["item.csv"]
        and "did you mean items?" in issues["problem"].item()
    )


@pytest.mark.parametrize(
    "stop, cut", [("2026-10-31", False), ("2026-10-28", False), ("2026-10-27", True)]
)
def test_dated_rows_that_stop_early_make_the_last_bucket_incomplete(stop, cut, tmp_path):
    days = pd.date_range("2026-07-01", stop)
    sales = "item,market,bucket,quantity\n" + "".join(
        f"P1,North,{day:%Y-%m-%d},5\n" for day in days
    )
    folder = small(tmp_path / "data", sales_history=sales)
    facts = read_facts(folder, MONTH)
    assert ("incomplete bucket" in set(facts.issues["rule"])) == cut
    assert facts.issues["done"].str.contains("MONTH 2026-10 plans it whole").any() == cut
    assert f"{facts.sales_history['bucket'].max():%Y-%m}" == ("2026-09" if cut else "2026-10")
    assert facts.sales_history.set_index("bucket")["quantity"].loc["2026-07-01"] == 31 * 5
    following = read_facts(folder, "next")
    named = read_facts(folder, "2026-10" if cut else MONTH)
    assert following.month == named.month and following.first == named.first
    for table, rows in named.tables.items():
        pd.testing.assert_frame_equal(following[table], rows)
    pd.testing.assert_frame_equal(following.issues, named.issues)


def test_stamped_rows_cannot_tell_an_incomplete_bucket(tmp_path):
    sales = HISTORY.replace("-01,1", "-15,1")
    assert issues_of(small(tmp_path / "data", sales_history=sales), "incomplete bucket").empty


def test_a_company_that_ships_thousands_instead_of_pieces_is_told_row_by_row(tmp_path):
    lines = HISTORY.splitlines(True)
    sales = "".join(
        line.replace(",1", ",1000", 1) if line.startswith("P1,North,2026") else line
        for line in lines
    )
    issues = issues_of(small(tmp_path / "data", sales_history=sales), "unit jump")
    assert len(issues) == 10 and issues["problem"].str.contains("times the usual").all()


def test_the_error_names_the_first_and_where_to_see_the_rest(tmp_path):
    orders = COMPANY["orders"].replace("P1", "X9")
    with pytest.raises(PlanError) as error:
        read_facts(small(tmp_path / "data", orders=orders), MONTH)
    message = str(error.value)
    assert (
        message.startswith("3 errors")
        and "orders, item: unknown item (3 rows)" in message
        and "row 2: 'X9'" in message
    )


def test_the_report_groups_and_lists_all_when_asked(tmp_path):
    issues = check(
        small(tmp_path / "data", orders=COMPANY["orders"].replace("P1", "X9").replace("004", "X8")),
        MONTH,
    )
    short, full = report(issues), report(issues, full=True)
    assert "and 1 more" in short and "row 5" not in short
    assert all(f"row {row}: " in full for row in (2, 3, 4, 5))


def test_no_such_place():
    with pytest.raises(PlanError, match="is not there or cannot be read"):
        check("no/such/folder")
    with pytest.raises(PlanError, match="cannot be read"):
        read_facts("postgresql://host/facts")
