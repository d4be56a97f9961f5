"""Versions of bars of stocks and of actions, and what an answer shows of splits and of another company."""

from __future__ import annotations

import datetime as dt
import math

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.contracts import raw
from pipelines.parameters import Parameters
from pipelines.transforms.corporate_action import as_traded, stock_actions
from pipelines.transforms.stock_evidence import instruments_to_read_whole, reused_symbols
from pipelines.transforms.stock_version import new_action_versions, new_stock_versions, superseded_bars
from tests.market import calendar, weekdays

DAYS = weekdays(dt.date(2024, 11, 1), dt.date(2024, 12, 6))
SESSIONS = calendar(DAYS)
DAY = DAYS[-3]
NOW = dt.datetime(2024, 12, 6, 22, tzinfo=dt.UTC)
EARLIER = NOW - dt.timedelta(days=2)
PARAMETERS = Parameters()


def bars(session: dt.date = DAY, fetched_at: dt.datetime = NOW, **values: object) -> pl.DataFrame:
    """Return one accepted bar as traded."""
    row = {
        "instrument_id": "ZQA", "session": session, "open": 100.0, "high": 110.0, "low": 90.0, "close": 105.0,
        "adjusted_close": None, "volume": 1000.0, "vendor_symbol": "ZQA", "payload_hash": "x", "fetched_at": fetched_at,
        "split_factor": 1.0,
    } | values  # fmt: skip
    schema = {name: kind for name, kind in raw.StockBar.create_empty().schema.items() if name in row}
    return pl.DataFrame([row], schema=schema)


def added(known: pl.DataFrame, accepted: pl.DataFrame) -> pl.DataFrame:
    return new_stock_versions(known, accepted, SESSIONS, "test", PARAMETERS)


def stored(accepted: pl.DataFrame) -> pl.DataFrame:
    return added(raw.StockBar.create_empty(), accepted)


@pytest.mark.parametrize(
    ("change", "is_version"),
    [
        ({}, False),
        ({"close": 105.0 * (1 + 0.49e-4)}, False),
        ({"close": 105.0 * (1 + 0.51e-4)}, True),
        ({"close": 105.0 * (1 - 0.51e-4)}, True),
        *[({name: value * (1 + 4.9e-4)}, False) for name, value in (("open", 100.0), ("high", 110.0), ("low", 90.0))],
        ({"close": 105.0 + 105.0 * 0.5e-4}, False),  # 0.5 bp, and more is asked for
        ({"high": 110.055}, True),  # 5 bp, and no more is asked for
        ({"low": 89.955}, True),
        *[({name: value * (1 - 5.1e-4)}, True) for name, value in (("open", 100.0), ("high", 110.0), ("low", 90.0))],
        ({"volume": 1000.5}, False),
        ({"volume": 1001.0}, True),
        ({"volume": None}, True),
        ({"volume": 1005.0, "split_factor": 10.0}, False),
        ({"volume": 1006.0, "split_factor": 10.0}, True),
        ({"volume": 1001.0, "split_factor": 0.1}, True),
        ({"adjusted_close": 50.0}, False),
        ({"payload_hash": "y", "split_factor": 0.5}, False),
    ],
)
def test_noise_is_no_version(change: dict, is_version: bool) -> None:
    assert added(stored(bars(fetched_at=EARLIER)), bars(**change)).height == is_version


def test_a_missing_volume_that_comes_is_a_version() -> None:
    assert added(stored(bars(fetched_at=EARLIER, volume=None)), bars()).height == 1
    assert added(stored(bars(fetched_at=EARLIER, volume=None)), bars(volume=None)).height == 0


@pytest.mark.parametrize(
    ("late", "basis", "known_from"),
    [(10, "observed", NOW), (11, "assumed", dt.datetime(2024, 11, 21, 21, 30, tzinfo=dt.UTC))],
)
def test_a_first_version_that_came_late_is_assumed(late: int, basis: str, known_from: dt.datetime) -> None:
    row = stored(bars(DAYS[-1 - late])).row(0, named=True)
    assert (row["known_basis"], row["known_from"], row["source"]) == (basis, known_from, "test")


def test_a_later_version_is_observed_however_old_the_session() -> None:
    known = stored(bars(DAYS[0], fetched_at=EARLIER))
    row = added(known, bars(DAYS[0], close=104.0)).row(0, named=True)
    assert (row["known_basis"], row["known_from"]) == ("observed", NOW)


def test_what_was_read_before_a_known_version_adds_nothing_and_is_counted() -> None:
    known = stored(bars(fetched_at=NOW))
    late = bars(fetched_at=EARLIER, close=50.0)
    assert added(known, late).is_empty()
    assert superseded_bars(known, late, PARAMETERS) == 1
    assert superseded_bars(known, bars(fetched_at=EARLIER), PARAMETERS) == 0


