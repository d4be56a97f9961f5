"""Posting to a webhook: what arrives, what is tried again, and that the address shows nowhere."""

from __future__ import annotations

import logging
import socket

import pytest

from pipelines.sources.webhook import post
from tests.sources.webhook_server import webhook

TOKEN = "/services/T0KENT0KEN"


def test_a_message_arrives_as_json() -> None:
    with webhook() as hook:
        assert post(hook.url + TOKEN, {"text": "a <b> ü", "alerts": [1]}) is None
        assert (hook.received, hook.paths) == ([{"text": "a <b> ü", "alerts": [1]}], [TOKEN])


@pytest.mark.parametrize(
    ("statuses", "posts", "reason", "waits"),
    [
        ([500], 2, None, [1.0]),
        ([429, 503], 3, None, [1.0, 2.0]),
        ([500, 502, 503], 3, "status 503, 3 times", [1.0, 2.0]),
        ([404], 1, "status 404", []),
        ([302], 1, "status 302", []),
    ],
)
def test_what_another_try_may_mend_is_tried_again(
    statuses: list[int], posts: int, reason: str | None, waits: list[float]
) -> None:
    waited: list[float] = []
    with webhook() as hook:
        hook.statuses = list(statuses)
        assert post(hook.url + TOKEN, {}, waited.append) == reason
        assert len(hook.received) == posts
    assert waited == waits


def test_a_host_that_asks_to_wait_is_obeyed_within_half_a_minute() -> None:
    waited: list[float] = []
    with webhook() as hook:
        hook.statuses, hook.headers = [429, 429], {"Retry-After": "17"}
        assert post(hook.url, {}, waited.append) is None
        hook.statuses, hook.headers = [429], {"Retry-After": "9999"}
        assert post(hook.url, {}, waited.append) is None
    assert waited == [17.0, 17.0, 30.0]


def test_nobody_there_is_a_reason_not_an_error() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    waited: list[float] = []
    assert post(f"http://127.0.0.1:{port}{TOKEN}", {}, waited.append) == "ConnectError, 3 times"
    assert waited == [1.0, 2.0]


@pytest.mark.parametrize("url", ["http://[broken", "ftp://127.0.0.1/x", "http://", "http://127.0.0.1:99999/x"])
def test_an_address_that_is_none_is_a_reason_that_does_not_name_it(url: str) -> None:
    reason = post(url, {}, lambda seconds: None)
    assert reason
    assert "127" not in reason
    assert "broken" not in reason


def test_the_address_is_in_no_log(caplog: pytest.LogCaptureFixture) -> None:
    with webhook() as hook, caplog.at_level(logging.DEBUG):
        for name in ("httpx", "httpcore"):
            logging.getLogger(name).setLevel(logging.DEBUG)
        hook.statuses = [500, 404]
        assert post(hook.url + TOKEN, {}, lambda seconds: None) == "status 404"
        assert TOKEN not in caplog.text
        assert hook.url not in caplog.text
        assert logging.getLogger("httpx").level == logging.DEBUG
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.NOTSET)
