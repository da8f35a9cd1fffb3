"""A small vendor that does everything right: its document, and its live answers. Tests break one thing at a time."""

from __future__ import annotations

import importlib
import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

from msgspec.structs import replace

from cmms_audit.api import Api
from cmms_audit.battery.context import Context, Subject
from cmms_audit.battery.engine import judge
from cmms_audit.model import Claim, Finding
from cmms_audit.wire.dialogue import Dialogue
from tests.support import battery, subject_of
from tests.wire.servers import Answer, Seen, answering
from tests.wire.sessions import KEY, Workbench

Json = dict[str, Any]
Respond = Callable[[Seen], Answer]

PREFIX = "/api/v1"
ABOUT = "Deleted records are listed in /deleted. Changes are announced in the changelog."
LARGEST_PAGE = 50


def text(description: str, **more: Any) -> Json:
    return {"type": "string", "description": description, **more}


def moment(description: str) -> Json:
    return text(description, format="date-time")


CUSTOM = {"type": "object", "description": "By key.", "properties": {"criticality_score": text("How critical.")}}
FIELDS: dict[str, dict[str, Json]] = {
    "work-orders": {
        "id": text("Its number.", readOnly=True),
        "title": text("What is to be done."),
        "status": text("Where it stands.", enum=["open", "done"]),
        "priority": {"type": "integer", "description": "How urgent.", "enum": [1, 2, 3]},
        "asset_id": text("The asset."),
        "site_id": text("The site."),
        "account_code": text("Where its cost goes."),
        "custom_fields": CUSTOM,
        "updated_at": moment("When it last changed."),
    },
    "assets": {
        "id": text("Its number.", readOnly=True),
        "number": text("The plate; unique."),
        "serial_number": text("Of the maker."),
        "parent_id": text("The asset it is part of.", nullable=True),
        "location_id": text("Its place."),
        "site_id": text("The site."),
        "updated_at": moment("When it last changed."),
    },
    "locations": {
        "id": text("Its number.", readOnly=True),
        "name": text("Its name."),
        "parent_id": text("The place around it.", nullable=True),
        "site_id": text("The site."),
        "updated_at": moment("When it last changed."),
    },
    "sites": {"id": text("Its number.", readOnly=True), "name": text("Its name."), "city": text("Its town.")},
}
FILTERS = {
    "work-orders": ("status", "priority", "site_id", "asset_id"),
    "assets": ("site_id",),
    "locations": (),
    "sites": (),
}

PROBLEM: Json = {
    "type": "object",
    "required": ["code", "message"],
    "properties": {
        "code": text("Stable.", enum=["wrong-parameter", "unauthorised", "not-found", "conflict"]),
        "message": text("For people."),
        "field": text("At fault."),
        "request_id": text("Of this call."),
    },
}


def document() -> Json:
    """The vendor's OpenAPI document, new each time, so that a test may change it."""
    paths: Json = {}
    for name, fields in FIELDS.items():
        paths[f"/{name}"] = {"get": _list(name, fields)}
        paths[f"/{name}/{{id}}"] = {"get": _read(fields)}
    paths["/work-orders"]["post"] = _create()
    paths["/work-orders/{id}"] |= {
        "patch": _update(),
        "delete": _operation("Delete.", {"204": {"description": "Gone."}}),
    }
    paths["/work-orders/{id}/transitions"] = {"post": _operation("Change the status.", _ok({}))}
    paths["/work-orders/{id}/attachments"] = {"get": _attachments(), "post": _upload()}
    paths["/work-orders/{id}/attachments/{file_id}/content"] = {"get": _operation("Fetch it back.", _ok({}))}
    paths["/work-orders/bulk"] = {"post": _bulk()}
    paths["/custom-fields"] = {"get": _operation("Definitions.", _ok(_numbers("label", "type")))}
    paths["/usage"] = {"get": _operation("Usage.", _ok(_numbers("client_name", "calls", "errors")))}
    return json.loads(
        json.dumps(
            {
                "openapi": "3.0.3",
                "info": {"title": "Toy", "version": "1.0", "description": ABOUT},
                "servers": [{"url": f"https://vendor.example{PREFIX}"}],
                "paths": paths,
            }
        )
    )


def _operation(summary: str, answers: Json, **more: Any) -> Json:
    errors = {
        status: {"description": "An error.", "content": {"application/json": {"schema": PROBLEM}}}
        for status in ("400", "401", "404", "409")
    }
    return {"summary": summary, "responses": {**answers, **errors}, **more}


def _ok(schema: Json, status: str = "200", **headers: Json) -> Json:
    return {status: {"description": "Well.", "headers": headers, "content": {"application/json": {"schema": schema}}}}


def _record(fields: dict[str, Json]) -> Json:
    return {"type": "object", "properties": fields, "required": ["id"]}


def _numbers(*names: str) -> Json:
    return {"type": "object", "properties": {name: {"type": "integer"} for name in names}}


