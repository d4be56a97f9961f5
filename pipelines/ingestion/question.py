"""A question to a vendor, and the question with its answer: what passes between the steps of an ingestion."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple
from zoneinfo import ZoneInfo

import polars as pl

from pipelines.sources.chart_answer import WHOLE_HISTORY_FROM, Answer
from pipelines.sources.received import EXCHANGE_TIME_ZONE

_NEW_YORK = ZoneInfo(EXCHANGE_TIME_ZONE)


def exchange_day(moment: dt.datetime) -> dt.date:
    """Return the date in New York."""
    return moment.astimezone(_NEW_YORK).date()


class Question(NamedTuple):
    """One symbol and the days asked for.

    Attributes:
        vendor_symbol: The vendor's symbol.
        instrument_id: Ours.
        asked_from: First day.
        asked_to: Last session whose bar is wanted. Days after it are asked for only to hear of splits.
        had_bars: Whether an answer with bars is stored.
        unknown_before: When the vendor first did not know a symbol that it had known; None where it does.
    """

    vendor_symbol: str
    instrument_id: str
    asked_from: dt.date
    asked_to: dt.date
    had_bars: bool = False
    unknown_before: dt.datetime | None = None

    @property
    def is_whole(self) -> bool:
        """Return whether the whole history is asked for."""
        return self.asked_from == WHOLE_HISTORY_FROM

    def whole(self, instrument_id: str) -> Question:
        """Return the question for the whole history, of an instrument that may be another."""
        return self._replace(asked_from=WHOLE_HISTORY_FROM, instrument_id=instrument_id)


class Answered(NamedTuple):
    """A question, its answer, and when that came."""

    question: Question
    answer: Answer
    fetched_at: dt.datetime

    @property
    def day(self) -> dt.date:
        """Return the date on the exchange when the answer came: splits up to then are in its prices."""
        return exchange_day(self.fetched_at)

    @property
    def rows(self) -> int:
        """Return how many bars came."""
        return self.answer.bars.height

    def of_instrument(self, instrument_id: str) -> Answered:
        """Return the answer as one about another instrument."""
        return self._replace(question=self.question._replace(instrument_id=instrument_id))


def questions_of(due: pl.DataFrame) -> list[Question]:
    """Return the rows of ``fetch_question.due_questions`` that are to be asked now."""
    return [Question(*row) for row in due.filter(status="ask").drop("status").rows()]
