"""The board's first screen: does the company make its year, what is asked, can supply follow, what
changed, what must be watched, and in which family.
"""

import numpy as np
import pandas as pd

from sopkit.charts import latest_kpis
from sopkit.charts.measure import last_and_next
from sopkit.charts.spark import MEASURED, difference, spark
from sopkit.charts.table import block
from sopkit.charts.words import (
    BLANK,
    Html,
    clean,
    count,
    escape,
    listing,
    money,
    number,
    percent,
    quantity,
    scale,
    spoken,
)
from sopkit.finance import COMPANY, by_family, company, year_estimate
from sopkit.metrics import planned_service
from sopkit.metrics.scopes import at_cost, lasting, within
from sopkit.metrics.stages import COMPANY as WHOLE
from sopkit.pages.common import assumed, unreleased
from sopkit.pages.money import options
from sopkit.panels.figures import (
    HOT,
    LESS,
    MARKS,
    MOVES,
    asked_load,
    likely_service,
    many,
    monthly,
    moved_since,
)
from sopkit.panels.lines import COARSEST
from sopkit.tables.judgments import BROKEN, current, is_open

PLANNED = "#E69F00", ""
HEAT = '<span class="heat {}">{}</span>'
BAR = '<span class="bar" style="width:{:.0f}px"></span>'
MOST = 12  # families in full
PROCESS = "plan_adherence otif order_cycle_time fill_rate forecast_accuracy_lag_1".split()


def answer(source) -> str:
    """Two sentences: the year against its budget, and whether supply can follow."""
    book, view = source.book, source.view
    year = view.next_year(company(book.financial_plan))
    planned, gap = year["revenue"].sum(), year["revenue_gap"].sum(min_count=1)
    name, estimate, budget = year_estimate(book)
    told = f"The next {many(year, view)} bring {money(planned, view.currency)}"
    if not planned:
        told = f"No revenue is planned in the next {many(year, view)}, or no price is known"
    elif pd.notna(gap):
        told += f", {_beside(gap, year['budget_revenue'].sum(), view)}"
        some = year[year["revenue_gap"].notna()]
        told += f" of the {many(some, view)} that have one" if len(some) < len(year) else ""
        if pd.notna(estimate - budget):
            closes = f"{name} closes at {money(estimate, view.currency)}"
            closes += f", {_beside(estimate - budget, budget, view)}"
            told = f"{closes}; {told[0].lower()}{told[1:]}"
    else:
        told += f" of revenue and {money(year['margin'].sum(min_count=1), view.currency)} of margin"
    return (
        f'<p class="answer"><b>{escape(told)}.</b> {_supply(source)} {escape(_on_time(book))}'
        f" {escape(assumed(book.supply_plan, view))}</p>"
    )


def _supply(source) -> str:
    book, view = source.book, source.view
    plan = view.next_year(source.read("supply_plan"))
    missed = plan.assign(missed=plan["late"] + plan["lost"]).query("missed > 0.5")
    target, falls = book.settings["targets"].get("planned_service", 0.98), ""
    likely = likely_service(book)
    if likely["p50"].min() < target:
        least = likely.loc[likely["p50"].idxmin()]
        falls = f"; likely service falls to {percent(least['p50'], 0)} in"
        falls += f" {view.calendar.name(least['bucket'])}"
    can = "Supply follows only in part" if falls else "Supply can follow"
    if missed.empty:
        given = (book.typed(name)["lead_time"] for name in ("items", "sourcing"))
        blank = all(times.isna().all() for times in given)
        told = ", if all that is ordered arrives at once: no lead time is known" if blank else ""
        falls = falls.replace("; ", ", but ")
        return f"<b>Supply can follow</b>: all that is planned ships when due{told}{escape(falls)}."
    sums = missed.groupby(["family", "bucket"])["missed"].sum()
    worth = (missed["missed"] * missed["price"]).groupby(missed["family"]).sum()
    family = worth.idxmax()
    _, unit = view.addable(plan, ["late"], family=family)
    units, bucket = sums[family].max(), sums[family].idxmax()
    told = f"{number(round(units))} {unit} of {family} are late in {view.calendar.name(bucket)}"
    others = worth.drop(family).sort_values(ascending=False).index
    told += f", and some of {listing(others, 2)}" if len(others) else ""
    served = planned_service(plan, view.items, book.cost)
    if served >= target:
        return f"<b>{can}</b>{':' if falls else ', but'} {escape(told + falls)}."
    short = f"{percent(1 - served)} of what is asked for is late or lost"
    return f"<b>Supply cannot follow</b>: {escape(short)}; {escape(told)}."


