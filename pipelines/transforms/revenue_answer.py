"""What one annual report says of where its revenue comes from: which of its splits answers, or why none does.

Belongs here: the choice between tags and axes, rule E of business segments, rule F and its reasons (docs/methods.md,
B7). Not here: what one split gives (``revenue_partition``), or which report speaks for a company when
(``revenue_geography``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

import polars as pl

from pipelines.contracts.vocabulary import REVENUE_METHODS, REVENUE_TAGS
from pipelines.parameters import Parameters
from pipelines.transforms.revenue_member import GEOGRAPHIC_AXES, Kind, member_kinds
from pipelines.transforms.revenue_partition import STANDINGS, Estimate, Part, Split, estimate, misses
from pipelines.transforms.revenue_row import SEGMENT_AXIS, revenue_rows

"""So many members that only states are called make states of those beside them that countries are called too."""

_PLACES = ("us", "home", "inclusive", "residual", "non_us", "foreign")
_UNITED_STATES = "US"


class Answer(NamedTuple):
    """One report: the total that was split, the domestic share and its bounds, or the reason why there is none."""

    adsh: str
    tag: str | None = None
    unit_of_measure: str | None = None
    total_revenue: float | None = None
    domestic_revenue: float | None = None
    domestic_share: float | None = None
    domestic_share_low: float | None = None
    domestic_share_high: float | None = None
    method: str = "not_reported"
    flags: str | None = None
    null_reason: str | None = None
    has_split: bool = False


class _Row(NamedTuple):
    adsh: str
    tag: str
    axis: str | None
    member: str | None
    others: str
    unit_of_measure: str
    value: float
    differs: bool
    conflicts: bool
    kind: Kind | None
    gdp_share: float | None


class _Candidate(NamedTuple):
    """A split that gives a share; candidates compare by how good their answer is."""

    is_part: bool
    method_rank: int
    standing_rank: int
    tag_rank: int
    axis_rank: int
    estimate: Estimate
    total: float

    @property
    def tag(self) -> str:
        return REVENUE_TAGS[self.tag_rank]


_SCHEMA = {
    **dict.fromkeys(("adsh", "tag", "unit_of_measure"), pl.String),
    **dict.fromkeys(("total_revenue", "domestic_revenue"), pl.Float64),
    **dict.fromkeys(("domestic_share", "domestic_share_low", "domestic_share_high"), pl.Float64),
    **dict.fromkeys(("method", "flags", "null_reason"), pl.String),
    "has_split": pl.Boolean,
}


def revenue_answers(
    filings: pl.DataFrame, facts: pl.DataFrame, regions: pl.DataFrame, parameters: Parameters
) -> pl.DataFrame:
    """Return what each report says that states any revenue of its year; of the others there is no row.

    Args:
        filings: ``raw.Filing``.
        facts: ``raw.FilingFact``; those of other filings are not looked at.
        regions: ``core.RegionShare``.
        parameters: the ``revenue_`` thresholds.

    Returns:
        One row per ``adsh`` with the columns of ``Answer``, sorted by it; ``has_split`` where the report has rows by
        geography, or segments that answer for them.
    """
    rows = revenue_rows(filings, facts, parameters)
    kinds = member_kinds(rows.filter(pl.col("axis").is_not_null()), regions)
    placed = (
        rows.join(kinds, on=["axis", "member"], how="left")
        .join(filings.select("adsh", is_domestic=_is_domestic()), on="adsh", how="left")
        .with_columns(kind=_kind_of_filer(parameters))
        .select(_Row._fields)
        .sort("adsh", "tag", "axis", "others", "member")
    )
    reports = groupby(map(_Row._make, placed.iter_rows()), key=lambda row: row.adsh)
    answers = [_answer(adsh, list(own), parameters) for adsh, own in reports]
    return pl.DataFrame(answers, schema=_SCHEMA, orient="row")


def _is_domestic() -> pl.Expr:
    """Return whether a filer is at home in the United States; where no address says, by the form it files."""
    countries = pl.concat_list("country_incorporated", "country_business").list.drop_nulls()
    by_form = pl.col("form").str.starts_with("10-K")
    return pl.when(countries.list.len() > 0).then(countries.list.contains(_UNITED_STATES)).otherwise(by_form)


def _kind_of_filer(parameters: Parameters) -> pl.Expr:
    """Return what members stand for beside each other and to their filer.

    What is home, and what the rest, to a filer from abroad is not to the United States. Names of states are such where
    enough of them are no names of countries. Where a domestic filer has none but names of both, they say nothing.
    """
    kind, group = pl.col("kind"), ("adsh", "tag", "axis", "others")
    are_states = (kind == "state").sum().over(group) >= parameters.revenue_least_states
    are_places = kind.is_in(_PLACES).any().over(group) | ~pl.col("is_domestic")
    return (
        pl.when(kind == "home")
        .then(pl.when("is_domestic").then(pl.lit("us")).otherwise(pl.lit("unknown")))
        .when((kind == "residual") & ~pl.col("is_domestic"))
        .then(pl.lit("unknown"))
        .when(kind.is_in(["state", "foreign_or_state"]) & are_states)
        .then(pl.lit("state"))
        .when((kind == "foreign_or_state") & are_places)
        .then(pl.lit("foreign"))
        .when(kind.is_in(["state", "foreign_or_state"]))
        .then(pl.lit("unknown"))
        .otherwise(kind)
    )


def _answer(adsh: str, rows: Sequence[_Row], parameters: Parameters) -> Answer:
    """Return what the rows of one report say."""
    unit = rows[0].unit_of_measure
    geographic = [row for row in rows if row.axis in GEOGRAPHIC_AXES]
    segments = [row for row in rows if row.axis == SEGMENT_AXIS]
    decisive = [row for row in rows if row.axis is None or (row.axis in GEOGRAPHIC_AXES and not row.others)]
    if any(row.conflicts for row in decisive):
        return Answer(adsh, unit_of_measure=unit, null_reason="conflict", has_split=bool(geographic))
    totals = {row.tag: row.value for row in rows if row.axis is None}
    if not totals:
        return Answer(adsh, unit_of_measure=unit, null_reason="no_revenue", has_split=bool(geographic))
    largest = min(totals, key=lambda tag: (-totals[tag], REVENUE_TAGS.index(tag)))
    silent = Answer(adsh, largest, unit, totals[largest], has_split=bool(geographic))
    if totals[largest] <= 0:
        return silent._replace(null_reason="no_revenue")
    found = _candidates(geographic, totals, parameters) if geographic else _by_segments(segments, totals, parameters)
    best = min(found, key=lambda candidate: candidate[:-2], default=None)
    if best is None:
        has_places = bool(geographic) or any(row.kind in _PLACES and row.value > 0 for row in segments)
        return silent._replace(null_reason="unreconciled" if has_places else "no_geo")
    flags = [*best.estimate.flags, *_flags_of_total(best, totals, parameters)]
    if any(row.differs for row in (*decisive, *(segments if not geographic else ()))):
        flags.append("conflict")
    return silent._replace(
        tag=best.tag,
        total_revenue=best.total,
        domestic_revenue=best.estimate.domestic_revenue,
        domestic_share=best.estimate.share,
        domestic_share_low=best.estimate.low,
        domestic_share_high=best.estimate.high,
        method=best.estimate.method if geographic else f"{best.estimate.method}_segments",
        flags=", ".join(flags) or None,
        has_split=True,
    )


def _candidates(rows: Sequence[_Row], totals: Mapping[str, float], parameters: Parameters) -> Iterator[_Candidate]:
    """Yield the geographic splits that give a share, one per tag and axis at most."""
    ordered = sorted(rows, key=lambda row: (row.tag, row.axis or "", row.others))
    for (tag, axis), own in groupby(ordered, key=lambda row: (row.tag, row.axis or "")):
        groups = {others: list(group) for others, group in groupby(own, key=lambda row: row.others)}
        plain = _parts(groups.pop("", []))
        crossed = {others: _parts(group) for others, group in groups.items() if not any(row.conflicts for row in group)}
        yield from _candidate(tag, GEOGRAPHIC_AXES.index(axis), Split(plain, crossed), totals, parameters)


def _by_segments(rows: Sequence[_Row], totals: Mapping[str, float], parameters: Parameters) -> Iterator[_Candidate]:
    """Yield the splits by business segment that stand for geographic ones: all of them places, together the total."""
    for tag, own in groupby(rows, key=lambda row: row.tag):
        group = list(own)
        parts = _parts(group)
        is_geography = all(row.kind != "unknown" and not row.conflicts for row in group)
        total = _total(tag, totals)
        if is_geography and total > 0 and misses(parts, total) <= parameters.revenue_partition_miss_share:
            yield from _candidate(tag, 0, Split(parts, {}), totals, parameters)


def _candidate(
    tag: str, axis_rank: int, split: Split, totals: Mapping[str, float], parameters: Parameters
) -> Iterator[_Candidate]:
    """Yield the candidate that a split makes, if any."""
    total = _total(tag, totals)
    if total <= 0 or (found := estimate(split, total, parameters)) is None:
        return
    is_part = tag not in totals or _is_partial(total, totals, parameters)
    standing = max((STANDINGS.index(flag) for flag in found.flags if flag in STANDINGS), default=0)
    ranks = (REVENUE_METHODS.index(found.method), standing, REVENUE_TAGS.index(tag), axis_rank)
    yield _Candidate(is_part, *ranks, found, total)


def _total(tag: str, totals: Mapping[str, float]) -> float:
    """Return the total of the same tag, or the largest of the report where it has none."""
    return totals.get(tag, max(totals.values()))


def _is_partial(total: float, totals: Mapping[str, float], parameters: Parameters) -> bool:
    return total < parameters.revenue_partial_scope_share * max(totals.values())


def _flags_of_total(best: _Candidate, totals: Mapping[str, float], parameters: Parameters) -> Iterator[str]:
    """Yield what is to be known of the total."""
    if best.tag not in totals:
        yield "other_total"
    if _is_partial(best.total, totals, parameters):
        yield "partial_scope"


def _parts(rows: Sequence[_Row]) -> list[Part]:
    return [Part(row.member or "", row.kind or "unknown", row.value, row.gdp_share) for row in rows]