@given(
    closes=st.lists(st.integers(10, 100_000), min_size=5, max_size=20),
    ratios=st.lists(st.sampled_from([2.0, 3.0, 1.5, 0.1, 0.05, 20.0]), min_size=1, max_size=3),
)
@settings(max_examples=40, deadline=None)
def test_a_source_that_adjusts_for_splits_restates_nothing(closes: list[int], ratios: list[float]) -> None:
    """Bars adjusted by a plain loop over splits and rounded to 32 bits, undone again, are no new versions."""
    days = DAYS[: len(closes)]
    prices = [value / 100 for value in closes]
    frames = [
        bars(day, EARLIER, open=price, high=price, low=price, close=price, volume=1e6 + at)
        for at, (day, price) in enumerate(zip(days, prices, strict=True))
    ]
    known = stored(pl.concat(frames))
    places = [(number * len(days)) // (len(ratios) + 1) for number in range(1, len(ratios) + 1)]
    received = []
    for at, (day, price) in enumerate(zip(days, prices, strict=True)):
        adjusted, volume = price, 1e6 + at
        for place, ratio in zip(places, ratios, strict=True):
            if at < place:
                adjusted, volume = adjusted / ratio, volume * ratio
        narrow = pl.Series([adjusted], dtype=pl.Float32).cast(pl.Float64)[0]
        received.append(bars(day, NOW, open=narrow, high=narrow, low=narrow, close=narrow, volume=round(volume)))
    splits = pl.DataFrame(
        {"instrument_id": "ZQA", "ex_session": [days[place] for place in places], "split_ratio": ratios},
        schema={"instrument_id": pl.String, "ex_session": pl.Date, "split_ratio": pl.Float64},
    )
    undone = as_traded(pl.concat(received).drop("split_factor"), splits, NOW.date()).select(known.drop(
        "known_from", "known_basis", "source").columns)  # fmt: skip
    assert added(known, undone).is_empty()


# Actions


def stated(fetched_at: dt.datetime = NOW, ex_session: dt.date = DAY, ratio: float = 2.0) -> pl.DataFrame:
    row = {
        "instrument_id": "ZQA", "ex_session": ex_session, "action_type": "split", "split_ratio": ratio,
        "dividend_amount": None, "currency": None, "vendor_symbol": "ZQA", "payload_hash": "x",
        "fetched_at": fetched_at,
    }  # fmt: skip
    schema = {name: kind for name, kind in raw.StockAction.create_empty().schema.items() if name in row}
    return pl.DataFrame([row], schema=schema)


def window(first: dt.date, last: dt.date, fetched_at: dt.datetime = NOW) -> pl.DataFrame:
    columns = {"vendor_symbol": "ZQA", "payload_hash": "x", "fetched_at": fetched_at}
    frame = pl.DataFrame({"instrument_id": ["ZQA"], "first_day": [first], "last_day": [last], **columns})
    return frame.with_columns(pl.col("fetched_at").cast(pl.Datetime("us", "UTC")))


def actions(known: pl.DataFrame, now: pl.DataFrame, covered: pl.DataFrame) -> pl.DataFrame:
    return new_action_versions(known, now, covered, SESSIONS, "test", PARAMETERS)


def test_an_action_is_new_once_changed_withdrawn_and_stated_again() -> None:
    known = raw.StockAction.create_empty()
    moments = [NOW + dt.timedelta(days=number) for number in range(5)]
    for moment, ratio, expected in zip(
        moments, [2.0, 2.0, 3.0, None, 3.0],
        [[(2.0, False)], [], [(3.0, False)], [(3.0, True)], [(3.0, False)]], strict=True,
    ):  # fmt: skip
        now = stated(moment, ratio=ratio) if ratio else stated().clear()
        new = actions(known, now, window(DAYS[0], DAYS[-1], moment))
        assert new.select("split_ratio", "is_withdrawn").rows() == expected
        assert set(new["fetched_at"]) <= {moment}
        known = pl.concat([known, new])
    raw.StockAction.validate(known)


@pytest.mark.parametrize(("first", "last"), [(DAYS[-2], DAYS[-1]), (DAYS[0], DAYS[-4])])
def test_an_action_outside_the_days_of_the_answer_is_not_withdrawn(first: dt.date, last: dt.date) -> None:
    known = actions(raw.StockAction.create_empty(), stated(EARLIER), window(DAYS[0], DAYS[-1], EARLIER))
    assert actions(known, stated().clear(), window(first, last)).is_empty()


@pytest.mark.parametrize(
    ("ex_session", "basis", "known_from"),
    [
        (DAYS[0], "assumed", dt.datetime(2024, 11, 1, 21, 30, tzinfo=dt.UTC)),
        # A Saturday counts as the Monday after it.
        (dt.date(2024, 11, 2), "assumed", dt.datetime(2024, 11, 4, 21, 30, tzinfo=dt.UTC)),
        (DAYS[-2], "observed", NOW),
        (dt.date(2025, 1, 6), "observed", NOW),
    ],
)
def test_when_an_action_was_known(ex_session: dt.date, basis: str, known_from: dt.datetime) -> None:
    row = actions(raw.StockAction.create_empty(), stated(ex_session=ex_session), window(DAYS[0], ex_session)).row(
        0, named=True
    )
    assert (row["known_basis"], row["known_from"]) == (basis, known_from)


def dividend(amount: float, fetched_at: dt.datetime, ex_session: dt.date = DAYS[2]) -> pl.DataFrame:
    return stated(fetched_at, ex_session).with_columns(
        action_type=pl.lit("dividend"), split_ratio=pl.lit(None, pl.Float64), dividend_amount=pl.lit(amount)
    )


@pytest.mark.parametrize(
    ("amount", "split_on", "ex_session", "is_version"),
    [
        (0.5, None, DAYS[2], False),
        (0.25, DAYS[-2], DAYS[2], True),
        (0.5, DAYS[-2], DAYS[2], True),  # the same number in other shares: the vendor had adjusted it before the split
        (0.5, DAYS[1], DAYS[2], False),  # the split lies before the dividend
        (0.5, EARLIER.date(), DAYS[2], False),  # it was effective when the dividend was read before
        (0.5, NOW.date(), DAYS[2], True),
        (0.5, NOW.date() + dt.timedelta(days=1), DAYS[2], False),
        (0.5, NOW.date(), NOW.date(), True),  # paid on the day of the split: announced in whatever shares, now in new
    ],
)
def test_a_dividend_is_said_anew_once_a_split_makes_it_another(
    amount: float, split_on: dt.date | None, ex_session: dt.date, is_version: bool
) -> None:
    days = window(DAYS[0], DAYS[-1], EARLIER), window(DAYS[0], DAYS[-1])
    known = actions(raw.StockAction.create_empty(), dividend(0.5, EARLIER, ex_session), days[0])
    now = dividend(amount, NOW, ex_session)
    split = stated(NOW, split_on) if split_on else stated().clear()
    new = actions(known, pl.concat([now, split]), days[1]).filter(action_type="dividend")
    assert new["dividend_amount"].to_list() == ([amount] if is_version else [])


@pytest.mark.parametrize("is_gone_before", [False, True], ids=["with the same answer", "with one before of few days"])
def test_a_dividend_is_said_anew_once_a_split_beside_it_is_gone(is_gone_before: bool) -> None:
    """Half a dollar beside a split of two that was invented is a dollar; half a dollar without it is half a dollar."""
    moments = [EARLIER + dt.timedelta(hours=number) for number in range(5)]
    whole, few = (DAYS[0], DAYS[-1]), (DAYS[3], DAYS[-1])
    ex_split = EARLIER.date()
    known = raw.StockAction.create_empty()
    for moment, amount, has_split, span, expected in [
        (moments[0], 1.0, False, whole, [1.0]),
        (moments[1], 0.5, True, whole, [0.5]),
        *([(moments[2], None, False, few, [])] if is_gone_before else []),
        (moments[3], 0.5, False, whole, [0.5]),
        (moments[4], 0.5, False, whole, []),
    ]:
        parts = [dividend(amount, moment)] if amount else []
        parts += [stated(moment, ex_split)] if has_split else []
        now = pl.concat([stated().clear(), *parts])
        new = actions(known, now, window(*span, moment))
        assert new.filter(action_type="dividend")["dividend_amount"].to_list() == expected
        known = pl.concat([known, new])
    assert known.filter(action_type="split")["is_withdrawn"].to_list() == [False, True]


@pytest.mark.parametrize(
    ("first", "second"),
    [({-4: 2.0}, {-4: 4.0}), ({-4: 10.0}, {-4: 0.1}), ({-4: 4.0}, {-4: 2.0, -5: 2.0}), ({-4: 2.0, -5: 2.0}, {-4: 4.0})],
    ids=["another ratio", "turned round", "one becomes two", "two become one"],
)
def test_the_payment_is_the_same_however_a_vendor_mends_its_splits(
    first: dict[int, float], second: dict[int, float]
) -> None:
    """A quarter of a dollar in the shares of now, on a traded close of 100; bars are adjusted for the splits of now."""
    known, mended = raw.StockAction.create_empty(), {}
    for moment, ratios in ((EARLIER, first), (NOW, second), (NOW + dt.timedelta(hours=1), second)):
        splits = [stated(moment, DAYS[place], ratio) for place, ratio in ratios.items()]
        answer = pl.concat([dividend(0.25, moment), *splits])
        new = actions(known, answer, window(DAYS[0], DAYS[-1], moment))
        known = pl.concat([known, new])
        bars = pl.DataFrame({"instrument_id": "ZQA", "session": DAYS, "traded_close": 100.0})
        found = stock_actions(known, bars, moment, Parameters(split_checked_ratio=100.0)).filter(action_type="dividend")
        expected = 1 - 0.25 * math.prod(ratios.values()) / 100
        assert found["action_factor"].to_list() == [pytest.approx(expected)]
        mended[moment] = new.height
    assert mended[NOW + dt.timedelta(hours=1)] == 0


# What an answer shows


def closes(values: list[float], first: int = 0, name: str = "ZQA") -> pl.DataFrame:
    days = DAYS[first : first + len(values)]
    return pl.concat(
        [bars(day, EARLIER, instrument_id=name, close=value) for day, value in zip(days, values, strict=True)]
    )


@pytest.mark.parametrize(
    ("received", "expected"),
    [
        ([10.0, 11.0, 12.0, 13.0], []),
        ([5.0, 5.5, 6.0, 6.5], ["ZQA"]),
        ([5.0, 5.5, 6.0, 13.0], ["ZQA"]),  # the newest is in the new shares anyway
        ([5.0, 5.5, 12.0, 13.0], []),  # two are too few
        ([10.0, 5.5, 6.0, 6.5], []),  # the oldest stayed: nothing before it is concerned
        ([5.0, 5.5, 6.0, 6.6], []),  # not one ratio
        ([10.09, 11.1, 12.1, 13.1], []),  # less than one per cent
        ([10.2, 11.22, 12.24, 13.26], ["ZQA"]),
    ],
)
def test_a_ratio_over_the_overlap_is_evidence(received: list[float], expected: list[str]) -> None:
    known = stored(closes([10.0, 11.0, 12.0, 13.0]))
    none = raw.StockAction.create_empty()
    assert instruments_to_read_whole(known, closes(received), none, none, PARAMETERS) == expected


@pytest.mark.parametrize(
    ("heard", "ratio", "ex_session", "last_known", "expected"),
    [
        (False, 2.0, DAYS[3], 3, ["ZQA"]),
        (True, 2.0, DAYS[3], 3, []),
        (True, 3.0, DAYS[3], 3, ["ZQA"]),
        (True, 2.0, DAYS[4], 3, ["ZQA"]),  # announced, and come into effect since the last known bar
        (False, 2.0, DAYS[5], 3, []),  # announced
    ],
)
def test_a_split_that_has_come_and_was_not_known_is_evidence(
    heard: bool, ratio: float, ex_session: dt.date, last_known: int, expected: list[str]
) -> None:
    empty = raw.StockAction.create_empty()
    known = stored(closes([10.0] * (last_known + 1)))
    received = closes([10.0] * (last_known + 2))
    before = actions(empty, stated(EARLIER, ex_session), window(DAYS[0], DAYS[-1], EARLIER)) if heard else empty
    now = stated(ex_session=ex_session, ratio=ratio)
    assert instruments_to_read_whole(known, received, before, now, PARAMETERS) == expected
    dividend = now.with_columns(action_type=pl.lit("dividend"), split_ratio=pl.lit(None, pl.Float64))
    assert instruments_to_read_whole(known, received, before, dividend, PARAMETERS) == []


@pytest.mark.parametrize(
    ("first_trade", "received", "begins", "expected"),
    [
        (DAYS[4], [50.0, 51.0], 4, ["ZQA"]),
        (DAYS[2], [50.0, 51.0, 52.0], 2, ["ZQA"]),
        (DAYS[2], [12.0, 13.0, 52.0], 2, []),  # they agree on two closes: the same company
        (DAYS[0], [50.0, 51.0, 52.0], 2, []),  # restated, not begun anew
        (None, [50.0, 51.0], 4, []),
    ],
)
def test_another_company_began_later_and_agrees_on_nothing(
    first_trade: dt.date | None, received: list[float], begins: int, expected: list[str]
) -> None:
    known = stored(closes([10.0, 11.0, 12.0, 13.0]))
    trades = pl.DataFrame(
        {"instrument_id": ["ZQA"], "first_trade": [first_trade]}, schema_overrides={"first_trade": pl.Date}
    )
    assert reused_symbols(known, closes(received, begins), trades, PARAMETERS) == expected
