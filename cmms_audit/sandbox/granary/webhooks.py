"""Webhook subscriptions with filters, the log of deliveries, and their replay; and what is promised about delivery.

Sending is the business of `sender`.
"""

from __future__ import annotations

import base64
import secrets
import sqlite3
from collections.abc import Mapping
from dataclasses import replace

from starlette.responses import Response

from cmms_audit.sandbox.granary import records, rules
from cmms_audit.sandbox.granary.calls import Answer, Call, Operation, json_response
from cmms_audit.sandbox.granary.events import EVENTS
from cmms_audit.sandbox.granary.fields import Field, Json, field_schema
from cmms_audit.sandbox.granary.maintenance import ASSET_CLASSES, PRIORITIES, STATUSES
from cmms_audit.sandbox.granary.queries import served
from cmms_audit.sandbox.granary.resource import (
    TRACKED,
    USUAL_SORTS,
    VERSION,
    Filter,
    Resource,
    id_field,
    moment,
    reference,
)
from cmms_audit.sandbox.granary.sender import NO_WEBHOOK_RETRY, RETRIES, SPEED
from cmms_audit.sandbox.switch import Broken, Switch

NO_WEBHOOKS = Switch(
    "no-webhooks",
    "there are no webhooks: clients must poll",
    questions=("webhooks.supported", "webhooks.delivery", "webhooks.filtering"),
    flags=("no-webhook-retry",),
)
NO_WEBHOOK_LOG = Switch(
    "no-webhook-log",
    "deliveries are neither logged nor replayable",
    questions=("webhooks.delivery",),
)
NO_WEBHOOK_FILTERS = Switch(
    "no-webhook-filters",
    "a subscription gets every event",
    questions=("webhooks.filtering",),
)
UNDESCRIBED_PAYLOADS = Switch("undescribed-payloads", "what an event holds is not described", questions=())
UNMENTIONED_SIGNATURES = Switch("unmentioned-signatures", "that events are signed is written nowhere", questions=())
SWITCHES = (NO_WEBHOOKS, NO_WEBHOOK_LOG, NO_WEBHOOK_FILTERS, UNDESCRIBED_PAYLOADS, UNMENTIONED_SIGNATURES)

WINDOW_HOURS = 72


def _several(name: str, entry: Field, description: str, *, required: bool = False) -> Field:
    return Field(
        name,
        "array",
        description,
        [entry.example],
        "always",
        items=entry,
        max_items=50,
        required=required,
        default=None if required else [],
    )


_EVENT = Field("event", "string", "An event type.", EVENTS[0], "always", enum=EVENTS)
_PRIORITY = Field("priority", "integer", "A priority.", 1, "always", enum=PRIORITIES)
_ASSET_CLASS = Field("asset_class", "string", "An asset class.", "pump", "always", enum=ASSET_CLASSES)
_SITE = Field("site_id", "string", "Id of a site.", "S-01", "always", pattern="^S-[0-9]{2,}$")

FILTERS = Field(
    "filters",
    "object",
    "Which events are sent: those that meet all filters. An empty list lets everything pass.",
    {"priorities": [1], "asset_classes": ["pump"], "site_ids": ["S-01"]},
    "always",
    members=(
        _several("priorities", _PRIORITY, "Only events of work orders with these priorities."),
        _several("asset_classes", _ASSET_CLASS, "Only events about assets of these classes."),
        _several("site_ids", _SITE, "Only events of these sites."),
    ),
)

