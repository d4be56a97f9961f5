"""What every market source offers, and the one error it may raise.

Belongs here: the Protocol. Not here: anything about one vendor (a module each), or row rules (``transforms.screen``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Protocol

import dataframely as dy
import polars as pl

from pipelines.contracts.received import ReceivedBar

Span = tuple[dt.date, dt.date]
"""First stored session of an instrument, and the last one up to which no session is missing or in doubt."""


class SourceError(RuntimeError):
    """A source that cannot be read, with the reason; nothing of the batch may be stored."""


class BarSource(Protocol):
    """A place where daily bars come from."""

    name: str
    """The ``MARKET_SOURCE`` value; stands in every raw row."""

    def bars(
        self,
        instruments: pl.DataFrame,
        known: Mapping[str, Span],
        start: dt.date | None,
        now: dt.datetime,
    ) -> dy.DataFrame[ReceivedBar]:
        """Return the rows of ``instruments`` (``core.Instrument``) from ``start`` on, as received.

        ``known`` gives the stored span of each instrument that has any: a source that is asked over a
        network fetches from ten sessions before its end, a local one may ignore it.

        Raises:
            SourceError: the source or one of the instruments could not be read.
        """
        ...
