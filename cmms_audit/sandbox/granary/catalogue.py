"""Everything that this vendor offers, feature by feature: its resources, its operations, its schemas."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from cmms_audit.sandbox.granary import actions, attachments, bulk, business, maintenance, monitoring, records, webhooks
from cmms_audit.sandbox.granary.calls import Operation
from cmms_audit.sandbox.granary.fields import Json
from cmms_audit.sandbox.granary.resource import Resource
from cmms_audit.sandbox.switch import Broken, Switch

PUBLIC_STOCK = Switch(
    "public-stock",
    "the stock can be read by anyone, in the document and on the wire",
    questions=("auth.method",),
    flags=("anonymous-access",),
)
SWITCHES = (PUBLIC_STOCK,)

# The resources that need nothing but the usual operations.
PLAIN = {
    "sites",
    "locations",
    "users",
    "assets",
    "work_orders",
    "custom_field_definitions",
    *(each.name for each in business.ALL),
}


def resources(broken: Broken) -> dict[str, Resource]:
    """The resources by name, each after those that it refers to."""
    trade = {each.name: each for each in business.resources(broken)}
    plant = {each.name: each for each in maintenance.resources(broken)}
    plant["work_orders"] = actions.with_free_status(plant["work_orders"], broken)
    first = {name: plant.pop(name) for name in ("sites", "locations")} | {"users": trade.pop("users")}
    features = (*actions.resources(broken), *attachments.resources(broken), *webhooks.resources(broken))
    found = [*first.values(), *plant.values(), *trade.values(), *features, *monitoring.resources(broken)]
    if records.NO_ETAGS in broken:
        found = [each.without({"version"}) for each in found]
    return {each.name: each for each in found}


def operations(offered: Mapping[str, Resource], broken: Broken) -> tuple[Operation, ...]:
    """All operations, fixed paths before those with an id, so that the first match is the right one."""
    plain = [each for each in offered.values() if each.name in PLAIN]
    found = (
        *bulk.operations(offered["work_orders"], broken),
        *(operation for resource in plain for operation in records.operations(resource, broken)),
        *actions.operations(broken),
        *attachments.operations(broken),
        *webhooks.operations(offered, broken),
        *monitoring.operations(offered, broken),
    )
    return tuple(_opened(each) if PUBLIC_STOCK in broken else each for each in found)


def _opened(operation: Operation) -> Operation:
    """The operation as it is where the stock is open to anyone."""
    return replace(operation, scopes=()) if operation.scopes == ("inventory:read",) else operation


def schemas(offered: Mapping[str, Resource], broken: Broken) -> dict[str, Json]:
    """The schemas of all records and messages."""
    found: dict[str, Json] = {}
    for resource in offered.values():
        found |= records.schemas(resource)
    return found | bulk.schemas(offered["work_orders"], broken)
