"""A contract as an Arrow schema: field descriptions and units, and what the whole file is."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from pipelines.contracts.table import Table, description_of, grain_of, qualified_name, unit_of


def annotated(table: type[Table], data: pa.Table, stamp: Mapping[str, str]) -> pa.Table:
    """Return ``data`` with each field's description and unit, and the table's own, in the schema metadata.

    Args:
        table: The contract; its columns are those of ``data``, in the same order.
        data: The rows.
        stamp: What holds for the whole file, such as source and parameter set.
    """
    # Once: dataframely makes every column of the contract anew each time it is asked.
    fields, columns = [], table.columns()
    for field in data.schema:
        column = columns[field.name]
        unit = unit_of(column)
        metadata = {"description": str(column.description)} | ({"unit": unit} if unit else {})
        fields.append(field.with_nullable(column.nullable).with_metadata(metadata))
    about = {"table": qualified_name(table), "description": description_of(table), "grain": ",".join(grain_of(table))}
    return data.cast(pa.schema(fields, metadata={**about, **stamp}))
