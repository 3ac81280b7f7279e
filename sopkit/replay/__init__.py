"""Replay: past months planned again from what was known then, executed against what happened."""

from sopkit.replay.page import write_page
from sopkit.replay.run import replay

__all__ = ["replay", "write_page"]
