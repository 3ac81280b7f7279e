"""Replay: each past month planned from what was known then, by the workbook and by two naive rules,
and executed against what then happened.
"""

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from sopkit import demand, metrics
from sopkit.buckets import Calendar, parse_month
from sopkit.demand import active_overrides
from sopkit.demand.said import SCENARIO_ROWS
from sopkit.errors import PlanError
from sopkit.forecast import fit, forecast
from sopkit.ledger import Ledger
from sopkit.metrics.scopes import SUPPLIED, within
from sopkit.pack.stage import stage_inputs
from sopkit.plan import Plan
from sopkit.processes import drawers
from sopkit.progress import seen
from sopkit.scenarios import Inputs, in_base
from sopkit.scenarios.replan import Ground, bare, planned, supplied
from sopkit.sources import at_hand, opening_stock, read_facts
from sopkit.sources.files import settings_file
from sopkit.workers import spread

RUN = 3  # buckets of a plan that are executed before it would be planned anew
GRADED = (1, 3, 6)  # lags of the forecast that are graded
SIDE_BY_SIDE = 2  # months at a time
COVER = 1.0  # buckets of demand that the first naive rule keeps in stock
RISK = 1.65  # standard deviations that the second keeps beyond the mean: 95 % of a normal curve
MEAN_OF = 3  # buckets of its moving average
PLANNED, WITHOUT = "plan", "without "
MOST_TREND = 2.0  # times of last year that the trend may make of it


def replay(data, start: str, end: str, ledger=None, scheduler=None) -> pd.DataFrame:
    """One row per past month and rule: ``touches`` (overrides in force), over the first three
    buckets of the month's plan ``service`` (fraction), mean ``stock``, ``revenue``, ``cost`` and
    ``profit`` (money), and ``wape_1``, ``wape_3``, ``wape_6`` of the forecast of the first, third
    and sixth bucket (fractions; NaN where it has not happened).

    Rules: *plan*, the workbook's, from the facts, and from the overrides and promoted scenarios of
    the ``ledger`` (path or URL; by default the rows in ``earlier/ledger`` beside the facts) as they
    stood; *without NAME*, the same without one person's overrides; *last year + trend* (with a
    bucket of cover) and *moving average* (of three buckets, with a reorder point), both making what
    they forecast under the same capacity and sources. Every month opens with its own stock; what a
    plan makes and buys arrives as planned, what customers ask is what was sold. Profit is revenue
    less shipments at standard cost, holding of the stock that then lay there, and the plan's other
    costs of the period. Months are planned by the workers of a dask ``scheduler``, if there is one,
    who read facts and ledger where they lie.

    Raises ``PlanError`` if ``start`` is after ``end``, or nothing was sold after it.
    """
    first, last = parse_month(start), parse_month(end)
    if first > last:
        raise PlanError(f"replay from {start} to {end}: the start is after the end; swap them")
    with at_hand(data) as source:
        facts = read_facts(source)
        sold, quarters = facts.sales_history, facts.calendar.size == "quarter"
        cycles = facts.calendar if quarters else Calendar("month")
        many = int(np.diff(cycles.number(cycles.start([first, last])))[0]) + 1
        asked = [f"{month:%Y-%m}" for month in cycles.range(cycles.start([first])[0], many)]
        begins = map(facts.calendar.first_in, asked)
        later = [within(sold, facts.calendar.range(each, max(GRADED))) for each in begins]
        if ledger and "://" not in str(ledger):
            ledger = Path(ledger).absolute()
        given = scheduler and source.origin or source, ledger
        tasks = [(*given, *told) for told in zip(later, asked)]
        with drawers(SIDE_BY_SIDE) as pool:
            rows = zip(spread(_month, tasks, scheduler, pool.map), asked)
            rows = [each for each, _ in seen(rows, len(asked), lambda each: each[1])]
    table = pd.DataFrame([row for month in rows for row in month])
    if table.empty:
        raise PlanError(
            f"nothing was sold from {start} on, so no plan can be graded; begin earlier"
        )
    return table


