"""What happens in the plant and is told to subscribers: which events there are, and what each says."""

from __future__ import annotations

from cmms_audit.sandbox.granary.calls import State
from cmms_audit.sandbox.granary.fields import Json
from cmms_audit.sandbox.granary.resource import Resource
from cmms_audit.sandbox.switch import Broken, Switch

CREATED, STATUS_CHANGED, CONDITION_CHANGED, TRIGGERED = EVENTS = (
    "work_order.created",
    "work_order.status_changed",
    "asset.condition_changed",
    "maintenance_plan.triggered",
)

SILENT_CHANGES = Switch(
    "silent-status-changes",
    "a change of status makes no event, although one is documented",
    questions=("webhooks.supported",),
)
SILENT_CONDITIONS = Switch(
    "silent-condition-changes",
    "a change of an asset's condition makes no event, although one is documented",
    questions=("webhooks.supported",),
)
UNDESCRIBED_EVENTS = Switch(
    "undescribed-events",
    "events hold other members than the documents say",
    questions=("webhooks.supported",),
    flags=("undocumented-behaviour",),
)
SWITCHES = (SILENT_CHANGES, SILENT_CONDITIONS, UNDESCRIBED_EVENTS)


def created(state: State, resource: Resource, record: Json) -> None:
    """Tell of a new record: a work order, and that a maintenance plan was triggered where it is preventive."""
    if resource.name != "work_orders":
        return
    _tell(state, CREATED, record)
    if record.get("type") == "preventive":
        _tell(state, TRIGGERED, record)


def changed(state: State, resource: Resource, before: Json, after: Json) -> None:
    """Tell of a changed record: another status of a work order, another condition of an asset."""
    if resource.name == "work_orders" and before["status"] != after["status"] and SILENT_CHANGES not in state.broken:
        _tell(state, STATUS_CHANGED, after)
    other_condition = resource.name == "assets" and before["condition"] != after["condition"]
    if other_condition and SILENT_CONDITIONS not in state.broken:
        _tell(state, CONDITION_CHANGED, after)


def _tell(state: State, event_type: str, record: Json) -> None:
    is_asset = event_type == CONDITION_CHANGED
    data = {
        "work_order_id": None if is_asset else record["id"],
        "asset_id": record["id"] if is_asset else record["asset_id"],
        "site_id": record.get("site_id"),
        "priority": None if is_asset else record["priority"],
        "status": None if is_asset else record["status"],
    }
    state.outgoing.publish(state, {"type": event_type, "timestamp": state.now, "data": data})


def payload(event: Json, broken: Broken) -> Json:
    """What is sent of an event: all of it, as the documents say."""
    if UNDESCRIBED_EVENTS not in broken:
        return event
    data = event["data"]
    subject = data["work_order_id"] or data["asset_id"]
    return {**event, "data": {"ref": subject, "object": {"asset": data["asset_id"], "prio": str(data["priority"])}}}
