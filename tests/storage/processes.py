"""Processes that tests of crash safety speak of."""

from __future__ import annotations

import subprocess
import sys


def dead_process() -> int:
    """Return the id of a process that has just ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid
