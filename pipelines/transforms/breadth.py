"""Breadth: how many members of an index or of one of its sectors take part, per session.

Belongs here: ``core.breadth`` (docs/methods.md, B6). Not here: what its measures are made of (``breadth_tally``), who
is a member when (``member_spell``), or which bars are good enough to count (``stock_bar``).
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from pipelines.contracts import core
from pipelines.contracts.vocabulary import ALL_SECTORS, MEMBERSHIP_QUALITIES
from pipelines.parameters import Parameters
from pipelines.transforms.breadth_tally import SMA_SPANS, tallies_of, whole_tallies

PERCENT = 100.0
_GROUP = ("index_id", "sector")
_KEY = (*_GROUP, "session")


def breadth(
    stock_bars: pl.DataFrame, spells: pl.DataFrame, sessions: pl.DataFrame, parameters: Parameters
) -> pl.DataFrame:
    """Return every measure of breadth of each index and sector at each session from the first bar to the last.

    Definitions: docs/methods.md B6. What a member needs to be eligible (n bars for an average, and so on) is counted
    in its own bars up to the session, those from before its membership included. Rows up to a session do not change
    with later bars.

    Args:
        stock_bars: ``core.StockBar``, in any order.
        spells: ``core.MemberSpell``; ``weight_share`` weighs ``return_cap_pct``.
        sessions: ``core.Session``, spanning the bars.
        parameters: the ``breadth_`` thresholds.

    Returns:
        ``core.Breadth``, sorted by its key. The whole index (sector ``ALL``) has a row at every session, a sector
        where it has members. A null value is explained, and never a zero.

    Raises:
        ValueError: a bar stands on a day that is no session, or two spells of a member overlap.
    """
    require_sessions(stock_bars, sessions)
    require_apart(spells)
    if stock_bars.is_empty() or spells.is_empty():
        return core.Breadth.create_empty()
    span = stock_bars.select(first=pl.col("session").min(), last=pl.col("session").max()).row(0)
    days = days_between(sessions, *span)
    return measures_of(tallies_of(stock_bars, spells, days, parameters), spells["index_id"], days, parameters)


def measures_of(
    tallies: pl.DataFrame,
    indices: pl.Series,
    days: pl.Series,
    parameters: Parameters,
    lines: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Return every measure of breadth on some sessions running.

    Args:
        tallies: ``kept.BreadthTally`` of all stocks on these sessions, in parts one under the other.
        indices: The indices there are, whether they have members or not.
        days: The sessions. Those that are not the first of all need ``breadth_smoothing_sessions`` less one in front
            of them for ``high_low_index``: rows of these have to be left aside.
        parameters: see ``breadth``.
        lines: ``index_id``, ``sector`` and the last published ``advance_decline_line`` before these sessions; None
            where nothing lies before them.

    Returns:
        ``core.Breadth``, sorted by its key.
    """
    weakest = [pl.when(pl.col(name) > 0).then(pl.lit(name)) for name in reversed(MEMBERSHIP_QUALITIES)]
    rows = whole_tallies(tallies, indices.unique(), days).with_columns(membership_quality=pl.coalesce(weakest))
    began = pl.DataFrame(schema={**rows.select(_GROUP).schema, "line_before": pl.Float64}) if lines is None else lines
    rows = rows.join(began, on=_GROUP, how="left", maintain_order="left")
    kept = rows.select(is_kept=(pl.col("members") > 0) | (pl.col("sector") == ALL_SECTORS)).to_series()
    measures = _measures(rows, parameters)
    return pl.concat(measure.filter(kept) for measure in measures).sort(core.Breadth.primary_key())


def days_between(sessions: pl.DataFrame, first: dt.date | None, last: dt.date | None) -> pl.Series:
    """Return the sessions from the first bar to the last, in order; none where there is no bar."""
    days = sessions["session"].sort()
    return days.filter(days.is_between(first, last)) if first and last else days.clear()


def require_sessions(stock_bars: pl.DataFrame, sessions: pl.DataFrame) -> None:
    """Raise where a bar stands on a day that is no session."""
    stray = stock_bars.join(sessions, on="session", how="anti").sort("instrument_id", "session").head(1)
    for bar in stray.iter_rows(named=True):
        raise ValueError(
            f"core.breadth {bar['instrument_id']} {bar['session']}: expected a session of core.session, was none"
        )


def require_apart(spells: pl.DataFrame) -> None:
    """Raise where a symbol would be two members of one index at once."""
    end_before = pl.col("effective_to").fill_null(dt.date.max).shift(1).over("index_id", "symbol")
    overlaps = spells.sort("index_id", "symbol", "effective_from").filter(pl.col("effective_from") < end_before)
    for spell in overlaps.head(1).iter_rows(named=True):
        raise ValueError(
            f"core.member_spell {spell['index_id']} {spell['symbol']} {spell['effective_from']}: expected a spell that"
            " begins when the one before has ended, was one within it"
        )


