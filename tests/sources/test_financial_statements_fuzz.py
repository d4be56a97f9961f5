"""Tables of filings that were damaged before they were packed: no accepted row is a wrong one, none is lost unseen."""

from __future__ import annotations

import datetime as dt
import itertools
import re
import tempfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.sources.financial_statements import FinancialStatements
from tests.sources.statement_files import NUM_COLUMNS, SECOND, SUB_COLUMNS, naming, num_text, read, sub_text
from tests.sources.statement_files import WHOLE_NUM as NUM
from tests.sources.statement_files import WHOLE_SUB as SUB

_FACT_CELLS = {
    "adsh": "adsh",
    "tag": "tag",
    "version": "taxonomy",
    "uom": "unit_of_measure",
    "segments": "segments",
    "coreg": "coregistrant",
}


def facts_of(lines: list[str]) -> dict[int, tuple]:
    """Return the cells of each line of num that spell a fact, by its number: the plain reading, in plain Python."""
    return {number: fact for number, line in enumerate(lines, 1) if (fact := _fact(line)) is not None}


def _fact(line: str) -> tuple | None:
    cells = line.split("\t")
    if len(cells) != len(NUM_COLUMNS):
        return None
    row = dict(zip(NUM_COLUMNS, cells, strict=True))
    try:
        day = dt.date(int(row["ddate"][:4]), int(row["ddate"][4:6]), int(row["ddate"][6:]))
        value = float(row["value"]) if row["value"] else None
        return (*(row[name] for name in _FACT_CELLS), day, int(row["qtrs"]), value)
    except ValueError:
        return None


def accepted(found: FinancialStatements) -> dict[int, tuple]:
    """Return what was read as a fact, by line."""
    columns = (*_FACT_CELLS.values(), "fact_date", "quarters", "fact_value")
    lines = found.facts["locator"].str.extract(r":(\d+)$").cast(pl.Int64)
    return dict(zip(lines, found.facts.select(columns).rows(), strict=True))


def read_text(sub: str | bytes, num: str | bytes) -> FinancialStatements | None:
    """Read two tables; None where they are refused as a whole, with the file's name."""
    with tempfile.TemporaryDirectory() as folder, naming("quarter.zip: "):
        return read(Path(folder), sub, num)
    return None


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_after_flips_in_num_every_fact_is_what_its_line_says_and_no_whole_line_is_lost(data: st.DataObject) -> None:
    header = NUM.index("\n") + 1
    content = bytearray(NUM.encode())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(header, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    found = read_text(SUB, bytes(content))
    if found is None:
        return
    lines = content.decode("utf-8", errors="replace").replace("\r\n", "\n").split("\n")
    spelled, read_as = facts_of(lines), accepted(found)
    assert {line: spelled[line] for line in read_as} == read_as
    plain = accepted(read_text(SUB, NUM))  # type: ignore[arg-type]  # the plain file is read
    whole = {fact for line, fact in plain.items() if NUM.split("\n")[line - 1] in lines}
    assert whole <= set(read_as.values())
    refused = set(found.refused["line"])
    assert not refused & set(read_as)
    for number, line in enumerate(lines[1:-1], 2):
        if line not in NUM.split("\n") and line.count("\t") != len(NUM_COLUMNS) - 1:
            assert number in refused


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_after_flips_in_sub_every_filing_is_what_its_line_says_and_no_whole_line_is_lost(data: st.DataObject) -> None:
    header = SUB.index("\n") + 1
    content = bytearray(SUB.encode())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(header, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    found = read_text(bytes(content), NUM)
    if found is None:
        return
    lines = content.decode("utf-8", errors="replace").replace("\r\n", "\n").split("\n")
    names = {"adsh": "adsh", "name": "filer_name", "form": "form"}
    for filing in found.filings.rows(named=True):
        row = dict(zip(SUB_COLUMNS, lines[int(filing["locator"].rsplit(":", 1)[1]) - 1].split("\t"), strict=True))
        assert {name: row[name] for name in names} == {name: filing[ours] for name, ours in names.items()}
        assert (int(row["cik"]), row["filed"]) == (filing["cik"], f"{filing['filed']:%Y%m%d}")
        if filing["accepted"] is not None:
            wall_clock = filing["accepted"].astimezone(dt.timezone(dt.timedelta(hours=-5)))
            assert row["accepted"] == f"{wall_clock:%Y-%m-%d %H:%M:%S}.0"
    kept = set(found.filings["adsh"])
    annual = [line.split("\t")[0] for line in SUB.split("\n") if re.search(r"\t(10-K|20-F)\t", line) and line in lines]
    assert set(annual) <= kept
    assert set(found.facts["adsh"]) <= kept


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(NUM)))
def test_num_that_was_cut_is_an_error_unless_it_ends_with_a_line(length: int) -> None:
    found = read_text(SUB, NUM[:length])
    assert (found is None) == (not NUM[:length].endswith("\n"))
    if found is not None:
        plain = accepted(read_text(SUB, NUM))  # type: ignore[arg-type]  # the plain file is read
        assert accepted(found) == {line: fact for line, fact in plain.items() if line <= NUM[:length].count("\n")}


