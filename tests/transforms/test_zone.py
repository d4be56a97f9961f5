"""What holds for the zones of any prices, and a plain loop of their definition; single rules stand in tests/golden."""

from __future__ import annotations

import datetime as dt
import itertools
import math
import statistics
from collections.abc import Iterable
from typing import NamedTuple

import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from pipelines.contracts import core
from pipelines.contracts.vocabulary import ZONE_KINDS
from pipelines.parameters import Parameters
from pipelines.transforms.moving_average import moving_averages
from pipelines.transforms.pivot import pivots
from pipelines.transforms.record import record_states
from pipelines.transforms.zone import zones
from tests.frames import days
from tests.market import instrument
from tests.transforms.average_frames import SEEDS, walk

# Short ages and a short memory, so that few rows see points and ids come and go.
PARAMETERS = Parameters(
    pivot_span_sessions=2, zone_age_sessions=40, zone_memory_sessions=8, zone_half_life_sessions=10.0
)
FACTS = pl.concat([instrument("A"), instrument("B")])
SIZE = 130
DAY = days(SIZE)


class Frames(NamedTuple):
    """What zones are made from."""

    prices: pl.DataFrame
    averages: pl.DataFrame
    pivots: pl.DataFrame
    records: pl.DataFrame


def _frames(prices: pl.DataFrame, without_atr: Iterable[int] = ()) -> Frames:
    """Return the tables that prices lead to; the average true range is missing on the given rows."""
    is_missing = pl.col("session").is_in([DAY[row] for row in without_atr])
    averages = moving_averages(prices, PARAMETERS).with_columns(
        pl.when(~is_missing).then("atr_14"),
        atr_reason=pl.when(is_missing).then(pl.lit("warm_up")).otherwise("atr_reason"),
    )
    records = record_states(prices, averages, FACTS, PARAMETERS)
    return Frames(prices, averages, pivots(prices, averages, PARAMETERS), records)


def _zones(frames: Frames) -> pl.DataFrame:
    return core.Zone.validate(zones(*frames, PARAMETERS))


def _bars(seed: int, size: int = SIZE, series_id: str = "A") -> pl.DataFrame:
    return walk(seed, size, gaps=2, rangeless=2, series_id=series_id)


def _as_of(out: pl.DataFrame, session: dt.date) -> pl.DataFrame:
    until = pl.col("valid_to").is_null() | (pl.col("valid_to") >= session)
    return out.filter(pl.col("valid_from") <= session, until).sort("low")


# The definition as a plain loop over rows, points and zones.


class Plain(NamedTuple):
    low: float
    high: float
    centre: float
    kinds: str
    n_pivots: int
    weight: float


def _points(frames: Frames, row: int) -> list[tuple[float, str, int | None]]:
    """Return (price, kind, age of a pivot) of the pivots and records that count on a row."""
    found: dict[tuple, float] = {}
    for kind, extreme, price, confirmed in frames.pivots.select(
        "kind", "extreme_session", "price", "confirmed_session"
    ).rows():
        if confirmed <= DAY[row] and row - DAY.index(extreme) <= PARAMETERS.zone_age_sessions:
            found[kind, extreme] = price
    points = [(price, f"swing_{kind}", row - DAY.index(extreme)) for (kind, extreme), price in found.items()]
    for basis in ("close", "intraday"):
        stood: list[tuple[float, int]] = []
        values = frames.records.filter(basis=basis).sort("session")["record"].to_list()
        for at, value in enumerate(values[: row + 1]):
            if value is not None and (not stood or value != stood[-1][0]):
                stood.append((value, at))
        points += [(value, "record_high", None) for value, _ in stood[-1:]]
        if len(stood) > 1 and row - stood[-1][1] <= PARAMETERS.zone_age_sessions:
            points.append((stood[-2][0], "record_high", None))
    return points


def _merged(points: list[tuple[float, str, int | None]], close: float, atr: float) -> list[Plain]:
    step = 1 if close < 100 else 10
    prices = [close, *(price for price, _, _ in points)]
    first, last = max(1, math.floor(min(prices) / step)), math.ceil(max(prices) / step)
    points = sorted([*points, *((float(n * step), "round_number", None) for n in range(first, last + 1))])
    groups = [[points[0]]]
    for point in points[1:]:
        group = groups[-1]
        if point[0] - group[-1][0] <= PARAMETERS.zone_gap_atr * atr and (
            point[0] - group[0][0] <= PARAMETERS.zone_width_atr * atr
        ):
            group.append(point)
        else:
            groups.append([point])
    made = []
    for group in groups:
        ages = [age for _, _, age in group if age is not None]
        made.append(
            Plain(
                group[0][0],
                group[-1][0],
                statistics.median(price for price, _, _ in group),
                ", ".join(kind for kind in ZONE_KINDS if kind in {kind for _, kind, _ in group}),
                len(ages),
                sum(0.5 ** (age / PARAMETERS.zone_half_life_sessions) for age in ages),
            )
        )
    return made


