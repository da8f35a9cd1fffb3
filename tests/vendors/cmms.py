"""A small vendor whose habits are data: what its pages, records and errors look like, and how it turns somebody away.

Whatever its habits, it does the work of a vendor well; a test states what a careful engineer would say of it.
"""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.checks.toy import FIELDS, FILTERS, Toy
from tests.wire.servers import Answer, Seen
from tests.wire.sessions import KEY

Json = dict[str, Any]

ABOUT = (
    "At most 6000 requests per minute for each credential. Breaking changes come with a new version of the API only; "
    "we announce them 12 months ahead in the changelog, and the old version is kept running for that time."
)


def described(**members: Json) -> Json:
    """The schema of an object."""
    return {"type": "object", "properties": members}


NUMBER = {"type": "integer"}
TEXT = {"type": "string"}
CODE = {"type": "string", "enum": ["no_access", "no_such_address", "no_such_record", "only_reading", "wrong_parameter"]}


@dataclass(frozen=True)
class Slice:
    """One page before it is put into words. `link` gives the address of the page at another position."""

    kind: str
    records: Sequence[Json]
    total: int
    position: int
    size: int
    following: int | None
    link: Callable[[int], str]


@dataclass(frozen=True)
class Wrong:
    """What went wrong, before it is put into words; `name` is the parameter or the id at fault."""

    status: int
    code: str
    message: str
    name: str = ""
    path: str = ""


@dataclass(frozen=True)
class Paging:
    """How a page is asked for. `counts` says whether the position counts records or pages, which begin at `first`."""

    size: str = "limit"
    position: str = "offset"
    counts: str = "records"
    first: int = 0
    largest: int = 25
    usual: int = 10
    clamps: bool = False


def _plain_page(part: Slice) -> Json:
    following = None if part.following is None else part.link(part.following)
    return {"items": list(part.records), "total": part.total, "next": following}


def _plain_page_described(record: Json) -> Json:
    following = {"type": "string", "nullable": True}
    return described(items={"type": "array", "items": record}, total=NUMBER, next=following)


def _plain_error(wrong: Wrong) -> Json:
    return {"code": wrong.code, "message": wrong.message, **({"field": wrong.name} if wrong.name else {})}


@dataclass(frozen=True)
class Habits:
    """How a vendor speaks. Each default is an ordinary habit.

    `stranger` and `wrong_query` are the statuses for who shows no credential and for what cannot be asked.
    `error_at` gives some addresses errors of another form. `before` answers first, or not at all.
    """

    prefix: str = "/api/v1"
    about: str = ABOUT
    media_type: str = "application/json"
    error_media_type: str = "application/json"
    paging: Paging = Paging()
    filter_name: Callable[[str], str] = lambda name: name
    since: str = "updated_since"
    record: Callable[[str, Json], Json] = lambda kind, record: record
    record_described: Callable[[str, Json], Json] = lambda kind, schema: schema
    one: Callable[[Json], Json] = lambda record: record
    one_described: Callable[[Json], Json] = lambda schema: schema
    page: Callable[[Slice], Json] = _plain_page
    page_described: Callable[[Json], Json] = _plain_page_described
    error: Callable[[Wrong], Json] = _plain_error
    error_at: Mapping[str, Callable[[Wrong], Json]] = field(default_factory=dict)
    error_described: Json = field(default_factory=lambda: described(code=CODE, message=TEXT, field=TEXT))
    stranger: int = 401
    wrong_query: int = 400
    headers: Mapping[str, str] = field(default_factory=dict)
    parameters: Sequence[Json] = ()
    before: Callable[[Seen], Answer | None] = lambda seen: None


