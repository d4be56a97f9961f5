"""Which answers can be committed, and which first need the whole history of their symbol.

Belongs here: comparing a batch with what the lake holds. Not here: how splits and successors are told
(``transforms.stock_evidence``), asking, or writing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from pipelines.ingestion.batch import batch_of
from pipelines.ingestion.known import known_actions, known_bars
from pipelines.ingestion.question import Answered, Question
from pipelines.parameters import Parameters
from pipelines.storage.lake import Lake
from pipelines.transforms.stock_evidence import instruments_to_read_whole, reused_symbols


class Judgement(NamedTuple):
    """What is to become of answers.

    Attributes:
        ready: To be committed.
        held: To be committed together with the answer to a question of ``whole``.
        whole: Questions for whole histories.
    """

    ready: list[Answered]
    held: list[Answered]
    whole: list[Question]


def judged(answers: Sequence[Answered], followed: Collection[str], lake: Lake, parameters: Parameters) -> Judgement:
    """Tell apart the answers that can be committed, under the instrument that they are of.

    Bars of a company that took over a symbol go to an instrument of its own, named after symbol and first day of
    trading: they are never joined to those of the company before it.

    Args:
        answers: Answers, charts or not; one chart at most of each symbol that is not ``followed``.
        followed: Symbols whose whole history has been asked for after an answer of a few days; they are judged.
        lake: The lake.
        parameters: Limits of what shows a split or another company.
    """
    charts = [
        answered
        for answered in answers
        if answered.answer.outcome == "ok" and answered.question.vendor_symbol not in followed
    ]
    if not charts:
        return Judgement(list(answers), [], [])
    batch = batch_of(charts, parameters)
    closes = batch.bars.select("instrument_id", "session", "close")
    known = known_bars(lake, {found.question.instrument_id: found.question.asked_from for found in charts})
    reused = set(reused_symbols(known, closes, batch.first_trades, parameters))
    stored = known_actions(lake, [found.question.instrument_id for found in charts])
    split = set(instruments_to_read_whole(known, closes, stored, batch.actions, parameters))
    result = Judgement([], [], [])
    for answered in answers:
        question, is_judged = answered.question, answered in charts
        name = question.instrument_id
        if is_judged and name in reused:
            name = f"{question.vendor_symbol}@{answered.answer.first_trade}"
        if is_judged and not question.is_whole and question.instrument_id in reused | split:
            result.held.append(answered.of_instrument(name))
            result.whole.append(question.whole(name))
        else:
            result.ready.append(answered.of_instrument(name))
    return result
