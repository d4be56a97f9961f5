"""Trying again: which answers of a host another try may mend, and how long to wait for it.

Belongs here: the manners that everything that speaks HTTP shares. Not here: what is asked or told (``download``,
``webhook``).
"""

from __future__ import annotations

from collections.abc import Callable

import httpx
import tenacity

_TOO_MANY_REQUESTS = 429


class LaterError(Exception):
    """An answer that another try may mend, and how long the host asks to wait."""

    def __init__(self, reason: str, wait_seconds: float = 0.0) -> None:
        super().__init__(reason)
        self.wait_seconds = wait_seconds


def retrying(
    attempts: int, first_wait: float, longest_wait: float, pause: Callable[[float], None]
) -> tenacity.Retrying:
    """Return what calls a function again where it raises LaterError, the last of which it lets through.

    Args:
        attempts: How often at most.
        first_wait: Seconds before the second try, doubled from try to try unless the host asks for more.
        longest_wait: Seconds at most, whatever the host asks for.
        pause: Waits so many seconds.
    """

    def wait(state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.wait_seconds if isinstance(error, LaterError) else 0.0
        return min(max(asked, first_wait * 2.0 ** (state.attempt_number - 1)), longest_wait)

    return tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(LaterError),
        stop=tenacity.stop_after_attempt(attempts),
        wait=wait,
        reraise=True,
        sleep=pause,
    )


def require_now(response: httpx.Response) -> None:
    """Raise LaterError where the host is overtaxed or broken; any other answer stands."""
    if response.status_code == _TOO_MANY_REQUESTS or response.is_server_error:
        asked = response.headers.get("Retry-After", "")
        raise LaterError(f"status {response.status_code}", float(asked) if asked.isdigit() else 0.0)
