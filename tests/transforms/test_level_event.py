"""What holds for the events of any levels on any prices; single rules and numbers by hand stand in tests/golden."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from pipelines.contracts.vocabulary import CHAIN_CAUSES, LEVEL_CAUSES
from pipelines.transforms.level_event import level_events
from tests.transforms.average_frames import SEEDS
from tests.transforms.level_state_frames import DAY
from tests.transforms.level_walks import (
    ENDED,
    PARAMETERS,
    SIZE,
    Walk,
    bars_of,
    evaluated,
    every_session,
    random_levels,
    random_walk,
)

SOME = range(10)
"""Seeds of walks that several tests look at; the first test says that they see everything."""
BREAKS = ("atr", "two_closes")
AGAINST = {"support": "bullish", "resistance": "bearish"}
"""Bias that a break of a key level negates."""


def test_the_walks_see_every_event_of_either_side():
    events = pl.concat([random_walk(seed).made.events for seed in SOME])
    both = {(cause, side) for cause in (*LEVEL_CAUSES, *CHAIN_CAUSES) for side in AGAINST}
    assert set(events.select("cause", "side").rows()) == both
    assert set(events["origin"]) == {"published", "detected"}


@settings(max_examples=8, deadline=None)
@given(seed=SEEDS, kept=st.integers(0, SIZE), without_atr=st.frozensets(st.integers(20, SIZE - 1), max_size=6))
def test_later_sessions_only_add_events(seed: int, kept: int, without_atr: frozenset[int]):
    bars = pl.concat([bars_of(seed), bars_of(seed + 1, SIZE - 20, "B")])
    levels, last = random_levels(seed, bars), DAY[kept]
    whole = evaluated(bars, levels, without_atr).made.events.filter(pl.col("session") < last)
    part = evaluated(bars.filter(pl.col("session") < last), levels, without_atr).made.events
    assert_frame_equal(part, whole, check_exact=True)


def _began(role: str, close: Any, low: float, high: float) -> str:
    """Return the state that the close before the first bar gives."""
    if role.endswith("support"):
        return "broken" if close < low else "intact"
    return "cleared" if close > high else "intact"


def _days(of: Walk) -> list[dict[str, Any]]:
    """Return every session of every level with state and side before it, its bar and the one before that."""
    bars = of.bars.join(of.averages.select("session", "atr_14"), on="session").sort("session").to_dicts()
    found = []
    for (_,), life in every_session(of).group_by("level_id"):
        last: dict[str, Any] | None = None
        for now in life.to_dicts():
            if last is None or last["state"] in ENDED:
                last = {"state": "pending", "side": now["role"].split("_")[-1]}
            bar, before = bars[now["row"]], bars[now["row"] - 1] if now["row"] else {"atr_14": None}
            state = last["state"]
            if state == "pending" and now["state"] not in ("pending", *ENDED):
                state = _began(now["role"], before["close"], now["evaluated_low"], now["evaluated_high"])
            found.append({**now, "state_before": state, "side_before": last["side"], "bar": bar, "bar_before": before})
            last = now
    return found


@pytest.mark.parametrize("seed", SOME)
def test_each_change_of_state_has_one_event_of_the_machine(seed: int):
    of = random_walk(seed)
    names = ("session", "level_id", "from_state", "to_state", "side", "cause")
    of_machine = of.made.events.filter(pl.col("cause").is_in(LEVEL_CAUSES))
    assert of_machine.select("level_id", "session").is_unique().all()
    days = _days(of)
    expected = {
        (day["session"], day["level_id"], day["state_before"], day["state"], day["side"], day["last_event"])
        for day in days
        if day["last_event_session"] == day["session"]
    }
    assert set(of_machine.select(names).rows()) == expected
    for name in ("state", "side"):
        changed = {(day["session"], day["level_id"]) for day in days if day[f"{name}_before"] != day[name]}
        assert changed <= {row[:2] for row in expected}, name


@pytest.mark.parametrize("seed", SOME)
def test_numbers_are_those_of_the_bar_and_meet_the_threshold(seed: int):
    of = random_walk(seed)
    by_key = {(day["level_id"], day["session"]): day for day in _days(of)}
    for event in of.made.events.to_dicts():
        now = by_key[event["level_id"], event["session"]]
        bar, atr = now["bar"], now["bar_before"]["atr_14"]
        numbers = (event["close"], event["bar_high"], event["bar_low"], event["atr_before"])
        assert numbers == (bar["close"], bar["high"], bar["low"], atr)
        for name in ("instrument_id", "origin", "role", "side", "low", "high"):
            assert event[name] == now[name], name
        if atr is None:
            assert event["tolerance"] is None
            assert event["cause"] in (*ENDED, "exposed")
            continue
        middle = (now["evaluated_low"] + now["evaluated_high"]) / 2
        assert event["tolerance"] == pytest.approx(max(0.25 * atr, 0.001 * middle), rel=1e-15)
        _meets(event, now)


def _meets(event: dict[str, Any], now: dict[str, Any]) -> None:
    """The bar is on that side of the threshold that the rule asks for, looked at as a support."""
    sign = 1 if now["side_before"] == "support" else -1
    price, reached = event["threshold"], event["bar_low" if sign == 1 else "bar_high"]
    close, low = sign * event["close"], sign * (event["close"] if reached is None else reached)
    has_turned = now["side"] != now["side_before"]
    met = {
        "atr": lambda: close <= sign * price,
        "two_closes": lambda: close < sign * price,
        "first_close": lambda: close < sign * price,
        "failed_break": lambda: close >= sign * price,
        "retest_held": lambda: close >= sign * price,
        "pierced": lambda: low < sign * price,
        "touched": lambda: low <= sign * price,
        "role_reversed": lambda: close <= sign * price,
        "reclaimed": lambda: close < sign * price if has_turned else close > sign * price,
    }
    if event["cause"] in met:
        assert met[event["cause"]](), event
    else:
        assert price is None, event


@pytest.mark.parametrize("seed", SOME)
def test_the_chain_follows_from_the_breaks_of_a_set(seed: int):
    """The first break of a key or intermediate level on its own side exposes; the first of a key one negates."""
    of = random_walk(seed)
    bias, breaks = dict(of.levels.select("set_id", "bias").rows()), _breaks(of)
    exposed = {
        key: min(row["session"] for row in breaks if (row["set_id"], row["side"]) == key)
        for key in {(row["set_id"], row["side"]) for row in breaks}
    }
    negating = [row for row in breaks if row["role"].startswith("key_") and bias[row["set_id"]] == AGAINST[row["side"]]]
    negated = {
        set_id: min(row["session"] for row in negating if row["set_id"] == set_id)
        for set_id in {row["set_id"] for row in negating}
    }
    expected = {
        (row["session"], row["level_id"], "negated") for row in negating if row["session"] == negated[row["set_id"]]
    }
    for now in every_session(of).filter(origin="published").to_dicts():
        since = exposed.get((now["set_id"], now["role"].split("_")[-1]))
        is_exposed = since is not None and now["session"] >= since
        assert now["is_exposed"] == (is_exposed if now["role"].startswith("next_") else None)
        is_negated = now["set_id"] in negated and now["session"] >= negated[now["set_id"]]
        assert now["thesis_state"] == ("negated" if is_negated else "standing")
        if now["is_exposed"] and now["session"] == since:
            expected.add((now["session"], now["level_id"], "exposed"))
    of_chain = of.made.events.filter(pl.col("cause").is_in(CHAIN_CAUSES))
    assert set(of_chain.select("session", "level_id", "cause").rows()) == expected
    assert of_chain["from_state"].equals(of_chain["to_state"]), "expected the chain to change no state"


def _breaks(of: Walk) -> list[dict[str, Any]]:
    """Return the breaks that a chain can begin with."""
    found = of.made.events.filter(pl.col("cause").is_in(BREAKS), pl.col("role").str.contains("key|intermediate"))
    rows = found.join(of.levels.select("level_id", "set_id"), on="level_id").to_dicts()
    return [row for row in rows if row["role"].endswith(row["side"])]


@pytest.mark.parametrize("seed", SOME)
def test_of_two_events_of_a_level_the_later_one_starts_from_what_the_earlier_one_made(seed: int):
    events = random_walk(seed).made.events.filter(pl.col("cause").is_in(LEVEL_CAUSES))
    for (_,), rows in events.group_by("level_id"):
        for one, other in pairwise(rows.sort("session").to_dicts()):
            if one["to_state"] not in ENDED:
                assert other["from_state"] == one["to_state"]


def test_events_follow_from_the_states_in_any_order():
    of = random_walk(2)
    states, bars, averages = (
        frame.sample(fraction=1, shuffle=True, seed=3) for frame in (of.made.states, of.bars, of.averages)
    )
    assert_frame_equal(level_events(states, bars, averages, PARAMETERS), of.made.events, check_exact=True)
