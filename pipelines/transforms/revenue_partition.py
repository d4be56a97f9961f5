"""The domestic share that one split of a revenue gives: rules A to D, and the search for parts that make up the total.

Belongs here: what may be concluded from the members of one tag and axis of one report (docs/methods.md, B7).
Not here: which rows count (``revenue_row``), what members stand for (``revenue_member``), or which of a report's splits
answers for it (``revenue_answer``). No total is ever scaled to fit its parts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from pipelines.parameters import Parameters
from pipelines.transforms.revenue_member import Kind

FREE_PARTS = 16
"""So many parts are tried in every combination; smaller ones beyond them are in or out together."""
STANDINGS = ("reconciled", "nested", "unreconciled")

_NAMELESS: tuple[Kind, ...] = ("residual", "non_us")
_FOREIGN: tuple[Kind, ...] = ("foreign", *_NAMELESS)
_MISS_DECIMALS = 3
"""Partitions whose misses agree to so many decimals of the total fit it equally well."""


class Part(NamedTuple):
    """One member's revenue, in the unit of the report; ``gdp_share`` is that of a region with the United States."""

    member: str
    kind: Kind
    value: float
    gdp_share: float | None = None


class Split(NamedTuple):
    """The members of one tag and axis: the plain ones, and those that are crossed with members of other axes."""

    plain: Sequence[Part]
    crossed: Mapping[str, Sequence[Part]]


class Estimate(NamedTuple):
    """A domestic share between its bounds, the rule that gave it and what is to be known of it."""

    method: str
    share: float
    low: float
    high: float
    domestic_revenue: float | None = None
    flags: tuple[str, ...] = ()


class _Partition(NamedTuple):
    """Parts that make up the total, in sums: of the regions with the United States, of their estimate, of unknowns."""

    miss: float
    inclusive: float
    domestic: float
    unknown: float
    is_bounded: bool


def estimate(split: Split, total: float, parameters: Parameters) -> Estimate | None:
    """Return what the first rule that applies makes of a split, or None where none does.

    A part of zero or less takes no place among the parts that make up the total.

    Args:
        split: Parts whose kinds are those of the filer: never ``home`` or ``foreign_or_state``.
        total: Revenue that is split, greater than zero.
        parameters: ``revenue_explicit_excess_share`` of rules A and B, ``revenue_partition_miss_share`` of C and D.
    """
    kinds = {part.kind for part in split.plain}
    if "us" in kinds:
        return _explicit_us(split, total, parameters)
    if "state" in kinds:
        return _states(split, total, parameters)
    return (
        _explicit_foreign(split.plain, total, parameters)
        or _bucket(split, total, parameters)
        or _all_foreign(split.plain, total, parameters)
    )


def misses(parts: Sequence[Part], total: float) -> float:
    """Return how far all parts together miss the total, as a share of it."""
    return abs(_sum(parts) - total) / total


def _explicit_us(split: Split, total: float, parameters: Parameters) -> Estimate | None:
    """Rule A: the United States are a member. Members that name them twice must say the same."""
    values = [part.value for part in split.plain if part.kind == "us"]
    revenue = max(values)
    if min(values) < 0 or revenue - min(values) > parameters.revenue_conflict_share * revenue:
        return None
    tolerance = parameters.revenue_explicit_excess_share
    if revenue / total > 1 + tolerance:
        return None
    others = [part for part in split.plain if part.kind != "us"]
    if _closest(others, total, tolerance, base=revenue) is not None:
        flags: tuple[str, ...] = ("reconciled",)
    elif any(_holds_nested(parts, revenue, total, tolerance) for parts in (split.plain, *split.crossed.values())):
        flags = ("nested",)
    else:
        flags = ("unreconciled", "bounded_search") if len(others) > FREE_PARTS else ("unreconciled",)
    return _certain("explicit_us", revenue / total, revenue, flags)


def _holds_nested(parts: Sequence[Part], revenue: float, total: float, tolerance: float) -> bool:
    """Return whether parts without the United States make up the total, with a region that can hold their revenue."""
    without = [part for part in parts if part.kind != "us"]
    too_small = [part.kind == "inclusive" and part.value < revenue for part in without]
    able = [part._replace(kind="unknown") if small else part for part, small in zip(without, too_small, strict=True)]
    return _closest(able, total, tolerance, needs_inclusive=True) is not None


def _states(split: Split, total: float, parameters: Parameters) -> Estimate | None:
    """Rule A where states stand for the country: only where all plain parts together make up the total."""
    tolerance = parameters.revenue_explicit_excess_share
    if min(part.value for part in split.plain) < 0 or misses(split.plain, total) > tolerance:
        return None
    if any(part.kind in ("inclusive", "unknown") for part in split.plain):
        return None
    revenue = _sum([part for part in split.plain if part.kind == "state"])
    return _certain("explicit_us", revenue / total, revenue, ("reconciled", "states"))