def _measures(rows: pl.DataFrame, parameters: Parameters) -> list[pl.DataFrame]:
    """Return a frame of ``core.Breadth`` for each measure; each has the rows of ``rows``, in their order."""
    change, extreme = (_gate(f"eligible_{needed}", parameters) for needed in ("change", "extreme"))
    extremes = pl.col("new_highs") + pl.col("new_lows")
    rows = rows.with_columns(
        eligible_extreme_reason=extreme,
        net=pl.when(change.is_null()).then(pl.col("advances") - pl.col("declines")),
        unchanged=pl.col("eligible_change") - pl.col("advances") - pl.col("declines"),
        record_high_pct=pl.when(extreme.is_null() & (extremes > 0)).then(pl.col("new_highs") / extremes * PERCENT),
    )
    no_weights = (pl.col("without_weight") > 0) | (pl.col("weight") <= 0)
    no_extremes = pl.coalesce(extreme, pl.when(extremes == 0).then(pl.lit("no_new_highs_or_lows")))
    high_low_index, high_low_reason = _high_low_index(parameters.breadth_smoothing_sessions)
    of_change = {
        **{name: pl.col(name) for name in ("advances", "declines", "unchanged")},
        "advance_decline_line": pl.col("net").cum_sum().over(_GROUP) + pl.col("line_before").fill_null(0),
        "return_equal_pct": pl.col("change") / pl.col("eligible_change") * PERCENT,
    }
    of_extremes = {
        f"{name}_252": pl.col(name) for name in ("new_highs", "new_lows", "new_high_closes", "new_low_closes")
    }
    weighted = pl.col("weighted_change") / pl.col("weight") * PERCENT
    weighted_reason = pl.coalesce(change, pl.when(no_weights).then(pl.lit("no_weights")))
    return [
        *(_above(rows, span, parameters) for span in SMA_SPANS),
        *(_measure(rows, name, value, "eligible_change", change) for name, value in of_change.items()),
        _measure(rows, "return_cap_pct", weighted, "eligible_change", weighted_reason),
        *(_measure(rows, name, value, "eligible_extreme", extreme) for name, value in of_extremes.items()),
        _measure(
            rows, "record_high_pct", pl.col("record_high_pct"), "eligible_extreme", pl.coalesce(extreme, no_extremes)
        ),
        _measure(rows, "high_low_index", high_low_index, "eligible_extreme", high_low_reason),
    ]


def _gate(eligible: str, parameters: Parameters) -> pl.Expr:
    """Return what is wanting: members, bars of theirs, or enough earlier bars; null where nothing is."""
    least = parameters.breadth_min_coverage_share
    members = pl.col("members")
    return (
        pl.when(members == 0)
        .then(pl.lit("no_members"))
        .when(pl.col("present") / members < least)
        .then(pl.lit("coverage"))
        .when((pl.col(eligible) / members < least) | (pl.col(eligible) == 0))
        .then(pl.lit("warm_up"))
    )


def _above(rows: pl.DataFrame, span: int, parameters: Parameters) -> pl.DataFrame:
    eligible = f"eligible_{span}"
    value = pl.col(f"above_{span}") / pl.col(eligible) * PERCENT
    return _measure(rows, f"pct_above_{span}", value, eligible, _gate(eligible, parameters))


def _high_low_index(span: int) -> tuple[pl.Expr, pl.Expr]:
    """Return the mean of ``record_high_pct`` over so many sessions, and why it is null.

    Summed afresh at each session, as a running sum would leave the range from 0 to 100 in the last digit. A window
    with a session of which nothing is published has the reason of the latest of them; the first session is always one.
    """
    gate = pl.col("eligible_extreme_reason")
    mean = pl.mean_horizontal(pl.col("record_high_pct").shift(back).over(_GROUP) for back in range(span))
    is_whole = (gate.is_null().cast(pl.Int64).rolling_sum(span).over(_GROUP) == span).fill_null(value=False)
    latest = gate.replace("no_members", "warm_up").forward_fill().over(_GROUP)
    reason = pl.when(~is_whole).then(latest).when(mean.is_null()).then(pl.lit("no_new_highs_or_lows"))
    return mean, pl.coalesce(gate, reason)


def _measure(rows: pl.DataFrame, name: str, value: pl.Expr, eligible: str, reason: pl.Expr) -> pl.DataFrame:
    """Return one measure as ``core.Breadth``, its value where there is no reason against it."""
    return rows.select(
        *_KEY,
        pl.lit(name).alias("measure"),
        pl.when(reason.is_null()).then(value.cast(pl.Float64)).alias("value"),
        pl.col(eligible).alias("eligible"),
        "members",
        pl.when(pl.col("members") > 0).then(pl.col(eligible) / pl.col("members")).alias("coverage_share"),
        "membership_quality",
        reason.alias("null_reason"),
    )
