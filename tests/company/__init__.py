"""The maker of the sample company: ``python -m tests.company data`` writes ``data/`` anew, with its
known truth; tests and benchmarks make companies of other sizes with it.
"""

from tests.company.company import Company, company
from tests.company.write import without_past, write_company

__all__ = ["Company", "company", "without_past", "write_company"]
