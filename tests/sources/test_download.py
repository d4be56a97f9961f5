"""Downloads, against a server on the loopback interface: what is asked, what is kept, and what is told of the rest."""

from __future__ import annotations

import datetime as dt
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

import pytest

from pipelines import seeds
from pipelines.sources.download import download_documents
from pipelines.sources.sample_document import write_sample_documents

TODAY = dt.date(2024, 12, 2)
CONTACT = "Somebody somebody@example.org"
FUNDS = seeds.funds().filter(fund_id="IVV")


class Answer(NamedTuple):
    """What a path answers: status, body, seconds that the host asks to wait, and how much of the body is cut off."""

    status: int = 200
    body: bytes = b""
    retry_after: str = ""
    missing_bytes: int = 0


class Vendor(ThreadingHTTPServer):
    """Answers by the beginning of the path, of several answers one after another; notes what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: dict[str, list[Answer]] = {}
        self.asked: list[tuple[str, str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Vendor

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers["User-Agent"]))
        answers = next((found for path, found in self.server.answers.items() if self.path.startswith(path)), None)
        answer = Answer(404) if not answers else answers.pop(0) if len(answers) > 1 else answers[0]
        self.send_response(answer.status)
        self.send_header("Content-Length", str(len(answer.body) + answer.missing_bytes))
        if answer.retry_after:
            self.send_header("Retry-After", answer.retry_after)
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with Vendor() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made_up")
    write_sample_documents(folder, dt.datetime(2024, 12, 31, tzinfo=dt.UTC))
    return folder


def ask(
    vendor: Vendor, folder: Path, kind: str = "holdings", contact: str | None = CONTACT
) -> tuple[dict, list[float]]:
    waits: list[float] = []
    return download_documents(folder, kind, FUNDS, TODAY, contact, vendor.url, waits.append), waits  # type: ignore[arg-type]


def holdings_of(made_up: Path, fund: str = "IVV") -> bytes:
    return (made_up / "holdings" / f"{fund}_holdings_2024-11-29.csv").read_bytes()


def test_holdings_are_kept_once_under_their_content(vendor: Vendor, made_up: Path, tmp_path: Path) -> None:
    vendor.answers["/us/products/239726/ishares-core-sp-500-etf/"] = [Answer(body=holdings_of(made_up))]
    for _ in range(2):
        assert ask(vendor, tmp_path) == ({}, [])
    (path,) = (tmp_path / "holdings").iterdir()
    assert path.name.startswith("IVV_holdings.")
    assert path.read_bytes() == holdings_of(made_up)
    assert "fileName=IVV_holdings" in vendor.asked[0][0]
    assert "somebody" not in vendor.asked[0][1]


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Answer(body=b"<html>Are you a robot?</html>"), "expected .* was an HTML or XML page"),
        (Answer(body=b""), "was an empty file"),
        (Answer(404), "expected a document, was status 404"),
        (Answer(403, b"no"), "expected a document, was status 403"),
    ],
)
def test_what_is_not_what_was_asked_for_is_not_kept_and_not_asked_for_again(
    vendor: Vendor, tmp_path: Path, answer: Answer, told: str
) -> None:
    vendor.answers["/"] = [answer]
    missing, waits = ask(vendor, tmp_path)
    assert list(missing) == ["IVV_holdings"]
    assert re.search(told, missing["IVV_holdings"])
    assert (waits, len(vendor.asked), list((tmp_path / "holdings").iterdir())) == ([], 1, [])


def test_holdings_of_another_fund_are_not_kept(vendor: Vendor, made_up: Path, tmp_path: Path) -> None:
    vendor.answers["/"] = [Answer(body=holdings_of(made_up, "IWM"))]
    missing, _ = ask(vendor, tmp_path)
    assert "IWM" in missing["IVV_holdings"] or "Russell 2000" in missing["IVV_holdings"]
    assert list((tmp_path / "holdings").iterdir()) == []


def test_what_another_try_may_mend_is_tried_again_after_a_while(vendor: Vendor, made_up: Path, tmp_path: Path) -> None:
    good = Answer(body=holdings_of(made_up))
    cut = Answer(body=good.body[:5000], missing_bytes=100)
    vendor.answers["/"] = [Answer(429, retry_after="7"), Answer(503), cut, good]
    assert ask(vendor, tmp_path) == ({}, [7.0, 4.0, 8.0])
    (path,) = (tmp_path / "holdings").iterdir()
    assert path.read_bytes() == good.body


def test_after_four_tries_it_is_given_up_and_told(vendor: Vendor, tmp_path: Path) -> None:
    vendor.answers["/"] = [Answer(429, retry_after="600")]
    missing, waits = ask(vendor, tmp_path)
    assert waits == [60.0, 60.0, 60.0]
    assert "expected an answer, was status 429" in missing["IVV_holdings"]


def test_the_sec_is_asked_for_five_quarters_with_a_contact(vendor: Vendor, made_up: Path, tmp_path: Path) -> None:
    sets = "/files/dera/data/financial-statement-data-sets"
    vendor.answers = {
        "/files/company_tickers.json": [Answer(body=(made_up / "sec" / "company_tickers.json").read_bytes())],
        f"{sets}/2024q1.zip": [Answer(body=(made_up / "sec" / "fsds_2024q1.zip").read_bytes())],
        f"{sets}/2024q2.zip": [Answer(body=b"no archive")],
    }
    missing, _ = ask(vendor, tmp_path, "sec")
    assert [path for path, _ in vendor.asked] == [
        "/files/company_tickers.json",
        *(f"{sets}/{quarter}.zip" for quarter in ("2024q3", "2024q2", "2024q1", "2023q4", "2023q3")),
    ]
    assert {agent for _, agent in vendor.asked} == {f"market-state-warehouse {CONTACT}"}
    assert sorted(missing) == ["fsds_2023q3", "fsds_2023q4", "fsds_2024q2", "fsds_2024q3"]
    assert "expected a zip archive" in missing["fsds_2024q2"]
    kept = sorted(path.name.split(".")[0] for path in (tmp_path / "sec").iterdir())
    assert kept == ["company_tickers", "fsds_2024q1"]
    vendor.asked.clear()
    ask(vendor, tmp_path, "sec")
    assert f"{sets}/2024q1.zip" not in [path for path, _ in vendor.asked]


def test_without_a_contact_the_sec_is_not_asked(vendor: Vendor, tmp_path: Path) -> None:
    missing, _ = ask(vendor, tmp_path, "sec", contact=None)
    assert missing == {"sec": "expected a contact in MARKET_SEC_CONTACT, as the SEC demands one; was unset"}
    assert vendor.asked == []


def test_a_host_that_does_not_answer_is_told(tmp_path: Path) -> None:
    with Vendor() as gone:
        url = gone.url
    missing = download_documents(tmp_path, "holdings", FUNDS, TODAY, None, url, lambda _: None)
    assert "expected an answer, was no connection" in missing["IVV_holdings"]


def test_without_any_connection_each_further_document_is_asked_for_once(tmp_path: Path) -> None:
    """Patience with one document is enough to tell that the machine is offline."""
    with Vendor() as gone:
        url = gone.url
    pauses: list[float] = []
    missing = download_documents(tmp_path, "holdings", seeds.funds(), TODAY, None, url, pauses.append)
    assert len(missing) == seeds.funds().height > 1
    assert pauses == [2.0, 4.0, 8.0]