def _on_time(book) -> str:
    rows = monthly(book, "on_time_delivery")
    if rows.empty or pd.isna(rows["target"].iloc[-1]):
        return ""
    met = rows["actual"] >= rows["target"] - 1e-12
    run = len(met) - (met != met.iloc[-1]).to_numpy().nonzero()[0].max(initial=-1) - 1
    word = f"{'met' if met.iloc[-1] else 'missed'} its target"
    last = f"in {book.calendar.name(rows['bucket'].iloc[-1])}"
    if run > 1:
        last = f"in each of the last {count(run, book.calendar.size)}"
    return f"On-time delivery {word} {last}."


def process(source) -> str:
    """The other measured KPIs in one line of words."""
    latest = latest_kpis(source.book.kpis).set_index("kpi")
    told = []
    for row in latest.loc[[name for name in PROCESS if name in latest.index]].itertuples():
        if pd.isna(row.actual):
            continue
        target = ""
        if pd.notna(row.target):
            mark = MARKS.get(row.status, "")
            aim = quantity(row.target, "fraction" if row.unit == "fraction" else "")
            target = f' <em class="{escape(row.status)}">{mark}target {escape(aim)}</em>'
        words = f"{spoken(row.Index)} {quantity(row.actual, row.unit)}"
        told.append(f"<span>{escape(words)}{target}</span>")
    if not told:
        return ""
    last = source.book.at(1)
    when, odd = source.book.calendar.name(last), escape(unreleased(source.view, [last]))
    return f'<p class="process"><b>Process, {escape(when)}</b>{"".join(told)}{odd}</p>'


def asked(source) -> str:
    """The decisions that are wanted, those that a broken assumption asks for first, or, where there
    is none, what the plan itself proposes.
    """
    book, view = source.book, source.view
    wanted = current(book.decisions)
    wanted = wanted[is_open(wanted)].sort_values(["due", "id"], kind="stable")
    broken = current(book.assumptions).query("result == 'broken'")
    broken = broken.assign(text=BROKEN + broken["text"])
    number = count(len(wanted), "decision")
    wanted = pd.concat([broken, wanted])
    if len(wanted):
        opening = [*map(_opening, wanted["options"].fillna(""))]
        wanted["options"] = pd.Series(opening, wanted.index, object)
        columns = "text: question | options: first option | expected | owner | due"
        table = view.show(wanted.head(4), "decisions", columns)
        more = f", {count(len(broken), 'assumption')} broken" if len(broken) else ""
        title, sub = f"{number} wanted{more}", "Entered for this cycle"
        return _headed(title, sub, table.html)
    columns = "option: the plan proposes | gain: margin | cost | owner"
    table = options(book.gap_options, view, 4, columns, note="")
    sub = "What would close the gap, each planned anew"
    return _headed("Decisions wanted: none entered yet", sub, table.html)


def _opening(options):
    """The first of a decision's options; the others open below it."""
    first, *others = map(escape, map(str.strip, options.split(";")))
    more = f" <details><summary>or {len(others)} more</summary> {'; <br>'.join(others)}</details>"
    return Html(first + more * bool(others))


def changes(source) -> str:
    """What moved since the last cycle's plan of the same months, in money, largest first; without
    one, what must be watched.
    """
    book = source.book
    shared, _ = moved_since(source, *MOVES["Demand"])
    if not shared:
        return watch(source)
    rows, size = [], book.calendar.size
    for what, told in MOVES.items():
        _, by = moved_since(source, *told)
        families, move = by.drop(COMPANY, errors="ignore").dropna(), by.sum(min_count=1)
        if len(families) and pd.notna(move):
            most = families.abs().idxmax()
            felt = "better" if (move > 0) != (told[1] in LESS) else "worse"
            felt = Html(f'<span class="{felt}">{felt}</span>')
            rows.append((what, move, felt, most, families[most]))
    table = pd.DataFrame(rows, columns=["what", "change", "felt", "most", "of it"], dtype=object)
    table = table.astype({"change": float, "of it": float})
    table = table[table["change"].abs() > 0.5]
    table = table.sort_values("change", key=abs, ascending=False, kind="stable")
    table["most"] = table["most"].where(table["of it"].abs() > 0.5, "")
    title = f"{'What' if len(table) else 'Nothing'} changed since the plan of"
    title += f" {book.calendar.name(book.calendar.first_in(source.plan.last.month))}"
    now, before = (
        percent(planned_service(within(source.read(name), shared), source.view.items, book.cost))
        for name in ("supply_plan", "last_supply_plan")
    )
    served = (
        f"; service goes from {before} to {now}" if now != before else f"; service stays at {now}"
    )
    sub = f"The {count(len(shared), size)} that both plans hold{served * (before != BLANK)}"
    columns = "what | change [money] | felt:   | most: most in | of it: there, change [money]"
    shown = source.view.show(table, columns=columns).html if len(table) else ""
    return _headed(title, sub, shown)


