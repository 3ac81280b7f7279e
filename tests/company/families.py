"""The sample's assortment: six kinds of family, from which a company of any size is drawn."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

MARKETS = ("Central", "Nordic", "Export")
PLENTY = 120  # up to here the company has the six families of the default


@dataclass(frozen=True)
class Kind:
    """What the items of a family have in common; money in EUR, ``revenue`` a year for ``items``
    items.
    """

    name: str
    prefix: str
    items: int
    revenue: float
    price: tuple[float, float]
    margin: tuple[float, float]
    growth: float
    noise: float
    season: tuple[float, ...]
    shares: tuple[float, float, float]
    cover: tuple[float, float]
    late: float
    models: tuple[str, ...]
    sizes: tuple[str, ...]
    labour: float = 0.0
    routing: tuple[tuple[str, float], ...] = ()
    unit: str = "pcs"
    strategy: str = "stock"
    lead_time: tuple[int, ...] = (0,)
    shelf_life: float = np.nan
    intermittent: bool = False


KINDS = (
    Kind(
        "Pumps",
        "P",
        12,
        25e6,
        (620, 2400),
        (0.31, 0.40),
        0.035,
        0.10,
        (0.86, 0.92, 1.12, 1.18, 1.16, 1.08, 0.98, 0.88, 1.02, 1.00, 0.94, 0.86),
        (0.46, 0.30, 0.24),
        (0.8, 1.2),
        0.07,
        ("End-suction pump", "Inline pump", "Multistage pump", "Submersible pump"),
        ("DN 32", "DN 50", "DN 65", "DN 80"),
        0.27,
        (("North machining", 0.40), ("North assembly", 0.60)),
        lead_time=(0, 0, 0, 1),
    ),
    Kind(
        "Valves",
        "V",
        14,
        15e6,
        (60, 320),
        (0.28, 0.38),
        0.015,
        0.09,
        (0.96, 0.98, 1.05, 1.06, 1.05, 1.03, 0.97, 0.88, 1.03, 1.05, 1.02, 0.92),
        (0.50, 0.28, 0.22),
        (0.8, 1.2),
        0.04,
        ("Gate valve", "Ball valve", "Butterfly valve", "Check valve", 'Globe valve "T", <PN 16>'),
        ("DN 25", "DN 40", "DN 50"),
        0.28,
        (("North machining", 0.35), ("South assembly", 0.65)),
    ),
    Kind(
        "Booster sets",
        "B",
        8,
        16e6,
        (7800, 21000),
        (0.30, 0.40),
        0.045,
        0.25,
        (0.92, 0.95, 1.06, 1.08, 1.08, 1.06, 1.00, 0.86, 1.04, 1.05, 1.02, 0.88),
        (0.44, 0.22, 0.34),
        (0, 0),
        0.13,
        ("Twin booster set", "Triple booster set", "Fire-water set", "Irrigation set"),
        ("10 bar", "16 bar"),
        0.26,
        (("South skid shop", 0.80), ("North machining", 0.20)),
        strategy="order",
    ),
    Kind(
        "Drives & controls",
        "D",
        8,
        10e6,
        (340, 1450),
        (0.27, 0.36),
        0.055,
        0.12,
        (0.94, 0.96, 1.02, 1.04, 1.06, 1.06, 1.02, 0.92, 1.02, 1.02, 1.00, 0.94),
        (0.48, 0.34, 0.18),
        (1.6, 2.2),
        0.10,
        ("Frequency drive", "Soft starter", "Pump controller", "Level controller"),
        ("4 kW", "11 kW"),
        lead_time=(2, 3, 3, 4),
    ),
    Kind(
        "Seal kits",
        "K",
        8,
        5e6,
        (34, 120),
        (0.36, 0.45),
        0.02,
        0.10,
        (0.98, 1.00, 1.04, 1.02, 1.00, 0.98, 0.96, 0.94, 1.02, 1.04, 1.04, 0.98),
        (0.48, 0.32, 0.20),
        (0.8, 1.2),
        0.03,
        ("Mechanical seal kit", "O-ring kit", "-20 °C seal kit", "Gasket kit"),
        ("EPDM", "FKM"),
        0.24,
        (("South assembly", 1.0),),
        unit="set",
        shelf_life=12,
    ),
    Kind(
        "Spare parts",
        "00",
        10,
        1.5e6,
        (95, 880),
        (0.38, 0.45),
        0.0,
        0.35,
        (1.0,) * 12,
        (0.50, 0.28, 0.22),
        (2.2, 3.5),
        0.09,
        ("Impeller", "Shaft", "Casing cover", "Bearing bracket", "Valve spindle"),
        ("series 200", "series 400"),
        0.30,
        (("North machining", 1.0),),
        lead_time=(0, 2),
        intermittent=True,
    ),
)


def assortment(count: int, rng) -> pd.DataFrame:
    """One row per item: what the items table shows and what only the sample knows (level, class,
    growth …).

    ``level`` is units a month over all markets at the end of history, lives and events apart;
    ``made`` says that own resources make it.
    """
    families = _families(count)
    kind = families["kind"].repeat(families["items"]).to_numpy()
    frame = pd.DataFrame(
        {
            "kind": kind,
            "family": families["family"].repeat(families["items"]).to_numpy(),
            "group": families["group"].repeat(families["items"]).to_numpy(),
        }
    )
    frame["place"] = frame.groupby("family", sort=False).cumcount()
    frame["item"] = _codes(frame)
    frame["description"] = _descriptions(frame)
    return _character(_money(frame, rng), rng)


def trait(frame: pd.DataFrame, name: str) -> np.ndarray:
    """An attribute of each row's kind, as an array (rows first)."""
    return np.array([getattr(kind, name) for kind in KINDS])[frame["kind"]]


