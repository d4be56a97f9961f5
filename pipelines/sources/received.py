"""From cells of text to ``ReceivedBar``: which column is which, and text to sessions and numbers.

Shared by the sources. Nothing is guessed: text that can be read two ways is null, and the screen rejects the row.
Not here: reading a file or asking a host (a module each), or row rules (``transforms.screen``).
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

import dataframely as dy
import polars as pl

from pipelines.contracts.received import ReceivedBar

EXCHANGE_TIME_ZONE = "America/New_York"
PRICES = ("open", "high", "low", "close")
NUMBERS = (*PRICES, "adjusted_close", "volume")

_SHOWN = 300
"""Characters of an error: a header may be as long as its file."""
_FIELDS = {name: name for name in (*PRICES, "volume")} | dict.fromkeys(("adjclose", "adjustedclose"), "adjusted_close")
_DATE_NAMES = ("date", "datetime")
_INDEX_NAMES = ("", "price", "ticker", "index", "unnamed0", "indexlevel0")
_STAMP = (
    r"^(?<date>\d{4}-\d{2}-\d{2})"
    r"(?:[T ](?<hour>[01]\d|2[0-3]):(?<minute>[0-5]\d)(?::(?<second>[0-5]\d)(?:\.\d+)?)?"
    r" ?(?:(?<utc>Z|UTC)|(?<sign>[+-])(?<offset_hour>0\d|1[0-4])(?::?(?<offset_minute>[0-5]\d))?)?)?$"
)
_PLAIN = r"^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$"
_GROUPED = r"^[+-]?\d{1,3}(?:,\d{3})+(?:\.\d*)?$"


class Unreadable(ValueError):  # noqa: N818 - never leaves the sources, which turn it into a SourceError
    """What was handed over is not a table of bars; the text says what was expected and what was there."""


@dataclass(frozen=True)
class TextTable:
    """A table as received.

    Attributes:
        header: For each column its header cells, top down: one, or two or three where yfinance wrote the header.
        cells: The text columns, in the order of ``header``; their names label the cells in a payload.
        locators: Where each row stands in the source.
        is_whole: Per row, whether it has as many cells as the header; the numbers of any other are not read.
        has_grouping: Whether a comma may group thousands; not where it may be the decimal sign.
    """

    header: list[tuple[str, ...]]
    cells: pl.DataFrame
    locators: pl.Series
    is_whole: pl.Series
    has_grouping: bool = True


def decoded(content: bytes, expected: str = "CSV") -> str:
    """Return the text of a file in UTF-8, without a byte order mark.

    Raises:
        Unreadable: it is empty, in another encoding, binary, or a page in the place of what was ``expected``.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(f"expected {expected} in UTF-8, was binary or another encoding ({error.reason})") from error
    if not text.strip():
        raise Unreadable(f"expected {expected}, was an empty file")
    if "\0" in text:
        raise Unreadable(f"expected {expected} in UTF-8, was binary")
    if text.lstrip().startswith("<"):
        raise Unreadable(f"expected {expected}, was an HTML or XML page")
    return text


def name_key(name: str) -> str:
    """Return the form in which names of instruments are compared: no leading ^, no letter case."""
    return name.strip().removeprefix("^").casefold()


def _column_key(label: str) -> str:
    return re.sub(r"[^a-z0-9]", "", label.lower())


def _date_column(header: list[tuple[str, ...]]) -> int | None:
    """Return the column called Date or Datetime, else the first one that looks like an unnamed index."""
    keys = [[_column_key(cell) for cell in cells] for cells in header]
    named = [at for name in _DATE_NAMES for at, cells in enumerate(keys) if name in cells]
    unnamed = [at for at, cells in enumerate(keys) if all(cell in _INDEX_NAMES for cell in cells)]
    return next(iter(named + unnamed), None)


def bar_columns(header: list[tuple[str, ...]], names: Collection[str]) -> dict[str, int]:
    """Return where session, prices, adjusted close and volume stand in ``header``.

    ``names`` are the keys of the instrument's names: columns that the header gives to another ticker are left out.

    Raises:
        Unreadable: a column is absent or stands there twice, or all columns belong to another ticker.
    """
    levels = list(zip(*header, strict=True))
    counts = [sum(_column_key(cell) in _FIELDS for cell in cells) for cells in levels]
    level = counts.index(max(counts))
    date = _date_column(header)
    fields = [at for at, cells in enumerate(header) if at != date and _column_key(cells[level]) in _FIELDS]
    tickers = {at: next((c for c in header[at][:level] + header[at][level + 1 :] if c.strip()), None) for at in fields}
    ours = [at for at in fields if (ticker := tickers[at]) is None or name_key(ticker) in names]
    if fields and not ours:
        others = ", ".join(dict.fromkeys(str(ticker) for ticker in tickers.values()))
        raise Unreadable(f"expected columns of the ticker {' or '.join(names)}, was: {others}"[:_SHOWN])
    found = [("session", date)] if date is not None else []
    found += [(_FIELDS[_column_key(header[at][level])], at) for at in ours]
    _require_columns([name for name, _ in found], levels[level])
    return dict(found)


