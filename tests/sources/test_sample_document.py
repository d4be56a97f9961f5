"""The sample's made-up documents: read by the readers of real files, each trap in them where it is meant to be."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from pipelines import seeds
from pipelines.contracts.vocabulary import SECTORS
from pipelines.parameters import Parameters
from pipelines.sources.document import known_documents
from pipelines.sources.sample_company import companies
from pipelines.sources.sample_document import write_sample_documents
from pipelines.transforms.stock_bar import stock_bar_warnings
from tests.sources.sample_reading import DATES, Sample

D = dt.date
COMPANIES = companies()
SUBPROCESS = (
    "import datetime, pathlib, sys; from pipelines.sources.sample_document import write_sample_documents as write; "
    "write(pathlib.Path(sys.argv[1]), datetime.datetime(2026, 11, 24, tzinfo=datetime.UTC))"
)


def dates_of(sample: Sample, index_id: str, symbol: str) -> list[dt.date]:
    return sample.members.filter(index_id=index_id, symbol=symbol)["as_of"].to_list()


# What there is


def test_the_readers_of_real_files_take_everything_but_the_bar_that_only_fills_a_gap(sample: Sample) -> None:
    assert sample.refused == 0
    assert sample.rejected.select("instrument_id", "rule").rows() == [("ZQFP", "filler_bar")]
    assert known_documents(sample.folder, "holdings", seeds.funds())[1] == []
    assert sample.holdings.group_by("fund_id", "as_of").len().height == 2 * len(DATES)
    assert set(sample.holdings["known_basis"]) == {"assumed"}


def test_three_hundred_companies_are_plainly_made_up(sample: Sample) -> None:
    assert len({company.cik for company in COMPANIES}) == len({company.name for company in COMPANIES}) == 300
    equity = sample.holdings.filter(printed_asset_class="Equity")
    names = pl.concat([
        equity["holding_name"], sample.filings["filer_name"], sample.listings["company_name"],
        sample.spells["company_name"],
    ])  # fmt: skip
    symbols = pl.concat([
        equity["ticker"].filter(equity["ticker"] != "-"), sample.listings["symbol"], sample.spells["symbol"],
        sample.bars["instrument_id"],
    ])  # fmt: skip
    assert names.str.starts_with("FICTIONAL ").all()
    assert symbols.str.contains("^ZQ[A-Z]{2}(-?B)?$").all()
    for path in (sample.folder / "holdings").iterdir():
        assert "SYNTHETIC SAMPLE, not market data." in path.read_text(encoding="utf-8")


def test_both_indices_have_all_eleven_sectors_on_every_date(sample: Sample) -> None:
    found = sample.members.group_by("index_id", "as_of").agg(pl.col("sector").unique().sort())
    assert sorted(found.select("index_id", "as_of").rows()) == [
        (index, day) for index in ("RUT", "SPX") for day in DATES
    ]
    assert set(map(tuple, found["sector"].to_list())) == {tuple(sorted(SECTORS))}
    sizes = sample.members.group_by("index_id", "as_of").agg(pl.col("company_id").n_unique()).sort("index_id", "as_of")
    assert sizes["company_id"].to_list() == [180] * 5 + [120, 120, 119, 119, 119]


def test_weights_follow_from_shares_and_adjusted_closes_so_the_split_is_not_seen_in_them(sample: Sample) -> None:
    halves = {"ZQAA": 0.5, "ZQAA-B": 0.5}
    shares = {company.symbol: company.shares for company in COMPANIES} | {"ZQAA-B": COMPANIES[0].shares}
    held = sample.members.join(
        sample.bars.select("close", symbol="instrument_id", as_of="session"), on=["symbol", "as_of"], how="left"
    ).with_columns(
        value=pl.col("symbol").replace_strict(shares)
        * pl.col("close")
        * pl.col("symbol").replace_strict(halves, default=1.0)
    )
    expected = held["value"] / held.select(pl.col("value").sum().over("index_id", "as_of")).to_series()
    assert held["close"].null_count() == 0
    assert (expected - held["weight_share"]).abs().max() < 1e-5


# Traps among the holdings


def test_a_split_stands_in_printed_prices_and_quantities(sample: Sample) -> None:
    lines = sample.holdings.filter(ticker="ZQAU").sort("as_of")
    close = sample.bars.filter(pl.col("instrument_id") == "ZQAU", pl.col("session").is_in(DATES)).sort("session")[
        "close"
    ]
    assert (lines["holding_price"] / close).round(3).to_list() == [2.0, 2.0, 1.0, 1.0, 1.0]
    assert (lines["quantity"] / lines["quantity"][0]).round(6).to_list() == [1.0, 1.0, 2.0, 2.0, 2.0]


def test_what_is_no_member_is_excluded_with_its_reason(sample: Sample) -> None:
    found = sample.excluded.group_by("fund_id", "as_of").agg(pl.struct("ticker", "exclusion_reason").sort_by("line"))
    expected = {
        "XTSLA": "not_equity",
        "USD": "not_equity",
        "ESZ4": "not_equity",
        "-": "no_ticker",
        "ZQZV": "not_common_stock",
    }
    assert found.height == 2 * len(DATES)
    for lines in found["ticker"]:
        assert {line["ticker"]: line["exclusion_reason"] for line in lines} == expected
        assert len(lines) == len(expected)
    assert sample.holdings.filter(ticker="USD")["market_value"].max() < 0
    assert sample.members.filter(pl.col("symbol").is_in(list(expected))).is_empty()


def test_two_share_classes_are_one_company(sample: Sample) -> None:
    lines = sample.members.filter(company_id="0009900001", as_of=DATES[-1]).sort("symbol")
    assert lines.select("symbol", "ticker", "cik_match").rows() == [
        ("ZQAA", "ZQAA", "exact"),
        ("ZQAA-B", "ZQAAB", "class"),
    ]
    (row,) = sample.revenues.filter(company_id="0009900001", as_of=DATES[-1]).iter_rows(named=True)
    assert row["symbol"] == lines.sort("weight_share")["symbol"][-1]
    assert row["total_revenue"] == COMPANIES[0].revenue
    of_spx = sample.exposures.filter(
        index_id="SPX", as_of=DATES[-1], sector="ALL", aggregation="cap_weighted", basis="reported"
    )
    assert of_spx["companies_total"].item() == sample.members.filter(index_id="SPX", as_of=DATES[-1]).height - 1


def test_one_changes_its_sector_one_its_index_and_one_leaves(sample: Sample) -> None:
    sectors = sample.members.filter(symbol="ZQCI").sort("as_of").select("index_id", "sector").rows()
    assert sectors == [("SPX", "Health Care")] * 3 + [("SPX", "Industrials")] * 2
    assert (dates_of(sample, "SPX", "ZQEN"), dates_of(sample, "RUT", "ZQEN")) == (list(DATES[:2]), list(DATES[2:]))
    ended = sample.spells.filter(pl.col("effective_to").is_not_null())
    assert ended.select("symbol", "effective_to").rows() == [("ZQEN", D(2024, 6, 28))]
    assert (dates_of(sample, "RUT", "ZQFA"), dates_of(sample, "SPX", "ZQFA")) == (list(DATES[:2]), [])
    assert sample.bars.filter(instrument_id="ZQFA")["session"].max() == D(2024, 6, 27)
    ends = sample.bars.filter(pl.col("instrument_id") != "ZQFA").group_by("instrument_id").agg(pl.col("session").max())
    assert set(ends["session"]) == {D(2024, 12, 31)}


def test_one_price_jumps_as_after_a_spin_off_and_is_warned_of(sample: Sample) -> None:
    jumps = stock_bar_warnings(sample.bars, Parameters()).filter(warning="jump")
    assert jumps.select("instrument_id", "session").rows() == [("ZQFK", D(2023, 7, 5))]
    assert -0.65 < jumps["warning_value"].item() < -0.55


# When documents are written


@pytest.mark.parametrize(
    ("now", "holdings", "quarters", "last_bar", "has_left"),
    [
        ("2021-06-01T12:00", 0, [], None, False),
        ("2022-01-03T21:59", 0, [], None, False),
        ("2022-01-03T22:00", 0, [], D(2022, 1, 3), False),
        ("2024-04-01T12:00", 2, ["2022q1", "2023q1"], D(2024, 3, 28), False),
        ("2024-04-02T00:00", 2, ["2022q1", "2023q1", "2024q1"], D(2024, 4, 1), False),
        ("2024-06-28T20:59", 2, ["2022q1", "2023q1", "2024q1"], D(2024, 6, 27), True),
        ("2024-06-28T21:00", 2, ["2022q1", "2023q1", "2024q1"], D(2024, 6, 28), True),
        ("2024-06-29T00:00", 3, ["2022q1", "2023q1", "2024q1"], D(2024, 6, 28), True),
        ("2024-10-01T00:00", 4, ["2022q1", "2023q1", "2024q1", "2024q3"], D(2024, 9, 30), True),
    ],
)
def test_an_earlier_now_writes_the_beginning_of_the_same_documents_and_nothing_younger(
    sample: Sample,
    tmp_path: Path,
    now: str,
    holdings: int,
    quarters: list[str],
    last_bar: dt.date | None,
    has_left: bool,
) -> None:
    write_sample_documents(tmp_path, dt.datetime.fromisoformat(now).replace(tzinfo=dt.UTC))
    expected = {f"holdings/{fund}_holdings_{day}.csv" for fund in ("IVV", "IWM") for day in DATES[:holdings]}
    expected |= {f"sec/fsds_{quarter}.zip" for quarter in quarters} | {"sec/company_tickers.json"}
    for name in expected:
        assert (tmp_path / name).read_bytes() == (sample.folder / name).read_bytes(), name
    expected |= {"membership/sp500_history.csv", ".written"} | ({"panel/bars.csv"} if last_bar else set())
    assert {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()} == expected
    assert ("2024-06-28" in (tmp_path / "membership" / "sp500_history.csv").read_text()) == has_left
    if last_bar:
        early, whole = (
            pl.read_csv(folder / "panel" / "bars.csv", infer_schema=False) for folder in (tmp_path, sample.folder)
        )
        assert early.equals(whole.filter(pl.col("date") <= str(last_bar)))


def test_what_was_written_stays_and_grows(tmp_path: Path) -> None:
    def write(now: str) -> dict[str, int]:
        write_sample_documents(tmp_path, dt.datetime.fromisoformat(now).replace(tzinfo=dt.UTC))
        return {path.name: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}

    first = write("2024-02-01T09:00")
    assert write("2024-02-01T09:59") == first
    assert write("2024-04-02T00:00").keys() - first.keys() == {
        "IVV_holdings_2024-03-28.csv", "IWM_holdings_2024-03-28.csv", "fsds_2024q1.zip"
    }  # fmt: skip
    whole = write("2025-01-02T00:00")
    assert write("2026-11-24T12:00") == whole


def test_another_process_writes_the_same_bytes(sample: Sample, tmp_path: Path) -> None:
    command = [sys.executable, "-c", SUBPROCESS, str(tmp_path)]
    subprocess.run(
        command, check=True, env={**os.environ, "PYTHONHASHSEED": "12345", "PYTHONPATH": str(Path(__file__).parents[2])}
    )
    first, second = (
        {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*.*")}
        for folder in (sample.folder, tmp_path)
    )
    assert first == second
    assert len(first) == 10 + 5 + 1 + 1 + 1


def test_some_lines_of_the_files_are_as_they_were_drawn_first(sample: Sample) -> None:
    """A change of the draw would change every figure that documents and tests quote of the sample."""
    text = (sample.folder / "holdings" / "IVV_holdings_2024-11-29.csv").read_text(encoding="utf-8-sig")
    record = next(csv.reader(text.splitlines()[10:11]))
    assert record[:6] == [
        "ZQBN", "FICTIONAL BRIMORE 039 FINANCIALS INC", "Financials", "Equity", "2,287,982,862.75", "5.28"
    ]  # fmt: skip
    listed = json.loads((sample.folder / "sec" / "company_tickers.json").read_text())
    assert (len(listed), listed["1"]["ticker"], listed["1"]["cik_str"]) == (299, "ZQAA-B", 9900001)
