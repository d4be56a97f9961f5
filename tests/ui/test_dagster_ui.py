"""The Dagster UI as a person sees it: the asset graph, and "Materialize all" turning every asset green."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from pipelines.contracts import core, raw, serve
from pipelines.contracts.table import name_of

ROOT = Path(__file__).resolve().parents[2]
PICTURE = os.environ.get("PICTURE")
"""Where to keep a picture of the graph; unset, none is taken."""
CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
GREEN = "rgb(46, 204, 129)"
"""The border of an asset whose last materialization is good and whose checks passed."""
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


def ask(base: str, query: str) -> dict:
    request = urllib.request.Request(
        f"{base}/graphql", json.dumps({"query": query}).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)["data"]


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
        wait_for(lambda: urllib.request.urlopen(f"{base}/server_info", timeout=5).status == 200, 90)
        yield base
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def wait_for(is_so, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if is_so():
                return
        except OSError:
            pass
        time.sleep(0.5)
    raise AssertionError(f"expected within {seconds} s, was not so")


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser.new_page(viewport={"width": 2400, "height": 2000})
        browser.close()


def runs(base: str) -> list[str]:
    found = ask(base, "{ runsOrError(limit: 5) { ... on Runs { results { status } } } }")
    return [run["status"] for run in found["runsOrError"]["results"]]


def unmaterialized(base: str) -> list[list[str]]:
    nodes = ask(base, "{ assetNodes { assetKey { path } assetMaterializations(limit: 1) { runId } } }")["assetNodes"]
    assert len(nodes) == len((*raw.TABLES, *core.TABLES, *serve.TABLES)) + 1  # and the brief
    return [node["assetKey"]["path"] for node in nodes if not node["assetMaterializations"]]


def test_materialize_all_turns_every_asset_green(server: str, page: Page) -> None:
    page.goto(f"{server}/asset-groups", wait_until="domcontentloaded")
    page.locator("foreignObject").first.wait_for(timeout=60_000)
    assert unmaterialized(server)
    page.locator("button", has_text="Materialize all").first.click()
    wait_for(lambda: runs(server)[:1] == ["SUCCESS"], 180)
    assert unmaterialized(server) == []
    page.keyboard.press("Alt+e")  # expands the groups
    wait_for(lambda: len(visible_nodes(page)) > 10, 60)
    zoom_out(page)
    if PICTURE:
        wait_for(lambda: set(visible_nodes(page).values()) == {GREEN}, 60)
        page.screenshot(path=PICTURE)
    seen: dict[str, str] = {}
    # The graph draws only what is in view: up to its top, then down to its end.
    for step in (*[-700] * 24, *[700] * 48):
        wait_for(lambda: set(visible_nodes(page).values()) <= {GREEN}, 60)
        seen |= visible_nodes(page)
        page.mouse.wheel(0, step)
    tables = {name_of(table) for table in (*raw.TABLES, *core.TABLES, *serve.TABLES)} | {"brief"}
    assert {name for name in tables if not is_among(name, seen)} == set()


def is_among(name: str, labels: Iterable[str]) -> bool:
    """Return whether one of the labels is a name, or the name with its middle left out."""
    parts = [label.partition("…") for label in labels]
    return any(name == start if not gap else name.startswith(start) and name.endswith(end) for start, gap, end in parts)


def zoom_out(page: Page) -> None:
    page.mouse.move(1300, 1100)
    page.keyboard.down("Control")
    page.mouse.wheel(0, 180)
    page.keyboard.up("Control")
    page.mouse.move(700, 1900)
    page.wait_for_timeout(2_000)


def visible_nodes(page: Page) -> dict[str, str]:
    """Return the border colour of each asset in view, by name; groups have half-transparent borders."""
    found = page.evaluate(
        """() => [...document.querySelectorAll("foreignObject")].map(node => [node.textContent.trim(),
            ([...node.querySelectorAll("*")].map(part => getComputedStyle(part))
                .find(style => style.borderTopStyle === "solid" && parseFloat(style.borderTopWidth) >= 1) || {})
            .borderTopColor])"""
    )
    page.wait_for_timeout(300)
    return {name: colour for name, colour in found if colour and not colour.startswith("rgba")}


def test_an_asset_page_shows_columns_rows_and_that_bars_are_synthetic(server: str, page: Page) -> None:
    page.goto(f"{server}/assets/core/bar?view=overview", wait_until="domcontentloaded")
    page.get_by_text("SYNTHETIC SAMPLE, not market data").first.wait_for(timeout=60_000)
    page.get_by_text("is_close_only").first.wait_for(timeout=30_000)
