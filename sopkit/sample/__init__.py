"""A sample company with known truth, and the blank templates that a newcomer fills in."""

from sopkit.sample.company import Company, company
from sopkit.sample.templates import write_templates
from sopkit.sample.write import write_sample

__all__ = ["Company", "company", "write_sample", "write_templates"]
