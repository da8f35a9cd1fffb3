"""Vendors who tell the secret of a subscription in other ways than in the answer to its making, over real HTTP."""

from __future__ import annotations

import asyncio
import hmac
import http.client
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from msgspec.structs import replace

from cmms_audit.api import Api
from cmms_audit.battery.context import Context
from cmms_audit.battery.engine import judge
from cmms_audit.model import Finding, Verdict
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
ID = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
TEXT = {"type": "string"}
SUBSCRIPTION = {"type": "object", "required": ["url"], "properties": {"id": TEXT, "url": TEXT}}
ORDER = {"type": "object", "required": ["title"], "properties": {"id": TEXT, "title": TEXT}}


@dataclass
class Sender:
    """A vendor who sends an event for every new work order, signed with a secret of the subscription.

    `fetched` makes what the address of the secret answers; `handshake` sends the secret to the receiver; `signed` makes
    the message that is signed, from the address and the body.
    """

    fetched: Callable[[str], Answer] | None = None
    handshake: bool = False
    told: Callable[[str], Json] = lambda secret: {}
    signed: Callable[[str, bytes], bytes] = lambda url, body: body
    records: dict[str, Json] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    called: list[str] = field(default_factory=list)
    sending: list[threading.Thread] = field(default_factory=list)

    def __call__(self, seen: Seen) -> Answer:
        kind, _, rest = seen.path.removeprefix(PREFIX + "/").partition("/")
        record_id, _, below = rest.partition("/")
        if below == "secret" and self.fetched:
            return self.fetched(self.secrets[record_id])
        if seen.method == "POST" and not rest:
            return self.make(kind, json.loads(seen.body))
        if seen.method == "GET" and not rest:
            return as_json([each for each in self.records.values() if each["kind"] == kind])
        if record_id not in self.records:
            return as_json({"message": "there is none"}, 404)
        record = self.records.pop(record_id) if seen.method == "DELETE" else self.records[record_id]
        return Answer(204) if seen.method == "DELETE" else as_json(record)

    def make(self, kind: str, sent: Json) -> Answer:
        record = {**sent, "id": f"{kind[:2].upper()}-{len(self.records) + len(self.secrets) + 100}", "kind": kind}
        if kind == "webhooks":
            secret = self.secrets[record["id"]] = f"secret-of-{record['id']}-0815"
            self.records[record["id"]] = record
            self.called.append(record["url"])
            if self.handshake:
                send(record["url"], b"", {"X-Hook-Secret": secret})
            return as_json(record | self.told(secret), 201)
        for each in [each for each in self.records.values() if each["kind"] == "webhooks"]:
            body = json.dumps(
                {"type": "work_order.created", "id": f"evt-{record['id']}", "order": record["id"]}
            ).encode()
            message = self.signed(each["url"], body)
            right = hmac.new(self.secrets[each["id"]].encode(), message, "sha256").hexdigest()
            thread = threading.Thread(target=later, args=(each["url"], body, {"X-Acme-Signature": right}))
            self.sending.append(thread)
            thread.start()
        self.records[record["id"]] = record
        return as_json(record, 201)


def later(url: str, body: bytes, headers: dict[str, str]) -> None:
    time.sleep(0.02)
    send(url, body, headers)


def send(url: str, body: bytes, headers: dict[str, str]) -> None:
    """Send an event, and never mind what becomes of it."""
    parts = urlsplit(url)
    line = http.client.HTTPConnection(parts.netloc, timeout=5)
    try:
        line.request("POST", parts.path, body, {"Content-Type": "application/json", **headers})
        line.getresponse().read()
    except (OSError, http.client.HTTPException):
        pass
    finally:
        line.close()


def document(*, has_secret: bool) -> Json:
    paths: Json = {}
    for path, record in (("/webhooks", SUBSCRIPTION), ("/work-orders", ORDER)):
        everything = operation({"type": "array", "items": record})
        paths[path] = {"get": everything, "post": operation(record, body=record)}
        paths[f"{path}/{{id}}"] = {
            "get": operation(record, parameters=[ID]),
            "delete": operation({}, parameters=[ID]),
        }
    secret = {"/webhooks/{id}/secret": {"get": operation({"type": "object"}, parameters=[ID])}}
    return described(paths={**paths, **(secret if has_secret else {})})


