"""Warnings about bars of indices, the gap to a second source, and the declaration of all rules."""

from __future__ import annotations

import datetime as dt
import math
import statistics

import numpy as np
import polars as pl
import pytest

from pipelines.contracts import core, raw, vocabulary
from pipelines.contracts.quality import BAR_WARNINGS, QUALITY_RULES, SEVERITIES, rules_of
from pipelines.parameters import Parameters
from pipelines.storage.statements import read_statements
from pipelines.transforms.quality import bar_warnings, quality_rules, source_gaps
from pipelines.transforms.stock_bar import stock_bar_warnings
from tests.frames import days
from tests.market import KNOWN, bar_frame, bars, stock_bar_frame

LATE = dt.date(2020, 1, 1)


def index(
    closes: list[float], first: dt.date = LATE, spread: float = 0.5, volume: float | None = 100.0
) -> pl.DataFrame:
    size = len(closes)
    frame = pl.DataFrame({"instrument_id": "A", "session": days(size, first), "close": [float(c) for c in closes]})
    return bar_frame(
        frame.with_columns(
            open="close", high=pl.col("close") + spread, low=pl.col("close") - spread, volume=pl.lit(volume)
        )
    )


def warned(frame: pl.DataFrame, **thresholds: float) -> list[tuple[int, str, float]]:
    found = core.BarWarning.validate(bar_warnings(frame, Parameters(**thresholds)))
    first = frame["session"].min()
    return [((day - first).days, warning, value) for _, day, warning, value in found.rows()]


def test_a_move_beyond_eight_deviations_of_the_moves_before_it_is_warned_of() -> None:
    random = np.random.default_rng(2)
    steps = random.normal(0.0, 0.01, 260).tolist()
    steps[256] = -0.2
    closes = (100 * np.exp(np.cumsum([0.0, *steps]))).tolist()
    found = warned(index(closes))
    assert [(day, warning) for day, warning, _ in found] == [(257, "unusual_move")]
    deviation = statistics.stdev(steps[256 - 252 : 256])
    assert found[0][2] == pytest.approx(-0.2 / deviation)
    assert warned(index(closes), unusual_move_deviations=1 + 0.2 / deviation) == []


@pytest.mark.parametrize(("moves", "is_warned"), [(252, True), (251, False)])
def test_an_unusual_move_needs_a_full_window_before_it(moves: int, is_warned: bool) -> None:
    closes = [100.0 + (at % 2) for at in range(moves + 1)]
    assert bool(warned(index([*closes, closes[-1] * 1.5]))) == is_warned


def test_moves_of_one_index_say_nothing_of_another() -> None:
    quiet = index([100.0 + (at % 2) for at in range(253)])
    other = index([10.0, 20.0, 5.0]).with_columns(instrument_id=pl.lit("B"))
    assert warned(pl.concat([quiet, other])) == []


def test_a_small_move_is_never_unusual_however_steady_the_price() -> None:
    steady = [100 * 1.0005**at for at in range(260)]
    assert warned(index(steady)) == []
    assert [day for day, *_ in warned(index([*steady, steady[-1] * 1.011]))] == [260]
    assert warned(index([*steady, steady[-1] * 1.009])) == []


def test_where_nothing_has_moved_nothing_is_unusual() -> None:
    assert {warning for _, warning, _ in warned(index([*[100.0] * 254, 90.0]))} == {"stale_close"}


@pytest.mark.parametrize(
    ("first", "expected"), [(dt.date(1983, 12, 30), [(2, 7.0)]), (dt.date(1984, 1, 1), [(0, 5.0), (1, 6.0), (2, 7.0)])]
)
def test_a_bar_without_a_range_is_odd_once_the_index_is_quoted_all_day(
    first: dt.date, expected: list[tuple[int, float]]
) -> None:
    flat = index([5.0, 6.0, 7.0], first, spread=0.0)
    assert warned(flat) == [(day, "flat_bar", value) for day, value in expected]


def test_no_volume_is_odd_once_the_index_is_quoted_all_day_and_an_unknown_one_is_not() -> None:
    assert warned(index([5.0, 6.0], dt.date(1983, 12, 31), volume=0.0)) == [(1, "zero_volume", 0.0)]
    assert warned(index([5.0, 6.0], volume=None)) == []


def test_three_equal_closes_are_stale() -> None:
    assert warned(index([5.0, 7.0, 7.0, 7.0, 8.0])) == [(3, "stale_close", 3.0)]


