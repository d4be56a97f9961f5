"""The sample's filings: made-up annual reports as the SEC's quarterly statement sets hold them.

Belongs here: which company files what when, and the archive. Not here: what a report states (``sample_company``).
"""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Iterator

from pipelines.sources.sample_company import Company, companies, revenue_lines

Lines = list[tuple[str, str, float]]
"""Tag, segments and value of each revenue that a report states."""
Filing = tuple[dict[str, str], Lines]
"""The row of the sub table by column, and the revenues."""
_ZIP_DATE = (2024, 12, 31, 0, 0, 0)
_SUB = ("adsh", "cik", "name", "sic", "countryba", "countryinc", "fye", "form", "period", "fy", "fp", "filed",
        "accepted", "prevrpt", "detail", "nciks")  # fmt: skip
_NUM = ("adsh", "tag", "version", "ddate", "qtrs", "uom", "segments", "coreg", "value", "footnote")


def filings_by_quarter(today: dt.date) -> dict[str, list[Filing]]:
    """Return the filings of each quarter that is over: the header of each, and its revenue lines."""
    found: dict[str, list[Filing]] = {}
    for company in companies():
        for filed, form, year, lines in _reports(company):
            quarter = f"{filed.year}q{(filed.month - 1) // 3 + 1}"
            ends = dt.date(filed.year, (filed.month - 1) // 3 * 3 + 1, 1) + dt.timedelta(days=92)
            if ends <= today:
                found.setdefault(quarter, []).append((_header(company, filed, form, year), lines))
    return found


def _reports(company: Company) -> Iterator[tuple[dt.date, str, int, Lines]]:
    """Yield date, form, fiscal year and revenue lines of each report of a company."""
    if company.way == "no_filing":
        return
    form = "20-F" if company.way == "euro" else "10-K"
    for year in (2021, 2022, 2023):
        if company.way == "stale" and year > 2021:
            return
        filed = dt.date(year + 1, 2, 5) + dt.timedelta(days=company.number % 40)
        lines = revenue_lines(company, year)
        if company.way == "amendment" and year == 2023:
            yield filed, form, year, lines[:1]
            yield dt.date(2024, 8, 14), "10-K/A", year, lines
        else:
            yield filed, form, year, lines


def _header(company: Company, filed: dt.date, form: str, year: int) -> dict[str, str]:
    country = "DE" if company.way == "euro" else "US"
    suffix = 9 if form.endswith("/A") else 1
    return {
        "adsh": f"{company.cik:010d}-{filed:%y}-{suffix:06d}",
        "cik": str(company.cik),
        "name": company.name,
        "sic": "9999",
        "countryba": country,
        "countryinc": country,
        "fye": "1231",
        "form": form,
        "period": f"{year}1231",
        "fy": str(year),
        "fp": "FY",
        "filed": f"{filed:%Y%m%d}",
        "accepted": f"{filed} 16:05:00.0",
        "prevrpt": "0",
        "detail": "1",
        "nciks": "1",
    }


def statement_set(filings: list[Filing]) -> bytes:
    """Return a statement set: tab separated tables of filings and numbers in a zip archive."""
    sub, num = ["\t".join(_SUB)], ["\t".join(_NUM)]
    for header, lines in filings:
        sub.append("\t".join(header[name] for name in _SUB))
        currency = "EUR" if header["form"] == "20-F" else "USD"
        for tag, segments, value in lines:
            cells = (
                header["adsh"],
                tag,
                "us-gaap/2023",
                header["period"],
                "4",
                currency,
                segments,
                "",
                f"{value:.4f}",
                "",
            )
            num.append("\t".join(cells))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, rows in (("sub.txt", sub), ("num.txt", num)):
            archive.writestr(zipfile.ZipInfo(name, _ZIP_DATE), "\n".join(rows) + "\n", zipfile.ZIP_DEFLATED)
    return out.getvalue()
