"""What to ask a vendor for, from what was asked before, and what becomes of an answer.

Belongs here: which days of which symbol are due, refusals that are not asked again for a while, and rows of
``raw.fetch_outcome`` (docs/methods.md, B8). Not here: asking, or reading the answers (``pipelines.ingestion``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence

import polars as pl

from pipelines.contracts import raw
from pipelines.parameters import Parameters

UNKNOWN_MARK = "(HTTP 404"
"""Stands in ``outcome_detail`` where the vendor said that it has no such symbol."""

_NEW_YORK = "America/New_York"
_MOMENT = pl.Datetime("us", "UTC")


def due_questions(
    symbols: Sequence[str],
    outcomes: pl.DataFrame,
    calendar: pl.DataFrame,
    now: dt.datetime,
    whole_from: dt.date,
    parameters: Parameters,
    *,
    whole_history: bool = False,
    suspects: Collection[str] = (),
) -> pl.DataFrame:
    """Return what is due of each symbol: nothing, the last sessions again with what is new, or the whole history.

    Where the last answer covers the last settled session, nothing is due. Else the ``refetch_sessions`` sessions up to
    the last one covered and all since. The whole history is due where it was never read, where reading it failed since,
    with ``whole_history`` where it was read ``whole_history_days`` ago or more, and in the place of the last sessions
    of a suspect, as a vendor may have mended what lies before them; once also where the first history was odd, as it
    says itself (``outcome_detail``). A symbol whose refusal says when
    to ask again waits until then.

    Args:
        symbols: Vendor's symbols, each once.
        outcomes: ``raw.FetchOutcome`` rows of them.
        calendar: Sessions with ``closes_at``, from sixty days before the oldest ``asked_to`` of an ``ok`` to now.
        now: The moment of the question.
        whole_from: First day asked for where the whole history is.
        parameters: see above, and ``bar_settle_minutes``.
        whole_history: Whether to read old histories again.
        suspects: Instruments of which some bar is held back.

    Returns:
        One row per symbol: vendor_symbol, instrument_id (of its last ``ok``, else the symbol), asked_from, asked_to
        (the last settled session), ``status`` (ask, covered or waiting), ``had_bars``, and ``unknown_before``: since
        when the vendor does not know it any more, null where it does.

    Raises:
        ValueError: the calendar has no session that had settled.
    """
    settled_by = now - dt.timedelta(minutes=parameters.bar_settle_minutes)
    settled = calendar.filter(pl.col("closes_at") <= settled_by)["session"].max()
    if not isinstance(settled, dt.date):
        raise ValueError(f"raw.fetch_outcome: expected a calendar with a session settled by {now}, was none")
    asked = pl.DataFrame({"vendor_symbol": list(symbols)}, schema={"vendor_symbol": pl.String})
    state = asked.join(_states(outcomes, whole_from), on="vendor_symbol", how="left", maintain_order="left")
    old = pl.lit(whole_history) & (pl.col("whole_at") <= now - dt.timedelta(days=parameters.whole_history_days))
    whole_failed = (pl.col("whole_failed_at") > pl.col("whole_at")).fill_null(value=False)
    is_covered = (pl.col("covered_to") >= settled).fill_null(value=False)
    is_suspect = pl.col("instrument_id").is_in(list(suspects)) | (pl.col("was_odd") & (pl.col("whole_reads") == 1))
    is_whole = pl.col("whole_at").is_null() | whole_failed | old | (is_suspect.fill_null(value=False) & ~is_covered)
    is_waiting = (pl.col("ask_again_from") > now).fill_null(value=False)
    return _with_overlap(state, calendar, parameters).select(
        "vendor_symbol",
        instrument_id=pl.coalesce("instrument_id", "vendor_symbol"),
        asked_from=pl.when(is_whole).then(pl.lit(whole_from)).otherwise("overlap_from"),
        asked_to=pl.lit(settled),
        status=pl.when(is_covered & ~is_whole)
        .then(pl.lit("covered"))
        .when(is_waiting)
        .then(pl.lit("waiting"))
        .otherwise(pl.lit("ask")),
        had_bars=pl.col("covered_to").is_not_null(),
        unknown_before="unknown_before",
    )


def _states(outcomes: pl.DataFrame, whole_from: dt.date) -> pl.DataFrame:
    """Return one row per symbol that was asked for: what is covered, and what failed since."""
    is_ok = pl.col("outcome") == "ok"
    is_whole = pl.col("asked_from") == whole_from
    at = pl.col("fetched_at")
    rows = outcomes.sort("fetched_at").with_columns(ok_at=at.filter(is_ok).max().over("vendor_symbol"))
    # At one moment an answer outweighs a refusal.
    is_since = ~is_ok & (at > pl.col("ok_at").fill_null(dt.datetime(1, 1, 1, tzinfo=dt.UTC)))
    is_unknown = pl.col("outcome_detail").str.contains(UNKNOWN_MARK, literal=True).fill_null(value=False)
    return rows.group_by("vendor_symbol").agg(
        instrument_id=pl.col("instrument_id").filter(is_ok).last(),
        covered_to=pl.col("asked_to").filter(is_ok).max(),
        whole_at=at.filter(is_ok & is_whole).max(),
        whole_reads=(is_ok & is_whole).sum(),
        was_odd=pl.col("outcome_detail").filter(is_ok & is_whole).is_not_null().any(),
        whole_failed_at=at.filter(~is_ok & is_whole).max(),
        ask_again_from=pl.col("ask_again_from").filter(is_since).max(),
        unknown_before=at.filter(is_since & is_unknown).min(),
    )


def _with_overlap(state: pl.DataFrame, calendar: pl.DataFrame, parameters: Parameters) -> pl.DataFrame:
    """Add the first session to ask for again."""
    sessions = calendar.select(pl.col("session").sort())
    back = parameters.refetch_sessions - 1
    starts = sessions.select("session", overlap_from=pl.col("session").shift(back).fill_null(pl.col("session").min()))
    covered = state.select(pl.col("covered_to").unique().drop_nulls().sort())
    overlaps = covered.join_asof(starts, left_on="covered_to", right_on="session", strategy="backward")
    return state.join(overlaps.drop("session", strict=False), on="covered_to", how="left", maintain_order="left")


def outcome_rows(answers: pl.DataFrame, known: pl.DataFrame, parameters: Parameters) -> pl.DataFrame:
    """Return the rows of ``raw.FetchOutcome`` to append for answers.

    A symbol that the vendor does not know is ``delisted`` where it had bars and was unknown on an earlier day already;
    else that is an ``http_error``, since the vendor says the same of any symbol in trouble. It is asked for again after
    ``ask_again_unknown_days``, or after ``ask_again_empty_days`` where it had bars and is unknown for the first time.
    An ``empty`` one after ``ask_again_empty_days``, a ``rate_limited`` one after ``ask_again_limited_minutes``, any
    other at once. Days are dates in New York, so that a run a minute earlier than yesterday's asks again.

    Args:
        answers: ``raw.FetchOutcome`` short of ask_again_from, with is_unknown, had_bars and unknown_before.
        known: ``raw.FetchOutcome`` rows of the same symbols since the first ``fetched_at`` of the answers. An answer
            stored already is left out; one that came at the very moment of another is put a microsecond after it.
        parameters: see above.
    """
    unknown = pl.col("is_unknown")
    day = pl.col("fetched_at").dt.convert_time_zone(_NEW_YORK).dt.date()
    was_unknown = (pl.col("unknown_before").dt.convert_time_zone(_NEW_YORK).dt.date() < day).fill_null(value=False)
    is_delisted = unknown & pl.col("had_bars") & was_unknown
    is_first = unknown & pl.col("had_bars") & ~was_unknown

    def midnight_after(days: int) -> pl.Expr:
        midnight = day.dt.offset_by(f"{days}d").cast(pl.Datetime("us")).dt.replace_time_zone(_NEW_YORK)
        return midnight.dt.convert_time_zone("UTC").cast(_MOMENT)

    minutes = dt.timedelta(minutes=parameters.ask_again_limited_minutes)
    judged = answers.with_columns(
        outcome=pl.when(is_delisted).then(pl.lit("delisted")).otherwise("outcome"),
        ask_again_from=pl.when(is_first | (pl.col("outcome") == "empty"))
        .then(midnight_after(parameters.ask_again_empty_days))
        .when(unknown)
        .then(midnight_after(parameters.ask_again_unknown_days))
        .when(pl.col("outcome") == "rate_limited")
        .then(pl.col("fetched_at") + minutes),
    )
    return _unstored(judged.select(raw.FetchOutcome.column_names()), known)


def _unstored(rows: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    question = ["vendor_symbol", "asked_from", "asked_to"]
    stored = known.select(*question, "outcome", "payload_hash", at="fetched_at")
    same = rows.join(stored, on=[*question, "outcome", "payload_hash"], how="inner", nulls_equal=True).filter(
        pl.col("at") >= pl.col("fetched_at")
    )
    new = rows.join(same, on=question, how="anti")
    latest = stored.group_by(question).agg(pl.col("at").max())
    after = pl.col("at") + dt.timedelta(microseconds=1)
    is_taken = (pl.col("at") >= pl.col("fetched_at")).fill_null(value=False)
    return (
        new.join(latest, on=question, how="left")
        .with_columns(fetched_at=pl.when(is_taken).then(after).otherwise("fetched_at"))
        .select(raw.FetchOutcome.column_names())
        .sort(raw.FetchOutcome.primary_key())
    )