def test_what_an_action_explains_is_no_odd_move_of_a_stock() -> None:
    closes = {day: 100.0 if at < 3 else 40.0 for at, day in enumerate(days(6))}
    stock = stock_bar_frame(bars({"A": closes}).drop("is_close_only", "source", "known_from", "versions"))
    facts = {
        "instrument_id": ["A", "A"],
        "ex_session": days(5)[3:],
        "action_type": ["dividend"] * 2,
        "split_ratio": [None] * 2,
        "dividend_amount": [60.0, 90.0],
        "currency": [None] * 2,
        "close_before": [100.0, 40.0],
        "action_factor": [0.4, None],
        "left_out_reason": [None, "impossible_dividend"],
        "source": ["t"] * 2,
        "known_from": [KNOWN] * 2,
    }
    actions = core.StockAction.validate(pl.DataFrame(facts, schema=core.StockAction.create_empty().schema))
    jumps = [
        stock_bar_warnings(stock, Parameters(), given).filter(warning="jump") for given in (None, actions, actions[1:])
    ]
    assert [len(found) for found in jumps] == [1, 0, 1]


# The second source


def second(closes: dict[dt.date, float], known_from: dt.datetime = KNOWN) -> pl.DataFrame:
    rows = bars({"A": closes}).drop("is_close_only", "versions").with_columns(
        known_from=pl.lit(known_from), fetched_at=pl.lit(known_from), known_basis=pl.lit("observed"),
        adjusted_close=pl.lit(None, pl.Float64), vendor_symbol=pl.lit("A"), payload_hash=pl.lit("file"),
    )  # fmt: skip
    return raw.SecondBar.cast(rows.select(raw.SecondBar.column_names()))


def test_the_gap_is_that_of_the_second_close_over_ours_and_beyond_two_basis_points_is_said() -> None:
    one, two, three, four = days(4)
    ours = bars({"A": {one: 10_000.0, two: 10_000.0, three: 10_000.0}, "B": {one: 1.0}})
    theirs = second({one: 10_002.0, two: 9_997.9, four: 1.0})
    gaps = core.SourceGap.validate(source_gaps(ours, theirs, KNOWN, Parameters()))
    assert gaps.select("instrument_id", "session", "is_beyond").rows() == [("A", one, False), ("A", two, True)]
    assert gaps["gap_bp"].to_list() == pytest.approx([2.0, -2.1])
    wider = source_gaps(ours, theirs, KNOWN, Parameters(source_gap_bp=2.2))
    assert not wider["is_beyond"].any()


def test_the_second_source_counts_as_it_is_known() -> None:
    (day,) = days(1)
    later = KNOWN + dt.timedelta(days=1)
    versions = pl.concat([second({day: 10.0}), second({day: 11.0}, later)])
    ours = bars({"A": {day: 10.0}})
    told = [source_gaps(ours, versions, moment, Parameters())["second_close"].to_list() for moment in (KNOWN, later)]
    assert told == [[10.0], [11.0]]
    assert source_gaps(ours, versions.clear(), later, Parameters()).is_empty()


# The declaration


def test_every_rule_is_declared_once_and_lists_follow_from_it() -> None:
    rules = core.QualityRule.validate(quality_rules())
    assert len(rules) == len(QUALITY_RULES) == sum(len(rules_of(severity)) for severity in SEVERITIES)
    assert rules_of("reject") == vocabulary.REJECTION_RULES
    assert vocabulary.HELD_BAR_RULES == rules_of("quarantine", "index") == rules_of("quarantine", "stock")
    assert set(vocabulary.HELD_ACTION_RULES) <= set(vocabulary.LEFT_OUT_REASONS)
    assert set(BAR_WARNINGS) | {"source_gap", "missing_session"} == set(rules_of("warn"))


def test_what_is_held_back_or_warned_of_does_not_keep_a_build_from_being_published() -> None:
    severities = {check.name: check.head["severity"] for check in read_statements("checks")}
    names = (
        "no_row_was_rejected",
        "no_bar_is_held_back",
        "no_action_is_held_back",
        "no_session_is_missing",
        "second_source_agrees",
    )
    assert {severities[name] for name in names} == {"warn"}


def test_the_thresholds_are_those_that_the_rules_state() -> None:
    parameters = Parameters()
    assert (parameters.unusual_move_deviations, parameters.unusual_move_sessions) == (8.0, 252)
    assert (parameters.source_gap_bp, parameters.split_history_share, parameters.stale_sessions) == (2.0, 0.5, 3)
    assert math.isclose(parameters.hundredfold_least, 50.0)
