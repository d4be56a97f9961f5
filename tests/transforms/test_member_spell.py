"""Spells of members worked by hand, and against a plain loop over days."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from pipelines.contracts import core, raw
from pipelines.parameters import Parameters
from pipelines.transforms.member_spell import member_spells, membership_changes
from tests.frames import days
from tests.market import bars as bars_of
from tests.market import traded
from tests.transforms.membership_frames import KNOWN, frame, members

D = dt.date
NO_MEMBERS = core.Membership.create_empty()
NO_SPELLS = raw.MembershipSpell.create_empty()
NO_BARS = core.StockBar.create_empty()
COLUMNS = ("index_id", "symbol", "effective_from", "effective_to", "sector", "weight_share", "membership_quality")
TECH, ENERGY, NONE = "Information Technology", "Energy", "Unclassified"
OFFICIAL, RECONSTRUCTED, BACKFILLED = "pit_official", "pit_reconstructed", "current_backfilled"


def _reconstruction(*spells: tuple[str, str, dt.date, dt.date | None], known_from: dt.datetime = KNOWN) -> pl.DataFrame:
    """Return ``raw.MembershipSpell`` rows of (index, symbol, from, to); the companies are made up."""
    names = ("index_id", "symbol", "effective_from", "effective_to")
    read = {"source": "test", "payload_hash": "made up", "fetched_at": KNOWN, "known_basis": "observed"}
    rows = [
        {**dict(zip(names, spell, strict=True)), "company_name": "made up", "known_from": known_from, **read}
        for spell in spells
    ]
    return frame(raw.MembershipSpell, rows)


def _bars(sessions: Mapping[str, list[dt.date]]) -> pl.DataFrame:
    return bars_of({symbol: dict.fromkeys(of, 10.0) for symbol, of in sessions.items()})


def _spells(
    of: pl.DataFrame = NO_MEMBERS, by: pl.DataFrame = NO_SPELLS, stocks: pl.DataFrame = NO_BARS, max_age: int = 400
) -> list[tuple]:
    out = member_spells(of, by, traded(stocks), Parameters(membership_max_age_days=max_age))
    return core.MemberSpell.validate(out).select(COLUMNS).rows()


def _snapshot(as_of: dt.date, weights: Mapping[str, tuple[float, str]], index_id: str = "X") -> pl.DataFrame:
    rows = [{"symbol": symbol, "weight_share": weight, "sector": of} for symbol, (weight, of) in weights.items()]
    return members(*rows, index_id=index_id, as_of=as_of)


def test_holdings_stand_until_the_next_ones():
    dates = [
        _snapshot(D(2024, 1, 10), {"A": (0.75, TECH), "B": (0.25, ENERGY)}),
        _snapshot(D(2024, 1, 20), {"A": (0.75, TECH), "C": (0.25, NONE)}),
        _snapshot(D(2024, 1, 25), {"A": (1.0, ENERGY)}),
    ]
    assert _spells(pl.concat(dates), max_age=30) == [
        ("X", "A", D(2024, 1, 10), D(2024, 1, 25), TECH, 0.75, OFFICIAL),
        ("X", "A", D(2024, 1, 25), D(2024, 2, 25), ENERGY, 1.0, OFFICIAL),
        ("X", "B", D(2024, 1, 10), D(2024, 1, 20), ENERGY, 0.25, OFFICIAL),
        ("X", "C", D(2024, 1, 20), D(2024, 1, 25), NONE, 0.25, OFFICIAL),
    ]


def test_holdings_stand_no_longer_than_their_greatest_age():
    dates = [_snapshot(D(2024, 1, 10), {"A": (1.0, TECH)}), _snapshot(D(2024, 1, 20), {"A": (1.0, TECH)})]
    # Five days after its date a file still stands, on the sixth it does not.
    assert _spells(pl.concat(dates), max_age=5) == [
        ("X", "A", D(2024, 1, 10), D(2024, 1, 16), TECH, 1.0, OFFICIAL),
        ("X", "A", D(2024, 1, 20), D(2024, 1, 26), TECH, 1.0, OFFICIAL),
    ]
    assert _spells(pl.concat(dates), max_age=9) == [("X", "A", D(2024, 1, 10), D(2024, 1, 30), TECH, 1.0, OFFICIAL)]


def test_a_sector_is_remembered_over_files_that_name_none():
    dates = [
        _snapshot(D(2024, 1, 10), {"A": (1.0, NONE)}),
        _snapshot(D(2024, 1, 12), {"A": (1.0, TECH)}),
        _snapshot(D(2024, 1, 14), {"A": (1.0, NONE)}),
        _snapshot(D(2024, 1, 19), {"A": (1.0, NONE)}),
    ]
    assert _spells(pl.concat(dates), max_age=5) == [
        ("X", "A", D(2024, 1, 10), D(2024, 1, 12), NONE, 1.0, OFFICIAL),
        ("X", "A", D(2024, 1, 12), D(2024, 1, 18), TECH, 1.0, OFFICIAL),
        ("X", "A", D(2024, 1, 18), D(2024, 1, 25), NONE, 1.0, OFFICIAL),
    ]


def test_a_reconstruction_says_who_and_holdings_say_how_much():
    by = _reconstruction(
        ("X", "A", D(2024, 1, 1), None),
        ("X", "B", D(2024, 1, 5), D(2024, 1, 15)),
        ("X", "C", D(2023, 1, 1), D(2024, 1, 2)),
    )
    # Z is in the fund but not in the reconstruction of X; Y has none.
    dates = [
        _snapshot(D(2024, 1, 10), {"A": (0.5, TECH), "B": (0.25, ENERGY), "Z": (0.25, TECH)}),
        _snapshot(D(2024, 1, 12), {"A": (0.5, TECH), "Z": (0.5, TECH)}),
        _snapshot(D(2024, 1, 14), {"A": (0.25, TECH), "B": (0.75, ENERGY)}),
        _snapshot(D(2024, 1, 10), {"A": (1.0, ENERGY)}, index_id="Y"),
    ]
    assert _spells(pl.concat(dates), by, max_age=20) == [
        ("X", "A", D(2024, 1, 1), D(2024, 1, 10), NONE, None, RECONSTRUCTED),
        ("X", "A", D(2024, 1, 10), D(2024, 1, 14), TECH, 0.5, RECONSTRUCTED),
        ("X", "A", D(2024, 1, 14), D(2024, 2, 4), TECH, 0.25, RECONSTRUCTED),
        ("X", "A", D(2024, 2, 4), None, NONE, None, RECONSTRUCTED),
        ("X", "B", D(2024, 1, 5), D(2024, 1, 10), NONE, None, RECONSTRUCTED),
        ("X", "B", D(2024, 1, 10), D(2024, 1, 12), ENERGY, 0.25, RECONSTRUCTED),
        ("X", "B", D(2024, 1, 12), D(2024, 1, 14), ENERGY, None, RECONSTRUCTED),
        ("X", "B", D(2024, 1, 14), D(2024, 1, 15), ENERGY, 0.75, RECONSTRUCTED),
        ("X", "C", D(2023, 1, 1), D(2024, 1, 2), NONE, None, RECONSTRUCTED),
        ("Y", "A", D(2024, 1, 10), D(2024, 1, 31), ENERGY, 1.0, OFFICIAL),
    ]


def test_the_holdings_in_force_when_a_spell_begins_count():
    by = _reconstruction(("X", "A", D(2024, 1, 12), None))
    out = _spells(_snapshot(D(2024, 1, 10), {"A": (0.5, TECH)}), by, max_age=5)
    assert out[0] == ("X", "A", D(2024, 1, 12), D(2024, 1, 16), TECH, 0.5, RECONSTRUCTED)


@pytest.mark.parametrize(
    ("spells", "expected"),
    [
        ([(D(2020, 1, 1), D(2021, 1, 1)), (D(2020, 6, 1), D(2022, 1, 1))], [(D(2020, 1, 1), D(2022, 1, 1))]),
        ([(D(2020, 1, 1), D(2023, 1, 1)), (D(2020, 6, 1), D(2021, 1, 1))], [(D(2020, 1, 1), D(2023, 1, 1))]),
        ([(D(2020, 1, 1), D(2021, 1, 1)), (D(2021, 1, 1), None)], [(D(2020, 1, 1), None)]),
        ([(D(2020, 1, 1), None), (D(2021, 1, 1), D(2022, 1, 1))], [(D(2020, 1, 1), None)]),
        ([(D(2020, 1, 1), D(2020, 1, 1)), (D(2021, 1, 1), None)], [(D(2021, 1, 1), None)]),
        (
            [(D(2020, 1, 1), D(2020, 2, 1)), (D(2020, 2, 2), D(2020, 3, 1))],
            [(D(2020, 1, 1), D(2020, 2, 1)), (D(2020, 2, 2), D(2020, 3, 1))],
        ),
    ],
    ids=["overlap", "within", "touch", "within an open one", "no day long", "apart"],
)
def test_reconstructed_spells_of_a_symbol_are_one_where_they_meet(
    spells: list[tuple[dt.date, dt.date | None]], expected: list[tuple[dt.date, dt.date | None]]
):
    out = _spells(by=_reconstruction(*[("X", "A", *spell) for spell in spells]))
    assert [row[2:4] for row in out] == expected


def test_the_newest_version_of_a_reconstructed_spell_counts():
    old = _reconstruction(("X", "A", D(2020, 1, 1), None))
    new = _reconstruction(("X", "A", D(2020, 1, 1), D(2024, 1, 1)), known_from=KNOWN + dt.timedelta(days=1))
    assert [row[2:4] for row in _spells(by=pl.concat([new, old]))] == [(D(2020, 1, 1), D(2024, 1, 1))]


def test_the_panel_holds_every_symbol_from_its_first_bar_to_its_last():
    stocks = _bars({"A": [D(2024, 1, 10), D(2024, 1, 11), D(2024, 2, 20)], "B": [D(2024, 1, 12)]})
    named = [
        _snapshot(D(2024, 1, 8), {"A": (0.5, TECH), "C": (0.5, TECH)}, index_id="Y"),
        _snapshot(D(2024, 1, 15), {"A": (1.0, ENERGY)}, index_id="X"),
        _snapshot(D(2024, 1, 15), {"A": (1.0, TECH)}, index_id="Y"),
    ]
    out = _spells(pl.concat(named), stocks=stocks, max_age=20)
    assert [row for row in out if row[0] == "panel"] == [
        ("panel", "A", D(2024, 1, 10), D(2024, 1, 15), TECH, None, BACKFILLED),
        ("panel", "A", D(2024, 1, 15), D(2024, 2, 5), ENERGY, None, BACKFILLED),  # of two indices the first by name
        ("panel", "A", D(2024, 2, 5), D(2024, 2, 21), NONE, None, BACKFILLED),
        ("panel", "B", D(2024, 1, 12), D(2024, 1, 13), NONE, None, BACKFILLED),
    ]


def test_nothing_gives_no_spells():
    assert _spells() == []


# Any snapshots and spells against a plain loop over days

DAY = days(40)
SYMBOLS, INDICES = ("A", "B", "C"), ("X", "Y")
MAX_AGE = 6


@st.composite
def _worlds(draw: st.DrawFn) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    made = [NO_MEMBERS]
    for index_id in INDICES:
        for day in draw(st.sets(st.integers(0, 30), max_size=6)):
            held = draw(st.dictionaries(st.sampled_from(SYMBOLS), st.sampled_from([TECH, ENERGY, NONE]), min_size=1))
            weights = {symbol: (1 / len(held), of) for symbol, of in held.items()}
            made.append(_snapshot(DAY[day], weights, index_id))
    spans = st.tuples(st.sampled_from(SYMBOLS), st.integers(0, 35), st.integers(0, 20) | st.none(), st.integers(0, 1))
    rows = [NO_SPELLS]
    for symbol, first, length, version in draw(
        st.lists(spans, max_size=6, unique_by=lambda span: (span[0], span[1], span[3]))
    ):
        end = None if length is None else DAY[first] + dt.timedelta(days=length)
        rows.append(_reconstruction(("X", symbol, DAY[first], end), known_from=KNOWN + dt.timedelta(days=version)))
    sessions = draw(st.dictionaries(st.sampled_from(SYMBOLS), st.sets(st.integers(0, 39), min_size=1)))
    return (
        pl.concat(made),
        pl.concat(rows),
        _bars({symbol: [DAY[row] for row in sorted(of)] for symbol, of in sessions.items()}),
    )


def _plain_loop(of: pl.DataFrame, by: pl.DataFrame, stocks: pl.DataFrame) -> set[tuple]:
    """Return (index, symbol, day, sector, weight, quality) of every member on every day."""
    held: dict[str, dict[dt.date, dict[str, tuple[float, str]]]] = {index_id: {} for index_id in INDICES}
    for row in of.rows(named=True):
        held[row["index_id"]].setdefault(row["as_of"], {})[row["symbol"]] = (row["weight_share"], row["sector"])
    versions: dict[tuple, tuple] = {}
    for row in by.sort("known_from").rows(named=True):
        versions[row["symbol"], row["effective_from"]] = (row["effective_from"], row["effective_to"])
    sessions: dict[str, list[dt.date]] = {}
    for symbol, session in stocks.select("instrument_id", "session").rows():
        sessions.setdefault(symbol, []).append(session)

    def in_force(index_id: str, day: dt.date) -> dict[str, tuple[float, str]]:
        last = max((as_of for as_of in held[index_id] if as_of <= day), default=None)
        return held[index_id][last] if last and (day - last).days <= MAX_AGE else {}

    def sector(indices: tuple[str, ...], symbol: str, day: dt.date) -> str:
        named = [
            (as_of, -place, of[symbol][1])
            for place, index_id in enumerate(indices)
            for as_of, of in held[index_id].items()
            if as_of <= day and (day - as_of).days <= MAX_AGE and symbol in of and of[symbol][1] != NONE
        ]
        return max(named)[2] if named else NONE

    found: set[tuple] = set()
    for day in days(60):
        for index_id in INDICES:
            now = in_force(index_id, day)
            spelled = {key[0] for key, (first, end) in versions.items() if first <= day and (end is None or day < end)}
            is_reconstructed = index_id == "X" and bool(versions)
            for symbol in spelled if is_reconstructed else now:
                quality = RECONSTRUCTED if is_reconstructed else OFFICIAL
                weight = now[symbol][0] if symbol in now else None
                found.add((index_id, symbol, day, sector((index_id,), symbol, day), weight, quality))
        for symbol, own in sessions.items():
            if min(own) <= day <= max(own):
                found.add(("panel", symbol, day, sector(INDICES, symbol, day), None, BACKFILLED))
    return found


def _by_day(out: pl.DataFrame) -> list[tuple]:
    rows = out.select(COLUMNS).rows()
    return [
        (index_id, symbol, day, *said)
        for index_id, symbol, first, end, *said in rows
        for day in days(60)
        if first <= day and (end is None or day < end)
    ]


def _of_world(world: Sequence[pl.DataFrame]) -> pl.DataFrame:
    of, by, stocks = world
    parameters = Parameters(membership_max_age_days=MAX_AGE)
    return core.MemberSpell.validate(member_spells(of, by, traded(stocks), parameters))


@settings(max_examples=80, deadline=None)
@given(world=_worlds())
def test_spells_are_those_of_a_plain_loop_and_never_overlap(world: tuple[pl.DataFrame, ...]):
    out = _of_world(world)
    by_day = _by_day(out)
    assert len({row[:3] for row in by_day}) == len(by_day), "expected one spell a day"
    assert set(by_day) == _plain_loop(*world)
    # One row a stretch: of two rows that meet something differs.
    said: dict[tuple, Any] = {}
    for index_id, symbol, first, end, *rest in out.select(COLUMNS).rows():
        assert said.get((index_id, symbol, first)) != rest
        said[index_id, symbol, end] = rest


@settings(max_examples=40, deadline=None)
@given(world=_worlds(), last=st.integers(0, 39), seed=st.integers(0, 9))
def test_later_holdings_change_nothing_earlier_and_order_does_not_matter(
    world: tuple[pl.DataFrame, ...], last: int, seed: int
):
    of, by, stocks = world
    whole = _of_world(world)
    assert_frame_equal(_of_world([table.sample(fraction=1, shuffle=True, seed=seed) for table in world]), whole)
    part = _of_world((of.filter(pl.col("as_of") <= DAY[last]), by, stocks))

    def until(out: pl.DataFrame) -> set[tuple]:
        return {row for row in _by_day(out) if row[2] <= DAY[last]}

    assert until(part) == until(whole)


@settings(max_examples=40, deadline=None)
@given(before=_worlds(), now=_worlds())
def test_changes_begin_on_the_first_day_on_which_something_else_holds(
    before: tuple[pl.DataFrame, ...], now: tuple[pl.DataFrame, ...]
):
    spells = [_of_world(world) for world in (before, now)]
    sides = [{row[:3]: row[3:] for row in _by_day(out)} for out in spells]
    expected: dict[tuple, dt.date] = {}
    for key in sorted(set(sides[0]) | set(sides[1])):
        if sides[0].get(key) != sides[1].get(key):
            expected.setdefault(key[:2], key[2])
    found = {(index_id, symbol): day for index_id, symbol, day in membership_changes(*spells).rows()}
    assert found == expected
    assert membership_changes(spells[1], spells[1]).is_empty()
