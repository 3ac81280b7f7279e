"""What planners enter: the rows of a draft, the end of rows that stand, how a review stands. Each
says what was done; what cannot be, or must be confirmed first, is raised, and nothing is entered.
"""

import pandas as pd

from sopkit.charts.words import clean, count, day, listing
from sopkit.errors import PlanError
from sopkit.grid import WHO
from sopkit.metrics.assumptions import testable
from sopkit.overrides.standing import called, signed


class Unsure(PlanError):
    """What is asked before it is entered: whether it is meant."""


def save(draft, by: str, sure: bool = False) -> str:
    """Enters what is wanted in a draft, and the assumption that it names; says so.

    Raises ``PlanError`` where words are missing or wrong, a text is no number or another entered
    something on these cells since (the ledger is read then), and ``Unsure`` where a consensus is
    doubtful.
    """
    _refuse(draft)
    signed(by)
    stands, month = draft.stands, draft.stands.plan.entry_month
    if len(others := stands.since(draft.cells, draft.seen)):
        draft.seen = stands.seen
        raise PlanError(
            f"entered since you looked:\n{stands.told(others)}\nThe sheet shows it, and still what"
            " you typed; look, then save again"
        )
    rows, made = draft.entries()
    _ask(sure, "Is this meant? ", stands.question(draft.wanted["units"], made))
    words = {"reason": draft.reason, "note": draft.note, "expires_on": draft.until}
    stands.enter(rows, by, **words)
    if draft.holds:
        assumed = {"text": draft.note, "condition": draft.holds, "owner": by.strip()}
        stands.ledger.append("assumptions", [assumed], by=by, cycle=month)
    draft.clear()
    ended = (rows["kind"] == "remove").sum()
    names = listing([clean(" ".join(filter(None, scope))) for scope in draft.scopes])
    return (
        f"saved {count(len(rows) - ended, 'row')} to the ledger for {names}"
        f"{f' in place of {ended}' if ended else ''}, for the next pack of {month}"
    )


def _refuse(draft):
    """``PlanError`` where the draft cannot be saved as it is."""
    plan, until = draft.stands.plan, draft.until
    if draft.refused:
        (_, why), *_ = draft.refused.values()
        many = count(len(draft.refused), "cell")
        raise PlanError(f"{many} cannot be read, first {why}; mend or empty them, then save")
    if not draft.cells:
        raise PlanError("nothing was changed; type a number into the override row, then save")
    if not draft.reason:
        raise PlanError(
            "no reason is given; choose one, so that next cycle can learn whether it held"
        )
    if draft.holds and not draft.note:
        raise PlanError("an assumption is asked for, but not said; write it into the note")
    testable(draft.holds, plan.book()) if draft.holds else None
    if until and pd.Timestamp(until) < plan.first_bucket:
        raise PlanError(f"until {day(until)} is before the plan starts; choose a later day")


def take_back(stands, ids, here, by: str, sure: bool = False) -> str:
    """Ends these rows of the ledger and what their save ended, so that it stands again; says so.

    Raises ``PlanError`` where they stand no longer (the ledger is read then), and ``Unsure`` where
    they reach beyond the scope ``here`` or what would stand is doubtful.
    """
    if not ids:
        raise PlanError("no row is chosen; click one in the list, then take it back")
    stands.read()
    if not ids <= {*stands.active["id"]}:
        raise PlanError("somebody took it back already; the list shows what stands now")
    rows, many = stands.ending(stands.with_replaced(ids)), count(len(ids), "row")
    wide = {called(row) for row in rows.to_dict("records")} - {called(dict(zip(WHO, here)))}
    told = f"They are also of {listing(sorted(wide))}.\n" if wide else ""
    told += stands.question(*stands.without(rows))
    _ask(sure, f"{many} to be taken back? ", told)
    stands.enter(rows, by, reason="taken back")
    return f"taken back: {many}; what stood there before stands again"


def _ask(sure, question, told):
    if told and not sure:
        raise Unsure(f"{question}{told}")


def review(stands, scopes, status: str, by: str) -> None:
    """Tells the ledger how rows of the worklist stand."""
    rows = pd.DataFrame(scopes, columns=list(WHO)).assign(status=status)
    stands.ledger.append("reviews", rows, by=signed(by), cycle=stands.plan.entry_month)
