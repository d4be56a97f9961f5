"""Zones worked by hand: every rule of methods B4 on a few rows."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
import pytest

from pipelines.contracts import core
from pipelines.parameters import Parameters
from pipelines.transforms.zone import zones
from tests.frames import days, prices
from tests.transforms.average_frames import averages

DAY = days(800)
Values = Sequence[float | None]
BOUNDS = ("low", "high")


def _pivots(*rows: tuple) -> pl.DataFrame:
    """Return ``core.Pivot`` of (kind, price, row of the extreme, row of its confirmation[, method])."""
    made = [
        ("A", method[0] if method else "fractal", kind, DAY[extreme], price, DAY[confirmed])
        for kind, price, extreme, confirmed, *method in rows
    ]
    return core.Pivot.validate(pl.DataFrame(made, schema=core.Pivot.create_empty().schema, orient="row"))


def _records(**of_basis: Values) -> pl.DataFrame:
    """Return ``core.RecordState`` with the given records of each basis, row by row."""
    rows = [
        {
            "series_id": "A",
            "basis": basis,
            "session": DAY[row],
            "record": record,
            "is_new_record": False,
            "history_from": DAY[0],
            "is_all_time": False,
            "record_reason": "no_intraday_range" if record is None else None,
        }
        for basis, records in of_basis.items()
        for row, record in enumerate(records)
    ]
    return core.RecordState.validate(pl.DataFrame(rows, schema=core.RecordState.create_empty().schema))


def _zones(
    closes: Sequence[float],
    atr_14: Values,
    *pivots: tuple,
    records: pl.DataFrame | None = None,
    **thresholds: float,
) -> pl.DataFrame:
    out = zones(
        prices(closes),
        averages(closes, atr_14=atr_14),
        _pivots(*pivots),
        _records() if records is None else records,
        Parameters(**thresholds),
    )
    return core.Zone.validate(out)


def _on(out: pl.DataFrame, row: int, *columns: str) -> list[tuple]:
    """Return columns of the zones as of a row, from the lowest up."""
    until = pl.col("valid_to").is_null() | (pl.col("valid_to") >= DAY[row])
    return out.filter(pl.col("valid_from") <= DAY[row], until).sort("low").select(columns).rows()


def _ids(out: pl.DataFrame, row: int, *lows: float) -> list[str]:
    """Return the ids of the zones that begin at these prices, as of a row."""
    of_low = dict(_on(out, row, "low", "zone_id"))
    return [of_low[low] for low in lows]


def _at(row: int, label: str) -> str:
    return f"A-{DAY[row]}-{label}"


# Merging. The close is 152 and the range 2 unless a test says otherwise: 150 and 160 are the round numbers around.


def test_neighbours_join_while_the_gap_is_half_a_range():
    out = _zones([152] * 3, [2] * 3, ("low", 153, 0, 1), ("low", 154, 1, 2), ("high", 155.125, 0, 1))
    assert _on(out, 1, *BOUNDS) == [(150, 150), (153, 153), (155.125, 155.125), (160, 160)]
    assert _on(out, 2, *BOUNDS) == [(150, 150), (153, 154), (155.125, 155.125), (160, 160)]


def test_a_zone_is_at_most_a_range_wide():
    points = [("high", price, row, 5) for row, price in enumerate([153, 154, 155, 156, 156.5])]
    assert _on(_zones([152] * 6, [2] * 6, *points), 5, *BOUNDS) == [(150, 150), (153, 155), (156, 156.5), (160, 160)]


def test_the_centre_is_the_median_of_the_points():
    three = [("high", 153, 0, 4), ("high", 154, 1, 4), ("high", 154.25, 2, 4)]
    assert _on(_zones([152] * 5, [2] * 5, *three), 4, "low", "centre")[1] == (153, 154)
    four = [*three, ("low", 154.75, 3, 4)]
    assert _on(_zones([152] * 5, [2] * 5, *four), 4, "low", "centre")[1] == (153, 154.125)


def test_kinds_stand_in_one_order_and_only_pivots_are_counted():
    points = [("low", 149.5, 0, 2), ("low", 149.75, 1, 2), ("high", 151, 0, 2)]
    out = _zones([155] * 3, [2] * 3, *points, records=_records(close=[150.5] * 3))
    # Median of 149.5, 149.75, 150, 150.5 and 151.
    assert _on(out, 2, *BOUNDS, "centre", "kinds", "n_pivots") == [
        (140, 140, 140, "round_number", 0),
        (149.5, 151, 150, "swing_high, swing_low, record_high, round_number", 3),
        (160, 160, 160, "round_number", 0),
    ]


def test_an_extreme_found_by_three_rules_is_one_pivot_known_at_its_first_confirmation():
    same = [("high", 154, 1, row, method) for row, method in ((5, "fractal"), (4, "zigzag_atr"), (3, "zigzag_pct"))]
    out = _zones([152] * 6, [2] * 6, *same, ("low", 156, 1, 2))
    assert [_on(out, row, "low", "n_pivots") for row in (2, 3, 5)] == [
        [(150, 0), (156, 1), (160, 0)],
        [(150, 0), (154, 1), (156, 1), (160, 0)],
        [(150, 0), (154, 1), (156, 1), (160, 0)],
    ]
    assert out.filter(low=154)["recency_weight"].to_list() == pytest.approx([0.5 ** (2 / 252)])


def test_a_high_and_a_low_of_one_session_are_two_pivots():
    out = _zones([152] * 3, [2] * 3, ("high", 154, 1, 2), ("low", 154, 1, 2))
    assert _on(out, 2, "low", "kinds", "n_pivots")[1] == (154, "swing_high, swing_low", 2)


def test_weights_of_pivots_add_up_and_halve_with_the_half_life():
    out = _zones([152] * 4, [2] * 4, ("high", 154, 0, 2), ("low", 155, 1, 2), zone_half_life_sessions=1.0)
    assert out.filter(low=154)["recency_weight"].to_list() == [0.25 + 0.5], "expected ages of 2 and 1 rows"
    assert out.filter(low=150)["recency_weight"].to_list() == [0.0]


def test_a_pivot_counts_up_to_an_age_of_756_rows():
    out = _zones([152] * 760, [2] * 760, ("high", 154, 1, 3))
    assert out.filter(low=154).select("valid_from", "valid_to").rows() == [(DAY[3], DAY[757])]


def test_a_pivot_that_is_confirmed_when_too_old_never_counts():
    out = _zones([152] * 9, [2] * 9, ("high", 154, 1, 6), ("low", 156, 1, 5), zone_age_sessions=4)
    assert out.filter(pl.col("n_pivots") > 0).select("low", "valid_from", "valid_to").rows() == [(156, DAY[5], DAY[5])]


# Records


def test_the_standing_record_counts_at_any_age_and_the_one_before_for_a_while():
    records = _records(close=[153, 153, 155, 155, 157] + [157] * 6)
    out = _zones([152] * 11, [2] * 11, records=records, zone_age_sessions=3)
    found = out.filter(kinds="record_high").sort("low").select("low", "valid_from", "valid_to").rows()
    # 153 is superseded on row 2, and no longer the last superseded one on row 4; 155 is superseded on row 4.
    assert found == [(153, DAY[0], DAY[3]), (155, DAY[2], DAY[7]), (157, DAY[4], None)]


def test_a_superseded_record_counts_up_to_756_rows():
    out = _zones([152] * 761, [2] * 761, records=_records(close=[153] * 3 + [155] * 758))
    found = out.filter(kinds="record_high").sort("low").select("low", "valid_from", "valid_to").rows()
    assert found == [(153, DAY[0], DAY[759]), (155, DAY[3], None)]


def test_each_basis_has_its_own_records_and_a_null_is_none():
    records = _records(close=[153, 153, 155], intraday=[None, 157, 157])
    out = _zones([152] * 3, [2] * 3, records=records)
    assert [_on(out, row, "low") for row in (0, 1, 2)] == [
        [(150,), (153,), (160,)],
        [(150,), (153,), (157,), (160,)],
        [(150,), (153,), (155,), (157,), (160,)],
    ]


# Round numbers


@pytest.mark.parametrize(
    ("close", "expected"),
    [
        (152.0, [150, 160]),
        (150.0, [150]),
        (1000.0, [1000]),
        (999.99, [990, 1000]),
        (999.9999999999999, [990, 1000]),
        (1000.01, [1000, 1100]),
        (100.0, [100]),
        (0.3, [0.3]),
        (0.07, [0.07]),
        (0.095, [0.095]),
        (0.0951, [0.095, 0.096]),
        (12345.6, [12000, 13000]),
    ],
)
def test_round_numbers_are_tenths_of_the_power_of_ten_around_the_close(close: float, expected: list[float]):
    out = _zones([close], [close / 1000])
    assert _on(out, 0, *BOUNDS, "kinds") == [(number, number, "round_number") for number in expected]


def test_round_numbers_reach_around_every_other_point_and_stay_above_zero():
    out = _zones([1.5] * 2, [0.01] * 2, ("low", 0.03, 0, 1), records=_records(close=[1.7, 1.7]))
    lows = [low for (low,) in _on(out, 1, "low")]
    assert lows == [0.03, *(number / 10 for number in range(1, 18))], "expected no zero, and the record on the last"


# Side


def test_the_side_is_that_of_the_whole_zone_against_the_close():
    closes = [155, 155, 154, 153.5, 153, 152.75]
    out = _zones(closes, [2] * 6, ("high", 153, 0, 1), ("low", 154, 0, 1))
    found = out.filter(low=153).select("valid_from", "valid_to", "side").rows()
    assert found == [
        (DAY[1], DAY[1], "support"),
        (DAY[2], DAY[4], "at_price"),
        (DAY[5], None, "resistance"),
    ]


# Identity


def test_a_zone_that_grows_keeps_its_id_and_starts_a_row():
    out = _zones([152] * 4, [2] * 4, ("high", 153, 0, 1), ("high", 153.5, 1, 3))
    found = out.filter(zone_id=_at(1, "153.00")).select("valid_from", "valid_to", *BOUNDS, "centre").rows()
    assert found == [(DAY[1], DAY[2], 153, 153, 153), (DAY[3], None, 153, 153.5, 153.25)]


@pytest.mark.parametrize(("moved_to", "expected"), [(153.5, _at(1, "153.00")), (153.625, _at(5, "153.62"))])
def test_a_zone_that_moves_keeps_its_id_while_half_of_the_band_overlaps(moved_to: float, expected: str):
    # With the margin of half a point 153 reaches from 152.5 to 153.5.
    out = _zones([152] * 6, [2] * 6, ("high", 153, 0, 1), ("high", moved_to, 3, 5), zone_age_sessions=4)
    assert _on(out, 4, *BOUNDS)[1] == (153, 153)
    assert _on(out, 5, "zone_id", *BOUNDS)[1] == (expected, moved_to, moved_to)


def test_of_the_parts_of_a_zone_the_one_with_more_overlap_keeps_the_id():
    points = [("high", 153, 0, 1), ("high", 154, 1, 2), ("low", 154.25, 0, 1)]
    out = _zones([152] * 4, [2, 2, 2, 1], *points)
    assert _on(out, 2, *BOUNDS)[1] == (153, 154.25)
    assert _on(out, 3, "zone_id", *BOUNDS)[1:3] == [(_at(3, "153.00"), 153, 153), (_at(1, "153.00"), 154, 154.25)]


def test_of_parts_with_the_same_overlap_the_lower_keeps_the_id():
    out = _zones([152] * 4, [2, 2, 2, 1], ("high", 153, 0, 1), ("low", 154, 0, 2))
    assert _on(out, 2, "zone_id", *BOUNDS)[1] == (_at(1, "153.00"), 153, 154)
    assert _on(out, 3, "zone_id", *BOUNDS)[1:3] == [(_at(1, "153.00"), 153, 153), (_at(3, "154.00"), 154, 154)]


def test_zones_that_join_go_on_as_the_one_with_more_overlap_and_at_a_tie_as_the_lower():
    # The upper one is a quarter wide.
    points = [("high", 153, 0, 1), ("high", 154, 1, 2), ("low", 154.25, 0, 1)]
    out = _zones([152] * 4, [1, 1, 1, 2], *points)
    assert _on(out, 3, "zone_id", *BOUNDS)[1] == (_at(1, "154.25"), 153, 154.25)
    alike = _zones([152] * 4, [1, 1, 1, 2], points[0], points[1])
    assert _on(alike, 3, "zone_id", *BOUNDS)[1] == (_at(1, "153.00"), 153, 154)


@pytest.mark.parametrize(("away", "expected"), [(2, _at(1, "154.00")), (3, _at(5, "154.00"))])
def test_a_zone_that_returns_within_the_memory_gets_its_id_back(away: int, expected: str):
    atr = [1, 1, *[2] * away, 1]
    pair = [("high", 153, 0, 1), ("low", 154, 0, 1)]
    out = _zones([152] * len(atr), atr, *pair, zone_memory_sessions=2)
    assert _ids(out, 1, 153, 154) == [_at(1, "153.00"), _at(1, "154.00")]
    assert _ids(out, 2, 153) == [_at(1, "153.00")], "expected the upper one to vanish on row 2"
    assert _ids(out, len(atr) - 1, 153, 154) == [_at(1, "153.00"), expected]


def test_without_memory_no_id_comes_back():
    out = _zones([152] * 4, [1, 1, 2, 1], ("high", 153, 0, 1), ("low", 154, 0, 1), zone_memory_sessions=0)
    assert _ids(out, 3, 154) == [_at(3, "154.00")]


def test_two_zones_of_one_session_and_rounded_centre_get_different_ids():
    out = _zones([152] * 2, [0.002] * 2, ("high", 153.001, 0, 1), ("low", 153.004, 0, 1))
    assert _ids(out, 1, 153.001, 153.004) == [_at(1, "153.00"), _at(1, "153.00:2")]


# Rows without an average true range


def test_zones_begin_with_the_first_range_and_stay_as_they_are_where_there_is_none():
    closes = [152, 152, 152, 158, 158, 158]
    out = _zones(closes, [None, 2, 2, None, 2, None], ("high", 154, 0, 1), ("low", 156, 0, 3))
    found = out.sort("low", "valid_from").select("low", "valid_from", "valid_to", "side").rows()
    assert found == [
        (150, DAY[1], None, "support"),
        (154, DAY[1], DAY[3], "resistance"),
        (154, DAY[4], None, "support"),
        (156, DAY[4], None, "support"),
        (160, DAY[1], None, "resistance"),
    ]


def test_without_a_range_there_is_no_zone():
    assert _zones([152] * 3, [None] * 3, ("high", 154, 0, 1), records=_records(close=[153] * 3)).is_empty()
