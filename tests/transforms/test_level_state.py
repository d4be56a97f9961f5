"""What holds for the states of any levels on any prices, and a plain loop; single rules stand in tests/golden."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from pipelines.contracts import core
from pipelines.contracts.vocabulary import LEVEL_CAUSES, LEVEL_STATES
from tests.transforms.average_frames import SEEDS, walk
from tests.transforms.level_machine_frames import NO_LEVELS, NO_ZONES, made
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
from tests.transforms.scan.plain_level import DATES, PlainBar, PlainLevel

SOME = range(10)
"""Seeds of walks that several tests look at; the first test says that they see everything."""
PLAIN = {"support": 1, "resistance": -1}
"""Sides as the plain loop has them."""


def test_the_walks_see_every_state_and_what_a_chain_does():
    states = pl.concat([random_walk(seed).made.states for seed in SOME])
    assert set(states.filter(origin="published")["state"]) == set(LEVEL_STATES)
    assert set(states.filter(origin="detected")["state"]) == set(LEVEL_STATES) - {"pending"}
    assert set(states["last_event"]) == {None, *LEVEL_CAUSES}
    assert set(states["is_exposed"]) == {None, True, False}
    assert set(states["thesis_state"]) == {None, "standing", "negated"}
    ended = states.filter(pl.col("state").is_in(ENDED), origin="detected")
    assert ended["level_id"].is_duplicated().any(), "expected a zone that returned and vanished again"


@settings(max_examples=10, deadline=None)
@given(seed=SEEDS, kept=st.integers(0, SIZE), without_atr=st.frozensets(st.integers(20, SIZE - 1), max_size=6))
def test_cut_at_a_session_nothing_changes_but_open_ends(seed: int, kept: int, without_atr: frozenset[int]):
    bars = pl.concat([bars_of(seed), bars_of(seed + 1, SIZE - 20, "B")])
    levels, last = random_levels(seed, bars), DAY[kept]
    whole = evaluated(bars, levels, without_atr).made.states.filter(pl.col("valid_from") < last)
    part = evaluated(bars.filter(pl.col("session") < last), levels, without_atr).made.states
    ends = bars.filter(pl.col("session") < last).group_by("series_id").agg(pl.col("session").max())
    end = pl.col("instrument_id").replace_strict(*ends, default=None, return_dtype=pl.Date)
    # The row of an end is of that session alone, whatever comes after.
    is_closed = (pl.col("valid_to") < end) | pl.col("state").is_in(ENDED)
    assert_frame_equal(part, whole.with_columns(pl.when(is_closed).then("valid_to")), check_exact=True)


@pytest.mark.parametrize("seed", SOME)
def test_a_level_has_one_row_a_session_of_its_life(seed: int):
    of = random_walk(seed)
    rows = every_session(of)
    assert rows.select("level_id", "session").is_unique().all()
    found = set(rows.select("level_id", "session", pl.col("state").is_in(ENDED)).rows())
    assert found == _lives_of_published(of) | _lives_of_zones(of)


def _lives_of_published(of: Walk) -> set[tuple[str, dt.date, bool]]:
    """Return level, session and whether it is over there, of every session of published levels."""
    sessions, lives = of.bars["session"].sort().to_list(), set()
    for level in of.levels.filter(pl.col("pending_from").is_not_null()).to_dicts():
        for session in sessions:
            is_superseded = level["superseded_from"] is not None and session >= level["superseded_from"]
            is_over = is_superseded or (level["valid_to"] is not None and session > level["valid_to"])
            if session >= level["pending_from"]:
                lives.add((level["level_id"], session, is_over))
                if is_over:
                    break
    return lives


def _lives_of_zones(of: Walk) -> set[tuple[str, dt.date, bool]]:
    """A zone that is known at a close stands on the next session; it is over on the one after that, if not known."""
    lives: set[tuple[str, dt.date, bool]] = set()
    before: set[str] = set()
    for yesterday, session in pairwise(of.bars["session"].sort().to_list()):
        known = set(_zones_as_of(of, yesterday)["zone_id"])
        lives |= {(zone_id, session, False) for zone_id in known}
        lives |= {(zone_id, session, True) for zone_id in before - known}
        before = known
    return lives


def _zones_as_of(of: Walk, session: dt.date) -> pl.DataFrame:
    until = pl.col("valid_to").is_null() | (pl.col("valid_to") >= session)
    return of.zones.filter(pl.col("valid_from") <= session, until)


@pytest.mark.parametrize("seed", SOME)
def test_a_level_is_held_against_published_numbers_or_the_zone_of_the_close_before(seed: int):
    of = random_walk(seed)
    rows = every_session(of).filter(pl.col("state").is_in(ENDED).not_())
    bounds = ("low", "high", "evaluated_low", "evaluated_high")
    for session, now in rows.filter(origin="detected").group_by("session"):
        known = _zones_as_of(of, session[0] - dt.timedelta(days=1)).sort("zone_id")
        assert now.sort("level_id").select("level_id", *bounds).rows() == [
            (zone_id, low, high, low, high) for zone_id, low, high in known.select("zone_id", "low", "high").rows()
        ]
    both = rows.filter(origin="published").join(of.levels, on="level_id", suffix="_of_level")
    assert not both.is_empty()
    for name in (*bounds, "role", "set_id"):
        assert both[name].equals(both[f"{name}_of_level"]), name


@pytest.mark.parametrize("seed", SOME)
def test_rows_of_a_level_follow_one_another_and_differ(seed: int):
    of = random_walk(seed)
    for (_,), rows in of.made.states.group_by("level_id"):
        for one, other in pairwise(rows.sort("valid_from").to_dicts()):
            if one["state"] in ENDED:
                assert one["valid_from"] == one["valid_to"] < other["valid_from"]
            else:
                assert other["valid_from"] == one["valid_to"] + dt.timedelta(days=1)
                assert {**one, "valid_from": None, "valid_to": None} != {**other, "valid_from": None, "valid_to": None}
                assert one["test_count"] <= other["test_count"]
                assert one["is_exposed"] in (None, False) or other["is_exposed"]
        assert rows["valid_to"].is_null().sum() <= 1


@pytest.mark.parametrize("seed", SOME)
def test_states_are_those_of_a_plain_loop(seed: int):
    """The loop is told when a level is over and what bounds it has; everything else is its own."""
    of = random_walk(seed)
    rows = of.bars.join(of.averages.select("session", "atr_14"), on="session").sort("session").to_dicts()
    valid_from = {level_id: date or dt.date.max for level_id, date in of.levels.select("level_id", "valid_from").rows()}
    names = ("state", "side", "state_since", "test_count", "last_event", "last_event_session", *DATES)
    for (level_id,), life in every_session(of).group_by("level_id"):
        plain: PlainLevel | None = None
        for now in life.to_dicts():
            row = now["row"]
            if plain is None or plain.state in ENDED:
                plain = PlainLevel(PLAIN[now["role"].split("_")[-1]], row, PARAMETERS)
            is_valid = valid_from.get(level_id, dt.date.min) <= now["session"]
            _step(plain, now, rows[row], rows[row - 1] if row else {"atr_14": None}, is_valid=is_valid)
            assert tuple(now[name] for name in names) == _facts(plain), (level_id, now["session"])


def _step(plain: PlainLevel, now: dict, bar: dict, before: dict, *, is_valid: bool) -> None:
    row, bounds = now["row"], (now["evaluated_low"], now["evaluated_high"])
    if now["state"] in ENDED:
        plain.end(row, now["state"])
        return
    if plain.state == "pending" and is_valid and before["atr_14"] is not None:
        plain.begin(row, *bounds, before["close"])
    if plain.state != "pending":
        high, low = (bar["close"] if bar[name] is None else bar[name] for name in ("high", "low"))
        plain.step(row, *bounds, PlainBar(bar["close"], high, low, before["atr_14"]))


def _facts(plain: PlainLevel) -> tuple[Any, ...]:
    """Return what the plain loop has as the table writes it."""
    state, number, since, tests, event, event_row, *dates = plain.facts()
    since, event_session, *sessions = (None if at is None else DAY[at] for at in (since, event_row, *dates))
    side = {number: side for side, number in PLAIN.items()}[number]
    is_cleared = state == "broken" and side == "resistance"
    return ("cleared" if is_cleared else state, side, since, tests, event, event_session, *sessions)


@pytest.mark.parametrize("seed", SOME)
def test_a_detected_level_begins_on_its_own_side(seed: int):
    """Its centre lies there, so the close before is not beyond it."""
    of = random_walk(seed)
    rows = of.made.states.filter(origin="detected").sort("level_id", "valid_from")
    begins = rows.filter(pl.col("last_event").is_null())
    assert set(begins["state"]) == {"intact"}
    assert begins["side"].equals(begins["role"])


@settings(max_examples=4, deadline=None)
@given(seed=SEEDS)
def test_instruments_do_not_mix_pairs_have_no_levels_and_row_order_does_not_matter(seed: int):
    one, other = bars_of(seed), bars_of(seed + 1, 90, "B")
    alone = [evaluated(bars, random_levels(seed, bars)) for bars in (one, other)]
    pair = evaluated(walk(seed + 2, SIZE, series_id="A/B"), NO_LEVELS)
    assert pair.made.states.is_empty()
    bars, averages, levels, zones = (
        pl.concat(parts).sample(fraction=1, shuffle=True, seed=1)
        for parts in zip(*(of[:4] for of in (*alone, pair)), strict=True)
    )
    found = made(bars, averages, levels, zones, PARAMETERS)
    assert_frame_equal(found.states, pl.concat([of.made.states for of in alone]), check_exact=True)
    assert_frame_equal(found.events, pl.concat([of.made.events for of in alone]), check_exact=True)


def test_without_prices_levels_or_zones_there_are_no_states():
    of = random_walk(1)
    none = core.SeriesPrice.create_empty(), core.MovingAverage.create_empty()
    assert [len(part) for part in made(of.bars, of.averages)] == [0, 0]
    assert [len(part) for part in made(*none)] == [0, 0]
    assert [len(part) for part in made(*none, of.levels, of.zones)] == [0, 0]
    published = made(of.bars, of.averages, of.levels, NO_ZONES, PARAMETERS).states
    assert_frame_equal(published, of.made.states.filter(origin="published"))
    detected = made(of.bars, of.averages, NO_LEVELS, of.zones, PARAMETERS).states
    assert_frame_equal(detected, of.made.states.filter(origin="detected"))
