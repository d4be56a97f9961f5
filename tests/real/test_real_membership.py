"""Members and sectors of real holdings: the figures of the issue, and tickers against the SEC's list."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import polars as pl
import pytest

from pipelines import seeds
from pipelines.contracts import core, raw
from pipelines.parameters import Parameters
from pipelines.transforms.company_revenue import company_revenues
from pipelines.transforms.member_spell import member_spells
from pipelines.transforms.membership import excluded_holdings, memberships
from pipelines.transforms.revenue_exposure import revenue_exposures
from pipelines.transforms.sector_weight import sector_weights
from tests.market import bar_frame, traded
from tests.transforms.membership_frames import frame, holdings, listings

D = dt.date
LIST_OF_MAY = dt.datetime(2024, 5, 13, tzinfo=dt.UTC)
IVV, IWM, SPY = ("IVV", D(2024, 12, 6)), ("IWM", D(2024, 9, 27)), ("SPY", D(2024, 3, 19))
SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def _number(text: str) -> float | None:
    return None if text in ("", "-") else float(text.replace(",", ""))


def _ishares(path: Path, fund_id: str, as_of: dt.date) -> pl.DataFrame:
    """Read a file of iShares with the least that the test needs; the product's reader is tested by itself."""
    records = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    header = next(place for place, record in enumerate(records) if record and record[0] == "Ticker")
    names, lines = records[header], []
    for record in records[header + 1 :]:
        if len(record) != len(names):
            break
        cell = dict(zip(names, record, strict=True))
        lines.append(
            {
                "ticker": cell["Ticker"],
                "holding_name": cell["Name"],
                "printed_sector": cell["Sector"],
                "printed_asset_class": cell["Asset Class"],
                "market_value": _number(cell["Market Value"]),
                "printed_weight_pct": _number(cell["Weight (%)"]),
                "holding_price": _number(cell["Price"]),
                "exchange": cell["Exchange"],
            }
        )
    return holdings(*lines, fund_id=fund_id, as_of=as_of)


def _ssga(path: Path, fund_id: str, as_of: dt.date) -> pl.DataFrame:
    """Read the one sheet of State Street: what stands under Ticker, Name and Weight."""
    with zipfile.ZipFile(path) as book:
        shared = ElementTree.fromstring(book.read("xl/sharedStrings.xml"))
        texts = ["".join(it.itertext()) for it in shared.iter(f"{SHEET}si")]
        sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
    rows = []
    for row in sheet.iter(f"{SHEET}row"):
        cells = {}
        for cell in row.iter(f"{SHEET}c"):
            value = cell.findtext(f"{SHEET}v")
            if value is not None:
                column = re.sub(r"\d", "", cell.get("r", ""))
                cells[column] = texts[int(value)] if cell.get("t") == "s" else value
        rows.append(cells)
    header = next(place for place, cells in enumerate(rows) if cells.get("A") == "Name")
    column = {name: letter for letter, name in rows[header].items()}
    lines = [
        {
            "ticker": cells[column["Ticker"]],
            "holding_name": cells[column["Name"]],
            "printed_weight_pct": float(cells[column["Weight"]]),
            "market_value": None,
            "holding_price": None,
            "printed_asset_class": None,
            "printed_sector": None,
            "exchange": None,
        }
        for cells in rows[header + 1 :]
        if column["Ticker"] in cells and cells.get(column["Weight"])
    ]
    return holdings(*lines, fund_id=fund_id, as_of=as_of)


@pytest.fixture(scope="module")
def real_listings(real_data: Path) -> pl.DataFrame:
    rows = json.loads((real_data / "sec" / "company_tickers_2024-05.json").read_text()).values()
    return listings({row["ticker"]: row["cik_str"] for row in rows}, LIST_OF_MAY, name="SEC company {}")


@pytest.fixture(scope="module")
def real_holdings(real_data: Path) -> pl.DataFrame:
    folder = real_data / "holdings"
    return pl.concat(
        [
            _ishares(folder / "IVV_holdings_2024-12-06.csv", *IVV),
            _ishares(folder / "IWM_holdings_2024-09-27_no_preamble.csv", *IWM),
            _ssga(folder / "SPY_holdings_2024-03-19.xlsx", *SPY),
        ]
    )


@pytest.fixture(scope="module")
def members(real_holdings: pl.DataFrame, real_listings: pl.DataFrame) -> pl.DataFrame:
    out = memberships(real_holdings, real_listings, seeds.funds(), seeds.class_tickers())
    return core.Membership.validate(out)


