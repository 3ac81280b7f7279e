"""Bringing files into a folder of facts: read as understood, summed, completed, written."""

import re
import tomllib
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from sopkit.errors import PlanError
from sopkit.intake.grids import read_grids
from sopkit.intake.understand import NOTHING, column_of, remembered, table_of, understand
from sopkit.intake.words import READERS
from sopkit.sources import check
from sopkit.sources.facts import MARK
from sopkit.sources.files import Raw, read_source
from sopkit.sources.issues import gather, lines, plain
from sopkit.sources.settings import read_settings, toml
from sopkit.sources.typed import type_table
from sopkit.tables import INPUTS, inputs_of

EVER = pd.Timestamp(0)  # the day of what has none
SUMMED = ("units", "money", "days")
FOLLOW = ("inventory", "inventory_history", "receipts", "production_history")  # what is planned
MERGED = 0.25  # of the rows without an item: its cells are merged
SECTION = re.compile(r"^\[import\][^\n]*\n((?:[^\[\n]*=[^\n]*\n?)*)", re.M)


def or_default(asked, answers, safe) -> str:
    """The answer that is safe without a person; ``PlanError`` where none is.

    >>> or_default("Which?", ["a", "b"], "b")
    'b'
    """
    if safe is None:
        raise PlanError(f"{asked} Answer with one of: {' | '.join(answers)}; nothing was written")
    return safe


def is_company(path) -> bool:
    """Whether a path holds the tables of a company: a folder, or a workbook of them."""
    book = path.suffix.lower() in (".xlsx", ".xlsm") or not path.is_file()
    return book and (not path.is_file() or "items" in read_source(path)[0])


