"""Domestic shares worked by hand: every rule of methods B7 and every report whose trap is known, on a few rows."""

from __future__ import annotations

import pytest

from tests.transforms.revenue_frames import CONTRACT, answer, facts, places

FIGURES = ("domestic_share", "domestic_share_low", "domestic_share_high", "domestic_revenue", "method", "flags")


def _figures(row: dict) -> tuple:
    return tuple(row[column] for column in FIGURES)


def _null(row: dict) -> tuple:
    """Return the reason and the imputed share of a report without a share."""
    assert _figures(row)[:5] == (None, None, None, None, "not_reported")
    return row["null_reason"], row["imputed_share"]


# Rule A


def test_a_member_for_the_united_states_gives_the_share_in_the_total():
    row = answer(facts(places(200, US=80, CN=40, OtherCountries=80)))
    assert _figures(row) == (0.4, 0.4, 0.4, 80, "explicit_us", "reconciled")
    assert (row["imputed_share"], row["null_reason"]) == (0.4, None)
    assert (row["tag"], row["unit_of_measure"], row["total_revenue"]) == (CONTRACT, "USD", 200)


def test_a_remainder_called_non_us_is_not_all_that_is_foreign():
    """As Amazon's: NonUs comes after Germany, Britain and Japan, so 1 - NonUs would be 0.86."""
    row = answer(facts(places(100, US=69, DE=7, GB=6, JP=4, NonUs=14)))
    assert _figures(row) == (0.69, 0.69, 0.69, 69, "explicit_us", "reconciled")


def test_a_foreign_total_beside_its_parts_does_no_harm():
    """As Lilly's: members add up to 133 % of revenue."""
    row = answer(facts(places(651, US=434, NonUs=217, Europe=116, JP=21, CN=20, RestOfWorld=60), tag="Revenues"))
    assert _figures(row) == (434 / 651, 434 / 651, 434 / 651, 434, "explicit_us", "reconciled")


def test_the_united_states_within_a_region_of_the_same_axis_are_nested():
    """As Meta's: the regions make up the total, the United States stand for themselves in one of them."""
    row = answer(facts(places(1000, UnitedStatesAndCanada=450, Europe=230, AsiaPacific=270, RestOfWorld=50, US=370)))
    assert _figures(row) == (0.37, 0.37, 0.37, 370, "explicit_us", "nested")


def test_the_united_states_within_a_region_of_a_crossed_split_are_nested():
    """As Netflix's: regions are given for streaming alone, 0.25 % short of all revenue."""
    regions = {"UnitedStatesAndCanada": 439, "EMEA": 310, "LatinAmerica": 130, "AsiaPacific": 118.5}
    row = answer(
        facts(places(1000, US=390), tag="Revenues"),
        facts(places(None, others="ProductOrService=Streaming;", **regions), tag="Revenues"),
    )
    assert _figures(row) == (0.39, 0.39, 0.39, 390, "explicit_us", "nested")


def test_a_region_smaller_than_the_united_states_does_not_hold_them():
    row = answer(facts(places(100, Americas=50, EMEA=50, US=60)))
    assert _figures(row) == (0.6, 0.6, 0.6, 60, "explicit_us", "unreconciled")


def test_a_share_stands_where_the_other_members_are_not_all_given():
    row = answer(facts(places(100, US=60, CA=10)))
    assert _figures(row) == (0.6, 0.6, 0.6, 60, "explicit_us", "unreconciled")


@pytest.mark.parametrize(("revenue", "standing"), [(60, "unreconciled"), (60.5, "reconciled"), (61.5, "reconciled")])
def test_half_a_per_cent_of_the_total_may_be_missing(revenue: float, standing: str):
    assert answer(facts(places(100, US=revenue, CA=39)))["flags"] == standing


def test_a_domestic_revenue_just_above_the_total_is_the_whole_of_it():
    assert _figures(answer(facts(places(1000, US=1005)))) == (1, 1, 1, 1005, "explicit_us", "reconciled")
    assert _null(answer(facts(places(1000, US=1006)))) == ("unreconciled", None)


