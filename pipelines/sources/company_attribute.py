"""Sector, industry and size of securities as Yahoo states them, from a CSV file of companies.

Belongs here: reading such a file, in Yahoo's own words. Not here: GICS, which only holdings files speak of
(``holdings``); nothing is translated.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import NamedTuple

import dataframely as dy
import polars as pl

from pipelines.contracts.received import RefusedRow
from pipelines.sources.base import SourceError
from pipelines.sources.csv_record import csv_records, is_name
from pipelines.sources.refusal import Refused, payload_of, refused_frame, require_mostly_kept

SCHEME = "yahoo"

_COLUMNS = ("Symbol", "Shortname", "Longname", "Sector", "Industry", "Country", "Marketcap")
_SYMBOL = re.compile(r"[A-Z0-9]+(?:[.-][A-Z0-9]+)*")
"""Yahoo writes a dash before a share class and a dot before an exchange, so a dot stays one."""
_DATE = re.compile(r"(?<![0-9])[0-9]{4}-[0-9]{2}-[0-9]{2}(?![0-9])")
_AMOUNT = re.compile(r"[0-9]{1,18}(?:\.[0-9]+)?")
_SCHEMA = {
    "symbol": pl.String(),
    "company_name": pl.String(),
    "scheme_sector": pl.String(),
    "industry": pl.String(),
    "country": pl.String(),
    "market_cap": pl.Float64(),
}


class CompanyAttributes(NamedTuple):
    """What a file says.

    Attributes:
        attributes: ``raw.CompanyAttribute`` short of known_from, known_basis, source, payload_hash and fetched_at; one
            row per symbol, in order of the file.
        refused: Records that were kept out.
    """

    attributes: pl.DataFrame
    refused: dy.DataFrame[RefusedRow]


_Attribute = tuple[str, str, str | None, str | None, str | None, float | None]


def read_company_attributes(content: bytes, file_name: str) -> CompanyAttributes:
    """Read Yahoo's attributes of companies as of the date in the file's name.

    The name is the long one, else the short one. Empty cells are null. Each symbol carries the value of its whole
    company in dollars, so share classes of one must not be added up. Refused are records with too few or too many
    cells (``wrong_width``), with a symbol, name, label or value that is none (``unparsable``), and further ones of a
    symbol (``duplicate``).

    Raises:
        SourceError: naming the file: its name holds no date, it is no such CSV, or more records were refused than
            kept.
    """
    as_of = _date_in(file_name)
    table = csv_records(content, file_name, _COLUMNS)
    kept: dict[str, _Attribute] = {}
    refused: list[Refused] = []
    for line, cells in table.records:
        is_whole = len(cells) == len(table.header)
        row = _attribute([cells[table.places[name]] for name in _COLUMNS]) if is_whole else None
        if row is not None and row[0] not in kept:
            kept[row[0]] = row
            continue
        rule = "wrong_width" if not is_whole else "unparsable" if row is None else "duplicate"
        refused.append((line, rule, payload_of(table.header, cells)))
    require_mostly_kept(file_name, refused, len(kept))
    frame = pl.DataFrame(list(kept.values()), schema=_SCHEMA, orient="row")
    constants = [pl.lit(SCHEME).alias("sector_scheme"), pl.lit(as_of).alias("as_of")]
    return CompanyAttributes(
        frame.select(constants[0], "symbol", constants[1], pl.exclude("symbol")), refused_frame(refused)
    )


def _date_in(file_name: str) -> dt.date:
    """Return the one date that the name of a file holds."""
    dates = _DATE.findall(file_name)
    try:
        (text,) = dates
        return dt.date.fromisoformat(text)
    except ValueError as error:
        was = ", ".join(dates) or "none"
        raise SourceError(f"{file_name}: expected one date such as 2024-11-15 in the name, was {was}") from error


def _attribute(cells: list[str]) -> _Attribute | None:
    """Return the attributes in cells in the order of ``_COLUMNS``, None where one cannot be read."""
    symbol, short_name, long_name, sector, industry, country, market_cap = cells
    labels = [label for label in (long_name, short_name, sector, industry, country) if label]
    is_sound = _SYMBOL.fullmatch(symbol) and (long_name or short_name) and all(map(is_name, labels))
    if not is_sound or (market_cap and not _AMOUNT.fullmatch(market_cap)):
        return None
    value = float(market_cap) if market_cap else None
    return (symbol, long_name or short_name, sector or None, industry or None, country or None, value)
