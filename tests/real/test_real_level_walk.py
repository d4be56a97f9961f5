"""Published levels of the Russell 2000 in 2024 against a walk that was decided by reading the rules line by line.

How to read the walk: tests/golden/level_walk.md. It holds no prices; they are read from the real files.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from pipelines.contracts.core import Level, LevelEvent, LevelState, Zone
from pipelines.contracts.vocabulary import CHAIN_CAUSES, LEVEL_CAUSES
from pipelines.parameters import Parameters
from pipelines.transforms.level_event import level_events
from pipelines.transforms.level_state import level_states
from pipelines.transforms.moving_average import moving_averages

PARAMETERS = Parameters()
WALK = Path(__file__).parents[1] / "golden/level_walk.csv"
GUIDE = WALK.with_suffix(".md")
LEVEL_COLUMNS = 9
ENDED = ("expired", "superseded")
AWAY = ("broken", "cleared")
TURNS = ("role_reversed", "reclaimed")
DATES = ("first_intraday", "first_close", "confirmed_two_closes", "confirmed_atr")
FACTS = ("state_after", "side_after", "test_count", *DATES, "is_exposed", "thesis_state")
MEMORIES = ("rows_since_touch", "rows_since_retest", "rows_since_close_back", "rows_since_close_beyond")

# Over H, L, C, lo and hi in support orientation, as the definitions have them.
ATR = pl.col("atr_before")
TOLERANCE = pl.max_horizontal(
    PARAMETERS.level_tolerance_atr * ATR,
    PARAMETERS.level_tolerance_pct / 100 * (pl.col("lo") + pl.col("hi")).abs() / 2,
)
CONDITIONS = {
    "c_below_lo": pl.col("C") < pl.col("lo"),
    "c_below_lo_before": pl.col("C_before") < pl.col("lo"),
    "c_break": pl.col("C") <= pl.col("lo") - PARAMETERS.level_break_atr * ATR,
    "c_hold": pl.col("C") >= pl.col("hi") + PARAMETERS.level_hold_atr * ATR,
    "c_above_hi": pl.col("C") > pl.col("hi"),
    "l_touch": pl.col("L") <= pl.col("hi") + TOLERANCE,
    "l_below_lo": pl.col("L") < pl.col("lo"),
    "l_pierce": pl.col("L") < pl.col("lo") - TOLERANCE,
    "h_retest": (pl.col("H") >= pl.col("lo") - TOLERANCE) & (pl.col("C") < pl.col("lo")),
    "c_reject": pl.col("C") <= pl.col("lo") - PARAMETERS.level_hold_atr * ATR,
}


def _levels() -> pl.DataFrame:
    """Return ``core.Level`` of the levels in the guide's table, as published on the index itself."""
    known = pl.lit(dt.datetime(2024, 1, 1, tzinfo=dt.UTC)).cast(pl.Datetime("us", "UTC"))
    table = [line for line in GUIDE.read_text(encoding="utf-8").splitlines() if line.count("|") == LEVEL_COLUMNS + 1]
    names, _, *rows = ([cell.strip() or None for cell in line.split("|")[1:-1]] for line in table)
    frame = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row").with_columns(
        pl.col("low", "high").cast(pl.Float64),
        pl.col("valid_from", "pending_from", "valid_to", "superseded_from").str.to_date(),
        *(pl.lit("test").alias(name) for name in ("book", "author", "method", "source_ref")),
        *(pl.lit("RUT").alias(name) for name in ("instrument_id", "quote_instrument")),
        *(known.alias(name) for name in ("published_at", "known_from")),
        *(pl.lit(None, pl.String).alias(name) for name in ("supersedes", "revision_kind")),
        level_id="level",
        set_id=pl.col("level").str.split("-").list.first(),
        horizon=pl.lit("medium"),
        order_in_chain=pl.lit(None, pl.Int64),
        basis_flag=pl.lit("cash"),
        basis_points=pl.lit(None, pl.Float64),
    )
    frame = frame.with_columns(
        evaluated_low="low", evaluated_high="high", pending_from=pl.coalesce("pending_from", "valid_from")
    )
    return Level.validate(frame.select(Level.column_names()))


LEVELS = _levels()


def _lines(walk: pl.DataFrame, bars: pl.DataFrame) -> pl.DataFrame:
    """Return every level on every session of its life beside its last line, with side and state before the session."""
    end = pl.col("session").filter(pl.col("state_after").is_in(ENDED)).max().fill_null(dt.date.max)
    life = walk.group_by("level_id").agg(begin=pl.col("session").min(), end=end)
    every = life.join(bars, how="cross").filter(pl.col("session").is_between("begin", "end")).sort("session")
    frame = every.join_asof(
        walk.with_columns(line="session").sort("session"), on="session", by="level_id", check_sortedness=False
    )
    has_line = pl.col("session") == pl.col("line")
    return frame.with_columns(
        has_line=has_line,
        rule=pl.when(has_line).then("rule"),
        side=pl.when(has_line).then("side").otherwise("side_after"),
        state=pl.when(has_line).then("state_before").otherwise("state_after"),
    )