def test_a_negative_domestic_revenue_is_refused():
    assert _null(answer(facts(places(100, US=-5, CA=105)))) == ("unreconciled", None)


def test_no_domestic_revenue_at_all_is_a_share_of_zero():
    assert _figures(answer(facts(places(100, US=0, CA=100)))) == (0, 0, 0, 0, "explicit_us", "reconciled")


def test_two_names_of_the_united_states_must_say_the_same():
    assert answer(facts(places(1000, US=600, UnitedStates=601, CA=400)))["domestic_revenue"] == 601
    assert _null(answer(facts(places(1000, US=600, UnitedStates=610, CA=390)))) == ("unreconciled", None)


def test_home_is_the_united_states_to_a_filer_that_lives_there():
    members = places(100, Domestic=70, Foreign=30)
    assert _figures(answer(facts(members)))[:5] == (0.7, 0.7, 0.7, 70, "explicit_us")
    abroad = answer(facts(members), country_business="IL", country_incorporated="IL", form="20-F")
    assert _null(abroad) == ("unreconciled", None)


@pytest.mark.parametrize(("form", "share"), [("10-K", 0.7), ("40-F", None)])
def test_the_form_tells_where_a_filer_lives_where_no_address_does(form: str, share: float | None):
    row = answer(facts(places(100, Domestic=70)), country_business=None, country_incorporated=None, form=form)
    assert row["domestic_share"] == share


def test_three_codes_of_states_alone_make_states_of_the_others():
    """TX, FL and NY are no countries; so CA is California, and all is domestic but Mexico."""
    row = answer(facts(places(100, TX=30, FL=20, NY=15, CA=25, Mexico=10)))
    assert _figures(row) == (0.9, 0.9, 0.9, 90, "explicit_us", "reconciled, states")
    assert _null(answer(facts(places(100, TX=30, FL=20, NY=15, CA=25)))) == ("unreconciled", None)
    assert _null(answer(facts(places(100, TX=30, FL=20, NY=15, Other=35)))) == ("unreconciled", None)


def test_fewer_codes_of_states_leave_countries_countries():
    assert _null(answer(facts(places(100, TX=30, FL=20, CA=50)))) == ("unreconciled", None)
    row = answer(facts(places(100, US=30, CA=50, GB=20)))
    assert _figures(row) == (0.3, 0.3, 0.3, 30, "explicit_us", "reconciled")


def test_codes_that_states_share_with_countries_say_nothing_by_themselves():
    assert _null(answer(facts(places(100, CA=60, DE=40)))) == ("unreconciled", None)
    assert answer(facts(places(100, CA=60, GB=40)))["method"] == "all_foreign"
    abroad = answer(facts(places(100, CA=60, DE=40)), country_business="CA", country_incorporated="CA", form="40-F")
    assert abroad["method"] == "all_foreign"


# Rule B


def test_what_is_foreign_as_a_whole_leaves_the_domestic_rest():
    row = answer(facts(places(100, NonUs=37.5)))
    assert _figures(row) == (0.625, 0.625, 0.625, None, "explicit_foreign", None)
    assert answer(facts(places(100, NonUs=40, Europe=25, AsiaPacific=15)))["domestic_share"] == 0.6
    assert answer(facts(places(100, International=40, Europe=25, AsiaPacific=15)))["domestic_share"] == 0.6
    assert answer(facts(places(100, NonUs=40, Europe=25, JP=5, RestOfWorld=10)))["domestic_share"] == 0.6  # as Lilly's


def test_a_foreign_remainder_says_nothing_without_the_united_states():
    assert _null(answer(facts(places(100, NonUs=14, DE=7, GB=6)))) == ("unreconciled", None)
    assert _null(answer(facts(places(100, NonUs=40, International=40)))) == ("unreconciled", None)
    assert _null(answer(facts(places(100, NonUs=102)))) == ("unreconciled", None)


