"""What a build states of its series, as stretches: small enough to be remembered until the next build.

Belongs here: the rows of ``kept.StatedSpell``, short of the facts of the build. Not here: comparing two builds
(``state_change``), phases and their spells (``trend``, ``trend_spell``).
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from pipelines.contracts.kept import StatedSpell

COVERAGE, CALENDAR = "coverage", "calendar"
"""Kinds of rows that are no states: which sessions a series has, and which the calendar has."""
STOCK_TREND = "stock_trend"
"""The kind of the trends of stocks: a stock and an index may have one name."""
OF_BUILD = ("build_number", "known_at", "data_snapshot", "parameter_set_id", "code_version")
TREND_ASPECTS = ("medium_phase", "medium_since", "major_phase", "major_since")
_COLUMNS = [name for name in StatedSpell.column_names() if name not in OF_BUILD]
_SUBJECT = ("subject_kind", "subject_id", "aspect")
_EXCHANGE = "XNYS"
_ENDED = ("expired", "superseded")


def stated_trends(states: pl.DataFrame) -> pl.DataFrame:
    """Return phases and their onsets (``core.TrendState``) as stretches."""
    return _of_sessions(states, "trend", {aspect: pl.col(aspect) for aspect in TREND_ASPECTS})


def stated_stock_trends(states: pl.DataFrame) -> pl.DataFrame:
    """Return phases and their onsets of stocks (``core.StockTrendState``) as stretches, with what they cover."""
    rows = states.rename({"instrument_id": "series_id"})
    stretches = _of_sessions(rows, STOCK_TREND, {aspect: pl.col(aspect) for aspect in TREND_ASPECTS})
    return pl.concat([stretches, covered(rows)])


def stated_regimes(regimes: pl.DataFrame) -> pl.DataFrame:
    """Return verdicts and their onsets (``core.RelativeRegime``) as stretches."""
    aspects = {"verdict": pl.col("verdict"), "verdict_since": pl.col("since")}
    return _of_sessions(regimes.rename({"pair_id": "series_id"}), "regime", aspects)


def stated_records(records: pl.DataFrame) -> pl.DataFrame:
    """Return the standing records (``core.RecordState``) by basis as stretches, such as ``2442.74 on 2021-11-08``."""
    said = pl.format("{} on {}", pl.col("record").round(6), "record_session")
    return pl.concat(
        _of_sessions(of_basis, "record", {f"record_{basis}": said}) for (basis,), of_basis in _by(records, "basis")
    )


def stated_levels(states: pl.DataFrame, sessions: pl.DataFrame) -> pl.DataFrame:
    """Return the states of levels as stretches; from the session after a level ended there is none.

    Args:
        states: ``core.LevelState``.
        sessions: ``core.Session``.
    """
    rows = states.select("level_id", "state", session="valid_from", series_id="instrument_id")
    ended = rows.filter(pl.col("state").is_in(_ENDED))
    days = sessions["session"].sort()
    after = days.search_sorted(ended["session"], side="right")
    nothing = ended.with_columns(
        session=days.gather(after.set(after >= len(days), None)), state=pl.lit(None, pl.String)
    ).drop_nulls("session")
    # Unless it is back on the very next session.
    gone = nothing.join(rows, on=["level_id", "session"], how="anti")
    return _of_sessions(pl.concat([rows, gone]), "level", {"level_state": pl.col("state")}, subject="level_id")


def covered(prices: pl.DataFrame) -> pl.DataFrame:
    """Return the first and the last session of each series (``core.SeriesPrice``)."""
    spans = prices.group_by(subject_id="series_id").agg(
        first_session=pl.col("session").min(), last_session=pl.col("session").max()
    )
    return spans.with_columns(
        subject_kind=pl.lit(COVERAGE), aspect=pl.lit("bars"), series="subject_id", state=pl.lit(None, pl.String)
    ).select(_COLUMNS)


def calendar_months(sessions: pl.DataFrame) -> pl.DataFrame:
    """Return the sessions of each month (``core.Session``): their days, those with an early close with a star."""
    star = pl.when("is_early_close").then(pl.lit("*")).otherwise(pl.lit(""))
    days = pl.concat_str(pl.col("session").dt.day(), star).sort_by("session").str.join(" ")
    months = sessions.group_by(subject_id="month").agg(
        first_session=pl.col("session").min(), last_session=pl.col("session").max(), state=days
    )
    return months.with_columns(
        subject_kind=pl.lit(CALENDAR), aspect=pl.lit("sessions"), series=pl.lit(_EXCHANGE)
    ).select(_COLUMNS)


def _by(frame: pl.DataFrame, column: str) -> list[tuple[tuple[object, ...], pl.DataFrame]]:
    return sorted(frame.partition_by(column, as_dict=True).items(), key=lambda item: str(item[0]))


def _of_sessions(
    rows: pl.DataFrame, kind: str, aspects: Mapping[str, pl.Expr], subject: str = "series_id"
) -> pl.DataFrame:
    """Return the stretches of each subject on which an aspect does not change, from rows in any order.

    A stretch holds until the next one begins; ``last_session`` is that of its last row.
    """
    ordered = rows.sort(subject, "session").with_row_index("row")
    is_other = pl.col(subject).ne_missing(pl.col(subject).shift(1)) | (pl.col("row") == 0)
    stretches = []
    for aspect, state in aspects.items():
        begins = ordered.filter(is_other | state.ne_missing(state.shift(1)))
        last_row = begins["row"].cast(pl.Int64).shift(-1, fill_value=ordered.height) - 1
        found = begins.select(
            subject_kind=pl.lit(kind),
            subject_id=subject,
            aspect=pl.lit(aspect),
            first_session="session",
            last_session=ordered["session"].gather(last_row),
            series="series_id",
            state=state.cast(pl.String),
        )
        stretches.append(found.select(_COLUMNS))
    return pl.concat(stretches).sort(*_SUBJECT, "first_session")
