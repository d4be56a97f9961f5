"""Layer report: one step that issues the brief from the published file and shows its charts."""

from typing import Any

import dagster as dg
import polars as pl

from pipelines.contracts import serve
from pipelines.defs.tables import as_picture, as_table
from pipelines.defs.workspace import Workspace
from pipelines.projections.dagster import asset_key

BRIEF = dg.AssetKey(["report", "brief"])
_READ = (
    serve.IndexOverview,
    serve.PeriodReturn,
    serve.TrendState,
    serve.RatioState,
    serve.RelativeRegime,
    serve.LevelState,
    serve.Breadth,
    serve.SectorWeight,
    serve.RevenueExposure,
    serve.ClaimCheck,
    serve.WarehouseBuild,
)


class Issue(dg.Config):
    """Which brief to issue. Empty: the last session, with what changed since the brief before or within a week."""

    index: str = "RUT"
    """An index, such as RUT."""
    session: str | None = None
    """A session, as YYYY-MM-DD."""
    since: str | None = None
    """The session that changes are counted from, as YYYY-MM-DD."""


@dg.asset(
    key=BRIEF,
    deps=[asset_key(table) for table in _READ],
    group_name="report",
    kinds={"html", "markdown"},
    owners=["team:market-state"],
    description="The market brief of an index: what stands, what changed, the evidence; HTML, Markdown and charts.",
)
def brief(config: Issue, workspace: dg.ResourceParam[Workspace]) -> dg.MaterializeResult:
    """Issue the brief and show it."""
    from pipelines.report.brief.fact import BriefError, day
    from pipelines.report.brief.issue import issue_brief
    from pipelines.report.brief.prose import sentences

    settings = workspace.settings
    try:
        issued = issue_brief(
            settings.database_path, settings.briefs_dir, config.index, day(config.session), day(config.since)
        )
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
