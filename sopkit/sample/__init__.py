"""A sample company with known truth, and the blank templates that a newcomer fills in."""

from sopkit.sample.copy import write_sample
from sopkit.sample.templates import write_templates

__all__ = ["write_sample", "write_templates"]
