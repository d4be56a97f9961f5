"""What a first answer cannot show, as nothing can be held against it: what stands then, and when it is mended."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

import polars as pl
import pytest

from pipelines.contracts import raw
from pipelines.transforms.corporate_action import stock_actions
from pipelines.transforms.quarantine import accepted_stock_bars
from pipelines.transforms.stock_bar import stock_bar_warnings
from tests.ingestion.conftest import MONDAY
from tests.ingestion.universe_run import Place, evening
from tests.vendor.fault import Fault
from tests.vendor.market import Market
from tests.vendor.market_fault import EarlySplit, HalfSplit, LostSession, Restated, TimesHundred

TUESDAY, SATURDAY = MONDAY + dt.timedelta(days=1), dt.date(2024, 12, 14)
STOCK, OTHER = "ZQAAD", "ZQAAB"
COMING = dt.date(2024, 12, 12)


class Seen(NamedTuple):
    """What stands of the stock on an evening: sessions with a wrong close, without a bar, held back, with a jump."""

    wrong: int
    absent: int
    held: int
    jumps: int


def seen(place: Place) -> Seen:
    known_at, versions = place.server.now, place.rows(raw.StockBar).filter(instrument_id=STOCK)
    stated = place.rows(raw.StockAction).filter(instrument_id=STOCK)
    bars, held = accepted_stock_bars(versions, stated, known_at, place.parameters)
    traded = bars.with_columns(traded_close=pl.col("close") / pl.col("split_factor"))
    actions = stock_actions(stated, traded, known_at, place.parameters, held)
    odd = stock_bar_warnings(bars, place.parameters, actions)
    truth = place.server.market.true_bars([STOCK], known_at.date())
    both = truth.join(traded, on=["instrument_id", "session"], how="left", suffix="_stated")
    wrong = both.filter((pl.col("traded_close") - pl.col("close")).abs() > 0.005).height
    return Seen(wrong, both["traded_close"].null_count(), held.height, odd.filter(warning="jump").height)


def run(place: Place, day: dt.date, **choices: object) -> Seen:
    """Run on an evening, as the main job does after what was seen before."""
    held = seen(place).held if not place.rows(raw.StockBar).is_empty() else 0
    place.server.now = evening(day)
    place.run([STOCK, OTHER], suspects=[STOCK] if held else [], **choices)  # type: ignore[arg-type]
    return seen(place)


def split_of(market: Market) -> tuple[dt.date, float]:
    return market.true_actions([STOCK]).filter(action_type="split").select("ex_session", "split_ratio").row(0)


def first_word(place: Place) -> str | None:
    """Return what the first outcome says of the history of the stock."""
    outcomes = place.rows(raw.FetchOutcome).filter(vendor_symbol=STOCK).sort("fetched_at")
    return outcomes["outcome_detail"][0]


def before(market: Market, day: dt.date) -> int:
    return sum(session < day for session in market.sessions)


def test_a_split_half_applied_looks_like_a_fall_and_is_looked_at_again_the_day_after(
    place: Place, market: Market
) -> None:
    ex_session, ratio = split_of(market)
    place.server.faults.add(HalfSplit(symbols=(STOCK,), ex_session=ex_session, ratio=ratio))
    unadjusted = before(market, ex_session) - round(0.5 * before(market, ex_session))
    assert run(place, MONDAY) == (unadjusted, 0, 0, 1)
    assert first_word(place) == "a chart with 0 missing sessions and 1 jumps"
    place.server.faults.clear()
    assert run(place, TUESDAY) == (0, 0, 0, 0)


def test_a_lost_session_far_back_is_looked_for_again_the_day_after(place: Place, market: Market) -> None:
    place.server.faults.add(LostSession(symbols=(STOCK,), sessions=(market.sessions[50],)))
    assert run(place, MONDAY) == (0, 1, 0, 0)
    assert first_word(place) == "a chart with 1 missing sessions and 0 jumps"
    # As long as the vendor does not have it, it is asked for on one more day, and then once a week.
    assert run(place, TUESDAY) == (0, 1, 0, 0)
    place.server.faults.clear()
    assert run(place, TUESDAY + dt.timedelta(days=1)) == (0, 1, 0, 0)
    assert run(place, SATURDAY, whole_history=True) == (0, 0, 0, 0)


def test_a_close_a_trifle_off_far_back_shows_nothing_until_the_weekly_run(place: Place, market: Market) -> None:
    place.server.faults.add(Restated(symbols=(STOCK,), sessions=(market.sessions[50],), basis_points=40.0))
    assert run(place, MONDAY) == (1, 0, 0, 0)
    assert first_word(place) is None
    place.server.faults.clear()
    assert run(place, TUESDAY) == (1, 0, 0, 0)
    assert run(place, SATURDAY, whole_history=True) == (0, 0, 0, 0)


def test_a_history_that_begins_a_hundredfold_away_is_held_back_and_mended_the_day_after(
    place: Place, market: Market
) -> None:
    place.server.faults.add(TimesHundred(symbols=(STOCK,), sessions=tuple(market.sessions[:3])))
    size = before(market, TUESDAY)
    assert run(place, MONDAY)[:3] == (3, size - 3, size - 3)
    place.server.faults.clear()
    assert run(place, TUESDAY) == (0, 0, 0, 0)


@pytest.mark.parametrize("is_stated", [True, False], ids=["stated", "not stated"])
def test_a_split_adjusted_too_early_throughout_shows_nothing(place: Place, market: Market, is_stated: bool) -> None:
    """Where it was announced, going back is understood; where not, the first word stands until somebody looks."""
    early: Fault = EarlySplit(symbols=(STOCK,), ex_session=COMING, ratio=2.0, is_stated=is_stated)
    number = place.server.faults.add(early)
    size = before(market, TUESDAY)
    assert run(place, MONDAY) == (size, 0, 0, 0)
    place.server.faults.remove(number)
    if is_stated:
        place.server.faults.add(EarlySplit(symbols=(STOCK,), ex_session=COMING, ratio=2.0, is_adjusted=False))
    found = run(place, TUESDAY)
    assert found[:3] == ((0, 0, 0) if is_stated else (size, 1, size + 1))
