"""The main job with the waits of its manners cut short: ``python -m tests.fault_plan.hurried``.

A vendor's refusal is waited out for minutes, which a test has not; nothing else is changed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from pipelines.ingestion import ask
from pipelines.sources import download, yahoo_session

SETTINGS = (
    (ask, "FIRST_WAIT", 0.01),
    (ask, "COOL_DOWN_SECONDS", 0.1),
    (yahoo_session, "TIMEOUT_SECONDS", 1.5),
    (download, "_LONGEST_WAIT_SECONDS", 0.01),
)


def hurry(change: Callable[[object, str, float], None]) -> None:
    """Cut the waits short by what sets an attribute."""
    for module, name, seconds in SETTINGS:
        change(module, name, seconds)


if __name__ == "__main__":
    from pipelines.__main__ import main

    hurry(setattr)
    sys.exit(main())
