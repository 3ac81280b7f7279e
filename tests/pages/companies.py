"""Random small companies as files, with and without each optional table, and their packs built in
one process: the notebooks' own cells run as a kernel would run them, without five kernels each.
"""

import ast
import json
import re
from contextlib import chdir
from dataclasses import dataclass, field
from html import escape, unescape
from pathlib import Path

import numpy as np
import pandas as pd

from sopkit.buckets import Calendar
from sopkit.charts import Block, Chart
from sopkit.ledger import Ledger
from sopkit.pack.stage import stage_inputs
from sopkit.pack.steps import find_steps, parameters_of, settle
from sopkit.panels.sections import draw_board
from sopkit.plan import Plan
from sopkit.scenarios import Inputs
from sopkit.seal import digest_of, seal
from sopkit.sources import read_facts

OPTIONAL = """
    orders inventory inventory_history receipts production_history resources sourcing events
    launches initiatives sales_inputs budget
""".split()  # resources come with bill_of_resources
MONTH, BEFORE = "2026-10", "2026-09"
COMPANIES = 10
PRICED = (1,)  # companies whose options and strategies are planned: they take longest
# No digit stands in a name, so that every digit on a page is a number that somebody worked out.
GOODS = "Anvil Bellows Clamp Dowel Eyelet Flange Gasket Hinge".split()
FAMILIES = ["Brass goods", "Castings", "<Tools> & jigs"]
MARKETS = ["North", "South & isles", "Export"]


