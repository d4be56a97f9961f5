"""A DuckDB file that another process has open for writing, which shuts out everybody else.

Belongs here: telling that case from others, and what a person is told. Not here: opening a file (``warehouse``).
"""

from __future__ import annotations

AS_READERS = "expected readers only, was held open for writing; close what holds it, or let it open the file read-only"
"""What is said of such a file."""


def is_held_for_writing(error: Exception) -> bool:
    """Return whether DuckDB could not open a file because another process has it open for writing."""
    return "Could not set lock" in str(error)
