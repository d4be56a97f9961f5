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
_CHANGES_SECTOR, _DELISTED, _FILLS = 60, 130, 145
_LEAVES, _LEAVES_ON = 117, dt.date(2024, 6, 28)
_JUMPS, _JUMPS_ON = 140, dt.date(2023, 7, 5)
"""A spin-off that nobody adjusted for: the price falls by more than half from one session to the next."""
_SPLITS, _SPLIT_ON = 20, dt.date(2024, 6, 10)
"""Two shares for one: holdings before it state half the shares at twice the price, the panel is adjusted for it."""
_AFTER_CLOSE = dt.timedelta(hours=1)
_WHOLE_FROM = dt.datetime(2025, 1, 2, tzinfo=dt.UTC)
"""From here on nothing is added."""
_GENERATOR_VERSION = "2"


def write_sample_documents(folder: Path, now: dt.datetime) -> None:
    """Write every document that is not younger than ``now``, unless this was done for the same hour.

    A later ``now`` adds documents and lengthens the panel; what stood in it before stays as it was.
    """
    today = now.date()
    state = f"{_GENERATOR_VERSION} {min(now, _WHOLE_FROM):%Y-%m-%d %H}"
    marker = folder / ".written"
    if marker.exists() and marker.read_text() == state:
        return
    listed = [line for company in companies() for line in _lines(company)]
    # Paths are drawn whole and then cut, as one of another length would be another path.
    calendar = sessions_between(FIRST_BAR, LAST_SESSION)
    sessions = calendar["session"].to_list()
    prices = {line.symbol: _closes(line, sessions) for line in listed}
    for day in (day for day in HOLDINGS_DATES if day < today):
        at = {symbol: float(path[sessions.index(day)]) for symbol, path in prices.items()}
        for fund, is_large in (("IVV", True), ("IWM", False)):
            members = [line for line in listed if _is_member(line, is_large, day)]
            _keep(folder / "holdings" / f"{fund}_holdings_{day}.csv", _holdings(fund, day, members, at).encode())
    _keep(folder / "sec" / "company_tickers.json", _company_list(listed))
    for name, filings in filings_by_quarter(today).items():
        _keep(folder / "sec" / f"fsds_{name}.zip", statement_set(filings))
    _keep(folder / "membership" / "sp500_history.csv", _memberships(listed, today).encode())
    bars = _panel(listed, sessions, prices).filter(pl.col("date").is_in(_published(calendar, now).implode()))
    if not bars.is_empty():
        _keep(folder / "panel" / "bars.csv", bars.write_csv(float_precision=2).encode())
    marker.write_text(state)


def _published(calendar: pl.DataFrame, now: dt.datetime) -> pl.Series:
    """Return the sessions that the panel holds: those that closed an hour ago or longer, on the full hour."""
    return calendar.filter(pl.col("closes_at") <= now - _AFTER_CLOSE)["session"]


def _keep(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}")
    temporary.write_bytes(content)
    temporary.replace(path)


def _lines(company: Company) -> tuple[Company, ...]:
    return class_pair(company) if company.number == _SHARED_CLASS else (company,)


def _is_member(line: Company, of_large: bool, day: dt.date) -> bool:
    """One large company moves to the small ones in 2024, and one small one is delisted."""
    is_large = line.is_large and not (line.number == _LEAVES and day >= _LEAVES_ON)
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
        ("ZQZV", "FICTIONAL HEALTH CVR", "Equity", 34.0),
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


def _memberships(listed: list[Company], today: dt.date) -> str:
    rows = ["symbol,name,opt-in,opt-out"]
    for line in listed:
        if line.number < LARGE:
            end = str(_LEAVES_ON) if line.number == _LEAVES and today >= _LEAVES_ON else ""
            rows.append(f'{line.symbol},"{line.name}",2019-01-02,{end}')
    return "\n".join(rows) + "\n"


def _closes(line: Company, sessions: list[dt.date]) -> Floats:
    """Return the closes of a line at all sessions."""
    path = closes(line, len(sessions))
    if line.number == _JUMPS:
        path[sessions.index(_JUMPS_ON) :] *= 0.4
    return path


def _panel(listed: list[Company], sessions: list[dt.date], prices: dict[str, Floats]) -> pl.DataFrame:
    return pl.concat(_bars_of(line, sessions, prices[line.symbol]) for line in listed)


def _bars_of(line: Company, sessions: list[dt.date], close: Floats) -> pl.DataFrame:
    size = len(sessions)
    close = np.round(close, 2)
    before = np.concatenate([close[:1], close[:-1]])
    reach = 0.008 * np.abs(normals(f"company range {line.symbol}", size))
    open_ = np.round(before, 2)
    high = np.round(np.maximum(open_, close) * (1 + reach), 2)
    low = np.round(np.minimum(open_, close) * (1 - reach), 2)
    volume = np.round(line.shares / 200 * np.exp(0.3 * normals(f"company volume {line.symbol}", size)))
    if line.number == _FILLS:
        for column in (open_, high, low, close):
            column[100] = close[99]
        volume[100] = 0
    frame = pl.DataFrame(
        {"symbol": [line.symbol] * size, "date": sessions, "open": open_, "high": high, "low": low, "close": close,
         "volume": volume.astype(np.int64)}
    )  # fmt: skip
    return frame.filter(pl.col("date") < DELISTED_ON) if line.number == _DELISTED else frame
