"""Building a pack: check the facts, stage, run the steps, check the numbers, put it in place."""

import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sopkit.errors import PlanError
from sopkit.ledger import Ledger
from sopkit.pack.kernels import start_kernel, stop_kernel
from sopkit.pack.manifest import write_manifest
from sopkit.pack.run import StepFailed, run_step
from sopkit.pack.stage import alone, keep_failure, put_in_place, stage_inputs, staging
from sopkit.pack.steps import NOTEBOOKS, find_steps, settle
from sopkit.plan import Plan, packs_in, write_table
from sopkit.processes import drawers, warm_up
from sopkit.progress import seen
from sopkit.scenarios import Inputs, asked_beside, in_base, stage_without
from sopkit.seal import digest, manifest_of
from sopkit.sources import at_hand, read_facts
from sopkit.sources.files import DATABASE, settings_file, suffix_of
from sopkit.tables.judgments import JUDGMENTS
from sopkit.workers import SCHEDULER, reached

DRAWERS, SHARES = 2, 3  # processes that draw pages and board; shares of the board, to even them out


@dataclass(frozen=True)
class Built:
    """A finished pack: where it lies and its manifest."""

    folder: Path
    manifest: dict


def build_pack(
    month: str | None,
    data,
    packs="packs",
    ledger=None,
    parameters=None,
    revise=False,
    scenarios=(),
    notebooks=NOTEBOOKS,
) -> Built:
    """The finished pack of a month (by default the month after the facts end), put in place only
    when everything is right.

    Releases in the folder ``earlier`` beside the facts are last cycles too, unless ``packs`` has
    one of that month; where it has no pack and the ledger no row, the ledger starts from
    ``earlier/ledger``. Beside the plan stand the ``scenarios`` named and those entered for the
    month.
    Raises ``PlanError`` on errors in the facts, an unknown parameter, a failing step (the last good
    pack stays untouched) or a month that is released (unless ``revise``).
    """
    with at_hand(data) as source:
        warm_up()
        steps = find_steps(notebooks)
        settled = settle(steps, parameters or {})
        reached(settled.get(SCHEDULER))
        packs = Path(packs)
        started = time.perf_counter()
        facts = read_facts(source, month or "next")
        if not (month := facts.month):
            raise PlanError(
                "table sales_history has no whole bucket, so there is no month to follow it; name"
                " the MONTH"
            )
        target = packs / free_name(packs, month, revise)
        seconds = {"read facts": time.perf_counter() - started}
        book, past = Ledger.of(packs, ledger), settings_file(source.path).with_name("earlier")
        if not packs_in(packs):
            book.start(past / "ledger")
        said = book.read("scenarios", month)
        given = Inputs(facts, book.read("overrides", month), settled)
        inputs, asked = asked_beside(in_base(given, said), said, scenarios)
        with (
            staging(packs, target.name) as folder,
            drawers(DRAWERS) as pool,
        ):
            without = stage_without(folder, given, book.read("decisions", month), said)
            cycle = {"month": month, "parameters": inputs.parameters, "scenarios": asked}
            cycle |= {"without": without}
            stage_inputs(folder, inputs, book, packs_in(past, packs), cycle)
            pages = []
            draw = lambda step: pages.append(pool.submit(draw_page, folder, step.name))
            seconds |= run_plan(folder, steps, cycle, packs, target.name, draw)
            seconds |= dress(folder, pool, pages)
            seconds["total"] = time.perf_counter() - started
            manifest = write_manifest(folder, cycle, seconds, source_hashes(source))
            with alone(packs):
                put_in_place(folder, target)
        return Built(target, manifest)


