"""Holdings of funds whose members are the market's stocks, in the layouts of iShares, SSGA and Invesco.

Belongs here: who is a member, what a fund holds and how it prints it. Not here: when (``document_shelf``).

The first sixth of the stocks are large: IVV and SPY hold these, DIA the first thirty of them and QQQ the first hundred.
IWM holds all others, IWV every one. Members are those that trade on the date; weights follow shares times close.
"""

from __future__ import annotations

import csv
import io
from typing import NamedTuple

from pipelines.seeds import funds
from tests.sources.holdings_files import NBSP, invesco, ishares, ssga
from tests.vendor.listing import Listing
from tests.vendor.market import Market

_SHARE_HELD = 0.01
_LARGE = 6
_TAKES = {"IVV": (0, None), "SPY": (0, None), "DIA": (0, 30), "QQQ": (0, 100)}
_PLACE = ("United States", "NASDAQ", "USD", "1.00", "USD", "-")
_FOOTER = (NBSP, '"SYNTHETIC, not market data.\nEvery company in this file is made up, and so is every number."')


class Held(NamedTuple):
    """A line of a fund: close as traded, shares held, value in dollars, part of the whole."""

    line: Listing
    close: float
    shares: float
    value: float
    weight: float


def members(market: Market, fund: str, at: int) -> list[Listing]:
    """Return the stocks that an index fund holds in the session at a position."""
    stocks = [market.listings[symbol] for symbol in market.symbols]
    large = max(len(stocks) // _LARGE, 1)
    if fund in _TAKES:
        begin, count = _TAKES[fund]
        stocks = stocks[begin:large][:count]
    elif fund == "IWM":
        stocks = stocks[large:]
    return [line for line in stocks if line.begin <= at < line.end]


def held(market: Market, fund: str, at: int) -> list[Held]:
    """Return what a fund holds, the largest first."""
    lines = members(market, fund, at)
    closes = [market.close(line, at) for line in lines]
    shares = [round(_SHARE_HELD * market.shares(line, at)) for line in lines]
    if fund == "DIA":
        shares = [100_000] * len(lines)
    values = [round(close * count, 2) for close, count in zip(closes, shares, strict=True)]
    total = sum(values)
    found = [
        Held(line, close, count, value, value / total)
        for line, close, count, value in zip(lines, closes, shares, values, strict=True)
    ]
    return sorted(found, key=lambda one: (-one.value, one.line.symbol))


def holdings(market: Market, fund: str, at: int) -> bytes:
    """Return a fund's file as of the session at a position."""
    name, provider = funds().filter(fund_id=fund).select("fund_name", "fund_provider").row(0)
    rows = held(market, fund, at)
    write = {"ishares": _ishares, "ssga": _ssga, "invesco": _invesco}[provider]
    return write(market, fund, name, rows, at)


def _ishares(market: Market, fund: str, name: str, rows: list[Held], at: int) -> bytes:
    preamble = (
        name, f'Fund Holdings as of,"{market.sessions[at]:%b %d, %Y}"', 'Inception Date,"May 15, 2000"',
        'Shares Outstanding,"1,000,000.00"', 'Stock,"-"', 'Bond,"-"', 'Cash,"-"', 'Other,"-"', NBSP,
    )  # fmt: skip
    out = io.StringIO()
    write = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerow
    for one in rows:
        sector = "Communication" if one.line.sector == "Communication Services" else one.line.sector
        value = f"{one.value:,.2f}"
        write([one.line.printed_ticker, one.line.name, sector, "Equity", value, f"{100 * one.weight:.2f}", value,
               f"{one.shares:,.2f}", f"{one.close:,.2f}", *_PLACE])  # fmt: skip
    cash = f"{sum(one.value for one in rows) / 1000:,.2f}"
    write(["USD", "USD CASH", "Cash and/or Derivatives", "Cash", cash, "0.10", cash, cash, "100.00", "United States",
           "-", "USD", "1.00", "USD", "-"])  # fmt: skip
    return ishares(tuple(out.getvalue().splitlines()), preamble=preamble, footer=_FOOTER).encode()


def _ssga(market: Market, fund: str, name: str, rows: list[Held], at: int) -> bytes:
    head: list[tuple[object, ...]] = [
        ("Fund Name:", name),
        ("Ticker Symbol:", fund),
        ("Holdings:", f"As of {market.sessions[at]:%d-%b-%Y}"),
        (),
        ("Name", "Ticker", "Identifier", "SEDOL", "Weight", "Sector", "Shares Held", "Local Currency"),
    ]
    body = [
        (one.line.name, one.line.symbol.replace("-", "."), f"{one.line.number:05d}ZQ01", f"B{one.line.number:06d}",
         round(100 * one.weight, 6), "-", one.shares, "USD")
        for one in rows
    ]  # fmt: skip
    cash = [("US DOLLAR", "-", "999USDZ92", "-", 0.000001, "-", 1224888.27, "USD"), (), ("Made up.",)]
    return ssga((*head, *body, *cash))


def _invesco(market: Market, fund: str, name: str, rows: list[Held], at: int) -> bytes:
    day = f"{market.sessions[at]:%m/%d/%Y}"
    out = io.StringIO()
    write = csv.writer(out, lineterminator="\n").writerow
    for one in rows:
        ticker = f"{one.line.symbol.replace('-', '/'):<8}"
        write([fund, f"{one.line.number:05d}ZQ01", ticker, f"{one.shares:,}", f"{one.value:,.2f}",
               f"{100 * one.weight:.3f}", one.line.name, "Common Stock", one.line.sector, day])  # fmt: skip
    return invesco(tuple(out.getvalue().splitlines())).encode()
