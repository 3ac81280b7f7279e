"""What decisions bring: the plan beside the one without the decision's scenario, and later beside
what happened.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from sopkit.errors import PlanError
from sopkit.metrics.scopes import per_item, revenue
from sopkit.plan import write_table
from sopkit.scenarios.changes import counting, in_base
from sopkit.scenarios.drivers import Inputs
from sopkit.scenarios.replan import planned
from sopkit.sources import Facts
from sopkit.tables import PLANS
from sopkit.tables.judgments import current, is_open

WITHOUT = Path("inputs") / "without"  # in a pack
RIPPLE = 0.01  # share of all that a decision moves: an item below it is not what it is about


def stage_without(folder: Path, inputs: Inputs, decisions, scenarios) -> dict:
    """Puts what the plan would be made from without each decision that a scenario in the base
    carries out into a pack's ``folder``: the ``inputs`` (those before any scenario) after all other
    scenarios that count. Returns, by scenario, the decisions and the parameters of the steps; a
    scenario on which others rest is left out.
    """
    taken, told = current(decisions), {}
    taken = taken[~is_open(taken) & (taken["chosen"].str.casefold() != "no")]
    taken = taken.groupby("scenario")["text"].agg(list)
    for name in counting(scenarios, inputs.facts.first).keys() & {*taken.index}:
        try:
            others = in_base(inputs, scenarios[scenarios["scenario"] != name])
        except PlanError:  # what else counts rests on it: there is no plan without it
            continue
        others.facts.write(folder / WITHOUT / name)
        write_table(others.overrides, folder / WITHOUT / name / "overrides.parquet")
        told[name] = {"decisions": taken[name], "parameters": others.parameters}
    return dict(sorted(told.items()))


def decision_effects(plan) -> pd.DataFrame:
    """The declared ``decision_effects``: of each decision that a scenario in the base carried out
    when the pack was built, item by item that it is about, from the first bucket that it moves on,
    contribution (shipments × price less standard cost) with it and without it. Both are planned
    from the pack's own inputs; an item that has less than a hundredth of all that moves is left
    out.
    """
    table, rows = PLANS["decision_effects"], []
    for name, told in plan.cycle.get("without", {}).items():
        folder = plan.folder / WITHOUT / name
        overrides = pd.read_parquet(folder / "overrides.parquet")
        other = planned(plan, Inputs(Facts.load(folder), overrides, told["parameters"]))
        both = pd.concat(map(_contribution, (plan.book(), other)), axis=1).fillna(0.0)
        both = both.set_axis(["planned", "without"], axis=1).reset_index()
        moved = (both["planned"] - both["without"]).abs().groupby(both["item"]).transform("sum")
        both = both[moved > RIPPLE * moved.groupby(both["item"]).first().sum()]
        begun = both["bucket"].where(~np.isclose(both["planned"], both["without"])).min()
        both = both[both["bucket"] >= begun]
        rows += [both.assign(decision=text) for text in told["decisions"]]
    return table.conform(pd.concat([table.empty(), *rows], ignore_index=True))


def followed(plan) -> pd.DataFrame:
    """Decisions of earlier releases, against what has happened since: text, ``months`` that have
    passed, ``planned`` and ``brought`` (money).

    Planned is the frozen plan less the one without the decision; brought what the items that it is
    about did bring, revenue less standard cost, less the plan without it: all else that came
    otherwise than planned is in it.
    """
    book, rows, seen = plan.book(), [], set()
    sold = book.invoiced
    came = revenue(book, sold) - sold["quantity"] * per_item(sold, book.cost)
    came = came.groupby([sold["item"], sold["bucket"]]).sum().rename("came")
    for release in plan.releases.values():
        frozen = release.read("decision_effects").join(came, on=["item", "bucket"])
        frozen = frozen[~frozen["decision"].isin(seen)]
        seen |= {*frozen["decision"]}
        for text, cells in frozen[frozen["bucket"] < book.first].groupby("decision"):
            sums = cells[["planned", "came"]].sum() - cells["without"].sum()
            rows.append([text, cells["bucket"].nunique(), *sums])
    return pd.DataFrame(rows, columns=["text", "months", "planned", "brought"])


def _contribution(book):
    rows = book.priced(book.supply_plan)
    rows = rows.assign(money=rows["shipments"] * (rows["price"] - rows["item"].map(book.cost)))
    return rows.groupby(["item", "bucket"])["money"].sum()
