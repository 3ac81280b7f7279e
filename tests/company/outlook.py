"""What the sample's people expect: budget, sales inputs by author, strategic initiatives."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from tests.company.families import MARKETS
from tests.company.sales import PRICE_RISE
from tests.company.span import Span

BACK = 6  # past months for which authors' numbers are kept, so that their bias can be measured


@dataclass(frozen=True)
class Author:
    """Who gives numbers for what, how far ahead, and how wrong: 0.15 = 15 % too high on average."""

    name: str
    level: str
    market: str | None
    kinds: tuple[int, ...]
    months: int
    bias: float
    noise: float


AUTHORS = (
    Author("Mara Voss", "item", "Central", (0, 1), 6, 0.16, 0.06),
    Author("Jonas Ekdal", "family", "Nordic", (0, 1, 3, 4), 12, 0.0, 0.03),
    Author("Lucía Ferrol", "item", "Export", (2, 3), 6, -0.07, 0.14),
    Author("Tom Adler", "family", None, (0, 2, 4), 12, 0.04, 0.04),
)


def sales_inputs(mean, traits, span: Span, rng) -> pd.DataFrame:
    """The sales_inputs table: expected demand of each author's cells × (1 + bias) × noise."""
    return pd.concat(
        [_input(author, mean, traits, span, rng) for author in AUTHORS], ignore_index=True
    )


def _input(author, mean, traits, span, rng):
    market = [MARKETS.index(author.market)] if author.market else list(range(len(MARKETS)))
    months = np.arange(span.past - BACK, span.past + author.months)
    units = pd.DataFrame(
        mean[:, market][:, :, months].sum(axis=1),
        columns=pd.Index(span.buckets[months], name="bucket"),
    )
    chosen = traits["kind"].isin(author.kinds)
    if author.level == "item":
        value = (traits["level"] * traits["price"]).where(chosen, -1)
        chosen &= value.rank(ascending=False, method="first") <= max(6, len(traits) // 5)
    cells = (
        units[chosen]
        .groupby(traits.loc[chosen, author.level], sort=True)
        .sum()
        .stack()
        .rename("mean")
        .reset_index()
    )
    cells = cells[cells["mean"] > 0]
    guess = cells["mean"] * (1 + author.bias) * rng.lognormal(0, author.noise, len(cells))
    return cells.assign(author=author.name, market=author.market, quantity=guess.round()).drop(
        columns="mean"
    )


def budget(mean, traits, span: Span, rng) -> pd.DataFrame:
    """The budget table by family and month, whole fiscal years: rather more than is likely, the
    more so the further ahead.
    """
    whole = np.flatnonzero((span.year > span.year[0]) & (span.year < span.year[-1]))
    units = pd.DataFrame(
        mean.sum(axis=1)[:, whole], columns=pd.Index(span.buckets[whole], name="bucket")
    )
    families = traits["family"]
    then = (1 + PRICE_RISE) ** np.minimum(span.year[whole] - span.date(span.past).year, 0)
    sold = units.mul(traits["price"], axis=0) * then
    by = {"quantity": units, "revenue": sold, "margin": sold.mul(traits["margin"], axis=0)}
    wide = {name: frame.groupby(families, sort=True).sum() for name, frame in by.items()}
    years = np.unique(span.year[whole])
    hope = np.clip(0.03 + 0.013 * (years - span.date(span.past).year), 0.005, 0.07)
    hope = hope + rng.normal(0, 0.012, (len(wide["quantity"]), len(years)))
    factor = 1 + hope[:, span.year[whole] - years[0]]
    cells = {name: (frame * factor).stack() for name, frame in wide.items()}
    return pd.DataFrame(
        {
            "quantity": cells["quantity"].round(),
            "revenue": cells["revenue"].round(-2),
            "margin": (cells["margin"] - 0.004 * cells["revenue"]).round(-2),
        }
    ).reset_index()


def initiatives(traits, span: Span) -> pd.DataFrame:
    """The initiatives table: two that add capacity, two that add demand, one that gives some up."""
    valve = traits.loc[traits["kind"] == 1, "item"].iloc[4]
    rows = [
        (
            "Gulf distributor",
            None,
            "Pumps",
            None,
            "Lucía Ferrol",
            "business case",
            0.5,
            5,
            None,
            0.05,
            None,
            180e3,
        ),
        (
            "Lean assembly South",
            None,
            None,
            "South assembly",
            "Ines Marlow",
            "approved",
            0.8,
            4,
            None,
            None,
            210.0,
            120e3,
        ),
        (
            "Nordic service contracts",
            None,
            "Seal kits",
            None,
            "Jonas Ekdal",
            "running",
            0.9,
            2,
            26,
            0.08,
            None,
            60e3,
        ),
        (
            "Prune slow valves",
            valve,
            None,
            None,
            "Tom Adler",
            "idea",
            0.3,
            10,
            None,
            -0.6,
            None,
            0.0,
        ),
        (
            "Second machining cell",
            None,
            None,
            "North machining",
            "Ines Marlow",
            "business case",
            0.7,
            7,
            None,
            None,
            480.0,
            850e3,
        ),
    ]
    frame = pd.DataFrame(
        rows,
        columns=[
            "initiative",
            "item",
            "family",
            "resource",
            "owner",
            "stage",
            "probability",
            "starts_on",
            "ends_on",
            "demand_change",
            "capacity_change",
            "investment",
        ],
    )
    gates = [2, 3, None, 6, 1]  # months ahead; what runs has passed its last
    return frame.assign(
        running_cost=[6500.0, None, 4000.0, None, None],
        gate_on=[pd.NaT if ahead is None else span.date(span.past + ahead) for ahead in gates],
        starts_on=[span.date(span.past + ahead) for ahead in frame["starts_on"]],
        ends_on=[
            pd.NaT if pd.isna(ahead) else span.date(span.past + ahead - 1, last=True)
            for ahead in frame["ends_on"]
        ],
    )
