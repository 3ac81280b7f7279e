"""The plan tables: what the five steps write into a pack."""

from sopkit.tables.declare import Table, bucket, date, number, text, whole

ITEM = text("item", "item")
MARKET = text("market", "region, channel or customer group")
BUCKET = bucket()


def _plan(name, steps, key, doc, *columns):
    return Table(name, "plan", doc, tuple(key.split()), columns, steps)


def _units(*names, **docs):
    return tuple(
        number(name, "units", docs.get(name, name.replace("_", " "))) for name in names or docs
    )


def _money(**docs):
    return tuple(number(name, "money", doc) for name, doc in docs.items())


PLANS = [
    _plan(
        "data_issues",
        (1,),
        "table row column rule",
        "Every error, warning and repair in the facts, with what was done",
        text("table", "input table"),
        whole("row", "row", "row as a person counts in the file; 0 = the table"),
        text("column", "column; empty = the row or table"),
        text("rule", "rule that it breaks"),
        text("severity", "error, warning or notice"),
        text("value", "what stands there"),
        text("problem", "what is wrong"),
        text("done", "what was done about it, or how to mend it"),
    ),
    _plan(
        "history",
        (1,),
        "item market bucket",
        "Demand history, raw and cleansed",
        ITEM,
        MARKET,
        BUCKET,
        number("quantity", "units", "as sold; negative = returns"),
        number("demand", "units", "cleansed, at least 0", at_least=0),
        text("flag", "what was found (outlier, stocked out, returns, estimate …)"),
        text("reason", "why it was changed"),
    ),
    _plan(
        "opening_stock",
        (1,),
        "item",
        "Stock and backlog on the eve of the plan (t−1 of its first bucket)",
        ITEM,
        *_units(on_hand="units in stock", backlog="ordered and not shipped"),
        date("as_of", "day of the count"),
        text("source", "table that it was read from"),
    ),
    _plan(
        "kpis",
        (1, 5),
        "step kpi scope bucket",
        "Metrics against their targets",
        whole("step", "–", "step that wrote it"),
        text("kpi", "metric"),
        text("scope", "company, family or item"),
        BUCKET,
        text("unit", "unit of actual and target"),
        number("actual", "as unit", "value"),
        number("target", "as unit", "target; blank = none"),
        text("status", "ok, watch, miss, or no data and which table would feed it"),
    ),
    _plan(
        "baseline_forecast",
        (2,),
        "item market bucket",
        "Statistical forecast untouched by people",
        ITEM,
        MARKET,
        BUCKET,
        *_units(baseline="statistical forecast", p10="10 % quantile", p90="90 % quantile"),
        text("model", "method or combination used"),
        text("why", "why it was chosen"),
    ),
    _plan(
        "forecast_accuracy",
        (2,),
        "item model lag source",
        "Accuracy by item and method",
        ITEM,
        text("model", "method"),
        whole("lag", "buckets", "buckets between forecast and actual"),
        text("source", "backtest or released"),
        number("wape", "fraction", "Σ|F−A| ÷ ΣA"),
        number("bias", "fraction", "Σ(F−A) ÷ ΣA, positive = over-forecast"),
        number("mase", "ratio", "error against the in-sample seasonal naive"),
        number("rmsse", "ratio", "squared error against the in-sample naive, root"),
        number("coverage", "fraction", "share of actuals inside p10–p90"),
    ),
    _plan(
        "value_added",
        (2,),
        "stage level name lag source",
        "What each stage of the demand plan added to accuracy",
        text("stage", "naive, baseline, events … released"),
        text("level", "company, family, item; sums: errors of sums, which net out"),
        text("name", "which; of sums: summed by what"),
        whole("lag", "buckets", "buckets between forecast and actual"),
        text("source", "backtest or released"),
        number("wape", "fraction", "Σ|F−A| ÷ ΣA"),
        number(
            "value_added",
            "fraction",
            "error of the stage before − error of this; positive = it helped",
        ),
    ),
    _plan(
        "demand_plan",
        (2,),
        "item market bucket",
        "The sales plan, stage by stage",
        ITEM,
        MARKET,
        BUCKET,
        *_units(
            naive="seasonal naive, for comparison",
            baseline="statistical forecast",
            events="promotions, prices, holidays",
            launches="new items and what they take",
            initiatives="strategic initiatives",
            sales_input="what the authors add",
            override="what planners add",
            order_excess="open orders above the forecast",
        ),
        number("consensus", "units", "the number everybody plans with", at_least=0),
    ),
    _plan(
        "product_plan",
        (2,),
        "item bucket",
        "The new-product plan",
        ITEM,
        BUCKET,
        *_units(
            launch="demand of the new item",
            retirement="demand that ends with the retired item",
            cannibalised="demand lost to new items",
        ),
        text("status", "launch, ramp, retiring …"),
    ),
    _plan(
        "prices",
        (2,),
        "item market bucket",
        "What a unit brings",
        ITEM,
        MARKET,
        BUCKET,
        number("price", "money/unit", "list, realised or the event's; 0 = none is known"),
        text("source", "list, realised, event or none"),
    ),
    _plan(
        "supply_plan",
        (3,),
        "item bucket",
        "The production plan: demand served, sources used, stock and backlog",
        ITEM,
        BUCKET,
        *(
            number(name, "units", doc, at_least=0)
            for name, doc in dict(
                demand="consensus over markets",
                production="made in regular time",
                overtime_production="made in overtime",
                subcontracted="made by subcontractors",
                purchased="bought",
                receipts="open orders arriving",
                lost="demand that nothing serves by the end",
                shipments="what customers get in the bucket",
                projected_available="stock at the bucket's end",
                backlog="demand unshipped at the bucket's end",
                late="backlog beyond what the customer agreed to wait",
                safety_stock="stock wanted at the bucket's end",
            ).items()
        ),
        text("why", "what holds a late, lost or short unit"),
    ),
    _plan(
        "sourcing_plan",
        (3,),
        "item source bucket",
        "What is bought or subcontracted, from whom",
        ITEM,
        text("source", "supplier or subcontractor; (none) = bought without one"),
        BUCKET,
        number("quantity", "units", "units, where they arrive", at_least=0),
        *_money(cost="what the source asks for them"),
        date("order_by", "day to order them, by the source's lead time"),
    ),
    _plan(
        "plan_costs",
        (3,),
        "kind name bucket",
        "What the plan costs; the sum is what it was made as small as can be for",
        text(
            "kind",
            "of items: material, subcontract, purchase (at standard cost), source_premium, holding,"
            " backlog, lost_sales, safety_stock, ending_stock; of resources: regular_labour (hours"
            " worked), idle (paid, not worked), overtime_premium, hiring, layoff",
        ),
        text("name", "item or resource"),
        BUCKET,
        *_money(money="what it costs"),
    ),
    _plan(
        "plan_risk",
        (3,),
        "metric bucket",
        "What demand may do to the plan when it is re-planned every bucket",
        text(
            "metric",
            "service (fraction of new demand), and in money: stock (at standard cost), revenue,"
            " margin (before period costs), cash (revenue less what arrives at standard cost)",
        ),
        BUCKET,
        *(
            number(f"p{level}", "as the metric", f"{level} of 100 futures stay below it")
            for level in (10, 50, 90)
        ),
    ),
    _plan(
        "capacity_plan",
        (3,),
        "resource bucket",
        "Load against capacity",
        text("resource", "resource"),
        BUCKET,
        *(
            number(name, "hours", doc)
            for name, doc in dict(
                load="hours of the plan",
                unconstrained_load="hours if demand were made when it falls due",
                regular_capacity="regular hours",
                overtime="overtime worked",
                overtime_limit="most overtime",
            ).items()
        ),
        number("utilisation", "fraction", "load ÷ regular capacity"),
        number("shadow_price", "money/hour", "what one more hour saves"),
    ),
    _plan(
        "workforce_plan",
        (3,),
        "resource bucket",
        "Workers by resource",
        text("resource", "resource"),
        BUCKET,
        *(
            number(name, "workers", doc)
            for name, doc in dict(
                workers="employed in the bucket",
                hired="hired at its start",
                laid_off="laid off at its start",
            ).items()
        ),
    ),
    _plan(
        "inventory_plan",
        (3,),
        "item bucket",
        "The inventory plan",
        ITEM,
        BUCKET,
        number("units", "units", "stock at the bucket's end"),
        number("value", "money", "units × standard cost"),
        number("cover", "buckets", "buckets of future demand that the stock lasts"),
        number("target", "units", "safety stock plus half a lot"),
        number("unsaleable", "units", "of the stock, past its shelf life"),
    ),
    _plan(
        "backlog_plan",
        (3,),
        "family bucket",
        "The customer lead-time plan of order-driven families",
        text("family", "family"),
        BUCKET,
        *_units(
            opening="backlog at the start",
            bookings="new orders",
            shipments="shipped",
            closing="backlog at the end",
            late="beyond the agreed wait",
        ),
        number("lead_time", "buckets", "closing ÷ planned shipments per bucket"),
    ),
    _plan(
        "master_schedule",
        (3,),
        "item source bucket week action",
        "What the plant and the buyers are handed inside the planning fence, in whole lots",
        ITEM,
        text("source", "whom to order from; (none) = own production, or no named source"),
        BUCKET,
        date("week", "Monday of the week; a straddling week has two rows"),
        text("action", "make or buy", choices=("make", "buy")),
        number("quantity", "units", "to make in, or to order in, that week", at_least=0),
    ),
    _plan(
        "financial_plan",
        (4,),
        "family bucket",
        "The financial plan against the budget",
        text("family", "family; (company) = belongs to none"),
        BUCKET,
        *_money(
            revenue="shipments × price",
            cost_of_sales="shipments × standard cost",
            period_costs="overtime premium, idle hours, hiring, lay-off, source premium, holding",
            margin="revenue − cost of sales − period costs; blank where no cost is known",
            inventory_value="stock × standard cost",
            cash="collections − payments",
            budget_revenue="budget",
            budget_margin="budget",
            revenue_gap="revenue − budget",
            margin_gap="margin − budget",
        ),
    ),
    _plan(
        "scenarios",
        (4,),
        "scenario metric",
        "Other plans beside the base",
        text("scenario", "name"),
        text("metric", "metric and unit"),
        number("value", "as metric", "value"),
        number("difference", "as metric", "to the base plan"),
    ),
    _plan(
        "initiative_plan",
        (4,),
        "initiative bucket",
        "The strategic-initiative plan",
        text("initiative", "name"),
        BUCKET,
        number("units", "units", "demand that it adds if it happens"),
        number("hours", "hours", "capacity that it adds"),
        *_money(
            money="margin on the units − investment, if it happens", weighted="money × probability"
        ),
    ),
    _plan(
        "gap_options",
        (4,),
        "option",
        "Ways to close a gap",
        text("option", "what could be done"),
        number("closes", "units", "units of the gap that it closes"),
        *_money(cost="what it costs", gain="margin that it brings, cost deducted"),
        number("value_per_unit", "money/unit", "gain ÷ units closed"),
        text("owner", "who answers for it"),
    ),
    _plan(
        "exceptions",
        (1, 2, 3, 4),
        "step level name bucket rule",
        "What needs a person, worst first by money",
        whole("step", "–", "step that found it"),
        text("level", "item, family, resource …"),
        text("name", "which"),
        BUCKET,
        text("rule", "rule"),
        number("value", "as rule", "value"),
        number("threshold", "as rule", "threshold"),
        number("money", "money", "money at stake"),
        text("reason", "in a sentence"),
    ),
]