def _require_columns(found: list[str], labels: Collection[str]) -> None:
    required = {"session": "Date", **{name: name.capitalize() for name in PRICES}}
    absent = [label for name, label in required.items() if name not in found]
    if absent:
        plural = "a column" if len(absent) == 1 else "columns"
        raise Unreadable(f"expected {plural} {', '.join(absent)}, was: {', '.join(labels) or 'none'}"[:_SHOWN])
    twice = [name for name in _FIELDS.values() if found.count(name) > 1]
    if twice:
        raise Unreadable(f"expected one column {twice[0]}, was {found.count(twice[0])}: {', '.join(labels)}"[:_SHOWN])


def session_of(text: pl.Expr) -> pl.Expr:
    """Return the session date that ISO text names, null where it names none.

    A date, and a time without a zone, count as written. A moment with an offset from UTC falls on its date in New
    York, with one exception: midnight UTC is how a plain date looks after it was labelled UTC, so it counts as
    written. Midnight anywhere else that is not midnight in New York could be either, and is null. So is every form
    but year-month-day, as 03/04/2024 has two readings.
    """
    part = text.str.strip_chars().str.extract_groups(_STAMP).struct

    def number(name: str) -> pl.Expr:
        return part.field(name).cast(pl.Int64).fill_null(0)

    written = part.field("date").str.to_date("%Y-%m-%d", strict=False)
    seconds = number("hour") * 3600 + number("minute") * 60 + number("second")
    size = number("offset_hour") * 3600 + number("offset_minute") * 60
    offset = pl.when(part.field("sign") == "-").then(-size).otherwise(size)
    has_offset = part.field("utc").is_not_null() | part.field("sign").is_not_null()
    moment = written.cast(pl.Datetime("us")) + pl.duration(seconds=seconds - offset)
    exchange = moment.dt.replace_time_zone("UTC").dt.convert_time_zone(EXCHANGE_TIME_ZONE)
    is_midnight = seconds == 0
    is_midnight_there = (exchange.dt.hour() == 0) & (exchange.dt.minute() == 0)
    return (
        pl.when(~has_offset | (is_midnight & (offset == 0)))
        .then(written)
        .when(~is_midnight | is_midnight_there)
        .then(exchange.dt.date())
    )


def number_of(text: pl.Expr, has_grouping: bool = True) -> pl.Expr:
    """Return the finite number that text spells, null where it spells none; "2,434.73" only with grouping."""
    digits = text.str.strip_chars()
    if has_grouping:
        digits = pl.when(digits.str.contains(_GROUPED)).then(digits.str.replace_all(",", "")).otherwise(digits)
    value = pl.when(digits.str.contains(_PLAIN)).then(digits).cast(pl.Float64, strict=False)
    return pl.when(value.is_finite()).then(value)


def bars_of_text(table: TextTable, names: Collection[str]) -> pl.DataFrame:
    """Return one row per row of ``table``: session, numbers, locator and payload (the row as JSON text).

    Raises:
        Unreadable: the header lacks a column that a bar needs.
    """
    place = bar_columns(table.header, names)
    labels = table.cells.columns

    def numbers(name: str) -> pl.Expr:
        if name not in place:
            return pl.lit(None, pl.Float64).alias(name)
        value = number_of(pl.col(labels[place[name]]), table.has_grouping)
        return pl.when(pl.lit(table.is_whole)).then(value).alias(name)

    return table.cells.select(
        session_of(pl.col(labels[place["session"]])).alias("session"),
        *[numbers(name) for name in NUMBERS],
        table.locators.alias("locator"),
        pl.struct(pl.all()).struct.json_encode().alias("payload"),
    )


def received(
    bars: pl.DataFrame, instrument_id: str, vendor_symbol: str, payload_hash: str
) -> dy.DataFrame[ReceivedBar]:
    """Return ``bars`` (session, numbers, locator, payload) as rows of one instrument and one payload."""
    constants = {"instrument_id": instrument_id, "vendor_symbol": vendor_symbol, "payload_hash": payload_hash}
    return ReceivedBar.validate(bars.with_columns(**{name: pl.lit(text) for name, text in constants.items()}))
