"""What a person at the UI does and sees, in words: ask, wait, open the launchpad, read its text, look at a picture."""

from __future__ import annotations

import json
import re
import time
import urllib.request
from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

_ENDED = {"SUCCESS", "FAILURE", "CANCELED"}
_MOST_SECONDS = 600
"""A bound, not what it takes: a run takes half a minute, and ten where other work fills the machine."""
_PAGE_MS = 120_000
expect.set_options(timeout=_PAGE_MS)


def ask(base: str, query: str) -> dict:
    request = urllib.request.Request(
        f"{base}/graphql", json.dumps({"query": query}).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)["data"]


def wait_for(is_so: Callable[[], object]) -> None:
    """Wait until something is so, and raise where it does not become so."""
    deadline = time.monotonic() + _MOST_SECONDS
    while time.monotonic() < deadline:
        try:
            if is_so():
                return
        except OSError:
            pass
        time.sleep(0.5)
    raise AssertionError(f"expected within {_MOST_SECONDS} s, was not so")


def run_of(base: str, launch: Callable[[], object]) -> tuple[str, str]:
    """Launch a run, wait for its end, and return its job and how it ended."""
    before = _newest_run(base)
    launch()
    wait_for(lambda: (run := _newest_run(base)).get("runId") != before.get("runId") and run["status"] in _ENDED)
    run = _newest_run(base)
    return run["jobName"], run["status"]


def _newest_run(base: str) -> dict[str, str]:
    found = ask(base, "{ runsOrError(limit: 1) { ... on Runs { results { runId jobName status } } } }")
    return next(iter(found["runsOrError"]["results"]), {})


def open_asset(page: Page, base: str, key: str) -> None:
    page.goto(f"{base}/assets/{key}?view=overview", wait_until="domcontentloaded")
    page.get_by_text("Description").first.wait_for(timeout=_PAGE_MS)


def fact(page: Page, name: str) -> Locator:
    """Return the row of an asset's metadata with a name."""
    return page.locator("tr", has=page.get_by_text(name, exact=True)).last


def shown_picture(page: Page, name: str) -> tuple[int, int, float]:
    """Open the picture among an asset's metadata, and return its own width and height, and how wide it is shown."""
    fact(page, name).get_by_text("[Show Markdown]").click()
    picture = page.locator(f"img[alt='{name}']")
    expect(picture).to_be_visible()
    wait_for(lambda: picture.evaluate("image => image.complete && image.naturalWidth"))
    width, height, shown = picture.evaluate(
        "image => [image.naturalWidth, image.naturalHeight, image.getBoundingClientRect().width]"
    )
    page.keyboard.press("Escape")
    return width, height, shown


def open_launchpad(page: Page, base: str, job: str) -> Locator:
    """Open a job's launchpad through the menu beside its button, and return the editor."""
    page.goto(f"{base}/locations/pipelines/jobs/{job}", wait_until="domcontentloaded")
    button = page.locator("button", has_text=re.compile("^Materialize"))
    button.first.wait_for(timeout=_PAGE_MS)
    button.first.locator("xpath=following::button[1]").click()
    page.get_by_text("Open launchpad").first.click()
    editor = page.locator(".CodeMirror", has_text="ops:")
    editor.wait_for(timeout=_PAGE_MS)
    return editor


def written(editor: Locator) -> list[str]:
    """Return the lines of a launchpad's text."""
    lines = [line.replace("\u200b", "") for line in editor.locator(".CodeMirror-line").all_inner_texts()]
    return [line for line in lines if line.strip()]
