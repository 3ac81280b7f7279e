"""Every chart over a small plan and over an empty one: it draws, says an honest sentence, and shows
hostile names as text.
"""

import re
import warnings
import xml.etree.ElementTree as ET

import pytest

from sopkit import charts
from sopkit.buckets import Calendar
from sopkit.charts import View
from sopkit.metrics import Book
from sopkit.metrics.scopes import item_prices
from sopkit.tables import INPUTS, PLANS
from tests.charts import small

HOSTILE = '<script>alert("$x^2$")</script>&\x00\u202e'
DRAWN = {
    "history": lambda t, v: charts.history_chart(t["history"], v),
    "forecast": lambda t, v: charts.forecast_chart(
        t["history"], t["baseline_forecast"], t["demand_plan"], v, last=t["demand_plan"]
    ),
    "demand": lambda t, v: charts.demand_chart(
        t["history"], t["demand_plan"], v, last=t["demand_plan"]
    ),
    "supply": lambda t, v: charts.supply_chart(t["supply_plan"], v),
    "capacity": lambda t, v: charts.capacity_chart(t["capacity_plan"], v),
    "inventory": lambda t, v: charts.inventory_chart(
        t["inventory_plan"], v, last=t["inventory_plan"]
    ),
    "money": lambda t, v: charts.money_chart(t["financial_plan"], v, last=t["financial_plan"]),
}


def view(items=None, calendar=None, **tables):
    given = {"items": small.items() if items is None else items}
    return View(Book(given | tables, first=small.START, calendar=calendar or Calendar("month")))


@pytest.fixture(scope="module")
def tables():
    return small.tables()


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.mark.parametrize("name", DRAWN)
def test_every_chart_draws_well_formed_svg_and_png_the_same_every_time(name, tables):
    one, two = DRAWN[name](tables, view()), DRAWN[name](tables, view())
    ET.fromstring(one.svg)
    assert one.svg == two.svg and one.png == two.png
    assert one.png.startswith(b"\x89PNG") and "<dc:date>" not in one.svg and one.title in repr(one)
    assert set(one._repr_mimebundle_()) == {"image/svg+xml", "image/png", "text/plain"}


@pytest.mark.parametrize("name", DRAWN)
def test_every_chart_of_an_empty_plan_is_a_sentence(name):
    empty = {name: table.empty() for name, table in PLANS.items()}
    chart = DRAWN[name](empty, view(INPUTS["items"].empty()))
    assert len(chart.text.split()) >= 5 and "<svg" not in chart.html


@pytest.mark.parametrize("name", DRAWN)
def test_hostile_names_are_text(name, tables):
    swap = {
        "P-300": HOSTILE,
        "pumps": HOSTILE,
        "North": HOSTILE,
        "LINE2": HOSTILE,
        "specials": HOSTILE,
        "bias": HOSTILE,
        "base": HOSTILE,
    }
    hostile = {name: frame.replace(swap) for name, frame in tables.items()}
    svg = DRAWN[name](hostile, view(small.items().replace(swap))).svg
    ET.fromstring(svg)
    assert "<script" not in svg and "\u202e" not in svg


def test_every_chart_function_is_drawn_here():
    offered = {name for name in charts.__all__ if name.endswith("_chart")}
    used = {
        constant
        for draw in DRAWN.values()
        for constant in draw.__code__.co_names
        if constant.endswith("_chart")
    }
    assert offered == used


def test_the_ids_of_two_charts_on_one_page_differ():
    tables = small.tables()
    one, two = (
        charts.supply_chart(tables["supply_plan"], view(), family=f) for f in ("pumps", "valves")
    )
    assert not _clips(one.svg) & _clips(two.svg)


def _clips(svg):
    return {
        element.get("id")
        for element in ET.fromstring(svg).iter()
        if element.tag.endswith("clipPath")
    }


def test_forecast_title_sums_the_next_year(tables):
    chart = charts.forecast_chart(
        tables["history"],
        tables["baseline_forecast"],
        tables["demand_plan"],
        view(),
        item="V-110",
        market="South",
    )
    rows = (
        tables["demand_plan"].query("item == 'V-110' and market == 'South'")["consensus"][:12].sum()
    )
    past = tables["history"].query("item == 'V-110' and market == 'South'")["demand"][-12:].sum()
    assert f"{rows:,.0f} pcs" in chart.title
    assert (
        "as the last 12" in chart.title
        if abs(rows / past - 1) < 0.005
        else f"{abs(rows / past - 1):.0%}".replace("%", " %") in chart.title
        and ("above" if rows > past else "below") in chart.title
    )
    assert "band = 8 of 10 outcomes" in chart.subtitle


def test_the_band_of_a_sum_is_that_of_series_that_vary_apart(tables):
    args = tables["history"], tables["baseline_forecast"], tables["demand_plan"], view()
    one = charts.forecast_chart(*args, item="V-110", market="South")
    both = charts.forecast_chart(*args, item="V-110")
    assert ">8 of 10<" in one.svg and ">8 of 10<" in both.svg
    assert "vary apart" in both.subtitle and "vary apart" not in one.subtitle
    base = tables["baseline_forecast"].query("item == 'V-110'").set_index("bucket")
    first = base.loc[base.index.min()]
    wide = (first["p90"] - first["baseline"]) ** 2
    (band,) = both.figure.axes[0].collections[:1]
    top = band.get_paths()[0].vertices[:, 1].max()
    assert top >= first["baseline"].sum() + wide.sum() ** 0.5 - 1e-6


