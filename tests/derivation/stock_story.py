"""A market of stocks told step by step: what a vendor adds to raw, and builds of what is known after each step.

Belongs here: the steps, and plain comparisons of states session by session. Nothing here uses the code of the log.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from itertools import groupby, pairwise
from pathlib import Path

import polars as pl

from pipelines.contracts import core, raw
from pipelines.derivation.stock_bar import BarBuild
from pipelines.derivation.stock_change import log_notes
from pipelines.derivation.stock_trend import TrendBuild
from pipelines.parameters import Parameters
from pipelines.storage.lake import Lake
from pipelines.transforms.quarantine import accepted_stock_bars
from pipelines.transforms.state_change import MOST_STRETCHES
from tests.defs.stock_days import action, at, times, versions
from tests.transforms.stock_frames import bars, calendar

ASPECTS = ("medium_phase", "medium_since", "major_phase", "major_since")
PARAMETERS = Parameters()
SESSIONS, BEGIN = 315, 300
HISTORY = bars(23, 8, SESSIONS)
DAYS = HISTORY["session"].unique().sort()
NAMES = HISTORY["instrument_id"].unique().sort().to_list()
CALENDAR = calendar(SESSIONS)
WRONG_AT = dict(
    HISTORY.filter(pl.col("session") < DAYS[BEGIN])
    .group_by("instrument_id", maintain_order=True)
    .agg(pl.col("session").sort().slice(pl.len() - 60, 1).first())
    .drop_nulls()
    .rows()
)
"""The bar of each stock that the vendor states too high at first: by so much that its mending moves states."""
_TOO_HIGH = 20.0
Told = tuple[str, str, dt.date, dt.date, int, int, str | None, str | None]
"""Stock, aspect, first and last session, stretches, sessions, from and to."""


def build(
    lake: Lake,
    known_at: dt.datetime,
    parameters: Parameters = PARAMETERS,
    sessions: pl.DataFrame = CALENDAR,
    buckets: int = 3,
) -> None:
    """Build bars and trends of what is known at a moment."""
    BarBuild(lake, buckets, known_at, parameters, accepted_stock_bars).run(workers=1)
    TrendBuild(lake, buckets, parameters, lake.snapshot_of(core.StockBar), sessions=sessions).run(workers=1)


def logged(lake: Lake, buckets: int = 3) -> pl.DataFrame:
    """Bring the notes into the log and return all of it."""
    with lake.locked():
        log_notes(lake, buckets, 1)
    key = core.StateChange.primary_key()
    rows = core.StateChange.validate(lake.read(core.StateChange)).sort(key)
    assert set(rows["subject_kind"]) <= {"stock_trend"}
    return rows


def from_nothing(lake: Lake, folder: Path, known_at: dt.datetime, parameters: Parameters = PARAMETERS) -> pl.DataFrame:
    """Return the states that a build from nothing gives on the same raw rows."""
    other = Lake(folder)
    for table in (raw.StockBar, raw.StockAction):
        if lake.files(table):
            other.append(table, lake.read(table))
    build(other, known_at, parameters)
    return other.read(core.StockTrendState).sort("instrument_id", "session")


def begun(root: Path) -> Lake:
    """Return a lake with the history up to a session, built for the first time."""
    lake = Lake(root)
    is_wrong = pl.concat_str("instrument_id", pl.lit(" "), "session").is_in([f"{a} {b}" for a, b in WRONG_AT.items()])
    history = HISTORY.filter(pl.col("session") < DAYS[BEGIN]).with_columns(times(_TOO_HIGH, is_wrong))
    lake.append(raw.StockBar, versions(history, at(DAYS[BEGIN - 1])))
    return lake


def mend(lake: Lake, name: str, moment: dt.datetime) -> tuple[float, float]:
    """Append the true version of a stock's wrong bar, and return its close before and after."""
    bar = HISTORY.filter(instrument_id=name, session=WRONG_AT[name])
    lake.append(raw.StockBar, versions(bar, moment))
    return bar["close"].item() * _TOO_HIGH, bar["close"].item()


def revise(lake: Lake, name: str, before: dt.date, ratio: float, moment: dt.datetime) -> None:
    """Append other versions of the four bars before a session, times a ratio: small and few enough to be believed."""
    some = HISTORY.filter(pl.col("session") < before, pl.col("instrument_id") == name).sort("session").tail(4)
    lake.append(raw.StockBar, versions(some.with_columns(times(ratio)), moment))


