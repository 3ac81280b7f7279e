"""Sites: an item at a site is an item of the plan, and a transfer is a way whose part is the same
item elsewhere.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from sopkit.errors import PlanError
from sopkit.metrics.cost import made_at, standard_cost, with_unit_cost
from sopkit.supply.reading import SENT, TABLES, checked, given, made, own_work, refuse
from sopkit.tables import PLANS

PLACE, CELL, LANE = ["item", "site"], ["item", "bucket"], ["item", "from", "to"]
SITED = "inventory", "receipts", "resources", "sourcing"
NOWHERE = "no lane"  # the source of what nothing brings to a site


@dataclass(frozen=True)
class Sites:
    """Which items are where: ``nodes`` holds the code, item and site of each; ``lanes`` those
    resources that are the most a lane carries; ``stores`` the sites that hold stock.
    """

    nodes: pd.DataFrame
    lanes: pd.Index
    stores: pd.Series

    def told(self, frame) -> pd.DataFrame:
        """A frame by code as one by item and site."""
        where = self.nodes.set_index("code").loc[frame["item"]].reset_index(drop=True)
        return where.join(frame.reset_index(drop=True).drop(columns="item"))

    def folded(self, result, moves):
        """The ``SupplyResult`` of a plan by code as one by item, with what every site and lane
        does; ``moves`` are its transfers, item, source, bucket (in which they arrive), send_on,
        quantity, cost. What is on its way between sites is stock.
        """
        plan, moves, where = self.told(result.supply_plan), self.told(moves), [*PLACE, "bucket"]
        moves["origin"] = moves["source"].str.removeprefix(SENT)
        came = moves.groupby(where)["quantity"].sum()
        left = moves.groupby(["item", "origin", "send_on"])["quantity"].sum().rename_axis(where)
        at = pd.MultiIndex.from_frame(plan[where])
        plan["arriving"] = came.reindex(at, fill_value=0.0).to_numpy()
        plan["sent"] = left.reindex(at, fill_value=0.0).to_numpy()
        plan["issued"] = (plan["issued"] - plan["sent"]).clip(lower=0.0)
        whole = plan.groupby(CELL).sum(numeric_only=True)
        away = (whole["sent"] - whole["arriving"]).groupby("item").cumsum()
        whole["projected_available"] += away.clip(lower=0.0)
        missed, short = plan["late"] + plan["lost"], plan["safety_stock"]
        worst = plan.assign(missed=missed, short=short - plan["projected_available"])
        worst = worst[worst["why"] != ""].sort_values(["missed", "short"], ascending=False)
        why = worst.drop_duplicates(CELL).set_index(CELL)["why"]
        whole["why"] = why.reindex(whole.index, fill_value="")
        plan["production"] += plan.pop("overtime_production")
        plan["purchased"] += plan.pop("subcontracted")
        costs, item = result.plan_costs, self.nodes.set_index("code")["item"]
        costs = costs.assign(name=costs["name"].map(item).fillna(costs["name"]))
        hours = ~result.capacity_plan["resource"].isin(self.lanes)
        prices = self.told(result.limit_prices)
        prices = prices[(prices["limit"] != "stock") | prices["site"].isin(self.stores)]
        return replace(
            result,
            supply_plan=_summed(whole.reset_index(), "supply_plan"),
            site_plan=_summed(plan, "site_plan"),
            transfer_plan=_summed(moves[moves["bucket"].isin(plan["bucket"])], "transfer_plan"),
            sourcing_plan=_summed(self.told(result.sourcing_plan), "sourcing_plan"),
            limit_prices=_summed(prices, "limit_prices"),
            plan_costs=_summed(costs, "plan_costs"),
            capacity_plan=result.capacity_plan[hours].reset_index(drop=True),
            cut=self.told(result.cut).groupby(CELL, as_index=False)["units"].sum(),
        )


def at_sites(asked):
    """What ``plan_supply`` is asked with, every item at a site as an item of its own, and the
    ``Sites`` that say which; as it is, and None, where no lane is told.

    Customers are served where their market is: at the site of its name, or by the lanes that lead
    to it, where nothing is stocked. Safety stock stands where they are served from, an opening
    backlog in their markets.
    """
    sources, lanes = asked.get("sourcing"), asked.get("lanes")
    if sources is not None:
        sent = given(sources, "sourcing")["source"].str.startswith(SENT)
        refuse(sources, "sourcing", "source", sent, "are what lanes do", "name them otherwise")
    if lanes is None or lanes.empty:
        pooled = None if sources is None else sources.drop(columns="site", errors="ignore")
        return asked | {"sourcing": pooled}, None
    told = _told(asked)
    places = _Places(told)
    bookings = _coded(told["bookings"].rename(columns={"market": "site"}))
    at_code = {
        "demand": _coded(places.demand),
        "bookings": bookings[bookings["item"].isin(places.nodes["code"])],
        "items": places.items(),
        "inventory": places.stock(),
        "receipts": _coded(told["receipts"]),
        "safety_stock": places.safety_stock(),
        "frozen": places.frozen(),
        "resources": pd.concat([told["resources"], places.limits], ignore_index=True),
        "bill_of_resources": places.bill(),
        "components": places.components(),
        "sourcing": places.sources(),
        "lanes": None,
    }
    lanes = pd.Index(places.limits["resource"])
    return asked | at_code, Sites(places.nodes, lanes, places.sites["site"])


def moved(facts, flows) -> pd.DataFrame:
    """What is transferred: item, source, bucket (in which it arrives), send_on, quantity, cost."""
    ways, chosen = facts.ways, np.flatnonzero(facts.ways.kind == "transferred")
    quantity, count = flows.quantity[chosen], facts.shape[1]
    grid = facts.grid.only(ways.item[chosen])
    table = grid.frame(quantity=quantity, cost=ways.unit_cost[chosen][:, None] * quantity)
    table["source"] = ways.source[chosen].repeat(count)
    number = grid.calendar.number(table["bucket"]) - ways.opens[chosen].repeat(count)
    return table.assign(send_on=grid.calendar.stamp(number)).query("quantity > 0")


class _Places:
    """Where every item is made, bought, kept and asked for, and the lanes between: item, origin,
    site, the source that it is to the item, and what the row of lanes says.
    """

    def __init__(self, told):
        self.told, bill = told, told["bill_of_resources"]
        self.demand = told["demand"].rename(columns={"market": "site"})
        sites = pd.concat([*(told[name]["site"] for name in SITED), told["lanes"]["from"]])
        self.sites = pd.DataFrame({"site": sorted({*sites} - {""})})
        self.hours = bill.assign(site=made_at(bill, told["resources"]))
        self.made, self.got = self._got()
        kept = told["inventory"].query("on_hand > 0")[PLACE], told["receipts"][PLACE]
        lanes = self._lanes()
        reached = _reached(lanes, pd.concat([self.got, *kept]))
        self.lanes = lanes.merge(reached.rename(columns={"site": "origin"}))
        self.limits = self.lanes[np.isfinite(self.lanes["hours"])].drop_duplicates("resource")
        self.limits = self.limits[["resource", "hours"]]
        parts = self._at_parents()[["child", "site"]].set_axis(PLACE, axis=1)
        nodes = pd.concat([reached, self.demand[PLACE], parts]).drop_duplicates(ignore_index=True)
        self.nodes = nodes.assign(code=_code(nodes))
        brought = [*_code(self.got), *_code(self.lanes)]
        self.closed = self.nodes[~self.nodes["code"].isin(brought)]
        self._refuse_unserved()
        self.served = self._served()

    def _got(self):
        """item, site where it is made, and where it is made or bought: made where its resources
        are, bought where its sources deliver; what neither ties to a site, at any.
        """
        items, sources = self.told["items"]["item"], self.told["sourcing"]
        at_work = own_work(self.hours)[PLACE].drop_duplicates()
        own = items.isin(made(self.hours, self.told["components"]))
        tied = items.isin(at_work["item"]) | ~own & items.isin(sources["item"])
        at_will = [items[free].to_frame().merge(self.sites, how="cross") for free in (own, ~own)]
        at_will = [rows[~rows["item"].isin(items[tied])] for rows in at_will]
        own = pd.concat([at_work, at_will[0]])
        return own, pd.concat([own, at_will[1], sources[PLACE]]).drop_duplicates(ignore_index=True)

    def _lanes(self):
        """Every item's lanes, of each the row of the finest scope."""
        rows, who = self.told["lanes"], self.told["items"][["item", "family"]]
        whom = rows["item"].where(rows["item"] != "", "family " + rows["family"])
        name = "lane " + rows["from"] + " to " + rows["to"].replace("", "every market")
        rows = rows.assign(
            resource=name.where(whom == "family ", name + " for " + whom),
            source=SENT + rows["from"],
            lead_time=np.floor(rows["lead_time"] + 0.5),
        )
        rows = rows.rename(columns={"from": "origin", "to": "site", "max_quantity": "hours"})
        every = rows[rows["site"] == ""].drop(columns="site")
        every = every.merge(self.demand[["site"]].drop_duplicates(), how="cross")
        rows = pd.concat([rows[rows["site"] != ""], every])
        item, family = rows["item"] != "", rows["family"] != ""
        rows = [
            rows[item].drop(columns="family").merge(who),
            rows[~item & family].drop(columns="item").merge(who),
            rows[~item & ~family].drop(columns=["item", "family"]).merge(who, how="cross"),
        ]
        rows = pd.concat(rows).drop_duplicates(["item", "origin", "site"])
        ends = rows["site"].isin(self.sites["site"]) | _code(rows).isin(_code(self.demand))
        return rows[ends & (rows["origin"] != rows["site"])]

    def _refuse_unserved(self):
        lost = self.demand[_code(self.demand).isin(self.closed["code"])].drop_duplicates(PLACE)
        if len(lost):
            raise PlanError(
                f"table lanes: nothing brings {len(lost)} item(s) to their market, first"
                f" {_code(lost).iloc[0]}; add a lane to it (a blank to leads to every market), or"
                " name the market as the site that serves it"
            )

    def _served(self):
        """item, site, share: how much of an item's customers every site serves by the cheapest lane
        from where it is made or bought; several such share.
        """
        asked = self.demand.assign(quantity=self.demand["quantity"].clip(lower=1e-9))
        asked = asked.groupby(PLACE, as_index=False)["quantity"].sum()
        here = asked["site"].isin(self.sites["site"])
        sent = asked[~here].merge(self.lanes[[*PLACE, "origin", "unit_cost"]])
        far = ~_code(sent, site="origin").isin(_code(self.got))
        sent["rank"] = list(zip(far, sent["unit_cost"]))
        sent = sent[sent["rank"] == sent.groupby(PLACE)["rank"].transform("min")]
        sent["quantity"] /= sent.groupby(PLACE)["quantity"].transform("size")
        sent = sent[["item", "origin", "quantity"]].set_axis(asked.columns, axis=1)
        rest = self.got[~self.got["item"].isin(asked["item"])].drop_duplicates("item")
        rows = pd.concat([asked[here], sent, rest.assign(quantity=1.0)])
        return _shares(rows.groupby(PLACE, as_index=False)["quantity"].sum())

    def _at_parents(self):
        """The components by the site of their parent: where it is made, or its source delivers."""
        sources = self.told["sourcing"][[*PLACE, "source"]]
        rows = pd.concat([self.made.assign(source=""), sources])
        return self.told["components"].merge(rows.rename(columns={"item": "parent"}))

    def items(self):
        """The items by code; only what is made or bought comes in lots, only sites hold stock."""
        costing = [self.told[name] for name in ("bill_of_resources", "resources", "components")]
        items = with_unit_cost(self.told["items"], *costing)
        cost = standard_cost(items, *costing)["standard_cost"].to_numpy()
        rows = self.nodes.merge(items.assign(standard_cost=cost)).merge(self.served, how="left")
        lots = ["lot_size", "minimum_lot"]
        rows[lots] = rows[lots].where(rows["code"].isin(_code(self.got)), 0.0)
        rows["ending_stock"] *= rows.pop("share").fillna(0.0)
        rows["maximum_stock"] = rows["maximum_stock"].where(
            rows["site"].isin(self.sites["site"]), 0.0
        )
        return _coded(rows)

    def stock(self):
        """What every site has on hand, and what is owed in every market."""
        told = self.told["inventory"]
        asked = self.demand.groupby(PLACE, as_index=False)["quantity"].sum()
        asked = _shares(asked.assign(quantity=asked["quantity"].clip(lower=1e-9)))
        asked = pd.concat([asked, self.served[~self.served["item"].isin(asked["item"])]])
        owed = asked["item"].map(told.groupby("item")["backlog"].sum()).fillna(0.0)
        rows = pd.concat([told.assign(backlog=0.0), asked.assign(backlog=asked["share"] * owed)])
        rows = rows.merge(self.nodes[PLACE])  # of nothing there is none elsewhere
        return _coded(rows).groupby("item", as_index=False)[["on_hand", "backlog"]].sum()

    def safety_stock(self):
        """Safety stock where customers are served from."""
        rows = self.told["safety_stock"].merge(self.served)
        return _coded(rows.assign(quantity=rows["quantity"] * rows.pop("share")))

    def frozen(self):
        """What stands, at the site that is told, else the first where the item is got."""
        first = self.got.drop_duplicates("item").set_index("item")["site"]
        rows = self.told["frozen"]
        site = rows["site"].where(rows["site"] != "", rows["item"].map(first))
        return _coded(rows.assign(site=site))

    def bill(self):
        """Hours by code: of own work at the site of its resource, of a source where it delivers,
        one for each unit that a limited lane carries.
        """
        sources = self.told["sourcing"][[*PLACE, "source"]]
        theirs = self.hours[self.hours["source"] != ""].drop(columns="site").merge(sources)
        lanes = self.lanes[np.isfinite(self.lanes["hours"])].assign(hours_per_unit=1.0)
        rows = _coded(pd.concat([own_work(self.hours), theirs, lanes]))
        return rows[["item", "resource", "source", "hours_per_unit"]]

    def components(self):
        """Parts by code: of a parent where it is made, of a transfer the item at its origin."""
        rows, lanes = self._at_parents(), self.lanes
        rows = rows.assign(parent=_code(rows, "parent"), child=_code(rows, "child"))
        lanes = lanes.assign(parent=_code(lanes), child=_code(lanes, site="origin"))
        rows = pd.concat([rows, lanes.assign(quantity_per=1.0, scrap=0.0)])
        return rows[["parent", "child", "source", "quantity_per", "scrap"]]

    def sources(self):
        """Sources by code, a lane is one; what nothing brings to a site has one that delivers
        nothing.
        """
        closed = self.closed.assign(source=NOWHERE, max_quantity=0.0)
        rows = _coded(pd.concat([self.told["sourcing"], closed, self.lanes]))
        return rows[["item", "source", "unit_cost", "max_quantity", "lead_time"]]


