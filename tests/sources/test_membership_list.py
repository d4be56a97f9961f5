"""Lists of index members: spells that are read, spells that are refused, and files that are no list."""

from __future__ import annotations

import datetime as dt
import json

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.contracts import raw
from pipelines.contracts.check import checked
from pipelines.sources.base import SourceError
from pipelines.sources.membership import MembershipList, read_membership

NAME = "sp500_history.csv"
HEADER = "symbol,name,opt-in,opt-out"


def read(*lines: str, name: str = NAME) -> MembershipList:
    return read_membership("\n".join([HEADER, *lines, ""]).encode(), name)


def spells(found: MembershipList) -> list[tuple]:
    """Return symbol, beginning and end of every spell."""
    return found.spells.select("symbol", "effective_from", "effective_to").rows()


def test_spells_are_read_and_keep_their_contract() -> None:
    found = read('FICT,"Fictional, Inc.",2001-02-03,', "BRK.B,Made Up,2010-01-04,2024-11-26")
    assert found.spells.rows(named=True) == [
        {
            "index_id": "SPX",
            "symbol": "BRK-B",
            "effective_from": dt.date(2010, 1, 4),
            "effective_to": dt.date(2024, 11, 26),
            "company_name": "Made Up",
        },
        {
            "index_id": "SPX",
            "symbol": "FICT",
            "effective_from": dt.date(2001, 2, 3),
            "effective_to": None,
            "company_name": "Fictional, Inc.",
        },
    ]
    assert found.refused.is_empty()
    now = dt.datetime(2024, 12, 2, tzinfo=dt.UTC)
    stamps = {"known_basis": "observed", "source": "files", "payload_hash": "x", "known_from": now, "fetched_at": now}
    checked(raw.MembershipSpell, found.spells.with_columns(**{name: pl.lit(value) for name, value in stamps.items()}))


@pytest.mark.parametrize(
    ("name", "index"),
    [("sp500_history.csv", "SPX"), ("NASDAQ100.csv", "NDX"), ("dow30_history.2024.csv", "DJI")],
)
def test_the_name_of_the_file_says_the_index(name: str, index: str) -> None:
    assert read("FICT,Fictional,2001-02-03,", name=name).spells["index_id"].to_list() == [index]


def test_columns_may_stand_anywhere() -> None:
    text = "\ufeffopt-out,note,symbol,opt-in,name\r\n2002-01-01,x,FICT,2001-01-01,Fictional\r\n"
    assert spells(read_membership(text.encode(), NAME)) == [("FICT", dt.date(2001, 1, 1), dt.date(2002, 1, 1))]


ODD = {
    "no symbol": ",Fictional,2001-02-03,",
    "symbol in small letters": "fict,Fictional,2001-02-03,",
    "symbol with a blank": "FI CT,Fictional,2001-02-03,",
    "no name": "FICT,,2001-02-03,",
    "no opt-in": "FICT,Fictional,,",
    "opt-in without an order": "FICT,Fictional,02/03/2001,",
    "opt-in that is no date": "FICT,Fictional,2001-02-30,",
    "opt-in without dashes": "FICT,Fictional,20010203,",
    "opt-out that is no date": "FICT,Fictional,2001-02-03,never",
    "opt-out before opt-in": "FICT,Fictional,2001-02-03,2001-02-02",
    "opt-out with opt-in": "FICT,Fictional,2001-02-03,2001-02-03",
    "name of two lines": 'FICT,"Fictional\nMORE,More",2001-02-03,',
}


@pytest.mark.parametrize("line", ODD.values(), ids=ODD)
def test_a_record_that_is_no_spell_is_refused(line: str) -> None:
    found = read("AAAA,Made Up,2001-01-01,", line, "BBBB,Made Up,2001-01-01,")
    assert found.spells["symbol"].to_list() == ["AAAA", "BBBB"]
    assert found.refused.select("line", "rule").rows() == [(3, "unparsable")]
    assert list(json.loads(found.refused["payload"][0])) == HEADER.split(",")


@pytest.mark.parametrize("line", ["FICT,Fictional,2001-02-03", "FICT,Fictional, Inc.,2001-02-03,", ",,", " "])
def test_a_record_of_another_width_is_refused(line: str) -> None:
    found = read("AAAA,Made Up,2001-01-01,", line)
    assert found.refused.select("line", "rule").rows() == [(3, "wrong_width")]


