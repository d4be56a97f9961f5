"""The sample's documents: made-up companies written in the formats of the vendors, for the readers of real files.

A folder like one of real documents: holdings in the iShares layout, the SEC's company list and quarterly statement
sets, a reconstruction of memberships, and a panel of bars. The traps that real files set are in them: a filing whose
parts add up to more than the whole, nested regions, an amendment that brings the split, a filer in euros, one that
stopped filing, banks that never file with the SEC, a company of two share classes, a split, a delisting, a bar that
only fills a gap, cash, futures and rights among the holdings.

Belongs here: the files. Not here: the companies (see ``sample_company``), or reading (a module per format).
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from pathlib import Path

import numpy as np
import polars as pl

from pipelines.sources.calendar import sessions_between
from pipelines.sources.sample import LAST_SESSION, Floats, normals
from pipelines.sources.sample_company import (
    DELISTED_ON,
    LARGE,
    Company,
    class_pair,
    closes,
    companies,
)
from pipelines.sources.sample_filing import filings_by_quarter, statement_set

FIRST_BAR = dt.date(2022, 1, 3)
HOLDINGS_DATES = (dt.date(2023, 12, 29), dt.date(2024, 3, 28), dt.date(2024, 6, 28), dt.date(2024, 9, 30),
                  dt.date(2024, 11, 29))  # fmt: skip
_HEADER = ("Ticker,Name,Sector,Asset Class,Market Value,Weight (%),Notional Value,Quantity,Price,Location,Exchange,"
           "Currency,FX Rate,Market Currency,Accrual Date")  # fmt: skip
_FOOTER = '"SYNTHETIC SAMPLE, not market data.\nEvery company in this file is made up, and so is every number."'
_SHARED_CLASS = 0
"""Number of the company with two share classes."""
_CHANGES_SECTOR, _DELISTED, _LEAVES, _JUMPS, _FILLS = 60, 130, 117, 140, 145
_SPLITS, _SPLIT_ON = 20, dt.date(2024, 6, 10)
"""Two shares for one: holdings before it state half the shares at twice the price, the panel is adjusted for it."""
_GENERATOR_VERSION = "1"


def write_sample_documents(folder: Path, now: dt.datetime) -> None:
    """Write every document that is not younger than ``now``, unless this was done for the same day."""
    today = now.date()
    state = f"{_GENERATOR_VERSION} {min(today, LAST_SESSION)}"
    marker = folder / ".written"
    if marker.exists() and marker.read_text() == state:
        return
    listed = [line for company in companies() for line in _lines(company)]
    sessions = sessions_between(FIRST_BAR, max(FIRST_BAR, min(LAST_SESSION, today)))
    prices = {line.symbol: closes(line, sessions.height) for line in listed}
    on = {session: place for place, session in enumerate(sessions["session"].to_list())}
    for day in HOLDINGS_DATES:
        if day in on and day < today:
            at = {symbol: float(path[on[day]]) for symbol, path in prices.items()}
            for fund, is_large in (("IVV", True), ("IWM", False)):
                members = [line for line in listed if _is_member(line, is_large, day)]
                _keep(folder / "holdings" / f"{fund}_holdings_{day}.csv", _holdings(fund, day, members, at).encode())
    _keep(folder / "sec" / "company_tickers.json", _company_list(listed))
    for name, filings in filings_by_quarter(today).items():
        _keep(folder / "sec" / f"fsds_{name}.zip", statement_set(filings))
    _keep(folder / "membership" / "sp500_history.csv", _memberships(listed).encode())
    _keep(folder / "panel" / "bars.csv", _panel(listed, sessions["session"].to_list(), prices).encode())
    marker.write_text(state)


def _keep(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}")
    temporary.write_bytes(content)
    temporary.replace(path)


def _lines(company: Company) -> tuple[Company, ...]:
    return class_pair(company) if company.number == _SHARED_CLASS else (company,)


def _is_member(line: Company, of_large: bool, day: dt.date) -> bool:
    """One large company moves to the small ones in 2024, and one small one is delisted."""
    is_large = line.is_large and not (line.number == _LEAVES and day >= dt.date(2024, 6, 28))
    return is_large == of_large and not (line.number == _DELISTED and day >= DELISTED_ON)


def _holdings(fund: str, day: dt.date, members: list[Company], price: dict[str, float]) -> str:
    """Return a holdings file in the layout of 2024, byte order mark and footer included."""
    name = {"IVV": "iShares Core S&P 500 ETF", "IWM": "iShares Russell 2000 ETF"}[fund]
    value = {line.symbol: round(line.shares * price[line.symbol] / 100, 2) for line in members}
    total = sum(value.values())
    out = io.StringIO()
    out.write(f'\ufeff{name}\nFund Holdings as of,"{day:%b %d, %Y}"\nInception Date,"May 15, 2000"\n')
    out.write('Shares Outstanding,"1,000,000.00"\nStock,"-"\nBond,"-"\nCash,"-"\nOther,"-"\n\u00a0\n' + _HEADER + "\n")
    write = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerow
    for line in sorted(members, key=lambda line: (-value[line.symbol], line.symbol)):
        ratio = 2.0 if line.number == _SPLITS and day < _SPLIT_ON else 1.0
        amount, weight = f"{value[line.symbol]:,.2f}", f"{100 * value[line.symbol] / total:.2f}"
        shares, cost = f"{line.shares / 100 / ratio:,.2f}", f"{price[line.symbol] * ratio:,.2f}"
        write([line.printed_ticker, line.name, _printed_sector(line, day), "Equity", amount, weight, amount, shares,
               cost, "United States", "NASDAQ", "USD", "1.00", "USD", "-"])  # fmt: skip
    for ticker, what, kind, cash in (
        ("XTSLA", "FICTIONAL CASH FUND", "Money Market", total / 1000),
        ("USD", "USD CASH", "Cash", -total / 2000),
        ("ESZ4", "FICTIONAL INDEX FUTURE", "Futures", 0.0),
        ("-", "FICTIONAL GONE CO ESCROW", "Equity", 12.0),
        ("ZQCV", "FICTIONAL HEALTH CVR", "Equity", 34.0),
    ):
        sector = "Health Care" if kind == "Equity" else "Cash and/or Derivatives"
        exchange = "NO MARKET (E.G. UNLISTED)" if ticker == "-" else "NASDAQ" if kind == "Equity" else "-"
        write([ticker, what, sector, kind, f"{cash:,.2f}", "0.00", f"{cash:,.2f}", "1.00", "1.00", "United States",
               exchange, "USD", "1.00", "USD", "-"])  # fmt: skip
    return out.getvalue() + "\u00a0\n" + _FOOTER


def _printed_sector(line: Company, day: dt.date) -> str:
    """Return the sector as iShares prints it; one company changes its own in 2024."""
    sector = "Industrials" if line.number == _CHANGES_SECTOR and day >= dt.date(2024, 9, 30) else line.sector
    return "Communication" if sector == "Communication Services" else sector


def _company_list(listed: list[Company]) -> bytes:
    known = [line for line in listed if line.way != "no_filing"]
    rows = {
        str(place): {"cik_str": line.cik, "ticker": line.symbol, "title": line.name} for place, line in enumerate(known)
    }
    return json.dumps(rows).encode()


def _memberships(listed: list[Company]) -> str:
    rows = ["symbol,name,opt-in,opt-out"]
    for line in listed:
        if line.number < LARGE:
            end = "2024-06-28" if line.number == _LEAVES else ""
            rows.append(f'{line.symbol},"{line.name}",2019-01-02,{end}')
    return "\n".join(rows) + "\n"


def _panel(listed: list[Company], sessions: list[dt.date], prices: dict[str, Floats]) -> str:
    frames = [_bars_of(line, sessions, prices[line.symbol]) for line in listed]
    return pl.concat(frames).write_csv(float_precision=2)


def _bars_of(line: Company, sessions: list[dt.date], close: Floats) -> pl.DataFrame:
    size = len(sessions)
    close = np.round(close, 2)
    if line.number == _JUMPS:
        # A spin-off that nobody adjusted for: the price falls by more than half from one session to the next.
        close[size // 2 :] = np.round(close[size // 2 :] * 0.4, 2)
    before = np.concatenate([close[:1], close[:-1]])
    reach = 0.008 * np.abs(normals(f"company range {line.symbol}", size))
    open_ = np.round(before, 2)
    high = np.round(np.maximum(open_, close) * (1 + reach), 2)
    low = np.round(np.minimum(open_, close) * (1 - reach), 2)
    volume = np.round(line.shares / 200 * np.exp(0.3 * normals(f"company volume {line.symbol}", size)))
    if line.number == _FILLS and size > 100:
        for column in (open_, high, low, close):
            column[100] = close[99]
        volume[100] = 0
    frame = pl.DataFrame(
        {"symbol": [line.symbol] * size, "date": sessions, "open": open_, "high": high, "low": low, "close": close,
         "volume": volume.astype(np.int64)}
    )  # fmt: skip
    return frame.filter(pl.col("date") < DELISTED_ON) if line.number == _DELISTED else frame
