"""The page of Streamlit, run without a browser by Streamlit's own test driver in its own environment."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import duckdb

from tests.checkout import ROOT, Checkout, free_port

PYTHON = ROOT / ".venv-streamlit" / "bin" / "python"

COMMAND = "streamlit run bi/streamlit/app.py --server.address 127.0.0.1 -- warehouse/sample/market.duckdb"
"""As docs/bi.md has it."""
DRIVE = """
import json, sys
from streamlit.testing.v1 import AppTest
page, chosen = sys.argv[2:]
page = AppTest.from_file(page, default_timeout=300).run()
page.selectbox[0].set_value(chosen).run()
chart = page.get("vega_lite_chart")
print(json.dumps({
    "errors": [error.value for error in page.exception],
    "warnings": [warning.value for warning in page.warning],
    "rows": json.loads(page.dataframe[0].value.to_json(orient="values", double_precision=15, date_format="iso")),
    "choices": page.selectbox[0].options,
    "charts": len(chart),
}))
"""


def test_the_page_shows_the_overview_and_says_that_it_is_synthetic(
    built: Path, published: duckdb.DuckDBPyConnection
) -> None:
    assert PYTHON.exists(), "Streamlit is not installed: run make test-clients"
    command = [PYTHON, "-c", DRIVE, built / "market.duckdb", ROOT / "bi" / "streamlit" / "app.py", "RUT"]
    shown = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert shown["errors"] == []
    assert shown["warnings"] == ["SYNTHETIC SAMPLE, not market data."]
    assert shown["choices"] == ["DJI", "NDX", "RUT", "SPX"]
    assert shown["charts"] == 1
    expected = published.execute(
        "SELECT instrument_id, close, statement FROM serve.index_overview "
        "WHERE session = DATE '2024-12-31' ORDER BY instrument_id"
    ).fetchall()
    assert [(row[0], row[2], row[6]) for row in shown["rows"]] == expected


def test_the_command_serves_the_page(sample: Checkout) -> None:
    port = free_port()
    quiet = {"STREAMLIT_SERVER_HEADLESS": "true", "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false"}
    path = f"{PYTHON.parent}:{sample.environment()['PATH']}"
    url = f"http://127.0.0.1:{port}/_stcore/health"
    with sample.serving(COMMAND, url, PATH=path, STREAMLIT_SERVER_PORT=str(port), **quiet):
        pass
