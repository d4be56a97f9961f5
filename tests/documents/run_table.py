"""How every command and query of the pages is run by a test, or why it is not: one table.

Belongs here: the table. Not here: finding commands (``markdown``), or running them (``test_documents``,
``test_documents_slow``, ``tests/clients``).
"""

from __future__ import annotations

from pathlib import Path

from tests.checkout import ROOT

PAGES = ("README.md", "warehouse/README.md", "benchmarks/README.md", *sorted(
    path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").glob("*.md")
))  # fmt: skip
"""The pages that tell people what to type. Those of ``docs/decisions`` tell what was tried once."""

ON_THE_SAMPLE = {
    "make warehouse": "SYNTHETIC SAMPLE, not market data",
    "make help": "make warehouse",
    "make sql": "",
    "make brief": "RUT 2024-12-31: ",
    "make brief INDEX=RUT SESSION=2024-12-02": "RUT 2024-12-02: ",
    "make dashboard": "wrote warehouse/sample/superset_dashboard.zip",
    "echo \"COPY (SELECT * FROM serve.index_overview) TO 'overview.csv' (HEADER)\" | make sql": "",
}
"""Typed in this order in a checkout of the sample, and a part of what each prints."""

LIVE = ["export MARKET_SOURCE=yahoo", "make warehouse", "make brief"]
"""The lines that a person copies for live data: run as they stand, against a vendor on this machine."""

LIVE_AND_MORE = {
    'MARKET_SOURCE=yahoo MARKET_SEC_CONTACT="Name name@example.org" make warehouse',
    "MARKET_SOURCE=yahoo MARKET_UNIVERSE=members make warehouse",
}
"""Run after them, against the same vendor."""

ON_FILES = [
    "MARKET_SOURCE=files MARKET_FILES_DIR=~/prices make warehouse",
    "MARKET_SOURCE=files make sql",
    "MARKET_SOURCE=files make brief AGAIN=warehouse/files/briefs/RUT/2024-12-02/<id>/manifest.json",
]
"""Run one after the other on a folder of files."""

ON_OWN_FILES = {
    "MARKET_CLAIMS=~/claims.yaml make warehouse",
    "MARKET_LEVEL_BOOK=~/levels.csv make warehouse",
    "MARKET_KNOWN_AT=2024-12-02T22:00:00Z make warehouse",
}
"""Run on the sample, with the claims and the level book of the pages themselves."""

SERVERS = {"make ui", ".venv/bin/python -m tests.vendor --symbols 3000 --years 10 --port 8080"}
"""Started on a free port, asked, and ended."""

BY_CLIENTS = {
    "make superset": "conftest.py",
    "streamlit run bi/streamlit/app.py --server.address 127.0.0.1 -- warehouse/sample/market.duckdb": (
        "test_streamlit.py"
    ),
}
"""Run by a module of ``tests/clients``, as each needs an environment of its own (``make test-clients``)."""

SUITES = {
    "make test": "is the suite that this test belongs to; .ci/run runs it",
    "make test-slow": "is the suite of the slow tests; .ci/run runs it",
    "make test-faults": "is the fault plan at full width, which takes too long for .ci/run; its cut is in make test",
    "make test-real": "needs real data beside the checkout; .ci/run runs it where that lies",
    "make test-clients": "installs Superset and Streamlit; .ci/run runs it",
    "make test-ui": "needs Chromium; .ci/run runs it",
    "make lint": "reads the code, not data; .ci/run runs it",
    "make bench": "measures for most of an hour, on a machine that does nothing else; its parts are listed, not run",
    ".ci/run": "runs all of these, from a clean checkout",
}
"""Not run by a test, each for its reason; make lists what they would do."""

WITHOUT_ROWS = {
    "SELECT session::TIMESTAMP AS time, close FROM serve.index_overview WHERE $__timeFilter(session)": (
        "Grafana fills in $__timeFilter before DuckDB sees it"
    ),
    "FROM claims_of('mine-2024-10')": "asks for the claims of docs/claims.md, which are built by the slow test",
}
"""Queries that give no rows on the sample, and why; all others do."""

EVERY_COMMAND = {
    *ON_THE_SAMPLE, *LIVE, *LIVE_AND_MORE, *ON_FILES, *ON_OWN_FILES, *SERVERS, *BY_CLIENTS, *SUITES,
}  # fmt: skip


def page(name: str) -> str:
    """Return the text of a page."""
    return (ROOT / name).read_text(encoding="utf-8")


def clients_folder() -> Path:
    """Return the folder of the tests that run clients."""
    return ROOT / "tests" / "clients"
