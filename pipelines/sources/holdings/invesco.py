"""Holdings files of Invesco: CSV whose first line is the header, with fund and date on every row, padded with blanks.

Belongs here: the layout. Not here: what it shares with others (the package).

``Class of Shares`` is not an asset class (it says Common Stock for Equity), so there is none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from pipelines.contracts.vocabulary import SECTORS
from pipelines.sources.holdings.fund import date_of, fund_of, require_name_agrees
from pipelines.sources.holdings.holding import (
    HoldingsFile,
    Layout,
    Statement,
    holdings_file,
    labels_of,
    require_body,
)
from pipelines.sources.holdings.record import Record
from pipelines.sources.holdings.sense import require_weights_add_up
from pipelines.sources.holdings.table import Table, body_of
from pipelines.sources.received import Unreadable

HEADER_START = "Fund Ticker"
_PROVIDER = "invesco"
_DATE_COLUMN = "Date"
_DATE = r"(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{4})"
_LAYOUT = Layout(
    columns={
        "ticker": ("Holding Ticker",),
        "holding_name": ("Name",),
        "printed_sector": ("Sector",),
        "security_identifier": ("Security Identifier",),
        "market_value": ("MarketValue", "Market Value"),
        "printed_weight_pct": ("Weight",),
        "quantity": ("Shares/Par Value",),
    },
    signs={
        "printed_sector": f"^(?:{'|'.join(SECTORS)})$",
        "security_identifier": "^(?:[A-Z0-9]{9}|[A-Z0-9]{12})$",
    },
    others=(HEADER_START, _DATE_COLUMN),
)


def read_invesco(
    preamble: Sequence[Record], header: Record, records: Iterator[Record], file_name: str, funds: pl.DataFrame
) -> HoldingsFile:
    """Return the holdings of a file of Invesco, ``records`` being those below its header.

    Fund and date are those that stand on the rows. Nothing marks the end of such a file: that it is cut off shows in a
    last record that is not whole, or in weights that do not add up.

    Raises:
        Unreadable, SourceError: as ``read_holdings`` says.
    """
    table = body_of(records, header, list(preamble))
    place = labels_of(table, _LAYOUT)
    require_body(table)
    fund_id = fund_of(funds, _PROVIDER, "fund_id", _one_of(table, place[HEADER_START]))
    require_name_agrees(file_name, fund_id, funds)
    has_date = pl.col(place[_DATE_COLUMN]).str.contains(r"^\s*[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}\s*$")
    dated = table._replace(cells=table.cells.filter(has_date))
    as_of = date_of(_one_of(dated, place[_DATE_COLUMN]), _DATE)
    found = holdings_file(table, _LAYOUT, Statement(fund_id, as_of), file_name, is_odd=~has_date)
    if not table.is_closed and table.last_line in found.refused["line"]:
        raise Unreadable(f"expected a whole record at the end of the file, was that on line {table.last_line}")
    if found.refused.is_empty():
        require_weights_add_up(found.rows)
    return found


def _one_of(table: Table, label: str) -> str:
    """Return the one value of a column.

    Raises:
        Unreadable: there are several, or none.
    """
    values = table.cells[label].str.strip_chars().unique().sort()
    if len(values) != 1:
        raise Unreadable(f"expected one {label} in all records, was {', '.join(values.head(5)) or 'none'}")
    return str(values[0])