def _explicit_foreign(parts: Sequence[Part], total: float, parameters: Parameters) -> Estimate | None:
    """Rule B: one member is all that is not from the United States, as it stands alone or restates the others abroad.

    A member that only says rest or abroad is all of it just where no other member can hold the United States. One that
    makes up the total together with those it equals may as well be the other half of it.
    """
    present = [part for part in parts if part.value > 0]
    whole = _whole_abroad(present, parameters)
    if whole is None or whole.value / total > 1 + parameters.revenue_explicit_excess_share:
        return None
    foreign = [part for part in present if part.kind in _FOREIGN]
    if len(present) > 1 and not (
        (whole.kind == "non_us" or len(foreign) == len(present))
        and misses(foreign, total) > parameters.revenue_partition_miss_share
    ):
        return None
    return _certain("explicit_foreign", 1 - whole.value / total)


def _whole_abroad(present: Sequence[Part], parameters: Parameters) -> Part | None:
    """Return the member that names no place and is alone, or the sum of all others abroad with a place among them."""
    nameless = [part for part in present if part.kind in _NAMELESS]
    if not nameless:
        return None
    whole = max(nameless, key=lambda part: (part.value, part.kind == "non_us", part.member))
    others = [part for part in present if part.kind in _FOREIGN and part is not whole]
    restates = (
        any(part.kind == "foreign" for part in others)
        and misses(others, whole.value) <= parameters.revenue_explicit_excess_share
    )
    return whole if restates or len(present) == 1 else None


def _bucket(split: Split, total: float, parameters: Parameters) -> Estimate | None:
    """Rule C: parts with a region that holds the United States make up the total; its economies give the share."""

    def partition(parts: Sequence[Part]) -> _Partition | None:
        without = [part for part in parts if part.kind not in ("us", "state")]
        return _closest(without, total, parameters.revenue_partition_miss_share, needs_inclusive=True)

    found = partition(split.plain)
    if found is None:
        crossed = ((partition(parts), others) for others, parts in split.crossed.items())
        made = [(made, others) for made, others in crossed if made is not None]
        if not made:
            return None
        found, _ = min(made, key=lambda candidate: (candidate[0].miss, candidate[1].count(";"), candidate[1]))
    high = min(1.0, (found.inclusive + found.unknown) / total)
    flags = (
        *(["unknown_member"] if found.unknown > 0 else []),
        *(["bounded_search"] if found.is_bounded else []),
    )
    return Estimate("bucket", min(found.domestic / total, high), 0.0, high, flags=flags)


def _all_foreign(parts: Sequence[Part], total: float, parameters: Parameters) -> Estimate | None:
    """Rule D: members abroad, and no others, make up the total. What only says rest might still be domestic."""
    present = [part for part in parts if part.value > 0]
    if not present or any(part.kind not in _FOREIGN for part in present):
        return None
    is_in_doubt = len(present) > 1 and _whole_abroad(present, parameters) is not None
    if is_in_doubt or misses(present, total) > parameters.revenue_partition_miss_share:
        return None
    rest = _sum([part for part in present if part.kind == "residual"])
    return Estimate("all_foreign", 0.0, 0.0, min(1.0, rest / total))


def _certain(method: str, share: float, revenue: float | None = None, flags: tuple[str, ...] = ()) -> Estimate:
    within = min(1.0, max(0.0, share))
    return Estimate(method, within, within, within, revenue, flags)


def _sum(parts: Sequence[Part]) -> float:
    """Return the sum of values, the same for any order of the parts."""
    return float(sum(sorted(part.value for part in parts)))


def _closest(
    parts: Sequence[Part], total: float, tolerance: float, base: float = 0.0, needs_inclusive: bool = False
) -> _Partition | None:
    """Return the parts that together with ``base`` come closest to the total, or None where none comes close enough.

    Of partitions that fit equally well it is the one with the least in regions that hold the United States, then with
    the least unknown: the finest. Regions are tried one by one first, then the parts by size.
    """
    present = [part for part in parts if part.value > 0]
    present.sort(key=lambda part: (part.kind != "inclusive", -part.value, part.member))
    columns = np.array(
        [
            (
                part.value,
                part.value if part.kind == "inclusive" else 0.0,
                part.value * (part.gdp_share or 0.0),
                part.value if part.kind == "unknown" else 0.0,
            )
            for part in present
        ]
    ).reshape(-1, 4)
    free, beyond = columns[:FREE_PARTS], columns[FREE_PARTS:]
    if is_bounded := len(beyond) > 0:
        free = np.vstack([free, beyond.sum(axis=0)])
    sums = np.zeros((1, 4))
    for column in free:
        sums = np.concatenate([sums, sums + column])
    miss = np.abs(base + sums[:, 0] - total) / total
    fits = miss <= tolerance
    if needs_inclusive:
        fits &= sums[:, 1] > 0
    (rows,) = np.nonzero(fits)
    if not len(rows):
        return None
    order = np.lexsort((miss[rows], sums[rows, 3], sums[rows, 1], np.round(miss[rows], _MISS_DECIMALS)))
    best = rows[order[0]]
    inclusive, domestic, unknown = (float(value) for value in sums[best, 1:])
    return _Partition(float(miss[best]), inclusive, domestic, unknown, is_bounded)
