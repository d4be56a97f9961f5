"""Domestic shares of real annual reports: hand-checked ones, a quarter of 2010, the choice among those of 2021."""

from __future__ import annotations

import datetime as dt
import zipfile
from pathlib import Path

import polars as pl
import pytest

from pipelines import seeds
from pipelines.contracts import raw
from pipelines.contracts.core import CompanyRevenueGeography
from pipelines.contracts.vocabulary import REVENUE_TAGS
from pipelines.parameters import Parameters
from pipelines.transforms.revenue_geography import company_revenue_geographies, refused_filings
from tests.transforms.revenue_frames import filing, filings

EXTRACTS = ("num_layout_aapl_amzn.tsv", "fsds_num_extract_lly_fy2025.txt")
REPORTS = [
    ("aapl-20220924_htm.xml", 320193, dt.date(2022, 9, 30), dt.date(2022, 10, 28)),
    ("aapl-20230930_htm.xml", 320193, dt.date(2023, 9, 30), dt.date(2023, 11, 3)),
    ("amzn-20221231_htm.xml", 1018724, dt.date(2022, 12, 31), dt.date(2023, 2, 3)),
    ("0000059478-26-000013", 59478, dt.date(2025, 12, 31), dt.date(2026, 2, 12)),
]
"""The sub rows that the extracts lack: instance or accession number, company, end of the year, date of filing."""


