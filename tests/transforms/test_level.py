"""When published levels are pending and valid, and what later knowledge does not change.

Revisions and bases by hand stand in tests/golden.
"""

from __future__ import annotations

import datetime as dt
import random
from statistics import median

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from pipelines.contracts import core
from pipelines.contracts.received import BookLevel
from pipelines.parameters import Parameters
from pipelines.seeds.level_book_rules import read_level_books
from pipelines.transforms.level import levels
from tests.market import calendar, weekdays
from tests.transforms.level_frames import NOON, book, closes, day, november

PARAMETERS = Parameters()
LATE = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
NO_PRICES = core.SeriesPrice.create_empty()
SEEDS = st.integers(0, 2**32 - 1)
IN_LOOP = Parameters(level_basis_sessions=4)


def _at(of_month: int, time: str, month: int = 11) -> dt.datetime:
    """Return a moment of 2024 in UTC."""
    return dt.datetime.combine(day(of_month, month), dt.time.fromisoformat(time), dt.UTC)


def _validity(**row: object) -> tuple[dt.date | None, dt.date | None]:
    """Return pending_from and valid_from of one level."""
    out = core.Level.validate(levels(book(row), november(), NO_PRICES, LATE, PARAMETERS))
    return out.select("pending_from", "valid_from").row(0)


@pytest.mark.parametrize(
    ("published", "session"),
    [
        (_at(25, "05:00"), day(25)),  # midnight in New York
        (_at(25, "17:00"), day(25)),
        (_at(25, "20:59"), day(25)),
        (_at(25, "21:00"), day(26)),  # at the very close it is too late
        (_at(25, "21:01"), day(26)),
        (_at(27, "21:01"), day(29)),  # Thanksgiving
        (_at(28, "15:00"), day(29)),
        (_at(29, "17:59"), day(29)),  # closes at 18:00
        (_at(29, "18:01"), day(2, 12)),
        (_at(30, "12:00"), day(2, 12)),  # Saturday
        (_at(2, "05:00", 12), day(2, 12)),
        (_at(3, "20:59", 12), day(3, 12)),
        (_at(3, "21:01", 12), None),  # beyond the calendar
        (_at(31, "12:00", 12), None),
    ],
)
def test_a_level_belongs_to_the_first_session_that_closes_after_its_publication(
    published: dt.datetime, session: dt.date | None
):
    assert _validity(published_at=published) == (session, session)


@pytest.mark.parametrize(
    ("asked", "valid_from"),
    [
        (day(25), day(25)),
        (day(27), day(27)),
        (day(28), day(29)),  # Thanksgiving
        (day(30), day(2, 12)),  # Saturday
        (day(3, 12), day(3, 12)),
        (day(4, 12), None),  # beyond the calendar
    ],
)
def test_a_book_may_ask_for_a_later_session(asked: dt.date, valid_from: dt.date | None):
    assert _validity(valid_from=asked) == (day(25), valid_from)


def test_a_level_is_never_valid_before_it_was_known():
    # Published after the close of the day that the book names.
    assert _validity(published_at=_at(25, "21:30"), valid_from=day(25)) == (day(26), day(26))
    assert _validity(published_at=_at(3, "21:30", 12), valid_from=day(3, 12)) == (None, None)


def test_the_houses_book_is_valid_on_the_day_of_the_note():
    out = levels(read_level_books(["RUT"]), november(), NO_PRICES, LATE, PARAMETERS)
    assert core.Level.is_valid(out)
    assert set(out.select("pending_from", "valid_from", "basis_flag", "revision_kind").rows()) == {
        (day(2, 12), day(2, 12), "unadjusted", None)
    }
    assert out["evaluated_low"].equals(out["low"], null_equal=True)
    assert out["evaluated_high"].equals(out["high"], null_equal=True)


def test_what_was_published_later_is_not_known():
    rows = book({}, {"level_id": "b", "published_at": NOON + dt.timedelta(days=1), "supersedes": "a"})
    before = levels(rows, november(), NO_PRICES, NOON + dt.timedelta(hours=23), PARAMETERS)
    assert before.select("level_id", "superseded_from", "known_from").rows() == [("a", None, NOON)]
    at = levels(rows, november(), NO_PRICES, NOON + dt.timedelta(days=1), PARAMETERS)
    assert at.select("level_id", "superseded_from").rows() == [("a", day(26)), ("b", None)]


def test_a_level_is_superseded_from_the_first_session_of_what_replaces_it():
    later = {"published_at": NOON + dt.timedelta(days=1), "supersedes": "a", "level_id": "b"}
    for asked, expected in ((None, day(26)), (day(28), day(29)), (day(4, 12), None)):
        out = levels(book({}, later | {"valid_from": asked}), november(), NO_PRICES, LATE, PARAMETERS)
        assert out["superseded_from"].to_list() == [expected, None]


def test_what_the_book_says_comes_through():
    rows = book({"valid_to": day(26), "order_in_chain": 2, "role": "next_support", "high": 2290.0})
    out = levels(rows, november(), NO_PRICES, LATE, PARAMETERS)
    same = [name for name in BookLevel.column_names() if name != "valid_from"]
    assert_frame_equal(out.select(same), rows.select(same))


