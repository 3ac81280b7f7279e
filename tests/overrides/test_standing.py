"""What stands in the ledger, at every level, and the rows that make other numbers true."""

import numpy as np
import pandas as pd
import pytest

from sopkit.demand import active_overrides, consensus
from sopkit.errors import PlanError
from sopkit.ledger import Ledger
from sopkit.overrides import CELL, TINY, Draft, Standing, Typed
from sopkit.tables import LEDGER
from tests.charts import small
from tests.panels.fake import FakePlan, branded

MAR = small.AHEAD[2]
NORTH, ALL, FAMILY = ("P-300", "", "North"), ("P-300", "", ""), ("", "pumps", "")


def row(scope=NORTH, bucket=MAR, value=30.0, kind="units", **more):
    names = dict(zip(CELL, [*scope, bucket]))
    return names | {"kind": kind, "value": value, "reason": "promotion"} | more


def stands(*rows, by="Grace", plan=None):
    ledger = Ledger("sqlite://")
    if rows:
        ledger.append("overrides", [*rows], by=by, cycle="2027-01")
    return Standing(plan or FakePlan(), ledger)


def wanted(**cells):
    cells = {(*scope, MAR): value for scope, value in cells.values()}
    return pd.Series([*cells.values()], pd.MultiIndex.from_tuples(cells, names=CELL), dtype=float)


def override(standing, scope, bucket=MAR):
    at = pd.MultiIndex.from_tuples([(*scope, bucket)], names=CELL)
    return standing.at(at, standing.values["override"])[0][0]


def save(standing, scope, value, by="Ada", **words):
    rows, values = standing.entries(wanted(one=(scope, value)))
    ids = standing.enter(rows, by, reason="price", **words)
    assert np.allclose(values["consensus"], standing.values["consensus"], atol=1e-12)
    return ids


@pytest.mark.parametrize("scope", [NORTH, ALL, FAMILY, ("", "pumps", "North"), ("", "", "")])
@pytest.mark.parametrize(
    "others",
    [
        [],
        [row(FAMILY, value=100.0)],
        [row(ALL, value=12.0, kind="percent"), row(FAMILY, value=-9.0)],
        [row(("P-310", "", "South"), value=500.0, kind="set_to"), row(value=7.0)],
        [row(("", "", ""), value=1000.0), row(ALL, value=5.5)],
    ],
)
def test_what_is_wanted_is_what_the_next_pack_has(scope, others):
    """The rows of a save, in a plan that is made anew from the ledger, at any level."""
    plan = FakePlan()
    plan.tables["demand_plan"] = consensus(plan.book(), small.AHEAD).demand_plan
    standing = stands(*others, plan=plan)
    save(standing, scope, 41.5)
    book = plan.book(overrides=standing.ledger.read("overrides"))
    made = consensus(book, small.AHEAD).demand_plan.query("bucket == @MAR")
    inside = standing.grid.series[standing.inside(scope)]
    mine = made.merge(inside[["item", "market"]])["override"].sum()
    assert mine == pytest.approx(41.5, abs=TINY) and override(standing, scope) == pytest.approx(
        mine
    )


@pytest.mark.parametrize(
    "scope",
    [
        ("", "brand: Alpha", "group: DACH"),
        ("", "brand: Alpha", "group: –"),
        ("", "brand: a: b: c", ""),
        ("", "brand: –", ""),
        ("", "pumps", "group: DACH"),
        ("P-300", "", "group: –"),
    ],
)
def test_at_a_member_of_the_hierarchy_too_the_next_pack_has_what_is_wanted(scope):
    plan = branded()
    plan.tables["demand_plan"] = consensus(plan.book(), small.AHEAD).demand_plan
    others = row(FAMILY, value=100.0), row(("", "brand: Alpha", ""), value=5.0, kind="percent")
    standing = stands(row(), *others, row(("", "", "group: DACH"), value=9.0), plan=plan)
    save(standing, scope, 41.5)
    book = plan.book(overrides=standing.ledger.read("overrides"))
    made = consensus(book, small.AHEAD).demand_plan.query("bucket == @MAR")
    brand = dict(zip(small.items()["item"], ("Alpha", "a: b: c", "Alpha", "–")))
    here = made[
        (made["item"] == (scope[0] or made["item"]))
        & made["market"]
        .map({"North": "group: DACH", "South": "group: –"})
        .isin([scope[2]] if scope[2] else ["group: DACH", "group: –"])
    ]
    if scope[1] == "pumps":
        here = here[here["item"].isin(["P-300", "P-310"])]
    elif scope[1]:
        here = here[("brand: " + here["item"].map(brand)) == scope[1]]
    assert here["override"].sum() == pytest.approx(41.5, abs=TINY)
    both = override(standing, ("", "", "")), made["override"].sum()
    assert both[0] == pytest.approx(both[1])


