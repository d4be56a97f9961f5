"""The file format of level books: what a file may look like, and where exactly a bad one is refused."""

from __future__ import annotations

import csv
import datetime as dt
import os
import re
import time
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines import seeds
from pipelines.contracts.received import BookLevel
from pipelines.seeds.level_book import LevelBookError
from pipelines.seeds.level_book_rules import read_level_books
from pipelines.settings import Settings
from tests.seeds.level_books import COLUMNS, HOUSE, IDS, LATER, NEXT, OWN, ROW, book_text, findings, read

GUIDE = Path(__file__).parents[2] / "docs/level_book.md"


def test_the_houses_book_says_what_the_note_says():
    book = read_level_books(seeds.instruments(is_synthetic=False)["instrument_id"])
    numbers = book.select("level_id", "role", "low", "high", "order_in_chain")
    assert numbers.rows() == [
        ("note-2024-12-02/intermediate-resistance", "intermediate_resistance", 2450.0, 2450.0, None),
        ("note-2024-12-02/key-support", "key_support", 2288.0, 2288.0, None),
        ("note-2024-12-02/next-resistance-1", "next_resistance", 2625.0, 2655.0, 1),
        ("note-2024-12-02/next-support-1", "next_support", 2170.0, 2170.0, 1),
        ("note-2024-12-02/next-support-2", "next_support", 2080.0, 2080.0, 2),
    ]
    same = ("set_id", "book", "author", "instrument_id", "quote_instrument", "horizon", "bias", "method")
    assert set(book.select(same).rows()) == {
        ("note-2024-12-02", "house", "unnamed analyst", "RUT", "RUT_CFD", "medium", "bullish", "unknown")
    }
    assert set(book["published_at"]) == {dt.datetime(2024, 12, 2, 5, tzinfo=dt.UTC)}
    assert book.select(pl.col("valid_from", "valid_to", "supersedes").null_count()).row(0) == (5, 5, 5)
    assert book["source_ref"].str.contains("time of day unknown").all()


