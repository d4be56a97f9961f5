"""Averages worked by hand on straight lines, where every one of them is known in closed form.

On closes of 1000, 1001, 1002 … the mean of the last n lies (n - 1) / 2 below the close. The exponential average that
starts there stays there: its lag on a line that rises by 1 is (1 - alpha) / alpha, which is (n - 1) / 2 as well.
"""

from __future__ import annotations

import polars as pl
import pytest

from pipelines.contracts.core import Cross, MovingAverage, TrendSpell, TrendState
from pipelines.parameters import Parameters
from pipelines.transforms.cross import crosses
from pipelines.transforms.moving_average import moving_averages
from pipelines.transforms.trend import trend_states
from pipelines.transforms.trend_spell import trend_spells
from tests.frames import days, prices

SIZE = 300
LINE = [1000.0 + row for row in range(SIZE)]
RISE = 0.005


def on_the_line() -> pl.DataFrame:
    """A line with a range of 1 point on either side of the close."""
    bars = prices(LINE, highs=[close + 1 for close in LINE], lows=[close - 1 for close in LINE])
    return MovingAverage.validate(moving_averages(bars, Parameters()))


@pytest.mark.parametrize(
    ("column", "first_row", "lag"),
    [
        ("sma_20", 19, 9.5),
        ("sma_50", 49, 24.5),
        ("sma_200", 199, 99.5),
        ("ema_50", 49, 24.5),
        ("ema_200", 199, 99.5),
    ],
)
def test_an_average_of_a_line_lags_by_half_its_span(column: str, first_row: int, lag: float) -> None:
    values = on_the_line()[column].to_list()
    assert values[:first_row] == [None] * first_row
    assert values[first_row:] == pytest.approx([close - lag for close in LINE[first_row:]], rel=1e-12)


@pytest.mark.parametrize(
    ("column", "row", "expected"),
    [
        ("slope_50_bp_per_day", 68, None),
        ("slope_50_bp_per_day", 69, 10_000 / 1024.5),  # SMA50 rises from 1024.5 by 20 in 20 sessions
        ("slope_50_bp_per_day", 299, 10_000 / 1254.5),
        ("slope_200_bp_per_day", 218, None),
        ("slope_200_bp_per_day", 219, 10_000 / 1099.5),
        ("distance_sma_20_pct", 19, 100 * 9.5 / 1009.5),
        ("distance_sma_50_pct", 49, 100 * 24.5 / 1024.5),
        ("distance_ema_200_pct", 299, 100 * 99.5 / 1199.5),
        ("atr_14", 13, None),
        ("atr_14", 14, 2.0),
        ("distance_sma_20_atr", 299, 9.5 / 2),
        ("distance_ema_50_atr", 299, 24.5 / 2),
        ("distance_sma_200_atr", 299, 99.5 / 2),
    ],
)
def test_slope_and_distance_on_a_line(column: str, row: int, expected: float | None) -> None:
    value = on_the_line()[column][row]
    assert value is None if expected is None else value == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("column", "first_stable_row"), [("ema_50_is_stable", 49 + 231)])
def test_an_ema_is_stable_when_its_seed_has_faded(column: str, first_stable_row: int) -> None:
    assert on_the_line()[column].to_list() == [row >= first_stable_row for row in range(SIZE)]


def test_the_long_ema_is_stable_922_sessions_after_its_seed() -> None:
    averages = moving_averages(prices([100.0] * 1130), Parameters())
    assert averages["ema_200_is_stable"].arg_max() == 199 + 922


def test_true_range_of_a_jump_is_smoothed_by_a_fourteenth() -> None:
    """Fifteen bars of range 2 give an ATR of 2; a bar 14 above its prior close with range 2 has a true range of 16."""
    closes = [100.0] * 16 + [115.0] + [115.0] * 2
    bars = prices(closes, highs=[close + 1 for close in closes], lows=[close - 1 for close in closes])
    atr = moving_averages(bars, Parameters())["atr_14"].to_list()
    assert atr[:14] == [None] * 14
    assert atr[14:] == pytest.approx([2, 2, (2 * 13 + 16) / 14, (3 * 13 + 2) / 14, (41 / 14 * 13 + 2) / 14])


