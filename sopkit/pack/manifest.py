"""The manifest: what a pack is made of, with which versions, how long it took, whether the numbers
agree; and the seal, by which a byte that changes anywhere in the pack is found.
"""

import hashlib
import json
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import pandas as pd

from sopkit import metrics
from sopkit.errors import PlanError
from sopkit.plan import Plan
from sopkit.tables import PLANS

LIBRARIES = (
    "sopkit",
    "pandas",
    "numpy",
    "statsmodels",
    "linopy",
    "highspy",
    "papermill",
    "matplotlib",
    "pyarrow",
)


def write_manifest(folder: Path, cycle: dict, seconds: dict, sources: dict) -> dict:
    """The manifest written into the pack; raises ``PlanError`` if a plan table is missing."""
    tables = read_tables(folder)
    manifest = {
        "month": cycle["month"],
        "built_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": (
            {"python": platform.python_version()} | {name: version(name) for name in LIBRARIES}
        ),
        "parameters": cycle["parameters"],
        "sources": sources,
        "rows": {name: len(frame) for name, frame in tables.items()},
        "seconds": {name: round(value, 2) for name, value in seconds.items()},
        "identities": [_plain(row) for row in identities(Plan(folder), tables).to_dict("records")],
    }
    return seal(folder, manifest)


def seal(folder: Path, manifest: dict) -> dict:
    """The manifest with the hash of every file of the pack (``inputs``, ``tables``, other
    ``files``) and its own (``seal``), as it is written into the pack.
    """
    manifest = manifest | _parts(folder)
    manifest |= {"seal": _own(manifest)}
    beside = folder / ".manifest.json"
    beside.write_bytes(_text(manifest))
    beside.replace(folder / "manifest.json")
    return manifest


def changed(folder: Path) -> list[str]:
    """The files of a pack that are not as its manifest says, its manifest included."""
    text = (folder / "manifest.json").read_bytes()
    try:
        manifest = json.loads(text)
        sound = text == _text(manifest) and manifest["seal"] == _own(manifest)
    except (ValueError, KeyError, TypeError):
        sound = False
    if not sound:
        return ["manifest.json"]
    unlike = {
        f"{part}/{name}".removeprefix("files/")
        for part, now in _parts(folder).items()
        for name, _ in {*now.items()} ^ {*manifest[part].items()}
    }
    return sorted(unlike)


def _parts(folder):
    """The hash of each file of a pack but the manifest, by part."""
    parts = {"inputs": {}, "tables": {}, "files": {}}
    for path, digest in hashes(folder).items():
        top, _, rest = path.partition("/")
        part, name = (top, rest) if rest and top in parts else ("files", path)
        parts[part][name] = digest
    parts["files"].pop("manifest.json", None)
    return parts


def _text(manifest) -> bytes:
    return (json.dumps(manifest, indent=2, ensure_ascii=False) + "\n").encode()


def _own(manifest):
    rest = {name: value for name, value in manifest.items() if name != "seal"}
    return hashlib.sha256(_text(rest)).hexdigest()


def read_tables(folder: Path) -> dict[str, pd.DataFrame]:
    """Every plan table of the pack; raises ``PlanError`` naming those that no step wrote."""
    paths = {name: folder / "tables" / f"{name}.parquet" for name in PLANS}
    missing = [name for name, path in paths.items() if not path.exists()]
    if missing:
        raise PlanError(
            f"the steps did not write {len(missing)} of {len(PLANS)} plan tables:"
            f" {', '.join(missing)}"
        )
    return {name: pd.read_parquet(path) for name, path in paths.items()}


def identities(plan: Plan, tables: dict) -> pd.DataFrame:
    """Every identity of the plan: identity, holds, largest_difference, where."""
    return metrics.identities(plan.book(**tables))


def hashes(folder: Path) -> dict[str, str]:
    """SHA-256 by relative path of every file below a folder."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def plan_digest(manifest: dict) -> str:
    """What a sign-off is bound to: a hash of the tables that the review decides on, those of steps
    1 to 4. The same numbers give it again, any other asks for another sign-off.
    """
    kept = {n: h for n, h in manifest["tables"].items() if 5 not in PLANS[Path(n).stem].steps}
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()


def _plain(row):
    return {key: value.item() if hasattr(value, "item") else value for key, value in row.items()}