UNSEEN = {frozenset(pair) for pair in (("countryba", "countryinc"), ("sic", "nciks"), ("coreg", "footnote"))}
"""Columns that hold the like of one another, so that no row shows that their names changed places."""


def swapped(text: str, one: str, other: str, with_cells: bool) -> str:
    """Return a table with two columns in each other's place, or with their names alone."""
    header, *lines = text.split("\n")
    names = header.split("\t")
    order = list(range(len(names)))
    at, to = names.index(one), names.index(other)
    order[at], order[to] = to, at
    moved = ["\t".join(line.split("\t")[place] for place in order) if line and with_cells else line for line in lines]
    return "\n".join(["\t".join(names[place] for place in order), *moved])


@pytest.mark.parametrize(
    ("one", "other"),
    [pair for pair in itertools.combinations(NUM_COLUMNS, 2) if frozenset(pair) not in UNSEEN],
)
def test_columns_of_num_may_stand_anywhere_but_not_under_another_name(tmp_path: Path, one: str, other: str) -> None:
    plain = read(tmp_path, SUB, NUM)
    moved = read(tmp_path, SUB, swapped(NUM, one, other, with_cells=True))
    assert moved.facts.equals(plain.facts)
    assert moved.refused.is_empty()
    renamed = read_text(SUB, swapped(NUM, one, other, with_cells=False))
    assert renamed is None or (set(accepted(renamed).items()) <= set(accepted(plain).items()))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pair
        for pair in itertools.combinations(
            ("adsh", "cik", "name", "sic", "countryba", "countryinc", "form", "period", "filed", "accepted", "nciks"), 2
        )
        if frozenset(pair) not in UNSEEN
    ],
)
def test_columns_of_sub_may_stand_anywhere_but_not_under_another_name(tmp_path: Path, one: str, other: str) -> None:
    plain = read(tmp_path, SUB, NUM)
    moved = read(tmp_path, swapped(SUB, one, other, with_cells=True), NUM)
    assert moved.filings.equals(plain.filings)
    renamed = read_text(swapped(SUB, one, other, with_cells=False), NUM)
    assert renamed is None or renamed.filings.join(plain.filings, on=plain.filings.columns, how="anti").is_empty()


def test_other_encodings_keep_out_the_rows_that_they_spoil(tmp_path: Path) -> None:
    sub = sub_text({"name": "WIDGÉTS"}, {"adsh": SECOND})
    num = num_text({"segments": "Geographical=Québec;"}, {"footnote": "é"}, {"adsh": SECOND})
    right = read(tmp_path, sub, num)
    assert (right.filings["filer_name"][0], right.facts["segments"][0]) == ("WIDGÉTS", "Geographical=Québec;")
    wrong = read(tmp_path, sub_text({}, {"adsh": SECOND}), num.encode("latin-1"))
    assert wrong.refused.select("member", "line", "rule").rows() == [("num.txt", 2, "unparsable")]
    assert wrong.facts.height == 2
    wrong = read(tmp_path, sub.encode("latin-1"), num_text({"adsh": SECOND}))
    assert wrong.refused.select("member", "line", "rule").rows() == [("sub.txt", 2, "unparsable")]
