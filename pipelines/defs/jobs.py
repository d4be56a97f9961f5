"""The main job and when it runs by itself."""

from __future__ import annotations

import datetime as dt

import dagster as dg

JOB = "market_state"
_AFTER_THE_CLOSE = "30 17 * * 1-5"
NEW_YORK = "America/New_York"

market_state = dg.define_asset_job(
    JOB, selection=dg.AssetSelection.all(), description="Ingest, derive everything, publish the warehouse."
)

after_the_close = dg.ScheduleDefinition(
    name="after_the_close",
    job=market_state,
    cron_schedule=_AFTER_THE_CLOSE,
    execution_timezone=NEW_YORK,
    description="Weekdays, an hour and a half after the New York close; a holiday adds nothing.",
)

FRESHNESS = dg.FreshnessPolicy.cron(
    deadline_cron="0 19 * * 1-5", lower_bound_delta=dt.timedelta(hours=2), timezone=NEW_YORK
)
