"""Ratios and relative regimes worked by hand: every rule of methods B2 on a few rows."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from pipelines.contracts import core
from pipelines.parameters import Parameters
from pipelines.transforms.ratio import ratios
from pipelines.transforms.relative_regime import relative_regimes
from tests.market import bars, calendar, pairs, weekdays

D = dt.date
FOUR_WEEKS = weekdays(D(2024, 1, 1), D(2024, 1, 26))
NEW_YEAR = D(2024, 1, 1)
GOOD_FRIDAY = D(2024, 3, 29)
CALENDAR = calendar(day for day in weekdays(D(2023, 1, 2), D(2024, 12, 31)) if day != GOOD_FRIDAY)


def _of_one(closes: dict[dt.date, float], base_date: dt.date = NEW_YEAR) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return bars of A, and of B at 1 throughout, and the pair A/B: the ratio is the close of A."""
    return bars({"A": closes, "B": dict.fromkeys(closes, 1.0)}), pairs("A/B", base_date=base_date)


def test_mansfield_takes_the_running_week_so_far_and_the_last_ratio_of_the_weeks_before():
    closes = {
        D(2024, 1, 1): 7.0,  # overwritten by the week's last
        D(2024, 1, 5): 1.0,
        D(2024, 1, 11): 2.0,  # the last common session of its week is a Thursday
        D(2024, 1, 16): 2.4,
        D(2024, 1, 19): 3.0,
        D(2024, 1, 24): 4.0,
    }
    out = ratios(*_of_one(closes), CALENDAR, Parameters(mansfield_weeks=3, mansfield_slope_weeks=1))
    expected = [
        None,
        None,
        None,
        (2.4 / 1.8 - 1) * 100,  # mean of 1, 2, 2.4
        (3.0 / 2.0 - 1) * 100,  # mean of 1, 2, 3
        (4.0 / 3.0 - 1) * 100,  # mean of 2, 3, 4
    ]
    assert out["mansfield_pct"].to_list() == [value if value is None else pytest.approx(value) for value in expected]
    # Mean of 2, 3, 4 over the mean of 1, 2, 3 a week before.
    assert out["mansfield_slope_bp_per_week"].to_list() == [None] * 5 + [pytest.approx(5000.0)]


def test_the_slope_of_the_mean_is_per_week():
    fridays = dict(zip(FOUR_WEEKS[4::5], [1.0, 1.0, 1.0, 1.04], strict=True))
    out = ratios(*_of_one(fridays), CALENDAR, Parameters(mansfield_weeks=2, mansfield_slope_weeks=2))
    # 1.02 over 1.00 two weeks before: 200 basis points in two weeks.
    assert out["mansfield_slope_bp_per_week"].to_list() == [None] * 3 + [pytest.approx(100.0)]


REBASED = {
    "the base date is a session": (D(2024, 1, 3), [None, None, 100.0, 110.0]),
    "the base date is a weekend: the Friday before, from that Friday on": (D(2024, 1, 7), [None, None, None, 100.0]),
    "no common session up to the base date": (D(2023, 12, 29), [None] * 4),
    "the base date is still to come": (D(2024, 6, 3), [None] * 4),
    "the base date lacks a bar: the session before, from the base date on": (D(2024, 1, 4), [None, None, None, 110.0]),
}


def test_rebased_on_the_calendars_last_session():
    last = D(2024, 12, 31)
    out = ratios(*_of_one({D(2024, 12, 30): 4.0, last: 5.0}, last), CALENDAR, Parameters())
    assert out["rebased"].to_list() == [None, 100.0]


@pytest.mark.parametrize(("base_date", "expected"), REBASED.values(), ids=REBASED.keys())
def test_rebased(base_date: dt.date, expected: list[float | None]):
    closes = {D(2024, 1, 1): 4.0, D(2024, 1, 2): 4.5, D(2024, 1, 3): 5.0, D(2024, 1, 5): 5.5}
    out = ratios(*_of_one(closes, base_date), CALENDAR, Parameters())
    assert out["rebased"].to_list() == [value if value is None else pytest.approx(value) for value in expected]


