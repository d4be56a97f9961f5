"""Which report speaks for a company at which moment, and what holds for any reports."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from pipelines.contracts import raw
from pipelines.contracts.vocabulary import REVENUE_TAGS
from pipelines.parameters import Parameters
from pipelines.transforms.revenue_geography import refused_filings
from tests.transforms.revenue_frames import (
    END,
    FILED,
    Values,
    answer,
    facts,
    filing,
    filings,
    geographies,
    places,
)

LATER = dt.date(2024, 4, 20)
EARLIER_END = dt.date(2022, 12, 31)


def _spoken(out: pl.DataFrame) -> list[tuple]:
    return out.select("adsh", "filed", "domestic_share").rows()


def _of(end: dt.date, values: Values, adsh: str) -> pl.DataFrame:
    return facts(values, adsh, fact_date=end)


SPLIT, OTHER_SPLIT, SILENT = places(100, US=60, CA=40), places(100, US=50, CA=50), {"": 100.0}


# Over time


def test_each_new_year_speaks_from_the_moment_it_was_known():
    reports = filings(filing("B", filed=LATER), filing("A", period_end=EARLIER_END))
    out = geographies(reports, _of(EARLIER_END, SPLIT, "A"), facts(SPLIT, "B"))
    assert _spoken(out) == [("A", FILED, 0.6), ("B", LATER, 0.6)], "expected the same share to be confirmed"


def test_an_older_year_that_is_filed_later_changes_nothing():
    reports = filings(filing("A"), filing("B", filed=LATER, period_end=EARLIER_END))
    out = geographies(reports, facts(SPLIT, "A"), _of(EARLIER_END, OTHER_SPLIT, "B"))
    assert _spoken(out) == [("A", FILED, 0.6)]


def test_a_newer_year_without_split_goes_before_an_older_one_with_it():
    reports = filings(filing("A", period_end=EARLIER_END), filing("B", filed=LATER))
    out = geographies(reports, _of(EARLIER_END, SPLIT, "A"), facts(SILENT, "B"))
    assert _spoken(out) == [("A", FILED, 0.6), ("B", LATER, None)]


@pytest.mark.parametrize(
    ("original", "amendment", "spoken"),
    [
        (SPLIT, OTHER_SPLIT, [("A", FILED, 0.6), ("B", LATER, 0.5)]),
        (SILENT, OTHER_SPLIT, [("A", FILED, None), ("B", LATER, 0.5)]),
        (SILENT, {"": 90.0}, [("A", FILED, None), ("B", LATER, None)]),
        (SPLIT, SILENT, [("A", FILED, 0.6)]),
        (SPLIT, {}, [("A", FILED, 0.6)]),
        (SILENT, {}, [("A", FILED, None)]),
        ({}, {}, [("A", FILED, None)]),
        (SPLIT, places(100, EMEA=10), [("A", FILED, 0.6), ("B", LATER, None)]),
        (places(100, "BusinessSegments", UnitedStates=60, Canada=40), SILENT, [("A", FILED, 0.6)]),
    ],
)
def test_an_amendment_speaks_where_it_splits_or_the_original_does_not(
    original: Values, amendment: Values, spoken: list[tuple]
):
    reports = filings(filing("A"), filing("B", form="10-K/A", filed=LATER))
    assert _spoken(geographies(reports, facts(original, "A"), facts(amendment, "B"))) == spoken


def test_an_amendment_speaks_alone_until_the_original_is_known():
    """The original's set was published later: the amendment splits, so the original does not take its place."""
    reports = filings(filing("A", filed=LATER), filing("B", form="20-F/A"))
    assert _spoken(geographies(reports, facts(SPLIT, "A"), facts(OTHER_SPLIT, "B"))) == [("B", FILED, 0.5)]


def test_an_amendment_without_revenue_does_not_hide_the_year_before():
    """As of a part that is only about directors, where the original is missing."""
    reports = filings(filing("A", period_end=EARLIER_END), filing("B", form="10-K/A", filed=LATER))
    assert _spoken(geographies(reports, _of(EARLIER_END, SPLIT, "A"))) == [("A", FILED, 0.6)]


def test_a_transition_period_that_is_no_year_leaves_the_year_before():
    short = facts(SPLIT, "B", quarters=2)
    reports = filings(filing("A", period_end=EARLIER_END), filing("B", form="10-KT", filed=LATER))
    assert _spoken(geographies(reports, _of(EARLIER_END, SPLIT, "A"), short)) == [("A", FILED, 0.6)]
    alone = geographies(reports.filter(adsh="B"), short)
    assert alone.select("adsh", "null_reason").rows() == [("B", "no_revenue")]
    full = geographies(reports, _of(EARLIER_END, SPLIT, "A"), facts(OTHER_SPLIT, "B"))
    assert _spoken(full) == [("A", FILED, 0.6), ("B", LATER, 0.5)]