def test_empty_frames_give_empty_frames_or_levels_without_sessions():
    none = levels(BookLevel.create_empty(), november(), NO_PRICES, LATE, PARAMETERS)
    assert none.is_empty()
    assert core.Level.is_valid(none)
    out = levels(book({}, {"level_id": "b"}), core.Session.create_empty(), NO_PRICES, LATE, PARAMETERS)
    assert core.Level.is_valid(out)
    assert out.select("pending_from", "valid_from").rows() == [(None, None)] * 2


SESSIONS = calendar(weekdays(day(1, 10), day(31, 10)))


def _drawn(seed: int, size: int = 12) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return a book of some revisions and closes with gaps of an index and two quotes, both in random order."""
    draw = random.Random(seed)
    dates = SESSIONS["session"].to_list()
    of_prices = {
        name: {date: float(draw.randint(90, 110)) for date in dates if draw.random() < 0.8}
        for name in ("RUT", "CFD", "FUT")
    }
    start = dt.datetime(2024, 9, 28, tzinfo=dt.UTC)
    moments = sorted(draw.sample(range(34 * 24), size))
    rows = []
    for number, hours in enumerate(moments):
        published = start + dt.timedelta(hours=hours)
        rows.append(
            {
                "level_id": f"{number:02}",
                "published_at": published,
                "quote_instrument": draw.choice(["RUT", "CFD", "FUT", "OTHER"]),
                "valid_from": published.date() + dt.timedelta(days=draw.randint(0, 9)) if draw.random() < 0.5 else None,
                "supersedes": f"{number - 1:02}" if number and draw.random() < 0.5 else None,
                "low": float(draw.randint(3, 9)),
                "high": float(draw.randint(9, 12)),
            }
        )
    draw.shuffle(rows)
    return book(*rows), closes(of_prices).sample(fraction=1.0, shuffle=True, seed=seed)


@settings(max_examples=30, deadline=None)
@given(seed=SEEDS)
def test_sessions_and_bases_against_a_plain_loop(seed: int):
    rows, of_prices = _drawn(seed)
    found = {row["level_id"]: row for row in levels(rows, SESSIONS, of_prices, LATE, IN_LOOP).iter_rows(named=True)}
    closing = {(name, date): close for name, date, close in of_prices.select("series_id", "session", "close").rows()}
    for row in rows.iter_rows(named=True):
        after = [date for date, at in SESSIONS.select("session", "closes_at").rows() if at > row["published_at"]]
        valid = [date for date in after if date >= (row["valid_from"] or date)]
        differences = [
            closing[row["quote_instrument"], date] - closing["RUT", date]
            for date in SESSIONS["session"]
            if valid and date < valid[0] and {(row["quote_instrument"], date), ("RUT", date)} <= closing.keys()
        ][-4:]
        basis = median(differences) if len(differences) == 4 and row["quote_instrument"] != "RUT" else None
        if basis is not None and basis >= row["low"]:
            basis = None
        out = found[row["level_id"]]
        assert (out["pending_from"], out["valid_from"]) == (next(iter(after), None), next(iter(valid), None))
        assert out["basis_points"] == basis
        assert (out["evaluated_low"], out["evaluated_high"]) == (row["low"] - (basis or 0), row["high"] - (basis or 0))


@settings(max_examples=30, deadline=None)
@given(seed=SEEDS, kept=st.integers(0, len(SESSIONS)))
def test_later_sessions_and_closes_change_nothing_before_them(seed: int, kept: int):
    rows, of_prices = _drawn(seed)
    whole = levels(rows, SESSIONS, of_prices, LATE, IN_LOOP)
    cut = day(1, 10) + dt.timedelta(days=kept)
    before = pl.col("session") < cut
    part = levels(rows, SESSIONS.filter(before), of_prices.filter(before), LATE, IN_LOOP)
    later_nulls = pl.when(pl.col("superseded_from") < cut).then("superseded_from")
    assert_frame_equal(
        part.filter(pl.col("valid_from").is_not_null()),
        whole.filter(pl.col("valid_from") < cut).with_columns(superseded_from=later_nulls),
        check_exact=True,
    )
    assert part["pending_from"].to_list() == [at if at and at < cut else None for at in whole["pending_from"]]


@settings(max_examples=30, deadline=None)
@given(seed=SEEDS, hours=st.integers(0, 40 * 24))
def test_to_know_less_is_to_have_a_shorter_book(seed: int, hours: int):
    rows, of_prices = _drawn(seed)
    known_at = dt.datetime(2024, 9, 28, tzinfo=dt.UTC) + dt.timedelta(hours=hours)
    shorter = rows.filter(pl.col("published_at") <= known_at)
    out = core.Level.validate(levels(rows, SESSIONS, of_prices, known_at, IN_LOOP))
    assert out["level_id"].to_list() == sorted(shorter["level_id"])
    assert_frame_equal(out, levels(shorter, SESSIONS, of_prices, LATE, IN_LOOP), check_exact=True)
