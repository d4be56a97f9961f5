"""How fast a host is asked: a bucket of tokens that fills at a steady rate.

Not here: what is asked, or waiting after a refusal (``ask``).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class TokenBucket:
    """Tokens for requests: so many at once, then so many a minute. Threads share it and wait in turn.

    Args:
        per_minute: Tokens that come in a minute.
        burst: Tokens that it holds at most, and at first.
        monotonic: Seconds from any fixed moment.
        sleep: Waits for so many seconds.
    """

    def __init__(
        self,
        per_minute: float,
        burst: int,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._per_second = per_minute / 60
        self._burst = float(burst)
        self._tokens = float(burst)
        self._monotonic = monotonic
        self._sleep = sleep
        self._filled_at = monotonic()
        self._lock = threading.Lock()
        self.taken = 0

    def take(self) -> None:
        """Take one token; wait until there is one."""
        with self._lock:
            now = self._monotonic()
            self._tokens = min(self._burst, self._tokens + (now - self._filled_at) * self._per_second)
            self._filled_at = now
            self._tokens -= 1
            self.taken += 1
            # A token may be owed: whoever comes later waits longer, so that nobody wakes to find none.
            wait = max(0.0, -self._tokens / self._per_second)
        if wait:
            self._sleep(wait)
