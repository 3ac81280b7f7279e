"""The sample company: ``data/`` as it stands, or as large as asked and with other luck.

A larger company is made of tiles of the 60 items; a thousand items or so share a plant, with
families and resources of its own, so that it plans like several plants. Every tile but the first,
and the first with another seed, sells at levels of its own and with noise of its own.
"""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd

from sopkit.errors import PlanError
from sopkit.sample.templates import refuse_filled
from sopkit.tables import INPUTS, RARE

DATA = Path(__file__).resolve().parents[2] / "data"
TRUTH = "truth.json"
SEED = 2026  # of data/
PLANT = 17  # tiles that share resources: about a thousand items
LEVEL, NOISE = 0.25, 0.1  # how far items and buckets of other luck are from the sample's, in logs
NAMES = ("item", "like_item", "cannibalised_item", "successor")
QUANTITIES = ("units", "units/bucket", "money")
# what a plant has more of when it has more tiles
SHARED = ("hours", "extra_hours", "workers", "overtime_hours")


def write_sample(folder, items: int = 60, seed: int = SEED) -> list[Path]:
    """The files written into ``folder``: one CSV per input table, settings.toml, truth.json, and in
    ``earlier`` the released cycles before and the ledger to start from.

    Without ``items`` and ``seed`` they are those of ``data/``, to the byte; any other company has
    no past. Raises ``PlanError`` for fewer than 30 items, and where the folder holds tables that
    are no sample of ours.
    """
    folder = Path(folder)
    if not (folder / TRUTH).exists():
        refuse_filled(folder)
    if items < 30:
        raise PlanError(f"a sample of {items} items is too small; give at least 30 items")
    if folder.resolve() != DATA:
        notes, copy = shutil.ignore_patterns("README.md"), shutil.copyfile
        shutil.copytree(DATA, folder, ignore=notes, copy_function=copy, dirs_exist_ok=True)
    tables = {name: _read(name) for name in INPUTS if name not in RARE}
    if (items, seed) != (len(tables["items"]), SEED):
        shutil.rmtree(folder / "earlier", ignore_errors=True)
        tables, truth = _company(tables, items, seed)
        for name, table in tables.items():
            table.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")
        (folder / TRUTH).write_text(json.dumps(truth, ensure_ascii=False) + "\n", encoding="utf-8")
    past = sorted((folder / "earlier").rglob("*.*"))
    return [*sorted(folder.glob("*.csv")), folder / "settings.toml", folder / TRUTH, *past]


def _read(name):
    kinds = {c.name: "str" for c in INPUTS[name].columns if c.kind != "number"}
    return pd.read_csv(DATA / f"{name}.csv", dtype=kinds, keep_default_na=False, na_values=[""])


def _company(tables, items, seed):
    """Tables and truth of ``items`` items: tile by tile, plant by plant."""
    tiles = [_tile(tables, tile, items, seed) for tile in range(-(-items // len(tables["items"])))]
    plants = [tiles[at : at + PLANT] for at in range(0, len(tiles), PLANT)]
    shared = [
        _plant(tables, plant, sum(len(tile["items"]) for tile in own) / 60)
        for plant, own in enumerate(plants)
    ]
    made = {name: pd.concat([part[name] for part in [*tiles, *shared]]) for name in tables}
    truth = {"seed": seed, "items": [row for tile in tiles for row in tile["truth"]]}
    return {name: table.filter(INPUTS[name].names) for name, table in made.items()}, truth


def _tile(tables, tile, items, seed):
    """One tile's rows of every table that name an item, at levels and with noise of its own."""
    codes = tables["items"]["item"]
    wanted = min(items - tile * len(codes), len(codes))
    kept = codes.iloc[np.linspace(0, len(codes) - 1, wanted).round().astype(int)]
    draw = np.random.default_rng([seed, tile])
    levels = np.exp(LEVEL * draw.standard_normal(len(codes)) * (seed != SEED or tile > 0))
    level, noisy = pd.Series(levels, index=codes), NOISE * (seed != SEED or tile > 0)
    made = {}
    for name, table in tables.items():
        own = table[table["item"].isin(kept)] if "item" in table else table.iloc[:0]
        own = own.assign(**{c: own[c].where(own[c].isin(kept)) for c in NAMES if c in own})
        if name == "launches":
            own = own.dropna(subset="like_item")
        scaled = own["item"].map(level) if len(own) else 1.0
        if name == "sales_history":
            scaled = scaled * np.exp(noisy * draw.standard_normal(len(own)))
        made[name] = _rows(own, name, scaled, tile, tile // PLANT)
    with open(DATA / TRUTH, encoding="utf-8") as file:
        known = [row for row in json.load(file)["items"] if row["item"] in set(kept)]
    made["truth"] = [
        row
        | {"item": _code(row["item"], tile), "family": _code(row["family"], tile // PLANT)}
        | {"expected": [round(value * level[row["item"]], 1) for value in row["expected"]]}
        for row in known
    ]
    return made


def _plant(tables, plant, share):
    """A plant's rows of every table that name no item: families and resources, for its tiles."""
    made = {}
    for name, table in tables.items():
        own = table[table["item"].isna()] if "item" in table else table
        if plant:  # what is said of the whole company is said once
            named = own.filter(regex="^(family|resource)$").notna().any(axis=1)
            own = own[named] if name != "initiatives" else own.iloc[:0]
        made[name] = _rows(own, name, share, 0, plant)
    return made


def _rows(table, name, factor, tile, plant):
    """The table with its quantities times ``factor`` (whole units, money in cents), the tile's
    items and orders, and the plant's families and resources.
    """
    made = {}
    if name not in ("items", "initiatives") and not np.all(factor == 1.0):
        for column in INPUTS[name].columns:
            shared = column.name in SHARED
            if shared if name == "resources" else column.unit in QUANTITIES:
                value = table[column.name] * factor
                cents = column.name in ("revenue", "margin")
                made[column.name] = value.round(2) if cents else value.round().astype("Int64")
    for column in table:
        if column in (*NAMES, "order"):
            made[column] = _code(table[column], tile)
        elif column in ("family", "cannibalised_family", "resource"):
            made[column] = _code(table[column], plant)
    return table.assign(**made)


def _code(code, number):
    """A code, or a column of them, of the numbered tile or plant."""
    return code + f"-{number + 1}" if number else code