SUBSCRIPTIONS = Resource(
    "webhooks",
    "/webhooks",
    "webhook subscription",
    "WebhookSubscription",
    "An address to which events are sent as they happen.",
    "webhooks",
    "WH",
    4,
    (
        id_field("WH", 4, "subscription"),
        Field(
            "url",
            "string",
            "Where events are sent.",
            "https://example.com/hooks",
            "always",
            required=True,
            format="uri",
        ),
        _several("events", _EVENT, "The event types that are sent.", required=True),
        FILTERS,
        Field(
            "description", "string", "What it is for.", "Alarms for the ERP", "always", nullable=True, max_length=200
        ),
        Field("active", "boolean", "Whether events are sent.", True, "always", default=True),
        Field("secret", "string", "Signing secret; shown once, in the answer to the create.", None, nullable=True),
        *TRACKED,
        VERSION,
    ),
    filters=(Filter("active", "active"),),
    sorts=USUAL_SORTS,
    does=frozenset({"create", "update", "delete"}),
)

EVENT = Field(
    "payload",
    "object",
    "The event as it is sent.",
    {
        "type": "work_order.created",
        "timestamp": "2025-03-01T08:30:00.000Z",
        "data": {
            "work_order_id": "WO-0000001",
            "asset_id": "A-000001",
            "site_id": "S-01",
            "priority": 1,
            "status": "open",
        },
    },
    members=(
        Field("type", "string", "The event type.", "work_order.created", enum=EVENTS),
        moment("timestamp", "When it happened."),
        Field(
            "data",
            "object",
            "What it happened to.",
            {},
            members=(
                reference("work_order_id", "work_orders", "WO-0000001", "The work order, if any.", nullable=True),
                reference("asset_id", "assets", "A-000001", "The asset."),
                reference("site_id", "sites", "S-01", "The site."),
                Field("priority", "integer", "Priority of the work order, if any.", 1, nullable=True, enum=PRIORITIES),
                Field("status", "string", "Status of the work order, if any.", "open", nullable=True, enum=STATUSES),
            ),
        ),
    ),
)

DELIVERIES = Resource(
    "webhook_deliveries",
    "/webhooks/{id}/deliveries",
    "webhook delivery",
    "WebhookDelivery",
    "One event on its way to a subscriber: how often it was tried, and how that ended.",
    "webhooks",
    "D",
    6,
    (
        id_field("D", 6, "delivery"),
        reference("subscription_id", "webhooks", "WH-0001", "The subscription."),
        Field("event_id", "string", "Id of the event; the same over all tries.", "evt-000001"),
        Field(
            "status",
            "string",
            "How it stands; failed deliveries can be replayed.",
            "delivered",
            enum=("queued", "delivered", "retrying", "failed"),
        ),
        Field("attempts", "integer", "How often it was tried.", 1, minimum=0),
        Field("response_status", "integer", "HTTP status of the last try, if one came.", 200, nullable=True),
        moment("next_attempt_at", "When it is tried again; null where it is not.", nullable=True),
        EVENT,
        *TRACKED,
    ),
    filters=(Filter("status", "status"), Filter("created_since", "created_at", ">=")),
    sorts=USUAL_SORTS,
    id_parameter="delivery_id",
)


def promise(broken: Broken) -> str:
    """What the documents say about delivery."""
    if NO_WEBHOOK_RETRY in broken:
        sending = "Webhooks are best effort: each event is sent once, and a failed delivery is not retried."
    else:
        sending = (
            "Delivery is guaranteed: an event counts as delivered when a 2xx answer arrives within 10 seconds. "
            "Otherwise it is retried with exponential backoff: first after 1 minute, then after double the time, "
            f"{RETRIES} retries over up to {WINDOW_HOURS} hours. The event id stays the same over all tries. "
            f"In this sandbox the clock of deliveries runs {SPEED:,} times as fast, and an answer is awaited for "
            "2 seconds."
        )
    if UNMENTIONED_SIGNATURES not in broken:
        sending += (
            " Each delivery is signed as Standard Webhooks describes: headers webhook-id, webhook-timestamp and "
            "webhook-signature (v1, HMAC-SHA256 over id, timestamp and body)."
        )
    if NO_WEBHOOK_LOG not in broken:
        sending += " Failed deliveries are logged and can be replayed."
    if NO_WEBHOOK_FILTERS not in broken:
        sending += " Events can be filtered by event type, priority, asset class and site."
    return sending


