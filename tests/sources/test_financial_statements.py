"""Quarters of filings: which filings and facts are kept, and what they are read as."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from pipelines.contracts import raw
from pipelines.contracts.check import checked
from pipelines.sources import archive_table
from pipelines.sources.financial_statements import RowCounts
from tests.sources.statement_files import ADSH, OTHER, QUARTERLY, num_text, read, refusals, sub_text

NOW = dt.datetime(2024, 12, 2, tzinfo=dt.UTC)


def utc(*parts: int) -> dt.datetime:
    return dt.datetime(*parts, tzinfo=dt.UTC)  # type: ignore[misc, arg-type]  # year, month, day and time


def test_a_filing_and_its_revenue_are_read_and_keep_their_contracts(tmp_path: Path) -> None:
    folder = tmp_path / "sec"
    folder.mkdir()
    found = read(folder, num=num_text({"segments": "Geographical=US;ProductOrService=Widgets;", "coreg": "WidgetsLLC"}))
    assert found.filings.rows(named=True) == [
        {
            "adsh": ADSH,
            "cik": 9999001,
            "filer_name": "FICTIONAL WIDGETS INC",
            "sic": 3711,
            "country_business": "US",
            "country_incorporated": "US",
            "form": "10-K",
            "period_end": dt.date(2023, 12, 31),
            "filed": dt.date(2024, 2, 1),
            "accepted": utc(2024, 2, 1, 21, 5),
            "filers": 1,
            "known_from": utc(2024, 2, 1, 21, 5),
            "locator": "sec/quarter.zip/sub.txt:2",
        }
    ]
    assert found.facts.rows(named=True) == [
        {
            "adsh": ADSH,
            "tag": "Revenues",
            "taxonomy": "us-gaap/2023",
            "fact_date": dt.date(2023, 12, 31),
            "quarters": 4,
            "unit_of_measure": "USD",
            "segments": "Geographical=US;ProductOrService=Widgets;",
            "coregistrant": "WidgetsLLC",
            "occurrence": 1,
            "fact_value": 1000.0,
            "locator": "sec/quarter.zip/num.txt:2",
        }
    ]
    assert found.counts == RowCounts(sub_rows=2, num_rows=1, filings=1, facts=1)
    assert found.refused.is_empty()
    stamps = {"known_basis": "assumed", "source": "sec", "payload_hash": "x", "fetched_at": NOW}
    checked(raw.Filing, found.filings.with_columns(**{name: pl.lit(value) for name, value in stamps.items()}))
    checked(raw.FilingFact, found.facts.with_columns(payload_hash=pl.lit("x")))


def test_empty_cells_are_null_or_say_the_whole_company(tmp_path: Path) -> None:
    empty = dict.fromkeys(("sic", "countryba", "countryinc", "period", "accepted"), "")
    found = read(tmp_path, sub_text(empty), num_text({"value": ""}, {"qtrs": "04", "ddate": "20221231"}))
    assert found.filings.select("sic", "country_business", "country_incorporated", "period_end", "accepted").rows() == [
        (None,) * 5
    ]
    assert found.facts.select("segments", "coregistrant", "fact_value").rows() == [("", "", None), ("", "", 1000.0)]
    assert found.refused.is_empty()


FORMS = {
    **dict.fromkeys(("10-K", "10-KT", "20-F", "40-F", "10-K/A", "10-KT/A", "20-F/A", "40-F/A"), True),
    **dict.fromkeys(("10-Q", "8-K", "6-K", "S-1", "10-K405", "10-KSB", "10-k", " 10-K"), False),
}


@pytest.mark.parametrize(("form", "is_kept"), FORMS.items())
def test_annual_reports_alone_are_kept_with_their_facts(tmp_path: Path, form: str, is_kept: bool) -> None:
    found = read(tmp_path, sub_text({"form": form}))
    assert found.counts == RowCounts(1, 1, int(is_kept), int(is_kept))
    assert found.refused.is_empty()


TAGS = {
    "RevenueFromContractWithCustomerExcludingAssessedTax": True,
    "RevenueFromContractWithCustomerIncludingAssessedTax": True,
    "Revenues": True,
    "Revenue": True,
    "SalesRevenueNet": True,
    "SalesRevenueGoodsNet": True,
    "SalesRevenueServicesNet": True,
    "RevenuesNetOfInterestExpense": True,
    "CostOfRevenue": False,
    "DeferredRevenue": False,
    "ContractWithCustomerLiabilityRevenueRecognized": False,
    "OtherRevenues": False,
    "revenues": False,
    "Assets": False,
}


@pytest.mark.parametrize(("tag", "is_kept"), TAGS.items())
def test_tags_are_matched_by_their_whole_names(tmp_path: Path, tag: str, is_kept: bool) -> None:
    found = read(tmp_path, num=num_text({"tag": tag}))
    assert (found.counts.facts, found.refused.height) == (int(is_kept), 0)


def test_facts_of_four_quarters_alone_are_kept(tmp_path: Path) -> None:
    found = read(tmp_path, num=num_text(*({"qtrs": str(quarters)} for quarters in (0, 1, 2, 3, 4, 5, 8, 40))))
    assert found.facts["quarters"].to_list() == [4]
    assert (found.counts.num_rows, found.refused.height) == (8, 0)


VALUES = {
    "13484000000.0000": 13484000000.0,
    "-12.5000": -12.5,
    "0.0000": 0.0,
    "7": 7.0,
    "123456789012345678901234.5678": 1.2345678901234568e23,
}


def test_values_are_read_as_they_are_written(tmp_path: Path) -> None:
    found = read(tmp_path, num=num_text(*({"value": text, "uom": f"U{at}"} for at, text in enumerate(VALUES))))
    assert found.facts["fact_value"].to_list() == list(VALUES.values())


def test_differing_values_of_one_key_are_numbered_and_repeated_ones_are_one(tmp_path: Path) -> None:
    values = ("100.0000", "90.0000", "100.0000", "90.00", "80.0000")
    found = read(tmp_path, num=num_text(*({"value": value} for value in values), {"segments": "Geographical=US;"}))
    assert found.facts.select("segments", "occurrence", "fact_value", "locator").rows() == [
        ("", 1, 100.0, f"{tmp_path.name}/quarter.zip/num.txt:2"),
        ("", 2, 90.0, f"{tmp_path.name}/quarter.zip/num.txt:3"),
        ("", 3, 80.0, f"{tmp_path.name}/quarter.zip/num.txt:6"),
        ("Geographical=US;", 1, 1000.0, f"{tmp_path.name}/quarter.zip/num.txt:7"),
    ]


KNOWN = {
    "winter, accepted": ("2024-01-31 17:30:00.0", "20240131", utc(2024, 1, 31, 22, 30)),
    "summer, accepted": ("2024-08-01 08:00:07", "20240801", utc(2024, 8, 1, 12, 0, 7)),
    "in the evening, dated the next day": ("2024-02-23 19:38:00.0", "20240226", utc(2024, 2, 26, 5)),
    "in the hour that comes twice, the later one": ("2024-11-03 01:30:00.0", "20241103", utc(2024, 11, 3, 6, 30)),
    "winter, filed": ("", "20240131", utc(2024, 2, 1, 4, 59, 59, 999999)),
    "summer, filed": ("", "20240801", utc(2024, 8, 2, 3, 59, 59, 999999)),
    "on the day that clocks go forward, filed": ("", "20240310", utc(2024, 3, 11, 3, 59, 59, 999999)),
}


@pytest.mark.parametrize(("accepted", "filed", "known_from"), KNOWN.values(), ids=KNOWN)
def test_a_filing_is_known_from_its_acceptance_but_not_before_its_day_else_from_the_end_of_it(
    tmp_path: Path, accepted: str, filed: str, known_from: dt.datetime
) -> None:
    found = read(tmp_path, sub_text({"accepted": accepted, "filed": filed}))
    assert found.filings["known_from"].to_list() == [known_from]


def test_a_quarter_with_headers_alone_is_an_empty_one(tmp_path: Path) -> None:
    found = read(tmp_path, sub_text().split("\n")[0] + "\n", num_text().split("\n")[0] + "\n")
    assert found.counts == RowCounts(0, 0, 0, 0)
    assert found.facts.schema["fact_value"] == pl.Float64
    assert found.filings.schema["known_from"] == pl.Datetime("us", "UTC")


def test_quotes_are_letters_and_swallow_nothing(tmp_path: Path) -> None:
    named = sub_text({"name": 'THE "FICTIONAL CO'}, {"adsh": OTHER, "cik": "9999003"})
    found = read(tmp_path, named, num_text({"footnote": 'said "so'}, {"adsh": OTHER, "footnote": '"'}))
    assert found.filings["filer_name"].to_list() == ['THE "FICTIONAL CO', "FICTIONAL WIDGETS INC"]
    assert found.facts["adsh"].to_list() == [ADSH, OTHER]


def test_lines_of_windows_and_a_byte_order_mark_change_nothing(tmp_path: Path) -> None:
    plain = read(tmp_path)
    other = read(tmp_path, "\ufeff" + sub_text().replace("\n", "\r\n"), "\ufeff" + num_text().replace("\n", "\r\n"))
    assert other.filings.equals(plain.filings)
    assert other.facts.equals(plain.facts)
    assert other.refused.is_empty()


def test_it_does_not_matter_where_a_piece_of_the_table_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"value": f"{number}.0000", "segments": f"Geographical=X{number % 7};"} for number in range(60)]
    num = num_text(*rows, "too\tnarrow", *({"adsh": QUARTERLY} for _ in range(20)), {"value": "é"})
    whole = read(tmp_path, num=num)
    assert (whole.counts.facts, refusals(whole)) == (
        60,
        [("num.txt", 62, "wrong_width"), ("num.txt", 83, "unparsable")],
    )
    for size in (400, 401, 977):
        monkeypatch.setattr(archive_table, "_PIECE_BYTES", size)
        cut = read(tmp_path, num=num)
        assert cut.facts.equals(whole.facts)
        assert cut.refused.equals(whole.refused)
        assert cut.counts == whole.counts
