"""What decisions bring: the plan beside the one without the decision's scenario, and later beside
what happened.
"""

from pathlib import Path

import pandas as pd

from sopkit.metrics.scopes import realised_price, within
from sopkit.plan import write_table
from sopkit.scenarios.changes import counting, in_base
from sopkit.scenarios.drivers import Inputs
from sopkit.scenarios.replan import planned
from sopkit.sources import Facts
from sopkit.tables import PLANS
from sopkit.tables.judgments import current, is_open

WITHOUT = Path("inputs") / "without"  # in a pack
TRIFLE = 1e-6  # money by which a plan may differ from itself
RIPPLE = 0.01  # share of all that a decision moves: an item below it is not what it is about


def carried_out(decisions, scenarios, first) -> dict:
    """Text of each decision that was taken and whose scenario counts in the base of a plan whose
    first bucket is ``first``, by scenario.
    """
    taken = current(decisions)
    taken = taken[~is_open(taken) & taken["scenario"].isin(counting(scenarios, first))]
    return dict(zip(taken["scenario"], taken["text"]))


def stage_without(folder: Path, inputs: Inputs, decisions, scenarios) -> dict:
    """Puts what the plan would be made from without each decision that a scenario carries out into
    a pack's ``folder``: the ``inputs`` (those before any scenario) after all other scenarios that
    count. Returns the parameters of the steps by scenario.
    """
    told = {}
    for name in carried_out(decisions, scenarios, inputs.facts.first):
        others = in_base(inputs, scenarios[scenarios["scenario"] != name])
        others.facts.write(folder / WITHOUT / name)
        write_table(others.overrides, folder / WITHOUT / name / "overrides.parquet")
        told[name] = others.parameters
    return told


def decision_effects(plan) -> pd.DataFrame:
    """The declared ``decision_effects``: of each decision that a scenario in the base carries out,
    item by item that it moves, from the first bucket that it moves on, contribution (shipments ×
    price less standard cost) with it and without it. Both are planned from the pack's own inputs.
    """
    table, rows = PLANS["decision_effects"], []
    said = plan.judgments("decisions"), plan.judgments("scenarios")
    known = carried_out(*said, plan.first_bucket)
    for name, text in known.items():
        folder = plan.folder / WITHOUT / name
        overrides = pd.read_parquet(folder / "overrides.parquet")
        inputs = Inputs(Facts.load(folder), overrides, plan.cycle["without"][name])
        both = (
            _contribution(plan.book())
            .to_frame("planned")
            .join(_contribution(planned(plan, inputs)).rename("without"), how="outer")
        )
        both = both.fillna(0.0).reset_index().assign(decision=text)
        moved = (both["planned"] - both["without"]).abs() > TRIFLE
        begun = both["bucket"] >= both.loc[moved, "bucket"].min()
        rows.append(both[begun & both["item"].isin(both.loc[moved, "item"])])
    return table.conform(pd.concat([table.empty(), *rows], ignore_index=True))


def followed(plan) -> pd.DataFrame:
    """Decisions of earlier releases, against what has happened since: decision, ``months`` that
    have passed, ``planned`` and ``realised`` effect (money).

    Planned is the frozen plan less the one without the decision; realised what the items that it
    moves (each a hundredth of all or more) did bring, revenue less standard cost, less the plan
    without it: all else that came otherwise than planned is in it.
    """
    book, rows, seen = plan.book(), [], set()
    price = realised_price(book)
    sold = book.sales_history
    sold = sold.assign(revenue=sold["revenue"].fillna(sold["quantity"] * sold["item"].map(price)))
    sold["came"] = sold["revenue"] - sold["quantity"] * sold["item"].map(book.cost)
    for release in plan.releases.values():
        frozen = release.read("decision_effects")
        frozen = frozen[~frozen["decision"].isin(seen)]
        frozen["moved"] = (frozen["planned"] - frozen["without"]).abs()
        of_item = frozen.groupby(["decision", "item"])["moved"].transform("sum")
        frozen = frozen[of_item >= RIPPLE * frozen.groupby("decision")["moved"].transform("sum")]
        seen |= {*frozen["decision"]}
        for text, cells in frozen[frozen["bucket"] < book.first].groupby("decision"):
            came = within(sold[sold["item"].isin(cells["item"])], cells["bucket"])["came"].sum()
            without = cells["without"].sum()
            rows.append(
                [text, cells["bucket"].nunique(), cells["planned"].sum() - without, came - without]
            )
    return pd.DataFrame(rows, columns=["text", "months", "planned", "brought"])


def _contribution(book):
    rows = book.priced(book.supply_plan)
    rows = rows.assign(money=rows["shipments"] * (rows["price"] - rows["item"].map(book.cost)))
    return rows.groupby(["item", "bucket"])["money"].sum()
