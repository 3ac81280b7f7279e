"""Step 3's sections: safety stock, costs, workforce, risk, promises, changes inside the fence,
master schedule.
"""

import pandas as pd

from sopkit import charts
from sopkit.charts import missing, stack
from sopkit.charts.words import count, listing, money, number, percent, quantity
from sopkit.metrics import planned_service, scopes, short_by_market
from sopkit.metrics.scopes import per_item
from sopkit.pages.common import assumed


def answer(supply_plan, capacity_plan, inventory_plan, plan_costs, view):
    """Whether demand can be served, and what is in the way."""
    now, hours = view.next_year(supply_plan), view.next_year(capacity_plan)
    missed, currency = now[["late", "lost"]].sum(axis=1), view.currency
    by_bucket, late = missed.groupby(now["bucket"]).sum(), now.loc[missed > 1e-6, "item"].nunique()
    sentence = "Everything that customers want can be shipped when it is due."
    if late:
        served = planned_service(now, view.items, view.book.cost)
        sentence = (
            f"{percent(served)} of next year's demand can be served in"
            f" time; {count(late, 'item')} run{'s' if late == 1 else ''} late, most in"
            f" {view.calendar.name(by_bucket.idxmax())}."
        )
    worth = hours.groupby("resource")["shadow_price"].max()
    if worth.max() > 1e-6:
        sentence += (
            f" The bottleneck is {worth.idxmax()}: one more hour there saves up to"
            f" {money(worth.max(), currency)}."
        )
    stock = inventory_plan[inventory_plan["bucket"] == now["bucket"].max()]["value"].sum()
    regular = hours["regular_capacity"]
    used = (hours["load"] / regular.where(regular > 0)).max()
    return charts.answer(
        sentence + assumed(supply_plan, view),
        [
            ("Late or lost, at most", by_bucket.max() if len(now) else 0.0, "units"),
            *([("Bottleneck's utilisation", used, "fraction")] if used > 0 else []),
            ("Stock at the end of next year", stock, currency),
            ("Plan cost, whole horizon", plan_costs["money"].sum(), currency),
        ],
    )


def leaving(book, view):
    """The items that retire within the plan: when they are made last, how long stock lasts, what is
    left for good.
    """
    rows = scopes.leaving(book).sort_values(["retired_on", "item"])
    name = lambda bucket: "" if pd.isna(bucket) else book.calendar.name(bucket)
    months = {column: rows[column].map(name).astype("str") for column in ("last_made", "runs_out")}
    return view.show(
        rows.assign(**months),
        "supply_plan",
        "item | retired_on: retires | successor | last_made: made or bought last |"
        " runs_out: stock runs out | left: left for good [units] |"
        " money: what these cost [money]",
        12,
        empty="No item retires within the plan.",
    )


def safety(safety_stock, view):
    """Safety stock of the first bucket by family, at standard cost; where no service level asks
    for any, the page says so.
    """
    first = safety_stock.query("bucket == bucket.min() and quantity > 0")
    first = view.book.by_family(first)
    value = first["quantity"] * per_item(first, view.book.cost)
    families = first.assign(value=value).groupby("family", as_index=False)
    return view.show(
        families.agg(items=("item", "nunique"), value=("value", "sum")),
        columns="family | items: items with safety stock | value: safety stock [money]",
        total="items value",
        empty=(
            "No safety stock is planned: no service level is given, of an item or in the settings."
        ),
        note=f"in the first {view.calendar.size}, at standard cost",
    )


def costs(plan_costs, steering, view):
    """The plan's costs by kind, which steer it; with ``steering`` they add up to what was
    minimised.
    """
    return view.show(
        plan_costs.groupby("kind", as_index=False)["money"].sum().sort_values("money")[::-1],
        columns="kind [words] | money: cost [money]",
        total="money",
        note=(
            "over the whole horizon; backlog, lost-sales and safety-stock prices steer the plan and"
            f" are no accounting, nor is {money(steering, view.currency)} that steers to even stock"
        ),
    )


