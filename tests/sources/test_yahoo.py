"""The Yahoo source against a server on the loopback interface: what it asks for, and what it says of refusals."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import polars as pl
import pytest

from pipelines.contracts.received import ReceivedBar
from pipelines.seeds import instruments
from pipelines.sources import yahoo_session
from pipelines.sources.base import SourceError, Span
from pipelines.sources.yahoo import YahooSource, first_day_to_ask
from tests.sources.yahoo_server import Bar, Refusal, YahooServer

# Sessions of the New York exchange; the 28th was Thanksgiving.
NOVEMBER = [dt.date(2024, 11, day) for day in (14, 15, 18, 19, 20, 21, 22, 25, 26, 27, 29)]
MONDAY = dt.date(2024, 12, 2)
SESSIONS = [*NOVEMBER, MONDAY]
BEGIN = dt.date(1987, 9, 10)
NOW = dt.datetime(2024, 12, 2, 18, 0, tzinfo=dt.UTC)
SYMBOLS = ["^RUT", "^GSPC", "^NDX", "^DJI"]


def made_up(level: float, sessions: list[dt.date] = SESSIONS) -> list[Bar]:
    """Return bars that climb by one point a session from ``level``."""
    return [
        Bar(session, level + day, level + day + 2, level + day - 2, level + day + 1, level + day + 0.5, 1000 + day)
        for day, session in enumerate(sessions)
    ]


@pytest.fixture
def server() -> Iterator[YahooServer]:
    with YahooServer(bars={symbol: made_up(100.0 * rank) for rank, symbol in enumerate(SYMBOLS, 1)}) as running:
        yield running


def ask(
    server: YahooServer, known: dict[str, Span] | None = None, start: dt.date | None = None, now: dt.datetime = NOW
) -> pl.DataFrame:
    return YahooSource(server.url).bars(instruments(is_synthetic=False), known or {}, start, now)


def refused(server: YahooServer) -> str:
    with pytest.raises(SourceError) as error:
        ask(server)
    return str(error.value)


def test_the_first_time_the_whole_history_is_asked_for(server: YahooServer) -> None:
    frame = ask(server)
    ReceivedBar.validate(frame)
    assert [question.symbol for question in server.questions] == SYMBOLS
    assert {(question.first, question.end) for question in server.questions} == {
        (dt.date(1900, 1, 1), dt.date(2024, 12, 3))
    }
    assert frame["instrument_id"].to_list() == [name for name in ("RUT", "SPX", "NDX", "DJI") for _ in SESSIONS]
    assert frame["session"].to_list() == SESSIONS * 4


def test_a_row_is_as_yahoo_gave_it(server: YahooServer) -> None:
    server.bars["^RUT"] = [Bar(MONDAY, 2437.21, 2442.6101, 2420.71, 2434.1399, 2400.5, 4412470000)]
    row = ask(server).row(0, named=True)
    assert row["vendor_symbol"] == "^RUT"
    assert (row["open"], row["high"], row["low"], row["close"]) == (2437.21, 2442.6101, 2420.71, 2434.1399)
    assert (row["adjusted_close"], row["volume"]) == (2400.5, 4412470000.0)
    assert row["locator"] == "yahoo:^RUT:2024-12-02"
    payload = json.loads(row["payload"])
    assert (payload["Date"], payload["Close"], payload["Adj Close"]) == ("2024-12-02", 2434.1399, 2400.5)


def test_of_known_instruments_ten_sessions_before_the_last_are_asked_for(server: YahooServer) -> None:
    # Ten sessions before Monday 2 December is Friday 15 November; before 27 November it is the 13th.
    frame = ask(server, {"RUT": (BEGIN, MONDAY), "SPX": (BEGIN, dt.date(2024, 11, 27))})
    assert [question.first for question in server.questions] == [
        dt.date(2024, 11, 15), dt.date(2024, 11, 13), dt.date(1900, 1, 1), dt.date(1900, 1, 1)
    ]  # fmt: skip
    assert frame.filter(pl.col("instrument_id") == "RUT")["session"].to_list() == SESSIONS[1:]


@pytest.mark.parametrize(
    ("known", "start", "expected"),
    [
        (None, None, dt.date(1900, 1, 1)),
        (None, dt.date(2020, 1, 1), dt.date(2020, 1, 1)),
        ((BEGIN, MONDAY), None, dt.date(2024, 11, 15)),
        ((BEGIN, MONDAY), dt.date(2020, 1, 1), dt.date(2024, 11, 15)),
        ((BEGIN, MONDAY), dt.date(2024, 11, 29), dt.date(2024, 11, 29)),
        ((dt.date(2020, 1, 2), MONDAY), dt.date(2010, 1, 1), dt.date(2010, 1, 1)),  # asks for what lies before
        ((BEGIN, dt.date(2001, 9, 17)), None, dt.date(2001, 8, 27)),  # the exchange was shut from 11 to 14 September
    ],
)
def test_the_first_day_to_ask_for(known: Span | None, start: dt.date | None, expected: dt.date) -> None:
    assert first_day_to_ask(known, start) == expected


def test_the_last_day_asked_for_is_today_in_new_york(server: YahooServer) -> None:
    ask(server, now=dt.datetime(2024, 12, 3, 3, 0, tzinfo=dt.UTC))  # 22:00 on the 2nd in New York
    assert {question.end for question in server.questions} == {dt.date(2024, 12, 3)}


def test_a_bar_of_a_session_that_is_not_over_passes_through(server: YahooServer) -> None:
    server.bars["^RUT"][-1] = Bar(MONDAY, 111.0, 111.5, 110.5, 111.25, 111.25, 7)
    last = ask(server).filter(pl.col("instrument_id") == "RUT").row(-1, named=True)
    assert (last["session"], last["close"], last["volume"]) == (MONDAY, 111.25, 7.0)


def test_a_missing_price_is_null_and_the_row_stays(server: YahooServer) -> None:
    server.bars["^NDX"][3] = Bar(SESSIONS[3], None, None, None, None, None, None)
    row = ask(server).filter(pl.col("instrument_id") == "NDX").row(3, named=True)
    assert row["session"] == SESSIONS[3]
    assert (row["open"], row["high"], row["low"], row["close"], row["adjusted_close"]) == (None,) * 5
    assert json.loads(row["payload"])["Close"] is None


def test_the_hash_tells_answers_apart(server: YahooServer) -> None:
    def hashes() -> list[str]:
        return (
            ask(server)
            .group_by("instrument_id", maintain_order=True)
            .agg(pl.col("payload_hash").unique())
            .explode("payload_hash")["payload_hash"]
            .to_list()
        )

    first = hashes()
    assert len(set(first)) == 4
    assert hashes() == first
    server.bars["^DJI"][0] = server.bars["^DJI"][0]._replace(close=400.25)
    assert [old == new for old, new in zip(first, hashes(), strict=True)] == [True, True, True, False]


# Refusals

REASONS: dict[Refusal, str] = {
    "unknown": "said: No data found, symbol may be delisted (HTTP 404",
    "empty": "an answer without prices (HTTP 200, application/json)",
    "page": "expected a chart, was another answer (HTTP 200, text/html)",
    "broken": "expected a chart, was another answer (HTTP 502, text/html)",
}


@pytest.mark.parametrize(("refusal", "reason"), REASONS.items(), ids=REASONS)
def test_half_an_answer_names_both_halves(server: YahooServer, refusal: Refusal, reason: str) -> None:
    server.refusals = {"^RUT": refusal, "^NDX": refusal}
    text = refused(server)
    assert text.startswith("yahoo: expected bars of 4 symbols, was 2; nothing was stored. failed: ^RUT: ")
    assert text.count(reason) == 2
    assert text.endswith(". fine: ^GSPC, ^DJI")


def test_a_rate_limit_ends_the_round(server: YahooServer) -> None:
    server.refusals = {"^GSPC": "rate_limited"}
    text = refused(server)
    assert "^GSPC: 127.0.0.1" in text
    assert "limits the rate of requests (HTTP 429); try again later" in text
    assert text.endswith("fine: ^RUT. not asked after that: ^NDX, ^DJI")
    assert {question.symbol for question in server.questions} == {"^RUT", "^GSPC"}


def test_a_dropped_connection_ends_the_round(server: YahooServer) -> None:
    server.refusals = {"^RUT": "drop"}
    text = refused(server)
    assert "^RUT: no connection to 127.0.0.1" in text
    assert text.endswith("fine: none. not asked after that: ^GSPC, ^NDX, ^DJI")


def test_offline_is_said_in_plain_words() -> None:
    with YahooServer() as closed:
        pass
    text = refused(closed)
    assert f"^RUT: no connection to {closed.url.removeprefix('http://')}: is this machine offline, or behind" in text
    assert "nothing was stored" in text


def test_a_silent_host_is_given_up(server: YahooServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yahoo_session, "TIMEOUT_SECONDS", 0.3)
    server.refusals = {"^RUT": "silence"}
    assert "^RUT: no answer from 127.0.0.1" in refused(server)


def test_a_refusal_is_not_remembered(server: YahooServer) -> None:
    server.refusals = {"^RUT": "unknown", "^NDX": "page"}
    refused(server)
    server.refusals = {}
    assert len(ask(server)) == 4 * len(SESSIONS)


# Nothing leaves this machine, nothing is left on it


def test_a_proxy_of_the_environment_is_not_used_on_this_machine(
    server: YahooServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    assert len(ask(server)) == 4 * len(SESSIONS)


def test_every_request_goes_to_the_host_that_was_given(server: YahooServer, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    send = yahoo_session.requests.Session.request

    def watch(session, method, url, *args, **kwargs):
        asked.append(url)
        return send(session, method, url, *args, **kwargs)

    monkeypatch.setattr(yahoo_session.requests.Session, "request", watch)
    server.refusals = {"^RUT": "unknown", "^DJI": "rate_limited"}  # makes yfinance try its other ways to a cookie
    refused(server)
    assert len(asked) > len(SYMBOLS)
    assert {urlsplit(url).netloc for url in asked} == {urlsplit(server.url).netloc}


def test_nothing_is_written_to_the_home(server: YahooServer) -> None:
    ask(server)
    from yfinance.cache import _CookieDBManager, _TzDBManager

    for manager in (_TzDBManager, _CookieDBManager):
        folder = Path(manager.get_location())
        assert folder == Path(yahoo_session.cache_folder().name)
        assert Path(os.path.expanduser("~")) not in folder.parents  # noqa: PTH111 - what yfinance itself would use
