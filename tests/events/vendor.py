"""A small vendor who tells of what happens, over real HTTP, for tests of how an event trial causes and ends."""

from __future__ import annotations

import asyncio
import http.client
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from msgspec.structs import replace

from cmms_audit.api import Api
from cmms_audit.battery.context import Context
from cmms_audit.events.facts import EventTrial
from cmms_audit.webhooks.mailroom import Mailroom
from cmms_audit.wire.clock import Clock
from cmms_audit.wire.dialogue import Dialogue
from cmms_audit.wire.journal import Journal
from cmms_audit.wire.redact import Redactor
from cmms_audit.wire.session import Session
from cmms_audit.wire.transport import Transport
from tests.checks.small import Json, as_json, described, operation
from tests.support import battery, subject_of
from tests.wire.servers import Answer, Seen, answering
from tests.wire.sessions import ALL, ENOUGH, TRUST, api_key

PREFIX = "/api/v1"
TEXT = {"type": "string"}
_LATER = 0.6  # seconds: how much later those who have left get what they should not get
ALL_KINDS = ("asset.condition_changed", "work_order.status_changed", "work_order.created", "work_order.updated")
STATUSES = ("OPEN", "IN_PROGRESS", "DONE")


@dataclass
class Vendor:
    """Tells subscribers of `kinds` what happens, after `delay` seconds. `undying`: those who have left, too.

    A record is changed by `update` ("patch", or "put", which leaves out what is not sent). Every subscriber gets the
    messages `before_ours` ahead of the first event of a work order; `inside` sends events before it answers the call.
    """

    kinds: tuple[str, ...] = ALL_KINDS
    delay: float = 0.02
    undying: bool = False
    before_ours: tuple[Json, ...] = ()
    inside: bool = False
    has_log: bool = True
    resends: bool = True
    log_id: Callable[[str], Any] = lambda event_id: f"dlv-{event_id}"
    subscription_read: Callable[[Json], Json] = lambda record: record
    statuses: tuple[Any, ...] = STATUSES
    first_status: Any = "OPEN"
    takes_status: Callable[[Any], Any] = lambda status: status
    asset_fields: Json = field(default_factory=lambda: {"condition": {"type": "integer", "minimum": 0, "maximum": 9}})
    assets_can_be_deleted: bool = True
    update: str = "patch"
    wrong: Callable[[Seen], Answer | None] = lambda seen: None
    records: dict[str, Json] = field(default_factory=dict)
    left: list[Json] = field(default_factory=list)
    sent: list[tuple[str, Json]] = field(default_factory=list)
    sending: list[threading.Thread] = field(default_factory=list)

    def document(self) -> Json:
        """What the vendor describes."""
        order = {"id": TEXT, "title": TEXT, "status": {"enum": list(self.statuses)}}
        asset = {"id": TEXT, "name": TEXT, **self.asset_fields}
        events = {"type": "array", "items": {"type": "string", "enum": list(self.kinds)}}
        paths: Json = {}
        for path, fields in (
            ("/webhooks", {"url": TEXT, "events": events}),
            ("/work-orders", order),
            ("/assets", asset),
        ):
            record = {"type": "object", "required": list(fields)[:2], "properties": {"id": TEXT, **fields}}
            sent = {**record, "required": ["url" if "url" in fields else list(fields)[1]]}
            one: Json = {"parameters": [_named("id")]}
            paths[path] = {"get": operation({"type": "array", "items": record}), "post": operation(record, body=sent)}
            paths[f"{path}/{{id}}"] = {
                "get": operation(record, **one),
                self.update: operation(record, body=sent, **one),
            }
            if path != "/assets" or self.assets_can_be_deleted:
                paths[f"{path}/{{id}}"]["delete"] = operation({}, **one)
        if self.has_log:
            log = "/webhooks/{id}/deliveries"
            paths[log] = {"get": operation({"type": "array", "items": {}}, parameters=[_named("id")])}
            ids = [_named("id"), _named("deliveryId")]
            paths[log + "/{deliveryId}/replay"] = {"post": operation({}, parameters=ids)}
        return described(paths=paths)

    def __call__(self, seen: Seen) -> Answer:
        answer = self.wrong(seen)
        if answer is not None:
            return answer
        kind, _, rest = seen.path.removeprefix(PREFIX + "/").partition("/")
        record_id, _, below = rest.partition("/")
        if not rest:
            return self.make(kind, json.loads(seen.body)) if seen.method == "POST" else self.all_of(kind)
        if record_id not in self.records:
            return as_json({"message": "there is none"}, 404)
        if below:
            return self.log(record_id) if seen.method == "GET" else self.resend(record_id, below)
        if seen.method == "PUT":
            kept = ("id", "kind", "status")
            self.records[record_id] = {name: each for name, each in self.records[record_id].items() if name in kept}
        if seen.method == self.update.upper():
            return self.change(kind, record_id, json.loads(seen.body))
        if seen.method == "DELETE":
            self.left.append(self.records.pop(record_id))
            return Answer(204)
        record = self.records[record_id]
        return as_json(self.subscription_read(record) if kind == "webhooks" else record)

    def all_of(self, kind: str) -> Answer:
        return as_json([each for each in self.records.values() if each["kind"] == kind])

    def make(self, kind: str, sent: Json) -> Answer:
        start: Json = {"condition": 5, "status": "ACTIVE"} if kind == "assets" else {"status": self.first_status}
        number = len(self.records) + len(self.left) + 1
        record = {**start, **sent, "id": f"{kind[:2].upper()}-{number}", "kind": kind}
        self.records[record["id"]] = record
        self.tell({"work-orders": "work_order.created", "assets": "asset.created"}.get(kind, ""), record)
        return as_json(record, 201)

    def change(self, kind: str, record_id: str, changes: Json) -> Answer:
        before = dict(self.records[record_id])
        if "status" in changes:
            changes = {**changes, "status": self.takes_status(changes["status"])}
        after = self.records[record_id] = {**before, **changes, "version": before.get("version", 1) + 1}
        if kind == "assets":
            self.tell(
                "asset.condition_changed" if before["condition"] != after["condition"] else "asset.updated", after
            )
        elif kind == "work-orders":
            self.tell(
                "work_order.status_changed" if before["status"] != after["status"] else "work_order.updated", after
            )
        return as_json(after)

    def tell(self, event: str, record: Json) -> None:
        """Send an event to all who subscribed to it."""
        subscribed = [each for each in self.records.values() if each["kind"] == "webhooks"]
        for each in [*subscribed, *(each for each in self.left if self.undying and each["kind"] == "webhooks")]:
            if event.startswith("work_order"):
                self.send_now(each["url"], *self.before_ours)
            if event in each.get("events", ALL_KINDS):
                body = {"type": event, "id": f"evt-{len(self.sent) + 1}", "record": record["id"]}
                self.sent.append((each["id"], body))
                self.send(each["url"], body, self.delay + (_LATER if each in self.left else 0.0))
        if event.startswith("work_order"):
            self.before_ours = ()
        if self.inside:
            for thread in self.sending:
                thread.join()

    def send_now(self, url: str, *bodies: Json) -> None:
        for body in bodies:
            _send(url, json.dumps(body).encode(), 0.0)

    def send(self, url: str, body: Json, delay: float = 0.0) -> None:
        thread = threading.Thread(target=_send, args=(url, json.dumps(body).encode(), delay))
        self.sending.append(thread)
        thread.start()

    def log(self, subscription_id: str) -> Answer:
        entries = [
            {"id": self.log_id(body["id"]), "event_id": body["id"], "status": "delivered"}
            for to, body in self.sent
            if to == subscription_id
        ]
        return as_json(entries)

    def resend(self, subscription_id: str, below: str) -> Answer:
        for to, body in self.sent:
            if to == subscription_id and self.resends and f"/{self.log_id(body['id'])}/" in f"/{below}/":
                self.send(self.records[to]["url"], body)
        return as_json({}, 202)