def test_the_later_of_two_originals_of_a_year_speaks_if_it_says_as_much():
    reports = filings(filing("A"), filing("B", filed=LATER))
    assert _spoken(geographies(reports, facts(SPLIT, "A"), facts(OTHER_SPLIT, "B")))[-1] == ("B", LATER, 0.5)
    assert _spoken(geographies(reports, facts(SPLIT, "A"), facts(SILENT, "B"))) == [("A", FILED, 0.6)]
    assert _spoken(geographies(reports, facts(SILENT, "A"))) == [("A", FILED, None)]


def test_one_report_speaks_of_those_known_at_one_moment():
    moment = dt.datetime(2024, 12, 2, tzinfo=dt.UTC)
    rows = [filing(name, known=moment, period_end=end) for name, end in (("A", END), ("B", EARLIER_END), ("C", END))]
    out = geographies(filings(*rows), facts(SPLIT, "A"), _of(EARLIER_END, SPLIT, "B"), facts(OTHER_SPLIT, "C"))
    assert _spoken(out) == [("C", FILED, 0.5)]


def test_companies_do_not_answer_for_each_other():
    reports = filings(filing("A"), filing("B", cik=2, filed=LATER), filing("C", cik=3))
    out = geographies(reports, facts(SPLIT, "A"), facts(OTHER_SPLIT, "B"))
    assert out.select("cik", "adsh", "domestic_share").rows() == [(1, "A", 0.6), (2, "B", 0.5), (3, "C", None)]


# What cannot be used


def test_filings_that_cannot_be_used_are_told_and_speak_for_no_one():
    reports = filings(
        filing("A"),
        filing("B", form="10-Q"),
        filing("C", period_end=None),
        filing("D", period_end=dt.date(2044, 12, 31)),
        filing("E", cik=2, form="8-K/A", period_end=None),
        filing("F", form="40-F/A", period_end=dt.date(2024, 2, 29)),  # the last day of the month it is filed in
    )
    refused = refused_filings(reports)
    assert refused.select("cik", "adsh", "reason").rows() == [
        (1, "B", "form"),
        (1, "C", "no_period"),
        (1, "D", "period_after_filing"),
        (2, "E", "form"),
    ]
    assert _spoken(geographies(reports, facts(SPLIT, "A"))) == [("A", FILED, 0.6)]


def test_no_filings_give_no_rows():
    assert geographies(raw.Filing.create_empty()).is_empty()
    assert geographies(raw.Filing.create_empty(), facts(SPLIT)).is_empty()


# Whatever is filed

MEMBERS = st.sampled_from(
    [
        *("US", "UnitedStates", "Domestic", "NorthAmerica", "Americas", "UnitedStatesAndCanada"),
        *("NonUs", "International", "OtherCountries", "RestOfWorld", "AmericasExcludingUS"),
        *("Europe", "EMEA", "AsiaPacific", "LatinAmerica", "GB", "JP", "CN", "CA", "DE"),
        *("TX", "FL", "NY", "OH", "Other", "Corporate"),
    ]
)
AXES = st.sampled_from(["Geographical", "GeographicalAreas", "Countries", "BusinessSegments"])
VALUES = st.one_of(st.integers(0, 60), st.integers(-20, 10**9))
GROUP = st.dictionaries(MEMBERS, VALUES, max_size=8)


@st.composite
def _split(draw: st.DrawFn) -> pl.DataFrame:
    """Return the facts of one tag; most of the time the total is the sum of some of the members."""
    axis, plain, crossed = draw(AXES), draw(GROUP), draw(st.one_of(st.just({}), GROUP))
    parts = draw(st.lists(st.sampled_from(sorted(plain)), unique=True)) if plain and draw(st.integers(0, 3)) else None
    total = sum(plain[part] for part in parts) if parts else draw(VALUES)
    values = places(total, axis, **plain) | places(None, axis, "ProductOrService=X;", **crossed)
    return facts(values, tag=draw(st.sampled_from(REVENUE_TAGS[:4])))


COUNTRIES = st.sampled_from(["US", "GB", None])
REPORTS = st.lists(st.tuples(COUNTRIES, st.lists(_split(), min_size=1, max_size=2)), min_size=1, max_size=8)
"""Reports of as many companies, each with the splits of one tag, or of two that may contradict each other."""
PAIR = pl.col("segments") + "ConsolidationItems=OperatingSegments;"


def _reports(made: list) -> tuple[pl.DataFrame, pl.DataFrame]:
    rows = [
        filing(str(place), cik=place, country_business=country, country_incorporated=country)
        for place, (country, _) in enumerate(made, 1)
    ]
    stated = [
        split.with_columns(adsh=pl.lit(str(place)), occurrence=pl.lit(occurrence, pl.Int64))
        for place, (_, splits) in enumerate(made, 1)
        for occurrence, split in enumerate(splits, 1)
    ]
    return filings(*rows), pl.concat(stated)


@given(REPORTS)
@settings(max_examples=100, deadline=None)
def test_any_members_give_a_share_between_its_bounds_or_a_reason(made: list):
    reported, stated = _reports(made)
    for row in geographies(reported, stated).rows(named=True):
        share, low, high = (row[f"domestic_share{end}"] for end in ("", "_low", "_high"))
        country, splits = made[row["cik"] - 1]
        if share is None:
            assert (low, high, row["domestic_revenue"], row["method"]) == (None, None, None, "not_reported")
            assert row["null_reason"] in ("no_revenue", "no_geo", "unreconciled", "conflict")
            assert row["imputed_share"] == (1 if row["null_reason"] == "no_geo" and country == "US" else None)
        else:
            assert 0 <= low <= share <= high <= 1
            assert (row["imputed_share"], row["null_reason"]) == (share, None)
            totals = {split.filter(segments="")["fact_value"].item() for split in splits}
            assert row["total_revenue"] in totals, "a total was scaled"


