"""Bars of stocks: fillers, payloads of rejected rows, and what is odd about those that were kept."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.contracts import core
from pipelines.contracts.raw import RejectedRow
from pipelines.contracts.received import ReceivedBar
from pipelines.parameters import Parameters
from pipelines.transforms.screen import screen_bars
from pipelines.transforms.stock_bar import screen_stock_bars, stock_bar_warnings
from tests.frames import days
from tests.market import calendar, stock_bar_frame

DAYS = [dt.date(2024, 12, 2), dt.date(2024, 12, 3), dt.date(2024, 12, 4)]
SATURDAY = dt.date(2024, 11, 30)
LATER = dt.datetime(2024, 12, 9, tzinfo=dt.UTC)
GOOD: dict[str, Any] = {
    "instrument_id": "BRK-B",
    "vendor_symbol": "BRK.B",
    "session": DAYS[0],
    "open": 10.0,
    "high": 12.0,
    "low": 9.0,
    "close": 11.0,
    "adjusted_close": None,
    "volume": 500.0,
    "locator": "panel/a.csv:2",
    "payload": None,
    "payload_hash": "file",
}
FLAT = {"open": 11.0, "high": 11.0, "low": 11.0, "close": 11.0}
FILLER = FLAT | {"volume": 0.0}


def screen(*rows: dict[str, Any]) -> tuple[pl.DataFrame, pl.DataFrame]:
    received = pl.DataFrame([GOOD | row for row in rows], schema=ReceivedBar.create_empty().schema)
    return screen_stock_bars(received, calendar(DAYS), LATER, Parameters())


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        pytest.param({}, None, id="good"),
        pytest.param(FILLER, "filler_bar", id="no volume and no range"),
        pytest.param(FLAT, None, id="one trade, or several at one price"),
        pytest.param({"volume": 0.0}, None, id="no volume and a range"),
        pytest.param(FILLER | {"volume": None}, None, id="no range, volume unknown"),
        pytest.param(FILLER | {"close": None}, "unparsable", id="no close"),
        pytest.param(FILLER | {"session": SATURDAY}, "not_a_session", id="a filler on a Saturday"),
        pytest.param(dict.fromkeys(FILLER, 0.0), "non_positive", id="zeros throughout"),
        pytest.param({"high": 10.5}, "high_below_body", id="the common rules hold too"),
    ],
)
def test_each_rule(row: dict[str, Any], rule: str | None) -> None:
    accepted, rejected = screen(row)
    assert rejected["rule"].to_list() == ([] if rule is None else [rule])
    assert accepted.height == (1 if rule is None else 0)


def test_a_filler_does_not_push_out_the_traded_bar_of_its_session() -> None:
    accepted, rejected = screen(FILLER, {}, FILLER, {"close": 10.5})
    assert accepted["close"].to_list() == [11.0]
    assert rejected["rule"].to_list() == ["filler_bar", "duplicate", "duplicate"]


def test_rows_come_back_in_received_order() -> None:
    rows = [{"locator": str(at), "session": DAYS[at % 3]} for at in range(6)]
    rows[1] |= FILLER
    rows[4] |= {"low": -1.0}
    accepted, rejected = screen(*rows)
    assert accepted["locator"].to_list() == ["0", "2"]
    assert rejected.select("locator", "rule").rows() == [
        ("1", "filler_bar"),
        ("3", "duplicate"),
        ("4", "non_positive"),
        ("5", "duplicate"),
    ]
    ReceivedBar.validate(accepted)


def test_a_payload_of_null_is_written_from_the_columns_and_another_one_is_kept() -> None:
    _, rejected = screen(FILLER, {"session": SATURDAY, "payload": '{"own": "text"}'}, {"session": SATURDAY})
    assert rejected["payload"][1] == '{"own": "text"}'
    assert json.loads(rejected["payload"][0]) == {
        "symbol": "BRK.B", "date": "2024-12-02", "open": 11.0, "high": 11.0, "low": 11.0, "close": 11.0, "volume": 0.0,
    }  # fmt: skip
    assert json.loads(rejected["payload"][2])["date"] == "2024-11-30"
    stored = rejected.with_columns(
        raw_table=pl.lit("stock_bar"), source=pl.lit("test"), fetched_at=pl.lit(LATER).cast(pl.Datetime("us", "UTC"))
    )
    RejectedRow.validate(stored)


def test_a_row_id_belongs_to_the_row_wherever_it_stands() -> None:
    bad = {"session": SATURDAY}
    _, first = screen(FILLER, bad)
    _, moved = screen({}, bad | {"locator": "panel/b.csv:9"}, FILLER | {"payload_hash": "another file"})
    assert set(first["row_id"]) == set(moved["row_id"])
    _, other = screen(FILLER | {"open": 12.0, "high": 12.0, "low": 12.0, "close": 12.0})
    _, twice = screen(bad, bad)
    assert len({*first["row_id"], *other["row_id"], *twice["row_id"]}) == 4


ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "instrument_id": st.sampled_from(["A", "B"]),
            "session": st.sampled_from([*DAYS, SATURDAY, None]),
            "close": st.sampled_from([9.5, 10.0, 11.0, -1.0, None]),
            "payload": st.sampled_from(["x", "y"]),
        }
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(rows=ROWS)
def test_without_fillers_the_screen_is_the_common_one(rows: list[dict[str, Any]]) -> None:
    received = pl.DataFrame([GOOD | row for row in rows], schema=ReceivedBar.create_empty().schema)
    for ours, common in zip(
        screen_stock_bars(received, calendar(DAYS), LATER, Parameters()),
        screen_bars(received, calendar(DAYS), LATER, Parameters()),
        strict=True,
    ):
        assert ours.equals(common)


# Warnings


def stock(closes: list[float], volumes: list[float | None] | None = None, symbol: str = "A") -> pl.DataFrame:
    """Return bars of one stock on consecutive days; volumes default to 100."""
    rows = {"instrument_id": symbol, "session": days(len(closes)), "close": list(map(float, closes))}
    frame = pl.DataFrame(rows).with_columns(
        open="close",
        high=pl.col("close") + 1.0,
        low="close",
        volume=pl.Series(volumes or [100.0] * len(closes), dtype=pl.Float64),
    )
    return stock_bar_frame(frame)


def warned(bars: pl.DataFrame, **thresholds: float) -> list[tuple]:
    found = core.StockBarWarning.validate(stock_bar_warnings(bars, Parameters(**thresholds)))
    return [(symbol, days(20).index(day), warning, value) for symbol, day, warning, value in found.rows()]


def test_a_jump_is_more_than_half_of_the_close_before() -> None:
    bars = stock([100, 150, 225.25, 112.625, 56.25, 100])
    assert warned(bars) == [
        ("A", 2, "jump", 225.25 / 150 - 1),
        ("A", 4, "jump", 56.25 / 112.625 - 1),
        ("A", 5, "jump", 100 / 56.25 - 1),
    ]
    assert [row[1] for row in warned(bars, jump_share=0.6)] == [5]


def test_a_jump_is_measured_from_the_bar_before_of_the_same_stock() -> None:
    gap = stock([100, 100.5, 100, 200]).filter(~pl.col("session").is_in(days(3)[1:]))
    assert warned(pl.concat([gap, stock([1, 1.25], symbol="B")])) == [("A", 3, "jump", 1.0)]


def test_a_bar_without_volume_is_warned_of_and_one_of_unknown_volume_is_not() -> None:
    assert warned(stock([1, 1.25, 1], [0.0, None, 5.0])) == [("A", 0, "zero_volume", 0.0)]


def test_a_close_is_stale_from_the_session_on_that_completes_the_run() -> None:
    bars = stock([5, 7, 7, 7, 7, 8, 8, 7, 7, 7])
    assert warned(bars) == [("A", 3, "stale_close", 3.0), ("A", 4, "stale_close", 4.0), ("A", 9, "stale_close", 3.0)]
    assert [row[1] for row in warned(bars, stale_sessions=2)] == [2, 3, 4, 6, 8, 9]


def test_equal_closes_of_two_stocks_are_no_run() -> None:
    bars = pl.concat([stock([7, 7]), stock([7, 7], symbol="B")])
    assert warned(bars.sample(fraction=1.0, shuffle=True, seed=3)) == []


def test_one_bar_can_be_odd_in_several_ways() -> None:
    bars = stock([1, 1, 3, 3, 3], [1.0, 1.0, 1.0, 1.0, 0.0])
    assert warned(bars) == [("A", 2, "jump", 2.0), ("A", 4, "stale_close", 3.0), ("A", 4, "zero_volume", 0.0)]


def test_no_bars_no_warnings() -> None:
    assert stock_bar_warnings(core.StockBar.create_empty(), Parameters()).is_empty()
    assert screen()[0].is_empty()
