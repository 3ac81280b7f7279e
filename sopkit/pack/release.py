"""Releasing a pack: after the executive meeting its plan is frozen."""

import json
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote
from shutil import copyfile, copytree

import pandas as pd

from sopkit.buckets import parse_month
from sopkit.demand.said import SCENARIO_ROWS
from sopkit.errors import PlanError
from sopkit.ledger import Ledger
from sopkit.pack.build import draw_page, review_again, run_plan
from sopkit.pack.manifest import identities, plan_digest, read_tables
from sopkit.pack.stage import alone, put_in_place, staging
from sopkit.pack.steps import NOTEBOOKS, find_steps
from sopkit.panels import write_page
from sopkit.plan import Plan, packs_in
from sopkit.progress import seen
from sopkit.scenarios.changes import counting
from sopkit.seal import digest_of, manifest_of, refuse_changed, seal
from sopkit.tables import LEDGER, PLANS
from sopkit.tables.judgments import BROKEN, DEFERRED, current, is_open, signatures
from sopkit.tables.settings import people, who
from sopkit.workers import SCHEDULER

SIGN = "sopkit sign"


def find_pack(packs, month: str | None = None) -> Path:
    """The newest pack of a month (revisions count), or the newest of all; raises ``PlanError``
    naming what is there.
    """
    parse_month(month[:7]) if month else None
    found = packs_in(packs)
    chosen = [pack for pack in found if month is None or month in (pack.name, pack.name[:7])]
    if chosen:
        return chosen[-1]
    there = ", ".join(pack.name for pack in found) or "none"
    raise PlanError(
        f"no finished pack{f' {month}' if month else ''} in {packs} (there: {there}); build it"
        f" with: sopkit pack {month or 'MONTH'} --data data"
    )


def release(packs, month: str, by: str, note: str = "", ledger=None) -> Path:
    """The frozen pack: identities hold, worked out again; no byte changed since it was built;
    nobody withheld approval; where the settings name ``roles``, each that must sign has signed this
    very plan, every wanted decision is taken or deferred, and who releases is accountable for the
    review. Decisions, assumptions and sign-offs that were entered since stand in it and on its
    pages.

    Raises ``PlanError`` otherwise, with everything that lacks. The release stands in the pack
    (``release.json``), and in the ledger with the hash of the manifest that seals it.
    """
    packs = find_pack(packs, month).parent  # there, before anything is made
    book = Ledger.of(packs, ledger)
    with alone(packs):
        pack = find_pack(packs, month)
        if (pack / "release.json").exists():
            raise PlanError(
                f"pack {pack.name} is released already; a correction is a new revision: sopkit pack"
                f" {pack.name[:7]} --revise"
            )
        refuse_changed(pack, book)
        plan = Plan(pack)
        if lacking := [*_broken(plan), *unsettled(plan, book, by)]:
            raise PlanError(f"pack {pack.name} cannot be released: " + "; ".join(lacking))
        return freeze(pack, by, note, book)


def freeze(pack: Path, by: str, note: str, book: Ledger) -> Path:
    """The pack, frozen with the ledger's judgments as of now, whatever anybody signed. It is made
    in a copy, which takes its place once the ledger knows its seal.
    """
    from sopkit.exports.room import FILES, carry

    with copied(pack) as folder:
        review_again(folder, book)
        manifest = manifest_of(folder)
        at = datetime.now(UTC).isoformat(timespec="seconds")
        said = json.dumps({"by": by, "at": at, "note": note}, indent=2, ensure_ascii=False)
        (folder / "release.json").write_text(said + "\n", encoding="utf-8")
        write_page(folder)
        pages = sorted(path.stem for path in (folder / "notebooks").glob("*.ipynb"))
        for page in seen(pages, len(pages), lambda name: f"page {name}"):  # each says the state
            draw_page(folder, page)
        if any((folder / "exports" / name).exists() for name in FILES):
            list(carry(folder))
        seal(folder, manifest)
        row = {"pack": pack.name, "manifest": digest_of(folder), "note": note}
        for path in folder.rglob("*"):
            if path.is_file():
                path.chmod(0o444)
        book.append("releases", [row], by=by, cycle=manifest["month"])
        put_in_place(folder, pack)
    return pack


def export(packs, month: str | None = None) -> list[str]:
    """Writes what is carried to the room into a pack, sealed again: where each lies, or why it does
    not. Raises ``PlanError`` where the pack is released or was changed.
    """
    from sopkit.exports.room import carry

    with alone(Path(packs)):
        pack = find_pack(packs, month)
        if (pack / "release.json").exists():
            raise PlanError(
                f"pack {pack.name} is released and never changes; its files for the room are those"
                f" in {pack / 'exports'}, made before the release"
            )
        refuse_changed(pack)
        with copied(pack) as folder:
            told = [each.replace(str(folder), str(pack)) for each in carry(folder)]
            seal(folder, manifest_of(pack))
            put_in_place(folder, pack)
        return told


@contextmanager
def copied(pack: Path):
    """A staged copy of a pack, to be changed and put in its place."""
    with staging(pack.parent, pack.name) as folder:
        copytree(pack, folder, copy_function=copyfile, dirs_exist_ok=True)
        yield folder


