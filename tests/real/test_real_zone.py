"""Zones of the Russell 2000 around the levels that methods B4 names, and of the four indices over all their history."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from pipelines.contracts.core import Zone
from pipelines.parameters import Parameters
from pipelines.transforms.moving_average import moving_averages
from pipelines.transforms.pivot import pivots
from pipelines.transforms.record import record_states
from pipelines.transforms.zone import zones

PARAMETERS = Parameters()
DAY = dt.date(2024, 11, 29)


class Made(NamedTuple):
    zones: pl.DataFrame
    averages: pl.DataFrame


def _made(prices: pl.DataFrame, instruments: pl.DataFrame) -> Made:
    averages = moving_averages(prices, PARAMETERS)
    records = record_states(prices, averages, instruments, PARAMETERS)
    found = zones(prices, averages, pivots(prices, averages, PARAMETERS), records, PARAMETERS)
    return Made(Zone.validate(found), averages)


def _as_of(found: pl.DataFrame, session: dt.date) -> pl.DataFrame:
    until = pl.col("valid_to").is_null() | (pl.col("valid_to") >= session)
    return found.filter(pl.col("valid_from") <= session, until).sort("instrument_id", "low")


@pytest.fixture(scope="module")
def made(real_prices: pl.DataFrame, real_instruments: pl.DataFrame) -> Made:
    return _made(real_prices, real_instruments)


@pytest.fixture(scope="module")
def russell(made: Made) -> pl.DataFrame:
    return made.zones.filter(instrument_id="RUT")


def test_the_zone_at_the_record_of_the_russell(russell: pl.DataFrame):
    """From the high of 2024-11-11 to the intraday record of 2024-11-25; 2,437.08 was superseded 768 sessions before."""
    zone = _as_of(russell, DAY).filter(pl.col("low") <= 2450, pl.col("high") >= 2450)
    assert zone.select(pl.col("low", "high").round(2)).rows() == [(2441.72, 2466.49)]
    (kinds, side) = zone.select("kinds", "side").row(0)
    assert {"swing_high", "record_high"} <= set(kinds.split(", "))
    assert side == "resistance", "expected the zone above the close of 2,434.73"


@pytest.mark.parametrize("price", [2170, 2080, 2288, 2450])
def test_the_published_prices_are_covered(made: Made, russell: pl.DataFrame, price: float):
    atr = made.averages.filter(series_id="RUT", session=DAY)["atr_14"].item()
    assert atr == pytest.approx(36.7248, abs=5e-5)
    distance = pl.max_horizontal(pl.col("low") - price, price - pl.col("high"))
    assert _as_of(russell, DAY).filter(distance <= PARAMETERS.zone_cover_atr * atr).height == 1


@pytest.mark.parametrize("last", ["1990-03-01", "2009-03-09", "2021-11-08", "2024-11-25"])
def test_the_russell_cut_at_a_session_keeps_what_was_known(
    real_prices: pl.DataFrame, real_instruments: pl.DataFrame, russell: pl.DataFrame, last: str
):
    until = dt.date.fromisoformat(last)
    part = real_prices.filter(pl.col("session") <= until, series_id="RUT")
    assert part["session"].max() == until
    known = russell.filter(pl.col("valid_from") <= until)
    open_ends = pl.when(pl.col("valid_to") < until).then("valid_to")
    assert_frame_equal(_made(part, real_instruments).zones, known.with_columns(open_ends), check_exact=True)


def test_every_session_with_a_range_has_zones_that_are_apart(made: Made):
    sessions = made.averages.drop_nulls("atr_14").select("series_id", "session", "atr_14")
    some = sessions.filter(pl.int_range(pl.len()).over("series_id") % 250 == 0)
    for series, session, atr in some.rows():
        now = _as_of(made.zones.filter(instrument_id=series), session)
        assert len(now) > 1
        assert (now["low"] > now["high"].shift(1)).drop_nulls().all()
        assert (now["high"] - now["low"]).max() <= PARAMETERS.zone_width_atr * atr


def test_half_of_the_zones_stand_for_more_than_half_a_year_in_all(made: Made):
    """Which is what the memory is for: without it half of them stand for a few weeks."""
    row = made.averages.select("session", instrument_id="series_id").sort("instrument_id", "session")
    row = row.with_columns(row=pl.int_range(pl.len()).over("instrument_id"))
    last = pl.col("session").max().over("instrument_id")
    spans = made.zones.join(
        row.select("instrument_id", "row", valid_from="session", last=last), on=["instrument_id", "valid_from"]
    ).join(
        row.select("instrument_id", valid_to="session", end="row"),
        left_on=["instrument_id", pl.coalesce("valid_to", "last")],
        right_on=["instrument_id", "valid_to"],
    )
    assert len(spans) == len(made.zones)
    lives = spans.group_by("instrument_id", "zone_id").agg(life=(pl.col("end") - pl.col("row") + 1).sum())
    medians = lives.group_by("instrument_id").agg(pl.col("life").median())
    assert medians.filter(pl.col("life") > 126)["instrument_id"].sort().to_list() == ["DJI", "NDX", "RUT", "SPX"]
