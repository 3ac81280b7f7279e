"""Units or money: what a chart may add up. Items that are counted in different units are only added
in money.
"""

import pandas as pd

from sopkit.charts.words import clean, money, number, scale


def addable(
    frame: pd.DataFrame,
    columns: list[str],
    items: pd.DataFrame | None = None,
    currency: str = "EUR",
    *,
    money: bool = False,
) -> tuple[pd.DataFrame, str]:
    """The frame with ``columns`` in a unit that may be added, and that unit: the items' own, or
    else ``currency`` at list price.

    Returns the unit "" where items differ in unit and lack a price: nothing can be added then.

    >>> items = pd.DataFrame({"item": ["A", "B"], "unit": ["pcs", "m"], "price": [2.0, 3.0]})
    >>> frame = pd.DataFrame({"item": ["A", "B"], "demand": [10.0, 10.0]})
    >>> out, unit = addable(frame, ["demand"], items)
    >>> out.demand.tolist(), unit
    ([20.0, 30.0], 'EUR')
    """
    if items is None:
        return frame, "units"
    known = items.set_index("item")
    used = known.reindex(frame["item"].unique())
    units = used["unit"].fillna("").unique() if "unit" in used else [""]
    if len(units) <= 1 and not money:
        return frame, clean(units[0], 12) if len(units) and units[0] else "units"
    if "price" not in used or not used["price"].notna().any():
        return frame, ""
    price = frame["item"].map(known["price"]).astype(float)
    return frame.assign(**{column: frame[column] * price for column in columns}), currency


def with_family(frame: pd.DataFrame, items: pd.DataFrame | None) -> pd.DataFrame:
    """The frame with its items' ``family``; "(none)" where there is none."""
    if "family" in frame:
        return frame
    if items is None or "family" not in items:
        return frame.assign(family="(none)")
    family = frame["item"].map(items.set_index("item")["family"])
    return frame.assign(family=family.where(family.notna() & (family != ""), "(none)"))


def chosen(frame: pd.DataFrame, items=None, *, item=None, family=None, market=None) -> pd.DataFrame:
    """The rows of one item, family or market; all rows where nothing is named."""
    if frame is None:
        return None
    if family is not None:
        frame = frame if "family" in frame else with_family(frame, items)
        frame = frame[frame["family"] == family]
    if item is not None:
        frame = frame[frame["item"] == item]
    if market is not None and "market" in frame:
        frame = frame[frame["market"] == market]
    return frame


def scope(item=None, family=None, market=None) -> str:
    """What is shown, in words.

    >>> scope(item="P-300", market="North"), scope(family="pumps"), scope()
    ('P-300, North', 'pumps, all markets', 'all items, all markets')
    """
    what = item if item is not None else family if family is not None else "all items"
    return f"{clean(what, 40)}, {clean(market, 30) if market is not None else 'all markets'}"


def by_bucket(frame: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Sums by bucket; a bucket in which every value is unknown stays unknown."""
    return frame.groupby("bucket")[columns].sum(min_count=1)


def is_money(unit: str) -> bool:
    """Whether a unit is a currency code."""
    return len(unit) == 3 and unit.isupper()


def readable_unit(values, unit: str) -> tuple[float, str]:
    """Divisor and name of the unit in which a chart shows values: money is scaled, units stay.

    >>> readable_unit([40_000.0], "EUR"), readable_unit([40_000.0], "pcs")
    ((1000.0, 'k€'), (1.0, 'pcs'))
    """
    return scale(values, unit) if is_money(unit) else (1.0, unit)


def amount(value, unit: str, *, sign: bool = False) -> str:
    """A total in a sentence: money with its scale, units whole."""
    return (
        money(value, unit, sign=sign) if is_money(unit) else f"{number(value, 0, sign=sign)} {unit}"
    )


def opening(where: str) -> str:
    """A scope at the start of a sentence; names stay as written.

    >>> opening("all items, all markets"), opening("pumps, North")
    ('All items, all markets', 'pumps, North')
    """
    return "A" + where[1:] if where.startswith("all items") else where
