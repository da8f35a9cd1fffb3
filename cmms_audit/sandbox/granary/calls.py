"""What every part of granary shares: the state of the vendor, one call, and the declaration of an operation.

The router and the OpenAPI document are both made from the same operations.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from cmms_audit.sandbox.granary.auth import Accounts, Identity
from cmms_audit.sandbox.granary.fields import Json
from cmms_audit.sandbox.granary.resource import Resource
from cmms_audit.sandbox.granary.times import stamp
from cmms_audit.sandbox.switch import Broken, Switch

NO_VERSIONING = Switch(
    "no-versioning",
    "no version in the path or the document, and no notice period",
    questions=("errors.versioning",),
    flags=("no-versioning-policy",),
)
SUDDEN_SUNSET = Switch(
    "sudden-sunset",
    "the list of work orders says that it will be gone within 30 days of saying so",
    questions=("errors.versioning",),
    flags=("no-versioning-policy", "claim-contradicted"),
)
VERSION_IN_ANSWERS_ONLY = Switch(
    "version-in-answers-only",
    "a header of the answers names the version, but no call can choose one",
    questions=("errors.versioning",),
    flags=("no-versioning-policy",),
)
SWITCHES = (NO_VERSIONING, SUDDEN_SUNSET, VERSION_IN_ANSWERS_ONLY)

RELEASE = "1.14.0"

Handler = Callable[["Call"], Awaitable[Response]]


def api_prefix(broken: Broken) -> str:
    """The path below which the API lives."""
    return "/api" if broken & {NO_VERSIONING, VERSION_IN_ANSWERS_ONLY} else "/api/v1"


@dataclass(frozen=True)
class Parameter:
    """A path, query or header parameter."""

    name: str
    where: str
    description: str
    schema: Json
    required: bool = False


@dataclass(frozen=True)
class Answer:
    """A documented success: status, meaning, schema of the body (None for none), media type, extra headers."""

    status: int
    description: str
    schema: Json | None = None
    media_type: str = "application/json"
    headers: tuple[str, ...] = ()
    example: Any = None


@dataclass(frozen=True)
class Operation:
    """One method on one path: what it does, who may call it, and what it says in the document.

    `path` is below the API's prefix. `scopes` empty means open to anyone. `body` maps media types to schemas.
    `errors` are the codes of problems.CODES that it can answer, beside those that every operation has.
    """

    method: str
    path: str
    id: str
    summary: str
    description: str
    tag: str
    handler: Handler
    scopes: tuple[str, ...]
    answers: tuple[Answer, ...]
    parameters: tuple[Parameter, ...] = ()
    body: Mapping[str, Json] = field(default_factory=dict)
    errors: tuple[str, ...] = ()
    callbacks: Json | None = None


class Outgoing:
    """Where events go; this one tells nobody."""

    def publish(self, state: State, event: Json) -> None:
        """Tell everyone who asked for it of an event."""

    def replay(self, state: State, delivery: Json, subscription: Json) -> None:
        """Send a delivery once more."""


@dataclass
class State:
    """A running vendor: its database, its clock (seconds since 1970), its accounts, and what is broken about it."""

    database: sqlite3.Connection
    clock: Callable[[], float]
    accounts: Accounts
    resources: Mapping[str, Resource]
    broken: Broken
    remembered: dict[tuple[str, str, str], Any] = field(default_factory=dict)
    outgoing: Outgoing = field(default_factory=lambda: Outgoing())

    @property
    def now(self) -> str:
        """The present moment as granary writes it."""
        return stamp(self.clock())

    @property
    def prefix(self) -> str:
        """The path below which the API lives."""
        return api_prefix(self.broken)


@dataclass
class Call:
    """One call that has passed the gate: who calls which operation with what."""

    state: State
    operation: Operation
    request: Request
    request_id: str
    identity: Identity
    body: Any = None

    @property
    def path(self) -> Mapping[str, str]:
        """The values of the path parameters."""
        return self.request.path_params

    def header(self, name: str) -> str | None:
        """A request header, in any case."""
        return self.request.headers.get(name)


def json_response(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An answer with a JSON body."""
    return Response(json.dumps(value), status, headers, "application/json")
