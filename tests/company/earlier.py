"""The sample's past: ``python -m tests.company.earlier data`` plans and releases the six cycles
before its plan anew (about five minutes) and keeps of them what later cycles read.

Each cycle is built by the real code from what was known then, the releases before it and the
judgments of ``earlier/ledger``, which people wrote and nobody makes.
"""

import json
import shutil
import sys
import tempfile
import warnings
from pathlib import Path

import pandas as pd

from sopkit.ledger import Ledger
from sopkit.pack import build_pack, release
from sopkit.pack.manifest import plan_digest
from sopkit.sample.templates import write_texts
from sopkit.seal import digest_of, seal
from tests.company.company import Company, company
from tests.company.outlook import AUTHORS
from tests.company.write import csv_text

KEPT = (
    "backlog_plan",
    "capacity_plan",
    "decision_effects",
    "demand_plan",
    "financial_plan",
    "inventory_plan",
    "kpis",
    "prices",
    "supply_plan",
    "touches",
)
DECIDED = "Autumn drive bundle 2026"
BY = "Dr. Ada Kessel"
NOTES = {
    "2026-05": "First cycle in the workbook",
    "2026-06": "Pumps are built ahead of the holidays",
    "2026-07": "No change asked of the plants",
    "2026-08": "With the autumn drive bundle",
    "2026-09": "Booster sets late until the Saturdays in the skid shop are worked",
    "2026-10": "Izmir is in; customers no longer wait three months for a booster set",
}


def write_earlier(data, packs) -> None:
    """Writes ``earlier/MONTH`` of the sample in ``data``; the whole packs are left in ``packs``."""
    past, made = Path(data) / "earlier", company()
    for month, note in NOTES.items():
        facts = Path(packs) / "facts" / month
        write_facts(facts, as_of(made, month), made.settings)
        judged = shutil.ignore_patterns("releases.csv")  # entered by the releases themselves
        shutil.copytree(past / "ledger", facts / "earlier" / "ledger", ignore=judged)
        build_pack(month, facts, packs)
        sign_again(past / "ledger" / "sign_offs.csv", packs, month)
        keep(release(packs, month, BY, note), past / month, note)
    rows = [_said(past / month / "release.json", month) for month in NOTES]
    pd.DataFrame(rows).to_csv(past / "ledger" / "releases.csv", index=False, lineterminator="\n")
    path = past / "ledger" / "sign_offs.csv"
    signed = pd.read_csv(path, dtype=str, keep_default_na=False)
    manifest = lambda month: json.loads((past / month / "manifest.json").read_text("utf-8"))
    signs = {month: plan_digest(manifest(month)) for month in NOTES}
    signed["plan"] = signed["cycle"].map(signs).fillna(signed["plan"])
    signed.to_csv(path, index=False, lineterminator="\n")


def sign_again(path: Path, packs, month: str) -> None:
    """Binds the month's sign-offs of the sample to the plan that was just built, in the file and in
    the ledger of ``packs``, as the meeting would have entered them.
    """
    rows = pd.read_csv(path, dtype="str", keep_default_na=False)
    mine = rows["cycle"] == month
    manifest = json.loads((Path(packs) / month / "manifest.json").read_text())
    rows.loc[mine & (rows["plan"] != ""), "plan"] = plan_digest(manifest)
    rows.to_csv(path, index=False, lineterminator="\n")
    for row in rows[mine].to_dict("records"):
        said = {name: row[name] for name in ("family", "role", "status", "note", "plan")}
        Ledger(Path(packs) / "ledger.db").append("sign_offs", [said], by=row["by"], cycle=month)


def as_of(made: Company, month: str) -> dict:
    """The input tables as they stood before the month, where reading them does not cut them there
    itself: open orders, sales inputs no further ahead than each author looks, and no event that a
    meeting of these months decided on: until it happened, a scenario of the ledger was it.
    """
    first, told = pd.Timestamp(month), made.tables["sales_inputs"]
    sight = told["author"].map({author.name: author.months for author in AUTHORS})
    ends = [first + pd.DateOffset(months=ahead) for ahead in sight]
    known = told[told["bucket"] < pd.Series(ends, index=told.index)]
    events = made.tables["events"]
    events = events[events["event"] != DECIDED]
    then = made.tables | {"receipts": made.open_orders[month], "sales_inputs": known}
    then |= {"events": events}
    return {name: table for name, table in then.items() if name != "inventory"}  # counted later


def write_facts(folder: Path, tables: dict, settings: str) -> None:
    """Writes the tables as the sample writes them, with its settings."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = {f"{name}.csv": csv_text(name, table) for name, table in tables.items()}
    write_texts(folder, texts | {"settings.toml": settings})


def keep(pack: Path, folder: Path, note: str) -> None:
    """Copies the tables ``KEPT`` of a released pack, with its manifest and release cut to them and
    dated as that cycle was.
    """
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "tables").mkdir(parents=True)
    whole = json.loads((pack / "manifest.json").read_text())
    for name in KEPT:
        shutil.copyfile(pack / "tables" / f"{name}.parquet", folder / "tables" / f"{name}.parquet")
    at = f"{folder.name}-15T15:00:00+00:00"
    said = json.dumps({"by": BY, "at": at, "note": note}, indent=2, ensure_ascii=False)
    (folder / "release.json").write_text(said + "\n", encoding="utf-8")
    held = [{name: row[name] for name in ("identity", "holds")} for row in whole["identities"]]
    seal(folder, {"month": whole["month"], "identities": held})


def _said(path, month):
    """The ledger's row of a release."""
    said = json.loads(path.read_text(encoding="utf-8"))
    entered = f"{pd.Timestamp(said['at']):%Y-%m-%d %H:%M}"
    return {
        "cycle": month,
        "by": said["by"],
        "entered_at": entered,
        "pack": month,
        "manifest": digest_of(path.parent),
        "note": said["note"],
    }


if __name__ == "__main__":
    import matplotlib

    from tests.golden import leave_out_kernels_and_pages

    matplotlib.use("agg")
    warnings.simplefilter("ignore")
    leave_out_kernels_and_pages()
    with tempfile.TemporaryDirectory() as scratch:
        write_earlier(sys.argv[1], scratch)
