"""Small documents of made-up companies, written for the main job beside ``write_bars``, and runs of it.

Prices per share are 12.50 throughout, so that market values are price times quantity.
"""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import dagster as dg

from pipelines.contracts import raw, serve
from pipelines.contracts.table import Table
from pipelines.definitions import definitions
from pipelines.defs import stock as defs_stock
from pipelines.defs.workspace import Workspace
from pipelines.projections.dagster import asset_key
from pipelines.sources.calendar import sessions_between
from tests.defs.test_main_job import FIRST, LAST, QUIET
from tests.sources.statement_files import num_text, sub_text, write_archive

THURSDAY = dt.datetime(2024, 3, 7, 22, tzinfo=dt.UTC)
"""When the first run is: half an hour after the session that followed the second holdings had settled."""
FEBRUARY, MARCH = dt.date(2024, 2, 29), dt.date(2024, 3, 6)
KNOWN_FEBRUARY = dt.datetime(2024, 3, 1, 21, 30, tzinfo=dt.UTC)
KNOWN_MARCH = dt.datetime(2024, 3, 7, 21, 30, tzinfo=dt.UTC)
SPX, RUT = "iShares Core S&P 500 ETF", "iShares Russell 2000 ETF"
INJECTION = "FICTIONAL '); DROP TABLE serve.membership; --"
SCRIPT = "FICTIONAL <script>alert(1)</script> ![x](https://example.test/x.png) | `CO`"
PATH = ("../../ZQE", "FICTIONAL OF\rTWO LINES", "Energy")
ALFA = ("ZQA", "FICTIONAL ALFA INC", "Information Technology")
BETA = ("ZQB", INJECTION, "Financials")
DELTA = ("ZQD", "FICTIONAL DELTA CORP", "Energy")
GAMMA_A, GAMMA_B = ((ticker, SCRIPT, "Communication") for ticker in ("ZQCA", "ZQCB"))
DOCUMENT_TABLES = (
    *(raw.Holding, raw.Listing, raw.Filing, raw.FilingFact, raw.MembershipSpell, raw.CompanyAttribute, raw.StockBar),
)
_HEADER = (
    "Ticker,Name,Sector,Asset Class,Market Value,Weight (%),Notional Value,Quantity,Price,Location,Exchange,Currency,"
    "FX Rate,Market Currency,Accrual Date"
)
_CASH = (
    '"USD","USD CASH","Cash and/or Derivatives","Cash","-500.00","0.00","0.00","1.00","1.00","-","-","USD","1.00",'
    '"USD","-"\n'
)
_UNREADABLE = '"ZQW","FICTIONAL WRONG","Energy","Equity","12O,000.00","1.00"' + ',"-"' * 9 + "\n"
_END = '\u00a0\n"SYNTHETIC, no real holdings."'


# Holdings


def holdings_text(
    day: dt.date, *lines: tuple[tuple[str, str, str], int], name: str | None = SPX, more: str = ""
) -> str:
    """Return a file of iShares with (ticker, name, sector), thousands of dollars, and some cash."""
    preamble = f'\ufeff{name}\nFund Holdings as of,"{day:%b %d, %Y}"\n\u00a0\n' if name else ""
    total = sum(thousands for _, thousands in lines)
    rows = [
        f'"{ticker}","{company}","{sector}","Equity","{thousands:,},000.00","{100 * thousands / total:.2f}","0.00",'
        f'"{thousands * 80}.00","12.50","United States","NASDAQ","USD","1.00","USD","-"\n'
        for (ticker, company, sector), thousands in lines
    ]
    return preamble + _HEADER + "\n" + "".join(rows) + more + _CASH + _END


def february(alfa: int = 60) -> str:
    """Return the holdings of February, a line that cannot be read among them."""
    return holdings_text(FEBRUARY, (ALFA, alfa), (BETA, 20), (GAMMA_A, 10), (GAMMA_B, 10), more=_UNREADABLE)


def march(alfa: int = 40) -> str:
    """Return the holdings of March: Beta has left and Delta joined."""
    return holdings_text(MARCH, (ALFA, alfa), (DELTA, 40), (GAMMA_A, 10), (GAMMA_B, 10))


def small_caps() -> str:
    """Return holdings without a preamble; the ticker of one company is a path, its name has a line break."""
    return holdings_text(FEBRUARY, (("ZQX", "FICTIONAL XI", "Energy"), 50), (PATH, 50), name=None)


# Filings, bars and lists


def write_statements(path: Path, *filings: tuple[int, str, dict[str, int]], more: tuple[str, ...] = ()) -> None:
    """Write a quarter of (company, day of filing, revenue by member of the axis; the total under no name)."""
    headers = [
        {
            "adsh": adsh(company, filed),
            "cik": str(9900000 + company),
            "filed": filed.replace("-", ""),
            "accepted": f"{filed} 16:05:00.0",
        }
        for company, filed, _ in filings
    ]
    numbers = [
        {
            "adsh": adsh(company, filed),
            "segments": f"Geographical={member};" if member else "",
            "value": f"{value}.0000",
        }
        for company, filed, revenue in filings
        for member, value in revenue.items()
    ]
    write_archive(path, {"sub.txt": sub_text(*headers, *more), "num.txt": num_text(*numbers)})


