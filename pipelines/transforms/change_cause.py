"""Why a build states something else than the build before it, and what speaks for it (docs/methods.md, B8).

Belongs here: causes of changed states, and the rows of ``core.state_change``. Not here: finding the changes
(``state_change``), what speaks for a cause (``change_evidence``).
"""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

import polars as pl

from pipelines.contracts import core
from pipelines.contracts.kept import StatedSpell
from pipelines.transforms.change_evidence import NO_FACTS, ROW, facts_at, facts_up_to
from pipelines.transforms.state_change import CHANGE
from pipelines.transforms.state_spell import OF_BUILD

Reason = tuple[str, pl.DataFrame | str | None]
"""A cause, and what speaks for it: of each change (``ROW``, ``fact``), or the same of all; none for nothing."""


class Learnt(NamedTuple):
    """What was learnt between two builds: instrument_id, session and ``fact`` in words (``change_evidence``)."""

    bars: pl.DataFrame = NO_FACTS
    actions: pl.DataFrame = NO_FACTS
    calendar: pl.DataFrame = NO_FACTS


class StatedBuild(NamedTuple):
    """Facts of a build whose states are compared."""

    build_number: int
    known_at: dt.datetime
    data_snapshot: str | None
    parameter_set_id: str
    code_version: str


def builds_of(spells: pl.DataFrame) -> list[StatedBuild]:
    """Return the builds whose states are remembered (``kept.StatedSpell``), the newest last."""
    return [StatedBuild(*row) for row in spells.select(OF_BUILD).unique().sort("build_number").rows()]


def state_changes(differing: pl.DataFrame, before: StatedBuild, now: StatedBuild, learnt: Learnt) -> pl.DataFrame:
    """Return how the states of a build differ from those of the one before, with cause and evidence.

    Changes at sessions that the build before did not reach have the cause ``price``. Others have the first that holds:
    ``param_change`` where the parameter set is another; ``calendar_fix`` where a month up to the change has other
    sessions; ``corporate_action`` and ``vendor_revision`` where one came in between for an instrument that the state
    stands on, of a session up to the change; ``vendor_revision`` where the book of levels is another;
    ``param_change`` where only the code is; else ``vendor_revision`` with the facts that differ. Of several stretches
    in one row it is the cause of the first.

    Args:
        differing: See ``differing_states``.
        before: The build before.
        now: This build; its number is that of the comparison.
        learnt: What came in between.

    Returns:
        ``core.StateChange``, sorted by its key.
    """
    restated = differing.filter("is_restated").select(CHANGE)
    moved = differing.filter(~pl.col("is_restated")).select(CHANGE)
    explained = [
        _explained(restated, _reasons(restated, before, now, learnt)),
        _explained(moved, [("price", facts_at(moved, learnt.bars)), ("price", "no new bar of the session")]),
    ]
    return (
        pl.concat(explained)
        .with_columns(
            comparison_number=pl.lit(now.build_number, pl.Int64),
            previous_known_at=_moment(before.known_at),
            known_at=_moment(now.known_at),
            previous_data_snapshot=pl.lit(before.data_snapshot, pl.String),
            data_snapshot=pl.lit(now.data_snapshot, pl.String),
        )
        .select(core.StateChange.column_names())
        .sort(core.StateChange.primary_key())
    )


def stated_by(spells: pl.DataFrame, build: StatedBuild) -> pl.DataFrame:
    """Return the stretches of one build of those remembered (``kept.StatedSpell``)."""
    return spells.filter(pl.col("build_number") == build.build_number)


def as_build(stated: pl.DataFrame, build: StatedBuild) -> pl.DataFrame:
    """Return stretches with the facts of their build, as ``kept.StatedSpell``."""
    facts = build._asdict() | {"known_at": None, "data_snapshot": None}
    return stated.with_columns(
        **{name: pl.lit(value) for name, value in facts.items() if value is not None},
        known_at=_moment(build.known_at),
        data_snapshot=pl.lit(build.data_snapshot, pl.String),
    ).select(pl.col(name).cast(column.dtype) for name, column in StatedSpell.columns().items())


def _moment(value: dt.datetime) -> pl.Expr:
    return pl.lit(value).cast(pl.Datetime("us", "UTC"))


def _reasons(changes: pl.DataFrame, before: StatedBuild, now: StatedBuild, learnt: Learnt) -> list[Reason]:
    """Return the causes of changes on common sessions, the first that holds first."""
    book = _differing_facts(before, now, "level")
    of_levels = changes.filter(pl.col("subject_kind") == "level", pl.lit(book is not None))
    return [
        ("param_change", _turn("parameter set", before.parameter_set_id, now.parameter_set_id)),
        ("calendar_fix", facts_up_to(changes, learnt.calendar)),
        ("corporate_action", facts_up_to(changes, learnt.actions)),
        ("vendor_revision", facts_up_to(changes, learnt.bars)),
        ("vendor_revision", of_levels.select(*ROW, fact=pl.lit(book, pl.String))),
        ("param_change", _turn("code", before.code_version, now.code_version)),
        ("vendor_revision", _differing_facts(before, now) or "nothing of a session up to it"),
    ]


def _explained(changes: pl.DataFrame, reasons: list[Reason]) -> pl.DataFrame:
    """Add cause and evidence: of the first reason that has something to say of the change."""
    rows = changes.with_columns(cause=pl.lit(None, pl.String), evidence=pl.lit(None, pl.String))
    for cause, said in reasons:
        facts = said if isinstance(said, pl.DataFrame) else changes.select(*ROW, fact=pl.lit(said, pl.String))
        is_it = pl.col("evidence").is_null() & pl.col("fact").is_not_null()
        rows = rows.join(facts, on=list(ROW), how="left").select(
            *CHANGE,
            cause=pl.when(is_it).then(pl.lit(cause)).otherwise("cause"),
            evidence=pl.coalesce("evidence", "fact"),
        )
    return rows


def _turn(name: str, before: str, now: str) -> str | None:
    return f"{name} {before} -> {now}" if before != now else None


def _differing_facts(before: StatedBuild, now: StatedBuild, only: str | None = None) -> str | None:
    """Return the facts of the two snapshots that differ, in words; None for none."""
    was, is_now = (dict(part.split("=", 1) for part in (build.data_snapshot or "").split()) for build in (before, now))
    names = [name for name in sorted(was | is_now) if only in (None, name) and was.get(name) != is_now.get(name)]
    return ", ".join(f"{name} {was.get(name, 'none')} -> {is_now.get(name, 'none')}" for name in names) or None
