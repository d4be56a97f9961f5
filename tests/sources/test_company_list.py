"""The SEC's list of companies: what is read, refused, and not taken for the list."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.contracts import raw
from pipelines.contracts.check import checked
from pipelines.sources.base import SourceError
from pipelines.sources.company_list import CompanyList, read_company_list

NAME = "company_tickers.json"


def entry(cik: Any = 9999001, ticker: Any = "FICT", title: Any = "Fictional Widgets Inc.") -> dict[str, Any]:
    return {"cik_str": cik, "ticker": ticker, "title": title}


def read(*entries: Any) -> CompanyList:
    """Read a list of entries, and of one sound one more for each of them, so that most can be read."""
    more = [entry(cik=1 + at, ticker=f"MORE{at}") for at in range(len(entries))]
    document = {str(at): item for at, item in enumerate([*entries, *more])}
    found = read_company_list(json.dumps(document).encode(), NAME)
    return found._replace(listings=found.listings.filter(~pl.col("symbol").str.starts_with("MORE")))


def test_entries_are_read_and_keep_their_contract() -> None:
    found = read(entry(), entry(9999002, "MADE-UP", " Made Up Média plc "))
    assert found.listings.rows(named=True) == [
        {"cik": 9999001, "symbol": "FICT", "company_name": "Fictional Widgets Inc."},
        {"cik": 9999002, "symbol": "MADE-UP", "company_name": "Made Up Média plc"},
    ]
    assert found.refused.is_empty()
    now = dt.datetime(2024, 12, 2, tzinfo=dt.UTC)
    stamps = {"known_basis": "observed", "source": "sec", "payload_hash": "x", "known_from": now, "fetched_at": now}
    checked(raw.Listing, found.listings.with_columns(**{name: pl.lit(value) for name, value in stamps.items()}))


def test_a_company_may_have_two_symbols_and_a_symbol_two_companies() -> None:
    entries = (entry(), entry(ticker="FICT-B"), entry(cik=9999002))
    assert read(*entries).listings.select("cik", "symbol").rows() == [
        (9999001, "FICT"),
        (9999001, "FICT-B"),
        (9999002, "FICT"),
    ]


def test_a_repeated_company_and_symbol_is_refused_whatever_its_name() -> None:
    found = read(entry(), entry(title="Another Name"), entry())
    assert found.listings["company_name"].to_list() == ["Fictional Widgets Inc."]
    assert found.refused.select("line", "rule").rows() == [(2, "duplicate"), (3, "duplicate")]
    assert json.loads(found.refused["payload"][0]) == entry(title="Another Name")


ODD = {
    "key as text": entry(cik="9999001"),
    "key with a fraction": entry(cik=9999001.0),
    "key that is a truth value": entry(cik=True),
    "key of zero": entry(cik=0),
    "negative key": entry(cik=-1),
    "key of eleven digits": entry(cik=10**10),
    "no key": entry(cik=None),
    "no symbol": entry(ticker=""),
    "symbol that is a truth value": entry(ticker=True),
    "symbol in small letters": entry(ticker="fict"),
    "symbol with a dot": entry(ticker="FICT.B"),
    "symbol with a blank": entry(ticker="FICT B"),
    "no name": entry(title=" "),
    "name of two lines": entry(title="Fictional\nWidgets"),
    "name that is a number": entry(title=7),
    "another field": entry() | {"exchange": "none"},
    "a field less": {"cik_str": 9999001, "ticker": "FICT"},
    "a list": [9999001, "FICT", "Fictional"],
    "text": "FICT",
    "nothing": None,
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_an_entry_that_is_none_is_refused_as_received(odd: Any) -> None:
    found = read(entry(cik=9999009), odd)
    assert found.listings["cik"].to_list() == [9999009]
    assert found.refused.select("line", "rule").rows() == [(2, "unparsable")]
    assert json.loads(found.refused["payload"][0]) == odd


def test_an_entry_with_a_field_twice_is_refused_and_an_entry_under_a_name_twice_is_not_lost() -> None:
    one, two = json.dumps(entry()), json.dumps(entry(cik=9999002))
    twice = '{"cik_str": 9999003, "cik_str": 9999004, "ticker": "FICT", "title": "Fictional"}'
    found = read_company_list(f'{{"0": {one}, "0": {two}, "1": {twice}}}'.encode(), NAME)
    assert found.listings["cik"].to_list() == [9999001, 9999002]
    assert found.refused.select("line", "rule").rows() == [(3, "unparsable")]
    assert "9999003" in found.refused["payload"][0]


EXCHANGES = b'{"fields": ["cik", "name", "ticker", "exchange"], "data": [[9999001, "Fictional", "FICT", "NYSE"]]}'
NO_LISTS = {
    "HTML": (b"\n<!DOCTYPE html><html></html>", "expected JSON, was an HTML or XML page"),
    "empty": (b" \n", "expected JSON, was an empty file"),
    "cut": (b'{"0":{"cik_str":9999001,"tick', "expected JSON, was: Unterminated string"),
    "UTF-16": ('{"0":{}}'.encode("utf-16"), "expected JSON in UTF-8, was binary or another encoding"),
    "binary": (b'{"0": "\0"}', "expected JSON in UTF-8, was binary"),
    "no entries": (b"{}", "expected an object of companies, was: {}"),
    "a list": (b"[1]", r"expected an object of companies, was: \[1\]"),
    "the list with exchanges": (EXCHANGES, "expected rows that can be read, was 2 refused and 0 kept"),
    "facts of a company": (b'{"cik": 9999001, "facts": {}}', "was 2 refused and 0 kept; first: line 1, unparsable"),
    "nested without end": (b"[" * 100_000, "expected JSON, was: "),
    "an endless number": (b'{"0": ' + b"9" * 5000 + b"}", "expected JSON, was: Exceeds the limit"),
}


@pytest.mark.parametrize(("content", "reason"), NO_LISTS.values(), ids=NO_LISTS)
def test_what_is_not_the_list_is_named_with_the_reason(content: bytes, reason: str) -> None:
    with pytest.raises(SourceError, match=rf"company_tickers\.json: .*{reason}"):
        read_company_list(content, NAME)


PLAIN = json.dumps({str(at): entry(9999000 + at, f"F{at}", f"Fictional {at}") for at in range(8)}).encode()


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_after_flips_every_listing_stands_in_the_text(data: st.DataObject) -> None:
    content = bytearray(PLAIN)
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        found = read_company_list(bytes(content), NAME)
    except SourceError:
        return
    text = content.decode("utf-8-sig")
    for row in found.listings.rows(named=True):
        assert f'"cik_str": {row["cik"]}, ' in text
        assert json.dumps(row["symbol"]) in text or "\\" in text
    entries = json.loads(PLAIN).values()
    whole = {(item["cik_str"], item["ticker"], item["title"]) for item in entries if json.dumps(item) in text}
    assert whole <= set(found.listings.rows())
    assert found.listings.height + found.refused.height in (7, 8, 9)
