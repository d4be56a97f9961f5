"""Level statistics of any prices and levels, against a plain loop; the rules one by one stand in tests/golden.

The states are those of the real machine, so that tests and waits are what they are in the warehouse.
"""

from __future__ import annotations

import statistics
import zlib
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from pipelines.contracts import core
from pipelines.parameters import Parameters
from pipelines.transforms.level_state import level_states
from pipelines.transforms.level_statistics import level_statistics
from pipelines.transforms.moving_average import moving_averages
from pipelines.transforms.pivot import pivots
from pipelines.transforms.zone import zones as zones_of
from tests.frames import prices
from tests.transforms.average_frames import SEEDS, walk
from tests.transforms.level_state_frames import DAY, level, zone

PARAMETERS = Parameters(placebo_draws=3, placebo_sessions=40)
NO_LEVELS, NO_ZONES = core.Level.create_empty(), core.Zone.create_empty()
WARM = 15


A_LEVEL, A_ZONE = level("L", "one").row(0, named=True), zone("Z").row(0, named=True)


def published(
    level_id: str, author: str, role: str, bounds: tuple[float, float], rows: tuple[int, int, int | None], **others: Any
) -> dict[str, Any]:
    """Return a published level of these bounds; ``rows`` are those of its first session, its start and its last."""
    names = ("pending_from", "valid_from", "valid_to")
    dates = {name: None if row is None else DAY[row] for name, row in zip(names, rows, strict=True)}
    places = dict(zip(("evaluated_low", "evaluated_high"), bounds, strict=True))
    return A_LEVEL | {"level_id": level_id, "author": author, "role": role, **places, **dates, **others}