@pytest.fixture(scope="module")
def excluded(real_holdings: pl.DataFrame, real_listings: pl.DataFrame) -> pl.DataFrame:
    out = excluded_holdings(real_holdings, real_listings, seeds.funds(), seeds.class_tickers())
    return core.ExcludedHolding.validate(out)


@pytest.mark.parametrize(
    ("file", "kept", "reasons"),
    [
        (IVV, 503, {"not_equity": 5}),
        (IWM, 1971, {"not_equity": 5, "no_ticker": 5, "unlisted": 5, "not_common_stock": 1}),
        (SPY, 503, {"no_ticker": 1}),
    ],
    ids=["IVV", "IWM", "SPY"],
)
def test_lines_kept_and_left_out(
    members: pl.DataFrame,
    excluded: pl.DataFrame,
    real_holdings: pl.DataFrame,
    file: tuple[str, dt.date],
    kept: int,
    reasons: dict[str, int],
):
    (fund_id, as_of) = file
    assert len(members.filter(fund_id=fund_id, as_of=as_of)) == kept
    counts = excluded.filter(fund_id=fund_id).group_by("exclusion_reason").len()
    assert dict(counts.rows()) == reasons
    assert kept + sum(reasons.values()) == len(real_holdings.filter(fund_id=fund_id))


def test_the_eleven_equity_lines_of_the_russell_2000_that_are_no_members(excluded: pl.DataFrame, members: pl.DataFrame):
    lines = excluded.filter(pl.col("fund_id") == "IWM", pl.col("printed_asset_class") == "Equity")
    assert sorted(lines["ticker"]) == ["-"] * 5 + ["ADRO", "ADRO", "GTXI", "INH", "P5N994", "WLLBW"]
    russell = members.filter(fund_id="IWM")
    # Companies that the words of the rule would catch if they were not read as whole words after the first.
    assert {"CVI", "CVRX", "BHVN", "METCV", "TRUE"} <= set(russell["symbol"])
    assert len(lines) + len(russell) == 1982


@pytest.mark.parametrize(
    ("index_id", "shares"),
    [
        (
            "SPX",
            {"Information Technology": 32.06, "Financials": 13.54, "Communication Services": 9.15},
        ),
        (
            "RUT",
            {"Financials": 17.84, "Health Care": 17.44, "Industrials": 17.02, "Information Technology": 12.89},
        ),
    ],
)
def test_sector_weights_recomputed(members: pl.DataFrame, index_id: str, shares: dict[str, float]):
    out = core.SectorWeight.validate(sector_weights(members)).filter(index_id=index_id)
    assert len(out) == 11
    found = dict(out.select("sector", pl.col("weight_share") * 100).rows())
    assert {sector: round(found[sector], 2) for sector in shares} == shares
    assert out.filter(rank=1)["sector"].to_list() == [next(iter(shares))]
    assert sum(found.values()) == pytest.approx(100.0, abs=1e-10)
    # The printed weights have all lines of the fund below them: a check only.
    assert out["weight_source"].unique().to_list() == ["market_value"]


@pytest.mark.parametrize("file", [IVV, IWM, SPY], ids=["IVV", "IWM", "SPY"])
def test_recomputed_weights_are_near_the_printed_ones(
    members: pl.DataFrame, real_holdings: pl.DataFrame, file: tuple[str, dt.date]
):
    of = {"fund_id": file[0], "as_of": file[1]}
    own = members.filter(**of)
    assert own["weight_share"].sum() == pytest.approx(1.0, abs=1e-12)
    printed = real_holdings.filter(**of).select("ticker", "printed_weight_pct")
    both = own.join(printed.filter(pl.col("ticker") != "-"), on="ticker", how="left")
    assert (both["weight_share"] * 100 - both["printed_weight_pct"]).abs().max() < 0.03


def test_class_tickers_lead_to_their_companies(members: pl.DataFrame):
    of_class = members.filter(pl.col("cik_match") == "class")
    found = dict(of_class.select("ticker", "symbol").rows())
    assert found == {
        "BRKB": "BRK-B",
        "BRK.B": "BRK-B",
        "BFB": "BF-B",
        "BF.B": "BF-B",
        "MOGA": "MOG-A",
        "LGFA": "LGF-A",
        "LGFB": "LGF-B",
        "GEFB": "GEF-B",
        "CRDA": "CRD-A",
    }
    seeded = dict(seeds.class_tickers().select("ticker", "symbol").rows())
    assert all(seeded[ticker] == symbol for ticker, symbol in found.items() if "." not in ticker)
    ciks = dict(members.filter(index_id="SPX", as_of=IVV[1]).select("symbol", "cik").rows())
    assert ciks["BRK-B"] == 1067983
    assert ciks["GOOG"] == ciks["GOOGL"] == 1652044


