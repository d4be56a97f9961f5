"""Telling somebody: one JSON message posted to a webhook.

Belongs here: sending, trying again, and saying what became of it without the address, which may hold a token. Not here:
what is told (``alert``). The one module of this room that tells the outside world something instead of asking.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import httpx
import tenacity

_TIMEOUT = httpx.Timeout(10.0, connect=5.0)
_ATTEMPTS = 3
_LONGEST_WAIT_SECONDS = 30.0
_TOO_MANY_REQUESTS = 429
_TALKATIVE = ("httpx", "httpcore")
"""Libraries that log the address they ask."""


class _LaterError(Exception):
    """An answer that another try may mend, and how long the host asks to wait."""

    def __init__(self, reason: str, wait_seconds: float = 0.0) -> None:
        super().__init__(reason)
        self.wait_seconds = wait_seconds


def post(url: str, message: Mapping[str, object], pause: Callable[[float], None] = time.sleep) -> str | None:
    """Post a message; return None once it was taken, or why it was not. Raises nothing that the network does.

    Args:
        url: The address; it stands in no log and in no reason.
        message: What can be written as JSON.
        pause: Waits so many seconds between tries; only tests need another than sleeping.
    """
    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(_LaterError),
        stop=tenacity.stop_after_attempt(_ATTEMPTS),
        wait=_wait,
        reraise=True,
        sleep=pause,
    )
    try:
        with _silent(), httpx.Client(timeout=_TIMEOUT) as client:
            return retrying(_post_once, client, url, message)
    except _LaterError as error:
        return f"{error}, {_ATTEMPTS} times"
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        return type(error).__name__


def _post_once(client: httpx.Client, url: str, message: Mapping[str, object]) -> str | None:
    try:
        response = client.post(url, json=dict(message))
    except httpx.TransportError as error:
        raise _LaterError(type(error).__name__) from error
    if response.status_code == _TOO_MANY_REQUESTS or response.is_server_error:
        asked = response.headers.get("Retry-After", "")
        raise _LaterError(f"status {response.status_code}", float(asked) if asked.isdigit() else 0.0)
    return None if response.is_success else f"status {response.status_code}"


def _wait(state: tenacity.RetryCallState) -> float:
    """Return the seconds before the next try: what the host asks for, or 1 and 2, within half a minute."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.wait_seconds if isinstance(error, _LaterError) else 0.0
    return min(max(asked, 2.0 ** (state.attempt_number - 1)), _LONGEST_WAIT_SECONDS)


@contextmanager
def _silent() -> Iterator[None]:
    """Keep the libraries from logging the address."""
    before = {name: logging.getLogger(name).level for name in _TALKATIVE}
    for name in before:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)
