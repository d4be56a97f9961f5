"""Alerts: what went wrong with a run, as lines of ``alerts.log`` and a message to the webhook, if there is one.

Belongs here: the form of an alert, taking secrets out of it, delivering it. Not here: what a run did (``defs.alert``),
or the network (``webhook``).
"""

from __future__ import annotations

import datetime as dt
import html
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Literal
from urllib.parse import quote, quote_plus, urlsplit

from pydantic import SecretStr

from pipelines.settings import Settings
from pipelines.sources.webhook import post

_LONGEST_MESSAGE = 2000
_SHORTEST_TOKEN = 8
_REMOVED = "***"


@dataclass(frozen=True)
class Alert:
    """One thing that somebody should know."""

    at: dt.datetime
    """When the run ended, UTC."""
    kind: Literal["run_failed", "check_failed", "not_delivered"]
    run_id: str
    job: str
    subject: str
    """The failed step, or asset and check."""
    message: str

    def line(self) -> str:
        """Return the alert as one line of JSON, in ASCII: no text of a vendor can start a line of its own."""
        return json.dumps({**asdict(self), "at": self.at.isoformat(timespec="seconds")})


def deliver(alerts: Sequence[Alert], settings: Settings, pause: Callable[[float], None] = time.sleep) -> list[str]:
    """Write alerts to the log, send them to the webhook if one is set, and return what could not be done.

    Raises nothing: a run is not to fail because nobody could be told of it. What is returned names no address.
    """
    alerts = [replace(alert, message=without_secrets(alert.message, settings)) for alert in alerts]
    if not alerts:
        return []
    problems = _write(alerts, settings)
    if settings.alert_url is None:
        return problems
    try:
        reason = post(settings.alert_url.get_secret_value(), _message(alerts, settings), pause)
    except Exception as error:  # whatever it is, its text may hold the address
        reason = type(error).__name__
    if reason:
        first = alerts[0]
        lost = replace(first, kind="not_delivered", subject="webhook", message=f"{len(alerts)} alerts: {reason}")
        problems += [f"webhook: {lost.message}", *_write([lost], settings)]
    return problems


def without_secrets(text: str, settings: Settings) -> str:
    """Return a text without the secrets of the settings and what identifies them, cut to a sensible length."""
    for secret in sorted(_secrets(settings), key=len, reverse=True):
        text = text.replace(secret, _REMOVED)
    return text[:_LONGEST_MESSAGE]


def _secrets(settings: Settings) -> Iterator[str]:
    """Yield each secret as it is and as an address would spell it, and the parts of it that tell as much."""
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, SecretStr) and (secret := value.get_secret_value()):
            address = urlsplit(secret) if "://" in secret else None
            if address:
                parts = [address.netloc, *address.path.split("/"), *address.query.replace("=", "&").split("&")]
            else:
                parts = secret.split()
            for part in (secret, *(part for part in parts if len(part) >= _SHORTEST_TOKEN)):
                yield from {part, quote(part), quote(part, safe=""), quote_plus(part)}


def _write(alerts: Sequence[Alert], settings: Settings) -> list[str]:
    try:
        settings.source_dir.mkdir(parents=True, exist_ok=True)
        with settings.alert_log_path.open("a", encoding="ascii") as file:
            file.write("".join(f"{alert.line()}\n" for alert in alerts))
    except OSError as error:
        return [f"{settings.alert_log_path.name}: {error.strerror}"]
    return []


def _message(alerts: Sequence[Alert], settings: Settings) -> dict[str, object]:
    """Return what is posted: ``text``, which chat services show and read markup in, and the alerts as they are."""
    lines = [" ".join(f"{alert.kind}: {alert.job}, {alert.subject}: {alert.message}".split()) for alert in alerts]
    text = html.escape("\n".join([f"{settings.note}Warehouse of source '{settings.source}'", *lines]), quote=False)
    return {"text": text, "source": settings.source, "alerts": [json.loads(alert.line()) for alert in alerts]}
