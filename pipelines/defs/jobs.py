"""The jobs that build the warehouse, and when the main one runs by itself: weekdays for what is new, Saturdays for all.

Not here: upkeep of files (``maintenance``), what happens to runs that fail (``alert``).
"""

from __future__ import annotations

import dagster as dg

from pipelines.contracts import raw
from pipelines.defs.brief import BRIEF
from pipelines.defs.stock import IngestStocks
from pipelines.defs.tables import NEW_YORK
from pipelines.projections.dagster import asset_key

JOB = "everything"
_AFTER_THE_CLOSE = "30 17 * * 1-5"
_SATURDAY_MORNING = "0 8 * * 6"
_PRICES = dg.AssetSelection.assets(asset_key(raw.Bar), asset_key(raw.SecondBar))


everything = dg.define_asset_job(
    JOB,
    selection=dg.AssetSelection.all(),
    description="Ask for everything, derive everything, publish the warehouse, issue the brief.",
)

indices_only = dg.define_asset_job(
    "indices_only",
    # What raw holds of stocks and documents stays, and all that stands on it is derived as ever: the published file is
    # whole and of one state, on a fresh warehouse too.
    selection=dg.AssetSelection.groups("core", "serve") | (_PRICES.downstream() & dg.AssetSelection.groups("raw")),
    description="Ask for prices of indices alone, and publish: no stocks, holdings, filings or lists are asked for or"
    " read. What is known of them already stays.",
)

brief = dg.define_asset_job(
    "brief",
    selection=dg.AssetSelection.assets(BRIEF),
    description="Issue the brief of an index from the published file.",
)

after_the_close = dg.ScheduleDefinition(
    name="after_the_close",
    job=everything,
    cron_schedule=_AFTER_THE_CLOSE,
    execution_timezone=NEW_YORK,
    description="Weekdays, an hour and a half after the New York close; a holiday adds nothing.",
)

weekly_history = dg.ScheduleDefinition(
    name="weekly_history",
    job=everything,
    cron_schedule=_SATURDAY_MORNING,
    execution_timezone=NEW_YORK,
    run_config=dg.RunConfig(ops={"raw_stock_bar": IngestStocks(whole_history=True)}),
    description="Saturdays: whole histories of stocks once more, since a vendor may restate what lies further back than"
    " the daily run looks.",
)
