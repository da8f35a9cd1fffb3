"""The vendor as an ASGI application: routing, and the gate that every call passes before and after its handler.

In this order: path, method, credential, rate limit, scope, media types, payload, query parameters. Every answer
carries a request id, and every call is logged.
"""

from __future__ import annotations

import json
import logging
import secrets
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from email.utils import formatdate
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from cmms_audit.sandbox.granary import (
    auth,
    catalogue,
    docs,
    limits,
    monitoring,
    oauth,
    offers,
    openapi,
    previous,
    queries,
    rights,
    tls,
)
from cmms_audit.sandbox.granary.attachments import MAX_BYTES, MULTIPART
from cmms_audit.sandbox.granary.auth import ANYONE, Accounts, Identity
from cmms_audit.sandbox.granary.calls import (
    RELEASE,
    SUDDEN_SUNSET,
    VERSION_IN_ANSWERS_ONLY,
    Call,
    Operation,
    State,
    api_prefix,
    json_response,
)
from cmms_audit.sandbox.granary.data import new_database
from cmms_audit.sandbox.granary.fields import Json
from cmms_audit.sandbox.granary.limits import Limit, Limiter
from cmms_audit.sandbox.granary.problems import NO_REQUEST_IDS, ErrorStyle, Place, Problem
from cmms_audit.sandbox.granary.sender import Sender
from cmms_audit.sandbox.granary.switches import resolve
from cmms_audit.sandbox.switch import Broken

MAX_JSON_BYTES = 1024 * 1024
# Bytes over the limit are read and dropped up to here, so that a client hears of its mistake.
DRAINED_BYTES = 32 * 1024 * 1024

log = logging.getLogger(__name__)