def _broken(plan):
    table = identities(plan, read_tables(plan.folder))
    for first in table[~table["holds"]].head(1).itertuples():
        yield (
            f"{int((~table['holds']).sum())} identities are broken, first: {first.identity} (off by"
            f" {first.largest_difference:g} at {first.where}); build the pack again"
        )


def signed(plan: Plan, book: Ledger) -> pd.DataFrame:
    """The ledger's ``signatures`` under a pack's plan, as they stand now."""
    said, plan_is = book.read("sign_offs"), plan_digest(manifest_of(plan.folder))
    names = people(plan.settings["roles"])
    return signatures(said[said["cycle"] == plan.month], plan_is, names)


def unsettled(plan: Plan, book: Ledger, by: str = "") -> list[str]:
    """What people still owe before a plan can be released (``by`` somebody), a sentence each."""
    may = who(plan.settings["roles"], "executive_review", "accountable")
    wrong = f"{by} is not accountable for the review; {' or '.join(may)} releases"
    late = [wrong] if by and may and by not in may else []
    return [
        *_unsigned(plan, signed(plan, book)),
        *_undecided(plan, book),
        *_older(plan, book),
        *late,
    ]


def _unsigned(plan, mine):
    """Who withheld approval, and which role that must sign has not signed this very plan."""
    withheld = mine[mine["state"] == "withheld"]
    for row in withheld.itertuples():
        whom = f" for {row.family}" if row.family else ""
        yield f"approval is withheld by {row.by} ({row.role}{whom}); settle it, then sign again"
    roles = plan.settings["roles"]
    for role in roles.get("must_sign", []):
        own = mine[mine["role"] == role].groupby("state")["family"].agg(set)
        this, may = own.get("approved", set()), " or ".join(roles.get(role, ["anybody"]))
        left = sorted({*plan.facts.items["family"].dropna()} - this)
        sign = f"{SIGN} {quote(role)} approved"
        if this and "" not in this and left:
            yield f"{role} has signed {', '.join(sorted(this))}, but not {', '.join(left)}"
        elif not this and "another plan" in own:
            yield f"{role} signed another plan than this ({may}); read it, then {sign}"
        elif not this:
            yield f"{role} has not signed ({may}); {sign}"


def _older(plan, book):
    """Whether other scenarios count in the base by now than when the pack was built."""
    said = plan.judgments("scenarios"), book.read("scenarios", plan.month)
    then, now = (counting(rows, plan.first_bucket).values() for rows in said)
    if [[*rows["id"]] for rows in then] != [[*rows["id"]] for rows in now]:
        yield "other scenarios count in the base than when this was built; build the pack again"


def _undecided(plan, book):
    """The decisions that a company with roles still has to take, on broken assumptions too."""
    if not plan.settings["roles"]:
        return
    said = current(book.read("decisions", plan.month))
    put_off = (said["chosen"] == DEFERRED) & (said["cycle"] == plan.month)
    wanted = is_open(said) & ~put_off
    for text in said.loc[wanted, "text"]:
        yield f"{text!r} is not decided; sopkit decide takes it, or defers it (--chosen deferred)"
    for text in current(plan.read("assumptions")).query("result == 'broken'")["text"]:
        if not said.loc[~wanted, "text"].str.contains(text, regex=False).any():
            yield (
                f"the assumption {text!r} is broken, and nothing is decided on it; sopkit decide"
                f" {quote(f'{BROKEN}{text}')} --chosen …"
            )


def verify(packs, month: str, notebooks=NOTEBOOKS, ledger=None) -> pd.DataFrame:
    """Table by table, whether the pack rebuilds from its own inputs to the same numbers (table,
    identical, rows, difference). Raises ``PlanError`` where a byte of it changed since it was built
    or, as the ledger says, released, and where the ledger's history was changed.
    """
    pack, book = find_pack(packs, month), Ledger.of(packs, ledger)
    refuse_changed(pack, book)
    if forged := [*book.forged(), *_rewritten(Plan(pack), book)]:
        raise PlanError(f"{'; '.join(forged)}; bring back the ledger as it was")
    cycle = json.loads((pack / "inputs" / "cycle.json").read_bytes())
    cycle["parameters"].pop(SCHEDULER, None)  # it changed no number, and may be gone
    with staging(Path(packs), f"verify-{pack.name}") as folder:
        copytree(pack / "inputs", folder / "inputs", copy_function=copyfile)
        run_plan(folder, find_steps(notebooks), cycle, Path(packs), f"verify-{pack.name}")
        return pd.DataFrame([_compared(name, pack, folder) for name in PLANS])


def _rewritten(plan, book):
    """The tables of the ledger that do not hold what a plan was made with."""
    for table in LEDGER:
        used = plan.judgments(table)
        used = used[used["id"] < SCENARIO_ROWS].reset_index(drop=True)
        now = book.read(table)
        if not used.equals(now[now["id"].isin(used["id"])].reset_index(drop=True)):
            yield f"ledger table {table} does not hold the {len(used)} rows that the plan used"


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