class Cmms:
    """The vendor: answers whoever shows the key, in its own way."""

    def __init__(self, habits: Habits) -> None:
        self._habits = habits
        self._records = Toy().records
        self._calls = 0

    def __call__(self, seen: Seen) -> Answer:
        """Answer one request."""
        self._calls += 1
        return self._habits.before(seen) or self._answer(seen)

    def _answer(self, seen: Seen) -> Answer:
        kind, _, record_id = seen.path.removeprefix(self._habits.prefix + "/").partition("/")
        if seen.headers.get("x-api-key") != KEY:
            return self._error(
                Wrong(self._habits.stranger, "no_access", f"A valid key is needed for {seen.path}.", path=seen.path)
            )
        if kind not in self._records or not seen.path.startswith(self._habits.prefix):
            return self._error(Wrong(404, "no_such_address", f"There is nothing at {seen.path}.", path=seen.path))
        if seen.method != "GET":
            return self._error(Wrong(405, "only_reading", "This can only be read.", path=seen.path))
        return self._read(kind, record_id, seen) if record_id else self._list(kind, seen)

    def _read(self, kind: str, record_id: str, seen: Seen) -> Answer:
        found = [record for record in self._records[kind] if record["id"] == record_id]
        if not found:
            return self._error(Wrong(404, "no_such_record", f"There is no {record_id}.", "id", seen.path))
        return self._said(self._habits.one(self._habits.record(kind, found[0])))

    def _list(self, kind: str, seen: Seen) -> Answer:
        query, paging = dict(seen.query), self._habits.paging
        wrong = self._wrong(kind, query)
        if wrong:
            message = f"{wrong} cannot be {query[wrong]}"
            return self._error(Wrong(self._habits.wrong_query, "wrong_parameter", message, wrong, seen.path))
        found = [each for each in self._records[kind] if self._fits(kind, each, query)]
        size = min(int(query.get(paging.size, paging.usual)), paging.largest)
        position = int(query.get(paging.position, paging.first))
        step, start = (1, (position - paging.first) * size) if paging.counts == "pages" else (size, position)
        following = position + step if start + size < len(found) else None
        records = [self._habits.record(kind, each) for each in found[start : start + size]]
        host = seen.headers["host"]

        def link(to: int) -> str:
            rest = {**query, paging.size: str(size), paging.position: str(to)}
            asked = "&".join(f"{name}={value}" for name, value in rest.items())
            return f"http://{host}{seen.path}?{asked}"

        return self._said(self._habits.page(Slice(kind, records, len(found), position, size, following, link)))

    def _wrong(self, kind: str, query: Mapping[str, str]) -> str | None:
        paging = self._habits.paging
        choices = {self._habits.filter_name(name): FIELDS[kind][name].get("enum") for name in FILTERS[kind]}
        for name, value in query.items():
            if name in (paging.size, paging.position):
                least = 1 if name == paging.size else paging.first
                most = paging.largest if name == paging.size and not paging.clamps else 10**9
                if not value.isdigit() or not least <= int(value) <= most:
                    return name
            elif name == self._habits.since and "updated_at" in FIELDS[kind]:
                if not value.startswith("20"):
                    return name
            elif name not in choices or (choices[name] and value not in map(str, choices[name])):
                return name
        return None

    def _fits(self, kind: str, record: Json, query: Mapping[str, str]) -> bool:
        since = query.get(self._habits.since)
        if since and datetime.fromisoformat(record["updated_at"]) < datetime.fromisoformat(since):
            return False
        names = {self._habits.filter_name(name): name for name in FILTERS[kind]}
        return all(str(record[names[each]]) == value for each, value in query.items() if each in names)

    def _said(self, body: Json) -> Answer:
        return self._with_headers(200, body, self._habits.media_type)

    def _error(self, wrong: Wrong) -> Answer:
        kind = wrong.path.removeprefix(self._habits.prefix + "/").partition("/")[0]
        body = self._habits.error_at.get(kind, self._habits.error)(wrong)
        challenge = {"WWW-Authenticate": "Bearer"} if wrong.status == 401 else {}
        return self._with_headers(wrong.status, body, self._habits.error_media_type, challenge)

    def _with_headers(self, status: int, body: Json, media_type: str, more: Mapping[str, str] | None = None) -> Answer:
        named = {"Content-Type": media_type, "X-Request-Id": f"r-{self._calls}", **self._habits.headers, **(more or {})}
        return Answer(status, json.dumps(body), named)


def document(habits: Habits, origin: str) -> Json:
    """The vendor's OpenAPI document, which says just what it does."""
    paths: Json = {}
    for kind, fields in FIELDS.items():
        schema = {"type": "object", "required": ["id"], "properties": fields}
        record = habits.record_described(kind, schema)
        query = _list_parameters(habits, kind, fields)
        number = {"name": "id", "in": "path", "required": True, "schema": TEXT}
        paths[f"/{kind}"] = {"get": _operation(habits, f"List {kind}.", habits.page_described(record), query)}
        paths[f"/{kind}/{{id}}"] = {"get": _operation(habits, f"Read {kind}.", habits.one_described(record), [number])}
    flow = {"tokenUrl": f"{origin}/token", "scopes": {"read": "Read.", "write": "Write."}}
    schemes = {
        "oauth": {"type": "oauth2", "flows": {"clientCredentials": flow}},
        "key": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
    }
    return {
        "openapi": "3.0.3",
        "info": {"title": "Small CMMS", "version": "1.0", "description": habits.about},
        "servers": [{"url": origin + habits.prefix}],
        "security": [{"oauth": ["read"]}, {"key": []}],
        "paths": paths,
        "components": {"securitySchemes": schemes},
    }


def _list_parameters(habits: Habits, kind: str, fields: Json) -> list[Json]:
    paging = habits.paging
    size = {"type": "integer", "minimum": 1, "maximum": paging.largest, "default": paging.usual}
    queries = {paging.size: size, paging.position: {**NUMBER, "minimum": paging.first, "default": paging.first}}
    queries |= {habits.filter_name(name): {"type": fields[name]["type"]} for name in FILTERS[kind]}
    if "updated_at" in fields:
        queries[habits.since] = {"type": "string", "format": "date-time"}
    return [{"name": name, "in": "query", "schema": schema} for name, schema in queries.items()]


def _operation(habits: Habits, summary: str, answer: Json, parameters: Sequence[Json]) -> Json:
    error = {"description": "Not so.", "content": {habits.error_media_type: {"schema": habits.error_described}}}
    statuses = dict.fromkeys((habits.stranger, habits.wrong_query, 404))
    well = {"description": "Well.", "content": {habits.media_type: {"schema": answer}}}
    answers: Json = {"200": well, **{str(status): error for status in statuses}}
    answers["429"] = {**error, "headers": {"Retry-After": {"description": "Seconds to wait.", "schema": NUMBER}}}
    return {"summary": summary, "parameters": [*parameters, *habits.parameters], "responses": answers}


@dataclass
class LimitPerAddress:
    """Refuses whoever comes from the same address too often, whatever credential is shown. `seconds` is the window."""

    calls: int
    seconds: float
    refuse: Callable[[], Answer]
    _came: deque[float] = field(default_factory=deque)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, seen: Seen) -> Answer | None:
        """The refusal, or None where there is room."""
        with self._lock:
            now = time.monotonic()
            while self._came and self._came[0] <= now - self.seconds:
                self._came.popleft()
            if len(self._came) >= self.calls:
                return self.refuse()
            self._came.append(now)
            return None
