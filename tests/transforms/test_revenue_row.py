"""Which revenues of a report count, and which of them contradict each other."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from pipelines.contracts.vocabulary import REVENUE_TAGS
from pipelines.parameters import Parameters
from pipelines.transforms.revenue_row import revenue_rows
from tests.transforms.revenue_frames import CONTRACT, END, answer, facts, filing, filings, places


def _rows(*revenues: pl.DataFrame, **columns: object) -> pl.DataFrame:
    return revenue_rows(filings(filing(**columns)), pl.concat(revenues), Parameters())


def _placed(*revenues: pl.DataFrame) -> list[tuple]:
    return _rows(*revenues).select("axis", "member", "others", "value").rows()


SPLIT = places(100, US=60, CA=40)
PLACED = [(None, None, "", 100), ("Geographical", "CA", "", 40), ("Geographical", "US", "", 60)]


@pytest.mark.parametrize(
    "columns",
    [
        {"fact_date": dt.date(2022, 12, 31)},
        {"quarters": 1},
        {"quarters": 3},
        {"coregistrant": "SubsidiaryCo"},
        {"tag": "CostOfRevenue"},
        {"tag": "ContractWithCustomerLiabilityRevenueRecognized"},
        {"tag": "RevenuesCustom"},
        {"adsh": "B"},
    ],
)
def test_rows_of_other_years_quarters_companies_and_quantities_do_not_count(columns: dict):
    other = facts(places(7000, US=7, MX=7), **columns)
    assert _placed(facts(SPLIT), other) == PLACED


def test_a_value_that_is_missing_does_not_count():
    assert _placed(facts({**SPLIT, "Geographical=MX;": None})) == PLACED


@pytest.mark.parametrize(
    "pairs",
    [
        "ConsolidationItems=IntersegmentElimination;",
        "ConsolidationItems=CorporateNonSegment;",
        "RestatementByNewAccountingStandard=X;",
        "Restatement=RestatementAdjustment;",
        "LegalEntity=SubsidiaryCo;",
        "MajorCustomers=CustomerA;",
        "ConcentrationRiskByType=CustomerConcentrationRisk;",
        "Scenario=ProForma;",
    ],
)
def test_rows_of_eliminations_restatements_entities_customers_and_scenarios_are_kept_out(pairs: str):
    other = facts({f"Geographical=US;{pairs}": 7, f"{pairs}Geographical=MX;": 7, pairs: 7})
    assert _placed(facts(SPLIT), other) == PLACED


def test_pairs_of_the_operating_business_are_looked_through():
    neutral = facts(
        {
            "BusinessSegments=ReportableSegment;": 100,
            "ConsolidationItems=OperatingSegments;Geographical=CA;": 40,
            "BusinessSegments=ReportableSegment;ConsolidationItems=OperatingSegments;Geographical=US;": 60,
        }
    )
    assert _placed(neutral) == PLACED


def test_a_row_with_a_neutral_pair_yields_to_the_one_without():
    """The operating segments sell to each other: 105 before eliminations is no second total."""
    pair = "ConsolidationItems=OperatingSegments;"
    gross = facts({pair: 105, f"{pair}Geographical=US;": 65})
    assert _placed(facts(SPLIT), gross) == PLACED
    assert answer(facts(SPLIT), gross)["flags"] == "reconciled"


def test_other_axes_are_one_group_whatever_their_order():
    crossed = facts({"Geographical=US;B=2;A=1;": 5, "A=1;B=2;Geographical=CA;": 4, "ProductOrService=X;": 3})
    assert _placed(crossed) == [("Geographical", "CA", "A=1;B=2", 4), ("Geographical", "US", "A=1;B=2", 5)]


def test_axes_of_international_standards_are_read():
    both = facts({"GeographicalAreas=Europe;Countries=DE;": 1, "Countries=DE;": 2, "GeographicalAreas=Europe;": 3})
    assert _placed(both) == [
        ("Countries", "DE", "", 2),
        ("GeographicalAreas", "Europe", "", 3),
        ("GeographicalAreas", "Europe", "Countries=DE", 1),
    ]


def test_the_unit_of_most_rows_counts_and_not_its_translation():
    values = {"": 700, "Geographical=CN;": 600, "Geographical=US;": 100}
    assert _placed(facts({"": 98}), facts(values, unit_of_measure="CNY"))[0] == (None, None, "", 700)
    row = answer(facts({"": 98}), facts({"": 700}, unit_of_measure="CNY"))
    assert (row["unit_of_measure"], row["total_revenue"]) == ("CNY", 700)


def test_values_that_differ_by_little_count_as_the_first():
    second = facts({"": 199.5, "Geographical=US;": 79.7}, occurrence=2)
    row = answer(second, facts(places(200, US=80, CA=120)))
    assert (row["domestic_share"], row["flags"]) == (0.4, "reconciled, conflict")


@pytest.mark.parametrize("segments", ["", "Geographical=CA;"])
def test_values_that_differ_by_more_than_half_a_per_cent_refuse_the_report(segments: str):
    split = places(200, US=80, CA=120)
    row = answer(facts(split), facts({segments: split[segments] * 1.0051}, occurrence=2))
    assert (row["domestic_share"], row["imputed_share"], row["null_reason"]) == (None, None, "conflict")


def test_a_conflict_elsewhere_refuses_no_more_than_where_it_stands():
    other = "Geographical=US;ProductOrService=Hats;"
    row = answer(facts({**places(200, US=80, CA=120), other: 3}), facts({other: 4}, occurrence=2))
    assert (row["domestic_share"], row["flags"]) == (0.4, "reconciled")
    segments = places(200, "BusinessSegments", US=80, Canada=120)
    assert answer(facts(segments))["domestic_share"] == 0.4
    row = answer(facts(segments), facts({"BusinessSegments=Canada;": 125}, occurrence=2))
    assert (row["domestic_share"], row["null_reason"]) == (None, "unreconciled")


def test_the_split_of_the_preferred_of_two_tags_with_equal_totals_answers():
    """As Tesla's."""
    split = places(100, US=47, CN=22, OtherInternational=31)
    row = answer(facts(split, tag="Revenues"), facts(split))
    assert (row["tag"], row["domestic_share"]) == (CONTRACT, 0.47)


