"""What should be true of the whole house is read from the files and checked."""

import ast
import json
import re
import subprocess
import sys
import tokenize
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted((ROOT / "sopkit").rglob("*.py"))
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))

FLOORS = {
    "errors": 0,
    "buckets": 0,
    "grid": 0,
    "tables": 0,
    "demand": 1,
    "forecast": 1,
    "supply": 1,
    "metrics": 1,
    "finance": 1,
    "databases": 2,
    "sample": 2,
    "sources": 2,
    "intake": 2,
    "ledger": 2,
    "plan": 2,
    "charts": 3,
    "pages": 3,
    "seal": 3,
    "scenarios": 3,
    "catalogue": 3,
    "overrides": 3,
    "panels": 4,
    "exports": 4,
    "processes": 2,
    "workers": 0,
    "progress": 2,
    "pack": 5,
    "meeting": 5,
    "replay": 5,
    "cli": 5,
    "doctor": 5,
    "__main__": 5,
}
# Within a floor: every room of floor 1 may use the metrics; demand knows outliers as the forecast
# does; a plan is made of sources, and so is what an import brings; sources and the ledger open
# databases alike; commands run the pack; errors are everybody's.
SIDEWAYS = {
    ("demand", "metrics"),
    ("demand", "forecast"),
    ("forecast", "metrics"),
    ("supply", "metrics"),
    ("finance", "metrics"),
    ("buckets", "errors"),
    ("tables", "errors"),
    ("workers", "errors"),
    ("grid", "buckets"),
    ("grid", "tables"),
    ("plan", "sources"),
    ("intake", "sources"),
    ("sources", "databases"),
    ("ledger", "databases"),
    ("pages", "charts"),
    ("overrides", "charts"),
    ("exports", "panels"),
    ("cli", "pack"),
    ("cli", "doctor"),
    ("doctor", "pack"),
    ("cli", "meeting"),
    ("cli", "replay"),
    ("replay", "pack"),
    ("meeting", "pack"),
    ("__main__", "cli"),
}
FORBIDDEN_BELOW = {
    2: {"os", "pathlib", "io", "sqlite3", "sqlalchemy", "time"},
    3: {"matplotlib"},
    4: {"ipywidgets", "IPython", "voila"},
    5: {"papermill", "click"},
}


def room(path):
    parts = path.relative_to(ROOT / "sopkit").with_suffix("").parts
    return parts[0]


def imported(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield from (
                [f"sopkit.{alias.name}" for alias in node.names]
                if node.module == "sopkit"
                else [node.module]
            )


@pytest.mark.parametrize(
    "path", [p for p in MODULES if room(p) != "__init__"], ids=lambda p: str(p.relative_to(ROOT))
)
def test_imports_point_down(path):
    here = room(path)
    for name in imported(path):
        if name.startswith("sopkit."):
            there = {"PlanError": "errors", "Plan": "plan"}.get(
                name.split(".")[1], name.split(".")[1]
            )
            assert there == here or FLOORS[there] < FLOORS[here] or (here, there) in SIDEWAYS, (
                f"{here} imports {there}"
            )
        for floor, names in FORBIDDEN_BELOW.items():
            assert FLOORS[here] >= floor or name.split(".")[0] not in names, (
                f"{here} (floor {FLOORS[here]}) imports {name}"
            )


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.name)
def test_a_notebook_is_a_clean_page(path):
    notebook = json.loads(path.read_text())
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert not any(cell["outputs"] or cell["execution_count"] for cell in code), (
        "outputs are never in git"
    )
    lines = [line for cell in code for line in "".join(cell["source"]).splitlines() if line.strip()]
    assert len(lines) <= 90
    assert not any(re.match(r"\s*(def|class|for|while)\b", line) for line in lines), (
        "a notebook is a page, not a program"
    )
    tagged = [cell for cell in code if "parameters" in cell["metadata"].get("tags", [])]
    assert len(tagged) == (1 if path.name[0].isdigit() else len(tagged))
    assert path.stat().st_size < 20_000


def test_the_five_steps_and_four_rooms_are_there():
    assert [p.stem for p in NOTEBOOKS] == [
        "1_gather_data",
        "2_demand_plan",
        "3_supply_plan",
        "4_reconcile",
        "5_executive_review",
        "bring_data",
        "dashboard",
        "run_meeting",
        "tune_forecasts",
    ]


