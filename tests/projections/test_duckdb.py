from __future__ import annotations

import dataframely as dy
import duckdb
import pytest

from pipelines.contracts import core, serve
from pipelines.contracts.table import Table
from pipelines.contracts.vocabulary.placing import choice
from pipelines.projections.duckdb import (
    comments,
    create_packed,
    create_table,
    literal,
    quoted,
    select_packed,
    type_of,
)


class Thing(Table):
    """A thing's first line.

    Not this one.
    """

    id = dy.String(primary_key=True, description="Who it is.")
    weight = dy.Float64(nullable=True, description="How heavy.", metadata={"unit": "kg"})


def test_ddl_carries_types_nulls_and_key() -> None:
    assert create_table(Thing) == (
        'CREATE TABLE test_duckdb.thing (\n    "id" VARCHAR NOT NULL,\n    "weight" DOUBLE,\n    PRIMARY KEY ("id")\n)'
    )


class Packed(Thing):
    """Another."""

    mood = choice("How it is", ("it's well", "ill"))(nullable=True)


def test_a_packed_table_keeps_numbers_of_words_and_floats_as_they_are_and_shows_the_contract() -> None:
    assert create_packed(Packed) == (
        'CREATE TABLE packed.packed (\n    "id" VARCHAR NOT NULL,\n'
        '    "weight" DOUBLE USING COMPRESSION uncompressed,\n'
        "    \"mood\" ENUM ('it''s well', 'ill')\n)"
    )
    with duckdb.connect() as connection:
        connection.execute("CREATE SCHEMA packed")
        connection.execute(create_packed(Packed))
        connection.execute("INSERT INTO packed.packed VALUES ('a', 1.5, 'ill'), ('b', NULL, NULL)")
        shown = connection.sql(select_packed(Packed))
        assert [str(kind) for kind in shown.types] == [type_of(column) for column in Packed.columns().values()]
        assert shown.fetchall() == [("a", 1.5, "ill"), ("b", None, None)]


def test_comments_carry_description_and_unit_and_lead_with_the_note() -> None:
    assert comments(Thing, "NOTE ") == [
        "COMMENT ON TABLE test_duckdb.thing IS 'NOTE A thing''s first line.'",
        "COMMENT ON COLUMN test_duckdb.thing.\"id\" IS 'Who it is.'",
        "COMMENT ON COLUMN test_duckdb.thing.\"weight\" IS 'How heavy. [kg]'",
    ]


def test_comments_of_a_view_name_it_as_one() -> None:
    assert comments(Thing, kind="VIEW")[0] == "COMMENT ON VIEW test_duckdb.thing IS 'A thing''s first line.'"


def test_quotes_are_doubled() -> None:
    assert literal("it's") == "'it''s'"
    assert quoted('a"b') == '"a""b"'


@pytest.mark.parametrize("table", [*core.TABLES, *serve.TABLES])
def test_every_contract_type_has_a_duckdb_type(table: type[Table]) -> None:
    assert all(type_of(column) for column in table.columns().values())
