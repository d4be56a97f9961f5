"""The declared quality rules as a table, what is odd about bars that were kept, and the gap to a second source.

Belongs here: warnings (docs/methods.md, B8). Not here: rows that are rejected (``screen``, ``stock_bar``) or held back
(``quarantine``, ``corporate_action``), and gaps against the calendar (``bar``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import numpy as np
import polars as pl
import polars.selectors as cs

from pipelines.contracts import core
from pipelines.contracts.quality import QUALITY_RULES
from pipelines.parameters import Parameters
from pipelines.transforms.bar import latest_bars
from pipelines.transforms.price_rows import array_of, numbers
from pipelines.transforms.scan.flat import Floats, Layout, earlier, last_row_with, window_means

_BP = 10_000.0
LOOKED_AT = ("instrument_id", "session", "close", "volume", "is_close_only")
"""Columns of bars that warnings look at; those of stocks need not have the last."""
_ROUNDING = 1e-12
"""What the difference of two means of squares may be off by, as a share of them."""
_MARGIN = 0.9


def quality_rules() -> pl.DataFrame:
    """Return ``core.QualityRule``: the declaration as rows."""
    rows = [
        (rule.rule, rule.severity, ", ".join(rule.applies_to), rule.rule_text, rule.found_in) for rule in QUALITY_RULES
    ]
    return pl.DataFrame(rows, schema=core.QualityRule.column_names(), orient="row").sort("rule")


def bar_warnings(bars: pl.DataFrame, parameters: Parameters) -> pl.DataFrame:
    """Return what is odd about bars of indices that were kept; one bar can be odd in several ways.

    ``unusual_move`` and ``stale_close`` as for stocks (``stock_bar.stock_bar_warnings``). From ``index_quoted_from`` on
    also ``flat_bar``: open, high, low and close are equal, the value is the close; and ``zero_volume``.

    Args:
        bars: ``core.Bar``, in any order, all of the instruments given.
        parameters: see above.

    Returns:
        ``core.BarWarning``, sorted by its key.
    """
    is_quoted = pl.col("session") >= parameters.index_quoted_from
    odd = {
        "unusual_move": ("deviations", is_unusual_move(parameters)),
        "stale_close": ("equal_closes", is_stale(parameters)),
        "zero_volume": ("volume", is_quoted & (pl.col("volume") == 0)),
        "flat_bar": ("close", is_quoted & pl.col("is_close_only")),
    }
    return odd_bars(bars, odd, parameters)


def odd_bars(bars: pl.DataFrame, odd: Mapping[str, tuple[str, pl.Expr]], parameters: Parameters) -> pl.DataFrame:
    """Return instrument_id, session, warning and warning_value of the bars that rules find odd, sorted by these.

    Args:
        bars: ``core.Bar`` in any order.
        odd: of each warning the column that is its value, and the condition; both may use ``change`` (of the close
            against the instrument's own bar before, as a fraction), ``deviations`` (its logarithm over the standard
            deviation of those of the ``unusual_move_sessions`` bars before it, null where there are fewer, and where
            it is far from unusual) and ``equal_closes`` (this close and those just before that equal it).
        parameters: see above.
    """
    rows = bars.select(cs.by_name(*LOOKED_AT, require_all=False)).sort("instrument_id", "session")
    layout = Layout.of_lengths(rows["instrument_id"].rle().struct.field("len").to_numpy())
    close = array_of(rows["close"])
    with np.errstate(divide="ignore"):
        ratio = np.where(layout.row > 0, close / earlier(close, 1), np.nan)
    begins = last_row_with(ratio != 1, layout)
    derived = {
        "change": ratio - 1,
        "deviations": _deviations(np.log(ratio), layout, parameters),
        "equal_closes": np.arange(1.0, layout.size + 1) - begins,
    }
    rows = rows.with_columns(numbers(derived))
    found = [
        rows.filter(is_odd).select("instrument_id", "session", warning=pl.lit(warning), warning_value=value)
        for warning, (value, is_odd) in odd.items()
    ]
    return pl.concat(found).sort("instrument_id", "session", "warning")


def rows_looked_back(parameters: Parameters) -> int:
    """Return how many bars have to stand in front of one, of which not all closes are equal, for all to be known."""
    return max(parameters.unusual_move_sessions, parameters.stale_sessions) + 1


def _deviations(step: Floats, layout: Layout, parameters: Parameters) -> Floats:
    """Return the steps that may be unusual over the deviation of those before them; NaN for all others.

    The windows of few rows have to be looked at one by one: a bound from running means rules the rest out.
    """
    span = parameters.unusual_move_sessions
    mean, square = (earlier(window_means(values, (span,), layout)[span], 1) for values in (step, step * step))
    least_variance = np.maximum(square - mean * mean - _ROUNDING * square, 0.0)
    may_be = step * step > _MARGIN * parameters.unusual_move_deviations**2 * least_variance
    places = np.flatnonzero(may_be & (layout.row > span) & (np.abs(step) > parameters.unusual_move_least))
    found = np.full(layout.size, np.nan)
    if len(places):
        deviation = np.lib.stride_tricks.sliding_window_view(step, span)[places - span].std(axis=1, ddof=1)
        found[places] = np.where(deviation > 0, step[places] / np.where(deviation > 0, deviation, 1.0), np.nan)
    return found


def is_unusual_move(parameters: Parameters) -> pl.Expr:
    """Return whether a bar's ``deviations`` are too many, and its move more than a small one."""
    is_large = pl.col("change").log1p().abs() > parameters.unusual_move_least
    return is_large & (pl.col("deviations").abs() > parameters.unusual_move_deviations)


def is_stale(parameters: Parameters) -> pl.Expr:
    """Return whether a bar's ``equal_closes`` are too many."""
    return pl.col("equal_closes") >= parameters.stale_sessions


def source_gaps(
    bars: pl.DataFrame, second_versions: pl.DataFrame, known_at: dt.datetime, parameters: Parameters
) -> pl.DataFrame:
    """Return how far the closes of the second source are from ours, on sessions that both have.

    Args:
        bars: ``core.Bar``.
        second_versions: ``raw.SecondBar``; the newest version known by then counts, none is held back.
        known_at: the moment of the question.
        parameters: a gap of more than ``source_gap_bp`` either way is beyond.

    Returns:
        ``core.SourceGap``, sorted by its key.
    """
    second = latest_bars(second_versions, known_at).select("instrument_id", "session", second_close="close")
    gap = (pl.col("second_close") / pl.col("close") - 1) * _BP
    return (
        bars.join(second, on=("instrument_id", "session"))
        .with_columns(gap_bp=gap)
        .with_columns(is_beyond=pl.col("gap_bp").abs() > parameters.source_gap_bp)
        .select(core.SourceGap.column_names())
        .sort(core.SourceGap.primary_key())
    )
