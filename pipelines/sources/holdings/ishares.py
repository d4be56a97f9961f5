"""Holdings files of iShares: CSV with a preamble, a header that begins ``Ticker``, a body and a legal text.

Belongs here: the layout and its variants. Not here: what it shares with others (the package).

Columns are found by name: ``Quantity`` was ``Shares`` until autumn 2024; since November 2025 some files have
``Market Weight`` for ``Weight (%)``, and ``Type``. Files that people kept have often lost the preamble.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from pipelines.contracts.vocabulary import SECTORS
from pipelines.sources.holdings.fund import date_in_name, date_of, fund_in_name, fund_of, require_name_agrees
from pipelines.sources.holdings.holding import HoldingsFile, Layout, Statement, holdings_file
from pipelines.sources.holdings.record import Record
from pipelines.sources.holdings.sense import require_weights_add_up
from pipelines.sources.holdings.table import body_of
from pipelines.sources.received import Unreadable

HEADER_START = "Ticker"
_PROVIDER = "ishares"
_AS_OF = "Fund Holdings as of"
_DATE = r"(?P<month>[A-Z][a-z]{2}) (?P<day>\d{1,2}), ?(?P<year>\d{4})"
_LAYOUT = Layout(
    columns={
        "ticker": ("Ticker",),
        "holding_name": ("Name",),
        "printed_sector": ("Sector",),
        "printed_asset_class": ("Asset Class",),
        "market_value": ("Market Value",),
        "printed_weight_pct": ("Weight (%)", "Market Weight"),
        "quantity": ("Quantity", "Shares"),
        "holding_price": ("Price",),
        "location": ("Location",),
        "exchange": ("Exchange",),
        "holding_currency": ("Currency",),
    },
    signs={
        "printed_sector": f"^(?:{'|'.join((*SECTORS, 'Communication'))})$",
        "printed_asset_class": "^Equity$",
        "location": "^(?:United States|USA?)$",
        "exchange": "(?i)nasdaq|nyse|new york",
        "holding_currency": "^USD$",
    },
    optional={"security_identifier": ("CUSIP", "ISIN")},
)


def read_ishares(
    preamble: Sequence[Record], header: Record, records: Iterator[Record], file_name: str, funds: pl.DataFrame
) -> HoldingsFile:
    """Return the holdings of a file of iShares, ``records`` being those below its header.

    The fund is the one that the first line names, the date that of ``Fund Holdings as of``. A file without a preamble
    takes both from its name.

    Raises:
        Unreadable, SourceError: as ``read_holdings`` says.
    """
    filled = [record for record in preamble if "".join(record.cells or ()).strip()]
    statement = _stated(filled, funds) if filled else _named(file_name, funds)
    require_name_agrees(file_name, statement.fund_id, funds)
    table = body_of(records, header, filled)
    found = holdings_file(table, _LAYOUT, statement, file_name)
    if not table.is_closed:
        raise Unreadable(
            f"expected a blank line or a text below the last record, was the end of the file after line "
            f"{table.last_line}: it is cut off"
        )
    # Records may be missing in the middle, or before a blank line.
    if found.refused.is_empty():
        require_weights_add_up(found.rows)
    return found


def require_data(preamble: Sequence[Record]) -> None:
    """Raise where a preamble says that there are no holdings of the date that was asked for.

    Raises:
        Unreadable: it does.
    """
    for record in preamble:
        if record.first == _AS_OF and _rest(record) == "-":
            raise Unreadable(f'expected holdings, was {_AS_OF},"-": the fund states none for the date asked for')


def _stated(preamble: Sequence[Record], funds: pl.DataFrame) -> Statement:
    require_data(preamble)
    dates = {_rest(record) for record in preamble if record.first == _AS_OF}
    if len(dates) != 1:
        was = ", ".join(sorted(dates)) or "none"
        raise Unreadable(f"expected one line that begins {_AS_OF} above the header, was {was}")
    return Statement(fund_of(funds, _PROVIDER, "fund_name", preamble[0].first), date_of(dates.pop(), _DATE))


def _rest(record: Record) -> str:
    """Return what stands behind the first cell; a date that was not quoted is two cells."""
    return ", ".join(cell.strip() for cell in (record.cells or ())[1:] if cell.strip())


def _named(file_name: str, funds: pl.DataFrame) -> Statement:
    fund_id, as_of = fund_in_name(file_name, funds), date_in_name(file_name)
    if fund_id is None or as_of is None:
        raise Unreadable(
            "expected a preamble that states fund and date, or a name of the file that begins with the fund's ticker "
            f"and holds _YYYY-MM-DD, was a header on the first line and the name {file_name}"
        )
    return Statement(fund_of(funds, _PROVIDER, "fund_id", fund_id), as_of, "file_name")
