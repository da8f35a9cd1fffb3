"""A small vendor whose habits are data: what its pages, records and errors look like, and how it turns somebody away.

Whatever its habits, it does the work of a vendor well; a test states what a careful engineer would say of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from tests.checks.toy import FIELDS, FILTERS, Toy
from tests.vendors.limit import NO_LIMIT, Counter, Limit
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


def many(record: Json) -> Json:
    """The schema of a list."""
    return {"type": "array", "items": record}


NUMBER: Json = {"type": "integer"}
TEXT: Json = {"type": "string"}
RETRY_AFTER: Json = {"description": "Seconds to wait.", "schema": NUMBER}
CODES = ("no_access", "no_such_address", "no_such_record", "only_reading", "too_many_calls", "wrong_parameter")
CODE: Json = {"type": "string", "enum": list(CODES)}


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
class Access:
    """How a program is let in: its `credential` in the vendor file, whom it admits, and what the document says of it.

    `schemes` are made for the vendor's origin; `security` is what operations on one kind of records ask for.
    `challenge` says how to log in when somebody is refused with 401; `parameter` is the one that a key travels in.
    `other` is the credential of another customer, who has no records, or those of `namesakes`: with ids like ours.
    """

    credential: str = '{type: api-key, in: header, name: X-Api-Key, value: "${SMALL_KEY}"}'
    admits: Callable[[Seen], bool] = lambda seen: seen.headers.get("x-api-key") == KEY
    schemes: Callable[[str], Json] = lambda origin: {
        "oauth": {"type": "oauth2", "flows": {"clientCredentials": flow(origin, "read", "write")}},
        "key": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
    }
    security: Callable[[str], Sequence[Json]] = lambda kind: [{"oauth": ["read"]}, {"key": []}]
    challenge: str = "Bearer"
    parameter: str = ""
    other: str = ""
    is_other: Callable[[Seen], bool] = lambda seen: False
    namesakes: bool = False


def flow(origin: str, *scopes: str) -> Json:
    """The way to a token, with these permissions to choose from."""
    return {"tokenUrl": f"{origin}/token", "scopes": {scope: f"May {scope}." for scope in scopes}}


@dataclass(frozen=True)
class Paging:
    """How a page is asked for. `counts` says whether the position counts records or pages, which begin at `first`.

    A position that is no number to be reckoned with opens with `prefix`. Where `counts` is "range", one parameter names
    the first and the last record ("0-9"), and there is none for the size.
    """

    size: str = "limit"
    position: str = "offset"
    counts: str = "records"
    first: int = 0
    largest: int = 25
    usual: int = 10
    clamps: bool = False
    prefix: str = ""

    def read(self, query: Mapping[str, str]) -> tuple[int, int]:
        """The position and the size that a query asks for."""
        if self.counts == "range":
            first, _, last = query.get(self.position, f"0-{self.usual - 1}").partition("-")
            return int(first), min(int(last) - int(first) + 1, self.largest)
        position = int(query.get(self.position, str(self.first)).removeprefix(self.prefix))
        return position, min(int(query.get(self.size, self.usual)), self.largest)

    def refuses(self, name: str, value: str) -> bool:
        """Whether a parameter of paging cannot have this value."""
        if self.counts == "range":
            return re.fullmatch(r"\d+-\d+", value) is None or self.read({name: value})[1] < 1
        plain = value.removeprefix(self.prefix) if name == self.position else value
        least = 1 if name == self.size else self.first
        most = self.largest if name == self.size and not self.clamps else 10**9
        return not plain.isdigit() or not least <= int(plain) <= most

    def asked(self, position: int, size: int) -> dict[str, str]:
        """The parameters that ask for a page."""
        if self.counts == "range":
            return {self.position: f"{position}-{position + size - 1}"}
        return {self.size: str(size), self.position: f"{self.prefix}{position}"}

    @property
    def described(self) -> dict[str, Json]:
        """The schemas of its parameters."""
        if self.counts == "range":
            return {self.position: {**TEXT, "default": f"0-{self.usual - 1}", "pattern": "^[0-9]+-[0-9]+$"}}
        position = TEXT if self.prefix else {**NUMBER, "minimum": self.first, "default": self.first}
        return {
            self.size: {**NUMBER, "minimum": 1, "maximum": self.largest, "default": self.usual},
            self.position: position,
        }


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

    `stranger`, `wrong_query`, `no_record` and `no_address` are the statuses for who shows no credential, for what
    cannot be asked, for an id that no record has and for an address where nothing is. `error_at` gives some addresses
    errors of another form. `at_limit` are the headers of the answers above the limit, by status, as documented.
    `told_of` is the description of the operations on one kind of records. `before` answers first, or not at all;
    `paths` describes what it answers.
    """

    prefix: str = "/api/v1"
    about: str = ABOUT
    access: Access = Access()
    media_type: str = "application/json"
    error_media_type: str = "application/json"
    paging: Paging = Paging()
    filter_name: Callable[[str], str] = lambda name: name
    since: str = "updated_since"
    record: Callable[[str, Json], Json] = lambda kind, record: record
    record_described: Callable[[str, Json], Json] = lambda kind, schema: schema
    one: Callable[[Json], Json] = lambda record: record
    one_described: Callable[[Json], Json] = lambda schema: schema
    page: Callable[[Slice], Json | list[Json]] = _plain_page
    page_described: Callable[[Json], Json] = _plain_page_described
    page_headers: Callable[[Slice], Mapping[str, str]] = lambda part: {}
    page_status: Callable[[Slice], int] = lambda part: 200
    error: Callable[[Wrong], Json | list[str]] = _plain_error
    error_at: Mapping[str, Callable[[Wrong], Json]] = field(default_factory=dict)
    error_described: Json = field(default_factory=lambda: described(code=CODE, message=TEXT, field=TEXT))
    stranger: int = 401
    wrong_query: int = 400
    no_record: int = 404
    no_address: int = 404
    request_id: str = "X-Request-Id"
    headers: Mapping[str, str] = field(default_factory=dict)
    parameters: Sequence[Json] = ()
    limit: Limit = NO_LIMIT
    at_limit: Mapping[str, Json] = field(default_factory=lambda: {"429": {"Retry-After": RETRY_AFTER}})
    told_of: Callable[[str], str] = lambda kind: ""
    before: Callable[[Seen], Answer | None] = lambda seen: None
    paths: Json = field(default_factory=dict)


