"""What KPIs, rules and money share: what a unit counts and brings, rows and sums by scope and
bucket, plans beside sales and budget.
"""

import numpy as np
import pandas as pd

from sopkit.grid import fold, grid_of
from sopkit.metrics.flow import cover
from sopkit.metrics.stages import CELL

MOST = 0.5  # of an author's numbers that may be missing: they are doubled at most
FEW = 6  # numbers of an author from which no bias is told
SUPPLIED = ["production", "overtime_production", "subcontracted", "purchased", "receipts"]
MADE = ["production", "overtime_production", "receipts"]


def per_item(frame, values) -> pd.Series:
    """The item's value (``values`` indexed by item) on each row of the frame, 0 where unknown."""
    return frame["item"].map(values).astype("float64").fillna(0.0)


def weights(items, cost=None) -> pd.Series:
    """What a unit of the declared items counts in a total (index item): 1 where all share one unit
    of measure or nothing costs anything, else its ``cost`` (a Series by item; the items' unit_cost
    without one).
    """
    items = items.set_index("item")
    cost = items["unit_cost"] if cost is None else cost
    alike = items["unit"].nunique() <= 1 or not cost.any()
    return pd.Series(1.0, index=items.index) if alike else cost


def chance(initiatives, settings) -> pd.Series:
    """The part of each initiative that a plan counts: its probability, 1 or 0 as the setting
    ``initiatives`` says.
    """
    counted = {"certain": 1.0, "off": 0.0}.get(settings["initiatives"])
    likely = initiatives["probability"]
    return likely if counted is None else likely * 0 + counted


def within(frame, buckets) -> pd.DataFrame:
    """The rows of these buckets."""
    return frame[frame["bucket"].isin(buckets)]


def realised_price(book, year=True) -> pd.Series:
    """Σ revenue ÷ Σ quantity by item (index item) over the last year before the plan, or over all
    history.

    Only rows whose revenue is known count; an item that sold nothing, or at no price, is absent.
    """
    sales = book.sales_history
    known = sales[sales["revenue"].notna() & (sales["bucket"] < book.first)]
    known = within(known, book.before(book.calendar.per_year)) if year else known
    sums = known.groupby("item")[["revenue", "quantity"]].sum()
    sums = sums.query("revenue > 0 and quantity > 0")
    return sums["revenue"] / sums["quantity"]


def revenue(book, sold) -> pd.Series:
    """The revenue of each row of sales, in money; where it is unknown, its units at the price that
    the item ever realised, or else at its list price.
    """
    usual = realised_price(book, year=False).combine_first(book.list_price)
    return sold["revenue"].fillna(sold["quantity"] * per_item(sold, usual))


def shipped(book) -> pd.DataFrame:
    """What was shipped of items made to order: item, market, bucket, quantity, revenue (at the
    price that the item realised, blank where that is not known); without a row where no lines are
    listed, or of the first buckets, of which most may have been ordered before the lines begin.
    """
    made, lines = book.items.loc[book.items["strategy"] == "order", "item"], book.typed("orders")
    lines = lines[lines["item"].isin(made) & lines["shipped_on"].notna()]
    if lines.empty:
        return book.sales_history[:0]
    wait = (lines["shipped_on"] - lines["ordered_on"]).quantile(0.95)
    since = lines["ordered_on"].min() + wait
    quantity = lines["shipped_quantity"].fillna(lines["quantity"])
    rows = lines.assign(quantity=quantity, bucket=book.calendar.start(lines["shipped_on"]))
    rows = rows.groupby(CELL, as_index=False, dropna=False)["quantity"].sum()
    price = realised_price(book).combine_first(realised_price(book, year=False))
    rows = rows.assign(revenue=rows["quantity"] * rows["item"].map(price))
    return rows[(rows["bucket"] >= since) & (rows["bucket"] < book.first)]


def invoiced(book) -> pd.DataFrame:
    """The sales as they are invoiced: of items made to order what was shipped, not what was booked,
    in the buckets of which shipments are known; all other rows as they stand.
    """
    sent, sold = shipped(book), book.sales_history
    known = sold["bucket"].between(sent["bucket"].min(), sent["bucket"].max())
    booked = sold["item"].isin(sent["item"]) & known
    return pd.concat([sold[~booked], sent], ignore_index=True)


def wide(frame, column, buckets) -> pd.DataFrame:
    """A table scope × bucket of a column, summed, blank where absent."""
    return frame.groupby(["scope", "bucket"])[column].sum().unstack().reindex(columns=buckets)


def at_cost(book, frame, column, buckets):
    """A table scope × bucket of a column of units, at standard cost (in units where no cost is
    known), blank where absent.
    """
    rows = within(frame, buckets)
    worth = per_item(rows, book.cost if book.cost.any() else book.weight)
    return wide(
        book.by_scope(rows.assign(worth=rows[column].clip(lower=0) * worth)), "worth", buckets
    )


def used(supply_plan) -> pd.DataFrame:
    """The plan with ``used``: its demand, and what the production of other items takes."""
    return supply_plan.assign(used=sum(supply_plan.get(of, 0.0) for of in ("demand", "issued")))


