"""How a request carries each kind of credential. Pure: sends nothing.

How tokens and sessions are obtained stands in `tokens`, `sessions` and `signing`, when that is done in `logins`.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from urllib.parse import quote, quote_plus, unquote_plus, urlsplit, urlunsplit

from msgspec.structs import replace

from cmms_audit.credentials import ApiKey, Basic, Bearer, Credential, Key, NoCredential, OAuth2, Oidc, Signed, Used
from cmms_audit.wire.call import Call, with_headers


def secret_values(role: str, credential: Credential) -> Iterator[tuple[str, str]]:
    """Every text that must not be recorded, labelled "main.token"; none where nothing was read (offline)."""
    if any(not secret.resolved for _, secret in credential.secrets()):
        return
    # Elsewhere an id may be an ordinary word; that of a call that is signed is half of what opens the door.
    suffix = ".value" if isinstance(credential, Signed) else ""
    for field, secret in credential.secrets():
        yield f"{role}.{field}{suffix}", secret.reveal()
    match credential:
        case Basic():
            yield f"{role}.pair", _user_pair(credential)
        case OAuth2() | Oidc():
            yield f"{role}.pair", client_pair(credential)
        case _:
            pass


def place(call: Call, credential: ApiKey | Bearer | Basic | NoCredential) -> Call:
    """The call with a credential that travels as it is. One that stands there already is replaced, not repeated."""
    match credential:
        case ApiKey():
            for key in credential.keys:
                call = _place_key(call, key)
            return call
        case Bearer():
            return place_token(call, credential.token.reveal())
        case Basic():
            return with_header(call, "Authorization", basic_header(_user_pair(credential)))
        case _:
            return call


def place_token(call: Call, token: str) -> Call:
    """The call with an access token (RFC 6750, 2.1)."""
    return with_header(call, "Authorization", f"Bearer {token}")


def place_session(call: Call, used: Used, session: str) -> Call:
    """The call with the session that a login gave."""
    if used.where == "cookie":
        return _with_cookie(call, used.name, session)
    return with_header(call, used.name, used.prefix + session)


def client_pair(credential: OAuth2 | Oidc) -> str:
    """A client's id and secret for a Basic header, each form-encoded first (RFC 6749, 2.3.1)."""
    return f"{quote_plus(credential.client_id.reveal())}:{quote_plus(credential.client_secret.reveal())}"


def basic_header(pair: str) -> str:
    """The value of an Authorization header (RFC 7617)."""
    return "Basic " + base64.b64encode(pair.encode("utf-8")).decode("ascii")


def with_header(call: Call, name: str, value: str) -> Call:
    """The call with a header in the place of those of the same name."""
    return replace(call, headers=with_headers(call.headers, ((name, value),)))


def with_parameter(url: str, name: str, value: str) -> str:
    """The address with a query parameter in the place of those of the same name."""
    parts = urlsplit(url)
    others = [pair for pair in parts.query.split("&") if pair and unquote_plus(pair.partition("=")[0]) != name]
    query = "&".join([*others, f"{quote(name, safe='')}={quote(value, safe='')}"])
    return urlunsplit((parts.scheme, parts.netloc, parts.path, query, ""))


def _place_key(call: Call, key: Key) -> Call:
    match key.where:
        case "header":
            return with_header(call, key.name, key.value.reveal())
        case "query":
            return replace(call, url=with_parameter(call.url, key.name, key.value.reveal()))
        case "cookie":
            return _with_cookie(call, key.name, key.value.reveal())


def _with_cookie(call: Call, name: str, value: str) -> Call:
    """The call with one more cookie: all travel in one header (RFC 6265, 4.2)."""
    sent = next((value for header, value in call.headers if header.lower() == "cookie"), "")
    others = [pair for pair in sent.split("; ") if pair and pair.partition("=")[0] != name]
    return with_header(call, "Cookie", "; ".join([*others, f"{name}={value}"]))


def _user_pair(credential: Basic) -> str:
    return f"{credential.username.reveal()}:{credential.password.reveal()}"
