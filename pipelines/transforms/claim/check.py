"""Every claim and what the data say of it: ``core.claim`` and ``core.claim_check``.

Belongs here: which function checks which type, and the loop over claims.
Not here: the types themselves (see ``contracts.claim_type``), reading claims files (see ``seeds``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping

import polars as pl

from pipelines.contracts import core
from pipelines.parameters import Parameters
from pipelines.transforms.claim import exposure, level, record, returns, trend
from pipelines.transforms.claim.answer import Answer, judged
from pipelines.transforms.claim.view import Claim, Tables, View

CHECKS: Mapping[str, Callable[[Claim, View], list[Answer]]] = {
    "period_return": returns.period_return,
    "period_rank": returns.period_rank,
    "return_multiple": returns.return_multiple,
    "return_above": returns.return_above,
    "record_value": record.record_value,
    "record_date": record.record_date,
    "record_proximity": record.record_proximity,
    "record_count": record.record_count,
    "only_without_record": record.only_without_record,
    "level_at_record": record.level_at_record,
    "relative_since": trend.relative_since,
    "ratio_turning": trend.ratio_turning,
    "average_direction": trend.average_direction,
    "average_support": trend.average_support,
    "phase": trend.phase,
    "level_state": level.level_state,
    "level_next": level.level_next,
    "largest_sector": exposure.largest_sector,
    "revenue_share": exposure.revenue_share,
}
"""What checks each type of statement."""
_SYNTHETIC = "synthetic sample, no market data"


def claims(entries: pl.DataFrame, known_at: dt.datetime) -> pl.DataFrame:
    """Return the claims that are known, one row per claim.

    Args:
        entries: ``NoteClaim`` rows of all claims files.
        known_at: Knowledge time; what was published later is left out.

    Returns:
        ``core.Claim``, sorted by claim.
    """
    known = entries.filter(pl.col("published_at") <= known_at).with_columns(known_from="published_at")
    return known.select(core.Claim.column_names()).sort("claim_id")


def claim_checks(known: pl.DataFrame, tables: Tables, parameters: Parameters) -> pl.DataFrame:
    """Return what the data say of each claim, as of its date and as known to the tables.

    Args:
        known: ``core.Claim``.
        tables: Every table of ``view.STANDS_FROM``.
        parameters: ``membership_max_age_days``.

    Returns:
        ``core.ClaimCheck``, one row per claim, sorted by claim.
    """
    is_synthetic = bool(tables[core.Instrument]["is_synthetic"].any())
    rows = []
    for values in known.iter_rows(named=True):
        claim, view = Claim.of(values), View(tables, values["as_of"], parameters)
        row = judged(claim, CHECKS[values["claim_type"]](claim, view))
        if is_synthetic:
            row["reason"] = "; ".join(filter(None, [_SYNTHETIC, row["reason"]]))
        rows.append({**row, "session": view.session})
    schema = {name: column.dtype for name, column in core.ClaimCheck.columns().items()}
    return pl.DataFrame(rows, schema=schema).select(list(schema)).sort("claim_id")
