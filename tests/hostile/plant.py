"""The vendor that is to misbehave: a small CMMS that does what it should, as long as nothing is switched on."""

from __future__ import annotations

import base64
import copy
import itertools
import json
import secrets
import threading
from collections.abc import Callable
from typing import Any

from tests.hostile.desk import Asked, Raw, Reply, Trap

LISTS = ("sites", "assets", "work-orders")
Answer = Reply | Raw | None
Sends = Callable[["Plant", str, dict[str, Any]], None]  # an event, to the address of a subscription


class Plant:
    """A CMMS with sites, assets and work orders. `url` is its own address, known once it is being served.

    `near` is a trap on another port of the same machine, `far` one on another machine. It sends events where it is
    told how, until it is `over`; `astray` are calls that should not have been made.
    """

    def __init__(self, login: str, near: Trap, far: Trap, base: str = "/api", sends: Sends | None = None) -> None:
        self.login = login
        self.base = base
        self.near = near
        self.far = far
        self.url = ""
        self.calls = itertools.count(1)
        self.client_secret = "s3cr3t/" + secrets.token_urlsafe(18) + "+="
        self.api_key = "k3y&" + secrets.token_urlsafe(18) + "/%\"'<="
        self.password = "pa55:" + secrets.token_urlsafe(18) + "&§"
        self.tokens: list[str] = []
        self.cookies: list[str] = []
        self.records = {name: {str(n): _record(name, n) for n in range(1, 31)} for name in LISTS}
        self.sends = sends
        self.over = threading.Event()
        self.astray: list[str] = []
        self.subscribed = 0
        self._done: set[str] = set()
        if sends is not None:
            self.records["webhooks"] = {}

    @property
    def secrets(self) -> list[str]:
        """Everything that must not leave: what the user gave, and what was handed out since."""
        given = {"oauth2": self.client_secret, "oidc": self.client_secret, "basic": self.password}
        return [given.get(self.login, self.api_key), *self.tokens, *self.cookies]

    def new_token(self) -> str:
        """Issue a token."""
        self.tokens.append("tok." + secrets.token_urlsafe(24) + "~x/+=")
        return self.tokens[-1]

    def answer(self, asked: Asked) -> Reply:
        """The proper answer to a request."""
        match asked.path.strip("/").split("/"):
            case ["openapi.json"]:
                return Reply(200, self.document())
            case ["docs", *_]:
                return Reply(200, self.page().encode(), {"Content-Type": "text/html"})
            case [".well-known", _]:
                return Reply(200, self.discovery())
            case ["oauth", "token"]:
                return self.token(asked)
            case ["api", "webhooks", _, "deliveries"] if self.sends is not None:
                return Reply(200, {"data": []})
            case ["api", name, *rest] if name in self.records:
                return self.guarded(asked, name, rest[0] if rest else None)
            case _:
                return problem(404, "there is nothing here")

    def guarded(self, asked: Asked, name: str, number: str | None) -> Reply:
        """An answer of the API, to those who may have one."""
        if not self.knows(asked):
            return problem(401, "who are you?", {"WWW-Authenticate": "Bearer"})
        if number is None:
            return self.many(asked, name)
        return self.one(asked, name, number)

    def knows(self, asked: Asked) -> bool:
        """Whether a request carries the right credential."""
        sent = asked.headers.get("authorization", "")
        match self.login:
            case "oauth2" | "oidc":
                return sent.removeprefix("Bearer ") in self.tokens
            case "basic":
                return sent == "Basic " + base64.b64encode(f"clerk:{self.password}".encode()).decode()
            case "api-key-query":
                return asked.query.get("api_key") == self.api_key
            case _:
                return asked.headers.get("x-api-key") == self.api_key

    def many(self, asked: Asked, name: str) -> Reply:
        """A page of a list, or what became of a new record."""
        if asked.method == "POST":
            return self.created(asked, name)
        if asked.method not in ("GET", "HEAD"):
            return problem(405, "only GET and POST", {"Allow": "GET, POST"})
        page, size = _number(asked.query.get("page"), 1), min(_number(asked.query.get("limit"), 10), 100)
        everything = list(self.records[name].values())
        shown = everything[(page - 1) * size : page * size]
        following = f"{self.url}/api/{name}?page={page + 1}&limit={size}" if page * size < len(everything) else None
        return Reply(200, {"data": shown, "total": len(everything), "next": following})

    def created(self, asked: Asked, name: str) -> Reply:
        """A new record, from what was sent."""
        try:
            sent = dict(json.loads(asked.body))
        except ValueError:
            return problem(400, "this is no JSON object")
        number = str(1000 + next(self.calls))
        record = {**_record(name, int(number)), **sent, "id": number}
        self.records[name][number] = record
        if name == "webhooks":
            self.subscribed += 1
        if name == "work-orders":
            self.tell({"id": f"evt-{number}", "type": "work_order.created", "data": record})
        return Reply(201, record, {"Location": f"/api/{name}/{number}"})

    def tell(self, event: dict[str, Any]) -> None:
        """Send an event to all who subscribed, as it is sent here."""
        for subscription in list(self.records.get("webhooks", {}).values()):
            threading.Thread(target=self.sends, args=(self, subscription["url"], event), daemon=True).start()

    def first_time(self, what: str) -> bool:
        """Whether something is done for the first time."""
        is_first = what not in self._done
        self._done.add(what)
        return is_first

    def one(self, asked: Asked, name: str, number: str) -> Reply:
        """One record: read, changed or deleted."""
        record = self.records[name].get(number)
        if record is None:
            return problem(404, f"there is no {number}")
        if asked.method == "DELETE":
            del self.records[name][number]
            return Reply(204)
        if asked.method in ("PATCH", "PUT"):
            record.update(json.loads(asked.body or b"{}"))
        return Reply(200, record, {"ETag": f'"{len(json.dumps(record))}"'})

    def token(self, asked: Asked) -> Reply:
        """An access token, to those who know the secret."""
        return Reply(200, {"access_token": self.new_token(), "token_type": "Bearer", "expires_in": 3600})

    def discovery(self) -> dict[str, Any]:
        """What OpenID Connect discovery says."""
        return {"issuer": self.url, "token_endpoint": f"{self.url}/oauth/token"}

    def page(self) -> str:
        """The documentation."""
        return '<html><h1>Plant API</h1><p>Limits: 600 calls a minute. <a href="/docs/webhooks">Webhooks</a></p></html>'

    def document(self) -> dict[str, Any]:
        """The OpenAPI document."""
        paths: dict[str, Any] = {}
        for name in self.records:
            schema = {"$ref": f"#/components/schemas/{name.removesuffix('s')}"}
            record = {"description": "One", "content": {"application/json": {"schema": schema}}}
            listed = {
                "type": "object",
                "properties": {"data": {"type": "array", "items": schema}, "next": {"type": "string"}},
            }
            page = {"description": "Some", "content": {"application/json": {"schema": listed}}}
            sizes = [{"name": each, "in": "query", "schema": {"type": "integer"}} for each in ("page", "limit")]
            sent = {"content": {"application/json": {"schema": schema}}}
            number = [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}]
            paths[f"/{name}"] = {
                "get": {"summary": f"List {name}", "parameters": sizes, "responses": {"200": page}},
                "post": {"summary": f"Create one of {name}", "requestBody": sent, "responses": {"201": record}},
            }
            paths[f"/{name}/{{id}}"] = {
                "parameters": number,
                "get": {"summary": "Read one", "responses": {"200": record}},
                "patch": {"summary": "Change one", "requestBody": sent, "responses": {"200": record}},
                "delete": {"summary": "Delete one", "responses": {"204": {"description": "Gone"}}},
            }
        if self.sends is not None:
            log = {"summary": "Deliveries of one", "parameters": number, "responses": {"200": {"description": "All"}}}
            paths["/webhooks/{id}/deliveries"] = {"get": log}
            again = {"summary": "Deliver again", "responses": {"202": {"description": "Soon"}}}
            paths["/webhooks/{id}/deliveries/{delivery}/replay"] = {"post": again}
        return {
            "openapi": "3.1.0",
            "info": {"title": "Plant API", "version": "1.2.0"},
            "servers": [{"url": f"{self.url}/api"}],
            "security": [{"login": []}],
            "paths": paths,
            "components": {"schemas": copy.deepcopy(_SCHEMAS), "securitySchemes": {"login": self.security_scheme()}},
        }

    def security_scheme(self) -> dict[str, Any]:
        """How the document says that one logs in."""
        match self.login:
            case "oauth2" | "oidc":
                flow = {"tokenUrl": f"{self.url}/oauth/token", "scopes": {}}
                return {"type": "oauth2", "flows": {"clientCredentials": flow}}
            case "basic":
                return {"type": "http", "scheme": "basic"}
            case "api-key-query":
                return {"type": "apiKey", "in": "query", "name": "api_key"}
            case _:
                return {"type": "apiKey", "in": "header", "name": "X-Api-Key"}

    def credential(self) -> str:
        """The line of the vendor file that gives the credential; the secrets come from the environment."""
        match self.login:
            case "oauth2":
                start = f'type: oauth2, token_url: "{self.url}/oauth/token"'
            case "oidc":
                start = f'type: oidc, issuer: "{self.url}"'
            case "basic":
                return '{type: basic, username: clerk, password: "${PLANT_PASSWORD}"}'
            case "api-key-query":
                return '{type: api-key, in: query, name: api_key, value: "${PLANT_KEY}"}'
            case _:
                return '{type: api-key, in: header, name: X-Api-Key, value: "${PLANT_KEY}"}'
        return "{" + start + ', client_id: plant-audit-client, client_secret: "${PLANT_SECRET}"}'

    def environment(self) -> dict[str, str]:
        """Where the vendor file's references point."""
        return {"PLANT_SECRET": self.client_secret, "PLANT_KEY": self.api_key, "PLANT_PASSWORD": self.password}


