"""Claims of levels, sectors and revenue by hand: every verdict, and that none is given without what limits it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import pytest

from pipelines.contracts import core
from pipelines.contracts.vocabulary import AGGREGATIONS, EXPOSURE_BASES
from tests.transforms.claim_frames import FRIDAY, MONDAY, Facts, checked, claim, tables

PUBLISHED = dt.datetime(2024, 11, 25, 17, tzinfo=dt.UTC)
BOOK = [
    ("key", "key_support", 2288.0, None),
    ("s2", "next_support", 2080.0, 2),
    ("s1", "next_support", 2170.0, 1),
    ("r", "intermediate_resistance", 2450.0, None),
    ("r1", "next_resistance", 2625.0, 1),
]


def levels(*states: tuple[str, str, str], **facts: Any) -> dict[Any, Any]:
    """Return a set of five levels, intact from Friday on but for ``states``: id, state and side."""
    book = [
        {
            **{"level_id": level, "set_id": "s", "role": role, "low": low, "high": low, "order_in_chain": order},
            **{"instrument_id": "RUT", "quote_instrument": "RUT_CFD", "basis_flag": "unadjusted", "method": "unknown"},
            **{"published_at": PUBLISHED, "pending_from": FRIDAY, "valid_from": FRIDAY, **facts},
        }
        for level, role, low, order in BOOK
    ]
    changed = {level: {"state": state, "side": side} for level, state, side in states}
    stretches = [
        {
            **{"level_id": level, "set_id": "s", "role": role, "side": role.rpartition("_")[2], "state": "intact"},
            **{"evaluated_low": low, "evaluated_high": low, "valid_from": FRIDAY, "state_since": FRIDAY},
            **changed.get(level, {}),
        }
        for level, role, low, _ in BOOK
    ]
    return tables((core.Level, book), (core.LevelState, stretches))


@pytest.mark.parametrize(
    ("state", "side", "stated", "verdict"),
    [
        ("intact", "support", "intact", "reproduced"),
        ("testing", "support", "intact", "contradicted"),
        ("testing", "support", "standing", "reproduced"),
        ("broken_provisional", "support", "standing", "reproduced"),
        ("broken", "support", "standing", "contradicted"),
        ("broken", "support", "broken", "reproduced"),
        ("role_reversed", "resistance", "standing", "contradicted"),
        ("intact", "resistance", "standing", "contradicted"),
        ("superseded", "support", "standing", "contradicted"),
        ("expired", "support", "standing", "contradicted"),
    ],
)
def test_the_state_of_a_level_is_that_of_the_table(state: str, side: str, stated: str, verdict: str) -> None:
    found = checked(claim("level_state", stated=stated), levels(("key", state, side)))
    assert (found["verdict"], found["computed"]) == (verdict, f"{state} since 2024-11-29")
    assert found["evidence"] == (
        f"core.level_state (key, 2024-11-29): state {state}, state_since 2024-11-29, side {side}; "
        "core.level (key): role key_support, low 2288, high 2288"
    )
    assert found["reason"] == (
        "RUT_CFD has no bars here: held against the cash index RUT at the published numbers; the level is the author's "
        "own (method unknown): checked is its state, not where it comes from"
    )


def test_a_basis_that_levels_are_shifted_by_is_said() -> None:
    data = levels(basis_flag="adjusted", basis_points=3.25)
    assert "quoted on RUT_CFD: held against RUT less the basis of 3.25" in checked(claim("level_state"), data)["reason"]
    reason = checked(claim("level_state"), levels(basis_flag="cash"))["reason"]
    assert reason.startswith("the level is the author's own")


@pytest.mark.parametrize("changes", [{"set": "t"}, {"role": "key_resistance"}, {"low": "2289"}, {"high": "2290"}])
def test_a_level_that_is_in_no_book_cannot_be_checked(changes: dict[str, str]) -> None:
    found = checked(claim("level_state", **changes), levels())
    assert found["verdict"] == "not_computable"
    assert "of the level books by 2024-11-29" in found["reason"]


def test_a_level_of_later_is_not_in_sight() -> None:
    assert checked(claim("level_state"), levels(pending_from=MONDAY))["verdict"] == "not_computable"


def test_a_level_that_no_bar_was_held_against_cannot_be_checked() -> None:
    data = levels()
    data[core.LevelState] = data[core.LevelState].clear()
    assert checked(claim("level_state"), data)["reason"] == (
        "core.level (key): valid_from 2024-11-29: not held against bars by 2024-11-29"
    )


NEXT = [
    ({}, (), "2,170 (next_support)", "reproduced"),
    ({"next_low": "2080"}, (), "2,170 (next_support)", "contradicted"),
    ({"next_high": "2180"}, (), "2,170 (next_support)", "contradicted"),
    ({}, (("s1", "broken", "support"),), "2,080 (next_support)", "contradicted"),
    ({"next_low": "2080"}, (("s1", "expired", "support"),), "2,080 (next_support)", "reproduced"),
    ({}, (("s1", "broken", "support"), ("s2", "broken", "support")), "none", "contradicted"),
    ({}, (("s1", "role_reversed", "resistance"),), "2,080 (next_support)", "contradicted"),
    (
        {"role": "next_support", "low": "2170", "next_low": "2080"},
        (),
        "2,080 (next_support)",
        "reproduced",
    ),
    (
        {"role": "intermediate_resistance", "low": "2450", "next_low": "2625"},
        (),
        "2,625 (next_resistance)",
        "reproduced",
    ),
    # A key support that was turned stands with the key and intermediate resistances, nearest first.
    (
        {"next_low": "2450"},
        (("key", "role_reversed", "resistance"),),
        "2,450 (intermediate_resistance)",
        "reproduced",
    ),
]


@pytest.mark.parametrize(("changes", "states", "computed", "verdict"), NEXT)
def test_the_next_level_is_the_first_down_the_chain_that_has_not_given_way(
    changes: dict[str, str], states: tuple[tuple[str, str, str], ...], computed: str, verdict: str
) -> None:
    kind = {"next_high": None, **changes}
    found = checked(claim("level_next", **kind), levels(*states))
    assert (found["verdict"], found["computed"]) == (verdict, computed)


def test_a_zone_comes_next_whole() -> None:
    data = levels()
    is_next = pl.col("level_id") == "s1"
    data[core.Level] = data[core.Level].with_columns(high=pl.when(is_next).then(2180.0).otherwise("high"))
    assert checked(claim("level_next"), data)["computed"] == "2,170 to 2,180 (next_support)"
    assert checked(claim("level_next"), data)["verdict"] == "reproduced"
    assert checked(claim("level_next", next_high=None), data)["verdict"] == "contradicted"


# Sectors


def sectors(as_of: dt.date, *weights: tuple[str, float]) -> list[Facts]:
    rows = {"index_id": "SPX", "as_of": as_of, "weight_source": "market_value", "membership_quality": "pit_official"}
    return [
        {**rows, "sector": sector, "weight_share": share, "rank": rank}
        for rank, (sector, share) in enumerate(weights, start=1)
    ]


MEMBER = {"index_id": "SPX", "as_of": FRIDAY, "symbol": "A", "fund_id": "IVV"}


@pytest.mark.parametrize(("stated", "verdict"), [("Financials", "reproduced"), ("Energy", "contradicted")])
def test_the_largest_sector_comes_with_the_date_of_the_holdings_and_what_has_no_sector(
    stated: str, verdict: str
) -> None:
    weights = sectors(FRIDAY, ("Financials", 0.6), ("Energy", 0.3), ("Unclassified", 0.1))
    data = tables((core.SectorWeight, weights), (core.Membership, [MEMBER]))
    found = checked(claim("largest_sector", stated=stated, as_of="2024-12-06"), data)
    assert (found["verdict"], found["computed"]) == (verdict, "Financials, 60.00 %")
    assert found["evidence"] == (
        "core.sector_weight (SPX, 2024-11-29, Financials): rank 1, weight_share 0.6; "
        "core.sector_weight (SPX, 2024-11-29, Energy): rank 2, weight_share 0.3"
    )
    assert found["reason"] == (
        "holdings of IVV of 2024-11-29 (pit_official), 7 days before 2024-12-06, asked 4 days after the publication; "
        "weights by market_value, 10.00 % of them without a sector"
    )


def test_the_newest_holdings_up_to_the_date_count() -> None:
    rows = [
        *sectors(dt.date(2024, 9, 30), ("Energy", 1.0)),
        *sectors(FRIDAY, ("Financials", 1.0)),
        *sectors(MONDAY, ("Utilities", 1.0)),
    ]
    found = checked(claim("largest_sector"), tables((core.SectorWeight, rows)))
    assert (found["verdict"], found["computed"]) == ("reproduced", "Financials, 100.00 %")


@pytest.mark.parametrize(
    ("weights", "members", "reason"),
    [
        ([], [], "expected core.sector_weight of SPX by 2024-11-29, was none"),
        (
            [],
            [MEMBER],
            "expected core.sector_weight of SPX by 2024-11-29, was holdings of 2024-11-29 that name no sectors",
        ),
        (sectors(MONDAY, ("Energy", 1.0)), [], "expected core.sector_weight of SPX by 2024-11-29, was none"),
        (
            sectors(dt.date(2023, 10, 25), ("Energy", 1.0)),
            [],
            "expected holdings of SPX at most 400 days before 2024-11-29, was 2023-10-25",
        ),
    ],
)
def test_without_holdings_of_the_time_no_sector_is_the_largest(
    weights: list[Facts], members: list[Facts], reason: str
) -> None:
    found = checked(claim("largest_sector"), tables((core.SectorWeight, weights), (core.Membership, members)))
    assert (found["verdict"], found["reason"]) == ("not_computable", reason)


# Revenue


def exposures(**shares: float | None) -> dict[Any, Any]:
    """Return exposures of the S&P 500 by aggregation and basis, such as median_reported; null for those not named."""
    rows = []
    for aggregation in AGGREGATIONS:
        for basis in EXPOSURE_BASES:
            share = shares.get(f"{aggregation}_{basis}")
            rows.append(
                {
                    **{"index_id": "SPX", "as_of": FRIDAY, "sector": "ALL", "aggregation": aggregation, "basis": basis},
                    **{"domestic_share": share, "international_share": None if share is None else 1 - share},
                    **{"coverage_weight_share": 0.625, "companies_covered": 300, "companies_total": 500},
                    **{"null_reason": "coverage" if share is None else None, "membership_quality": "pit_official"},
                }
            )
    return tables((core.RevenueExposure, rows), (core.Membership, [MEMBER]))


ALL_SIX = [f"{aggregation}_{basis}" for aggregation in AGGREGATIONS for basis in EXPOSURE_BASES]


@pytest.mark.parametrize(
    ("shares", "verdict"),
    [
        (dict.fromkeys(ALL_SIX, 0.78), "reproduced"),
        (dict.fromkeys(ALL_SIX, 0.85), "reproduced"),
        (dict.fromkeys(ALL_SIX, 0.8501), "contradicted"),
        ({**dict.fromkeys(ALL_SIX, 0.78), "revenue_sum_reported": 0.6}, "basis_dependent"),
        ({"cap_weighted_imputed": 0.78}, "reproduced"),
        ({}, "not_computable"),
    ],
)
def test_a_share_of_revenue_is_held_against_every_way_to_add_it_up(shares: dict[str, float], verdict: str) -> None:
    found = checked(claim("revenue_share", basis="unstated"), exposures(**shares))
    assert found["verdict"] == verdict
    assert "covers 62.5 % of the weight, 300 of 500 companies" in found["reason"]
    assert (
        found["reason"].startswith("holdings of IVV of 2024-11-29 (pit_official), 0 days before 2024-11-29; covers")
        or not shares
        or len(shares) == 1
    )
    if len(shares) == 1:
        assert "median, reported: no share is given (coverage)" in found["reason"]
        assert "median, reported: cannot be told" in found["depends_on"]


def test_of_a_stated_basis_and_aggregation_one_share_counts() -> None:
    data = exposures(**{**dict.fromkeys(ALL_SIX, 0.5), "median_imputed": 0.8})
    found = checked(claim("revenue_share", basis="imputed", aggregation="median"), data)
    assert (found["verdict"], found["computed"], found["depends_on"]) == ("reproduced", "80.0 %", None)
    abroad = claim("revenue_share", basis="imputed", aggregation="median", side="international", stated="19")
    found = checked(abroad, data)
    assert (found["verdict"], found["computed_value"], found["difference"]) == (
        "reproduced",
        pytest.approx(20.0),
        pytest.approx(1.0),
    )
    assert "international_share 0.2, coverage_weight_share 0.625" in found["evidence"]


def test_a_sector_that_the_holdings_do_not_have_cannot_be_checked() -> None:
    found = checked(claim("revenue_share", sector="Energy"), exposures(**dict.fromkeys(ALL_SIX, 0.8)))
    assert (found["verdict"], found["reason"].split(";")[0]) == (
        "not_computable",
        "expected a revenue share of SPX, Energy, was none",
    )
