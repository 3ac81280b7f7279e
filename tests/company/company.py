"""The sample company as a whole: every input table, its settings, and the truth behind them."""

from dataclasses import dataclass

import pandas as pd

from sopkit.buckets import parse_month
from sopkit.errors import PlanError
from sopkit.tables import INPUTS
from tests.company import (
    capacity,
    demand,
    events,
    families,
    lives,
    orders,
    outlook,
    sales,
    stock,
    truth,
)
from tests.company.settings import settings_text
from tests.company.span import Span, stream

SMALLEST, SHORTEST, LARGE = 30, 30, 500
EARLIER = 6  # months before the plan's whose cycles the sample tells


@dataclass(frozen=True)
class Company:
    """``tables`` by name (each conforms to its declaration), ``settings`` as TOML text, ``truth``
    as plain values, and ``open_orders``: the receipts as they stood before each of the last months.
    """

    tables: dict[str, pd.DataFrame]
    settings: str
    truth: dict
    open_orders: dict[str, pd.DataFrame]


def company(items: int = 60, seed: int = 2026, months: int = 48, end: str = "2026-10") -> Company:
    """A manufacturer of pumps and valves with ``months`` of history up to and with the month
    ``end``; the same for the same seed.

    Raises ``PlanError`` for fewer than 30 items or 30 months: its stories would not fit.
    """
    if items < SMALLEST or months < SHORTEST:
        raise PlanError(
            f"a sample of {items} items and {months} months is too small for its launches,"
            f" retirements and orders; give at least {SMALLEST} items and {SHORTEST} months"
        )
    span = Span(parse_month(end), months)
    traits = families.assortment(items, stream(seed, "items"))
    return _tell(traits, span, seed)


def _tell(traits, span, seed):
    happenings, born, gone = (
        events.events(traits, span),
        lives.launches(traits, span),
        lives.retirements(traits, span),
    )
    broken = lives.breaks(traits, span)
    mean = demand.expected(traits, span, happenings, born, gone, broken, stream(seed, "level"))
    wanted = demand.draw(mean[:, :, : span.past], traits, stream(seed, "demand"))
    sold = sales.sell(wanted, traits, span, stream(seed, "sales"))
    traits = traits.assign(level=demand.usual(mean, traits, span))
    bill = capacity.bill_of_resources(traits)
    cost = capacity.unit_cost(traits, bill)
    tables = {
        "items": capacity.items_table(traits, cost, born, gone),
        "events": happenings.drop(columns="true_uplift"),
        "launches": born,
        "sourcing": capacity.sourcing(traits, cost),
    }
    tables["bill_of_resources"] = pd.concat([bill, capacity.inspection(tables["sourcing"])])
    tables |= _books(sold, mean, traits, tables, span, seed)
    hours = capacity.load(mean, traits, bill)
    tables |= {
        "resources": capacity.resources(hours, span),
        "initiatives": outlook.initiatives(traits, span),
        "sales_inputs": outlook.sales_inputs(mean, traits, span, stream(seed, "inputs")),
        "budget": outlook.budget(mean, traits, span, stream(seed, "budget")),
    }
    dirt = tables.pop("dirt")
    facts = {name: declared(name, frame) for name, frame in tables.items()}
    known = truth.truth(
        traits, span, seed, mean, sold, happenings, born, gone, broken, hours, facts, dirt
    )
    before = _open_orders(mean, traits, span, seed)
    return Company(dict(sorted(facts.items())), settings_text(traits), known, before)


def _open_orders(mean, traits, span, seed):
    """The receipts table as it stood before each of the last ``EARLIER`` months, by that month."""
    tables = {}
    for back in range(EARLIER, 0, -1):
        then = Span(span.date(span.past - back - 1), span.past - back)
        month = f"{then.date(then.past):%Y-%m}"
        drawn = stock.receipts(mean, traits, then, stream(seed, f"receipts of {month}"))
        tables[month] = declared("receipts", drawn)
    return tables


def _books(sold, mean, traits, tables, span, seed):
    """What the books show: sales, orders, stock, production, receipts; and ``dirt``, the cells
    spoilt on purpose.
    """
    large = len(traits) > LARGE
    window = 6 if large else 24
    prices = sales.list_prices(traits, span, tables["events"])
    lines = orders.order_lines(
        sold, mean, traits, span, window, 2 if large else 3, stream(seed, "orders")
    )
    shown, dirt = orders.orders(lines, span, window, stream(seed, "dirt"))
    on_hand, arrived = stock.flow(
        sold, mean, traits, span, tables["items"]["lot_size"], stream(seed, "stock")
    )
    counts, miscounted = stock.miscount(
        stock.inventory_history(on_hand, sold, traits, span), stream(seed, "counts")
    )
    return {
        "sales_history": sales.sales_history(sold, traits, span, prices, stream(seed, "prices")),
        "orders": shown,
        "dirt": pd.concat([dirt, miscounted], ignore_index=True),
        "inventory": stock.inventory(on_hand, shown, traits, span),
        "inventory_history": counts,
        "production_history": stock.production_history(
            arrived, lines, traits, tables["bill_of_resources"], span, stream(seed, "made")
        ),
        "receipts": stock.receipts(mean, traits, span, stream(seed, "receipts")),
    }


def declared(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """The frame as the input table ``name`` declares it; columns it does not have are blank."""
    return INPUTS[name].conform(frame.reindex(columns=INPUTS[name].names))