def _regimes(closes: dict[dt.date, float], parameters: Parameters | None = None) -> pl.DataFrame:
    parameters = parameters or Parameters()
    out = relative_regimes(ratios(*_of_one(closes), CALENDAR, parameters), CALENDAR, parameters)
    assert core.RelativeRegime.is_valid(out)
    return out


def test_quarter_streak_counts_signs_and_a_tie_or_a_gap_breaks_it():
    closes = {
        D(2023, 2, 1): 100.0,
        D(2023, 3, 31): 90.0,
        D(2023, 5, 1): 81.0,  # -10
        D(2023, 6, 30): 99.0,  # +10
        D(2023, 8, 1): 99.05,  # +0.0505: a tie
        D(2023, 9, 1): 108.9,  # +10
        D(2023, 9, 29): 108.9,  # +10
        D(2023, 12, 1): 98.01,  # -10
        D(2023, 12, 29): 98.01,  # -10
        D(2024, 2, 1): 107.811,  # +10
        D(2024, 3, 28): 98.01,  # 0: a tie ends the quarter
        D(2024, 4, 1): 88.209,  # -10
        D(2024, 10, 1): 88.209,  # no row in the quarter before
    }
    expected = [
        (None, None, None),
        (None, None, None),
        (-10, 1, "2023-Q2"),
        (10, 1, "2023-Q2"),
        (0.050505, 0, None),
        (10, 2, "2023-Q2"),
        (10, 2, "2023-Q2"),
        (-10, 1, "2023-Q4"),
        (-10, 1, "2023-Q4"),
        (10, 1, "2024-Q1"),
        (0, 0, None),
        (-10, 1, "2024-Q2"),
        (None, None, None),
    ]
    out = _regimes(closes).select("quarter_excess_pct_points", "quarter_streak", "quarter_streak_start")
    for row, (excess, streak, start) in zip(out.rows(), expected, strict=True):
        assert row == (excess if excess is None else pytest.approx(excess, abs=1e-5), streak, start)


def test_a_quarter_needs_exactly_its_base_and_its_end():
    closes = {
        D(2023, 3, 31): 100.0,
        D(2023, 6, 29): 110.0,  # the quarter's last session, 30 June, is missing
        D(2023, 9, 29): 121.0,  # so this quarter has no base
        D(2023, 10, 2): 133.1,
    }
    out = _regimes(closes).select("quarter_excess_pct_points", "quarter_streak", "quarter_streak_start")
    assert out.rows() == [
        (None, None, None),
        (pytest.approx(10.0), 1, "2023-Q2"),
        (None, None, None),
        (pytest.approx(10.0), 1, "2023-Q4"),
    ]


def test_excess_is_the_difference_of_the_two_returns():
    base, session = D(2024, 3, 28), D(2024, 4, 2)
    frame = bars({"A": {base: 100.0, session: 110.0}, "B": {base: 50.0, session: 52.0}})
    parameters = Parameters()
    out = relative_regimes(ratios(frame, pairs("A/B"), CALENDAR, parameters), CALENDAR, parameters)
    assert out["quarter_excess_pct_points"].to_list() == [None, pytest.approx(10.0 - 4.0)]


