"""Superset started as a process of its own on loopback, and its API as its own page uses it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".venv-superset" / "bin" / "python"
START = ROOT / "bi" / "superset" / "serve.py"


class Superset:
    """A session of the administrator, with the token against forged requests that Superset demands by default."""

    def __init__(self, base: str, password: str) -> None:
        self.base = base
        self.password = password
        self._client = httpx.Client(base_url=base, timeout=120)
        login = {"username": "admin", "password": password, "provider": "db", "refresh": True}
        self._client.headers["Authorization"] = f"Bearer {self.post('security/login', login)['access_token']}"
        self._client.headers["X-CSRFToken"] = self.get("security/csrf_token/")["result"]
        self._client.headers["Referer"] = base

    def get(self, path: str, **query: str) -> dict[str, Any]:
        return self._answer(self._client.get(f"/api/v1/{path}", params=query))

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return self._answer(self._client.post(f"/api/v1/{path}", json=body))

    def refused(self, path: str, body: dict[str, Any]) -> str:
        """Return the text of an answer that must not be a success."""
        answer = self._client.post(f"/api/v1/{path}", json=body)
        assert answer.is_error, f"{path}: expected a refusal, was {answer.status_code} {answer.text[:500]}"
        return answer.text

    def import_dashboard(self, export: Path) -> None:
        """Import as the page's button does, over what is there."""
        with export.open("rb") as file:
            upload = {"formData": (export.name, file, "application/zip")}
            self._answer(self._client.post("/api/v1/dashboard/import/", files=upload, data={"overwrite": "true"}))

    def connect(self, name: str, database: Path) -> int:
        """Add a database, read-only, as its connection form does; return its id."""
        body = {
            "database_name": name,
            "sqlalchemy_uri": f"duckdb:///{database}",
            "expose_in_sqllab": True,
            "extra": json.dumps({"engine_params": {"connect_args": {"read_only": True}}}),
        }
        return self.post("database/", body)["id"]

    def sql(self, database_id: int, sql: str) -> list[dict[str, Any]]:
        """Return the rows of a query run in SQL Lab."""
        return self.post("sqllab/execute/", sql_lab_query(database_id, sql))["data"]

    def database_id(self, name: str) -> int:
        return next(found["id"] for found in self.get("database/")["result"] if found["database_name"] == name)

    @staticmethod
    def _answer(answer: httpx.Response) -> dict[str, Any]:
        assert answer.is_success, f"{answer.request.url}: {answer.status_code} {answer.text[:1000]}"
        return answer.json()


def sql_lab_query(database_id: int, sql: str) -> dict[str, Any]:
    return {
        "database_id": database_id,
        "sql": sql,
        "schema": "serve",
        "runAsync": False,
        "client_id": os.urandom(5).hex(),
    }


@contextmanager
def running_superset(home: Path, export: Path) -> Iterator[Superset]:
    """Start Superset with a dashboard on a free port; stop that process afterwards."""
    assert PYTHON.exists(), "Superset is not installed: run make test-clients"
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
    home.parent.mkdir(exist_ok=True)
    log = home.with_suffix(".log")
    with log.open("w") as file:
        process = subprocess.Popen(
            [PYTHON, START, "--home", home, "--port", str(port), "--dashboard", export],
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    base = f"http://127.0.0.1:{port}"
    try:
        _wait_until_healthy(base, process, log)
        yield Superset(base, (home / "password").read_text())
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(20)


def _wait_until_healthy(base: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 900
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()[-3000:]
        try:
            if httpx.get(f"{base}/health", timeout=5).is_success:
                return
        except httpx.HTTPError:
            time.sleep(0.5)
    raise AssertionError(
        f"expected Superset to answer within a quarter of an hour, was silent: {log.read_text()[-3000:]}"
    )
