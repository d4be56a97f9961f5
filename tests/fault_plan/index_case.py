"""What goes wrong with the four indices and with documents, and what is to be found of the indices after each run.

Not here: stocks (``reply_case`` and its neighbours).
"""

from __future__ import annotations

import datetime as dt

from tests.fault_plan.plan_days import FAULTY, LOAD, REFUSED, Sessions, on
from tests.vendor.fault import Fault, HtmlPage, RateLimited, ServerError, Truncated
from tests.vendor.market_fault import LostSession, PartialLastBar, Restated, TimesHundred

FRIDAY, TUESDAY = dt.date(2024, 11, 22), dt.date(2024, 11, 26)
Findings = set[tuple[str, dt.date, str]]


def index_faults(sessions: Sessions) -> list[Fault]:
    """Return what is wrong with indices."""
    deep = sessions.every[90]
    return [
        LostSession(symbols=("^DJI",), sessions=(deep,), **on(LOAD)),
        TimesHundred(symbols=("^GSPC",), sessions=(deep,), **on(LOAD)),
        LostSession(sessions=(TUESDAY,), **on(FAULTY)),
        TimesHundred(symbols=("^RUT",), sessions=(FAULTY,), **on(FAULTY)),
        PartialLastBar(symbols=("^NDX",), **on(FAULTY)),
        LostSession(symbols=("^DJI",), sessions=(FAULTY,), is_null=True, **on(FAULTY)),
        Restated(symbols=("^GSPC",), sessions=(FRIDAY,), basis_points=10.0, **on(FAULTY)),
        ServerError(symbols=("^DJI",), **on(REFUSED)),
    ]


def index_findings_stated(sessions: Sessions, day: dt.date) -> Findings:
    """Return the findings that are stated for indices after a run: none once the faults have ended."""
    deep = sessions.every[90]
    if day == LOAD:
        return {
            ("DJI", deep, "absent: missing"),
            ("SPX", deep, "absent: missing"),
            ("SPX", deep, "held: hundredfold"),
        }
    if day == FAULTY:
        lost = {(name, TUESDAY, "absent: missing") for name in ("RUT", "SPX", "NDX", "DJI")}
        return lost | {
            ("RUT", FAULTY, "held: hundredfold"),
            ("RUT", FAULTY, "absent: missing"),
            ("NDX", FAULTY, "absent: missing"),
            ("DJI", FAULTY, "absent: missing"),
            ("SPX", FRIDAY, "revised"),
        }
    return set()


DOCUMENT_FAULTS: list[Fault] = [
    HtmlPage(symbols=("IWM",), kinds=("ishares",), **on(LOAD)),
    RateLimited(kinds=("sec_list",), **on(LOAD)),
    Truncated(symbols=("SPY",), kinds=("ssga",), **on(FAULTY)),
    Truncated(symbols=("IVV",), kinds=("ishares",), states_its_length=True, **on(FAULTY)),
    ServerError(symbols=("QQQ",), kinds=("invesco",), requests=2, **on(FAULTY)),
]
"""The last one passes."""
NOT_HAD = {LOAD: {"IWM_holdings", "company_tickers"}, FAULTY: {"SPY_holdings", "IVV_holdings"}}
"""What the runs name as documents that could not be had."""
