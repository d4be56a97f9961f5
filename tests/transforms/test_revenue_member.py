"""What members stand for by their names: each kind, and the names that look like another."""

from __future__ import annotations

import polars as pl
import pytest

from pipelines.transforms.revenue_member import kind_of, member_kinds, normalised
from tests.transforms.revenue_frames import REGIONS

CASES = {
    "us": "US USA UnitedStates UnitedStatesOfAmerica UNITED_STATES U.S. UnitedStatesSegment USRegion "
    "UnitedStatesOperations",
    "home": "Domestic DomesticSegment DomesticOperations",
    "inclusive": "NorthAmerica NorthAmericaSegment Americas AmericasMember UnitedStatesAndCanada USCanada "
    "WesternHemisphere NorthAndSouthAmerica NorthAmerican",
    "residual": "Foreign International InternationalSegment OtherInternational OtherCountries AllOtherCountries "
    "RestOfWorld RestOfTheWorld ROW OtherForeignCountries OtherInternationalOperations NonDomestic",
    "non_us": "NonUs NonUsa NonUnitedStates OutsideUnitedStates OutsideOfTheUnitedStates OtherThanUnitedStates "
    "CountriesOtherThanUnitedStates InternationalExcludingUS WorldExcludingUnitedStates ExUS",
    "foreign": "CN GB UK EU Europe EMEA AsiaPacific APAC LatinAmerica Canada CanadianOperations Mexico GreaterChina "
    "RestOfAsiaPacificSegment OtherEurope EuropeMiddleEastAndAfrica UnitedKingdomAndIreland UKIreland "
    "CentralAndEasternEurope MiddleEastAndNorthAfrica SouthAfrica TheNetherlands OtherEuropeanCountries "
    "AustraliaAndNewZealand AmericasExcludingUnitedStates WesternHemisphereExcludingUS AmericasExUS "
    "NorthAmericaOtherThanUnitedStates OutsideNorthAmerica AsiaPacificExcludingJapan PR Austria Australia Russia "
    "Cyprus Belarus Andorra",
    "state": "TX NY FL Texas NewMexico NewYork Indiana Virginia",
    "foreign_or_state": "CA DE IN GA IL Georgia",
    "unknown": "Other AllOther Corporate Eliminations OtherRegion Hemisphere NA AM XX NorthAndCentralAmerica "
    "NorthAndLatinAmerica OtherAmericas OtherNorthAmerica RestOfAmericas UnitedStatesAndEurope UnitedStatesAndOther "
    "AmericasExcludingCanada InternationalExcludingCanada OutsideEurope NonEurope GulfOfMexico Pacific Houston "
    "EuropeAndOther CanadaAndOther AmazonWebServicesSegment Global Worldwide Industrial Segment",
}


@pytest.mark.parametrize(("kind", "member"), [(kind, name) for kind, names in CASES.items() for name in names.split()])
def test_a_member_on_a_geographic_axis_stands_for(kind: str, member: str):
    assert kind_of(normalised(member), set(REGIONS["region"]), reads_codes=True) == kind


@pytest.mark.parametrize(
    ("member", "kind"),
    [
        ("US", "us"),
        ("UK", "foreign"),
        ("Canada", "foreign"),
        ("IT", "unknown"),
        ("ES", "unknown"),
        ("TX", "unknown"),
        ("IS", "unknown"),
    ],
)
def test_two_letters_of_a_business_segment_are_no_country(member: str, kind: str):
    frame = pl.DataFrame({"axis": ["BusinessSegments"] * 2, "member": [member] * 2})
    assert member_kinds(frame, REGIONS)["kind"].to_list() == [kind]


def test_regions_bring_the_share_of_the_united_states_in_them():
    frame = pl.DataFrame({"axis": "Geographical", "member": ["NorthAmerica", "Americas", "Europe", ""]})
    found = {row[1]: row[2:] for row in member_kinds(frame, REGIONS).iter_rows()}
    assert found == {
        "NorthAmerica": ("inclusive", 0.874),
        "Americas": ("inclusive", 0.75),
        "Europe": ("foreign", None),
        "": ("unknown", None),
    }


def test_only_the_regions_of_the_seed_hold_the_united_states():
    assert kind_of("AMERICAS", {"NORTHAMERICA"}, reads_codes=True) == "unknown"


@pytest.mark.parametrize("text", ["SOUTHAFRICA", "RESTTHE", "ANDORRAAND", "OTHER", "EX", "EUROPEEXUS", "NORTHASIA"])
def test_no_name_takes_long(text: str):
    """A thousand characters is what the format allows; a search that goes back would not end."""
    long = (text * 1024)[:1023]
    assert kind_of(f"{long}X", set(REGIONS["region"]), reads_codes=True) == "unknown"