def lasting(book, strategies=("stock",)) -> pd.DataFrame:
    """Buckets of demand that the planned stock of items of these strategies lasts, at cost: a table
    scope × bucket; no row where none is planned.
    """
    stocked = book.items.loc[book.items["strategy"].isin(strategies), "item"]
    stock, demand = (
        at_cost(book, frame[frame["item"].isin(stocked)], column, book.buckets).fillna(0.0)
        for frame, column in ((book.inventory_plan, "units"), (used(book.supply_plan), "used"))
    )
    demand = demand.reindex(stock.index, fill_value=0.0)
    lasts = cover(stock, demand, per_year=book.calendar.per_year)
    return pd.DataFrame(lasts, stock.index, stock.columns)


def actuals(book) -> pd.DataFrame:
    """What every forecast is graded by: item, market, bucket, actual = units as sold, returns
    netted, at least 0.

    A series sold nothing in a bucket without a row, from its first sale (or its first released
    forecast) on; a bucket in which nobody sold anything is not known.

    >>> sales = {"item": ["A", "A", "B"], "market": "N", "quantity": [5.0, -2.0, 1.0]}
    >>> sales["bucket"] = pd.to_datetime(["2026-08-01", "2026-09-01", "2026-10-01"])
    >>> from sopkit.metrics import Book
    >>> actuals(Book({"sales_history": pd.DataFrame(sales)}))["actual"].tolist()
    [5.0, 0.0, 0.0, 1.0]
    """
    sales = book.sales_history
    planned = within(book.released_forecasts, sales["bucket"]).assign(quantity=0.0)
    wide = pd.concat([sales, planned]).groupby(CELL)["quantity"].sum().clip(lower=0).unstack()
    wide = wide.fillna(0.0).where(wide.ffill(axis=1).notna())
    return wide.stack().dropna().rename("actual").reset_index()


def leaving(book) -> pd.DataFrame:
    """The items that retire within the plan: item, retired_on, successor, last_made (bucket of the
    last supply), runs_out (bucket in which the last unit leaves; blank where some are left for
    good), left (units at the plan's end) and money (what these cost).
    """
    last = book.calendar.last_day(book.buckets[-1:])[0]
    ends = book.items[book.items["retired_on"].between(book.buckets[0], last)]
    plan = used(book.supply_plan[book.supply_plan["item"].isin(ends["item"])])
    supplied = plan[plan[SUPPLIED].sum(axis=1) > 1e-6].groupby("item")["bucket"].max()
    stocked = plan[plan[["projected_available", "shipments", "used"]].max(axis=1) > 1e-6]
    left = within(plan, book.buckets[-1:]).set_index("item")["projected_available"]
    left = left[left > 1e-6]
    stocked = stocked[~stocked["item"].isin(left.index)].groupby("item")["bucket"].max()
    told = {"last_made": supplied, "runs_out": stocked}
    rows = ends[["item", "retired_on", "successor"]].assign(left=per_item(ends, left))
    when = {name: days.reindex(rows["item"]).to_numpy() for name, days in told.items()}
    rows = rows.assign(**when)
    return rows.assign(money=rows["left"] * per_item(rows, book.cost))


def author_bias(book) -> pd.DataFrame:
    """How the sales inputs of the last year missed what was sold: author, cells, bias (Σ (said −
    sold) ÷ Σ sold), wape (fractions), and ``corrected``, what the rule takes off the author's next
    numbers: the bias, where it is clear (twice its standard error, over six cells), else 0.

    >>> from sopkit.metrics import Book
    >>> months = pd.date_range("2026-01-01", periods=8, freq="MS")
    >>> sold = pd.DataFrame({"item": "A", "market": "N", "bucket": months, "quantity": 100.0})
    >>> said = sold.assign(author="Ann", quantity=[119.0, 121.0] * 4)
    >>> book = Book({"sales_history": sold, "sales_inputs": said}, first="2026-09-01")
    >>> author_bias(book).round(3).values.tolist()
    [['Ann', 8, 0.2, 0.2, 0.2]]
    """
    buckets, sold = book.before(book.calendar.per_year), actuals(book)
    said = book.sales_inputs.dropna(subset=["quantity"])
    said = within(said.assign(bucket=book.calendar.start(said["bucket"])), sold["bucket"])
    grid = grid_of(sold, buckets, book.members, book.calendar)
    column, units = grid.column(said["bucket"]), grid.array(sold, "actual")
    said, column = said[column >= 0], column[column >= 0]
    actual = np.full(len(said), np.nan)
    for level in grid.levels(said):
        sums = fold(units, level.member, level.count)
        sums[~np.isin(np.arange(level.count), level.member)] = np.nan  # of what nobody knows
        actual[level.rows] = sums[level.scope, column[level.rows]]
    rows = said[["author"]].assign(cells=1, error=said["quantity"] - actual, actual=actual)
    rows = rows.dropna()
    sums = rows.assign(missed=rows["error"].abs()).groupby("author").sum()
    sums = sums[sums["actual"] > 0]
    bias = sums["error"] / sums["actual"]
    rest = rows["error"] - rows["actual"] * rows["author"].map(bias).astype(float)
    squares = (rest**2).groupby(rows["author"]).sum().reindex(sums.index)
    noise = squares**0.5 / sums["actual"]
    clear = (bias.abs() > 2 * noise) & (sums["cells"] > FEW)
    found = sums[["cells"]].assign(bias=bias, wape=sums["missed"] / sums["actual"])
    return found.assign(corrected=bias.clip(lower=-MOST).where(clear, 0.0)).reset_index()


