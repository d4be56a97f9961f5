"""Company revenues and exposures worked by hand: which report counts, the three aggregations, two bases, the gate."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import pytest

from pipelines.contracts import core
from pipelines.contracts.vocabulary import SECTORS
from pipelines.parameters import Parameters
from pipelines.transforms.company_revenue import company_revenues
from pipelines.transforms.revenue_exposure import revenue_exposures
from tests.transforms.membership_frames import geographies, members, reported, revenues

D = dt.date
UTC = dt.UTC
JUNE_28 = D(2024, 6, 28)
FEBRUARY = dt.datetime(2024, 2, 1, 21, tzinfo=UTC)


def _companies(of: pl.DataFrame, reports: pl.DataFrame, **thresholds: int) -> pl.DataFrame:
    return core.CompanyRevenue.validate(company_revenues(of, reports, Parameters(**thresholds)))


# Which report counts


def test_a_company_has_one_row_under_the_symbol_of_its_heaviest_line():
    of = [
        members(
            {"symbol": "A-A", "cik": 1, "weight_share": 0.25},
            {"symbol": "A-B", "cik": 1, "weight_share": 0.5},
            {"symbol": "N", "weight_share": 0.25},
        ),
        members({"symbol": "A-B", "cik": 1, "weight_share": 1.0}, index_id="Y"),
        members({"symbol": "A-A", "cik": 1, "weight_share": 1.0}, as_of=D(2024, 6, 27)),
    ]
    out = _companies(pl.concat(of), geographies({"cik": 1, "known_from": FEBRUARY, **reported(0.25)}))
    columns = ("as_of", "company_id", "cik", "symbol", "company_name", "domestic_share", "null_reason")
    assert out.select(columns).rows() == [
        (D(2024, 6, 27), "0000000001", 1, "A-A", "Fiction A-A (made up)", 0.25, None),
        (JUNE_28, "0000000001", 1, "A-B", "Fiction A-B (made up)", 0.25, None),
        (JUNE_28, "symbol:N", None, "N", "Fiction N (made up)", None, "no_filing"),
    ]


@pytest.mark.parametrize(
    ("known_from", "adsh"),
    [
        (dt.datetime(2024, 6, 29, 3, 59, 59, tzinfo=UTC), "new"),  # 23:59:59 in New York in summer
        (dt.datetime(2024, 6, 29, 4, 0, 0, tzinfo=UTC), "old"),
        (dt.datetime(2024, 6, 28, 21, 0, 0, tzinfo=UTC), "new"),
    ],
)
def test_a_report_counts_from_the_end_of_the_day_it_was_known_on(known_from: dt.datetime, adsh: str):
    reports = geographies(
        {"cik": 1, "known_from": FEBRUARY, "adsh": "old", **reported(0.25)},
        {"cik": 1, "known_from": known_from, "adsh": "new", **reported(0.75)},
        {"cik": 2, "known_from": FEBRUARY, "adsh": "of another company", **reported(0.5)},
    )
    (row,) = _companies(members({"symbol": "A", "cik": 1, "weight_share": 1.0}), reports).rows(named=True)
    assert row["adsh"] == adsh
    assert row["domestic_share"] == (0.75 if adsh == "new" else 0.25)


def test_a_report_known_only_later_is_no_filing_yet():
    later = geographies({"cik": 1, "known_from": dt.datetime(2024, 12, 1, 5, tzinfo=UTC), **reported(0.25)})
    of = [members({"symbol": "A", "cik": 1, "weight_share": 1.0}, as_of=D(2024, month, 30)) for month in (6, 11)]
    # Midnight in New York in winter is five in the morning: the report is of the first of December.
    assert _companies(pl.concat(of), later)["null_reason"].to_list() == ["no_filing", "no_filing"]


@pytest.mark.parametrize(
    ("period_end", "as_of", "is_stale"),
    [
        (D(2022, 12, 31), D(2024, 6, 30), False),
        (D(2022, 12, 31), D(2024, 7, 1), True),
        (D(2023, 6, 30), D(2024, 12, 31), False),  # both are ends of months, eighteen apart
        (D(2023, 6, 30), D(2025, 1, 1), True),
        (D(2023, 2, 28), D(2024, 8, 31), False),
        (D(2023, 2, 28), D(2024, 9, 1), True),
    ],
)
def test_a_report_of_a_year_long_over_says_nothing_but_is_named(period_end: dt.date, as_of: dt.date, is_stale: bool):
    report = {"cik": 1, "known_from": FEBRUARY, "period_end": period_end, "flags": "reconciled", **reported(0.25)}
    of = members({"symbol": "A", "cik": 1, "weight_share": 1.0}, as_of=as_of)
    (row,) = _companies(of, geographies(report)).rows(named=True)
    figures = ("total_revenue", "domestic_revenue", "domestic_share", "domestic_share_low", "imputed_share")
    if is_stale:
        assert [row[figure] for figure in figures] == [None] * 5
        assert (row["method"], row["null_reason"]) == ("not_reported", "stale")
    else:
        assert [row[figure] for figure in figures] == [1000.0, 250.0, 0.25, 0.25, 0.25]
        assert (row["method"], row["null_reason"]) == ("explicit_us", None)
    assert (row["adsh"], row["period_end"], row["flags"]) == ("0000000000-24-000001", period_end, "reconciled")


def test_why_a_report_gives_no_share_is_handed_on():
    report = {"cik": 1, "known_from": FEBRUARY, "method": "not_reported", "null_reason": "no_geo", "imputed_share": 1.0}
    of = members({"symbol": "A", "cik": 1, "weight_share": 1.0})
    (row,) = _companies(of, geographies({**report, "total_revenue": 7.0})).rows(named=True)
    assert (row["domestic_share"], row["imputed_share"], row["total_revenue"]) == (None, 1.0, 7.0)
    assert (row["method"], row["null_reason"]) == ("not_reported", "no_geo")


# Sums over companies. Weights in sixteenths: A 5 (two share classes), B 4, C 3, D 2, E 2.

TECH, BANKS = "Information Technology", "Financials"
INDEX = members(
    {"symbol": "A-A", "company_id": "A", "weight_share": 3 / 16, "sector": TECH},
    {"symbol": "A-B", "company_id": "A", "weight_share": 2 / 16, "sector": BANKS},  # the heavier class has the say
    {"symbol": "B", "company_id": "B", "weight_share": 4 / 16, "sector": BANKS},
    {"symbol": "C", "company_id": "C", "weight_share": 3 / 16, "sector": TECH},
    {"symbol": "D", "company_id": "D", "weight_share": 2 / 16, "sector": TECH},
    {"symbol": "E", "company_id": "E", "weight_share": 2 / 16, "sector": BANKS},
)
SILENT = {"null_reason": "no_geo", "total_revenue": 300.0, "imputed_share": 1.0}
REVENUES = revenues(
    {"company_id": "A", **reported(0.4)},
    {"company_id": "B", "method": "bucket", **reported(0.6, 0.0, 0.8, total=500.0), "domestic_revenue": None},
    {"company_id": "C", **SILENT},
    {"company_id": "D", **reported(0.1, total=9999.0), "unit_of_measure": "EUR"},
    {"company_id": "E"},
)


def _exposures(**thresholds: float) -> dict[tuple, dict[str, Any]]:
    out = core.RevenueExposure.validate(revenue_exposures(INDEX, REVENUES, Parameters(**thresholds)))
    return {(row["sector"], row["aggregation"], row["basis"]): row for row in out.rows(named=True)}


@pytest.mark.parametrize(
    ("aggregation", "basis", "share", "low", "high", "coverage", "covered"),
    [
        # A 5 x 0.4, B 4 x 0.6, D 2 x 0.1; with C 3 x 1, which its report bounds by nothing
        ("cap_weighted", "reported", 4.6 / 11, 2.2 / 11, 5.4 / 11, 11 / 16, 3),
        ("cap_weighted", "imputed", 7.6 / 14, 2.2 / 14, 8.4 / 14, 14 / 16, 4),
        # A 400 of 1000, B 300 of 500; with C 300 of 300; D reports in euros
        ("revenue_sum", "reported", 700 / 1500, 400 / 1500, 800 / 1500, 9 / 16, 2),
        ("revenue_sum", "imputed", 1000 / 1800, 400 / 1800, 1100 / 1800, 12 / 16, 3),
        # 0.1, 0.4, 0.6; low 0, 0.1, 0.4; high 0.1, 0.4, 0.8; with C 1, 0 and 1
        ("median", "reported", 0.4, 0.1, 0.4, 11 / 16, 3),
        ("median", "imputed", 0.5, 0.05, 0.6, 14 / 16, 4),
    ],
)
def test_the_index_in_three_aggregations_on_two_bases(
    aggregation: str, basis: str, share: float, low: float, high: float, coverage: float, covered: int
):
    row = _exposures()["ALL", aggregation, basis]
    bounds = (row["domestic_share"], row["domestic_share_low"], row["domestic_share_high"])
    assert bounds == pytest.approx((share, low, high), abs=1e-15)
    assert row["international_share"] == 1.0 - row["domestic_share"]
    assert row["coverage_weight_share"] == coverage
    # Of 1800 known dollars C has 300, which count where it does.
    assert row["coverage_revenue_share"] == pytest.approx(1500 / 1800 if basis == "reported" else 1.0)
    assert (row["companies_covered"], row["companies_total"]) == (covered, 5)
    # 43.75, 25 and 31.25: of equal remainders the first method is rounded up.
    assert row["weight_by_method"] == "explicit_us 43.8, bucket 25.0, not_reported 31.2"
    assert row["null_reason"] is None


def test_sectors_are_those_of_the_heaviest_class():
    rows = _exposures()
    tech, banks = rows[TECH, "cap_weighted", "reported"], rows[BANKS, "cap_weighted", "reported"]
    assert (tech["companies_total"], banks["companies_total"]) == (3, 2)
    assert tech["domestic_share"] == pytest.approx(2.2 / 7)
    assert banks["domestic_share"] == pytest.approx(0.6)
    assert (tech["coverage_weight_share"], banks["coverage_weight_share"]) == (7 / 10, 4 / 6)
    assert banks["weight_by_method"] == "bucket 66.7, not_reported 33.3"
    assert rows[TECH, "revenue_sum", "reported"]["coverage_weight_share"] == 5 / 10
    assert rows[BANKS, "revenue_sum", "imputed"]["coverage_revenue_share"] == 1.0


def test_the_gate_is_on_what_counts_on_the_basis():
    # Of all report 11 of 16, in dollars 9 of 16; with C 14 and 12. Of technology 7 of 10, in dollars 5; with C 10 and
    # 8. Of financials 4 of 6, imputed or not.
    expected = {
        ("ALL", "cap_weighted", "reported"): None,
        ("ALL", "median", "reported"): None,
        ("ALL", "revenue_sum", "reported"): "no_exchange_rate",
        ("ALL", "revenue_sum", "imputed"): None,
        (TECH, "cap_weighted", "reported"): None,
        (TECH, "revenue_sum", "reported"): "no_exchange_rate",
        (TECH, "revenue_sum", "imputed"): None,
        (BANKS, "cap_weighted", "reported"): "coverage",
        (BANKS, "cap_weighted", "imputed"): "coverage",
        (BANKS, "revenue_sum", "imputed"): "coverage",
    }
    rows = _exposures(exposure_min_weight_share=0.68)
    assert {key: rows[key]["null_reason"] for key in expected} == expected
    rows = _exposures(exposure_min_weight_share=0.69)
    row = rows["ALL", "cap_weighted", "reported"]
    figures = ("domestic_share", "international_share", "domestic_share_low", "domestic_share_high")
    assert [row[figure] for figure in figures] == [None] * 4
    assert (row["null_reason"], row["coverage_weight_share"], row["companies_covered"]) == ("coverage", 11 / 16, 3)
    assert rows["ALL", "cap_weighted", "imputed"]["domestic_share"] == pytest.approx(7.6 / 14)


def test_the_gate_lets_exactly_its_share_pass():
    assert _exposures(exposure_min_weight_share=0.5)[TECH, "revenue_sum", "reported"]["domestic_share"] == 0.4
    closed = _exposures(exposure_min_weight_share=0.5000001)[TECH, "revenue_sum", "reported"]
    assert closed["null_reason"] == "no_exchange_rate"


def test_all_sectors_are_named_and_empty_ones_say_so():
    rows = _exposures()
    assert len(rows) == (len(SECTORS) + 2) * 3 * 2
    for sector in (*SECTORS, "Unclassified"):
        row = rows[sector, "median", "imputed"]
        if sector in (TECH, BANKS):
            assert row["null_reason"] is None
        else:
            assert (row["null_reason"], row["domestic_share"]) == ("no_company", None)
            assert (row["companies_total"], row["companies_covered"], row["coverage_weight_share"]) == (0, 0, 0.0)
            assert (row["coverage_revenue_share"], row["weight_by_method"]) == (None, "none")


def test_without_any_report_nothing_is_given_even_without_a_gate():
    of = members({"symbol": "E", "company_id": "E", "weight_share": 1.0})
    out = revenue_exposures(of, revenues({"company_id": "E"}), Parameters(exposure_min_weight_share=0.0))
    assert core.RevenueExposure.validate(out).filter(sector="ALL")["null_reason"].unique().to_list() == ["coverage"]


def test_a_member_without_a_row_of_revenue_is_an_error():
    with pytest.raises(ValueError, match=r"core.company_revenue: expected a row for every member, was none for \('X'"):
        revenue_exposures(INDEX, REVENUES.filter(pl.col("company_id") != "B"), Parameters())


def test_no_members_give_no_exposures():
    none = core.Membership.create_empty()
    companies = _companies(none, core.CompanyRevenueGeography.create_empty())
    assert companies.is_empty()
    assert core.RevenueExposure.validate(revenue_exposures(none, companies, Parameters())).is_empty()