def watch_below(source) -> str:
    """``watch``, where its place is taken by what changed."""
    return watch(source) if len(source.read("last_demand_plan")) else ""


def watch(source) -> str:
    """The exceptions by cause: how many and where, and the money at stake."""
    rows, view = source.book.exceptions, source.view
    if rows.empty:
        return _headed("Nothing needs a person in this plan", "No exception was found", "")
    rows = rows.sort_values("money", ascending=False, kind="stable")
    how = {"money": ("money", "sum"), "count": ("count", "sum"), "names": ("name", list)}
    causes = rows.groupby("cause").agg(**how, counted=("counted", "first"))
    causes = causes.sort_values("money", ascending=False, kind="stable").reset_index()
    causes["where"] = [
        "the whole company"
        if row.counted == WHOLE
        else f"{count(row.count, row.counted)}: {listing(dict.fromkeys(row.names))}".replace(
            f": {WHOLE}", " all over the company"
        )
        for row in causes.itertuples(index=False)
    ]
    part = 80 * causes["money"] / max(causes["money"].max(), 1e-9)
    causes["share"] = pd.Series([Html(BAR.format(width)) for width in part], dtype="object")
    first = listing([cause.lower() for cause in causes["cause"].head(2)])
    sub = "Money at stake by cause; causes overlap, so they are not added up"
    columns = "cause: watch | where | money: at stake [money] | share"
    table = view.show(causes, columns=columns).html
    return _headed(f"What needs watching: {first}", sub, table)


def families(source) -> str:
    """The company and its families, by revenue: money against budget, demand, cover, trouble."""
    book, view = source.book, source.view
    year = view.next_year(book.financial_plan)
    lines = ["revenue", "revenue_gap", "margin", "margin_gap"]
    sums = by_family(year)[lines]
    sums = sums[(sums.fillna(0.0).abs() > 0.5).any(axis=1)]
    if sums.empty:
        return ""
    rest = sums[sums.index == COMPANY]
    sums = sums[sums.index != COMPANY]
    total = pd.concat([sums, rest]).sum(min_count=1)
    size, unit = scale([total["revenue"]], view.currency)
    if sums["revenue"].head(MOST).between(0.5, size / 20).any():  # would read 0.0
        size, unit = scale([min(total["revenue"], COARSEST)], view.currency)
    digits = int(size > 1e3)
    gaps = [name for name in ("revenue_gap", "margin_gap") if sums[name].notna().any()]
    most = np.nanmax(sums[gaps].abs().to_numpy()) if gaps else 0.0
    facts = _of_families(source)

    def row(css, name, values, own, link=False):
        cells = [Html(f'<a data-family="{escape(name)}">{escape(name)}</a>') if link else name]
        for line in ("revenue", "margin"):
            cells.append(number(values[line] / size, digits))
            if f"{line}_gap" in gaps:
                gap = values[f"{line}_gap"]
                words = number(gap / size, 2 * digits, sign=True)
                ink = {"+": "better", "−": "worse"}.get(words[0], "")
                cells.append(Html(f'<span class="{ink}">{words}</span>'))
                cells.append(Html(difference(gap, most) if link else ""))
        return css, [*cells, *(own.get(column, "") for column in FACTS)]

    rows = [row("company", "Company", total, facts.get(WHOLE, {}))]
    rows += [row("", name, money, facts.get(name, {}), True) for name, money in sums.iterrows()]
    shown, hidden = (rows, []) if len(sums) <= MOST + 1 else (rows[: MOST + 1], rows[MOST + 1 :])
    if hidden:
        words = f"{len(hidden)} smaller"
        shown.append(row("smaller", words, sums.iloc[MOST:].sum(min_count=1), {}))
    if len(rest):
        shown.append(row("quiet", "Not by family", rest.iloc[0], {}))
    head = [("Family", "", "left")]
    for line in ("Revenue", "Margin"):
        head.append((line, unit, "right"))
        if f"{line.lower()}_gap" in gaps:
            head += [("to budget", unit, "right"), ("", "", "left")]
    size = view.calendar.size
    head += [(name, u.replace("bucket", size), align) for name, (u, align) in FACTS.items()]
    title = "Families by revenue"
    if "revenue_gap" in gaps:
        behind = sums["revenue_gap"].sort_values()
        behind = behind[behind < 0.1 * min(behind.sum(), 0)]
        title = (
            f"{listing(behind.index)} make the gap"
            if len(behind)
            else "Every family makes its revenue budget"
        )
    sub = f"Next {many(year, view)}, all markets; a family opens its sheet"
    return _headed(title, sub, block(head, shown, rest=hidden).html)


