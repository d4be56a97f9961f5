"""What every refusal has in common, and another program that holds a file."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.checkout import Checkout

UNPRIVILEGED = "setpriv --inh-caps=-all --bounding-set=-all"
"""Before a command: it heeds the rights of files even where root runs the tests."""
_SHOWN_LINES = 5
_MAKE_ERROR = 2
_HOLD = "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"


def assert_refused(checkout: Checkout, command: str, *told: str, **settings: str) -> None:
    """Assert that make fails, that its last lines hold each of the texts, and that nobody is shown a traceback."""
    said = checkout.type(command, **settings)
    assert said.code == _MAKE_ERROR, said.last_lines
    assert "Traceback" not in said.out + said.err, said.err
    last = "\n".join(said.err.splitlines()[-_SHOWN_LINES:])
    for text in told:
        assert text in last, last


@contextmanager
def held_for_writing(database: Path) -> Iterator[None]:
    """Have another process open a DuckDB file for writing for as long as the block lasts."""
    command = [sys.executable, "-c", _HOLD, str(database)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        try:
            yield
        finally:
            process.stdin.close()
            process.wait(30)
