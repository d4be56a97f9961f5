"""The main job on real prices: what the published tables say of November 2024, asked in SQL."""

from __future__ import annotations

import datetime as dt

import duckdb
import pytest

FRIDAY, MONDAY = dt.date(2024, 11, 29), dt.date(2024, 12, 2)


def ask(warehouse: duckdb.DuckDBPyConnection, sql: str, *values: object) -> list[tuple]:
    return warehouse.execute(sql, list(values)).fetchall()


def overview(warehouse: duckdb.DuckDBPyConnection, columns: str, instrument: str, session: dt.date) -> tuple:
    sql = f"SELECT {columns} FROM serve.index_overview WHERE instrument_id = ? AND session = ?"
    (row,) = ask(warehouse, sql, instrument, session)
    return row


def test_november_returns_and_their_ranking(warehouse) -> None:
    rows = ask(
        warehouse,
        "SELECT rank, instrument_id, round(return_pct, 3), base_session, period_start, is_partial "
        "FROM serve.period_return WHERE period = 'month' AND period_end = ? ORDER BY rank",
        FRIDAY,
    )
    base, first = dt.date(2024, 10, 31), dt.date(2024, 11, 1)
    assert rows == [
        (1, "RUT", 10.838, base, first, False),
        (2, "DJI", 7.536, base, first, False),
        (3, "SPX", 5.730, base, first, False),
        (4, "NDX", 5.228, base, first, False),
    ]


def test_december_is_partial_and_ends_on_the_last_session(warehouse) -> None:
    rows = ask(
        warehouse,
        "SELECT DISTINCT period_end, period_last_session, is_partial FROM serve.period_return "
        "WHERE period = 'month' AND period_start = ?",
        MONDAY,
    )
    assert rows == [(MONDAY, dt.date(2024, 12, 31), True)]


def test_intraday_records_of_the_russell(warehouse) -> None:
    rows = ask(
        warehouse,
        "SELECT session, round(value, 2) FROM serve.record_high WHERE instrument_id = 'RUT' AND basis = 'intraday' "
        "AND event = 'new_record' AND session >= DATE '2021-11-08' ORDER BY session",
    )
    assert rows == [(dt.date(2021, 11, 8), 2458.86), (dt.date(2024, 11, 25), 2466.49)]


def test_record_close_of_the_russell_still_stands(warehouse) -> None:
    columns = "round(record_close, 2), record_close_session, round(record_intraday, 2), record_intraday_session"
    assert overview(warehouse, columns, "RUT", MONDAY) == (
        2442.74,
        dt.date(2021, 11, 8),
        2466.49,
        dt.date(2024, 11, 25),
    )


def test_the_russell_alone_has_no_record_close_in_three_years(warehouse) -> None:
    rows = ask(
        warehouse,
        "SELECT instrument_id FROM serve.index_overview "
        "WHERE session = ? AND record_close_session <= session - INTERVAL 3 YEAR",
        MONDAY,
    )
    assert rows == [("RUT",)]


@pytest.mark.parametrize(("session", "averages"), [(FRIDAY, (2277.07, 2131.96)), (MONDAY, (2281.19, 2133.83))])
def test_averages_of_the_russell(warehouse, session: dt.date, averages: tuple[float, float]) -> None:
    assert overview(warehouse, "round(sma_50, 2), round(sma_200, 2)", "RUT", session) == averages


@pytest.mark.parametrize("session", [FRIDAY, MONDAY])
def test_phases_of_the_russell(warehouse, session: dt.date) -> None:
    columns = "medium_phase, medium_since, major_phase, major_since, statement"
    assert overview(warehouse, columns, "RUT", session) == (
        "up",
        dt.date(2024, 7, 11),
        "up",
        dt.date(2023, 12, 27),
        "major and medium-term uptrend intact",
    )


@pytest.mark.parametrize("session", [FRIDAY, MONDAY])
@pytest.mark.parametrize(("pair", "confirmed"), [("RUT/NDX", dt.date(2024, 7, 16)), ("RUT/SPX", dt.date(2024, 7, 17))])
def test_the_russell_outperforms_since_july(warehouse, session: dt.date, pair: str, confirmed: dt.date) -> None:
    rows = ask(
        warehouse,
        "SELECT verdict, since, confirmed_session, since_quarter FROM serve.relative_regime "
        "WHERE pair_id = ? AND session = ?",
        pair,
        session,
    )
    assert rows == [("outperforming", dt.date(2024, 7, 9), confirmed, "2024-Q3")]


def test_averages_of_a_ratio(warehouse) -> None:
    sql = "SELECT ratio, sma_50, sma_200 FROM serve.ratio_state WHERE pair_id = 'RUT/NDX' AND session = ?"
    ((ratio, sma_50, sma_200),) = ask(warehouse, sql, FRIDAY)
    assert (round(ratio, 6), round(sma_50, 6), round(sma_200, 6)) == (0.116325, 0.111786, 0.111481)


def test_ratios_turn_up_and_down(warehouse) -> None:
    rows = ask(
        warehouse,
        "SELECT pair_id, medium_phase, medium_since FROM serve.ratio_state "
        "WHERE session = ? AND pair_id IN ('RUT/NDX', 'DJI/NDX') ORDER BY pair_id DESC",
        FRIDAY,
    )
    assert rows == [("RUT/NDX", "up", dt.date(2024, 11, 27)), ("DJI/NDX", "down", dt.date(2024, 11, 15))]


def test_record_closes_of_the_year(warehouse) -> None:
    rows = ask(
        warehouse,
        "SELECT instrument_id, count(*) FROM serve.record_high WHERE basis = 'close' AND event = 'new_record' "
        "AND session BETWEEN DATE '2024-01-01' AND DATE '2024-12-02' AND instrument_id NOT LIKE '%/%' "
        "GROUP BY instrument_id ORDER BY instrument_id",
    )
    assert rows == [("DJI", 47), ("NDX", 39), ("SPX", 54)]


def test_real_prices_are_complete_and_not_called_synthetic(warehouse) -> None:
    rows = ask(
        warehouse,
        "SELECT instrument_id, bars, missing_sessions, rejected_rows, last_session, is_synthetic, source "
        "FROM serve.data_health ORDER BY instrument_id",
    )
    assert rows == [
        ("DJI", 8291, 0, 0, MONDAY, False, "files"),
        ("NDX", 9872, 0, 0, MONDAY, False, "files"),
        ("RUT", 9381, 0, 0, MONDAY, False, "files"),
        ("SPX", 24347, 0, 0, MONDAY, False, "files"),
    ]
    comments = ask(warehouse, "SELECT comment FROM duckdb_tables() WHERE comment LIKE '%SYNTHETIC%'")
    assert comments == []
