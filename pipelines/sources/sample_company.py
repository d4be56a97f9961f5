"""Made-up companies of the sample: names, sectors, prices and what their made-up annual reports state of revenue.

None of it is real: each name begins with FICTIONAL and each ticker with ZQ. The mix of ways to report follows what
filings are like, traps included. Every run on every machine gives the same companies.

Belongs here: the companies. Not here: the files that they appear in (see ``sample_document``).
"""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

import numpy as np

from pipelines.contracts.vocabulary import SECTORS
from pipelines.sources.sample import Floats, normals

LARGE, SMALL = 120, 180
_SECTOR_COUNTS = {
    # Sector: of the large companies, of the small ones.
    "Information Technology": (30, 22),
    "Financials": (16, 32),
    "Health Care": (14, 32),
    "Consumer Discretionary": (12, 18),
    "Communication Services": (9, 6),
    "Industrials": (14, 30),
    "Consumer Staples": (8, 6),
    "Energy": (5, 9),
    "Utilities": (5, 5),
    "Real Estate": (4, 12),
    "Materials": (3, 8),
}
_HOME = {
    # Sector: domestic share of revenue around which companies lie.
    "Information Technology": 0.45,
    "Financials": 0.82,
    "Health Care": 0.66,
    "Consumer Discretionary": 0.68,
    "Communication Services": 0.62,
    "Industrials": 0.67,
    "Consumer Staples": 0.60,
    "Energy": 0.58,
    "Utilities": 0.98,
    "Real Estate": 0.88,
    "Materials": 0.52,
}
_SYLLABLES = ("BRIM", "CALD", "DRAV", "ELST", "FENN", "GORM", "HALV", "IXEN", "JORR", "KELM", "LUND", "MERR", "NOVA")
_ENDINGS = ("ARA", "ENT", "ICO", "ORE", "UNA", "YS")
_LARGE_WAYS = ("countries", "remainder", "total_and_parts", "nested", "bucket", "segments", "foreign", "countries")
_SMALL_WAYS = ("silent", "countries", "silent", "bucket", "silent", "remainder", "no_revenue", "silent", "silent")
DELISTED_ON = dt.date(2024, 6, 28)
_VOLATILITY = 0.018


class Company(NamedTuple):
    """A made-up company. ``way`` is how it reports its revenue by geography."""

    number: int
    name: str
    symbol: str
    printed_ticker: str
    sector: str
    is_large: bool
    cik: int
    home: float
    revenue: float
    shares: float
    way: str


def companies() -> list[Company]:
    """Return the companies, the large ones first."""
    sectors = [
        (sector, is_large)
        for is_large, place in ((True, 0), (False, 1))
        for sector in SECTORS
        for _ in range(_SECTOR_COUNTS[sector][place])
    ]
    draws = normals("companies", 3 * len(sectors)).reshape(3, -1)
    return [_company(number, sector, is_large, draws[:, number]) for number, (sector, is_large) in enumerate(sectors)]


def _company(number: int, sector: str, is_large: bool, draws: Floats) -> Company:
    letters = chr(65 + number // 26 % 26) + chr(65 + number % 26)
    symbol = f"ZQ{letters}"
    name = f"{_SYLLABLES[number % len(_SYLLABLES)]}{_ENDINGS[number // len(_SYLLABLES) % len(_ENDINGS)]}"
    ways = _LARGE_WAYS if is_large else _SMALL_WAYS
    way = {3: "amendment", 40: "stale", 41: "euro", 160: "no_filing", 161: "no_filing", 200: "conflict"}.get(
        number, ways[number % len(ways)]
    )
    revenue = round(float(np.exp((23.5 if is_large else 20.2) + 0.9 * draws[0])), -6)
    home = float(np.clip(_HOME[sector] + (0.0 if is_large else 0.12) + 0.15 * draws[1], 0.02, 0.99))
    shares = round(float(revenue * np.exp(0.4 * draws[2]) / 60.0), -3)
    full = f"FICTIONAL {name} {number:03d} {sector.split()[0].upper()} INC"
    return Company(number, full, symbol, symbol, sector, is_large, 9_900_001 + number, home, revenue, shares, way)


def class_pair(company: Company) -> tuple[Company, Company]:
    """Return the two listed share classes of a company: its own and one whose ticker is printed without the dash."""
    half = company._replace(shares=round(company.shares / 2, -3))
    other = half._replace(symbol=f"{company.symbol}-B", printed_ticker=f"{company.symbol}B")
    return half, other


def closes(company: Company, size: int) -> Floats:
    """Return made-up closes, adjusted for splits as a vendor's are; the first lies near 60 dollars."""
    market = normals("company market", size)
    own = normals(f"company {company.symbol}", size)
    drift = 0.0004 if company.is_large else 0.0002
    moves = drift + _VOLATILITY * (0.45 * market + 0.85 * own)
    return 60.0 * np.exp(np.cumsum(moves))


def revenue_lines(company: Company, year: int) -> list[tuple[str, str, float]]:
    """Return (tag, segments, value) of the revenue that the report of a fiscal year states; empty for none."""
    tag = "RevenueFromContractWithCustomerExcludingAssessedTax"
    total = round(company.revenue * 1.06 ** (year - 2023), -6)
    home, away = (round(total * part, -6) for part in (company.home, 1 - company.home))
    home = total - away
    half = round(away / 2, -6)
    regions = {
        "countries": {"US": home, "CN": half, "OtherCountries": away - half},
        "remainder": {"US": home, "DE": half, "NonUs": away - half},
        "total_and_parts": {"US": home, "NonUs": away, "Europe": half, "RestOfWorld": away - half},
        "nested": {"UnitedStatesAndCanada": home + half, "US": home, "EMEA": away - half},
        "bucket": {"Americas": home, "EMEA": half, "AsiaPacific": away - half},
        "foreign": {"NonUs": away},
        "euro": {"US": home, "Europe": away},
        "stale": {"US": home, "NonUs": away},
        "conflict": {"US": home, "NonUs": away},
        "amendment": {"US": home, "NonUs": away},
    }
    if company.way in ("no_filing", "no_revenue"):
        return []
    lines = [(tag, "", total)]
    if company.way == "segments":
        parts = {"AmericasSegment": home, "EuropeSegment": half, "AsiaPacificSegment": away - half}
        lines += [(tag, f"BusinessSegments={name};", value) for name, value in parts.items()]
    lines += [(tag, f"Geographical={name};", value) for name, value in regions.get(company.way, {}).items()]
    if company.way == "conflict":
        lines.append((tag, "Geographical=US;", round(home * 1.2, -6)))
    return lines
