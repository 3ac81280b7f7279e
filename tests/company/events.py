"""Promotions, price changes, holidays and one-offs of the sample, each with its true uplift."""

import numpy as np
import pandas as pd

from tests.company.span import Span

SERVICE_MONTHS = (
    3,
    5,
    2,
    6,
)  # promotions move from year to year, so that they can be told from the season
OFFER_MONTHS = (4, 3, 5)
BUNDLE_MONTHS = (10, 9)
EASTER = {
    2020: "04-12",
    2021: "04-04",
    2022: "04-17",
    2023: "04-09",
    2024: "03-31",
    2025: "04-20",
    2026: "04-05",
    2027: "03-28",
    2028: "04-16",
    2029: "04-01",
    2030: "04-21",
    2031: "04-13",
}


def events(traits: pd.DataFrame, span: Span) -> pd.DataFrame:
    """The events table with a column more, ``true_uplift``, which ``uplift`` shows or leaves
    blank.
    """
    rows = [*_company(span)]
    for family, members in traits.groupby("family", sort=False):
        make = _OF_KIND.get(members["kind"].iloc[0])
        rows += make(family, members, span) if make else []
    frame = pd.DataFrame(
        rows,
        columns=[
            "event",
            "item",
            "family",
            "market",
            "kind",
            "starts_on",
            "ends_on",
            "uplift",
            "pull_forward",
            "price",
            "price_change",
            "true_uplift",
        ],
    )
    inside = frame["ends_on"].ge(span.date(0)) & frame["starts_on"].le(
        span.date(len(span.months) - 1)
    )
    return frame[inside].reset_index(drop=True)


def _event(
    event,
    starts_on,
    ends_on,
    uplift,
    *,
    item=None,
    family=None,
    market=None,
    kind="promotion",
    known=True,
    pull_forward=np.nan,
    price=np.nan,
):
    return (
        event,
        item,
        family,
        market,
        kind,
        pd.Timestamp(starts_on),
        pd.Timestamp(ends_on),
        uplift if known else np.nan,
        pull_forward,
        price,
        0.0 if kind == "promotion" else np.nan,  # the sample's promotions are at list price
        uplift,
    )


def _month(year, month):
    first = pd.Timestamp(year=year, month=month, day=1)
    return first, first + pd.offsets.MonthEnd(1)


def _company(span):
    for year in np.unique(span.year):
        yield _event(
            f"Dealer days {year}", *_month(year, (9, 10, 8)[year % 3]), 0.06, market="Export"
        )
        if year in EASTER:
            sunday = pd.Timestamp(f"{year}-{EASTER[year]}")
            yield _event(
                f"Easter {year}",
                sunday - pd.Timedelta(days=4),
                sunday + pd.Timedelta(days=4),
                -0.25,
                kind="holiday",
            )


def _pumps(family, members, span):
    years, item = np.unique(span.year), members["item"].iloc[0]
    offers = [
        _event(
            f"Spring pump offer {year}",
            *_month(year, OFFER_MONTHS[year % 3]),
            0.22,
            family=family,
            market="Central",
            pull_forward=0.3,
        )
        for year in years
    ]
    flood = _event(
        "Flood relief",
        span.date(span.past - 28),
        span.date(span.past - 28, last=True),
        0.9,
        family=family,
        market="Central",
        kind="one_off",
    )
    test = _event(
        "Price test",
        span.date(span.past - 17),
        span.date(span.past - 15, last=True),
        0.15,
        item=item,
        kind="price",
        price=round(members["price"].iloc[0] * 0.92, 0),
    )
    return [*offers, flood, test]


def _valves(family, members, span):
    year = span.date(span.past).year + 1
    rise = members.iloc[1:4]
    return [
        _event(
            f"List price {year}",
            f"{year}-01-01",
            span.date(len(span.months) - 1, last=True),
            -0.03,
            item=item,
            kind="price",
            price=round(price * 1.04, 1),
        )
        for item, price in zip(rise["item"], rise["price"])
    ]


def _boosters(family, members, span):
    return [
        _event(
            "Stadium project",
            span.date(span.past + 6),
            span.date(span.past + 7, last=True),
            0.6,
            item=members["item"].iloc[0],
            market="Central",
            kind="one_off",
        )
    ]


def _drives(family, members, span):
    return [
        _event(
            f"Autumn drive bundle {year}",
            *_month(year, BUNDLE_MONTHS[year % 2]),
            0.5,
            item=members["item"].iloc[0],
            known=False,
        )
        for year in np.unique(span.year)
    ]


def _kits(family, members, span):
    ahead = span.date(span.past).year
    return [
        _event(
            f"Service weeks {year}",
            *_month(year, SERVICE_MONTHS[year % 4]),
            0.35,
            family=family,
            pull_forward=0.2,
            known=year % 2 == 1 and year <= ahead,
        )
        for year in np.unique(span.year)
    ]


_OF_KIND = {0: _pumps, 1: _valves, 2: _boosters, 3: _drives, 4: _kits}
