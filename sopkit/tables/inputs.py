"""The input tables: facts that a company brings, one file or sheet each."""

from math import inf

from sopkit.tables.declare import Table, bucket, date, fraction, number, text

NONE = "(none)"  # the family or market of what names none
OVERTIME_RATE = 1.5

ITEM = text("item", "item code, kept as written", required=True)
MARKET = text("market", "region, channel or customer group; blank = (none)", blank=NONE)
RARE = {
    "calendar",
    "components",
    "lanes",
    "markets",
    "exchange_rates",
}  # which most companies do not have
SCOPE = "blank item and family = everything"
SITE = "needed beside lanes only"


def _input(name, doc, key, *columns):
    return Table(name, "input", doc, tuple(key.split()), columns)


def _overtime(resources):
    return OVERTIME_RATE * resources["regular_cost"]


INPUTS = [
    _input(
        "items",
        "What is planned: one row per item",
        "item",
        ITEM,
        text("family", "planning group above the item; blank = (none)", blank=NONE),
        text("line", "product line above the family; blank = none", blank=""),
        text("description", "what people call it"),
        text(
            "unit", "unit of measure; totals over different units are shown in money only", blank=""
        ),
        text(
            "strategy",
            "made to stock or to order; blank = stock",
            choices=("stock", "order"),
            blank="stock",
        ),
        number(
            "price",
            "money/unit",
            "list price; blank, or not what the last 12 buckets brought = realised over them",
            at_least=0,
        ),
        number(
            "unit_cost",
            "money/unit",
            "material or purchase cost alone; blank = 0, or what a standard_cost leaves after the"
            " hours of its resources; never less than its components cost",
            at_least=0,
            blank=0,
        ),
        number(
            "standard_cost",
            "money/unit",
            "all in, labour included, as the books carry it; blank = unit_cost + the hours of its"
            " resources",
            at_least=0,
        ),
        number(
            "holding_cost",
            "money/unit/bucket",
            "blank = unit_cost × holding_rate ÷ buckets a year",
            at_least=0,
        ),
        number(
            "backlog_cost",
            "money/unit/bucket",
            "blank = max(2 × holding, price × backlog_rate ÷ buckets a year)",
            at_least=0,
        ),
        number(
            "lost_sales_cost",
            "money/unit",
            "blank = 10 × max(price, dearest way to get a unit) + horizon × (holding + backlog)",
            at_least=0,
        ),
        fraction("service_level", "cycle service wanted; blank = the settings' service_level"),
        number(
            "lead_time",
            "buckets",
            "from decision to arrival; blank = 0",
            at_least=0,
            at_most=600,
            blank=0,
        ),
        number(
            "customer_lead_time",
            "buckets",
            "how long an order customer agrees to wait; blank = 0",
            at_least=0,
            at_most=600,
            blank=0,
        ),
        number(
            "lot_size",
            "units",
            "production and purchases come in multiples of it; blank = any quantity",
            at_least=0,
            blank=0,
        ),
        number(
            "minimum_lot",
            "units",
            "smallest quantity made or bought at a time; blank = 0",
            at_least=0,
            blank=0,
        ),
        number(
            "maximum_stock",
            "units",
            "most that may be held at a bucket's end; blank = unlimited",
            at_least=0,
            blank=inf,
        ),
        number(
            "ending_stock",
            "units",
            "stock required at the horizon's end; blank = the plan runs on, hidden, so that its"
            " last bucket is like any other",
            at_least=0,
        ),
        number(
            "shelf_life",
            "buckets",
            "buckets until stock is unsaleable, of what is on hand from the plan's start; blank ="
            " unlimited",
            at_least=0,
            blank=inf,
        ),
        date("launched_on", "first day of sale"),
        date("retired_on", "last day of sale"),
        text("successor", "item that takes over its demand once it has retired"),
    ),
    _input(
        "sales_history",
        "What was sold (bookings, for order items), by bucket; daily rows are summed",
        "item market bucket",
        ITEM,
        MARKET,
        bucket(required=True),
        number("quantity", "units", "units sold; negative = returns", required=True),
        number("revenue", "money", "invoiced; blank = not known"),
    ),
    _input(
        "orders",
        "Customer order lines with their dates",
        "order line",
        text("order", "order number", required=True),
        text("line", "line of the order", required=True),
        ITEM,
        MARKET,
        date("ordered_on", "day the order came in", required=True),
        date("requested_on", "day the customer asked for"),
        date("promised_on", "day we promised"),
        date("shipped_on", "day it was shipped; blank = open"),
        number("quantity", "units", "units ordered", required=True, at_least=0),
        number(
            "shipped_quantity", "units", "units shipped; blank = all of a shipped line", at_least=0
        ),
    ),
    _input(
        "inventory",
        "The latest stock count",
        "item site",
        ITEM,
        text("site", f"where it is; {SITE}", blank=""),
        number("on_hand", "units", "units in stock; negative counts as 0", required=True),
        number("backlog", "units", "ordered and not shipped; blank = from open orders"),
        date("as_of", "day of the count; blank = the day before the plan's month"),
    ),
    _input(
        "inventory_history",
        "Stock at the end of past buckets",
        "item bucket",
        ITEM,
        bucket(required=True),
        number(
            "on_hand", "units", "units at the bucket's end; negative counts as 0", required=True
        ),
        number("stocked_out", "days", "days without stock in the bucket", at_least=0),
    ),
    _input(
        "receipts",
        "Open purchase and work orders; those of an item in bill_of_resources take its hours where"
        " they fall due",
        "item due_on ordered_on site",
        ITEM,
        text("site", f"where it arrives; {SITE}", blank=""),
        date("due_on", "day it is expected; blank or before the plan = in its first bucket"),
        number("quantity", "units", "units expected", required=True, at_least=0),
        date(
            "ordered_on",
            "day it was ordered; rows ordered later than the plan's month are not yet known; what"
            " was ordered since the last release is taken off what that released for the bucket;"
            " blank = since then, unless the release had it as a receipt",
        ),
    ),
    _input(
        "production_history",
        "What was planned and made",
        "item bucket",
        ITEM,
        bucket(required=True),
        number(
            "planned",
            "units",
            "what was planned; graded only in a bucket that no release of ours planned",
            at_least=0,
        ),
        number("actual", "units", "units made", required=True, at_least=0),
    ),
    _input(
        "resources",
        "Capacity: hours or workers, regular and overtime; a row with a bucket beats the blank one",
        "resource bucket",
        text("resource", "line, machine group or crew", required=True),
        bucket("bucket; blank = every bucket", required=False),
        text("site", f"where it is, and what it makes; {SITE}", blank=""),
        number(
            "hours", "hours/bucket", "regular hours; with workers, a ceiling on them", at_least=0
        ),
        number(
            "workers", "workers", "workers; the first bucket's is the opening workforce", at_least=0
        ),
        number("hours_per_worker", "hours/bucket", "regular hours of one worker", at_least=0),
        number(
            "extra_hours",
            "hours/bucket",
            "regular hours beside hours or workers, paid at regular_cost; initiatives add their"
            " capacity_change; blank = 0",
            blank=0,
        ),
        number("overtime_hours", "hours/bucket", "most overtime of the resource", at_least=0),
        number("overtime_per_worker", "hours/bucket", "most overtime of one worker", at_least=0),
        number(
            "regular_cost",
            "money/hour",
            "blank = 0, or as in the row without a bucket",
            at_least=0,
            blank=0,
        ),
        number(
            "overtime_cost", "money/hour", "blank = 1.5 × regular_cost", at_least=0, blank=_overtime
        ),
        number(
            "hiring_cost",
            "money/worker",
            "blank with layoff_cost blank = the workforce is as given",
            at_least=0,
        ),
        number("layoff_cost", "money/worker", "blank alone = no lay-off", at_least=0),
    ),
    _input(
        "bill_of_resources",
        "Hours that one unit takes on each resource",
        "item resource source site",
        ITEM,
        text("resource", "resource that makes it", required=True),
        text("source", "source (of sourcing) that needs it; blank = own production", blank=""),
        text("site", f"where the item then is; blank = where the resource is; {SITE}", blank=""),
        number(
            "hours_per_unit",
            "hours/unit",
            "hours of the resource per unit",
            required=True,
            at_least=0,
        ),
    ),
    _input(
        "calendar",
        "The company's own periods (4-4-5 weeks, from the 26th): buckets of every table, whose days"
        " and weeks are read into them",
        "starts_on",
        text("period", "what people call it (P01 2027); blank = its first day", blank=""),
        date("starts_on", "its first day; it ends before the next one's", required=True),
    ),
    _input(
        "markets",
        "Where the company sells, and in which money",
        "market",
        text("market", "market as sales_history names it", required=True),
        text("currency", "of its revenue in sales_history; blank = the company's", blank=""),
        text("group", "what it belongs to; blank = none", blank=""),
    ),
    _input(
        "exchange_rates",
        "What a unit of another currency is worth in the company's, past and planned",
        "currency bucket",
        text("currency", "as markets name it", required=True),
        bucket("bucket from which it holds, until the next one told"),
        number("rate", "money/unit", "the company's money per unit", required=True, at_least=1e-9),
    ),
    _input(
        "components",
        "Parts that one unit is made of; an item that has some is made",
        "parent child source",
        text("parent", "item that is made", required=True),
        text("child", "item that it takes", required=True),
        text("source", "source (of sourcing) that is sent them; blank = own production", blank=""),
        number("quantity_per", "units/unit", "children in one parent", required=True, at_least=0),
        number(
            "scrap",
            "fraction",
            "of the children, lost; blank = 0",
            at_least=0,
            at_most=0.99,
            blank=0,
        ),
    ),
    _input(
        "lanes",
        "Ways between sites, and from sites to markets; the row of the finest scope holds",
        "from to item family",
        text("from", "site", required=True),
        text("to", "site or market; blank = every market", blank=""),
        text("item", SCOPE, blank=""),
        text("family", SCOPE, blank=""),
        number("unit_cost", "money/unit", "of the transport; blank = 0", at_least=0, blank=0),
        number(
            "lead_time",
            "buckets",
            "rounded to whole buckets: less than half of one is none; blank = 0",
            at_least=0,
            at_most=600,
            blank=0,
        ),
        number(
            "max_quantity",
            "units/bucket",
            "most of all that the row is for; blank = unlimited",
            at_least=0,
            blank=inf,
        ),
    ),
    _input(
        "sourcing",
        "Suppliers and subcontractors",
        "item source site",
        ITEM,
        text("source", "supplier or subcontractor", required=True),
        text("site", f"where it delivers; {SITE}", blank=""),
        number("unit_cost", "money/unit", "all in; blank = the item's unit_cost", at_least=0),
        number("max_quantity", "units/bucket", "blank = unlimited", at_least=0, blank=inf),
        number("lead_time", "buckets", "blank = the item's lead_time", at_least=0, at_most=600),
    ),
    _input(
        "events",
        "Promotions, price changes, holidays and one-offs, past and planned",
        "event item family market",
        text("event", "name of the event", required=True),
        text("item", SCOPE),
        text("family", SCOPE),
        text("market", "blank = every market"),
        text(
            "kind",
            "what sort of event; blank = promotion",
            choices=("promotion", "holiday", "one_off", "price"),
            blank="promotion",
        ),
        date("starts_on", "first day", required=True),
        date("ends_on", "last day", required=True),
        number(
            "uplift",
            "fraction",
            "change of demand (0.3 = +30 %); blank = estimate it",
            at_least=-1,
            at_most=1000,
        ),
        fraction(
            "pull_forward", "fraction of the uplift taken from the next buckets; blank = 0", blank=0
        ),
        number("price", "money/unit", "price during the event", at_least=0),
        number(
            "price_change",
            "fraction",
            "how far prices move during it (-0.05 = 5 % lower), on top of price; blank = not",
            at_least=-0.99,
            at_most=1000,
        ),
    ),
    _input(
        "launches",
        "New items: like what, how fast, at whose expense",
        "item",
        ITEM,
        text("like_item", "item whose history stands in"),
        date("launched_on", "first day of sale", required=True),
        text("ramp", "fractions of the peak by bucket, separated by ; and 1 after the last"),
        number(
            "peak",
            "fraction",
            "fraction of the like item's demand at full ramp; blank = 1",
            at_least=0,
            at_most=1000,
            blank=1,
        ),
        text("cannibalised_item", "item that loses demand to it"),
        text("cannibalised_family", "family that loses demand to it"),
        fraction(
            "cannibalisation",
            "fraction of the new item's demand taken from the cannibalised; blank = 0",
            blank=0,
        ),
    ),
    _input(
        "initiatives",
        "Strategic initiatives: what they change and cost",
        "initiative item family resource",
        text("initiative", "name", required=True),
        text("item", SCOPE),
        text("family", SCOPE),
        text("resource", "resource whose capacity changes"),
        text("owner", "who answers for it"),
        text("stage", "idea, business case, approved, running …"),
        fraction("probability", "chance that it happens; blank = 1", blank=1),
        date("starts_on", "first day of its effect", required=True),
        date("ends_on", "last day; blank = to the horizon's end"),
        number(
            "demand_change",
            "fraction",
            "change of demand (0.05 = +5 %); blank = 0",
            at_least=-1,
            at_most=1000,
            blank=0,
        ),
        number(
            "capacity_change",
            "hours/bucket",
            "change of a resource's regular hours; blank = 0",
            blank=0,
        ),
        number("investment", "money", "paid in its first bucket; blank = 0", blank=0),
        number(
            "running_cost",
            "money/bucket",
            "cost of the period in each bucket while it runs; blank = 0",
            blank=0,
        ),
        date("gate_on", "day of its next gate, at which its stage is decided anew"),
    ),
    _input(
        "sales_inputs",
        "What sales, marketing and key accounts expect, by author",
        "author item family market bucket",
        text("author", "who says so", required=True),
        text("item", SCOPE),
        text("family", SCOPE),
        text("market", "blank = every market"),
        bucket(required=True),
        number(
            "quantity",
            "units",
            "the author's whole number for that cell",
            required=True,
            at_least=0,
        ),
    ),
    _input(
        "budget",
        "The business plan by family",
        "family bucket",
        text("family", "family; (company) for what has none", required=True),
        bucket(required=True),
        number("quantity", "units", "budgeted units"),
        number("revenue", "money", "budgeted revenue"),
        number("margin", "money", "budgeted margin"),
    ),
]
