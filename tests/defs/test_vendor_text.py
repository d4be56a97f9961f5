"""Text of vendors is text: never a path, never SQL, never markup, whatever it says."""

from __future__ import annotations

import html
import re
import tempfile
from pathlib import Path

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.contracts import core, raw
from pipelines.defs.tables import _cell, as_markdown
from pipelines.projections.duckdb import select_from_parquet
from pipelines.storage.compaction import Folding, compact
from pipelines.storage.lake import Lake
from tests.frames import days
from tests.storage.raw_rows import bars

HOSTILE = [
    "../../x",
    "/etc/passwd",
    "C:\\x",
    "'; DROP TABLE core.bar; --",
    '"; DROP TABLE core.bar; --',
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "a|b",
    "two\nlines",
    "two\r\nlines",
    "![x](http://127.0.0.1/x.png)",
    "[x](javascript:alert(1))",
    "`code`",
    "&lt;script&gt;",
    "{curly} %s $1 ?",
    "\u202egnp.exe",
    "\x00",
    "*",
    "bucket=01",
    "",
]
TEXT = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=30))
A_FILE = re.compile(r"raw/stock_bar/bucket=0[0-3]/part-\d{6}(-\d{6})?\.parquet")


@given(TEXT)
def test_a_cell_of_a_preview_holds_no_markup_and_says_what_it_was(text: str) -> None:
    cell = _cell(text)
    assert not set(cell) & set("<>|`[\n\r")
    assert html.unescape(cell) == text.replace("\n", " ").replace("\r", " ")


@given(st.lists(TEXT, min_size=1, max_size=5))
def test_a_preview_has_one_line_for_each_row_and_as_many_cells(texts: list[str]) -> None:
    frame = pl.DataFrame({"ticker": texts, "holding_name": texts[::-1]})
    lines = re.split(r"\r\n|\r|\n", as_markdown(frame))
    assert len(lines) == len(texts) + 2
    assert {line.count("|") for line in lines} == {3}


@settings(max_examples=15, deadline=None)
@given(names=st.lists(TEXT, min_size=1, max_size=6, unique=True))
def test_a_name_of_a_vendor_is_no_name_of_a_file_and_comes_back_as_it_was(names: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "inner", "lake")
        lake = Lake(root, buckets=4)
        for day in days(2):
            lake.append(raw.StockBar, bars(names, [day]))
        compact(lake, raw.StockBar, Folding(least_files=2))
        written = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
        assert all(A_FILE.fullmatch(name) for name in written), written
        assert [path.name for path in Path(folder).iterdir()] == ["inner"]
        assert [path.name for path in root.parent.iterdir()] == ["lake"]
        assert set(lake.read(raw.StockBar)["instrument_id"]) == set(names)


@pytest.mark.parametrize("name", [text for text in HOSTILE if "\x00" not in text])
def test_a_name_of_a_vendor_is_a_value_in_sql(tmp_path: Path, name: str) -> None:
    lake = Lake(tmp_path)
    lake.append(raw.StockBar, bars([name], days(1)))
    select = select_from_parquet(raw.StockBar, lake.files(raw.StockBar))
    assert duckdb.sql(select).pl()["instrument_id"].to_list() == [name]
    assert name not in select or name in ("", "*")


def test_only_the_preview_is_markup_and_no_module_builds_sql_from_values() -> None:
    """Markdown is written in one place, which escapes; SQL is put together where only contracts give the names."""
    package = Path(core.__file__).parents[2]
    texts = {path.relative_to(package).as_posix(): path.read_text() for path in package.rglob("*.py")}
    assert [name for name, text in texts.items() if "MetadataValue.md" in text] == ["defs/tables.py"]
    builds = re.compile(r"""f["']+[^"'\n]*\b(SELECT|INSERT|CREATE|DROP|ATTACH|DELETE)\b""")
    assert {name for name, text in texts.items() if builds.search(text)} <= {
        "projections/duckdb.py",
        "storage/warehouse.py",
        "storage/published_table.py",
        "report/summary.py",
    }
