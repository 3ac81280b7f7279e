"""The ``exceptions`` table: what needs a person, each with the money at stake and a sentence of
reason, worst first.

``RULES`` says what each rule means and its default threshold; ``settings.thresholds`` overrides one
by name. One row per item (family, resource) and rule: its worst bucket.
"""

from sopkit.metrics.exceptions.rules import RULES, Rule, threshold
from sopkit.metrics.exceptions.step_1 import data
from sopkit.metrics.exceptions.step_2 import demand
from sopkit.metrics.exceptions.step_3 import supply
from sopkit.metrics.exceptions.step_4 import money

__all__ = ["RULES", "Rule", "data", "demand", "money", "supply", "threshold"]
