"""How far an ingestion is: counts by outcome, rate, time left; told now and then while it runs.

Not here: where it is told (``defs``).
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

INTERVAL_SECONDS = 10.0


@dataclass
class Progress:
    """Counts of a run so far.

    Attributes:
        total: Questions to be asked, as far as known.
        outcomes: Questions answered, by outcome.
        seconds: Since the run began.
    """

    total: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def done(self) -> int:
        """Return how many questions are answered."""
        return self.outcomes.total()

    @property
    def per_minute(self) -> float:
        """Return the answers a minute."""
        return self.done / self.seconds * 60 if self.seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """Return how long the rest will take at this rate, None where there is no rate yet."""
        return (self.total - self.done) / self.per_minute * 60 if self.per_minute else None

    def __str__(self) -> str:
        """Return one line for a log."""
        counts = ", ".join(f"{name} {count}" for name, count in sorted(self.outcomes.items()))
        left = "" if self.seconds_left is None else f", about {self.seconds_left / 60:.1f} minutes left"
        return f"{self.done} of {self.total} symbols ({counts}), {self.per_minute:.0f} a minute{left}"


@dataclass
class Reporter:
    """Tells of progress at most every so many seconds.

    Attributes:
        tell: Takes the progress.
        interval: Seconds between two tellings.
        monotonic: Seconds from any fixed moment.
    """

    tell: Callable[[Progress], None]
    interval: float = INTERVAL_SECONDS
    monotonic: Callable[[], float] = time.monotonic
    progress: Progress = field(default_factory=Progress)
    _began: float | None = None
    _told: float = 0.0

    def expect(self, questions: int) -> None:
        """Note that so many more questions will be asked."""
        if self._began is None:
            self._began = self._told = self.monotonic()
        self.progress.total += questions

    def note(self, outcome: str) -> None:
        """Note an answer, and tell where it is time."""
        now = self.monotonic()
        self.progress.outcomes[outcome] += 1
        self.progress.seconds = now - (self._began if self._began is not None else now)
        if now - self._told >= self.interval or self.progress.done == self.progress.total:
            self._told = now
            self.tell(self.progress)
