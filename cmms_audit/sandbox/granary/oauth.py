"""The token endpoint (RFC 6749 client credentials), revocation (RFC 7009) and discovery (RFC 8414).

Discovery is also served at the OpenID Connect address, where many clients look for it; no ID tokens are issued.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cmms_audit.sandbox.granary import rights
from cmms_audit.sandbox.granary.auth import (
    NO_OAUTH,
    NO_SCOPES,
    SCOPES,
    Accounts,
    Client,
    basic_pair,
)
from cmms_audit.sandbox.granary.fields import Json
from cmms_audit.sandbox.granary.tokens import token_seconds
from cmms_audit.sandbox.switch import Switch

NO_REVOCATION = Switch(
    "no-revocation",
    "what was issued cannot be withdrawn: there is no address for it, and the documents say so",
    questions=("auth.rotation",),
)
BARE_TOKEN_ANSWERS = Switch(
    "bare-token-answers",
    "a token comes without its kind and its life, and may be kept by whatever stands on the way",
    questions=("auth.method",),
)
SWITCHES = (NO_REVOCATION, BARE_TOKEN_ANSWERS)

TOKEN_PATH = "/oauth/token"  # noqa: S105 - an address, not a secret
REVOKE_PATH = "/oauth/revoke"
FORM = "application/x-www-form-urlencoded"
MAX_FORM_BYTES = 16_384


_Act = Callable[[Mapping[str, str], Client, Accounts], Json]


class OAuthError(Exception):
    """An error of RFC 6749 section 5.2."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        self.error, self.description, self.status = error, description, status
        super().__init__(description)


def routes(accounts: Accounts) -> list[Route]:
    """The endpoints of the authorisation server; none where the vendor has no OAuth."""
    if accounts.broken & NO_OAUTH:
        return []

    async def token(request: Request) -> Response:
        return await _answer(request, accounts, _issue)

    async def revoke(request: Request) -> Response:
        return await _answer(request, accounts, _revoke)

    async def metadata(request: Request) -> Response:
        return Response(
            json.dumps(_metadata(str(request.base_url).rstrip("/"), accounts)), 200, None, "application/json"
        )

    withdrawal = [] if NO_REVOCATION in accounts.broken else [Route(REVOKE_PATH, revoke, methods=["POST"])]
    return [
        Route(TOKEN_PATH, token, methods=["POST"]),
        *withdrawal,
        Route("/.well-known/oauth-authorization-server", metadata),
        Route("/.well-known/openid-configuration", metadata),
    ]


def _metadata(issuer: str, accounts: Accounts) -> Json:
    methods = ["client_secret_basic", "client_secret_post"]
    withdrawal = {
        "revocation_endpoint": issuer + REVOKE_PATH,
        "revocation_endpoint_auth_methods_supported": methods,
    }
    return {
        "issuer": issuer,
        "token_endpoint": issuer + TOKEN_PATH,
        **({} if NO_REVOCATION in accounts.broken else withdrawal),
        "grant_types_supported": ["client_credentials"],
        "response_types_supported": [],
        "token_endpoint_auth_methods_supported": methods,
        "scopes_supported": [] if NO_SCOPES in accounts.broken else list(SCOPES),
        "service_documentation": issuer + "/docs",
    }


async def _answer(request: Request, accounts: Accounts, act: _Act) -> Response:
    """Read the form, authenticate the client and act; errors in the form of RFC 6749."""
    bare = BARE_TOKEN_ANSWERS in accounts.broken
    headers = {"Cache-Control": "max-age=600"} if bare else {"Cache-Control": "no-store", "Pragma": "no-cache"}
    try:
        form = await _form(request)
        client = _client(request, form, accounts)
        body, status = act(form, client, accounts), 200
    except OAuthError as error:
        body, status = {"error": error.error, "error_description": error.description}, error.status
        if status == 401:
            headers["WWW-Authenticate"] = 'Basic realm="granary"'
    return Response(json.dumps(body), status, headers, "application/json")


async def _form(request: Request) -> dict[str, str]:
    if request.headers.get("Content-Type", "").partition(";")[0].strip().lower() != FORM:
        raise OAuthError("invalid_request", f"the body must be {FORM}")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FORM_BYTES:
            raise OAuthError("invalid_request", "the body is too large", 413)
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=50)
    except ValueError:
        raise OAuthError("invalid_request", "the body cannot be read") from None
    if len({name for name, _ in pairs}) != len(pairs):
        raise OAuthError("invalid_request", "a parameter was given twice")
    return dict(pairs)


def _client(request: Request, form: Mapping[str, str], accounts: Accounts) -> Client:
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if scheme and "client_secret" in form:
        raise OAuthError("invalid_request", "the client authenticated in two ways")
    if scheme.lower() == "basic":
        id_, secret = basic_pair(encoded.strip())
    else:
        id_, secret = form.get("client_id", ""), form.get("client_secret", "")
    client = accounts.client(id_, secret)
    if client is None:
        raise OAuthError("invalid_client", "the client is unknown or its secret is wrong", 401)
    return client


def _issue(form: Mapping[str, str], client: Client, accounts: Accounts) -> Json:
    grant = form.get("grant_type")
    if grant is None:
        raise OAuthError("invalid_request", "grant_type is missing")
    if grant != "client_credentials":
        raise OAuthError("unsupported_grant_type", "only client_credentials is supported")
    try:
        granted = rights.granted(frozenset(form.get("scope", "").split()), client, accounts.broken)
    except PermissionError as wrong:
        raise OAuthError("invalid_scope", f"this client may not have: {wrong}") from None
    answer: Json = {"access_token": accounts.tokens.issue(client, granted)}
    seconds = token_seconds(accounts.broken)
    if BARE_TOKEN_ANSWERS not in accounts.broken:
        answer |= {"token_type": "Bearer"} | ({} if seconds is None else {"expires_in": seconds})
    if NO_SCOPES not in accounts.broken:
        answer["scope"] = " ".join(sorted(granted))
    return answer


def _revoke(form: Mapping[str, str], client: Client, accounts: Accounts) -> Json:
    if not form.get("token"):
        raise OAuthError("invalid_request", "token is missing")
    accounts.tokens.revoke(form["token"], client)
    return {}
