"""Asking many questions at once: a few threads, a second try for faults that pass, and a stop when the vendor refuses.

Not here: which questions, how fast (``pace``), keeping the answers (``spool``).
"""

from __future__ import annotations

import datetime as dt
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

import tenacity

from pipelines.ingestion.question import Answered, Question, exchange_day
from pipelines.sources.chart_answer import Answer

THREADS = 4
ATTEMPTS = 3
"""How often a question is asked whose fault may pass."""
FIRST_WAIT, LONGEST_WAIT = 1.0, 8.0
"""Seconds before the second try, and before any."""
COOL_DOWN_SECONDS = 60.0
"""Wait after the first refusal for asking too fast; each further one of a run doubles it."""
COOL_DOWNS = 3
"""So often a run waits; the next refusal ends it."""
UNHEARD_LIMIT = 12
"""So many questions in a row without any answer end the run: there is no connection."""

DAYS_AHEAD = dt.timedelta(days=31)
"""Days from today that are asked for, to hear of splits announced."""

Ask = Callable[[str, dt.date, dt.date], Answer]
"""Asks for a symbol from a day to before another."""


@dataclass
class Asker:
    """Puts questions to a vendor.

    Attributes:
        ask: Asks one question; called by several threads at once.
        clock: The present moment.
        pause: Waits for so many seconds.
        threads: How many questions are out at once at most.
        cool_downs: How often asking is taken up again after a refusal for asking too fast.
        stopped: Why the rest was not asked, None where all was.
        refusals: How often the vendor refused for asking too fast.
    """

    ask: Ask
    clock: Callable[[], dt.datetime]
    pause: Callable[[float], None] = time.sleep
    threads: int = THREADS
    cool_downs: int = COOL_DOWNS
    stopped: str | None = None
    refusals: int = 0
    _unheard: int = 0

    def answers(self, questions: Sequence[Question]) -> Iterator[Answered]:
        """Yield the answers as they come; those refused for asking too fast are asked again after a wait.

        Once ``stopped`` says why, no further question is asked, by any later call either. The questions refused last
        are yielded as ``rate_limited``.
        """
        waiting = deque(questions)
        while waiting and self.stopped is None:
            limited: list[Answered] = []
            for answered in self._until_refused(waiting):
                if answered.answer.outcome == "rate_limited":
                    limited.append(answered)
                else:
                    yield answered
            if not limited:
                continue
            self.refusals += 1
            if self.refusals > self.cool_downs:
                self.stopped = "the vendor limits the rate of requests"
                yield from limited
            else:
                waiting.extendleft(answered.question for answered in reversed(limited))
                self.pause(COOL_DOWN_SECONDS * 2 ** (self.refusals - 1))

    def _until_refused(self, waiting: deque[Question]) -> Iterator[Answered]:
        """Yield answers until all are there or one is a refusal; then only those that are on their way."""
        pending: set[Future[Answered]] = set()
        is_refused = False
        with ThreadPoolExecutor(self.threads, thread_name_prefix="vendor") as pool:
            while pending or (waiting and not is_refused and self.stopped is None):
                while waiting and len(pending) < self.threads and not is_refused and self.stopped is None:
                    pending.add(pool.submit(self._answer, waiting.popleft()))
                done, pending = wait(pending, return_when=FIRST_COMPLETED)
                for answered in [future.result() for future in done]:
                    is_refused = is_refused or answered.answer.outcome == "rate_limited"
                    self._note(answered.answer)
                    yield answered

    def _note(self, answer: Answer) -> None:
        self._unheard = self._unheard + 1 if answer.is_unheard else 0
        if self._unheard >= UNHEARD_LIMIT:
            self.stopped = f"no connection: {answer.detail}"

    def _answer(self, question: Question) -> Answered:
        """Ask one question, again where the fault may pass."""
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_result(lambda answer: answer.may_pass),
            stop=tenacity.stop_after_attempt(ATTEMPTS),
            wait=tenacity.wait_exponential(FIRST_WAIT, max=LONGEST_WAIT),
            sleep=self.pause,
            retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
        )
        # Splits effective by now are in the prices, so today is asked for too, although its bar may be half done.
        end = exchange_day(self.clock()) + DAYS_AHEAD
        answer = retrying(self.ask, question.vendor_symbol, question.asked_from, end)
        return Answered(question, answer, self.clock())
