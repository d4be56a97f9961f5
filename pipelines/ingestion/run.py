"""One run of an ingestion: what the spool holds, what is due, what answers demand beside; committed as it comes.

Belongs here: the order of the steps and what a run reports. Not here: the steps (a module each).
"""

from __future__ import annotations

import datetime as dt
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

import polars as pl

from pipelines.ingestion.ask import Ask, Asker
from pipelines.ingestion.commit import commit
from pipelines.ingestion.judge import judged
from pipelines.ingestion.known import known_outcomes
from pipelines.ingestion.progress import Progress, Reporter
from pipelines.ingestion.question import Answered, Question, questions_of
from pipelines.ingestion.spool import Spool
from pipelines.parameters import Parameters
from pipelines.sources.calendar import sessions_between
from pipelines.sources.chart_answer import WHOLE_HISTORY_FROM
from pipelines.storage.lake import Lake
from pipelines.transforms.fetch_question import due_questions

CHUNK = 75
"""Questions that are asked together; between two chunks nothing is under way."""
COMMIT_ROWS = 250_000
"""Bars that are held at most, about, before they are committed: a day of 3,000 symbols is one commit."""
_CALENDAR_MARGIN = dt.timedelta(days=60)


@dataclass(frozen=True)
class Vendor:
    """Who is asked, and when it is.

    Attributes:
        name: Stands in every row as ``source``.
        ask: Asks for a symbol; called by several threads.
        clock: The present moment.
        pause: Waits for so many seconds.
    """

    name: str
    ask: Ask
    clock: Callable[[], dt.datetime]
    pause: Callable[[float], None] = time.sleep


@dataclass
class IngestResult:
    """What a run did.

    Attributes:
        status: Symbols by what was due of them: ask, covered, waiting.
        outcomes: Questions by what became of them, answers from the spool included.
        rows: New rows by table.
        counts: Rejected rows by rule; ``unsettled`` bars set aside.
        whole: Whole histories asked for because an answer showed a split or another company.
        held: Answers that wait in the spool for such a history.
        from_spool: Answers that an earlier run left.
        stopped: Why the rest was not asked, None where all was.
        refusals: How often the vendor refused for asking too fast.
    """

    status: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    whole: int = 0
    held: int = 0
    from_spool: int = 0
    stopped: str | None = None
    refusals: int = 0

    @property
    def is_partial(self) -> bool:
        """Return whether something that is due is still not known."""
        return self.stopped is not None or self.held > 0 or any(self.outcomes[name] for name in _FAILED)

    @property
    def is_nothing(self) -> bool:
        """Return whether symbols were due and not one of the universe could be read, now or before."""
        return self.status["ask"] > 0 and not (self.outcomes["ok"] or self.outcomes["empty"] or self.status["covered"])


_FAILED = ("rate_limited", "http_error", "parse_error")


def ingest_universe(
    symbols: Sequence[str],
    vendor: Vendor,
    lake: Lake,
    spool: Spool,
    parameters: Parameters,
    *,
    whole_history: bool = False,
    suspects: Collection[str] = (),
    tell: Callable[[Progress], None] = lambda progress: None,
) -> IngestResult:
    """Ask for what is due of every symbol, and append what is new to the lake.

    An answer is kept in the spool at once, and committed with others. A run killed at any moment leaves both whole; the
    next one commits what the spool holds, asks for the rest, and ends with the same rows.

    Args:
        symbols: Vendor's symbols.
        vendor: Who is asked.
        lake: Where rows go.
        spool: Where answers wait.
        parameters: Thresholds (docs/methods.md, B8).
        whole_history: Whether to read whole histories again that were read ``whole_history_days`` ago or more.
        suspects: Instruments of which some bar is held back: their whole histories are read again.
        tell: Is told of the progress about every ten seconds, and at the end.
    """
    with spool.locked():
        spool.sweep()
        run = _Run(vendor, lake, spool, parameters, Reporter(tell))
        run.resume()
        run.ask(_due(symbols, vendor, lake, parameters, run.result, whole_history=whole_history, suspects=suspects))
        return run.finish()


