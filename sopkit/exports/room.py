"""What is carried to the room: the plan as a workbook, as slides, and page 5 as it prints."""

from contextlib import suppress
from shutil import which
from subprocess import run

from sopkit.errors import PlanError
from sopkit.exports.deck import write_deck
from sopkit.exports.workbook import write_workbook
from sopkit.plan import Plan
from sopkit.progress import seen

BROWSERS = "chromium chromium-browser google-chrome chrome msedge"
FLAGS = "--headless --no-sandbox --disable-gpu --no-pdf-header-footer"


def carry(pack):
    """Writes ``plan.xlsx``, ``deck.pptx`` and ``pack.pdf`` into a pack's ``exports``, each put in
    place when it is whole; yields where each lies, or why it does not.
    """
    plan = Plan(pack)
    for name, write in seen(FILES.items(), len(FILES), lambda each: each[0]):
        target = plan.folder / f"exports/{name}"
        beside = target.with_name(f".{name}")
        try:
            write(plan, beside)
            yield f"{beside.replace(target)}"
        except Exception as error:  # a pack stands without them, and a release goes through
            for path in (beside, target):  # an old print would tell an old state
                with suppress(OSError):
                    path.unlink(missing_ok=True)
            yield f"{name} is not written: {error}"


def write_pdf(plan, path) -> None:
    """``pack.pdf``: page 5 as it prints, on A4 with page numbers; raises ``PlanError`` where the
    machine has no Chromium.
    """
    page = plan.folder.resolve() / "pages/5_executive_review.html"
    if not (found := browser()):
        raise PlanError(f"it needs Chromium, Chrome or Edge; print {page} from any other browser")
    run(
        [found, *FLAGS.split(), f"--print-to-pdf={path}", page.as_uri()],
        check=True,
        capture_output=True,
        timeout=120,
    )


def browser() -> str:
    """The program that prints, or nothing."""
    return next(filter(None, map(which, BROWSERS.split())), "")


FILES = {"plan.xlsx": write_workbook, "deck.pptx": write_deck, "pack.pdf": write_pdf}