def test_the_book_in_the_documentation_is_a_good_one():
    (block,) = re.findall(r"```csv\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    out = read(block)
    assert out["level_id"].to_list() == ["mine/key", "mine/key-2", "mine/next"]
    assert out.filter(supersedes="mine/key")["low"].to_list() == [2330.0]


def test_what_is_left_empty_has_its_meaning_and_columns_stand_in_any_order():
    assert read(book_text({}, columns=COLUMNS[::-1])).row(0, named=True) == {
        **ROW,
        "book": "own",
        "published_at": dt.datetime(2024, 12, 2, 13, 30, tzinfo=dt.UTC),
        "quote_instrument": "RUT",
        "low": 2288.0,
        "high": 2288.0,
        "method": "unknown",
        **dict.fromkeys(("order_in_chain", "valid_from", "valid_to", "supersedes")),
    }


def test_the_first_twenty_findings_are_shown_and_the_rest_counted():
    rows = [{"level_id": f"{number}", "set_id": f"{number}", "low": "0"} for number in range(23)]
    with pytest.raises(LevelBookError) as refusal:
        read(book_text(*rows))
    lines = str(refusal.value).splitlines()
    assert len(refusal.value.findings) == 23
    assert lines[19].startswith("own.csv:21: low: ")
    assert lines[20:] == ["... and 3 more"]


HEADERS = [
    ([*COLUMNS[:-1]], "missing 'supersedes'"),
    ([*COLUMNS, "note"], "unknown 'note'"),
    ([*COLUMNS, "low"], "repeated 'low'"),
    ([" low" if name == "low" else name for name in COLUMNS], "missing 'low'; unknown ' low'"),
    (["Level_id", *COLUMNS[1:]], "missing 'level_id'; unknown 'Level_id'"),
]


@pytest.mark.parametrize(("columns", "expected"), HEADERS)
def test_the_header_names_each_column_once(columns: list[str], expected: str):
    assert findings("# a comment\n\n" + ",".join(columns) + "\n") == [
        f"own.csv:3: expected the columns of a level book, was {expected}"
    ]


@pytest.mark.parametrize(("mark", "name"), [(";", "semicolons"), ("\t", "tabs")])
def test_another_separator_is_guessed_at(mark: str, name: str):
    (finding,) = findings(book_text({}).replace(",", mark))
    assert finding.startswith("own.csv:1: expected the columns of a level book, was missing 'level_id', 'set_id'")
    assert finding.endswith(f"; is the file separated by {name}?")


@pytest.mark.parametrize("content", [b"", b"\n\n", b"# only a comment\n", b"\xef\xbb\xbf", b",,,\n"])
def test_a_file_without_a_header_is_refused(content: bytes):
    assert findings(content) == ["own.csv: expected a header of 17 columns, was an empty file"]


def test_a_book_may_be_empty():
    assert read(book_text()).equals(BookLevel.create_empty())


@pytest.mark.parametrize(("change", "was"), [(("page 3", "page, 3"), 18), ((",bullish", ""), 16)])
def test_a_row_has_as_many_fields_as_the_header(change: tuple[str, str], was: int):
    assert findings(book_text({}).replace(*change)) == [f"own.csv:2: expected 17 fields, was {was}"]


def test_files_that_cannot_be_read_are_named(tmp_path: Path):
    start = "expected a level book, a CSV file, was"
    for path, was in (
        (tmp_path / "none.csv", "unreadable: No such file or directory"),
        (tmp_path, "a folder"),
        (tmp_path / "own.csv" / "x", "unreadable: Not a directory"),
        (tmp_path / ("x" * 300), "unreadable: File name too long"),
        (Path("/dev/null"), "a device or a pipe"),
    ):
        (tmp_path / "own.csv").touch()
        with pytest.raises(LevelBookError) as refusal:
            read_level_books(IDS, path)
        assert refusal.value.findings == [f"{path}: {start} {was}"]


def test_a_file_without_permission_is_named(monkeypatch: pytest.MonkeyPatch):
    def refuse(path: Path) -> bytes:
        raise PermissionError(13, os.strerror(13), str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(LevelBookError, match=r"seeds/house\.csv: expected .* was unreadable: Permission denied"):
        read_level_books(IDS, None, HOUSE)


ACCENTED = book_text({"author": "Ümit"}, NEXT | {"author": "Ümit"})


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + ACCENTED.encode(),
        ACCENTED.replace("\n", "\r\n").encode(),
        ACCENTED.replace("\n", "\r").encode(),
        ACCENTED.rstrip("\n").encode(),
        ACCENTED.replace("\n", '\n\n  \n# x, "y\n').encode() + b',,""\n# "z\n',
    ],
    ids=["mark", "CRLF", "CR", "no last line end", "comments with quotes"],
)
def test_the_same_book_in_other_clothes(content: bytes):
    out = read(content)
    assert out.select("level_id", "author").rows() == [("a", "Ümit"), ("b", "Ümit")]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (ACCENTED.encode("latin-1"), "own.csv:2: expected UTF-8, was byte 0xdc"),
        (ACCENTED.replace("\n", "\r").encode("latin-1"), "own.csv:2: expected UTF-8, was byte 0xdc"),
        (ACCENTED.encode("utf-16"), "own.csv:1: expected UTF-8, was byte 0xff; is the file UTF-16?"),
        (book_text({}).encode("utf-16-le"), "own.csv:1: expected text, was a NUL character"),
        (book_text({}, NEXT).replace("2170", "21\x0070").encode(), "own.csv:3: expected text, was a NUL character"),
    ],
    ids=["latin-1", "latin-1 CR", "utf-16", "utf-16 without a mark", "NUL"],
)
def test_other_encodings_are_refused_with_their_line(content: bytes, expected: str):
    assert findings(content) == [expected]


def test_quotes_hold_commas_quotes_and_hashes():
    out = read(book_text({"level_id": "#1", "source_ref": 'page 3, "top"'}).replace("#1", '"#1"'))
    assert out.select("level_id", "source_ref").rows() == [("#1", 'page 3, "top"')]


