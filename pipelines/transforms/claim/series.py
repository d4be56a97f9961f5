"""What statements of prices share: the series that is looked at, and the bases it is looked at on.

Belongs here: carrying a claim on a future or CFD over to the cash index, and finding the row of the claim's session.
Not here: any statement (see ``returns``, ``record``, ``trend``).
"""

from __future__ import annotations

from typing import NamedTuple

from pipelines.contracts import core
from pipelines.contracts.table import Table, qualified_name
from pipelines.transforms.claim.answer import CannotTellError
from pipelines.transforms.claim.view import Claim, Row, View

CLOSE, INTRADAY = "close", "intraday"
_DERIVATIVES = {"future": "future", "cfd": "CFD"}


class Series(NamedTuple):
    """The series that a claim is checked on, and what is to be said of the choice."""

    series_id: str
    limits: tuple[str, ...] = ()


def series_of(claim: Claim, view: View) -> Series:
    """Return the series of a claim: what it is quoted on where that has bars here, else its subject.

    Raises:
        CannotTellError: it has no value at the claim's session.
    """
    subject, quoted_on = claim.subject, claim.values["quoted_on"]
    found = Series(subject)
    if claim.values["basis"] in _DERIVATIVES:
        is_there = bool(quoted_on) and view.newest(core.SeriesPrice, series_id=quoted_on) is not None
        what = quoted_on or f"the {_DERIVATIVES[claim.values['basis']]} it is quoted on"
        cash = f"{what} has no bars here: checked on the cash index {subject}, unadjusted"
        found = Series(quoted_on, (f"checked on {quoted_on}",)) if is_there else Series(subject, (cash,))
    demand_bars(view, found.series_id)
    return found


def demand_bars(view: View, *series: str) -> None:
    """Raise CannotTellError where one of the series has no value at the claim's session."""
    if reason := view.missing_bar(series):
        raise CannotTellError(reason)


def price_bases(claim: Claim) -> tuple[str, ...]:
    """Return the bases that a claim is checked on: the one that is stated, else both."""
    return {"cash_close": (CLOSE,), "cash_intraday": (INTRADAY,)}.get(claim.values["basis"], (CLOSE, INTRADAY))


def row_of_session(view: View, table: type[Table], **key: str) -> Row:
    """Return the row of the claim's session.

    Raises:
        CannotTellError: there is none.
    """
    row = view.of_session(table, **key)
    if row is None:
        raise CannotTellError(
            f"expected a row of {qualified_name(table)} for {', '.join(key.values())} on {view.session}"
        )
    return row
