"""Cases in which an answer does not come, or is none: each is an outcome, and is asked for again.

Not here: answers that say something wrong (``content_case``).
"""

from __future__ import annotations

from tests.fault_plan.fault_case import Case, Expected
from tests.fault_plan.plan_days import FAULTY, LOAD, Sessions, on
from tests.vendor.fault import (
    Dropped,
    EmptyAnswer,
    Fault,
    HtmlPage,
    NotFound,
    RateLimited,
    ServerError,
    Slow,
    Truncated,
)

LONGER_THAN_WE_WAIT = 2.0
"""Seconds; see ``hurried``."""

SESSION_FAULTS: list[Fault] = [
    ServerError(kinds=("cookie",), after=1, requests=3, **on(LOAD)),
    Dropped(kinds=("cookie",), requests=2, **on(LOAD)),
    HtmlPage(kinds=("crumb",), requests=2, **on(LOAD)),
    RateLimited(kinds=("crumb",), **on(FAULTY)),
]
"""What is wrong with cookies and crumbs, without which a chart is given too: nothing comes of it."""


def reply_cases(sessions: Sessions) -> list[Case]:
    """Return the cases."""

    def refused(name: str, kind: type[Fault], outcome: str, **details: object) -> list[Case]:
        """Return a refusal of the first answer, of the whole history, and one of a few days."""
        whole = Expected({f"absent: {outcome}": sessions.until(LOAD)}, outcome)
        days = Expected({f"absent: {outcome}": sessions.after(LOAD, FAULTY)}, outcome)
        return [
            Case(f"{name}, first", lambda symbols: [kind(symbols=symbols, **on(LOAD), **details)], load=whole),
            Case(f"{name}, later", lambda symbols: [kind(symbols=symbols, **on(FAULTY), **details)], faulty=days),
        ]

    def once(name: str, kind: type[Fault]) -> Case:
        return Case(name, lambda symbols: [kind(symbols=(symbol,), requests=2, **on(LOAD)) for symbol in symbols])

    return [
        *refused("a page", HtmlPage, "parse_error"),
        *refused("cut off", Truncated, "parse_error"),
        *refused("cut off as stated", Truncated, "parse_error", states_its_length=True),
        *refused("empty", EmptyAnswer, "empty"),
        *refused("server's error", ServerError, "http_error"),
        *refused("dropped", Dropped, "http_error"),
        *refused("unknown", NotFound, "http_error"),
        once("server's error twice", ServerError),
        once("dropped twice", Dropped),
        Case("slow", lambda symbols: [Slow(symbols=symbols, seconds=0.2, **on(LOAD))]),
        refused("endless", Slow, "http_error", seconds=LONGER_THAN_WE_WAIT)[1],
    ]