@given(REPORTS, st.sampled_from([2.0, 1000.0, 0.125]))
@settings(max_examples=50, deadline=None)
def test_the_unit_of_account_changes_no_share(made: list, scale: float):
    reported, stated = _reports(made)
    revenue = pl.col("total_revenue", "domestic_revenue") * scale
    expected = geographies(reported, stated).with_columns(revenue)
    scaled = geographies(reported, stated.with_columns(pl.col("fact_value") * scale))
    assert_frame_equal(scaled, expected, rel_tol=1e-12, abs_tol=1e-12)


@given(REPORTS)
@settings(max_examples=50, deadline=None)
def test_neutral_pairs_on_all_rows_or_on_copies_of_them_change_nothing(made: list):
    reported, stated = _reports(made)
    expected = geographies(reported, stated)
    marked = stated.with_columns(PAIR)
    assert_frame_equal(geographies(reported, marked), expected)
    gross = marked.with_columns(pl.col("fact_value") * 1.2)
    assert_frame_equal(geographies(reported, stated, gross), expected)


@given(REPORTS, st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_the_order_of_rows_changes_nothing(made: list, random):
    reported, stated = _reports(made)
    order = random.sample(range(len(stated)), len(stated))
    assert_frame_equal(geographies(reported.reverse(), stated[order]), geographies(reported, stated))


MARCH = dt.datetime(2024, 3, 1, tzinfo=dt.UTC)
FORMS = ("10-K", "10-K/A", "10-KT", "20-F", "10-Q")
FILINGS = st.lists(
    st.tuples(
        st.integers(1, 2),
        st.sampled_from(FORMS),
        st.sampled_from([EARLIER_END, END, None]),
        st.integers(0, 4),
        st.sampled_from([SPLIT, OTHER_SPLIT, SILENT, {}, places(100, EMEA=10)]),
    ),
    min_size=1,
    max_size=6,
)


@given(FILINGS)
@settings(max_examples=40, deadline=None)
def test_a_later_report_changes_nothing_before_it_was_known(made: list[tuple]):
    rows, stated = [], [raw.FilingFact.create_empty()]
    for place, (cik, form, end, day, values) in enumerate(made):
        name = f"A{place}"
        rows.append(filing(name, cik=cik, form=form, period_end=end, known=MARCH + dt.timedelta(days=day)))
        stated.append(facts(values, name, fact_date=end or END))
    out = geographies(filings(*rows), *stated)
    for moment in {row["known_from"] for row in rows}:
        before = geographies(filings(*[row for row in rows if row["known_from"] <= moment]), *stated)
        assert_frame_equal(before, out.filter(pl.col("known_from") <= moment))
    assert out["adsh"].is_unique().all(), "expected no row that says nothing new"


@given(FILINGS)
@settings(max_examples=50, deadline=None)
def test_the_year_that_speaks_is_the_latest_one_known(made: list[tuple]):
    """Of reports that state revenue: those without are another matter."""
    stating = [one for one in made if one[4] and one[1] != "10-Q" and one[2]]
    rows = [
        filing(f"A{place}", cik=cik, form=form, period_end=end, known=MARCH + dt.timedelta(days=day))
        for place, (cik, form, end, day, _) in enumerate(stating)
    ]
    stated = [facts(one[4], f"A{place}", fact_date=one[2]) for place, one in enumerate(stating)]
    out = geographies(filings(*rows), *stated)
    for cik in {row["cik"] for row in rows}:
        own = [row for row in rows if row["cik"] == cik]
        for known_from, period_end in out.filter(cik=cik).select("known_from", "period_end").rows():
            assert period_end == max(row["period_end"] for row in own if row["known_from"] <= known_from)
        assert out.filter(cik=cik)["known_from"].min() == min(row["known_from"] for row in own)


def test_the_thresholds_are_those_of_the_parameters():
    nearly = places(100, US=60, CA=38)
    assert answer(facts(nearly))["flags"] == "unreconciled"
    wide = Parameters(revenue_explicit_excess_share=0.03)
    assert answer(facts(nearly), parameters=wide)["flags"] == "reconciled"
    regions = places(100, Americas=60, EMEA=38)
    assert answer(facts(regions), parameters=Parameters(revenue_partition_miss_share=0.02))["method"] == "bucket"
    twice = [facts(SPLIT), facts({"": 101}, occurrence=2)]
    assert answer(*twice, parameters=Parameters(revenue_conflict_share=0.01))["domestic_share"] == 0.6
    part = [facts(SPLIT), facts({"": 110}, tag="Revenues")]
    assert answer(*part, parameters=Parameters(revenue_partial_scope_share=0.9))["flags"] == "reconciled"
