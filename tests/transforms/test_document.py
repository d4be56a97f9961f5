"""Rows of documents on their way into raw: when they were known, where they stand, which of them are new."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import pytest

from pipelines.contracts import raw
from pipelines.parameters import Parameters
from pipelines.sources.calendar import sessions_between
from pipelines.transforms.document import Origin, as_rows, changed_holdings, known_after, unseen_filings
from tests.transforms.membership_frames import frame, holdings

FRIDAY, MONDAY = dt.date(2024, 12, 6), dt.date(2024, 12, 9)
LONG_AFTER = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)
ORIGIN = Origin("files", "holdings/IVV.csv", "ab12", dt.datetime(2024, 12, 10, 22, tzinfo=dt.UTC))


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def known(day: dt.date, fetched_at: dt.datetime, *, is_first: bool = True, settle: int = 30) -> tuple:
    calendar = sessions_between(day, day + dt.timedelta(days=14))
    parameters = Parameters(bar_settle_minutes=settle)
    return known_after(day, calendar, fetched_at, is_first=is_first, parameters=parameters)


# When a document was known


@pytest.mark.parametrize(
    ("day", "settled"),
    [
        (dt.date(2024, 12, 5), "2024-12-06 21:30"),  # Thursday; New York closes at 21:00 UTC in winter
        (dt.date(2024, 6, 27), "2024-06-28 20:30"),  # and at 20:00 in summer
        (FRIDAY, "2024-12-09 21:30"),
        (dt.date(2024, 12, 7), "2024-12-09 21:30"),  # a Saturday
        (dt.date(2024, 11, 27), "2024-11-29 18:30"),  # the day after Thanksgiving closes at 18:00
        (dt.date(2024, 12, 31), "2025-01-02 21:30"),
        (dt.date(2025, 1, 8), "2025-01-10 21:30"),  # no session on the ninth, a day of mourning
    ],
)
def test_the_first_version_was_known_when_the_session_after_its_day_had_settled(day: dt.date, settled: str) -> None:
    assert known(day, LONG_AFTER) == (utc(settled), "assumed")


@pytest.mark.parametrize(
    ("fetched_at", "expected"),
    [
        ("2024-12-09 21:30:00", ("2024-12-09 21:30:00", "assumed")),
        ("2024-12-09 21:29:59.999999", ("2024-12-09 21:29:59.999999", "observed")),
        ("2024-12-06 22:00:00", ("2024-12-06 22:00:00", "observed")),
        ("2024-12-06 00:00:00", ("2024-12-06 00:00:00", "observed")),
    ],
)
def test_one_that_is_read_before_that_was_known_when_it_was_read(fetched_at: str, expected: tuple) -> None:
    assert known(FRIDAY, utc(fetched_at)) == (utc(expected[0]), expected[1])


@pytest.mark.parametrize("fetched_at", ["2024-12-05 23:59:59", "2024-06-01 12:00:00"])
def test_a_clock_that_was_set_back_before_the_day_does_not_make_it_known_then(fetched_at: str) -> None:
    assert known(FRIDAY, utc(fetched_at)) == (utc("2024-12-09 21:30"), "assumed")


def test_a_later_version_was_known_when_it_was_read() -> None:
    assert known(FRIDAY, LONG_AFTER, is_first=False) == (LONG_AFTER, "observed")


def test_how_long_a_session_takes_to_settle_is_a_parameter() -> None:
    assert known(FRIDAY, LONG_AFTER, settle=45) == (utc("2024-12-09 21:45"), "assumed")


def test_the_order_of_the_calendar_does_not_matter_and_without_a_later_session_the_fetch_counts() -> None:
    calendar = sessions_between(FRIDAY, dt.date(2024, 12, 20)).reverse()
    at = known_after(FRIDAY, calendar, LONG_AFTER, is_first=True, parameters=Parameters())
    assert at == (utc("2024-12-09 21:30"), "assumed")
    only_the_day = sessions_between(FRIDAY, FRIDAY)
    assert known_after(FRIDAY, only_the_day, LONG_AFTER, is_first=True, parameters=Parameters()) == (
        LONG_AFTER,
        "observed",
    )


# Rows of raw tables


def test_rows_get_their_origin_and_the_line_on_which_they_stand() -> None:
    own = ("known_from", "known_basis", "source", "locator", "payload_hash", "fetched_at")
    stated = holdings({"line": 11, "ticker": "ZQA"}, {"line": 14, "ticker": "ZQB"}).drop(own)
    rows = as_rows(raw.Holding, stated, ORIGIN, (utc("2024-12-09 21:30"), "assumed"))
    assert rows.columns == raw.Holding.column_names()
    assert rows.select(own).rows() == [
        (utc("2024-12-09 21:30"), "assumed", "files", f"holdings/IVV.csv:{line}", "ab12", ORIGIN.fetched_at)
        for line in (11, 14)
    ]
    assert rows.select(pl.exclude(own)).equals(stated.select(pl.exclude(own)))


def test_what_says_nothing_of_its_time_was_observed_and_what_does_is_assumed() -> None:
    listing = pl.DataFrame({"cik": [9900001], "symbol": ["ZQA"], "company_name": ["FICTIONAL ALFA INC"]})
    found = as_rows(raw.Listing, listing, ORIGIN)
    assert found.select("known_from", "known_basis").rows() == [(ORIGIN.fetched_at, "observed")]
    own = filing("a-1", known_from=utc("2024-02-01 21:05")).drop("known_basis", "source", "payload_hash", "fetched_at")
    found = as_rows(raw.Filing, own, ORIGIN)
    assert found.select("known_from", "known_basis", "fetched_at", "locator").rows() == [
        (utc("2024-02-01 21:05"), "assumed", ORIGIN.fetched_at, "sec/a.zip/sub.txt:2")
    ]
    assert raw.Filing.validate(found).height == 1


def test_no_row_gives_none_of_the_same_types() -> None:
    empty = pl.DataFrame(schema={"cik": pl.Int64, "symbol": pl.String, "company_name": pl.String})
    assert raw.Listing.validate(as_rows(raw.Listing, empty, ORIGIN)).is_empty()


# Filings


def filing(adsh: str, **changes: Any) -> pl.DataFrame:
    usual = {
        "adsh": adsh, "cik": 9900001, "filer_name": "FICTIONAL ALFA INC", "form": "10-K",
        "filed": dt.date(2024, 2, 1), "filers": 1, "known_from": LONG_AFTER, "known_basis": "assumed",
        "source": "files", "locator": "sec/a.zip/sub.txt:2", "payload_hash": "ab12", "fetched_at": LONG_AFTER,
    }  # fmt: skip
    return raw.Filing.validate(frame(raw.Filing, [{**usual, **changes}]))


def facts(adsh: str, *values: float, payload_hash: str = "ab12") -> pl.DataFrame:
    usual = {
        "adsh": adsh, "tag": "Revenues", "taxonomy": "us-gaap/2023", "fact_date": dt.date(2023, 12, 31),
        "quarters": 4, "unit_of_measure": "USD", "segments": "", "coregistrant": "",
        "locator": "sec/a.zip/num.txt:2", "payload_hash": payload_hash,
    }  # fmt: skip
    rows = [{**usual, "occurrence": place, "fact_value": value} for place, value in enumerate(values, 1)]
    return raw.FilingFact.validate(frame(raw.FilingFact, rows))


NO_FILINGS, NO_FACTS = raw.Filing.create_empty(), raw.FilingFact.create_empty()


def test_a_filing_and_its_facts_are_new_once() -> None:
    filings, of_both = pl.concat([filing("a-1"), filing("a-2")]), pl.concat([facts("a-1", 1.0), facts("a-2", 2.0)])
    new, its = unseen_filings(filings, of_both, NO_FILINGS, NO_FACTS)
    assert (new.equals(filings), its.equals(of_both)) == (True, True)
    new, its = unseen_filings(filings, of_both, filing("a-1"), facts("a-1", 1.0))
    assert (new["adsh"].to_list(), its["adsh"].to_list()) == (["a-2"], ["a-2"])
    assert [found.height for found in unseen_filings(filings, of_both, filings, of_both)] == [0, 0]


def test_what_an_archive_says_later_of_a_stored_filing_changes_nothing() -> None:
    new, its = unseen_filings(
        filing("a-1", form="10-K/A", payload_hash="cd34"),
        facts("a-1", 99.0, 98.0, payload_hash="cd34"),
        filing("a-1"),
        facts("a-1", 1.0),
    )
    assert (new.height, its.height) == (0, 0)


def test_facts_that_a_killed_run_left_without_their_filing_stay_and_it_is_added() -> None:
    filings, of_both = pl.concat([filing("a-1"), filing("a-2")]), pl.concat([facts("a-1", 1.0), facts("a-2", 2.0)])
    new, its = unseen_filings(filings, of_both, NO_FILINGS, of_both)
    assert (new["adsh"].to_list(), its.height) == (["a-1", "a-2"], 0)


def test_facts_of_a_filing_that_is_not_in_the_archive_are_not_taken() -> None:
    new, its = unseen_filings(filing("a-1"), facts("a-9", 1.0), NO_FILINGS, NO_FACTS)
    assert (new.height, its.height) == (1, 0)


# Versions of holdings

FIRST_KNOWN, LATER_KNOWN = utc("2024-07-01 20:30"), utc("2024-07-02 20:30")
LINES = ({"ticker": "ZQA", "market_value": 60.0}, {"ticker": "ZQB", "market_value": 40.0})


def version(*lines: dict[str, Any], known_from: dt.datetime = FIRST_KNOWN, **changes: Any) -> pl.DataFrame:
    return holdings(*(line | {"known_from": known_from} for line in lines or LINES), **changes)


def test_holdings_are_new_where_none_of_their_fund_and_date_are_stored() -> None:
    held = version()
    for stored in (raw.Holding.create_empty(), version(fund_id="G"), version(as_of=dt.date(2024, 6, 27))):
        assert changed_holdings(held, stored).equals(held)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"known_basis": "observed", "payload_hash": "other bytes", "locator": "holdings/copy.csv:11"},
        {"as_of_basis": "file_name"},
    ],
)
def test_a_file_that_says_what_is_known_adds_nothing(changes: dict[str, Any]) -> None:
    again = version(*(line | changes for line in LINES), known_from=LATER_KNOWN)
    assert changed_holdings(again, version()).is_empty()
    assert changed_holdings(again, version()).schema == version().schema


def test_a_file_that_lost_its_preamble_says_the_same_on_other_lines() -> None:
    shifted = version(*(line | {"line": place} for place, line in enumerate(LINES, 2)), known_from=LATER_KNOWN)
    assert changed_holdings(shifted, version()).is_empty()


@pytest.mark.parametrize(
    "lines",
    [
        ({"ticker": "ZQA", "market_value": 60.01}, LINES[1]),
        ({"ticker": "ZQA", "market_value": None}, LINES[1]),
        (LINES[0], LINES[1] | {"printed_sector": "Utilities"}),
        (LINES[0],),
        (*LINES, {"ticker": "ZQC"}),
        (LINES[1], LINES[0]),
    ],
)
def test_a_file_that_says_something_else_is_a_new_version_whole(lines: tuple) -> None:
    held = version(*lines, known_from=LATER_KNOWN)
    assert changed_holdings(held, version()).equals(held)


def test_what_an_older_version_said_does_not_come_back_as_a_correction() -> None:
    """A file that said the same as the first version is read again in every run, as its hash is stored nowhere."""
    corrected = version({"ticker": "ZQA", "market_value": 61.0}, known_from=LATER_KNOWN)
    stored = pl.concat([version(), corrected])
    assert changed_holdings(version(known_from=LONG_AFTER), stored).is_empty()
    assert changed_holdings(corrected.with_columns(known_from=pl.lit(LONG_AFTER)), stored).is_empty()


@pytest.mark.parametrize("known_from", [FIRST_KNOWN, FIRST_KNOWN - dt.timedelta(days=200)])
def test_a_new_version_that_would_not_be_known_later_is_refused(known_from: dt.datetime) -> None:
    """As with a clock that is fixed or was set back; both would be the newest, or the old one would stay it."""
    held = version({"ticker": "ZQA", "market_value": 61.0}, known_from=known_from)
    with pytest.raises(ValueError, match=r"raw\.holding F 2024-06-28: expected a new version known after 2024-07-01"):
        changed_holdings(held, version())
