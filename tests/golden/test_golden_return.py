"""Period returns worked by hand: bases, reasons, ranks and streaks of methods B5 on a sparse calendar."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from pipelines.contracts import core
from pipelines.transforms.period_return import period_returns, periods_to_date
from tests.market import bars, calendar, universe

D = dt.date
# The last session has no bar yet: 29 February still runs as a week, a month, a quarter and a year.
CALENDAR = calendar(
    [D(2023, 12, 28), D(2023, 12, 29), D(2024, 1, 2), D(2024, 1, 31), D(2024, 2, 1), D(2024, 2, 15), D(2024, 2, 29)]
)
A = {
    D(2023, 12, 28): 100.0,
    D(2023, 12, 29): 110.0,
    D(2024, 1, 2): 121.0,
    D(2024, 1, 31): 132.0,
    D(2024, 2, 1): 132.0,
    D(2024, 2, 15): 118.8,
}
B = {
    D(2023, 12, 28): 200.0,
    D(2023, 12, 29): 200.0,
    D(2024, 1, 2): 210.0,
    D(2024, 1, 31): 220.0,
    D(2024, 2, 1): 220.0,
    D(2024, 2, 15): 220.0,
}
PAIR = universe(["A", "B"], benchmark="B")


def _returns(closes: dict[str, dict[dt.date, float]], members: pl.DataFrame) -> pl.DataFrame:
    out = period_returns(bars(closes), CALENDAR, members)
    assert core.PeriodReturn.is_valid(out)
    return out


def _approx(row: tuple[object, ...]) -> tuple[object, ...]:
    return tuple(pytest.approx(cell) if isinstance(cell, float) else cell for cell in row)


def test_months_of_a_member_and_the_benchmark():
    out = _returns({"A": A, "B": B}, PAIR).filter(pl.col("period") == "month")
    columns = ("instrument_id", "period_start", "period_end", "period_last_session", "base_session", "is_partial")
    december = (D(2023, 12, 28), D(2023, 12, 29), D(2023, 12, 29), None, False)
    january = (D(2024, 1, 2), D(2024, 1, 31), D(2024, 1, 31), D(2023, 12, 29), False)
    february = (D(2024, 2, 1), D(2024, 2, 15), D(2024, 2, 29), D(2024, 1, 31), True)
    months = (december, january, february)
    assert out.select(columns).rows() == [(name, *month) for name in "AB" for month in months]
    columns = ("return_pct", "return_reason", "rank", "rank_reason", "excess_pct_points", "relative_pct")
    none = (None, "no_base_session", None, "rank_incomplete", None, None)
    expected = [
        none,
        (20.0, None, 1, None, 10.0, 100 / 11),  # 132/110 against 220/200; 1.2/1.1
        (-10.0, None, 2, None, -10.0, -10.0),
        none,
        (10.0, None, 2, None, 0.0, 0.0),
        (0.0, None, 1, None, 0.0, 0.0),
    ]
    for row, wanted in zip(out.select(columns).rows(), expected, strict=True):
        assert row == _approx(wanted)
    assert out["positive_streak"].to_list() == [None, 1, -1, None, 1, 0]
    assert out["outperformance_streak"].to_list() == [None, 1, -1, None, 0, 0]
    assert out["benchmark_id"].unique().to_list() == ["B"]


def test_weeks_are_iso_weeks_and_may_straddle_a_month():
    out = _returns({"A": A, "B": B}, PAIR).filter(pl.col("period") == "week", pl.col("instrument_id") == "A")
    rows = out.select("period_start", "period_end", "base_session", "return_pct", "is_partial").rows()
    expected = [
        (D(2023, 12, 28), D(2023, 12, 29), None, None, False),
        (D(2024, 1, 2), D(2024, 1, 2), D(2023, 12, 29), 10.0, False),
        (D(2024, 1, 31), D(2024, 2, 1), D(2024, 1, 2), 100 / 11, False),
        (D(2024, 2, 15), D(2024, 2, 15), D(2024, 2, 1), -10.0, False),
    ]
    assert [_approx(row) for row in expected] == rows
    assert out["positive_streak"].to_list() == [None, 1, 2, -1]


def test_quarter_and_year_run_to_the_latest_session():
    out = _returns({"A": A, "B": B}, PAIR).filter(pl.col("instrument_id") == "A", pl.col("is_partial"))
    rows = out.select("period", "base_session", "period_end", "return_pct").sort("period").rows()
    assert rows[1:] == [  # 118.8 over 110
        ("quarter", D(2023, 12, 29), D(2024, 2, 15), pytest.approx(8.0)),
        ("year", D(2023, 12, 29), D(2024, 2, 15), pytest.approx(8.0)),
    ]


MISSING = {
    "no base close, though the session before has one": (
        {**A, D(2023, 12, 29): None},
        [(None, "no_base_session"), (None, "missing_base_close"), (-10.0, None)],
    ),
    "no end close on the last session": (
        {**A, D(2024, 1, 31): None},
        [(None, "no_base_session"), (None, "missing_end_close"), (None, "missing_base_close")],
    ),
    "no close on the universe's latest session": (
        {**A, D(2024, 2, 15): None},
        [(None, "no_base_session"), (20.0, None), (None, "missing_end_close")],
    ),
    "the first bar stands within January": (
        {day: close for day, close in A.items() if day >= D(2024, 1, 2)},
        [(None, "missing_base_close"), (-10.0, None)],
    ),
}


@pytest.mark.parametrize(("closes", "expected"), MISSING.values(), ids=MISSING.keys())
def test_a_missing_close_is_never_replaced_by_the_nearest(closes: dict, expected: list[tuple]):
    given = {day: close for day, close in closes.items() if close is not None}
    out = _returns({"A": given, "B": B}, PAIR).filter(pl.col("period") == "month")
    of_a = out.filter(pl.col("instrument_id") == "A")
    assert of_a.select("return_pct", "return_reason").rows() == [_approx(row) for row in expected]
    complete = of_a.filter(pl.col("return_pct").is_not_null())["period_start"].implode()
    assert out.filter(pl.col("rank").is_not_null() != pl.col("period_start").is_in(complete)).is_empty()


def test_without_the_benchmarks_return_there_is_no_excess():
    given = {day: close for day, close in B.items() if day != D(2024, 1, 31)}
    out = _returns({"A": A, "B": given}, PAIR).filter(pl.col("period") == "month", pl.col("instrument_id") == "A")
    columns = ("return_pct", "rank", "excess_pct_points", "relative_pct", "outperformance_streak")
    assert out.select(columns).row(1) == (pytest.approx(20.0), None, None, None, None)


def test_ranks_are_dense():
    closes = {"A": A, "B": B, "C": {day: 2 * close for day, close in A.items()}}
    out = _returns(closes, universe(["A", "B", "C"], benchmark="B"))
    january = out.filter(pl.col("period") == "month", pl.col("period_start") == D(2024, 1, 2))
    assert january.select("instrument_id", "rank").rows() == [("A", 1), ("B", 2), ("C", 1)]


def test_streaks_run_on_over_a_partial_period_and_break_at_a_null():
    first, *_ = days = [D(2023, month, 28) for month in range(1, 13)]
    closes = dict(zip(days, [100, 101, 102, 101, 100, 99, 100, None, 102, 103, 104], strict=False))
    given = {day: close for day, close in closes.items() if close is not None}
    members = universe(["A", "B"], benchmark="B")
    frame = bars({"A": given, "B": dict.fromkeys(days[:11], 100.0)})
    out = period_returns(frame, calendar([*days, D(2023, 11, 29)]), members)
    months = out.filter(pl.col("instrument_id") == "A", pl.col("period") == "month")
    expected = [None, 1, 2, -1, -2, -3, 1, None, None, 1, 2]
    assert months["positive_streak"].to_list() == expected
    assert months["outperformance_streak"].to_list() == expected
    assert months["is_partial"].to_list() == [False] * 10 + [True]
    assert first == months["period_start"][0]


def test_to_date_returns():
    out = periods_to_date(bars({"A": A, "B": B}), CALENDAR, PAIR)
    assert core.PeriodToDate.is_valid(out)
    of_a = out.filter(pl.col("instrument_id") == "A")
    expected = {
        D(2023, 12, 28): (None, None, None, None, None),
        D(2023, 12, 29): (10.0, None, None, None, None),
        D(2024, 1, 2): (10.0, 10.0, 10.0, 10.0, 10.0),
        D(2024, 1, 31): (100 / 11, 100 / 11, 20.0, 20.0, 20.0),
        D(2024, 2, 1): (0.0, 100 / 11, 0.0, 20.0, 20.0),
        D(2024, 2, 15): (-10.0, -10.0, -10.0, 8.0, 8.0),
    }
    columns = [f"{prefix}_return_pct" for prefix in ("day", "wtd", "mtd", "qtd", "ytd")]
    assert of_a["session"].to_list() == list(expected)
    assert of_a.select(columns).rows() == [_approx(row) for row in expected.values()]
    # B: 15 February unchanged, and 10 % in the quarter and the year.
    ranks = [f"{prefix}_rank" for prefix in ("day", "wtd", "mtd", "qtd", "ytd")]
    latest = out.filter(pl.col("session") == D(2024, 2, 15)).select("instrument_id", *ranks)
    assert latest.rows() == [("A", 2, 2, 2, 2, 2), ("B", 1, 1, 1, 1, 1)]
    assert of_a.select(ranks).row(0) == (None,) * 5
    reasons = of_a.select(f"{prefix}_reason" for prefix in ("day", "wtd", "mtd", "qtd", "ytd")).rows()
    assert reasons[:3] == [("no_base_session",) * 5, (None, *["no_base_session"] * 4), (None,) * 5]


def test_a_to_date_return_needs_exactly_its_base():
    given = {day: close for day, close in A.items() if day != D(2023, 12, 29)}
    out = periods_to_date(bars({"A": given, "B": B}), CALENDAR, PAIR).filter(pl.col("session") == D(2024, 1, 2))
    assert out.select("day_return_pct", "ytd_return_pct", "ytd_reason", "ytd_rank").rows() == [
        (None, None, "missing_base_close", None),
        (pytest.approx(5.0), pytest.approx(5.0), None, None),
    ]
