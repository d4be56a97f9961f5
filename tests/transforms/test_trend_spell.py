"""Spells on slopes set by hand, and properties that hold for any prices."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from pipelines.contracts.core import TrendSpell
from pipelines.parameters import Parameters
from pipelines.transforms.moving_average import moving_averages
from pipelines.transforms.trend import trend_states
from pipelines.transforms.trend_spell import trend_spells
from tests.frames import days, prices
from tests.transforms.average_frames import SEEDS, averages, walk

PARAMETERS = Parameters()
SLOPES = [0, 5, 5, 0, -5, -5, 5, 5]
CLOSES = [90, 100, 110, 95, 80, 100, 120, 150]


def spells_of(slopes: list[float | None], confirmation: int = 1, **columns: list[float | None]) -> pl.DataFrame:
    """Spells of a series with these 50-session slopes and the first of CLOSES."""
    parameters = Parameters(phase_confirmation_sessions=confirmation)
    closes = CLOSES[: len(slopes)]
    frame = averages(closes, slope_50=slopes, **columns)
    return TrendSpell.validate(trend_spells(trend_states(prices(closes), frame, parameters), frame))


def spells_on(bars: pl.DataFrame, parameters: Parameters = PARAMETERS) -> tuple[pl.DataFrame, pl.DataFrame]:
    """States and spells of prices, the spells checked against the contract."""
    frame = moving_averages(bars, parameters)
    states = trend_states(bars, frame, parameters)
    return states, TrendSpell.validate(trend_spells(states, frame))


def test_a_spell_lasts_from_onset_to_the_row_before_the_next() -> None:
    day = days(8)
    frame = spells_of(SLOPES, sma_50=[float(row) for row in range(8)])
    assert frame.select(TrendSpell.column_names()[2:10]).rows() == [
        (1, "up", day[1], day[1], day[3], 3, 100.0, 1.0),
        (2, "down", day[4], day[4], day[5], 2, 80.0, 4.0),
        (3, "up", day[6], day[6], None, 2, 120.0, 6.0),
    ]
    assert frame["horizon"].unique().to_list() == ["medium"]
    assert frame["run_up_pct"].to_list() == pytest.approx([10, 25, 25])
    assert frame["drawdown_pct"].to_list() == pytest.approx([-5, 0, 0])


def test_confirmed_spells_tile_by_onset() -> None:
    day = days(8)
    frame = spells_of(SLOPES, confirmation=2)
    assert frame.select("onset_session", "confirmed_session", "end_session", "age_sessions").rows() == [
        (day[1], day[2], day[3], 3),
        (day[4], day[5], day[5], 2),
        (day[6], day[7], None, 2),
    ]


def test_a_null_slope_does_not_end_a_spell() -> None:
    frame = spells_of([5, None, None, 0, 5])
    assert frame.select("onset_session", "end_session", "age_sessions").rows() == [(days(1)[0], None, 5)]


def test_a_spell_may_begin_without_an_average() -> None:
    assert spells_of([5, 5])["entry_average"].to_list() == [None]


def test_no_phase_makes_no_spell() -> None:
    assert spells_of([0, 1, None, -1]).is_empty()


def test_the_major_spell_is_read_from_the_long_average() -> None:
    nothing: list[float | None] = [None] * 3
    frame = spells_of(nothing, slope_200=[1, 0, -1], sma_50=[7.0] * 3, sma_200=[8.0, 8.0, 9.0])
    assert frame.select("horizon", "spell_number", "phase", "entry_average").rows() == [
        ("major", 1, "up", 8.0),
        ("major", 2, "down", 9.0),
    ]


@settings(max_examples=12, deadline=None)
@given(seed=SEEDS, confirmation=st.integers(1, 3))
def test_spells_tile_time_and_hold_the_phase_of_their_rows(seed: int, confirmation: int) -> None:
    bars = walk(seed, 600, gaps=2)
    states, spells = spells_on(bars, Parameters(phase_confirmation_sessions=confirmation))
    for horizon in ("medium", "major"):
        rows = spells.filter(horizon=horizon).rows(named=True)
        assert [row["spell_number"] for row in rows] == list(range(1, len(rows) + 1))
        for row, following in pairwise(rows):
            # Sessions are consecutive days here.
            assert row["end_session"] + dt.timedelta(days=1) == following["onset_session"]
            assert row["phase"] != following["phase"]
        for row in rows:
            shown = states.filter(pl.col(f"{horizon}_since") == row["onset_session"])
            assert shown[f"{horizon}_phase"].unique().to_list() == [row["phase"]]
            assert shown["session"][0] == row["confirmed_session"]
        onset = rows[0]["onset_session"] if rows else dt.date.max
        assert sum(row["age_sessions"] for row in rows) == (states["session"] >= onset).sum()
        assert [row["age_sessions"] for row in rows[-1:]] == states[f"{horizon}_age_sessions"].drop_nulls().to_list()[
            -1:
        ]
        assert [row["end_session"] for row in rows[-1:]] == [None] * len(rows[-1:])


@settings(max_examples=12, deadline=None)
@given(seed=SEEDS, kept=st.floats(0.2, 1))
def test_a_closed_spell_does_not_change_later(seed: int, kept: float) -> None:
    bars = walk(seed, 600)
    head = bars.head(round(bars.height * kept))
    _, known = spells_on(head)
    _, later = spells_on(bars)
    closed = known.filter(pl.col("end_session").is_not_null())
    key = TrendSpell.primary_key()
    assert_frame_equal(later.join(closed.select(key), on=key, how="semi"), closed, check_exact=True)


@settings(max_examples=12, deadline=None)
@given(seed=SEEDS)
def test_series_do_not_mix_and_row_order_does_not_matter(seed: int) -> None:
    one, other = walk(seed, 500, series_id="A"), walk(seed + 1, 450, series_id="A/B")
    bars = pl.concat([other, one])
    frame = moving_averages(bars, PARAMETERS).sample(fraction=1, shuffle=True, seed=seed)
    states = trend_states(bars, frame, PARAMETERS).sample(fraction=1, shuffle=True, seed=seed)
    expected = pl.concat([spells_on(one)[1], spells_on(other)[1]])
    assert_frame_equal(trend_spells(states, frame), expected, check_exact=True)


@settings(max_examples=12, deadline=None)
@given(seed=SEEDS)
def test_ten_times_the_price_keeps_the_spells(seed: int) -> None:
    bars = walk(seed, 500)
    _, once = spells_on(bars)
    _, tenfold = spells_on(bars.with_columns(pl.col("close", "high", "low") * 10))
    expected = once.with_columns(pl.col("entry_close", "entry_average") * 10)
    assert_frame_equal(tenfold, expected, rel_tol=1e-9, abs_tol=1e-9)
