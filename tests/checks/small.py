"""A vendor of two lists for tests of access, limits and events: its document and its live answers, to be changed."""

from __future__ import annotations

import base64
import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from cmms_audit.api import Api
from cmms_audit.battery.context import Context
from cmms_audit.battery.engine import judge
from cmms_audit.credentials import Credential
from cmms_audit.model import Claim, Exchange, Finding, Purpose, Request, Response
from cmms_audit.permissions import Permissions
from cmms_audit.wire.clock import Clock
from cmms_audit.wire.session import Session
from tests.support import battery, judged, subject_of
from tests.wire.servers import Answer, Seen, answering
from tests.wire.sessions import ENOUGH, KEY, READS, QuickClock, Workbench, api_key, oauth2

Json = dict[str, Any]

OAUTH = {
    "type": "oauth2",
    "flows": {"clientCredentials": {"tokenUrl": "https://vendor.example/token", "scopes": {"read": "R", "write": "W"}}},
}
KEY_HEADER = {"type": "apiKey", "in": "header", "name": "X-Api-Key"}
KEY_QUERY = {"type": "apiKey", "in": "query", "name": "api_key"}
BASIC = {"type": "http", "scheme": "basic"}
FIELDS = ("id", "status", "priority", "asset_id", "site_id", "location_id", "serial_number", "parent_id")
RECORD = {"type": "object", "properties": {name: {"type": "string"} for name in FIELDS}}


def described(
    *,
    schemes: Mapping[str, Json] | None = None,
    security: list[Json] | None = None,
    text: str = "",
    server: str = "https://vendor.example/api/v1",
    paths: Mapping[str, Json] | None = None,
    list_parameters: list[Json] | None = None,
) -> Json:
    """A document with work orders and assets; `paths` are added, `security` stands for the whole document."""
    named = {"key": KEY_HEADER} if schemes is None else dict(schemes)
    everything = {"type": "array", "items": RECORD}
    one = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    lists = {
        path: {"get": operation(everything, parameters=list_parameters or []), "post": operation(RECORD, body=RECORD)}
        for path in ("/work-orders", "/assets")
    }
    singles = {f"{path}/{{id}}": {"get": operation(RECORD, parameters=[one])} for path in lists}
    return {
        "openapi": "3.0.3",
        "info": {"title": "Small", "version": "1", "description": text},
        "servers": [{"url": server}],
        "security": [{name: []} for name in named] if security is None else security,
        "paths": {**lists, **singles, **(paths or {})},
        "components": {"securitySchemes": named},
    }


def operation(answer: Json, *, body: Json | None = None, **more: Any) -> Json:
    """An operation that answers with JSON."""
    content = {"application/json": {"schema": answer}}
    sent = {"requestBody": {"content": {"application/json": {"schema": body}}}} if body else {}
    return {"responses": {"200": {"description": "Well.", "content": content}}, **sent, **more}


def query(name: str, description: str = "", **schema: Any) -> Json:
    """A query parameter."""
    return {"name": name, "in": "query", "description": description, "schema": {"type": "integer", **schema}}


def read(check_id: str, document: Json, *, claim: Claim | None = None, **vendor: Any) -> Finding:
    """The one finding of a check that sends nothing."""
    findings = judged(check_id, document, claims={claim.question: claim} if claim else None, **vendor)
    assert len(findings) == 1
    return findings[0]


@dataclass
class Small:
    """The live vendor: lists of `records` for whoever shows the key. `wrong` answers first, or not at all."""

    records: int = 3
    wrong: Callable[[Seen], Answer | None] = lambda seen: None
    headers: dict[str, str] = field(default_factory=dict)

    def __call__(self, seen: Seen) -> Answer:
        return self.wrong(seen) or self.answer(seen)

    def answer(self, seen: Seen) -> Answer:
        """What a vendor does who does it right."""
        if seen.headers.get("x-api-key") != KEY:
            return refusal()
        if not seen.path.endswith(("/work-orders", "/assets")):
            return as_json({"code": "not-found"}, 404)
        return as_json([{"id": f"W-{n}", "status": "open"} for n in range(self.records)], **self.headers)


