"""Whether the newest bar of an answer stops short of the close of its session, although that is over.

A vendor writes its newest daily bar from the last quote that it has, and says when that was. One that has fallen behind
serves the bar of midday in the evening: nothing in the row shows that, the moment of the quote does. Not here: bars of
a session under way, which the clock shows (``transforms.screen``).
"""

from __future__ import annotations

import datetime as dt
import functools
from zoneinfo import ZoneInfo

from pipelines.sources.calendar import sessions_between
from pipelines.sources.received import EXCHANGE_TIME_ZONE

LAST_QUOTE_BEFORE_CLOSE = dt.timedelta(minutes=15)
"""A quote this near to the close counts as that of the close: not every stock trades in the last minutes."""
_NEW_YORK = ZoneInfo(EXCHANGE_TIME_ZONE)


def is_partial(session: dt.date, quoted_at: dt.datetime | None, read_at: dt.datetime) -> bool:
    """Return whether the newest bar of an answer is a part of a session.

    It is where the session was the last one to have closed when the answer was read, and the quote is of an earlier
    hour. From the next close on the bar is taken as it is: a halted stock has no later quote.

    Args:
        session: Of the answer's newest bar.
        quoted_at: When the vendor last had a quote; None where it does not say.
        read_at: When the answer was read.
    """
    if quoted_at is None or quoted_at.astimezone(_NEW_YORK).date() != session:
        return False
    closes = [close for close in _closes(session, read_at.date()) if close <= read_at]
    return len(closes) == 1 and quoted_at < closes[0] - LAST_QUOTE_BEFORE_CLOSE


@functools.lru_cache(maxsize=64)
def _closes(session: dt.date, until: dt.date) -> list[dt.datetime]:
    return sessions_between(session, max(session, until))["closes_at"].to_list()