class Import:
    """Files understood: ``grids`` and their ``uses``, the ``frames`` they make by table, the
    ``issues`` of their cells, what is ``told``. ``layouts`` are answers by file, [import] of the
    folder's settings unless given.
    """

    def __init__(self, files, folder, ask=or_default, dates=None, market=None, layouts=None):
        self.folder, self.uses, self.told, self.issues = Path(folder), [], [], []
        settings, _ = read_settings(self.folder / "settings.toml")
        given, self.inputs = settings["import"], inputs_of(settings)
        self.layouts = dict(given if layouts is None else layouts)
        self.grids = [grid for file in files for grid in read_grids(Path(file), self.told)]
        parts = {}
        for grid in self.grids:
            uses = understand(grid, self.layouts, ask, dates, market)
            self.uses.append(uses)
            self.layouts[remembered(grid, self.layouts) or grid.name] = uses
            for name, frame in self._tables(grid, uses, table_of(uses)):
                own = parts.setdefault(name, {})
                own[f"{grid.name}{f' ({len(own) + 1})' * (grid.name in own)}"] = frame
        self.frames = {n: self._summed(n, self._once(n, own, ask)) for n, own in parts.items()}

    def shown(self) -> str:
        """What was understood: of every column the file, what it becomes, three of its cells."""
        rows = [("file", "column", "becomes", "examples")]
        for grid, uses in zip(self.grids, self.uses):
            for head, cells in grid.frame.items():
                texts = cells[cells != ""].unique()[:3]
                few = " · ".join(text[:20] for text in texts)
                rows.append((grid.name, head, uses[head].replace(" ", " as "), few))
        widths = [max(map(len, map(plain, column))) for column in zip(*rows)]
        return "\n".join(
            "  ".join(map(str.ljust, map(plain, row), widths)).rstrip() for row in rows
        )

    def problems(self) -> pd.DataFrame:
        """Every problem, as ``data_issues``: of cells by the rows of their file; where all can be
        read, of the tables that they make too, by theirs.
        """
        issues = gather(self.issues)
        if "error" in {*issues["severity"]} or "sales_history" not in (tables := self.tables()):
            return issues
        with TemporaryDirectory() as folder:
            write_tables(tables, folder)
            made = check(folder).query("table in @tables and rule != 'absent column'")
        return gather([issues, made])

    def fill(self, folder):
        """The tables, written into a copy of the folder, with [import] in its settings.toml."""
        write_tables(tables := self.tables(), folder)
        path = Path(folder, "settings.toml")
        text = path.read_bytes().decode() if path.exists() else ""
        path.write_bytes(with_layouts(text, self.layouts).encode())
        return tables

    def _tables(self, grid, uses, table):
        """The typed tables of a grid by name: its own, what it tells of items or of sales."""
        blank = pd.Series("", grid.frame.index, dtype="str")
        cells = {use.split(" ")[0]: _read(grid.frame[head], use) for head, use in uses.items()}
        named = cells.get(f"{table}.item", blank + "?") != ""
        if table and "item" not in INPUTS[table].required:
            named |= True
        days = next((told for use, told in cells.items() if use.endswith(".bucket")), blank)
        lost = grid.frame.index[~named & (days != "")]
        if len(lost) > MERGED * len(named):
            raise PlanError(
                f"{grid.name}: {len(lost):,} rows have a day but no item, first row {lost[0]}; fill"
                " the item in (cells that are merged hold it once), or delete them"
            )
        if not named.all():
            self.told.append(f"{grid.name}: {(~named).sum():,} rows without an item left out")
        ordered = {"sales_history"} if table == "orders" else set()
        for name in ordered | {target.partition(".")[0] for target in cells} - {NOTHING}:
            shared = INPUTS[name].names if name == "sales_history" else ("item",)
            both = {
                c: cells.get(f"{name}.{c}", cells.get(f"{table}.{c}") if c in shared else None)
                for c in INPUTS[name].names
            }
            if name in ordered:
                asked = cells.get("orders.requested_on", blank)
                both["bucket"] = asked.where(asked != "", cells.get("orders.ordered_on", blank))
            raw = pd.DataFrame({c: told for c, told in both.items() if told is not None})[named]
            if name == "orders" and "line" not in raw and "order" in raw:
                raw["line"] = (raw.groupby("order").cumcount() + 1).astype("str")
            raw = raw.drop_duplicates() if name == "items" else raw
            frame, issues = type_table(INPUTS[name], Raw(grid.name, raw, "."))
            self.issues += issues if name not in ordered else []
            yield name if name == table else f"{name} told", frame

    def _once(self, name, frames, ask):
        """The rows of all files: of days that two tell alike those of the one that counts, and no
        month's total beside its days, as a person says.
        """
        rows = pd.concat(frames, names=["file", None]).reset_index("file").reset_index(drop=True)
        names = INPUTS[name.split(" ")[0]].names
        for pair in combinations(frames, 2) if name in INPUTS and name != "items" else ():
            two = rows[rows["file"].isin(pair)]
            for day in {*names} & {"bucket", "ordered_on", "as_of"}:
                told = (days := two[day].fillna(EVER)).groupby(two["file"])
                two = two[days.between(told.min().max(), told.max().min())]
            alike = (each := two.drop_duplicates()).duplicated(names).sum()
            if 2 * alike > each["file"].value_counts().min():
                asked = f"{' and '.join(pair)} hold {alike:,} rows of {name} that are the same"
                counts = ask(f"{asked}; which counts where they overlap?", [*pair, "both"], None)
                if counts in pair:
                    rows = rows.drop(two.index[two["file"] != counts])
                    self.told.append(f"{asked}: {counts} counts")
        return self._of_days(rows[names], ask) if name == "sales_history" else rows[names]

    def _of_days(self, frame, ask):
        """Sales without the rows of a month's first or last day that are the sum of its others,
        where most months of three rows or more have one, and they do not count.
        """
        month = frame["bucket"].to_numpy().astype("datetime64[M]")
        sold = frame.assign(month=month)[frame["quantity"] != 0]
        edge = sold["bucket"].dt.is_month_start | sold["bucket"].dt.is_month_end
        for by in (["item", "market", "month"], ["item", "month"]):
            cells = sold.groupby(by, dropna=False)["quantity"]
            size, double = cells.transform("size"), 2 * sold["quantity"]
            found = sold[edge & np.isclose(cells.transform("sum"), double)].drop_duplicates(by)
            if 2 * (size[found.index] > 2).sum() > (1 / size[size > 2]).sum():
                told = f"{len(found):,} rows of sales_history are the sum of others of their month"
                row = "{item}, {bucket:%Y-%m-%d}, {quantity:,g}".format(**found.iloc[0])
                if ask(f"{told}, as {row}; do they count?", ["no", "yes"], None) == "no":
                    self.told.append(f"{told}: left out")
                    frame = frame.drop(found.index)
                break
        return frame

    def _summed(self, name, frame):
        """One row per key: units and money are added up, of the rest the first word counts."""
        table = INPUTS[name.split(" ")[0]]
        key, rest = [*table.key], [c for c in table.columns if c.name not in table.key]
        if not frame.duplicated(key).any():
            return frame
        sums = [c.name for c in rest if c.unit in SUMMED and table.name != "items"]
        groups = frame.groupby(key, dropna=False)
        made = groups.first().assign(**groups[sums].sum(min_count=1)).reset_index()[table.names]
        if name in INPUTS:
            self.told.append(f"{name}: {len(frame):,} rows are {len(made):,} by {', '.join(key)}")
        return made

    def tables(self) -> dict[str, pd.DataFrame]:
        """The tables as they are to be written beside those in the folder: other days stay,
        items are what is sold and its parts; ``PlanError`` where a cell cannot be read.
        """
        issues = gather(self.issues)
        errors, odd = (issues.query("severity == @s") for s in ("error", "warning"))
        if len(errors):
            said = "\n".join(lines(errors, most=5))
            raise PlanError(f"{len(errors):,} errors in the files, nothing was written\n{said}")
        if not self.frames:
            lost = "no row of a table is in the files: name columns as data/README.md does"
            raise PlanError("\n".join([*self.told, lost]))
        self.told += lines(odd, most=3)
        before, frames = self._standing(), {**self.frames}
        told, ordered = frames.pop("items told", None), frames.pop("sales_history told", None)
        known = any("sales_history.quantity" in str(uses) for uses in self.layouts.values())
        own = known or ("sales_history" in before and "orders" not in before)
        if ordered is not None and not own:
            frames["sales_history"] = ordered
            self.told.append("sales_history: the order lines by the day asked for")
        if "orders" in frames and "orders" in before:
            self._with_earlier(frames, before, ordered if not own else None)
            if not own:
                before.pop("sales_history", None)
        for name in [
            name for name in frames if "bucket" in INPUTS[name].required and name in before
        ]:
            old, days = before[name], frames[name]["bucket"]
            inside = old["bucket"].between(days.min(), days.max())
            stay, gone = old[~inside], f"{inside.sum():,} rows that stood"
            span = f"from {days.min():%Y-%m-%d} to {days.max():%Y-%m-%d}"
            if inside.any() and not old[inside].equals(frames[name]):
                self.told.append(f"{name}: {gone} {span} are replaced by {len(frames[name]):,}")
            frames[name] = pd.concat([stay, frames[name]])
            self.told += [f"{name}: {len(stay):,} rows of other days stay"] * (len(stay) > 0)
        sold = frames.get("sales_history", before.get("sales_history"))
        if sold is not None:
            base = frames.get("items", before.get("items"))
            sums = sold.dropna(subset="revenue").groupby("item")[["revenue", "quantity"]].sum()
            price = (sums["revenue"] / sums["quantity"]).where((sums > 0).all(axis=1)).round(4)
            price = price.reset_index(name="price")
            codes = {*sold["item"]} | ({*base["item"]} if base is not None else set())
            for made in (own["components"] for own in (frames, before) if "components" in own):
                codes |= {*made["parent"], *made["child"]}
            every = pd.DataFrame({"item": sorted(codes)})
            said = [frames.get("items"), before.get("items"), price, told, every]
            wide = self.inputs["items"]
            items = pd.concat([wide.typed(part) for part in said if part is not None])
            if "items" in frames or base is None or len(codes) > len(base):
                items = items[items["item"].isin(codes)].groupby("item").first().reset_index()
                frames["items"] = wide.typed(items)
            for name in {*FOLLOW} & {*frames} if base is None else ():
                planned = frames[name]["item"].isin(codes)
                frames[name] = frames[name][planned]
                self.told.append(f"{name}: {(~planned).sum():,} rows of what is not sold left out")
        return {name: frame for name, frame in frames.items() if len(frame)}

    def _with_earlier(self, frames, before, told):
        """Order lines that stood and are not in the files stay; what was sold, if it is ``told`` by
        them, is told by all.
        """
        key, old = ["order", "line"], before["orders"]
        again = old.set_index(key).index.isin(frames["orders"].set_index(key).index)
        frames["orders"] = pd.concat([old[~again], frames["orders"]])
        self.told.append(
            f"orders: {(~again).sum():,} earlier lines stay, {again.sum():,} are replaced"
        )
        if told is None or "sales_history" not in before:
            return
        cell, history = ["item", "market", "bucket"], before["sales_history"]
        gone = old[again].assign(bucket=old["requested_on"].fillna(old["ordered_on"]))
        gone = gone.groupby(cell, dropna=False)["quantity"].sum().reset_index(name="gone")
        left = history.merge(gone, how="left").fillna({"gone": 0.0})
        share = 1 - left.pop("gone") / left["quantity"]
        left[["quantity", "revenue"]] = left[["quantity", "revenue"]].mul(share, axis=0)
        left = left[share > 1e-9]
        frames["sales_history"] = self._summed("sales_history", pd.concat([left, told]))

    def _standing(self):
        """The tables that stand in the folder."""
        if (self.folder / MARK).exists():
            raise PlanError(f"{self.folder} is what a pack was made of; give another folder")
        if (self.folder / "workbook.xlsx").exists():
            raise PlanError(f"{self.folder} keeps its tables in workbook.xlsx; give another folder")
        raws = read_source(self.folder)[0] if self.folder.exists() else {}
        return {n: type_table(self.inputs[n], raw)[0] for n, raw in raws.items() if len(raw.frame)}


