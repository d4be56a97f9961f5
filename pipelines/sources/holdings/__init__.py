"""Holdings files of funds: what a fund holds on a date, read by what stands in the file.

Belongs here: telling the layouts apart. A module each: the layouts (``ishares``, ``ssga``, ``invesco``); records of CSV
(``record``); preamble, header and body (``table``); cells to holdings (``holding``); whether they make sense
(``sense``); which fund and date (``fund``).
Not here: finding files (``document``), downloading (``download``), or what is a member of an index (``transforms``).
"""

from __future__ import annotations

import polars as pl

from pipelines.sources.base import SourceError
from pipelines.sources.holdings.holding import HoldingsFile
from pipelines.sources.holdings.invesco import HEADER_START as INVESCO_START
from pipelines.sources.holdings.invesco import read_invesco
from pipelines.sources.holdings.ishares import HEADER_START as ISHARES_START
from pipelines.sources.holdings.ishares import read_ishares, require_data
from pipelines.sources.holdings.record import csv_records
from pipelines.sources.holdings.ssga import read_ssga
from pipelines.sources.holdings.table import until_header
from pipelines.sources.received import Unreadable

__all__ = ["HoldingsFile", "read_holdings"]

_ZIP = b"PK\x03\x04"
_SHOWN = 400
"""Characters of an error: a header may be as long as its file."""


def read_holdings(content: bytes, file_name: str, funds: pl.DataFrame) -> HoldingsFile:
    """Return the holdings that a file states, whoever published it and whatever it is called.

    The layout is found in the content: a workbook is SSGA's; in CSV the header begins with ``Ticker`` (iShares) or
    ``Fund Ticker`` (Invesco). The file must be that of a fund of the layout's publisher, and its name must not begin
    with the ticker of another fund.

    Args:
        content: The file.
        file_name: Its name, for errors; and where an iShares file has lost its preamble, for its fund (the beginning)
            and date (``_YYYY-MM-DD``).
        funds: ``core.Fund``.

    Raises:
        SourceError: it is no such file, is cut off, states no holdings for its date, lacks a column or has it twice,
            has other things in a column than its name says, or has more rows that cannot be read than that can.
    """
    try:
        if content.startswith(_ZIP):
            return read_ssga(content, file_name, funds)
        _require_text(content)
        records = csv_records(content)
        preamble, header = until_header(records, (ISHARES_START, INVESCO_START))
        if header is None:
            require_data(preamble)
            raise Unreadable(
                f"expected a header that begins {ISHARES_START} (iShares) or {INVESCO_START} (Invesco), "
                f"was none; the file begins: {preamble[0].raw.strip() if preamble else 'blank'}"
            )
        read = read_ishares if header.first == ISHARES_START else read_invesco
        return read(preamble, header, records, file_name, funds)
    except Unreadable as error:
        raise SourceError(f"{file_name}: {str(error)[:_SHOWN]}") from error


def _require_text(content: bytes) -> None:
    start = content[:1000].removeprefix(b"\xef\xbb\xbf").lstrip()
    if not content.removeprefix(b"\xef\xbb\xbf").strip():
        raise Unreadable("expected a holdings file, was an empty file")
    if b"\0" in content:
        raise Unreadable("expected CSV in UTF-8 or a workbook (xlsx), was binary or another encoding")
    if start.startswith(b"<"):
        raise Unreadable("expected CSV or a workbook (xlsx), was an HTML or XML page")
