"""Made-up quarters in the layout of the SEC's Financial Statement Data Sets, for tests."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from pipelines.sources.base import SourceError
from pipelines.sources.financial_statements import FinancialStatements, read_financial_statements

SUB_COLUMNS = (
    *("adsh", "cik", "name", "sic", "countryba", "stprba", "countryinc", "ein", "fye", "form", "period", "fy", "fp"),
    *("filed", "accepted", "prevrpt", "detail", "instance", "nciks", "aciks"),
)
NUM_COLUMNS = ("adsh", "tag", "version", "ddate", "qtrs", "uom", "segments", "coreg", "value", "footnote")
ADSH = "0000999901-24-000001"
OTHER = "0000999903-24-000003"
"""A filing that is in sub where a test puts it there."""
QUARTERLY = "0000999902-24-000002"
"""A filing that is no annual report."""
_SUB_ROW = {
    "adsh": ADSH,
    "cik": "9999001",
    "name": "FICTIONAL WIDGETS INC",
    "sic": "3711",
    "countryba": "US",
    "stprba": "MI",
    "countryinc": "US",
    "fye": "1231",
    "form": "10-K",
    "period": "20231231",
    "fy": "2023",
    "fp": "FY",
    "filed": "20240201",
    "accepted": "2024-02-01 16:05:00.0",
    "prevrpt": "0",
    "detail": "1",
    "nciks": "1",
}
_NUM_ROW = {
    "adsh": ADSH,
    "tag": "Revenues",
    "version": "us-gaap/2023",
    "ddate": "20231231",
    "qtrs": "4",
    "uom": "USD",
    "value": "1000.0000",
}
Rows = Sequence[Mapping[str, str] | str]
"""Rows as cells that differ from those of a plain row, or as a whole line."""


def table(columns: Sequence[str], plain: Mapping[str, str], rows: Rows) -> str:
    """Return a table as text, every line ended."""
    lines = [
        row if isinstance(row, str) else "\t".join((plain | row).get(name, "") for name in columns) for row in rows
    ]
    return "\n".join(["\t".join(columns), *lines, ""])


def sub_text(*rows: Mapping[str, str] | str) -> str:
    """Return sub with so many rows, by default one annual report and one quarterly one."""
    plain = ({}, {"adsh": QUARTERLY, "form": "10-Q", "period": "20230930"})
    return table(SUB_COLUMNS, _SUB_ROW, rows or plain)


def num_text(*rows: Mapping[str, str] | str) -> str:
    """Return num with so many rows, by default one."""
    return table(NUM_COLUMNS, _NUM_ROW, rows or ({},))


def write_archive(path: Path, members: Mapping[str, str | bytes]) -> Path:
    """Write a zip archive of members by name."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def read(folder: Path, sub: str | bytes | None = None, num: str | bytes | None = None) -> FinancialStatements:
    """Read an archive of two tables, each the default one where it is not given."""
    members = {"sub.txt": sub_text() if sub is None else sub, "num.txt": num_text() if num is None else num}
    return read_financial_statements(write_archive(folder / "quarter.zip", members))


def refusals(found: FinancialStatements) -> list[tuple[str, int, str]]:
    """Return member, line and rule of every refused row."""
    return found.refused.select("member", "line", "rule").rows()


@contextmanager
def naming(file_name: str) -> Iterator[None]:
    """Let an error of the source pass that names the file."""
    try:
        yield
    except SourceError as error:
        if file_name not in str(error):
            raise AssertionError(f"expected {file_name} in the error") from error


# A quarter to damage

SECOND = "0000999905-24-000005"
WHOLE_SUB = sub_text(
    {},
    {"adsh": SECOND, "cik": "9999005", "name": "MADE UP MEDIA plc", "form": "20-F", "sic": "7372", "countryba": "GB"},
    *({"adsh": f"0000999{number}-24-000009", "form": "10-Q"} for number in range(100, 104)),
    *({"adsh": f"0000999{number}-24-000008", "cik": f"1000{number}"} for number in range(200, 206)),
)
WHOLE_NUM = num_text(
    *(
        {"segments": f"Geographical={member};", "value": f"{at}13484.2500"}
        for at, member in enumerate(("US", "CA", "CN"))
    ),
    *({"tag": tag, "footnote": "a note"} for tag in ("Assets", "Revenues", "CostOfRevenue")),
    *({"adsh": SECOND, "tag": "Revenue", "version": "ifrs/2023", "ddate": f"20{year}1231"} for year in (21, 22, 23)),
    *({"adsh": SECOND, "tag": "Revenue", "uom": "EUR", "qtrs": str(quarters)} for quarters in (1, 2, 4)),
    {"coreg": "WidgetsLLC", "segments": "BusinessSegments=AmericasSegment;Geographical=US;", "value": "-1.0000"},
)
