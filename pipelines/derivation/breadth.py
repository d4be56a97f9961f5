"""Breadth, carried on: what each bucket of stocks adds up to, and the measures that all of them give.

A day adds up the bars of its session, with the bars in front of it for averages and extremes, and goes on from the
measures that are stored. A bar or a membership that changed farther back has its bucket added up anew from there on.
Belongs here: from which session on. Not here: what is added up or measured (``transforms``), or how rows are stored.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import KW_ONLY, dataclass
from functools import cached_property

import polars as pl

from pipelines.contracts import core
from pipelines.contracts.kept import BreadthTally, TalliedSpell
from pipelines.contracts.vocabulary import ALL_SECTORS
from pipelines.derivation.bucket_build import (
    BucketBuild,
    Changes,
    Report,
    finished,
    sessions_before,
)
from pipelines.derivation.calendar_mark import calendar_mark, is_same_calendar
from pipelines.derivation.recent_bar import SLACK_SESSIONS, is_one_of, recent_bars
from pipelines.storage.bucket_record import Record, earlier_of
from pipelines.storage.bucket_store import BucketStore, since_frame
from pipelines.storage.lake import bucket_of
from pipelines.transforms.breadth import days_between, measures_of, require_apart, require_sessions
from pipelines.transforms.breadth_tally import LOOKED_AT, rows_looked_back, tallies_of
from pipelines.transforms.member_spell import membership_changes

_CALENDAR = "calendar"


@dataclass(frozen=True)
class _OnSessions(BucketBuild):
    """A build whose rows stand on every session from the first bar of any stock to the last.

    Attributes:
        sessions: ``core.Session``.
        spells: ``core.MemberSpell``.
    """

    _: KW_ONLY
    sessions: pl.DataFrame
    spells: pl.DataFrame

    @cached_property
    def days(self) -> pl.Series:
        """Return the sessions that there are rows on."""
        bars = BucketStore(self.lake, core.StockBar, self.buckets)
        found = [record for record in (finished(bars, bucket) for bucket in range(self.buckets)) if record.rows]
        first = min((record.first_session for record in found if record.first_session), default=None)
        last = max((record.last_session for record in found if record.last_session), default=None)
        return days_between(self.sessions, first, last)

    def progress(self, sources: list[Record]) -> dict[str, str]:
        """Return how far the sources have been read, and up to which session rows stand."""
        first, last = (self.days[0], self.days[-1]) if len(self.days) else (None, None)
        return super().progress(sources) | {_CALENDAR: calendar_mark(self.sessions, first, last)}

    def new_days(self, past: dict[str, str]) -> pl.Series | None:
        """Return the sessions that have come since the last build at the end; None if it stood on any others."""
        first, last = past[_CALENDAR].split()[:2]
        if not len(self.days):
            return self.days if first == "None" else None
        if first != str(self.days[0]) or not is_same_calendar(self.sessions, past[_CALENDAR]):
            return None
        later = self.days.filter(self.days > dt.date.fromisoformat(last))
        return later if str(self.days[len(self.days) - len(later) - 1]) == last else None

    def since(self, session: dt.date, sessions_in_front: int = 0) -> pl.Series:
        """Return the sessions from one on, and so many in front of it."""
        at = int(self.days.search_sorted(session))
        return self.days.slice(max(at - sessions_in_front, 0))


@dataclass(frozen=True)
class TallyBuild(_OnSessions):
    """A build of ``kept.breadth_tally``, its series being indices, and of the spells that it was made with.

    The sums are declared whole before the spells are: of a bucket that is killed in between, they are made once more.
    """

    SOURCES = (core.StockBar,)
    TARGETS = (BreadthTally, TalliedSpell)
    CODE = (
        "transforms/breadth_tally.py",
        "transforms/price_rows.py",
        "transforms/scan/flat.py",
        "contracts/kept.py",
    )

    def changes(self, bucket: int, sources: list[Record], past: dict[str, str]) -> Changes | None:
        """Return which indices have other members or other bars of theirs in this bucket, and from which session on."""
        new_days, bars = self.new_days(past), super().changes(bucket, sources, past)
        if new_days is None or bars is None:
            return None
        now = self._spells_of(bucket)
        members = now.join(since_frame(bars, "symbol"), on="symbol").filter(
            pl.col("effective_to").is_null() | (pl.col("effective_to") > pl.col("changed_from"))
        )
        by_bars = members.select("index_id", changed_from=pl.max_horizontal("changed_from", "effective_from"))
        by_members = membership_changes(self.targets[1].scan(bucket).collect(), now).drop("symbol")
        found = pl.concat([by_bars, by_members]).group_by("index_id").agg(pl.col("changed_from").min())
        by_days = dict.fromkeys(now["index_id"].unique(), new_days[0]) if len(new_days) else {}
        return earlier_of(dict(found.rows()), by_days)

    def anew(self, bucket: int, fresh: Record) -> tuple[Report, list[Record]]:
        """Add up all bars of a bucket."""
        bars, spells = self.sources[0].scan(bucket).select(LOOKED_AT).collect(), self._spells_of(bucket)
        rows = self._tallies(bars, spells, self.days)
        records = [store.write(bucket, kept, fresh) for store, kept in zip(self.targets, (rows, spells), strict=True)]
        report = Report(bars.height, rows.height, derived_anew=rows["index_id"].n_unique(), buckets_anew=1)
        return report, [records[0].built(), records[1]]

    def changed(self, bucket: int, changes: Changes, records: list[Record]) -> tuple[Report, list[Record]]:
        """Add up the bars from the earliest change on, of the indices that changed."""
        store, now = self.sources[0], self._spells_of(bucket)
        spells = now.filter(is_one_of(changes, "index_id"))
        days = self.since(min(changes.values()))
        read, rows = 0, pl.DataFrame(schema=BreadthTally.create_empty().schema)
        if len(days):
            spans, needed = finished(store, bucket).spans, rows_looked_back(self.parameters)
            names = {name for name in spells["symbol"] if name in spans and spans[name][1] >= days[0]}
            cutoff = sessions_before(self.sessions, days[0], needed + SLACK_SESSIONS)
            bars = recent_bars(store, bucket, dict.fromkeys(names, days[0]), LOOKED_AT, needed, cutoff)
            since = since_frame(changes, "index_id")
            every = self._tallies(bars.rows.select(LOOKED_AT), spells, days).join(since, on="index_id")
            read, rows = bars.read, every.filter(pl.col("session") >= pl.col("changed_from")).drop("changed_from")
        tallies = self.targets[0].change(bucket, rows, changes, records[0]).changed(changes)
        return Report(read, rows.height, carried_on=len(changes)), [
            tallies,
            self.targets[1].write(bucket, now, records[1]),
        ]

    def _tallies(self, bars: pl.DataFrame, spells: pl.DataFrame, days: pl.Series) -> pl.DataFrame:
        require_sessions(bars, self.sessions)
        require_apart(spells)
        return tallies_of(bars, spells, days, self.parameters)

    def _spells_of(self, bucket: int) -> pl.DataFrame:
        """Return the spells of the symbols of a bucket, sorted by their key."""
        names = [name for name, own in self._buckets.items() if own == bucket]
        return self.spells.filter(is_one_of(names, "symbol")).sort(core.MemberSpell.primary_key())

    @cached_property
    def _buckets(self) -> dict[str, int]:
        return {name: bucket_of(name, self.buckets) for name in self.spells["symbol"].unique()}


@dataclass(frozen=True)
class BreadthBuild(_OnSessions):
    """A build of ``core.breadth`` from the tallies of all buckets; it has one bucket, its series are indices."""

    SOURCES = ()
    TARGETS = (core.Breadth,)
    CODE = ("transforms/breadth.py", *TallyBuild.CODE, "contracts/core/constituent.py")

    @property
    def targets(self) -> list[BucketStore]:
        """Return the store of breadth."""
        return [BucketStore(self.lake, core.Breadth, 1)]

    def progress(self, sources: list[Record]) -> dict[str, str]:
        """Return the state of the tallies, up to which session rows stand, and of which indices."""
        states = [finished(self._tallies, bucket).state for bucket in range(self.buckets)]
        return super().progress(sources) | {"tallies": " ".join(states), "indices": " ".join(self._indices)}

    def changes(self, bucket: int, sources: list[Record], past: dict[str, str]) -> Changes | None:
        """Return which indices have other tallies, and from which session on."""
        new_days, states, before = self.new_days(past), past["tallies"].split(), past["indices"].split()
        records = [finished(self._tallies, number) for number in range(self.buckets)]
        found = [record.changes_since(state) for record, state in zip(records, states, strict=True)]
        known = [some for some in found if some is not None]
        if new_days is None or len(known) < len(found):
            return None
        by_days = dict.fromkeys(self._indices, new_days[0]) if len(new_days) else {}
        come_or_gone = dict.fromkeys(set(before) ^ set(self._indices), dt.date.min)
        return earlier_of(*known, by_days, come_or_gone)

    def anew(self, bucket: int, fresh: Record) -> tuple[Report, list[Record]]:
        """Measure every session."""
        tallies = self._since(dt.date.min, self._indices)
        rows = self._measures(tallies, self._indices, self.days)
        return Report(tallies.height, rows.height, 0, len(self._indices), 1), [
            self.targets[0].write(bucket, rows, fresh)
        ]

    def changed(self, bucket: int, changes: Changes, records: list[Record]) -> tuple[Report, list[Record]]:
        """Measure the sessions from the earliest change on, going on from what is stored in front of them."""
        (store,), indices = self.targets, [name for name in self._indices if name in changes]
        days = self.since(min(changes.values()))
        read, rows = 0, pl.DataFrame(schema=core.Breadth.create_empty().schema)
        if len(days) and indices:
            looked_at = self.since(days[0], self.parameters.breadth_smoothing_sessions - 1)
            tallies = self._since(looked_at[0], indices)
            lines, of_lines = self._lines(tallies, indices, looked_at[0])
            rows = self._measures(tallies, indices, looked_at, lines).filter(pl.col("session") >= days[0])
            read = tallies.height + of_lines
        since = dict.fromkeys(changes, days[0] if len(days) else dt.date.max)
        gone = dict.fromkeys(set(changes) - set(indices), dt.date.min)
        record = store.change(bucket, rows, since | gone, records[0])
        return Report(read, rows.height, carried_on=len(changes)), [record]

    @property
    def _tallies(self) -> BucketStore:
        return BucketStore(self.lake, BreadthTally, self.buckets)

    @cached_property
    def _indices(self) -> list[str]:
        return self.spells["index_id"].unique().sort().to_list()

    def _since(self, session: dt.date, indices: list[str]) -> pl.DataFrame:
        """Return the tallies of all buckets from a session on, in the order in which they are added up."""
        parts = [
            self._tallies.scan(bucket, session).filter(is_one_of(indices, "index_id")) for bucket in range(self.buckets)
        ]
        return pl.concat(pl.collect_all(parts))

    def _measures(
        self, tallies: pl.DataFrame, indices: list[str], days: pl.Series, lines: pl.DataFrame | None = None
    ) -> pl.DataFrame:
        if not indices or days.is_empty():
            return core.Breadth.create_empty()
        return measures_of(tallies, pl.Series(indices), days, self.parameters, lines)

    def _lines(self, tallies: pl.DataFrame, indices: list[str], first: dt.date) -> tuple[pl.DataFrame, int]:
        """Return the last published advance-decline line of each index and sector before a session, and rows read.

        Most stand on the session before; those that were null there are sought farther back.
        """
        group = ["index_id", "sector"]
        is_line = (pl.col("measure") == "advance_decline_line") & pl.col("value").is_not_null()
        stored = self.targets[0].scan(0).filter(is_line, is_one_of(indices, "index_id"), pl.col("session") < first)
        near = stored.filter(pl.col("session") >= sessions_before(self.sessions, first, 1)).collect()
        wanted = pl.concat([tallies.select(group), pl.DataFrame({"index_id": indices, "sector": ALL_SECTORS})]).unique()
        others = wanted.join(near, on=group, how="anti")
        far = stored.join(others.lazy(), on=group).collect() if len(others) else near.clear()
        last = pl.concat([near, far]).sort("session").group_by(group).agg(line_before=pl.col("value").last())
        return last, near.height + far.height
