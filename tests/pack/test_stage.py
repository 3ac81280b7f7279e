"""What a pack is made from is judged before any step runs."""

import pytest

from sopkit.errors import PlanError
from sopkit.ledger import Ledger
from sopkit.pack.stage import stage_inputs
from sopkit.scenarios import Inputs
from sopkit.sources import read_facts
from tests.sources.company import MONTH, write


def test_an_override_of_an_unknown_market_stops_the_pack_until_it_is_taken_back(tmp_path):
    facts, ledger = read_facts(write(tmp_path / "data"), MONTH), Ledger("sqlite://")

    def given():
        return Inputs(facts, ledger.read("overrides", MONTH), {})

    row = {"item": "P1", "bucket": "2026-12-01", "kind": "units", "value": 5, "reason": "price"}
    ledger.append("overrides", [row, row | {"market": "Norht"}], by="Ada", cycle=MONTH)
    with pytest.raises(PlanError, match="override 2: 'Norht' is no market .*did you mean North"):
        stage_inputs(tmp_path / "pack", given(), ledger, [], {"month": MONTH})
    back = row | {"market": "Norht", "kind": "remove"}
    ledger.append("overrides", [back], by="Ada", cycle=MONTH)
    stage_inputs(tmp_path / "pack", given(), ledger, [], {"month": MONTH})
    assert (tmp_path / "pack" / "inputs" / "cycle.json").exists()
