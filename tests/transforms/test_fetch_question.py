"""What is due of a symbol, and what becomes of an answer: tables of cases."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

import polars as pl
import pytest

from pipelines.contracts import raw
from pipelines.parameters import Parameters
from pipelines.transforms.fetch_question import due_questions, outcome_rows
from tests.market import calendar, weekdays

WHOLE = dt.date(1900, 1, 1)
SESSIONS = calendar(weekdays(dt.date(2024, 9, 2), dt.date(2024, 12, 6)))
WEDNESDAY = dt.date(2024, 12, 4)
NOW = dt.datetime(2024, 12, 4, 22, tzinfo=dt.UTC)


def moment(day: int, hour: int = 22, month: int = 12) -> dt.datetime:
    return dt.datetime(2024, month, day, hour, tzinfo=dt.UTC)


def asked(
    outcome: str,
    fetched_at: dt.datetime,
    asked_from: dt.date = WHOLE,
    again: dt.datetime | None = None,
    detail: str | None = None,
    instrument_id: str = "ZQA",
) -> dict:
    return {
        "vendor_symbol": "ZQA", "asked_from": asked_from, "asked_to": fetched_at.date(), "fetched_at": fetched_at,
        "instrument_id": instrument_id, "outcome": outcome, "outcome_detail": detail, "rows_received": 0,
        "ask_again_from": again, "source": "test", "payload_hash": None,
    }  # fmt: skip


def due(*outcomes: dict, now: dt.datetime = NOW, whole_history: bool = False, suspects: Collection[str] = ()) -> dict:
    known = pl.DataFrame(outcomes, schema=raw.FetchOutcome.create_empty().schema)
    frame = due_questions(
        ["ZQA"], known, SESSIONS, now, WHOLE, Parameters(), whole_history=whole_history, suspects=suspects
    )
    return frame.row(0, named=True)


WINDOW = dt.date(2024, 11, 20)  # ten weekdays up to Tuesday 3 December
CASES = {
    "never asked": ([], "ask", WHOLE),
    "covered": ([asked("ok", moment(4))], "covered", None),
    "yesterday": ([asked("ok", moment(3))], "ask", WINDOW),
    "on a window too": ([asked("ok", moment(2)), asked("ok", moment(3), dt.date(2024, 11, 19))], "ask", WINDOW),
    "on a window alone": ([asked("ok", moment(3), dt.date(2024, 11, 19))], "ask", WHOLE),
    "failed since": ([asked("ok", moment(3)), asked("parse_error", moment(4), WINDOW)], "ask", WINDOW),
    "waits": ([asked("ok", moment(3)), asked("empty", moment(4), WINDOW, moment(5))], "waiting", None),
    "has waited": (
        [asked("ok", moment(2)), asked("empty", moment(3), WINDOW, moment(4))], "ask", dt.date(2024, 11, 19),
    ),
    "an answer outweighs what was said before": (
        [asked("rate_limited", moment(3), again=moment(9)), asked("ok", moment(3))], "ask", WINDOW,
    ),
    "the whole history failed since": ([asked("ok", moment(4)), asked("http_error", moment(4, 23))], "ask", WHOLE),
    "and was read after that": (
        [asked("ok", moment(2)), asked("http_error", moment(3)), asked("ok", moment(4))], "covered", None,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("outcomes", "status", "asked_from"), CASES.values(), ids=CASES)
def test_what_is_due(outcomes: list[dict], status: str, asked_from: dt.date | None) -> None:
    found = due(*outcomes, now=moment(4, 23))
    assert (found["status"], found["asked_to"]) == (status, WEDNESDAY)
    if asked_from:
        assert found["asked_from"] == asked_from


@pytest.mark.parametrize(
    ("now", "settled"),
    [
        (dt.datetime(2024, 12, 4, 21, 29, tzinfo=dt.UTC), dt.date(2024, 12, 3)),
        (dt.datetime(2024, 12, 4, 21, 30, tzinfo=dt.UTC), WEDNESDAY),
        (dt.datetime(2024, 12, 8, 12, tzinfo=dt.UTC), dt.date(2024, 12, 6)),
    ],
)
def test_a_session_is_due_half_an_hour_after_its_close(now: dt.datetime, settled: dt.date) -> None:
    assert due(now=now)["asked_to"] == settled


@pytest.mark.parametrize(("day", "asked_from"), [(28, WHOLE), (29, dt.date(2024, 11, 20))])
def test_a_whole_history_is_old_after_six_days(day: int, asked_from: dt.date) -> None:
    read = [asked("ok", moment(day, 22, 11)), asked("ok", moment(3), dt.date(2024, 11, 14))]
    assert due(*read, whole_history=True)["asked_from"] == asked_from
    assert due(*read)["asked_from"] == dt.date(2024, 11, 20)


def test_of_a_suspect_the_whole_history_is_due_once_a_session() -> None:
    """Only with a new session, so that further runs of an evening ask for nothing; and by instrument, not by symbol."""
    yesterday = asked("ok", moment(3), WINDOW, instrument_id="ZQA@2024-12-03")
    whole = asked("ok", moment(2))
    assert due(whole, yesterday, suspects=["ZQA@2024-12-03"])["asked_from"] == WHOLE
    assert due(whole, yesterday, suspects=["ZQA"])["asked_from"] == WINDOW
    assert due(whole, asked("ok", moment(4), WINDOW), now=moment(4, 23), suspects=["ZQA"])["status"] == "covered"
    refused = asked("rate_limited", moment(4), again=moment(5))
    assert due(whole, refused, suspects=["ZQA"])["status"] == "waiting"


def test_a_first_history_that_was_odd_is_read_a_second_time() -> None:
    odd = asked("ok", moment(2), detail="a chart with 1 missing sessions and 0 jumps")
    assert due(odd)["asked_from"] == WHOLE
    assert due(odd, asked("ok", moment(3), detail="still odd"))["asked_from"] == WINDOW
    assert due(odd, asked("ok", moment(4), WINDOW), now=moment(4, 23))["status"] == "covered"
    # Words on a refusal tell of no history.
    assert due(asked("ok", moment(2)), asked("empty", moment(3), WINDOW, detail="an answer"))["asked_from"] != WHOLE


def test_the_instrument_is_the_one_of_the_last_answer() -> None:
    assert due(asked("ok", moment(2)), asked("ok", moment(3), instrument_id="ZQA@2024-12-03"))["instrument_id"] == (
        "ZQA@2024-12-03"
    )
    assert due(asked("http_error", moment(3), instrument_id="other"))["instrument_id"] == "ZQA"


def test_without_a_settled_session_the_calendar_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a calendar with a session settled by"):
        due(now=dt.datetime(2024, 9, 2, 12, tzinfo=dt.UTC))


def judged(outcome: str, is_unknown: bool = False, had_bars: bool = False, before: dt.datetime | None = None) -> tuple:
    row = asked(outcome, NOW) | {"is_unknown": is_unknown, "had_bars": had_bars, "unknown_before": before}
    del row["ask_again_from"]
    schema = dict(raw.FetchOutcome.create_empty().drop("ask_again_from").schema) | {
        "is_unknown": pl.Boolean, "had_bars": pl.Boolean, "unknown_before": pl.Datetime("us", "UTC")
    }  # fmt: skip
    known = raw.FetchOutcome.create_empty()
    return (
        outcome_rows(pl.DataFrame([row], schema=schema), known, Parameters()).select("outcome", "ask_again_from").row(0)
    )


NEW_YORK_MIDNIGHT = dt.datetime(2024, 12, 5, 5, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (("ok",), ("ok", None)),
        (("parse_error",), ("parse_error", None)),
        (("http_error",), ("http_error", None)),
        (("empty",), ("empty", NEW_YORK_MIDNIGHT)),
        (("rate_limited",), ("rate_limited", NOW + dt.timedelta(minutes=10))),
        (("http_error", True), ("http_error", NEW_YORK_MIDNIGHT + dt.timedelta(days=6))),
        (("http_error", True, True), ("http_error", NEW_YORK_MIDNIGHT)),
        (("http_error", True, True, moment(4, 15)), ("http_error", NEW_YORK_MIDNIGHT)),
        (("http_error", True, True, moment(3)), ("delisted", NEW_YORK_MIDNIGHT + dt.timedelta(days=6))),
        # Three in the morning UTC is still the evening of the day before.
        (("http_error", True, True, moment(4, 3)), ("delisted", NEW_YORK_MIDNIGHT + dt.timedelta(days=6))),
        (("http_error", True, False, moment(3)), ("http_error", NEW_YORK_MIDNIGHT + dt.timedelta(days=6))),
    ],
)
def test_what_becomes_of_an_answer(facts: tuple, expected: tuple) -> None:
    assert judged(*facts) == expected


def test_an_answer_that_is_stored_is_not_stored_again_and_another_of_the_same_moment_is() -> None:
    schema = raw.FetchOutcome.create_empty().schema
    stored = pl.DataFrame([asked("http_error", NOW)], schema=schema)
    more = {"is_unknown": False, "had_bars": False, "unknown_before": None}
    for outcome, expected in (("http_error", []), ("ok", [("ok", NOW + dt.timedelta(microseconds=1))])):
        answer = pl.DataFrame([asked(outcome, NOW) | more], schema={**schema, "is_unknown": pl.Boolean,
            "had_bars": pl.Boolean, "unknown_before": pl.Datetime("us", "UTC")}).drop("ask_again_from")  # fmt: skip
        assert outcome_rows(answer, stored, Parameters()).select("outcome", "fetched_at").rows() == expected