class Granary:
    """A running vendor.

    `switches` are names of behaviours to break; `seed` makes the plant; `clock` gives seconds since 1970;
    `scale` multiplies the published and enforced limits. Raises ValueError for an unknown switch, naming the nearest.
    """

    def __init__(
        self,
        switches: Collection[str] = (),
        *,
        seed: int = 1,
        clock: Callable[[], float] = time.time,
        scale: float = 1.0,
    ) -> None:
        broken = resolve(switches)
        enforced = limits.scaled(scale)
        published = limits.named(enforced, broken)
        offered = catalogue.resources(broken)
        accounts = Accounts(clock, broken)
        self._sender = Sender()
        state = State(new_database(broken, seed), clock, accounts, offered, broken, outgoing=self._sender)
        self._customers = _Customers(state, seed)
        limiter = Limiter(limits.enforced(enforced, broken), clock, broken)
        gate = _Gate(self._customers, limiter, published, catalogue.operations(offered, broken))
        self._app = Starlette(
            routes=[
                *oauth.routes(accounts),
                *docs.routes(broken, published),
                Route(f"{api_prefix(broken)}/openapi.json", _document_endpoint(state, published, openapi.build)),
                Route(f"{api_prefix(broken)}/{previous.NAME}", _document_endpoint(state, published, previous.build)),
                *gate.routes(),
            ],
            exception_handlers={HTTPException: _outside_handler(state)},
            lifespan=self._lifespan,
        )

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        yield
        await self._sender.close()
        self.close()

    @property
    def database(self) -> sqlite3.Connection:
        """The records of the customer whose credentials the vendor file names."""
        return self._customers.first.database

    def close(self) -> None:
        """Drop every database. A server that stops does this by itself."""
        self._customers.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call, as ASGI wants it."""
        await self._app(scope, receive, send)


def _document_endpoint(
    state: State, published: Sequence[Limit], build: Callable[[str, Broken, Sequence[Limit]], Json]
) -> Callable[[Request], Any]:
    async def document(request: Request) -> Response:
        if docs.DOCS_BEHIND_LOGIN in state.broken:
            try:
                auth.authenticate(state.accounts, request)
            except Problem as problem:
                place = Place(request.url.path, _new_request_id())
                return ErrorStyle(state.broken).response(problem, place)
        origin = str(request.base_url).rstrip("/")
        return json_response(build(origin, state.broken, published))

    return document


def _outside_handler(state: State) -> Callable[[Request, Exception], Response]:
    """Answers for paths that are not of the API: unknown ones, and known ones with another method."""

    def handle(request: Request, error: Exception) -> Response:
        headers = dict(getattr(error, "headers", None) or {})
        code = "method-not-allowed" if "Allow" in headers else "no-such-path"
        problem = Problem(code, f"there is no {request.method} {request.url.path}", headers=headers)
        return ErrorStyle(state.broken).response(problem, Place(request.url.path, _new_request_id()))

    return handle


class _Customers:
    """The customers of the vendor, each with records of its own, of the same kinds and under the same ids."""

    def __init__(self, first: State, seed: int) -> None:
        self.first = first
        self._seed = seed
        self._others: dict[str, State] = {}

    def state(self, identity: Identity, *, single: bool = False) -> State:
        """What a caller deals with: the records of its own customer. `single`: it asks for one of them by its id."""
        is_borderless = single and auth.BORDERLESS_IDS in self.first.broken
        if identity.tenant == auth.MAIN.tenant or is_borderless:
            return self.first
        if identity.tenant not in self._others:
            database = new_database(self.first.broken, self._seed + 1)
            self._others[identity.tenant] = replace(self.first, database=database, remembered={})
        return self._others[identity.tenant]

    def close(self) -> None:
        """Drop every database."""
        for each in (self.first, *self._others.values()):
            each.database.close()


class _Gate:
    """Lets calls through to their operations, and answers for those that may not pass."""

    def __init__(
        self, customers: _Customers, limiter: Limiter, published: Sequence[Limit], operations: Sequence[Operation]
    ) -> None:
        self._customers = customers
        self._state = customers.first
        self._limiter = limiter
        self._published = published
        self._by_path: dict[str, dict[str, Operation]] = {}
        for operation in operations:
            self._by_path.setdefault(operation.path, {})[operation.method] = operation

    def routes(self) -> list[Route]:
        """One route for each path, and one for all paths of the API that do not exist."""
        prefix = self._state.prefix
        found = [Route(prefix + path, _Endpoint(self, methods)) for path, methods in self._by_path.items()]
        return [*found, Route(prefix + "/{path:path}", _Endpoint(self, {}))]

    async def answer(self, request: Request, methods: Mapping[str, Operation]) -> Response:
        """Answer one call, and log it."""
        visit = _Visit(_new_request_id())
        try:
            response = await self._pass(request, methods, visit)
        except Problem as problem:
            response = self._refuse(request, problem, visit)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody is there to read it
        except Exception:
            log.exception("a call failed")
            response = self._refuse(request, Problem("internal-error", "an error on our side"), visit)
        if NO_REQUEST_IDS not in self._state.broken:
            response.headers["X-Request-Id"] = visit.request_id
        response.headers.update(visit.headers)
        if SUDDEN_SUNSET in self._state.broken and request.url.path.endswith("/work-orders"):
            response.headers.update(_end_of_life(time.time()))
        if VERSION_IN_ANSWERS_ONLY in self._state.broken:
            response.headers["API-Version"] = RELEASE
        response.headers.update(tls.headers(request.url.scheme, self._state.broken))
        response.headers.setdefault("Cache-Control", "no-store")
        monitoring.record(self._customers.state(visit.identity), _seen(request, response, visit))
        return response

    def _refuse(self, request: Request, problem: Problem, visit: _Visit) -> Response:
        visit.error_code = problem.code.name
        credential = request.headers.get(auth.KEY_HEADER) or request.headers.get("Authorization", "")
        place = Place(request.url.path, visit.request_id, credential)
        return ErrorStyle(self._state.broken).response(problem, place)

    async def _pass(self, request: Request, methods: Mapping[str, Operation], visit: _Visit) -> Response:
        if request.method == "OPTIONS" and methods:
            return Response(status_code=204, headers={"Allow": _allowed(methods)})
        operation = _operation(request, methods)
        broken = self._state.broken
        if operation.scopes:
            visit.identity = auth.authenticate(self._state.accounts, request)
            instead = await self._count(visit)
            if instead is not None:
                return instead
            rights.authorise(visit.identity, operation, broken)
        _check_accept(request, operation)
        visit.body = await _read_body(request, operation)
        if offers.IGNORED_FILTERS not in broken:
            extra = auth.QUERY_NAMES if broken & auth.QUERY_KEYS else set()
            queries.refuse_unknown(request.query_params, extra | _query_names(operation))
        state = self._customers.state(visit.identity, single=bool(request.path_params))
        call = Call(state, operation, request, visit.request_id, visit.identity, visit.body)
        return await operation.handler(call)

    async def _count(self, visit: _Visit) -> Response | None:
        """Count the call against the limits of its credential; where they are used up, do as `at_limit`."""
        decision = self._limiter.take(visit.identity.credential)
        visit.headers |= limits.limit_headers(decision, self._published, self._state.broken)
        if decision.refused_by is None:
            return None
        return await limits.at_limit(decision.refused_by, self._state.broken)


class _Visit:
    """What is known of a call while it passes the gate."""

    def __init__(self, request_id: str) -> None:
        self.request_id = request_id
        self.identity: Identity = ANYONE
        self.body: Any = None
        self.headers: dict[str, str] = {}
        self.error_code: str | None = None


class _Endpoint:
    """One path with the operations on it."""

    def __init__(self, gate: _Gate, methods: Mapping[str, Operation]) -> None:
        self._gate = gate
        self._methods = methods

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._gate.answer(Request(scope, receive), self._methods)
        await response(scope, receive, send)


def _new_request_id() -> str:
    return f"req-{secrets.token_hex(8)}"


def _seen(request: Request, response: Response, visit: _Visit) -> monitoring.Seen:
    return monitoring.Seen(
        identity=visit.identity,
        method=request.method,
        path=request.url.path,
        status=response.status_code,
        error_code=visit.error_code,
        payload_summary=monitoring.summary(request.url.query, visit.body),
        request_id=visit.request_id,
    )


def _operation(request: Request, methods: Mapping[str, Operation]) -> Operation:
    if not methods:
        raise Problem("no-such-path", f"there is nothing at {request.url.path}")
    operation = methods.get("GET" if request.method == "HEAD" else request.method)
    if operation is None:
        allowed = _allowed(methods)
        raise Problem("method-not-allowed", f"{request.method} is not allowed here", headers={"Allow": allowed})
    return operation


def _end_of_life(now: float) -> dict[str, str]:
    """Deprecated since today, gone in thirty days."""
    return {"Deprecation": f"@{int(now)}", "Sunset": formatdate(now + 30 * 86_400, usegmt=True)}


def _allowed(methods: Mapping[str, Operation]) -> str:
    return ", ".join([*methods, *(["HEAD"] if "GET" in methods else []), "OPTIONS"])


def _query_names(operation: Operation) -> set[str]:
    return {parameter.name for parameter in operation.parameters if parameter.where == "query"}


def _check_accept(request: Request, operation: Operation) -> None:
    """Refuse with 406 a client that takes no JSON, where the operation answers with JSON."""
    wanted = [part.partition(";")[0].strip().lower() for part in request.headers.get("Accept", "*/*").split(",")]
    served = {"*/*", "application/*", "application/json", "application/problem+json", ""}
    answers = {answer.media_type for answer in operation.answers}
    if "*/*" not in answers and not served & set(wanted):
        raise Problem("not-acceptable", "this operation answers with application/json")


async def _read_body(request: Request, operation: Operation) -> Any:
    """The payload in the form that the operation takes: an object for JSON, bytes for a form, None for none."""
    if not operation.body:
        return None
    media_type = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if media_type not in operation.body:
        raise Problem("unsupported-media-type", f"send {' or '.join(operation.body)}")
    multipart = media_type == MULTIPART
    body = await _read_limited(request, MAX_BYTES if multipart else MAX_JSON_BYTES)
    return body if multipart else _parse_json(body)


async def _read_limited(request: Request, limit: int) -> bytes:
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= limit:
            chunks.append(chunk)
        elif size > DRAINED_BYTES:
            break
    if size > limit:
        raise Problem("payload-too-large", f"at most {limit:,} bytes are taken")
    return b"".join(chunks)


def _parse_json(body: bytes) -> dict[str, Any]:
    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is not JSON")

    try:
        value = json.loads(body, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise Problem("malformed-request", f"the body is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise Problem("malformed-request", "the body must be a JSON object")
    return value


def document(base_url: str, switches: Collection[str] = (), scale: float = 1.0) -> dict[str, Any]:
    """The OpenAPI document of a vendor at that origin, without a server."""
    broken = resolve(switches)
    return openapi.build(base_url.rstrip("/"), broken, limits.named(limits.scaled(scale), broken))
