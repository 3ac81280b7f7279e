"""A pack's tables, and what several claims work out of them."""

import json
import tomllib
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import numpy as np
import pandas as pd


@dataclass
class Told:
    """A pack's tables, read once; everything is worked out with pandas alone."""

    folder: Path

    def __hash__(self):
        return hash(self.folder)

    @cache  # noqa: B019 - as long as the test's module
    def t(self, name):
        """A table of the plan, or of the inputs; without a row where there is none."""
        for part in ("tables", "inputs"):
            path = self.folder / part / f"{name}.parquet"
            if path.exists():
                return pd.read_parquet(path)
        return pd.DataFrame()

    @cached_property
    def settings(self):
        return tomllib.loads((self.folder / "inputs" / "settings.toml").read_text())

    @cached_property
    def parameters(self):
        return json.loads((self.folder / "inputs" / "cycle.json").read_text())["parameters"]

    @cached_property
    def released(self):
        found = sorted((self.folder / "inputs" / "released").glob("*"))
        return found[-1] if found else None

    def last(self, name):
        """The table of the last cycle's plan."""
        path = self.released and self.released / f"{name}.parquet"
        return pd.read_parquet(path) if path and path.exists() else pd.DataFrame()

    @cached_property
    def per_year(self):
        return {"month": 12, "week": 52, "quarter": 4}[self.settings.get("bucket", "month")]

    @cached_property
    def buckets(self):
        return sorted(self.t("supply_plan")["bucket"].unique())

    @property
    def year(self):
        return self.buckets[: self.per_year]

    def name(self, bucket):
        """What people call a bucket."""
        day = pd.Timestamp(bucket)
        begins = {52: f"{day.day} {day:%b}", 4: f"Q{day.quarter}"}
        return f"{begins.get(self.per_year, f'{day:%b}')} {day:%y}"

    @cached_property
    def family(self):
        return self.t("items").set_index("item")["family"]

    @cached_property
    def unit(self):
        return self.t("items").set_index("item")["unit"]

    def of(self, name, scope=None, year=False, last=False):
        """Rows of a table, of one family, of the next year."""
        rows = self.last(name) if last else self.t(name)
        if len(rows) and scope not in (None, "All items", "Company"):
            family = rows["family"] if "family" in rows else rows["item"].map(self.family)
            rows = rows[family == scope]
        return rows[rows["bucket"].isin(self.year)] if year and len(rows) else rows

    @cached_property
    def cost(self):
        items = self.t("items").set_index("item")
        cost = items["unit_cost"].fillna(0.0)
        bill = self.t("bill_of_resources")
        if len(bill):
            rate = self.t("resources").query("bucket.isna()").set_index("resource")
            hours = bill["hours_per_unit"] * bill["resource"].map(rate["regular_cost"].fillna(0.0))
            cost = cost.add(hours.groupby(bill["item"]).sum(), fill_value=0.0)
        return items["standard_cost"].fillna(cost).fillna(0.0)

    @cached_property
    def price(self):
        """Price of an item in a bucket: of its markets, weighted by what they want."""
        cells = self.t("demand_plan").merge(self.t("prices"), on=["item", "market", "bucket"])
        cells["money"] = cells["consensus"] * cells["price"]
        sums = cells.groupby(["item", "bucket"])[["consensus", "money"]].sum()
        mean = cells.groupby(["item", "bucket"])["price"].mean()
        return (sums["money"] / sums["consensus"].where(sums["consensus"] > 0)).fillna(mean)

    def worth(self, rows, columns):
        """The columns at the price of their rows: of the market in the plan, of the item where none
        is named, the item's mean outside the plan.
        """
        if not len(rows):
            return rows
        if "market" in rows:
            keys = ["item", "market", "bucket"]
            price = rows[keys].merge(self.t("prices"), on=keys, how="left")["price"]
            known, everywhere = price.to_numpy(), self.t("prices").groupby("item")["price"].mean()
        else:
            index = pd.MultiIndex.from_frame(rows[["item", "bucket"]])
            known, everywhere = (
                self.price.reindex(index).to_numpy(),
                self.price.groupby("item").mean(),
            )
        usual = rows["item"].map(everywhere).fillna(0.0)
        price = usual.where(np.isnan(known), known)
        return rows.assign(**{c: rows[c] * price for c in columns})

    def addable(self, rows, columns):
        """The columns as they may be added: in units where all items share one, else in money."""
        mixed = self.unit[rows["item"].unique()].nunique() > 1 if len(rows) else False
        return self.worth(rows, columns) if mixed else rows

    def total(self, name, column, scope=None, year=True):
        """A column's sum by bucket, in what may be added."""
        rows = self.addable(self.of(name, scope, year), [column])
        return rows.groupby("bucket")[column].sum()

    @cached_property
    def money(self):
        """The financial plan of the next year: sums of the company."""
        return (
            self.of("financial_plan", year=True)
            .drop(columns="family")
            .groupby("bucket")
            .sum(min_count=1)
        )

    @cached_property
    def weight(self):
        """What a unit counts in a sum of service: itself, or its cost where units differ."""
        one = self.unit.nunique() <= 1
        return pd.Series(1.0, self.unit.index) if one else self.cost

    def service(self, rows):
        """Share of demand that is served when it is due."""
        weight = rows["item"].map(self.weight)
        missed = np.minimum(rows["late"] + rows["lost"], rows["demand"]) * weight
        return 1 - missed.sum() / (rows["demand"] * weight).sum()

    @cached_property
    def kpis(self):
        """The company's newest row of every KPI."""
        return self._latest(self.t("kpis"))

    @cached_property
    def last_kpis(self):
        rows = self.last("kpis")
        return self._latest(rows) if len(rows) else rows

    def _latest(self, rows):
        rows = rows[rows["scope"] == "company"].sort_values(["bucket", "step"], kind="stable")
        return rows.drop_duplicates("kpi", keep="last").set_index("kpi")

    def measured(self, kpi):
        rows = self.t("kpis").query("scope == 'company' and kpi == @kpi").dropna(subset="actual")
        return rows.sort_values("bucket").tail(12)

    def invoiced(self, family):
        """The sales; of items made to order what was shipped, once most of it is known."""
        sold, lines = self.of("sales_history", family), self.of("orders", family)
        made = self.t("items").set_index("item")["strategy"].fillna("stock") == "order"
        lines = (
            lines[lines["item"].map(made) & lines["shipped_on"].notna()] if len(lines) else lines
        )
        if lines.empty:
            return sold
        waits = np.sort((lines["shipped_on"] - lines["ordered_on"]).dt.days)
        since = lines["ordered_on"].min() + pd.Timedelta(days=np.quantile(waits, 0.95))
        starts = np.unique(sold["bucket"].to_numpy())
        place = np.searchsorted(starts, lines["shipped_on"].to_numpy(), side="right") - 1
        first = pd.Timestamp(self.buckets[0])
        year = sold[sold["revenue"].notna() & (sold["bucket"] < first)]
        whole, year = year, year[year["bucket"] >= first - pd.DateOffset(years=1)]
        price = {}
        for rows in (whole, year):
            sums = rows.groupby("item")[["revenue", "quantity"]].sum()
            sums = sums[(sums > 0).all(axis=1)]
            price |= (sums["revenue"] / sums["quantity"]).to_dict()
        units = lines["shipped_quantity"].fillna(lines["quantity"])
        sent = lines.assign(bucket=starts[place], revenue=units * lines["item"].map(price))
        sent = sent[(sent["bucket"] >= since) & (sent["bucket"] < first)]
        known = sold["bucket"].between(sent["bucket"].min(), sent["bucket"].max())
        booked = sold["item"].isin(sent["item"]) & known
        return pd.concat([sold[~booked], sent])

    @property
    def fiscal(self):
        return self.fiscal_of(None)

    def fiscal_of(self, family):
        """Name, estimate and budget of the fiscal year that the plan's first bucket lies in."""
        start, first = self.settings.get("fiscal_year_start", 1), pd.Timestamp(self.buckets[0])
        years = lambda days: days.dt.year + ((days.dt.month >= start) & (start > 1))
        year = first.year + int(first.month >= start and start > 1)
        sold = self.invoiced(family)
        sold = sold[sold["bucket"] < first]
        plan = self.of("financial_plan", family)
        budget = self.of("budget", family)
        parts = [
            frame.loc[years(frame["bucket"]) == year, "revenue"].sum() for frame in (sold, plan)
        ]
        planned = (
            budget.loc[years(budget["bucket"]) == year, "revenue"].sum() if len(budget) else np.nan
        )
        return f"FY{year % 100}", sum(parts), planned

    def at_cost(self, name, column, buckets):
        rows = self.t(name)
        rows = rows[rows["bucket"].isin(buckets)] if len(rows) else rows
        return (
            (rows[column].clip(lower=0) * rows["item"].map(self.cost)).groupby(rows["bucket"]).sum()
        )

    @cached_property
    def asked(self):
        rows = self.of("capacity_plan", year=True)
        rows = rows[np.isfinite(rows["regular_capacity"]) & (rows["regular_capacity"] > 0)]
        return rows.assign(asked=rows["unconstrained_load"] / rows["regular_capacity"])
