"""Record highs: where a series stands against its record, per basis and session, and the events around it.

Belongs here: what the record is measured from, the record, the drawdown, proximity, episodes near the record.
Not here: levels that stem from a record; which index has no record for how long (a question, see ``sql``).
"""

from __future__ import annotations

import polars as pl

from pipelines.contracts import core
from pipelines.parameters import Parameters

PERCENT = 100.0
BEFORE_FIRST_ROW = -1
"""Row number of a seeded record: the row before the first."""


def record_states(
    prices: pl.DataFrame, averages: pl.DataFrame, instruments: pl.DataFrame, parameters: Parameters
) -> pl.DataFrame:
    """Return the standing of every series against its record high, per basis and session.

    Definitions: docs/methods.md B3. A close makes the record of basis ``close``, a high that of basis ``intraday``,
    which pairs do not have. A record is new when it exceeds the one before by more than half a tick; an equal value
    moves neither the record nor its session. The first value of a series without a seeded record sets the record
    without being a new one.

    Args:
        prices: ``core.SeriesPrice``, one row per series and session.
        averages: ``core.MovingAverage``, of which ``atr_14`` is read.
        instruments: ``core.Instrument``: tick size, first session of trusted ranges, record before the first bar.
        parameters: ``approach_pct``, ``retest_pct`` and ``retest_atr``.

    Returns:
        ``core.RecordState``, sorted by series, basis and session; drawdown and proximity in per cent.

    Raises:
        ValueError: an instrument's series has no row in ``instruments``.
    """
    standings = _standings(prices, averages, instruments, parameters)
    return standings.select(core.RecordState.column_names()).sort(core.RecordState.primary_key())


def record_highs(
    prices: pl.DataFrame, averages: pl.DataFrame, instruments: pl.DataFrame, parameters: Parameters
) -> pl.DataFrame:
    """Return one row per event of the record highs; one session can make several.

    Every new record is a ``new_record``; it is ``fresh`` too where many sessions lie between it and the record
    before, and ``marginal`` too where it exceeds that one by little. Every session within reach below the intraday
    record is an ``approach`` or a ``retest``, numbered within its episode.

    Args:
        prices: ``core.SeriesPrice``.
        averages: ``core.MovingAverage``.
        instruments: ``core.Instrument``.
        parameters: those of B3.

    Returns:
        ``core.RecordHigh``, sorted by series, basis, session and event; ``gap_pct`` in per cent.

    Raises:
        ValueError: an instrument's series has no row in ``instruments``.
    """
    standings = _standings(prices, averages, instruments, parameters)
    rows = standings.with_columns(gap_pct=(pl.col("value") / pl.col("previous_value") - 1) * PERCENT)
    new = rows.filter("is_new_record").with_columns(episode_session=pl.lit(None, pl.Int64))
    is_fresh = pl.col("row") - pl.col("previous_row") - 1 >= parameters.fresh_after_sessions
    events = [
        new.with_columns(event=pl.lit("new_record")),
        new.filter(is_fresh).with_columns(event=pl.lit("fresh")),
        new.filter(pl.col("gap_pct") < parameters.marginal_pct).with_columns(event=pl.lit("marginal")),
        _near_the_record(rows, parameters),
    ]
    log = pl.concat([frame.select(core.RecordHigh.column_names()) for frame in events])
    return log.sort(core.RecordHigh.primary_key())


def _standings(
    prices: pl.DataFrame, averages: pl.DataFrame, instruments: pl.DataFrame, parameters: Parameters
) -> pl.DataFrame:
    """Return ``core.RecordState`` with the value, the record before it, its session and row, and the row number."""
    rows = _with_facts(prices, averages, instruments)
    first_session = pl.col("session").min().over("series_id")
    close = rows.with_columns(
        basis=pl.lit("close"),
        value=pl.col("close"),
        is_measured=pl.lit(value=True),
        history_from=pl.coalesce("record_seed_session", first_session),
    )
    has_had_range = pl.col("high").is_not_null().cum_max().over("series_id", order_by="session")
    from_first = pl.max_horizontal(first_session, "intraday_from")
    intraday = rows.filter(pl.col("series_kind") == "instrument").with_columns(
        basis=pl.lit("intraday"),
        value=pl.col("high"),
        is_measured=(pl.col("session") >= pl.col("intraday_from")).fill_null(has_had_range),
        history_from=from_first,
        is_all_time=pl.lit(value=False),  # a seed is a close; the highs before the first bar stay unknown
    )
    return pl.concat([close, intraday]).pipe(_with_floor).pipe(_with_record).pipe(_with_distances, parameters)


def _with_facts(prices: pl.DataFrame, averages: pl.DataFrame, instruments: pl.DataFrame) -> pl.DataFrame:
    """Return prices with the row number in the series, its instrument's facts and the average true range.

    A seeded record serves only a series that begins with the very session after it: between the seed and a later
    first bar a higher close may lie, and a series that begins earlier knows better.
    """
    facts = instruments.select(
        "tick_size",
        "intraday_from",
        "record_seed_close",
        "record_seed_session",
        "record_seed_first_session",
        series_id="instrument_id",
    )
    rows = prices.join(facts, on="series_id", how="left").join(
        averages.select("series_id", "session", "atr_14"), on=["series_id", "session"], how="left"
    )
    unknown = rows.filter(pl.col("tick_size").is_null() & (pl.col("series_kind") == "instrument"))["series_id"]
    if len(unknown):
        raise ValueError(f"core.instrument: expected a row for every series, was none for {unknown.unique().to_list()}")
    has_seed = pl.col("session").min().over("series_id") == pl.col("record_seed_first_session")
    seed = pl.when(has_seed).then(pl.col("record_seed_close", "record_seed_session"))
    return rows.with_columns(seed).with_columns(
        pl.col("tick_size").fill_null(0.0),
        row=pl.int_range(pl.len()).over("series_id", order_by="session"),
        is_all_time=pl.col("record_seed_close").is_not_null(),
    )


