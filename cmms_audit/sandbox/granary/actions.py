"""Status changes of work orders: each is a record of its own, and only legal ones are carried out."""

from __future__ import annotations

from dataclasses import replace

from cmms_audit.sandbox.granary import events, records, rules
from cmms_audit.sandbox.granary.calls import Call, Operation
from cmms_audit.sandbox.granary.fields import Field, FieldError, Json
from cmms_audit.sandbox.granary.maintenance import FINISHED, STATUSES
from cmms_audit.sandbox.granary.problems import Problem
from cmms_audit.sandbox.granary.resource import TRACKED, Resource, id_field, reference
from cmms_audit.sandbox.switch import Broken, Switch

NO_ACTIONS = Switch(
    "no-actions",
    "there are no status changes: the status is a field that anyone may overwrite",
    questions=("operations.actions",),
)
LAWLESS_ACTIONS = Switch(
    "lawless-actions",
    "any status change is carried out, legal or not",
    questions=("operations.actions",),
)
FORGETFUL_ACTIONS = Switch(
    "forgetful-actions",
    "the memo of a status change is thrown away",
    questions=("operations.actions",),
)
SWITCHES = (NO_ACTIONS, LAWLESS_ACTIONS, FORGETFUL_ACTIONS)

LEGAL: dict[str, tuple[str, ...]] = {
    "open": ("assigned", "in_progress", "cancelled"),
    "assigned": ("in_progress", "on_hold", "cancelled"),
    "in_progress": ("on_hold", "completed"),
    "on_hold": ("in_progress", "cancelled"),
    "completed": ("in_progress", "closed"),
    "closed": (),
    "cancelled": (),
}


def _law() -> str:
    steps = (f"{source} to {', '.join(targets) or 'nothing'}" for source, targets in LEGAL.items())
    return "; ".join(steps)


TRANSITIONS = Resource(
    "transitions",
    "/work-orders/{id}/transitions",
    "status change",
    "Transition",
    f"A change of a work order's status. Legal are: {_law()}. Others are refused with 409 and the reason.",
    "workorders",
    "T",
    6,
    (
        id_field("T", 6, "status change"),
        reference("work_order_id", "work_orders", "WO-0000001", "The work order."),
        Field("from_status", "string", "The status before.", "open", enum=STATUSES),
        Field("to_status", "string", "The status after.", "assigned", "create", required=True, enum=STATUSES),
        Field("memo", "string", "Why, in words.", "Given to the day shift.", "create", nullable=True, max_length=1000),
        Field("changed_by", "string", "Name of the integration that asked for it.", "Demo integration"),
        *TRACKED,
    ),
    sorts=("id", "created_at"),
    does=frozenset({"create"}),
    id_parameter="transition_id",
)


def resources(broken: Broken) -> tuple[Resource, ...]:
    """The resource of status changes, where this vendor has it."""
    return () if NO_ACTIONS in broken else (TRANSITIONS,)


def operations(broken: Broken) -> tuple[Operation, ...]:
    """List, read and carry out status changes."""
    if NO_ACTIONS in broken:
        return ()
    return (
        records.list_operation(TRANSITIONS, broken),
        records.read_operation(TRANSITIONS),
        records.create_operation(TRANSITIONS, broken, _carry_out, ("illegal-transition",)),
    )


def with_free_status(orders: Resource, broken: Broken) -> Resource:
    """Work orders whose status may be overwritten, where there are no status changes."""
    if NO_ACTIONS not in broken:
        return orders
    fields = tuple(
        replace(field, write="always", description="Where the work stands.") if field.name == "status" else field
        for field in orders.fields
    )
    return replace(orders, fields=fields)


def _carry_out(call: Call, resource: Resource) -> Json:
    state = call.state
    order = rules.existing(state, state.resources["work_orders"], call.path["id"])
    records.check_sent(state, resource, call.body, "create")
    before, after = order["status"], call.body["to_status"]
    if after not in LEGAL[before] and LAWLESS_ACTIONS not in state.broken:
        legal = ", ".join(LEGAL[before]) or "none"
        detail = f"work order {order['id']} cannot go from {before} to {after}; legal are: {legal}"
        raise Problem("illegal-transition", detail, FieldError("to_status", "illegal", f"legal are: {legal}"))
    given = {"work_order_id": order["id"], "from_status": before, "changed_by": call.identity.name}
    if FORGETFUL_ACTIONS in state.broken:
        given["memo"] = None
    record = records.create(state, resource, call.body, given)
    order["status"] = after
    order["completed_at"] = (order["completed_at"] or state.now) if after in FINISHED else None
    rules.touch(state, "work_orders", order)
    events.changed(state, state.resources["work_orders"], {"status": before}, order)
    return record