def test_half_and_half_may_be_a_sum_or_a_remainder():
    """CN = 50 may be all that NonUs = 50 stands for, or the other half of the total."""
    assert _null(answer(facts(places(100, CN=50, NonUs=50)))) == ("unreconciled", None)
    assert answer(facts(places(100, CN=40, NonUs=40)))["domestic_share"] == 0.6


def test_abroad_beside_a_region_with_the_united_states_may_be_beyond_that_region():
    row = answer(facts(places(100, NorthAmerica=60, International=40)))
    assert _figures(row) == (pytest.approx(0.5244), 0, 0.6, None, "bucket", None)
    assert answer(facts(places(100, NorthAmerica=60, International=40, EMEA=25, APAC=15)))["method"] == "bucket"
    row = answer(facts(places(100, NorthAmerica=60, NonUs=40, EMEA=25, AsiaPacific=15)))
    assert _figures(row) == (0.6, 0.6, 0.6, None, "explicit_foreign", None)  # as JPMorgan's: it says not US


def test_the_rest_is_foreign_to_domestic_filers_alone():
    members = places(100, RestOfWorld=30)
    assert answer(facts(members))["domestic_share"] == 0.7
    assert _null(answer(facts(members), country_business="GB", country_incorporated="GB")) == ("unreconciled", None)


# Rule C


def test_a_region_with_the_united_states_is_split_by_their_economies():
    row = answer(facts(places(400, Americas=200, EMEA=120, APAC=80)))
    assert _figures(row) == (0.375, 0, 0.5, None, "bucket", None)  # 0.75 of 200
    row = answer(facts(places(1000, UnitedStatesAndCanada=500, LatinAmerica=100, EMEA=402)))
    assert _figures(row) == (pytest.approx(0.4635), 0, 0.5, None, "bucket", None)  # 0.2 % too much, within 1 %


def test_the_finest_of_two_partitions_counts():
    """Americas hold North America and Latin America."""
    row = answer(facts(places(100, Americas=60, NorthAmerica=50, LatinAmerica=10, EMEA=25, APAC=15)))
    assert _figures(row) == (pytest.approx(0.437), 0, 0.5, None, "bucket", None)


def test_what_is_unknown_may_be_domestic():
    row = answer(facts(places(100, NorthAmerica=50, Europe=30, Other=20)))
    assert _figures(row) == (pytest.approx(0.437), 0, 0.7, None, "bucket", "unknown_member")


def test_regions_of_a_crossed_split_count_where_the_plain_one_gives_nothing():
    """Of two crossed splits it is the one that comes closest to the total."""
    row = answer(
        facts(places(1000, EMEA=300)),
        facts(places(None, others="ProductOrService=Streaming;", Other=1, UnitedStatesAndCanada=600, EMEA=396)),
        facts(places(None, others="ProductOrService=Video;", UnitedStatesAndCanada=650, EMEA=342)),
    )
    assert _figures(row) == (pytest.approx(0.5562), 0, pytest.approx(0.601), None, "bucket", "unknown_member")


def test_a_crossed_split_whose_values_contradict_each_other_is_passed_over():
    streaming = places(None, others="ProductOrService=Streaming;", UnitedStatesAndCanada=600, EMEA=400)
    assert answer(facts(places(1000, EMEA=300)), facts(streaming))["method"] == "bucket"
    again = facts({name: value * 1.02 for name, value in streaming.items()}, occurrence=2)
    assert _null(answer(facts(places(1000, EMEA=300)), facts(streaming), again)) == ("unreconciled", None)


def test_a_crossed_split_is_no_bucket_with_the_united_states_in_it():
    crossed = places(None, others="ProductOrService=Streaming;", UnitedStatesAndCanada=600, US=400, EMEA=300)
    assert _null(answer(facts(places(1000, EMEA=300)), facts(crossed))) == ("unreconciled", None)