def _query(name: str, description: str, **schema: Any) -> Json:
    return {"name": name, "in": "query", "description": description, "schema": {"type": "string", **schema}}


def _list(name: str, fields: dict[str, Json]) -> Json:
    page = {
        "items": {"type": "array", "items": _record(fields)},
        "total": {"type": "integer"},
        "next": {"type": "string", "nullable": True},
    }
    parameters = [
        _query("limit", "How many.", type="integer", minimum=1, maximum=LARGEST_PAGE, default=LARGEST_PAGE),
        _query("offset", "From where.", type="integer"),
        _query("fields", "Names, separated by commas."),
        *(
            _query(each, "Only those.", **{k: v for k, v in fields[each].items() if k != "description"})
            for each in FILTERS[name]
        ),
    ]
    if "updated_at" in fields:
        choices = ["updated_at", "-updated_at"]
        parameters += [
            _query("updated_since", "Changed then or later (inclusive).", format="date-time"),
            _query("sort", "A minus sorts downwards.", enum=choices),
        ]
    return _operation("List.", _ok({"type": "object", "properties": page}), parameters=parameters)


def _read(fields: dict[str, Json]) -> Json:
    return _operation("Read.", _ok(_record(fields)), parameters=[_id()])


def _id() -> Json:
    return {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}


def _body(schema: Json, media_type: str = "application/json") -> Json:
    return {"content": {media_type: {"schema": schema}}}


def _create() -> Json:
    key = {"name": "Idempotency-Key", "in": "header", "schema": {"type": "string"}}
    sent = {
        "type": "object",
        "required": ["title"],
        "properties": {"title": text("What."), "status": text("Old ones too."), "completed_at": moment("When done.")},
    }
    answer = _ok(_record(FIELDS["work-orders"]), "201", Location=text("Its address."))
    return _operation("Create.", answer, parameters=[key], requestBody=_body(sent))


def _update() -> Json:
    condition = {"name": "If-Match", "in": "header", "schema": {"type": "string"}}
    sent = {"type": "object", "properties": {"title": text("What.")}}
    answers = _ok(_record(FIELDS["work-orders"])) | {"412": {"description": "Changed meanwhile."}}
    return _operation("Change.", answers, parameters=[_id(), condition], requestBody=_body(sent))


def _attachments() -> Json:
    return _operation(
        "List files.", _ok({"type": "array", "items": {"type": "object", "properties": {"name": text("File.")}}})
    )


def _upload() -> Json:
    form = {"type": "object", "properties": {"file": {"type": "string", "format": "binary"}}}
    return _operation(
        "Add a file.", _ok({}, "201", Location=text("Its address.")), requestBody=_body(form, "multipart/form-data")
    )


def _bulk() -> Json:
    outcome = {"type": "object", "properties": {"index": {"type": "integer"}, "status": {"type": "integer"}}}
    sent = {"type": "array", "maxItems": 100, "items": _record(FIELDS["work-orders"])}
    return _operation("Create many.", _ok({"type": "array", "items": outcome}, "207"), requestBody=_body(sent))


@dataclass
class Toy:
    """The live vendor. `records` may be changed by a test; `wrong` answers before the vendor itself does, or not."""

    records: dict[str, list[Json]] = field(default_factory=lambda: _records())
    wrong: Callable[[Seen], Answer | None] = lambda seen: None
    prefix: str = PREFIX
    failures: int = 2

    def __call__(self, seen: Seen) -> Answer:
        answer = self.wrong(seen) or self.answer(seen)
        self.failures += answer.status >= 400
        return answer

    def answer(self, seen: Seen) -> Answer:
        """What a vendor does who does it right."""
        if not seen.path.startswith(self.prefix):
            return problem(404, "not-found", "there is no such address")
        if seen.headers.get("x-api-key") != KEY:
            return problem(401, "unauthorised", "a valid key is needed")
        name, _, record_id = seen.path.removeprefix(self.prefix + "/").partition("/")
        if name == "usage":
            return as_json({"client_name": "ours", "calls": 12, "errors": self.failures})
        if name not in self.records:
            return problem(404, "not-found", "there is no such address")
        return self._read(name, record_id) if record_id else self._list(name, dict(seen.query))

    def _read(self, name: str, record_id: str) -> Answer:
        found = [record for record in self.records[name] if record["id"] == record_id]
        return as_json(found[0]) if found else problem(404, "not-found", f"there is no {record_id}", field="id")

    def _list(self, name: str, query: dict[str, str]) -> Answer:
        wrong = _wrong_parameter(name, query)
        if wrong:
            return problem(400, "wrong-parameter", "this cannot be", field=wrong)
        found = [each for each in self.records[name] if _fits(each, query)]
        sort = query.get("sort", "")
        if sort:
            found.sort(key=lambda each: each[sort.lstrip("-")], reverse=sort.startswith("-"))
        limit, offset = int(query.get("limit", LARGEST_PAGE)), int(query.get("offset", 0))
        rest = "&".join(f"{key}={value.replace('+', '%2B')}" for key, value in query.items() if key != "offset")
        following = f"{self.prefix}/{name}?{rest}&offset={offset + limit}" if offset + limit < len(found) else None
        page = [_cut(each, query) for each in found[offset : offset + limit]]
        return as_json({"items": page, "total": len(found), "next": following})