def company(folder, number: int) -> Path:
    """Files of the random company of this number in a new folder. Company 0 has items and sales
    alone, company 1 every optional table; of the others each has some, drawn by their number.
    """
    draw = np.random.default_rng([26, number])
    size = {4: "quarter", 7: "week"}.get(number, "month")
    calendar = Calendar(size)
    first = calendar.first_in(MONTH)
    length = {"month": int(draw.integers(18, 41)), "quarter": 14, "week": 110}[size]
    past = calendar.stamp(calendar.number([first])[0] - np.arange(length, 0, -1))
    horizon = {"month": int(draw.choice([12, 18, 24])), "quarter": 8, "week": 56}[size]
    ahead = calendar.range(first, horizon)
    names = GOODS[: 3 if size == "week" else int(draw.integers(3, 9))]
    chosen = {
        0: [],
        1: OPTIONAL,
    }.get(number, [name for name in OPTIONAL if draw.random() < 0.5])
    markets = MARKETS[: 1 if size == "week" else int(draw.integers(1, 4))]
    items = pd.DataFrame({"item": names})
    items["family"] = [FAMILIES[at % (1 + number % 3)] for at in range(len(names))]
    items["unit"] = draw.choice(["pcs", "kg"], len(names)) if number % 4 == 3 else "pcs"
    if number != 2:  # whose sales bring no money
        items["price"] = np.round(np.exp(draw.normal(4, 1, len(names))), 2)
        items["unit_cost"] = np.round(items["price"] * draw.uniform(0.3, 0.8, len(names)), 2)
    if number % 5 == 1:
        items["standard_cost"] = np.round(items["unit_cost"] * 1.2, 2).where(items.index % 2 == 0)
    items["strategy"] = np.where(draw.random(len(names)) < 0.3, "order", "stock")
    items["lead_time"] = draw.integers(0, 3, len(names))
    if number % 2:
        items["service_level"] = 0.95
    items["customer_lead_time"] = np.where(items["strategy"] == "order", 1, 0)

    level = {(i, m): draw.uniform(3, 40 * (1 + at)) for at, i in enumerate(names) for m in markets}
    season = 1 + 0.3 * np.sin(2 * np.pi * np.arange(length) / calendar.per_year)
    rows = []
    for (item, market), mean in level.items():
        sold = draw.poisson(mean * season * np.linspace(0.8, 1.2, length)).astype(float)
        if item == names[-1] and number % 2:  # sold now and then
            sold *= draw.random(length) < 0.4
        rows.append(
            pd.DataFrame({"item": item, "market": market, "bucket": past, "quantity": sold})
        )
    sales = pd.concat(rows, ignore_index=True)
    if "price" in items and number not in (0, 5):
        price = sales["item"].map(items.set_index("item")["price"])
        sales["revenue"] = (sales["quantity"] * price * draw.choice([1.0, 0.9])).round(2)
    mean = pd.Series(level).groupby(level=0).sum().reindex(names)
    if number == 6:  # sells nothing that is planned any more, and lately nothing at all
        sales.loc[sales["item"].eq(names[0]) & sales["bucket"].isin(past[-8:]), "quantity"] = 0.0
    tables = {"items": items, "sales_history": sales}
    day = lambda bucket, days: bucket + pd.Timedelta(days=int(days))
    spread = lambda buckets: pd.MultiIndex.from_product([names, buckets], names=["item", "bucket"])

    def cells(buckets, column, low, high):
        frame = spread(buckets).to_frame(index=False)
        frame[column] = (frame["item"].map(mean) * draw.uniform(low, high, len(frame))).round()
        return frame

    if "orders" in chosen:
        lines = []
        for at in range(120):
            item, market = draw.choice(names), draw.choice(markets)
            asked = day(past[-6 % length], draw.integers(0, 150))
            ordered = day(asked, -int(draw.integers(5, 30)))
            gone = day(asked, draw.integers(-2, 5))
            open_ = gone >= first
            lines.append(
                {
                    "order": f"SO-{at}",
                    "line": "1",
                    "item": item,
                    "market": market,
                    "ordered_on": min(ordered, day(first, -1)),
                    "requested_on": asked,
                    "promised_on": asked,
                    "shipped_on": pd.NaT if open_ else gone,
                    "quantity": int(draw.integers(1, 20)),
                }
            )
        tables["orders"] = pd.DataFrame(lines)
    if "inventory" in chosen:
        stock = (mean * draw.uniform(0, 3, len(names))).round()
        tables["inventory"] = pd.DataFrame({"item": names, "on_hand": stock.to_numpy()})
        tables["inventory"]["as_of"] = day(first, -1)
    if "inventory_history" in chosen:
        tables["inventory_history"] = cells(past[-15:], "on_hand", 0, 3)
    if "receipts" in chosen:
        tables["receipts"] = pd.DataFrame(
            {"item": names, "due_on": [day(ahead[1], 3)] * len(names)}
        ).assign(quantity=(mean * 0.7).round().to_numpy(), ordered_on=day(first, -40))
    if "production_history" in chosen:
        made = cells(past[-13:], "planned", 0.7, 1.2)
        made["actual"] = (made["planned"] * draw.uniform(0.8, 1.1, len(made))).round()
        tables["production_history"] = made
    if "resources" in chosen:
        hours = np.round(mean.sum() * 0.5 * draw.uniform(0.8, 1.3))
        tables["resources"] = pd.DataFrame({"resource": ["Forge", "Bench"], "hours": [hours, 2e3]})
        tables["resources"] = tables["resources"].assign(overtime_hours=hours // 8, regular_cost=30)
        if number % 2:
            crew = {"workers": [9, np.nan], "hours_per_worker": [np.round(hours / 9), np.nan]}
            tables["resources"] = tables["resources"].assign(
                **crew, hiring_cost=[900, np.nan], layoff_cost=[700, np.nan]
            )
            tables["resources"]["hours"] = [np.nan, 2e3]
        tables["bill_of_resources"] = pd.DataFrame(
            {"item": names, "resource": "Forge", "hours_per_unit": 0.5}
        )
    if "sourcing" in chosen:
        tables["sourcing"] = pd.DataFrame({"item": names[:2], "source": "Supplier"})
        tables["sourcing"]["max_quantity"] = (mean.iloc[:2] * 0.6).round().to_numpy()
        tables["sourcing"]["lead_time"] = 1
    if "events" in chosen:
        shown = [past[-5], past[-12], ahead[2]]
        tables["events"] = pd.DataFrame(
            {
                "event": ["Spring fair", "Autumn fair", "Winter fair"],
                "item": names[0],
                "starts_on": shown,
                "ends_on": [day(at, 5) for at in shown],
                "uplift": [np.nan, np.nan, 0.25],
            }
        )
    if "launches" in chosen:
        tables["items"] = pd.concat(
            [items, items.iloc[[0]].assign(item="Novelty")], ignore_index=True
        )
        tables["launches"] = pd.DataFrame(
            {"item": ["Novelty"], "like_item": names[0], "launched_on": ahead[3], "ramp": "0.5;1"}
        ).assign(cannibalised_item=names[0], cannibalisation=0.3)
    if "initiatives" in chosen:
        tables["initiatives"] = pd.DataFrame(
            {"initiative": ["New dealer"], "family": FAMILIES[0], "owner": "Ann", "stage": "idea"}
        ).assign(probability=0.5, starts_on=ahead[2], demand_change=0.1, investment=5000)
    if "sales_inputs" in chosen:
        tables["sales_inputs"] = pd.DataFrame(
            {"author": "Ann", "item": names[0], "market": markets[0], "bucket": ahead[:4]}
        ).assign(quantity=np.round(level[names[0], markets[0]] * 1.2))
    if "budget" in chosen:
        price = items["price"] if "price" in items else 1.0
        worth = (mean.to_numpy() * price).groupby(items["family"]).sum()
        more = 7 if number == 5 else 2 * calendar.per_year - 4  # 5's ends within the next year
        year = calendar.range(calendar.shift(first, -calendar.per_year), calendar.per_year + more)
        tables["budget"] = pd.MultiIndex.from_product(
            [worth.index, year], names=["family", "bucket"]
        ).to_frame(index=False)
        revenue = tables["budget"]["family"].map(worth) * draw.uniform(0.9, 1.2)
        tables["budget"] = tables["budget"].assign(
            quantity=np.nan, revenue=revenue.round(2), margin=(revenue * 0.4).round(2)
        )
    folder = Path(folder)
    folder.mkdir(parents=True)
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False, date_format="%Y-%m-%d")
    settings = {
        "currency": ["EUR", "USD", "CHF", "JPY"][number % 4],
        "bucket": size,
        "horizon": horizon,
        "fiscal_year_start": [1, 4, 7, 10][number % 4],
    }
    if number % 3 == 1:
        settings |= {"price": "realised", "opening_cash": 50000.0}
    text = "".join(f"{name} = {json.dumps(value)}\n" for name, value in settings.items())
    if number not in (0, 8):
        text += "[targets]\non_time_delivery = 0.95\nplanned_service = 0.97\ninventory_turns = 8\n"
    (folder / "settings.toml").write_text(text)
    return folder


