"""The SEC's documents of the market's companies: the list of symbols, and quarterly statement sets.

Belongs here: which company files what when. Not here: what a report states of revenue, and the archive, which are the
sample's (``pipelines.sources.sample_company`` and ``sample_filing``).
"""

from __future__ import annotations

import datetime as dt
import json

from pipelines.sources.sample_company import Company, revenue_lines
from pipelines.sources.sample_filing import Filing, statement_set
from tests.vendor.listing import Listing
from tests.vendor.market import Market

_WAYS = ("countries", "remainder", "silent", "bucket", "segments", "foreign", "silent", "total_and_parts")
_FIRST_CIK = 9_800_001
_YEAR_ENDS = ((12, 31), (3, 31), (6, 30), (9, 30))
"""Ends of fiscal years; each company has one of them, and files its report two months later."""


def company_list(market: Market, at: int) -> bytes:
    """Return the list of companies with the symbols that trade in the session at a position."""
    lines = [market.listings[symbol] for symbol in market.symbols]
    listed = [line for line in lines if line.begin <= at < line.end]
    rows = {
        str(place): {"cik_str": _FIRST_CIK + line.number, "ticker": line.symbol, "title": line.name}
        for place, line in enumerate(listed)
    }
    return json.dumps(rows).encode()


def statements(market: Market, name: str) -> bytes:
    """Return the statement set of a quarter such as 2024q3: the annual reports that were filed in it."""
    year, quarter = map(int, name.split("q"))
    month, day = _YEAR_ENDS[quarter - 1]
    ends = dt.date(year - (quarter == 1), month, day)
    filed = dt.date(year, 3 * quarter - 1, 5)
    lines = [market.listings[symbol] for symbol in market.symbols]
    filers = [line for line in lines if line.number % len(_YEAR_ENDS) == quarter - 1]
    trading = [line for line in filers if market.sessions[line.end - 1] > filed >= market.sessions[line.begin]]
    return statement_set([_filing(line, ends, filed + dt.timedelta(days=line.number % 40)) for line in trading])


def _filing(line: Listing, ends: dt.date, filed: dt.date) -> Filing:
    cik = _FIRST_CIK + line.number
    # A revenue and a home that spread over companies; nothing depends on their values.
    revenue = 1e7 * (1 + line.number * 7919 % 5000)
    home = 0.2 + 0.75 * (line.number * 104_729 % 1000) / 1000
    way = _WAYS[line.number // len(_YEAR_ENDS) % len(_WAYS)]
    company = Company(line.number, line.name, line.symbol, line.printed_ticker, line.sector, True, cik, home, revenue,
                      0.0, way)  # fmt: skip
    header = {
        "adsh": f"{cik:010d}-{filed:%y}-000001",
        "cik": str(cik),
        "name": line.name,
        "sic": "9999",
        "countryba": "US",
        "countryinc": "US",
        "fye": f"{ends:%m%d}",
        "form": "10-K",
        "period": f"{ends:%Y%m%d}",
        "fy": str(ends.year),
        "fp": "FY",
        "filed": f"{filed:%Y%m%d}",
        "accepted": f"{filed} 16:05:00.0",
        "prevrpt": "0",
        "detail": "1",
        "nciks": "1",
    }
    return header, revenue_lines(company, ends.year)
