"""Layer report: one step that issues the brief from the published file and shows its charts."""

from typing import Any

import dagster as dg
import polars as pl
from pydantic import Field

from pipelines.defs.raw import KNOWN
from pipelines.defs.tables import as_picture, as_table, marked
from pipelines.defs.workspace import Workspace
from pipelines.storage.statements import read_statements, tables_read_by

BRIEF = dg.AssetKey(["report", "brief"])
_STATEMENTS = [statement for kind in ("brief", "chart") for statement in read_statements(kind)]
_READ = sorted({name for statement in _STATEMENTS for name in tables_read_by(statement)} | {"serve.warehouse_build"})


class Issue(dg.Config):
    """Which brief to issue. Empty: the last session, with what changed since the brief before or within a week."""

    index: str = Field(default="RUT", description=f"The index: one of {KNOWN}.")
    session: str = Field(
        default="", description="A session of the index, such as 2024-12-02; none given takes the last one."
    )
    since: str = Field(
        default="",
        description="The session that changes are counted from, such as 2024-11-25; none given takes that of the brief"
        " before, or a week before where there is none.",
    )


@dg.asset(
    key=BRIEF,
    deps=[dg.AssetKey(name.split(".")) for name in _READ],
    group_name="report",
    owners=["team:market-state"],
    **marked(
        "The market brief of an index: what stands, what changed, the evidence; HTML, Markdown and charts.",
        {"html", "markdown"},
    ),
)
def brief(config: Issue, workspace: dg.ResourceParam[Workspace]) -> dg.MaterializeResult:
    """Issue the brief and show it."""
    from pipelines.report.brief.fact import BriefError, day
    from pipelines.report.brief.issue import issue_brief
    from pipelines.report.brief.prose import sentences

    settings = workspace.settings
    try:
        session, since = day("SESSION", config.session), day("SINCE", config.since)
        issued = issue_brief(settings.database_path, settings.briefs_dir, config.index, session, since)
    except BriefError as error:
        raise dg.Failure(str(error)) from error
    metadata: dict[str, Any] = {
        "index": issued.facts.index,
        "session": str(issued.facts.session),
        "bars": settings.note or f"source: {settings.source}",
        "what stands": as_table(pl.DataFrame({"what stands": sentences(issued.facts)})),
        "what changed": as_table(issued.table_of_changes()),
        "page": dg.MetadataValue.path(issued.folder / "brief.html"),
        "brief_id": issued.manifest["id"],
    }
    for picture in sorted(issued.folder.glob("*.png")):
        metadata[picture.stem] = as_picture(picture.stem, picture.read_bytes())
    return dg.MaterializeResult(metadata=metadata)
