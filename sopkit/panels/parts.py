"""The parts of the board's tabs: each a name, the choices it depends on, and how it is drawn from a
source.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sopkit import charts
from sopkit.charts import Block, show
from sopkit.charts.words import months
from sopkit.panels.lines import lines_table


@dataclass(frozen=True)
class Part:
    """One chart or table of the board; ``draw(source, *places)`` returns a Chart, a Block, HTML or
    "" for nothing.
    """

    name: str
    by: tuple[str, ...]
    draw: Callable


def _titled(title, block):
    return Block(f"<h2>{title}</h2>{block.html}", f"{title}\n{block.text}")


def _forecast(source, family, market):
    name, where = source.family(family), source.market(market)
    past, plan, before = (
        source.rows("history", family),
        source.rows("demand_plan", family),
        source.last_rows("demand_plan", family),
    )
    if name is None and where is None:
        return charts.demand_chart(past, plan, source.items, last=before, currency=source.currency)
    return charts.forecast_chart(
        past,
        source.rows("baseline_forecast", family),
        plan,
        source.items,
        last=before,
        currency=source.currency,
        family=name,
        market=where,
    )


def _sheet(source, family):
    from sopkit.finance import family_sheet

    name, plan = source.family(family), source.plan
    if name is None:
        return _titled(
            "Family page",
            Block('<p class="note">Choose a family above to read its page.</p>', "choose a family"),
        )
    facts = {
        table: plan.facts[table]
        for table in ("sales_history", "production_history", "inventory_history", "budget")
    }
    tables = {
        table: source.read(table)
        for table in ("demand_plan", "supply_plan", "inventory_plan", "financial_plan", "kpis")
    }
    frame = family_sheet(
        name,
        source.items,
        plan.first_bucket,
        **tables,
        **facts,
        settings=plan.settings,
        calendar=plan.calendar,
    )
    return _titled(
        "Family page", charts.family_sheet_html(frame, title=name, currency=source.currency)
    )


def _top(
    source, title, table, columns, *, rules=None, total=(), filter_by=None, rows=15, empty="none"
):
    frame = source.read(table)
    if rules is not None:
        frame = frame[frame["rule"].isin(rules)]
    if filter_by is not None:
        frame = filter_by(frame)
    if frame.empty:
        return _titled(title, Block(f'<p class="note">{empty}</p>', empty))
    return _titled(
        title,
        show(
            frame,
            table,
            rows,
            columns=columns,
            total=total,
            currency=source.currency,
            more=f"tables/{table}.parquet",
        ),
    )


EXCEPTION = {
    "level": "level",
    "name": "what",
    "bucket": "when",
    "rule": "rule",
    "reason": "reason",
    "money": "at stake",
}
_STOCK = (
    "below_safety_stock",
    "excess_stock",
    "obsolete_stock",
    "late",
    "lost",
    "inside_lead_time",
    "stock_out",
)


def _worst(frame):
    return frame.sort_values("money", ascending=False, kind="stable").assign(
        rule=lambda f: f["rule"].str.replace("_", " ")
    )


def _peaks(source):
    rows = source.read("capacity_plan")
    if rows.empty:
        return ""
    peak = rows.loc[rows.groupby("resource")["utilisation"].idxmax().dropna()]
    worth = rows.groupby("resource").agg(
        hours=("load", "sum"), overtime=("overtime", "sum"), shadow_price=("shadow_price", "max")
    )
    frame = (
        peak[["resource", "bucket", "load", "regular_capacity", "overtime_limit", "utilisation"]]
        .merge(worth, on="resource")
        .sort_values("utilisation", ascending=False)
    )
    units = {
        "load": "h",
        "regular_capacity": "h",
        "overtime_limit": "h",
        "utilisation": "fraction",
        "hours": "h",
        "overtime": "h",
        "shadow_price": f"{source.currency}/h",
    }
    heads = {
        "resource": "resource",
        "bucket": "peak month",
        "load": "load",
        "regular_capacity": "regular capacity",
        "utilisation": "utilisation",
        "hours": "load, whole plan",
        "overtime": "overtime, whole plan",
        "shadow_price": "worth of one more hour, at most",
    }
    return _titled(
        "Peak of every resource",
        show(frame, units, columns=heads, more="tables/capacity_plan.parquet"),
    )


def _workforce(source):
    rows = source.read("workforce_plan")
    if rows.empty:
        return ""
    wide = rows.pivot_table(index="resource", columns="bucket", values="workers").iloc[:, :12]
    wide.columns = months(wide.columns)
    return _titled("Workers", show(wide.reset_index(), more="tables/workforce_plan.parquet"))


def _families(source):
    rows = source.read("financial_plan")
    if rows.empty:
        return ""
    year = rows[rows["bucket"].isin(sorted(rows["bucket"].unique())[: source.calendar.per_year])]
    frame = (
        year.groupby("family")[
            [
                "revenue",
                "budget_revenue",
                "revenue_gap",
                "margin",
                "budget_margin",
                "margin_gap",
                "cash",
            ]
        ]
        .sum(min_count=1)
        .dropna(axis=1, how="all")
    )
    frame = frame.sort_values(list(frame)[:1], ascending=False, kind="stable").reset_index()
    return _titled(
        f"Next {min(source.calendar.per_year, rows['bucket'].nunique())} {source.calendar.size}s by"
        " family",
        show(
            frame,
            "financial_plan",
            15,
            total=[c for c in frame if c != "family"],
            currency=source.currency,
            more="tables/financial_plan.parquet",
        ),
    )


def _money(source, family):
    return charts.money_chart(
        source.read("financial_plan"),
        source.family(family),
        currency=source.currency,
        last=_some(source.last("financial_plan")),
    )


def _inventory(source, family):
    return charts.inventory_chart(
        source.rows("inventory_plan", family),
        source.items,
        source.family(family),
        currency=source.currency,
        last=_some(source.last_rows("inventory_plan", family)),
    )


def _backlog(source, family):
    rows, name = source.read("backlog_plan"), source.family(family)
    return (
        ""
        if name is not None and name not in set(rows["family"])
        else charts.backlog_chart(rows, name)
    )


def _scenarios(source):
    rows = source.read("scenarios")
    if rows.empty:
        return ""
    wide = rows.pivot_table(
        index="metric", columns="scenario", values="value", sort=False
    ).reset_index()
    wide.columns.name = None
    return _titled("Scenarios side by side", show(wide, more="tables/scenarios.parquet"))


def _scenario_chart(source):
    rows = source.read("scenarios")
    metric = (
        "margin"
        if (rows["metric"] == "margin").any()
        else rows["metric"].iloc[0]
        if len(rows)
        else "margin"
    )
    return charts.scenarios_chart(rows, metric, currency=source.currency)


def _products(source):
    rows = source.read("product_plan")
    if rows.empty:
        return _titled(
            "New products",
            Block(
                '<p class="note">no item starts or ends in this plan; launches and items.retired_on'
                " feed it</p>",
                "none",
            ),
        )
    rows = rows[rows[["launch", "retirement", "cannibalised"]].abs().sum(axis=1) > 1e-9]
    frame = rows.groupby("item", as_index=False).agg(
        first=("bucket", "min"),
        status=("status", "last"),
        launch=("launch", "sum"),
        retirement=("retirement", "sum"),
        cannibalised=("cannibalised", "sum"),
    )
    return _titled(
        "New products",
        show(
            frame,
            {name: "units" for name in ("launch", "retirement", "cannibalised")},
            columns={
                "item": "item",
                "first": "from",
                "status": "status",
                "launch": "launch",
                "retirement": "retirement",
                "cannibalised": "cannibalised",
            },
            more="tables/product_plan.parquet",
        ),
    )


def _initiatives(source):
    rows = source.read("initiative_plan")
    if rows.empty:
        return _titled(
            "Strategic initiatives",
            Block('<p class="note">none; the table initiatives feeds it</p>', "none"),
        )
    frame = rows.groupby("initiative", as_index=False).agg(
        first=("bucket", "min"),
        units=("units", "sum"),
        hours=("hours", "sum"),
        money=("money", "sum"),
        weighted=("weighted", "sum"),
    )
    return _titled(
        "Strategic initiatives",
        show(
            frame,
            {"units": "units", "hours": "h", "money": "money", "weighted": "money"},
            total=["money", "weighted"],
            currency=source.currency,
            columns={
                "initiative": "initiative",
                "first": "from",
                "units": "demand",
                "hours": "capacity",
                "money": "margin if it happens",
                "weighted": "weighted",
            },
            more="tables/initiative_plan.parquet",
        ),
    )


def _overrides(source):
    rows = source.plan.judgments("overrides")
    if rows.empty:
        return _titled(
            "Overrides",
            Block(
                '<p class="note">nobody has overridden a forecast; the tuner writes them</p>',
                "none",
            ),
        )
    return _titled(
        "Overrides, latest first",
        show(
            rows.iloc[::-1],
            columns={
                "entered_at": "entered",
                "by": "by",
                "item": "item",
                "family": "family",
                "market": "market",
                "bucket": "when",
                "kind": "kind",
                "value": "value",
                "reason": "reason",
                "note": "note",
            },
            more="inputs/ledger/overrides.parquet",
        ),
    )


def _issues(source):
    rows = source.read("data_issues")
    if rows.empty:
        return _titled("Data issues", Block('<p class="note">none found</p>', "none"))
    frame = rows.groupby(["severity", "table", "rule"], as_index=False).agg(
        cells=("row", "size"), example=("problem", "first"), done=("done", "first")
    )
    frame = frame.sort_values("cells", ascending=False, kind="stable").sort_values(
        "severity", key=lambda s: s.map({"error": 0, "warning": 1}).fillna(2), kind="stable"
    )
    return _titled("Data issues by rule", show(frame, more="tables/data_issues.parquet"))


def _some(frame):
    return frame if frame is not None and len(frame) else None


FORECAST = Part("forecast", ("family", "market"), _forecast)
SUPPLY = Part(
    "supply",
    ("family",),
    lambda s, f: charts.supply_chart(
        s.rows("supply_plan", f), s.items, s.family(f), currency=s.currency
    ),
)
LINES = Part("numbers", ("family", "market", "measure", "size"), lines_table)
SHEET = Part("family page", ("family",), _sheet)
INVENTORY = Part("inventory", ("family",), _inventory)
BACKLOG = Part("backlog", ("family",), _backlog)
STOCK_EXCEPTIONS = Part(
    "stock exceptions",
    (),
    lambda s: _top(
        s,
        "Late, short and surplus items, worst first",
        "exceptions",
        EXCEPTION,
        rules=_STOCK,
        filter_by=_worst,
        empty="no item is late, short or in surplus",
    ),
)
CAPACITY = Part(
    "capacity", (), lambda s: charts.capacity_chart(s.read("capacity_plan"), currency=s.currency)
)
PEAKS = Part("peaks", (), _peaks)
WORKFORCE = Part("workforce", (), _workforce)
MONEY = Part("money", ("family",), _money)
FAMILIES = Part("families", (), _families)
GAP_OPTIONS = Part(
    "gap options",
    (),
    lambda s: _top(
        s,
        "Ways to close the gaps",
        "gap_options",
        {
            "option": "option",
            "closes": "closes",
            "cost": "cost",
            "gain": "gain, cost deducted",
            "value_per_unit": "per unit",
            "owner": "owner",
        },
        filter_by=lambda f: f.sort_values("gain", ascending=False, kind="stable"),
        empty="no gap to close",
    ),
)
SCENARIOS_CHART = Part("scenario chart", (), _scenario_chart)
SCENARIOS = Part("scenarios", (), _scenarios)
EXCEPTIONS_CHART = Part(
    "exceptions chart",
    (),
    lambda s: charts.exceptions_chart(s.read("exceptions"), currency=s.currency),
)
EXCEPTIONS = Part(
    "exceptions",
    (),
    lambda s: _top(
        s,
        "Exceptions, worst first",
        "exceptions",
        EXCEPTION,
        filter_by=_worst,
        rows=12,
        empty="nothing needs a person",
    ),
)
ASSUMPTIONS = Part(
    "assumptions",
    (),
    lambda s: _top(
        s,
        "Assumptions",
        "assumptions",
        {"text": "assumption", "condition": "breaks if", "result": "result", "owner": "owner"},
        empty="no assumption is recorded; enter them in the ledger",
    ),
)
PRODUCTS = Part("products", (), _products)
INITIATIVES = Part("initiatives", (), _initiatives)
DECISIONS = Part(
    "decisions",
    (),
    lambda s: _top(
        s,
        "Decisions",
        "decisions",
        {
            "cycle": "cycle",
            "text": "question",
            "chosen": "chosen",
            "owner": "owner",
            "due": "due",
            "expected": "expected",
            "realised": "realised",
        },
        filter_by=lambda f: f.sort_values("id", ascending=False, kind="stable"),
        empty="no decision is recorded; enter them in the ledger",
    ),
)
SIGN_OFFS = Part(
    "sign-offs",
    (),
    lambda s: _top(
        s,
        "Sign-offs",
        "sign_offs",
        {
            "entered_at": "entered",
            "by": "by",
            "role": "role",
            "family": "family",
            "status": "status",
            "note": "note",
        },
        empty="nobody has signed off yet",
    ),
)
OVERRIDES = Part("overrides", (), _overrides)
ISSUES = Part("issues", (), _issues)
