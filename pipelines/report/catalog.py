"""Writes ``warehouse/CATALOG.md``, or says that it is out of date: ``python -m pipelines.report.catalog``."""

from __future__ import annotations

from pathlib import Path

from pipelines.contracts import core, raw, serve
from pipelines.projections.catalog import catalog

PATH = Path(__file__).resolve().parents[2] / "warehouse" / "CATALOG.md"


def page() -> str:
    """Return the catalog of all tables, served ones first."""
    return catalog((*serve.TABLES, *core.TABLES, *raw.TABLES))


if __name__ == "__main__":
    PATH.write_text(page(), encoding="utf-8")
    print(f"wrote {PATH.relative_to(PATH.parents[1])}")
