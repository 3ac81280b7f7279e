"""Settings that steer the plan where a fact is blank, with the contract's defaults."""

from dataclasses import dataclass, fields

from sopkit.buckets import Calendar, infer_calendar
from sopkit.errors import PlanError


@dataclass(frozen=True)
class Settings:
    """What a blank cell means: rates are fractions a year, the fence and the review are buckets.

    >>> Settings.of({"holding_rate": 0.24, "currency": "EUR"}).holding_rate
    0.24
    """

    holding_rate: float = 0.2
    backlog_rate: float = 1.0
    planning_fence: float = 2
    service_level: float | None = None
    review: float = 1

    @classmethod
    def of(cls, mapping) -> "Settings":
        """From a mapping such as the whole of settings.toml; what does not concern the supply plan
        is left out.
        """
        known = {field.name for field in fields(cls)}
        chosen = {
            key: value
            for key, value in dict(mapping or {}).items()
            if key in known and value is not None
        }
        for key, value in chosen.items():
            if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
                raise PlanError(f"setting {key} is {value!r}; write a number of at least 0")
        return cls(**chosen)


def buckets_a_year(buckets, mapping=None) -> int:
    """12, 52 or 4: from the setting ``bucket`` if there is one, else from the stamps themselves.

    >>> buckets_a_year(["2026-01-01", "2026-04-01", "2026-07-01"])
    4
    """
    size = dict(mapping or {}).get("bucket")
    return (Calendar(size) if size else infer_calendar(buckets)).per_year
