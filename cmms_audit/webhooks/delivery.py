"""A delivery as the receiver got it, what its sender calls it, and its line of JSON, in which deliveries are kept."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from cmms_audit.patterns import pattern

DELIVERY = "delivery"
_DEPTH_OF_ID = 2
_DEPTH_OF_CONTENT = 4
_WRAPPERS = ("event", "meta", "metadata")
_OF_ONE_TRY = pattern(
    r"attempt|retr(?:y|ies)|(?:^|[^a-z])tries|(?:^|last|[^a-z])sent|deliver|timestamp|^time$|trace|nonce|signature"
)
_ID_HEADERS = (
    "webhook-id", "svix-id", "x-github-delivery", "x-event-id", "x-delivery-id", "ce-id",
    "x-shopify-webhook-id", "x-message-id", "idempotency-key",
)  # fmt: skip
_ID_HEADER = pattern(r"(?:event|delivery|message|notification)-?(?:id|guid|uuid)$")
_TYPE_HEADER = pattern(r"(?:event|topic)(?:-?(?:type|name|topic))?$|^ce-type$")
_TYPE_MEMBERS = ("type", "event_type", "eventType", "event", "event_name", "eventName", "topic", "action", "trigger")
_ID_MEMBERS = ("id", "eventId", "event_id", "deliveryId", "delivery_id", "messageId", "message_id", "uuid")


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
    def moment(self) -> datetime:
        """When its first byte was there."""
        return datetime.fromisoformat(self.received)

    @property
    def json(self) -> Any:
        """The body read as JSON; None where it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


def event_ids(delivery: Delivery) -> tuple[str, ...]:
    """Everything that may be the sender's name of the event: one that he does right is the same over all tries of it.

    Headers come before members of the body, which are looked for at the top and one level below, of a batch in its
    first entry.
    """
    values = dict(reversed(delivery.headers))
    named = [name for name in _ID_HEADERS if name in values]
    named += [name for name in values if name not in named and _ID_HEADER.search(name)]
    found = [*(values[name] for name in named), *_ids_in(delivery.json, _DEPTH_OF_ID)]
    return tuple(dict.fromkeys(each for each in found if each))


def event_id(delivery: Delivery) -> str | None:
    """What the sender most likely calls the event; None where he says nothing."""
    return next(iter(event_ids(delivery)), None)


def lasting_content(delivery: Delivery, *, with_ids: bool = True) -> str:
    """A digest of what an event says, without what each try says of itself, and without ids where it is so wished."""
    body = delivery.json
    if body is None:
        return delivery.sha256
    left = _lasting(body, _DEPTH_OF_CONTENT, () if with_ids else _ID_MEMBERS)
    try:
        return hashlib.sha256(json.dumps(left, sort_keys=True).encode()).hexdigest()
    except RecursionError:  # nested as deeply as can just be read
        return delivery.sha256


def _lasting(value: Any, depth: int, without: Collection[str]) -> Any:
    if not depth or not isinstance(value, dict | list):
        return value
    if isinstance(value, list):
        return [_lasting(each, depth - 1, without) for each in value]
    return {
        name: _lasting(each, depth - 1, without)
        for name, each in value.items()
        if name not in without and not _OF_ONE_TRY.search(name.lower())
    }


def _ids_in(value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, list) and value:
        value = value[0]
    if not isinstance(value, dict) or not depth:
        return
    for name in _ID_MEMBERS:
        if isinstance(value.get(name), str | int) and not isinstance(value[name], bool):
            yield str(value[name])
    for name in _WRAPPERS:
        yield from _ids_in(value.get(name), depth - 1)


def event_types(delivery: Delivery) -> tuple[str, ...]:
    """Everything that the sender may call this kind of event, such as "work_order.created", the likeliest first.

    A member of the body counts before a header, which may name the kind of thing only.
    """
    headers = (value for name, value in delivery.headers if _TYPE_HEADER.search(name))
    return tuple(each for each in (*_texts_in(delivery.json, _TYPE_MEMBERS, _DEPTH_OF_ID), *headers) if each)


def _texts_in(value: Any, names: Sequence[str], depth: int) -> Iterator[str]:
    if isinstance(value, list) and value:
        value = value[0]
    if not isinstance(value, dict) or not depth:
        return
    yield from (value[name] for name in names if isinstance(value.get(name), str))
    for name in _WRAPPERS:
        yield from _texts_in(value.get(name), names, depth - 1)


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
