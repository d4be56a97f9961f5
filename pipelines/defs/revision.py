"""Layer core, of what changed after it was known: later versions of bars, and the log of states that differ."""

import datetime as dt
import functools
from collections.abc import Iterator

import dagster as dg
import polars as pl

from pipelines.contracts import core, raw
from pipelines.contracts.kept import StatedSpell
from pipelines.contracts.table import Table, qualified_name
from pipelines.defs.tables import at_rest, contract_check, inherited_snapshot, short_hash, spec_of, stored
from pipelines.defs.workspace import Workspace
from pipelines.derivation.stock_change import log_notes
from pipelines.storage.lake import Lake, extended
from pipelines.storage.raw_news import versions_of_news
from pipelines.transforms.change_cause import Learnt, StatedBuild, as_build, builds_of, state_changes, stated_by
from pipelines.transforms.change_evidence import calendar_fixes, learnt_bars
from pipelines.transforms.revision import KEY, bar_revisions
from pipelines.transforms.state_change import differing_states
from pipelines.transforms.state_spell import (
    calendar_months,
    covered,
    stated_levels,
    stated_records,
    stated_regimes,
    stated_trends,
)
from pipelines.version import code_version

_BARS: dict[str, type[Table]] = {"index": raw.Bar, "stock": raw.StockBar}
_STATED = (core.TrendState, core.RelativeRegime, core.RecordState, core.LevelState, core.SeriesPrice, core.Session)
_READ = (*_STATED, core.StockTrendState)


@dg.multi_asset(
    name="core_bar_revision",
    specs=[spec_of(core.BarRevision, ["raw.bar", "raw.stock_bar"])],
    check_specs=[contract_check(core.BarRevision)],
)
def bar_revision(workspace: dg.ResourceParam[Workspace]):  # type: ignore[no-untyped-def]  # Dagster reads the annotations
    """Find the later versions of bars, with the values before and after: of those read since the run before."""
    lake, parameters = workspace.lake, workspace.parameters
    stored_rows, since = _still_good(lake, workspace)
    rows, read = [stored_rows], stored_rows.height
    for asset_class, table in _BARS.items():
        keys, versions = _restated(lake, table, workspace, since)
        read += keys.height + versions.height
        again = keys.select(KEY, asset_class=pl.lit(asset_class))
        rows[0] = rows[0].join(again, on=["asset_class", *KEY], how="anti")
        rows.append(bar_revisions(versions, asset_class, parameters))
    found = pl.concat(rows).sort(core.BarRevision.primary_key())
    snapshot = extended(None, {"bar_revision": short_hash(found), "parameters": parameters.set_id})
    write = functools.partial(lake.replace, snapshot=snapshot)
    yield from stored(core.BarRevision, write, found, workspace, rows_read=read)


def _still_good(lake: Lake, workspace: Workspace) -> tuple[pl.DataFrame, dt.datetime | None]:
    """Return the stored rows, and when they were derived; none where parameters or an earlier clock make them void."""
    stamp = lake.stamp_of(core.BarRevision)
    derived_at = dt.datetime.fromisoformat(stamp["known_at"]) if "known_at" in stamp else None
    same = stamp.get("parameter_set_id") == workspace.parameters.set_id
    if derived_at is None or not same or derived_at > workspace.settings.knowledge_time():
        return core.BarRevision.create_empty(), None
    return lake.read(core.BarRevision), derived_at


