"""Holdings files written by hand, in the layouts of the vendors. Every company and every number in them is made up."""

from __future__ import annotations

import datetime as dt
import io

import openpyxl
import polars as pl

from pipelines.seeds import funds
from pipelines.sources.holdings import HoldingsFile, read_holdings

FUNDS = funds()
FRIDAY = dt.date(2024, 12, 6)
NBSP = "\u00a0"
PREAMBLE = (
    "iShares Russell 2000 ETF",
    'Fund Holdings as of,"Dec 06, 2024"',
    'Inception Date,"May 22, 2000"',
    'Shares Outstanding,"957,950,000.00"',
    'Stock,"-"',
    'Bond,"-"',
    'Cash,"-"',
    'Other,"-"',
    NBSP,
)
HEADER = (
    "Ticker,Name,Sector,Asset Class,Market Value,Weight (%),Notional Value,Quantity,Price,Location,Exchange,Currency,"
    "FX Rate,Market Currency,Accrual Date"
)
ALFA = (
    '"ZQA","FICTIONAL ALFA INC","Information Technology","Equity","1,234,500.00","61.73","1,234,500.00","10,000.00",'
    '"123.45","United States","NASDAQ","USD","1.00","USD","-"'
)
BETA = (
    '"TRUE","FICTIONAL BETA CO","Communication","Equity","800,000.00","40.00","800,000.00","16,000.00","50.00",'
    '"United States","New York Stock Exchange Inc.","USD","1.00","USD","-"'
)
CASH = (
    '"USD","USD CASH","Cash and/or Derivatives","Cash","-34,500.00","-1.73","-34,500.00","-34,500.00","100.00",'
    '"United States","-","USD","1.00","USD","-"'
)
FUTURE = (
    '"ZQZ4","FICTIONAL FUTURE DEC 24","Cash and/or Derivatives","Futures","0.00","0.00","250,000.00","10.00",'
    '"2,500.00","-","Index And Options Market","USD","1.00","USD","-"'
)
BODY = (ALFA, BETA, CASH, FUTURE)
FOOTER = (NBSP, '"SYNTHETIC, no real holdings.\nA text, of two lines."')
COLUMNS = (
    "line",
    "ticker",
    "holding_name",
    "printed_sector",
    "printed_asset_class",
    "market_value",
    "printed_weight_pct",
    "quantity",
    "holding_price",
    "location",
    "exchange",
    "holding_currency",
)
ROWS = [
    (11, "ZQA", "FICTIONAL ALFA INC", "Information Technology", "Equity", 1234500.0, 61.73, 10000.0, 123.45,
     "United States", "NASDAQ", "USD"),
    (12, "TRUE", "FICTIONAL BETA CO", "Communication", "Equity", 800000.0, 40.0, 16000.0, 50.0, "United States",
     "New York Stock Exchange Inc.", "USD"),
    (13, "USD", "USD CASH", "Cash and/or Derivatives", "Cash", -34500.0, -1.73, -34500.0, 100.0, "United States", None,
     "USD"),
    (14, "ZQZ4", "FICTIONAL FUTURE DEC 24", "Cash and/or Derivatives", "Futures", 0.0, 0.0, 10.0, 2500.0, None,
     "Index And Options Market", "USD"),
]  # fmt: skip
"""What the file of ``ishares()`` states, by ``COLUMNS``."""

INVESCO_HEADER = (
    "Fund Ticker ,Security Identifier ,Holding Ticker ,Shares/Par Value ,MarketValue ,Weight ,Name ,Class of Shares ,"
    "Sector ,Date "
)
INVESCO_BODY = (
    'QQQ,00000ZQ01,ZQA     ,"1,000","600,000.00",60.000,"Fictional Alfa, Inc",Common Stock,Information Technology,'
    "12/06/2024",
    "QQQ,00000ZQ02,NA      ,2000,350000.00,35.000,Fictional Beta Co,Common Stock,Health Care,12/06/2024",
    "QQQ,CASHUSD00,,-,50000.00,5.000,Cash/Receivables/Payables,Currency,,12/06/2024",
)


def ishares(
    body: tuple[str, ...] = BODY,
    header: str = HEADER,
    preamble: tuple[str, ...] = PREAMBLE,
    footer: tuple[str, ...] = FOOTER,
) -> str:
    """Return a file of iShares; like real ones it does not end in a line break."""
    return "\ufeff" + "\n".join((*preamble, header, *body, *footer))


def read(text: str | bytes, file_name: str = "holdings.csv") -> HoldingsFile:
    content = text.encode() if isinstance(text, str) else text
    return read_holdings(content, file_name, FUNDS)


def values(rows: pl.DataFrame, columns: tuple[str, ...] = COLUMNS) -> list[tuple]:
    return rows.select(columns).rows()


def invesco(body: tuple[str, ...] = INVESCO_BODY, header: str = INVESCO_HEADER, end: str = "\r\n") -> str:
    return "\r\n".join((header, *body)) + end


SSGA_ROWS: tuple[tuple, ...] = (
    ("Fund Name:", "SPDR® S&P 500® ETF Trust"),
    ("Ticker Symbol:", "SPY"),
    ("Holdings:", "As of 06-Dec-2024"),
    (),
    ("Name", "Ticker", "Identifier", "SEDOL", "Weight", "Sector", "Shares Held", "Local Currency"),
    ("FICTIONAL ALFA INC", "ZQA", "00000ZQ01", "B000001", 60.123456, "-", 90771106.0, "USD"),
    ("FICTIONAL BETA CO CL B", "ZQB.B", "00000ZQ02", "B000002", 39.876543, "-", 1500, "USD"),
    ("US DOLLAR", "-", "999USDZ92", "-", 0.000001, "-", 1224888594.27, "USD"),
    (),
    ("A text for people, which is made up.",),
)


def ssga(rows: tuple[tuple, ...] = SSGA_ROWS, sheet: str = "holdings", padding: int = 5) -> bytes:
    """Return a workbook of SSGA; as in real ones, blank rows of more columns pad its end."""
    book = openpyxl.Workbook()
    book.active.title = sheet
    for row in (*rows, *[("",) * 12] * padding):
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