Hook = Callable[[Plant, Asked], Answer]


def problem(status: int, says: str, headers: dict[str, str] | None = None) -> Reply:
    """A refusal, as RFC 9457 has it."""
    body = json.dumps({"type": "about:blank", "title": says, "status": status, "code": f"E{status}"}).encode()
    return Reply(status, body, {"Content-Type": "application/problem+json", **(headers or {})})


def _number(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.isdigit() and int(text) else otherwise


def _record(name: str, number: int) -> dict[str, Any]:
    record = {"id": str(number), "name": f"{name} {number}", "updated_at": f"2026-01-{1 + number % 28:02}T08:00:00Z"}
    if name == "work-orders":
        return record | {"title": f"Replace bearing {number}", "status": "open", "priority": 2, "asset_id": "1"}
    return record | ({"site_id": "1"} if name == "assets" else {})


_TEXT = {"type": "string"}
_SCHEMAS = {
    name.removesuffix("s"): {
        "type": "object",
        "required": ["id", "name"],
        "properties": {
            "id": _TEXT,
            "name": _TEXT,
            "updated_at": {"type": "string", "format": "date-time"},
            "title": _TEXT,
            "status": {"type": "string", "enum": ["open", "closed"]},
            "priority": {"type": "integer"},
            "asset_id": _TEXT,
            "site_id": _TEXT,
        },
    }
    for name in LISTS
} | {
    "webhook": {
        "type": "object",
        "required": ["url"],
        "properties": {
            "id": _TEXT,
            "url": {"type": "string", "format": "uri"},
            "events": {"type": "array", "items": {"type": "string", "enum": ["work_order.created"]}},
        },
    }
}
