"""Statements of relative performance, averages and phases (docs/methods.md, B9; the states are those of B1 and B2)."""

from __future__ import annotations

from pipelines.contracts import core
from pipelines.transforms.claim.answer import Answer, CannotTellError, on_each
from pipelines.transforms.claim.series import CLOSE, price_bases, row_of_session, series_of
from pipelines.transforms.claim.view import Claim, View

_HORIZONS = {"50": "medium", "200": "major"}


def relative_since(claim: Claim, view: View) -> list[Answer]:
    """Check the relative verdict of a pair and the quarter it speaks since."""

    def answer(basis: str) -> Answer:
        series = series_of(claim, view)
        row = row_of_session(view, core.RelativeRegime, pair_id=series.series_id)
        holds = (row["verdict"], row["since_quarter"]) == (claim.stated, claim["quarter"])
        evidence = (row.says("verdict", "since", "since_quarter", "confidence"),)
        agree = () if row["confidence"] is None else (f"{row['confidence']} of 3 detectors agree",)
        return Answer(basis, holds, row["regime_statement"], evidence=evidence, limits=series.limits + agree)

    return on_each([CLOSE], answer)


def ratio_turning(claim: Claim, view: View) -> list[Answer]:
    """Check which way a ratio has turned: its medium-term phase."""
    return _phase(claim, view, "medium")


def phase(claim: Claim, view: View) -> list[Answer]:
    """Check a phase of an instrument or pair."""
    return _phase(claim, view, claim["horizon"])


def average_direction(claim: Claim, view: View) -> list[Answer]:
    """Check the direction of an average at the claim's session."""
    horizon, slope = _HORIZONS[claim["span"]], f"slope_{claim['span']}_bp_per_day"

    def answer(basis: str) -> Answer:
        series = series_of(claim, view)
        row = row_of_session(view, core.TrendState, series_id=series.series_id)
        label = row[f"{horizon}_label"]
        if label is None:
            raise CannotTellError(f"{row.says(f'{horizon}_label')}, {row[f'{horizon}_reason']}")
        average = row_of_session(view, core.MovingAverage, series_id=series.series_id)
        computed = f"{label}, {average[slope]:+.2f} bp a day"
        evidence = (row.says(f"{horizon}_label"), average.says(slope, f"sma_{claim['span']}"))
        return Answer(basis, label == claim.stated, computed, average[slope], None, evidence, series.limits)

    return on_each([CLOSE], answer)


def average_support(claim: Claim, view: View) -> list[Answer]:
    """Check whether a rising average supports the price.

    On closes it does where the close lies above it; on highs, lows and closes where it has carried the price of late.
    """
    horizon, distance = _HORIZONS[claim["span"]], f"distance_sma_{claim['span']}_pct"
    label, carries = f"{horizon}_label", f"{horizon}_is_supported"

    def answer(basis: str) -> Answer:
        series = series_of(claim, view)
        row = row_of_session(view, core.TrendState, series_id=series.series_id)
        average = row_of_session(view, core.MovingAverage, series_id=series.series_id)
        column = label if basis == CLOSE else carries
        if row[column] is None or average[distance] is None:
            raise CannotTellError(f"{row.says(column)}: too few rows so far, or none with a range")
        away = f"the close lies {average[distance]:+.2f} % from the average"
        is_supported = row[carries]
        computed = f"{away}, which has {'' if row[carries] else 'not '}carried the price of late"
        if basis == CLOSE:
            is_supported = row[label] == "rising" and average[distance] > 0
            computed = f"{away}, which is {row[label]}"
        holds = is_supported == (claim.stated == "supported")
        evidence = (row.says(column), average.says(distance))
        return Answer(basis, holds, computed, average[distance], None, evidence, series.limits)

    return on_each(price_bases(claim), answer)


def _phase(claim: Claim, view: View, horizon: str) -> list[Answer]:
    columns = (f"{horizon}_phase", f"{horizon}_since", f"{horizon}_label")

    def answer(basis: str) -> Answer:
        series = series_of(claim, view)
        row = row_of_session(view, core.TrendState, series_id=series.series_id)
        found, since, _ = (row[column] for column in columns)
        if found is None:
            raise CannotTellError(f"{row.says(columns[0])}, {row[f'{horizon}_reason']}")
        evidence = (row.says(*columns),)
        return Answer(basis, found == claim.stated, f"{found} since {since}", evidence=evidence, limits=series.limits)

    return on_each([CLOSE], answer)