def _month(place, ledger, sold, month):
    """The grades of one month's plans, by what was ``sold`` from it on."""
    with at_hand(place) as source:
        facts = read_facts(source, month)
        said = Ledger(ledger or "sqlite://")
        if not ledger:
            said.start(settings_file(source.path).with_name("earlier") / "ledger")
    inputs = Inputs(facts, said.read("overrides", month), {})
    inputs = in_base(inputs, said.read("scenarios", month))
    with tempfile.TemporaryDirectory() as folder:
        cycle = {"month": month, "parameters": {}, "scenarios": []}
        stage_inputs(Path(folder), inputs, said, [], cycle)
        plan = Plan(folder)
        ran = plan.buckets()[:RUN]
        if within(sold, ran)["bucket"].nunique() < len(ran):
            return []  # it has not happened yet
        _gathered(plan)
        own = active_overrides(inputs.overrides, month, facts.first, facts.calendar)
        own = own[own["id"] < SCENARIO_ROWS]  # what a meeting promoted is nobody's touch
        people = {name: own["by"] == name for name in sorted(own["by"].unique())}
        books = {PLANNED: (len(own), planned(plan, inputs))}
        for name, mine in people.items():
            others = inputs.overrides[~inputs.overrides["id"].isin(own.loc[mine, "id"])]
            alone = replace(inputs, overrides=others)
            books[WITHOUT + name] = (int(mine.sum()), planned(plan, alone))
        for name, rule in NAIVE.items():
            books[name] = (0, _naive(rule, plan, inputs, books[PLANNED][1]))
        return [
            {"month": month, "rule": name, "touches": touches} | _grades(plan, book, sold, ran)
            for name, (touches, book) in books.items()
        ]


def _gathered(plan):
    """Writes step 1 and the baseline of step 2."""
    book = plan.book(prices=None)
    plan.write(step=1, history=demand.cleanse(book), opening_stock=opening_stock(plan.facts))
    ground = Ground.of(plan)
    fitted = fit(
        ground.series, len(ground.buckets), calendar=plan.calendar, groups=plan.facts.items
    )
    plan.write(step=2, baseline_forecast=forecast(fitted))


def _naive(rule, plan, inputs, own):
    """The plan that makes what a naive rule expects and keeps what it says in stock, asked at the
    workbook's prices.
    """
    rows, buckets = plan.read("history").rename(columns={"cleansed": "quantity"}), plan.buckets()
    wide = rows.pivot_table("quantity", ["item", "market"], "bucket", "sum", fill_value=0.0)
    lead = plan.facts.items.set_index("item")["lead_time"].fillna(0.0)
    expected, safety = rule(wide, lead, plan.calendar.per_year, len(buckets))
    expected = expected.set_axis(buckets, axis=1).rename_axis(columns="bucket").stack()
    cells = own.demand_plan
    at = pd.MultiIndex.from_frame(cells[["item", "market", "bucket"]])
    book = bare(plan, inputs).also(
        demand_plan=cells.assign(consensus=expected.reindex(at).fillna(0.0).clip(lower=0).array),
        product_plan=own.product_plan,
        prices=own.prices,
    )
    stock = book.items.loc[book.items["strategy"] != "order", ["item"]]
    stock = stock.assign(quantity=stock["item"].map(safety).fillna(0.0))
    stock = stock.merge(pd.DataFrame({"bucket": buckets}), how="cross")
    return supplied(plan, book, inputs, stock)


def last_year(wide, lead_time, per_year: int, many: int):
    """What is sold a year after ``wide`` (cell × bucket, oldest first): last year's bucket times
    the last year ÷ the one before, at most twice or half; and a bucket of it as stock by item.

    >>> wide = pd.DataFrame([[10.0, 20.0, 15.0, 30.0]], pd.Index(["A"], name="item"))
    >>> expected, stock = last_year(wide, None, per_year=2, many=3)
    >>> expected.values.tolist(), stock.tolist()
    ([[22.5, 45.0, 33.75]], [33.75])
    """
    last, before = wide.iloc[:, -per_year:], wide.iloc[:, -2 * per_year : -per_year].sum(axis=1)
    trend = (last.sum(axis=1) / before.where(before > 0)).fillna(1.0)
    trend = trend.clip(1 / MOST_TREND, MOST_TREND).to_numpy()[:, None]
    years, at = np.divmod(np.arange(many), last.shape[1])
    expected = pd.DataFrame(last.to_numpy()[:, at] * trend ** (1 + years), wide.index)
    return expected, COVER * expected.groupby("item").sum().mean(axis=1)


