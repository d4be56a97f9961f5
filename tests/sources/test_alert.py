"""Alerts: the log, the message, and that no secret is in either."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.settings import Settings
from pipelines.sources.alert import Alert, deliver, without_secrets
from tests.sources.webhook_server import webhook

MOMENT = dt.datetime(2024, 12, 2, 22, 30, 5, tzinfo=dt.UTC)
CONTACT = "Jane Doe jane.doe@example.org"
ADDRESS = "https://hooks.example.org/services/T0PSECRET/B1?token=abcdefgh1234&v=2"


def alert(message: str = "expected bars, was none") -> Alert:
    return Alert(MOMENT, "run_failed", "run-1", "everything", "raw_bar", message)


def settings(folder: Path, **changes: object) -> Settings:
    return Settings(**{"warehouse_dir": folder, "source": "yahoo", **changes})


def lines(where: Settings) -> list[dict[str, str]]:
    return [json.loads(line) for line in where.alert_log_path.read_text().splitlines()]


def test_an_alert_is_a_line_of_the_log(tmp_path: Path) -> None:
    where = settings(tmp_path)
    assert deliver([], where) == []
    assert not where.alert_log_path.exists()
    assert deliver([alert()], where) == []
    assert deliver([alert("second"), alert("third")], where) == []
    assert where.alert_log_path == tmp_path / "yahoo" / "alerts.log"
    assert [found["message"] for found in lines(where)] == ["expected bars, was none", "second", "third"]
    assert lines(where)[0] == {
        "at": "2024-12-02T22:30:05+00:00",
        "kind": "run_failed",
        "run_id": "run-1",
        "job": "everything",
        "subject": "raw_bar",
        "message": "expected bars, was none",
    }


def test_an_alert_is_posted_with_its_markup_taken_out(tmp_path: Path) -> None:
    with webhook() as hook:
        assert deliver([alert("<!channel> A&B"), alert()], settings(tmp_path, alert_url=hook.url)) == []
        (message,) = hook.received
    assert message["source"] == "yahoo"
    assert [found["message"] for found in message["alerts"]] == ["<!channel> A&B", "expected bars, was none"]
    assert message["text"].splitlines() == [
        "Warehouse of source 'yahoo'",
        "run_failed: everything, raw_bar: &lt;!channel&gt; A&amp;B",
        "run_failed: everything, raw_bar: expected bars, was none",
    ]


def test_a_synthetic_warehouse_says_so(tmp_path: Path) -> None:
    with webhook() as hook:
        deliver([alert()], settings(tmp_path, source="sample", alert_url=hook.url))
        assert hook.received[0]["text"].startswith("SYNTHETIC SAMPLE")


def test_what_was_not_delivered_is_in_the_log_without_the_address(tmp_path: Path) -> None:
    with webhook() as hook:
        hook.statuses = [403]
        where = settings(tmp_path, alert_url=hook.url)
        assert deliver([alert(), alert()], where) == ["webhook: 2 alerts: status 403"]
    assert [(found["kind"], found["message"]) for found in lines(where)][2:] == [
        ("not_delivered", "2 alerts: status 403")
    ]
    assert hook.url not in where.alert_log_path.read_text()


def test_a_log_that_cannot_be_written_is_a_problem_not_an_error(tmp_path: Path) -> None:
    where = settings(tmp_path)
    where.alert_log_path.mkdir(parents=True)
    assert deliver([alert()], where) == ["alerts.log: Is a directory"]


@given(
    before=st.text(max_size=20),
    after=st.text(max_size=20),
    secret=st.sampled_from(
        [CONTACT, "jane.doe@example.org", ADDRESS, "T0PSECRET", "abcdefgh1234", "hooks.example.org"]
    ),
    spelled=st.sampled_from([str, quote, quote_plus, lambda text: quote(text, safe="")]),
)
def test_no_secret_is_left_in_a_message_however_it_is_spelled(before: str, after: str, secret: str, spelled) -> None:
    where = Settings(sec_contact=CONTACT, alert_url=ADDRESS)
    left = without_secrets(before + spelled(secret) + after, where)
    assert spelled(secret) not in left
    assert "***" in left
    assert "jane.doe" not in left
    assert "T0PSECRET" not in left
    assert "abcdefgh1234" not in left


def test_without_secrets_a_message_stays_as_it_is() -> None:
    assert (
        without_secrets("expected bars, was none of *** in RUT", Settings()) == "expected bars, was none of *** in RUT"
    )
    assert len(without_secrets("x" * 5000, Settings())) == 2000


@given(st.text())
def test_no_text_starts_a_line_of_its_own_or_moves_a_terminal(text: str) -> None:
    line = alert(text).line()
    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line)["message"] == text


@pytest.mark.parametrize("value", ["ftp://T0PSECRET", "T0PSECRET", "javascript:T0PSECRET"])
def test_an_address_that_is_none_is_refused_without_being_shown(value: str) -> None:
    with pytest.raises(ValueError, match="expected an address that begins with http:// or https://") as refusal:
        Settings(alert_url=value)
    assert "T0PSECRET" not in str(refusal.value)
