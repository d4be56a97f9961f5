"""The sample's made-up documents as their readers and the transforms of core see them, for tests."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import NamedTuple

import polars as pl

from pipelines import seeds
from pipelines.contracts import core, raw
from pipelines.parameters import Parameters
from pipelines.sources.calendar import sessions_between
from pipelines.sources.company_list import read_company_list
from pipelines.sources.document import documents
from pipelines.sources.financial_statements import read_financial_statements
from pipelines.sources.holdings import read_holdings
from pipelines.sources.membership import read_membership
from pipelines.sources.panel import read_panel
from pipelines.sources.sample_document import write_sample_documents
from pipelines.transforms.company_revenue import company_revenues
from pipelines.transforms.document import Origin, as_rows, known_after
from pipelines.transforms.membership import excluded_holdings, memberships
from pipelines.transforms.revenue_exposure import revenue_exposures
from pipelines.transforms.revenue_geography import company_revenue_geographies
from pipelines.transforms.stock_bar import screen_stock_bars

LATER = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)
DATES = tuple(dt.date.fromisoformat(day) for day in
              ("2023-12-29", "2024-03-28", "2024-06-28", "2024-09-30", "2024-11-29"))  # fmt: skip
_FUNDS = seeds.funds()
_PARAMETERS = Parameters()


class Sample(NamedTuple):
    """What the readers make of the sample's documents, and what core makes of that."""

    folder: Path
    refused: int
    holdings: pl.DataFrame
    filings: pl.DataFrame
    facts: pl.DataFrame
    listings: pl.DataFrame
    spells: pl.DataFrame
    bars: pl.DataFrame
    rejected: pl.DataFrame
    members: pl.DataFrame
    excluded: pl.DataFrame
    geographies: pl.DataFrame
    revenues: pl.DataFrame
    exposures: pl.DataFrame


def read_sample(folder: Path) -> Sample:
    """Write the sample's documents into a folder, read them with the readers of real files, and derive core."""
    write_sample_documents(folder, LATER)
    refused, held, filed, facts = 0, [], [], []
    for document in documents(folder, "holdings"):
        file = read_holdings(document.path.read_bytes(), document.path.name, _FUNDS)
        refused += file.refused.height
        calendar = sessions_between(file.as_of, file.as_of + dt.timedelta(days=14))
        when = known_after(file.as_of, calendar, LATER, is_first=True, parameters=_PARAMETERS)
        stated = {"fund_id": file.fund_id, "as_of": file.as_of, "as_of_basis": file.as_of_basis}
        rows = file.rows.with_columns(**{name: pl.lit(value) for name, value in stated.items()})
        held.append(as_rows(raw.Holding, rows, Origin("sample", document.locator, "hash", LATER), when))
    origin = Origin("sample", "test", "hash", LATER)
    for document in (found for found in documents(folder, "sec") if found.path.suffix == ".zip"):
        quarter = read_financial_statements(document.path)
        refused += quarter.refused.height
        filed.append(as_rows(raw.Filing, quarter.filings, origin))
        facts.append(as_rows(raw.FilingFact, quarter.facts, origin))
    listed = read_company_list((folder / "sec" / "company_tickers.json").read_bytes(), "company_tickers.json")
    spells = read_membership((folder / "membership" / "sp500_history.csv").read_bytes(), "sp500_history.csv")
    received = read_panel(folder / "panel" / "bars.csv")
    bars, rejected = screen_stock_bars(
        received, sessions_between(dt.date(2022, 1, 3), LATER.date()), LATER, _PARAMETERS
    )
    holdings, filings = raw.Holding.validate(pl.concat(held)), raw.Filing.validate(pl.concat(filed))
    listings = raw.Listing.validate(as_rows(raw.Listing, listed.listings, origin))
    of_files = (holdings, listings, _FUNDS, seeds.class_tickers())
    members = core.Membership.validate(memberships(*of_files))
    all_facts = raw.FilingFact.validate(pl.concat(facts))
    geographies = company_revenue_geographies(filings, all_facts, seeds.region_shares(), _PARAMETERS)
    revenues = core.CompanyRevenue.validate(company_revenues(members, geographies, _PARAMETERS))
    return Sample(
        folder, refused + listed.refused.height + spells.refused.height, holdings, filings, all_facts, listings,
        spells.spells, bars, rejected, members, excluded_holdings(*of_files), geographies,
        revenues, core.RevenueExposure.validate(revenue_exposures(members, revenues, _PARAMETERS)),
    )  # fmt: skip