def against_sales(book, buckets) -> pd.DataFrame:
    """The released forecasts of these buckets beside what was sold (``quantity``, the one
    actual of ``actuals``); no row where no sales are known.
    """
    sold = actuals(book).rename(columns={"actual": "quantity"})
    return within(book.released_forecasts, buckets).merge(sold, on=CELL)


def in_force(released) -> pd.DataFrame:
    """Of released rows (bucket, lag) those of the latest release that planned their bucket."""
    return released[released["lag"] == released.groupby("bucket")["lag"].transform("min")]


def against_production(book) -> pd.DataFrame:
    """What was made beside what the plan in force had wanted made (own production and open work
    orders): item, bucket, planned, actual (units), and whether it was ``released``; where no
    release planned the bucket, ``planned`` is the file's.

    An item that was planned and has no row in a bucket of production_history made nothing.
    """
    made, plan = book.production_history, in_force(book.released_supply)
    plan = within(plan[plan["item"].isin(made["item"])], made["bucket"])
    plan = plan[["item", "bucket"]].assign(wanted=plan[MADE].sum(axis=1))
    both = made.merge(plan, how="outer").fillna({"actual": 0.0})
    known = both["bucket"].isin(plan["bucket"])
    planned = both["planned"].mask(known, both["wanted"].fillna(0.0))
    return both.assign(planned=planned, released=known)


def next_year_money(book) -> pd.DataFrame:
    """The financial plan of the next year in its scopes; what belongs to no family is the
    company's only.
    """
    rows = book.by_scope(within(book.financial_plan, book.year))
    return rows[rows["scope"] != "(company)"]


def against_budget(book, name) -> pd.DataFrame:
    """Planned and budgeted revenue (or margin) of the next year over the buckets that have a
    budget: scope, bucket (the first of them), plan, budget.
    """
    columns = {name: "plan", f"budget_{name}": "budget"}
    money = next_year_money(book).rename(columns=columns).groupby(["scope", "bucket"])
    known = money[["plan", "budget"]].sum(min_count=1).dropna().reset_index()
    return known.groupby("scope", as_index=False).agg(
        {"bucket": "min", "plan": "sum", "budget": "sum"}
    )


def item_prices(prices, demand_plan) -> pd.DataFrame:
    """What a unit of an item brings in a bucket, wherever it is sold: item, bucket, price.

    The plan's ``prices`` by market weighted by the demand plan's consensus; markets count alike
    where that is 0.

    >>> cell = pd.DataFrame({"item": "A", "market": ["N", "S"],
    ...     "bucket": pd.Timestamp("2026-11-01")})
    >>> plan = cell.assign(consensus=[3.0, 1.0])
    >>> item_prices(cell.assign(price=[8.0, 10.0]), plan)["price"].tolist()
    [8.5]
    """
    cells = prices.merge(demand_plan[[*CELL, "consensus"]], on=CELL, how="left")
    cells["money"] = cells["consensus"] * cells["price"]
    how = {"consensus": "sum", "money": "sum", "price": "mean"}
    sums = cells.groupby(["item", "bucket"], as_index=False).agg(how)
    weighted = sums["money"] / sums["consensus"]
    return sums[["item", "bucket"]].assign(
        price=weighted.where(sums["consensus"] > 0, sums["price"])
    )


def priced(frame, prices) -> pd.DataFrame:
    """The frame with the ``price`` of each row, 0 where there is none: ``prices`` by item, market
    and bucket (a plan's), or by item and bucket (``item_prices``).

    >>> day = pd.Timestamp("2026-11-01")
    >>> price = pd.DataFrame({"item": ["A"], "bucket": [day], "price": [8.0]})
    >>> priced(pd.DataFrame({"item": ["A", "B"], "bucket": day}), price)["price"].tolist()
    [8.0, 0.0]
    """
    key = [name for name in CELL if name in prices]
    table = frame.drop(columns="price", errors="ignore").merge(
        prices[[*key, "price"]], on=key, how="left", validate="many_to_one"
    )
    return table.fillna({"price": 0.0})


def share(top, bottom) -> pd.Series:
    """top ÷ bottom, infinite where only the bottom is 0, 0 where both are (or one is unknown).

    >>> share(pd.Series([1.0, 2.0, 0.0]), pd.Series([4.0, 0.0, 0.0])).tolist()
    [0.25, inf, 0.0]
    """
    return (top / bottom).fillna(0.0)