def _families(count):
    number = len(KINDS) if count <= PLENTY else int(np.clip(count // 100, len(KINDS), 50))
    turn = np.arange(number) // len(KINDS)
    frame = pd.DataFrame({"kind": np.arange(number) % len(KINDS), "turn": turn})
    names = np.array([kind.name for kind in KINDS])[frame["kind"]]
    frame["family"] = [name if t == 0 else f"{name} {t + 1}" for name, t in zip(names, turn)]
    frame["group"] = turn % max(1, round(number / 12))
    weight = trait(frame, "items").cumsum()
    frame["items"] = np.diff(np.round(weight / weight[-1] * count), prepend=0).astype(int)
    return frame


def _codes(frame):
    """P-110, in the second family of its kind P2-110; spare parts keep the leading zeros of an old
    numbering.
    """
    turn, place = pd.factorize(frame["family"])[0] // len(KINDS), frame["place"].to_numpy()
    number, running = 100 + 10 * place, 4100 + 10 * (turn * (place.max() + 1) + place)
    return [
        f"{p}{r}" if p == "00" else f"{p}{t + 1 if t else ''}-{n}"
        for p, t, n, r in zip(trait(frame, "prefix"), turn, number, running)
    ]


def _descriptions(frame):
    return [
        f"{KINDS[k].models[p % len(KINDS[k].models)]},"
        f" {KINDS[k].sizes[p // len(KINDS[k].models) % len(KINDS[k].sizes)]}"
        for k, p in zip(frame["kind"], frame["place"])
    ]


def _money(frame, rng):
    """Prices spread over the kind's range, dearer with size; revenue shares few and large, many and
    small.
    """
    low, high = trait(frame, "price").T
    sizes = np.array([len(kind.sizes) for kind in KINDS])[frame["kind"]]
    models = np.array([len(kind.models) for kind in KINDS])[frame["kind"]]
    price = low * (high / low) ** (
        (frame["place"] // models % sizes + rng.random(len(frame))) / sizes
    )
    weight = pd.Series(np.exp(rng.normal(0, 0.55, len(frame))))
    share = weight / weight.groupby(frame["family"]).transform("sum")
    size = frame.groupby("family")["item"].transform("size") / trait(frame, "items")
    revenue = trait(frame, "revenue") * np.sqrt(size) * share
    low, high = trait(frame, "margin").T
    return frame.assign(
        price=np.where(price > 1000, price.round(-1), price.round(0)),
        margin=rng.uniform(low, high),
        level=np.maximum(revenue / 12 / price, 0.5),
    )


def _character(frame, rng):
    """Class, noise, growth and sourcing of each item."""
    sparse, place = trait(frame, "intermittent"), frame["place"]
    erratic = (frame["family"].str.startswith("Valves") & (place % 5 == 4)) | (
        trait(frame, "strategy") == "order"
    )
    noise = np.where(
        sparse & (place % 3 == 2),
        0.9,
        np.where(erratic & (trait(frame, "strategy") == "stock"), 0.75, trait(frame, "noise")),
    )
    return frame.assign(
        **{
            "class": np.where(
                sparse,
                np.where(place % 3 == 2, "lumpy", "intermittent"),
                np.where(erratic, "erratic", "smooth"),
            )
        },
        noise=noise * rng.uniform(0.85, 1.15, len(frame)),
        active=np.where(sparse, rng.uniform(0.14, 0.27, len(frame)), 1.0),
        growth=trait(frame, "growth") + rng.normal(0, 0.012, len(frame)),
        made=(trait(frame, "labour") > 0) & ~(sparse & (place % 2 == 1)),
        cover=rng.uniform(*trait(frame, "cover").T),
        lead_time=[
            KINDS[k].lead_time[p % len(KINDS[k].lead_time)] for k, p in zip(frame["kind"], place)
        ],
    )
