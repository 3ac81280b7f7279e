"""The board's first screen against the pack's tables and the facts: each figure worked out again
with pandas alone.
"""

import json
import re
from html import unescape

import pandas as pd
import pytest

CARD = re.compile(
    r"<span>([^<]*)</span><b>([^<]*) <small>([^<]*)</small></b><em>([^<]*)</em><i>([^<]*)"
)
SIZE = {"k": 1e3, "M": 1e6, "": 1.0}
MONEY = re.compile(r"([+−]?[\d,.]+) ([kM]?)€")


class Pack:
    """A pack's tables, facts and first screen."""

    def __init__(self, folder):
        self.folder = folder
        held = json.loads((folder / "board" / "board.json").read_text())
        parts = next(tab for tab in held["tabs"] if tab["name"] == "Overview")["parts"]
        self.parts = {part["name"]: unescape(part["html"].get("", "")) for part in parts}
        found = CARD.findall(self.parts["Numbers"])
        self.cards = {label.partition(",")[0]: told for label, *told in found}
        self.buckets = sorted(self.read("supply_plan")["bucket"].unique())
        self.year = self.buckets[:12]

    def read(self, name):
        table = self.folder / "tables" / f"{name}.parquet"
        return pd.read_parquet(
            table if table.exists() else self.folder / "inputs" / f"{name}.parquet"
        )

    def has(self, name):
        return (self.folder / "inputs" / f"{name}.parquet").exists()

    def invoiced(self):
        """Revenue by past month: what is made to order counts when it is shipped."""
        items, sales, lines = map(self.read, ("items", "sales_history", "orders"))
        made = sales["item"].isin(items["item"][items["strategy"] == "order"])
        if not made.any():
            return sales.groupby("bucket")["revenue"].sum()
        lines = lines[lines["item"].isin(sales["item"][made]) & lines["shipped_on"].notna()]
        year = sales[made & (sales["bucket"] >= self.year[0] - pd.DateOffset(years=1))]
        year = year.groupby("item")[["revenue", "quantity"]].sum()
        lines = lines.assign(price=lines["item"].map(year["revenue"] / year["quantity"]))
        lines["money"] = lines["price"] * lines["shipped_quantity"].fillna(lines["quantity"])
        lines["bucket"] = lines["shipped_on"].dt.to_period("M").dt.to_timestamp()
        stock = sales[~made].groupby("bucket")["revenue"].sum()
        return stock.add(lines.groupby("bucket")["money"].sum(), fill_value=0.0)

    def revenue(self):
        """Money by bucket: shipments at the price of the markets that they go to."""
        cells = self.read("demand_plan").merge(self.read("prices"), on=["item", "market", "bucket"])
        cells["money"] = cells["consensus"] * cells["price"]
        sums = cells.groupby(["item", "bucket"])[["consensus", "money"]].sum()
        price = (sums["money"] / sums["consensus"]).fillna(
            cells.groupby(["item", "bucket"])["price"].mean()
        )
        plan = self.read("supply_plan").set_index(["item", "bucket"])["shipments"]
        return (plan * price).groupby("bucket").sum()

    def cost(self):
        items = self.read("items").set_index("item")
        cost = items["unit_cost"].fillna(0.0)
        if self.has("bill_of_resources"):
            rate = self.read("resources").query("bucket.isna()").set_index("resource")
            bill = self.read("bill_of_resources")
            hours = bill["hours_per_unit"] * bill["resource"].map(rate["regular_cost"].fillna(0.0))
            cost = cost.add(hours.groupby(bill["item"]).sum(), fill_value=0.0)
        return items["standard_cost"].fillna(cost) if "standard_cost" in items else cost


def _near(shown, value, digits=None):
    """Whether the value is shown, to half its last digit."""
    number, half = float(shown.replace("−", "-").replace(",", "")), 0.05 if "." in shown else 0.5
    return number == pytest.approx(value, abs=(digits or half) * 1.02)


