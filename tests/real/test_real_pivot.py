"""Pivots of the Russell 2000 against the dates of methods B4, and of 502 reference bars against Stock.Indicators."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from pipelines.contracts.core import Pivot
from pipelines.parameters import Parameters
from pipelines.transforms.moving_average import moving_averages
from pipelines.transforms.pivot import pivots
from tests.frames import prices

PARAMETERS = Parameters()
COLUMNS = ("kind", "extreme_session", "price", "confirmed_session")
# The high of 2024-11-25 (2,466.49) was not confirmed by the last bar, 2024-12-02.
ZIGZAG = [
    ("low", "2024-08-05", 1993.27, "2024-08-07"),
    ("high", "2024-08-26", 2237.69, "2024-09-06"),
    ("low", "2024-09-11", 2058.68, "2024-09-13"),
    ("high", "2024-11-11", 2441.72, "2024-11-15"),
    ("low", "2024-11-19", 2284.20, "2024-11-22"),
]


def _pivots(bars: pl.DataFrame, parameters: Parameters = PARAMETERS) -> pl.DataFrame:
    return Pivot.validate(pivots(bars, moving_averages(bars, parameters), parameters))


@pytest.fixture(scope="module")
def russell(real_prices: pl.DataFrame) -> pl.DataFrame:
    return real_prices.filter(pl.col("series_id") == "RUT")


@pytest.fixture(scope="module")
def quotes(real_data: Path) -> pl.DataFrame:
    """The 502 bars that the reference rows were computed from."""
    return pl.read_csv(real_data / "reference/indicators/quotes_default.csv", try_parse_dates=True)


def _reference(folder: Path, indicator: str) -> list[dict]:
    rows = json.loads((folder / f"reference/indicators/{indicator}.standard.json").read_text())
    return [row | {"session": dt.datetime.fromisoformat(row["timestamp"]).date()} for row in rows]


def test_the_five_per_cent_zigzag_of_the_russell(russell: pl.DataFrame):
    found = _pivots(russell).filter(pl.col("method") == "zigzag_pct", pl.col("extreme_session") >= dt.date(2024, 8, 1))
    rows = found.sort("extreme_session").select(COLUMNS).rows()
    assert [(kind, str(at), round(price, 2), str(seen)) for kind, at, price, seen in rows] == ZIGZAG


@pytest.mark.parametrize(
    ("kind", "session", "price"), [("high", "2024-10-16", 2289.49), ("low", "2024-10-10", 2170.61)]
)
def test_the_swings_that_methods_explains_the_published_levels_by(
    russell: pl.DataFrame, kind: str, session: str, price: float
):
    """METHODS names them as swing high and swing low without a method; fractals of five sessions find them."""
    found = _pivots(russell).filter(
        pl.col("extreme_session") == dt.date.fromisoformat(session), method="fractal", kind=kind
    )
    assert found["price"].round(2).to_list() == [price]


@pytest.mark.parametrize("last", ["2024-08-06", "2024-09-06", "2024-11-14", "2024-11-15"])
def test_the_russell_cut_at_a_session_keeps_what_was_confirmed(russell: pl.DataFrame, last: str):
    until = dt.date.fromisoformat(last)
    part = _pivots(russell.filter(pl.col("session") <= until))
    assert_frame_equal(part, _pivots(russell).filter(pl.col("confirmed_session") <= until), check_exact=True)


def test_fractals_agree_with_reference_rows(real_data: Path, quotes: pl.DataFrame):
    """Theirs look two bars either way; no two highs or lows are equal so near, so ties are not compared."""
    bars = prices(
        quotes["close"].to_list(),
        highs=quotes["high"].to_list(),
        lows=quotes["low"].to_list(),
        sessions=quotes["date"].to_list(),
    )
    found = _pivots(bars, Parameters(pivot_span_sessions=2)).filter(pl.col("method") == "fractal")
    for kind, column, count in (("high", "fractalBear", 63), ("low", "fractalBull", 71)):
        expected = [
            (row["session"], row[column]) for row in _reference(real_data, "fractal") if row[column] is not None
        ]
        assert len(expected) == count
        assert found.filter(pl.col("kind") == kind).select("extreme_session", "price").rows() == expected


def test_the_zigzag_of_closes_agrees_with_reference_rows(real_data: Path, quotes: pl.DataFrame):
    """Theirs leave out the low from which the first rise of 5 % began, the first close of all."""
    bars = prices(quotes["close"].to_list(), sessions=quotes["date"].to_list(), series_id="A/B")
    found = _pivots(bars).filter(pl.col("method") == "zigzag_pct").sort("extreme_session")
    reference = [row for row in _reference(real_data, "zigzag-close") if row["pointType"]]
    expected = [({"H": "high", "L": "low"}[row["pointType"]], row["session"], row["zigZag"]) for row in reference]
    ours = found.select("kind", "extreme_session", "price").rows()
    assert ours == [("low", quotes["date"][0], quotes["close"][0]), *expected]
