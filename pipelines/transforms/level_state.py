"""States of levels: every published and detected level at every close, stored as changes.

Belongs here: ``core.level_state`` (docs/methods.md, B4): the run of the machine over the rows of each instrument.
Not here: the machine's rules (see ``scan.level``), which levels stand when (``level_standing``), what the break of one
means for its set (``level_chain``).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.contracts.core import LevelState
from pipelines.contracts.vocabulary import LEVEL_CAUSES
from pipelines.parameters import Parameters
from pipelines.transforms.level_chain import with_chain
from pipelines.transforms.level_standing import standing_levels
from pipelines.transforms.scan.level import CAUSE, NEVER, NO_CAUSE, RESISTANCE, SUPPORT, Memory, Rules, State
from pipelines.transforms.scan.level_run import NO_ROW, Bars, Bounds, Run, Stands

SIDES = {"support": SUPPORT, "resistance": RESISTANCE}
_DATES = {"state_since": "state_row", "last_event_session": "cause_row", **{name: name for name in Memory.DATES}}
"""Column of the table, and where the machine remembers its row."""


def level_states(
    prices: pl.DataFrame, averages: pl.DataFrame, levels: pl.DataFrame, zones: pl.DataFrame, parameters: Parameters
) -> pl.DataFrame:
    """Return the state of every level, one row per stretch of sessions without a change.

    Args:
        prices: ``core.SeriesPrice`` of any number of series, in any order.
        averages: ``core.MovingAverage`` of the same rows, for ``atr_14``.
        levels: ``core.Level``.
        zones: ``core.Zone`` of the same instruments.
        parameters: The ``level_`` and ``zone_`` thresholds.

    Returns:
        ``core.LevelState``, sorted by level and first session. Apart from ``valid_to``, rows up to a session do not
        change with later ones.
    """
    rows = (
        prices.filter(pl.col("series_kind") == "instrument")
        .join(averages.select("series_id", "session", "atr_14"), on=["series_id", "session"], how="left")
        .select(
            "series_id",
            "session",
            "close",
            pl.col("high").fill_null(pl.col("close")),
            pl.col("low").fill_null(pl.col("close")),
            "atr_14",
        )
        .sort("series_id", "session")
    )
    found: list[pl.DataFrame] = [LevelState.create_empty()]
    for (series,), own in rows.partition_by("series_id", as_dict=True, maintain_order=True).items():
        of_series = pl.col("instrument_id") == series
        found.append(
            _of_instrument(own.with_row_index("row"), levels.filter(of_series), zones.filter(of_series), parameters)
        )
    return with_chain(pl.concat(found), levels, rows).sort(LevelState.primary_key())


def rules_of(parameters: Parameters) -> Rules:
    """Return the thresholds of the machine."""
    return Rules(
        tolerance=parameters.level_tolerance_atr,
        tolerance_pct=parameters.level_tolerance_pct,
        break_distance=parameters.level_break_atr,
        hold=parameters.level_hold_atr,
        test=parameters.level_test_sessions,
        reversal=parameters.level_reversal_sessions,
        reclaim=parameters.level_reclaim_sessions,
    )


def _of_instrument(
    rows: pl.DataFrame, levels: pl.DataFrame, zones: pl.DataFrame, parameters: Parameters
) -> pl.DataFrame:
    """Return the states of the levels of one instrument, without their chain."""
    standing = standing_levels(rows, levels, zones, parameters)
    ids = standing.stands["level_id"].unique().sort()
    number = pl.col("level_id").replace_strict(ids, pl.int_range(len(ids), eager=True), return_dtype=pl.Int64)
    stands = standing.stands.sort("first_row", "level_id").with_columns(
        pl.col("first_row", "start_row", "end_row").fill_null(NO_ROW),
        level_id=number,
        end_cause=pl.col("end_cause").replace_strict(CAUSE, return_dtype=pl.Int64).fill_null(NO_CAUSE),
        side=pl.col("side").replace_strict(SIDES, return_dtype=pl.Int64),
    )
    found = Run(
        Bars(
            *(rows[name].cast(pl.Float64).fill_null(np.nan).to_numpy() for name in ("close", "high", "low", "atr_14"))
        ),
        Stands(*(column.to_numpy() for column in stands)),
        Bounds(*(column.to_numpy() for column in standing.bounds.with_columns(level_id=number))),
        rules_of(parameters),
    ).changes()
    remembered = dict(zip(Memory.COLUMNS, found.memory, strict=True))
    changes = pl.DataFrame({name: found._asdict()[name] for name in found._fields[:-1]} | remembered)
    return _as_states(changes, ids, rows, levels)


def _as_states(changes: pl.DataFrame, ids: pl.Series, rows: pl.DataFrame, levels: pl.DataFrame) -> pl.DataFrame:
    """Return changes of rows and numbers as stretches of sessions and names."""
    session, name_of_side = rows["session"], {number: name for name, number in SIDES.items()}
    is_over = pl.col("state").is_in([State.EXPIRED, State.SUPERSEDED])
    last_row = pl.when(is_over).then("row").otherwise(pl.col("row").shift(-1).over("level") - 1)
    dated = changes.sort("level", "row").with_columns(last_row.alias("valid_to"))
    for name, column in {**_DATES, "valid_to": "valid_to", "valid_from": "row"}.items():
        known = dated[column].set(dated[column] == NEVER, None)
        dated = dated.with_columns(session.gather(known).alias(name))
    state = pl.col("state").replace_strict({state.value: state.name.lower() for state in State}, return_dtype=pl.String)
    is_cleared = (pl.col("state") == State.BROKEN) & (pl.col("side") == SIDES["resistance"])
    return (
        dated.with_columns(level_id=ids.gather(dated["level"]))
        .join(
            levels.select("level_id", "set_id", published_low="low", published_high="high", published_role="role"),
            on="level_id",
            how="left",
            maintain_order="left",
        )
        .with_columns(
            instrument_id=pl.lit(rows["series_id"][0]),
            origin=pl.when(pl.col("set_id").is_null()).then(pl.lit("detected")).otherwise(pl.lit("published")),
            role=pl.coalesce(
                "published_role", pl.col("first_side").replace_strict(name_of_side, return_dtype=pl.String)
            ),
            side=pl.col("side").replace_strict(name_of_side, return_dtype=pl.String),
            low=pl.coalesce("published_low", "low"),
            high=pl.coalesce("published_high", "high"),
            evaluated_low="low",
            evaluated_high="high",
            state=pl.when(is_cleared).then(pl.lit("cleared")).otherwise(state),
            last_event=pl.col("cause").replace_strict(
                dict(enumerate(LEVEL_CAUSES)), default=None, return_dtype=pl.String
            ),
            is_exposed=pl.lit(None, pl.Boolean),
            thesis_state=pl.lit(None, pl.String),
        )
        .select(LevelState.column_names())
    )
