"""Holdings files of SSGA: workbooks, whole or damaged."""

from __future__ import annotations

import datetime as dt
import io
import zipfile

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.contracts.received import ReceivedHolding
from pipelines.sources.base import SourceError
from pipelines.sources.holdings import ssga as module
from tests.sources.holdings_files import FRIDAY, SSGA_ROWS, read, ssga, values

COLUMNS = (
    "line",
    "ticker",
    "holding_name",
    "security_identifier",
    "printed_weight_pct",
    "quantity",
    "holding_currency",
)
ROWS = [
    (6, "ZQA", "FICTIONAL ALFA INC", "00000ZQ01", 60.123456, 90771106.0, "USD"),
    (7, "ZQB.B", "FICTIONAL BETA CO CL B", "00000ZQ02", 39.876543, 1500.0, "USD"),
    (8, "-", "US DOLLAR", "999USDZ92", 0.000001, 1224888594.27, "USD"),
]
CONTENT = ssga()


def changed(row: int, place: int, value: object) -> bytes:
    """Return the workbook with another cell; rows and places from 1, as in the sheet."""
    rows = [list(cells) for cells in SSGA_ROWS]
    rows[row - 1][place - 1] = value
    return ssga(tuple(map(tuple, rows)))


def test_a_workbook_is_read_cell_by_cell_whatever_its_name() -> None:
    for name in ("holdings-daily-us-en-spy.xlsx", "spy.csv"):
        found = read(CONTENT, name)
        ReceivedHolding.validate(found.rows)
        assert (found.fund_id, found.as_of, found.as_of_basis) == ("SPY", FRIDAY, "file")
        assert values(found.rows, COLUMNS) == ROWS
        assert found.refused.is_empty()
    nothing = found.rows.select("printed_sector", "printed_asset_class", "market_value", "holding_price", "exchange")
    assert nothing.null_count().row(0) == (3,) * 5


def test_cells_that_are_not_text_are_read_as_printed() -> None:
    found = read(changed(6, 2, True))
    assert found.rows["ticker"][0] == "TRUE"
    found = read(changed(6, 7, "90,771,106"))
    assert found.rows["quantity"][0] == 90771106.0


def test_a_size_that_the_sheet_states_wrongly_hides_no_row() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(CONTENT)) as old, zipfile.ZipFile(out, "w") as new:
        for part in old.infolist():
            text = old.read(part)
            new.writestr(part, text.replace(b'ref="A1:L15"', b'ref="A1:H6"') if "sheet1" in part.filename else text)
    assert out.getvalue() != CONTENT
    assert values(read(out.getvalue()).rows, COLUMNS) == ROWS


def test_a_record_that_cannot_be_read_is_refused() -> None:
    found = read(changed(7, 5, "n/a"))
    assert values(found.rows, COLUMNS) == [ROWS[0], ROWS[2]]
    assert found.refused.select("line", "rule").rows() == [(7, "unparsable")]
    wide = (*SSGA_ROWS[:6], (*SSGA_ROWS[6], "x"), *SSGA_ROWS[7:])
    assert read(ssga(wide)).refused.select("line", "rule").rows() == [(7, "wrong_width")]


def archive() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("num.txt", "adsh")
    return out.getvalue()


REFUSED = {
    "another sheet": (ssga(sheet="data"), "expected a sheet holdings, was data"),
    "no header": (ssga(SSGA_ROWS[:4]), "expected a row that begins Name, Ticker, was none"),
    "no body": (ssga(SSGA_ROWS[:5]), "expected records below the header on line 5, was none"),
    "a body after a gap": (ssga((*SSGA_ROWS[:7], (), SSGA_ROWS[7])), "was other records from line 9 on"),
    "no date": (changed(3, 2, "As of"), "expected a date of the holdings, was As of"),
    "no data": (changed(3, 2, "As of -"), "expected a date of the holdings, was As of -"),
    "a date that is none": (changed(3, 2, "As of 31-Nov-2024"), "was As of 31-Nov-2024"),
    "a fund that is not known": (changed(2, 2, "VOO"), "expected holdings of a known fund of ssga .* was those of VOO"),
    "a fund of others": (changed(2, 2, "IVV"), "expected holdings of a known fund of ssga"),
    "the name of another fund": (
        changed(1, 2, "SPDR® Dow Jones® Industrial Average℠ ETF Trust"),
        "expected the name of SPY, was SPDR® Dow",
    ),
    "a column less": (changed(5, 7, "Units"), "expected a column Shares Held on line 5"),
    "a column twice": (changed(5, 6, "Weight"), "expected each column once, was Weight"),
    "no workbook": (b"PK\x03\x04" + b"\0" * 100, r"expected a workbook \(xlsx\), was damaged"),
    "another archive": (archive(), r"expected a workbook \(xlsx\), was damaged"),
}


@pytest.mark.parametrize(("content", "reason"), REFUSED.values(), ids=REFUSED)
def test_a_workbook_that_cannot_be_trusted_says_why(content: bytes, reason: str) -> None:
    with pytest.raises(SourceError, match=rf"^spy\.xlsx: .*{reason}"):
        read(content, "spy.xlsx")


def test_a_fund_may_get_a_new_name() -> None:
    assert read(changed(1, 2, "State Street SPDR S&P 500 ETF Trust")).fund_id == "SPY"


@pytest.mark.parametrize(("first", "second"), [(1, 2), (2, 3), (3, 4), (3, 6), (5, 7), (1, 8), (6, 8), (2, 8)])
def test_columns_under_each_others_names_refuse_the_workbook(first: int, second: int) -> None:
    rows = [list(cells) for cells in SSGA_ROWS]
    for row in rows[5:8]:
        row[first - 1], row[second - 1] = row[second - 1], row[first - 1]
    with pytest.raises(SourceError, match="expected"):
        read(ssga(tuple(map(tuple, rows))))


def test_a_workbook_that_unpacks_to_too_much_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LARGEST_BYTES", 1000)
    with pytest.raises(SourceError, match="expected a workbook of at most 1000 bytes unpacked"):
        read(CONTENT)


@settings(max_examples=60, deadline=None)
@given(place=st.integers(0, len(CONTENT) - 1), byte=st.integers(0, 255))
def test_a_flipped_byte_is_found_or_changes_nothing(place: int, byte: int) -> None:
    damaged = CONTENT[:place] + bytes([byte]) + CONTENT[place + 1 :]
    try:
        found = read(damaged)
    except SourceError:
        return
    assert found[:3] == ("SPY", FRIDAY, "file")
    assert values(found.rows, COLUMNS) == ROWS


@settings(max_examples=30, deadline=None)
@given(size=st.integers(0, len(CONTENT) - 1))
def test_a_workbook_that_is_cut_off_is_refused(size: int) -> None:
    with pytest.raises(SourceError):
        read(CONTENT[:size])


def test_rows_keep_their_place_in_the_sheet() -> None:
    found = read(ssga((*SSGA_ROWS[:3], (), (), (), *SSGA_ROWS[4:])))
    assert found.rows["line"].to_list() == [8, 9, 10]
    assert found.as_of == dt.date(2024, 12, 6)
    assert found.rows.schema["line"] == pl.Int64
