"""Bulk writes of work orders: up to a hundred in one call, with an outcome for each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.responses import Response

from cmms_audit.sandbox.granary import idempotency, records, rules
from cmms_audit.sandbox.granary.calls import Answer, Call, Operation, json_response
from cmms_audit.sandbox.granary.fields import FieldError, Json, object_schema, update_schema
from cmms_audit.sandbox.granary.problems import ERROR_FIELDS, Problem
from cmms_audit.sandbox.granary.resource import Resource
from cmms_audit.sandbox.switch import Broken, Switch

NO_BULK = Switch(
    "no-bulk",
    "records can be written only one by one",
    questions=("operations.bulk-writes",),
)
VAGUE_BULK = Switch(
    "vague-bulk",
    "one bad record makes a bulk write fail as a whole, without saying which",
    questions=("operations.bulk-writes",),
)
SWITCHES = (NO_BULK, VAGUE_BULK)

MAX_ITEMS = 100
PATH = "/work-orders/bulk"


def operations(orders: Resource, broken: Broken) -> tuple[Operation, ...]:
    """Bulk create and bulk update, where this vendor has them."""
    if NO_BULK in broken:
        return ()
    return (
        _operation("POST", "create", _create_one, orders, broken),
        _operation("PATCH", "update", _update_one, orders, broken),
    )


_Step = Callable[[Call, Resource, Any], tuple[int, Json]]


def _operation(method: str, verb: str, step: _Step, orders: Resource, broken: Broken) -> Operation:
    async def handle(call: Call) -> Response:
        results = _carry_out(call, orders, step)
        failed = sum(result["status"] >= 400 for result in results)
        return json_response({"results": results, "succeeded": len(results) - failed, "failed": failed}, 207)

    return Operation(
        method,
        PATH,
        f"bulk_{verb}_{orders.name}",
        f"{verb.capitalize()} many work orders",
        f"{verb.capitalize()}s up to {MAX_ITEMS} work orders. Each is done or refused by itself, and its outcome is "
        f"told. More than {MAX_ITEMS} are refused with 400, and nothing is written.",
        orders.name,
        idempotency.once(handle) if verb == "create" else handle,
        (f"{orders.noun}:write",),
        (Answer(207, "The outcome of each record.", records.ref("BulkResult")),),
        parameters=idempotency.parameters(broken) if verb == "create" else (),
        body={records.JSON_TYPE: records.ref(f"{orders.schema}Bulk{verb.capitalize()}")},
        errors=("malformed-request", "too-many-items", "validation-failed"),
    )


def _carry_out(call: Call, orders: Resource, step: _Step) -> list[Json]:
    items = call.body.get("items")
    if not isinstance(items, list) or set(call.body) != {"items"}:
        raise Problem("validation-failed", "", FieldError("items", "required", "a list of records, and nothing else"))
    if not items:
        raise Problem("validation-failed", "", FieldError("items", "empty", "at least one record"))
    if len(items) > MAX_ITEMS:
        raise Problem("too-many-items", f"{len(items)} records were sent; at most {MAX_ITEMS} are allowed")
    results = []
    for index, item in enumerate(items):
        try:
            status, record = step(call, orders, item)
            results.append({"index": index, "status": status, "id": record["id"], "code": None, "errors": []})
        except Problem as problem:
            if VAGUE_BULK in call.state.broken:
                raise Problem("validation-failed", "a record is wrong") from None
            results.append(_refusal(index, item, problem))
    return results


def _create_one(call: Call, orders: Resource, item: Any) -> tuple[int, Json]:
    return 201, records.create(call.state, orders, item, {})


def _update_one(call: Call, orders: Resource, item: Any) -> tuple[int, Json]:
    if not isinstance(item, dict) or not isinstance(item.get("id"), str):
        raise Problem("validation-failed", "", FieldError("id", "required", "the id of the record to change"))
    record = rules.existing(call.state, orders, item["id"])
    version = item.get("version", record.get("version"))
    if records.has_etag(orders) and version != record["version"]:
        raise Problem("precondition-failed", f"{record['id']} is now at version {record['version']}")
    sent = {name: value for name, value in item.items() if name not in {"id", "version"}}
    return 200, records.update(call.state, orders, record, sent)


def _refusal(index: int, item: Any, problem: Problem) -> Json:
    id_ = item.get("id") if isinstance(item, dict) else None
    return {
        "index": index,
        "status": problem.status,
        "id": id_ if isinstance(id_, str) else None,
        "code": problem.code.name,
        "errors": [vars(error) for error in problem.errors]
        or [vars(FieldError("", problem.code.name, problem.detail))],
    }


def schemas(orders: Resource, broken: Broken) -> dict[str, Json]:
    """The schemas of bulk writes for the document."""
    if NO_BULK in broken:
        return {}
    change = update_schema(orders.served, "A changed work order. With version, a stale change is refused with 412.")
    properties = object_schema(field for field in orders.fields if field.name in {"id", "version"})["properties"]
    for name in properties:
        properties[name].pop("readOnly")
    if not records.has_etag(orders):
        del properties["version"]
    change["properties"] = properties | change["properties"]
    change |= {"required": ["id"], "minProperties": 2, "example": {"id": "WO-0000001", **change["example"]}}
    return {
        f"{orders.schema}BulkChange": change,
        f"{orders.schema}BulkCreate": _items("Work orders to create.", f"{orders.schema}Create"),
        f"{orders.schema}BulkUpdate": _items("Work orders to change.", f"{orders.schema}BulkChange"),
        "BulkResult": _result_schema(),
    }


def _items(description: str, name: str) -> Json:
    items = {
        "type": "array",
        "description": f"At most {MAX_ITEMS} records.",
        "minItems": 1,
        "maxItems": MAX_ITEMS,
        "items": records.ref(name),
    }
    return {
        "type": "object",
        "description": description,
        "additionalProperties": False,
        "required": ["items"],
        "properties": {"items": items},
    }


def _result_schema() -> Json:
    def whole(description: str) -> Json:
        return {"type": "integer", "description": description, "minimum": 0, "readOnly": True, "example": 0}

    def text(description: str, example: str | None) -> Json:
        return {"type": "string", "description": description, "nullable": True, "readOnly": True, "example": example}

    outcome = {
        "index": whole("Place of the record in the call, from 0."),
        "status": whole("HTTP status of this record: 201, 200, or that of the error.") | {"example": 201},
        "id": text("Id of the record; null where it was not created.", "WO-0000001"),
        "code": text("Error code; null where the record was written.", None),
        "errors": {
            "type": "array",
            "description": "What is wrong with the record.",
            "readOnly": True,
            "example": [],
            "items": object_schema(ERROR_FIELDS),
        },
    }
    return {
        "type": "object",
        "description": "What became of each record of a bulk write.",
        "additionalProperties": False,
        "required": ["results", "succeeded", "failed"],
        "properties": {
            "results": {
                "type": "array",
                "description": "One outcome for each record, in the order in which they were sent.",
                "readOnly": True,
                "items": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": list(outcome),
                    "properties": outcome,
                },
            },
            "succeeded": whole("How many records were written."),
            "failed": whole("How many records were refused."),
        },
    }