def as_json(value: Any, status: int = 200) -> Answer:
    return Answer(status, json.dumps(value), {"Content-Type": "application/json", "X-Request-Id": "r-1"})


def problem(status: int, code: str, message: str, **more: str) -> Answer:
    return as_json({"code": code, "message": message, **more}, status)


def _records() -> dict[str, list[Json]]:
    sites = [{"id": f"S-{n}", "name": f"Plant {n}", "city": "Brno"} for n in (1, 2)]
    locations = [
        {
            "id": f"L-{n}",
            "name": f"Hall {n}",
            "parent_id": "L-1" if n > 1 else None,
            "site_id": "S-1",
            "updated_at": _at(n),
        }
        for n in range(1, 5)
    ]
    assets = [
        {"id": f"A-{n}", "number": f"P-{n}", "serial_number": f"N{n}", "parent_id": "A-1" if n > 1 else None}
        | {"location_id": "L-2", "site_id": "S-1", "updated_at": _at(n)}
        for n in range(1, 9)
    ]
    orders = [
        {"id": f"W-{n}", "title": f"Job {n}", "status": "open" if n % 3 else "done", "priority": 1 + n % 3}
        | {"asset_id": f"A-{1 + n % 8}", "site_id": f"S-{1 + n % 2}", "account_code": "6100"}
        | {"custom_fields": {"criticality_score": "high"}, "updated_at": _at(n)}
        for n in range(1, 43)
    ]
    return {"work-orders": orders, "assets": assets, "locations": locations, "sites": sites}


def _at(number: int) -> str:
    return f"2026-03-{1 + number % 28:02d}T08:{number:02d}:00Z"


def _wrong_parameter(name: str, query: dict[str, str]) -> str | None:
    known = {"limit", "offset", "fields", "sort", "updated_since", *FILTERS[name]}
    for key, value in query.items():
        choices = FIELDS[name].get(key, {}).get("enum")
        if key not in known or (choices and value not in map(str, choices)):
            return key
        if key == "limit" and not (value.isdigit() and 1 <= int(value) <= LARGEST_PAGE):
            return key
        if (key == "offset" and not value.isdigit()) or (key == "sort" and value.lstrip("-") != "updated_at"):
            return key
        if key == "updated_since" and not value.startswith("20"):
            return key
    return None


def _fits(record: Json, query: dict[str, str]) -> bool:
    since = query.get("updated_since")
    if since and datetime.fromisoformat(record["updated_at"]) < datetime.fromisoformat(since):
        return False
    return all(str(record[key]) == value for key, value in query.items() if key in record)


def _cut(record: Json, query: dict[str, str]) -> Json:
    names = query.get("fields", "").split(",")
    return {key: value for key, value in record.items() if not query.get("fields") or key in {"id", *names}}


def judged_live(
    check_id: str,
    respond: Respond,
    described: Mapping[str, Any] | None = None,
    *,
    docs: str | None = None,
    spec: str | None = None,
    prefix: str = PREFIX,
    claims: Mapping[str, Claim] | None = None,
    **vendor: Any,
) -> Finding:
    """The one finding of a shipped check over real HTTP; `docs` and `spec` are paths on the vendor's host."""
    with answering(respond) as served, tempfile.TemporaryDirectory() as folder:
        addresses = {
            "base_url": served.url + prefix,
            "docs_url": served.url + docs if docs else None,
            "spec_url": served.url + spec if spec else None,
        }
        subject = subject_of(document() if described is None else described, claims=claims, **{**addresses, **vendor})
        bench = Workbench(Path(folder), served.url + prefix)
        findings = bench.run(lambda session: _judged(check_id, subject, bench.dialogue(session), served.url + prefix))
    assert len(findings) == 1
    return findings[0]


async def _judged(check_id: str, subject: Subject, dialogue: Dialogue, base_url: str) -> tuple[Finding, ...]:
    api = Api(dialogue, base_url=base_url, resources=subject.resources, dialect=subject.dialect)
    declared = battery()[check_id]
    return await judge(declared, Context(replace(subject, api=api), declared))


def raised(finding: Finding) -> set[str]:
    return {mark.flag for mark in finding.flags if mark.raised}


def cleared(finding: Finding) -> set[str]:
    return {mark.flag for mark in finding.flags if not mark.raised}


def helper(group: str, name: str) -> ModuleType:
    """A module of a group of checks that holds no checks itself."""
    module = next(
        iter(each.function.__module__ for check_id, each in battery().items() if check_id.startswith(f"{group}."))
    )
    return importlib.import_module(f"{module.rpartition('.')[0]}.{name}")
