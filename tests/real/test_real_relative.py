"""Ratios and relative regimes of the real indices against the numbers of methods B2."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from pipelines.contracts import core
from pipelines.parameters import Parameters
from pipelines.transforms.ratio import ratios
from pipelines.transforms.relative_regime import relative_regimes

NOVEMBER_29, DECEMBER_2 = dt.date(2024, 11, 29), dt.date(2024, 12, 2)
LOW = dt.date(2024, 7, 9)
CONFIRMED = {"RUT/NDX": dt.date(2024, 7, 16), "RUT/SPX": dt.date(2024, 7, 17)}
SMALL_CAPS = list(CONFIRMED)


@pytest.fixture(scope="module")
def real_ratios(real_bars: pl.DataFrame, real_pairs: pl.DataFrame, real_sessions: pl.DataFrame) -> pl.DataFrame:
    return ratios(real_bars, real_pairs, real_sessions, Parameters())


@pytest.fixture(scope="module")
def real_regimes(real_ratios: pl.DataFrame, real_sessions: pl.DataFrame) -> pl.DataFrame:
    return relative_regimes(real_ratios, real_sessions, Parameters())


def _at(frame: pl.DataFrame, pair: str, session: dt.date) -> dict:
    return frame.row(by_predicate=(pl.col("pair_id") == pair) & (pl.col("session") == session), named=True)


def test_ratios_keep_the_contract_and_match_every_session(real_ratios: pl.DataFrame, real_bars: pl.DataFrame):
    assert core.Ratio.is_valid(real_ratios)
    sessions = real_bars.filter(pl.col("instrument_id") == "RUT")["session"].to_list()
    for pair in SMALL_CAPS:
        assert real_ratios.filter(pl.col("pair_id") == pair)["session"].to_list() == sessions


def test_the_ratio_to_the_nasdaq_bottomed_on_9_july_2024(real_ratios: pl.DataFrame):
    recent = real_ratios.filter(pl.col("pair_id") == "RUT/NDX", pl.col("session") >= dt.date(2020, 1, 1))
    low = recent.sort("ratio").row(0, named=True)
    assert (low["session"], low["ratio"]) == (LOW, pytest.approx(0.099226, abs=5e-7))
    assert _at(real_ratios, "RUT/NDX", NOVEMBER_29)["ratio"] == pytest.approx(0.116325, abs=5e-7)


def test_mansfield_on_29_november_2024(real_ratios: pl.DataFrame):
    assert _at(real_ratios, "RUT/NDX", NOVEMBER_29)["mansfield_pct"] == pytest.approx(3.38, abs=0.005)
    assert _at(real_ratios, "RUT/SPX", NOVEMBER_29)["mansfield_pct"] == pytest.approx(2.16, abs=0.005)


def test_rebased_is_100_at_the_end_of_2019(real_ratios: pl.DataFrame):
    for pair in real_ratios["pair_id"].unique():
        assert _at(real_ratios, pair, dt.date(2019, 12, 31))["rebased"] == 100.0
        assert _at(real_ratios, pair, dt.date(2019, 12, 30))["rebased"] is None


@pytest.mark.parametrize("session", [NOVEMBER_29, DECEMBER_2])
@pytest.mark.parametrize(("pair", "confirmed"), CONFIRMED.items())
def test_small_caps_outperform_since_9_july(
    real_regimes: pl.DataFrame, pair: str, confirmed: dt.date, session: dt.date
):
    regime = _at(real_regimes, pair, session)
    assert regime["regime_statement"] == "outperforming since 2024-07-09 (2024-Q3)"
    assert (regime["since"], regime["confirmed_session"]) == (LOW, confirmed)
    assert (regime["turning_direction"], regime["turning_extreme_session"]) == ("up", LOW)
    assert (regime["cusum_direction"], regime["cusum_alarm_session"]) == ("up", dt.date(2024, 7, 16))
    assert (regime["quarter_streak"], regime["quarter_streak_start"]) == (2, "2024-Q3")
    assert regime["confidence"] == 3


def test_regimes_keep_the_contract_and_do_not_see_the_future(
    real_regimes: pl.DataFrame, real_ratios: pl.DataFrame, real_sessions: pl.DataFrame
):
    assert core.RelativeRegime.is_valid(real_regimes)
    assert len(real_regimes) == len(real_ratios)
    until = pl.col("session") <= dt.date(2024, 7, 16)
    then = relative_regimes(real_ratios.filter(until), real_sessions, Parameters())
    assert then.equals(real_regimes.filter(until))


def test_the_cusum_turned_four_times_in_nine_years(real_ratios: pl.DataFrame, real_sessions: pl.DataFrame):
    """On the sample of the published count (2,400 sessions), an alarm that repeats the direction left out."""
    sample = real_ratios.filter(pl.col("pair_id").is_in(SMALL_CAPS), pl.col("session") >= dt.date(2015, 5, 1))
    regimes = relative_regimes(sample, real_sessions, Parameters())
    before = pl.col("cusum_direction").shift(1).over("pair_id", order_by="session")
    turns = regimes.filter(pl.col("cusum_direction") != before).select("pair_id", "session", "cusum_direction").rows()
    assert turns == [
        ("RUT/NDX", dt.date(2020, 3, 6), "down"),
        ("RUT/NDX", dt.date(2020, 4, 29), "up"),
        ("RUT/NDX", dt.date(2020, 7, 9), "down"),
        ("RUT/NDX", dt.date(2024, 7, 16), "up"),
        ("RUT/SPX", dt.date(2018, 10, 12), "down"),
        ("RUT/SPX", dt.date(2020, 3, 19), "up"),
        ("RUT/SPX", dt.date(2023, 3, 15), "down"),
        ("RUT/SPX", dt.date(2024, 7, 16), "up"),
    ]


def test_a_filter_of_seven_and_a_half_per_cent_flips_three_times(
    real_ratios: pl.DataFrame, real_sessions: pl.DataFrame
):
    sample = real_ratios.filter(pl.col("pair_id") == "RUT/NDX")
    regimes = relative_regimes(sample, real_sessions, Parameters(turning_point_pct=7.5))
    flips = regimes.filter(
        pl.col("turning_confirmed_session") == pl.col("session"), pl.col("session") >= dt.date(2024, 7, 1)
    )
    assert flips["turning_direction"].to_list() == ["up", "down", "up"]