def told_day_by_day(lake: Lake, seed: int) -> Iterator[dt.datetime]:
    """Append what comes in between two builds, and yield the moment of each build."""
    draw = random.Random(seed)
    day, wrong = BEGIN, list(WRONG_AT)
    while day < SESSIONS:
        for _ in range(draw.choice([1, 1, 4])):
            lake.append(raw.StockBar, versions(HISTORY.filter(session=DAYS[min(day, SESSIONS - 1)]), at(DAYS[day])))
            day += 1
            if day == SESSIONS:
                break
        moment = at(DAYS[day - 1])
        if wrong and draw.random() < 0.5:
            mend(lake, wrong.pop(draw.randrange(len(wrong))), moment + dt.timedelta(minutes=1))
        if draw.random() < 0.5:
            before = DAYS[draw.randrange(day - 80, day - 1)]
            revise(lake, draw.choice(NAMES), before, draw.choice([0.81, 1.24, 1.001]), moment)
        if draw.random() < 0.2:
            name, ex_session = draw.choice(NAMES), DAYS[draw.randrange(BEGIN - 60, day)]
            if lake.read(raw.StockAction).filter(instrument_id=name, ex_session=ex_session).is_empty():
                lake.append(raw.StockAction, action(name, ex_session, moment))
        yield moment + dt.timedelta(minutes=2)


# Plain comparisons


def by_session(states: pl.DataFrame) -> dict[tuple[str, str], dict[dt.date, str | None]]:
    """Return of each stock and aspect what is stated of every session from its first bar to its last."""
    found: dict[tuple[str, str], dict[dt.date, str | None]] = {}
    for (name,), rows in states.sort("session").group_by("instrument_id"):
        stated = {row["session"]: row for row in rows.iter_rows(named=True)}
        held = None
        for session in (day for day in CALENDAR["session"] if min(stated) <= day <= max(stated)):
            held = stated.get(session, held)
            for aspect in ASPECTS:
                value = held[aspect]
                found.setdefault((name, aspect), {})[session] = None if value is None else str(value)
    return found


def restated(before: pl.DataFrame, now: pl.DataFrame) -> list[Told]:
    """Return what two builds state differently, by a walk over the sessions that both have of a stock."""
    was, are = by_session(before), by_session(now)
    rows: list[Told] = []
    for (name, aspect), stated in was.items():
        common = [day for day in stated if day in are.get((name, aspect), {})]
        pairs = [(day, stated[day], are[name, aspect][day]) for day in common]
        stretches = [list(run) for _, run in groupby(pairs, key=lambda pair: pair[1:])]
        differing = [run for run in stretches if run[0][1] != run[0][2]]
        told = [(name, aspect, run[0][0], run[-1][0], 1, len(run), run[0][1], run[0][2]) for run in differing]
        if len(told) > MOST_STRETCHES:
            sizes = sum(len(run) for run in differing)
            told = [(name, aspect, told[0][2], told[-1][3], len(told), sizes, told[-1][6], told[-1][7])]
        rows += told
    return sorted(rows, key=lambda row: row[:3])


def turned(before: pl.DataFrame, now: pl.DataFrame) -> list[Told]:
    """Return the turns of phases on bars after the last one that a stock had before."""
    last = dict(before.group_by("instrument_id").agg(pl.col("session").max()).rows())
    rows: list[Told] = []
    for name, reached in last.items():
        of_stock = now.filter(instrument_id=name).sort("session").rows(named=True)
        for earlier, row in pairwise(of_stock):
            for aspect in ("medium_phase", "major_phase") if row["session"] > reached else ():
                if earlier[aspect] != row[aspect]:
                    day = row["session"]
                    rows.append((name, aspect, day, day, 1, 1, earlier[aspect], row[aspect]))
    return sorted(rows, key=lambda row: row[:3])


def told(log: pl.DataFrame) -> list[Told]:
    """Return rows of the log in short."""
    columns = ("subject_id", "aspect", "first_session", "last_session", "stretches", "changed_sessions")
    return log.select(*columns, "from_state", "to_state").sort(columns[:3]).rows()