def _restated(
    lake: Lake, table: type[Table], workspace: Workspace, since: dt.datetime | None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the bars with a version that was read since then, and every known version of those that have several."""
    # A further version is observed, never assumed: so most of a long history is ruled out at once.
    is_new = pl.col("known_basis") == "observed"
    if since is not None:
        is_new &= pl.col("fetched_at") >= since
    return versions_of_news(lake, table, is_new, workspace.settings.knowledge_time())


@dg.multi_asset(
    name="core_state_change",
    specs=[spec_of(core.StateChange, [*(qualified_name(table) for table in _READ), "raw.bar"])],
    check_specs=[contract_check(core.StateChange)],
)
def state_change(context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]):  # type: ignore[no-untyped-def]
    """Compare the states with those of the build before, log what differs, and remember them for the next one.

    They are remembered first, both builds' in one file: a run that is killed before it has logged the difference leaves
    that to the next one, which finds the same rows, and adds those that the log lacks. What differs of stocks was noted
    when their states were derived.
    """
    if workspace.settings.is_past:
        yield from at_rest(context, workspace, core.StateChange)
        return
    lake = workspace.lake
    snapshot = inherited_snapshot(lake, _READ)
    with lake.locked():
        added = [_log_changes(lake)]
        if _remember(context, lake, workspace, snapshot):
            added.append(_log_changes(lake))
        newest = max((build.build_number for build in builds_of(lake.read(StatedSpell))), default=1)
        added.append(log_notes(lake, workspace.settings.stock_buckets, newest))
        rows = pl.concat(added)
        logged = lake.scan(core.StateChange).select(pl.len()).collect().item()
        facts = {"dagster/row_count": logged, "new_rows": rows.height}
        yield from stored(core.StateChange, _appended, rows, workspace, **facts)


def _appended(table: type[Table], rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows that stand in the log already, checked as they were appended."""
    return rows


def _log_changes(lake: Lake) -> pl.DataFrame:
    """Append what the log lacks of the difference of the two builds remembered, and return it."""
    spells = lake.read(StatedSpell)
    builds = builds_of(spells)
    if len(builds) < 2:
        return core.StateChange.create_empty()
    before, now = builds[-2:]
    was, stated = (stated_by(spells, build) for build in (before, now))
    differing = differing_states(was, stated, lake.read(core.Session))
    _, versions = versions_of_news(lake, raw.Bar, pl.col("fetched_at") > before.known_at, now.known_at)
    # Indices have no corporate actions.
    learnt = Learnt(learnt_bars(versions, before.known_at, now.known_at), calendar=calendar_fixes(was, stated))
    changes = state_changes(differing, before, now, learnt)
    unlogged = changes.join(lake.read(core.StateChange), on=core.StateChange.primary_key(), how="anti")
    if not unlogged.is_empty():
        lake.append(core.StateChange, unlogged)
    return unlogged


def _remember(context: dg.AssetExecutionContext, lake: Lake, workspace: Workspace, snapshot: str | None) -> bool:
    """Put this build's states beside those of the newest one remembered, and return whether they are new.

    They are not where data, parameters and code are the same. A clock that was set back adds no build to a log that
    goes forward.
    """
    spells, known_at = lake.read(StatedSpell), workspace.settings.knowledge_time()
    facts = (snapshot, workspace.parameters.set_id, code_version())
    newest = max(builds_of(spells), default=None)
    if newest is not None and facts == newest[2:]:
        return False
    if newest is not None and known_at < newest.known_at:
        context.log.info(f"no comparison: the clock, {known_at}, lies before the last build's, {newest.known_at}")
        return False
    logged = lake.read(core.StateChange)["comparison_number"].max()
    number = max(newest.build_number if newest else 0, logged if isinstance(logged, int) else 0) + 1
    kept = spells.filter(pl.col("build_number") == newest.build_number) if newest else spells.clear()
    present = as_build(pl.concat(_stated(lake)), StatedBuild(number, known_at, *facts))
    lake.replace(StatedSpell, pl.concat([kept, present]))
    return True


def _stated(lake: Lake) -> Iterator[pl.DataFrame]:
    """Yield what this build states, as stretches."""
    yield stated_trends(lake.read(core.TrendState))
    yield stated_regimes(lake.read(core.RelativeRegime))
    yield stated_records(lake.read(core.RecordState))
    yield stated_levels(lake.read(core.LevelState), lake.read(core.Session))
    yield covered(lake.read(core.SeriesPrice))
    yield calendar_months(lake.read(core.Session))