@pytest.fixture(
    params=[
        pytest.param(("packs", "2026-11"), marks=pytest.mark.xdist_group("packs"), id="sample"),
        pytest.param(
            ("real_packs", "2018-01"), marks=pytest.mark.xdist_group("real_packs"), id="real"
        ),
    ]
)
def board(request):
    name, month = request.param
    return Pack(request.getfixturevalue(name) / month)


def test_revenue_and_its_gap(board):
    value, unit, verdict, more = board.cards["Revenue"]
    planned = board.revenue()
    year = planned[board.year]
    assert _near(value, year.sum() / SIZE[unit[:-1]] if unit != "€" else year.sum())
    if not board.has("budget"):
        assert verdict == "no target set"
        return
    budget = board.read("budget").groupby("bucket")["revenue"].sum()
    known = [bucket for bucket in board.year if bucket in budget.index]
    (gap, size), *_ = MONEY.findall(verdict)
    assert _near(gap, (year - budget)[known].sum() / SIZE[size], 0.5)
    sold = board.invoiced()
    months = pd.date_range(f"{board.year[0].year}-01-01", periods=12, freq="MS")
    estimate = pd.concat([sold[sold.index < board.year[0]], planned]).reindex(months).sum()
    (shown, size), (gap, gap_size) = MONEY.findall(more)
    assert _near(shown, estimate / SIZE[size])
    assert _near(gap, (estimate - budget.reindex(months).sum()) / SIZE[gap_size], 0.05)
    assert f"closes at {shown} {size}€" in board.parts["Answer"]


def test_stock_at_cost_and_what_it_falls_to(board):
    cost = board.cost()
    plan = board.read("inventory_plan")
    value, unit, _, more = board.cards["Stock at cost"]
    counted = board.read("inventory_history") if board.has("inventory_history") else plan
    last = counted[
        counted["bucket"] == (counted["bucket"].max() if counted is not plan else board.year[0])
    ]
    units = last["on_hand"] if "on_hand" in last else last["units"]
    worth = (units.clip(lower=0) * last["item"].map(cost)).sum()
    assert _near(value, worth / SIZE[unit[:-1]])
    end = plan[plan["bucket"] == board.year[-1]]
    (shown, size), *_ = MONEY.findall(more)
    assert _near(shown, (end["units"] * end["item"].map(cost)).sum() / SIZE[size])


def test_likely_service_and_asked_load(board):
    risk = board.read("plan_risk").query("metric == 'service'").sort_values("bucket")
    assert _near(board.cards["Service"][0], 100 * risk["p50"].iloc[2], 0.5)
    hours = board.read("capacity_plan")
    if hours.empty:
        assert "Bottleneck" not in board.cards
        return
    hours = hours[hours["bucket"].isin(board.year)]
    asked = hours["unconstrained_load"] / hours["regular_capacity"]
    value, _, where, _ = board.cards["Bottleneck"]
    assert _near(value, 100 * asked.max(), 0.5)
    assert hours.loc[asked.idxmax(), "resource"] in where


def test_families_add_up_to_the_company(board):
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", board.parts["Families"])
    cells = [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in rows[1:]]
    strip = lambda text: re.sub(r"<[^>]*>", "", text)
    values = [float(strip(row[1]).replace(",", "").replace("−", "-")) for row in cells]
    shown = [value for row, value in zip(cells, values) if "smaller" not in strip(row[0])]
    digit = 0.05 if any("." in strip(row[1]) for row in cells) else 0.5
    assert sum(shown[1:]) == pytest.approx(shown[0], abs=digit * len(shown))
    families = shown[1 : 1 + sum("data-family" in row[0] for row in cells)]
    assert all(value or digit == 0.5 for value in families), "what reads 0.0 M€ stands in k€"
    (size,) = re.findall(r"<small>([kM]?)€", rows[0])[:1]
    assert shown[0] * SIZE[size] == pytest.approx(board.revenue()[board.year].sum(), rel=0.03)