def _due(
    symbols: Sequence[str],
    vendor: Vendor,
    lake: Lake,
    parameters: Parameters,
    result: IngestResult,
    *,
    whole_history: bool,
    suspects: Collection[str],
) -> list[Question]:
    """Return what is to be asked now."""
    now, wanted = vendor.clock(), list(dict.fromkeys(symbols))
    outcomes = known_outcomes(lake, wanted, now)
    oldest = outcomes.filter(pl.col("outcome") == "ok")["asked_to"].min()
    first = min(oldest if isinstance(oldest, dt.date) else now.date(), now.date()) - _CALENDAR_MARGIN
    due = due_questions(
        wanted,
        outcomes,
        sessions_between(first, now.date()),
        now,
        WHOLE_HISTORY_FROM,
        parameters,
        whole_history=whole_history,
        suspects=suspects,
    )
    result.status.update(due["status"])
    return questions_of(due)


@dataclass
class _Run:
    """The state of a run."""

    vendor: Vendor
    lake: Lake
    spool: Spool
    parameters: Parameters
    reporter: Reporter
    result: IngestResult = field(default_factory=IngestResult)
    pending: list[Answered] = field(default_factory=list)
    held: dict[str, Answered] = field(default_factory=dict)
    whole: list[Question] = field(default_factory=list)
    followed: dict[str, str] = field(default_factory=dict)
    """Symbols whose whole history has been asked for after an answer of a few days, and the instrument it is of."""

    def __post_init__(self) -> None:
        self.asker = Asker(self.vendor.ask, self.vendor.clock, self.vendor.pause)

    def resume(self) -> None:
        """Commit what an earlier run left in the spool."""
        self.followed = self.spool.followed()
        for answered in self.spool.answers():
            self.result.from_spool += 1
            name = self.followed.get(answered.question.vendor_symbol)
            self._take(answered.of_instrument(name) if name else answered)
        self._flush()
        self.followed = {}

    def ask(self, questions: list[Question]) -> None:
        """Ask questions, and the whole histories that answers demand."""
        due = {question.vendor_symbol: question for question in questions}
        self.whole = [
            question._replace(asked_to=due.pop(question.vendor_symbol, question).asked_to) for question in self.whole
        ]
        self._ask(list(due.values()))
        while self.whole and self.asker.stopped is None:
            questions, self.whole = self.whole, []
            self.followed |= {question.vendor_symbol: question.instrument_id for question in questions}
            self.result.whole += len(questions)
            self._ask(questions)

    def finish(self) -> IngestResult:
        """Return what was done; answers that wait for a whole history stay in the spool."""
        self.result.held = len(self.held)
        self.result.stopped, self.result.refusals = self.asker.stopped, self.asker.refusals
        return self.result

    def _ask(self, questions: list[Question]) -> None:
        self.reporter.expect(len(questions))
        for begin in range(0, len(questions), CHUNK):
            for answered in self.asker.answers(questions[begin : begin + CHUNK]):
                self.spool.save(answered)
                self.reporter.note(answered.answer.outcome)
                self._take(answered)
        self._flush()

    def _take(self, answered: Answered) -> None:
        self.pending.append(answered)
        if sum(found.rows for found in self.pending) >= COMMIT_ROWS:
            self._flush()

    def _flush(self) -> None:
        """Commit the pending answers, but those that need a whole history first."""
        answers, self.pending = self.pending, []
        if not answers:
            return
        result = judged(answers, self.followed, self.lake, self.parameters)
        self.held |= {answered.question.vendor_symbol: answered for answered in result.held}
        self.whole += result.whole
        symbols = [answered.question.vendor_symbol for answered in result.ready]
        ready = [*result.ready, *(self.held.pop(symbol) for symbol in symbols if symbol in self.held)]
        if not ready:
            return
        committed = commit(ready, self.lake, self.vendor.name, self.parameters)
        self.spool.remove(ready)
        self.result.rows += committed.rows
        self.result.counts += committed.counts
        self.result.outcomes += committed.outcomes
