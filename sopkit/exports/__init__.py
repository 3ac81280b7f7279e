"""What people carry to the meeting and back: files made from a finished plan."""

from sopkit.exports.overrides import export_overrides, read_overrides
from sopkit.exports.pages import write_page
from sopkit.exports.schedule import write_schedule

__all__ = ["export_overrides", "read_overrides", "write_page", "write_schedule"]
