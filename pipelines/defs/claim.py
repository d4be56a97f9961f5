"""Layer core, of published notes: what they claim, and what the data say of it."""

from __future__ import annotations

import dagster as dg
import polars as pl

from pipelines.contracts import core
from pipelines.defs.tables import derived
from pipelines.defs.workspace import Workspace
from pipelines.seeds.claim_field import Names
from pipelines.seeds.claim_file import ClaimsError
from pipelines.seeds.claim_rules import read_claims
from pipelines.transforms.claim.check import claim_checks, claims
from pipelines.transforms.claim.view import STANDS_FROM


@derived(core.Claim, core.Instrument, core.RatioPair, core.UniverseMember, core.Fund, adds_facts=True)
def claim(
    workspace: Workspace, instruments: pl.DataFrame, pairs: pl.DataFrame, members: pl.DataFrame, funds: pl.DataFrame
) -> pl.DataFrame:
    """The house's claims files and the user's own."""
    settings = workspace.settings
    universes = dict(members.group_by("universe_id").agg("instrument_id").iter_rows())
    names = Names(instruments["instrument_id"].to_list(), pairs["pair_id"].to_list(), universes, set(funds["index_id"]))
    try:
        entries = read_claims(names, settings.claims)
    except ClaimsError as error:
        raise dg.Failure(str(error)) from error
    return claims(entries, settings.knowledge_time())


@derived(core.ClaimCheck, core.Claim, *STANDS_FROM)
def claim_check(workspace: Workspace, known: pl.DataFrame, *rows: pl.DataFrame) -> pl.DataFrame:
    """What the data say of each claim."""
    return claim_checks(known, dict(zip(STANDS_FROM, rows, strict=True)), workspace.parameters)
