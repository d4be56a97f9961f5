"""Which code is running: the release and a hash of the files that decide what a table says."""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

import numpy as np
import polars as pl

RELEASE = "0.1.0"
_ROOT = Path(__file__).resolve().parents[1]
_PATTERNS = ("pipelines/**/*.py", "pipelines/**/*.csv", "sql/**/*.sql")


@functools.cache
def code_version() -> str:
    """Return ``release+hash``; the hash changes with any module, seed or SQL file."""
    digest = hashlib.sha256()
    for path in sorted(path for pattern in _PATTERNS for path in _ROOT.glob(pattern)):
        digest.update(path.relative_to(_ROOT).as_posix().encode())
        digest.update(path.read_bytes())
    return f"{RELEASE}+{digest.hexdigest()[:10]}"


@functools.cache
def derivation_version(*modules: str) -> str:
    """Return a hash of some modules of the package and of the versions of what computes for them.

    Rows that are carried on from stored ones are built anew when it changes.

    Args:
        modules: Paths below ``pipelines``.
    """
    digest = hashlib.sha256(f"{np.__version__} {pl.__version__}".encode())
    for module in modules:
        digest.update((_ROOT / "pipelines" / module).read_bytes())
    return digest.hexdigest()[:12]
