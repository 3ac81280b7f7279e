"""Plans beside the oracle's, company by company: what they cost, and every identity."""

import time

import numpy as np
import pandas as pd

from sopkit.errors import PlanError
from sopkit.supply import plan_supply
from tests.supply.companies import KINDS, company, resized, sizes
from tests.supply.oracle import Company, as_arguments, optimum

SMOOTHER, ROUNDING = 1e-4, 1e-6  # how much dearer a smooth plan may be; a solver's tolerance
GOT = "production", "overtime_production", "subcontracted", "purchased", "receipts", "lost"


def breaches(result, opening):
    """What of contract.md §4 a supply plan breaks, to a millionth of the largest value of an item
    or a resource, in words; ``opening`` is on_hand and backlog by item.
    """
    plan, capacity = result.supply_plan, result.capacity_plan
    owner, before = plan["item"], plan.groupby("item")[["projected_available", "backlog"]].shift()
    before["projected_available"] = before["projected_available"].fillna(
        owner.map(opening["on_hand"])
    )
    before["backlog"] = before["backlog"].fillna(owner.map(opening["backlog"]))
    net, started = (one["projected_available"] - one["backlog"] for one in (plan, before))
    served = plan["demand"] - plan["lost"] + before["backlog"] - plan["backlog"]
    bought = result.sourcing_plan.groupby(["item", "bucket"])["quantity"].sum()
    bought = bought.reindex(pd.MultiIndex.from_frame(plan[["item", "bucket"]]), fill_value=0.0)
    asked = plan["subcontracted"] + plan["purchased"]
    worked = capacity["regular_capacity"] + capacity["overtime"]
    over = capacity["overtime"] - capacity["overtime_limit"]
    staff = result.workforce_plan
    moved = staff.groupby("resource")["workers"].diff() - staff["hired"] + staff["laid_off"]
    off = {
        "balance": _beyond(
            plan, started + plan[list(GOT)].sum(axis=1) - plan["demand"] - plan["issued"] - net
        ),
        "shipments": _beyond(plan, served - plan["shipments"]),
        "sourcing_plan": _beyond(plan, bought.to_numpy() - asked),
        "load": _beyond(capacity, (capacity["load"] - worked).clip(lower=0)),
        "overtime": _beyond(capacity, over.clip(lower=0)),
        "workers": _beyond(staff, moved.fillna(0.0)),
    }
    money = result.objective, result.plan_costs["money"].sum()
    tables = plan, capacity, staff
    low = any((one.select_dtypes("number") < 0).any().any() for one in tables)
    blank = any(one.isna().any().any() for one in tables)
    told = {"below 0": low, "blank": blank, "costs": np.ptp(money) > 1e-6 * max(1.0, money[0])}
    return [name for name, wrong in (off | told).items() if wrong]


def _beyond(table, off):
    """Whether anything is off by more than a millionth of its owner's largest value."""
    numbers = table.select_dtypes("number").replace(np.inf, 0.0)
    largest = numbers.abs().max(axis=1).groupby(table.iloc[:, 0]).transform("max")
    return bool((off.abs() > 1e-6 * largest.clip(lower=1e-9)).any())


def compare(kind, seed):
    """(how much dearer than the oracle, what is wrong in words) of a company's plan; NaN where
    there is no plan, nor can be, and where cost is not asked for.
    """
    case = company(kind, seed)
    units, least = sizes(case, seed), optimum(case) if kind != "chase" else None
    other = resized(case, units)
    try:
        result = plan_supply(**as_arguments(other))
    except PlanError as error:
        return np.nan, [f"refused: {error}"] if least or kind == "chase" else []
    wrong = breaches(result, other["items"].set_index("item"))
    wrong += [*_whole(result, other), *_kept(result, other)]
    if kind == "chase":
        return np.nan, [*wrong, *follows(result, Company(other))]
    if least is None:
        return np.nan, [*wrong, "planned what cannot be"]
    money, missing = least
    plan = result.supply_plan.groupby("item")["projected_available"].last()
    wanted = other["items"].set_index("item")[["strategy", "ending_stock"]]
    wanted = wanted["ending_stock"].where(wanted["strategy"] != "order", 0.0).fillna(0.0)
    short = ((wanted - plan).clip(lower=0) / units).sum()
    if short > missing + 1e-4:
        wrong.append(f"ending stock: {short:g} missing, {missing:g} must be")
    dearer = (result.objective - result.costs["ending_stock"] - money) / max(1.0, abs(money))
    if missing > 1e-4:  # its money is not comparable: another item's may be missing
        return np.nan, wrong
    if not -ROUNDING <= dearer <= SMOOTHER + case.get("gap", 0.0) + ROUNDING:
        wrong.append(f"{result.objective:,.6f} instead of {money:,.6f}")
    return dearer, wrong