def _oriented(frame: pl.DataFrame) -> pl.DataFrame:
    """Add bars and bounds in support orientation: for a resistance they are negated and change places."""
    pairs = {"lo": ("edge_low", "edge_high"), "hi": ("edge_high", "edge_low")}
    pairs |= {"H": ("high", "low"), "L": ("low", "high")}
    pairs |= {"C": ("close", "close"), "C_before": ("close_before", "close_before")}
    bounds = LEVELS.select("level_id", edge_low="evaluated_low", edge_high="evaluated_high")
    as_is = pl.when(pl.col("side") == "support")
    mirrored = {name: as_is.then(one).otherwise(-pl.col(other)) for name, (one, other) in pairs.items()}
    return frame.join(bounds, on="level_id").with_columns(**mirrored)


def _remembered(frame: pl.DataFrame) -> pl.DataFrame:
    """Add the rows since what the rules remember; a spell ends on the row of its break, reversal or reclaim."""
    is_broken = pl.col("rule").is_in(("atr", "two_closes")).fill_null(value=False)
    is_turn = pl.col("rule").is_in(TURNS).fill_null(value=False)
    is_away = pl.col("state").is_in(AWAY)
    frame = frame.sort("level_id", "session").with_columns(
        breaks=is_broken.cum_sum().shift(1, fill_value=0).over("level_id"),
        turns=is_turn.cum_sum().shift(1, fill_value=0).over("level_id"),
        is_turned=pl.col("side") != pl.col("side").first().over("level_id"),
        is_touch=pl.col("test_count") > pl.col("test_count").shift(1, fill_value=0).over("level_id"),
    )
    row = pl.col("row")
    events = {
        "touch": (pl.col("is_touch"), []),
        "retest": (is_away & pl.col("h_retest"), ["breaks"]),
        "close_back": (is_away & pl.col("c_above_hi"), ["breaks"]),
        "close_beyond": (pl.col("is_turned") & pl.col("c_below_lo"), ["turns"]),
    }
    frame = frame.with_columns(
        pl.when(event).then(row).forward_fill().over("level_id", *spell).alias(name)
        for name, (event, spell) in events.items()
    )
    return frame.with_columns(
        rows_since_touch=pl.when(pl.col("state") == "testing").then(row - pl.col("touch").shift(1).over("level_id")),
        rows_since_retest=pl.when(is_away).then(row - pl.col("retest")),
        rows_since_close_back=pl.when(is_away).then(row - pl.col("close_back").shift(1).over("level_id", "breaks")),
        rows_since_close_beyond=pl.when("is_turned").then(
            row - pl.col("close_beyond").shift(1).over("level_id", "turns")
        ),
    )


@pytest.fixture(scope="module")
def russell(real_prices: pl.DataFrame) -> pl.DataFrame:
    return real_prices.filter(pl.col("series_id") == "RUT").sort("session")


@pytest.fixture(scope="module")
def averages(russell: pl.DataFrame) -> pl.DataFrame:
    return moving_averages(russell, PARAMETERS)


@pytest.fixture(scope="module")
def states(russell: pl.DataFrame, averages: pl.DataFrame) -> pl.DataFrame:
    return LevelState.validate(level_states(russell, averages, LEVELS, Zone.create_empty(), PARAMETERS))


@pytest.fixture(scope="module")
def events(states: pl.DataFrame, russell: pl.DataFrame, averages: pl.DataFrame) -> pl.DataFrame:
    return LevelEvent.validate(level_events(states, russell, averages, PARAMETERS))


@pytest.fixture(scope="module")
def walk() -> pl.DataFrame:
    frame = pl.read_csv(WALK, try_parse_dates=True).rename({"level": "level_id"})
    return frame.with_columns(pl.col("is_exposed").cast(pl.Boolean))


@pytest.fixture(scope="module")
def days(walk: pl.DataFrame, russell: pl.DataFrame, averages: pl.DataFrame) -> pl.DataFrame:
    """Return every level on every session of its life, with its last line and what the rules look at, recomputed."""
    bars = russell.join(averages.select("session", "atr_14"), on="session").sort("session")
    before = {"atr_before": pl.col("atr_14").shift(1), "close_before": pl.col("close").shift(1)}
    bars = bars.select("session", "high", "low", "close", row=pl.int_range(pl.len()), **before)
    frame = _oriented(_lines(walk.drop(*CONDITIONS, *MEMORIES, "test_due"), bars))
    frame = _remembered(frame.with_columns(**CONDITIONS))
    is_due = (pl.col("state") == "testing") & (pl.col("rows_since_touch") >= PARAMETERS.level_test_sessions)
    return frame.with_columns(test_due=is_due.fill_null(value=False))


def test_the_walk_exercises_every_rule(walk: pl.DataFrame):
    assert set(walk["rule"].drop_nulls()) == set(LEVEL_CAUSES)
    assert set(walk["chain"].drop_nulls()) == set(CHAIN_CAUSES)
    assert set(walk["level_id"]) == set(LEVELS["level_id"])


