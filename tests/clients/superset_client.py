"""Superset's API as its own page uses it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import httpx


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