def judged(sender: Sender, folder: Path, *, of_the_file: str | None = None) -> tuple[Finding, str]:
    """The finding on the signatures of a vendor's events, and all that was written down of the trial."""
    with answering(sender) as served:
        finding = asyncio.run(_judged(served.url + PREFIX, sender, folder, of_the_file))
        for thread in sender.sending:
            thread.join()
    return finding, (folder / "evidence.jsonl").read_text(encoding="utf-8")


async def _judged(base_url: str, sender: Sender, folder: Path, of_the_file: str | None) -> Finding:
    journal, redactor, clock = Journal(folder / "evidence.jsonl"), Redactor(), Clock()
    mailroom = Mailroom(("127.0.0.1", 0), journal=journal, redactor=redactor, clock=clock, secret=of_the_file)
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
    subject = subject_of(
        document(has_secret=sender.fetched is not None),
        base_url=base_url,
        may_subscribe=True,
        may_write=True,
        watch_seconds=0.5,
    )
    subject.stage.others_done.set()
    declared = battery()["webhooks.signature-holds"]
    try:
        api = Api(
            Dialogue(session, roles=("main",), **around),
            base_url=base_url,
            resources=subject.resources,
            dialect=subject.dialect,
        )
        (finding,) = await judge(declared, Context(replace(subject, api=api, run_id="1a2b3c4d"), declared))
    finally:
        await session.close()
        await mailroom.close()
        journal.close()
    return finding


FETCHED: dict[str, Callable[[str], Answer]] = {
    "as a text": lambda secret: Answer(200, f"{secret}\n", {"Content-Type": "text/plain"}),
    "two, while it is changed": lambda secret: as_json({"current": "the-new-secret-0815", "previous": secret}),
}


@pytest.mark.parametrize("name", FETCHED)
def test_a_secret_with_an_address_of_its_own_is_fetched_and_fits(name: str, tmp_path: Path) -> None:
    sender = Sender(FETCHED[name])
    finding, written = judged(sender, tmp_path)

    assert "(x-acme-signature, sha256) was verified, but it covers no time" in finding.summary, finding
    assert sender.secrets
    assert not any(secret in written for secret in sender.secrets.values())


def test_a_secret_that_is_not_told_leaves_the_signature_open(tmp_path: Path) -> None:
    sender = Sender(lambda secret: as_json({"value": "not-for-clients-0815"}, 403))
    finding, written = judged(sender, tmp_path)

    assert "not-for-clients-0815" in written
    assert finding.verdict is Verdict.UNKNOWN
    assert "give it as webhooks.secret" in finding.summary


def test_a_secret_may_come_with_the_handshake(tmp_path: Path) -> None:
    sender = Sender(handshake=True)
    finding, written = judged(sender, tmp_path)

    assert "was verified" in finding.summary, finding
    assert not any(secret in written for secret in sender.secrets.values())


def test_a_key_of_the_record_does_not_hide_the_secret_of_the_file(tmp_path: Path) -> None:
    class OneSecret(dict[str, str]):
        def __getitem__(self, name: str) -> str:
            return "the-secret-of-the-file"

    sender = Sender(told=lambda secret: {"key": "0815-subscription-of-the-plant"}, secrets=OneSecret())
    finding, _ = judged(sender, tmp_path, of_the_file="the-secret-of-the-file")

    assert "was verified" in finding.summary, finding


def test_a_signature_over_the_address_is_verified_and_the_address_stays_where_it_was(tmp_path: Path) -> None:
    sender = Sender(lambda secret: as_json({"secret": secret}), signed=lambda url, body: url.encode() + body)
    finding, written = judged(sender, tmp_path)

    assert "was verified" in finding.summary, finding
    came = [line for line in written.splitlines() if json.loads(line)["kind"] == "delivery"]
    assert came
    assert not any(urlsplit(url).path in line for line in came for url in sender.called)