def test_what_happens_in_the_plan_is_marked(tables):
    args = tables["history"], tables["baseline_forecast"], tables["demand_plan"]
    heir = tables["demand_plan"].query("item == 'P-310'")
    chart = charts.forecast_chart(*args, view(), heir=heir, item="V-110")
    assert ">P-310<" in chart.svg and ">a year before<" in chart.svg
    acts = tables["demand_plan"].query("item == 'V-110'")["events"].abs().gt(0)
    assert acts.any() == ("▾ = events" in chart.subtitle)


def test_items_of_different_units_are_added_in_money_only(tables):
    items = view()
    assert charts.supply_chart(tables["supply_plan"], items).subtitle.startswith("k€")
    assert charts.supply_chart(tables["supply_plan"], items, family="pumps").subtitle.startswith(
        "pcs"
    )
    assert (
        "price"
        in charts.supply_chart(
            tables["supply_plan"], view(small.items().assign(price=float("nan")))
        ).text
    )
    money = charts.measure.View.valued
    plan, cost = tables["supply_plan"], items.book.cost
    valued = money(items, plan, ["shipments", "projected_available"])
    assert valued["projected_available"].tolist() == pytest.approx(
        (plan["projected_available"] * plan["item"].map(cost)).tolist()
    ), "stock is at cost everywhere"


def test_titles_name_the_first_late_month_and_the_worst(tables):
    assert (
        charts.supply_chart(tables["supply_plan"], view(), family="pumps").title
        == "pumps: supply is late in 3 of 12 months; up to 80 pcs late, in Mar 27"
    )
    on_time = tables["supply_plan"].assign(late=0.0, backlog=0.0, safety_stock=0.0)
    assert (
        "met on time and no safety stock is asked for"
        in charts.supply_chart(on_time, view(), family="pumps").title
    )
    lost = tables["supply_plan"].assign(lost=1.0)
    assert "cannot be served" in charts.supply_chart(lost, view(), family="pumps").title


def test_capacity_title_has_the_largest_excess(tables):
    plan = tables["capacity_plan"]
    excess = (plan["unconstrained_load"] - plan["regular_capacity"] - plan["overtime_limit"]).max()
    assert f"at most by {excess:,.0f} h" in charts.capacity_chart(plan, view()).title
    calm = plan["bucket"] > plan["bucket"].min()
    calm &= plan["resource"] == plan["resource"].max()
    later = plan.assign(unconstrained_load=plan["regular_capacity"] + 500.0)
    later = later.assign(unconstrained_load=later["unconstrained_load"].mask(calm, 1e4))
    first = later[(later["bucket"] > later["bucket"].min()) | (later["resource"] == "LINE1")]
    title = charts.capacity_chart(first, view()).title
    assert "first in Jan 27, on LINE1, at most by" in title, "only the rooms of that month"
    within = plan.assign(load=320.0, unconstrained_load=320.0)
    assert charts.capacity_chart(within, view()).title.startswith(
        "Load stays within regular capacity; the peak is 50 %"
    )


def test_titles_call_buckets_as_the_plans_calendar_does(tables):
    plan = tables["capacity_plan"]
    quarters = plan[plan["bucket"].dt.month % 3 == 1]
    title = charts.capacity_chart(quarters, view(calendar=Calendar("quarter"))).title
    assert re.search(r" Q[1-4] \d\d", title) and "Jan" not in title


def test_money_title_compares_only_budgeted_months(tables):
    plan = tables["financial_plan"]
    inside = plan.dropna(subset=["budget_revenue"])
    share = inside["revenue"].sum() / inside["budget_revenue"].sum() - 1
    assert (
        "of the next 12 months is " + f"{abs(share):.1%}".replace("%", " %") + " below budget"
        in charts.money_chart(plan, view()).title
    )
    assert (
        "no budget to compare with"
        in charts.money_chart(plan.assign(budget_revenue=float("nan")), view()).title
    )


def test_weeks_and_quarters_are_called_so(tables):
    weekly = tables["capacity_plan"].assign(
        bucket=lambda f: (
            f.groupby("resource")
            .cumcount()
            .map(lambda n: small.START + small.pd.Timedelta(days=3 + 7 * n))
        )
    )
    weeks = view(calendar=Calendar("week"))
    assert "hours per week" in charts.capacity_chart(weekly, weeks).subtitle


def test_money_is_at_the_plans_prices_everywhere(tables):
    """One price of a unit: charts value demand and supply as the financial plan does, not at list
    price; history at the item's mean price."""
    plan, prices = tables["demand_plan"], tables["prices"].copy()
    prices.loc[prices["market"] == "North", "price"] *= 0.8
    by_item = item_prices(prices, plan)
    seen = view(prices=prices, demand_plan=plan)
    sold, unit = seen.addable(plan, ["consensus"])
    assert unit == "EUR"
    cells = plan.merge(prices, on=["item", "market", "bucket"])
    assert sold["consensus"].sum() == pytest.approx((cells["consensus"] * cells["price"]).sum())
    made = seen.valued(tables["supply_plan"], ["shipments"])["shipments"].sum()
    cells = tables["supply_plan"].merge(by_item, on=["item", "bucket"])
    assert made == pytest.approx((cells["shipments"] * cells["price"]).sum())
    assert seen.price(tables["history"]).eq(view().price(tables["history"]) * 0.9).all()
