"""Plants of the sample: what a unit costs and takes, who else can supply it, and how much the
resources can do.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from tests.company.families import KINDS, trait
from tests.company.span import Span


@dataclass(frozen=True)
class Site:
    """A resource: money per hour, how full the next twelve months make it, whether people or
    machines limit it, and the hours that temporary workers add in December.
    """

    rate: float
    overtime_rate: float
    fill: float
    people: bool
    extra: float = 0.0


SITES = {
    "North machining": Site(68, 90, 0.985, False),
    "North assembly": Site(41, 58, 0.95, True),
    "South assembly": Site(38, 54, 0.95, True),
    "South skid shop": Site(44, 63, 0.95, True, extra=60.0),
}
HOURS, QUIET = (
    142.0,
    {7: 118.0, 11: 112.0},
)  # of one worker in a month; August and December are short
SUPPLIERS = {
    3: ("Vantorp Electric", "Quillan Motion", "Harrow Trade"),
    5: ("Merrow Castings", "Stenna Foundry", "Harrow Trade"),
}
LINES = ["Machines", "Controls", "Machines", "Controls", "Service", "Service"]  # by kind of family
SUBCONTRACTORS = {0: "Obrecht Machining", 1: "Tarn Fabrication", 2: "Tarn Fabrication"}
ROUND = np.array([1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000, 2000, 5000])


def nice(values) -> np.ndarray:
    """The nearest lot-like round number.

    >>> nice([3.9, 60]).tolist()
    [5.0, 50.0]
    """
    gap = np.abs(np.log(np.asarray(values, dtype=float)[:, None]) - np.log(ROUND))
    return ROUND[gap.argmin(axis=1)].astype(float)


def bill_of_resources(traits: pd.DataFrame) -> pd.DataFrame:
    """Hours per unit of every made item: its labour share of the standard cost, at the resources'
    rates.
    """
    parts = [
        _routing(members, KINDS[kind]) for kind, members in traits[traits["made"]].groupby("kind")
    ]
    return pd.concat(parts, ignore_index=True)


def _routing(members, kind):
    standard = members["price"] * (1 - members["margin"])
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "item": members["item"],
                    "hours_per_unit": (standard * kind.labour * part / SITES[site].rate).round(3),
                    "resource": [
                        site if group == 0 else f"{site} {group + 1}" for group in members["group"]
                    ],
                }
            )
            for site, part in kind.routing
        ]
    )


def inspection(offers: pd.DataFrame) -> pd.DataFrame:
    """Hours per unit of what Tarn Fabrication welds: each comes back to the skid shop for a test."""
    tested = offers[(offers["source"] == "Tarn Fabrication") & offers["item"].str.startswith("B")]
    shop = {"resource": "South skid shop", "hours_per_unit": 1.5}
    return tested[["item", "source"]].assign(**shop)


def unit_cost(traits: pd.DataFrame, bill: pd.DataFrame) -> pd.Series:
    """Material or purchase cost of a unit: the standard cost less the hours that the bill of
    resources adds.
    """
    hours = (bill["hours_per_unit"] * rate(bill["resource"])).groupby(bill["item"]).sum()
    standard = traits["price"] * (1 - traits["margin"])
    return (standard - traits["item"].map(hours).fillna(0)).round(2)


def rate(resource: pd.Series) -> pd.Series:
    """Regular money per hour of each named resource."""
    return resource.map(site_of).map(lambda name: SITES[name].rate).astype(float)


def site_of(resource: str) -> str:
    """The site whose figures a resource has.

    >>> site_of("North assembly 2")
    'North assembly'
    """
    return next(name for name in SITES if resource.startswith(name))


def load(mean: np.ndarray, traits: pd.DataFrame, bill: pd.DataFrame) -> pd.DataFrame:
    """Rough-cut hours by resource (rows) and month (columns): expected demand × hours per unit."""
    units = pd.DataFrame(mean.sum(axis=1), index=traits["item"])
    hours = units.loc[bill["item"]].mul(bill["hours_per_unit"].to_numpy(), axis=0)
    return hours.groupby(bill["resource"].to_numpy()).sum()


def resources(hours: pd.DataFrame, span: Span) -> pd.DataFrame:
    """The resources table: one row for every month and one for each short month ahead, sized on the
    next year's load.
    """
    year = hours.iloc[:, span.past : span.past + 12].mean(axis=1)
    return pd.concat(
        [_resource(name, mean, span) for name, mean in year.items()], ignore_index=True
    )


def _resource(name, mean, span):
    site = SITES[site_of(name)]
    short = [
        place for place in range(span.past, len(span.months)) if span.month_of_year[place] in QUIET
    ]
    shape = np.array([HOURS] + [QUIET[span.month_of_year[place]] for place in short])
    frame = pd.DataFrame(
        {
            "resource": name,
            "bucket": [pd.NaT, *(span.date(place) for place in short)],
            "regular_cost": site.rate,
            "overtime_cost": site.overtime_rate,
            "extra_hours": site.extra,
        }
    )
    december = pd.DatetimeIndex(frame["bucket"]).month == 12
    frame["extra_hours"] = frame["extra_hours"].where(december & (frame["extra_hours"] > 0))
    if not site.people:
        usual = np.ceil(mean / site.fill / 10) * 10
        hours = np.where(shape == QUIET[7], 0.88 * usual, usual).round(-1)
        return frame.assign(hours=hours, overtime_hours=(0.12 * hours).round(-1))
    workers = max(1, round(mean / site.fill / HOURS))
    return frame.assign(
        workers=workers,
        hours_per_worker=shape,
        overtime_per_worker=18.0,
        hiring_cost=7500.0,
        layoff_cost=15000.0,
    )


def regular_hours(table: pd.DataFrame, span: Span) -> pd.DataFrame:
    """Regular hours ahead by resource (rows) and month (columns numbered as in ``load``)."""
    hours = table["hours"].fillna(table["workers"] * table["hours_per_worker"])
    hours = hours + table["extra_hours"].fillna(0)
    usual = hours[table["bucket"].isna()].set_axis(table.loc[table["bucket"].isna(), "resource"])
    ahead = pd.DataFrame({place: usual for place in range(span.past, len(span.months))})
    for resource, bucket, value in zip(table["resource"], table["bucket"], hours):
        if not pd.isna(bucket):
            ahead.loc[resource, (np.datetime64(bucket, "M") - span.months[0]).astype(int)] = value
    return ahead


def sourcing(traits: pd.DataFrame, cost: pd.Series) -> pd.DataFrame:
    """Suppliers of bought items (the cheap one is far and limited) and subcontractors of some made
    ones.
    """
    bought = traits[~traits["made"]].assign(unit_cost=cost[~traits["made"]])
    made = traits[traits["made"] & traits["kind"].isin(SUBCONTRACTORS) & (traits["place"] % 2 == 0)]
    standard = made["price"] * (1 - made["margin"])
    offers = [
        _offer(bought, 0, 1.0, 1.6, bought["lead_time"]),
        _offer(bought, 1, 1.09, 0.5, 1),
        _offer(bought[bought["place"] % 3 == 0], 2, 1.17, 0.2, 0),
        pd.DataFrame(
            {
                "item": made["item"],
                "source": made["kind"].map(SUBCONTRACTORS),
                "unit_cost": (1.14 * standard).round(2),
                "max_quantity": np.ceil(0.3 * made["level"]),
                "lead_time": 1,
            }
        ),
    ]
    return pd.concat(offers, ignore_index=True)


def _offer(items, place, dearer, limit, lead_time):
    return pd.DataFrame(
        {
            "item": items["item"],
            "source": items["kind"].map(lambda kind: SUPPLIERS[kind][place]),
            "unit_cost": (items["unit_cost"] * dearer).round(2),
            "max_quantity": np.ceil(limit * items["level"] / 5) * 5,
            "lead_time": lead_time,
        }
    )


def items_table(
    traits: pd.DataFrame, cost: pd.Series, born: pd.DataFrame, gone: pd.DataFrame
) -> pd.DataFrame:
    """The items table."""
    stock = trait(traits, "strategy") == "stock"
    place, level = traits["place"], traits["level"]
    return traits[["item", "family", "description", "price"]].assign(
        line=np.array(LINES)[traits["kind"]],
        unit=trait(traits, "unit"),
        strategy=trait(traits, "strategy"),
        unit_cost=cost,
        standard_cost=cost.where(~traits["made"]),  # of what is bought there is no labour to add
        backlog_cost=np.where(  # what the contracts of the first booster set ask for a late month
            (traits["kind"] == 2) & (place == 0), (traits["price"] * 0.1).round(2), np.nan
        ),
        lost_sales_cost=np.where(  # who does not get the first seal kit buys another pump
            (traits["kind"] == 4) & (place == 0), (traits["price"] * 12).round(2), np.nan
        ),
        holding_cost=np.where(
            traits["kind"] == 4, (cost * 0.30 / 12).round(3), np.nan
        ),  # kits age: dearer to hold
        service_level=np.where(
            stock & (place == 0), 0.98, np.where(traits["kind"] == 5, 0.90, np.nan)
        ),
        lead_time=traits["lead_time"],
        customer_lead_time=np.where(stock, np.nan, 2 + place % 2),
        lot_size=np.where(
            stock & traits["made"] & (place % 2 == 0) & (traits["kind"] != 5),
            nice(level * 0.15),
            np.nan,
        ),
        minimum_lot=np.where(~traits["made"], nice(level * 0.2), np.nan),
        maximum_stock=np.where(stock & (place % 4 == 1), nice(level * 5), np.nan),
        ending_stock=traits["item"]
        .map(gone.set_index("item")["retired_on"])
        .notna()
        .map({True: 0.0, False: np.nan}),
        shelf_life=trait(traits, "shelf_life"),
        launched_on=traits["item"].map(born.set_index("item")["launched_on"]),
        retired_on=traits["item"].map(gone.set_index("item")["retired_on"]),
        successor=traits["item"].map(gone.set_index("item")["successor"]),
    )
