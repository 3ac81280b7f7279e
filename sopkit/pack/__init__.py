"""The pack: the month's dated result, built by papermill in a hidden folder, checked, and put
into place in one step.
"""

from sopkit.pack.build import build_pack
from sopkit.pack.release import find_pack, release, verify
from sopkit.pack.run import StepFailed
from sopkit.pack.steps import find_steps, settle

__all__ = [
    "StepFailed",
    "build_pack",
    "find_pack",
    "find_steps",
    "release",
    "settle",
    "verify",
]
