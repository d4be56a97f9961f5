"""Annual reports and the revenues they state, from a quarter of the SEC's Financial Statement Data Sets.

Belongs here: which filings and facts of the tables sub and num are kept, and which rules their rows may break.
Not here: going through a table (``statement_table``), or which filing or fact counts (``transforms``).
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import polars as pl

from pipelines.contracts.vocabulary import REVENUE_TAGS
from pipelines.sources.archive_table import TableLines, opened_archive, table_lines
from pipelines.sources.base import SourceError
from pipelines.sources.refusal import refused_frame, require_mostly_kept
from pipelines.sources.statement_cell import (
    date,
    decimal,
    end_of,
    midnight,
    moment,
    positive_number,
    shaped,
    whole_number,
)
from pipelines.sources.statement_table import Column, Judge, Sifted, cell, holds_any, refused_of, sift

ANNUAL_FORMS = tuple(form + ending for form in ("10-K", "10-KT", "20-F", "40-F") for ending in ("", "/A"))
YEAR_QUARTERS = 4
SUB, NUM = "sub.txt", "num.txt"

_MOST_DAYS_APART = 31
"""A filing that was accepted and filed farther apart has one of the two wrong; real ones differ by up to 4 days."""
_ACCESSION = "[0-9]{10}-[0-9]{2}-[0-9]{6}"
_COUNTRY = "^[A-Z0-9]{2,3}$"
_AXES = r"(?:[\w.-]+=[\w.-]+;)"
_FILING_COLUMNS = (
    Column("adsh", "adsh", shaped(f"^{_ACCESSION}$")),
    Column("cik", "cik", positive_number(10)),
    Column("filer_name", "name", shaped(r"^[^[:cntrl:]\x{FFFD}]+$")),
    Column("sic", "sic", whole_number(4), may_be_empty=True),
    Column("country_business", "countryba", shaped(_COUNTRY), may_be_empty=True),
    Column("country_incorporated", "countryinc", shaped(_COUNTRY), may_be_empty=True),
    Column("form", "form", shaped(".")),
    Column("period_end", "period", date, may_be_empty=True),
    Column("filed", "filed", date),
    Column("accepted", "accepted", moment, may_be_empty=True),
    Column("filers", "nciks", positive_number(4)),
)
_FACT_COLUMNS = (
    Column("adsh", "adsh", shaped(f"^{_ACCESSION}$")),
    Column("tag", "tag", shaped(".")),
    Column("taxonomy", "version", shaped(rf"^(?:[a-z][\w.-]*(?:/[\w.-]+)?|{_ACCESSION})$")),
    Column("fact_date", "ddate", date),
    Column("quarters", "qtrs", whole_number(8)),
    Column("unit_of_measure", "uom", shaped(r"^[\w./-]+$")),
    Column("segments", "segments", shaped(f"^{_AXES}*$")),
    Column("coregistrant", "coreg", shaped(r"^[\w.-]*$")),
    Column("fact_value", "value", decimal, may_be_empty=True),
)
_FACT_KEY = [column.name for column in _FACT_COLUMNS if column.name != "fact_value"]


class RowCounts(NamedTuple):
    """How many rows were read, headers left out, and how many of them were kept."""

    sub_rows: int
    num_rows: int
    filings: int
    facts: int


class FinancialStatements(NamedTuple):
    """What one quarter says of annual revenues.

    Attributes:
        filings: ``raw.Filing`` short of known_basis, source, payload_hash and fetched_at; in order of the file.
        facts: ``raw.FilingFact`` short of payload_hash; in order of the file.
        refused: ``RefusedRow`` and ``member``, the table that the row stands in.
        counts: Rows read and kept.
    """

    filings: pl.DataFrame
    facts: pl.DataFrame
    refused: pl.DataFrame
    counts: RowCounts


def read_financial_statements(path: Path) -> FinancialStatements:
    """Read annual reports, and the revenues of full years that they state, from a quarterly archive.

    Kept are filings of ``ANNUAL_FORMS`` and their facts with a tag of ``REVENUE_TAGS`` over four quarters, whatever
    their axes. A filing is known from its acceptance, which the SEC gives in New York time, but not before the day of
    filing begins there; without acceptance from the end of that day. Differing values under one key are numbered in
    order of the file; a repeated one is one.

    Refused are rows with too few or too many cells (``wrong_width``), rows of an annual form or a revenue tag with a
    cell that is not what its column holds (``unparsable``), a further row of an accession number (``duplicate``), and
    revenues whose filing is not in sub or was refused there (``no_filing``).

    Memory holds a piece of a table at a time, and what was kept of it.

    Raises:
        SourceError: naming the file: it is no sound archive, a table or column is absent (num had no segments before
            December 2024), or more rows were refused than kept, so that the file is not what it should be.
    """
    folder = f"{path.parent.name}/{path.name}"
    with opened_archive(path) as archive:
        sub, others = _sifted_filings(table_lines(archive, path, SUB))
        num = _sifted_facts(table_lines(archive, path, NUM), sub.kept["adsh"], others)
    filings, facts = _filings(sub.kept, f"{folder}/{SUB}:"), _facts(num.kept, f"{folder}/{NUM}:")
    refused = pl.concat(
        refused_frame(table.refused).with_columns(member=pl.lit(member)) for table, member in ((sub, SUB), (num, NUM))
    )
    return FinancialStatements(filings, facts, refused, RowCounts(sub.rows, num.rows, filings.height, facts.height))


# Filings


def _sifted_filings(table: TableLines) -> tuple[Sifted, pl.Series]:
    """Return the annual reports of sub, and the accession numbers of its other filings."""
    every = pl.lit(value=True)
    sound, refused, rows = sift(table, Judge(_FILING_COLUMNS, near=every, rule=_filing_rule(), wanted=every))
    is_annual = pl.col("form").is_in(ANNUAL_FORMS)
    annual = sound.filter(is_annual)
    kept = annual.filter(pl.col("adsh").is_first_distinct())
    again = annual.filter(~pl.col("adsh").is_first_distinct()).with_columns(rule=pl.lit("duplicate"))
    refused += refused_of(again, table)
    require_mostly_kept(table.place, refused, kept.height)
    return Sifted(kept, refused, rows), sound.filter(~is_annual)["adsh"]


def _filing_rule() -> pl.Expr:
    """Return the rule that a row of sub breaks; one of another form may hold what it likes, one without may not be."""
    is_annual = cell("form").is_in(ANNUAL_FORMS)
    days_apart = (pl.col("accepted").dt.date() - pl.col("filed")).dt.total_days().abs()
    is_sound = pl.col("is_readable") & (days_apart <= _MOST_DAYS_APART).fill_null(value=True)
    is_mixed_up = ~is_annual & ((cell("form") == "") | holds_any(_FILING_COLUMNS, ANNUAL_FORMS))
    return pl.when((is_annual & ~is_sound) | is_mixed_up).then(pl.lit("unparsable"))


def _filings(kept: pl.DataFrame, place: str) -> pl.DataFrame:
    # What came in the evening is dated, and handed out, on the next business day.
    handed_out = pl.max_horizontal("accepted", midnight(pl.col("filed")))
    known_from = pl.when(pl.col("accepted").is_null()).then(end_of(pl.col("filed"))).otherwise(handed_out)
    names = [column.name for column in _FILING_COLUMNS]
    return kept.select(*names, known_from.alias("known_from"), _locator(place))


# Facts


def _sifted_facts(table: TableLines, annual: pl.Series, others: pl.Series) -> Sifted:
    """Return the revenues of full years that annual reports state."""
    if "segments" not in table.header:
        raise SourceError(
            f"{table.place}: expected a column segments, was none, as in files issued before December 2024, which lack "
            "every dimension: fetch the file anew"
        )
    sound, refused, rows = sift(table, _fact_judge(annual.implode(), others.implode()))
    kept = sound.unique([*_FACT_KEY, "fact_value"], keep="first", maintain_order=True)
    require_mostly_kept(table.place, refused, kept.height)
    if kept.height and not kept["fact_value"].count():
        raise SourceError(f"{table.place}: expected numbers in column value, was none in {kept.height} revenues")
    return Sifted(kept, refused, rows)


def _fact_judge(annual: pl.Series, others: pl.Series) -> Judge:
    """Return how facts are judged; ``annual`` and ``others`` are lists of the accession numbers in sub."""
    is_revenue = cell("tag").is_in(REVENUE_TAGS)
    is_of_annual = cell("adsh").is_in(annual)
    is_mixed_up = ~is_revenue & holds_any(_FACT_COLUMNS, REVENUE_TAGS)
    has_axes_elsewhere = (cell("segments") == "") & pl.col("text").str.contains(rf"\t{_AXES}+(?:\t|$)")
    unparsable = pl.lit("unparsable")
    rule = (
        pl.when(is_mixed_up | (is_revenue & pl.col("adsh").is_null()))
        .then(unparsable)
        .when(is_revenue & ~is_of_annual & ~cell("adsh").is_in(others))
        .then(pl.lit("no_filing"))
        .when(is_revenue & is_of_annual & (~pl.col("is_readable") | has_axes_elsewhere))
        .then(unparsable)
    )
    return Judge(
        columns=_FACT_COLUMNS,
        near=pl.col("text").str.contains_any(list(REVENUE_TAGS)),
        rule=rule,
        wanted=is_revenue & is_of_annual & (pl.col("quarters") == YEAR_QUARTERS),
    )


def _facts(kept: pl.DataFrame, place: str) -> pl.DataFrame:
    occurrence = pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over(_FACT_KEY)
    return kept.select(*_FACT_KEY, occurrence.alias("occurrence"), "fact_value", _locator(place))


def _locator(place: str) -> pl.Expr:
    return pl.concat_str(pl.lit(place), pl.col("line")).alias("locator")