def test_regions_that_miss_the_total_are_refused():
    assert _null(answer(facts(places(1000, Americas=500, EMEA=485)))) == ("unreconciled", None)
    assert _null(answer(facts(places(100, Americas=59, EMEA=50)))) == ("unreconciled", None)  # 109 %


# Rule D


def test_members_abroad_alone_make_a_share_of_zero():
    assert _figures(answer(facts(places(1000, CN=700, Europe=291)))) == (0, 0, 0, None, "all_foreign", None)
    assert _null(answer(facts(places(1000, CN=700, Europe=289)))) == ("unreconciled", None)


def test_the_rest_of_an_all_foreign_split_may_be_domestic():
    assert _figures(answer(facts(places(100, CN=95, OtherCountries=5)))) == (0, 0, 0.05, None, "all_foreign", None)
    israeli = {"country_business": "IL", "country_incorporated": "IL"}
    assert _null(answer(facts(places(100, IL=10, OtherCountries=90)), **israeli)) == ("unreconciled", None)


# Rule E


def _segments(total: float, **members: float) -> dict:
    return places(total, "BusinessSegments", "ConsolidationItems=OperatingSegments;", **members)


def test_regional_segments_stand_for_a_split_where_there_is_none():
    apple = answer(facts(_segments(1000, AmericasSegment=424, EuropeSegment=246, GreaterChinaSegment=330)))
    assert _figures(apple) == (pytest.approx(0.318), 0, 0.424, None, "bucket_segments", None)
    costco = answer(
        facts(_segments(100, UnitedStatesOperations=73, CanadianOperations=14, OtherInternationalOperations=13))
    )
    assert _figures(costco) == (0.73, 0.73, 0.73, 73, "explicit_us_segments", "reconciled")


def test_segments_are_not_asked_where_there_is_a_split():
    row = answer(facts({**places(100, US=36, OtherCountries=64), **_segments(100, AmericasSegment=100)}))
    assert (row["domestic_share"], row["method"]) == (0.36, "explicit_us")
    row = answer(facts({**places(100, EMEA=10), **_segments(100, UnitedStates=90, International=10)}))
    assert _null(row) == ("unreconciled", None)


def test_a_line_of_business_among_the_segments_refuses_them():
    """As Amazon's cloud: where its revenue comes from is not said, but that some comes from abroad is."""
    row = answer(facts(_segments(514, NorthAmericaSegment=316, InternationalSegment=118, AmazonWebServicesSegment=80)))
    assert _null(row) == ("unreconciled", None)


def test_segments_that_miss_the_total_are_refused():
    assert _null(answer(facts(_segments(100, Americas=60, EMEA=38)))) == ("unreconciled", None)


def test_lines_of_business_alone_are_silence():
    assert _null(answer(facts(_segments(100, Retail=60, IT=30, ES=10)))) == ("no_geo", 1)


# Rule F


def test_silence_of_a_domestic_filer_is_imputed_apart():
    row = answer(facts({"": 100}))
    assert _null(row) == ("no_geo", 1)
    assert (row["total_revenue"], row["tag"]) == (100, CONTRACT)
    row = answer(facts({"": 80}), facts({"": 100}, tag="Revenues"))
    assert (row["total_revenue"], row["tag"]) == (100, "Revenues"), "expected the largest total"
    assert _null(answer(facts({"": 100}), country_business="US", country_incorporated="BM")) == ("no_geo", 1)
    assert _null(answer(facts({"": 100}), country_business=None, country_incorporated="IE")) == ("no_geo", None)
    assert _null(answer(facts({"": 100}), country_business=None, country_incorporated=None)) == ("no_geo", None)


@pytest.mark.parametrize("total", [None, 0, -4])
def test_a_report_without_revenue_has_no_share(total: float | None):
    row = answer(facts({"": total, "Geographical=US;": 3}))
    assert _null(row) == ("no_revenue", None)
    assert row["total_revenue"] == total


def test_a_report_without_any_row_has_no_revenue():
    assert _null(answer()) == ("no_revenue", None)
    assert _null(answer(facts(places(None, US=60)))) == ("no_revenue", None)
