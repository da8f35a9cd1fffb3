"""How a request is authorised with each kind of credential, and how token answers are read. Pure: sends nothing.

When tokens are asked for and how long they are kept is `logins`' business.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote, quote_plus, unquote_plus, urlsplit, urlunsplit

from msgspec import Struct
from msgspec.structs import replace
from oauthlib.oauth2 import BackendApplicationClient

from cmms_audit.addresses import origin
from cmms_audit.credentials import ApiKey, Basic, Bearer, Credential, NoCredential, OAuth2, Oidc
from cmms_audit.patterns import pattern
from cmms_audit.wire.call import Call, with_headers
from cmms_audit.wire.redact import MASKED, SHORTEST

TOKEN_WITHHELD = "«an answer that may hold a token»"  # noqa: S105 - a mark
LONGEST_LIFE = 10 * 365 * 86_400.0  # seconds; a token said to live longer says nothing
_LONGEST_TOKEN = 16 * 1024
_SENDABLE = pattern(r"[\x21-\x7e]+", re.ASCII)
_DIGITS = pattern(r"[0-9]{1,12}", re.ASCII)
_ERROR_CODE = pattern(r"[a-z_]{1,40}", re.ASCII)
_UNUSED_TOKENS = ("refresh_token", "id_token")
_NO_WORDS = pattern(r"(?=.{0,200}[0-9A-Z]).{12,}", re.ASCII)
# Texts of a token answer that anyone may read (RFC 6749, 5.1 and 5.2, and what is common beside them).
_OPEN_NAMES = frozenset(
    {"token_type", "expires_in", "expires_at", "issued_at", "scope", "error", "error_description", "error_uri"}
)
_MENTIONS_TOKEN = re.compile(rb"(?:access|refresh|id)_?token", re.IGNORECASE)


class TokenAnswer(Struct, frozen=True):
    """What a token endpoint said. `access_token` is None where it gave none, and `error` then its code, if any."""

    access_token: str | None
    expires_in: float | None = None
    granted: tuple[str, ...] | None = None
    token_type: str | None = None
    error: str | None = None

    def __repr__(self) -> str:
        """What may be shown: never the token."""
        return f"TokenAnswer(given={self.access_token is not None}, error={self.error!r})"


def secret_values(role: str, credential: Credential) -> Iterator[tuple[str, str]]:
    """Every text that must not be recorded, labelled "main.token"; none where nothing was read (offline)."""
    if any(not secret.resolved for _, secret in credential.secrets()):
        return
    for field, secret in credential.secrets():
        yield f"{role}.{field}", secret.reveal()
    match credential:
        case Basic():
            yield f"{role}.pair", _user_pair(credential)
        case OAuth2() | Oidc():
            yield f"{role}.pair", _client_pair(credential)
        case ApiKey() | Bearer() | NoCredential():
            pass


def place(call: Call, credential: ApiKey | Bearer | Basic | NoCredential) -> Call:
    """The call with a credential that travels as it is. One that stands there already is replaced, not repeated."""
    match credential:
        case ApiKey(where="header"):
            return _with_header(call, credential.name, credential.value.reveal())
        case ApiKey(where="query"):
            return replace(call, url=_with_parameter(call.url, credential.name, credential.value.reveal()))
        case ApiKey(where="cookie"):
            return _with_header(call, "Cookie", f"{credential.name}={credential.value.reveal()}")
        case Bearer():
            return place_token(call, credential.token.reveal())
        case Basic():
            return _with_header(call, "Authorization", _basic(_user_pair(credential)))
        case _:
            return call


def place_token(call: Call, token: str) -> Call:
    """The call with an access token (RFC 6750, 2.1)."""
    return _with_header(call, "Authorization", f"Bearer {token}")


def token_request(
    credential: OAuth2 | Oidc, scopes: Sequence[str], *, in_body: bool
) -> tuple[tuple[tuple[str, str], ...], bytes]:
    """Headers and body of a client credentials request (RFC 6749, 4.4.2).

    `in_body` sends id and secret in the body; otherwise they go in a Basic header, each form-encoded first (2.3.1).
    """
    client = BackendApplicationClient(client_id=credential.client_id.reveal(), scope=list(scopes) or None)
    extra = {"audience": credential.audience} if isinstance(credential, OAuth2) and credential.audience else {}
    headers = [("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/json")]
    if in_body:
        extra["client_secret"] = credential.client_secret.reveal()
    else:
        headers.append(("Authorization", _basic(_client_pair(credential))))
    body = client.prepare_request_body(include_client_id=in_body, **extra)
    return tuple(headers), body.encode("ascii")


def read_token(body: bytes) -> TokenAnswer:
    """Read a token answer (RFC 6749, 5.1 and 5.2), however it is malformed. A life that is no number is none."""
    try:
        members = json.loads(body)
        if not isinstance(members, dict):
            return TokenAnswer(None)
        if "error" in members:
            return TokenAnswer(None, error=_error_code(members["error"]))
        life = members.pop("expires_in", None)
        members.pop("expires_at", None)
        token = BackendApplicationClient(client_id="").parse_request_body_response(json.dumps(members))
        granted = tuple(sorted(filter(None, token.scopes))) if members.get("scope") is not None else None
    except Exception:  # the library stumbles in many ways over what a stranger sends; they all mean the same
        return TokenAnswer(None)
    access_token, token_type = token["access_token"], members.get("token_type")
    return TokenAnswer(
        access_token=access_token if _usable(access_token) else None,
        expires_in=_life(life),
        granted=granted,
        token_type=token_type[:40] if isinstance(token_type, str) else None,
    )


def tokens_in(body: bytes) -> list[tuple[str, str]]:
    """The tokens of a token answer, at most one of each kind, with their names; none where it cannot be read.

    Tokens that are never sent count only where they look like one: to take a word out of all records would spoil them.
    """
    try:
        members = json.loads(body)
    except (ValueError, RecursionError):
        return []
    if not isinstance(members, dict):
        return []
    found = ["access_token"] if _usable(members.get("access_token")) else []
    found += [name for name in _UNUSED_TOKENS if _usable(members.get(name)) and _NO_WORDS.match(members[name])]
    return [(name, members[name]) for name in found]


def recorded_answer(body: bytes, status: int) -> str | None:
    """What to record in the place of a token answer's body: its JSON with every text masked that may be a secret.

    None where the body may be recorded as it is: a refusal that is not JSON and does not speak of tokens.
    """
    try:
        text = json.dumps(_masked(json.loads(body), ""), ensure_ascii=False)
    except (ValueError, RecursionError):
        withheld = bool(body) and (200 <= status < 300 or _MENTIONS_TOKEN.search(body) is not None)
        return TOKEN_WITHHELD if withheld else None
    return text.encode("utf-8", "replace").decode("utf-8")  # JSON can hold half a surrogate pair


def discovery_url(issuer: str) -> str:
    """Where OpenID Connect Discovery 1.0, section 4, puts the document of an issuer."""
    return issuer.rstrip("/") + "/.well-known/openid-configuration"


def metadata_url(issuer: str) -> str:
    """Where RFC 8414, section 3, puts it: between the host and the issuer's path."""
    parts = urlsplit(issuer)
    path = "/.well-known/oauth-authorization-server" + parts.path.rstrip("/")
    return urlunsplit((parts.scheme, parts.netloc, path, "", ""))


