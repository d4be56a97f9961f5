"""A lake of drawn stocks that is built day by day: raw versions, actions and holdings, and all that is derived of them.

Belongs here: appending and building. Nothing here computes what a test asserts.
"""

from __future__ import annotations

import datetime as dt
import random
from pathlib import Path

import polars as pl
from polars.testing import assert_frame_equal

from pipelines.contracts import core, raw
from pipelines.contracts.kept import BreadthTally
from pipelines.derivation.breadth import BreadthBuild, TallyBuild
from pipelines.derivation.bucket_build import Report
from pipelines.derivation.stock_action import ActionBuild, FactorBuild
from pipelines.derivation.stock_bar import BarBuild
from pipelines.derivation.stock_trend import TrendBuild
from pipelines.derivation.stock_warning import WarningBuild
from pipelines.parameters import Parameters
from pipelines.storage.bucket_content import spans_of
from pipelines.storage.lake import Lake
from pipelines.transforms.member_spell import member_spells
from pipelines.transforms.quarantine import accepted_stock_bars
from tests.transforms.membership_frames import members
from tests.transforms.stock_frames import bars, calendar

BUCKETS = 3
SESSIONS = 700
TABLES = (
    core.StockBar,
    core.StockMovingAverage,
    core.StockTrendState,
    core.StockAction,
    core.AdjustmentFactor,
    core.StockBarWarning,
    BreadthTally,
    core.Breadth,
)
PARAMETERS = Parameters(breadth_min_coverage_share=0.6)
"""Drawn stocks lack many bars: with the usual gate most breadth would be null."""
NO_MEMBERS = core.Membership.create_empty()
NO_RECONSTRUCTIONS = raw.MembershipSpell.create_empty()


def at(session: dt.date) -> dt.datetime:
    return dt.datetime.combine(session, dt.time(22), dt.UTC)


def history_of(seed: int, stocks: int) -> pl.DataFrame:
    """Return bars of drawn stocks; one of them has stood still for more than a year, and moves again in the end."""
    drawn = bars(seed, stocks, SESSIONS)
    days = drawn["session"].unique().sort()
    still = drawn.group_by("instrument_id").len().sort("len", "instrument_id")["instrument_id"][-1]
    stands = (pl.col("instrument_id") == still) & pl.col("session").is_between(days[300], days[690])
    prices = [pl.when(stands).then(50.0).otherwise(name).alias(name) for name in ("open", "high", "low", "close")]
    is_idle = (pl.col("session").dt.day() == 13) & (pl.col("instrument_id") == still)
    return drawn.with_columns(*prices, volume=pl.when(is_idle).then(0.0).otherwise("volume"))


def versions(rows: pl.DataFrame, fetched_at: dt.datetime) -> pl.DataFrame:
    """Return raw versions of bars that were fetched at a moment."""
    frame = rows.select("instrument_id", "session", "open", "high", "low", "close", "volume").with_columns(
        known_from=pl.lit(fetched_at).cast(pl.Datetime("us", "UTC")),
        fetched_at=pl.lit(fetched_at).cast(pl.Datetime("us", "UTC")),
        known_basis=pl.lit("observed"),
        vendor_symbol="instrument_id",
        source=pl.lit("test"),
        payload_hash=pl.lit("0" * 64),
    )
    columns = {name: column.dtype for name, column in raw.StockBar.columns().items()}
    absent = [pl.lit(None, dtype).alias(name) for name, dtype in columns.items() if name not in frame.columns]
    return frame.with_columns(absent).select(pl.col(name).cast(dtype) for name, dtype in columns.items())


def action(instrument: str, ex_session: dt.date, fetched_at: dt.datetime, **facts: object) -> pl.DataFrame:
    """Return a version of a split, of less than 1.25 so that it need not show in the traded price, or of a dividend."""
    columns = {name: column.dtype for name, column in raw.StockAction.columns().items()}
    row = {
        "instrument_id": instrument,
        "ex_session": ex_session,
        "known_from": fetched_at,
        "known_basis": "observed",
        "is_withdrawn": False,
        "vendor_symbol": instrument,
        "source": "test",
        "payload_hash": "0" * 64,
        "fetched_at": fetched_at,
        **(facts or {"action_type": "split", "split_ratio": 1.2}),
    }
    return pl.DataFrame([{name: row.get(name) for name in columns}], schema=columns)


def holdings(draw: random.Random, names: list[str], index_id: str, as_of: dt.date) -> pl.DataFrame:
    """Return members of an index as of a date, half of the stocks; one of them has no bars."""
    held = [*draw.sample(names, len(names) // 2), "NOBARS"]
    sectors = [draw.choice(["Energy", "Utilities"]) for _ in held]
    weights = [draw.random() for _ in held]
    rows = [
        {"symbol": name, "weight_share": weight / sum(weights), "sector": sector}
        for name, weight, sector in zip(held, weights, sectors, strict=True)
    ]
    return members(*rows, index_id=index_id, as_of=as_of)


def bar_build(
    lake: Lake, known_at: dt.datetime, parameters: Parameters = PARAMETERS, buckets: int = BUCKETS
) -> BarBuild:
    return BarBuild(lake, buckets, known_at, parameters, accepted_stock_bars)


def build(
    lake: Lake,
    known_at: dt.datetime,
    parameters: Parameters = PARAMETERS,
    held: pl.DataFrame = NO_MEMBERS,
    buckets: int = BUCKETS,
    sessions: pl.DataFrame | None = None,
) -> dict[str, Report]:
    """Build all that is derived of stocks, and return what each build did."""
    days = calendar(SESSIONS + 60) if sessions is None else sessions
    found = {"bar": bar_build(lake, known_at, parameters, buckets).run(workers=1)}
    place = (lake, buckets, parameters, lake.snapshot_of(core.StockBar))
    spells = member_spells(held, NO_RECONSTRUCTIONS, spans_of(lake, core.StockBar), parameters)
    builds = {
        "trend": TrendBuild(*place, sessions=days),
        "action": ActionBuild(*place, known_at=known_at),
        "factor": FactorBuild(*place),
        "warning": WarningBuild(*place, sessions=days),
        "tally": TallyBuild(*place, sessions=days, spells=spells),
        "breadth": BreadthBuild(*place, sessions=days, spells=spells),
    }
    return found | {name: one.run(workers=1) for name, one in builds.items()}


def times(ratio: float, where: pl.Expr | None = None) -> list[pl.Expr]:
    """Return prices times a ratio."""
    prices = [pl.col(name) for name in ("open", "high", "low", "close")]
    return [pl.when(pl.lit(True) if where is None else where).then(price * ratio).otherwise(price) for price in prices]


def content(lake: Lake) -> list[pl.DataFrame]:
    """Return all rows of all tables, each in the order of its key."""
    return [lake.read(table).sort(table.primary_key()) for table in TABLES]


def assert_same(lake: Lake, other: Lake) -> None:
    """Assert that two lakes hold the same, to the last digit."""
    for found, expected in zip(content(lake), content(other), strict=True):
        assert_frame_equal(found, expected, check_exact=True)


def from_scratch(
    lake: Lake,
    folder: Path,
    known_at: dt.datetime,
    held: pl.DataFrame = NO_MEMBERS,
    parameters: Parameters = PARAMETERS,
    buckets: int = BUCKETS,
) -> Lake:
    """Return a lake with the same raw tables whose core tables are built in one go."""
    other = Lake(folder / "scratch")
    for table in (raw.StockBar, raw.StockAction):
        if lake.files(table):
            other.append(table, lake.read(table))
    build(other, known_at, parameters, held, buckets)
    return other
