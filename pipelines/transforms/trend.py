"""Phase of the medium-term (SMA50) and major (SMA200) trend, session by session, and what both say together.

Belongs here: every column of ``core.trend_state`` (docs/methods.md, B1), for indices, pairs and stocks alike.
Not here: averages and slopes (``moving_average``), phases as stretches of time (``trend_spell``).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl

from pipelines.contracts import vocabulary as v
from pipelines.contracts.core import TrendState
from pipelines.parameters import Parameters
from pipelines.transforms.price_rows import Columns, PriceRows, array_of, code, worded
from pipelines.transforms.scan.flat import Flags, Integers, earlier, last_row_with, window_count
from pipelines.transforms.swing import Swing, swing_highs

_PHASE_REASONS = ("warm_up", "missing_sessions", "undetermined")
UP, DOWN, NEITHER = 1, -1, 0


class Horizon(NamedTuple):
    """A trend: its name in column names, the span of its average and the flat band of that average's slope."""

    name: str
    span: int
    band_bp: float

    @property
    def average(self) -> str:
        """Column of the average."""
        return f"sma_{self.span}"

    @property
    def slope(self) -> str:
        """Column of the average's slope."""
        return f"slope_{self.span}_bp_per_day"


class Phases(NamedTuple):
    """The phase on each row, where one is first shown, and since when it holds (place of its onset and age)."""

    phase: Integers
    before: Integers
    turns: Flags
    since: pl.Series
    age: Integers


def trend_states(prices: pl.DataFrame, averages: pl.DataFrame, parameters: Parameters) -> pl.DataFrame:
    """Return label, phase, support and statement of the trend: one row per series and session.

    Args:
        prices: ``core.SeriesPrice`` of any number of series, in any order.
        averages: ``core.MovingAverage`` of the same series and sessions.
        parameters: flat bands, confirmation, and the thresholds of support and of a multi-week decline.

    Returns:
        ``core.TrendState``, one row per row of ``averages``, sorted by ``series_id`` and ``session``. A phase is
        kept inside the flat band and where the slope is null. Formulas: docs/methods.md, B1.

    Raises:
        ValueError: the two frames do not hold the same series and sessions.
    """
    key = TrendState.primary_key()
    frame, averages = prices.sort(key), averages.sort(key)
    _require_same(frame.select(key), averages.select(key))
    rows = PriceRows.of(frame, "series_id")
    columns = state_columns(rows, {name: array_of(averages[name]) for name in AVERAGES}, parameters)
    return frame.with_columns(columns).select(TrendState.column_names())


AVERAGES = ("sma_50", "sma_200", "slope_50_bp_per_day", "slope_200_bp_per_day", "atr_14")
"""Columns of ``core.MovingAverage`` that states are made from."""


def state_columns(rows: PriceRows, averages: Columns, parameters: Parameters) -> list[pl.Series]:
    """Return every column of ``core.TrendState`` beside the key, one value for each of ``rows``.

    Args:
        rows: Prices; where they go on from stored rows, only the values of new ones are meant to be used.
        averages: ``AVERAGES`` of the same rows, NaN where one is null.
        parameters: See ``trend_states``.
    """
    horizons = (
        Horizon("medium", 50, parameters.medium_flat_band_bp),
        Horizon("major", 200, parameters.major_flat_band_bp),
    )
    phases = {horizon.name: _phases(rows, averages[horizon.slope], horizon, parameters) for horizon in horizons}
    columns = []
    for horizon in horizons:
        columns += _columns_of(rows, averages, horizon, phases[horizon.name], parameters)
    medium, major = phases["medium"], phases["major"]
    starts = medium.turns & ((medium.phase == UP) | (medium.before == NEITHER))
    swing = swing_highs(rows, starts, medium.phase != NEITHER, parameters)
    both = _both(major.phase, medium.phase)
    decline = _is_multi_week_decline(rows, averages["atr_14"], both, swing, parameters)
    return [*columns, worded("statement", both, v.STATEMENTS), decline, *swing.columns()]


def _require_same(prices: pl.DataFrame, averages: pl.DataFrame) -> None:
    """Raise where the two do not hold the same series and sessions."""
    if prices.equals(averages):
        return
    keys = pl.concat([prices, averages])
    series, session = keys.filter(keys.is_unique()).sort(keys.columns).row(0)
    raise ValueError(
        "core.trend_state: expected prices and averages of the same series and sessions, "
        f"was {series} on {session} in one of the two only"
    )


