"""Level statistics of any prices and levels, against a plain loop; the rules one by one stand in tests/golden."""

from __future__ import annotations

import statistics
import zlib
from collections import defaultdict
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from pipelines.contracts import core
from pipelines.parameters import Parameters
from pipelines.transforms.level_statistics import level_statistics
from pipelines.transforms.moving_average import moving_averages
from tests.transforms.average_frames import SEEDS, walk
from tests.transforms.level_state_frames import DAY, level, state, states, zone

PARAMETERS = Parameters(placebo_draws=3, placebo_sessions=40)
NO_LEVELS, NO_ZONES = core.Level.create_empty(), core.Zone.create_empty()
WARM = 20


class Market:
    """Prices of a walk, and random stands of random levels; touches need not be any."""

    def __init__(self, seed: int, size: int = 160, levels: int = 6) -> None:
        self.bars = walk(seed, size, rangeless=2)
        self.averages = moving_averages(self.bars, PARAMETERS)
        self.random = np.random.default_rng(seed)
        self.rows: list[dict[str, Any]] = []
        self.levels, self.zones = NO_LEVELS, NO_ZONES
        for number in range(levels):
            self._add(f"L{number}", is_published=number % 2 == 0)
        self.states = states(*self.rows)

    def _add(self, level_id: str, *, is_published: bool) -> None:
        size, random = len(self.bars), self.random
        role = str(random.choice(["key_support", "next_support"])) if is_published else None
        starts = [int(random.integers(WARM, size // 2))]
        ends = [starts[0] + int(random.integers(1, 30))]
        starts.append(ends[0] + 1 + int(random.integers(0, 2)))
        ends.append(size - 1)
        for start, end in zip(starts, ends, strict=True):
            self._stand(level_id, start, end, role, is_over=end < size - 1 and starts[1] == ends[0] + 1)
        if is_published:
            self.levels = pl.concat([self.levels, level(level_id, str(random.choice(["one", "two"])), str(role))])
            return
        turn = int(random.integers(WARM, size - 1))
        for first, last in ((0, turn), (turn + 1, None)):
            kinds = ", ".join(sorted(random.choice(["swing_high", "swing_low", "record_high"], 2, replace=False)))
            pivots = int(random.integers(1, 5))
            self.zones = pl.concat([self.zones, zone(level_id, first, last, kinds=kinds, n_pivots=pivots)])

    def _stand(self, level_id: str, start: int, end: int, role: str | None, *, is_over: bool) -> None:
        random = self.random
        changes = [start, *sorted(random.choice(np.arange(start + 1, end), min(9, end - start - 1), replace=False))]
        if is_over:
            changes = [*(change for change in changes if change < end), end]
        tests, event = 0, None
        for place, change in enumerate(map(int, changes)):
            is_last = place == len(changes) - 1
            until = int(changes[place + 1]) - 1 if not is_last else None if end == len(self.bars) - 1 else end
            low = float(self.bars["close"][change] * random.uniform(0.94, 1.06))
            tests += int(random.random() < 0.6) if not (is_over and is_last) else 0
            event = change if random.random() < 0.5 else event
            side = str(random.choice(["support", "resistance"]))
            name = "expired" if is_over and is_last else "intact"
            width = float(random.uniform(0, 1))
            self.rows.append(
                state(
                    level_id,
                    change,
                    until,
                    (low, low + width),
                    tests=tests,
                    event=event,
                    state=name,
                    side=side,
                    role=role,
                )
            )

    def statistics(self, parameters: Parameters = PARAMETERS) -> pl.DataFrame:
        out = level_statistics(self.states, self.levels, self.zones, self.bars, self.averages, parameters)
        return core.LevelStatistics.validate(out)


def _by_hand(market: Market, parameters: Parameters) -> dict[tuple[str, str], tuple]:
    """Return (tests, holds, breaks, rates of the draws) of every (author, kind), one row at a time."""
    bars = market.bars.join(market.averages.select("session", "atr_14"), on="session", how="left").sort("session")
    bars = bars.rows(named=True)
    row_of = {bar["session"]: row for row, bar in enumerate(bars)}
    lows = [bar["close"] if bar["low"] is None else bar["low"] for bar in bars]
    highs = [bar["close"] if bar["high"] is None else bar["high"] for bar in bars]
    tests = []
    stand: list[dict[str, Any]] = []
    for now in market.states.sort("level_id", "valid_from").rows(named=True):
        before = stand[-1] if stand else None
        if (
            before is None
            or before["level_id"] != now["level_id"]
            or before["state"] in ("expired", "superseded")
            or before["valid_to"] is None
            or row_of[before["valid_to"]] + 1 != row_of[now["valid_from"]]
        ):
            stand, before = [], None
        stand.append(now)
        if now["test_count"] <= (before["test_count"] if before else 0):
            continue
        touch = row_of[now["valid_from"]]
        armed = row_of[stand[0]["valid_from"]] - 1
        if before and before["last_event_session"]:
            armed = row_of[before["last_event_session"]]
        side, low, high = (before or now)["side"], now["evaluated_low"], now["evaluated_high"]
        start, atr = bars[armed]["close"], bars[touch - 1]["atr_14"]
        distance = start - high if side == "support" else low - start
        if atr is None or distance <= _tolerance(low, high, atr, parameters):
            continue
        tests.append((touch, now["level_id"], armed, side, low, high, distance))
    random = np.random.default_rng([parameters.placebo_seed, zlib.crc32(b"A")])
    found: dict[tuple[str, str], list] = defaultdict(list)
    for touch, level_id, armed, side, low, high, distance in sorted(tests):
        factors = random.uniform(parameters.placebo_least, parameters.placebo_most, parameters.placebo_draws)
        ended = _outcome(bars, touch, side, low, high, parameters)
        placebos = []
        for factor in factors:
            edge, atr = bars[armed]["close"] - factor * distance, bars[armed]["atr_14"]
            bounds = (edge - (high - low), edge)
            if side == "resistance":
                edge = bars[armed]["close"] + factor * distance
                bounds = (edge, edge + (high - low))
            window = range(armed + 1, min(armed + parameters.placebo_sessions, len(bars) - 1) + 1)
            near = None if atr is None else _tolerance(*bounds, atr, parameters)
            reached = [
                row for row in window
                if near is not None and (lows[row] <= edge + near if side == "support" else highs[row] >= edge - near)
            ]  # fmt: skip
            placebos.append(_outcome(bars, reached[0], side, *bounds, parameters) if reached and edge > 0 else None)
        if ended is not None:
            for group in _groups_of(market, level_id, bars[touch - 1]["session"]):
                found[group].append((ended, placebos))
    return {group: _summed(of_group) for group, of_group in found.items()}


def _tolerance(low: float, high: float, atr: float, parameters: Parameters) -> float:
    return max(parameters.level_tolerance_atr * atr, parameters.level_tolerance_pct / 100 * abs((low + high) / 2))


def _outcome(bars: list[dict], touch: int, side: str, low: float, high: float, parameters: Parameters) -> str | None:
    atr = bars[touch - 1]["atr_14"]
    if atr is None:
        return None
    hold, lost = parameters.level_hold_atr * atr, parameters.outcome_break_atr * atr
    for row in range(touch, touch + parameters.level_test_sessions + 1):
        if row == len(bars):
            return None
        close = bars[row]["close"]
        if close >= high + hold if side == "support" else close <= low - hold:
            return "hold"
        if close < low - lost if side == "support" else close > high + lost:
            return "break"
    return "undecided"


def _groups_of(market: Market, level_id: str, as_of: Any) -> list[tuple[str, str]]:
    for published in market.levels.filter(pl.col("level_id") == level_id).rows(named=True):
        return [(published["author"], published["role"]), (published["author"], "any")]
    stretches = market.zones.filter(pl.col("zone_id") == level_id, pl.col("valid_from") <= as_of).sort("valid_from")
    last = stretches.row(-1, named=True)
    kinds = {*last["kinds"].split(", "), "any"} | ({"three_pivots"} if last["n_pivots"] >= 3 else set())
    return [("detected", kind) for kind in kinds]


def _summed(of_group: list) -> tuple:
    ended = [outcome for outcome, _ in of_group]
    rates = []
    for draw in zip(*(placebos for _, placebos in of_group), strict=True):
        known = [outcome for outcome in draw if outcome is not None]
        if known:
            rates.append(100 * known.count("hold") / len(known))
    return len(ended), ended.count("hold"), ended.count("break"), rates


@settings(max_examples=30, deadline=None)
@given(seed=SEEDS)
def test_it_is_what_a_plain_loop_finds(seed: int):
    market = Market(seed)
    expected = _by_hand(market, PARAMETERS)
    seen = 0
    for row in market.statistics().rows(named=True):
        tests, holds, breaks, rates = expected.get((row["author"], row["kind"]), (0, 0, 0, []))
        seen += (row["author"], row["kind"]) in expected
        assert (row["tests"], row["holds"], row["breaks"]) == (tests, holds, breaks)
        assert row["reason"] == ("no_tests" if not tests else "no_placebo" if len(rates) < 2 else None)
        assert row["hold_rate_pct"] == (pytest.approx(100 * holds / tests) if tests else None)
        if row["reason"] is None:
            assert row["placebo_hold_rate_pct"] == pytest.approx(statistics.mean(rates))
            assert row["placebo_sd_pct_points"] == pytest.approx(statistics.stdev(rates), abs=1e-9)
            excess = row["hold_rate_pct"] - row["placebo_hold_rate_pct"]
            assert row["hold_excess_pct_points"] == pytest.approx(excess, abs=1e-9)
    assert seen == len(expected), "expected a row for every group with a test"


def test_nothing_gives_nothing():
    out = level_statistics(
        core.LevelState.create_empty(),
        NO_LEVELS,
        NO_ZONES,
        core.SeriesPrice.create_empty(),
        core.MovingAverage.create_empty(),
        PARAMETERS,
    )
    assert out.is_empty()
    assert core.LevelStatistics.is_valid(out)


def test_one_seed_gives_one_placebo():
    market = Market(5, size=400, levels=10)
    one, same = market.statistics(), market.statistics()
    assert_frame_equal(one, same, check_exact=True)
    other = market.statistics(PARAMETERS.model_copy(update={"placebo_seed": 1}))
    counts = ["author", "kind", "tests", "holds", "breaks", "hold_rate_pct"]
    assert_frame_equal(one.select(counts), other.select(counts), check_exact=True)
    assert (one["placebo_hold_rate_pct"] != other["placebo_hold_rate_pct"]).any()


@settings(max_examples=10, deadline=None)
@given(seed=SEEDS, cut=st.integers(260, 399))
def test_later_sessions_and_later_levels_leave_earlier_draws(seed: int, cut: int):
    """Levels of one author end before row 130; others are tested before and long after."""
    market = Market(seed, size=400, levels=10)
    early = states(
        *(
            row
            for first, low in ((40, 0.98), (60, 1.02), (80, 0.97))
            for row in (
                state(f"E{first}", first, first, (market.bars["close"][first] * low,) * 2, role="key_support"),
                state(f"E{first}", first + 1, first + 9, (market.bars["close"][first - 1] * low,) * 2, tests=1,
                      event=first + 1, role="key_support",
                      side="support" if low < 1 else "resistance"),
            )
        )
    )  # fmt: skip
    market.states = pl.concat([market.states, early])
    market.levels = pl.concat([market.levels, *(level(f"E{first}", "early") for first in (40, 60, 80))])
    whole = market.statistics().filter(pl.col("author") == "early")
    last = DAY[cut]
    market.bars = market.bars.filter(pl.col("session") <= last)
    is_open = pl.col("valid_to") > last
    market.states = market.states.filter(pl.col("valid_from") <= last).with_columns(
        valid_to=pl.when(~is_open).then("valid_to")
    )
    assert_frame_equal(market.statistics().filter(pl.col("author") == "early"), whole, check_exact=True)


@settings(max_examples=10, deadline=None)
@given(seed=SEEDS)
def test_the_unit_of_the_price_changes_nothing(seed: int):
    market = Market(seed)
    expected = market.statistics()
    bounds = ("low", "high", "evaluated_low", "evaluated_high")
    market.states = market.states.with_columns(pl.col(bounds) * 10)
    market.bars = market.bars.with_columns(pl.col("close", "high", "low") * 10)
    market.averages = market.averages.with_columns(pl.col("atr_14") * 10)
    assert_frame_equal(market.statistics(), expected)


@settings(max_examples=10, deadline=None)
@given(seed=SEEDS)
def test_row_order_does_not_matter_and_instruments_do_not_mix(seed: int):
    market, other = Market(seed), walk(seed + 1, 90, series_id="B")
    expected = market.statistics()
    shuffled = {name: getattr(market, name).sample(fraction=1, shuffle=True, seed=1)
                for name in ("states", "levels", "zones")}  # fmt: skip
    bars = pl.concat([other, market.bars, walk(seed, 50, series_id="A/B")]).sample(fraction=1, shuffle=True, seed=2)
    of_bars = moving_averages(bars, PARAMETERS).sample(fraction=1, shuffle=True, seed=3)
    assert_frame_equal(level_statistics(**shuffled, prices=bars, averages=of_bars, parameters=PARAMETERS), expected)


@pytest.fixture(scope="module")
def chance() -> tuple[pl.DataFrame, ...]:
    """States, zones, prices and averages of a random walk with levels at random.

    Each level stands from a random row on, one to four ranges away on either side, until its first touch.
    """
    size, random = 2_900, np.random.default_rng(11)
    paths = 100 * np.exp(random.normal(0, 0.003, (size, 16)).cumsum().reshape(size, 16))
    before = np.concatenate([[100.0], paths[:-1, -1]])
    bars = walk(0, size).with_columns(
        close=pl.Series(paths[:, -1]),
        high=pl.Series(np.maximum(paths.max(axis=1), before)),
        low=pl.Series(np.minimum(paths.min(axis=1), before)),
    )
    averages = moving_averages(bars, PARAMETERS)
    closes, highs, lows, atr = (
        *(bars[name].to_list() for name in ("close", "high", "low")),
        averages["atr_14"].to_list(),
    )
    rows, zones = [], []
    for number, armed in enumerate(range(WARM, size - 300, 3)):
        away, is_support = random.uniform(1, 4) * atr[armed], bool(random.random() < 0.5)
        price = closes[armed] - away if is_support else closes[armed] + away
        touch = next(
            (row for row in range(armed + 1, armed + 252)
             if (lows[row] <= price + atr[row - 1] / 4 if is_support else highs[row] >= price - atr[row - 1] / 4)),
            None,
        )  # fmt: skip
        if touch is None:
            continue
        name, side = f"Z{number}", "support" if is_support else "resistance"
        zones.append(zone(name))
        if touch > armed + 1:
            rows.append(state(name, armed + 1, touch - 1, (price, price), side=side))
        rows.append(state(name, touch, touch, (price, price), tests=1, event=touch, side=side))
    return states(*rows), pl.concat(zones), bars, averages


def _of_chance(chance: tuple[pl.DataFrame, ...], least: float, most: float) -> dict[str, Any]:
    of_states, zones, bars, averages = chance
    parameters = Parameters(placebo_least=least, placebo_most=most)
    out = level_statistics(of_states, NO_LEVELS, zones, bars, averages, parameters)
    return out.row(by_predicate=pl.col("kind") == "any", named=True)


@pytest.mark.parametrize(("least", "most"), [(0.5, 1.5), (0.95, 1.05), (1.0, 1.5)])
def test_levels_at_random_on_a_random_walk_hold_no_more_often_than_placebos(chance, least: float, most: float):
    row = _of_chance(chance, least, most)
    assert row["tests"] > 700
    assert 0 < row["placebo_sd_pct_points"] < 3
    assert abs(row["hold_excess_pct_points"]) < 3 * row["placebo_sd_pct_points"]
