"""Cases of who a symbol is: renamed, taken over, unknown to the vendor; and of a vendor that limits the rate.

Not here: answers that do not come (``reply_case``), or that say something wrong (``content_case``).
"""

from __future__ import annotations

import datetime as dt

from tests.fault_plan.fault_case import Case, Expected
from tests.fault_plan.plan_days import FAULTY, REFUSED, evening, on
from tests.vendor.fault import RateLimited
from tests.vendor.market_fault import Renamed, Reused

RENAMED, REUSED, LIMITED = "renamed", "taken over", "rate limited"
BEGINS = dt.date(2024, 11, 27)
"""First session of the companies that take over a symbol."""
PASSED_ON = evening(FAULTY) - dt.timedelta(hours=12)
"""Since when these symbols are not what they were. Both are facts and no faults: they do not end."""


def new_symbol(old: str) -> str:
    """Return the symbol of a stock after it was renamed."""
    return f"ZN{old[2:]}"


def identity_cases() -> list[Case]:
    """Return the cases."""
    return [
        Case(
            RENAMED,
            lambda symbols: [
                Renamed(old=old, new=new_symbol(old), symbols=(old, new_symbol(old)), since=PASSED_ON)
                for old in symbols
            ],
            faulty=Expected(outcome="http_error"),
            refused="delisted",
            # It is asked for again in a week, and may be taken from the universe.
            repaired=Expected(outcome=None),
        ),
        Case(
            REUSED,
            lambda symbols: [
                Reused(symbol=symbol, begins=BEGINS, symbols=(symbol,), since=PASSED_ON) for symbol in symbols
            ],
        ),
        Case(LIMITED, lambda symbols: [RateLimited(symbols=symbols, **on(REFUSED))], refused="rate_limited"),
        Case("healthy"),
    ]
