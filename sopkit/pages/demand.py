"""Step 2's sections: methods, uplifts, stages by family, new items, value added."""

import pandas as pd

from sopkit import charts
from sopkit.charts.demand import STAGES
from sopkit.charts.spark import differences, ink, spark
from sopkit.charts.words import Html, against, count, money
from sopkit.metrics.scopes import within
from sopkit.metrics.stages import CHOSEN, LAGS, NAIVE, NEAR

AGAIN = "as a year before"  # the seasonal naive, in words
ERROR = "error (WAPE): what was missed, as a share of what was sold"


def answer(demand_plan, view):
    """What the next year's sales plan is worth, what moved it, and how it stands against last
    cycle's.
    """
    year, currency = view.next_year(demand_plan), view.currency
    worth = view.valued(year, STAGES)[STAGES].sum()
    last = view.book.last_demand_plan
    shared = within(year, last["bucket"])
    change = moved = ""
    if len(shared):
        now, before = (
            view.valued(frame, ["consensus"])["consensus"].sum()
            for frame in (shared, within(last, shared["bucket"]))
        )
        change = f", {against(now, before)} last cycle's plan"
    stages = worth[STAGES[2:-1]]
    if stages.abs().max() > 0.005 * worth["consensus"]:
        most = stages.abs().idxmax()
        told = f"{most.replace('_', ' ')} moved it most"
        moved = f"; {told} ({money(stages[most], currency, sign=True)})"
    wanted = money(worth["consensus"], currency) if worth["consensus"] else "nothing with a price"
    return charts.answer(
        f"Customers are expected to want {wanted} in the next"
        f" {count(year['bucket'].nunique(), view.calendar.size)}{change}{moved}.",
        [
            (
                "Sales plan, next year",
                worth["consensus"],
                currency,
                {f"each {view.calendar.size} as a year before": worth["naive"]},
            ),
            ("Baseline", worth["baseline"], currency),
            ("Added by people and events", worth["consensus"] - worth["baseline"], currency),
        ],
    )


def models(baseline, accuracy, view):
    """By family: series, the method that leads most of them, and the error of the baseline beside
    that of every month as a year before, lag 1–3.
    """
    lead = view.book.by_family(baseline.drop_duplicates(["item", "market"]))
    method = lead["model"].str.extract(r"^(?:combination: )?(.*?)(?: \d+ %.*)?$")[0]
    table = lead.assign(method=method).groupby("family")
    table = table.agg(series=("item", "size"), method=("method", lambda m: m.mode().iloc[0]))
    near = view.book.by_family(accuracy.query("lag <= @NEAR"))
    errors = (
        near.groupby(["family", "model"])["wape"]
        .median()
        .unstack()
        .reindex(columns=[NAIVE, CHOSEN])
    )
    return view.show(
        table.join(errors).reset_index(),
        columns="family | series | method: most often led by |"
        " seasonal naive: error as a year before [fraction] | chosen: baseline error [fraction]",
        note=f"{ERROR}; in the backtest, lags 1–{NEAR}, the median item",
    )


def uplifts(uplifts, view):
    """By family and kind of event: the uplift that history teaches where the events table leaves it
    blank.
    """
    rows = view.book.by_family(uplifts).groupby(["family", "kind"], as_index=False)
    return view.show(
        rows.agg(
            series=("item", "size"),
            evidence=("evidence", "sum"),
            uplift=("uplift", "mean"),
            pull_forward=("pull_forward", "mean"),
        ),
        columns="family | kind: kind of event | series | evidence: times seen |"
        " uplift: uplift estimated [fraction] | pull_forward: pulled forward [fraction]",
        empty=(
            "Every event says its uplift, or none is known; a blank one is estimated from history."
        ),
        note="for a price event: elasticity, the change of demand per change of price",
    )


def families(demand_plan, view):
    """Units of each stage by family over the horizon; families of several units of measure are left
    to the money page.
    """
    units = view.items.groupby("family")["unit"].agg(
        lambda u: " / ".join(sorted(set(u))) or "units"
    )
    sums = view.book.by_family(demand_plan).groupby("family")[STAGES].sum()
    units = units.reindex(sums.index)
    sums[units.str.contains(" / ")] = float("nan")
    sums.insert(0, "unit", units)
    return view.show(
        sums.reset_index(),
        "demand_plan",
        f"family | unit | naive: {AGAIN} [] | {' | '.join(f'{stage} []' for stage in STAGES[1:])}",
        note=(
            "units over the whole horizon; a family of several units of measure is shown in money"
            " only"
        ),
    )