def test_the_tag_whose_split_answers_best_speaks_for_the_report():
    best = facts(places(100, US=47, CN=53), tag="SalesRevenueNet")
    for worse in ({"": 100, "Geographical=US;": 46}, places(100, Americas=60, EMEA=40), places(100, EMEA=90)):
        row = answer(facts(worse), best)
        assert (row["tag"], row["domestic_share"]) == ("SalesRevenueNet", 0.47)


def test_a_split_of_all_revenue_goes_before_one_of_a_part():
    row = answer(facts(places(60, US=50, CN=10)), facts(places(100, Americas=60, EMEA=40), tag="Revenues"))
    assert (row["tag"], row["domestic_share"], row["flags"]) == ("Revenues", 0.45, None)


@pytest.mark.parametrize(("total", "flags"), [(94, "reconciled, partial_scope"), (95, "reconciled")])
def test_a_split_of_contract_revenue_says_where_it_is_a_part(total: float, flags: str):
    row = answer(facts(places(total, US=total / 2, CN=total / 2)), facts({"": 100}, tag="Revenues"))
    assert (row["domestic_share"], row["total_revenue"], row["flags"]) == (0.5, total, flags)


def test_a_split_without_total_of_its_tag_is_of_the_largest_total():
    split = facts(places(None, US=30, CN=70), tag="Revenues")
    row = answer(split, facts({"": 100}), facts({"": 80}, tag="SalesRevenueNet"))
    assert (row["tag"], row["total_revenue"], row["flags"]) == ("Revenues", 100, "reconciled, other_total")


def test_a_split_of_its_own_total_goes_before_one_of_another():
    borrowed = facts(places(None, US=30, CN=70), tag="Revenues")
    row = answer(borrowed, facts(places(100, US=40, CN=60), tag="SalesRevenueNet"))
    assert (row["tag"], row["domestic_share"]) == ("SalesRevenueNet", 0.4)


def test_a_total_of_nothing_is_not_divided_by():
    row = answer(facts(places(0, US=30), tag="SalesRevenueGoodsNet"), facts({"": 100}))
    assert (row["domestic_share"], row["null_reason"], row["total_revenue"]) == (None, "unreconciled", 100)


def test_old_tags_and_a_change_of_taxonomy_are_read():
    """As Microsoft's of 2015, before the axis moved to another taxonomy: its name in the data sets is the same."""
    split = places(93.58, US=42.941, OtherCountries=50.639)
    row = answer(facts(split, tag="SalesRevenueNet", taxonomy="us-gaap/2014"))
    assert row["domestic_share"] == pytest.approx(0.458869, abs=1e-6)
    ifrs = places(80, "GeographicalAreas", US=20, Europe=60)
    row = answer(facts(ifrs, tag="Revenue", taxonomy="ifrs/2023", unit_of_measure="EUR"), form="20-F")
    assert (row["domestic_share"], row["unit_of_measure"]) == (0.25, "EUR")


def test_of_two_geographic_axes_the_better_split_answers():
    areas = places(100, "GeographicalAreas", Americas=50, Europe=50)
    row = answer(facts({**areas, **places(100, "Countries", US=45, DE=20)}, tag="Revenue"))
    assert (row["domestic_share"], row["method"]) == (0.45, "explicit_us")


def test_rows_of_another_registrant_are_not_the_filers():
    """As utilities file: a report of a group with a subsidiary that files with it."""
    row = answer(facts({"": 100}), facts(places(40, US=40), coregistrant="PowerCo"), filers=2)
    assert (row["null_reason"], row["imputed_share"], row["total_revenue"]) == ("no_geo", 1, 100)


def test_every_tag_is_read_and_tags_do_not_mix():
    for tag in REVENUE_TAGS:
        assert answer(facts(SPLIT, tag=tag))["domestic_share"] == 0.6
    mixed = [facts(places(100, NonUs=40), tag="Revenues"), facts(places(100, Europe=25, APAC=15))]
    assert answer(*mixed)["domestic_share"] == 0.6
    mixed = [facts(places(100, Americas=60), tag="Revenues"), facts(places(100, EMEA=40))]
    assert answer(*mixed)["null_reason"] == "unreconciled"


def test_a_report_without_a_year_has_no_rows():
    assert _rows(facts(SPLIT), period_end=None).is_empty()
    assert _rows(facts(SPLIT), period_end=END + dt.timedelta(days=1)).is_empty()


def test_the_order_of_rows_is_of_no_matter():
    both = pl.concat([facts(SPLIT), facts({"": 100.2}, occurrence=2), facts(SPLIT, tag="Revenues")])
    assert_frame_equal(_rows(both.reverse()), _rows(both))