def test_saves_at_all_levels_of_the_hierarchy_bring_the_override_together():
    levels = ("", "brand: Alpha", ""), ("", "brand: –", "group: DACH"), ("", "", "group: –")
    rows = [row(scope, value=7.0 + at) for at, scope in enumerate([*levels, FAMILY, NORTH])]
    standing = stands(*rows, plan=branded())
    brought = sum(standing.brings(part) for part in standing.saves(standing.active))
    assert np.allclose(brought, standing.values["override"], atol=1e-9)


def test_a_family_that_is_called_like_a_member_keeps_its_name():
    plan = branded()
    plan.facts["items"].loc[3, "family"] = "brand: Alpha"
    standing = stands(row(("", "brand: Alpha", ""), value=10.0), plan=plan)
    moved = standing.values["override"].any(axis=1)
    assert {*standing.grid.series["item"][moved]} == {plan.facts["items"]["item"][3]}


def test_a_member_that_is_no_more_is_told_as_an_unknown_family():
    plan = branded()
    book = plan.book(overrides=stands(row(("", "brand: Gone", ""))).ledger.read("overrides"))
    _, _, issues = consensus(book, small.AHEAD)
    told = issues.query("table == 'overrides'")
    assert told["rule"].tolist() == ["nothing to spread on"]
    assert "brand: Gone" in told["problem"].iloc[0] + told["value"].iloc[0]


def test_cells_within_one_another_each_get_what_was_typed():
    for item in (30.0, 0.0):
        standing = stands(row(value=55.0))
        made = wanted(family=(FAMILY, 100.0), item=(NORTH, item))
        rows, values = standing.entries(made)
        standing.enter(rows, "Ada", reason="price")
        assert np.allclose(values["consensus"], standing.values["consensus"], atol=1e-12)
        assert standing.at(made.index, values["override"])[0] == pytest.approx(
            [100, item], abs=TINY
        )
    standing = stands()
    draft = Draft(standing, (FAMILY, NORTH))
    draft.put({(*FAMILY, MAR): Typed(100.0)})
    draft.work()
    draft.put({(*NORTH, MAR): Typed(0.0)})  # what stands, but no longer beside the family's
    draft.work()
    assert [draft.asked(scope)[2] for scope in (FAMILY, NORTH)] == pytest.approx(
        [standing.of(FAMILY, standing.before)[2] + 100, standing.of(NORTH, standing.before)[2]],
        abs=TINY,
    )
    assert [line.values[2] for line in draft.lines] == pytest.approx(
        [draft.asked(scope)[2] for scope in (FAMILY, NORTH)], abs=TINY
    )


def test_any_number_is_what_the_plan_makes_or_is_refused():
    """Beside any two rows of others: what is saved makes the number that was typed."""
    random, saved, plan = np.random.default_rng(1), 0, FakePlan()
    names = [("P-300", "P-310", "V-110", ""), ("pumps", "valves", ""), ("North", "South", "")]

    def anywhere():
        item, family, market = (str(random.choice(some)) for some in names)
        return item, "" if item else family, market

    for _ in range(40):
        kinds = random.choice(["units", "percent", "set_to"], 2)
        sizes = random.choice([10.0, 30.0, 120.0, 900.0], 2)
        others = [row(anywhere(), value=v, kind=k) for k, v in zip(kinds, sizes)]
        standing = stands(*others, plan=plan)
        scope, number = anywhere(), float(random.choice([-60, 0, 30, 41.5]))
        try:
            save(standing, scope, number)
        except PlanError as error:
            told = str(error)
            assert "below zero" in told or "cannot stand" in told
            continue
        saved += 1
        assert override(standing, scope) == pytest.approx(number, abs=TINY)
    assert saved > 25


def test_numbers_that_leave_no_room_are_refused_with_the_rows_that_leave_none():
    standing = stands(row(FAMILY, value=900.0, kind="set_to"))
    items = [("P-300", "", ""), ("P-310", "", "")]
    with pytest.raises(PlanError, match="cannot stand beside .*(?s:.)*Grace, .*: to 900 Mar 27"):
        standing.entries(wanted(a=(items[0], 100.0), b=(items[1], 100.0)))
    with pytest.raises(
        PlanError, match=r"make it .* \(3 of 3 cells in all\); change one of them\n?$"
    ):
        stands().entries(wanted(a=(items[0], 1.0), b=(items[1], 1.0), family=(FAMILY, 9.0)))