FACTS = {
    "Demand": ("sold | planned", "left"),
    "Change": ("%", "right"),
    "Cover": ("buckets", "right"),
    "Trouble ahead": ("", "left"),
    "On time": ("%", "right"),
}


def _of_families(source) -> dict:
    """What the family table says beside money, by family and for the company."""
    book, view = source.book, source.view
    stock = at_cost(book, book.inventory_plan, "units", book.buckets).fillna(0.0)
    safety = at_cost(book, book.supply_plan, "safety_stock", book.buckets)
    lasts = lasting(book)
    waits = book.backlog_plan.pivot(index="family", columns="bucket", values="lead_time")
    plan = source.read("supply_plan")
    missed = plan.assign(missed=plan["late"] + plan["lost"])
    missed = view.next_year(missed).groupby(["family", "bucket"])["missed"].sum().unstack()
    served = book.kpis.query("kpi == 'on_time_delivery'").sort_values("bucket")
    served, name = (
        served.drop_duplicates("scope", keep="last").set_index("scope"),
        book.calendar.name,
    )
    end = book.year[-1]
    told = {WHOLE: {}}
    for family in source.read("demand_plan")["family"].unique():
        sold, ahead, unit = last_and_next(view, family)
        own = told[family] = {}
        if unit:
            lines = [(sold, MEASURED, ""), ([np.nan] * len(sold) + [*ahead], *PLANNED)]
            own["Demand"] = Html(spark(lines, size=(140, 24), dot=False))
        if unit and sold.sum() > 0 and sold.notna().all():
            own["Change"] = number(100 * (ahead.sum() / sold.sum() - 1), 0, sign=True)
        if family in waits.index:
            own["Cover"] = f"wait {number(waits.loc[family].iloc[0], 1)} → "
            own["Cover"] += number(waits.loc[family, end], 1)
        elif family in lasts.index:
            own["Cover"] = " → ".join(number(lasts.loc[family, at], 1) for at in (book.first, end))
        late = missed.reindex([family]).iloc[0]
        if late.max() > 0.5:
            own["Trouble ahead"] = f"{number(round(late.max()))} late in {name(late.idxmax())}"
        elif family in stock.index:
            under = stock.loc[family] < safety.loc[family] * (1 - 1e-6)
            if under[book.year].any():
                share = f"{under[book.year].sum()} of {many(book.year, view)}"
                own["Trouble ahead"] = f"under safety stock in {share}"
    for scope, row in served.iterrows():
        if pd.notna(row["actual"]) and scope in told:
            mark = MARKS.get(row["status"], "").strip()
            text = f"{number(100 * row['actual'], 0)} {mark}"
            told[scope]["On time"] = Html(f'<span class="{escape(row["status"])}">{text}</span>')
    return told


def load(source) -> str:
    """Asked load of the next months in percent of regular hours, a row per resource."""
    rows = asked_load(source)
    if rows.empty:
        return ""
    calendar = source.book.calendar
    wide = rows.pivot(index="resource", columns="bucket", values="asked").iloc[:, :MOST]
    peak = wide.max(axis=1).nlargest(8)
    hours = rows.groupby("resource").agg({"overtime": "sum", "shadow_price": "max"})
    shown = []
    for name in peak.index[peak > 0]:
        cells = [Html(HEAT.format(_warmth(at), number(100 * at, 0))) for at in wide.loc[name]]
        cells += [number(round(hours.at[name, "overtime"]))]
        cells += [number(hours.at[name, "shadow_price"], 0)]
        shown.append(("", [clean(name, 24), *cells]))
    over = [calendar.name(at) for at in wide.columns[(wide > HOT).any()]]
    title = "Regular hours are enough in every month"
    if over:
        most = percent(HOT, 0)
        title = f"Demand asks for over {most} of regular hours in {listing(over, 4)}"
    head = [("Resource", "", "left")]
    head += [(label, "", "right") for label in calendar.label(wide.columns)]
    head += [("Overtime", "h", "right"), ("1 h more", source.view.currency, "right")]
    sub = "Asked load in % of regular hours, before pre-building and overtime; orange over 115"
    return _headed(title, sub, block(head, shown).html, "heated")


def _warmth(asked):
    return "hot" if asked > HOT else "warm" if asked > 1 else ""


def _beside(gap, budget, view):
    """How a value stands to its budget, in words."""
    if abs(gap) < 0.0005 * abs(budget):
        return "as budgeted"
    share = f" ({percent(abs(gap / budget))})" if budget else ""
    return f"{money(abs(gap), view.currency)}{share} {'over' if gap > 0 else 'under'} budget"


def _headed(title, sub, table, css=""):
    head = f'<h2>{escape(title)}</h2><p class="sub">{escape(sub)}</p>'
    return f'<div class="{css}">{head}{table}</div>'
