"""The real trading company: packs before and after its volume breaks, with no resources, budget or
events, and its dirt listed.
"""

import json

import pandas as pd
import pytest

from sopkit import Plan

MONTHS = ["2017-10", "2018-01"]


@pytest.mark.parametrize("month", MONTHS)
def test_the_pack_is_finished_and_agrees(real_packs, month):
    plan = Plan(real_packs / month)
    manifest = json.loads((plan.folder / "manifest.json").read_text())
    assert plan.state == "finished" and all(row["holds"] for row in manifest["identities"])
    assert (
        plan.first_bucket == pd.Timestamp(f"{month}-01")
        and len(plan.read("supply_plan")["bucket"].unique()) == 24
    )


def test_its_dirt_is_found_and_listed(real_packs):
    issues = Plan(real_packs / "2018-01").read("data_issues")
    assert (issues["rule"] == "shipped before ordered").sum() == 2735
    assert (
        issues["problem"].str.contains("lead_time_days").any()
        or issues["column"].str.contains("lead_time_days").any()
    )
    assert {"resources", "budget", "events"} <= set(
        issues.loc[issues["rule"] == "absent table", "table"]
    )


def test_nothing_after_the_month_is_known(real_packs):
    plan = Plan(real_packs / "2017-10")
    first = plan.first_bucket
    assert (
        plan.facts.sales_history["bucket"].max() < first
        and plan.facts.orders["ordered_on"].max() < first
    )
    assert not (plan.facts.orders["shipped_on"] >= first).any()


def test_pages_that_lack_facts_say_which_table_would_feed_them(real_packs):
    pages = real_packs / "2018-01" / "pages"
    assert (
        "budget" in (pages / "4_reconcile.html").read_text()
        and "resources" in (pages / "3_supply_plan.html").read_text()
    )
    assert "No strategic initiative is known" in (pages / "4_reconcile.html").read_text()
    assert not any("Traceback" in page.read_text() for page in pages.glob("*.html"))
