"""The rule on skips, tried on test files of its own: an expected reason passes and is printed, any other fails."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("body", "passes", "printed"),
    [
        ("pytest.skip('real data absent: no folder x')", True, "real data absent: no folder x"),
        ("pytest.skip('I did not feel like it')", False, "unexpected skip"),
    ],
)
def test_only_a_skip_with_an_expected_reason_passes(tmp_path: Path, body: str, passes: bool, printed: str) -> None:
    (tmp_path / "conftest.py").write_text((ROOT / "tests" / "conftest.py").read_text())
    (tmp_path / "test_it.py").write_text(f"import pytest\n\ndef test_it():\n    {body}\n")
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-ra", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode == 0) == passes, run.stdout
    assert printed in run.stdout
