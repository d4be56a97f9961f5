"""Record highs of the real indices against the counts and anchors of methods B3."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from pipelines.contracts import core
from pipelines.parameters import Parameters
from pipelines.transforms.record import record_highs, record_states

D = dt.date
DECEMBER_2 = D(2024, 12, 2)
# Series, year: record closes, intraday records (None where no count was published).
COUNTS = {
    ("SPX", 1995): (77, 80),
    ("SPX", 2013): (45, 45),
    ("SPX", 2014): (53, 56),
    ("SPX", 2017): (62, 67),
    ("SPX", 2019): (35, 34),
    ("SPX", 2020): (33, 38),
    ("SPX", 2021): (70, 79),
    ("SPX", 2022): (1, 1),
    ("SPX", 2023): (0, 0),
    ("SPX", 2024): (54, None),
    ("NDX", 2017): (76, 84),
    ("NDX", 2021): (49, 51),
    ("NDX", 2022): (0, None),
    ("NDX", 2023): (5, None),
    ("NDX", 2024): (39, None),
    ("DJI", 2024): (47, None),
}
ANCHORS = [
    ("SPX", "close", D(1973, 1, 11), 120.24),
    ("SPX", "close", D(1987, 8, 25), 336.77),
    ("SPX", "close", D(2000, 3, 24), 1527.46),
    ("SPX", "close", D(2007, 10, 9), 1565.15),
    ("SPX", "close", D(2022, 1, 3), 4796.56),
    ("SPX", "intraday", D(2022, 1, 4), 4818.62),
    ("RUT", "close", D(2021, 11, 8), 2442.74),
    ("RUT", "intraday", D(2021, 11, 8), 2458.86),
    ("RUT", "intraday", D(2024, 11, 25), 2466.49),
]


@pytest.fixture(scope="module")
def inputs(real_prices: pl.DataFrame, real_instruments: pl.DataFrame) -> tuple[pl.DataFrame, ...]:
    no_range = real_prices.select("series_id", "session", atr_14=pl.lit(None, pl.Float64))
    return real_prices, no_range, real_instruments


@pytest.fixture(scope="module")
def states(inputs: tuple[pl.DataFrame, ...]) -> pl.DataFrame:
    return record_states(*inputs, Parameters())


@pytest.fixture(scope="module")
def log(inputs: tuple[pl.DataFrame, ...]) -> pl.DataFrame:
    return record_highs(*inputs, Parameters())


def _state(states: pl.DataFrame, series: str, basis: str, session: dt.date) -> dict:
    row = (pl.col("series_id") == series) & (pl.col("basis") == basis) & (pl.col("session") == session)
    return states.row(by_predicate=row, named=True)


def _new_records(log: pl.DataFrame, series: str, basis: str, year: int) -> int:
    return log.filter(
        pl.col("series_id") == series,
        pl.col("basis") == basis,
        pl.col("event") == "new_record",
        pl.col("session").dt.year() == year,
    ).height


def test_states_and_log_keep_their_contracts(states: pl.DataFrame, log: pl.DataFrame):
    assert core.RecordState.is_valid(states)
    assert core.RecordHigh.is_valid(log)


@pytest.mark.parametrize(("series", "year"), COUNTS)
def test_records_per_year(log: pl.DataFrame, series: str, year: int):
    closing, intraday = COUNTS[series, year]
    assert _new_records(log, series, "close", year) == closing
    assert intraday is None or _new_records(log, series, "intraday", year) == intraday


def test_the_65_of_1964_count_three_closes_that_only_equalled_the_record(log: pl.DataFrame, states: pl.DataFrame):
    assert _new_records(log, "SPX", "close", 1964) == 62
    at_record = states.filter(
        pl.col("series_id") == "SPX",
        pl.col("basis") == "close",
        pl.col("session").dt.year() == 1964,
        pl.col("drawdown_pct") == 0,
    )
    assert at_record.filter(~pl.col("is_new_record"))["session"].to_list() == [
        D(1964, 2, 25),
        D(1964, 3, 16),
        D(1964, 7, 8),
    ]


@pytest.mark.parametrize(("series", "basis", "session", "value"), ANCHORS)
def test_anchors(states: pl.DataFrame, series: str, basis: str, session: dt.date, value: float):
    state = _state(states, series, basis, session)
    assert state["is_new_record"]
    assert (state["record_session"], state["record"]) == (session, pytest.approx(value, abs=0.005))


def test_513_trading_days_between_the_records_of_2022_and_2024(states: pl.DataFrame, log: pl.DataFrame):
    eve = _state(states, "SPX", "close", D(2024, 1, 18))
    assert (eve["record_session"], eve["sessions_since"], eve["sessions_between"]) == (D(2022, 1, 3), 512, 511)
    fresh = log.filter(pl.col("event") == "fresh", pl.col("series_id") == "SPX", pl.col("session") == D(2024, 1, 19))
    assert fresh.filter(pl.col("basis") == "close")["previous_session"].to_list() == [D(2022, 1, 3)]


def test_the_intraday_record_of_the_sp_500_starts_with_its_ranges(states: pl.DataFrame, real_bars: pl.DataFrame):
    close_only = real_bars.filter(pl.col("instrument_id") == "SPX", pl.col("is_close_only"))
    assert (len(close_only), close_only["session"].max()) == (8547, D(1983, 6, 30))
    intraday = states.filter(pl.col("series_id") == "SPX", pl.col("basis") == "intraday")
    assert intraday.filter(pl.col("record").is_not_null())["session"].min() == D(1983, 7, 1)
    assert intraday["history_from"].unique().to_list() == [D(1983, 7, 1)]


def test_the_russell_on_2_december_2024(states: pl.DataFrame):
    close = _state(states, "RUT", "close", DECEMBER_2)
    assert (close["record_session"], close["record"]) == (D(2021, 11, 8), pytest.approx(2442.74, abs=0.005))
    intraday = _state(states, "RUT", "intraday", DECEMBER_2)
    assert (intraday["record_session"], intraday["record"]) == (D(2024, 11, 25), pytest.approx(2466.49, abs=0.005))
    missed = _state(states, "RUT", "close", D(2024, 11, 25))
    assert missed["drawdown_pct"] == pytest.approx(-0.029, abs=0.0005)
    assert not missed["is_new_record"]


@pytest.mark.parametrize(
    ("session", "event", "gap_pct", "previous"),
    [
        (D(2024, 11, 11), "approach", -0.70, 2458.86),
        (D(2024, 11, 25), "new_record", 0.31, 2458.86),
        (D(2024, 11, 27), "approach", -0.67, 2466.49),
    ],
)
def test_the_russell_near_its_record(log: pl.DataFrame, session: dt.date, event: str, gap_pct: float, previous: float):
    row = log.row(
        by_predicate=(pl.col("series_id") == "RUT") & (pl.col("session") == session) & (pl.col("event") == event),
        named=True,
    )
    assert row["basis"] == "intraday"
    assert (row["gap_pct"], row["previous_value"]) == (
        pytest.approx(gap_pct, abs=0.005),
        pytest.approx(previous, abs=0.005),
    )


def test_the_russell_is_the_only_index_without_a_record_close_for_three_years(states: pl.DataFrame):
    latest = states.filter(pl.col("session") == DECEMBER_2, pl.col("basis") == "close")
    assert len(latest) == 4
    assert latest.filter(pl.col("record_session") <= D(2021, 12, 2))["series_id"].to_list() == ["RUT"]