def test_a_bar_without_a_range_breaks_the_true_range_for_fourteen_more() -> None:
    closes = [100.0] * 40
    highs: list[float | None] = [101.0] * 40
    lows: list[float | None] = [99.0] * 40
    highs[20] = lows[20] = None
    frame = moving_averages(prices(closes, highs=highs, lows=lows), Parameters())
    reasons = ["warm_up"] * 14 + [None] * 6 + ["no_intraday_range"] + ["warm_up"] * 13 + [None] * 6
    assert frame["atr_reason"].to_list() == reasons
    assert frame["atr_14"].to_list() == [2.0 if reason is None else None for reason in reasons]


def test_a_gap_is_in_the_window_until_its_second_row_leaves() -> None:
    """A session missing before row 30 lies inside every 20-row window that holds rows 29 and 30."""
    missing = [0] * 60
    missing[30] = 1
    frame = moving_averages(prices([100.0] * 60, missing_before=missing), Parameters())
    assert frame["missing_in_window_20"].to_list() == [None] * 19 + [0] * 11 + [1] * 19 + [0] * 11
    assert frame["reason_20"].to_list() == ["warm_up"] * 19 + [None] * 11 + ["missing_sessions"] * 19 + [None] * 11
    assert frame["sma_20"].null_count() == 19 + 19


@pytest.mark.parametrize(("missing", "reason"), [(2, None), (3, "missing_sessions")])
def test_two_of_two_hundred_sessions_may_be_missing(missing: int, reason: str | None) -> None:
    before = [0] * 200
    before[150] = missing
    last = moving_averages(prices([100.0] * 200, missing_before=before), Parameters()).row(-1, named=True)
    assert (last["missing_in_window_200"], last["reason_200"]) == (missing, reason)
    assert last["sma_200"] == (100.0 if reason is None else None)


def test_a_gap_does_not_break_the_ema() -> None:
    before = [0] * SIZE
    before[60] = 5
    with_gap = moving_averages(prices(LINE, missing_before=before), Parameters())
    assert with_gap["ema_50"].equals(on_the_line()["ema_50"])


def test_phase_spell_and_cross_of_a_rise_that_turns_into_a_fall() -> None:
    """Closes grow by half a per cent a session for 300 sessions and fall as fast for 300.

    In the rise every average grows by 1.005 a session, its 20-session slope is 500 (1.005^20 - 1) = 52.4 bp a day, and
    SMA50 stands above SMA200. Around the top (row 299) prices mirror each other: SMA_n peaks when its window is
    centred on the top, at row 299 + (n - 1) / 2, and its 20-session slope is zero 10 rows later, at 333.5 for n = 50
    and 408.5 for n = 200. One row changes SMA_n by (C_t - C_(t-n)) / n: x rows past zero the slope is about
    -2 x 0.005 / n times the ratio of the window's end to its mean. With ends at 1.005^-25 and 1.005^-100 that ratio is
    0.94 and 0.77, the slope -1.88 x and -0.385 x bp a day. It is beyond -2 from x = 1.5 (row 335) and beyond -1 from
    x = 3.5 (row 412) on.
    """
    rise = [100 * (1 + RISE) ** row for row in range(300)]
    closes = [*rise, *(rise[-1] / (1 + RISE) ** row for row in range(1, 301))]
    bars = prices(closes)
    averages = moving_averages(bars, Parameters())
    states = TrendState.validate(trend_states(bars, averages, Parameters()))
    spells = TrendSpell.validate(trend_spells(states, averages))
    session = days(600)

    assert averages["slope_50_bp_per_day"][69] == pytest.approx(500 * (1.005**20 - 1))
    assert averages["slope_50_bp_per_day"][333] > 0 > averages["slope_50_bp_per_day"][334]
    assert averages["slope_200_bp_per_day"][408] > 0 > averages["slope_200_bp_per_day"][409]
    assert spells.select("horizon", "phase", "onset_session", "end_session", "age_sessions").rows() == [
        ("major", "up", session[219], session[411], 193),
        ("major", "down", session[412], None, 188),
        ("medium", "up", session[69], session[334], 266),
        ("medium", "down", session[335], None, 265),
    ]
    assert spells["run_up_pct"][2] == pytest.approx(100 * (1.005 ** (299 - 69) - 1))
    assert spells["drawdown_pct"][2] == 0.0
    assert spells["drawdown_pct"][3] == pytest.approx(100 * (1.005 ** (335 - 599) - 1))

    decline = states.filter(pl.col("session") == session[335]).row(0, named=True)
    assert decline["statement"] == "corrective decline within major uptrend"
    assert (decline["swing_high"], decline["swing_high_session"]) == (pytest.approx(rise[-1]), session[299])
    assert decline["is_multi_week_decline"] is True

    assert Cross.validate(crosses(averages))["cross"].to_list() == ["death"]