def test_a_save_replaces_and_never_compensates():
    standing = stands(row(value=30.0, expires_on="2027-02-28"))
    save(standing, NORTH, 10.0)
    rows = standing.rows
    assert rows["kind"].tolist() == ["units", "remove", "units"]
    assert rows["takes_back"].tolist()[1] == 1 and rows["value"].tolist()[2] == 10.0
    later = active_overrides(rows, "2027-03", MAR, standing.plan.calendar)
    assert later["value"].tolist() == [10.0]  # nothing of the ended row comes back when it expires


def test_back_to_what_stands_without_it_only_ends_the_row():
    standing = stands(row(value=30.0))
    save(standing, NORTH, 0.0)
    assert standing.rows["kind"].tolist() == ["units", "remove"] and standing.active.empty


def test_no_row_is_below_a_thousandth_and_a_share_is_kept_out_by_what_stands():
    standing = stands(row(FAMILY, value=100.0))
    assert override(standing, NORTH) > 10
    before = standing.of(NORTH, standing.before)[2]
    for none in (0.0002, 0.0):
        rows, made = standing.entries(wanted(one=(NORTH, none)))
        assert rows[["kind", "value"]].values.tolist() == [["set_to", pytest.approx(before + none)]]
        assert standing.of(NORTH, made["override"])[2] == pytest.approx(none, abs=1e-5)
    rows, _ = standing.entries(wanted(one=(NORTH, 3.14159)))
    assert rows["value"].tolist() == [3.14159]


@pytest.mark.parametrize("scope", [FAMILY, ALL, ("", "", "North"), ("", "", "")])
def test_a_save_at_a_wider_level_is_seen_in_each_child_as_its_share(scope):
    standing = stands(row(scope, value=60.0))
    series = standing.grid.series[standing.inside(scope)]
    shares = [override(standing, (s.item, "", s.market)) for s in series.itertuples()]
    assert sum(shares) == pytest.approx(60) and min(shares) > 0
    for one in series.itertuples():
        acting = standing.acting((one.item, "", one.market), [MAR])
        assert acting["by"].tolist() == ["Grace"]
        assert standing.acting((one.item, "", one.market), [small.AHEAD[3]]).empty


def test_rows_are_told_with_author_reason_expiry_and_what_they_bring():
    standing = stands(row(FAMILY, value=60.0, note="fair in Ulm", expires_on="2027-06-30"))
    told = standing.told(standing.acting(NORTH, small.AHEAD), NORTH)
    share = override(standing, NORTH)
    assert (
        told.startswith("Grace, ") and "+60 units Mar 27 · pumps, all markets · promotion" in told
    )
    assert "“fair in Ulm”" in told and "until 30 Jun 27" in told and f"here +{share:.1f}" in told


def test_a_row_is_taken_back_alone_and_what_it_replaced_stands_again():
    standing = stands(row(value=30.0))
    first = save(standing, NORTH, 40.0)
    assert override(standing, NORTH) == 40
    rows = standing.ending(standing.with_replaced(first[-1:]))
    standing.enter(rows, "Ada", reason="taken back")
    assert override(standing, NORTH) == 30 and standing.active["by"].tolist() == ["Grace"]
    standing.enter(standing.ending(standing.with_replaced([1])), "Ada", reason="taken back")
    assert override(standing, NORTH) == 0 and standing.active.empty


def test_one_of_two_rows_of_a_cell_is_taken_back():
    standing = stands(row(value=30.0), row(value=5.0))
    standing.enter(standing.ending([1]), "Ada", reason="taken back")
    assert standing.active["value"].tolist() == [5.0] and override(standing, NORTH) == 5