def review_again(folder: Path, book: Ledger) -> None:
    """Puts the judgments that the ledger got since the pack was built into its staged copy in
    ``folder``, and runs its last step and draws the board anew; the plan itself stays.
    """
    plan = Plan(folder)
    known = {table.name: book.read(table.name, plan.month) for table in JUDGMENTS}
    grown = {name: rows for name, rows in known.items() if len(rows) > len(plan.judgments(name))}
    if not grown:
        return
    step, manifest = find_steps()[-1], manifest_of(folder)
    (folder / "manifest.json").unlink()  # a draft again
    for name, rows in grown.items():
        write_table(rows, folder / "inputs" / "ledger" / f"{name}.parquet")
        (folder / "tables" / f"{name}.parquet").unlink()  # the step writes it from the ledger's
    for _ in seen([step], 1, lambda each: f"step {each.title}"):
        run_step(step, folder, manifest["parameters"])
    with drawers(DRAWERS) as pool:
        dress(folder, pool, [pool.submit(draw_page, folder, step.name)])
    write_manifest(folder, plan.cycle, manifest["seconds"], manifest["sources"])


def run_plan(
    folder: Path, steps, cycle: dict, packs: Path, name: str, done=lambda step: None
) -> dict:
    """Seconds by step of the whole pipeline.

    While a step works, the kernel of the next one starts, and ``done`` may draw its page. A
    failing step leaves its executed notebook in ``packs/failed``.
    """
    seconds = {}
    with closing(_with_kernels(folder, steps)) as ready:
        for step, kernel in seen(ready, len(steps), lambda each: f"step {each[0].title}"):
            try:
                seconds[step.name] = run_step(step, folder, cycle["parameters"], kernel)
            except StepFailed as failure:
                kept = keep_failure(failure.notebook, packs, name)
                raise StepFailed(
                    step, kept, f"{failure}\nread it in {kept}; the last good pack is untouched"
                ) from None
            done(step)
    return seconds


def _with_kernels(folder, steps):
    """Each step with its kernel; the next one's starts before the step is handed out."""
    waiting = []
    try:
        for at, step in enumerate(steps):
            for _ in steps[at + len(waiting) : at + 2]:
                waiting.append(start_kernel(folder))
            yield step, waiting.pop(0)
    finally:
        for kernel in waiting:
            stop_kernel(kernel)


def draw_page(folder: Path, name: str) -> Path:
    """The page of an executed step of the pack in ``folder``."""
    from sopkit.exports import write_page

    return write_page(Plan(folder), name)


def dress(folder: Path, pool, pages) -> dict:
    """Seconds taken to finish what people carry: the pages begun, the schedule, the board (drawn in
    shares side by side).
    """
    started = time.perf_counter()
    shares = [pool.submit(_draw, folder, share) for share in range(SHARES)]
    schedule = pool.submit(_schedule, folder)
    for _ in seen(["pages and board"], 1):
        drawn = [share.result() for share in shares]
        for made in [*pages, schedule, pool.submit(_finish, folder, drawn)]:
            made.result()
    return {"pages and board": time.perf_counter() - started}


# Run where pages and charts are imported already.
def _draw(folder, share):
    from sopkit.panels.sections import draw_board

    return draw_board(Plan(folder), share, SHARES)


def _finish(folder, shares):
    from sopkit.panels import write_board

    return write_board(Plan(folder), folder, shares)


def _schedule(folder):
    from sopkit.exports import write_schedule

    return write_schedule(Plan(folder).read("master_schedule"), folder / "exports")


def free_name(packs: Path, month: str, revise: bool) -> str:
    """The folder name of the month's pack; a released month needs ``revise`` and becomes
    ``MONTH-r2`` and so on.
    """
    taken = [pack for pack in packs_in(packs) if pack.name[:7] == month]
    if not taken or not (taken[-1] / "release.json").exists():
        return taken[-1].name if taken else month
    if not revise:
        raise PlanError(
            f"pack {taken[-1].name} is released and never changes; build a revision with: sopkit"
            f" pack {month} --revise"
        )
    return f"{month}-r{len(taken) + 1}"


def source_hashes(source) -> dict:
    """SHA-256 of the files that the facts were read from; of a database, of its tables' rows."""
    path = source.path
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    return {
        f"{source.database} {file.stem}" if suffix_of(file) == DATABASE else file.name: digest(file)
        for file in files
        if file.is_file()
    }
