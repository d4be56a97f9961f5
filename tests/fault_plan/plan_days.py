"""The evenings of the fault plan, and the sessions around them.

Belongs here: dates. Not here: which faults there are (``fault_case``).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property

from tests.vendor.history import NEW_YORK
from tests.vendor.listing import Plan, calendar_of

LOAD, FAULTY, REFUSED, REPAIRED = (
    dt.date(2024, 11, 25), dt.date(2024, 12, 2), dt.date(2024, 12, 3), dt.date(2024, 12, 4)
)  # fmt: skip
"""Evenings of the runs: the first load; a week later, so that a symbol refused as unknown is due again; the day after,
on which the vendor refuses an index and limits the rate; and the day after that, on which nothing is wrong any more."""
LAST = dt.date(2024, 12, 31)
_HOUR = dt.timedelta(hours=1)


def evening(day: dt.date) -> dt.datetime:
    """Return six in the evening in New York, when a session has settled."""
    return dt.datetime.combine(day, dt.time(18), NEW_YORK).astimezone(dt.UTC)


def on(day: dt.date) -> dict[str, dt.datetime]:
    """Return when a fault is on that lasts for one evening."""
    return {"since": evening(day) - _HOUR, "until": evening(day) + _HOUR}


@dataclass(frozen=True)
class Sessions:
    """The sessions of a market from its first one on."""

    years: int

    @cached_property
    def every(self) -> list[dt.date]:
        """Return all of them."""
        plan = Plan(years=self.years, last=LAST)
        found: list[dt.date] = calendar_of(plan.first, plan.last)["session"].to_list()
        return found

    def until(self, day: dt.date) -> list[dt.date]:
        """Return the sessions up to a day."""
        return [session for session in self.every if session <= day]

    def before(self, day: dt.date) -> list[dt.date]:
        """Return the sessions before a day."""
        return [session for session in self.every if session < day]

    def after(self, day: dt.date, until: dt.date) -> list[dt.date]:
        """Return the sessions after a day, up to another."""
        return [session for session in self.every if day < session <= until]

    def back(self, day: dt.date, count: int) -> dt.date:
        """Return the session so many before one."""
        return self.every[self.every.index(day) - count]
