"""Holdings files of SSGA: a workbook with the sheet ``holdings``, whose header begins ``Name, Ticker``.

Belongs here: the layout, and a sheet's cells as text. Not here: what it shares with others (the package).

The files print no market value, no price and no asset class, and a hyphen for every sector.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

import openpyxl  # type: ignore[import-untyped]
import polars as pl

from pipelines.sources.holdings.fund import date_of, fund_of, require_name_agrees
from pipelines.sources.holdings.holding import HoldingsFile, Layout, Statement, holdings_file
from pipelines.sources.holdings.record import Record
from pipelines.sources.holdings.table import body_of
from pipelines.sources.received import Unreadable

_PROVIDER = "ssga"
_SHEET = "holdings"
_HEADER_START = ["Name", "Ticker"]
_LARGEST_BYTES = 1 << 28
"""Bytes of an unpacked workbook; one of a fund has less than a megabyte."""
_DATE = r"As of (?P<day>\d{1,2})-(?P<month>[A-Z][a-z]{2})-(?P<year>\d{4})"
_LAYOUT = Layout(
    columns={
        "ticker": ("Ticker",),
        "holding_name": ("Name",),
        "printed_sector": ("Sector",),
        "security_identifier": ("Identifier", "Identifier (CUSIP)"),
        "printed_weight_pct": ("Weight",),
        "quantity": ("Shares Held",),
        "holding_currency": ("Local Currency",),
    },
    signs={"security_identifier": "^(?:[A-Z0-9]{9}|[A-Z0-9]{12})$", "holding_currency": "^USD$"},
)


def read_ssga(content: bytes, file_name: str, funds: pl.DataFrame) -> HoldingsFile:
    """Return the holdings of a workbook of SSGA; ``line`` is the row of the sheet.

    Raises:
        Unreadable, SourceError: as ``read_holdings`` says.
    """
    records = iter(_records(_sheet(content)))
    stated, header = _stated(records)
    fund_id = fund_of(funds, _PROVIDER, "fund_id", stated.get("Ticker Symbol:", ""))
    _require_same_fund(stated.get("Fund Name:", ""), fund_id, funds)
    require_name_agrees(file_name, fund_id, funds)
    as_of = date_of(stated.get("Holdings:", ""), _DATE)
    width = len(header.cells or ())
    table = body_of((_of_width(record, width) for record in records), header, [])
    return holdings_file(table, _LAYOUT, Statement(fund_id, as_of), file_name)


def _sheet(content: bytes) -> list[tuple[Any, ...]]:
    """Return the cells of the sheet, row by row, those that are empty among them."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            size = sum(part.file_size for part in archive.infolist())
        if size > _LARGEST_BYTES:
            raise Unreadable(f"expected a workbook of at most {_LARGEST_BYTES} bytes unpacked, was {size}")
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        sheet = next((sheet for sheet in book.worksheets if sheet.title.strip().casefold() == _SHEET), None)
        if sheet is None:
            raise Unreadable(f"expected a sheet {_SHEET}, was {', '.join(book.sheetnames)}")
        # The stated size may be wrong, and rows beyond it would be lost.
        sheet.reset_dimensions()
        return list(sheet.iter_rows(values_only=True))
    except Unreadable:
        raise
    except Exception as error:  # openpyxl raises whatever a damaged part makes it stumble over
        raise Unreadable(
            f"expected a workbook (xlsx), was damaged or cut off: {error or type(error).__name__}"
        ) from error


def _records(rows: Iterable[tuple[Any, ...]]) -> Iterator[Record]:
    for line, row in enumerate(rows, 1):
        cells = [_text(value) for value in row]
        while len(cells) > 1 and not cells[-1].strip():
            cells.pop()
        yield Record(line, cells or [""], "\t".join(cells))


def _text(value: Any) -> str:
    """Return a cell as it is printed, a number without an exponent."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).upper()
        case float():
            return f"{Decimal(repr(value)):f}"
        case _:
            return str(value)


def _stated(records: Iterator[Record]) -> tuple[dict[str, str], Record]:
    """Take the rows up to the header; return what stands beside each label above it, and the header."""
    stated: dict[str, str] = {}
    for record in records:
        cells = [cell.strip() for cell in record.cells or ()]
        if cells[:2] == _HEADER_START:
            return stated, record
        if len(cells) > 1:
            stated[cells[0]] = cells[1]
    raise Unreadable(f"expected a row that begins {', '.join(_HEADER_START)}, was none")


def _require_same_fund(name: str, fund_id: str, funds: pl.DataFrame) -> None:
    """Raise where the file bears the name of another known fund; a name that is not known may be a new one."""
    try:
        named = fund_of(funds, _PROVIDER, "fund_name", name)
    except Unreadable:
        return
    if named != fund_id:
        raise Unreadable(f"expected the name of {fund_id}, was {name}")


def _of_width(record: Record, width: int) -> Record:
    """Return a row with the empty cells at its end that the header's width asks for; a blank row stays one."""
    cells = record.cells or []
    return record if len(cells) < 2 else record._replace(cells=cells + [""] * (width - len(cells)))