def _overlap(one: Plain, other: Plain, margin: float) -> float | None:
    """Return the overlap of two bands, None where it is too little for a match."""
    shared = min(one.high, other.high) - max(one.low, other.low)
    narrower = min(one.high - one.low, other.high - other.low) + 2 * margin
    return shared if shared + 2 * margin >= PARAMETERS.zone_overlap_share * narrower else None


def _identified(
    now: list[Plain],
    before: dict[str, Plain],
    vanished: dict[str, tuple[Plain, int]],
    ids: list[str],
    row: int,
    margin: float,
) -> dict[str, Plain]:
    """Return the zones of a row by id, in order of price; keeps ``vanished`` and all ``ids``, the oldest first."""
    claims: dict[str, list[tuple[float, float, Plain]]] = {}
    for zone in now:
        best = max(before.items(), default=None, key=lambda it: min(zone.high, it[1].high) - max(zone.low, it[1].low))
        shared = None if best is None else _overlap(zone, best[1], margin)
        if shared is not None:
            claims.setdefault(best[0], []).append((shared, -zone.low, zone))
    id_of = {max(of_old)[2]: old for old, of_old in claims.items()}
    for old, zone in before.items():
        if old not in id_of.values():
            vanished[old] = (zone, row)
    for zone in now:
        if zone in id_of:
            continue
        found = []
        for old, (last, at) in vanished.items():
            shared = _overlap(zone, last, margin)
            if shared is not None and row - at <= PARAMETERS.zone_memory_sessions:
                found.append((shared, at, -ids.index(old), old))
        if found:
            id_of[zone] = max(found)[-1]
            del vanished[id_of[zone]]
        else:
            label = f"A-{DAY[row]}-{zone.centre:.2f}"
            taken = sum(name == label or name.startswith(f"{label}:") for name in id_of.values())
            id_of[zone] = f"{label}:{taken + 1}" if taken else label
            ids.append(id_of[zone])
    return {id_of[zone]: zone for zone in now}


def _plain_loop(frames: Frames) -> list[tuple]:
    """Return every zone as of every row: id, zone, side."""
    rows = frames.prices.join(frames.averages.select("session", "atr_14"), on="session").sort("session")
    standing: dict[str, Plain] = {}
    sides: dict[str, str] = {}
    vanished: dict[str, tuple[Plain, int]] = {}
    ids: list[str] = []
    made = []
    for row, (close, atr) in enumerate(rows.select("close", "atr_14").rows()):
        if atr is not None:
            now = _merged(_points(frames, row), close, atr)
            standing = _identified(now, standing, vanished, ids, row, PARAMETERS.zone_cover_atr * atr)
            sides = {
                key: "support" if zone.high < close else "resistance" if zone.low > close else "at_price"
                for key, zone in standing.items()
            }
        made += [(DAY[row], key, *zone[:5], sides[key], zone.weight) for key, zone in standing.items()]
    return made


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS, without_atr=st.sets(st.integers(20, SIZE - 1), max_size=6))
def test_zones_are_those_of_a_plain_loop(seed: int, without_atr: set[int]):
    prices = _bars(seed)
    assume(prices["close"].is_between(10, 1000, closed="left").all())  # the loop knows steps of 1 and 10
    frames = _frames(prices, without_atr)
    out = _zones(frames)
    columns = ("zone_id", "low", "high", "centre", "kinds", "n_pivots", "side")
    expected = _plain_loop(frames)
    of_session = {session: _as_of(out, session).select(columns).rows() for session in DAY}
    found = [(session, *row) for session in DAY for row in of_session[session]]
    assert found == [row[:-1] for row in expected]
    weights = {(session, key): weight for session, key, *_, weight in expected}
    assert out["recency_weight"].to_list() == pytest.approx(
        [weights[session, key] for session, key in out.select("valid_from", "zone_id").rows()]
    )
    # One row a stretch: of two rows on end something differs.
    last = {}
    for row in out.sort("zone_id", "valid_from").select(*columns, "valid_from", "valid_to").rows():
        if row[0] in last and last[row[0]][-1] == row[-2] - dt.timedelta(days=1):
            assert last[row[0]][:-2] != row[:-2]
        last[row[0]] = row


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS, kept=st.integers(0, SIZE), without_atr=st.sets(st.integers(20, SIZE - 1), max_size=6))
def test_cut_at_a_session_nothing_changes_but_open_ends(seed: int, kept: int, without_atr: set[int]):
    bars = pl.concat([_bars(seed), _bars(seed + 1, SIZE - 20, "B")])
    last = [*DAY, dt.date.max][kept]
    whole = _zones(_frames(bars, without_atr)).filter(pl.col("valid_from") < last)
    open_ends = pl.when(pl.col("valid_to") < _last_session("instrument_id", bars, last)).then("valid_to")
    part = _zones(_frames(bars.filter(pl.col("session") < last), without_atr))
    assert_frame_equal(part, whole.with_columns(open_ends), check_exact=True)


