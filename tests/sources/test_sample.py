"""The made-up bars: the same every time, true at the anchors and nowhere in contradiction to them."""

from __future__ import annotations

import datetime as dt
import json
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from pipelines import seeds
from pipelines.parameters import Parameters
from pipelines.seeds import read_seed
from pipelines.sources.base import SourceError
from pipelines.sources.calendar import sessions_between
from pipelines.sources.sample import SampleAnchor, SampleSource
from pipelines.transforms.screen import screen_bars

INDICES = ("RUT", "SPX", "NDX", "DJI")
LATER = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
FILES = {"RUT": "RUT", "SPX": "GSPC", "NDX": "NDX", "DJI": "DJI"}


def sample(*only: str, start: dt.date | None = None, now: dt.datetime = LATER) -> pl.DataFrame:
    wanted = seeds.instruments(is_synthetic=True).filter(pl.col("instrument_id").is_in(only or INDICES))
    return SampleSource().bars(wanted, {}, start, now)


@pytest.fixture(scope="module")
def drawn() -> pl.DataFrame:
    return sample()


@pytest.fixture(scope="module")
def anchors() -> pl.DataFrame:
    return read_seed(SampleAnchor)


def of(frame: pl.DataFrame, instrument_id: str) -> pl.DataFrame:
    return frame.filter(pl.col("instrument_id") == instrument_id)


def value(frame: pl.DataFrame, instrument_id: str, session: str, price: str) -> float:
    return of(frame, instrument_id).row(by_predicate=pl.col("session") == dt.date.fromisoformat(session), named=True)[
        price
    ]


def test_two_calls_give_the_same_bars(drawn: pl.DataFrame) -> None:
    assert_frame_equal(sample(), drawn)


def test_an_instrument_asked_for_alone_gets_the_same_bars(drawn: pl.DataFrame) -> None:
    assert_frame_equal(sample("NDX"), of(drawn, "NDX"))


@pytest.mark.parametrize(
    ("instrument_id", "bar"),
    [
        ("RUT", (1506.9, 1525.96, 1503.25, 1516.52, 2873000000.0)),
        ("SPX", (3381.66, 3418.78, 3375.11, 3391.34, 3914000000.0)),
        ("NDX", (9878.61, 9958.11, 9836.82, 9915.25, 4111000000.0)),
        ("DJI", (27814.5, 27996.18, 27778.57, 27907.47, 3549000000.0)),
    ],
)
def test_the_bars_are_those_of_generator_version_1(
    instrument_id: str, bar: tuple[float, ...], drawn: pl.DataFrame
) -> None:
    """No truth, but a tripwire: whoever changes the bars on purpose raises the generator version with these."""
    row = of(drawn, instrument_id).filter(pl.col("session") == dt.date(2020, 7, 1))
    assert row.select("open", "high", "low", "close", "volume").row(0) == bar


def test_every_anchor_is_hit_to_the_cent(drawn: pl.DataFrame, anchors: pl.DataFrame) -> None:
    long = drawn.unpivot(["close", "high", "low"], index=["instrument_id", "session"], variable_name="price")
    met = anchors.join(long, on=["instrument_id", "session", "price"], how="left", suffix="_drawn")
    assert met.filter(pl.col("value").ne_missing(pl.col("value_drawn"))).is_empty()


def test_the_standing_records_of_the_russell(drawn: pl.DataFrame) -> None:
    """The close of 2021-11-08 stands to the end, its high until 2024-11-25."""
    rut = of(drawn, "RUT")
    record, topped = dt.date(2021, 11, 8), dt.date(2024, 11, 25)
    assert rut.filter(pl.col("session") > record)["close"].max() == 2442.03
    assert rut["close"].max() == 2442.74
    assert rut.filter(pl.col("session") < topped)["high"].max() == 2458.86
    assert rut.filter(pl.col("session") >= topped)["high"].max() == 2466.49
    assert rut.filter(pl.col("session") > record)["low"].min() == value(drawn, "RUT", "2023-10-27", "low") == 1633.67


def test_november_2024_is_as_it_was(drawn: pl.DataFrame) -> None:
    """Close to close, from the month ends of public data: in per cent, to two places."""
    gains = {"RUT": 10.84, "SPX": 5.73, "NDX": 5.23, "DJI": 7.54}
    for instrument_id, gain in gains.items():
        october, november = (value(drawn, instrument_id, day, "close") for day in ("2024-10-31", "2024-11-29"))
        assert round(100 * (november / october - 1), 2) == gain


@pytest.mark.parametrize("instrument_id", INDICES)
def test_between_two_anchors_no_record_is_made_and_no_trough_undercut(
    instrument_id: str, drawn: pl.DataFrame, anchors: pl.DataFrame
) -> None:
    closes = of(anchors, instrument_id).filter(pl.col("price") == "close").sort("session").rows_by_key("session")
    reach = of(anchors, instrument_id).group_by("session").agg(top=pl.col("value").max(), bottom=pl.col("value").min())
    tops, bottoms = (dict(reach.select("session", name).rows()) for name in ("top", "bottom"))
    price = {session: rows[0][2] for session, rows in closes.items()}
    record_close, record_high, cycle = 0.0, 0.0, []
    for begin, end in pairwise(price):
        if price[begin] >= record_close:
            record_close, cycle = price[begin], []
        cycle.append(begin)
        record_high = max(record_high, tops[begin])
        inside = of(drawn, instrument_id).filter(pl.col("session").is_between(begin, end, closed="none"))
        for row in inside.iter_rows(named=True):
            assert row["close"] < max(record_close, price[end])
            assert row["high"] <= max(record_high, price[end])
            assert row["close"] > min(*(price[session] for session in cycle), price[end])
            assert row["low"] >= min(*(bottoms[session] for session in cycle), price[end])


