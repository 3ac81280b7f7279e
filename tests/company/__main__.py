"""Writes the sample company into the folder named on the command line."""

import sys

from tests.company import write_company

write_company(sys.argv[1])
