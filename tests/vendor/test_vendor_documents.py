"""Documents of the vendor through the downloads and the readers of real ones."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from pipelines.seeds import funds
from pipelines.sources.company_list import read_company_list
from pipelines.sources.download import download_documents
from pipelines.sources.financial_statements import read_financial_statements
from pipelines.sources.holdings import read_holdings
from tests.vendor.fault import DOCUMENT_KINDS, RateLimited, Truncated
from tests.vendor.listing import INDICES, Plan
from tests.vendor.market import Market
from tests.vendor.server import Vendor

MARKET = Market(Plan(symbols=40, years=2, last=dt.date(2024, 12, 6)))
FUNDS = funds()
CONTACT = "Somebody somebody@example.org"


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with Vendor(MARKET) as running:
        yield running


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("documents")
    with Vendor(MARKET) as vendor:
        for kind in ("holdings", "sec"):
            missing = download_documents(folder, kind, FUNDS, vendor.now.date(), CONTACT, vendor.url)  # type: ignore[arg-type]
            assert missing == {}
    return folder


def held(documents: Path, fund: str) -> pl.DataFrame:
    (path,) = (documents / "holdings").glob(f"{fund}_holdings.*")
    found = read_holdings(path.read_bytes(), path.name, FUNDS)
    assert (found.fund_id, found.as_of, found.refused.height) == (fund, MARKET.sessions[-1], 0)
    return found.rows.filter(pl.col("ticker").str.starts_with("Z"))


def test_funds_hold_the_stocks_that_trade(documents: Path) -> None:
    trading = set(MARKET.spans().filter(~pl.col("is_delisted"), ~pl.col("symbol").is_in(list(INDICES)))["symbol"])
    tickers = {fund: set(held(documents, fund)["ticker"]) for fund in FUNDS["fund_id"]}
    assert tickers["IVV"] == tickers["QQQ"] == {symbol for symbol in MARKET.symbols[:6] if symbol in trading}
    assert tickers["IVV"] | tickers["IWM"] == tickers["IWV"] == {symbol.replace("-", "") for symbol in trading}
    assert len(tickers["IVV"]) + len(tickers["IWM"]) == len(tickers["IWV"])
    assert tickers["SPY"] == tickers["DIA"] == tickers["IVV"]


def test_printed_prices_weights_and_quantities_are_those_of_the_market(documents: Path) -> None:
    truth = MARKET.true_bars().filter(session=MARKET.sessions[-1]).select("close", ticker="instrument_id")
    iwm = held(documents, "IWM").with_columns(pl.col("ticker").str.replace("ZXARB", "ZXAR-B")).join(truth, on="ticker")
    assert iwm.height > 20
    assert (iwm["holding_price"] == iwm["close"]).all()
    assert (iwm["market_value"] - iwm["quantity"] * iwm["close"]).abs().max() < 0.006
    share = iwm["market_value"] / iwm["market_value"].sum()
    assert (iwm["printed_weight_pct"] - 100 * share).abs().max() < 0.0051
    dia = held(documents, "DIA").join(truth, on="ticker")
    assert (dia["printed_weight_pct"] - 100 * dia["close"] / dia["close"].sum()).abs().max() < 1e-6


def test_the_list_and_five_quarters_of_the_sec_are_there(documents: Path) -> None:
    names = sorted(path.name.split(".")[0] for path in (documents / "sec").iterdir())
    quarters = ["2023q3", "2023q4", "2024q1", "2024q2", "2024q3"]
    assert names == ["company_tickers", *(f"fsds_{quarter}" for quarter in quarters)]
    (path,) = (documents / "sec").glob("company_tickers.*")
    listed = read_company_list(path.read_bytes(), path.name).listings
    assert listed.height == listed["cik"].n_unique() == 38
    filers = pl.concat(
        read_financial_statements(path).filings.select("cik", "filed") for path in (documents / "sec").glob("fsds_*")
    )
    assert filers.height > 38
    assert set(filers["cik"]) >= set(listed["cik"]) - {"0009800034"}  # Listed in 2024, after its year had ended.


def test_documents_are_those_of_the_vendors_clock(vendor: Vendor, tmp_path: Path) -> None:
    vendor.now = dt.datetime(2024, 7, 1, 12, tzinfo=dt.UTC)
    missing = download_documents(tmp_path, "sec", FUNDS, dt.date(2024, 10, 1), CONTACT, vendor.url)
    assert list(missing) == ["fsds_2024q3"]
    only = FUNDS.filter(fund_id="IVV")
    assert download_documents(tmp_path, "holdings", only, dt.date(2024, 7, 1), None, vendor.url) == {}
    (path,) = (tmp_path / "holdings").iterdir()
    assert read_holdings(path.read_bytes(), path.name, FUNDS).as_of == dt.date(2024, 6, 28)


def test_documents_fail_as_charts_do_and_downloads_try_again(vendor: Vendor, tmp_path: Path) -> None:
    only = FUNDS.filter(fund_id="IVV")
    vendor.faults.add(RateLimited(kinds=DOCUMENT_KINDS, retry_after=7, requests=1))
    vendor.faults.add(Truncated(kinds=("ishares",), symbols=("IVV",), requests=1))
    waits: list[float] = []
    assert download_documents(tmp_path, "holdings", only, dt.date(2024, 12, 7), None, vendor.url, waits.append) == {}
    assert waits == [7.0, 4.0]
    assert [(one.kind, one.symbol, one.status) for one in vendor.log.requests()] == [
        ("ishares", "IVV", 429), ("ishares", "IVV", 200), ("ishares", "IVV", 200)
    ]  # fmt: skip
