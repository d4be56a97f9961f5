"""Warnings about bars of stocks, bucket by bucket: of what changed since the last build, else of everything.

Belongs here: which bars have to be looked at. Not here: what is odd (``transforms.quality``, ``stock_bar``), or how
rows are stored (``storage.bucket_store``).
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass

import polars as pl

from pipelines.contracts import core
from pipelines.derivation.bucket_build import BucketBuild, Changes, Report, sessions_before
from pipelines.derivation.recent_bar import SLACK_SESSIONS, is_one_of, recent_bars
from pipelines.storage.bucket_record import Record
from pipelines.transforms.quality import rows_looked_back
from pipelines.transforms.stock_bar import stock_bar_warnings

_LOOKED_AT = ("instrument_id", "session", "close", "volume")


@dataclass(frozen=True)
class WarningBuild(BucketBuild):
    """A build of ``core.stock_bar_warning``.

    Attributes:
        sessions: ``core.Session``, by which it is told how far back a window reaches.
    """

    SOURCES = (core.StockBar, core.StockAction)
    TARGETS = (core.StockBarWarning,)
    CODE = (
        "transforms/quality.py",
        "transforms/stock_bar.py",
        "transforms/price_rows.py",
        "transforms/scan/flat.py",
        "contracts/quality.py",
        "contracts/core/stock.py",
    )

    _: KW_ONLY
    sessions: pl.DataFrame

    def anew(self, bucket: int, fresh: Record) -> tuple[Report, list[Record]]:
        """Look at all bars of a bucket."""
        bars, actions = (store.scan(bucket) for store in self.sources)
        looked_at, explaining = bars.select(_LOOKED_AT).collect(), actions.collect()
        rows = stock_bar_warnings(looked_at, self.parameters, explaining)
        read, stocks = looked_at.height + explaining.height, looked_at["instrument_id"].n_unique()
        return Report(read, rows.height, 0, stocks, 1), [self.targets[0].write(bucket, rows, fresh)]

    def changed(self, bucket: int, changes: Changes, records: list[Record]) -> tuple[Report, list[Record]]:
        """Look at the bars of changed stocks from the changed session on."""
        bars, actions = self.sources
        needed, last = rows_looked_back(self.parameters), max(changes.values())
        cutoff = sessions_before(self.sessions, last, needed + SLACK_SESSIONS)
        rows, whole, read = recent_bars(bars, bucket, changes, _LOOKED_AT, needed, cutoff)
        if still := _standing_still(rows.filter(~is_one_of(whole)), needed):
            # A close that has been the same throughout: how long it has been is not known from these bars.
            anew = bars.scan(bucket).select(_LOOKED_AT).filter(is_one_of(still)).collect()
            since = rows.select("instrument_id", "changed_from").unique()
            rows = pl.concat(
                [rows.filter(~is_one_of(still)), anew.join(since, on="instrument_id").select(rows.columns)]
            )
            whole, read = whole | still, read + anew.height
        first = min(changes.values())
        explaining = actions.scan(bucket, first).filter(is_one_of(changes)).collect()
        warnings = stock_bar_warnings(rows.select(_LOOKED_AT), self.parameters, explaining)
        since = rows.select("instrument_id", "changed_from").unique()
        new = warnings.join(since, on="instrument_id").filter(pl.col("session") >= pl.col("changed_from"))
        record = self.targets[0].change(bucket, new.sort("instrument_id", "session", "warning"), changes, records[0])
        looked_at = rows.filter(pl.col("session") >= pl.col("changed_from")).height
        return Report(read + explaining.height, looked_at, len(changes) - len(whole), len(whole)), [record]


def _standing_still(rows: pl.DataFrame, needed: int) -> set[str]:
    """Return the stocks with so many closes in front of the changed session, all of them equal."""
    in_front = rows.filter(pl.col("session") < pl.col("changed_from"))
    closes = in_front.group_by("instrument_id").agg(pl.col("close").n_unique(), rows=pl.len())
    return set(closes.filter(pl.col("close") == 1, pl.col("rows") == needed)["instrument_id"])
