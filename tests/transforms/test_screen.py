"""Row rules one by one, which of two wins, and what holds for any batch."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.contracts import vocabulary
from pipelines.contracts.raw import RejectedRow
from pipelines.contracts.received import ReceivedBar
from pipelines.parameters import Parameters
from pipelines.transforms.screen import screen_bars

FRIDAY, SATURDAY, MONDAY = dt.date(2024, 11, 29), dt.date(2024, 11, 30), dt.date(2024, 12, 2)
EARLY_CLOSE = dt.datetime(2024, 11, 29, 18, tzinfo=dt.UTC)
CALENDAR = pl.DataFrame(
    {"session": [FRIDAY, MONDAY], "closes_at": [EARLY_CLOSE, dt.datetime(2024, 12, 2, 21, tzinfo=dt.UTC)]},
    schema={"session": pl.Date, "closes_at": pl.Datetime("us", "UTC")},
)
LATER = dt.datetime(2024, 12, 3, tzinfo=dt.UTC)
GOOD: dict[str, Any] = {
    "instrument_id": "RUT",
    "vendor_symbol": "^RUT",
    "session": FRIDAY,
    "open": 2433.0,
    "high": 2445.64,
    "low": 2433.0,
    "close": 2434.73,
    "adjusted_close": 2434.73,
    "volume": 2444420000.0,
    "locator": "RUT.csv:1",
    "payload": "{}",
    "payload_hash": "batch",
}


def received(*rows: dict[str, Any]) -> pl.DataFrame:
    """Return rows that differ from a good one as told; not validated, as the contract itself refuses NaN."""
    return pl.DataFrame([GOOD | row for row in rows], schema=ReceivedBar.create_empty().schema)


def screen(*rows: dict[str, Any], now: dt.datetime = LATER) -> tuple[pl.DataFrame, pl.DataFrame]:
    return screen_bars(received(*rows), CALENDAR, now, Parameters())


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        pytest.param({}, None, id="good"),
        pytest.param({"volume": None, "adjusted_close": None}, None, id="volume and adjusted close may be absent"),
        pytest.param({"volume": 0.0}, None, id="no volume"),
        pytest.param({"open": 1.0, "high": 1.0, "low": 1.0, "close": 1.0}, None, id="close only"),
        pytest.param({"session": None}, "unparsable", id="no session"),
        pytest.param({"open": None}, "unparsable", id="no open"),
        pytest.param({"high": None}, "unparsable", id="no high"),
        pytest.param({"low": None}, "unparsable", id="no low"),
        pytest.param({"close": None}, "unparsable", id="no close"),
        pytest.param({"close": float("nan")}, "unparsable", id="close is no number"),
        pytest.param({"high": float("inf")}, "unparsable", id="endless high"),
        pytest.param({"volume": float("nan")}, "unparsable", id="volume is no number"),
        pytest.param({"adjusted_close": float("nan")}, "unparsable", id="adjusted close is no number"),
        pytest.param({"session": SATURDAY}, "not_a_session", id="Saturday"),
        pytest.param({"open": 0.0, "low": 0.0}, "non_positive", id="zero"),
        pytest.param({"low": -0.01}, "non_positive", id="below zero"),
        pytest.param({"volume": -1.0}, "non_positive", id="negative volume"),
        pytest.param({"high": 2434.72}, "high_below_body", id="high a cent below the close"),
        pytest.param({"high": 2434.73}, None, id="high at the close"),
        pytest.param({"open": 2445.65}, "high_below_body", id="open above the high"),
        pytest.param({"low": 2433.01}, "low_above_body", id="low a cent above the open"),
        pytest.param({"low": 2450.0}, "low_above_body", id="low above the high"),
        pytest.param({"session": SATURDAY, "close": None}, "unparsable", id="unparsable before no session"),
        pytest.param({"session": SATURDAY, "open": -1.0}, "not_a_session", id="no session before non-positive"),
        pytest.param({"open": -1.0, "high": -2.0}, "non_positive", id="non-positive before a wrong high"),
        pytest.param({"high": 2400.0, "low": 2500.0}, "high_below_body", id="a wrong high before a wrong low"),
    ],
)
def test_each_rule(row: dict[str, Any], rule: str | None) -> None:
    accepted, rejected = screen(row)
    assert rejected["rule"].to_list() == ([] if rule is None else [rule])
    assert accepted.height == (1 if rule is None else 0)


@pytest.mark.parametrize(
    ("seconds", "settle", "is_accepted"),
    [(-1, 30, False), (30 * 60 - 1, 30, False), (30 * 60, 30, True), (0, 0, True), (3600, 61, False)],
)
def test_a_session_settles_after_its_own_close(seconds: int, settle: int, is_accepted: bool) -> None:
    """The Friday after Thanksgiving closes at 18:00 UTC, three hours early."""
    parameters = Parameters(bar_settle_minutes=settle)
    now = EARLY_CLOSE + dt.timedelta(seconds=seconds)
    accepted, rejected = screen_bars(received({}), CALENDAR, now, parameters)
    assert accepted.height == is_accepted
    assert rejected["rule"].to_list() == ([] if is_accepted else ["session_not_closed"])


def test_an_unsettled_session_is_not_judged_by_its_prices() -> None:
    _, rejected = screen({"close": -1.0}, now=EARLY_CLOSE)
    assert rejected["rule"].to_list() == ["session_not_closed"]


def test_of_two_good_rows_the_first_stays_whatever_was_wrong_before() -> None:
    rows = [
        {"locator": "line 1", "close": None},
        {"locator": "line 2", "close": 2434.0},
        {"locator": "line 3", "close": 2435.0},
        {"locator": "line 4", "session": MONDAY},
        {"locator": "line 5", "instrument_id": "SPX"},
        {"locator": "line 6", "close": -1.0},
        {"locator": "line 7"},
    ]
    accepted, rejected = screen(*rows)
    assert accepted["locator"].to_list() == ["line 2", "line 4", "line 5"]
    assert accepted["close"].to_list() == [2434.0, 2434.73, 2434.73]
    assert rejected.select("locator", "rule").rows() == [
        ("line 1", "unparsable"),
        ("line 3", "duplicate"),
        ("line 6", "non_positive"),
        ("line 7", "duplicate"),
    ]


def test_rejected_rows_become_raw_rows_and_accepted_ones_stay_as_received() -> None:
    accepted, rejected = screen({}, {"session": None, "payload": '{"Date": "soon"}'})
    ReceivedBar.validate(accepted)
    stored = rejected.with_columns(
        raw_table=pl.lit("bar"), source=pl.lit("test"), fetched_at=pl.lit(LATER, pl.Datetime("us", "UTC"))
    )
    RejectedRow.validate(stored)
    assert rejected.row(0, named=True)["payload"] == '{"Date": "soon"}'
    assert accepted.row(0, named=True) == GOOD


def test_a_row_id_belongs_to_the_row_and_not_to_the_run() -> None:
    bad = {"close": -1.0}
    _, first = screen(bad)
    _, again = screen({"session": MONDAY}, bad | {"payload_hash": "another batch"}, now=LATER + dt.timedelta(days=9))
    assert again["row_id"].to_list() == first["row_id"].to_list()
    _, moved = screen(bad | {"locator": "another line"})
    assert moved["row_id"].to_list() == first["row_id"].to_list()
    others = [bad | other for other in ({"payload": "x"}, {"instrument_id": "x"})]
    _, different = screen(bad, *others, {"high": 1.0})
    assert different["row_id"].n_unique() == 4


def test_the_very_same_row_three_times_is_three_rejected_rows() -> None:
    _, rejected = screen(*[{"close": -1.0}] * 3)
    assert rejected["row_id"].n_unique() == 3


def test_an_empty_batch() -> None:
    accepted, rejected = screen_bars(ReceivedBar.create_empty(), CALENDAR, LATER, Parameters())
    assert accepted.is_empty()
    assert rejected.is_empty()


@pytest.mark.parametrize(("file", "rows"), [("RUT", 9381), ("GSPC", 24347), ("NDX", 9872), ("DJI", 8291)])
def test_the_real_index_files_keep_every_rule_on_their_prices(real_data: Path, file: str, rows: int) -> None:
    """Their own days serve as the calendar here; that they are sessions is tested with the calendar."""
    names = {name.capitalize(): name for name in ("open", "high", "low", "close", "volume")}
    frame = pl.read_csv(real_data / "prices" / f"{file}.csv", columns=["Date", *names], try_parse_dates=True)
    stated = {name: pl.lit(value) for name, value in GOOD.items() if name not in (*names.values(), "session")}
    batch = ReceivedBar.validate(frame.rename(names | {"Date": "session"}).with_columns(**stated), cast=True)
    days = batch.select("session", closes_at=pl.col("session").cast(pl.Datetime("us")).dt.replace_time_zone("UTC"))
    accepted, rejected = screen_bars(batch, days, LATER, Parameters())
    assert rejected.is_empty()
    assert accepted.height == rows


PRICE = st.one_of(st.none(), st.just(float("nan")), st.sampled_from([-1.0, 0.0, 1.0, 2.0, 3.0]))
ROW = st.fixed_dictionaries(
    {
        "instrument_id": st.sampled_from(["RUT", "SPX"]),
        "session": st.sampled_from([None, FRIDAY, SATURDAY, MONDAY]),
        **dict.fromkeys(("open", "high", "low", "close", "volume"), PRICE),
    }
)


@settings(max_examples=60, deadline=None)
@given(st.lists(ROW, max_size=30))
def test_every_row_is_either_accepted_or_rejected(rows: list[dict[str, Any]]) -> None:
    numbered = [row | {"locator": f"line {number}"} for number, row in enumerate(rows)]
    accepted, rejected = screen(*numbered, now=dt.datetime(2024, 12, 2, 12, tzinfo=dt.UTC))
    places = accepted["locator"].to_list() + rejected["locator"].to_list()
    assert sorted(places) == sorted(row["locator"] for row in numbered)
    assert set(rejected["rule"]) <= set(vocabulary.REJECTION_RULES)
    for row in accepted.iter_rows(named=True):
        assert row["session"] == FRIDAY
        assert 0 < row["low"] <= min(row["open"], row["close"]) <= max(row["open"], row["close"]) <= row["high"] <= 3
    assert accepted.select("instrument_id", "session").is_unique().all()