class Cmms:
    """The vendor: answers whoever shows the key, in its own way."""

    def __init__(self, habits: Habits) -> None:
        self._habits = habits
        self._records = Toy().records
        self._counter = Counter(habits.limit)
        self._calls = 0

    def __call__(self, seen: Seen) -> Answer:
        """Answer one request."""
        self._calls += 1
        left = self._counter.take(seen)
        answer = left.refusal or self._habits.before(seen) or self._answer(seen)
        named = {
            self._habits.request_id: f"r-{self._calls}",
            **self._habits.headers,
            **left.told,
            **dict(answer.headers),
        }
        return replace(answer, headers=named)

    def _answer(self, seen: Seen) -> Answer:
        kind, _, record_id = seen.path.removeprefix(self._habits.prefix + "/").partition("/")
        access = self._habits.access
        if not (access.admits(seen) or access.is_other(seen)):
            return self._error(
                Wrong(self._habits.stranger, "no_access", f"A valid key is needed for {seen.path}.", path=seen.path)
            )
        if kind not in self._records or not seen.path.startswith(self._habits.prefix):
            says = f"There is nothing at {seen.path}."
            return self._error(Wrong(self._habits.no_address, "no_such_address", says, path=seen.path))
        if seen.method != "GET":
            return self._error(Wrong(405, "only_reading", "This can only be read.", path=seen.path))
        return self._read(kind, record_id, seen) if record_id else self._list(kind, seen)

    def _read(self, kind: str, record_id: str, seen: Seen) -> Answer:
        found = [record for record in self._seen_by(seen, kind) if record["id"] == record_id]
        if not found:
            says = f"There is no {record_id}."
            return self._error(Wrong(self._habits.no_record, "no_such_record", says, "id", seen.path))
        return self._said(self._habits.one(self._habits.record(kind, found[0])))

    def _list(self, kind: str, seen: Seen) -> Answer:
        paging = self._habits.paging
        query = {name: value for name, value in seen.query if name != self._habits.access.parameter}
        wrong = self._wrong(kind, query)
        if wrong:
            message = f"{wrong} cannot be {query[wrong]}"
            return self._error(Wrong(self._habits.wrong_query, "wrong_parameter", message, wrong, seen.path))
        found = [each for each in self._seen_by(seen, kind) if self._fits(kind, each, query)]
        position, size = paging.read(query)
        step, start = (1, (position - paging.first) * size) if paging.counts == "pages" else (size, position)
        following = position + step if start + size < len(found) else None
        records = [self._habits.record(kind, each) for each in found[start : start + size]]

        def link(to: int) -> str:
            asked = "&".join(f"{name}={value}" for name, value in {**query, **paging.asked(to, size)}.items())
            return f"http://{seen.headers['host']}{seen.path}?{asked}"

        part = Slice(kind, records, len(found), position, size, following, link)
        return self._said(self._habits.page(part), self._habits.page_status(part), self._habits.page_headers(part))

    def _seen_by(self, seen: Seen, kind: str) -> Sequence[Json]:
        """The records of the customer who calls."""
        access = self._habits.access
        if not access.is_other(seen):
            return self._records[kind]
        named = ("title", "name", "number", "serial_number")
        theirs = [
            {name: f"Another {value}" if name in named else value for name, value in record.items()}
            for record in self._records[kind]
        ]
        return theirs if access.namesakes else []

    def _wrong(self, kind: str, query: Mapping[str, str]) -> str | None:
        paging = self._habits.paging
        enums = {self._habits.filter_name(name): FIELDS[kind][name].get("enum", ()) for name in FILTERS[kind]}
        choices = {name: [str(each) for each in enum] for name, enum in enums.items()}
        for name, value in query.items():
            if name in paging.described:
                if paging.refuses(name, value):
                    return name
            elif name == self._habits.since and "updated_at" in FIELDS[kind]:
                if not value.startswith("20"):
                    return name
            elif name not in choices or (choices[name] and value not in choices[name]):
                return name
        return None

    def _fits(self, kind: str, record: Json, query: Mapping[str, str]) -> bool:
        since = query.get(self._habits.since)
        if since and datetime.fromisoformat(record["updated_at"]) < datetime.fromisoformat(since):
            return False
        names = {self._habits.filter_name(name): name for name in FILTERS[kind]}
        return all(str(record[names[each]]) == value for each, value in query.items() if each in names)

    def _said(self, body: Json | list[Json], status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
        return as_json(body, status, self._habits.media_type, headers)

    def _error(self, wrong: Wrong) -> Answer:
        kind = wrong.path.removeprefix(self._habits.prefix + "/").partition("/")[0]
        body = self._habits.error_at.get(kind, self._habits.error)(wrong)
        challenge = {"WWW-Authenticate": self._habits.access.challenge} if wrong.status == 401 else {}
        return as_json(body, wrong.status, self._habits.error_media_type, challenge)


def as_json(
    body: object, status: int = 200, media_type: str = "application/json", headers: Mapping[str, str] | None = None
) -> Answer:
    """An answer in JSON."""
    return Answer(status, json.dumps(body), {"Content-Type": media_type, **(headers or {})})
