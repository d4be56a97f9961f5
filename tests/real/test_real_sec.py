"""Real files of the SEC, of Yahoo and of index histories: what is read of them, counted independently."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import zipfile
from collections import Counter
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from pipelines.sources.company_attribute import read_company_attributes
from pipelines.sources.company_list import read_company_list
from pipelines.sources.financial_statements import RowCounts, read_financial_statements
from pipelines.sources.membership import MembershipList, read_membership
from tests.sources.statement_files import NUM_COLUMNS, num_text, sub_text, write_archive

ANNUAL = {"10-K", "10-K/A", "10-KT", "10-KT/A", "20-F", "20-F/A", "40-F", "40-F/A"}
REVENUES = {
    "RevenueFromContractWithCustomerExcludingAssessedTax",
    "RevenueFromContractWithCustomerIncludingAssessedTax",
    "Revenues",
    "SalesRevenueNet",
    "RevenuesNetOfInterestExpense",
    "SalesRevenueGoodsNet",
    "SalesRevenueServicesNet",
    "Revenue",
}
FRIDAY = dt.date(2024, 11, 29)


def rows_of(archive: Path, member: str) -> list[dict[str, str]]:
    """Return the rows of a table as the csv module reads them."""
    with zipfile.ZipFile(archive) as opened:
        file = io.StringIO(opened.read(member).decode(), newline="")
    return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def test_a_whole_quarter_is_read_and_counted(real_data: Path) -> None:
    path = real_data / "sec" / "fsds_2010q2.zip"
    found = read_financial_statements(path)
    sub, num = rows_of(path, "sub.txt"), rows_of(path, "num.txt")
    annual = {row["adsh"]: row for row in sub if row["form"] in ANNUAL}
    facts = [row for row in num if row["adsh"] in annual and row["tag"] in REVENUES and row["qtrs"] == "4"]
    assert found.counts == RowCounts(len(sub), len(num), len(annual), len(facts)) == RowCounts(522, 136_044, 40, 152)
    assert found.refused.is_empty()
    expected = {
        (
            *(row[name] for name in ("adsh", "tag", "version", "uom", "segments", "coreg")),
            dt.date.fromisoformat(f"{row['ddate'][:4]}-{row['ddate'][4:6]}-{row['ddate'][6:]}"),
            float(row["value"]),
        )
        for row in facts
    }
    key = ("adsh", "tag", "taxonomy", "unit_of_measure", "segments", "coregistrant", "fact_date", "fact_value")
    assert set(found.facts.select(key).rows()) == expected
    assert len(expected) == 152
    for filing in found.filings.rows(named=True):
        row = annual[filing["adsh"]]
        wall_clock = f"{filing['known_from'].astimezone(ZoneInfo('America/New_York')):%Y-%m-%d %H:%M:%S}.0"
        assert wall_clock == max(row["accepted"], f"{filing['filed']} 00:00:00.0")
        assert (filing["cik"], filing["filer_name"], filing["form"]) == (int(row["cik"]), row["name"], row["form"])
        assert (f"{filing['filed']:%Y%m%d}", f"{filing['period_end']:%Y%m%d}") == (row["filed"], row["period"])
        assert (filing["country_incorporated"] or "", filing["sic"]) == (row["countryinc"], int(row["sic"]))


def test_every_annual_report_of_a_whole_sub_is_read(real_data: Path, tmp_path: Path) -> None:
    sub = pl.read_parquet(real_data / "sec" / "fsds_2021q1_sub.parquet")
    text = sub.with_columns(pl.col(pl.Float64).cast(pl.Int64)).write_csv(separator="\t", quote_style="never")
    path = write_archive(tmp_path / "2021q1.zip", {"sub.txt": text, "num.txt": num_text().split("\n")[0] + "\n"})
    found = read_financial_statements(path)
    annual = sub.filter(pl.col("form").is_in(ANNUAL))
    assert found.counts == RowCounts(sub.height, 0, annual.height, 0)
    assert annual.height == 4781
    assert found.refused.is_empty()
    assert found.filings["cik"].to_list() == annual["cik"].to_list()
    assert found.filings["sic"].null_count() == 1


def test_the_revenues_of_lilly_are_read_with_their_nested_regions(real_data: Path, tmp_path: Path) -> None:
    num = (real_data / "sec" / "fsds_num_extract_lly_fy2025.txt").read_text()
    adsh = num.split("\n")[1].split("\t")[0]
    sub = sub_text({"adsh": adsh, "period": "20251231", "filed": "20260211", "accepted": "2026-02-11 06:00:00.0"})
    found = read_financial_statements(write_archive(tmp_path / "2026q1.zip", {"sub.txt": sub, "num.txt": num}))
    assert found.counts == RowCounts(1, 41, 1, 41)
    assert found.refused.is_empty()
    year = found.facts.filter(pl.col("fact_date") == dt.date(2025, 12, 31))
    value = dict(
        year.filter(~pl.col("segments").str.contains("ProductOrService")).select("segments", "fact_value").rows()
    )
    assert value[""] == 65_179e6
    assert value["Geographical=US;"] == 43_481e6
    assert value["Geographical=NonUs;"] == 21_698e6


def test_the_revenues_of_apple_and_amazon_are_read_as_laid_out(real_data: Path, tmp_path: Path) -> None:
    with (real_data / "sec" / "num_layout_aapl_amzn.tsv").open(newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    filings = {
        name: f"{number:010d}-23-000001" for number, name in enumerate(sorted({r["source_instance"] for r in rows}))
    }
    dated = {"filed": "20231103", "accepted": "2023-11-02 18:08:00.0"}
    sub = sub_text(*({"adsh": adsh, "cik": str(9999 + at), **dated} for at, adsh in enumerate(filings.values())))
    cells = [
        {name: row[name] for name in NUM_COLUMNS if name in row} | {"adsh": filings[row["source_instance"]]}
        for row in rows
    ]
    num = num_text(*({"footnote": ""} | row for row in cells))
    found = read_financial_statements(write_archive(tmp_path / "2023q4.zip", {"sub.txt": sub, "num.txt": num}))
    keys = Counter(tuple(row[name] for name in NUM_COLUMNS if name in row) for row in cells if row["qtrs"] == "4")
    assert found.counts == RowCounts(3, 147, 3, len(keys))
    assert sum(keys.values()) == 146
    assert found.refused.is_empty()
    for at, (segments, day, value) in {
        "aapl-20230930_htm.xml": ("Geographical=US;", dt.date(2023, 9, 30), 138_573e6),
        "aapl-20220924_htm.xml": ("Geographical=US;", dt.date(2022, 9, 30), 147_859e6),
        "amzn-20221231_htm.xml": ("Geographical=US;", dt.date(2022, 12, 31), 356_113e6),
    }.items():
        is_it = (pl.col("adsh") == filings[at]) & (pl.col("segments") == segments) & (pl.col("fact_date") == day)
        assert found.facts.filter(is_it)["fact_value"].to_list() == [value]


def test_the_list_of_companies_is_read_whole(real_data: Path) -> None:
    path = real_data / "sec" / "company_tickers_2024-05.json"
    found = read_company_list(path.read_bytes(), path.name)
    entries = json.loads(path.read_text()).values()
    assert set(found.listings.rows()) == {
        (entry["cik_str"], entry["ticker"], entry["title"].strip()) for entry in entries
    }
    assert (found.listings.height, found.listings["cik"].n_unique(), found.refused.height) == (9610, 7919, 0)
    assert found.listings.filter(pl.col("symbol") == "BRK-B")["cik"].to_list() == [1067983]


def memberships(real_data: Path, name: str) -> MembershipList:
    path = real_data / "membership" / f"{name}_history.csv"
    return read_membership(path.read_bytes(), path.name)


def members_on(found: MembershipList, day: dt.date) -> list[str]:
    is_member = (pl.col("effective_from") <= day) & (pl.col("effective_to").is_null() | (pl.col("effective_to") > day))
    return found.spells.filter(is_member)["symbol"].to_list()


@pytest.mark.parametrize(
    ("name", "index", "members"), [("sp500", "SPX", 503), ("nasdaq100", "NDX", 101), ("dow30", "DJI", 30)]
)
def test_the_members_of_an_index_on_a_friday(real_data: Path, name: str, index: str, members: int) -> None:
    found = memberships(real_data, name)
    symbols = members_on(found, FRIDAY)
    assert (len(symbols), len(set(symbols))) == (members, members)
    assert found.spells["index_id"].unique().to_list() == [index]


def test_a_change_of_members_takes_effect_on_its_day(real_data: Path) -> None:
    found = memberships(real_data, "sp500")
    eve, day = (members_on(found, dt.date(2024, 11, number)) for number in (25, 26))
    assert (set(eve) - set(day), set(day) - set(eve)) == ({"MRO"}, {"TPL"})
    assert {"BRK-B", "BF-B"} <= set(day)


def test_the_spells_refused_are_those_of_no_day_and_of_symbols_that_two_companies_had(real_data: Path) -> None:
    refused = {name: memberships(real_data, name).refused for name in ("sp500", "nasdaq100", "dow30")}
    names = {
        name: [(rule, json.loads(payload)["symbol"], json.loads(payload)["name"]) for rule, payload in rows.rows()]
        for name, rows in ((name, frame.select("rule", "payload")) for name, frame in refused.items())
    }
    assert names == {
        "sp500": [
            ("duplicate", "AGN", "Allergan"),
            ("duplicate", "AN", "Amoco"),
            ("unparsable", "AYE", "Allegheny Energy"),
            ("unparsable", "GAS", "AGL Resources."),
            ("unparsable", "HNG", "Houston Natural Gas"),
            ("duplicate", "SUN", "SunAmerica"),
            ("duplicate", "T", "AT&T Corporation"),
        ],
        "nasdaq100": [("duplicate", "MNST", "Monster Worldwide")],
        "dow30": [],
    }
    heights = [memberships(real_data, name).spells.height for name in refused]
    assert heights == [889 - 7, 314 - 1, 78]


def test_the_attributes_of_yahoo_are_read_whole(real_data: Path) -> None:
    path = real_data / "yahoo" / "sp500_companies_yahoo_2024-11-15.csv"
    found = read_company_attributes(path.read_bytes(), path.name)
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    columns = ("symbol", "company_name", "scheme_sector", "industry", "country", "market_cap")
    names = ("Symbol", "Longname", "Sector", "Industry", "Country")
    assert found.attributes.select(columns).rows() == [
        (*(row[name] for name in names), float(row["Marketcap"])) for row in rows
    ]
    assert (found.attributes.height, found.refused.height) == (503, 0)
    assert found.attributes["as_of"].unique().to_list() == [dt.date(2024, 11, 15)]