def _facts(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows of a num table, all text, as ``raw.FilingFact``."""
    key = ["adsh", "tag", "version", "ddate", "qtrs", "uom", "segments", "coreg"]
    return raw.FilingFact.validate(
        rows.with_columns(pl.col("segments", "coreg").fill_null("")).select(
            "adsh",
            "tag",
            taxonomy="version",
            fact_date=pl.col("ddate").str.to_date("%Y%m%d"),
            quarters=pl.col("qtrs").cast(pl.Int64),
            unit_of_measure="uom",
            segments="segments",
            coregistrant="coreg",
            occurrence=pl.int_range(1, pl.len() + 1).over(key),
            fact_value=pl.col("value").cast(pl.Float64),
            locator=pl.lit("extract"),
            payload_hash=pl.lit("extract"),
        )
    )


def _filings(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows of a sub table, all text, as ``raw.Filing``."""
    filed = pl.col("filed").str.to_date("%Y%m%d")
    return raw.Filing.validate(
        rows.select(
            "adsh",
            cik=pl.col("cik").cast(pl.Int64),
            filer_name="name",
            sic=pl.lit(None, pl.Int64),
            country_business="countryba",
            country_incorporated="countryinc",
            form="form",
            period_end=pl.col("period").str.to_date("%Y%m%d"),
            filed=filed,
            accepted=pl.lit(None, pl.Datetime("us", "UTC")),
            filers=pl.col("nciks").cast(pl.Int64),
            known_from=filed.cast(pl.Datetime("us")).dt.replace_time_zone("UTC") + pl.duration(hours=22),
            known_basis=pl.lit("assumed"),
            source=pl.lit("sec"),
            locator=pl.lit("sub"),
            payload_hash=pl.lit("sub"),
            fetched_at=pl.lit(dt.datetime(2026, 7, 1, tzinfo=dt.UTC)),
        )
    )


def _text(source: Path | bytes) -> pl.DataFrame:
    return pl.read_csv(source, separator="\t", quote_char=None, infer_schema=False)


def _made(reported: pl.DataFrame, stated: pl.DataFrame) -> pl.DataFrame:
    found = company_revenue_geographies(reported, stated, seeds.region_shares(), Parameters())
    return CompanyRevenueGeography.validate(found)


@pytest.fixture(scope="module")
def extracts(real_data: Path) -> pl.DataFrame:
    """Return the facts of the extracts; instances stand for the accession numbers that one of them lacks."""
    aapl_amzn, lly = (_text(real_data / "sec" / name) for name in EXTRACTS)
    return pl.concat([_facts(aapl_amzn.rename({"source_instance": "adsh"})), _facts(lly)])


def test_the_shares_of_the_extracts_are_those_checked_by_hand(real_data: Path, extracts: pl.DataFrame):
    expected = pl.read_csv(real_data / "sec" / "expected_domestic_share.csv").with_columns(
        period_end=pl.col("ddate").cast(pl.String).str.to_date("%Y%m%d")
    )
    reports = filings(
        *(filing(adsh, cik=cik, period_end=end, filed=filed, filer_name="real") for adsh, cik, end, filed in REPORTS)
    )
    found = _made(reports, extracts)
    assert len(found) == len(expected) == 4
    for row in expected.rows(named=True):
        (share,) = found.filter(cik=row["cik"], period_end=row["period_end"]).rows(named=True)
        assert share["domestic_share"] == pytest.approx(row["domestic_share"], abs=1e-6)
        assert (share["domestic_revenue"], share["total_revenue"]) == (row["us_revenue"], row["total_revenue"])
        assert (share["tag"], share["unit_of_measure"]) == (row["tag"], "USD")
        assert (share["method"], share["flags"]) == ("explicit_us", "reconciled")
        assert share["domestic_share_low"] == share["domestic_share"] == share["domestic_share_high"]


def test_the_segments_of_apple_answer_where_its_geography_is_taken_away(extracts: pl.DataFrame):
    """162,560 of 383,285 millions come from Americas, of which the seed gives three quarters to the United States."""
    adsh, cik, end, filed = REPORTS[1]
    report = filings(filing(adsh, cik=cik, period_end=end, filed=filed))
    without = extracts.filter(~pl.col("segments").str.contains("Geographical"))
    share = _made(report, without).row(0, named=True)
    assert share["method"] == "bucket_segments"
    assert share["domestic_share"] == pytest.approx(0.75 * 162560 / 383285)
    assert share["domestic_share_high"] == pytest.approx(162560 / 383285)


def test_the_segments_of_amazon_do_not(extracts: pl.DataFrame):
    adsh, cik, end, filed = REPORTS[2]
    report = filings(filing(adsh, cik=cik, period_end=end, filed=filed))
    without = extracts.filter(~pl.col("segments").str.contains("Geographical"))
    assert _made(report, without)["null_reason"].to_list() == ["unreconciled"]
    foreign = extracts.filter(pl.col("segments") != "Geographical=US;")
    assert _made(report, foreign)["null_reason"].to_list() == ["unreconciled"], "NonUs is a remainder here"


def test_the_products_of_lilly_are_no_partition_without_its_plain_rows(extracts: pl.DataFrame):
    adsh, cik, end, filed = REPORTS[3]
    report = filings(filing(adsh, cik=cik, period_end=end, filed=filed))
    crossed = extracts.filter(~pl.col("segments").str.contains("^Geographical=[A-Za-z]*;$"))
    share = _made(report, crossed).row(0, named=True)
    assert (share["null_reason"], share["imputed_share"], share["total_revenue"]) == ("unreconciled", None, 65.179e9)
    no_us = extracts.filter(~pl.col("segments").str.contains("=US;"))
    share = _made(report, no_us).row(0, named=True)
    assert (share["method"], share["flags"]) == ("explicit_foreign", None), "NonUs is the sum of its parts here"
    assert share["domestic_share"] == pytest.approx(0.667101, abs=1e-6)


def test_a_quarter_of_2010_has_totals_and_no_geography(real_data: Path):
    """Notes carried no geography then; the totals are those that the companies are known for."""
    with zipfile.ZipFile(real_data / "sec" / "fsds_2010q2.zip") as archive:
        reported, stated = _text(archive.read("sub.txt")), _text(archive.read("num.txt"))
    reports = _filings(reported)
    found = _made(reports, _facts(stated.filter(pl.col("tag").is_in(REVENUE_TAGS))))
    assert refused_filings(reports)["reason"].value_counts().rows() == [("form", 482)]
    assert len(reports) - 482 == len(found) == 40, "expected each of 40 annual reports to speak"
    assert found["null_reason"].value_counts(sort=True).rows() == [("no_geo", 35), ("no_revenue", 5)]
    totals = {row["filer_name"]: row for row in found.rows(named=True)}
    for name, unit, total, imputed in (
        ("MCKESSON CORP", "USD", 108.702e9, 1),
        ("BEST BUY CO INC", "USD", 49.694e9, 1),
        ("MEDTRONIC INC", "USD", 15.817e9, 1),
        ("SONY CORP", "JPY", 7213.998e9, None),
        ("FLEXTRONICS INTERNATIONAL LTD.", "USD", 24.110733e9, None),
    ):
        row = totals[name]
        assert (row["unit_of_measure"], row["total_revenue"], row["imputed_share"]) == (unit, total, imputed)


def test_the_latest_year_of_each_company_of_2021_speaks(real_data: Path):
    """A whole table of reports without facts: originals go before amendments, as nothing else tells them apart."""
    table = pl.read_parquet(real_data / "sec" / "fsds_2021q1_sub.parquet").select(pl.all().cast(pl.String))
    reports = _filings(table)
    found = _made(reports, raw.FilingFact.create_empty())
    latest: dict[int, tuple] = {}
    for cik, form, end in reports.select("cik", "form", "period_end").rows():
        if form in ("10-K", "20-F", "40-F"):
            latest[cik] = max(latest.get(cik, (True, end)), (True, end))
        elif form in ("10-K/A", "20-F/A", "40-F/A", "10-KT", "10-KT/A"):
            latest[cik] = max(latest.get(cik, (False, end)), (False, end))
    last = found.group_by("cik").agg(pl.col("period_end").sort_by("known_from").last())
    assert dict(last.iter_rows()) == {cik: end for cik, (_, end) in latest.items()}
    assert len(latest) > 4000
    assert set(found["null_reason"]) == {"no_revenue"}
