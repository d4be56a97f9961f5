"""Yahoo as the vendor of a universe: one paced session for all threads.

Not here: how a symbol is asked (``sources.yahoo_chart``), or what is asked (``run``).
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager

from pipelines.ingestion.pace import TokenBucket
from pipelines.ingestion.run import Vendor
from pipelines.settings import Settings
from pipelines.sources.yahoo_chart import ask_chart
from pipelines.sources.yahoo_session import YahooSession, yfinance_module


@contextmanager
def yahoo_vendor(settings: Settings) -> Iterator[Vendor]:
    """Provide Yahoo, or the host that answers in its place, asked no faster than the settings say."""
    bucket = TokenBucket(settings.yahoo_per_minute, settings.yahoo_burst)
    yfinance_module()  # Set up before threads use it.
    with YahooSession(settings.yahoo_url, pace=bucket.take) as session:
        yield Vendor("yahoo", functools.partial(ask_chart, session=session), settings.clock)