def test_a_promoted_scenario_stands_too_and_is_taken_out_by_its_own_command():
    push = row(ALL, value=10.0, kind="percent", reason="scenario push", by="Ada", cycle="2027-01")
    plan = FakePlan()
    plan.tables |= {"overrides": LEDGER["overrides"].typed(pd.DataFrame([push | {"id": 10**9}]))}
    standing = stands(row(value=30.0), plan=plan)
    cell = pd.MultiIndex.from_tuples([(*ALL, MAR)], names=CELL)
    assert override(standing, ALL) == pytest.approx(
        1.1 * (standing.at(cell, standing.before)[0][0] + 30)
        - standing.at(cell, standing.before)[0][0]
    )
    save(standing, NORTH, 50.0)
    assert override(standing, NORTH) == pytest.approx(50, abs=TINY)
    assert standing.active["by"].tolist() == ["Ada", "Ada"]  # Grace's row is replaced
    with pytest.raises(PlanError, match="scenario push is in the base; take it out with"):
        standing.ending(standing.with_replaced([10**9]))
    seen = standing.seen
    standing.ledger.append("overrides", [row(FAMILY, value=9.0)], by="Karl", cycle="2027-01")
    assert standing.since([(*NORTH, MAR)], seen)["by"].tolist() == ["Karl"]


def test_what_others_entered_since_is_told_once():
    standing = stands(row(value=30.0))
    seen = standing.seen
    standing.ledger.append("overrides", [row(FAMILY, value=9.0)], by="Karl", cycle="2027-01")
    standing.ledger.append("overrides", [row(bucket=small.AHEAD[5])], by="Karl", cycle="2027-01")
    assert standing.since([(*NORTH, MAR)], seen)["value"].tolist() == [9.0]
    assert standing.since([(*NORTH, MAR)], standing.seen).empty and len(standing.active) == 3


def test_nothing_falls_below_zero_and_somebody_signs():
    standing = stands()
    with pytest.raises(
        PlanError, match="P-300, North: the consensus of Mar 27 would be below zero"
    ):
        standing.entries(wanted(one=(NORTH, -1e6)))
    rows, _ = standing.entries(wanted(one=(NORTH, 5.0)))
    with pytest.raises(PlanError, match="the field by is blank"):
        standing.enter(rows, " ", reason="price")


def test_a_far_consensus_is_asked_about_in_units_and_money():
    standing = stands()
    level = standing.of(NORTH, standing.statistics)[2]
    assert standing.question(wanted(one=(NORTH, 0.2 * level))) == ""
    asked = standing.question(wanted(one=(NORTH, 0.6 * level)))
    away = 0.6 * level + standing.of(NORTH, standing.parts["Sales inputs"])[2]
    assert asked.startswith("P-300, North, Mar 27: ") and f"+{away:,.0f} pcs" in asked
    assert f"+{away * 120 / 1000:.1f} k€ (+6" in asked and f"statistics of {level:,.0f}" in asked


def draft(*scopes, rows=(), mark="."):
    made = Draft(stands(*rows), scopes)
    made.mark = mark
    made.work()
    return made


def texts(made, place):
    return [text for text, _, _ in made.sheet()[place]["cells"]]


def move(made, name, *told):
    getattr(made, name)(*told)
    made.work()


def find(made, what):
    return next(place for place, line in enumerate(made.lines) if line.what == what)


def test_a_row_of_four_is_pasted_exactly_and_undone():
    made = draft(NORTH)
    at = find(made, "override")
    move(made, "paste", at, 1, "5\t−6\t\t7.25\r\n")
    assert texts(made, at)[:6] == ["", "+5", "−6", "", "+7.25", ""]
    assert made.wanted["units"].tolist() == [5, -6, 7.25]
    move(made, "step", "past", "future")
    assert made.cells == {} and texts(made, at)[:6] == [""] * 6
    move(made, "step", "future", "past")
    assert made.wanted["units"].tolist() == [5, -6, 7.25]
    move(made, "step", "future", "past")
    assert len(made.cells) == 3


def test_a_block_of_items_by_months_is_pasted_as_the_consensus_of_each():
    scopes = [(item, "", "") for item in small.ITEMS[:3]]
    made = draft(*scopes, mark=",")
    block = [[1000 * row + column + 0.5 for column in range(12)] for row in (1, 2, 3)]
    copied = "\r\n".join(
        "\t".join(f"{v:,.1f}".translate({44: ".", 46: ","}) for v in r) for r in block
    )
    move(made, "paste", 0, 0, copied)
    for scope, numbers in zip(scopes, block):
        got = made.stands.of(scope, made.values["consensus"])[:12]
        assert got == pytest.approx(numbers, abs=TINY)
    assert len(made.cells) == 36 and texts(made, 0)[0] == "1.000,5"