def _read(cells, use):
    """The cells as our own files write them; a number that its column's style does not read says
    so, lest it be read in ours.
    """
    kind = use != NOTHING and column_of(use).kind
    if kind not in READERS:
        return cells
    styles, read = READERS[kind]
    style = use.partition(" ")[2] or styles[0]  # where all styles read alike
    odd, zeros = (f" ({style}?)", "") if kind == "number" else ("", "0./-")
    plain = {text: read(text, style) or text + odd for text in cells.unique() if text.strip(zeros)}
    return cells.map(plain).fillna("")


def write_tables(tables, folder):
    """Writes the tables as CSV into a folder, columns that hold nothing left out; other files of
    their names are gone.
    """
    for name, frame in tables.items():
        for old in Path(folder).glob(f"{name}.*"):
            old.unlink()
        frame = frame.sort_values([*INPUTS[name].key], kind="stable").dropna(axis=1, how="all")
        how = {"index": False, "lineterminator": "\n", "float_format": "%.15g"}
        text = frame.to_csv(date_format="%Y-%m-%d", **how)
        Path(folder, f"{name}.csv").write_bytes(text.encode())


def with_layouts(text: str, layouts: dict) -> str:
    """The text of a settings.toml with this [import], every other byte as it was; ``PlanError``
    where that cannot be said.

    >>> print(with_layouts("horizon = 18\\n", {"sales": {"SKU": "sales_history.item"}}))
    horizon = 18
    <BLANKLINE>
    [import]
    "sales" = { "SKU" = "sales_history.item" }
    <BLANKLINE>
    """
    end = "\r\n" if "\r\n" in text else "\n"
    rows = "".join(f"{toml(name)} = {toml(told)}{end}" for name, told in layouts.items())
    stands = SECTION.search(text)
    gap = end * (bool(text) + (text[-1:] not in ("", "\n")))
    made = f"{text}{gap}[import]{end}{rows}"
    if stands:
        made = text[: stands.start(1)] + rows + text[stands.end(1) :]
    try:
        old, new = (tomllib.loads(t.removeprefix("\ufeff")) for t in (text, made))
        if new != old | {"import": layouts}:
            raise ValueError("its [import] cannot be told from the rest")
    except ValueError as error:
        raise PlanError(f"settings.toml: {error}; mend it, or take [import] out of it") from None
    return made
