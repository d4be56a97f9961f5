"""What a build says of the trends of stocks otherwise than the build before: noted with the rows, logged later.

The stored rows are the memory of what was said. Those of a bucket are compared with the ones that take their place, and
what differs is kept in the very record that declares the new ones whole: a build that is killed has noted what it has
declared, and no more. Belongs here: when two builds are compared, and the way of the notes into the log.
Not here: how builds are compared (``transforms.state_change``), what causes are (``transforms.change_cause``).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

import polars as pl

from pipelines.contracts import core, raw
from pipelines.derivation.calendar_mark import sessions_marked
from pipelines.derivation.recent_bar import is_one_of
from pipelines.derivation.record_rows import rows_in, with_rows
from pipelines.parameters import Parameters
from pipelines.storage.bucket_record import Record
from pipelines.storage.bucket_store import BucketStore
from pipelines.storage.lake import Lake
from pipelines.storage.raw_news import versions_of_news
from pipelines.transforms.change_cause import Learnt, StatedBuild, state_changes
from pipelines.transforms.change_evidence import NO_FACTS, calendar_fixes, learnt_actions, learnt_bars
from pipelines.transforms.state_change import differing_states
from pipelines.transforms.state_spell import STOCK_TREND, TREND_ASPECTS, calendar_months, stated_stock_trends
from pipelines.version import code_version

STATED = ("instrument_id", "session", *TREND_ASPECTS)
"""The columns of ``core.StockTrendState`` whose changes are logged, and its key."""
CALENDAR = "calendar"
"""Name of the calendar among the progress of a build."""
_NOTES, _COMPARED_TO = "unlogged", "compared_to"
_KNOWN_AT, _PARAMETERS, _CODE = "known_at", "parameter_set_id", "code_version"
_KEY = [name for name in core.StateChange.primary_key() if name != "comparison_number"]
_NOTED = [name for name in core.StateChange.column_names() if name != "comparison_number"]


@dataclass(frozen=True)
class Comparison:
    """Compares what a bucket of ``core.stock_trend_state`` says with what it said before.

    Attributes:
        lake: Where the bucket lies, and the raw tables that speak for causes.
        sessions: ``core.Session``.
    """

    lake: Lake
    sessions: pl.DataFrame

    def noted(self, record: Record, before: Record | None, was: pl.DataFrame, now: pl.DataFrame) -> Record:
        """Return the record of new rows with notes of what they say otherwise than those that they replace.

        Nothing is compared with the first build, with one on another count of buckets, or of a later moment than this
        one; and, after such a one, not with what was built for the earlier moment, as that was compared already.

        Args:
            record: That of the new rows.
            before: That of the rows that they replace.
            was: ``STATED`` of the rows that are replaced, with the row in front of them.
            now: The same of the rows that take their place.
        """
        if self.lake.is_past:
            return record
        compared_to, notes = record.progress[_KNOWN_AT], [_notes_in(before or record)]
        if before:
            compared_to = max(compared_to, before.kept.get(_COMPARED_TO, ""))
        if before and _is_next(before, record):
            notes.append(self._changes(before, record, was, now))
        compared = replace(record, kept={**record.kept, _COMPARED_TO: compared_to})
        return with_rows(compared, _NOTES, core.StateChange, pl.concat(notes))

    def _changes(self, before: Record, record: Record, was: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
        """Return what differs, as rows of the log; their number is given when they are logged."""
        build, present = _build_of(before, 1), _build_of(record, 2)
        differing = differing_states(stated_stock_trends(was), stated_stock_trends(now), self.sessions)
        if differing.is_empty():
            return core.StateChange.create_empty()
        last = pl.col("session").max()
        reached = was.group_by("instrument_id").agg(was_last=last)
        reached = reached.join(now.group_by("instrument_id").agg(now_last=last), on="instrument_id")
        calendars = [sessions_marked(one.progress[CALENDAR]) for one in (before, record)]
        bars, actions = self._learnt(differing, reached, build.known_at, present.known_at)
        return state_changes(differing, build, present, Learnt(bars, actions, _fixes(*calendars)))

    def _learnt(
        self, differing: pl.DataFrame, reached: pl.DataFrame, since: dt.datetime, until: dt.datetime
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Return the bars and the splits that came in between, of the stocks whose states they may have changed."""
        is_new = (pl.col("fetched_at") > since) & is_one_of(set(differing["series_id"]))
        _, versions = versions_of_news(self.lake, raw.StockBar, is_new, until)
        restated = differing.filter("is_restated")["series_id"]
        if restated.is_empty():
            return learnt_bars(versions, since, until), NO_FACTS
        actions = self.lake.scan(raw.StockAction).filter(is_one_of(set(restated))).collect()
        return learnt_bars(versions, since, until), learnt_actions(actions, since, until, reached)


