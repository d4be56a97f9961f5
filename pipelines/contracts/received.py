"""What a source hands over before any row rule has been applied. Never stored under this shape."""

from __future__ import annotations

from pipelines.contracts import vocabulary as v
from pipelines.contracts.table import Table


class ReceivedBar(Table):
    """One row as received: text turned into dates and numbers where possible, null where it was not.

    Volume and adjusted close may be null by nature; a null session or price means that it could not be read.
    Rows stand in the order in which the source gave them.
    """

    instrument_id = v.instrument_id()
    vendor_symbol = v.vendor_symbol()
    session = v.session(nullable=True)
    open = v.open(nullable=True)
    high = v.high(nullable=True)
    low = v.low(nullable=True)
    close = v.close(nullable=True)
    adjusted_close = v.adjusted_close(nullable=True)
    volume = v.received_volume(nullable=True)
    locator = v.locator()
    payload = v.received_payload(nullable=True)
    payload_hash = v.payload_hash()


class BookLevel(Table):
    """One row of a level book after its reader accepted it: what people edit, nothing derived."""

    level_id = v.level_id(primary_key=True)
    set_id = v.set_id()
    book = v.book()
    author = v.author()
    instrument_id = v.instrument_id()
    quote_instrument = v.quote_instrument()
    role = v.published_role()
    low = v.level_low(min_exclusive=0)
    high = v.level_high(min_exclusive=0)
    horizon = v.level_horizon()
    bias = v.bias()
    order_in_chain = v.order_in_chain(nullable=True)
    method = v.method()
    source_ref = v.source_ref()
    published_at = v.published_at()
    valid_from = v.book_valid_from(nullable=True)
    valid_to = v.book_valid_to(nullable=True)
    supersedes = v.supersedes(nullable=True)


class NoteClaim(Table):
    """One statement of a note after its reader accepted it: what people write into a claims file, nothing derived."""

    claim_id = v.claim_id(primary_key=True)
    note_id = v.note_id()
    claim_number = v.claim_number()
    book = v.claims_book()
    text = v.claim_text()
    author = v.claim_author()
    title = v.claim_title()
    reference = v.claim_reference()
    published_at = v.claim_published_at()
    as_of = v.claim_as_of()
    claim_type = v.claim_type()
    subject_kind = v.claim_subject()
    subject = v.subject()
    basis = v.claim_basis()
    quoted_on = v.quoted_on(nullable=True)
    parameters = v.claim_parameters()
    stated = v.stated()
    stated_value = v.stated_value(nullable=True)
    stated_tolerance = v.stated_tolerance(nullable=True)
    unit = v.claim_unit(nullable=True)


class ReceivedHolding(Table):
    """One record of a holdings file after its reader took it apart: text as printed, numbers where they are any."""

    line = v.line(primary_key=True)
    ticker = v.ticker()
    holding_name = v.holding_name(nullable=True)
    printed_sector = v.printed_sector(nullable=True)
    printed_asset_class = v.printed_asset_class(nullable=True)
    security_identifier = v.security_identifier(nullable=True)
    market_value = v.market_value(nullable=True)
    printed_weight_pct = v.printed_weight_pct(nullable=True)
    quantity = v.quantity(nullable=True)
    holding_price = v.holding_price(nullable=True)
    location = v.location(nullable=True)
    exchange = v.exchange(nullable=True)
    holding_currency = v.holding_currency(nullable=True)


class RefusedRow(Table):
    """One row of a document that a row rule kept out, as received; the rest of the document stands."""

    line = v.line(primary_key=True)
    rule = v.rule()
    payload = v.payload()
