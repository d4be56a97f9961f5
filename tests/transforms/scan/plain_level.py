"""One level at a time, as docs/methods.md describes it (B4, state machine): slow, in lists, without the code tested."""

from __future__ import annotations

from typing import Any, NamedTuple

from pipelines.parameters import Parameters

WAITING = ("intact", "role_reversed", "reclaimed")
DATES = ("first_intraday", "first_close", "confirmed_two_closes", "confirmed_atr")
LONG_AGO = -(10**6)


class PlainBar(NamedTuple):
    """Prices of one row; the average true range is that of the row before, None where there is none."""

    close: float
    high: float
    low: float
    atr: float | None


class PlainLevel:
    """State of one level and all that its rules may look back at."""

    def __init__(self, side: int, row: int, parameters: Parameters) -> None:
        self.parameters = parameters
        self.side, self.own_side = side, side
        self.state, self.state_row = "pending", row
        self.test_count, self.touch_row = 0, LONG_AGO
        self.cause: str | None = None
        self.cause_row: int | None = None
        self.dates: dict[str, int] = {}
        self.is_dated = True
        self.below_row = self.retest_row = LONG_AGO
        self.closes_back: list[int] = []
        self.closes_against: list[int] = []

    def facts(self) -> tuple[Any, ...]:
        """Return what the table shows of the level."""
        dates = [self.dates.get(name) for name in DATES]
        return (self.state, self.side, self.state_row, self.test_count, self.cause, self.cause_row, *dates)

    def begin(self, row: int, low: float, high: float, close: float) -> None:
        """Take the level up before its first bar, from the close before."""
        is_beyond = close < low if self.side == 1 else close > high
        self.state, self.state_row, self.is_dated = "broken" if is_beyond else "intact", row, not is_beyond

    def end(self, row: int, cause: str) -> None:
        """Let the level expire or be superseded."""
        self.state, self.state_row, self.cause, self.cause_row = cause, row, cause, row

    def step(self, row: int, low: float, high: float, bar: PlainBar) -> None:
        """Move the level on by one bar."""
        if bar.atr is None:
            return
        # A resistance is a support in a mirror.
        lo, hi = (low, high) if self.side == 1 else (-high, -low)
        close = self.side * bar.close
        top, bottom = (bar.high, bar.low) if self.side == 1 else (-bar.low, -bar.high)
        atr = bar.atr
        tolerance = max(
            self.parameters.level_tolerance_atr * atr, self.parameters.level_tolerance_pct / 100 * (low + high) / 2
        )
        reclaim = self.parameters.level_reclaim_sessions
        is_turned, is_broken = self.side != self.own_side, self.state == "broken"
        takes_back = is_turned and close < lo and any(row - at <= reclaim for at in self.closes_against)
        reclaims = is_broken and close > hi and any(row - at <= reclaim for at in self.closes_back)
        if is_turned and close < lo:
            self.closes_against.append(row)
        if is_broken and close > hi:
            self.closes_back.append(row)
        if is_broken and close < lo and top >= lo - tolerance:
            self.retest_row = row
        if self.state in WAITING and bottom <= hi + tolerance and not takes_back:
            self.test_count, self.touch_row = self.test_count + 1, row
        cause, after = self._rule(row, lo, hi, close, bottom, atr, tolerance, reclaims or takes_back)
        self._date(row, bottom < lo, close < lo, close <= lo - self.parameters.level_break_atr * atr)
        if cause is not None:
            self.cause, self.cause_row = cause, row
        if after != self.state:
            self.state, self.state_row = after, row
        if cause in ("atr", "two_closes"):
            self.closes_back, self.retest_row = [], LONG_AGO
        if cause in ("reclaimed", "role_reversed"):
            self.dates, self.is_dated, self.below_row = {}, True, LONG_AGO
            # Since the reversal or, as any reclaim settles what went before it, since the latest reclaim.
            self.closes_against = []
        if cause == "role_reversed" or takes_back:
            self.side = -self.side

    def _rule(
        self, row: int, lo: float, hi: float, close: float, low: float, atr: float, tolerance: float, reclaims: bool
    ) -> tuple[str | None, str]:
        """Return the cause and the state after, by the first line of the table that applies."""
        given, state = self.parameters, self.state
        hold, age = given.level_hold_atr * atr, row - self.touch_row
        waiting, testing = state in WAITING, state == "testing"
        if reclaims:
            return "reclaimed", "reclaimed"
        if state == "broken":
            if close <= lo - hold and row - self.retest_row <= given.level_reversal_sessions:
                return "role_reversed", "role_reversed"
            return None, "broken"
        if state == "broken_provisional":
            return ("two_closes", "broken") if close < lo else ("failed_break", "testing")
        if close <= lo - given.level_break_atr * atr:
            return "atr", "broken"
        if close < lo:
            return "first_close", "broken_provisional"
        if close >= hi + hold and (
            (testing and age <= given.level_test_sessions) or (waiting and low <= hi + tolerance)
        ):
            return "retest_held", "intact"
        if low < lo - tolerance:
            return "pierced", "testing"
        if testing and age >= given.level_test_sessions:
            return "test_lapsed", "intact"
        if waiting and low <= hi + tolerance:
            return "touched", "testing"
        if state == "reclaimed":
            return "restored", "intact"
        return None, state

    def _date(self, row: int, trades: bool, closes: bool, is_far: bool) -> None:
        """Date each convention of a break by its first session."""
        if not self.is_dated:
            return
        happened = (trades, closes, closes and self.below_row == row - 1, is_far)
        for name, did in zip(DATES, happened, strict=True):
            if did:
                self.dates.setdefault(name, row)
        if closes:
            self.below_row = row