def test_of_overlapping_spells_of_a_symbol_the_one_that_lasts_longest_stays() -> None:
    found = read(
        "OLD,Old,1990-01-01,2000-01-01",  # touches the next one, which is no overlap
        "OLD,Old,2000-01-01,2005-01-01",
        "REUSED,First Company,1976-07-01,2005-11-18",  # line 4
        "REUSED,Second Company,1983-11-30,",
        "EQUAL,Short,1976-07-01,1998-12-11",  # line 6
        "EQUAL,Long,1976-07-01,2017-08-08",
        "AGAIN,Again,2001-01-01,",
        "AGAIN,Again,2003-01-01,",  # line 9
        "INSIDE,Long,1990-01-01,1995-01-01",
        "INSIDE,Short,1991-01-01,1992-01-01",  # line 11
        "INSIDE,Before,1980-01-01,1990-01-01",
    )
    assert spells(found) == [
        ("AGAIN", dt.date(2001, 1, 1), None),
        ("EQUAL", dt.date(1976, 7, 1), dt.date(2017, 8, 8)),
        ("INSIDE", dt.date(1980, 1, 1), dt.date(1990, 1, 1)),
        ("INSIDE", dt.date(1990, 1, 1), dt.date(1995, 1, 1)),
        ("OLD", dt.date(1990, 1, 1), dt.date(2000, 1, 1)),
        ("OLD", dt.date(2000, 1, 1), dt.date(2005, 1, 1)),
        ("REUSED", dt.date(1983, 11, 30), None),
    ]
    assert found.refused.select("line", "rule").rows() == [(line, "duplicate") for line in (4, 6, 9, 11)]


def test_two_spellings_of_a_class_are_one_symbol() -> None:
    found = read("BRK.B,Made Up,2010-01-04,", "BRK-B,Made Up,2011-01-04,2012-01-04")
    assert spells(found) == [("BRK-B", dt.date(2010, 1, 4), None)]
    assert found.refused["line"].to_list() == [3]


NO_LISTS = {
    "HTML": (b"<html></html>", "expected CSV, was an HTML or XML page"),
    "empty": (b"", "expected CSV, was an empty file"),
    "UTF-16": (HEADER.encode("utf-16"), "expected CSV in UTF-8"),
    "header alone": (HEADER.encode(), "expected records below the header, was none"),
    "no header": (b"FICT,Fictional,2001-02-03,\n", "expected one column symbol, was 0 among: FICT, Fictional"),
    "a column twice": (b"symbol,name,opt-in,name\n", "expected one column name, was 2 among"),
    "holdings": (b"Ticker,Name,Sector\nFICT,Fictional,Energy\n", "expected one column symbol, was 0 among: Ticker"),
    "dates of another form": (f"{HEADER}\nFICT,F,1/2/2001,\n".encode(), "was 1 refused and 0 kept; first: line 2"),
    "a quote without an end": (f'{HEADER}\nA,"B,2001-01-01,\nC,D,2001-01-01,\n'.encode(), "line 2: expected a CSV"),
    "a quote out of place": (f'{HEADER}\nA,"B"x,2001-01-01,\n'.encode(), "line 2: expected a CSV record, was: "),
    "an endless cell": (f"{HEADER}\nA,{'B' * 200_000},2001-01-01,\n".encode(), "line 2: expected a CSV record"),
}


@pytest.mark.parametrize(("content", "reason"), NO_LISTS.values(), ids=NO_LISTS)
def test_what_is_no_list_is_named_with_the_reason(content: bytes, reason: str) -> None:
    with pytest.raises(SourceError, match=rf"sp500_history\.csv: .*{reason}"):
        read_membership(content, NAME)


def test_a_file_of_no_index_is_refused() -> None:
    with pytest.raises(SourceError, match=r"russell\.csv: expected a name that begins with one of sp500, nasdaq100"):
        read("FICT,Fictional,2001-02-03,", name="russell.csv")


days = st.integers(0, 40).map(lambda day: dt.date(2001, 1, 1) + dt.timedelta(days=day))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("ABC"), days, st.none() | days), min_size=1, max_size=12))
def test_spells_never_overlap_and_none_is_lost(rows: list[tuple[str, dt.date, dt.date | None]]) -> None:
    try:
        found = read(*(f"{symbol},Made Up,{begins},{ends or ''}" for symbol, begins, ends in rows))
    except SourceError as error:
        assert "refused" in str(error)  # noqa: PT017 - any other error fails
        return
    assert found.spells.height + found.refused.height == len(rows)
    assert set(spells(found)) <= set(rows)
    days_of = [
        (symbol, day)
        for symbol, begins, ends in spells(found)
        for day in pl.date_range(begins, (ends or dt.date(2001, 3, 1)), "1d", closed="left", eager=True)
    ]
    assert len(days_of) == len(set(days_of))
