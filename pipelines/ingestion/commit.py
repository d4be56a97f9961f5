"""Answers into the lake: bars, actions, rejected rows, and last what was asked.

What is killed between two tables is done again from the spool: rows that are there already are not added twice, and
only the last table says that an answer is in. Not here: asking (``ask``), which answers are ready (``judge``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import polars as pl

from pipelines.contracts import raw
from pipelines.contracts.table import name_of
from pipelines.ingestion.batch import Batch, batch_of
from pipelines.ingestion.known import known_actions, known_bars, outcomes_since
from pipelines.ingestion.question import Answered
from pipelines.ingestion.rejected import append_rejected
from pipelines.parameters import Parameters
from pipelines.storage.lake import Lake
from pipelines.transforms.fetch_question import outcome_rows
from pipelines.transforms.stock_evidence import doubtful_histories
from pipelines.transforms.stock_version import new_action_versions, new_stock_versions, superseded_bars

_MOMENT = pl.Datetime("us", "UTC")


class Committed(NamedTuple):
    """What a commit added.

    Attributes:
        rows: New rows by table.
        counts: Rejected rows by rule; ``unsettled`` bars set aside; ``superseded`` ones, read before a known version.
        outcomes: Questions by what became of them, a symbol that is gone as ``delisted``.
    """

    rows: Counter[str]
    counts: Counter[str]
    outcomes: Counter[str]


def commit(answers: Sequence[Answered], lake: Lake, source: str, parameters: Parameters) -> Committed:
    """Append what answers add to the lake. Of several charts of an instrument the longest counts."""
    charts = _one_per_instrument(answers)
    batch = batch_of(charts, parameters)
    begins = {answered.question.instrument_id: answered.question.asked_from for answered in charts}
    with lake.locked():
        known, stored = known_bars(lake, begins), known_actions(lake, list(begins))
        outcomes = _outcomes(answers, _doubts(charts, batch, known, parameters), lake, source, parameters)
        counts = Counter({"unsettled": batch.unsettled, "superseded": superseded_bars(known, batch.bars, parameters)})
        bars = new_stock_versions(known, batch.bars, batch.calendar, source, parameters)
        actions = new_action_versions(stored, batch.actions, batch.windows, batch.calendar, source, parameters)
        rows: Counter[str] = Counter()
        rows[name_of(raw.StockBar)] += lake.append(raw.StockBar, bars).height
        rows[name_of(raw.StockAction)] += lake.append(raw.StockAction, actions).height
        counts.update(_append_rejected(batch, lake, source))
        rows[name_of(raw.FetchOutcome)] += lake.append(raw.FetchOutcome, outcomes).height
    return Committed(rows, counts, Counter(outcomes["outcome"]))


def _one_per_instrument(answers: Sequence[Answered]) -> list[Answered]:
    charts = [answered for answered in answers if answered.answer.outcome == "ok"]
    longest = sorted(charts, key=lambda found: (found.question.asked_from, -found.fetched_at.timestamp()))
    return list({found.question.instrument_id: found for found in reversed(longest)}.values())


def _doubts(charts: Sequence[Answered], batch: Batch, known: pl.DataFrame, parameters: Parameters) -> dict[str, str]:
    """Return what is odd about whole histories of instruments of which nothing was known, in words."""
    whole = {answered.question.instrument_id for answered in charts if answered.question.is_whole}
    first = whole - set(known["instrument_id"].unique())
    received = batch.bars.filter(pl.col("instrument_id").is_in(first)).with_columns(
        close=pl.col("close") * pl.col("split_factor")
    )
    return doubtful_histories(received, batch.calendar, parameters)


def _append_rejected(batch: Batch, lake: Lake, source: str) -> dict[str, int]:
    if batch.rejected.is_empty():
        return {}
    fetched_at = batch.windows.select("payload_hash", "fetched_at").unique("payload_hash")
    return append_rejected(lake, batch.rejected.join(fetched_at, on="payload_hash", how="left"), source)


def _outcomes(
    answers: Sequence[Answered], doubts: Mapping[str, str], lake: Lake, source: str, parameters: Parameters
) -> pl.DataFrame:
    rows = [
        {
            "vendor_symbol": answered.question.vendor_symbol,
            "asked_from": answered.question.asked_from,
            "asked_to": answered.question.asked_to,
            "fetched_at": answered.fetched_at,
            "instrument_id": answered.question.instrument_id,
            "outcome": answered.answer.outcome,
            "outcome_detail": answered.answer.detail or doubts.get(answered.question.instrument_id),
            "rows_received": answered.rows,
            "source": source,
            "payload_hash": answered.answer.payload_hash,
            "is_unknown": answered.answer.is_unknown,
            "had_bars": answered.question.had_bars,
            "unknown_before": answered.question.unknown_before,
        }
        for answered in answers
    ]
    own = raw.FetchOutcome.create_empty().drop("ask_again_from").schema
    schema: dict[str, Any] = {**own, "is_unknown": pl.Boolean, "had_bars": pl.Boolean, "unknown_before": _MOMENT}
    known = outcomes_since(
        lake,
        {answered.question.vendor_symbol for answered in answers},
        min(answered.fetched_at for answered in answers),
    )
    return outcome_rows(pl.DataFrame(rows, schema=schema), known, parameters)
