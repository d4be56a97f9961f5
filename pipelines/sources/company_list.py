"""The SEC's list of companies and their symbols, ``company_tickers.json``.

Belongs here: reading the list. Not here: which company a ticker of a holdings file belongs to (``transforms``).
"""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

import dataframely as dy
import polars as pl

from pipelines.contracts.received import RefusedRow
from pipelines.sources.base import SourceError
from pipelines.sources.csv_record import is_name, text_of
from pipelines.sources.refusal import Refused, refused_frame, require_mostly_kept

_FIELDS = ("cik_str", "ticker", "title")
_SYMBOL = re.compile(r"[A-Z0-9]+(?:-[A-Z0-9]+)*")
_LARGEST_CIK = 9_999_999_999
_SCHEMA = {"cik": pl.Int64(), "symbol": pl.String(), "company_name": pl.String()}

Fields = tuple[tuple[str, Any], ...]
"""A JSON object as its fields in order, so that one that stands there twice is seen."""


class CompanyList(NamedTuple):
    """What the list says.

    Attributes:
        listings: cik, symbol and company_name of ``raw.Listing``; one row per cik and symbol, in order of the list.
        refused: Entries that were kept out; ``line`` is the number of the entry, from 1, as the file is one line.
    """

    listings: pl.DataFrame
    refused: dy.DataFrame[RefusedRow]


def read_company_list(content: bytes, file_name: str) -> CompanyList:
    """Read the list: an object of entries with cik_str, ticker and title, whatever the entries are called.

    A company may have many symbols, and a symbol may stand with several companies. Refused are entries with other
    fields or with a value that is no key, symbol or name (``unparsable``), and entries of a company and symbol that
    stand above already (``duplicate``).

    Raises:
        SourceError: naming the file: it is no JSON in UTF-8, is JSON of another shape, or more entries were refused
            than kept.
    """
    kept: dict[tuple[int, str], str] = {}
    refused: list[Refused] = []
    for number, entry in enumerate(_entries(content, file_name), 1):
        listing = _listing(entry)
        if listing is None:
            refused.append((number, "unparsable", _payload(entry)))
        elif listing[:2] in kept:
            refused.append((number, "duplicate", _payload(entry)))
        else:
            kept[listing[:2]] = listing[2]
    require_mostly_kept(file_name, refused, len(kept))
    rows = [(cik, symbol, name) for (cik, symbol), name in kept.items()]
    return CompanyList(pl.DataFrame(rows, schema=_SCHEMA, orient="row"), refused_frame(refused))


def _entries(content: bytes, file_name: str) -> list[Any]:
    """Return the values of the one object that the file holds."""
    text = text_of(content, file_name, "JSON")
    try:
        document = json.loads(text, object_pairs_hook=tuple)
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{file_name}: expected JSON, was: {error}") from error
    if not isinstance(document, tuple) or not document:
        raise SourceError(f"{file_name}: expected an object of companies, was: {text[:60]}")
    return [entry for _, entry in document]


def _listing(entry: Any) -> tuple[int, str, str] | None:
    """Return cik, symbol and name of an entry, None where it does not give them."""
    if not isinstance(entry, tuple) or sorted(name for name, _ in entry) != sorted(_FIELDS):
        return None
    cik, symbol, name = (dict(entry)[field] for field in _FIELDS)
    is_key = type(cik) is int and 1 <= cik <= _LARGEST_CIK
    is_symbol = isinstance(symbol, str) and _SYMBOL.fullmatch(symbol)
    return (cik, symbol, name.strip()) if is_key and is_symbol and isinstance(name, str) and is_name(name) else None


def _payload(entry: Any) -> str:
    """Return an entry as JSON text; an object with one field twice stays the list of its fields."""
    is_object = isinstance(entry, tuple) and len(dict(entry)) == len(entry)
    return json.dumps(dict(entry) if is_object else entry, ensure_ascii=False)