def stages(demand_plan, touches, view):
    """What each stage, and each person in it, adds to the statistics over the next year, in money
    and as differences only.
    """
    plan = view.valued(view.next_year(demand_plan), STAGES[1:])
    moved = view.valued(within(touches, plan["bucket"]), ["units"])
    people = moved.groupby(["stage", "person"])["units"].sum()
    others = [stage for stage in STAGES[2:-1] if stage not in people.index.get_level_values(0)]
    rows = [(stage, "", plan[stage].sum()) for stage in others]
    rows += [(*touch, worth) for touch, worth in people.items()]
    rows = pd.DataFrame(rows, columns=["stage", "person", "money"]).query("abs(money) > 0.5")
    rows = rows.sort_values("money", key=abs, ascending=False, kind="stable")
    return view.show(
        rows.assign(bar=differences(rows["money"])),
        columns="stage [words] | person: who | money: change [money] | bar: less / more",
        total="money",
        empty="Nothing is added to the statistics, or nothing has a price.",
        note="over the next year, at the plan's prices: together the consensus less the baseline",
    )


def products(product_plan, view):
    """New, ramping and retiring items: units that they bring, end or take from others over the
    horizon, and when.
    """
    moves = ["launch", "corrected", "retirement", "cannibalised"]
    less = product_plan["launch"] < 0  # what a launch sold so far lowers its forecast
    moved = product_plan.assign(
        corrected=product_plan["launch"].where(less, 0.0),
        launch=product_plan["launch"].mask(less, 0.0),
        status=product_plan["status"].replace("", pd.NA),
    )
    moved = moved[moved[moves].abs().sum(axis=1) > 1e-9]
    rows = moved.groupby("item", as_index=False).agg(
        {"bucket": "min", **dict.fromkeys(moves, "sum"), "status": "first"}
    )
    units = product_plan.assign(units=product_plan[["launch", *moves[2:]]].sum(axis=1))
    wide = units.pivot(index="item", columns="bucket", values="units").loc[rows["item"]]
    lines = [spark(bars=line, colours=[*map(ink, line)], size=(140, 24)) for line in wide.values]
    return view.show(
        rows.assign(ahead=pd.Series(map(Html, lines), dtype=object)).sort_values(
            "launch", key=abs, ascending=False, kind="stable"
        ),
        "product_plan",
        "item | ahead: over the horizon | bucket: from | launch |"
        " corrected: launch corrected [units] | retirement | cannibalised | status",
        12,
        empty="No item is new or retiring.",
    )


def value_added(value_added, view):
    """The company's error by stage and what each stage took off it, for lags 1 and 3."""
    order = [*STAGES, "released"]
    rows = value_added.query("level == 'company' and lag in @LAGS and person == ''")
    rows = rows.dropna(subset="wape").sort_values(
        ["source", "lag", "stage"], key=lambda c: c.map(order.index) if c.name == "stage" else c
    )
    return view.show(
        rows.replace({"stage": {"naive": AGAIN}}),
        "value_added",
        "source: measured in | lag | stage [words] | wape: error (WAPE) | value_added",
        24,
        note=f"{ERROR}; value added: error of the stage before − of this one; positive = it helped",
    )


def by_person(value_added, view):
    """What each person took off the company's error in the plans released so far, by reason."""
    rows = value_added.query("person != '' and lag in @LAGS")
    rows = rows.assign(of="lag " + rows["lag"].astype(str))
    wide = rows.pivot(index=["person", "stage", "reason"], columns="of", values="value_added")
    shown = [f"lag {lag}" for lag in LAGS]
    wide = wide.reindex(columns=shown).sort_values(shown[0], ascending=False).reset_index()
    return view.show(
        wide,
        columns=" | ".join(
            ["person | stage [words] | reason", *(f"{lag} [fraction]" for lag in shown)]
        ),
        empty="No released plan holds a touch of a person that can be graded yet.",
        note="value added in points of the company's error; those of a stage sum to it;"
        " positive = it helped",
    )


def authors(bias, view):
    """How far each author's sales inputs were from what was sold."""
    return view.show(
        bias,
        columns="author | cells: numbers graded | bias [fraction] | wape: error (WAPE) [fraction] |"
        " corrected: clear bias [fraction]",
        empty="No sales input of a past month can be graded.",
        note="bias: Σ (said − sold) ÷ Σ sold over the last year, positive = too high; clear: beyond"
        " twice its standard error; settings may say that it is taken off",
    )


def levels(value_added, view):
    """How far the baseline missed the sums of each level in the backtest, beside every month as a
    year before.
    """
    rows = value_added.query("level == 'sums' and source == 'backtest'")
    rows = rows.replace({"stage": {"naive": AGAIN}})
    wide = rows.assign(of=rows["stage"] + ", lag " + rows["lag"].astype(str))
    shown = [f"{stage}, lag {lag}" for lag in LAGS for stage in (AGAIN, "baseline")]
    wide = wide.pivot(index="name", columns="of", values="wape").reindex(columns=shown)
    return view.show(
        wide.sort_values(shown[1], ascending=False).reset_index(),
        columns=" | ".join(["name: summed by", *(f"{each} [fraction]" for each in shown)]),
        empty="Too little history for a backtest.",
        note=f"{ERROR}; of the sums, in the backtest: misses within a sum net out",
    )