def sites(result, view):
    """What every site makes, gets, sends and holds in the next year at standard cost, and what the
    lanes between bring; nothing where no lane is told.
    """
    if result.site_plan.empty:
        return None
    plan, moves = (view.next_year(table) for table in (result.site_plan, result.transfer_plan))
    flows = ["production", "purchased", "arriving", "sent", "shipments"]
    ends = plan["bucket"] == plan["bucket"].max()
    plan["missed"] = plan["late"] + plan["lost"]
    plan["stock"] = plan["projected_available"].where(ends, 0.0)
    worth = plan[[*flows, "stock", "missed"]].mul(per_item(plan, view.book.cost), axis=0)
    worst = worth.pop("missed").groupby([plan["site"], plan["bucket"]]).sum()
    rows = worth.groupby(plan["site"]).sum().assign(missed=worst.groupby("site").max())
    year = moves.groupby(["origin", "site", "bucket"])[["quantity", "cost"]].sum()
    lanes = year.groupby(["origin", "site"]).agg({"quantity": ["sum", "max"], "cost": "sum"})
    lanes.columns = ["quantity", "most", "cost"]
    tables = [
        view.show(
            rows.sort_values(["production", "shipments"], ascending=False).reset_index(),
            columns="site: site or market | production: made [money] | purchased: bought [money] |"
            " arriving: from other sites [money] | sent: to other sites [money] |"
            " shipments: to customers [money] | stock: stock at its end [money] |"
            " missed: late or lost, at most [money]",
            note="the next year, at standard cost; goods between sites are in no site's stock",
        ),
        view.show(
            lanes.sort_values("quantity", ascending=False).reset_index(),
            columns="origin: from | site: to | quantity: sent [units] |"
            " most: most in a bucket [units] | cost: transport [money]",
            total="cost",
            empty="Nothing is sent from site to site.",
        ),
    ]
    return stack(tables)


def cut(supply_plan, demand_plan, view, held_back=None):
    """Who gets less than was asked for, by item, dearest first: in the bucket of the next year in
    which most is missing, how much of what was wanted to date, in which markets, and why; which
    parts hold back most (``held_back``: part, items, units).
    """
    cell, settings = ["item", "bucket"], view.book.settings
    short = short_by_market(supply_plan, demand_plan, settings["market_priority"])
    rows = view.next_year(short.query("short > 0"))
    rows["markets"] = [
        f"{one} {number(units)}" for one, units in zip(rows["market"], rows["short"])
    ]
    how = {"wanted": "sum", "short": "sum", "markets": ", ".join}
    by_item = rows.groupby(cell, as_index=False).agg(how)
    worst = by_item.loc[by_item.groupby("item")["short"].idxmax()]
    worst["share"] = worst["short"] / worst["wanted"]
    worst = view.book.priced(worst.merge(supply_plan[[*cell, "why"]], on=cell))
    worst = worst.assign(money=worst["short"] * worst["price"])
    note = {
        "fair": "where hours are short, items that earn alike share in proportion to demand",
        "margin": "where hours are short, what is dearest to lose comes first",
    }[settings["allocation"]]
    if held_back is not None and len(held_back):
        held_back = held_back[held_back["units"] >= 0.01 * held_back["units"].max()]
        told = [
            f"{one.part} {number(one.units)} of {count(one.items, 'item')}"
            for one in held_back.head(3).itertuples()
        ]
        note += f"; parts hold back, at most, over the whole plan: {', '.join(told)}"
    return view.show(
        worst.sort_values("money", ascending=False, kind="stable"),
        "supply_plan",
        "item | bucket: most is missing in | short: late or lost to date [units] |"
        " share: of its demand to date [fraction] | markets: who waits for how many | why",
        12,
        empty="Nobody is cut: everything that is asked for next year ships when it is due.",
        note=note,
    )


