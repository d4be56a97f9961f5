"""The rooms of the house and who may import whom."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "pipelines"
MODULES = sorted(PACKAGE.rglob("*.py"))

MAY_IMPORT = {
    "contracts": {"contracts"},
    "projections": {"projections", "contracts"},
    "transforms": {"transforms", "contracts", "parameters"},
    "seeds": {"seeds", "contracts"},
    "sources": {"sources", "contracts", "settings", "seeds"},
    "storage": {"storage", "contracts", "projections", "settings"},
    "derivation": {"derivation", "transforms", "storage", "contracts", "parameters", "version"},
    "ingestion": {"ingestion", "sources", "transforms", "storage", "seeds", "contracts", "settings", "parameters"},
}
EVERYTHING = {
    "derivation",
    "ingestion",
    "storage",
    "projections",
    "sources",
    "seeds",
    "transforms",
    "contracts",
    "settings",
    "parameters",
    "version",
}
MAY_IMPORT["defs"] = EVERYTHING | {"defs", "report"}
MAY_IMPORT["report"] = EVERYTHING | {"report"}

ONLY_IN = {
    "dagster": {"defs", "definitions", "projections", "__main__"},
    "duckdb": {"storage", "report"},
    "yfinance": {"sources"},
    "exchange_calendars": {"sources"},
    "pandas": {"sources"},
    "httpx": {"sources"},
    "curl_cffi": {"sources"},
}


def room(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            if node.module == "pipelines":
                yield from (f"pipelines.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_module_imports_only_what_its_room_may(path: Path) -> None:
    here = room(path)
    ours = {name.split(".")[1] for name in imported(path) if name.startswith("pipelines.")}
    if here in MAY_IMPORT:
        assert ours <= MAY_IMPORT[here]
    for name in imported(path):
        allowed = ONLY_IN.get(name.split(".")[0])
        assert allowed is None or here in allowed, f"{path.name} imports {name}"


def test_only_one_storage_module_opens_duckdb() -> None:
    opening = [path.name for path in (PACKAGE / "storage").glob("*.py") if "duckdb" in set(imported(path))]
    assert opening == ["warehouse.py"]


def test_every_room_is_known() -> None:
    rooms = {path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert rooms == set(MAY_IMPORT)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_module_says_what_it_is_and_stays_small(path: Path) -> None:
    text = path.read_text()
    assert ast.get_docstring(ast.parse(text))
    assert len(text.splitlines()) <= 250