def test_conda_users_get_the_same_packages_and_bounds():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    conda = [
        line.strip()[2:]
        for line in (ROOT / "environment.yml").read_text().splitlines()
        if line.startswith("  ") and not line.endswith(":")
    ]
    extras = project["optional-dependencies"]
    brought = project["dependencies"] + extras["cluster"] + extras["postgres"]
    assert sorted(set(conda) - {"conda-forge", "pip"}) == sorted(
        [*brought, f"python{project['requires-python']}"]
    )


def test_the_pins_cover_every_dependency_and_name_no_index():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    pins = (ROOT / "constraints.txt").read_text()
    pinned = {
        re.sub(r"[-_.]+", "-", name).lower()
        for name in re.findall(r"^([\w.-]+)==[\w.+!-]+$", pins, re.M)
    }
    extras = project["optional-dependencies"].values()
    for wanted in sum(extras, project["dependencies"]):
        assert re.match(r"[\w-]+", wanted)[0].lower() in pinned
    assert "://" not in pins and "index" not in pins.lower() and "find-links" not in pins


@pytest.mark.xdist_group("tests")
def test_a_group_of_tests_is_tried_by_one_worker(request):
    """Lost groups are silent: each worker would build every pack, for a third more minutes."""
    asked = getattr(request.config.option, "loadgroup", False)  # as a worker of make test has it
    assert not asked or request.node.nodeid.endswith("@tests"), (
        "pip install -c constraints.txt pytest"
    )


def test_readme_names_every_command_and_make_target():
    from sopkit.cli import main

    readme = (ROOT / "README.md").read_text()
    for name in main.list_commands(None):
        assert f"sopkit {name}" in readme, f"README does not show sopkit {name}"
    for target in re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.M):
        assert f"make {target}" in readme or target == "clean"


def test_the_makefile_calls_only_commands_that_exist():
    from sopkit.cli import main

    called = re.findall(r"/sopkit (\w[\w-]*)", (ROOT / "Makefile").read_text())
    assert {"pack", "dashboard"} <= set(called) <= set(main.commands)


def test_every_command_takes_packs():
    from sopkit.cli import main

    leaves = [
        leaf
        for command in (main.get_command(None, name) for name in main.list_commands(None))
        for leaf in getattr(command, "commands", {"": command}).values()
    ]
    assert all(any(p.name == "packs" for p in leaf.params) for leaf in leaves)


def tracked():
    result = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if result.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in result.stdout.splitlines()]


def test_no_generated_or_large_file_is_in_git():
    for path in tracked():
        assert "packs" not in path.relative_to(ROOT).parts[:1] and path.name != "ledger.db"
        assert not path.exists() or path.stat().st_size < 1_500_000, path


def test_tests_mirror_the_rooms():
    rooms = {room(path) for path in MODULES} - {"__init__", "__main__"}
    for name in rooms:
        assert (ROOT / "tests" / name).is_dir() or (ROOT / "tests" / f"test_{name}.py").exists(), (
            f"no tests for {name}"
        )


def test_every_column_is_described_in_the_data_readme():
    from sopkit.tables.reference import reference

    text = (ROOT / "data" / "README.md").read_text()
    described = text.split("<!-- columns -->")[1].split("<!-- /columns -->")[0].strip()
    assert described == reference().strip(), (
        "write sopkit.tables.reference.reference() between the marks in data/README.md"
    )


def test_the_code_is_formatted_and_linted():
    for verb in (["format", "--check"], ["check"]):
        done = subprocess.run([sys.executable, "-m", "ruff", *verb], cwd=ROOT, capture_output=True)
        assert not done.returncode, (done.stdout + done.stderr).decode()


LAYOUT = {
    *(tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT),
    tokenize.ENDMARKER,
}


def code_tokens(path):
    """Tokens of a module without comments, docstrings and layout."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    bodies = [
        node.body for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, documented)
    ]
    firsts = [body[0].value for body in bodies if body and isinstance(body[0], ast.Expr)]
    docs = {(n.lineno, n.col_offset) for n in firsts if isinstance(n, ast.Constant)}
    with open(path, "rb") as file:
        tokens = list(tokenize.tokenize(file.readline))[1:]
    return sum(token.type not in LAYOUT and token.start not in docs for token in tokens)


def test_the_house_keeps_its_budget_of_code():
    budget = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["sopkit"]["code_tokens"]
    assert sum(map(code_tokens, MODULES)) <= budget
