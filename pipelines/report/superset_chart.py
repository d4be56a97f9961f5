"""Shapes of Superset: a declared chart as a chart file, and the dashboard that lays charts out. Text only."""

from __future__ import annotations

import json
from itertools import count
from typing import Any

_GRID_COLUMNS = 12
_ROW_LIMIT = 100_000
"""The most that Superset gives by default: a smaller one would cut off the oldest sessions and say nothing."""
_VIZ_TYPES = {"table": "table", "line": "echarts_timeseries_line", "bar": "echarts_timeseries_bar"}


def chart_file(chart: dict[str, Any], identity: str, dataset: dict[str, Any]) -> dict[str, Any]:
    """Return one chart: what Superset's page draws it from, and the query that its API runs for it.

    Args:
        chart: an entry of ``market_state.toml``: name, kind (table, line or bar) and columns, or x, series and metrics.
        identity: the chart's own id.
        dataset: file of the dataset that it reads.

    Raises:
        KeyError: a kind that is none of the three, or a part that the kind needs is missing.
    """
    viz_type = _VIZ_TYPES[chart["kind"]]
    parameters = _table(chart, dataset) if chart["kind"] == "table" else _series(chart)
    query = _table_query(chart) if chart["kind"] == "table" else _series_query(chart)
    context = {
        "datasource": {"id": 0, "type": "table"},
        "force": False,
        "queries": [query],
        "form_data": {"viz_type": viz_type},
        "result_format": "json",
        "result_type": "full",
    }
    return {
        "slice_name": chart["name"],
        "viz_type": viz_type,
        "params": parameters | {"viz_type": viz_type, "adhoc_filters": [], "row_limit": _ROW_LIMIT},
        "query_context": json.dumps(context),
        "uuid": identity,
        "dataset_uuid": dataset["uuid"],
    }


def _table(chart: dict[str, Any], dataset: dict[str, Any]) -> dict[str, Any]:
    fractions = [column["column_name"] for column in dataset["columns"] if column["type"] == "DOUBLE"]
    return {
        "query_mode": "raw",
        "all_columns": chart["columns"],
        "order_by_cols": [json.dumps([column, True]) for column in chart["order"]],
        "table_timestamp_format": "%Y-%m-%d",
        "column_config": {name: {"d3NumberFormat": ",.2f"} for name in fractions if name in chart["columns"]},
        "show_cell_bars": False,
        "include_search": False,
        "server_pagination": False,
    }


def _table_query(chart: dict[str, Any]) -> dict[str, Any]:
    return {
        "columns": chart["columns"],
        "orderby": [[column, True] for column in chart["order"]],
        "filters": [],
        "row_limit": _ROW_LIMIT,
    }


def _series(chart: dict[str, Any]) -> dict[str, Any]:
    return {
        "x_axis": chart["x"],
        "groupby": chart["series"],
        "metrics": _metrics(chart),
        "x_axis_sort_asc": True,
        "show_legend": True,
        "rich_tooltip": True,
        "truncateYAxis": chart["kind"] == "line",
        "y_axis_bounds": [None, None],
        "y_axis_format": "SMART_NUMBER",
        "seriesType": chart["kind"],
    }


def _series_query(chart: dict[str, Any]) -> dict[str, Any]:
    """Return the query in long form: one row per x and series."""
    axis = {"columnType": "BASE_AXIS", "sqlExpression": chart["x"], "label": chart["x"], "expressionType": "SQL"}
    return {
        "columns": [axis, *chart["series"]],
        "metrics": _metrics(chart),
        "orderby": [[column, True] for column in [chart["x"], *chart["series"]]],
        "filters": [],
        "row_limit": _ROW_LIMIT,
    }


def _metrics(chart: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "expressionType": "SQL",
            "sqlExpression": expression,
            "label": label,
            "hasCustomLabel": True,
            "optionName": f"metric_{number}",
        }
        for number, (label, expression) in enumerate(chart["metrics"].items(), 1)
    ]


def dashboard_file(
    declared: dict[str, Any], identities: list[str], filter_dataset: str, title: str, note: str
) -> dict[str, Any]:
    """Return the dashboard: a heading, the charts in rows, and the filter with its default.

    Args:
        declared: the whole of ``market_state.toml``.
        identities: the charts' ids, in the order of the file.
        filter_dataset: id of the dataset that the filter takes its choices from.
        title: the dashboard's title.
        note: what has to be said before anything is shown; empty for nothing.
    """
    unfiltered = [number for number, chart in enumerate(declared["chart"], 1) if not chart["filtered"]]
    return {
        "dashboard_title": title,
        "description": note or None,
        "slug": None,
        "published": True,
        "css": "",
        "position": _position(declared["chart"], identities, title, note),
        "metadata": {
            "native_filter_configuration": [_filter(declared["filter"], filter_dataset, unfiltered)],
            "cross_filters_enabled": False,
            "refresh_frequency": 0,
        },
    }


def _filter(declared: dict[str, Any], dataset: str, unfiltered: list[int]) -> dict[str, Any]:
    chosen = [declared["default"]]
    condition = {"col": declared["column"], "op": "IN", "val": chosen}
    return {
        "id": "NATIVE_FILTER-index",
        "name": declared["name"],
        "type": "NATIVE_FILTER",
        "filterType": "filter_select",
        "targets": [{"column": {"name": declared["column"]}, "datasetUuid": dataset}],
        "scope": {"rootPath": ["ROOT_ID"], "excluded": unfiltered},
        "controlValues": {"multiSelect": True, "enableEmptyFilter": True, "defaultToFirstItem": False},
        "defaultDataMask": {
            "extraFormData": {"filters": [condition]},
            "filterState": {"value": chosen, "label": declared["default"]},
        },
        "cascadeParentIds": [],
        "description": "",
    }


def _position(charts: list[dict[str, Any]], identities: list[str], title: str, note: str) -> dict[str, Any]:
    """Return the tree of Superset's grid: rows of twelve columns, filled from the left."""
    rows: list[str] = []
    position: dict[str, Any] = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"type": "ROOT", "id": "ROOT_ID", "children": ["GRID_ID"]},
        "GRID_ID": {"type": "GRID", "id": "GRID_ID", "children": rows, "parents": ["ROOT_ID"]},
        "HEADER_ID": {"type": "HEADER", "id": "HEADER_ID", "meta": {"text": title}},
    }
    numbers = count(1)

    def new_row() -> str:
        name = f"ROW-{next(numbers)}"
        rows.append(name)
        parents = ["ROOT_ID", "GRID_ID"]
        meta = {"background": "BACKGROUND_TRANSPARENT"}
        position[name] = {"type": "ROW", "id": name, "children": [], "parents": parents, "meta": meta}
        return name

    def put(row: str, name: str, kind: str, meta: dict[str, Any]) -> None:
        position[row]["children"].append(name)
        parents = ["ROOT_ID", "GRID_ID", row]
        position[name] = {"type": kind, "id": name, "children": [], "parents": parents, "meta": meta}

    if note:
        put(new_row(), "MARKDOWN-note", "MARKDOWN", {"code": f"# {note}", "width": _GRID_COLUMNS, "height": 14})
    row, free = "", 0
    for number, (chart, identity) in enumerate(zip(charts, identities, strict=True), 1):
        if chart["width"] > free:
            row, free = new_row(), _GRID_COLUMNS
        free -= chart["width"]
        size = {"width": chart["width"], "height": chart["height"]}
        put(row, f"CHART-{number}", "CHART", {"chartId": number, "uuid": identity, "sliceName": chart["name"], **size})
    return position