def log_notes(lake: Lake, buckets: int, newest_number: int) -> pl.DataFrame:
    """Append to ``core.state_change`` what builds have noted, cross it out, and return what was appended.

    Notes that stand in the log already, as a run was killed before it had crossed them out, are not appended again, and
    others of that very comparison get its number. The caller holds ``lake.locked()``.

    Args:
        lake: Where the log and the buckets lie.
        buckets: How many there are.
        newest_number: That of the newest comparison of indices.
    """
    store = BucketStore(lake, core.StockTrendState, buckets)
    records = {bucket: record for bucket in range(buckets) if (record := store.record(bucket))}
    notes = pl.concat([core.StateChange.create_empty(), *(_notes_in(record) for record in records.values())])
    added = [core.StateChange.create_empty()]
    # One comparison has a key once; a bucket that was compared twice at one moment has two.
    turn = pl.int_range(pl.len()).over("known_at", *_KEY)
    batches = notes.with_columns(turn=turn).partition_by("known_at", "turn", as_dict=True)
    for (known_at, _), batch in sorted(batches.items()):
        of_stocks = lake.scan(core.StateChange).filter(pl.col("subject_kind") == STOCK_TREND)
        logged = of_stocks.filter(pl.col("known_at") == known_at).collect()
        again = logged.join(batch, on=_NOTED, how="semi", nulls_equal=True)["comparison_number"].max()
        last = of_stocks.select(pl.col("comparison_number").max()).collect().item() or 1
        number = max(newest_number, last + 1) if again is None else again
        unlogged = batch.join(logged, on=_NOTED, how="anti", nulls_equal=True)
        rows = unlogged.with_columns(comparison_number=pl.lit(number, pl.Int64)).drop("turn")
        added.append(lake.append(core.StateChange, rows))
    for bucket, record in records.items():
        if not _notes_in(record).is_empty():
            store.commit(bucket, with_rows(record, _NOTES, core.StateChange, core.StateChange.create_empty()))
    return pl.concat(added)


def _notes_in(record: Record) -> pl.DataFrame:
    return rows_in(record, _NOTES, core.StateChange)


def _is_next(before: Record, record: Record) -> bool:
    """Return whether a build goes on from the one before in time, and that one was no step back by itself."""
    moments = [before.kept.get(_COMPARED_TO, ""), *(one.progress.get(_KNOWN_AT, "") for one in (before, record))]
    same_buckets = before.basis.split()[0] == record.basis.split()[0]
    return same_buckets and all(moments) and moments == sorted(moments)


def facts_of_build(bars: Record, parameters: Parameters) -> dict[str, str]:
    """Return what the log says of a build of trends, to be part of its progress.

    Args:
        bars: The record of ``core.stock_bar`` that it stands on; it says up to which moment bars were known.
        parameters: The thresholds.
    """
    known_at = bars.progress.get(_KNOWN_AT, "")
    return {_KNOWN_AT: known_at, _PARAMETERS: parameters.set_id, _CODE: code_version()}


def _build_of(record: Record, number: int) -> StatedBuild:
    facts = record.progress
    known_at = dt.datetime.fromisoformat(facts[_KNOWN_AT])
    return StatedBuild(number, known_at, record.snapshot, facts[_PARAMETERS], facts[_CODE])


def _fixes(was: pl.Series, now: pl.Series) -> pl.DataFrame:
    """Return the months whose sessions differ, of the days that both builds have."""
    if was.is_empty() or now.is_empty():
        return NO_FACTS
    first, last = max(was[0], now[0]), min(was[-1], now[-1])
    was, now = (days.filter(days.is_between(first, last)) for days in (was, now))
    return NO_FACTS if was.equals(now) else calendar_fixes(_months(was), _months(now))


def _months(days: pl.Series) -> pl.DataFrame:
    """Return the sessions of each month; an early close is nothing to a trend."""
    frame = pl.DataFrame({"session": days})
    month = pl.col("session").dt.strftime("%Y-%m")
    return calendar_months(frame.with_columns(month=month, is_early_close=pl.lit(value=False)))
