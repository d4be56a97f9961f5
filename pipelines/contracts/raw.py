"""Layer raw: what a source said and when we learnt it. Append-only, no derived values."""

from __future__ import annotations

from pipelines.contracts import vocabulary as v
from pipelines.contracts.table import Table, tables_in


class Bar(Table):
    """One version of a daily bar as a source gave it; a correction is a new row with a later known_from."""

    instrument_id = v.instrument_id(primary_key=True)
    session = v.session(primary_key=True)
    known_from = v.known_from(primary_key=True)
    known_basis = v.known_basis()
    open = v.open(min_exclusive=0)
    high = v.high(min_exclusive=0)
    low = v.low(min_exclusive=0)
    close = v.close(min_exclusive=0)
    adjusted_close = v.adjusted_close(nullable=True)
    volume = v.volume(nullable=True)
    vendor_symbol = v.vendor_symbol()
    source = v.source()
    payload_hash = v.payload_hash()
    fetched_at = v.fetched_at()


class RejectedRow(Table):
    """One row that a source handed over and a row rule kept out of raw.bar, as received."""

    row_id = v.row_id(primary_key=True)
    instrument_id = v.instrument_id()
    session = v.session(nullable=True)
    rule = v.rule()
    locator = v.locator()
    payload = v.payload()
    source = v.source()
    payload_hash = v.payload_hash()
    fetched_at = v.fetched_at()


TABLES = tables_in(dict(globals()), __name__)