def _whole(result, case):
    """What is not whole and has to be."""
    if case.get("whole_workers"):
        staff = case["resources"].dropna(subset=["hiring_cost", "layoff_cost"], how="all")
        rows = result.workforce_plan["resource"].isin(staff["resource"])
        people = result.workforce_plan["workers"][rows]
        yield from ["part workers"] * bool((people != people.round()).any())
    if case.get("lots"):
        facts = case["items"].set_index("item")
        cells = case.get("frozen", pd.DataFrame({"item": [], "bucket": []}))
        held = set(zip(cells["item"], cells["bucket"]))
        made = result.supply_plan.assign(
            quantity=result.supply_plan[["production", "overtime_production"]].sum(axis=1)
        )
        for row in pd.concat([made, result.sourcing_plan]).itertuples():
            lot, least = facts.loc[row.item, ["lot_size", "minimum_lot"]].fillna(0.0)
            if row.quantity == 0 or (row.item, row.bucket) in held:
                continue
            lots = row.quantity / lot if lot else 1.0
            if abs(lots - round(lots)) > 1e-6 or row.quantity < least * (1 - 1e-6):
                yield f"part lot: {row.quantity:g} of {row.item} (lot {lot:g}, minimum {least:g})"


def _kept(result, case):
    """What is frozen and does not stand."""
    if "frozen" in case:
        plan = result.supply_plan.set_index(["item", "bucket"])
        plan["production"] += plan["overtime_production"]
        told = case["frozen"].set_index(["item", "bucket"])
        off = (plan.reindex(told.index)[list(told)] - told).abs() > 1e-6 * (1e-3 + told)
        yield from ["fence"] * bool(off.any().any())


def follows(result, company):
    """What a chase plan does beside making net demand plus the change in safety stock: output
    ahead of it, what is missing though there is a way to get it, and people who do not follow.
    """
    yield from _idle(result, company)
    capacity = result.capacity_plan.set_index(["resource", "bucket"])
    sources = result.sourcing_plan.set_index(["item", "source", "bucket"])["quantity"]
    for item, plan in result.supply_plan.groupby("item"):
        stocks, size = company.by_itself(item), 1e-6 * plan.select_dtypes("number").max().max()
        to_order = company.fact(item, "strategy") == "order"
        for t, row in enumerate(plan.itertuples()):
            wanted = -company.agreed(item, t)
            if not to_order:
                wanted = company.units("safety_stock", item, t)
                if t == company.last:
                    wanted = max(wanted, company.fact(item, "ending_stock", 0.0))
                most = max(company.fact(item, "maximum_stock", np.inf), stocks[t])
                wanted = min(wanted, most)
            net = row.projected_available - row.backlog
            got = row.production + row.overtime_production + row.subcontracted + row.purchased
            kinds = ("production", "subcontracted", "purchased")
            got -= sum(company.frozen(item, kind, t) or 0.0 for kind in kinds)
            if got > size and net > wanted + size:
                yield f"{item} in {row.bucket:%Y-%m}: {net - wanted:g} ahead"
            if net < wanted - size and t < company.last:
                for source in company.ways[item]:
                    if not _full(company, capacity, sources, row, source, t, size):
                        yield f"{item} in {row.bucket:%Y-%m}: {wanted - net:g} missing, {source}"


def _idle(result, company):
    """Paid hours that nobody works, and overtime, where people may be hired and laid off."""
    notice = max((company.case.get("settings") or {"none": 0}).values())
    for row in result.capacity_plan.itertuples():
        t, opening = company.buckets.index(row.bucket), company.of(row.resource, "hours", 0)
        if t < notice or not all(company.moves(row.resource)) or not np.isnan(opening):
            continue
        idle = row.regular_capacity - (row.load - row.overtime)
        if max(idle, row.overtime) > 1e-6 * max(1.0, row.load):
            yield f"{row.resource} in {row.bucket:%Y-%m}: {idle:g} idle, {row.overtime:g} overtime"


def _full(company, capacity, sources, row, source, t, size):
    """Whether no unit more can be got by a way."""
    most = company.most(row.item, source, t)
    if company.frozen(row.item, company.ways[row.item][source][0], t) is not None or most == 0:
        return True
    if source is not None and sources.get((row.item, source, row.bucket), 0.0) >= most - size:
        return True
    for name in company.resources:
        uses = [
            used for item, way, used in company.hours(name) if (item, way) == (row.item, source)
        ]
        hour = capacity.loc[name, row.bucket]
        there = hour["regular_capacity"] + hour["overtime_limit"]
        if sum(uses) > 0 and hour["load"] >= there - 1e-6 * max(1.0, there):
            return True
    return False


def table(count):
    """Print how ``count`` companies compare, by kind: companies, plans, largest difference,
    breaches; each breach with its seed.
    """
    begun, heads = time.time(), ("companies", "plans", "dearer by", "cheaper by", "breaches")
    print(f"{'kind':<14}" + "".join(f"{head:>12}" for head in heads))
    for kind, (_, share) in KINDS.items():
        found = [compare(kind, seed) for seed in range(round(count * share))]
        dearer = pd.Series([difference for difference, _ in found], dtype=float)
        wrong = [(seed, words) for seed, (_, words) in enumerate(found) if words]
        most = f"{dearer.count():>12}{dearer.max():>12.1e}{-dearer.min():>12.1e}"
        most = most if dearer.count() else f"{'–':>12}" * 3  # a chase plan is not the cheapest
        print(f"{kind:<14}{len(found):>12}{most}{len(wrong):>12}", flush=True)
        for seed, words in wrong:
            print(f"  seed {seed}: {'; '.join(words)}", flush=True)
    print(f"{time.time() - begun:.0f} s")