def _with_floor(rows: pl.DataFrame) -> pl.DataFrame:
    """Add the record that stands when the measuring starts: the seed, or the highest value of the rows before.

    Closes before the first trusted range are a known lower bound of the intraday record.
    """
    earlier = rows.filter(~pl.col("is_measured")).with_columns(bound=pl.max_horizontal("close", "high"))
    bounds = (
        earlier.sort("session")
        .group_by("series_id", "basis")
        .agg(pl.col("bound", "session", "row").get(pl.col("bound").arg_max()).name.prefix("earlier_"))
    )
    seeded = pl.col("record_seed_close") >= pl.col("earlier_bound").fill_null(float("-inf"))
    return rows.join(bounds, on=["series_id", "basis"], how="left").with_columns(
        floor=pl.max_horizontal("record_seed_close", "earlier_bound"),
        floor_session=pl.when(seeded).then("record_seed_session").otherwise("earlier_session"),
        floor_row=pl.when(seeded).then(BEFORE_FIRST_ROW).otherwise("earlier_row"),
    )


def _with_record(rows: pl.DataFrame) -> pl.DataFrame:
    """Add the record after and before each session, with the session and row that set it."""
    measured = pl.when("is_measured")
    highest = measured.then("value").cum_max().forward_fill()
    rows = rows.with_columns(
        record=measured.then(pl.max_horizontal("floor", _in_series(highest))),
        previous_value=measured.then(pl.max_horizontal("floor", _in_series(highest.shift(1)))),
    )
    half_tick = pl.col("tick_size") / 2
    is_new = (pl.col("value") > pl.col("previous_value") + half_tick).fill_null(value=False)
    is_first = pl.col("record").is_not_null() & pl.col("previous_value").is_null()
    setting = pl.when(is_new | is_first)
    session, row = (_in_series(setting.then(column).forward_fill()) for column in ("session", "row"))
    return rows.with_columns(
        is_new_record=is_new,
        record_session=pl.when(pl.col("record").is_not_null()).then(pl.coalesce(session, "floor_session")),
        record_row=pl.coalesce(row, "floor_row"),
        record_reason=pl.when(pl.col("record").is_null()).then(pl.lit("no_intraday_range")),
    ).with_columns(
        previous_session=pl.coalesce(_in_series(pl.col("record_session").shift(1)), "floor_session"),
        previous_row=pl.coalesce(_in_series(pl.col("record_row").shift(1)), "floor_row"),
    )


def _with_distances(rows: pl.DataFrame, parameters: Parameters) -> pl.DataFrame:
    """Add the drawdown, the sessions since the record, and the proximity of the session's high to the record before.

    A retest lies within the tolerance below the record, an approach farther below but within ``approach_pct``.
    """
    since = pl.when(pl.col("record").is_not_null()).then(pl.col("row") - pl.col("record_row"))
    gap_pct = (pl.col("high") / pl.col("previous_value") - 1) * PERCENT
    atr_pct = parameters.retest_atr * pl.col("atr_14") / pl.col("previous_value") * PERCENT
    tolerance_pct = pl.max_horizontal(pl.lit(parameters.retest_pct), atr_pct)
    return rows.with_columns(
        drawdown_pct=(pl.col("close") / pl.col("record") - 1) * PERCENT,
        sessions_since=since,
        sessions_between=pl.max_horizontal(since - 1, pl.when(since.is_not_null()).then(0)),
        proximity_pct=pl.when(pl.col("basis") == "intraday").then(gap_pct),
    ).with_columns(
        proximity=pl.when(pl.col("proximity_pct") > 0)
        .then(pl.lit("exceed"))
        .when(pl.col("proximity_pct") >= -tolerance_pct)
        .then(pl.lit("retest"))
        .when(pl.col("proximity_pct") >= -parameters.approach_pct)
        .then(pl.lit("approach"))
    )


def _near_the_record(rows: pl.DataFrame, parameters: Parameters) -> pl.DataFrame:
    """Return every approach and retest with its ordinal in the episode.

    An episode ends with the session that closes well below the record, and one starts with each new record.
    """
    has_ended = (pl.col("close") < parameters.episode_end_share * pl.col("previous_value")).fill_null(value=False)
    has_begun = pl.col("is_new_record") | has_ended.shift(1, fill_value=False)
    return (
        rows.with_columns(
            event=pl.col("proximity"),
            episode=_in_series(has_begun.cum_sum()),
        )
        .filter(pl.col("event").is_in(["approach", "retest"]))
        .with_columns(
            episode_session=pl.int_range(1, pl.len() + 1).over(
                "series_id", "basis", "episode", "event", order_by="session"
            )
        )
    )


def _in_series(value: pl.Expr) -> pl.Expr:
    """Return the window over a series and basis, oldest session first."""
    return value.over("series_id", "basis", order_by="session")
