"""Shared fixtures, and the rule on skips: a skip must have an expected reason, or the run fails."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REAL_DATA = Path(os.environ.get("MARKET_REAL_DATA", "../shared/data"))
EXPECTED_SKIPS = ("real data absent", "DuckDB 1.5 client absent")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--require-real-data", action="store_true", help="fail, not skip, where real data is absent")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test that asks for the real_data fixture."""
    for item in items:
        if "real_data" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.real_data)


@pytest.fixture(scope="session")
def real_data(request: pytest.FixtureRequest) -> Path:
    """Return the folder of real data; skips where it is absent, or fails if it is required."""
    if not REAL_DATA.is_dir():
        reason = f"real data absent: no folder {REAL_DATA} (set MARKET_REAL_DATA)"
        if request.config.getoption("--require-real-data"):
            pytest.fail(reason)
        pytest.skip(reason)
    return REAL_DATA


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests do not see the MARKET_* variables of whoever runs them."""
    for name in [name for name in os.environ if name.startswith("MARKET_")]:
        monkeypatch.delenv(name)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item):
    outcome = yield
    report = outcome.get_result()
    if report.skipped and not any(reason in str(report.longrepr) for reason in EXPECTED_SKIPS):
        report.outcome = "failed"
        report.longrepr = f"unexpected skip of {item.nodeid}: {report.longrepr}"
