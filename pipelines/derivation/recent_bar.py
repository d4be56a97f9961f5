"""Bars of stocks that changed: from the changed session on, with as many in front as a window looks through.

Belongs here: which stored bars are read for that. Not here: what is made of them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from typing import NamedTuple

import polars as pl

from pipelines.storage.bucket_store import BucketStore, since_frame

SLACK_SESSIONS = 40
"""So many more sessions are read in front of a day, for those that a stock lacks and for changes some days back."""
_KEY = ["instrument_id", "session"]


class RecentBars(NamedTuple):
    """Bars of changed stocks.

    Attributes:
        rows: The columns asked for and ``changed_from``, by stock and session: of a stock carried on the bars from its
            changed session on and so many in front, or all in front if they are fewer; of any other all bars.
        whole: Stocks of which all bars were read: those that changed farther back, or whose bars in front lie there.
        read: How many rows were read.
    """

    rows: pl.DataFrame
    whole: set[str]
    read: int


def recent_bars(
    bars: BucketStore,
    bucket: int,
    changes: Mapping[str, dt.date],
    columns: Collection[str],
    needed: int,
    cutoff: dt.date,
) -> RecentBars:
    """Return the bars that rows derived from changed sessions on look at.

    Args:
        bars: ``core.stock_bar``.
        bucket: Its bucket that the stocks lie in.
        changes: Changed stocks, and from which session on.
        columns: Columns to read, the key among them.
        needed: How many bars in front of the changed session are looked at.
        cutoff: What lies before is read of single stocks only.
    """
    since = since_frame(changes)
    found = bars.scan(bucket, cutoff).select(columns).filter(is_one_of(changes)).collect()
    rows = found.join(since, on="instrument_id").sort(_KEY)
    is_in_front = pl.col("session") < pl.col("changed_from")
    in_front = rows.filter(is_in_front).group_by("instrument_id", maintain_order=True).tail(needed)
    new = rows.filter(~is_in_front)
    record = bars.record(bucket)
    near = {name for name, (first, _) in record.spans.items() if first >= cutoff} if record else set()
    full = in_front.group_by("instrument_id").len().filter(pl.col("len") == needed)["instrument_id"]
    carried = set(new["instrument_id"]) & (near | set(full))
    whole = set(changes) - carried
    old = bars.scan(bucket).select(columns).filter(is_one_of(whole)).collect() if whole else found.clear()
    recent = pl.concat([in_front, new]).filter(is_one_of(carried))
    every = pl.concat([recent, old.join(since, on="instrument_id").select(recent.columns)]).sort(_KEY)
    return RecentBars(every, whole, found.height + old.height)


def is_one_of(names: Collection[str], column: str = "instrument_id") -> pl.Expr:
    """Whether a row is of one of some series."""
    return pl.col(column).is_in(list(names))
