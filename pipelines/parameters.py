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
    record_history_years: int = Field(default=3, ge=0)
    """A claim about records needs bars from so many years before on: what tops a shorter history need be no record."""

    # B4 levels
    pivot_span_sessions: int = Field(default=5, ge=1)
    """n: a fractal pivot is the extreme of so many sessions on either side."""
    zigzag_atr: float = 3.0
    """Reversal that confirms a turning point of the ATR zigzag."""
    zigzag_pct: float = 5.0
    """The same of the per-cent zigzag."""
    zone_age_sessions: int = Field(default=756, ge=1)
    """A pivot counts in a zone up to this age, a superseded record this long after it was superseded."""
    zone_gap_atr: float = 0.5
    """Largest gap between two neighbours in a zone."""
    zone_width_atr: float = 1.0
    """Largest width of a zone."""
    zone_cover_atr: float = 0.25
    """Margin on either side within which a zone covers a price; overlaps are measured with it."""
    zone_overlap_share: float = 0.5
    """A zone keeps its id when it overlaps what it was by this share of the narrower of the two."""
    zone_memory_sessions: int = Field(default=252, ge=0)
    """A zone that vanished gets its id back when it returns within so many sessions."""
    zone_half_life_sessions: float = 252.0
    """Age at which a pivot weighs half in the recency weight."""
    level_tolerance_atr: float = 0.25
    level_tolerance_pct: float = 0.1
    """A level counts as reached within the larger of the two, the latter in per cent of its centre."""
    level_break_atr: float = 0.5
    """A close this far beyond a level breaks it at once."""
    level_hold_atr: float = 1.0
    """A close this far away decides a test or a retest from the far side."""
    level_test_sessions: int = Field(default=10, ge=1)
    """Sessions after the touch within which a test is decided; after them it lapses."""
    level_reversal_sessions: int = Field(default=10, ge=0)
    """Sessions after the retest from the far side within which a broken level reverses its role."""
    level_reclaim_sessions: int = Field(default=20, ge=1)
    """Two closes back beyond a broken level reclaim it when they lie at most this many sessions apart."""
    level_basis_sessions: int = Field(default=20, ge=1)
    """Common sessions over which the basis of a quote instrument is the median."""
    outcome_break_atr: float = 0.25
    """In the statistics a close this far beyond the level ends a test as a break."""
    placebo_draws: int = Field(default=100, ge=2)
    placebo_seed: int = 20241202
    placebo_least: float = 0.5
    placebo_most: float = 1.5
    """A placebo lies between these multiples of the real level's distance."""
    placebo_sessions: int = Field(default=252, ge=1)
    """Sessions within which a placebo has to be reached to count as a test."""

    # B6 breadth, B7 revenue exposure, B8 quality of bars
    breadth_min_coverage_share: float = 0.95
    """Breadth is null where fewer of the members than this share are eligible."""
    breadth_extreme_sessions: int = Field(default=252, ge=2)
    """New highs and lows are those of so many sessions, the present one included."""
    breadth_smoothing_sessions: int = Field(default=10, ge=1)
    """Window of the index of highs and lows."""
    membership_max_age_days: int = Field(default=400, ge=1)
    """Holdings stand for the members of an index up to this many days after their date."""
    jump_share: float = 0.5
    """A close that differs from the one before by more than this share of it is warned of."""
    stale_sessions: int = Field(default=3, ge=2)
    """So many equal closes running are warned of."""
    unusual_move_sessions: int = Field(default=252, ge=2)
    unusual_move_deviations: float = 8.0
    """A log return beyond so many standard deviations of those before it is warned of."""
    unusual_move_least: float = 0.01
    """A log return up to this size is never unusual, however quiet the price has been."""
    index_quoted_from: dt.date = dt.date(1984, 1, 1)
    """From here on an index is quoted all day: a bar without range or volume is warned of."""
    source_gap_bp: float = 2.0
    """Two sources whose closes differ by more are warned of."""
    split_least_change: float = 0.01
    """A close restated by less than this share of itself is a revision, never a split."""
    split_tolerance: float = 0.005
    """Closes restated by one ratio agree on it within this share."""
    split_least_sessions: int = Field(default=5, ge=2)
    """So many neighbouring closes restated by one ratio are a split that was applied in part."""
    split_history_share: float = 0.5
    """Closes restated by one ratio on more than this share of the history are a split that no action told of."""
    split_checked_ratio: float = 1.25
    """A split of this ratio or more, either way, must show in the traded price; a spike of so much is held back."""
    hundredfold_least: float = 50.0
    """A close so many times the last good one, or a high so many times its low, is held back."""
    revenue_stale_months: int = Field(default=18, ge=1)
    """An annual report whose year ended longer ago says nothing any more."""
    revenue_explicit_excess_share: float = 0.005
    """How far a domestic revenue may exceed the total, and a partition with it may miss it (rules A and B)."""
    revenue_partition_miss_share: float = 0.01
    """How far regions may miss the total that they make up (rules C, D and E)."""
    revenue_conflict_share: float = 0.005
    """Two values of one fact farther apart than this share of the larger refuse the filing."""
    revenue_partial_scope_share: float = 0.95
    """Contract revenue below this share of all revenue is flagged as partial."""
    revenue_least_states: int = Field(default=3, ge=1)
    """So many codes that only states have make states of codes that could be countries too."""
    exposure_min_weight_share: float = 0.50
    """An exposure is null where companies of less weight than this share are covered, on the reported basis."""

    # B8 what is asked of a vendor, and what counts as a change
    refetch_sessions: int = Field(default=10, ge=1)
    """So many sessions up to the last one asked for are asked for again."""
    whole_history_days: int = Field(default=6, ge=1)
    """A history read whole longer ago is read whole again, where that is wanted."""
    revision_close_bp: float = Field(default=0.5, gt=0)
    """A close that moved by more is a new version of a bar of a stock, and a material revision of any bar."""
    revision_range_bp: float = Field(default=5.0, gt=0)
    """The same of another price that moved by so much or more; an open makes no revision material."""
    restated_least_sessions: int = Field(default=3, ge=2)
    """So many closes moved by one ratio show a split that is not stated."""
    restated_least_share: float = Field(default=0.01, gt=0)
    """Least distance of that ratio from one."""
    ask_again_unknown_days: int = Field(default=7, ge=0)
    """A symbol that the vendor does not know is asked for again after so many days."""
    ask_again_empty_days: int = Field(default=1, ge=0)
    """The same of a symbol without bars, and of one that had bars and is not known for the first time."""
    ask_again_limited_minutes: int = Field(default=10, ge=0)
    """The same after the vendor limited the rate of requests."""

    @property
    def set_id(self) -> str:
        """Return a short id that changes exactly when a parameter does."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:12]
