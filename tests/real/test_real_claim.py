"""The note of 2 December 2024, sentence by sentence, on real prices: verdicts, numbers, rows that can be looked up."""

from __future__ import annotations

import datetime as dt
import re

import pytest

from tests.real.test_real_warehouse import FRIDAY, MONDAY, ask

NOTE = "oanda-2024-12-02"
REPRODUCED, CONTRADICTED, DEPENDS, OPEN = "reproduced", "contradicted", "basis_dependent", "not_computable"
VERDICTS = {
    "return-rut": REPRODUCED,
    "return-spx": REPRODUCED,
    "return-ndx": REPRODUCED,
    "return-dji": REPRODUCED,
    "best-of-four": REPRODUCED,
    "almost-double-spx": REPRODUCED,
    "almost-double-ndx": CONTRADICTED,
    "dow-above-spx": REPRODUCED,
    "dow-above-ndx": REPRODUCED,
    "record-value": REPRODUCED,
    "record-date": CONTRADICTED,
    "record-retest": CONTRADICTED,
    "only-without-record": DEPENDS,
    "records-spx": REPRODUCED,
    "records-ndx": REPRODUCED,
    "records-dji": REPRODUCED,
    "outperforms-spx": REPRODUCED,
    "outperforms-ndx": REPRODUCED,
    "turning-up-rut-ndx": REPRODUCED,
    "turning-up-dji-ndx": CONTRADICTED,
    "russell-domestic": OPEN,
    "largest-sector": OPEN,
    "technology-international": OPEN,
    "largest-sector-later": OPEN,
    "technology-international-later": OPEN,
    "average-50-rises": REPRODUCED,
    "average-200-rises": REPRODUCED,
    "average-50-supports": DEPENDS,
    "average-200-supports": REPRODUCED,
    "medium-phase": REPRODUCED,
    "major-phase": REPRODUCED,
    "key-support": REPRODUCED,
    "intermediate-resistance": REPRODUCED,
    "resistance-at-record": DEPENDS,
    "next-resistance": REPRODUCED,
    "next-support": REPRODUCED,
    "next-support-2": REPRODUCED,
}
NUMBERS = {
    "return-rut": (10.838, 0.038),
    "return-spx": (5.730, 0.030),
    "return-ndx": (5.228, 0.028),
    "return-dji": (7.536, 0.036),
    "best-of-four": (1, 0),
    "almost-double-spx": (1.89, 0),
    "almost-double-ndx": (2.07, 0.07),
    "record-value": (2458.86, 0.86),
    "record-date": (None, 3),
    "record-retest": (0.31, None),
    "records-spx": (54, 0),
    "records-ndx": (39, 0),
    "records-dji": (47, 0),
    "resistance-at-record": (0.30, 0),
}
SAID = {
    "record-value": ("2,458.86 of 2021-11-08", "close: 2,442.74 of 2021-11-08"),
    "record-date": ("2021-11-08 (2,458.86)", "close: 2,442.74 of 2021-11-08"),
    "record-retest": (
        "exceed: the high of 2,466.49 lies +0.31 % from the record before it, a new record",
        "close: 2,442.03, 0.71 short of the record close of 2,442.74",
    ),
    "only-without-record": ("close: RUT; intraday: none", "close: holds (RUT); intraday: does not hold (none)"),
    "outperforms-ndx": ("outperforming since 2024-07-09 (2024-Q3)", None),
    "turning-up-rut-ndx": ("up since 2024-11-27", None),
    "turning-up-dji-ndx": ("down since 2024-11-15", None),
    "medium-phase": ("up since 2024-07-11", None),
    "major-phase": ("up since 2023-12-27", None),
    "key-support": ("intact since 2024-12-02", None),
    "intermediate-resistance": ("testing since 2024-12-02", None),
    "next-resistance": ("2,625 to 2,655 (next_resistance)", None),
}
EVIDENCE = re.compile(r"(?P<table>core\.\w+) \((?P<key>[^)]*)\): (?P<values>.+)")


def checks(warehouse, columns: str) -> dict[str, tuple]:
    rows = ask(warehouse, f"SELECT claim_id, {columns} FROM serve.claim_check WHERE note_id = ?", NOTE)
    return {claim_id.removeprefix(f"{NOTE}/"): tuple(row) for claim_id, *row in rows}


def test_every_sentence_has_the_verdict_that_the_bars_give_it(warehouse) -> None:
    assert {name: verdict for name, (verdict,) in checks(warehouse, "verdict").items()} == VERDICTS


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_are_those_of_the_bars(warehouse, name: str) -> None:
    value, difference = NUMBERS[name]
    found = checks(warehouse, "computed_value, difference")[name]
    assert found[0] == (None if value is None else pytest.approx(value, abs=0.005))
    assert found[1] == (None if difference is None else pytest.approx(difference, abs=0.005))


@pytest.mark.parametrize("name", SAID)
def test_words_are_those_of_the_bars(warehouse, name: str) -> None:
    assert checks(warehouse, "computed, depends_on")[name] == SAID[name]