def adsh(company: int, filed: str) -> str:
    """Return the accession number of a filing."""
    return f"{9900000 + company:010d}-{filed[2:4]}-{filed[5:7]}{filed[8:]}01"


def write_panel(path: Path) -> None:
    """Write bars of stocks that rise or fall by a thousandth a session, a filler, a jump and a bar of a Saturday."""
    sessions = sessions_between(FIRST, LAST)["session"].to_list()
    lines = ["symbol,date,open,high,low,close,volume"]
    for symbol, direction in {"ZQA": 1, "ZQB": -1, "ZQC-A": 1, "ZQC-B": 1, "ZQD": -1, "ZQX": -1}.items():
        for place, day in enumerate(sessions):
            close = 50.0 * (1 + direction / 1000) ** place * (0.3 if symbol == "ZQX" and day >= FEBRUARY else 1.0)
            is_filler = symbol == "ZQX" and day == dt.date(2024, 2, 6)
            prices = ("7.00",) * 4 if is_filler else [f"{close + wick:.4f}" for wick in (0, 0.01, -0.01, 0)]
            lines.append(",".join([symbol, str(day), *prices, "0" if is_filler else "1000"]))
    lines.append("ZQA,2024-03-09,1,1,1,1,1")
    path.write_text("\n".join(lines) + "\n")


def _company_list() -> str:
    companies = ((1, "ZQA", ALFA), (2, "ZQB", BETA), (3, "ZQC-A", GAMMA_A), (3, "ZQC-B", GAMMA_B), (4, "ZQD", DELTA))
    entries: list[dict[str, Any]] = [
        {"cik_str": 9900000 + number, "ticker": symbol, "title": company[1]} for number, symbol, company in companies
    ]
    return json.dumps(dict(enumerate([*entries, {"ticker": "ZQW"}])))


def write_documents(folder: Path) -> None:
    """Write a document of each kind or more; each but the small caps' holdings has a row that cannot be taken."""
    spells = ("ZQA,Alfa,2023-01-03,", "ZQB,Beta,2023-01-03,2024-03-04", "ZQC.A,Gamma,2023-01-03,",
              "ZQW,Wrong,2023-13-03,", "ZQC.B,Gamma,2023-01-03,", "ZQD,Delta,2024-03-04,")  # fmt: skip
    attributes = ("Symbol,Shortname,Longname,Sector,Industry,Country,Marketcap",
                  "ZQA,Alfa,FICTIONAL ALFA INC,Technology,Software,Fictia,9000", "ZQA,Alfa,,,,,")  # fmt: skip
    texts = {
        "holdings/IVV_holdings_2024-02-29.csv": february(),
        "holdings/IVV_holdings_2024-03-06.csv": march(),
        "holdings/IWM_holdings_2024-02-29.csv": small_caps(),
        "holdings/class_ticker_map.csv": "ticker,symbol\n",
        "sec/company_tickers.json": _company_list(),
        "membership/sp500_history.csv": "\n".join(["symbol,name,opt-in,opt-out", *spells, ""]),
        "yahoo/companies_2024-03-01.csv": "\n".join([*attributes, ""]),
    }
    for kind in ("holdings", "sec", "membership", "panel", "yahoo"):
        (folder / kind).mkdir()
    for name, text in texts.items():
        (folder / name).write_bytes(text.encode())
    write_panel(folder / "panel" / "bars.csv")
    write_statements(
        folder / "sec" / "fsds_2024q1.zip",
        (1, "2024-02-01", {"": 1000, "US": 600, "NonUs": 400}),
        (2, "2024-02-15", {"": 500, "US": 100, "Europe": 400}),
        (3, "2024-03-05", {"": 2000, "US": 500, "NonUs": 1500}),
        more=("0009900009-24-000001\t9900009",),
    )


# Runs


def run_from(place: Workspace, *tables: type[Table], serves: bool = True) -> dg.ExecuteInProcessResult:
    """Run the part of the main job that these raw tables begin, with the warehouse behind it unless told otherwise."""
    wanted = [*tables, *(defs_stock.TABLES if raw.StockBar in tables else ())]  # one step makes all three
    begin, served = (dg.AssetSelection.assets(*(asset_key(table) for table in some)) for some in (wanted, serve.TABLES))
    with dg.DagsterInstance.ephemeral() as instance:
        return dg.materialize(
            definitions().assets or [],
            selection=begin.downstream() | served if serves else begin,
            resources={"workspace": place},
            instance=instance,
            run_config=QUIET,
            raise_on_error=False,
        )


def metadata(result: dg.ExecuteInProcessResult, name: str) -> dict[str, Any]:
    """Return what a run told of a table, as ``layer.table``."""
    key = dg.AssetKey(name.split("."))
    (event,) = (event for event in result.get_asset_materialization_events() if event.asset_key == key)
    return {label: value.value for label, value in event.materialization.metadata.items()}
