"""The Dagster UI as a person drives it: open, materialise all, see it green, read columns, see charts, set, launch."""

from __future__ import annotations

import os
from collections.abc import Iterable

from playwright.sync_api import Page, expect

from pipelines.contracts import core, raw, serve
from pipelines.contracts.table import name_of
from tests.ui.driven import ask, fact, open_asset, open_launchpad, run_of, shown_picture, wait_for, written

PICTURE = os.environ.get("PICTURE")
"""Where to keep a picture of the graph; unset, none is taken."""
GREEN = "rgb(46, 204, 129)"
"""The border of an asset whose last materialization is good and whose checks passed."""
FLOORS = {"raw": len(raw.TABLES), "core": len(core.TABLES), "serve": len(serve.TABLES), "report": 1}
"""How many assets each layer has, in the order in which the graph is to be read."""
GREEN_GROUPS = [f"{name}{count}" for name, count in FLOORS.items()]
"""What the groups say while they are folded and none of their assets is anything but green."""


def unmaterialized(base: str) -> list[list[str]]:
    nodes = ask(base, "{ assetNodes { assetKey { path } assetMaterializations(limit: 1) { runId } } }")["assetNodes"]
    assert len(nodes) == sum(FLOORS.values())
    return [node["assetKey"]["path"] for node in nodes if not node["assetMaterializations"]]


def test_materialize_all_turns_every_asset_green(server: str, page: Page) -> None:
    page.goto(f"{server}/asset-groups", wait_until="domcontentloaded")
    page.locator("foreignObject").first.wait_for(timeout=120_000)
    wait_for(lambda: [name.rstrip("0123456789") for name in folded_groups(page)] == list(FLOORS))
    assert unmaterialized(server)
    button = page.locator("button", has_text="Materialize all").first
    assert run_of(server, button.click) == ("__ASSET_JOB", "SUCCESS")
    assert unmaterialized(server) == []
    wait_for(lambda: folded_groups(page) == GREEN_GROUPS)
    if PICTURE:
        take_picture(page, PICTURE)
    page.keyboard.press("Alt+e")  # expands the groups
    wait_for(lambda: len(visible_nodes(page)) > 10)
    zoom_out(page)
    seen: dict[str, str] = {}
    # The graph draws only what is in view: up to its top, then down to its end.
    for step in (*[-700] * 24, *[700] * 48):
        wait_for(lambda: set(visible_nodes(page).values()) <= {GREEN})
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


def folded_groups(page: Page) -> list[str]:
    """Return what the groups of the graph say while they are folded, from left to right: name and count of assets."""
    return page.evaluate(
        """() => [...document.querySelectorAll("foreignObject")]
            .map(node => [node.getBoundingClientRect().x, node.textContent.trim()])
            .sort((one, other) => one[0] - other[0]).map(([x, text]) => text)"""
    )


def take_picture(page: Page, path: str) -> None:
    """Keep a picture of the folded groups, in a window as people have it."""
    usual = page.viewport_size
    page.set_viewport_size({"width": 1600, "height": 900})
    page.reload(wait_until="domcontentloaded")
    wait_for(lambda: folded_groups(page) == GREEN_GROUPS)
    page.screenshot(path=path)
    page.set_viewport_size(usual)


def test_a_table_shows_its_columns_with_units_a_preview_and_that_bars_are_synthetic(server: str, page: Page) -> None:
    open_asset(page, server, "serve/index_overview")
    for text in ("SYNTHETIC SAMPLE, not market data", "market-state", "DuckDB", "synthetic", "serve"):
        expect(page.get_by_text(text).first).to_be_visible()
    column = page.locator("tr", has=page.get_by_text("day_return_pct", exact=True)).first
    for text in ("double", "per cent", "Close over the close of the session before, less one."):
        expect(column.get_by_text(text)).to_be_visible()
    expect(fact(page, "preview")).to_contain_text("RUT")


def test_charts_are_seen(server: str, page: Page) -> None:
    open_asset(page, server, "report/brief")
    for name in ("price", "ratio", "breadth"):
        width, height, shown = shown_picture(page, name)
        assert width == 1056
        assert height > 250
        assert shown > 700
    for key in ("core/trend_state", "core/breadth"):
        open_asset(page, server, key)
        assert shown_picture(page, "plot")[2] > 700


def test_the_launchpad_shows_what_can_be_set_and_a_run_takes_what_was_set(server: str, page: Page) -> None:
    assert written(open_launchpad(page, server, "everything")) == [
        *("ops:", "  raw_bar:", "    config:", '      start: ""', "      symbols: []"),
        *("  raw_stock_bar:", "    config:", "      symbols: []", "      whole_history: false"),
        *("  report__brief:", "    config:", "      index: RUT", '      session: ""', '      since: ""'),
    ]
    assert written(open_launchpad(page, server, "indices_only"))[:2] == ["ops:", "  raw_bar:"]
    editor = open_launchpad(page, server, "brief")
    editor.locator(".CodeMirror-line", has_text="index: RUT").click()
    expect(page.get_by_text("The index: one of RUT, SPX, NDX, DJI.")).to_be_visible()
    page.keyboard.press("End")
    for _ in "RUT":
        page.keyboard.press("Backspace")
    page.keyboard.insert_text("SPX")
    assert "      index: SPX" in written(editor)
    assert run_of(server, page.locator("button", has_text="Materialize").last.click) == ("brief", "SUCCESS")
    open_asset(page, server, "report/brief")
    expect(fact(page, "index")).to_contain_text("SPX")
