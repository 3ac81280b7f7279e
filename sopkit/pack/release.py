"""Releasing a pack: after the executive meeting its plan is frozen."""

import hashlib
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from sopkit.errors import PlanError
from sopkit.ledger import Ledger
from sopkit.pack.build import draw_page, review_again, run_plan
from sopkit.pack.manifest import hashes
from sopkit.pack.stage import staging
from sopkit.pack.steps import NOTEBOOKS, find_steps
from sopkit.panels import write_page
from sopkit.plan import packs_in
from sopkit.tables import PLANS
from sopkit.tables.judgments import current


def find_pack(packs, month: str | None = None) -> Path:
    """The newest pack of a month (revisions count), or the newest of all; raises ``PlanError``
    naming what is there.
    """
    found = packs_in(packs)
    chosen = [pack for pack in found if month is None or month in (pack.name, pack.name[:7])]
    if chosen:
        return chosen[-1]
    there = ", ".join(pack.name for pack in found) or "none"
    raise PlanError(
        f"no finished pack {month or ''} in {packs} (there: {there}); build it with: sopkit pack"
        f" {month or 'MONTH'} --data data"
    )


def release(packs, month: str, by: str, note: str = "", ledger=None) -> Path:
    """The frozen pack: identities hold, nobody withheld approval, no byte changed since it was
    built; decisions, assumptions and sign-offs that were entered since stand in it and on its
    pages.

    Raises ``PlanError`` otherwise. The release stands in the pack (``release.json``) and in the
    ledger.
    """
    pack = find_pack(packs, month)
    if (pack / "release.json").exists():
        raise PlanError(
            f"pack {pack.name} is released already; a correction is a new revision: sopkit pack"
            f" {month} --revise"
        )
    manifest = json.loads((pack / "manifest.json").read_text())
    book = Ledger(ledger or Path(packs) / "ledger.db")
    _insist_identities_hold(pack, manifest)
    _insist_it_is_unchanged(pack, manifest)
    _insist_nobody_withholds(pack, book.read("sign_offs"))
    review_again(pack, manifest, book)
    digest = hashlib.sha256((pack / "manifest.json").read_bytes()).hexdigest()
    book.append(
        "releases",
        [{"pack": pack.name, "manifest": digest, "note": note}],
        by=by,
        cycle=manifest["month"],
    )
    at = datetime.now(UTC).isoformat(timespec="seconds")
    said = {"by": by, "at": at, "note": note, "manifest": digest}
    beside = pack / ".release.json"
    beside.write_text(json.dumps(said, indent=2, ensure_ascii=False) + "\n")
    beside.replace(pack / "release.json")
    write_page(pack)
    for path in (pack / "notebooks").glob("*.ipynb"):  # the state stands on every page
        draw_page(pack, path.stem)
    for path in pack.rglob("*"):
        if path.is_file():
            path.chmod(0o444)
    return pack


def _insist_identities_hold(pack, manifest):
    broken = [row for row in manifest["identities"] if not row["holds"]]
    if broken:
        first = broken[0]
        raise PlanError(
            f"pack {pack.name}: {len(broken)} identities are broken, first: {first['identity']}"
            f" (off by {first['largest_difference']:g} at {first['where']}); a plan that does not"
            " agree cannot be released"
        )


def _insist_it_is_unchanged(pack, manifest):
    for part in ("inputs", "tables"):
        unlike = set(hashes(pack / part).items()) ^ set(manifest[part].items())
        if changed := sorted({name for name, _ in unlike}):
            raise PlanError(
                f"pack {pack.name}: {len(changed)} files changed since it was built, first"
                f" {part}/{changed[0]}; build the pack again"
            )


def _insist_nobody_withholds(pack, sign_offs):
    mine = current(sign_offs[sign_offs["cycle"] == pack.name[:7]])
    withheld = mine[mine["status"] == "withheld"].fillna({"family": ""})
    if len(withheld):
        who = ", ".join(
            f"{row.by} ({row.role}{' for ' + row.family if row.family else ''})"
            for row in withheld.itertuples()
        )
        raise PlanError(
            f"pack {pack.name}: approval is withheld by {who}; settle it, enter a new sign-off,"
            " then release"
        )


def verify(packs, month: str, notebooks=NOTEBOOKS, quiet=False) -> pd.DataFrame:
    """Table by table, whether the pack rebuilds from its own inputs to the same numbers (table,
    identical, rows, difference).
    """
    pack = find_pack(packs, month)
    cycle = json.loads((pack / "inputs" / "cycle.json").read_text())
    with staging(Path(packs), f"verify-{pack.name}") as folder:
        shutil.copytree(pack / "inputs", folder / "inputs", copy_function=shutil.copyfile)
        run_plan(
            folder, find_steps(Path(notebooks)), cycle, Path(packs), f"verify-{pack.name}", quiet
        )
        return pd.DataFrame([_compared(name, pack, folder) for name in PLANS])


def _compared(name, pack, folder):
    old, new = (pd.read_parquet(where / "tables" / f"{name}.parquet") for where in (pack, folder))
    identical = old.equals(new)
    return {
        "table": name,
        "identical": identical,
        "rows": len(old),
        "difference": "" if identical else _first_difference(old, new),
    }


def _first_difference(old, new):
    if len(old) != len(new):
        return f"{len(old)} rows were {len(new)}"
    for column in old:
        unlike = ~((old[column] == new[column]) | (old[column].isna() & new[column].isna()))
        if unlike.any():
            return f"{column} in {int(unlike.sum())} rows, first row {int(unlike.idxmax())}"
    return "columns or dtypes"