def test_claims_are_checked_at_the_session_they_speak_of_and_nothing_is_synthetic(warehouse) -> None:
    sessions = {session for session, _ in checks(warehouse, "session, is_synthetic").values()}
    friday_before, retest, later = dt.date(2024, 11, 22), dt.date(2024, 11, 25), dt.date(2024, 12, 6)
    assert sessions == {friday_before, retest, FRIDAY, MONDAY, later}
    assert {flag for _, flag in checks(warehouse, "session, is_synthetic").values()} == {False}


def test_without_holdings_nothing_is_said_of_sectors_and_revenue(warehouse) -> None:
    reasons = {reason for verdict, reason in checks(warehouse, "verdict, reason").values() if verdict == OPEN}
    assert reasons == {
        "expected core.revenue_exposure of RUT by 2024-12-02, was none",
        "expected core.sector_weight of SPX by 2024-12-02, was none",
        "expected core.revenue_exposure of SPX by 2024-12-02, was none",
        "expected core.sector_weight of SPX by 2024-12-06, was none",
        "expected core.revenue_exposure of SPX by 2024-12-06, was none",
    }


def test_levels_say_that_they_are_the_authors_and_were_held_against_the_cash_index(warehouse) -> None:
    reasons = checks(warehouse, "reason")
    for name in ("key-support", "intermediate-resistance", "next-resistance", "next-support", "next-support-2"):
        (reason,) = reasons[name]
        assert reason.startswith("RUT_CFD has no bars here: held against the cash index RUT at the published numbers")
        assert reason.endswith("checked is its state, not where it comes from")


def test_the_next_levels_are_those_of_the_level_tables(warehouse) -> None:
    rows = ask(
        warehouse,
        "SELECT state.level_id, next.low, next.high FROM serve.level_state AS state "
        "LEFT JOIN serve.level AS next ON next.level_id = state.next_exposed "
        "WHERE state.instrument_id = 'RUT' AND state.origin = 'published' AND state.session = ?",
        MONDAY,
    )
    following = {level.removeprefix("note-2024-12-02/"): (low, high) for level, low, high in rows}
    assert following["key-support"] == (2170, 2170)
    assert following["next-support-1"] == (2080, 2080)
    assert following["intermediate-resistance"] == (2625, 2655)


def test_every_row_of_evidence_is_there_with_the_value_it_is_cited_for(warehouse) -> None:
    cited = {row for (text,) in checks(warehouse, "evidence").values() for row in (text or "").split("; ") if row}
    assert len(cited) > 40
    for row in cited:
        match = EVIDENCE.fullmatch(row)
        assert match, row
        schema, table = match["table"].split(".")
        ((keys,),) = ask(
            warehouse,
            "SELECT constraint_column_names FROM duckdb_constraints() "
            "WHERE constraint_type = 'PRIMARY KEY' AND schema_name = ? AND table_name = ?",
            schema,
            table,
        )
        where = " AND ".join(f"{key}::VARCHAR = ?" for key in keys)
        for column, _, value in (part.partition(" ") for part in match["values"].split(", ")):
            sql = f"SELECT {column} FROM {match['table']} WHERE {where}"
            ((found,),) = ask(warehouse, sql, *match["key"].split(", "))
            expected = "null" if found is None else str(found).lower() if isinstance(found, bool) else found
            if isinstance(found, float):
                assert float(value) == pytest.approx(found, rel=1e-9)
            else:
                assert value == str(expected)


def test_macros_ask_for_a_note_an_author_an_instrument_and_a_pair(warehouse) -> None:
    def numbers(about: str) -> list[int]:
        return [number for (number,) in ask(warehouse, "SELECT claim_number FROM claims_of(?)", about)]

    assert numbers(NOTE) == numbers("OANDA MarketPulse") == list(range(1, len(VERDICTS) + 1))
    assert numbers("DJI") == [4, 8, 9, 16, 20]
    assert numbers("DJI/NDX") == [20]
    assert numbers("us_index_4") == [13]
    assert 13 in numbers("RUT")
    assert numbers(f"{NOTE}/record-date") == [11]
    assert numbers("nobody") == []


def test_the_overview_as_of_a_day_off_is_that_of_the_session_before(warehouse) -> None:
    sql = "SELECT session, round(close, 2), statement FROM overview_as_of('RUT', ?)"
    words = "major and medium-term uptrend intact"
    assert ask(warehouse, sql, "2024-12-01") == [(FRIDAY, 2434.73, words)]
    assert ask(warehouse, sql, "2024-12-02") == [(MONDAY, 2434.14, words)]
    assert ask(warehouse, sql, "1950-01-03") == []


def test_the_trend_as_of_a_day_off_is_that_of_the_session_before(warehouse) -> None:
    sql = "SELECT series_id, session, medium_phase, medium_since FROM trend_as_of(?, ?)"
    assert ask(warehouse, sql, "RUT/NDX", "2024-11-30") == [("RUT/NDX", FRIDAY, "up", dt.date(2024, 11, 27))]
    assert ask(warehouse, sql, "RUT", "2024-06-17") == [("RUT", dt.date(2024, 6, 17), "up", dt.date(2023, 12, 13))]
    assert ask(warehouse, sql, "RUT", "2024-06-18") == [("RUT", dt.date(2024, 6, 18), "down", dt.date(2024, 6, 18))]
