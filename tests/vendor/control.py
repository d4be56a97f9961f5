"""Control of a vendor over HTTP: its clock, faults and log, for one that runs in a process of its own.

Belongs here: commands and what they answer, as JSON; and faults as JSON. Not here: the other side (``process``).
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from typing import TYPE_CHECKING, Any

from tests.vendor import fault as of_reply
from tests.vendor import market_fault as of_content
from tests.vendor.fault import Fault, Reply

if TYPE_CHECKING:
    from tests.vendor.server import Vendor


def controlled(vendor: Vendor, command: str, body: bytes) -> Reply:
    """Carry out one command and return its answer; of one that cannot be carried out, why."""
    try:
        value = _carried_out(vendor, command, json.loads(body) if body else None)
    except (ValueError, TypeError, KeyError) as error:
        return Reply(400, "text/plain", f"{type(error).__name__}: {error}".encode())
    return Reply(200, "application/json", json.dumps(value).encode())


def _carried_out(vendor: Vendor, command: str, value: Any) -> Any:
    match command:
        case "now" if value is None:
            return vendor.now.isoformat()
        case "now":
            vendor.now = dt.datetime.fromisoformat(value)
        case "faults/add":
            return vendor.faults.add(fault_of(value))
        case "faults/remove":
            vendor.faults.remove(value)
        case "faults/clear":
            vendor.faults.clear()
        case "faults/spoiled":
            return vendor.faults.spoiled(value)
        case "log":
            return vendor.log.entries()
        case "log/clear":
            vendor.log.clear()
        case "faults/active":
            return [as_json(fault) for fault in vendor.faults.active()]
        case _:
            raise ValueError(f"expected a command, was {command}")
    return None


def as_json(fault: Fault) -> dict[str, Any]:
    """Return a fault as JSON can say it."""
    fields = {field.name: _plain(getattr(fault, field.name)) for field in dataclasses.fields(fault)}
    return {"fault": type(fault).__name__, **fields}


def fault_of(value: dict[str, Any]) -> Fault:
    """Return the fault that JSON states.

    Raises:
        ValueError: there is no such fault.
    """
    fields = dict(value)
    name = fields.pop("fault")
    kind = getattr(of_content, name, None) or getattr(of_reply, name, None)
    if not (isinstance(kind, type) and issubclass(kind, Fault)):
        raise ValueError(f"expected the name of a fault, was {name}")
    types = {field.name: str(field.type) for field in dataclasses.fields(kind)}
    return kind(**{field: _typed(types[field], given) for field, given in fields.items()})


def _plain(value: Any) -> Any:
    match value:
        case dt.datetime() | dt.date():
            return value.isoformat()
        case tuple():
            return [_plain(one) for one in value]
        case _:
            return value


def _typed(kind: str, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, list):
        return tuple(_typed(kind.removeprefix("tuple[").split(",")[0], one) for one in value)
    if kind.startswith("dt.datetime"):
        return dt.datetime.fromisoformat(value)
    if kind.startswith("dt.date"):
        return dt.date.fromisoformat(value)
    return value
