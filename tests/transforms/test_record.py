"""Record highs: errors, and what holds of every series."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from pipelines.contracts import core
from pipelines.parameters import Parameters
from pipelines.transforms.record import record_highs, record_states
from tests.frames import days, prices
from tests.market import instrument

SEEDS = st.integers(0, 2**32 - 1)
SIZE = 150
DAYS = days(SIZE)
BOTH = (record_states, record_highs)
SHORT = Parameters(fresh_after_sessions=5)
# Instrument A is close-only for 20 sessions, B counts its ranges from the 30th, C has a seeded record.
FACTS = pl.concat(
    [
        instrument("A"),
        instrument("B", intraday_from=DAYS[30]),
        instrument("C", record_seed=(103.0, DAYS[0].replace(year=2019))),
    ]
)


def _prices(seed: int) -> pl.DataFrame:
    """Return walks of A, B, C and of the pair A/B, in ticks of 0.01, near their records for long."""
    random = np.random.default_rng(seed)
    frames = []
    for series in ("A", "B", "C", "A/B"):
        closes = np.round(100 * np.exp(np.cumsum(random.normal(0.0005, 0.01, SIZE))), 2)
        highs = np.round(closes * (1 + np.abs(random.normal(0, 0.004, SIZE))), 2).tolist()
        lows = (closes * 0.99).tolist()
        if series == "A":
            highs[:20] = lows[:20] = [None] * 20
        frames.append(prices(closes.tolist(), highs=highs, lows=lows, series_id=series))
    return pl.concat(frames)


def _averages(frame: pl.DataFrame) -> pl.DataFrame:
    """Return an average true range of 1.5, missing for ten sessions and for pairs."""
    is_given = (pl.col("session") >= DAYS[10]) & (pl.col("series_kind") == "instrument")
    return frame.select("series_id", "session", atr_14=pl.when(is_given).then(1.5))


def test_an_instrument_without_facts_is_an_error():
    frame = prices([1.0, 2.0], series_id="Z")
    with pytest.raises(ValueError, match=r"core\.instrument: expected a row for every series, was none for \['Z'\]"):
        record_states(frame, _averages(frame), FACTS, SHORT)


def test_without_prices_there_are_no_records():
    none = core.SeriesPrice.create_empty()
    for transform, table in zip(BOTH, (core.RecordState, core.RecordHigh), strict=True):
        out = transform(none, _averages(none), FACTS, SHORT)
        assert out.is_empty()
        assert table.is_valid(out)


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS)
def test_records_rise_and_agree_with_their_own_columns(seed: int):
    frame = _prices(seed)
    out = record_states(frame, _averages(frame), FACTS, SHORT)
    assert core.RecordState.is_valid(out)
    assert len(out) == 7 * SIZE, "expected two bases of three instruments and one of the pair"
    previous = pl.col("record").shift(1).over("series_id", "basis", order_by="session")
    assert out.filter(pl.col("record") < previous).is_empty()
    assert out.filter(pl.col("drawdown_pct") > 0).is_empty()
    silent = out.filter(pl.col("is_new_record") != (pl.col("record_session") == pl.col("session")))
    assert silent["session"].unique().to_list() == [DAYS[0]], "expected only a first value to set a record unannounced"
    distance = (pl.col("session") - pl.col("record_session")).dt.total_days()
    counted = out.filter(pl.col("record_session") >= DAYS[0])
    assert counted.filter(pl.col("sessions_since") != distance).is_empty()


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS)
def test_the_log_agrees_with_the_states(seed: int):
    frame = _prices(seed)
    states = record_states(frame, _averages(frame), FACTS, SHORT)
    log = record_highs(frame, _averages(frame), FACTS, SHORT)
    assert core.RecordHigh.is_valid(log)
    key = ["series_id", "basis", "session"]
    for found, expected in (
        (log.filter(pl.col("event") == "new_record"), states.filter("is_new_record")),
        (
            log.filter(pl.col("event").is_in(["approach", "retest"])),
            states.filter(pl.col("proximity").is_in(["approach", "retest"])),
        ),
    ):
        assert_frame_equal(found.select(key), expected.select(key))
    new = log.filter(pl.col("event") == "new_record").select(key)
    extra = log.filter(pl.col("event").is_in(["fresh", "marginal"]))
    assert extra.join(new, on=key, how="anti").is_empty()
    assert log.filter(
        (pl.col("value") / pl.col("previous_value") - 1 - pl.col("gap_pct") / 100).abs() > 1e-12
    ).is_empty()


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS, cut=st.integers(0, SIZE - 1))
def test_later_rows_change_no_earlier_one(seed: int, cut: int):
    frame, until = _prices(seed), pl.col("session") <= DAYS[cut]
    known = frame.filter(until)
    for transform in BOTH:
        part = transform(known, _averages(known), FACTS, SHORT)
        whole = transform(frame, _averages(frame), FACTS, SHORT)
        assert_frame_equal(part, whole.filter(until), check_exact=True)


@settings(max_examples=10, deadline=None)
@given(seed=SEEDS)
def test_the_order_of_rows_is_irrelevant(seed: int):
    frame = _prices(seed)
    averages = _averages(frame)
    for transform in BOTH:
        shuffled = transform(frame.sample(fraction=1, shuffle=True, seed=1), averages.reverse(), FACTS.reverse(), SHORT)
        assert_frame_equal(shuffled, transform(frame, averages, FACTS, SHORT), check_exact=True)


@settings(max_examples=10, deadline=None)
@given(seed=SEEDS, power=st.integers(-10, 10))
def test_states_do_not_depend_on_the_scale(seed: int, power: int):
    frame, scale = _prices(seed), 2.0**power
    out = record_states(frame, _averages(frame), FACTS, SHORT)
    scaled = record_states(
        frame.with_columns(pl.col("close", "high", "low") * scale),
        _averages(frame).with_columns(pl.col("atr_14") * scale),
        FACTS.with_columns(pl.col("tick_size", "record_seed_close") * scale),
        SHORT,
    )
    assert_frame_equal(scaled, out.with_columns(pl.col("record") * scale), check_exact=True)