def token_endpoint(document: Any, issuer: str) -> str:
    """The token endpoint that a discovery document names.

    Raises ValueError in plain words where the document is no such thing, speaks for another issuer (it must match to
    the letter), or would have the client's secret sent to another origin.
    """
    if not isinstance(document, dict):
        raise ValueError("the discovery document is not a JSON object")
    if document.get("issuer") != issuer:
        raise ValueError("the discovery document names another issuer than the vendor file")
    endpoint = document.get("token_endpoint")
    if not isinstance(endpoint, str) or origin(endpoint) != origin(issuer):
        raise ValueError("the discovery document names no token endpoint on the issuer's own origin")
    return endpoint


def wants_secret_in_body(document: dict[str, Any]) -> bool:
    """Whether an issuer takes the client's secret only in the body (client_secret_post). Basic is the default."""
    methods = document.get("token_endpoint_auth_methods_supported")
    return isinstance(methods, list) and "client_secret_post" in methods and "client_secret_basic" not in methods


def _client_pair(credential: OAuth2 | Oidc) -> str:
    return f"{quote_plus(credential.client_id.reveal())}:{quote_plus(credential.client_secret.reveal())}"


def _user_pair(credential: Basic) -> str:
    return f"{credential.username.reveal()}:{credential.password.reveal()}"


def _basic(pair: str) -> str:
    return "Basic " + base64.b64encode(pair.encode("utf-8")).decode("ascii")


def _with_header(call: Call, name: str, value: str) -> Call:
    return replace(call, headers=with_headers(call.headers, ((name, value),)))


def _with_parameter(url: str, name: str, value: str) -> str:
    parts = urlsplit(url)
    others = [pair for pair in parts.query.split("&") if pair and unquote_plus(pair.partition("=")[0]) != name]
    query = "&".join([*others, f"{quote(name, safe='')}={quote(value, safe='')}"])
    return urlunsplit((parts.scheme, parts.netloc, parts.path, query, ""))


def _usable(token: object) -> bool:
    """Whether a token can travel in a header, and be kept out of the records."""
    return isinstance(token, str) and SHORTEST <= len(token) <= _LONGEST_TOKEN and bool(_SENDABLE.fullmatch(token))


def _masked(value: Any, name: str) -> Any:
    """A part of a token answer, which has this name, with every text masked that may be a secret."""
    match value:
        case str():
            return value if name in _OPEN_NAMES else MASKED
        case dict():
            return {key: _masked(member, key) for key, member in value.items()}
        case list():
            return [_masked(item, name) for item in value]
        case _:
            return value


def _life(given: object) -> float | None:
    """Seconds to live; None where none were given, or no sane number. Some write the number as text."""
    if isinstance(given, str) and _DIGITS.fullmatch(given):
        given = int(given)
    if isinstance(given, bool) or not isinstance(given, int | float):
        return None
    return float(given) if 0 <= given <= LONGEST_LIFE else None


def _error_code(error: object) -> str | None:
    return error if isinstance(error, str) and _ERROR_CODE.fullmatch(error) else None
