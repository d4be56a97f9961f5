"""Small frames of holdings, lists, members and revenues that tests hand to transforms; all companies are made up.

Nothing here computes what a test asserts.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from pipelines.contracts import core, raw
from pipelines.contracts.table import Table

DAY = dt.date(2024, 6, 28)
KNOWN = dt.datetime(2024, 7, 1, 20, 30, tzinfo=dt.UTC)
_READ = {"source": "test", "payload_hash": "made up", "fetched_at": KNOWN, "known_basis": "observed"}


def frame(table: type[Table], rows: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    """Return rows as a frame of the contract; what a row leaves out is null."""
    schema = {name: column.dtype for name, column in table.columns().items()}
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema=schema)


def holdings(*lines: Mapping[str, Any], fund_id: str = "F", as_of: dt.date = DAY) -> pl.DataFrame:
    """Return ``raw.Holding`` lines of one file, numbered from 11; each is common stock unless it says otherwise."""
    usual = {
        "fund_id": fund_id,
        "as_of": as_of,
        "known_from": KNOWN,
        "as_of_basis": "file",
        "holding_name": "FICTION INC",
        "printed_sector": "Financials",
        "printed_asset_class": "Equity",
        "market_value": 100.0,
        "printed_weight_pct": 1.0,
        "holding_price": 10.0,
        "exchange": "NASDAQ",
        "locator": "holdings/made_up.csv",
        **_READ,
    }
    return raw.Holding.validate(
        frame(raw.Holding, [{**usual, "line": 11 + place, **line} for place, line in enumerate(lines)])
    )


def listings(
    companies: Mapping[str, int], known_from: dt.datetime = KNOWN, name: str = "Fiction {} (made up)"
) -> pl.DataFrame:
    """Return a ``raw.Listing`` frame of symbols and their companies."""
    rows = [
        {"cik": cik, "symbol": symbol, "known_from": known_from, "company_name": name.format(cik), **_READ}
        for symbol, cik in companies.items()
    ]
    return raw.Listing.validate(frame(raw.Listing, rows))


def funds(*facts: tuple[str, str, str, int]) -> pl.DataFrame:
    """Return a ``core.Fund`` frame of (fund_id, index_id, weighting, priority); without any, F speaks for X."""
    names = ("fund_id", "index_id", "fund_weighting", "fund_priority")
    rows = [
        {
            **dict(zip(names, fact, strict=True)),
            "fund_name": f"Fiction {fact[0]}",
            "fund_provider": "ishares",
            "source": "test",
            "as_of": DAY,
        }
        for fact in facts or [("F", "X", "market_value", 1)]
    ]
    return core.Fund.validate(frame(core.Fund, rows))


def class_tickers(symbols: Mapping[str, str] | None = None) -> pl.DataFrame:
    """Return a ``core.ClassTicker`` frame of tickers and their symbols."""
    rows = [
        {"ticker": ticker, "symbol": symbol, "source": "test", "as_of": DAY}
        for ticker, symbol in (symbols or {}).items()
    ]
    return core.ClassTicker.validate(frame(core.ClassTicker, rows))


def members(*rows: Mapping[str, Any], index_id: str = "X", as_of: dt.date = DAY) -> pl.DataFrame:
    """Return ``core.Membership`` rows of one index and date; a row has a symbol, a weight and whatever differs."""
    made = []
    for row in rows:
        cik = row.get("cik")
        made.append(
            {
                "index_id": index_id,
                "as_of": as_of,
                "company_id": f"{cik:010d}" if cik else f"symbol:{row['symbol']}",
                "cik_match": "exact" if cik else "unresolved",
                "company_name": f"Fiction {row['symbol']} (made up)",
                "ticker": row["symbol"],
                "sector": "Financials",
                "weight_source": "market_value",
                "membership_quality": "pit_official",
                "fund_id": "F",
                "known_from": KNOWN,
                "first_known_from": KNOWN,
                **row,
            }
        )
    return core.Membership.validate(frame(core.Membership, made))


def geographies(*rows: Mapping[str, Any]) -> pl.DataFrame:
    """Return ``core.CompanyRevenueGeography`` rows; a row has a cik, a known_from and whatever differs."""
    usual = {
        "adsh": "0000000000-24-000001",
        "filer_name": "Fiction (made up)",
        "form": "10-K",
        "filed": dt.date(2024, 2, 1),
        "period_end": dt.date(2023, 12, 31),
        "tag": "Revenues",
        "unit_of_measure": "USD",
        "method": "explicit_us",
    }
    return core.CompanyRevenueGeography.validate(
        frame(core.CompanyRevenueGeography, [{**usual, **row} for row in rows])
    )


def reported(
    share: float, low: float | None = None, high: float | None = None, total: float = 1000.0
) -> dict[str, Any]:
    """Return the figures of a report that gives a share, and bounds where it is no exact one."""
    return {
        "total_revenue": total,
        "domestic_revenue": share * total,
        "domestic_share": share,
        "domestic_share_low": share if low is None else low,
        "domestic_share_high": share if high is None else high,
        "imputed_share": share,
    }


def revenues(*rows: Mapping[str, Any], as_of: dt.date = DAY) -> pl.DataFrame:
    """Return ``core.CompanyRevenue`` rows of one date; without figures a company has no filing."""
    made = []
    for row in rows:
        has_share = row.get("domestic_share") is not None
        made.append(
            {
                "as_of": as_of,
                "symbol": row["company_id"],
                "company_name": "Fiction (made up)",
                "unit_of_measure": "USD" if row.get("total_revenue") else None,
                "method": "explicit_us" if has_share else "not_reported",
                "null_reason": None if has_share else "no_filing",
                **row,
            }
        )
    return core.CompanyRevenue.validate(frame(core.CompanyRevenue, made))
