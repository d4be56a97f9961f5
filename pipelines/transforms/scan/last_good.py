"""Which version of each bar was the last good one: the path-dependent machine of the quarantine.

Belongs here: one NumPy loop over the fetches of one instrument, and one over its sessions. Prices are natural
logarithms, in shares of today. Not here: frames, dates, thresholds, or which instruments need a machine at all (see
``quarantine``; few do).
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
NO_ROW = -1
GOOD, UNSEEN_SPLIT, PARTIAL_SPLIT, HUNDREDFOLD = 0, 1, 2, 3


class Limits(NamedTuple):
    """The thresholds of B8 as logarithms and counts."""

    least_change: float
    tolerance: float
    least_sessions: int
    history_share: float
    checked_ratio: float
    hundredfold: float


class Splits(NamedTuple):
    """Splits that the source states: the slot of the first session in new shares, and the logarithm of the ratio."""

    slot: Integers
    log_ratio: Floats
    is_effective: npt.NDArray[np.bool_]


class LastGood(NamedTuple):
    """One item per slot (session) each."""

    row: Integers
    """The version that stands, ``NO_ROW`` for a gap."""
    rule: Integers
    """Why the newest version does not stand, ``GOOD`` where it does."""
    newest: Integers
    """The newest version, ``NO_ROW`` for a slot without any."""


def last_good(slot: Integers, fetch: Integers, price: Floats, splits: Splits, limits: Limits) -> LastGood:
    """Walk through the fetches of one instrument; each time hold all that its source now says against what stood.

    A version that is held back is looked at again with every later fetch, so it is released once the source goes
    back, or once what stood turns out to be the error.

    Args:
        slot: session of each version, numbered from 0 in the order of sessions.
        fetch: number of the fetch that brought the version, in rising order.
        price: logarithm of the version's close.
        splits: what the source states of splits.
        limits: see there.
    """
    size = int(slot.max()) + 1 if len(slot) else 0
    row, newest, rule = np.full(size, NO_ROW), np.full(size, NO_ROW), np.zeros(size, dtype=np.int64)
    for rows in np.split(np.arange(len(slot)), np.flatnonzero(np.diff(fetch)) + 1):
        newest[slot[rows]] = rows
        rule = _held(row, newest, price, splits, limits)
        stands = (newest != NO_ROW) & (rule == GOOD)
        row[stands] = newest[stands]
    return LastGood(row, rule, newest)


def _held(row: Integers, newest: Integers, price: Floats, splits: Splits, limits: Limits) -> Integers:
    """Return for each slot the rule that holds its newest version back."""
    rule = np.zeros(len(row), dtype=np.int64)
    both = np.flatnonzero(row != NO_ROW)
    change = price[newest[both]] - price[row[both]]
    runs = _runs(change, limits)
    if not runs:
        return rule
    constants = np.array([np.median(change[start:stop]) for start, stop in runs])
    sizes = np.array([stop - start for start, stop in runs])
    # Runs of the ratio that most of the history was restated by.
    is_alike = np.abs(constants - constants[np.argmax(sizes)]) <= limits.tolerance
    alike_size = int(sizes[is_alike].sum())
    is_history = alike_size >= limits.least_sessions and alike_size > limits.history_share * len(both)
    for (start, stop), constant, alike in zip(runs, constants, is_alike, strict=True):
        gains = _gains(both, start, stop, constant, row, newest, price, splits, limits)
        half = 0.5 * abs(constant)
        if gains and sum(gains) > half * len(gains):
            continue
        is_spike = len(gains) == 2 and max(gains) < -half
        rule[both[start:stop]] = _rule_of(constant, stop - start, bool(alike and is_history), is_spike, limits)
    return _with_new_sessions(rule, row, newest, price)


def _runs(change: Floats, limits: Limits) -> list[tuple[int, int]]:
    """Return start and stop of each stretch of neighbours that were restated by one ratio."""
    is_restated = np.abs(change) > limits.least_change
    if not is_restated.any():
        return []
    is_alike = np.abs(np.diff(change)) <= limits.tolerance
    begins = is_restated & ~np.append(False, is_restated[:-1] & is_alike)
    ends = is_restated & ~np.append(is_restated[1:] & is_alike, False)
    return list(zip(np.flatnonzero(begins).tolist(), (np.flatnonzero(ends) + 1).tolist(), strict=True))


def _rule_of(constant: float, size: int, is_history: bool, is_spike: bool, limits: Limits) -> int:
    if abs(constant) >= limits.hundredfold:
        return HUNDREDFOLD
    if is_history:
        return UNSEEN_SPLIT
    is_long = size >= limits.least_sessions
    return PARTIAL_SPLIT if is_long or (is_spike and abs(constant) >= limits.checked_ratio) else GOOD


def _gains(
    both: Integers,
    start: int,
    stop: int,
    constant: float,
    row: Integers,
    newest: Integers,
    price: Floats,
    splits: Splits,
    limits: Limits,
) -> list[float]:
    """Return, for each neighbour of a restated stretch, by how much nearer its end has come; negative where farther.

    A stretch that meets its neighbours again mends an error. Neighbours are sessions that both know. A session that
    only the source now knows counts where a split with this very ratio is stated after the stretch. One that is
    announced only can restate nothing: what stood was adjusted too early, and all of the ratio is gained.
    """
    first, last = int(both[start]), int(both[stop - 1])
    states_it = (splits.slot > last) & (np.abs(splits.log_ratio - constant) <= limits.tolerance)
    if (states_it & ~splits.is_effective).any():
        return [abs(constant)]
    edges = [(first, int(both[start - 1]))] if start else []
    if stop < len(both):
        edges.append((last, int(both[stop])))
    elif states_it.any():
        later = np.flatnonzero(newest[last + 1 :] != NO_ROW)
        edges += [(last, last + 1 + int(later[0]))] if len(later) else []
    gains = []
    for own, other in edges:
        before = price[row[other]] if row[other] != NO_ROW else price[newest[other]]
        gains.append(abs(price[row[own]] - before) - abs(price[newest[own]] - price[newest[other]]))
    return gains


def _with_new_sessions(rule: Integers, row: Integers, newest: Integers, price: Floats) -> Integers:
    """Hold back sessions that are new and follow on what is held back rather than on what stands.

    They do where their price is nearer to the one before as the source now says it than to that as it stood: the two
    differ by the ratio of the newest session that is held back.
    """
    standing = np.flatnonzero(row != NO_ROW)
    held = standing[rule[standing] != GOOD]
    if not len(held) or (held[-1] != standing[-1] and rule[held[-1]] != UNSEEN_SPLIT):
        return rule
    constant = price[newest[held[-1]]] - price[row[held[-1]]]
    known = np.flatnonzero(newest != NO_ROW)
    # Nothing that stood lies before these.
    rule[known[known < standing[0]]] = rule[held[-1]]
    for before, slot in pairwise(known):
        if row[slot] == NO_ROW and slot > standing[0]:
            move = price[newest[slot]] - price[newest[before]]
            other = move + constant if rule[before] else move - constant
            is_same = abs(move) < abs(other)
            rule[slot] = rule[held[-1]] if is_same == bool(rule[before]) else GOOD
    return rule


def hundredfold_away(price: Floats, least: float) -> Integers:
    """Return for each session the row of the last good one that its price is too far from, ``NO_ROW`` for a good one.

    The first price is good; later ones are compared with the last good one before.

    Args:
        price: logarithm of the closes of one instrument, in order.
        least: the logarithm from which on a price is too far away.
    """
    reference = np.full(len(price), NO_ROW)
    good = 0
    for at in range(1, len(price)):
        if abs(price[at] - price[good]) >= least:
            reference[at] = good
        else:
            good = at
    return reference