def resources(broken: Broken) -> tuple[Resource, ...]:
    """The resources of this module as this vendor offers them."""
    if NO_WEBHOOKS in broken:
        return ()
    hidden = {"filters", "events"} if NO_WEBHOOK_FILTERS in broken else set()
    subscriptions = replace(SUBSCRIPTIONS.without(hidden), description=f"{SUBSCRIPTIONS.description} {promise(broken)}")
    if NO_WEBHOOK_LOG in broken:
        return (subscriptions,)
    return (subscriptions, _without_retries(DELIVERIES) if NO_WEBHOOK_RETRY in broken else DELIVERIES)


def _without_retries(deliveries: Resource) -> Resource:
    once = replace(deliveries.field("status"), enum=("queued", "delivered", "failed"))
    fields = tuple(once if field.name == "status" else field for field in deliveries.fields)
    return replace(
        deliveries.without({"next_attempt_at"}), fields=fields, description="One event sent to a subscriber."
    )


def create_tables(database: sqlite3.Connection) -> None:
    """The table of signing secrets, which are never read back by clients."""
    database.execute("CREATE TABLE webhook_secrets (id TEXT PRIMARY KEY, secret TEXT)")


def operations(offered: Mapping[str, Resource], broken: Broken) -> tuple[Operation, ...]:
    """Subscriptions, the delivery log, and replay, as far as they are among the offered resources."""
    found: tuple[Operation, ...] = ()
    if SUBSCRIPTIONS.name in offered:
        found += _subscription_operations(offered[SUBSCRIPTIONS.name], broken)
    if DELIVERIES.name in offered:
        deliveries = offered[DELIVERIES.name]
        found += (
            records.list_operation(deliveries, broken),
            records.read_operation(deliveries),
            _replay_operation(deliveries),
        )
    return found


def _subscription_operations(subscriptions: Resource, broken: Broken) -> tuple[Operation, ...]:
    create = records.create_operation(subscriptions, broken, _subscribe)
    callbacks = None if UNDESCRIBED_PAYLOADS in broken else _callbacks()
    return (
        records.list_operation(subscriptions, broken),
        replace(create, description=subscriptions.description, callbacks=callbacks),
        records.read_operation(subscriptions),
        records.update_operation(subscriptions),
        records.delete_operation(subscriptions, broken),
    )


def _subscribe(call: Call, resource: Resource) -> Json:
    record = records.create(call.state, resource, call.body, {})
    secret = "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()
    call.state.database.execute("INSERT INTO webhook_secrets VALUES (?, ?)", [record["id"], secret])
    return record | {"secret": secret}


def _replay_operation(deliveries: Resource) -> Operation:
    async def handle(call: Call) -> Response:
        delivery = records.target(call, deliveries)
        delivery |= {"status": "queued", "next_attempt_at": call.state.now}
        rules.touch(call.state, deliveries.name, delivery)
        subscription = rules.existing(call.state, call.state.resources[SUBSCRIPTIONS.name], call.path["id"])
        call.state.outgoing.replay(call.state, delivery, subscription)
        return json_response(served(deliveries, delivery), 202)

    return Operation(
        "POST",
        f"{deliveries.record_path}/replay",
        "replay_webhook_delivery",
        "Send an event again",
        "Queues a delivery, failed or not, to be sent again.",
        deliveries.name,
        handle,
        ("webhooks:write",),
        (Answer(202, "It is queued.", records.ref(deliveries.schema)),),
        errors=("not-found",),
    )


def _callbacks() -> Json:
    """What the subscriber's address receives."""
    event = {
        "post": {
            "summary": "An event",
            "description": "Answer with any 2xx status within 10 seconds.",
            "requestBody": {"content": {"application/json": {"schema": field_schema(EVENT), "example": EVENT.example}}},
            "responses": {"2XX": {"description": "The event has arrived."}},
        }
    }
    return {"event": {"{$request.body#/url}": event}}
