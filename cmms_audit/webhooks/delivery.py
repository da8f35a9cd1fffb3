"""A delivery as the receiver got it, and its line of JSON: the form in which deliveries are kept and exchanged."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from cmms_audit.patterns import pattern

DELIVERY = "delivery"
_DEPTH_OF_ID = 2
_ID_HEADERS = (
    "webhook-id", "svix-id", "x-github-delivery", "x-event-id", "x-webhook-id", "x-delivery-id", "ce-id",
    "x-shopify-webhook-id", "x-message-id", "idempotency-key",
)  # fmt: skip
_ID_HEADER = pattern(r"(?:event|delivery|message|webhook|notification)-?(?:id|guid|uuid)$")
_ID_MEMBERS = ("id", "eventId", "event_id", "deliveryId", "delivery_id", "messageId", "message_id", "webhookId", "uuid")


class Delivery(Struct, frozen=True):
    """One request that reached the receiver.

    `number` counts 1, 2, 3 ...; `address` is the name of the address that it came to; `received` the time of day, in
    UTC, in ISO form, when its first byte was there; `headers` have lower-case names; `body` is as it came, as far as it
    was kept (`size` is what came, `sha256` its digest); `treated` says how it was answered, in the words of a script.
    """

    number: int
    address: str
    received: str
    method: str
    query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    size: int
    sha256: str
    treated: str

    @property
    def whole(self) -> bool:
        """Whether all of the body was kept."""
        return len(self.body) == self.size

    def header(self, name: str) -> str | None:
        """The first header of a name, given in lower case."""
        return next((value for each, value in self.headers if each == name), None)

    @property
    def json(self) -> Any:
        """The body read as JSON; None where it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


def event_id(delivery: Delivery) -> str | None:
    """What the sender calls the event, the same over all tries of it if he does it right; None where he says nothing.

    A header counts before a member of the body, which is looked for at the top and one level below.
    """
    values = dict(reversed(delivery.headers))
    named = [name for name in _ID_HEADERS if name in values]
    named += [name for name in values if _ID_HEADER.search(name)]
    if named:
        return values[named[0]]
    return _id_in(delivery.json, _DEPTH_OF_ID)


def content_key(delivery: Delivery) -> str:
    """What tells one event from another where the sender gives it no name: its content."""
    return event_id(delivery) or delivery.sha256


def _id_in(value: Any, depth: int) -> str | None:
    if not isinstance(value, dict) or not depth:
        return None
    for name in _ID_MEMBERS:
        if isinstance(value.get(name), str | int) and not isinstance(value[name], bool):
            return str(value[name])
    inner = (_id_in(value.get(name), depth - 1) for name in ("event", "meta", "metadata"))
    return next((each for each in inner if each is not None), None)


def delivery_to_json(delivery: Delivery) -> dict[str, Any]:
    """The members of a delivery's line: the body as text where it is text, else in base64."""
    members: dict[str, Any] = {
        "number": delivery.number,
        "address": delivery.address,
        "received": delivery.received,
        "method": delivery.method,
        "query": delivery.query,
        "headers": [list(each) for each in delivery.headers],
        "size": delivery.size,
        "sha256": delivery.sha256,
        "treated": delivery.treated,
    }
    try:
        members["body"] = delivery.body.decode("utf-8")
    except UnicodeDecodeError:
        members["body_base64"] = base64.b64encode(delivery.body).decode()
    return members


def delivery_from_json(members: Mapping[str, Any]) -> Delivery:
    """The delivery of a line. Raises KeyError, TypeError, ValueError where the line is not one of ours."""
    text = members.get("body")
    body = base64.b64decode(members["body_base64"], validate=True) if text is None else str(text).encode("utf-8")
    return Delivery(
        int(members["number"]),
        str(members["address"]),
        str(members["received"]),
        str(members["method"]),
        str(members.get("query", "")),
        tuple((str(name).lower(), str(value)) for name, value in members["headers"]),
        body,
        int(members.get("size", len(body))),
        str(members.get("sha256") or hashlib.sha256(body).hexdigest()),
        str(members.get("treated", "")),
    )
