"""Levels of the Russell 2000: the house's set on its day, and detected ones over all the history."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from pipelines.contracts import core
from pipelines.contracts.vocabulary import LEVEL_CAUSES
from pipelines.parameters import Parameters
from pipelines.seeds.level_book_rules import read_level_books
from pipelines.transforms.level import levels
from pipelines.transforms.level_event import level_events
from pipelines.transforms.level_state import level_states
from pipelines.transforms.moving_average import moving_averages
from pipelines.transforms.pivot import pivots
from pipelines.transforms.record import record_states
from pipelines.transforms.zone import zones

PARAMETERS = Parameters()
LATE = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
DAY = dt.date(2024, 12, 2)
ENDED = ("expired", "superseded")


class Made(NamedTuple):
    prices: pl.DataFrame
    zones: pl.DataFrame
    states: pl.DataFrame
    events: pl.DataFrame


def _made(prices: pl.DataFrame, instruments: pl.DataFrame, published: pl.DataFrame) -> Made:
    averages = moving_averages(prices, PARAMETERS)
    records = record_states(prices, averages, instruments, PARAMETERS)
    detected = zones(prices, averages, pivots(prices, averages, PARAMETERS), records, PARAMETERS)
    states = core.LevelState.validate(level_states(prices, averages, published, detected, PARAMETERS))
    events = core.LevelEvent.validate(level_events(states, prices, averages, PARAMETERS))
    return Made(prices, detected, states, events)


@pytest.fixture(scope="module")
def book(real_sessions: pl.DataFrame, real_prices: pl.DataFrame) -> pl.DataFrame:
    """Return ``core.Level`` of the house's level book."""
    return core.Level.validate(levels(read_level_books(["RUT"]), real_sessions, real_prices, LATE, PARAMETERS))


@pytest.fixture(scope="module")
def russell(real_prices: pl.DataFrame, real_instruments: pl.DataFrame, book: pl.DataFrame) -> Made:
    return _made(real_prices.filter(series_id="RUT"), real_instruments, book)


def _as_of(states: pl.DataFrame, session: dt.date) -> pl.DataFrame:
    until = pl.col("valid_to").is_null() | (pl.col("valid_to") >= session)
    return states.filter(pl.col("valid_from") <= session, until)


def test_the_houses_set_at_the_close_of_its_day(russell: Made, book: pl.DataFrame):
    now = _as_of(russell.states, DAY).filter(origin="published").join(book.select("level_id", "basis_flag"), "level_id")
    names = ("low", "high", "role", "state", "state_since", "is_exposed")
    assert now.sort("low").select(names).rows() == [
        (2080, 2080, "next_support", "intact", DAY, False),
        (2170, 2170, "next_support", "intact", DAY, False),
        (2288, 2288, "key_support", "intact", DAY, None),
        (2450, 2450, "intermediate_resistance", "testing", DAY, None),
        (2625, 2655, "next_resistance", "intact", DAY, False),
    ]
    facts = now.select("set_id", "thesis_state", "basis_flag", pl.col("first_intraday", "first_close").is_null())
    assert facts.unique().rows() == [("note-2024-12-02", "standing", "unadjusted", True, True)]
    assert now.select("evaluated_low", "evaluated_high").rows() == now.select("low", "high").rows()


def test_what_happened_to_the_houses_set_on_its_day(russell: Made):
    """The high of 2,442.61 came within a quarter of the range of 36.72, and the close of 2,434.14 decided nothing."""
    events = russell.events.filter(origin="published")
    names = ("session", "low", "cause", "from_state", "to_state")
    assert events.select(names).rows() == [(DAY, 2450, "touched", "intact", "testing")]
    row = events.row(0, named=True)
    assert row["bar_high"] >= row["threshold"] == 2450 - row["tolerance"]
    assert row["tolerance"] == PARAMETERS.level_tolerance_atr * row["atr_before"]


@pytest.mark.parametrize("last", ["2008-10-10", "2024-01-02", "2024-08-05", "2024-11-25", "2024-11-29"])
def test_cut_at_a_session_nothing_changes_but_open_ends(
    russell: Made, real_instruments: pl.DataFrame, book: pl.DataFrame, last: str
):
    until = dt.date.fromisoformat(last)
    prices = russell.prices.filter(pl.col("session") <= until)
    assert prices["session"].max() == until
    part = _made(prices, real_instruments, book)
    is_closed = (pl.col("valid_to") < until) | pl.col("state").is_in(ENDED)
    known = russell.states.filter(pl.col("valid_from") <= until)
    assert_frame_equal(part.states, known.with_columns(pl.when(is_closed).then("valid_to")), check_exact=True)
    assert_frame_equal(part.events, russell.events.filter(pl.col("session") <= until), check_exact=True)


def test_rows_of_a_level_follow_one_another_and_lead_from_event_to_event(russell: Made):
    row = russell.prices.sort("session").select("session", row=pl.int_range(pl.len()))
    rows = (
        russell.states.sort("level_id", "valid_from")
        .join(row.rename({"session": "valid_from", "row": "first"}), "valid_from", maintain_order="left")
        .join(row.rename({"session": "valid_to", "row": "last"}), "valid_to", how="left", maintain_order="left")
        .with_columns(
            end_before=pl.col("last").shift(1).over("level_id"), before=pl.col("state").shift(1).over("level_id")
        )
    )
    goes_on = rows.filter(pl.col("before").is_in(ENDED).not_())
    assert len(goes_on) > 10_000
    assert (goes_on["first"] == goes_on["end_before"] + 1).all()
    assert (rows["first"] > rows["end_before"]).drop_nulls().all()
    changed = goes_on.filter(pl.col("state") != pl.col("before"), pl.col("before") != "pending")
    of_machine = russell.events.filter(pl.col("cause").is_in(LEVEL_CAUSES))
    assert of_machine.select("level_id", "session").is_unique().all()
    found = changed.join(
        of_machine,
        left_on=["level_id", "valid_from", "before", "state"],
        right_on=["level_id", "session", "from_state", "to_state"],
        how="semi",
    )
    assert len(found) == len(changed)


def test_a_zone_of_the_close_before_stands(russell: Made):
    some = russell.prices["session"].sort().gather_every(97, offset=40)
    sessions = russell.prices["session"].sort()
    for session in some:
        before = sessions[sessions.search_sorted(session) - 1]
        now = _as_of(russell.states, session).filter(pl.col("state").is_in(ENDED).not_(), origin="detected")
        known = _as_of(russell.zones, before)
        assert not known.is_empty()
        names = ("level_id", "evaluated_low", "evaluated_high")
        assert (
            now.select(names).sort("level_id").rows() == known.select("zone_id", "low", "high").sort("zone_id").rows()
        )


def test_all_rules_have_been_at_work(russell: Made):
    assert set(russell.events["cause"]) == set(LEVEL_CAUSES)
