"""Damaged holdings files: a byte that flipped, an end that is lost, columns under other names.

Either the file is refused, or each row that is returned is one of the file as it was, or differs from it in just the
cell in which the byte flipped, and every other row stands among those refused.
"""

from __future__ import annotations

import itertools

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipelines.contracts.vocabulary import SECTORS
from pipelines.sources.base import SourceError
from pipelines.sources.holdings import HoldingsFile
from tests.sources.holdings_files import COLUMNS, FOOTER, FRIDAY, HEADER, PREAMBLE, ishares, read, values

LABELS = HEADER.split(",")
PLACES = dict(zip(COLUMNS[1:], (0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 11), strict=True))
"""Where in a record each column of a holding stands."""
NUMBERS = (4, 5, 7, 8)
FUTURE = ["ZQZ4", "FICTIONAL FUTURE DEC 24", "Cash and/or Derivatives", "Futures", "0.00", "0.00", "250,000.00",
          "10.00", "2,500.00", "-", "Index And Options Market", "USD", "1.00", "USD", "-"]  # fmt: skip
Row = tuple[object, ...]


def company(at: int) -> list[str]:
    """Return a made-up record; each is worth three quarters of the one before."""
    quantity = int(90_000_000 * 0.75**at) + at
    price = 20.25 + 3 * at
    value, weight = f"{quantity * price:,.2f}", f"{25 * 0.75**at:.2f}"
    sector = "Communication" if at == 4 else SECTORS[at % len(SECTORS)]
    exchange = ("NASDAQ", "New York Stock Exchange Inc.", "Cboe BZX")[at % 3]
    return [f"ZQ{chr(65 + at)}", f"FICTIONAL {chr(65 + at) * 4} INC", sector, "Equity", value, weight, value,
            f"{quantity:,}.00", f"{price:,.2f}", "United States", exchange, "USD", "1.00", "USD", "-"]  # fmt: skip


RECORDS = [*(company(at) for at in range(12)), FUTURE]


def quoted(record: list[str]) -> str:
    return ",".join(f'"{cell}"' for cell in record)


CONTENT = ishares(tuple(map(quoted, RECORDS))).encode()
BODY_START = CONTENT.index(quoted(RECORDS[0]).encode())
BODY_END = CONTENT.index(quoted(FUTURE).encode()) + len(quoted(FUTURE).encode())
LIKELY = b'",\n\r -.0159AEZaz\t\0;\x80\xa0\xc2\xff'
"""Bytes that can turn one thing into another."""
AS_OF = CONTENT.index(b"Dec 06, 2024")


def row_of(record: list[str]) -> Row:
    """Return what a record states, by ``COLUMNS`` but the line; the test's own reading."""

    def stated(place: int) -> object:
        text = record[place]
        if text == "-":
            return None
        return float(text.replace(",", "")) if place in NUMBERS else text

    return tuple(stated(place) for place in PLACES.values())


ROWS = [row_of(record) for record in RECORDS]


def rows_of(found: HoldingsFile) -> list[Row]:
    return [row[1:] for row in values(found.rows)]


def cell_at(place: int) -> tuple[int, int] | None:
    """Return record and place of the cell in whose own text a byte of the file stands."""
    at = BODY_START
    for number, record in enumerate(RECORDS):
        for column, cell in enumerate(record):
            at += 1
            if at <= place < at + len(cell):
                return number, column
            at += len(cell) + 2
    return None


def test_the_tests_own_reading_agrees_with_the_undamaged_file() -> None:
    assert rows_of(read(CONTENT)) == ROWS
    number, column = cell_at(CONTENT.index(b"FICTIONAL CCCC INC")) or (0, 0)
    assert (number, column) == (2, 1)
    assert cell_at(CONTENT.index(b"FICTIONAL FUTURE") - 1) is None
    assert cell_at(CONTENT.index(b"FICTIONAL FUTURE") + 22) == (12, 1)


def require_honest(found: HoldingsFile, place: int) -> None:
    """Hold what was read of a file with one byte flipped against the file as it was."""
    at_date = AS_OF <= place < AS_OF + 12
    assert found.fund_id == "IWM"
    assert found.as_of_basis == "file"
    assert found.as_of == FRIDAY or at_date
    flipped = cell_at(place)
    missing = list(range(len(ROWS)))
    for row in rows_of(found):
        whole = [number for number in missing if ROWS[number] == row]
        if whole:
            missing.remove(whole[0])
            continue
        assert flipped is not None, row
        number, column = flipped
        differing = [PLACES[name] for name, one, other in zip(PLACES, row, ROWS[number], strict=True) if one != other]
        assert differing == [column], row
        missing.remove(number)
    refused = " ".join(found.refused["payload"])
    for number in missing:
        texts = [RECORDS[number][column] for column in (0, 1) if flipped != (number, column)]
        assert any(text in refused for text in texts), RECORDS[number]


@settings(max_examples=300, deadline=None)
@given(
    place=st.integers(0, len(CONTENT) - 1),
    byte=st.sampled_from(b'",\n\r -.0159AEZaz\t\0;\x80\xa0\xc2\xff') | st.integers(0, 255),
)
@example(place=BODY_START, byte=0x20)
@example(place=BODY_END, byte=ord(","))
@example(place=BODY_END, byte=ord('"'))
@example(place=BODY_START - 1, byte=ord(","))
@example(place=BODY_END - 1, byte=ord("x"))
def test_a_flipped_byte_changes_no_other_cell(place: int, byte: int) -> None:
    try:
        found = read(CONTENT[:place] + bytes([byte]) + CONTENT[place + 1 :])
    except SourceError:
        return
    require_honest(found, place)


@settings(max_examples=150, deadline=None)
@given(size=st.integers(0, BODY_END + len("\n\u00a0".encode()) - 1) | st.integers(BODY_END - 160, BODY_END + 2))
def test_a_file_whose_body_has_no_end_is_refused(size: int) -> None:
    with pytest.raises(SourceError):
        read(CONTENT[:size])


@settings(max_examples=60, deadline=None)
@given(size=st.integers(BODY_END + len("\n\u00a0".encode()), len(CONTENT)))
def test_a_file_that_lost_of_its_text_alone_is_whole(size: int) -> None:
    found = read(CONTENT[:size])
    assert rows_of(found) == ROWS
    assert found.refused.is_empty()


PAIRS = list(itertools.combinations(range(len(LABELS)), 2))


@pytest.mark.parametrize(("first", "second"), PAIRS, ids=[f"{LABELS[a]} and {LABELS[b]}" for a, b in PAIRS])
def test_columns_under_each_others_names_are_found_or_hold_the_same(first: int, second: int) -> None:
    labels = list(LABELS)
    labels[first], labels[second] = labels[second], labels[first]
    try:
        found = read(ishares(tuple(map(quoted, RECORDS)), ",".join(labels), PREAMBLE, FOOTER), "IWM.csv")
    except SourceError:
        return
    swapped = []
    for record in RECORDS:
        record = list(record)
        record[first], record[second] = record[second], record[first]
        swapped.append(row_of(record))
    # Market and notional value are the same but for futures, whose line is no member of an index.
    assert rows_of(found)[:12] == ROWS[:12] == swapped[:12]
    assert (rows_of(found) == ROWS) or {LABELS[first], LABELS[second]} == {"Market Value", "Notional Value"}