def test_lines_are_counted_past_line_breaks_in_quotes():
    found = findings(book_text({"source_ref": "one\r\ntwo\nthree"}, NEXT | {"low": "x"}))
    assert [finding.split(": expected")[0] for finding in found] == ["own.csv:2: source_ref", "own.csv:5: low"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("page 3", '"page 3'), "own.csv:2: expected comma separated fields, was unreadable: unexpected end of data"),
        (("page 3", '"page" 3'), "own.csv:2: expected comma separated fields, was unreadable: ',' expected after '\"'"),
    ],
)
def test_stray_quotes_are_refused(change: tuple[str, str], expected: str):
    assert findings(book_text({}, NEXT).replace(*change, 1)) == [expected]


def test_two_stray_quotes_do_not_make_one_row_of_two():
    text = book_text({"source_ref": "ONE"}, NEXT | {"source_ref": "TWO"})
    text = text.replace("ONE", '"one').replace("TWO", 'two"')
    _, first, second = text.splitlines(keepends=True)
    assert len(next(csv.reader([first, second]))) == len(COLUMNS), "expected a record that looks whole"
    (finding,) = findings(text)
    assert finding.startswith("own.csv:2: source_ref: expected text without control characters, line breaks")


def test_ten_thousand_rows_are_read_at_once():
    start = dt.datetime(2000, 1, 3, 9, tzinfo=dt.UTC)
    revisions = [
        {
            "level_id": f"r{number}",
            "published_at": (start + dt.timedelta(hours=number)).isoformat(),
            "supersedes": f"r{number - 1}" if number else "",
        }
        for number in range(5_000)
    ]
    chain = [NEXT | {"level_id": f"c{number}", "order_in_chain": str(number + 1)} for number in range(5_000)]
    text = book_text(*revisions, *chain)
    began = time.perf_counter()
    out = read(text)
    assert time.perf_counter() - began < 6, "expected a second or two"
    assert out["level_id"].to_list() == sorted(row["level_id"] for row in (*revisions, *chain))


def test_the_own_book_is_a_setting(monkeypatch: pytest.MonkeyPatch):
    assert Settings().level_book is None
    monkeypatch.setenv("MARKET_LEVEL_BOOK", "own.csv")
    assert Settings().level_book == OWN


FUZZED = (
    "# mine, from 'the' \"old\" file\n"
    + book_text(
        {"source_ref": 'page 3, "top"'},
        NEXT,
        LATER | {"level_id": "c"},
        NEXT | {"level_id": "d", "order_in_chain": "2"},
    )
).encode()
PIECES = rb', " "" ,"a", # ; 0 9 . - a nan b =cmd()'.split(b" ")
ODD_PIECES = [b" ", b"\n", b"\r", b"\r\n", b"\n#", b"\0", b"\xff", b"\xef\xbb\xbf", b"\xc3\xbc"]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=st.lists(
        st.tuples(
            st.integers(0, len(FUZZED)), st.sampled_from([0, 0, 1, 2, 30]), st.sampled_from([*PIECES, *ODD_PIECES])
        ),
        min_size=1,
        max_size=3,
    )
)
def test_of_a_damaged_book_all_rows_come_back_or_none(changes: list[tuple[int, int, bytes]]):
    content = FUZZED
    for at, removed, piece in changes:
        content = content[:at] + piece + content[at + removed :]
    try:
        out = read(content)
    except LevelBookError as error:
        odd = [finding for finding in error.findings if not re.match(r"own\.csv(:\d+)?: ", finding)]
    else:
        odd = _differences(out, content.decode("utf-8-sig"))
    assert not odd


def _differences(out: pl.DataFrame, text: str) -> list[str]:
    """Return the lines that came back otherwise: each that is neither blank nor a comment is a row of its own."""
    lines = [line for line in re.split("\r\n|\r|\n", text) if line.strip(' ,"') and not line.startswith("#")]
    header, *cells = [next(csv.reader([line])) for line in lines]
    rows = {row["level_id"]: row for row in (dict(zip(header, row, strict=True)) for row in cells)}
    found = {row["level_id"]: row for row in out.iter_rows(named=True)}
    if len(cells) != len(out) or rows.keys() != found.keys():
        return lines
    texts = ("set_id", "author", "source_ref", "instrument_id", "role", "horizon", "bias")
    return [
        level_id
        for level_id, row in rows.items()
        if float(row["low"]) != found[level_id]["low"] or any(row[name] != found[level_id][name] for name in texts)
    ]
