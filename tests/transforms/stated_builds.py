"""Builds of one or two made-up series, as their states are remembered; nothing here computes what a test asserts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import polars as pl

from pipelines.contracts import core, raw
from pipelines.contracts.kept import StatedSpell
from pipelines.parameters import Parameters
from pipelines.transforms.change_cause import Learnt, StatedBuild, as_build, builds_of, state_changes
from pipelines.transforms.change_evidence import NO_FACTS, calendar_fixes
from pipelines.transforms.moving_average import moving_averages
from pipelines.transforms.record import record_states
from pipelines.transforms.state_change import differing_states
from pipelines.transforms.state_spell import calendar_months, covered, stated_records, stated_trends
from pipelines.transforms.trend import trend_states
from tests.frames import prices
from tests.market import calendar, instrument, weekdays

DAYS = weekdays(dt.date(2020, 1, 1), dt.date(2020, 12, 31))
FIRST_BUILD, SECOND_BUILD = (dt.datetime(2021, 1, day, 22, tzinfo=dt.UTC) for day in (4, 5))
PARAMETERS = Parameters()


def facts(number: int, parameters: Parameters = PARAMETERS, snapshot: str = "bar=1", code: str = "1") -> StatedBuild:
    """Return the facts of a build; the second is a day later than the first."""
    known_at = FIRST_BUILD if number == 1 else SECOND_BUILD
    return StatedBuild(number, known_at, snapshot, parameters.set_id, code)


def stated(
    closes: Sequence[float], build: StatedBuild, parameters: Parameters = PARAMETERS, series_id: str = "A"
) -> pl.DataFrame:
    """Return what a build states of a series with these closes: its trend, its record closes and what it covers."""
    of_series = prices(closes, series_id=series_id, sessions=DAYS[: len(closes)])
    averages = moving_averages(of_series, parameters)
    records = record_states(of_series, averages, instrument(series_id), parameters)
    rows = [
        stated_trends(trend_states(of_series, averages, parameters)),
        stated_records(records.filter(pl.col("basis") == "close")),
        covered(of_series),
        calendar_months(calendar(DAYS)),
    ]
    return StatedSpell.validate(as_build(pl.concat(rows), build))


def spells(build: StatedBuild, *rows: tuple[str, str, str, str, int, int, str | None]) -> pl.DataFrame:
    """Return stretches of (kind, subject, aspect, series, first and last day by number, state) of one build."""
    names = ("subject_kind", "subject_id", "aspect", "series", "first", "last", "state")
    schema = {name: pl.Int64 if name in ("first", "last") else pl.String for name in names}
    days = pl.Series(DAYS)
    frame = pl.DataFrame(rows, schema=schema, orient="row").with_columns(
        first_session=pl.col("first").map_elements(lambda day: days[day], return_dtype=pl.Date),
        last_session=pl.col("last").map_elements(lambda day: days[day], return_dtype=pl.Date),
    )
    return StatedSpell.validate(as_build(frame, build))


def changes(
    before: pl.DataFrame,
    now: pl.DataFrame,
    bars: pl.DataFrame = NO_FACTS,
    actions: pl.DataFrame = NO_FACTS,
) -> pl.DataFrame:
    """Return the log rows of two builds on the calendar of ``DAYS``."""
    differing = differing_states(before, now, calendar(DAYS))
    builds = [builds_of(spells)[0] for spells in (before, now)]
    found = state_changes(differing, *builds, Learnt(bars, actions, calendar_fixes(before, now)))
    return core.StateChange.validate(found)


def told(found: pl.DataFrame) -> list[tuple]:
    """Return the rows of a log in short, days by number."""
    number = {day: place for place, day in enumerate(DAYS)}
    columns = ("aspect", "first_session", "last_session", "from_state", "to_state", "cause")
    return [
        (aspect, number[first], number[last], was, now, cause)
        for aspect, first, last, was, now, cause in found.select(columns).rows()
    ]


def versions(*rows: tuple[str, int, float, dt.datetime], **others: float) -> pl.DataFrame:
    """Return ``raw.Bar`` versions of (instrument, day by number, close, known from); all four prices are the close."""
    made = [
        {
            "instrument_id": name,
            "session": DAYS[day],
            "known_from": known_from,
            "known_basis": "observed",
            **dict.fromkeys(("open", "high", "low", "close", "adjusted_close"), close),
            "volume": 10.0,
            "vendor_symbol": name,
            "source": "test",
            "payload_hash": "made up",
            "fetched_at": known_from,
            **others,
        }
        for name, day, close, known_from in rows
    ]
    schema = {name: column.dtype for name, column in raw.Bar.columns().items()}
    return raw.Bar.validate(pl.DataFrame(made, schema=schema))