@dataclass
class Pages:
    """What a pack shows: the pieces of each step's page in order (its headline last) and the
    board's parts.
    """

    folder: Path
    steps: dict = field(default_factory=dict)
    board: dict = field(default_factory=dict)

    def html(self):
        """Everything that is drawn, as (place, HTML)."""
        for step, pieces in self.steps.items():
            for piece in pieces:
                yield f"page {step}", piece.html if isinstance(piece, Block) else heading(piece)
        for name, parts in self.board.items():
            for part in parts:
                yield from (
                    (f"board, {name}: {part['name']}", html) for html in part["html"].values()
                )


def heading(chart: Chart) -> str:
    """A chart's sentence and unit as the words of its picture."""
    return f"<svg><text>{escape(repr(chart))}</text></svg>"


def build(data, folder, month=MONTH, before=(), ledger=None, **parameters) -> Pages:
    """The pack of a month as its pages and board show it, built in this process in ``folder``;
    ``before``: folders of earlier packs that were released.
    """
    folder.mkdir(parents=True)
    facts, steps = read_facts(data, month), find_steps()
    settled = settle(steps, {"paths": 60} | parameters)
    cycle = {"month": month, "parameters": settled, "scenarios": []}
    ledger = ledger or Ledger("sqlite://")
    for pack in before:
        row = {"pack": pack.name, "manifest": digest_of(pack), "note": ""}
        ledger.append("releases", [row], by="Ann", cycle=Plan(pack).month)
    given = Inputs(facts, ledger.read("overrides", month), settled)
    stage_inputs(folder, given, ledger, list(before), cycle)
    pages = Pages(folder)
    for step in steps:
        given = {"pack": str(folder)} | parameters_of(step, settled)
        with chdir(folder):
            pages.steps[step.number] = list(_shown(step.path, given))
    drawn = draw_board(Plan(folder))["parts"]
    from sopkit.panels.sections import TABS

    places = iter(sorted(drawn))
    pages.board = {tab: [drawn[next(places)] for _ in parts] for tab, parts in TABS.items()}
    return pages


def _shown(notebook, given):
    """What the notebook's cells show, in order: the value of a cell's last line."""
    names = {}
    for cell in json.loads(notebook.read_text())["cells"]:
        if cell["cell_type"] != "code":
            continue
        tree = ast.parse("".join(cell["source"]))
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, notebook.name, "exec"), names)
        if "parameters" in cell["metadata"].get("tags", []):
            names |= given
        if last is not None:
            shown = eval(compile(ast.Expression(last.value), notebook.name, "eval"), names)
            if isinstance(shown, Block | Chart):
                yield shown


def released(folder) -> Path:
    """The built pack as one that was released: what the next cycle reads as its last."""
    (folder / "release.json").write_text('{"by": "Ann", "at": "2026-09-20T10:00:00+00:00"}')
    seal(folder, {"month": Plan(folder).month})
    return folder


def judged(month=MONTH) -> Ledger:
    """A ledger with an override, a decision, an assumption and a sign-off."""
    ledger = Ledger("sqlite://")
    told = {"by": "Ann", "cycle": month}
    override = {"item": GOODS[1], "bucket": "2027-01-01", "kind": "percent", "value": 20}
    ledger.append("overrides", [override | {"reason": "customer"}], **told)
    ledger.append("decisions", [{"text": "Second shift?", "options": "yes; no"}], **told)
    ledger.append("assumptions", [{"text": "Steel stays dear", "condition": "it does not"}], **told)
    return ledger


def packs(folder, number: int) -> Pages:
    """The pages of the random company's pack; two companies plan their second cycle, half of them
    have judgments, three options.
    """
    folder = Path(folder)
    data, before = company(folder / "data", number), []
    if number in (1, 4):
        month = BEFORE if number == 1 else "2026-07"
        build(data, folder / month, month, most_items=0)
        before = [released(folder / month)]
    ledger = judged() if number % 2 else None
    most = {} if number in PRICED else {"most_items": 0}
    return build(data, folder / MONTH, MONTH, before, ledger, **most)


TAG = re.compile(r"<[^>]*>")


def words(html: str) -> str:
    """A piece of HTML as the words that it shows."""
    return " ".join(unescape(TAG.sub(" ", html)).split())
