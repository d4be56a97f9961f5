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

from pipelines.sources.retry import LaterError, require_now, retrying

_TIMEOUT = httpx.Timeout(10.0, connect=5.0)
_ATTEMPTS = 3
_LONGEST_WAIT_SECONDS = 30.0
_TALKATIVE = ("httpx", "httpcore")
"""Libraries that log the address they ask."""


def post(url: str, message: Mapping[str, object], pause: Callable[[float], None] = time.sleep) -> str | None:
    """Post a message; return None once it was taken, or why it was not. Raises nothing that the network does.

    Args:
        url: The address; it stands in no log and in no reason.
        message: What can be written as JSON.
        pause: Waits so many seconds between tries; only tests need another than sleeping.
    """
    try:
        with _silent(), httpx.Client(timeout=_TIMEOUT) as client:
            return retrying(_ATTEMPTS, 1.0, _LONGEST_WAIT_SECONDS, pause)(_post_once, client, url, message)
    except LaterError as error:
        return f"{error}, {_ATTEMPTS} times"
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        return type(error).__name__


def _post_once(client: httpx.Client, url: str, message: Mapping[str, object]) -> str | None:
    try:
        response = client.post(url, json=dict(message))
    except httpx.TransportError as error:
        raise LaterError(type(error).__name__) from error
    require_now(response)
    return None if response.is_success else f"status {response.status_code}"


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
