"""The sample's meeting: everybody signs, and who is accountable releases."""

from sopkit import Plan
from sopkit.ledger import Ledger
from sopkit.meeting import ENTRIES
from sopkit.pack import find_pack, release

BOSS = "Dr. Ada Kessel"


def sign(packs, month, but=()) -> None:
    """Each role that must sign signs the month's pack, by its first name; not those of ``but``."""
    plan, book = Plan(find_pack(packs, month)), Ledger(packs / "ledger.db")
    roles = plan.settings["roles"]
    for role in roles["must_sign"]:
        if role not in but:
            given = {"role": role, "status": "approved"}
            ENTRIES["sign"].enter(plan, book, given, roles[role][0], month)


def signed_release(packs, month, note=""):
    """The month's pack, signed by all and released."""
    sign(packs, month)
    return release(packs, month, BOSS, note)