@pytest.mark.parametrize(
    "text, column, told",
    [
        (
            "\t".join("1" * 19),
            0,
            "1 × 19 cells were copied, and 1 × 18 fit from Override, Jan 27 on",
        ),
        ("1\t2\t3", 16, "1 × 3 cells were copied, and 1 × 2 fit from Override, May 28 on"),
        ("1\n2", 0, "2 × 1 cells were copied, and 1 × 18 fit"),
    ],
)
def test_a_wrong_shape_is_refused_and_nothing_is_pasted(text, column, told):
    made = draft(NORTH)
    with pytest.raises(PlanError, match=told):
        move(made, "paste", find(made, "override"), column, text)
    assert made.cells == {} and not made.past


def test_what_is_no_number_stays_in_its_cell_and_the_others_are_taken():
    made = draft(NORTH)
    at = find(made, "override")
    with pytest.raises(PlanError, match=r"Override, Feb 27: 'x' is no number.*; Override, Mar"):
        move(made, "paste", at, 0, "1\tx\t1,5\t4")
    made.work()
    text, marks, why = made.sheet()[at]["cells"][1]
    assert text == "x" and "refused" in marks.split() and "write it like 1,200.5" in why
    assert texts(made, at)[:4] == ["+1", "x", "1,5", "+4"] and len(made.typed) == 4
    move(made, "edit", [[at, 1, "2"], [at, 2, ""]])
    assert texts(made, at)[:4] == ["+1", "+2", "", "+4"] and not made.refused
    move(made, "step", "past", "future")
    assert texts(made, at)[:4] == ["+1", "x", "1,5", "+4"]


def test_of_many_refusals_three_are_said():
    made = draft(NORTH)
    with pytest.raises(PlanError, match=r"Jan 27.*Feb 27.*Mar 27.* \(4 cells in all\)$"):
        move(made, "paste", find(made, "override"), 0, "a\tb\tc\td")


def test_a_sign_in_the_consensus_adds_as_a_percent_does():
    made, signs = draft(NORTH), ["+5", "−5", "10%", "5"]
    at, override = find(made, "consensus"), find(made, "override")
    before = made.stands.of(NORTH, made.stands.before)[:4]
    move(made, "paste", at, 0, "\t".join(signs))
    made.work()
    values = made.lines[override].values[:4]
    assert values == pytest.approx([5, -5, before[2] / 10, 5 - before[3]])


def test_a_small_number_does_not_read_nothing():
    made = draft(NORTH)
    at = find(made, "override")
    move(made, "edit", [[at, 1, "0.3333"], [at, 2, "12.25"]])
    assert texts(made, at)[1:3] == ["+0.333", "+12.25"]
    standing = stands(row(value=0.3333))
    made = Draft(standing, (NORTH,))
    made.work()
    assert texts(made, find(made, "override"))[2] == "+0.333"


NEXT = pd.Timestamp("2027-04-01")


@pytest.mark.parametrize("scope", [NORTH, ALL, FAMILY, ("", "pumps", "North")])
@pytest.mark.parametrize(
    "what, text, kind",
    [
        ("override", "+10%", "percent"),
        ("consensus", "900", "set_to"),
        ("override", "+7.5", "units"),
    ],
)
@pytest.mark.parametrize("others", [[], [row(FAMILY, NEXT, 20.0)], [row(ALL, NEXT, 12.0)]])
def test_what_is_typed_is_entered_as_it_was_said_and_moves_with_the_next_plan(
    scope, what, text, kind, others
):
    """The preview is the next demand plan; of a plan twice as large a percent is twice as much, and
    what is set stays.
    """
    plan = FakePlan()
    plan.tables["demand_plan"] = consensus(plan.book(), small.AHEAD).demand_plan
    standing = stands(*others, plan=plan)
    made = Draft(standing, (scope,))
    made.work()
    move(made, "edit", [[find(made, what), 3, text]])
    rows, values = made.entries()
    assert rows["kind"].tolist()[-1] == kind
    if not others:
        assert rows["value"].tolist() == [{"percent": 10.0, "set_to": 900.0, "units": 7.5}[kind]]
    standing.enter(rows, "Ada", reason="price")
    inside = standing.grid.series[standing.inside(scope)][["item", "market"]]

    def planned(forecast):
        book = plan.book(overrides=standing.ledger.read("overrides"), baseline_forecast=forecast)
        made = consensus(book, small.AHEAD).demand_plan.merge(inside)
        made = made[made["bucket"] == NEXT]
        return made["consensus"].sum(), made["override"].sum()

    base = plan.read("baseline_forecast")
    total, moved = planned(base)
    assert total == pytest.approx(standing.of(scope, values["consensus"])[3], abs=TINY)
    doubled, then = planned(base.assign(baseline=2 * base["baseline"]))
    if kind == "set_to":
        assert total == pytest.approx(900, abs=TINY) and doubled == pytest.approx(900, abs=TINY)
    if not others:
        grown = {"percent": 2.0, "units": 1.0}.get(kind)
        assert grown is None or then == pytest.approx(grown * moved, rel=1e-6)


