"""The main job and when it runs by itself: every weekday for what is new, every Saturday for what was restated.

Not here: upkeep of files (``maintenance``), what happens to runs that fail (``alert``).
"""

from __future__ import annotations

import datetime as dt

import dagster as dg

JOB = "market_state"
_AFTER_THE_CLOSE = "30 17 * * 1-5"
_SATURDAY_MORNING = "0 8 * * 6"
NEW_YORK = "America/New_York"

market_state = dg.define_asset_job(
    JOB, selection=dg.AssetSelection.all(), description="Ingest, derive everything, publish the warehouse."
)

brief = dg.define_asset_job(
    "brief",
    selection=dg.AssetSelection.groups("report"),
    description="Issue the brief of an index from the published file.",
)

after_the_close = dg.ScheduleDefinition(
    name="after_the_close",
    job=market_state,
    cron_schedule=_AFTER_THE_CLOSE,
    execution_timezone=NEW_YORK,
    description="Weekdays, an hour and a half after the New York close; a holiday adds nothing.",
)

weekly_history = dg.ScheduleDefinition(
    name="weekly_history",
    job=market_state,
    cron_schedule=_SATURDAY_MORNING,
    execution_timezone=NEW_YORK,
    run_config={"ops": {"raw_stock_bar": {"config": {"whole_history": True}}}},
    description="Saturdays: whole histories of stocks once more, since a vendor may restate what lies further back than"
    " the daily run looks.",
)

FRESHNESS = dg.FreshnessPolicy.cron(
    deadline_cron="0 19 * * 1-5", lower_bound_delta=dt.timedelta(hours=2), timezone=NEW_YORK
)
"""Every table is written anew between 17:00 and 19:00 on a weekday. What counts is when a table was last written, not
its last session, and the job runs on a holiday as on any weekday: a holiday raises no false alarm."""