@dataclass
class Tried:
    """What came of a trial: its facts, what reached the vendor, and the vendor as it was left."""

    trial: EventTrial
    seen: list[Seen]
    vendor: Vendor

    def calls(self, method: str, path: str) -> list[Seen]:
        """Requests by a method at an address that begins so."""
        return [each for each in self.seen if each.method == method and each.path.startswith(PREFIX + path)]

    @property
    def done(self) -> list[str]:
        """What was done, in order."""
        return [each.what for each in self.trial.causes]


def tried(vendor: Vendor, folder: Path, *, watch: float = 0.4) -> Tried:
    """A whole event trial at this vendor."""
    with answering(vendor) as served:
        trial = asyncio.run(_tried(served.url + PREFIX, vendor, folder, watch))
        for thread in vendor.sending:
            thread.join()
        return Tried(trial, list(served.seen), vendor)


async def _tried(base_url: str, vendor: Vendor, folder: Path, watch: float) -> EventTrial:
    journal, redactor, clock = Journal(folder / "evidence.jsonl"), Redactor(), Clock()
    mailroom = Mailroom(("127.0.0.1", 0), journal=journal, redactor=redactor, clock=clock)
    around: dict[str, Any] = {"journal": journal, "redactor": redactor, "clock": clock, "mailroom": mailroom}
    session = Session(
        base_url=base_url,
        credentials={"main": api_key()},
        permissions=ALL,
        budget=ENOUGH,
        transport=Transport(TRUST),
        **around,
    )
    session.learn(searches=(), documented_rate=None)
    document = vendor.document()
    subject = subject_of(document, base_url=base_url, may_subscribe=True, may_write=True, watch_seconds=watch)
    subject.stage.others_done.set()
    resources, dialect = subject.resources, subject.dialect
    try:
        dialogue = Dialogue(session, roles=("main",), **around)
        api = Api(dialogue, base_url=base_url, resources=resources, dialect=dialect)
        asked = replace(subject, api=api, run_id="1a2b3c4d")
        return await Context(asked, battery()["webhooks.event-arrives"]).events()
    finally:
        await session.close()
        await mailroom.close()
        journal.close()


def _named(name: str) -> Json:
    return {"name": name, "in": "path", "required": True, "schema": TEXT}


def _send(url: str, body: bytes, delay: float) -> None:
    time.sleep(delay)
    parts = urlsplit(url)
    line = http.client.HTTPConnection(parts.netloc, timeout=5)
    try:
        line.request("POST", parts.path, body, {"Content-Type": "application/json"})
        line.getresponse().read()
    except (OSError, http.client.HTTPException):
        pass  # the receiver is out of order, as it should be, or the trial is over
    finally:
        line.close()
