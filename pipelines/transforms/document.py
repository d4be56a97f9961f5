"""Rows of documents on their way into raw: what was read, with when it was known and where it stands.

Belongs here: ``raw.holding``, ``raw.listing``, ``raw.membership_spell``, ``raw.filing``, ``raw.filing_fact`` and
``raw.company_attribute`` from what readers return (docs/methods.md, B8).
Not here: bars (see ``bar``), reading documents (``sources``).
"""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

import polars as pl

from pipelines.contracts import raw
from pipelines.contracts.table import Table
from pipelines.parameters import Parameters

_MOMENT = pl.Datetime("us", "UTC")


class Origin(NamedTuple):
    """Where the rows of a document come from."""

    source: str
    locator: str
    """Folder and name of the document."""
    payload_hash: str
    fetched_at: dt.datetime


def known_after(
    day: dt.date, calendar: pl.DataFrame, fetched_at: dt.datetime, *, is_first: bool, parameters: Parameters
) -> tuple[dt.datetime, str]:
    """Return when what a vendor states of a day was known, and how that is known: ``known_from``, ``known_basis``.

    The first version is assumed to have been known once the session after the day had settled, if that lies before the
    fetch; and also if the fetch lies before the day itself, as only a clock that was set back can read of days to come.
    Any later version, and a first one fetched in between, was known when it was fetched.

    Args:
        day: The day that the document is of.
        calendar: Sessions with ``closes_at``, from ``day`` to some days after it.
        fetched_at: When the document was read.
        is_first: Whether nothing of that day is known yet.
        parameters: ``bar_settle_minutes``.
    """
    later = calendar.filter(pl.col("session") > day).sort("session")["closes_at"].to_list()
    if is_first and later:
        settled: dt.datetime = later[0] + dt.timedelta(minutes=parameters.bar_settle_minutes)
        if settled <= fetched_at or fetched_at.date() < day:
            return settled, "assumed"
    return fetched_at, "observed"


def as_rows(
    table: type[Table], received: pl.DataFrame, origin: Origin, known: tuple[dt.datetime, str] | None = None
) -> pl.DataFrame:
    """Return received rows as rows of a raw table: with origin, and with knowledge time where they have none.

    Args:
        table: The raw table.
        received: Columns of ``table`` that a reader found; ``known_from`` stands there for filings alone.
        origin: Where they come from.
        known: Knowledge time and its basis; by default they were known when they were fetched, and those that bring
            their own ``known_from`` by assumption.
    """
    has_own = "known_from" in received.columns
    moment, basis = known or (origin.fetched_at, "assumed" if has_own else "observed")
    facts = {
        "known_from": pl.lit(moment).cast(_MOMENT),
        "known_basis": pl.lit(basis),
        "source": pl.lit(origin.source),
        "payload_hash": pl.lit(origin.payload_hash),
        "fetched_at": pl.lit(origin.fetched_at).cast(_MOMENT),
    }
    if "line" in received.columns:
        facts["locator"] = pl.concat_str(pl.lit(f"{origin.locator}:"), "line")
    added = {name: value for name, value in facts.items() if name not in received.columns}
    return received.with_columns(**added).select(table.column_names())


def unseen_filings(
    filings: pl.DataFrame, facts: pl.DataFrame, known: pl.DataFrame, known_facts: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the filings that are not stored yet, and the facts of filings that have none stored.

    A filing stands in one quarter's archive for good; facts of one that a killed run left without its filing stay.

    Args:
        filings: ``raw.Filing`` rows of an archive.
        facts: ``raw.FilingFact`` rows of it.
        known: ``raw.Filing`` rows that are stored.
        known_facts: ``raw.FilingFact`` rows that are stored.
    """
    new = filings.join(known, on="adsh", how="anti").unique("adsh", keep="first", maintain_order=True)
    return new, facts.join(new, on="adsh", how="semi").join(known_facts, on="adsh", how="anti")


def changed_holdings(held: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of a holdings file, or none where a known version of its date says the same.

    On which lines it says so does not count. What an older version said already is no correction of a newer one: that
    file lay there before.

    Args:
        held: ``raw.Holding`` rows of one file.
        known: ``raw.Holding`` rows that are stored.

    Raises:
        ValueError: a new version would not be known later than the newest one.
    """
    facts = [name for name in raw.Holding.column_names() if name not in _NOT_COMPARED]
    said = held.sort("line").select(facts)
    versions = known.join(held.select(_OF_DATE).unique(), on=_OF_DATE, how="semi").sort("known_from", "line")
    if any(version.select(facts).equals(said) for version in versions.partition_by("known_from")):
        return held.clear()
    newest = versions["known_from"].max()
    for row in held.filter(pl.col("known_from") <= pl.lit(newest, _MOMENT)).head(1).iter_rows(named=True):
        raise ValueError(
            f"raw.holding {row['fund_id']} {row['as_of']}: expected a new version known after"
            f" {newest!s}, was {row['known_from']}"
        )
    return held


_OF_DATE = ("fund_id", "as_of")
_NOT_COMPARED = (
    *("line", "known_from", "known_basis", "as_of_basis"),
    *("source", "locator", "payload_hash", "fetched_at"),
)