def test_the_shares_of_the_rows_make_the_override_of_every_scope():
    others = [
        row(FAMILY, value=100.0),
        row(NORTH, value=30.0, by="Ada"),
        row(ALL, value=5.0, kind="percent", by="Eve"),
        row(NORTH, value=4.0, by="Bob"),
        row(("", "", ""), value=-20.0),
    ]
    standing = stands(*[{n: v for n, v in each.items() if n != "by"} for each in others])
    saves = standing.saves(standing.active)
    brought = [standing.brings(save) for save in saves]
    assert np.allclose(sum(brought), standing.values["override"], atol=TINY / 10)
    (whole,) = (b for s, b in zip(saves, brought) if s["family"].iloc[0] == "pumps")
    items = standing.grid.series.query("family == 'pumps'")
    shares = [standing.of((i.item, "", i.market), whole)[2] for i in items.itertuples()]
    assert sum(shares) == pytest.approx(standing.of(FAMILY, whole)[2], abs=TINY)
    assert sum(shares) == pytest.approx(100, abs=TINY)


def test_what_firm_orders_hold_up_is_asked_about_as_it_will_be():
    """A consensus typed below the firm orders: the question names what results."""
    plan = FakePlan()
    orders = {"order": "O1", "item": "P-300", "market": "North", "ordered_on": "2026-12-10"}
    orders |= {"line": "1", "requested_on": small.START, "quantity": 250.0, "shipped_on": pd.NaT}
    plan.facts = plan.facts | {"orders": pd.DataFrame([orders])}
    made = Draft(stands(plan=plan), (NORTH,))
    made.work()
    move(made, "edit", [[find(made, "consensus"), 0, "40"]])
    _, values = made.entries()
    standing = made.stands
    results = standing.of(NORTH, values["consensus"])[0]
    assert results == pytest.approx(250)
    asked = standing.question(made.wanted["units"], values)
    away = results - standing.of(NORTH, standing.statistics)[0]
    assert away < 0 and asked.startswith(
        f"P-300, North, Jan 27: 250 is −{-away:.1f} pcs, −{-away * 120:,.0f} €"
    )
    assert "(40 was asked for; firm orders hold it there)" in asked
    assert made.asked(NORTH)[0] == pytest.approx(250)


def test_a_line_for_reading_is_not_typed_into():
    made = draft(ALL)
    with pytest.raises(PlanError, match="Statistical, Jan 27 is for reading"):
        move(
            made,
            "edit",
            [[next(p for p, line in enumerate(made.lines) if line.head == "Statistical"), 0, "5"]],
        )


def test_the_lines_add_up_and_children_show_their_shares():
    made = draft(ALL, rows=[row(ALL, value=60.0)])
    move(made, "edit", [[find(made, "consensus"), 3, "900"]])
    by_head = {line.head: line.values for line in made.lines}
    parts = ("Statistical", "Events, launches", "Sales inputs", "Override")
    assert np.allclose(sum(by_head[name] for name in parts), by_head["Consensus"])
    children = [values for head, values in by_head.items() if head.startswith("of it ")]
    assert len(children) == 2 and np.allclose(sum(children), by_head["Consensus"])
    assert by_head["Consensus"][3] == pytest.approx(900, abs=TINY)


def test_what_cannot_be_stays_typed_marked_and_can_be_undone():
    made = draft(NORTH)
    at = find(made, "consensus")
    with pytest.raises(PlanError, match="below zero"):
        move(made, "edit", [[at, 2, "-5000"]])
    text, marks, _ = made.sheet()[at]["cells"][2]
    assert text.startswith("−") and {"typed", "below", "doubt"} <= {*marks.split()}
    move(made, "step", "past", "future")
    assert made.cells == {}


def test_the_number_that_stands_is_no_change_and_a_blank_goes_back_to_it():
    made = draft(NORTH, rows=[row(value=30.0)])
    at = find(made, "override")
    move(made, "edit", [[at, 2, "30"]])
    assert made.cells == {}
    move(made, "edit", [[at, 2, "31"]])
    move(made, "edit", [[at, 2, ""]])
    assert made.cells == {}
    marks, tip = made.sheet()[at]["cells"][2][1:]
    assert "acts" in marks and tip.startswith("Grace, ")