def _phases(rows: PriceRows, slope: np.ndarray, horizon: Horizon, parameters: Parameters) -> Phases:
    """Schmitt trigger: the side of the band on which the last run of confirming sessions lay."""
    confirmation, layout = parameters.phase_confirmation_sessions, rows.layout
    above, below = slope >= horizon.band_bp, slope <= -horizon.band_bp
    if confirmation > 1:
        has_run = layout.row >= confirmation - 1
        above = (window_count(above, confirmation) == confirmation) & has_run
        below = (window_count(below, confirmation) == confirmation) & has_run
    carried, since_before, age_before = _carried(rows, horizon.name)
    decided = last_row_with((above | below) & rows.is_new, layout)
    phase = np.where(decided >= 0, np.where(above[decided], UP, DOWN), carried[layout.of]).astype(np.int8)
    before = earlier(phase, 1)
    before[layout.starts] = NEITHER
    turns = (phase != before) & rows.is_new
    turned = last_row_with(turns, layout)
    onset = np.maximum(turned - (confirmation - 1), 0)
    place = np.arange(layout.size, dtype=np.int32)
    goes_on = (turned < 0) & (carried != NEITHER)[layout.of]
    since = rows.sessions.gather(onset).set(pl.Series(turned < 0), None)
    age = np.where(turned >= 0, place - onset + 1, 0)
    if goes_on.any():
        since = since_before.gather(layout.of).zip_with(pl.Series(goes_on), since) if len(since) else since
        age = np.where(goes_on, age_before[layout.of] + place - rows.last_kept[layout.of], age)
    return Phases(phase, before, turns, since, age)


def _carried(rows: PriceRows, name: str) -> tuple[Integers, pl.Series, Integers]:
    """Return phase, onset and age of each series on its last stored row; no phase where all its rows are new."""
    if rows.kept is None or rows.kept.is_empty():
        nothing = np.zeros(len(rows.layout.starts), dtype=np.int32)
        return nothing, pl.Series([], dtype=pl.Date), nothing
    last = rows.last_stored().select(
        phase=pl.col(f"{name}_phase").replace_strict({"up": UP, "down": DOWN}, default=NEITHER, return_dtype=pl.Int32),
        since=f"{name}_since",
        age=pl.col(f"{name}_age_sessions").fill_null(0).cast(pl.Int32),
    )
    return last["phase"].to_numpy(), last["since"], last["age"].to_numpy()


def _columns_of(
    rows: PriceRows, averages: Columns, horizon: Horizon, phases: Phases, parameters: Parameters
) -> list[pl.Series]:
    """Return the six columns of one horizon."""
    name, slope, phase = horizon.name, averages[horizon.slope], phases.phase
    without_slope, without_phase = np.isnan(slope), phase == NEITHER
    label = code(slope >= horizon.band_bp, slope <= -horizon.band_bp, ~without_slope)
    is_warming_up = rows.number < horizon.span + parameters.slope_sessions
    reason = code(without_slope & is_warming_up, without_slope, without_phase)
    return [
        worded(f"{name}_label", label, v.LABELS),
        worded(f"{name}_phase", code(phase == UP, phase == DOWN), v.PHASES),
        phases.since.alias(f"{name}_since"),
        pl.Series(f"{name}_age_sessions", phases.age, pl.Int64).set(pl.Series(without_phase), None),
        _is_supported(rows, averages[horizon.average], averages["atr_14"], phase == UP, parameters).alias(
            f"{name}_is_supported"
        ),
        worded(f"{name}_reason", reason, _PHASE_REASONS),
    ]


def _is_supported(
    rows: PriceRows, average: np.ndarray, atr: np.ndarray, is_up: Flags, parameters: Parameters
) -> pl.Series:
    """True where the phase is up, the close above its average, and the average has lately been touched and held."""
    window = parameters.support_window_sessions
    touched = np.abs(rows.low - average) <= parameters.support_touch_atr * atr
    without_average = np.isnan(average)
    # A part of a window is never judged: not where a session of it has no average either.
    can_be_judged = (rows.layout.row >= window - 1) & (window_count(without_average, window) == 0)
    can_be_judged &= ~(np.isnan(rows.low) | np.isnan(atr))
    held = window_count(rows.close < average, window) <= parameters.support_max_closes_below
    supported = is_up & (rows.close > average) & (window_count(touched, window) > 0) & held
    return pl.Series(supported).set(pl.Series(~can_be_judged), None)


def _both(major: Integers, medium: Integers) -> Integers:
    """Return the number of the statement of both phases, counted from 1; 0 where either is null."""
    is_up, is_down = major == UP, major == DOWN
    return code(is_up & (medium == UP), is_up & (medium == DOWN), is_down & (medium == UP), is_down & (medium == DOWN))


def _is_multi_week_decline(
    rows: PriceRows, atr: np.ndarray, both: Integers, swing: Swing, parameters: Parameters
) -> pl.Series:
    """True in a corrective decline that is old and deep enough; depth in per cent where there is no ATR."""
    of_price = parameters.multi_week_pct / 100 * swing.high
    depth = np.where(np.isnan(atr), of_price, parameters.multi_week_atr * atr)
    is_old = swing.age >= parameters.multi_week_sessions
    declines = (both == 2) & is_old & (swing.high - rows.close >= depth)
    return pl.Series("is_multi_week_decline", declines).set(pl.Series(both == 0), None)
