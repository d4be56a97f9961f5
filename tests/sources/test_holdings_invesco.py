"""Holdings files of Invesco: fund and date on every row, padded cells, and no mark at the end."""

from __future__ import annotations

import pytest

from pipelines.contracts.received import ReceivedHolding
from pipelines.sources.base import SourceError
from tests.sources.holdings_files import FRIDAY, INVESCO_BODY, INVESCO_HEADER, invesco, read, values

COLUMNS = (
    "line", "ticker", "holding_name", "printed_sector", "security_identifier", "market_value", "printed_weight_pct",
    "quantity",
)  # fmt: skip
ROWS = [
    (2, "ZQA", "Fictional Alfa, Inc", "Information Technology", "00000ZQ01", 600000.0, 60.0, 1000.0),
    (3, "NA", "Fictional Beta Co", "Health Care", "00000ZQ02", 350000.0, 35.0, 2000.0),
    (4, "-", "Cash/Receivables/Payables", None, "CASHUSD00", 50000.0, 5.0, None),
]
TEXT = invesco()
MANY = tuple(
    f"QQQ,000000Z{at:02d},ZQ{chr(65 + at)},{100 + at},{1000 * (100 + at)}.00,4.00,Fictional {chr(65 + at)} Co,"
    "Common Stock,Utilities,12/06/2024"
    for at in range(25)
)

SAME = {
    "as it comes": TEXT,
    "LF": TEXT.replace("\r\n", "\n"),
    "no line break at the end": TEXT.rstrip(),
    "a blank line at the end": TEXT + "\r\n",
    "a byte order mark": "\ufeff" + TEXT,
    "no padding": TEXT.replace(" ,", ",").replace("Date ", "Date"),
    "a spaced name": TEXT.replace("MarketValue", "Market Value"),
    "a day of one digit": TEXT.replace("12/06/2024", "12/6/2024"),
}


@pytest.mark.parametrize("text", SAME.values(), ids=SAME)
def test_the_layout_is_read_cell_by_cell(text: str) -> None:
    found = read(text, "QQQ.csv")
    ReceivedHolding.validate(found.rows)
    assert (found.fund_id, found.as_of, found.as_of_basis) == ("QQQ", FRIDAY, "file")
    assert values(found.rows, COLUMNS) == ROWS
    assert found.rows["printed_asset_class"].null_count() == 3
    assert found.refused.is_empty()


def test_rows_that_cannot_be_read_are_refused() -> None:
    no_date = INVESCO_BODY[1].replace("12/06/2024", "2024-12-06")
    found = read(invesco((INVESCO_BODY[0], no_date, INVESCO_BODY[2])))
    assert values(found.rows, COLUMNS) == [ROWS[0], ROWS[2]]
    assert found.refused.select("line", "rule").rows() == [(3, "unparsable")]
    found = read(invesco((INVESCO_BODY[0], INVESCO_BODY[1].replace("Beta Co", "Beta, Co"), INVESCO_BODY[2])))
    assert values(found.rows, COLUMNS) == [ROWS[0], ROWS[2]]
    assert found.refused.select("line", "rule").rows() == [(3, "wrong_width")]


REFUSED = {
    "no body": (invesco(()), "expected records below the header on line 1, was none"),
    "another fund": (TEXT.replace("QQQ", "QQQM"), "expected holdings of a known fund of invesco .*, was those of QQQM"),
    "the fund of others": (TEXT.replace("QQQ", "IVV"), "expected holdings of a known fund of invesco"),
    "two funds": (TEXT.replace("QQQ", "SPY", 1), "expected one Fund Ticker in all records, was QQQ, SPY"),
    "two dates": (TEXT.replace("12/06", "12/05", 1), "expected one Date in all records, was 12/05/2024, 12/06/2024"),
    "no date": (TEXT.replace("12/06/2024", "-"), "expected one Date in all records, was none"),
    "the day before the month": (TEXT.replace("12/06", "16/12"), "expected a date of the holdings, was 16/12/2024"),
    "a column less": (TEXT.replace("Weight ", "Share "), "expected a column Weight on line 1"),
    "no fund": (TEXT.replace("Fund Ticker", "Fund"), "expected a header that begins Ticker"),
    "cut in a record": (TEXT[:-25], "expected a whole record at the end of the file, was that on line 4"),
    "cut in the last cell": (TEXT[:-4], "expected a whole record at the end of the file, was that on line 4"),
    "cut in quotes": (TEXT[: TEXT.index(", Inc")], "cut off within the quotes that begin on line 2"),
    "cut between many records": (invesco(MANY[:20]), r"was 80\.00 in 20 records: it is cut off"),
}


@pytest.mark.parametrize(("text", "reason"), REFUSED.values(), ids=REFUSED)
def test_a_file_that_cannot_be_trusted_says_why(text: str, reason: str) -> None:
    with pytest.raises(SourceError, match=rf"^holdings\.csv: .*{reason}"):
        read(text)


def test_weights_that_add_up_say_that_a_file_is_whole() -> None:
    assert read(invesco(MANY)).rows.height == 25
    assert read(invesco(MANY[:23])).rows["printed_weight_pct"].sum() == pytest.approx(92.0)


@pytest.mark.parametrize(
    ("first", "second"), [(3, 4), (4, 5), (5, 6), (2, 3), (7, 9), (6, 7), (7, 8), (3, 7), (3, 9), (1, 3)]
)
def test_columns_under_each_others_names_refuse_the_file(first: int, second: int) -> None:
    names = INVESCO_HEADER.split(",")
    names[first - 1], names[second - 1] = names[second - 1], names[first - 1]
    values_of = [60, 20, 8, 4, 3, 2, 1, 1, 0.5, 0.5]
    body = tuple(
        f"QQQ,000000Z{at:02d},ZQ{chr(65 + at)},{7 * (at + 1) ** 3},{weight * 1000},{weight},Fictional {chr(65 + at)},"
        "Common Stock,Utilities,12/06/2024"
        for at, weight in enumerate(values_of)
    )
    assert read(invesco(body)).rows.height == 10
    with pytest.raises(SourceError, match="expected"):
        read(invesco(body, ",".join(names)))
