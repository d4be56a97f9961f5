"""Archives of filings that are damaged or something else: an error names the file and the reason."""

from __future__ import annotations

import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.sources import archive_table
from pipelines.sources.base import SourceError
from pipelines.sources.financial_statements import read_financial_statements
from tests.sources.statement_files import WHOLE_NUM as NUM
from tests.sources.statement_files import WHOLE_SUB as SUB
from tests.sources.statement_files import naming, read, write_archive

WHOLE = {"sub.txt": SUB, "num.txt": NUM}
BROKEN = {
    "empty": (b"", "expected a sound zip archive, was: File is not a zip file"),
    "HTML": (b"\n<!DOCTYPE html><html>denied</html>", "expected a zip archive, was an HTML or XML page"),
    "JSON": (b'{"message": "no"}', "expected a sound zip archive, was: File is not a zip file"),
}


@pytest.mark.parametrize(("content", "reason"), BROKEN.values(), ids=BROKEN)
def test_what_is_no_archive_is_named_with_the_reason(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "2024q4.zip"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=rf"2024q4\.zip: {reason}"):
        read_financial_statements(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"2024q4\.zip: expected a file that can be read, was: No such file"):
        read_financial_statements(tmp_path / "2024q4.zip")


MEMBERS = {
    "no num": ({"sub.txt": SUB, "tag.txt": ""}, r"expected one member num\.txt, was 0 among: sub\.txt, tag\.txt"),
    "notes": ({"sub.tsv": SUB, "num.tsv": NUM}, r"expected one member sub\.txt, was 0 among: sub\.tsv, num\.tsv"),
    "elsewhere": ({"../sub.txt": SUB, "/num.txt": NUM}, r"expected one member sub\.txt, was 0 among: \.\./sub\.txt"),
    "nothing in sub": ({"sub.txt": "", "num.txt": NUM}, r"sub\.txt: expected a header and rows, was empty"),
    "HTML in num": ({"sub.txt": SUB, "num.txt": "<html>\n"}, r"num\.txt: expected a column segments, was none"),
    "cut in a line": (
        {"sub.txt": SUB, "num.txt": NUM[:-1]},
        r"num\.txt: expected a last line .* was cut after line 13",
    ),
    "cut in the header": ({"sub.txt": SUB[:20], "num.txt": NUM}, r"sub\.txt: expected a last line .*after line 0"),
    "a column twice": ({"sub.txt": SUB, "num.txt": NUM.replace("coreg", "adsh", 1)}, "one column adsh, was 2 among"),
    "no column": (
        {"sub.txt": SUB.replace("nciks", "n", 1), "num.txt": NUM},
        "one column nciks, was 0 among: adsh, cik",
    ),
    "UTF-16": ({"sub.txt": SUB.encode("utf-16"), "num.txt": NUM}, r"sub\.txt: expected"),
    "UTF-16 in num": ({"sub.txt": SUB, "num.txt": NUM.encode("utf-16-le")}, r"num\.txt: expected"),
}


@pytest.mark.parametrize(("members", "reason"), MEMBERS.values(), ids=MEMBERS)
def test_an_archive_without_the_two_tables_is_named_with_the_reason(
    tmp_path: Path, members: dict[str, str | bytes], reason: str
) -> None:
    folder = tmp_path / "within"
    folder.mkdir()
    path = write_archive(folder / "2024q4.zip", members)
    with pytest.raises(SourceError, match=rf"2024q4\.zip: (.*){reason}"):
        read_financial_statements(path)
    assert [item.name for item in (*tmp_path.iterdir(), *folder.iterdir())] == ["within", "2024q4.zip"]


def test_a_member_there_twice_or_packed_otherwise_is_refused(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "q.zip", {"sub.txt": SUB, "num.txt": NUM})
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("num.txt", NUM)
    with pytest.raises(SourceError, match=r"q\.zip: expected one member num\.txt, was 2 among"):
        read_financial_statements(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("sub.txt", SUB)
    with pytest.raises(SourceError, match=r"q\.zip: sub\.txt: expected a stored or deflated member, was method 12"):
        read_financial_statements(path)


def test_a_locked_member_is_refused(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "q.zip", WHOLE)
    content = bytearray(path.read_bytes())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + at] |= 1
    path.write_bytes(content)
    with pytest.raises(SourceError, match=r"q\.zip: sub\.txt: expected a sound zip archive, was: .*encrypted"):
        read_financial_statements(path)


def test_a_member_of_a_size_that_no_quarter_has_is_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_archive(tmp_path / "q.zip", {"sub.txt": SUB, "num.txt": "0" * 5000})
    monkeypatch.setattr(archive_table, "_LARGEST_BYTES", 4000)
    with pytest.raises(SourceError, match=r"q\.zip: num\.txt: expected at most 4000 bytes, was said to be 5000"):
        read_financial_statements(path)


def test_a_member_that_is_larger_than_it_says_is_damaged(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "q.zip", {"num.txt": NUM, "sub.txt": SUB})
    content = path.read_bytes()
    size = len(NUM.encode()).to_bytes(4, "little")
    path.write_bytes(content.replace(size, (len(NUM.split("\n")[0]) + 1).to_bytes(4, "little")))
    with pytest.raises(SourceError, match=r"q\.zip: num\.txt: expected a sound zip archive, was: Bad CRC-32"):
        read_financial_statements(path)


def test_text_without_lines_is_refused_before_all_of_it_is_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_table, "_PIECE_BYTES", 1000)
    with pytest.raises(SourceError, match=r"num\.txt: expected lines, was none in 1000 bytes after line 14"):
        read(tmp_path, SUB, NUM + "0" * 3000)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_flip_in_an_archive_is_an_error_or_changes_nothing(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = write_archive(Path(folder) / "q.zip", WHOLE)
        plain, content = read_financial_statements(path), bytearray(path.read_bytes())
        for _ in range(data.draw(st.integers(1, 3))):
            content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
        path.write_bytes(content)
        with naming("q.zip: "):
            found = read_financial_statements(path)
            assert found.facts.equals(plain.facts)
            assert found.filings.equals(plain.filings)
            assert found.refused.equals(plain.refused)


@settings(max_examples=30, deadline=None)
@given(st.floats(0, 1, exclude_max=True))
def test_a_cut_archive_is_always_an_error(share: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = write_archive(Path(folder) / "q.zip", WHOLE)
        content = path.read_bytes()
        path.write_bytes(content[: int(share * len(content))])
        with pytest.raises(SourceError, match=r"q\.zip: expected a sound zip archive"):
            read_financial_statements(path)
