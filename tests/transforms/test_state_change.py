"""Changes of states between builds: properties, held against a plain comparison session by session."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings

from pipelines.contracts import core
from pipelines.parameters import Parameters
from pipelines.transforms.change_cause import builds_of
from pipelines.transforms.moving_average import moving_averages
from pipelines.transforms.state_change import MOST_STRETCHES
from pipelines.transforms.state_spell import stated_stock_trends, stated_trends
from pipelines.transforms.trend import trend_states
from tests.frames import prices
from tests.transforms.stated_builds import DAYS, PARAMETERS, changes, facts, spells, stated, told

ASPECTS = ("medium_phase", "medium_since", "major_phase", "major_since")


def walk(seed: int, count: int = 240) -> list[float]:
    """Return closes that wander enough to turn a phase now and then."""
    steps = np.random.default_rng(seed).normal(0, 0.02, count)
    return [float(close) for close in np.round(100 * np.exp(np.cumsum(steps)), 2)]


def by_session(closes: list[float]) -> dict[tuple[str, object], object]:
    """Return what is stated of each aspect at each session."""
    of_series = prices(closes, sessions=DAYS[: len(closes)])
    states = trend_states(of_series, moving_averages(of_series, PARAMETERS), PARAMETERS)
    return {
        (aspect, row["session"]): None if row[aspect] is None else str(row[aspect])
        for row in states.iter_rows(named=True)
        for aspect in ASPECTS
    }


@given(st.integers(0, 10_000), st.integers(0, 239), st.floats(0.7, 1.4), st.integers(200, 240))
@settings(max_examples=30, deadline=None)
def test_the_log_says_what_a_plain_comparison_says(seed: int, day: int, factor: float, reached: int) -> None:
    """Every session on which both builds state an aspect differently lies in one row, and no other does."""
    closes = walk(seed)
    revised = [close * factor if place == day else close for place, close in enumerate(closes)]
    found = changes(stated(closes[:reached], facts(1)), stated(revised, facts(2)))
    was, now = by_session(closes[:reached]), by_session(revised)
    expected = {key: (was[key], now[key]) for key in was if was[key] != now[key]}
    restated = found.filter(pl.col("cause") != "price", pl.col("subject_kind") == "trend")
    logged: dict[tuple[str, object], tuple[object, object]] = {}
    for row in restated.iter_rows(named=True):
        for session in DAYS[: len(closes)]:
            if row["first_session"] <= session <= row["last_session"]:
                assert (row["aspect"], session) not in logged
                logged[row["aspect"], session] = (row["from_state"], row["to_state"])
    assert logged == expected
    assert all(session >= DAYS[day] for session in restated["first_session"])
    new = {
        (aspect, session): (now[aspect, before], now[aspect, session])
        for before, session in zip(DAYS[reached - 1 : 239], DAYS[reached:240], strict=True)
        for aspect in ("medium_phase", "major_phase")
        if now[aspect, before] != now[aspect, session]
    }
    moved = found.filter(pl.col("cause") == "price", pl.col("subject_kind") == "trend")
    assert {(row[0], row[1]): (row[2], row[3]) for row in moved.select(
        "aspect", "first_session", "from_state", "to_state").rows()} == new  # fmt: skip


@given(st.integers(0, 10_000))
@settings(max_examples=10, deadline=None)
def test_two_builds_of_the_same_bars_differ_in_nothing(seed: int) -> None:
    closes = walk(seed)
    assert changes(stated(closes, facts(1)), stated(closes, facts(2))).is_empty()


def test_builds_are_told_by_their_number() -> None:
    remembered = pl.concat([stated(walk(1), facts(2)), stated(walk(1), facts(1))])
    assert builds_of(remembered) == [facts(1), facts(2)]


@pytest.mark.parametrize("count", [MOST_STRETCHES, MOST_STRETCHES + 1])
def test_many_stretches_are_one_row_with_the_states_of_the_last(count: int) -> None:
    """The later build turns on every third day for two sessions; the days between agree."""
    cover = ("coverage", "A", "bars", "A", 0, 99, None)
    held = ("trend", "A", "major_phase", "A")
    turns = [
        (*held, 3 * turn + part, 3 * turn + part, ("up", "down")[part]) for turn in range(count) for part in (0, 1)
    ]
    found = changes(
        spells(facts(1), cover, (*held, 0, 99, "up")),
        spells(
            facts(2), cover, *turns[:-1], (*held, 3 * count - 2, 3 * count - 2, "down"), (*held, 3 * count, 99, "up")
        ),
    )
    assert found["changed_sessions"].sum() == 2 * count
    assert found["stretches"].to_list() == ([1] * count if count == MOST_STRETCHES else [count])
    assert told(found)[-1][1:] == (
        *((1 if count > MOST_STRETCHES else 3 * count - 2), 3 * count - 1),
        *("up", "down", "vendor_revision"),
    )


def test_stretches_tile_the_sessions_of_a_series() -> None:
    found = stated(walk(3), facts(1)).filter(pl.col("subject_kind").is_in(["trend", "record"]))
    for _, of_subject in found.group_by("subject_id", "aspect"):
        ordered = of_subject.sort("first_session")
        last = ordered["last_session"].to_list()
        assert [DAYS.index(day) + 1 for day in last[:-1]] == [DAYS.index(day) for day in ordered["first_session"][1:]]
        assert (ordered["first_session"][0], last[-1]) == (DAYS[0], DAYS[239])
        assert ordered.filter(pl.col("state").eq_missing(pl.col("state").shift(1)))[1:].is_empty()


def test_trends_of_stocks_are_stretches_of_a_kind_of_their_own() -> None:
    """The states of stocks differ from those of series in the name of one column."""
    of_series = prices(walk(5), series_id="ZQA", sessions=DAYS[:240])
    states = trend_states(of_series, moving_averages(of_series, PARAMETERS), PARAMETERS)
    of_stocks = stated_stock_trends(states.rename({"series_id": "instrument_id"})).filter(subject_kind="stock_trend")
    assert of_stocks.drop("subject_kind").equals(stated_trends(states).drop("subject_kind"))


@pytest.mark.parametrize("same", [True, False])
def test_a_change_has_one_row_however_the_code_or_the_parameters_differ(same: bool) -> None:
    wider = Parameters() if same else Parameters(major_flat_band_bp=1.01)
    closes = walk(7)
    found = changes(stated(closes, facts(1)), stated(closes, facts(2, wider, code="2"), wider))
    assert found.select(core.StateChange.primary_key()).is_duplicated().any() is False
    assert set(found["cause"]) <= ({"param_change"} if not same else set())