class Market:
    """Prices of a walk, and what the machine makes of published levels and zones at random."""

    def __init__(self, seed: int, size: int = 200, levels: int = 10) -> None:
        self.bars = walk(seed, size, rangeless=3)
        self.random = np.random.default_rng(seed)
        zones = [row for number in range(levels // 2) for row in self._zone(f"Z{number}")]
        self.levels = core.Level.validate(
            pl.DataFrame([self._level(f"L{number}") for number in range(levels // 2)], schema=NO_LEVELS.schema)
        )
        self.zones = core.Zone.validate(pl.DataFrame(zones, schema=NO_ZONES.schema))
        self.run()

    def run(self) -> None:
        """Let the machine run over what there is."""
        self.averages = moving_averages(self.bars, PARAMETERS)
        self.states = level_states(self.bars, self.averages, self.levels, self.zones, PARAMETERS)

    def _bounds(self, row: int) -> tuple[float, float]:
        low = float(self.bars["close"][row] * self.random.uniform(0.93, 1.07))
        return low, low + float(self.random.choice([0, self.random.uniform(0, 3)]))

    def _level(self, level_id: str) -> dict[str, Any]:
        random = self.random
        role, author = str(random.choice(["key_support", "next_resistance"])), str(random.choice(["one", "two"]))
        first = int(random.integers(1, len(self.bars) * 2 // 3))
        start = first + int(random.choice([0, 7]))
        last = int(min(start + random.integers(0, 120), len(self.bars) - 1)) if random.random() < 0.7 else None
        over = None if last is None or random.random() < 0.5 else DAY[int(random.integers(first, last + 1))]
        return published(level_id, author, role, self._bounds(first), (first, start, last), superseded_from=over)

    def _zone(self, zone_id: str) -> Iterator[dict[str, Any]]:
        """Return the stretches of a zone that moves a little now and then, and may vanish for some rows."""
        random = self.random
        first = int(random.integers(WARM, len(self.bars) // 2))
        low, high = self._bounds(first)
        turns = [first, *sorted(random.choice(np.arange(first + 1, len(self.bars)), 6, replace=False).tolist())]
        for turn, following in pairwise([*turns, None]):
            low, high = low + float(random.uniform(-1, 1)), high + float(random.uniform(-1, 1))
            low, high = min(low, high), max(low, high)
            last = None if following is None else following - 1
            if last is not None and random.random() < 0.2:
                last = max(turn, last - 3)
            kinds = ", ".join(sorted(random.choice(["swing_high", "swing_low", "record_high"], 2, replace=False)))
            yield A_ZONE | {
                "zone_id": zone_id,
                "valid_from": DAY[turn],
                "valid_to": None if last is None else DAY[last],
                "low": low,
                "high": high,
                "centre": (low + high) / 2,
                "kinds": kinds,
                "n_pivots": int(random.integers(1, 5)),
            }

    def statistics(self, parameters: Parameters = PARAMETERS) -> pl.DataFrame:
        out = level_statistics(self.states, self.levels, self.zones, self.bars, self.averages, parameters)
        return core.LevelStatistics.validate(out)


class ByHand:
    """The same one level, one row and one draw at a time."""

    LEAVES_WAITING = ("retest_held", "test_lapsed", "reclaimed", "role_reversed")

    def __init__(self, market: Market, parameters: Parameters) -> None:
        self.market, self.parameters = market, parameters
        frame = market.bars.join(market.averages.select("session", "atr_14"), on="session", how="left")
        self.bars = frame.sort("session").rows(named=True)
        self.row_of = {bar["session"]: row for row, bar in enumerate(self.bars)}

    def groups(self) -> dict[tuple[str, str], tuple]:
        """Return (tests, holds, breaks, rates of the draws) of every (author, kind) with a wait that counts."""
        parameters = self.parameters
        random = np.random.default_rng([parameters.placebo_seed, zlib.crc32(b"A")])
        found: dict[tuple[str, str], list] = defaultdict(list)
        waits = [wait for level_id in self.market.states["level_id"].unique() for wait in self.waits(level_id)]
        for armed, level_id, side, touch, stand in sorted(waits, key=lambda wait: wait[:2]):
            low, high = stand[armed + 1]
            close, atr = self.bars[armed]["close"], self.bars[armed]["atr_14"]
            distance = close - high if side == "support" else low - close
            if atr is None or distance <= self.tolerance(low, high, atr):
                continue
            factors = random.uniform(parameters.placebo_least, parameters.placebo_most, parameters.placebo_draws)
            draws = [
                self.placebo(armed, side, factor, distance, stand)
                if factor * distance > self.tolerance(low, high, atr)
                else None
                for factor in factors
            ]
            ended = None if touch is None else self.outcome(touch, side, *stand[touch])
            for group in self.kinds(level_id, self.bars[armed]["session"]):
                found[group].append((ended, draws))
        return {group: _summed(of_group) for group, of_group in found.items()}

    def waits(self, level_id: str) -> list[tuple]:
        """Return (armed row, level, side, row of the touch, bounds of the stand by row) of every wait of a level."""
        at = {}
        for now in self.market.states.filter(pl.col("level_id") == level_id).rows(named=True):
            last = len(self.bars) - 1 if now["valid_to"] is None else self.row_of[now["valid_to"]]
            if now["state"] not in ("pending", "expired", "superseded"):
                at |= dict.fromkeys(range(self.row_of[now["valid_from"]], last + 1), now)
        waits: list[list[Any]] = []
        stand: dict[int, tuple[float, float]] = {}
        for row in sorted(at):
            now, before = at[row], at.get(row - 1)
            if before is None:
                stand = {}
                waits.append([row - 1, level_id, now["role"].split("_")[-1], None, stand])
            stand[row] = (now["evaluated_low"], now["evaluated_high"])
            if now is before:
                continue
            event = now["last_event"] if now["last_event_session"] == self.bars[row]["session"] else None
            waited = before is not None and before["state"] in ("intact", "role_reversed", "reclaimed")
            counted = now["test_count"] - (before["test_count"] if before else 0)
            if counted or (waited and event == "reclaimed"):
                waits[-1][3] = row
            if event in self.LEAVES_WAITING:
                waits.append([row, level_id, now["side"], None, stand])
        return [tuple(wait) for wait in waits if wait[0] >= 0 and wait[0] + 1 in wait[4]]

    def placebo(self, armed: int, side: str, factor: float, distance: float, stand: dict) -> str | None:
        up = distance * (1 - factor) * (1 if side == "support" else -1)
        for row in range(armed + 1, armed + self.parameters.placebo_sessions + 1):
            if row not in stand:
                return None
            low, high = stand[row]
            atr, bar = self.bars[row - 1]["atr_14"], self.bars[row]
            if atr is None:
                continue
            near_by = self.tolerance(low, high, atr)
            lowest, highest = (bar["close"] if bar[name] is None else bar[name] for name in ("low", "high"))
            if lowest <= high + up + near_by if side == "support" else highest >= low + up - near_by:
                is_above_zero = (high if side == "support" else low) + up > 0
                return self.outcome(row, side, low + up, high + up) if is_above_zero else None
        return None

    def tolerance(self, low: float, high: float, atr: float) -> float:
        return max(
            self.parameters.level_tolerance_atr * atr, self.parameters.level_tolerance_pct / 100 * (low + high) / 2
        )

    def outcome(self, touch: int, side: str, low: float, high: float) -> str | None:
        atr = self.bars[touch - 1]["atr_14"]
        hold, lost = self.parameters.level_hold_atr * atr, self.parameters.outcome_break_atr * atr
        for row in range(touch, touch + self.parameters.level_test_sessions + 1):
            if row == len(self.bars):
                return None
            close = self.bars[row]["close"]
            if close >= high + hold if side == "support" else close <= low - hold:
                return "hold"
            if close < low - lost if side == "support" else close > high + lost:
                return "break"
        return "undecided"

    def kinds(self, level_id: str, as_of: Any) -> list[tuple[str, str]]:
        for own in self.market.levels.filter(pl.col("level_id") == level_id).rows(named=True):
            return [(own["author"], own["role"]), (own["author"], "any")]
        known = self.market.zones.filter(pl.col("zone_id") == level_id, pl.col("valid_from") <= as_of)
        last = known.sort("valid_from").row(-1, named=True)
        kinds = {*last["kinds"].split(", "), "any"} | ({"three_pivots"} if last["n_pivots"] >= 3 else set())
        return [("detected", kind) for kind in kinds]


def _summed(of_group: list) -> tuple:
    ended = [outcome for outcome, _ in of_group if outcome is not None]
    rates = []
    for draw in zip(*(placebos for _, placebos in of_group), strict=True):
        known = [outcome for outcome in draw if outcome is not None]
        if known:
            rates.append(100 * known.count("hold") / len(known))
    return len(ended), ended.count("hold"), ended.count("break"), rates


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS)
def test_it_is_what_a_plain_loop_finds(seed: int):
    market = Market(seed)
    expected = ByHand(market, PARAMETERS).groups()
    seen = 0
    for row in market.statistics().rows(named=True):
        tests, holds, breaks, rates = expected.get((row["author"], row["kind"]), (0, 0, 0, []))
        seen += (row["author"], row["kind"]) in expected
        assert (row["tests"], row["holds"], row["breaks"]) == (tests, holds, breaks)
        assert row["reason"] == ("no_tests" if not tests else "no_placebo" if len(rates) < 2 else None)
        assert row["hold_rate_pct"] == (pytest.approx(100 * holds / tests) if tests else None)
        if len(rates) > 1:
            assert row["placebo_hold_rate_pct"] == pytest.approx(statistics.mean(rates))
            assert row["placebo_sd_pct_points"] == pytest.approx(statistics.stdev(rates), abs=1e-9)
        if row["reason"] is None:
            excess = row["hold_rate_pct"] - row["placebo_hold_rate_pct"]
            assert row["hold_excess_pct_points"] == pytest.approx(excess, abs=1e-9)
    assert seen == len(expected), "expected a row for every group with a wait"


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS)
def test_a_level_that_is_not_moved_is_its_own_placebo(seed: int):
    """Nothing that ends, arms, moves or touches a level may be different for a placebo."""
    itself = {"placebo_least": 1.0, "placebo_most": 1.0, "placebo_sessions": 10_000}
    out = Market(seed, size=250, levels=12).statistics(PARAMETERS.model_copy(update=itself)).filter(pl.col("tests") > 0)
    assert out["reason"].is_null().all()
    assert out["hold_excess_pct_points"].to_list() == pytest.approx([0] * len(out), abs=1e-9)
    assert out["placebo_sd_pct_points"].to_list() == pytest.approx([0] * len(out), abs=1e-9)


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


@settings(max_examples=4, deadline=None)
@given(seed=SEEDS, cut=st.integers(150, 399))
def test_later_sessions_and_later_levels_leave_earlier_draws(seed: int, cut: int):
    """Levels of one author end by row 130; others begin to wait before and long after."""
    market = Market(seed, size=400, levels=10)
    closes = market.bars["close"]
    early = [
        published(f"ZZ{first}", "early", "key_support", (closes[first] * share,) * 2, (first, first, 130))
        for first, share in ((40, 0.97), (60, 0.95), (80, 0.93))
    ]
    market.levels = pl.concat([market.levels, pl.DataFrame(early, schema=NO_LEVELS.schema)])
    market.run()
    whole = market.statistics().filter(pl.col("author") == "early")
    last = DAY[cut]
    market.bars = market.bars.filter(pl.col("session") <= last)
    market.zones = market.zones.filter(pl.col("valid_from") <= last).with_columns(
        valid_to=pl.when(pl.col("valid_to") <= last).then("valid_to")
    )
    market.run()
    assert_frame_equal(market.statistics().filter(pl.col("author") == "early"), whole, check_exact=True)


@settings(max_examples=6, deadline=None)
@given(seed=SEEDS)
def test_the_unit_of_the_price_changes_nothing(seed: int):
    market = Market(seed)
    expected = market.statistics()
    bounds = ("low", "high", "evaluated_low", "evaluated_high")
    market.states = market.states.with_columns(pl.col(bounds) * 4)
    market.bars = market.bars.with_columns(pl.col("close", "high", "low") * 4)
    market.averages = market.averages.with_columns(pl.col("atr_14") * 4)
    assert_frame_equal(market.statistics(), expected)


@settings(max_examples=6, deadline=None)
@given(seed=SEEDS)
def test_row_order_does_not_matter_and_instruments_do_not_mix(seed: int):
    market, other = Market(seed), walk(seed + 1, 90, series_id="B")
    expected = market.statistics()
    shuffled = {name: getattr(market, name).sample(fraction=1, shuffle=True, seed=1)
                for name in ("states", "levels", "zones")}  # fmt: skip
    bars = pl.concat([other, market.bars, walk(seed, 50, series_id="A/B")]).sample(fraction=1, shuffle=True, seed=2)
    of_bars = moving_averages(bars, PARAMETERS).sample(fraction=1, shuffle=True, seed=3)
    assert_frame_equal(level_statistics(**shuffled, prices=bars, averages=of_bars, parameters=PARAMETERS), expected)


WALKS, SIZE = 10, 1_600


def _fair_walk(number: int) -> pl.DataFrame:
    """Return a walk of 16 steps a session, so that its bars have the highs and lows that it went through."""
    paths = 1_000 * np.exp(np.random.default_rng(number).normal(0, 0.003, (SIZE, 16)).cumsum().reshape(SIZE, 16))
    before = np.concatenate([[1_000.0], paths[:-1, -1]])
    highs, lows = np.maximum(paths.max(axis=1), before).tolist(), np.minimum(paths.min(axis=1), before).tolist()
    return prices(paths[:, -1].tolist(), highs=highs, lows=lows, series_id=f"W{number}")


def _levels_at_random(bars: pl.DataFrame, averages: pl.DataFrame) -> pl.DataFrame:
    """Return a level every third session, one to four ranges away on either side; a wider one is valid for longer."""
    series = str(bars["series_id"][0])
    random, rows = np.random.default_rng(list(series.encode())), np.arange(WARM, SIZE - 20, 3)
    range_of, width = averages["atr_14"].to_numpy()[rows], random.uniform(0, 1, len(rows))
    is_support = random.random(len(rows)) < 0.5
    near = bars["close"].to_numpy()[rows] + np.where(is_support, -1, 1) * random.uniform(1, 4, len(rows)) * range_of
    low = np.where(is_support, near - width * range_of, near)
    session = bars["session"]
    return (
        pl.DataFrame([A_LEVEL | {"author": "chance"}] * len(rows), schema=NO_LEVELS.schema)
        .with_columns(
            level_id=pl.Series([f"{series}-{row}" for row in rows]),
            instrument_id=pl.lit(series),
            role=pl.Series(np.where(is_support, "key_support", "key_resistance")),
            evaluated_low=pl.Series(low),
            evaluated_high=pl.Series(low + width * range_of),
            pending_from=session.gather(rows + 1),
            valid_from=session.gather(rows + 1),
            valid_to=session.gather(np.minimum(rows + 5 + (width * 120).astype(int), SIZE - 1)),
        )
        .with_columns(set_id="level_id")
    )


@pytest.fixture(scope="module")
def chance() -> tuple[pl.DataFrame, ...]:
    """States, levels, zones, prices and averages of walks, with zones by the real rules and levels at random.

    About half of all waits end without a touch, those of narrow levels more often.
    """
    bars = pl.concat([_fair_walk(number) for number in range(WALKS)])
    averages = moving_averages(bars, PARAMETERS)
    series = [f"W{number}" for number in range(WALKS)]
    levels = pl.concat(
        _levels_at_random(*(frame.filter(pl.col("series_id") == name) for frame in (bars, averages))) for name in series
    )
    zones = zones_of(bars, averages, pivots(bars, averages, PARAMETERS), core.RecordState.create_empty(), PARAMETERS)
    return level_states(bars, averages, levels, zones, PARAMETERS), levels, zones, bars, averages


@pytest.mark.parametrize(("least", "most"), [(0.5, 1.5), (0.95, 1.05)])
def test_on_random_walks_levels_hold_no_more_often_than_placebos(chance, least: float, most: float):
    """The mean excess over the walks lies within three of its standard errors, which are small enough to tell."""
    out = level_statistics(*chance, Parameters(placebo_draws=20, placebo_least=least, placebo_most=most))
    for author, kind in (("detected", "any"), ("detected", "three_pivots"), ("chance", "any")):
        group = out.filter(pl.col("author") == author, pl.col("kind") == kind)
        assert len(group) == WALKS
        assert group["tests"].sum() > 1_000
        mean = group["hold_excess_pct_points"].mean()
        error = group["hold_excess_pct_points"].std() / WALKS**0.5
        assert error < 0.6, (author, kind)
        assert abs(mean) < 3 * error, (author, kind)
