"""Cases in which an answer says something wrong: it is held back, kept apart or a revision, and mended.

Not here: answers that do not come (``reply_case``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Literal

from tests.fault_plan.fault_case import Case, Expected, Symbols
from tests.fault_plan.plan_days import FAULTY, LOAD, REFUSED, Sessions, on
from tests.vendor.fault import Fault
from tests.vendor.listing import Split
from tests.vendor.market_fault import EarlySplit, HalfSplit, LostSession, PartialLastBar, Restated, TimesHundred

Findings = dict[str, Sequence[dt.date]]
NEVER = dt.date(2024, 12, 20)
"""Ex-session of splits that are announced and never come."""
_PART = 0.6
"""Of the history before a split that is adjusted for it: the rest is less than half, so no unseen split."""


def content_cases(sessions: Sessions) -> list[Case]:
    """Return the cases."""
    return [*_split_cases(sessions), *_price_cases(sessions), *_gap_cases(sessions)]


def _split_cases(sessions: Sessions) -> list[Case]:
    before, until = sessions.before(FAULTY), sessions.until(FAULTY)
    # What had come by the load stands; the rest of the answer has nothing to stand in its place.
    new = sessions.after(LOAD, FAULTY)
    old, most = sessions.until(LOAD), round(_PART * len(before))
    without_jump = {"split left out: split_without_jump": [FAULTY]}
    unseen = {"held: unseen_split": until, "absent: held": new}

    def early(name: str, comes: bool, is_stated: bool) -> Case:
        ex, ratio = (REFUSED, 2.0) if comes else (NEVER, 3.0)
        announced = {"split left out: not_effective": [ex]} if is_stated else {}

        def faults(symbols: Symbols) -> list[Fault]:
            when = on(FAULTY)
            return [EarlySplit(symbols=symbols, ex_session=ex, ratio=ratio, is_stated=is_stated, **when)]

        splits = (Split(ex, ratio),) if comes else ()
        return Case(f"split adjusted early, {name}", faults, splits, faulty=Expected(unseen | announced))

    def half(
        name: str,
        findings: Findings,
        is_true: bool = True,
        part: float = _PART,
        side: Literal["newest", "oldest"] = "newest",
        is_stated: bool = True,
    ) -> Case:
        def faults(symbols: Symbols) -> list[Fault]:
            about = {"symbols": symbols, "ex_session": FAULTY, "ratio": 4.0, **on(FAULTY)}
            return [HalfSplit(**about, part=part, side=side, is_stated=is_stated)]

        splits = (Split(FAULTY, 4.0),) if is_true else ()
        return Case(f"split half applied, {name}", faults, splits, faulty=Expected(findings))

    return [
        early("stated", comes=True, is_stated=True),
        early("not stated", comes=True, is_stated=False),
        early("never comes", comes=False, is_stated=True),
        Case(
            "split announced",
            lambda symbols: [EarlySplit(symbols=symbols, ex_session=NEVER, ratio=3.0, is_adjusted=False, **on(FAULTY))],
            faulty=Expected({"split left out: not_effective": [NEVER]}),
        ),
        Case("split on time", splits=(Split(FAULTY, 3.0),)),
        Case("reverse split on time", splits=(Split(FAULTY, 0.1),)),
        half("newest", {"held: partial_split": old[: len(before) - most]}),
        half("oldest", {"held: partial_split": before[most:], "absent: held": new[:-1]}, side="oldest"),
        half("not stated", {"held: unseen_split": until[-most - 1 :], "absent: held": new}, is_stated=False),
        half("invented", {"held: partial_split": old[: len(before) - most], **without_jump}, is_true=False),
        half("unseen", unseen, part=1.0, is_stated=False),
        half("invented whole", without_jump, is_true=False, part=1.0),
    ]


def _price_cases(sessions: Sessions) -> list[Case]:
    friday, deep = dt.date(2024, 11, 22), tuple(sessions.every[60:65])

    def hundredfold(name: str, faulty: Expected, session: dt.date, **details: object) -> Case:
        return Case(
            f"hundredfold, {name}",
            lambda symbols: [TimesHundred(symbols=symbols, sessions=(session,), **details, **on(FAULTY))],
            faulty=faulty,
        )

    gap = {"absent: held": [FAULTY], "held: hundredfold": [FAULTY]}
    return [
        hundredfold("new", Expected(gap), FAULTY),
        hundredfold("a hundredth", Expected(gap), FAULTY, factor=0.01),
        hundredfold("known", Expected({"held: hundredfold": [friday]}), friday),
        hundredfold("high alone", Expected(gap), FAULTY, fields=("high",)),
        hundredfold("close alone", Expected({"absent: high_below_body": [FAULTY]}), FAULTY, fields=("close",)),
        Case(
            "hundredfold, first",
            lambda symbols: [TimesHundred(symbols=symbols, sessions=deep, **on(LOAD))],
            load=Expected({"absent: held": deep, "held: hundredfold": deep}),
        ),
        Case(
            "restated",
            lambda symbols: [Restated(symbols=symbols, sessions=(friday,), basis_points=40.0, **on(FAULTY))],
            faulty=Expected({"revised": [friday]}),
        ),
        Case(
            "restated by noise",
            lambda symbols: [Restated(symbols=symbols, sessions=(friday,), basis_points=0.2, **on(FAULTY))],
        ),
    ]


def _gap_cases(sessions: Sessions) -> list[Case]:
    friday, deep = dt.date(2024, 11, 22), sessions.every[80]

    def lost(name: str, session: dt.date, day: dt.date, reason: str, is_null: bool = False) -> Case:
        found = Expected({f"absent: {reason}": [session]})
        return Case(
            f"lost, {name}",
            lambda symbols: [LostSession(symbols=symbols, sessions=(session,), is_null=is_null, **on(day))],
            load=found if day == LOAD else Expected(),
            faulty=found if day == FAULTY else Expected(),
        )

    return [
        Case(
            "partial, first",
            lambda symbols: [PartialLastBar(symbols=symbols, **on(LOAD))],
            load=Expected({"absent: behind": [LOAD]}),
        ),
        Case(
            "partial, later",
            lambda symbols: [PartialLastBar(symbols=symbols, part=0.8, **on(FAULTY))],
            faulty=Expected({"absent: behind": [FAULTY]}),
        ),
        lost("newest", FAULTY, FAULTY, "behind"),
        lost("null", FAULTY, FAULTY, "unparsable", is_null=True),
        lost("first", friday, LOAD, "missing"),
        Case(
            "lost, deep",
            lambda symbols: [LostSession(symbols=symbols, sessions=(deep,), **on(LOAD))],
            load=Expected({"absent: missing": [deep]}),
        ),
    ]
