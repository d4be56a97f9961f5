"""Made-up annual reports for tests of revenue shares; nothing here computes what a test asserts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import polars as pl

from pipelines import seeds
from pipelines.contracts import core, raw
from pipelines.parameters import Parameters
from pipelines.transforms.revenue_geography import company_revenue_geographies

END = dt.date(2023, 12, 31)
FILED = dt.date(2024, 2, 20)
CONTRACT = "RevenueFromContractWithCustomerExcludingAssessedTax"
REGIONS = seeds.region_shares()
Values = Mapping[str, float | None]


def filing(adsh: str = "A", *, filed: dt.date = FILED, known: dt.datetime | None = None, **columns: object) -> dict:
    """Return one row of ``raw.Filing``: a 10-K of company 1 for 2023, known at the end of the day of its filing."""
    return {
        "adsh": adsh,
        "cik": 1,
        "filer_name": "Made-up Example Corp",
        "country_business": "US",
        "country_incorporated": "US",
        "form": "10-K",
        "period_end": END,
        "filed": filed,
        "filers": 1,
        "known_from": known or dt.datetime.combine(filed, dt.time(22), dt.UTC),
        "known_basis": "assumed",
        "source": "test",
        "locator": "test",
        "payload_hash": "test",
        "fetched_at": dt.datetime(2024, 12, 2, tzinfo=dt.UTC),
        **columns,
    }


def filings(*rows: dict) -> pl.DataFrame:
    """Return rows as ``raw.Filing``."""
    return raw.Filing.validate(pl.DataFrame(list(rows), schema=raw.Filing.create_empty().schema))


def facts(values: Values, adsh: str = "A", tag: str = CONTRACT, **columns: object) -> pl.DataFrame:
    """Return ``raw.FilingFact`` of one tag and year: values by their axes and members, ``""`` for the total."""
    rows = [
        {
            "adsh": adsh,
            "tag": tag,
            "taxonomy": "us-gaap/2023",
            "fact_date": END,
            "quarters": 4,
            "unit_of_measure": "USD",
            "segments": segments,
            "coregistrant": "",
            "occurrence": 1,
            "fact_value": None if value is None else float(value),
            "locator": "test",
            "payload_hash": "test",
            **columns,
        }
        for segments, value in values.items()
    ]
    return raw.FilingFact.validate(pl.DataFrame(rows, schema=raw.FilingFact.create_empty().schema))


def places(total: float | None, axis: str = "Geographical", others: str = "", **members: float) -> Values:
    """Return values by member of one axis, crossed with ``others``, and their total."""
    split = {f"{axis}={member};{others}": value for member, value in members.items()}
    return split if total is None else {"": total, **split}


def geographies(reports: pl.DataFrame, *revenues: pl.DataFrame, parameters: Parameters | None = None) -> pl.DataFrame:
    """Return the validated table of the reports."""
    stated = pl.concat([raw.FilingFact.create_empty(), *revenues])
    found = company_revenue_geographies(reports, stated, REGIONS, parameters or Parameters())
    return core.CompanyRevenueGeography.validate(found)


def answer(*revenues: pl.DataFrame, parameters: Parameters | None = None, **columns: object) -> dict:
    """Return what one report is taken to say, as a row."""
    return geographies(filings(filing(**columns)), *revenues, parameters=parameters).row(0, named=True)