def as_json(value: Any, status: int = 200, **headers: str) -> Answer:
    """A JSON answer; underscores in header names stand for dashes."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Answer(status, json.dumps(value), {"Content-Type": "application/json", **named})


def refusal(challenge: str = 'Bearer realm="small"') -> Answer:
    """A 401 as it should be."""
    return as_json({"code": "unauthorised"}, 401, WWW_Authenticate=challenge)


@dataclass
class WithTokens:
    """A vendor that hands out tokens; `answers` are the members of a token answer, by client id."""

    answers: dict[str, Json]
    asked: list[str] = field(default_factory=list)

    def __call__(self, seen: Seen) -> Answer:
        if seen.path == "/token":
            scheme, _, pair = seen.headers.get("authorization", "").partition(" ")
            assert scheme == "Basic"
            client = base64.b64decode(pair).decode().partition(":")[0]
            self.asked.append(seen.form.get("scope", ""))
            return as_json(
                {"access_token": f"token-of-{client}-0123456789", "token_type": "Bearer", **self.answers[client]}
            )
        if seen.path.startswith("/.well-known/"):
            return as_json({}, 404)
        if not seen.headers.get("authorization", "").startswith("Bearer token-of-"):
            return refusal()
        return as_json([{"id": "W-1"}])


def client(origin: str) -> dict[str, Credential]:
    """`main` as a client that fetches its tokens from the vendor."""
    return {"main": oauth2(f"{origin}/token")}


def looked_at(
    check_id: str,
    vendor: Callable[[Seen], Answer],
    document: Json | None = None,
    *,
    claim: Claim | None = None,
    credentials: Callable[[str], Mapping[str, Credential]] = lambda origin: {},
    permissions: Permissions = READS,
    burst_requests: int = 150,
    clock: Clock | None = None,
    docs: str | None = None,
    seconds: float = ENOUGH.seconds,
) -> tuple[Finding, ...]:
    """The findings of a check over real HTTP; `credentials` beside the key `main` are made from the vendor's origin."""
    with answering(vendor) as served, tempfile.TemporaryDirectory() as folder:
        base_url = f"{served.url}/api/v1"
        held: dict[str, Credential] = {"main": api_key(), **credentials(served.url)}
        subject = subject_of(
            described() if document is None else document,
            claims={claim.question: claim} if claim else None,
            base_url=base_url,
            docs_url=served.url + docs if docs else None,
            roles=frozenset(held),
            credential_types={role: credential.type for role, credential in held.items()},
            burst_requests=burst_requests,
            seconds=seconds,
        )
        used = clock or QuickClock()
        budget = replace(ENOUGH, burst_requests=burst_requests, seconds=seconds)
        bench = Workbench(Path(folder), base_url, held, permissions, budget, used)
        declared = battery()[check_id]

        async def work(session: Session) -> tuple[Finding, ...]:
            api = Api(bench.dialogue(session), base_url=base_url, resources=subject.resources, dialect=subject.dialect)
            return await judge(declared, Context(replace(subject, api=api), declared))

        findings: tuple[Finding, ...] = bench.run(work)
    return findings


def answered(url: str, status: int, body: str = "[]", **headers: str) -> Exchange:
    """An exchange as it is recorded, of which only the answer matters."""
    response = Response(status, tuple(headers.items()), body, len(body))
    return Exchange(1, "test", Purpose.API, "main", Request("GET", url), response, "2026-01-01T00:00:00Z", 0.1)


def flags(finding: Finding) -> dict[str, bool]:
    """The red flags that a finding speaks of, and whether it raises them."""
    return {mark.flag: mark.raised for mark in finding.flags}


def only(findings: tuple[Finding, ...]) -> Finding:
    """The one finding of a check that has one."""
    assert len(findings) == 1
    return findings[0]