def test_members_that_the_list_lacks_are_kept_unresolved(members: pl.DataFrame):
    unresolved = {
        fund_id: set(rows["symbol"]) for (fund_id,), rows in members.filter(cik_match="unresolved").group_by("fund_id")
    }
    assert unresolved["IVV"] == {"AMTM"}  # spun off after the list
    # Banks that do not file with the SEC, companies listed later, a temporary ticker.
    assert {"TOWN", "NBN", "HIFS", "FRBA", "TXNM", "METCV"} <= unresolved["IWM"]
    assert len(unresolved["IWM"]) == 37 - 5 - 11  # not exact, less the five classes and the eleven left out
    assert members.filter(pl.col("cik").is_null())["company_id"].str.starts_with("symbol:").all()


def test_without_sectors_there_are_no_sector_weights_and_exposure_has_its_reason(members: pl.DataFrame):
    spdr = members.filter(fund_id="SPY")
    assert spdr["sector"].unique().to_list() == ["Unclassified"]
    assert spdr["weight_source"].unique().to_list() == ["printed_weight"]
    assert sector_weights(spdr).is_empty()
    # The first date of the index with sectors is the one of IVV, so nothing stands before it.
    assert sector_weights(members).filter(index_id="SPX")["previous_as_of"].null_count() == 11


def test_without_filings_every_company_has_none(members: pl.DataFrame):
    companies = company_revenues(members, core.CompanyRevenueGeography.create_empty(), Parameters())
    companies = core.CompanyRevenue.validate(companies)
    assert companies["null_reason"].unique().to_list() == ["no_filing"]
    out = core.RevenueExposure.validate(revenue_exposures(members, companies, Parameters()))
    whole = out.filter(pl.col("sector") == "ALL")
    assert whole["null_reason"].unique().to_list() == ["coverage"]
    # GOOG, FOX, NWS: three companies of the S&P 500 with two lines each.
    assert whole.filter(index_id="SPX", as_of=IVV[1])["companies_total"].unique().to_list() == [500]


def test_spells_of_the_real_reconstruction_and_panel_do_not_overlap(members: pl.DataFrame, real_data: Path):
    file = pl.read_csv(real_data / "membership" / "sp500_history.csv", try_parse_dates=True)
    spells = [
        {
            "index_id": "SPX",
            "symbol": symbol.replace(".", "-"),
            "effective_from": first,
            "effective_to": end,
            "company_name": name,
            "known_from": LIST_OF_MAY,
            "known_basis": "observed",
            "source": "test",
            "payload_hash": str(line),
            "fetched_at": LIST_OF_MAY,
        }
        for line, (symbol, name, first, end) in enumerate(file.select("symbol", "name", "opt-in", "opt-out").rows())
    ]
    bars = pl.read_parquet(real_data / "panel" / "bars_2023_2024h1.parquet")
    stocks = bar_frame(bars.rename({"symbol": "instrument_id", "date": "session"}))
    spans = traded(stocks)
    out = core.MemberSpell.validate(member_spells(members, frame(raw.MembershipSpell, spells), spans, Parameters()))
    ends = pl.col("effective_to").fill_null(D.max).shift(1).over("index_id", "symbol", order_by="effective_from")
    assert not out.select((pl.col("effective_from") < ends).any()).item()

    def on(index_id: str, day: dt.date) -> pl.DataFrame:
        until = pl.col("effective_to").is_null() | (pl.col("effective_to") > day)
        return out.filter(pl.col("index_id") == index_id, pl.col("effective_from") <= day, until)

    # 503 lines on a day of 2024, as the reconstruction's own package says of it.
    november = on("SPX", D(2024, 11, 29))
    assert (len(november), november["membership_quality"].unique().to_list()) == (503, ["pit_reconstructed"])
    assert (
        len(on("panel", D(2023, 6, 1)))
        == bars.group_by("symbol")
        .agg(pl.col("date").min() <= D(2023, 6, 1), last=pl.col("date").max() >= D(2023, 6, 1))
        .filter(pl.col("date") & pl.col("last"))
        .height
    )
    # After the holdings of December their weights count, before those of March none.
    december = on("SPX", D(2024, 12, 9))
    assert december["weight_share"].sum() == pytest.approx(1.0, abs=0.01)
    assert december.filter(sector="Information Technology")["weight_share"].sum() == pytest.approx(0.3206, abs=0.001)
    assert on("SPX", D(2024, 3, 18))["weight_share"].null_count() == len(on("SPX", D(2024, 3, 18)))
    assert on("RUT", D(2024, 9, 26)).is_empty()
    assert len(on("RUT", D(2024, 9, 27))) == 1971
