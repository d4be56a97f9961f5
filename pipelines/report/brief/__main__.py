"""``python -m pipelines.report.brief``: issue a brief, or set a past one against the published file."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from pipelines.report.brief.again import compare
from pipelines.report.brief.fact import BriefError, day
from pipelines.report.brief.issue import issue_brief
from pipelines.settings import Settings, SettingsError

_SHOWN = 20


def main() -> int:
    """Do what the arguments say; return 0, or 1 with the reason on standard error, or where a past brief differs."""
    asked = _arguments()
    try:
        settings = Settings.of_environment()
        if asked.again:
            return _compare(settings, asked.again)
        session, since = day("SESSION", asked.session), day("SINCE", asked.since)
        issued = issue_brief(settings.database_path, settings.briefs_dir, asked.index.upper(), session, since)
    except (BriefError, SettingsError) as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{error.filename}: expected a folder that can be written, was: {error.strerror}", file=sys.stderr)
        return 1
    told = "issued" if issued.is_new else "the same brief was issued before"
    print(f"{settings.note}{issued.facts.index} {issued.facts.session}: {told}; {len(issued.changes)} changes")
    for name in ("brief.html", "brief.md", "manifest.json"):
        print(f"  {os.path.relpath(issued.folder / name)}")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m pipelines.report.brief", description="The brief of an index.")
    parser.add_argument("--index", default="RUT", help="an index, such as RUT")
    parser.add_argument("--session", help="the session, as YYYY-MM-DD; the last one by default")
    parser.add_argument("--since", help="changes are counted from this session on")
    parser.add_argument("--again", type=Path, metavar="MANIFEST", help="set this past brief against the published file")
    return parser.parse_args()


def _compare(settings: Settings, manifest: Path) -> int:
    with tempfile.TemporaryDirectory() as folder:
        found = compare(manifest, settings.database_path, Path(folder))
    if found.is_identical:
        print(f"{manifest}: issued again, byte for byte")
        return 0
    print(f"{manifest}: another brief now; tables that differ: {', '.join(found.tables) or 'none'}")
    for difference in found.differences[:_SHOWN]:
        print(f"  {difference.section} {difference.column}: issued {difference.issued}, now {difference.now}")
    if len(found.differences) > _SHOWN:
        print(f"  and {len(found.differences) - _SHOWN} more")
    return 1


if __name__ == "__main__":
    sys.exit(main())
