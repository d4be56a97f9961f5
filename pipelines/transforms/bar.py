"""Versions of daily bars: what a batch adds to the known ones, which were known when, and which are missing.

Belongs here: ``raw.bar`` from accepted rows, ``core.bar`` and ``core.missing_session``. Not here: row rules
(``transforms.screen``). A correction is a new version; nothing known is changed or dropped.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from pipelines.contracts import core, raw
from pipelines.contracts.table import Table
from pipelines.parameters import Parameters

_KEY = ("instrument_id", "session")
_COMPARED = ("open", "high", "low", "close", "volume", "adjusted_close")
_LONGEST_CLOSURE = dt.timedelta(days=10)
"""March 1933, the longest the exchange was shut since the first bars."""


def new_versions(
    known: pl.DataFrame,
    accepted: pl.DataFrame,
    calendar: pl.DataFrame,
    source: str,
    fetched_at: dt.datetime,
    parameters: Parameters,
) -> pl.DataFrame:
    """Return what a batch adds: bars that are new, or that differ from their newest known version.

    The comparison is exact, null equal to null: a value that moved by float noise is a change. A bar is late by
    the sessions that closed after its own and before ``fetched_at``. A first version more than
    ``assumed_after_sessions`` late was known at the close of its session plus ``bar_settle_minutes``, by assumption;
    any other version when it was observed, at ``fetched_at``.

    Args:
        known: every version so far (``raw.Bar``).
        accepted: rows that keep the row rules, one per instrument and session (``ReceivedBar``).
        calendar: sessions with ``closes_at``, from the first accepted session to ``fetched_at`` at least.
        source: where the batch comes from.
        fetched_at: when the batch was read.
        parameters: see above.

    Returns:
        The versions to append (``raw.Bar``), key instrument_id, session and known_from, in that order.

    Raises:
        ValueError: the calendar ends before ``fetched_at``, or a new version would not be later than a known one.
    """
    if accepted.is_empty():
        return raw.Bar.create_empty()
    _require_calendar_to(fetched_at, calendar)
    newest = known.sort("known_from").group_by(_KEY).last().select(*_KEY, *_COMPARED, "known_from")
    changed = accepted.join(newest, on=_KEY, how="left", suffix="_known").filter(
        pl.col("known_from").is_null()
        | pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"{name}_known")) for name in _COMPARED)
    )
    _require_later(changed, fetched_at)
    moment = pl.lit(fetched_at, pl.Datetime("us", "UTC"))
    is_new = pl.col("known_from").is_null()
    return with_knowledge(
        changed.with_columns(fetched_at=moment), raw.Bar, "session", is_new, calendar, source, parameters
    )


def no_longer_given(known: pl.DataFrame, received: pl.DataFrame, start: dt.date | None) -> pl.DataFrame:
    """Return the known bars that a source which always gives its whole history does not give any more.

    They stay known: what took them out, a mistake or a correction, cannot be told.

    Args:
        known: every version so far (``raw.Bar``).
        received: rows as the source gave them (``ReceivedBar``).
        start: the first day asked for; None for all.

    Returns:
        instrument_id and session, in that order, of instruments that any row was received of.
    """
    asked = known.filter(pl.col("session") >= start) if start else known
    answered = asked.join(received, on="instrument_id", how="semi")
    return answered.join(received, on=_KEY, how="anti").select(_KEY).unique().sort(_KEY)


def with_knowledge(
    rows: pl.DataFrame,
    table: type[Table],
    day: str,
    is_new: pl.Expr,
    calendar: pl.DataFrame,
    source: str,
    parameters: Parameters,
) -> pl.DataFrame:
    """Return rows with known_from, known_basis and source: assumed for a first version that came late, else observed.

    A row is late by the sessions that closed after its own and before it was fetched.

    Args:
        rows: Rows of ``table`` short of the three, with ``fetched_at``.
        table: A raw table of versions.
        day: The column of its session; a day that is none counts as the next one.
        is_new: Whether a row is the first version of its key.
        calendar: Sessions with ``closes_at``, from the first such day to the last fetch.
        source: Where the rows come from.
        parameters: ``assumed_after_sessions``, ``bar_settle_minutes``.
    """
    sessions = calendar.sort("session").with_row_index("number", 1).with_columns(pl.col("number").cast(pl.Int64))
    placed = (
        rows.with_columns(is_first=is_new)
        .drop("known_from", strict=False)
        .sort(day)
        .join_asof(
            sessions.select("number", "closes_at", calendar_session="session"),
            left_on=day,
            right_on="calendar_session",
            strategy="forward",
        )
        .sort("fetched_at")
        .join_asof(sessions.select(closed="number", closed_at="closes_at"), left_on="fetched_at", right_on="closed_at")
    )
    is_assumed = pl.col("is_first") & (pl.col("closed") - pl.col("number") > parameters.assumed_after_sessions)
    settled_at = pl.col("closes_at") + dt.timedelta(minutes=parameters.bar_settle_minutes)
    is_assumed = is_assumed.fill_null(value=False)
    return (
        placed.with_columns(
            known_from=pl.when(is_assumed).then(settled_at).otherwise("fetched_at"),
            known_basis=pl.when(is_assumed).then(pl.lit("assumed")).otherwise(pl.lit("observed")),
            source=pl.lit(source),
        )
        .select(table.column_names())
        .sort(table.primary_key())
    )


def _require_calendar_to(fetched_at: dt.datetime, calendar: pl.DataFrame) -> None:
    """Raise where sessions before ``fetched_at`` are surely lacking, as bars would not count as late."""
    last = calendar["session"].max()
    if not isinstance(last, dt.date) or last < fetched_at.date() - _LONGEST_CLOSURE:
        raise ValueError(f"raw.bar: expected a calendar that reaches {fetched_at.date()}, was one to {last!s}")


def _require_later(changed: pl.DataFrame, fetched_at: dt.datetime) -> None:
    """Raise where a further version of a bar would not be known later than the newest one."""
    late = changed.filter(pl.col("known_from") >= fetched_at)
    if not late.is_empty():
        row = late.sort(_KEY).row(0, named=True)
        raise ValueError(
            f"raw.bar {row['instrument_id']} {row['session']}: expected a new version known after"
            f" {row['known_from'].isoformat()}, was {fetched_at.isoformat()}"
        )


def latest_bars(raw_bars: pl.DataFrame, known_at: dt.datetime) -> pl.DataFrame:
    """Return the bars as known at a moment: of each instrument and session the newest version known by then.

    Args:
        raw_bars: versions of bars (``raw.Bar``).
        known_at: the moment of the question; a version known at that very moment counts.

    Returns:
        ``core.Bar``, key instrument_id and session; ``versions`` counts those known by then, ``is_close_only`` marks
        a bar whose open, high, low and close are equal.
    """
    known = raw_bars.filter(pl.col("known_from") <= known_at)
    newest = known.sort(raw.Bar.primary_key()).group_by(_KEY, maintain_order=True)
    return (
        newest.agg(pl.all().last(), versions=pl.len().cast(pl.Int64))
        .with_columns(is_close_only=pl.all_horizontal(pl.col("open", "high", "low") == pl.col("close")))
        .select(core.Bar.column_names())
    )


def missing_sessions(
    bars: pl.DataFrame, sessions: pl.DataFrame, parameters: Parameters, live_at: dt.datetime | None = None
) -> pl.DataFrame:
    """Return the sessions on which an instrument should have a bar and has none.

    An instrument should have a bar on every session from its own first bar to the last bar of any instrument or, of a
    live source, to the last session that has settled, so that one lost for all is missed too; but not before
    ``calendar_checked_from``, as the calendar lacks older holidays.

    Args:
        bars: accepted bars (``core.Bar``).
        sessions: the numbered calendar (``core.Session``).
        parameters: see above, and ``bar_settle_minutes``.
        live_at: the moment of the question where the source is live; None where it simply ends.

    Returns:
        ``core.MissingSession``, key instrument_id and session.
    """
    spans = bars.group_by("instrument_id").agg(first=pl.col("session").min(), last=pl.col("session").max())
    begin = pl.max_horizontal("first", pl.lit(parameters.calendar_checked_from))
    settles_at = pl.col("closes_at") + dt.timedelta(minutes=parameters.bar_settle_minutes)
    is_settled = pl.lit(value=False) if live_at is None else settles_at <= live_at
    expected = spans.join(sessions.select("session", "closes_at"), how="cross").filter(
        (pl.col("session") >= begin) & ((pl.col("session") <= pl.col("last").max()) | is_settled)
    )
    return expected.join(bars, on=_KEY, how="anti").select(core.MissingSession.column_names()).sort(_KEY)
