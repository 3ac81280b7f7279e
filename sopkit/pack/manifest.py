"""The manifest: what a pack is made of, with which versions, how long it took, whether the numbers
agree.
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
from sopkit.seal import seal
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
        "identities": identities(Plan(folder), tables).to_dict("records"),
    }
    return seal(folder, manifest)


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


def plan_digest(manifest: dict) -> str:
    """What a sign-off is bound to: a hash of the tables that the review decides on, those of steps
    1 to 4. The same numbers give it again, any other asks for another sign-off.
    """
    kept = {n: h for n, h in manifest["tables"].items() if 5 not in PLANS[Path(n).stem].steps}
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()
