"""What is asked of a warehouse after each run of the fault plan, and what ought to be the answer.

Belongs here: putting what is found beside what is stated, in words that name the case. Not here: finding (``finding``)
or stating (``stage``).
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import duckdb
import polars as pl

from pipelines.contracts import core, raw
from pipelines.storage.lake import Lake
from tests.fault_plan.finding import FINDING, index_findings, stock_findings
from tests.fault_plan.index_case import index_findings_stated
from tests.fault_plan.plan_days import REFUSED, evening
from tests.fault_plan.stage import Stage
from tests.fault_plan.truth import Truth
from tests.vendor.fund_document import members


def unstated(stage: Stage, lake: Lake, day: dt.date) -> list[str]:
    """Return where bars and actions are not true without that being stated, and what is stated and not found."""
    truth = Truth(stage, day)
    found = stock_findings(lake, truth, stage.market.symbols)
    stated = stage.findings_stated(day)
    of_indices = index_findings(lake, truth)
    stated_of_indices = pl.DataFrame(list(index_findings_stated(stage.sessions, day)), schema=FINDING, orient="row")
    return [*_apart(stage, found, stated), *_apart(stage, of_indices, stated_of_indices)]


def _apart(stage: Stage, found: pl.DataFrame, stated: pl.DataFrame) -> list[str]:
    columns = list(FINDING)
    lines = []
    for word, more, fewer in (("not stated", found, stated), ("not found", stated, found)):
        rows = more.join(fewer, on=columns, how="anti")
        counts = rows.group_by("instrument_id", "finding").agg(
            pl.len(), first=pl.col("session").min(), last=pl.col("session").max()
        )
        lines += [
            f"{word}: {stage.case_of(name)} ({name}): {finding}, {count} sessions from {first} to {last}"
            for name, finding, count, first, last in counts.sort("instrument_id", "finding").rows()
        ]
    return lines


def other_outcomes(stage: Stage, lake: Lake, day: dt.date) -> dict[str, tuple[str | None, str | None]]:
    """Return the symbols whose last question of an evening had another outcome, with the stated and the found one.

    Those that meet a limit are either refused, or not asked any more once others were.
    """
    since = evening(day)
    asked = lake.scan(raw.FetchOutcome).filter(pl.col("fetched_at") >= since).sort("fetched_at").collect()
    found = dict(asked.group_by("vendor_symbol").agg(pl.col("outcome").last()).rows())
    stated = stage.outcomes_stated(day)
    limited = {symbol for symbol, outcome in stated.items() if outcome == "rate_limited"}
    if day == REFUSED and any(found.get(symbol) == "rate_limited" for symbol in limited):
        stated = {symbol: outcome for symbol, outcome in stated.items() if symbol not in limited or symbol in found}
    return {
        symbol: (stated.get(symbol), found.get(symbol))
        for symbol in stated.keys() | found.keys()
        if stated.get(symbol) != found.get(symbol)
    }


def other_holdings(stage: Stage, lake: Lake, day: dt.date) -> list[str]:
    """Return the funds whose newest stored holdings are not those of the day."""
    at = stage.sessions.every.index(day)
    stored = lake.read(raw.Holding).filter(as_of=day)
    odd = []
    for fund in ("DIA", "IVV", "IWM", "QQQ", "SPY"):
        names = set(stored.filter(fund_id=fund)["holding_name"]) - {"USD CASH", "US DOLLAR"}
        if names != {line.name for line in members(stage.market, fund, at)}:
            odd.append(fund)
    return odd


def published_otherwise(database: Path, lake: Lake) -> list[str]:
    """Return what the published file says otherwise than the lake of bars, gaps, and what is held back or restated."""
    with duckdb.connect(str(database), read_only=True) as connection:
        health = connection.sql("SELECT * FROM serve.data_health").pl()
        counts = connection.execute(
            "SELECT (SELECT count(*) FROM serve.quarantined_bar), (SELECT count(*) FROM serve.revision), "
            "(SELECT count(*) FROM core.stock_bar), (SELECT count(*) FROM core.bar)"
        ).fetchone()
    tables = (core.QuarantinedBar, core.BarRevision, core.StockBar, core.Bar)
    rows = tuple(lake.scan(table).select(pl.len()).collect().item() for table in tables)
    said = [] if counts == rows else [f"expected {rows} rows, was {counts}"]
    sessions = lake.read(core.Session).select("session", "session_number")
    spans = (
        lake.scan(core.StockBar)
        .group_by("instrument_id")
        .agg(bars=pl.len(), first=pl.col("session").min(), last=pl.col("session").max())
        .collect()
        .join(sessions.rename({"session": "first", "session_number": "begins"}), on="first")
        .join(sessions.rename({"session": "last", "session_number": "ends"}), on="last")
    )
    newest = sessions.filter(pl.col("session") == spans["last"].max())["session_number"].item()
    both = spans.join(health.filter(asset_class="stock"), on="instrument_id", how="left", suffix="_told")
    told = both.filter(
        (pl.col("bars") != pl.col("bars_told"))
        | (pl.col("ends") - pl.col("begins") + 1 - pl.col("bars") != pl.col("missing_sessions"))
        | (newest - pl.col("ends") != pl.col("sessions_behind"))
    )
    return [*said, *told["instrument_id"]]
