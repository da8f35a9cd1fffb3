"""The small vendor of `toy`, which also takes writes, and checks and records of our own over real HTTP against it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from cmms_audit.api import Api
from cmms_audit.battery.context import Context
from cmms_audit.battery.engine import judge
from cmms_audit.clean_up import CleanedUp, clean_up
from cmms_audit.credentials import Credential
from cmms_audit.errors import CouldNotLook
from cmms_audit.model import Finding
from cmms_audit.wire.dialogue import Dialogue
from cmms_audit.wire.ledger import OwnRecord, creations
from cmms_audit.wire.recording import Recording
from cmms_audit.wire.session import Session
from tests.checks.toy import PREFIX, Json, Toy, as_json, document, problem
from tests.support import battery, subject_of
from tests.wire.servers import Answer, Seen, answering
from tests.wire.sessions import ALL, ENOUGH, Workbench, api_key

ORDERS = f"{PREFIX}/work-orders"
ANY_CHECK = "operations.codes-of-own-record"
Twist = Callable[[Seen, Answer], Answer]


@dataclass
class Plant(Toy):
    """A vendor who creates, changes and deletes as it should be. `twist` changes what is answered once it is done."""

    twist: Twist = lambda seen, answer: answer
    versions: dict[str, int] = field(default_factory=dict)
    keys: dict[str, tuple[bytes, Answer]] = field(default_factory=dict)
    made: int = 0

    @property
    def orders(self) -> list[Json]:
        return self.records["work-orders"]

    def __call__(self, seen: Seen) -> Answer:
        return self.wrong(seen) or self.twist(seen, self.answer(seen))

    def answer(self, seen: Seen) -> Answer:
        refusal = super().answer(seen) if seen.method == "GET" or "x-api-key" not in seen.headers else None
        if refusal:
            return self.with_etag(seen, refusal)
        if seen.method == "POST":
            return self.create_once(seen)
        order = next((each for each in self.orders if f"{ORDERS}/{each['id']}" == seen.path), None)
        if order is None:
            return problem(404, "not-found", "there is no such record")
        return self.change(seen, order) if seen.method in ("PATCH", "PUT") else self.delete(order)

    def with_etag(self, seen: Seen, answer: Answer) -> Answer:
        name = seen.path.rpartition("/")[2]
        return with_headers(answer, ETag=self.etag(name)) if seen.path.startswith(ORDERS + "/") else answer

    def etag(self, name: str) -> str:
        return f'"{self.versions.get(name, 1)}"'

    def create_once(self, seen: Seen) -> Answer:
        key = seen.headers.get("idempotency-key")
        if key in self.keys:
            body, answer = self.keys[key]
            return answer if body == seen.body else problem(422, "conflict", "another payload with this key")
        answer = self.create(json.loads(seen.body))
        if key:
            self.keys[key] = (seen.body, answer)
        return answer

    def create(self, sent: Json) -> Answer:
        self.made += 1
        order = {"id": f"N-{self.made}", "status": "open", "priority": 1, "site_id": "S-1", "asset_id": "A-1", **sent}
        self.orders.append({"updated_at": "2026-04-01T08:00:00Z", **order})
        return with_headers(as_json(self.orders[-1], 201), Location=f"{ORDERS}/{order['id']}", ETag='"1"')

    def change(self, seen: Seen, order: Json) -> Answer:
        if "if-match" not in seen.headers:
            return problem(428, "conflict", "send If-Match")
        if seen.headers["if-match"] != self.etag(order["id"]):
            return problem(412, "conflict", "changed meanwhile")
        order |= json.loads(seen.body)
        self.versions[order["id"]] = self.versions.get(order["id"], 1) + 1
        return with_headers(as_json(order), ETag=self.etag(order["id"]))

    def delete(self, order: Json) -> Answer:
        self.orders.remove(order)
        return Answer(204)


@dataclass
class Story:
    """What came of some work: its result, what the plant saw, what the ledger holds, and what cleaning up did."""

    result: Any
    seen: list[Seen]
    before_cleaning: list[OwnRecord]
    records: list[OwnRecord]
    cleaned: CleanedUp
    lines: list[Json]

    @property
    def writes(self) -> list[tuple[str, str]]:
        return [(each.method, each.path) for each in self.seen if each.method != "GET"]


def with_headers(answer: Answer, **headers: str) -> Answer:
    return Answer(answer.status, answer.body, {**dict(answer.headers), **headers})


def without_headers(answer: Answer, *names: str) -> Answer:
    return Answer(answer.status, answer.body, {k: v for k, v in dict(answer.headers).items() if k not in names})


def is_create(seen: Seen) -> bool:
    return seen.method == "POST" and seen.path == ORDERS


def written(
    work: Callable[[Context], Awaitable[Any]],
    plant: Plant,
    described: Mapping[str, Any] | None = None,
    *,
    run_id: str = "1a2b3c4d",
    samples: Mapping[str, Mapping[str, Any]] | None = None,
    cleaning: bool = True,
    requests: int = 100,
    second: Mapping[str, Credential] | None = None,
    credentials_at: Callable[[str], Mapping[str, Credential]] = lambda origin: {},
    may_subscribe: bool = False,
) -> Story:
    """Let a check's view of the run do some work, and then clean up as at the end of a run."""
    with answering(plant) as served, tempfile.TemporaryDirectory() as folder:
        base_url = served.url + PREFIX
        about = document() if described is None else described
        held: dict[str, Credential] = {"main": api_key(), **(second or {}), **credentials_at(served.url)}
        types = {role: credential.type for role, credential in held.items()}
        subject = subject_of(
            about,
            base_url=base_url,
            samples=samples or {},
            roles=frozenset(held),
            credential_types=types,
            may_subscribe=may_subscribe,
        )
        bench = Workbench(Path(folder), base_url, held, ALL, replace(ENOUGH, requests=requests))

        async def with_session(session: Session) -> tuple[Any, list[OwnRecord], CleanedUp]:
            dialogue = Dialogue(session, roles=("main",), clock=bench.clock)
            api = Api(dialogue, base_url=base_url, resources=subject.resources, dialect=subject.dialect)
            try:
                result = await work(Context(replace(subject, api=api, run_id=run_id), battery()[ANY_CHECK]))
            except CouldNotLook as why:
                result = why
            so_far = [
                OwnRecord(*(getattr(each, name) for name in each.__struct_fields__)) for each in ledger_of(session)
            ]
            if not cleaning:
                return result, so_far, CleanedUp()
            return (
                result,
                so_far,
                await clean_up(
                    session,
                    base_url=base_url,
                    resources=subject.resources,
                    dialect=subject.dialect,
                    clock=bench.clock,
                ),
            )

        result, so_far, cleaned = bench.run(with_session)
        lines = Recording(bench.evidence).lines
        return Story(result, list(served.seen), so_far, creations(lines), cleaned, lines)


def ledger_of(session: Session) -> list[OwnRecord]:
    return session.ledger.records


def judged_writing(
    check_id: str, plant: Plant, described: Mapping[str, Any] | None = None, **more: Any
) -> tuple[Finding, Story]:
    """The one finding of a writing check, and what it did."""

    async def work(ctx: Context) -> Finding:
        declared = battery()[check_id]
        findings = await judge(declared, Context(ctx._subject, declared))
        assert len(findings) == 1
        return findings[0]

    story = written(work, plant, described, **more)
    return story.result, story
