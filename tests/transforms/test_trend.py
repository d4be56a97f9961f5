"""Trend states on slopes set by hand, against a plain loop, and properties that hold for any prices."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from pipelines.contracts.core import TrendState
from pipelines.parameters import Parameters
from pipelines.transforms.moving_average import moving_averages
from pipelines.transforms.trend import trend_states
from tests.frames import days, prices
from tests.transforms.average_frames import SEEDS, Values, averages, walk

PARAMETERS = Parameters()
WARM_UP = 69
"""Rows without a 50-session slope: 49 before the first average and 20 before the first slope."""


def states_of(slopes: Values, parameters: Parameters = PARAMETERS, **columns: Any) -> pl.DataFrame:
    """States of a series whose 50-session slopes (and 200-session ones, if given) follow a warm-up of 69 rows."""
    empty, flat = [None] * WARM_UP, [100.0] * WARM_UP
    closes = [*flat, *columns.pop("closes", [100.0] * len(slopes))]
    bars = prices(
        closes,
        highs=[*flat, *columns.pop("highs", closes[WARM_UP:])],
        lows=[*flat, *columns.pop("lows", closes[WARM_UP:])],
        series_id=columns.pop("series_id", "A"),
    )
    given_columns = {name: [*empty, *values] for name, values in columns.items()}
    given_averages = averages(closes, slope_50=[*empty, *slopes], series_id=bars["series_id"][0], **given_columns)
    return TrendState.validate(trend_states(bars, given_averages, parameters)).tail(len(slopes))


def sessions(*rows: int | None) -> list[Any]:
    """Sessions of rows counted from the end of the warm-up."""
    after = days(WARM_UP + 400)[WARM_UP:]
    return [None if row is None else after[row] for row in rows]


def test_label_and_phase_around_the_band() -> None:
    """Two basis points a day are the edge of the medium band, and belong to rising and falling."""
    frame = states_of([1.99, 2, 1.99, -1.99, -2, 0, None, 3])
    assert frame["medium_label"].to_list() == [
        "flat", "rising", "flat", "flat", "falling", "flat", None, "rising",
    ]  # fmt: skip
    assert frame["medium_phase"].to_list() == [None, "up", "up", "up", "down", "down", "down", "up"]
    assert frame["medium_reason"].to_list() == ["undetermined", *[None] * 5, "missing_sessions", None]
    assert frame["medium_since"].to_list() == sessions(None, 1, 1, 1, 4, 4, 4, 7)
    assert frame["medium_age_sessions"].to_list() == [None, 1, 2, 3, 1, 2, 3, 1]


def test_the_major_band_is_one_basis_point() -> None:
    frame = states_of([None] * 4, slope_200=[0.99, 1, -0.99, -1])
    assert frame["major_label"].to_list() == ["flat", "rising", "flat", "falling"]
    assert frame["major_phase"].to_list() == [None, "up", "up", "down"]


def test_a_turn_is_known_on_the_third_session_beyond_the_band_and_dates_from_the_first() -> None:
    slopes = [5, 5, 0, 5, 5, 5, -5, -5, 5, -5, None, -5, -5, -5, -5]
    frame = states_of(slopes, Parameters(phase_confirmation_sessions=3))
    assert frame["medium_phase"].to_list() == [None] * 5 + ["up"] * 8 + ["down"] * 2
    assert frame["medium_since"].to_list() == sessions(*[None] * 5, *[3] * 8, *[11] * 2)
    assert frame["medium_age_sessions"].to_list() == [None] * 5 + [*range(3, 11)] + [3, 4]
    assert frame["medium_reason"].to_list() == ["undetermined"] * 5 + [None] * 5 + ["missing_sessions"] + [None] * 4


@pytest.mark.parametrize(
    ("gap", "undetermined", "missing"),
    [
        # SMA50 is null on rows 75 to 123; the slope also while that of 20 rows before is.
        (75, 6, 124 + 20 - 75),
        # SMA50 is null on rows 49 to 78: the first slope that has warmed up is missing.
        (30, 0, 79 + 20 - 69),
    ],
)
def test_before_the_first_phase_a_null_slope_says_why(gap: int, undetermined: int, missing: int) -> None:
    missing_before = [0] * 160
    missing_before[gap] = 1
    bars = prices([100.0] * 160, missing_before=missing_before)
    frame = trend_states(bars, moving_averages(bars, PARAMETERS), PARAMETERS)
    reasons = ["warm_up"] * WARM_UP + ["undetermined"] * undetermined + ["missing_sessions"] * missing
    reasons += ["undetermined"] * (160 - len(reasons))
    assert frame["medium_reason"].to_list() == reasons
    assert frame["medium_label"].to_list() == ["flat" if reason == "undetermined" else None for reason in reasons]
    assert frame["major_reason"].to_list() == ["warm_up"] * 160


@pytest.mark.parametrize(
    ("major", "medium", "statement"),
    [
        (5, 5, "major and medium-term uptrend intact"),
        (5, -5, "corrective decline within major uptrend"),
        (-5, 5, "counter-trend rally within major downtrend"),
        (-5, -5, "major and medium-term downtrend"),
        (0, 5, None),
        (5, 0, None),
    ],
)
def test_both_phases_in_words(major: float, medium: float, statement: str | None) -> None:
    assert states_of([medium], slope_200=[major])["statement"].to_list() == [statement]


@pytest.mark.parametrize(
    ("change", "supported"),
    [
        pytest.param({}, True, id="touched once, two closes below"),
        pytest.param({"lows": [101.5, 101.1, 103, 103]}, False, id="never within half an ATR"),
        pytest.param({"lows": [101.5, 103, 99, 103]}, True, id="half an ATR below is a touch"),
        pytest.param({"lows": [101.5, 103, 98.9, 103]}, False, id="further below is none"),
        pytest.param({"lows": [100, 103, 103, 103]}, False, id="the touch has left the window"),
        pytest.param({"closes": [99, 99, 99, 103]}, True, id="a close below has left the window"),
        pytest.param({"closes": [103, 103, 103, 100]}, False, id="the close is not above the average"),
        pytest.param({"slopes": [5, 5, -5, 0]}, False, id="the phase is down"),
        pytest.param({"slopes": [0, 0, 0, 0]}, False, id="no phase yet"),
        pytest.param({"sma_50": [100, None, 100, 100]}, None, id="a session of the window has no average"),
        pytest.param({"sma_50": [None, 100, 100, 100]}, True, id="a session before the window has none"),
        pytest.param({"lows": [101.5, 101, 103, None]}, None, id="no low"),
        pytest.param({"atr_14": [2, 2, 2, None]}, None, id="no ATR"),
        pytest.param({"atr_14": [2, 2, None, 2]}, True, id="no ATR earlier, touched on another session"),
        pytest.param({"atr_14": [2, None, 2, 2]}, False, id="without an ATR there is no touch"),
        pytest.param({"series_id": "A/B", "atr_14": [None] * 4}, None, id="a pair"),
    ],
)
def test_support_of_the_average(change: dict[str, Any], supported: bool | None) -> None:
    """Windows of three sessions around an average of 100 with an ATR of 2; the low of 101 is half an ATR above."""
    base: dict[str, Any] = {
        "slopes": [5, 0, 0, 0],
        "closes": [103, 99, 99, 103],
        "lows": [101.5, 101, 103, 103],
        "sma_50": [100] * 4,
        "atr_14": [2] * 4,
    }
    frame = states_of(parameters=Parameters(support_window_sessions=3), **{**base, **change})
    assert frame["medium_is_supported"].to_list()[-1] is supported


def test_a_third_close_below_the_average_ends_its_support() -> None:
    closes = [103, 99, 99, 99, 103]
    columns: dict[str, Any] = {"closes": closes, "lows": [100] * 5, "sma_50": [100] * 5, "atr_14": [2] * 5}
    frame = states_of([5] * 5, Parameters(support_window_sessions=4), **columns)
    assert frame["medium_is_supported"].to_list() == [None, None, None, False, False]


def test_swing_high_is_counted_from_the_onset_of_the_last_up_phase() -> None:
    """Up from row 1 with the highest high on rows 2 and 4, down from row 5, up again from row 7."""
    frame = states_of([0, 5, 0, 0, 0, -5, 0, 5, 0], highs=[200, 110, 120, 115, 120, 119, 118, 105, 106])
    assert frame["swing_high"].to_list() == [None, 110, 120, 120, 120, 120, 120, 105, 106]
    assert frame["swing_high_session"].to_list() == sessions(None, 1, 2, 2, 4, 4, 4, 7, 8)


def test_before_the_first_up_phase_swing_high_is_counted_from_the_first_phase() -> None:
    frame = states_of([0, -5, 0, 5], highs=[200, 110, 109, 105])
    assert frame["swing_high"].to_list() == [None, 110, 110, 105]
    assert frame["swing_high_session"].to_list() == sessions(None, 1, 1, 3)


def test_a_close_stands_in_for_a_missing_high() -> None:
    frame = states_of([5, 0, 0], closes=[100, 101, 100], highs=[102, None, None])
    assert frame["swing_high"].to_list() == [102, 102, 102]
    pair = states_of([5, 0, 0], closes=[100, 101, 100], series_id="A/B")
    assert pair["swing_high"].to_list() == [100, 101, 101]


def test_a_confirmed_up_phase_counts_the_highs_of_its_run() -> None:
    """A single fall is no phase, so the first rise goes on; two are, and the rise of row 4 is confirmed on row 5."""
    frame = states_of(
        [5, 5, -5, 5, 5, 5],
        Parameters(phase_confirmation_sessions=2),
        highs=[130, 100, 100, 120, 110, 115],
    )
    assert frame["swing_high"].to_list() == [None, 130, 130, 130, 130, 130]
    down_first = states_of(
        [5, 5, -5, -5, 5, 5, 5],
        Parameters(phase_confirmation_sessions=2),
        highs=[130, 100, 100, 100, 120, 110, 115],
    )
    assert down_first["swing_high"].to_list() == [None, 130, 130, 130, 130, 120, 120]
    assert down_first["swing_high_session"].to_list() == sessions(None, 0, 0, 0, 0, 4, 4)


@pytest.mark.parametrize(
    ("last_row", "close", "atr", "expected"),
    [
        pytest.param(10, 106, 2, True, id="ten sessions and two ATR"),
        pytest.param(9, 106, 2, False, id="nine sessions"),
        pytest.param(10, 106.01, 2, False, id="less than two ATR"),
        pytest.param(10, 104.5, None, True, id="no ATR: five per cent"),
        pytest.param(10, 104.51, None, False, id="no ATR: less than five per cent"),
    ],
)
def test_a_multi_week_decline_is_old_and_deep(last_row: int, close: float, atr: float | None, expected: bool) -> None:
    """The swing high of 110 stands on row 0; the medium phase is down from row 1 on."""
    frame = states_of(
        [5, -5, *[0] * (last_row - 1)],
        slope_200=[5, *[0] * last_row],
        highs=[110, *[107] * last_row],
        closes=[100] * last_row + [close],
        atr_14=[atr] * (last_row + 1),
    )
    assert frame["swing_high_session"].to_list()[-1] == sessions(0)[0]
    assert frame["is_multi_week_decline"].to_list()[-1] is expected


@pytest.mark.parametrize(("major", "medium", "expected"), [(5, 5, False), (-5, -5, False), (0, -5, None), (5, 0, None)])
def test_only_a_corrective_decline_can_be_multi_week(major: float, medium: float, expected: bool | None) -> None:
    frame = states_of([medium] * 12, slope_200=[major] * 12, highs=[200] * 12, closes=[100] * 12, atr_14=[1] * 12)
    assert frame["is_multi_week_decline"].to_list()[-1] is expected


def test_prices_and_averages_must_hold_the_same_sessions() -> None:
    with pytest.raises(ValueError, match=r"expected prices and averages of the same .* was A on 2020-01-03 in one"):
        trend_states(prices([100.0] * 3), averages([100.0] * 2), PARAMETERS)


def phases_by_loop(slopes: Values, band: float, confirmation: int) -> list[tuple[str | None, int | None]]:
    """Phase and row of its onset for every row, by the definition read aloud."""
    phase: str | None = None
    onset: int | None = None
    run_side, run_start, shown = None, 0, []
    for row, slope in enumerate(slopes):
        side = None if slope is None or abs(slope) < band else ("up" if slope > 0 else "down")
        if side != run_side:
            run_side, run_start = side, row
        if side is not None and side != phase and row - run_start + 1 >= confirmation:
            phase, onset = side, run_start
        shown.append((phase, onset))
    return shown


def swings_by_loop(phases: list[tuple[str | None, int | None]], highs: list[float]) -> list[tuple[Any, Any]]:
    """Swing high and its row for every row, from the phases of that row and the rows before."""
    swings: list[tuple[Any, Any]] = []
    for row, (phase, _) in enumerate(phases):
        if phase is None:
            swings.append((None, None))
            continue
        known = [(kind, onset) for kind, onset in phases[: row + 1] if onset is not None]
        start = max((onset for kind, onset in known if kind == "up"), default=known[0][1])
        since = range(start, row + 1)
        best = max(since, key=lambda one: (highs[one], one))
        swings.append((highs[best], best))
    return swings


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(
        st.tuples(st.sampled_from([-5.0, -2.0, 0.0, 2.0, 5.0, None]), st.integers(1, 6)), min_size=1, max_size=30
    ),
    confirmation=st.integers(1, 3),
)
def test_agrees_with_a_plain_loop(rows: list[tuple[float | None, int]], confirmation: int) -> None:
    slopes = [slope for slope, _ in rows]
    highs = [100.0 + high for _, high in rows]
    frame = states_of(slopes, Parameters(phase_confirmation_sessions=confirmation), highs=highs)
    phases = phases_by_loop(slopes, 2.0, confirmation)
    swings = swings_by_loop(phases, highs)
    assert frame["medium_phase"].to_list() == [phase for phase, _ in phases]
    assert frame["medium_since"].to_list() == sessions(*(onset for _, onset in phases))
    assert frame["swing_high"].to_list() == [high for high, _ in swings]
    assert frame["swing_high_session"].to_list() == sessions(*(row for _, row in swings))


def states_on(bars: pl.DataFrame, parameters: Parameters = PARAMETERS) -> pl.DataFrame:
    """States of prices through their averages, checked against the contract."""
    return TrendState.validate(trend_states(bars, moving_averages(bars, parameters), parameters))


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS, size=st.integers(2, 400), kept=st.floats(0, 1), confirmation=st.integers(1, 3))
def test_no_row_uses_a_later_one(seed: int, size: int, kept: float, confirmation: int) -> None:
    bars, parameters = walk(seed, size, gaps=3, rangeless=3), Parameters(phase_confirmation_sessions=confirmation)
    head = round(size * kept)
    assert_frame_equal(states_on(bars.head(head), parameters), states_on(bars, parameters).head(head), check_exact=True)


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS)
def test_ten_times_the_price_changes_the_swing_high_only(seed: int) -> None:
    bars = walk(seed, 400, gaps=2, rangeless=2)
    scaled = states_on(bars.with_columns(pl.col("close", "high", "low") * 10))
    expected = states_on(bars).with_columns(pl.col("swing_high") * 10)
    assert_frame_equal(scaled, expected, rel_tol=1e-12)


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS)
def test_series_do_not_mix_and_row_order_does_not_matter(seed: int) -> None:
    one, other = walk(seed, 300, series_id="A", gaps=2), walk(seed + 1, 260, series_id="A/B", gaps=2)
    bars = pl.concat([one, other]).sample(fraction=1, shuffle=True, seed=seed)
    shuffled = moving_averages(bars, PARAMETERS).sample(fraction=1, shuffle=True, seed=seed + 1)
    both = trend_states(bars, shuffled, PARAMETERS)
    assert_frame_equal(both, pl.concat([states_on(one), states_on(other)]), check_exact=True)