def test_the_conditions_of_the_walk_hold_on_the_prices(walk: pl.DataFrame, days: pl.DataFrame):
    looked_at = [*CONDITIONS, "test_due", *MEMORIES]
    is_evaluated = ~pl.col("state_after").is_in(("pending", *ENDED))
    key = ["level_id", "session"]
    both = walk.filter(is_evaluated).join(days, on=key, how="left", suffix="_now", validate="1:1")
    wrong = {
        name: both.filter(pl.col(name).cast(pl.Int64).ne_missing(pl.col(f"{name}_now").cast(pl.Int64)))
        .select(key)
        .rows()
        for name in looked_at
    }
    assert {name: rows for name, rows in wrong.items() if rows} == {}
    assert walk.filter(~is_evaluated).select(pl.col(looked_at).is_null().all()).row(0) == (True,) * len(looked_at)


def test_no_session_without_a_line_meets_a_rule(days: pl.DataFrame):
    """By the state that stands: what would change it, be remembered by it or fill one of its dates."""
    state, is_away = pl.col("state"), pl.col("state").is_in(AWAY)
    can_reverse = pl.col("c_reject") & (pl.col("rows_since_retest") <= PARAMETERS.level_reversal_sessions)
    is_twice = pl.col("c_below_lo") & pl.col("c_below_lo_before")
    fills = zip(DATES, (pl.col("l_below_lo"), pl.col("c_below_lo"), is_twice, pl.col("c_break")), strict=True)
    started_away = is_away & pl.col("first_close").is_null()
    reasons = {
        "passing": state.is_in(("reclaimed", "broken_provisional")),
        "reached": state.is_in(("intact", "role_reversed")) & pl.any_horizontal("l_touch", "c_below_lo"),
        "tested": (state == "testing") & pl.any_horizontal("c_below_lo", "l_pierce", "c_hold", "test_due"),
        "away": is_away & (pl.any_horizontal("h_retest", "c_above_hi") | can_reverse),
        "turned": pl.col("is_turned") & pl.col("c_below_lo"),
        "dated": ~started_away & pl.any_horizontal(pl.col(date).is_null() & fill for date, fill in fills),
    }
    quiet = days.with_columns(**reasons).filter(~pl.col("has_line"), state != "pending")
    assert quiet.height > 1000
    for name in reasons:
        assert quiet.filter(pl.col(name)).select("level_id", "session").rows() == [], name


@pytest.mark.parametrize("level_id", LEVELS["level_id"].to_list())
def test_events_are_the_lines_with_a_rule(level_id: str, walk: pl.DataFrame, events: pl.DataFrame):
    columns = ("session", "cause", "from_state", "to_state", "side_after")
    lines = walk.filter(level_id=level_id).with_columns(to_state="state_after")
    # A pending level is taken up from the close before, and its first event starts from there.
    beyond = pl.when(side="support").then(pl.lit("broken")).otherwise(pl.lit("cleared"))
    taken_up = pl.when(pl.col("c_below_lo_before") == 1).then(beyond).otherwise(pl.lit("intact"))
    is_taken_up = (pl.col("state_before") == "pending") & ~pl.col("state_after").is_in(ENDED)
    ruled = lines.filter(pl.col("rule").is_not_null()).with_columns(
        cause="rule", from_state=pl.when(is_taken_up).then(taken_up).otherwise("state_before")
    )
    chained = lines.filter(pl.col("chain").is_not_null()).with_columns(cause="chain", from_state="state_after")
    expected = pl.concat([ruled.select(columns), chained.select(columns)]).sort("session", "cause")
    found = events.filter(level_id=level_id).rename({"side": "side_after"}).select(columns)
    assert found.sort("session", "cause").rows() == expected.rows()


def test_states_as_of_every_session_are_those_of_the_last_line(days: pl.DataFrame, states: pl.DataFrame):
    found = states.rename({"state": "state_after", "side": "side_after"}).sort("valid_from")
    found = found.select("level_id", "valid_from", "valid_to", *FACTS).with_columns(session="valid_from")
    both = days.sort("session").join_asof(found, on="session", by="level_id", suffix="_now", check_sortedness=False)
    is_over = pl.col("valid_to").fill_null(dt.date.max) < pl.col("session")
    wrong = {
        name: both.filter(is_over | pl.col(name).ne_missing(pl.col(f"{name}_now")))
        .select("level_id", "session", name, f"{name}_now")
        .rows()
        for name in FACTS
    }
    assert {name: rows for name, rows in wrong.items() if rows} == {}


def test_nothing_changes_between_the_lines(walk: pl.DataFrame, states: pl.DataFrame):
    lines = walk.select("level_id", valid_from="session")
    assert states.join(lines, on=["level_id", "valid_from"], how="anti").select("level_id", "valid_from").rows() == []
    assert set(states["level_id"]) == set(walk["level_id"])
