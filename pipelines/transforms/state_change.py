"""What a build states otherwise than the build before it (docs/methods.md, B8).

Belongs here: the difference of two builds' states, stretch by stretch. Not here: states as stretches
(``state_spell``), why they differ (``change_cause``), keeping the log (``storage``).
"""

from __future__ import annotations

import polars as pl

from pipelines.transforms.state_spell import CALENDAR, COVERAGE

SUBJECT = ("subject_kind", "subject_id", "aspect")
_COUNTS = ("stretches", "changed_sessions")
CHANGE = (*SUBJECT, "first_session", "last_session", *_COUNTS, "series_id", "from_state", "to_state")
MOST_STRETCHES = 10
"""An aspect of a subject that differs in more stretches has one row for all: a log is read, and other parameters turn
every phase of thirty years of a stock a little earlier or later."""
_ONSETS = ("medium_since", "major_since", "verdict_since")
"""A price that turns a phase says its onset by its session, so these are compared on common sessions only."""


def differing_states(before: pl.DataFrame, now: pl.DataFrame, sessions: pl.DataFrame) -> pl.DataFrame:
    """Return what two builds state differently, and what the later one states of sessions the earlier did not reach.

    Args:
        before: Stretches of the earlier build (``kept.StatedSpell``, the facts of the build apart), with coverage.
        now: The same of the later build.
        sessions: ``core.Session``; stretches begin and end on these.

    Returns:
        The columns of ``CHANGE``, and ``is_restated``: whether both builds cover the sessions.
    """
    restated, moved = restated_states(before, now, sessions), moved_states(before, now)
    return pl.concat(
        [restated.with_columns(is_restated=pl.lit(value=True)), moved.with_columns(is_restated=pl.lit(value=False))]
    )


def restated_states(before: pl.DataFrame, now: pl.DataFrame, sessions: pl.DataFrame) -> pl.DataFrame:
    """Return where two builds differ on sessions that both cover, one row per subject, aspect and unbroken stretch.

    Of more than ``MOST_STRETCHES`` there is one row, with the states of the last one. A series that only one of the
    builds has is not compared. A subject that only one of them has, on a series that both have, such as a detected
    level, is stated as null by the other.

    Args:
        before: see ``differing_states``.
        now: see there.
        sessions: see there.

    Returns:
        The columns of ``CHANGE``, key: the subject and ``first_session``.
    """
    edges = pl.concat(_stated(spells).select(*SUBJECT, "series", "first_session") for spells in (before, now))
    at_edges = (
        edges.join(_common(before, now), on="series")
        .with_columns(pl.max_horizontal("first_session", "covered_from"))
        .filter(pl.col("first_session") <= pl.col("covered_to"))
        .unique([*SUBJECT, "first_session"])
        .sort(*SUBJECT, "first_session")
    )
    compared = _as_of(_as_of(at_edges, before, "from_state"), now, "to_state")
    turns = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift(1)) for name in ("from_state", "to_state")) | (
        pl.int_range(pl.len()) == 0
    )
    stretches = compared.filter(turns.over(SUBJECT)).with_columns(
        next_first=pl.col("first_session").shift(-1).over(SUBJECT)
    )
    changed = stretches.filter(pl.col("from_state").ne_missing(pl.col("to_state")))
    return _bounded(_on_sessions(changed, sessions))


def moved_states(before: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    """Return the changes of states at sessions that the earlier build did not reach, one row per change.

    ``from_state`` is what stands at the session before by the later build. Left out are onsets, as they follow, and
    that a level has no state any more after it ended.

    Args:
        before: see ``differing_states``.
        now: see there.

    Returns:
        The columns of ``CHANGE``; first and last session are that of the change.
    """
    reached = _coverage(before).select("series", reached="last_session")
    previous = pl.col("state").shift(1).over(SUBJECT, order_by="first_session")
    changes = _stated(now).with_columns(previous=previous).join(reached, on="series")
    return changes.filter(
        pl.col("first_session") > pl.col("reached"),
        ~pl.col("aspect").is_in(_ONSETS),
        (pl.col("subject_kind") != "level") | pl.col("state").is_not_null(),
        pl.col("state").ne_missing(pl.col("previous")),
    ).select(
        *SUBJECT,
        "first_session",
        last_session="first_session",
        **dict.fromkeys(_COUNTS, pl.lit(1, pl.Int64)),
        series_id="series",
        from_state="previous",
        to_state="state",
    )


def _stated(spells: pl.DataFrame) -> pl.DataFrame:
    return spells.filter(~pl.col("subject_kind").is_in([COVERAGE, CALENDAR]))


def _coverage(spells: pl.DataFrame) -> pl.DataFrame:
    return spells.filter(pl.col("subject_kind") == COVERAGE)


def _common(before: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    """Return the span of each series that both builds cover."""
    both = _coverage(before).join(_coverage(now), on="series", suffix="_now")
    return both.select(
        "series",
        covered_from=pl.max_horizontal("first_session", "first_session_now"),
        covered_to=pl.min_horizontal("last_session", "last_session_now"),
    )


def _as_of(edges: pl.DataFrame, spells: pl.DataFrame, name: str) -> pl.DataFrame:
    """Add what a build states at the edge of each stretch; null before its first stretch and without any."""
    stated = _stated(spells).select(*SUBJECT, "first_session", pl.col("state").alias(name))
    return (
        edges.sort("first_session")
        .join_asof(stated.sort("first_session"), on="first_session", by=list(SUBJECT), check_sortedness=False)
        .sort(*SUBJECT, "first_session")
    )


def _on_sessions(changed: pl.DataFrame, sessions: pl.DataFrame) -> pl.DataFrame:
    """Return the stretches from their first to their last session; one without any is none."""
    days = sessions["session"].sort()
    begins = days.search_sorted(changed["first_session"], side="left")
    after = pl.min_horizontal("next_first", pl.col("covered_to").dt.offset_by("1d"))
    ends = days.search_sorted(changed.select(after).to_series(), side="left")
    placed = changed.with_columns(begin=begins.cast(pl.Int64), end=ends.cast(pl.Int64) - 1)
    kept = placed.filter(pl.col("begin") <= pl.col("end"))
    return kept.with_columns(
        first_session=days.gather(kept["begin"]),
        last_session=days.gather(kept["end"]),
        stretches=pl.lit(1, pl.Int64),
        changed_sessions=pl.col("end") - pl.col("begin") + 1,
        series_id="series",
    ).select(CHANGE)


def _bounded(stretches: pl.DataFrame) -> pl.DataFrame:
    """Return the stretches, those of a subject and aspect as one row where they are too many."""
    are_many = pl.len().over(SUBJECT) > MOST_STRETCHES
    together = (
        stretches.filter(are_many)
        .group_by(SUBJECT, maintain_order=True)
        .agg(
            pl.col("first_session", "series_id").first(),
            pl.col("last_session", "from_state", "to_state").last(),
            pl.col(_COUNTS).sum(),
        )
    )
    return pl.concat([stretches.filter(~are_many), together.select(CHANGE)]).sort(*SUBJECT, "first_session")
