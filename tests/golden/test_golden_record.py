"""Record highs worked by hand: every rule of methods B3 on a few rows."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from pipelines.contracts import core
from pipelines.parameters import Parameters
from pipelines.transforms.record import record_highs, record_states
from tests.frames import days, prices
from tests.market import instrument

DAY = days(12)
SEEDED = dt.date(2019, 12, 31)


def _averages(frame: pl.DataFrame, atr_14: list[float | None] | None = None) -> pl.DataFrame:
    atr = pl.Series("atr_14", atr_14 or [None] * len(frame), dtype=pl.Float64)
    return frame.select("series_id", "session").with_columns(atr)


def _states(
    frame: pl.DataFrame, facts: pl.DataFrame, basis: str, atr: list[float | None] | None = None
) -> pl.DataFrame:
    out = record_states(frame, _averages(frame, atr), facts, Parameters())
    assert core.RecordState.is_valid(out)
    return out.filter(pl.col("basis") == basis)


def _highs(frame: pl.DataFrame, facts: pl.DataFrame, **thresholds: float) -> pl.DataFrame:
    out = record_highs(frame, _averages(frame), facts, Parameters(**thresholds))
    assert core.RecordHigh.is_valid(out)
    return out


def test_a_new_record_exceeds_the_old_one_by_more_than_half_a_tick():
    closes = [100.0, 101.0, 101.0, 101.25, 101.75, 90.0]
    out = _states(prices(closes), instrument(tick_size=0.5), "close")
    assert out["is_new_record"].to_list() == [False, True, False, False, True, False]
    assert out["record"].to_list() == [100.0, 101.0, 101.0, 101.25, 101.75, 101.75]
    assert out["record_session"].to_list() == [DAY[0], DAY[1], DAY[1], DAY[1], DAY[4], DAY[4]]
    assert out["sessions_since"].to_list() == [0, 0, 1, 2, 0, 1]
    assert out["sessions_between"].to_list() == [0, 0, 0, 1, 0, 0]
    assert out["drawdown_pct"].to_list() == [0, 0, 0, 0, 0, pytest.approx((90 / 101.75 - 1) * 100)]
    assert out["history_from"].unique().to_list() == [DAY[0]]
    assert not out["is_all_time"].any()


def test_a_pair_has_a_close_basis_without_ticks_and_no_intraday_one():
    frame = prices([1.0, 1.0000001, 0.9], series_id="A/B")
    out = record_states(frame, _averages(frame), instrument(), Parameters())
    assert out["basis"].to_list() == ["close"] * 3
    assert out["is_new_record"].to_list() == [False, True, False]
    assert out.select("proximity", "proximity_pct").null_count().row(0) == (3, 3)
    assert out["is_all_time"].to_list() == [False] * 3


def test_a_seeded_record_stands_before_the_first_row():
    frame = prices([100.0, 105.0, 106.0], highs=[101.0, 105.5, 106.0])
    facts = instrument(record_seed=(105.0, SEEDED))
    close = _states(frame, facts, "close")
    assert close["record"].to_list() == [105.0, 105.0, 106.0]
    assert close["record_session"].to_list() == [SEEDED, SEEDED, DAY[2]]
    assert close["sessions_since"].to_list() == [1, 2, 0]
    assert close["sessions_between"].to_list() == [0, 1, 0]
    assert close["is_new_record"].to_list() == [False, False, True]
    assert close["history_from"].unique().to_list() == [SEEDED]
    assert close["is_all_time"].all()
    intraday = _states(frame, facts, "intraday")
    assert intraday["record"].to_list() == [105.0, 105.5, 106.0]
    assert intraday["is_new_record"].to_list() == [False, True, True]
    assert not intraday["is_all_time"].any()
    assert intraday["history_from"].unique().to_list() == [DAY[0]]
    new = _highs(frame, facts).filter(pl.col("basis") == "close", pl.col("event") == "new_record")
    columns = ("session", "value", "previous_value", "previous_session", "is_all_time")
    assert new.select(columns).rows() == [(DAY[2], 106.0, 105.0, SEEDED, True)]


@pytest.mark.parametrize("first", [DAY[0] + dt.timedelta(days=1), DAY[0] - dt.timedelta(days=1)])
def test_a_seed_serves_only_a_series_that_begins_right_after_it(first: dt.date):
    frame = prices([100.0, 101.0], sessions=[first, first + dt.timedelta(days=1)])
    close = _states(frame, instrument(record_seed=(90.0, SEEDED)), "close")
    assert close["record"].to_list() == [100.0, 101.0]
    assert close["is_new_record"].to_list() == [False, True]
    assert close["history_from"].unique().to_list() == [first]
    assert not close["is_all_time"].any()


def test_the_first_row_may_exceed_a_seeded_record():
    frame = prices([106.0, 105.0])
    out = _highs(frame, instrument(record_seed=(105.0, SEEDED))).filter(pl.col("basis") == "close")
    assert out.select("session", "event", "previous_session").rows() == [(DAY[0], "new_record", SEEDED)]


def test_before_the_first_range_there_is_no_intraday_record_and_its_closes_are_a_floor():
    frame = prices(
        [100.0, 110.0, 104.0, 109.0, 110.0, 111.0],
        highs=[None, None, 108.0, 110.5, None, 111.5],
        lows=[None, None, 103.0, 108.0, None, 109.0],
    )
    out = _states(frame, instrument(), "intraday")
    assert out["record"].to_list() == [None, None, 110.0, 110.5, 110.5, 111.5]
    assert out["record_session"].to_list() == [None, None, DAY[1], DAY[3], DAY[3], DAY[5]]
    assert out["record_reason"].to_list() == ["no_intraday_range"] * 2 + [None] * 4
    assert out["is_new_record"].to_list() == [False, False, False, True, False, True]
    assert out["sessions_since"].to_list() == [None, None, 1, 0, 1, 0]
    assert out["sessions_between"].to_list() == [None, None, 0, 0, 0, 0]
    new = _highs(frame, instrument()).filter(pl.col("basis") == "intraday", pl.col("event") == "new_record")
    assert new.select("session", "value", "previous_value", "previous_session").rows() == [
        (DAY[3], 110.5, 110.0, DAY[1]),
        (DAY[5], 111.5, 110.5, DAY[3]),
    ]


def test_ranges_before_intraday_from_are_a_floor_only():
    frame = prices([100.0, 101.0, 102.0, 103.0], highs=[105.0, 104.0, 103.0, 106.0])
    out = _states(frame, instrument(intraday_from=DAY[2]), "intraday")
    assert out["record"].to_list() == [None, None, 105.0, 106.0]
    assert out["record_session"].to_list() == [None, None, DAY[0], DAY[3]]
    assert out["history_from"].unique().to_list() == [DAY[2]]
    assert out["proximity"].to_list() == [None, None, "approach", "exceed"]  # 103/105 = -1.90 %
    close = _states(frame, instrument(intraday_from=DAY[2]), "close")
    assert close["history_from"].unique().to_list() == [DAY[0]]


def test_intraday_from_before_the_first_bar_changes_nothing():
    frame = prices([100.0, 101.0], highs=[102.0, 103.0])
    out = _states(frame, instrument(intraday_from=SEEDED), "intraday")
    assert out.select("record", "is_new_record", "history_from").rows() == [
        (102.0, False, DAY[0]),
        (103.0, True, DAY[0]),
    ]


PROXIMITIES = {
    "above the record": (1000.1, None, "exceed", 0.01),
    "above it by less than half a tick: no new record, and yet above": (1000.004, None, "exceed", 0.0004),
    "at the record": (1000.0, None, "retest", 0.0),
    "within half a per cent": (995.1, None, "retest", -0.49),
    "farther, within two per cent": (994.9, None, "approach", -0.51),
    "just within two per cent": (980.1, None, "approach", -1.99),
    "farther than two per cent": (979.9, None, None, -2.01),
    "a quarter ATR widens the retest to 1 %": (990.1, 40.0, "retest", -0.99),
    "but not farther": (989.9, 40.0, "approach", -1.01),
    "half a per cent where a quarter ATR is less": (995.1, 4.0, "retest", -0.49),
    "no high": (None, None, None, None),
}


@pytest.mark.parametrize(("high", "atr", "proximity", "gap_pct"), PROXIMITIES.values(), ids=PROXIMITIES.keys())
def test_proximity(high: float | None, atr: float | None, proximity: str | None, gap_pct: float | None):
    frame = prices([990.0, 975.0], highs=[1000.0, high], lows=[980.0, None if high is None else 970.0])
    states = _states(frame, instrument(), "intraday", [None, atr])
    row = states.select("proximity", "proximity_pct").row(1)
    assert row == (proximity, gap_pct if gap_pct is None else pytest.approx(gap_pct, abs=1e-9))
    assert states.select("proximity", "proximity_pct").row(0) == (None, None), "expected none before the first record"
    close = _states(frame, instrument(), "close", [None, atr])
    assert close.select("proximity", "proximity_pct").null_count().row(0) == (2, 2)


def test_episodes_number_each_kind_and_start_afresh():
    days_and_events = [
        # (high, close, event, episode_session); the record before each is 1000 until the new one of 1100
        (1000.0, 990.0, None, None),
        (985.0, 980.0, "approach", 1),
        (997.0, 990.0, "retest", 1),
        (990.0, 971.0, "approach", 2),
        (985.0, 969.0, "approach", 3),  # below 970: the episode ends with this session
        (985.0, 980.0, "approach", 1),
        (999.0, 990.0, "retest", 1),
        (1100.0, 1090.0, "new_record", None),
        (1085.0, 1080.0, "approach", 1),
        (1000.0, 1060.0, None, None),  # below 1067: the episode ends, out of reach
        (1099.0, 1090.0, "retest", 1),
    ]
    highs, closes, events, ordinals = zip(*days_and_events, strict=True)
    frame = prices(closes, highs=highs, lows=[900.0] * len(closes))
    out = _highs(frame, instrument()).filter(pl.col("basis") == "intraday")
    expected = [(day, event, number) for day, event, number in zip(DAY, events, ordinals, strict=False) if event]
    assert out.select("session", "event", "episode_session").rows() == expected
    first = out.select("value", "previous_value", "previous_session", "gap_pct").row(0)
    assert first == (985.0, 1000.0, DAY[0], pytest.approx(-1.5))


def test_a_record_is_fresh_after_enough_sessions_without_one():
    closes = [100.0, 99.0, 99.0, 101.0, 99.0, 99.0, 99.0, 102.0]
    out = _highs(prices(closes), instrument(), fresh_after_sessions=3).filter(pl.col("basis") == "close")
    # Two sessions lie between the first value and 101, three between 101 and 102.
    assert out.select("session", "event").rows() == [(DAY[3], "new_record"), (DAY[7], "fresh"), (DAY[7], "new_record")]


def test_a_record_is_marginal_where_it_exceeds_by_little():
    closes = [1000.0, 1000.4, 1001.0]  # +0.04 %, then +0.06 %
    out = _highs(prices(closes), instrument()).filter(pl.col("basis") == "close")
    assert out.select("session", "event", "episode_session").rows() == [
        (DAY[1], "marginal", None),
        (DAY[1], "new_record", None),
        (DAY[2], "new_record", None),
    ]
    assert out["gap_pct"].to_list() == pytest.approx([0.04, 0.04, (1001 / 1000.4 - 1) * 100])
