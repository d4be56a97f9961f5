"""Writes the Superset dashboard of a published file: ``python -m pipelines.report.superset_export``.

What it shows is declared in ``bi/superset``: queries in ``datasets/``, charts in ``market_state.toml``. Here they
become Superset's files (the shapes of its charts: ``superset_chart``). Nothing is computed for a chart.
"""

from __future__ import annotations

import json
import os
import sys
import tomllib
import uuid
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import duckdb

from pipelines.report.published import PublishedError, opened
from pipelines.report.superset_chart import chart_file, dashboard_file
from pipelines.settings import SYNTHETIC_NOTE, Settings, SettingsError
from pipelines.storage.statements import Statement, read_statements

FOLDER = Path(__file__).resolve().parents[2] / "bi" / "superset"
EXPORT_NAME = "superset_dashboard.zip"
_NAMESPACE = uuid.UUID("6f0f6bd0-6a39-5a4f-9a57-4d7a4f0c9a10")
_VERSION = "1.0.0"
"""Version of Superset's export format."""


@dataclass(frozen=True)
class _Build:
    """What the titles say of the file: its source and whether its bars are made up."""

    source: str
    is_synthetic: bool

    @property
    def note(self) -> str:
        return SYNTHETIC_NOTE if self.is_synthetic else ""

    def identity(self, name: str) -> str:
        """Return the stable id of a part, one for each source: Superset never overwrites a database that it knows."""
        return str(uuid.uuid5(_NAMESPACE, f"{self.source}/{name}"))


def write_export(database: Path, target: Path, folder: Path = FOLDER) -> Path:
    """Write the export of a published file's dashboard to ``target`` and return it.

    The export connects read-only to the absolute path of ``database``, and the same file gives the same bytes.

    Raises:
        PublishedError: there is no such file, or it cannot be read.
        duckdb.Error: a query of ``datasets/`` does not fit it.
    """
    declared = tomllib.loads((folder / "market_state.toml").read_text(encoding="utf-8"))
    with opened(database) as connection:
        found = connection.execute("SELECT any_value(source), bool_or(is_synthetic) FROM serve.warehouse_build")
        build = _Build(*found.fetchall()[0])
        statements = read_statements("datasets", folder)
        files = {f"datasets/{each.name}.yaml": _dataset_file(connection, each, build) for each in statements}
    files["metadata.yaml"] = {"version": _VERSION, "type": "Dashboard", "timestamp": "2024-12-02T00:00:00+00:00"}
    files["databases/market.yaml"] = _database_file(database.resolve(), build)
    identities = [build.identity(f"chart/{chart['name']}") for chart in declared["chart"]]
    for number, (chart, identity) in enumerate(zip(declared["chart"], identities, strict=True), 1):
        dataset = files[f"datasets/{chart['dataset']}.yaml"]
        files[f"charts/{number:02}.yaml"] = chart_file(chart, identity, dataset) | {"version": _VERSION}
    title = f"Market state: {build.note.rstrip('. ') or build.source}"
    filter_dataset = files[f"datasets/{declared['filter']['dataset']}.yaml"]["uuid"]
    dashboard = dashboard_file(declared, identities, filter_dataset, title, build.note)
    files["dashboards/market_state.yaml"] = dashboard | {"uuid": build.identity("dashboard"), "version": _VERSION}
    return _zipped(files, target)


def _database_file(database: Path, build: _Build) -> dict[str, Any]:
    """Return the connection: read-only, and without DuckDB's reach into other files of Superset's machine."""
    return {
        "database_name": f"Market state ({build.source})",
        "sqlalchemy_uri": f"duckdb:///{quote(str(database))}",
        "expose_in_sqllab": True,
        "allow_run_async": False,
        "allow_ctas": False,
        "allow_cvas": False,
        "allow_dml": False,
        "allow_csv_upload": False,
        "extra": {
            "engine_params": {"connect_args": {"read_only": True, "config": {"enable_external_access": "false"}}},
            "allows_virtual_table_explore": True,
        },
        "uuid": build.identity("database"),
        "version": _VERSION,
    }


def _dataset_file(connection: duckdb.DuckDBPyConnection, statement: Statement, build: _Build) -> dict[str, Any]:
    """Return one dataset: a query, its columns with their types, and what the warehouse says of each.

    Its name carries the source: a Superset that keeps its state in SQLite takes each dataset name once only.
    """
    schema, _, table = statement.head["table"].partition(".")
    comments = dict(
        connection.execute(
            "SELECT column_name, comment FROM duckdb_columns() WHERE schema_name = ? AND table_name = ?",
            [schema, table],
        ).fetchall()
    )
    columns = connection.sql(statement.sql).description
    return {
        "table_name": f"market {statement.name} ({build.source})",
        "description": build.note + statement.head["description"],
        "schema": schema,
        "sql": statement.sql,
        "main_dttm_col": "session" if "session" in [column[0] for column in columns] else None,
        "filter_select_enabled": True,
        "metrics": [],
        "columns": [
            {
                "column_name": name,
                "type": str(kind),
                "is_dttm": str(kind) in ("DATE", "TIMESTAMP"),
                "groupby": True,
                "filterable": True,
                "description": statement.head.get(name) or comments.get(name),
            }
            for name, kind, *_ in columns
        ],
        "uuid": build.identity(f"dataset/{statement.name}"),
        "database_uuid": build.identity("database"),
        "version": _VERSION,
    }


def _zipped(files: dict[str, dict[str, Any]], target: Path) -> Path:
    """Write the files, as JSON, which every YAML reader takes, below the one folder that Superset expects."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(f"market_state/{name}", (2024, 12, 2, 0, 0, 0))
            archive.writestr(entry, json.dumps(content, indent=2, ensure_ascii=False))
    return target


def main() -> int:
    """Write the export beside the published file of the settings' source; return 0, or 1 with the reason."""
    try:
        database = Settings.of_environment().database_path
        target = write_export(database, database.with_name(EXPORT_NAME))
    except (SettingsError, PublishedError) as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{error.filename}: expected a folder that can be written, was: {error.strerror}", file=sys.stderr)
        return 1
    print(f"wrote {os.path.relpath(target)}: in Superset, Dashboards > Import dashboards")
    return 0


if __name__ == "__main__":
    sys.exit(main())
