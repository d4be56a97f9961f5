"""The sample's made-up annual reports: each trap of real filings is in them, and leads to what it should.

What a company's report should lead to follows from the draw that it was made of, not from the transforms under test.
"""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from pipelines.sources.sample_company import Company, companies
from tests.sources.sample_reading import DATES, Sample

COMPANIES = companies()
EXACT = {"countries", "remainder", "total_and_parts", "nested", "foreign", "euro", "amendment"}
OUTCOMES = {
    "countries": ("explicit_us", None),
    "remainder": ("explicit_us", None),
    "total_and_parts": ("explicit_us", None),
    "nested": ("explicit_us", None),
    "euro": ("explicit_us", None),
    "amendment": ("explicit_us", None),
    "foreign": ("explicit_foreign", None),
    "bucket": ("bucket", None),
    "segments": ("bucket_segments", None),
    "silent": ("not_reported", "no_geo"),
    "no_revenue": ("not_reported", "no_revenue"),
    "no_filing": ("not_reported", "no_filing"),
    "conflict": ("not_reported", "conflict"),
    "stale": ("not_reported", "stale"),
}


def one(way: str, *, is_large: bool = True) -> Company:
    """Return the first company that reports in a way."""
    return next(company for company in COMPANIES if (company.way, company.is_large) == (way, is_large))


def revenue_of(sample: Sample, company: Company, as_of: dt.date) -> dict:
    return sample.revenues.filter(as_of=as_of, company_id=f"{company.cik:010d}").row(0, named=True)


def test_every_way_of_reporting_leads_to_its_method_and_its_share(sample: Sample) -> None:
    """Reports are rounded to millions, so that a share is that of the draw within three thousandths."""
    assert {company.way for company in COMPANIES} == set(OUTCOMES)
    found = {row["company_name"]: row for row in sample.revenues.filter(as_of=DATES[-1]).iter_rows(named=True)}
    for company in COMPANIES:
        row = found.get(company.name)
        if company.symbol == "ZQFA":
            assert row is None
            continue
        share, low, high = (row[name] for name in ("domestic_share", "domestic_share_low", "domestic_share_high"))
        assert (row["method"], row["null_reason"]) == OUTCOMES[company.way], company
        if company.way in EXACT:
            assert (share, low, high) == pytest.approx((company.home,) * 3, abs=0.003), company
        elif OUTCOMES[company.way][1] is None:
            assert (share, low, high) == pytest.approx((0.75 * company.home, 0.0, company.home), abs=0.003), company
        expected = share if share is not None else 1.0 if company.way == "silent" else None
        assert row["imputed_share"] == expected, company


def test_members_that_overlap_add_up_to_more_than_the_whole(sample: Sample) -> None:
    company = one("total_and_parts")
    rows = sample.facts.filter(pl.col("adsh") == f"{company.cik:010d}-24-000001").select("segments", "fact_value")
    value = {segments.removeprefix("Geographical=").strip(";"): amount for segments, amount in rows.iter_rows()}
    assert list(value) == ["", "US", "NonUs", "Europe", "RestOfWorld"]
    assert value["US"] + value["NonUs"] == value["Europe"] + value["RestOfWorld"] + value["US"] == value[""]
    assert revenue_of(sample, company, DATES[-1])["flags"] == "reconciled"


def test_a_nested_region_holds_more_than_the_united_states(sample: Sample) -> None:
    company = one("nested")
    rows = sample.facts.filter(pl.col("adsh") == f"{company.cik:010d}-24-000001")["fact_value"].to_list()
    total, with_canada, home, rest = rows
    assert with_canada > home
    assert with_canada + rest == total < with_canada + home + rest
    row = revenue_of(sample, company, DATES[-1])
    assert (row["flags"], row["domestic_revenue"], row["domestic_share"]) == ("nested", home, home / total)


def test_an_amendment_brings_the_split_from_its_acceptance_on(sample: Sample) -> None:
    company = one("amendment")
    spoken = sample.geographies.filter(cik=company.cik).sort("known_from").tail(2)
    assert spoken.select("form", "known_from", "null_reason").rows() == [
        ("10-K", dt.datetime(2024, 2, 8, 21, 5, tzinfo=dt.UTC), "no_geo"),
        ("10-K/A", dt.datetime(2024, 8, 14, 20, 5, tzinfo=dt.UTC), None),
    ]
    reasons = [revenue_of(sample, company, day)["null_reason"] for day in DATES]
    assert reasons == [None, "no_geo", "no_geo", None, None]


def test_a_filer_in_euros_counts_by_weight_and_not_in_sums_of_revenue(sample: Sample) -> None:
    company = one("euro")
    filed = sample.filings.filter(cik=company.cik)
    assert set(filed.select("form", "country_incorporated").rows()) == {("20-F", "DE")}
    assert revenue_of(sample, company, DATES[-1])["unit_of_measure"] == "EUR"
    whole = sample.exposures.filter(index_id="SPX", as_of=DATES[-1], sector="ALL", basis="reported")
    covered = dict(whole.select("aggregation", "companies_covered").rows())
    assert covered == {"cap_weighted": 118, "median": 118, "revenue_sum": 117}
    members = sample.members.filter(index_id="SPX", as_of=DATES[-1])
    in_dollars = sample.revenues.filter(as_of=DATES[-1], unit_of_measure="USD").drop_nulls("domestic_share")
    rows = in_dollars.join(members, on="company_id", how="semi")
    by_hand = (rows["domestic_share"] * rows["total_revenue"]).sum() / rows["total_revenue"].sum()
    assert whole.filter(aggregation="revenue_sum")["domestic_share"].item() == pytest.approx(by_hand, abs=1e-12)


def test_one_that_stopped_filing_says_nothing_any_more(sample: Sample) -> None:
    company = one("stale")
    assert sample.filings.filter(cik=company.cik)["period_end"].to_list() == [dt.date(2021, 12, 31)]
    row = revenue_of(sample, company, DATES[0])
    assert (row["null_reason"], row["domestic_share"], row["adsh"]) == ("stale", None, f"{company.cik:010d}-22-000001")


def test_banks_that_never_file_with_the_sec_are_members_without_a_company(sample: Sample) -> None:
    for symbol in ("ZQGE", "ZQGF"):
        lines = sample.members.filter(symbol=symbol)
        assert (lines.height, set(lines["cik_match"]), set(lines["company_id"])) == (
            5,
            {"unresolved"},
            {f"symbol:{symbol}"},
        )
        assert sample.revenues.filter(company_id=f"symbol:{symbol}")["null_reason"].unique().to_list() == ["no_filing"]


def test_two_values_of_one_fact_refuse_the_report(sample: Sample) -> None:
    company = one("conflict", is_large=False)
    rows = sample.facts.filter(segments="Geographical=US;", adsh=f"{company.cik:010d}-24-000001").sort("occurrence")
    assert rows["occurrence"].to_list() == [1, 2]
    assert rows["fact_value"][1] == pytest.approx(1.2 * rows["fact_value"][0], rel=0.01)


def test_the_silent_small_companies_fall_below_the_gate_unless_they_are_imputed(sample: Sample) -> None:
    small = sample.exposures.filter(index_id="RUT", sector="ALL", aggregation="cap_weighted", as_of=DATES[-1])
    found = {
        basis: (reason, share) for basis, reason, share in small.select("basis", "null_reason", "domestic_share").rows()
    }
    assert found["reported"] == ("coverage", None)
    assert found["imputed"][0] is None
    assert found["imputed"][1] > 0.8
