"""What a person is told of stocks that were asked for in vain; a misspelt symbol is otherwise a row among thousands.

Belongs here: one sentence from ``raw.fetch_outcome``. Not here: asking again (``pipelines.ingestion``).
"""

from __future__ import annotations

import polars as pl

from pipelines.contracts import raw
from pipelines.ingestion.universe import has_universe, universe_of
from pipelines.settings import Settings
from pipelines.storage.lake import Lake

_SHOWN = 5


def symbols_without_bars(lake: Lake, settings: Settings) -> str | None:
    """Return which symbols of the universe have never given a bar, with the newest reason; None if there is none."""
    if settings.is_past or not has_universe(settings):
        return None
    wanted = pl.col("vendor_symbol").is_in(universe_of(settings, lake).symbols)
    asked = lake.scan(raw.FetchOutcome).filter(wanted).sort("fetched_at")
    newest = asked.group_by("vendor_symbol").agg(
        pl.col("rows_received").sum(), pl.col("outcome", "outcome_detail").last()
    )
    never = newest.filter(rows_received=0).sort("vendor_symbol").collect()
    if never.is_empty():
        return None
    shown = [
        f"{symbol} ({detail or outcome})"
        for symbol, outcome, detail in never.head(_SHOWN).select("vendor_symbol", "outcome", "outcome_detail").rows()
    ]
    more = f" and {never.height - _SHOWN} more" if never.height > _SHOWN else ""
    return f"no bars were ever received of {', '.join(shown)}{more}; are they symbols as Yahoo writes them?"
