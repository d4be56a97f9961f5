"""The Dagster UI served on loopback from a home and a warehouse of its own, and a browser to look at it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from tests.ui.driven import wait_for

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return held.getsockname()[1]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the UI on loopback from a home and a warehouse of its own; stop it after."""
    home = tmp_path_factory.mktemp("home")
    shutil.copy(ROOT / "dagster.yaml", home)
    text = (home / "dagster.yaml").read_text().replace(".dagster", str(home / ".dagster"))
    (home / "dagster.yaml").write_text(text)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MARKET_")}
    environment |= {
        "DAGSTER_HOME": str(home),
        "DAGSTER_DISABLE_TELEMETRY": "1",
        "MARKET_WAREHOUSE_DIR": str(home / "warehouse"),
    }
    port = free_port()
    process = subprocess.Popen(
        [ROOT / ".venv" / "bin" / "dg", "dev", "--host", "127.0.0.1", "--port", str(port)],
        cwd=ROOT,
        env=environment,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # Dagster gives SIGTERM the handler of SIGINT, which a shell job may have been told to ignore.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    base = f"http://127.0.0.1:{port}"
    try:
        wait_for(lambda: urllib.request.urlopen(f"{base}/server_info", timeout=5).status == 200)
        yield base
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser.new_page(viewport={"width": 2400, "height": 2000})
        browser.close()