def test_one_bar_on_every_session_and_on_no_other_day(drawn: pl.DataFrame) -> None:
    sessions = sessions_between(dt.date(2019, 1, 2), dt.date(2024, 12, 31))["session"].to_list()
    assert len(sessions) == 1510
    for instrument_id in INDICES:
        assert of(drawn, instrument_id)["session"].to_list() == sessions


def test_every_bar_keeps_the_row_rules(drawn: pl.DataFrame) -> None:
    calendar = sessions_between(dt.date(2019, 1, 2), dt.date(2024, 12, 31))
    accepted, rejected = screen_bars(drawn, calendar, LATER, Parameters())
    assert rejected.is_empty()
    assert accepted.height == 4 * 1510
    assert drawn.filter(pl.col("high") == pl.col("low")).is_empty()
    prices = drawn.select("open", "high", "low", "close")
    assert_frame_equal(prices, prices.select(pl.all().round(2)))


def test_the_indices_move_plausibly_and_together(drawn: pl.DataFrame) -> None:
    moves = (
        drawn.with_columns(move=pl.col("close").log().diff().over("instrument_id", order_by="session"))
        .pivot(on="instrument_id", index="session", values="move")
        .drop_nulls()
    )
    for instrument_id in INDICES:
        assert 0.009 < moves[instrument_id].std() < 0.013
        assert moves[instrument_id].abs().max() < 0.08
    for one, other in (("RUT", "SPX"), ("RUT", "NDX"), ("SPX", "NDX"), ("DJI", "SPX"), ("DJI", "NDX")):
        assert 0.3 < moves.select(pl.corr(one, other)).item() < 0.99


def test_start_and_now_bound_the_sessions() -> None:
    """At 18:00 UTC on the early-closing Friday its bar is out; the source itself waits for no settling."""
    closed = dt.datetime(2024, 11, 29, 18, tzinfo=dt.UTC)
    frame = sample(start=dt.date(2024, 11, 27), now=closed)
    assert frame.select("instrument_id", "session").rows() == [
        (instrument_id, dt.date(2024, 11, day)) for instrument_id in INDICES for day in (27, 29)
    ]
    before = sample(start=dt.date(2024, 11, 27), now=closed - dt.timedelta(seconds=1))
    assert before["session"].unique().to_list() == [dt.date(2024, 11, 27)]
    assert sample(now=dt.datetime(2019, 1, 2, tzinfo=dt.UTC)).is_empty()


def test_what_a_row_says_of_itself(drawn: pl.DataFrame) -> None:
    row = of(drawn, "SPX").row(by_predicate=pl.col("session") == dt.date(2024, 11, 29), named=True)
    assert row["vendor_symbol"] == "^GSPC"
    assert row["locator"] == "sample:SPX:2024-11-29"
    names = ("open", "high", "low", "close", "volume")
    assert json.loads(row["payload"]) == {"session": "2024-11-29"} | {name: row[name] for name in names}
    assert drawn["payload_hash"].n_unique() == 1


def test_an_instrument_without_anchors_is_an_error() -> None:
    stranger = seeds.instruments(is_synthetic=True).head(1).with_columns(instrument_id=pl.lit("FTSE"))
    with pytest.raises(SourceError, match=r"expected anchors of FTSE in sample_anchor\.csv, was none"):
        SampleSource().bars(stranger, {}, None, LATER)


def test_the_anchor_table_is_small_and_names_its_sources(anchors: pl.DataFrame) -> None:
    assert set(anchors["source"]) <= {"note of 2 December 2024", "public market data"}
    assert anchors.group_by("instrument_id").len().filter(pl.col("len") > 60).is_empty()
    assert set(anchors["instrument_id"]) == set(INDICES)


def test_a_high_or_low_is_anchored_only_beside_a_close_on_a_session(anchors: pl.DataFrame) -> None:
    """Else the bridge would pass the extreme by, or the anchor would be lost without a word."""
    closes = anchors.filter(pl.col("price") == "close")
    assert anchors.join(closes, on=["instrument_id", "session"], how="anti").is_empty()
    sessions = sessions_between(dt.date(2019, 1, 2), dt.date(2024, 12, 31))["session"]
    assert set(anchors["session"]) <= set(sessions)
    both_ends = {(name, sessions[end]) for name in INDICES for end in (0, -1)}
    assert both_ends <= set(closes.select("instrument_id", "session").rows())


def test_every_anchor_is_the_real_value(anchors: pl.DataFrame, real_data: Path) -> None:
    """The files end on 2024-12-02; the year end of 2024 alone lies behind them."""
    for instrument_id, file in FILES.items():
        real = pl.read_csv(real_data / "prices" / f"{file}.csv", try_parse_dates=True).select(
            pl.col("Date").alias("session"), close="Close", high="High", low="Low"
        )
        long = real.unpivot(["close", "high", "low"], index="session", variable_name="price", value_name="real")
        met = of(anchors, instrument_id).join(long, on=["session", "price"], how="left")
        assert met.filter((pl.col("value") - pl.col("real")).abs() > 0.005001).is_empty()
        unmet = met.filter(pl.col("real").is_null())
        assert unmet.select("session", "price").rows() == [(dt.date(2024, 12, 31), "close")]
