"""The analytic parameter set: every threshold of docs/methods.md, in one frozen class with an id.

No threshold stands as a literal in a transform. A warehouse states the id of the set it was built with.
"""

from __future__ import annotations

import datetime as dt
import hashlib

from pydantic import BaseModel, ConfigDict, Field


class Parameters(BaseModel):
    """Thresholds of the published definitions. Defaults are those of docs/methods.md."""

    model_config = ConfigDict(frozen=True)

    # Common rules
    calendar_checked_from: dt.date = dt.date(1970, 1, 1)
    """First session on which the calendar is trusted to be complete (older holidays are not in the library)."""
    bar_settle_minutes: int = 30
    """A bar is accepted this many minutes after its session's close; an assumed known_from stands there too."""
    assumed_after_sessions: int = 10
    """The first version of a bar fetched more sessions late than this gets an assumed known_from."""

    # B1 moving averages, slope, phases
    slope_sessions: int = 20
    """k: sessions over which the slope of an average is measured."""
    medium_flat_band_bp: float = 2.0
    """Flat band of the 50-session slope, in basis points per day."""
    major_flat_band_bp: float = 1.0
    """Flat band of the 200-session slope, in basis points per day."""
    phase_confirmation_sessions: int = 1
    """Consecutive sessions beyond the band that turn a phase."""
    max_missing_share: float = 0.01
    """An average is null when more than this share of its window is missing."""
    ema_stable_weight: float = 1e-4
    """An EMA is stable once its seed weighs less than this."""
    support_window_sessions: int = 60
    support_touch_atr: float = 0.5
    support_max_closes_below: int = 2
    multi_week_sessions: int = 10
    multi_week_atr: float = 2.0
    multi_week_pct: float = 5.0
    """Used in place of the ATR distance wherever the ATR is null (a ratio, warm-up, a close-only bar)."""

    # B2 relative performance
    turning_point_pct: float = 10.0
    """Lambda of the turning-point filter, both ways, in per cent."""
    cusum_drift: float = 0.25
    cusum_threshold: float = 8.0
    cusum_volatility_sessions: int = 252
    quarter_tie_pct_points: float = 0.10
    mansfield_weeks: int = 52
    mansfield_slope_weeks: int = 4

    # B3 record highs
    fresh_after_sessions: int = 20
    """Sessions strictly between two records that make the later one fresh."""
    marginal_pct: float = 0.05
    approach_pct: float = 2.0
    retest_pct: float = 0.5
    retest_atr: float = 0.25
    episode_end_share: float = 0.97
    """An episode near the record ends on a close below this share of it."""

    # B4 levels
    pivot_span_sessions: int = Field(default=5, ge=1)
    """n: a fractal pivot is the extreme of so many sessions on either side."""
    zigzag_atr: float = 3.0
    """Reversal that confirms a turning point of the ATR zigzag."""
    zigzag_pct: float = 5.0
    """The same of the per-cent zigzag."""

    @property
    def set_id(self) -> str:
        """Return a short id that changes exactly when a parameter does."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:12]