def moving_average(wide, lead_time, per_year: int, many: int):
    """The mean of the last three buckets, always; and what is kept beyond it by item: 1.65 standard
    deviations of the last year's buckets × √(1 + lead time).

    >>> wide = pd.DataFrame([[9.0, 3.0, 6.0]], pd.Index(["A"], name="item"))
    >>> expected, stock = moving_average(wide, pd.Series({"A": 3.0}), per_year=12, many=2)
    >>> expected.values.tolist(), stock.round(6).tolist()
    ([[6.0, 6.0]], [9.9])
    """
    mean = wide.iloc[:, -MEAN_OF:].mean(axis=1)
    spread = wide.iloc[:, -per_year:].groupby("item").sum().std(axis=1)
    ahead = np.sqrt(1 + lead_time.reindex(spread.index).fillna(0.0))
    return pd.DataFrame({bucket: mean for bucket in range(many)}), RISK * spread * ahead


NAIVE = {"last year + trend": last_year, "moving average": moving_average}


def _grades(plan, book, sold, ran):
    """How the plan's first buckets went, and how far its forecast was off."""
    rows = within(book.supply_plan, ran)
    wide = lambda frame, column: (
        frame.pivot_table(column, "item", "bucket", "sum").reindex(items, columns=ran).fillna(0.0)
    ).to_numpy()
    items = sorted(rows["item"].unique())
    stock = plan.read("opening_stock").set_index("item").reindex(items).fillna(0.0)
    arrives = wide(rows.assign(arrives=rows[SUPPLIED].sum(axis=1)), "arrives")
    asked, price = wide(sold, "quantity"), wide(book.item_prices, "price")
    about = book.items.set_index("item").loc[items]
    wait = about["customer_lead_time"].fillna(0.0).where(about["strategy"] == "order", 0.0)
    done = executed(stock["on_hand"], stock["backlog"], arrives, asked, wait)
    cost = book.cost.reindex(items).fillna(0.0).to_numpy()[:, None]
    money = within(book.financial_plan, ran)
    costs = within(book.plan_costs, ran).query("kind == 'holding'")["money"].sum()
    held = done["stock"] * cost
    holding = held.sum() * book.settings["holding_rate"] / plan.calendar.per_year
    revenue = (done["shipped"] * price).sum()
    spent = (done["shipped"] * cost).sum() + holding + money["period_costs"].sum() - costs
    weight = cost if (asked * cost).sum() else np.ones_like(cost)
    worth = (asked * weight).sum()
    return {
        "service": 1 - (done["missed"] * weight).sum() / worth if worth else np.nan,
        "stock": held.sum(axis=0).mean(),
        "revenue": revenue,
        "cost": spent,
        "profit": revenue - spent,
    } | {f"wape_{lag}": _wape(book, sold, plan.buckets()[lag - 1]) for lag in GRADED}


def executed(on_hand, backlog, arrives, asked, wait) -> dict:
    """What happens to a plan whose ``arrives`` (item × bucket) come as planned while customers ask
    what they ``asked``: units ``shipped``, in ``stock`` and ``missed`` (asked, and not served when
    due), item × bucket. All that can be shipped is, in the order of demand; what an item lets its
    customers ``wait`` (buckets, by item) is not missed before.

    >>> done = executed([5.0], [0.0], np.array([[0.0, 9.0]]), np.array([[8.0, 4.0]]), [0.0])
    >>> {name: units.tolist() for name, units in done.items()}
    {'shipped': [[5.0, 7.0]], 'stock': [[0.0, 2.0]], 'missed': [[3.0, 0.0]]}
    """
    had = np.asarray(on_hand)[:, None] + np.cumsum(arrives, axis=1)
    wanted = np.asarray(backlog)[:, None] + np.cumsum(asked, axis=1)
    gone = np.minimum(had, wanted)
    at = np.arange(-2, asked.shape[1])  # the backlog was asked for in the bucket before
    by = np.clip(at[2:] - np.asarray(wait)[:, None], -2, None)  # all that was asked by then is due
    asked_by = np.hstack([np.zeros((len(wanted), 1)), np.asarray(backlog)[:, None], wanted])
    due = np.array([np.interp(when, at, row) for when, row in zip(by, asked_by)])
    late = np.maximum(due - gone, 0.0)
    shipped = np.diff(gone, axis=1, prepend=0.0)
    return {"shipped": shipped, "stock": had - gone, "missed": np.minimum(asked, late)}


def _wape(book, sold, bucket):
    cell = ["item", "market"]
    told = within(book.demand_plan, [bucket]).set_index(cell)["consensus"]
    came = within(sold, [bucket]).groupby(cell)["quantity"].sum()
    if came.empty:
        return np.nan
    both = pd.concat([told, came], axis=1).fillna(0.0)
    return metrics.wape(both["quantity"], both["consensus"])
