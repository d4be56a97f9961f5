"""What may not stand in a committed file, and what must agree across files."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

from pipelines.report.catalog import PATH, page
from pipelines.version import RELEASE, code_version

ROOT = Path(__file__).resolve().parents[2]


def test_lock_files_hold_hashes_and_no_address() -> None:
    for path in [*ROOT.glob("requirements*.lock"), *ROOT.glob("tests/clients/*.lock")]:
        text = path.read_text()
        assert "--hash=sha256:" in text
        assert not re.search(r"https?://|file://", text), path.name


def test_no_path_of_a_home_directory_is_committed() -> None:
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in filter(None, listing.stdout.split("\0")):
        path = ROOT / name
        if path.suffix in {".png", ".lock"} or not path.is_file() or path == Path(__file__):
            continue
        assert not re.search(r"/(root|home)/\w", path.read_text(encoding="utf-8")), name


def test_release_is_the_one_of_the_project_file() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == RELEASE
    assert code_version().startswith(f"{RELEASE}+")


def test_catalog_is_fresh() -> None:
    assert PATH.read_text(encoding="utf-8") == page(), "run make catalog"