def _last_session(column: str, bars: pl.DataFrame, before: dt.date) -> pl.Expr:
    """Return the last session of each instrument before a session."""
    last = bars.filter(pl.col("session") < before).group_by("series_id").agg(pl.col("session").max())
    return pl.col(column).replace_strict(*last, default=None, return_dtype=pl.Date)


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS)
def test_ten_times_the_price_gives_the_same_zones_at_ten_times_the_price(seed: int):
    bars = _bars(seed)
    scale = pl.col("close", "high", "low") * 10
    one, ten = _zones(_frames(bars)), _zones(_frames(bars.with_columns(scale)))
    # An id holds the centre, so zones are numbered by where they began instead.
    number = pl.struct(pl.col("valid_from", "low").first().over("zone_id", order_by="valid_from")).rank("dense")
    one, ten = (out.with_columns(number=number).sort("number", "valid_from") for out in (one, ten))
    same = ("number", "valid_from", "valid_to", "kinds", "n_pivots", "side")
    assert_frame_equal(ten.select(same), one.select(same), check_exact=True)
    bounds = pl.col("low", "high", "centre")
    assert_frame_equal(ten.select(bounds), one.select(bounds * 10), rel_tol=1e-12)


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS)
def test_zones_of_a_session_are_apart_and_no_wider_than_allowed(seed: int):
    frames = _frames(_bars(seed))
    out = _zones(frames)
    for session, atr in frames.averages.drop_nulls("atr_14").select("session", "atr_14").rows():
        now = _as_of(out, session)
        assert now["zone_id"].is_unique().all()
        assert (now["low"] > now["high"].shift(1)).drop_nulls().all()
        assert (now["high"] - now["low"] <= PARAMETERS.zone_width_atr * atr).all()
        assert (now["n_pivots"] > 0).equals(now["kinds"].str.contains("swing_")), "expected pivots where swings are"
        assert ((now["recency_weight"] > 0) == (now["n_pivots"] > 0)).all()


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS)
def test_rows_of_a_zone_follow_one_another(seed: int):
    out = _zones(_frames(_bars(seed)))
    for (zone_id,), rows in out.group_by("zone_id"):
        spans = rows.sort("valid_from").select("valid_from", "valid_to").rows()
        assert zone_id.startswith(f"A-{spans[0][0]}-")
        assert all(until is None or since <= until for since, until in spans)
        assert all(until is not None and until < since for (_, until), (since, _) in itertools.pairwise(spans))


@settings(max_examples=8, deadline=None)
@given(seed=SEEDS)
def test_series_do_not_mix_and_row_order_does_not_matter(seed: int):
    one, other = _frames(_bars(seed)), _frames(_bars(seed + 1, 90, "B"))
    pair = _frames(walk(seed + 2, SIZE, series_id="A/B"))
    expected = pl.concat([_zones(one), _zones(other)])
    mixed = Frames(
        *(pl.concat(frames).sample(fraction=1, shuffle=True, seed=1) for frames in zip(one, other, pair, strict=True))
    )
    assert_frame_equal(_zones(mixed), expected, check_exact=True)


def test_pairs_have_no_zones():
    assert _zones(_frames(walk(1, SIZE, series_id="A/B"))).is_empty()


def test_no_prices_give_no_zones():
    tables = (core.SeriesPrice, core.MovingAverage, core.Pivot, core.RecordState)
    out = zones(*(table.create_empty() for table in tables), PARAMETERS)
    assert out.is_empty()
    assert core.Zone.is_valid(out)


def test_the_walks_see_ids_return_and_records_drop_out():
    """Without these the comparison with the plain loop would say little."""
    outs = [_zones(_frames(_bars(seed))) for seed in range(5)]
    ends = pl.col("valid_to").shift(1).over("zone_id", order_by="valid_from")
    returned = [out.filter(pl.col("valid_from") > ends + dt.timedelta(days=1)) for out in outs]
    assert sum(map(len, returned)) > 20
    kinds = {kind for out in outs for kinds in out["kinds"] for kind in kinds.split(", ")}
    assert kinds == set(ZONE_KINDS)
    assert {side for out in outs for side in out["side"]} == {"support", "resistance", "at_price"}