def test_verdict_from_the_turning_points_and_the_quarter():
    closes = {
        D(2024, 3, 28): 100.0,
        D(2024, 4, 2): 88.0,  # a peak is confirmed and the quarter is at -12
        D(2024, 4, 3): 80.0,
        D(2024, 4, 4): 89.0,  # a trough is confirmed, but the quarter is still at -11
        D(2024, 4, 5): 101.0,  # and now at +1
        D(2024, 4, 8): 100.05,  # +0.05: agrees with nothing
        D(2024, 4, 9): 102.0,
        D(2024, 4, 10): 103.0,
        D(2024, 6, 28): 103.0,
        D(2024, 7, 1): 92.0,  # a peak at 103 is confirmed, -10.7
    }
    expected = [
        ("none", None, None, None, "no confirmed relative trend"),
        ("underperforming", D(2024, 3, 28), "2024-Q1", D(2024, 4, 2), "underperforming since 2024-03-28 (2024-Q1)"),
        ("underperforming", D(2024, 3, 28), "2024-Q1", D(2024, 4, 2), "underperforming since 2024-03-28 (2024-Q1)"),
        ("none", None, None, None, "no confirmed relative trend"),
        ("outperforming", D(2024, 4, 3), "2024-Q2", D(2024, 4, 5), "outperforming since 2024-04-03 (2024-Q2)"),
        ("none", None, None, None, "no confirmed relative trend"),
        ("outperforming", D(2024, 4, 3), "2024-Q2", D(2024, 4, 9), "outperforming since 2024-04-03 (2024-Q2)"),
        ("outperforming", D(2024, 4, 3), "2024-Q2", D(2024, 4, 9), "outperforming since 2024-04-03 (2024-Q2)"),
        ("outperforming", D(2024, 4, 3), "2024-Q2", D(2024, 4, 9), "outperforming since 2024-04-03 (2024-Q2)"),
        ("underperforming", D(2024, 4, 10), "2024-Q2", D(2024, 7, 1), "underperforming since 2024-04-10 (2024-Q2)"),
    ]
    out = _regimes(closes)
    assert out.select("verdict", "since", "since_quarter", "confirmed_session", "regime_statement").rows() == expected
    assert out["confidence"].to_list() == [None if row[0] == "none" else 2 for row in expected]
    assert out["turning_direction"].to_list() == [None, "down", "down", *["up"] * 6, "down"]
    assert out["cusum_up"].null_count() == len(closes), "expected no CUSUM within its warm-up"


def test_the_cusum_measures_a_change_against_the_changes_before_it_and_agrees_with_the_verdict():
    closes = {
        D(2024, 4, 1): 100.0,
        D(2024, 4, 2): 101.0,
        D(2024, 4, 3): 100.0,
        D(2024, 4, 4): 115.0,
        D(2024, 4, 5): 95.0,
    }
    out = _regimes(closes, Parameters(cusum_volatility_sessions=2, cusum_threshold=5.0))
    # ln(1.01) = 0.00995033, then its negative: sd (ddof 1) = 0.00995033 * sqrt(2) = 0.01407189.
    # ln(1.15) = 0.13976194 is 9.93200 sd: less 0.25 beyond 5, an alarm, both sums start again.
    # Of the two changes -0.00995033 and 0.13976194 the sd is 0.14971227 / sqrt(2) = 0.10586256;
    # ln(95/115) = -0.19105524 is -1.80475 sd, less 0.25: 1.55475.
    assert out["cusum_up"].to_list() == [None, None, None, 0.0, 0.0]
    assert out["cusum_down"].to_list() == [None, None, None, 0.0, pytest.approx(1.55475, abs=2e-5)]
    assert out["cusum_direction"].to_list() == [None, None, None, "up", "up"]
    assert out["cusum_onset_session"].to_list()[3:] == [D(2024, 4, 4)] * 2
    assert out["cusum_alarm_session"].to_list()[3:] == [D(2024, 4, 4)] * 2
    # No quarter excess (no quarter before): the CUSUM alone agrees with the up turn at the first row's 100.
    assert out.select("verdict", "since", "confidence").row(3) == ("outperforming", D(2024, 4, 1), 2)
    # 95 lies 10 % under 115: down, and the CUSUM still says up.
    assert out["verdict"][4] == "none"


def test_all_three_detectors_agreeing_give_confidence_three():
    closes = {D(2024, 3, 27): 100.0, D(2024, 3, 28): 101.0, D(2024, 4, 1): 100.0, D(2024, 4, 2): 115.0}
    out = _regimes(closes, Parameters(cusum_volatility_sessions=2, cusum_threshold=5.0))
    assert out.select("verdict", "since", "confirmed_session", "confidence").row(3) == (
        "outperforming",
        D(2024, 3, 27),
        D(2024, 4, 2),
        3,
    )
