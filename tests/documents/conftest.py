"""The checkout in which the sample is built by the command of the README."""

from __future__ import annotations

from tests.checkout import sample

__all__ = ["sample"]