def limits(limit_prices, view):
    """What one more unit would save where a supplier, a lead time, the fence or room holds the plan
    of the next year: of each the item that it costs most, the dearest first.
    """
    rows, by = view.next_year(limit_prices), ["limit", "source"]
    sums = rows.groupby([*by, "item"], as_index=False).agg(
        bucket=("bucket", "min"), many=("bucket", "nunique"), price=("price", "mean")
    )
    worth = (sums["many"] * sums["price"]).abs().sort_values(ascending=False, kind="stable")
    sums["items"] = sums.groupby(by)["item"].transform("nunique")
    return view.show(
        sums.loc[worth.index].drop_duplicates(by),
        columns="limit: held by | source | items | item: dearest | bucket: from |"
        f" many: {view.calendar.size}s | price: one unit more saves, mean [money/unit]",
        empty="No supplier, lead time, fence or room holds the plan of the next year; hours may.",
        note="a negative price is what one unit less of what the fence keeps would save",
    )


def workforce(workforce_plan, view):
    """Workers of every resource over the first year (of weeks every fourth), with all hired and
    laid off over the horizon.
    """
    near, step = view.next_year(workforce_plan), max(view.calendar.per_year // 12, 1)
    wide = near.pivot(index="resource", columns="bucket", values="workers").iloc[:, ::step]
    wide = wide.set_axis(view.calendar.label(wide.columns), axis=1)
    moves = workforce_plan.groupby("resource")[["hired", "laid_off"]].sum()
    return view.show(
        wide.join(moves).round().reset_index(),
        "workforce_plan",
        empty=(
            "No resource has workers; the table resources (workers, hours per worker) would feed"
            " the workforce plan."
        ),
        note="workers; hired and laid off over the whole horizon",
    )


def stock_risk(stock_risk, view):
    """By family, at the end of the first bucket and in the worst one: money tied up beyond need, at
    risk of never selling, and missing.
    """
    risks = ["excess", "obsolete", "shortage"]
    sums = view.book.by_family(stock_risk).groupby(["family", "bucket"])[risks].sum()
    first = sums.groupby("family").first().add_suffix(" now")
    table = first.join(sums.groupby("family").max().add_suffix(" at worst"))
    return view.show(
        table.reset_index() if sums.to_numpy().any() else table.iloc[:0],
        columns="family | excess now [money] | excess at worst [money] | obsolete now [money] |"
        " obsolete at worst [money] | shortage now [money] | shortage at worst [money]",
        empty="No stock is in excess, obsolete or short in this plan.",
        note=(
            "items kept in stock; excess (beyond need) and obsolete at standard cost, shortage"
            " (below safety stock, and what waits) at price"
        ),
    )


def promises(promises, view):
    """When a new order would ship, by order-driven item, longest wait first; other items ship from
    stock.
    """
    ordered = view.items.query("strategy == 'order'")
    rows = promises.merge(ordered[["item", "description", "customer_lead_time"]], on="item")
    return view.show(
        rows.sort_values("wait", ascending=False, kind="stable", na_position="first"),
        "supply_plan",
        "item | description: what it is | bucket: one more unit ships in | wait [buckets] |"
        " customer_lead_time: agreed wait [buckets]",
        8,
        empty="No item is made to order, so none needs a promise (items.strategy = order).",
        note="an order placed now, behind what is open",
    )


def risk(risk, view):
    """P10, P50 and P90 of service, stock, revenue, margin and cash at first and after a quarter,
    half a year and a year, and the items that carry the risk.
    """
    year = view.calendar.per_year
    rows, levels = risk.plan_risk, ["p10", "p50", "p90"]
    buckets = sorted(rows["bucket"].unique())
    points = {
        bucket for count in (1, year // 4, year // 2, year) for bucket in buckets[:count][-1:]
    }
    order = ["service", "revenue", "margin", "cash", "stock"]
    rows = scopes.within(rows, points)
    rows = rows.sort_values("metric", kind="stable", key=lambda metric: metric.map(order.index))
    unit = rows["metric"].map({"service": "fraction"}).fillna(view.currency)
    told = {level: [*map(quantity, rows[level], unit)] for level in levels}
    return stack(
        [
            view.show(
                rows[["metric", "bucket"]].assign(**told),
                columns="metric | bucket | p10: 1 in 10 below [told] | p50: likely [told] |"
                " p90: 1 in 10 above [told]",
                rows=20,
                note="with the plan's people: none is hired or laid off for it; stock at standard"
                " cost, margin before period costs, cash without terms",
            ),
            view.show(
                risk.by_item.query("short > 0"),
                columns="item: item that carries risk | short: expected shortage [money] |"
                " share: share of all [fraction] | service [fraction]",
                rows=5,
            ),
        ]
    )


def changes(changes, month, view):
    """What the plan changes inside the planning fence against last cycle's release (``month``),
    dearest first.
    """
    if not month:
        return missing(
            "No earlier plan is released, so nothing inside the planning fence can have changed."
        )
    return view.show(
        changes.query("abs(change) > 1e-6"),
        columns="item | bucket | released [units] | planned [units] | change [units] |"
        " money [money]",
        rows=8,
        total="money",
        empty=f"Nothing released in {month} is changed inside the planning fence.",
        note="units that arrive, open orders included; money = |change| at standard cost",
    )


def schedule(master_schedule, book, view, idle=(), lots=False, cut=()):
    """What is made and ordered by week, at standard cost; whether the plan itself is in ``lots``,
    where lots ask for more hours than there are, which sources deliver nothing, and what of what
    stands cannot be had (``cut``: item, bucket, units).
    """
    note = "weeks begin on the Monday shown; whole lots, released when the plan needs the next one"
    if not lots and (view.items[["lot_size", "minimum_lot"]] > 0).any(axis=None):
        note += " (the plan above is continuous)"
    beyond = _beyond(master_schedule, book)
    if len(beyond):
        resource, bucket = beyond.idxmax()
        note += (
            f"; whole lots ask for {number(beyond.sum())} h more than there are, most on"
            f" {resource} in {view.calendar.name(bucket)}: move one, or plan in lots"
        )
    if idle:
        note += f"; nothing comes from {count(len(idle), 'source')}: {', '.join(idle[:5])}"
    if len(cut):
        name = view.calendar.name
        told = [
            f"{number(row.units)} of {row.item} in {name(row.bucket)}" for row in cut.itertuples()
        ]
        note += (
            "; of what stands, in the last release or as parts of open orders, cannot be had:"
            f" {listing(told, 5)}"
        )
    value = master_schedule["quantity"] * per_item(master_schedule, book.cost)
    weeks = master_schedule.assign(value=value).groupby(["week", "action"])
    weeks = weeks.agg(items=("item", "nunique"), value=("value", "sum"))
    weeks = weeks.unstack("action").fillna(0)
    weeks.columns = [f"{action}_{name}" for name, action in weeks.columns]
    return view.show(
        weeks.reset_index(),
        "master_schedule",
        "week | make_items: items made | make_value: value made [money] |"
        " buy_items: items ordered | buy_value: value ordered [money]",
        total="make_value buy_value",
        empty="Nothing is to be made or ordered inside the planning fence.",
        note=note,
    )


def _beyond(master_schedule, book):
    """Hours, by resource and bucket, that whole lots ask for beyond regular hours and overtime."""
    cell, plan = ["item", "bucket"], book.supply_plan
    lots = master_schedule.query("action == 'make'").groupby(cell)["quantity"].sum()
    made = plan.set_index(cell)[["production", "overtime_production"]].sum(axis=1)
    bill = book.bill_of_resources
    more = (lots - made).dropna().rename("more").reset_index().merge(bill.query("source == ''"))
    more["more"] *= more["hours_per_unit"]
    hours = book.capacity_plan.set_index(["resource", "bucket"])
    free = hours["regular_capacity"] + hours["overtime_limit"] - hours["load"]
    beyond = more.groupby(["resource", "bucket"])["more"].sum() - free
    return beyond[beyond > 1e-6 * hours["load"]]