def _told(asked):
    """The frames as declared; refuses what is nowhere."""
    told = {name: given(asked.get(name), name) for name in TABLES if name != "resources"}
    told["resources"] = checked(asked.get("resources"), "resources").fillna({"site": ""})
    where = told["resources"].groupby("resource")["site"]
    home, several = where.transform("max"), where.transform(lambda each: len({*each} - {""}) > 1)
    mend = "name each as what it is at one site"
    refuse(told["resources"], "resources", "site", several, "are of one resource at others", mend)
    for name in SITED:
        site = home if name == "resources" else told[name]["site"]
        mend = "name the site of every row, as lanes lead from sites"
        refuse(told[name], name, "site", site == "", "are blank", mend)
    lanes, sites = told["lanes"], [told[name]["site"] for name in SITED]
    at = told["bill_of_resources"]["site"]
    stray = ~at.isin(pd.concat([*sites, lanes["from"], lanes["to"]])) & (at != "")
    mend = "correct it, or leave it blank where its resource is"
    refuse(told["bill_of_resources"], "bill_of_resources", "site", stray, "are no site", mend)
    stray = ~lanes["from"].isin(pd.concat([*sites, lanes["to"]]))
    mend = "correct it, or give it a row in inventory, resources or sourcing"
    refuse(lanes, "lanes", "from", stray, "are no site", mend)
    return told


def _reached(lanes, places):
    """item, site: the ``places`` of an item and all that lanes lead to from there."""
    places = places.drop_duplicates(ignore_index=True)
    while True:
        more = lanes.merge(places.rename(columns={"site": "origin"}))[PLACE]
        grown = pd.concat([places, more]).drop_duplicates(ignore_index=True)
        if len(grown) == len(places):
            return places
        places = grown


def _shares(rows):
    """item, site, share of the item's ``quantity``."""
    share = rows["quantity"] / rows.groupby("item")["quantity"].transform("sum")
    return rows.assign(share=share).drop(columns="quantity")


def _code(rows, item="item", site="site") -> pd.Series:
    return rows[item] + " at " + rows[site]


def _coded(rows):
    return rows.assign(item=_code(rows)).drop(columns=["site", "code"], errors="ignore")


def _summed(frame, name: str):
    """A declared plan table of one whose rows share keys."""
    table = PLANS[name]
    how = {"order_by": "min", "send_on": "min", "price": "max", "why": "first"}
    how = {column: how.get(column, "sum") for column in table.names if column not in table.key}
    return table.conform(frame.groupby(list(table.key), as_index=False).agg(how))
