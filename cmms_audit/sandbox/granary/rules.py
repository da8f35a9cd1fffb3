"""Business rules: what a record takes from others, what is computed, and what a change causes elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cmms_audit.sandbox.granary import store
from cmms_audit.sandbox.granary.calls import State
from cmms_audit.sandbox.granary.fields import FieldError, Json
from cmms_audit.sandbox.granary.maintenance import FINISHED
from cmms_audit.sandbox.granary.problems import Problem, invalid_fields
from cmms_audit.sandbox.granary.resource import Resource


def check_references(state: State, resource: Resource, sent: Json) -> Iterator[FieldError]:
    """Every id that was sent and does not exist."""
    for field in resource.fields:
        value = sent.get(field.name)
        if field.refers_to and value is not None and find(state, field.refers_to, value) is None:
            yield FieldError(field.name, "unknown-reference", f"there is no {field.refers_to} record {value}")


def check_unique(state: State, resource: Resource, sent: Json) -> None:
    """Refuse with 409 where a value that must be unique is taken."""
    for name in resource.unique:
        taken = name in sent and store.count(state.database, resource, [(f"{name} = ?", sent[name])], deleted=True)
        if taken:
            error = FieldError(name, "taken", f"another {resource.title} has {sent[name]}")
            raise Problem("conflict", "", error)


def check_unused(state: State, resource: Resource, id_: str) -> None:
    """Refuse with 409 to delete a record that others refer to."""
    for table, column in resource.used_by:
        using = store.count(state.database, state.resources[table], [(f"{column} = ?", id_)])
        if using:
            raise Problem("conflict", f"{resource.title} {id_} is in use by {using} {table} records")


def complete(state: State, resource: Resource, record: Json) -> Json:
    """Fill in what a record takes from the records it refers to, and what is computed."""
    for field in resource.fields:
        if field.inherits and record[field.name] is None:
            record[field.name] = _inherited(state, resource, record, field.inherits, field.name)
    if resource.name == "assets":
        _complete_asset(state, record)
    if resource.name == "labor":
        record["cost"] = round(record["hours"] * record["hourly_rate"], 2)
    if resource.name == "work_orders":
        record["reported_at"] = record["reported_at"] or record["created_at"]
        if record["status"] in FINISHED:
            record["completed_at"] = record["completed_at"] or state.now
    return record


def _inherited(state: State, resource: Resource, record: Json, through: str, name: str) -> Any:
    source = find(state, resource.field(through).refers_to, record[through])
    return source[name] if source else None


def _complete_asset(state: State, asset: Json) -> None:
    location = find(state, "locations", asset["location_id"])
    if location is None or location["kind"] != "system":
        invalid_fields([FieldError("location_id", "not-allowed", "an asset belongs to a system, not to a building")])
        return
    asset["level"] = "component" if asset["parent_id"] else "asset"
    asset["hierarchy"] = {
        "site_id": location["site_id"],
        "building_id": location["parent_id"],
        "system_id": location["id"],
        "asset_id": asset["parent_id"] or asset["id"],
        "component_id": asset["id"] if asset["parent_id"] else None,
    }


def follow_up(state: State, resource: Resource, record: Json) -> None:
    """What a written (or deleted) record changes in others."""
    if resource.name == "labor":
        _add_up_labor(state, record["work_order_id"])
    if resource.name == "meter_readings":
        _keep_last_reading(state, record["meter_id"])


def _add_up_labor(state: State, work_order_id: str) -> None:
    order = find(state, "work_orders", work_order_id)
    if order:
        entries = store.select(state.database, state.resources["labor"], [("work_order_id = ?", work_order_id)])
        order["labor_cost"] = round(sum(entry["cost"] for entry in entries), 2)
        touch(state, "work_orders", order)


def _keep_last_reading(state: State, meter_id: str) -> None:
    meter = find(state, "meters", meter_id)
    readings = store.select(
        state.database, state.resources["meter_readings"], [("meter_id = ?", meter_id)], order="read_at DESC", limit=1
    )
    if meter and readings:
        meter["last_value"], meter["last_read_at"] = readings[0]["value"], readings[0]["read_at"]
        touch(state, "meters", meter)


def touch(state: State, name: str, record: Json) -> None:
    """Store a changed record as its next version."""
    record["updated_at"] = state.now
    if "version" in record:
        record["version"] += 1
    store.replace(state.database, state.resources[name], record)


def find(state: State, name: str, id_: str) -> Json | None:
    """The living record of that kind and id."""
    return store.find(state.database, state.resources[name], id_)


def existing(state: State, resource: Resource, id_: str) -> Json:
    """The living record with that id. Raises a 404 Problem that repeats the id."""
    record = store.find(state.database, resource, id_)
    if record is None:
        raise Problem("not-found", f"there is no {resource.title} with the id {id_}")
    return record
