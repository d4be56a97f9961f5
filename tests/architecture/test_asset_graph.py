"""A picture of the asset graph in text: a change of what depends on what has to be meant."""

from __future__ import annotations

from pathlib import Path

from pipelines.contracts import core, raw, serve
from pipelines.contracts.table import qualified_name
from pipelines.definitions import definitions

SNAPSHOT = Path(__file__).with_name("asset_graph.txt")


def graph() -> str:
    assets = definitions().get_repository_def().asset_graph
    lines = [
        f"{'.'.join(key.path)} <- {', '.join(sorted('.'.join(parent.path) for parent in assets.get(key).parent_keys))}"
        for key in assets.get_all_asset_keys()
    ]
    return "\n".join(sorted(lines)) + "\n"


def test_asset_graph_is_the_one_that_was_agreed() -> None:
    assert graph() == SNAPSHOT.read_text(), f"if the change is meant, write the new graph to {SNAPSHOT.name}"


def test_every_declared_table_is_an_asset() -> None:
    keys = {".".join(key.path) for key in definitions().get_repository_def().asset_graph.get_all_asset_keys()}
    tables = {qualified_name(table) for table in (*raw.TABLES, *core.TABLES, *serve.TABLES)}
    assert keys == tables | {"report.brief"}


def test_data_flows_one_way() -> None:
    order = {"raw": 0, "core": 1, "serve": 2, "report": 3}
    for line in SNAPSHOT.read_text().splitlines():
        child, _, parents = line.partition(" <- ")
        for parent in filter(None, parents.split(", ")):
            assert order[parent.split(".")[0]] <= order[child.split(".")[0]]
            if child.startswith("serve") and parent.startswith("serve"):
                served = [qualified_name(table) for table in serve.TABLES]
                assert served.index(parent) < served.index(child), "a served table reads those filled before it"
